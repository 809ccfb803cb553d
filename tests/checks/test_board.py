"""What a board shows of each visit, in which weeks, and how far its lines go; and that it is made of masked plans alone."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec.structs import replace

from nmosd_dosing import InputError, Subject, load
from nmosd_dosing.checks.board import Board, Mark, board, drawn_until
from nmosd_dosing.checks.due import due
from nmosd_dosing.checks.findings import check
from nmosd_dosing.plans.request import Request
from nmosd_dosing.plans.workdays import open_days
from nmosd_dosing.study.visit_names import UNSCHEDULED
from nmosd_dosing.study.visit_rules import Window
from nmosd_dosing.subjects.subject import Entered, Event, Record

START, AS_OF = dt.date(2025, 1, 6), dt.date(2025, 7, 14)
D1 = Record("D1", START, period="rcp")


def made(*subjects: Subject, as_of: dt.date = AS_OF, month: dt.date | None = None, window: int | None = 3, unblind: bool = False) -> Board:
    asked = Request(load("bat4406f"), subjects=subjects, window=Window(window, window) if window is not None else None, unblind=unblind)
    month = month or as_of
    schedule = asked.as_carried_out(drawn_until(as_of, 14, month))
    items = due(check(schedule, as_of), as_of, 14)
    return board(asked.study, replace(asked, as_of=as_of).plans(schedule), items, as_of, 14, month, open_days(None))


def marks(shown: Board) -> list[tuple[str, str, str]]:
    return [(mark.visit, mark.kind, f"{mark.begins:%m-%d} to {mark.ends:%m-%d}") for line in shown.lines for mark in line.marks]


@pytest.mark.parametrize(
    ("records", "window", "shown"),
    [
        ((D1, Record("D182", dt.date(2025, 7, 7))), 3, ("rcp/D182", "done", "07-07 to 07-07")),
        ((D1, Record("D182", dt.date(2025, 7, 7), "missed")), 3, ("rcp/D182", "not done", "07-06 to 07-06")),
        ((D1,), 3, ("rcp/D182", "overdue", "07-03 to 07-14")),
        ((D1,), None, ("rcp/D182", "overdue", "07-06 to 07-14")),  # past its target, and no window is stated
        ((D1, Record("D182", dt.date(2025, 7, 16), "booked")), 3, ("rcp/D182", "booked", "07-03 to 07-16")),
        ((D1,), 10, ("rcp/D182", "planned", "06-26 to 07-16")),
        ((D1, Record(UNSCHEDULED, dt.date(2025, 3, 4))), 3, (UNSCHEDULED, "done", "03-04 to 03-04")),
    ],
)
def test_each_visit_stands_as_it_is_known_on_the_day_of_looking(
    records: tuple[Record, ...], window: int | None, shown: tuple[str, str, str]
) -> None:
    assert shown in marks(made(Subject(START, "A", records=records), window=window))


def test_an_entry_is_days_until_it_is_recorded() -> None:
    records = (D1, Record("D182", dt.date(2025, 7, 6)))
    ahead = made(Subject(START, "A", records=records))
    assert ("olp/D1", "entry", "01-05 to 01-19") in marks(ahead)
    entered = Entered("olp", dt.date(2026, 1, 12))
    after = made(Subject(START, "A", records=records, entered=(entered,)), as_of=dt.date(2026, 1, 20))
    assert not [mark for mark in marks(after) if mark[1] == "entry"]
    late = made(Subject(START, "A", records=records), as_of=dt.date(2026, 1, 20))
    assert ("olp/D1", "overdue", "01-05 to 01-20") in marks(late)


def test_an_entry_that_waits_for_a_decision_has_its_last_days() -> None:
    subject = Subject(START, "A", records=(D1,), events=(Event("relapse", dt.date(2025, 6, 10)),))
    shown = made(subject, as_of=dt.date(2025, 6, 12))
    assert [mark for mark in marks(shown) if "entry" in mark] == [("olp entry", "entry", "06-10 to 07-08")]


def test_whoever_has_left_has_a_line_that_ends() -> None:
    (line,) = made(Subject(START, "A", records=(D1,), events=(Event("withdrawn", dt.date(2025, 3, 1)),))).lines
    assert (line.begins, line.ends) == (START, dt.date(2025, 3, 1))
    assert [(mark.visit, mark.kind) for mark in line.marks] == [("rcp/D1", "done")]


@pytest.mark.parametrize(
    ("month", "first", "last", "weeks"),
    [("2025-07", "2025-06-30", "2025-08-03", 5), ("2027-02", "2027-02-01", "2027-02-28", 4), ("2024-02", "2024-01-29", "2024-03-03", 5)],
)
def test_a_month_is_shown_in_whole_weeks(month: str, first: str, last: str, weeks: int) -> None:
    shown = list(made(Subject(START), month=dt.date.fromisoformat(f"{month}-15")).weeks)
    assert (shown[0][0], shown[-1][-1], len(shown)) == (dt.date.fromisoformat(first), dt.date.fromisoformat(last), weeks)


@pytest.mark.parametrize("day", [dt.date.min, dt.date.max])
def test_the_first_and_the_last_month_of_all_have_weeks_too(day: dt.date) -> None:
    shown = [date for week in replace(made(), month=day.replace(day=1)).weeks for date in week if date is not None]
    assert day in shown and len(shown) >= 31


def test_lines_go_a_year_back_and_a_year_ahead_and_no_further_than_there_is_something() -> None:
    old = made(Subject(dt.date(2020, 1, 6), "A"), as_of=AS_OF)
    assert (old.first, old.last) == (dt.date(2024, 7, 13), dt.date(2026, 7, 15))
    young = made(Subject(dt.date(2025, 7, 1), "A"), as_of=AS_OF)
    assert young.first == dt.date(2025, 7, 1)
    nobody = made()
    assert (nobody.first, nobody.last, nobody.lines) == (AS_OF, AS_OF, ())


def test_of_days_before_the_month_what_is_overdue_stands_on_today() -> None:
    shown = made(Subject(dt.date(2024, 12, 2), "A", records=(replace(D1, date=dt.date(2024, 12, 2)),)), month=AS_OF)
    assert [(day, mark.visit, mark.kind) for day, mark in shown.on_days] == [(AS_OF, "rcp/D182", "overdue")]


@pytest.mark.parametrize(
    ("month", "on"),
    [("2025-12", "2025-12-29"), ("2026-01", "2026-01-02"), ("2026-02", None)],
)
def test_what_may_be_done_in_a_month_stands_in_it_though_it_is_planned_for_another(month: str, on: str | None) -> None:
    subject = Subject(dt.date(2025, 7, 5), "A", records=(replace(D1, date=dt.date(2025, 7, 5)),))  # its D182 is on 2026-01-02
    shown = made(subject, as_of=dt.date(2025, 12, 1), month=dt.date.fromisoformat(f"{month}-01"), window=4)
    days = [day for day, mark in shown.on_days if mark.visit == "rcp/D182"]
    assert days == ([] if on is None else [dt.date.fromisoformat(on)])


def test_no_board_is_made_of_what_is_unblinded() -> None:
    with pytest.raises(InputError, match="a board shows what is masked only masked"):
        made(Subject(START, "A", arm="placebo"), unblind=True)


@pytest.mark.parametrize(
    ("window", "as_of", "month", "day"),
    [
        (10, "06-01", "06-01", "06-26"),  # the first allowed day of the month
        (10, "06-01", "07-01", "07-06"),  # its own day
        (26, "06-01", "08-01", "08-01"),  # the last allowed day, which is the first of the month
        (25, "06-01", "08-01", None),
        (10, "07-10", "07-01", "07-10"),  # its day has passed, and it may still come
        (10, "07-06", "07-01", "07-06"),
        (10, "07-16", "07-01", "07-16"),
        (10, "07-17", "07-01", "07-17"),  # overdue
        (10, "08-04", "08-01", "08-04"),
        (10, "08-04", "07-01", "07-06"),
    ],
)
def test_a_visit_stands_on_one_day_of_the_month(window: int, as_of: str, month: str, day: str | None) -> None:
    shown = made(
        Subject(START, "1", records=(D1,)),
        as_of=dt.date.fromisoformat(f"2025-{as_of}"),
        month=dt.date.fromisoformat(f"2025-{month}"),
        window=window,
    )
    days = [f"{on:%m-%d}" for on, mark in shown.on_days if mark.visit == "rcp/D182"]
    assert days == ([day] if day is not None else [])


@pytest.mark.parametrize(("month", "as_of", "shown"), [
    ("2025-06", "2025-06-01", False),  # the last week ends on 6 July
    ("2025-07", "2025-06-01", True),
    ("2025-08", "2025-06-01", False),
])  # fmt: skip
def test_a_month_s_weeks_have_the_days_of_its_neighbours(month: str, as_of: str, shown: bool) -> None:
    """Day 182 is Sunday, 2025-07-06: in the week that ends June on a calendar, and in July."""
    found = made(
        Subject(START, "1", records=(D1,)), as_of=dt.date.fromisoformat(as_of), month=dt.date.fromisoformat(f"{month}-01"), window=None
    )
    in_weeks = [mark.visit for mark in found.in_month if mark.visit == "rcp/D182"]
    assert in_weeks == (["rcp/D182"] if month != "2025-08" else [])
    assert [mark.visit for _, mark in found.on_days if mark.visit == "rcp/D182"] == (["rcp/D182"] if shown else [])


JULY = (dt.date(2025, 7, 3), dt.date(2025, 7, 9))
MARK = Mark("1", "rcp/D182", "planned", dt.date(2025, 7, 6), *JULY, *JULY)
WHOLE = "allowed from 2025-07-03 Thu to 2025-07-09 Wed"


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"kind": "done"}, "done, 2025-07-03 Thu"),
        ({"kind": "not done"}, "not done, 2025-07-03 Thu"),
        ({"kind": "booked"}, f"booked for 2025-07-06 Sun, {WHOLE}"),
        ({"kind": "booked", "time": dt.time(9, 30)}, f"booked for 2025-07-06 Sun at 09:30, {WHOLE}"),
        ({"kind": "overdue"}, f"not recorded, planned for 2025-07-06 Sun, {WHOLE}"),
        ({"kind": "overdue", "day": None}, f"not recorded, {WHOLE}"),
        ({}, f"planned for 2025-07-06 Sun, {WHOLE}"),
        ({"tentative": True}, f"projected for 2025-07-06 Sun, {WHOLE}"),
        ({"waits": True}, f"waits, planned for 2025-07-06 Sun, {WHOLE}"),
        ({"waits": True, "tentative": True}, f"waits, planned for 2025-07-06 Sun, {WHOLE}"),
        ({"kind": "entry", "tentative": True, "day": None}, f"entry, projected, {WHOLE}"),
        ({"earliest": None}, "planned for 2025-07-06 Sun, allowed to 2025-07-09 Wed"),
        ({"latest": None}, "planned for 2025-07-06 Sun, allowed from 2025-07-03 Thu on, no last day is stated"),
        ({"latest": None, "or_later": True}, "planned for 2025-07-06 Sun, allowed on 2025-07-03 Thu or later"),
        ({"earliest": None, "latest": None}, "planned for 2025-07-06 Sun, no window is stated"),
    ],
)
def test_how_a_visit_stands_is_told_in_words(changed: dict[str, object], text: str) -> None:
    assert replace(MARK, **changed).text == text


@pytest.mark.parametrize(
    ("days", "shown"),
    [("06-24 06-29", False), ("06-24 06-30", True), ("07-06 07-06", True), ("08-03 08-05", True), ("08-04 08-05", False)],
)
def test_what_touches_the_weeks_of_a_month_is_in_it(days: str, shown: bool) -> None:
    """The weeks of July 2025 are from Monday, 30 June, to Sunday, 3 August."""
    begins, ends = (dt.date.fromisoformat(f"2025-{day}") for day in days.split())
    found = made(Subject(START, "1"), month=dt.date(2025, 7, 1))
    one = replace(found, lines=(replace(found.lines[0], marks=(replace(MARK, begins=begins, ends=ends),)),))
    assert [mark.visit for mark in one.in_month] == (["rcp/D182"] if shown else [])
