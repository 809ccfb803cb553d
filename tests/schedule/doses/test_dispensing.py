"""Vials and volumes of a schedule's doses worked by hand: planned, recorded, in part and over a course."""

from __future__ import annotations

from typing import Any

import pytest

from nmosd_dosing import Subject, load, plan
from tests.kit.cases import columns
from tests.kit.dates import START
from tests.kit.somebody import COURSE, done, dose, made
from tests.kit.worked import one, person, planned, product, shown, visits

VIALS = """
    rule                                                kg     dose      vials                    waste
    {amount: 10 mg/kg, round: up to whole vials}        70     720 mg    6 x 120 mg               0
    {amount: 10 mg/kg, round: up to whole vials}        72     720 mg    6 x 120 mg               0
    {amount: 10 mg/kg, round: up to whole vials}        72.001  760 mg    3 x 120 mg, 1 x 400 mg   0
    {amount: 10 mg/kg, round: down to whole vials}      79.999  760 mg    3 x 120 mg, 1 x 400 mg   0
    {amount: 10 mg/kg, round: down to whole vials}      80     800 mg    2 x 400 mg               0
    10 mg/kg                                            52     520 mg    1 x 120 mg, 1 x 400 mg   0
    10 mg/kg                                            51     510 mg    1 x 120 mg, 1 x 400 mg   10
    10 mg/kg                                            12     120 mg    1 x 120 mg               0
    10 mg/kg                                            12.001  120.01 mg  2 x 120 mg              119.99
    {amount: 10 mg/kg, at most: 1000 mg}                120    1000 mg capped  5 x 120 mg, 1 x 400 mg  0
"""


@pytest.mark.parametrize("row", columns(VIALS), ids=lambda r: f"{r['rule']} {r['kg']} kg")
def test_vials(row: dict[str, str]) -> None:
    a = one(row["rule"], row["kg"], None, "vials: [120 mg, 400 mg]")
    assert shown(a) == row["dose"]
    assert ", ".join(f"{n} x {size}" for size, n in a.vials or ()) == row["vials"]
    assert a.waste == pytest.approx(float(row["waste"]), abs=1e-9)
    assert a.amount is not None and a.dispensed == pytest.approx(a.amount + float(row["waste"]))


def test_volume_is_the_dose_by_the_concentration() -> None:
    a = one("8 mg/kg", 70, None, "vials: {sizes: [80 mg, 200 mg, 400 mg], concentration: 20 mg/mL}")
    assert (a.amount, a.volume_ml) == (560, 28)


def test_a_course_takes_the_vials_of_all_its_doses() -> None:
    (visit,) = planned(visits("at: D1 to D3, give: X 90 mg daily", products=product("vials: [120 mg]")), person()).visits
    assert visit.administrations[0].vials == (("120 mg", 3),)


def test_vials_of_a_dose_in_part_are_those_of_the_planned_one() -> None:
    found = plan(load("belimumab"), Subject(START, weight_kg=60, records=(done("D0", "2025-01-06", "450", "mg", status="partial"),)))
    assert (dose(found, "D0").vials, dose(found, "D0").dispensed) == ((("120 mg", 5),), 600)


def test_vials_of_a_dose_as_recorded_are_those_of_what_was_given() -> None:
    found = plan(load("belimumab"), Subject(START, weight_kg=60, records=(done("D0", "2025-01-06", "450", "mg"),)))
    assert (dose(found, "D0").vials, dose(found, "D0").dispensed) == ((("120 mg", 4),), 480)


def test_vials_of_a_recorded_course_of_two_doses_are_opened_for_each() -> None:
    text = COURSE.replace("D1 to D10", "D1 to D2").replace("X 100 mg daily", "X 150 mg daily")
    found = dose(made(text, done("D1 to D2", "2025-01-06", "250", "mg")), "D1 to D2")
    assert (found.vials, found.dispensed, found.total) == ((("100 mg", 4),), 400, 250)


@pytest.mark.parametrize(("amount", "status"), [("1500", "done"), ("300", "partial")])
def test_vials_of_a_recorded_course_are_opened_for_each_of_its_doses(amount: str, status: Any) -> None:
    """150 mg on ten days: two vials of 100 mg each day."""
    text = COURSE.replace("X 100 mg daily", "X 150 mg daily")
    found = dose(made(text, done("D1 to D10", "2025-01-06", amount, "mg", status=status)), "D1 to D10")
    assert (found.vials, found.dispensed, found.total) == ((("100 mg", 20),), 2000, float(amount))
    missed = dose(made(text, done("D1 to D10", "2025-01-06", status="missed")), "D1 to D10")
    assert not missed.vials
