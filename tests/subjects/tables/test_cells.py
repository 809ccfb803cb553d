"""What stands in a cell: days in the ways in which they can be told apart, hours, decimal commas, and signs that there is nothing."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing.errors import Problems
from nmosd_dosing.language.catalog import load
from nmosd_dosing.plans.planning import plan
from nmosd_dosing.subjects.subject import Record, Subject
from nmosd_dosing.subjects.tables import cells, roster
from tests.kit.tables import JANUARY, records, refused, subjects

MORNING = dt.time(9, 30)
MOMENTS = {
    "2025-01-06": None,
    "2025/1/6": None,
    "2025.01.06": None,
    "2025年1月6日": None,
    "06-Jan-2025": None,
    "06JAN2025": None,
    "6 January 2025": None,
    "6 jan. 2025": None,
    "2025-01-06T09:30": MORNING,
    "2025-01-06 09:30": MORNING,
    "2025-01-06 9:30:59": MORNING,
    "2025-01-06T09:30:00.000": MORNING,
    "2025年1月6日 9:30": MORNING,
    "06-Jan-2025 09:30": MORNING,
    "06JAN2025:09:30:00": MORNING,  # as SAS writes
    "2025-01-06 00:00:00": None,
    "2025-01-06T00:00": None,
}


@pytest.mark.parametrize(("text", "hour"), MOMENTS.items())
def test_a_day_and_its_hour(text: str, hour: dt.time | None) -> None:
    [(_, record)] = records(f"visit,date\nD1,{text}\n")
    assert record == Record("D1", JANUARY, time=hour)
    assert subjects(f"subject,start\n1,{text}\n") == (Subject(JANUARY, "1"),), "of a first dose the day counts"


YEAR_FIRST, ZONE = "is not a date with the year first", "day and hour of the place, without a zone"
NO_DAY = "is a date without its day; nothing can be counted from it: write the whole day, `2025-01-06`"
REFUSED = {
    "6/1/2025": f"{YEAR_FIRST}; day and month cannot be told apart; write it as YYYY-MM-DD",
    "13/01/2025 10:00": f"{YEAR_FIRST}; write `2025-01-13`",
    "06-Jan-25": f"{YEAR_FIRST}; write the year with four digits: `2025-01-06`",
    "6-Foo-2025": f"{YEAR_FIRST}; write it as YYYY-MM-DD, for example `2025-01-06`",
    "2025-01-06 9": f"{YEAR_FIRST}; write it as YYYY-MM-DD, for example `2025-01-06`",
    "2025-01-06 09:30 AM": f"{YEAR_FIRST}; write it as YYYY-MM-DD, for example `2025-01-06`",
    "2025-01": NO_DAY,
    "2025": NO_DAY,
    "2025---15": NO_DAY,
    "UN-JAN-2025": NO_DAY,
    "2025-01-06T23:30Z": f"has a time zone; the day may be another one there: write {ZONE}",
    "2025-01-06T09:30+08:00": f"has a time zone; the day may be another one there: write {ZONE}",
}
WRONG = {
    "31-Jun-2025": "there is no such day; check the month and the day",
    "2025-01-06 24:00": "there is no such hour; write it on a clock of 24 hours, `2025-01-06 09:30`, or leave it out",
    "2025-01-06 9:65": "there is no such hour; write it on a clock of 24 hours, `2025-01-06 09:30`, or leave it out",
}


@pytest.mark.parametrize(
    ("text", "expected"), [(t, f"`{t}` {e}") for t, e in REFUSED.items()] + [(t, f"`{t}`: {e}") for t, e in WRONG.items()]
)
def test_what_is_no_day(text: str, expected: str) -> None:
    assert refused(records, f"visit,date\nD1,{text}\n") == [f"r.csv:2:4: {expected}"]


@given(st.dates(dt.date(1990, 1, 1), dt.date(2099, 12, 31)), st.sampled_from(["%d-%b-%Y", "%d%b%Y", "%d %B %Y", "%Y-%m-%d", "%Y/%m/%d"]))
def test_every_way_of_writing_gives_the_day(day: dt.date, form: str) -> None:
    problems = Problems()
    assert (cells.day("", day.strftime(form), None, problems), problems.found) == (day, [])


def test_the_hour_goes_along_to_the_plan() -> None:
    [(_, done), (_, booked)] = records("visit,date,status\nD0,2025-01-06T09:30,\nD14,2025-01-20 14:00,booked\n")
    planned = plan(load("belimumab"), Subject(JANUARY, weight_kg=60, records=(done, booked)), as_of=dt.date(2025, 1, 8))
    assert [(v.label, v.time) for v in planned.visits[:3]] == [("D0", MORNING), ("D14", dt.time(14)), ("D28", None)]


@pytest.mark.parametrize("column", ["amount", "amount_per_day"])
def test_a_point_between_thousands_is_not_taken_for_a_decimal_one(column: str) -> None:
    """Who writes `0,5` writes 1500 as `1.500`. Between commas a point is a decimal one, and no weight has thousands."""
    given = [("1.500", "1500", "1.5"), ("12.345", "12345", "12.3450"), ("500.000", "500000", "500.0")]
    for text, whole, decimals in given:
        table = f"visit;date;last;{column};unit\nD1;2025-01-06;2025-01-06;%s;mg\n"
        assert refused(records, table % text) == [f"r.csv:2:26: `{text}` may be {whole} or {decimals}; write `{whole}`, or `{decimals}`"]
        for plain in (whole, decimals):
            [(_, record)] = records(table % plain)
            assert record.amount == Decimal(plain)
        [(_, record)] = records((table % text).replace(";", ","))
        assert record.amount == Decimal(decimals)
    for text in ("0.500", "1500.000", "412.50"):
        [(_, record)] = records(f"visit;date;amount;unit\nD1;2025-01-06;{text};mg\n")
        assert record.amount == Decimal(text)
    assert subjects("subject;start;weight_kg\n1;2025-01-06;60.125\n")[0].weight_kg == 60.125


def test_decimal_commas_between_semicolons() -> None:
    [subject] = subjects("subject;start;weight_kg;height_cm\n1;2025-01-06;60,5;165,5\n")
    assert (subject.weight_kg, subject.height_cm) == (60.5, 165.5)
    [(_, none), (_, some)] = records("visit;date;amount;unit;status\nD1;2025-01-06;0,0;mg;missed\nD2;2025-01-06;412,50;mg;\n")
    assert (none.amount, some.amount) == (Decimal(0), Decimal("412.5"))
    assert refused(records, "visit;date;amount;unit\nD1;2025-01-06;1,000;mg\n") == [
        "r.csv:2:15: `1,000` has a decimal comma; write `1.0`, or `1000` if the comma is between thousands"
    ]
    assert refused(subjects, "subject\tstart\tweight_kg\n1\t2025-01-06\t60,5\n") == ["s.csv:2:14: `60,5` has a decimal comma; write `60.5`"]


@pytest.mark.parametrize("sign", [".", "-", "NA", "n/a", "N/A", ""])
def test_signs_that_there_is_nothing(sign: str) -> None:
    text = f"subject,start,weight_kg,site\n1,2025-01-06,{sign},{sign}\n"
    assert roster.subjects(text.encode(), "s.csv", ()) == (Subject(JANUARY, "1"),)
    assert refused(records, f"subject,visit,date\n{sign},D1,2025-01-06\n")[0].startswith("r.csv:2:1: no subject's code")
    [(_, record)] = records(f"visit,date,status,amount,unit,comment\nD1,2025-01-06,{sign},{sign},{sign},{sign}\n")
    assert record == Record("D1", JANUARY)
