"""Which of the days of a visit ahead are closed, and which open ones are left, whatever the window and the day on which one looks."""

from __future__ import annotations

import pytest

from nmosd_dosing import Record, Window, check, load
from nmosd_dosing.checks.closed_days import with_closed_days
from nmosd_dosing.plans.workdays import open_days
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.subject import Subject
from tests.kit.dates import day

# Day 182 is 2025-10-01, the first of eight days that are closed, 2025-10-01 to 2025-10-08; 2025-09-28 is a working Sunday.
BEGUN = "2025-04-03"
NATIONAL, LAST = "2025-10-01 Wed: public holiday: National Day; nothing is moved; open days in the window: ", "; last day 2025-10-0"
NONE = "2025-10-01 Wed: public holiday: National Day; nothing is moved; no open day in the window"
DAYS = [
    ((3, 3), "2025-07-01", None, f"{NATIONAL}2025-09-30 Tue before, none after"
     f"{LAST}4 Sat: on a Saturday; the last open day before is 2025-09-30 Tue"),
    ((1, 1), "2025-07-01", None, f"{NATIONAL}2025-09-30 Tue before, none after"
     f"{LAST}2 Thu: public holiday: National Day; the last open day before is 2025-09-30 Tue"),
    ((1, 1), "2025-10-01", None, f"{NONE}{LAST}2 Thu: public holiday: National Day; no open day is left"),
    ((0, 0), "2025-07-01", None, NONE),
    ((0, 1), "2025-07-01", None, f"{NONE}{LAST}2 Thu: public holiday: National Day; no open day is left"),
    ((3, 3), "2025-10-02", None, "last day 2025-10-04 Sat: on a Saturday; no open day is left"),
    ((3, 3), "2025-10-04", None, "last day 2025-10-04 Sat: on a Saturday; no open day is left"),
    ((3, 3), "2025-10-05", None, None),
    ((3, 3), "2025-07-01", "2025-10-03", f"{NATIONAL.replace('01 Wed', '03 Fri')}2025-09-30 Tue before, none after"),
    ((3, 3), "2025-07-01", "2025-09-30", None),
]  # fmt: skip


@pytest.mark.parametrize(("window", "as_of", "booked", "closed"), DAYS)
def test_what_is_closed_of_a_visit_ahead(window: tuple[int, int], as_of: str, booked: str | None, closed: str | None) -> None:
    records = (Record("D182", day(booked), "booked"),) if booked else ()
    cohort = Cohort.of_subject(Subject(day(BEGUN), records=records), ())
    found = check(expand(load("bat4406f-rcp"), cohort, window=Window(*window)), as_of)
    [of_day] = [finding for finding in with_closed_days(found, day(as_of), open_days("CN")) if finding.visit == "rcp/D182"]
    assert (str(of_day.closed) if of_day.closed is not None else None) == closed
