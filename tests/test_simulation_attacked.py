"""What attackers found in simulated trials; each stays a case."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from simulated import ARMS, BAT4406F, MONTH, YEAR, assume

from nmosd_dosing.days import Offset
from nmosd_dosing.errors import InputError
from nmosd_dosing.language import catalog
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.simulation.assumptions.model import NEVER, BodyWeight
from nmosd_dosing.simulation.scenarios import simulate
from nmosd_dosing.simulation.summaries import Summary
from nmosd_dosing.simulation.trial_to_date import Real
from nmosd_dosing.study.model import Study
from nmosd_dosing.subjects.cohort import of_subjects
from nmosd_dosing.subjects.subject import Entered, Event, Record, Subject

EXAMPLES = Path(__file__).resolve().parent.parent / "examples" / "regimens"
PLAIN: dict[str, Any] = {
    "study": None, "allocation": (), "block": 1, "relapse": (), "dropout": NEVER, "scatter": (0, 0), "sites": None, "declines": 0.0,
    "follow": None, "subjects": 7, "accrual": ((0.0, 1000.0),), "start": dt.date(2024, 1, 1),
}  # fmt: skip
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


def summary(study: Study, **changes: Any) -> Summary:
    return simulate(study, assume(**{**PLAIN, **changes}), 20)[0].summary


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


def test_how_long_an_open_repeat_counts_is_told_and_can_be_changed() -> None:
    study = catalog.load(EXAMPLES / "eculizumab.yaml")
    short, long = summary(study, follow=Offset(months=6)), summary(study, follow=Offset(months=36))
    assert short.doses[0].number.mean < summary(study).doses[0].number.mean < long.doses[0].number.mean


def test_relapses_end_with_the_horizon() -> None:
    """Of a hundred subjects with 0.01 a year one relapses in a year, where the period has no end."""
    found = summary(
        read_study_text(CAPPED, "capped.yaml")[0], subjects=100, relapse=(((0.0, 0.01 / YEAR),),), horizon=Offset(months=12), confirmed=1.0
    )  # fmt: skip
    assert found.counts["relapses"].mean == pytest.approx(1, abs=0.8)
    assert any("has no stated end: relapses count up to the horizon, 2025-01-01" in note for note in found.notes)


def test_late_visits_that_would_move_others_are_told() -> None:
    found = summary(catalog.load(EXAMPLES / "satralizumab.yaml"), scatter=(60, 60))
    assert any("`visit scatter` moves no later visit" in note for note in found.notes)


# --- real subjects ------------------------------------------------------------------------------------------------------


def people(**changes: Any) -> list[Subject]:
    return [replace(Subject(dt.date(2023, 9, 1), f"{i:02}"), **changes) for i in range(6)]


@pytest.mark.parametrize("period", [None, "rcp", "olp"])
def test_no_period_by_itself_tells_an_arm(period: str | None) -> None:
    hazards = (((0.0, 0.0),), ((0.0, 3.0 / YEAR),))
    found = []
    for arm in ARMS:
        real = Real(of_subjects(people(arm=arm), ARMS), dt.date(2023, 10, 1))
        found.append(simulate(BAT4406F, assume(subjects=6, relapse=hazards), 100, period=period, so_far=real)[0].summary)
    assert found[0] == found[1]
    assert not found[0].unblinded


RELAPSED = (Event("relapse", dt.date(2023, 10, 1)), Event("relapse_confirmed", dt.date(2023, 10, 9)))


@pytest.mark.parametrize(
    ("stop", "message"),
    [
        (dt.date(2023, 11, 1), "it is assumed that the committee stops the study on 2023-11-01, and up to 2024-01-01 it is known"),
        (Fraction(1, 10), "it is assumed that the committee stops the study at 4 relapses, and up to 2024-01-01 there are 6"),
    ],
    ids=["a date", "a share"],
)
def test_an_assumed_stop_does_not_change_the_past(stop: dt.date | Fraction, message: str) -> None:
    real = Real(of_subjects(people(events=RELAPSED), ARMS), dt.date(2024, 1, 1))
    with pytest.raises(InputError, match=message):
        simulate(BAT4406F, assume(idmc_stop=stop), 10, so_far=real)
    told = Real(of_subjects(people(events=RELAPSED), ARMS, {"idmc_stop": dt.date(2023, 12, 1)}), dt.date(2024, 1, 1))
    found = simulate(BAT4406F, assume(idmc_stop=stop), 10, so_far=told)[0].summary.stop
    assert found is not None and found.quantile(0.5) == dt.date(2023, 12, 1)


def test_what_is_known_ends_before_the_horizon() -> None:
    real = Real(of_subjects(people(), ARMS), dt.date(2043, 8, 1))
    with pytest.raises(InputError, match="all is known up to 2043-08-01, and the horizon is 2043-08-01"):
        simulate(BAT4406F, assume(), 10, so_far=real)


def test_a_visit_recorded_before_day_1_is_refused() -> None:
    real = Real(of_subjects(people(records=(Record("D182", dt.date(2022, 7, 5)),)), ARMS), dt.date(2024, 1, 1))
    with pytest.raises(InputError, match="before day 1"):
        simulate(BAT4406F, assume(), 10, so_far=real)


def test_what_of_the_real_subjects_is_odd_is_told() -> None:
    odd = people(entered=(Entered("olp", dt.date(2023, 10, 1)),), records=(Record("unscheduled", dt.date(2023, 9, 20)),))
    found = simulate(BAT4406F, assume(), 10, so_far=Real(of_subjects(odd, ARMS), dt.date(2024, 1, 1)))[0].summary
    assert any("6 recorded entries that no rule allows stand as they are recorded" in note for note in found.notes)
    assert any("6 records of unscheduled visits are not counted" in note for note in found.notes)


def test_no_drawn_site_has_the_name_of_a_real_one() -> None:
    told = [replace(subject, site=site) for subject, site in zip(people(), ("site 3", "Hospital B") * 3, strict=True)]
    real = Real(of_subjects(told, ARMS), dt.date(2024, 1, 1), tuple(s.site for s in told))
    found = simulate(BAT4406F, assume(sites=5), 20, so_far=real)[0].summary
    assert [row.site for row in found.by_site if row.period == "rcp"] == ["Hospital B", "site 3", "site 4", "site 5", "site 6"]


# --- from Python --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"trials": 0}, "0 trials"), ({"trials": 1.5}, "trials is 1.5, not a whole number"), ({"seed": -1}, "the seed -1"),
        ({"seed": None}, "seed is None"), ({"cores": 0}, "0 cores"), ({"policy": "x"}, "unknown policy"),
        ({"scenarios": [("as assumed", assume())]}, "two scenarios have one name"),
    ],
    ids=str,
)  # fmt: skip
def test_arguments_that_cannot_be(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        simulate(BAT4406F, assume(), **{"trials": 10, **wrong})


def test_assumptions_of_another_study() -> None:
    assumed = assume(arms=ARMS)
    with pytest.raises(InputError, match="assumptions of another study: their arms are `bat4406f` or `placebo`"):
        simulate(catalog.load("mil62"), assumed, 10)
    with pytest.raises(InputError, match="0 subjects"):
        simulate(BAT4406F, replace(assumed, subjects=0), 10)


def test_a_weight_that_everybody_has() -> None:
    found = summary(catalog.load("belimumab"), weight=BodyWeight(60, 0, 60, 60), accrual=((0.0, 9 / MONTH),))
    assert [row.number.mean for row in found.vials if row.size == "120 mg"] == [7 * 14 * 5]
