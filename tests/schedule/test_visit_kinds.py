"""Rows of a table that are made once for all who have them alike: whatever one has otherwise, everybody's rows are those of a plan."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from nmosd_dosing import Subject
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.request import Request
from nmosd_dosing.schedule.alike import Told
from nmosd_dosing.schedule.row_columns import RowColumns
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.subject import Entered, Event
from tests.kit.dates import START
from tests.kit.somebody import HEAD
from tests.laws.test_cohort_rows import agree

STUDY = read_study_text(
    HEAD
    + """products:
  X: {minimum gap: 5 days, doses: {lower: {levels: {full: 10 mg/kg, half: 5 mg/kg}, start level: full, down: toxic, omit: skipped}}}
  Y: {}
arms: [a, b]
events: {toxic: toxic, skipped: not today}
periods:
  p:
    length: 85 days
    visits:
      - {at: D1, give: X lower}
      - {at: D8 ±3d, arms: [a], give: Y 1 mg}
      - {at: D10 ±3d, arms: [b], give: Y 1 mg}
      - {at: D15 to D17, window: +3d, give: Y 2 mg daily}
      - {at: D22 ±7d, give: X lower, assess: MRI}
      - {at: D26 ±2d, assess: MRI}
      - {at: D29 or later, assess: EDSS}
      - {at: "D36, D43", give: X lower}
      - {at: relapse to relapse + 2 days, give: Y 5 mg daily}
      - {at: last dose + 2 weeks, assess: MRI}
  q: {visits: [{at: "D1, then every 4 weeks", give: X lower}, {at: D2, assess: MRI}]}
transitions:
  - {id: early, from: p, to: q, after: study stop, within: 14 days}
  - {id: over, from: p, to: q, after: end of p, within: 14 days}
study stop: {earliest of: [idmc_stop]}
"""
)[0]
OTHERWISE: list[dict[str, Any]] = [
    {}, {"arm": "a"}, {"arm": "b"}, {"weight_kg": 60}, {"weight_kg": 60.001}, {"arm": "a", "weight_kg": 61},
    *({"events": (event,)} for event in (
        ("withdrawn", 20), ("withdrawn", 21), ("withdrawn", 100), ("treatment_stopped", 15), ("died", 23), ("p_completed", 80),
        ("declined", 90),
        ("toxic", 10), ("toxic", 21), ("toxic", 22), ("skipped", 10), ("skipped", 21), ("relapse", 13), ("relapse", 16), ("relapse", 40),
    )),
    {"entered": 85}, {"entered": 90}, {"entered": 110},
]  # fmt: skip


def somebody(number: int, later: int, otherwise: dict[str, Any]) -> Subject:
    start = START + dt.timedelta(later)
    what = dict(otherwise)
    events = tuple(Event(name, start + dt.timedelta(days)) for name, days in what.pop("events", ()))
    into = tuple(Entered("q", start + dt.timedelta(days)) for days in [what.pop("entered", None)] if days is not None)
    return Subject(start, f"{number}-{later}", events=events, entered=into, **what)


@pytest.mark.parametrize(("cancelled", "of_study"), [(False, {}), (True, {"idmc_stop": START + dt.timedelta(30)})])
def test_everybody_has_the_rows_of_a_plan(cancelled: bool, of_study: dict[str, dt.date]) -> None:
    people = [somebody(number, later, otherwise) for number, otherwise in enumerate(OTHERWISE) for later in (0, 2)]
    asked = Request(STUDY, allow_deviation=True, accept_gap=True, until=START + dt.timedelta(150), cancelled=cancelled)
    assert agree(asked, people, of_study, 100)


TOUCHING = read_study_text(
    HEAD
    + """products: {X: {doses: {lower: {levels: {full: 10 mg, half: 5 mg}, start level: full, down: toxic}}}}
events: {toxic: toxic}
periods:
  p:
    length: 50 days
    visits:
      - {at: "D1, D15, D29, D43", window: ±2d, give: X lower}
      - {at: relapse, assess: MRI}
"""
)[0]


def kinds(**days: int) -> dict[str, Any]:
    """By visit, on what its rows hang, of a subject with these events so many days after day 1."""
    events = tuple(Event(name, START + dt.timedelta(after)) for name, after in days.items())
    request = Request(TOUCHING, columns=Cohort.of_subjects([Subject(START, events=events)], ()))
    columns = RowColumns.of(request.schedule(), "least waste")
    ways, on = Told.of(columns, None, cancelled=False).visits([0])
    told: list[Any] = [on[number] for number in ways[0]]
    return {columns.schedule.visits[visit].label: (visit, *rest) for visit, *rest in told}


@pytest.mark.parametrize(
    ("toxic", "relapse", "others"),
    [
        (20, 36, []), (20, 37, []), (17, 36, []), (25, 31, []), (20, 39, []), (20, 45, []), (25, 25, ["relapse"]),
        (20, 17, ["relapse"]), (20, 40, ["relapse", "D43"]), (20, 44, ["relapse", "D43"]), (20, 30, ["D29", "relapse"]), (16, 36, ["D15"]),
        (26, 36, ["D29"]),
    ],
)  # fmt: skip
def test_rows_of_a_visit_hang_on_the_days_that_it_touches(toxic: int, relapse: int, others: list[str]) -> None:
    """Beside somebody whose doses are lowered 20 days after day 1, between D15 and D29, and who relapses 36 days after it, between D29 and
    D43: whoever has other days has the same rows, but of visits whose windows they touch, and of a relapse that comes first."""
    usual, found = kinds(toxic=20, relapse=36), kinds(toxic=toxic, relapse=relapse)
    assert [label for label in usual if found[label] != usual[label]] == others


@pytest.mark.parametrize("until", [None, dt.date(2025, 4, 9)])
@pytest.mark.parametrize("event", ["withdrawn", "lost", "died", "randomised"])
def test_the_last_day_of_a_visit_and_its_week_are_those_of_a_plan(event: str, until: dt.date | None) -> None:
    """A visit without a last day has one once somebody is gone; and a visit that hangs on a day before day 1 may be before it or after."""
    visits = "[{at: D1, give: X 1 mg}, {at: D22 or later, assess: EDSS}, {at: randomised + 9 days, assess: ECG}]"
    study = read_study_text(f"{HEAD}products: {{X: {{}}}}\nperiods: {{p: {{length: 29 days, visits: {visits}}}}}\n")[0]
    days = (None, -12, -10, -9, -8, -2, 0) if event == "randomised" else (None, 44, 20, 21, 28, 29)
    starts = [START + dt.timedelta(number) for number in range(len(days))]
    happened = [() if day is None else (Event(event, start + dt.timedelta(day)),) for start, day in zip(starts, days, strict=True)]
    subjects = [Subject(start, str(start), events=events) for start, events in zip(starts, happened, strict=True)]
    assert agree(Request(study, until=until), subjects, {}, len(subjects)) > len(subjects)
