"""What is counted of a trial: doses in their months, vials of each dose, relapses up to the horizon, and nothing that a cap refuses."""

from __future__ import annotations

import pytest

from nmosd_dosing.days import Offset
from nmosd_dosing.language import catalog
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.simulation.assumptions.model import BodyWeight
from nmosd_dosing.simulation.scenarios import simulate
from tests.kit.simulated import ALONE, EXAMPLES, YEAR, assume, summary

BELIMUMAB = catalog.load("belimumab")


def test_vials_are_those_of_each_dose() -> None:
    """Everybody weighs 75 kg: 760 mg for 750, from three vials of 120 mg and one of 400 mg, fourteen times."""
    found = simulate(BELIMUMAB, assume(**ALONE, weight=BodyWeight(75, 0, 75, 75)), 50)[0].summary
    assert [(row.product, row.size, row.number.mean, row.number.sd) for row in found.vials] == [
        ("belimumab", "120 mg", 30 * 14 * 3, 0), ("belimumab", "400 mg", 30 * 14 * 1, 0),
    ]  # fmt: skip
    assert sum(row.number.mean for row in found.vials_by_month if row.size == "400 mg") == pytest.approx(30 * 14)
    assert sum(row.number.mean for row in found.vials_by_site if row.size == "400 mg") == pytest.approx(30 * 14)


def test_vials_that_cannot_be_counted_are_not_none_but_not_known() -> None:
    found = simulate(BELIMUMAB, assume(**ALONE, weight=None), 50)[0].summary
    assert found.vials == found.vials_by_month == found.vials_by_site == ()
    assert any("vials of belimumab in treatment cannot be counted: the amount is not known" in note for note in found.notes)


CAPPED = """
language: 1
study: capped
title: A lifetime's cap
source: not stated
days: from 1
products: {X: {route: IV infusion, vials: 100 mg, lifetime at most: 300 mg}}
periods:
  main:
    title: Main
    length: not stated
    visits:
      - {at: "D1, then every 4 weeks until D169", give: X 100 mg}
"""


def test_doses_before_day_1_are_counted_in_their_month() -> None:
    """Lymphodepletion on D-5 to D-3 of a trial that begins on 1 January is given in December."""
    found = summary(catalog.load(EXAMPLES / "axicabtagene-ciloleucel.yaml"))
    (row,) = found.doses
    assert row.number.mean == 7 * 9
    assert sum(r.number.mean for r in found.by_month) == pytest.approx(row.number.mean)
    assert found.by_month[0].month == "2023-12"


def test_doses_that_a_lifetimes_cap_refuses_are_not_counted() -> None:
    found = summary(read_study_text(CAPPED, "capped.yaml")[0])
    assert ([row.number.mean for row in found.doses], [row.number.mean for row in found.vials]) == ([7 * 3], [7 * 3])


def test_relapses_end_with_the_horizon() -> None:
    """Of a hundred subjects with 0.01 a year one relapses in a year, where the period has no end."""
    found = summary(
        read_study_text(CAPPED, "capped.yaml")[0], subjects=100, relapse=(((0.0, 0.01 / YEAR),),), horizon=Offset(months=12), confirmed=1.0
    )  # fmt: skip
    assert found.counts["relapses"].mean == pytest.approx(1, abs=0.8)
    assert any("has no stated end: relapses count up to the horizon, 2025-01-01" in note for note in found.notes)
