"""A window without an end, `or later`: from the target on every day is allowed, and no list says another thing of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing import (
    CalendarStyle,
    Cohort,
    Event,
    Record,
    Subject,
    Window,
    check,
    due,
    expand,
    plan,
    to_csv,
    to_ics,
    to_json,
)
from nmosd_dosing.errors import InputError
from nmosd_dosing.language.study_file import read_study_text
from tests.kit.studies import examples

DAY = dt.timedelta(days=1)
START = dt.date(2025, 1, 6)
STAMP = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
TEXT = """\
language: 1
study: example
title: A fictional trial of drug X
source: made up for this test
days: from 1
products:
  X: {route: IV infusion, minimum gap: 21 days}
arms: [x, placebo]
periods:
  main:
    length: 52 weeks
    blinded: true
    visits:
      - at: D1, then Q4W until D169, except D85
        window: or later
        give: {x: X 500 mg, placebo: X placebo}
      - at: D-1, D1
        cycle: every other week, 3 cycles
        assess: labs
      - at: relapse, then monthly, 3 more times
        give: {x: X 10 mg, placebo: X placebo}
"""
STUDY, _ = read_study_text(TEXT)


def subject(*records: Record, events: tuple[Event, ...] = ()) -> Subject:
    return Subject(START, "S01", records=records, events=events)


def of(who: Subject, as_of: dt.date | None = None, id: str = "main/D57") -> Any:
    return next(visit for visit in plan(STUDY, who, as_of=as_of).visits if visit.id == id)


@given(st.integers(-40, 300))
@examples(40)
def test_no_day_from_the_target_on_is_late(days: int) -> None:
    target = START + 56 * DAY
    made = expand(STUDY, Cohort.of_subjects([subject(Record("D57", target + days * DAY))], ("x", "placebo")), allow_deviation=True)
    found = next(f for f in check(made, START + 400 * DAY) if f.visit == "main/D57" and f.verdict != "short-gap")
    assert found.verdict == ("in-window" if days >= 0 else "early")
    assert (found.earliest, found.latest, found.or_later) == (target, None, True)
    assert f"{(found.days or 0):d}" == str(days)


def test_what_is_not_recorded_is_past_its_target_and_never_overdue() -> None:
    made = expand(STUDY, Cohort.of_subjects([subject(Record("D1", START), Record("D29", START + 28 * DAY))], ("x", "placebo")))
    found = next(f for f in check(made, START + 70 * DAY) if f.visit == "main/D57")
    assert (found.verdict, found.days) == ("past-target", 14)
    assert found.message == "not recorded 14 days after the target; allowed on 2025-03-03 Mon or later"
    todo = {item.finding.visit: item.todo for item in due([found], START + 70 * DAY, 14)}
    assert todo == {"main/D57": "call to book: open since 2025-03-03 Mon"}


def test_every_list_says_or_later() -> None:
    made = plan(STUDY, subject())
    visit = next(v for v in made.visits if v.id == "main/D57")
    assert (visit.earliest, visit.latest, visit.or_later) == (START + 56 * DAY, None, True)
    assert "window or later: 2025-03-03 Mon or later" in visit.steps
    assert '"or_later": true' in to_json(made)
    assert b"Earliest 2025-03-03 Mon\\, latest none: or later" in to_ics(made, stamp=STAMP, style=CalendarStyle()).replace(b"\r\n ", b"")


def test_what_ends_the_doses_is_the_last_day() -> None:
    stopped = of(subject(events=(Event("treatment_stopped", START + 60 * DAY),)))
    assert (stopped.latest, stopped.or_later) == (START + 60 * DAY, False)


def test_a_minimum_gap_moves_its_first_day() -> None:
    late = of(subject(Record("D1", START), Record("D29", START + 50 * DAY)))
    assert (late.earliest, late.latest) == (START + 71 * DAY, None)


def test_two_windows_allow_what_both_do() -> None:
    assert Window(0, None).within(Window(3, 3)) == Window(0, 3)
    assert Window(0, None).within(Window(0, None)) == Window(0, None)
    assert Window(3, 3).within(Window(0, None)) == Window(0, 3)
    with pytest.raises(InputError, match="begins with its target"):
        Window(2, None)


def test_the_masked_output_of_every_arm_is_the_same() -> None:
    events = (Event("relapse", START + 30 * DAY), Event("relapse", START + 90 * DAY))
    nobody_s = plan(STUDY, subject(events=events))
    assert any(visit.label == "relapse+1mo (2)" for visit in nobody_s.visits)
    for arm in ("x", "placebo"):
        made = plan(STUDY, Subject(START, "S01", arm=arm, events=events))
        assert (to_json(made), to_csv(made)) == (to_json(nobody_s), to_csv(nobody_s))
