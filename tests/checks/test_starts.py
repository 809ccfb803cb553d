"""The days that may be day 1: what stands against each of the others, all of it, in the words of people who have to find another."""

from __future__ import annotations

from collections import Counter

import pytest

from nmosd_dosing import InputError, Starts, Study, Window, load, starts
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.workdays import Workdays, open_days
from tests.kit.dates import day

FILE = """\
language: 1
study: m
title: M
source: me
days: from 1
products: {{X: {{{product}}}}}
periods:
  main:
    length: {length}
    visits: [{visits}]
{more}
"""
LATER = """\
  next: {{length: 4 weeks, visits: [{visits}]}}
transitions: [{{id: through, from: main, to: next, after: end of main, within: {within}}}]"""


def study(visits: str, product: str = "", length: str = "not stated", more: str = "") -> Study:
    return read_study_text(FILE.format(visits=visits, product=product, length=length, more=more))[0]


def said(found: Starts) -> list[str]:
    return [f"{start.start:%m-%d} {a.what} {a.visit}: {a.why}" for start in found.days for a in start.against]


@pytest.mark.parametrize(
    ("window", "feasible", "first"),
    [
        (0, 199, {"rcp/W1D1": 117, "rcp/W3D1": 23, "rcp/W25D1": 13, "rcp/W27D1": 13}),
        (1, 228, {"rcp/W1D1": 117, "rcp/W3D1": 10, "rcp/W25D1": 5, "rcp/W27D1": 5}),
        (3, 244, {"rcp/W1D1": 117, "rcp/W3D1": 4}),
    ],
)
def test_the_year_2026_in_china(window: int, feasible: int, first: dict[str, int]) -> None:
    """By the calendar of 2026 as the State Council published it; 2027 is not published, and projected."""
    found = starts(load("mil62"), "2026-01-01", "2026-12-31", period="rcp", window=Window(window, window), workdays=open_days("CN"))
    assert sum(start.feasible for start in found.days) == feasible
    assert Counter(start.against[0].visit for start in found.days if start.against) == first
    assert found.notes[-1].endswith("of the days: the calendar of 2027 is not published yet: projected")
    assert not any(start.projected for start in found.days if start.start < day("2026-07-01"))


def test_all_that_stands_against_a_day_is_told() -> None:
    found = starts(study("{at: D1, give: X 5 mg}, {at: D8 ±1d, give: X 5 mg}, {at: D15, assess: MRI}"), "2025-01-10", "2025-01-13",
                   workdays=Workdays(None, frozenset({day("2025-01-27")})))  # fmt: skip
    assert said(found) == [
        "01-11 closed main/D1: 2025-01-11 Sat: on a Saturday",
        "01-11 window main/D15: 2025-01-25 Sat: on a Saturday; no window is stated",
        "01-12 closed main/D1: 2025-01-12 Sun: on a Sunday",
        "01-12 window main/D15: 2025-01-26 Sun: on a Sunday; no window is stated",
        "01-13 window main/D15: 2025-01-27 Mon: closed at the site; no window is stated",
    ]
    assert found.notes == ("no window is stated of main/D15: only the target is asked about",)
    assert [start.feasible for start in found.days] == [True, False, False, False]


def test_a_window_that_is_closed_all_over() -> None:
    found = starts(study("{at: D1, give: X 5 mg}, {at: D6 ±1d, give: X 5 mg}"), "2025-01-06", "2025-01-07",
                   workdays=Workdays(None, frozenset({day("2025-01-10"), day("2025-01-13")})))  # fmt: skip
    assert said(found) == [
        "01-06 window main/D6: no open day from 2025-01-10 Fri to 2025-01-12 Sun: closed at the site; on a Saturday; on a Sunday",
        "01-07 window main/D6: no open day from 2025-01-11 Sat to 2025-01-13 Mon: on a Saturday; on a Sunday; closed at the site",
    ]


def test_a_gap_that_cannot_be_kept_on_open_days() -> None:
    """D8 would be on the Monday, and not before: then D15 has no day that is 7 days later."""
    of = study("{at: D1, give: X 5 mg}, {at: D8 +2d, give: X 5 mg}, {at: D15 ±0d, give: X 5 mg}", "minimum gap: 7 days")
    closed = Workdays(None, frozenset({day("2025-01-13")}))
    assert said(starts(of, "2025-01-06", "2025-01-07", workdays=closed)) == [
        "01-06 gap main/D15: minimum gap of X, 7 days, after main/D8, at the earliest on 2025-01-14 Tue: not before 2025-01-21 Tue; "
        "its last open day is 2025-01-20 Mon"
    ]
    assert said(starts(of, "2025-01-06", "2025-01-07", workdays=Workdays(None))) == []


def test_an_entry_without_an_open_day() -> None:
    later = LATER.format(visits="{at: D1, give: X 5 mg}", within="2 days")
    of, closed = study("{at: D1, give: X 5 mg}", "", "1 weeks", later), Workdays(None, frozenset({day("2025-01-20")}))
    assert said(starts(of, "2025-01-09", "2025-01-11", workdays=closed)) == [
        "01-11 closed main/D1: 2025-01-11 Sat: on a Saturday",
        "01-11 entry next/D1: no open day of entry into next from 2025-01-18 Sat to 2025-01-20 Mon: on a Saturday; on a Sunday; "
        "closed at the site",
    ]


def test_of_the_days_of_an_entry_each_is_tried() -> None:
    later = LATER.format(visits="{at: 'D1, D8, D11', give: X 5 mg}", within="4 days")
    of = study("{at: D1, give: X 5 mg}", "", "1 weeks", later)
    one = Workdays(None, frozenset(map(day, ("2025-01-20", "2025-01-21"))))
    assert said(starts(of, "2025-01-06", "2025-01-06", workdays=one)) == []  # entered on the Wednesday
    more = Workdays(None, frozenset(map(day, ("2025-01-20", "2025-01-21", "2025-01-22", "2025-01-23", "2025-01-24"))))
    assert said(starts(of, "2025-01-06", "2025-01-06", workdays=more)) == [
        "01-06 window next/D8: 2025-01-24 Fri: closed at the site; no window is stated; next entered on 2025-01-17 Fri, "
        "the best of 5 open days"
    ]


def test_where_no_last_day_of_entry_is_stated_the_first_open_one_is_taken() -> None:
    later = LATER.format(visits="{at: 'D1, D8', give: X 5 mg}", within="not stated")
    of = study("{at: D1, give: X 5 mg}", "", "1 weeks", later)
    found = starts(of, "2025-01-06", "2025-01-06", workdays=Workdays(None, frozenset(map(day, ("2025-01-13", "2025-01-21")))))
    assert said(found) == ["01-06 window next/D8: 2025-01-21 Tue: closed at the site; no window is stated; next entered on 2025-01-14 Tue"]
    assert found.notes[1] == "no last day of entry is stated of next/D1: the first open day is taken"


def test_day_1_is_itself_even_where_the_file_gives_it_a_window() -> None:
    found = starts(study("{at: D1 ±3d, give: X 5 mg}, {at: D-5 to D-1, assess: MRI}"), "2025-01-11", "2025-01-13")
    assert said(found) == [
        "01-11 closed main/D1: 2025-01-11 Sat: on a Saturday",
        "01-12 closed main/D1: 2025-01-12 Sun: on a Sunday",
    ]


def test_a_window_without_an_end_has_an_open_day() -> None:
    """And the dose after it counts from that day."""
    of = study("{at: D1, give: X 5 mg}, {at: D8 or later, give: X 5 mg}, {at: D15 ±0d, give: X 5 mg}", "minimum gap: 7 days")
    closed = Workdays(None, frozenset(map(day, ("2025-01-14", "2025-01-15", "2025-01-16", "2025-01-17"))))
    assert said(starts(of, "2025-01-06", "2025-01-07", workdays=closed)) == [
        "01-07 gap main/D15: minimum gap of X, 7 days, after main/D8, at the earliest on 2025-01-20 Mon: not before 2025-01-27 Mon; "
        "its last open day is 2025-01-21 Tue"
    ]


def test_what_hangs_on_the_last_dose_is_asked_about_where_the_plan_has_it() -> None:
    of = study("{at: 'D1, D8', give: X 5 mg}, {at: last dose + 30 days, assess: safety}")
    assert said(starts(of, "2025-01-09", "2025-01-10")) == [
        "01-09 window main/last dose+30d: 2025-02-15 Sat: on a Saturday; no window is stated",
        "01-10 window main/last dose+30d: 2025-02-16 Sun: on a Sunday; no window is stated",
    ]


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        ("2025-01-02", "2025-01-01", "a range that ends before it begins"),
        ("2025-01-01", "2028-01-06", "a range of 1,101 days"),
        ("9999-12-01", "9999-12-31", "W3D1 of `rcp` falls outside the years 1 to 9999"),
    ],
)
def test_what_is_refused(first: str, last: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        starts(load("mil62"), first, last, period="rcp")


@pytest.mark.parametrize(
    ("closed", "against"), [("2025-01-18", []), ("2025-01-17", ["main/D8 window: 2025-01-17 Fri: closed at the site"])]
)
def test_a_closed_day_is_told_as_such_where_the_minimum_gap_takes_none(closed: str, against: list[str]) -> None:
    days = Workdays(None, frozenset({day(closed)}))
    found = starts(study("{at: 'D1, D8', give: X 5 mg}", "minimum gap: 3 days"), "2025-01-10", "2025-01-10", workdays=days)
    told = [f"{each.visit} {each.what}: {each.why}" for start in found.days for each in start.against]
    assert [words.split(";")[0] for words in told] == against
