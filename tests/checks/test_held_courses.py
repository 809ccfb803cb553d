"""Daily doses that are held for a while: what each list says of their course, and from which day on it may be begun."""

from __future__ import annotations

import datetime as dt

import pytest

from nmosd_dosing import CalendarStyle, Event, Record, Subject, slots
from nmosd_dosing.calendar.entries import to_entries
from nmosd_dosing.checks.board import board
from nmosd_dosing.checks.due import due
from nmosd_dosing.checks.findings import check
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.pharmacy.worklist import prepare
from nmosd_dosing.plans.handout import handout
from nmosd_dosing.plans.request import Request
from nmosd_dosing.plans.workdays import open_days
from nmosd_dosing.subjects.history import known_by
from tests.kit.dates import START, day

# Tablets from 2025-01-06 to 01-26, from 02-03 to 02-23 and from 03-03 to 03-23.
STUDY = """\
language: 1
study: tablets
title: Tablets on 21 days of 28
source: not stated
days: from 1
events: {{hold: low counts, go: counts are back}}
products: {{C: {{doses: {{std: {{amount: 100 mg, hold: {{from: hold, until: go}}}}}}}}}}
periods:
  main:
    length: 12 weeks
    visits:
      - {{at: D1 to D21, cycle: "every 28 days, 3 cycles", give: C std daily{window}}}
"""
SECOND = "C2D1 to C2D21"
BEGUN = Record("C1D1 to C1D21", START)
HELD, WAITS = "C is held by hold on 2025-02-01 Sat", "no dose yet: C is held by hold on 2025-02-01 Sat, and waits until it is resumed"


class Lists:
    """What each list says of the second course, of one subject on one day."""

    def __init__(self, events: str, as_of: str, *records: Record, window: str = ", window: ±2d") -> None:
        study, today = read_study_text(STUDY.format(window=window))[0], day(as_of)
        told = tuple(Event(name, day(f"2025-{date}")) for name, date in (each.split() for each in events.split(", ") if each))
        self.study, self.as_of, month = study, as_of, today.replace(day=1)
        self.subject = Subject(START, "0103", records=(BEGUN, *records), events=told)
        (known,) = known_by([self.subject], {}, today).subjects
        asked = Request(study, subjects=(known,), as_of=today)
        schedule = asked.as_carried_out(today + dt.timedelta(90))
        findings = check(schedule, today)
        items = due(findings, today, 14)
        (self.plan,) = asked.plans(schedule)
        shown = board(study, [self.plan], items, today, 14, month, open_days(None))
        (self.finding,) = [f"{f.verdict}: {f.message}" for f in findings if f.visit == f"main/{SECOND}"]
        self.to_do = "".join(item.todo for item in items if item.finding.visit == f"main/{SECOND}")
        (self.mark,) = [mark.text for line in shown.lines for mark in line.marks if mark.visit == SECOND]
        (entry,) = [entry for entry in to_entries(self.plan, CalendarStyle()) if SECOND in entry.summary]
        self.entry = entry.description.splitlines()[:2]

    def open(self) -> list[str]:
        """The days on which the course may be begun."""
        return [f"{slot.date:%m-%d}" for slot in slots(self.study, self.subject, SECOND, self.as_of).days if slot.verdict == "open"]


@pytest.mark.parametrize(
    ("events", "as_of", "finding", "to_do", "mark"),
    [
        (  # never held
            "", "2025-02-03", "due: until 2025-02-05 Wed", "window closes in 2 days: call today",
            "planned for 2025-02-03 Mon, allowed from 2025-02-01 Sat to 2025-02-05 Wed",
        ),
        (  # held two days before: the course waits
            "hold 02-01", "2025-02-03", f"due: {WAITS}", "decide: the dose waits, by 2025-02-05 Wed",
            "waits, planned for 2025-02-03 Mon, allowed from 2025-02-01 Sat to 2025-02-05 Wed",
        ),
        (  # it is never overdue while it waits
            "hold 02-01", "2025-02-10", f"due: {WAITS}", "decide: the dose waits; the last day was 2025-02-05 Wed",
            "waits, planned for 2025-02-03 Mon, allowed from 2025-02-01 Sat to 2025-02-05 Wed",
        ),
        (  # resumed within the window: it may be begun from that day on
            "hold 02-01, go 02-04", "2025-02-04", "due: until 2025-02-05 Wed", "window closes tomorrow: call today",
            "planned for 2025-02-03 Mon, allowed from 2025-02-04 Tue to 2025-02-05 Wed",
        ),
        (  # resumed behind the window: that day is the one allowed
            "hold 02-01, go 02-07", "2025-02-07", "due: until 2025-02-07 Fri", "window closes today: call now",
            "planned for 2025-02-03 Mon, allowed from 2025-02-07 Fri to 2025-02-07 Fri",
        ),
        (
            "hold 02-01, go 02-07", "2025-02-08", "overdue: not recorded 1 day after the last day, 2025-02-07 Fri",
            "overdue since 2025-02-08 Sat: call, record or mark missed",
            "not recorded, planned for 2025-02-03 Mon, allowed from 2025-02-07 Fri to 2025-02-07 Fri",
        ),
        (  # held behind its first day: begun as planned, and cut short
            "hold 02-05", "2025-02-05", "due: until 2025-02-05 Wed", "window closes today: call now",
            "planned for 2025-02-03 Mon, allowed from 2025-02-01 Sat to 2025-02-05 Wed",
        ),
    ],
)  # fmt: skip
def test_what_the_lists_say_of_a_held_course(events: str, as_of: str, finding: str, to_do: str, mark: str) -> None:
    found = Lists(events, as_of)
    assert (found.finding, found.to_do, found.mark) == (finding, to_do, mark)


@pytest.mark.parametrize(
    ("events", "as_of", "days"),
    [
        ("", "2025-02-01", ["02-03", "02-04", "02-05"]),
        ("hold 02-01, go 02-04", "2025-02-04", ["02-04", "02-05"]),
        ("hold 02-01, go 02-05", "2025-02-05", ["02-05"]),
        ("hold 02-01, go 02-06", "2025-02-06", ["02-06"]),
        ("hold 02-01, go 02-21", "2025-02-21", ["02-21"]),
        ("hold 02-01, go 02-22", "2025-02-22", []),  # a Saturday, and the only day
    ],
)
def test_the_days_on_which_a_held_course_may_be_begun(events: str, as_of: str, days: list[str]) -> None:
    assert Lists(events, as_of).open() == days


@pytest.mark.parametrize(
    ("events", "as_of", "entry"),
    [
        ("", "2025-02-01", ["Dose: C 100 mg daily, 21 times in all", "From 2025-02-03 Mon to 2025-02-23 Sun"]),
        ("hold 02-01", "2025-02-01", ["Waits: no dose yet.", "Dose: C, held"]),
        ("hold 02-01, go 02-07", "2025-02-07", [
            "Dose: C 100 mg daily, 17 times in all, none from 2025-02-03 Mon to 2025-02-06 Thu", "From 2025-02-03 Mon to 2025-02-23 Sun",
        ]),
        ("hold 02-01, go 02-24", "2025-02-24", ["Dose: C, omitted", "From 2025-02-03 Mon to 2025-02-23 Sun"]),
        ("hold 02-20", "2025-02-20", [
            "Dose: C 100 mg daily, 17 times in all, held from 2025-02-20 Thu on", "From 2025-02-03 Mon to 2025-02-23 Sun",
        ]),
    ],
)  # fmt: skip
def test_what_a_calendar_says_of_a_held_course(events: str, as_of: str, entry: list[str]) -> None:
    assert Lists(events, as_of).entry == entry


def test_a_discreet_calendar_does_not_speak_of_doses() -> None:
    (entry,) = [e for e in to_entries(Lists("hold 02-01", "2025-02-03").plan, CalendarStyle(discreet=True)) if e.start == day("2025-02-03")]
    assert entry.description.splitlines()[0] == "Projected: it may still move."


@pytest.mark.parametrize(
    ("events", "as_of", "told"),
    [
        ("", "2025-02-01", "02-03 to 02-23"),
        ("hold 02-01, go 02-07", "2025-02-07", "02-07 to 02-23"),  # not from a day on which none is to be taken
        ("hold 02-20", "2025-02-01", "02-03 to 02-23"),  # not known yet
        ("hold 02-03, go 02-03", "2025-02-03", "02-03 to 02-23"),
        ("hold 02-01", "2025-02-01", "main/C2D1 to C2D21: its doses wait until they are resumed"),
    ],
)
def test_what_a_patient_is_told_of_a_held_course(events: str, as_of: str, told: str) -> None:
    page = handout(Lists(events, as_of).plan, day(as_of))
    days = [f"{a.day:%m-%d} to {a.last:%m-%d}" for a in page.appointments if a.day is not None and a.last is not None]
    assert told in (days[:1] if not told.startswith("main") else page.left_out)


def test_a_pharmacy_prepares_a_resumed_course_on_the_days_that_are_left_of_it() -> None:
    lists = Lists("hold 02-01, go 02-07", "2025-02-07")
    items = prepare(lists.study, [lists.plan], day("2025-02-01"), day("2025-03-02")).items
    given = [(f"{item.date:%m-%d}", item.day) for item in items if item.dose.amount_status == "stated"]
    assert (given[0], given[-1], len(given)) == (("02-07", 5), ("02-23", 21), 17)


@pytest.mark.parametrize(
    ("begun", "finding"),
    [
        ("02-06", "early: 1 day before the first day, 2025-02-07 Fri"),
        ("02-07", "in-window: 4 days after the target, allowed from 2025-02-07 Fri to 2025-02-07 Fri"),
        ("02-08", "late: 1 day after the last day, 2025-02-07 Fri"),
    ],
)
def test_a_course_begun_on_the_day_it_is_resumed_is_in_time(begun: str, finding: str) -> None:
    found = Lists("hold 02-01, go 02-07", "2025-02-10", Record(SECOND, day(f"2025-{begun}")))
    assert found.finding == finding
    said = [note.message for note in found.plan.notes if "no dose of this plan is by it" in note.message]
    assert said == []


def test_a_course_of_which_no_day_is_left_keeps_its_window() -> None:
    for events in ("hold 02-01, treatment_stopped 02-05, go 02-07", "hold 02-01, go 02-24"):
        (course,) = [v for v in Lists(events, "2025-02-24").plan.visits if v.label == SECOND]
        assert (str(course.earliest), str(course.latest)) == ("2025-02-01", "2025-02-05")
        assert course.administrations[0].amount_status == "omitted"


def test_without_a_window_a_resumed_course_has_a_first_day_and_no_last() -> None:
    (course,) = [v for v in Lists("hold 02-01, go 02-07", "2025-02-07", window="").plan.visits if v.label == SECOND]
    assert (str(course.earliest), course.latest) == ("2025-02-07", None)


def test_a_course_that_gives_something_else_too_is_begun_in_its_window() -> None:
    both = STUDY.format(window=", window: ±2d").replace("give: C std daily", "give: [C std daily, E 5 mg daily]")
    study = read_study_text(both.replace("go}}}}}", "go}}}}, E: {}}"))[0]
    held = (Event("hold", day("2025-02-01")), Event("go", day("2025-02-07")))
    (made,) = Request(study, subjects=(Subject(START, events=held),)).plans()
    (course,) = [v for v in made.visits if v.label == SECOND]
    assert (str(course.earliest), str(course.latest)) == ("2025-02-01", "2025-02-05")
