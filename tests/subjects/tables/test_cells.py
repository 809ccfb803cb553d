"""What stands in a cell: days in the ways in which they can be told apart, hours, decimal commas, and signs that there is nothing."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing.dose.dose import Value
from nmosd_dosing.errors import Problems
from nmosd_dosing.language.catalog import load
from nmosd_dosing.plans.planning import plan
from nmosd_dosing.subjects.subject import Exposure, Record, Subject
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


# --- each cell by itself -------------------------------------------------------------------------------------------------

KILOS = "write kilograms as a plain number, for example `60` or `60.5`"
METRES = "write centimetres as a plain number, for example `165` or `165.5`"
MEASURED = "write a plain number without a unit, for example `45` or `0.5`; what is below or above a limit has none"
AMOUNT = "write a plain number, 0 or more, for example `500` or `0.25`; the unit has its own column"
FORMAT = "write it as YYYY-MM-DD, for example `2025-01-06`"
CLOCK = "write it on a clock of 24 hours, for example `09:30`, without a zone"
AGE, SEX = "write completed years on day 1 as a whole number, 0 to 125", "write `M` or `F`, or leave it out where it is not known"
DECLARED = "is no value that the study declares"
EGFR, CD4 = Value("eGFR", "mL/min"), Value("CD4", "")
of_two, of_none, of_any = cells.of_study([EGFR, CD4]), cells.of_study([]), cells.of_study(None)
earlier, with_semicolons, weight_with_semicolons = cells.exposure("X"), cells.decimal_comma(cells.amount), cells.decimal_comma(cells.weight)
READ: list[tuple[Any, str, Any]] = [
    (cells.weight, "60.5", 60.5), (cells.weight, "500", 500.0), (cells.height, "272", 272.0), (cells.value, "0", 0.0),
    (cells.value, "1000000000", 1e9),
    (cells.sex, "male", "M"), (cells.sex, " f ", "F"), (cells.sex, "女", "F"), (cells.sex, "U", None), (cells.sex, "not stated", None),
    (cells.age, "0", 0), (cells.age, " 040 ", 40), (cells.age, "125", 125),
    (cells.amount, "0", Decimal(0)), (cells.amount, "1" * 21, Decimal("1" * 21)), (cells.amount, "5e12", Decimal("5E+12")),
    (cells.amount, "1e07", Decimal("1E+7")), (cells.amount, "0.1234560", Decimal("0.123456")),
    (with_semicolons, "0.500", Decimal("0.5")), (with_semicolons, "1500.000", Decimal(1500)), (with_semicolons, "412,50", Decimal("412.5")),
    (with_semicolons, "0,500", Decimal("0.5")), (weight_with_semicolons, "60,5", 60.5), (weight_with_semicolons, "60.125", 60.125),
    (of_two, "egfr", EGFR), (of_two, "CD4", CD4), (of_any, "x", Value("x", "")),
    (earlier, "40 mg/m2", Exposure("X", Fraction(40), "mg", "m2")), (earlier, "0.5 mg", Exposure("X", Fraction(1, 2), "mg", "")),
    (cells.hour, "9:30", MORNING), (cells.hour, "09:30:59.5", MORNING), (cells.hour, "00:00", dt.time()),
    (cells.hour, "23:59", dt.time(23, 59)),
    (cells.day, "2025年1月6", JANUARY), (cells.day, "6 Sept 2025", dt.date(2025, 9, 6)), (cells.day, "2025-12-31", dt.date(2025, 12, 31)),
    (cells.one_line, " a \n b  c ", "a b c"), (cells.code, "", ""), (cells.code, "a" * 200, "a" * 200),
]  # fmt: skip
NOT_READ: list[tuple[Any, str, str]] = [
    (cells.weight, "60,5", "`60,5` has a decimal comma; write `60.5`"),
    (cells.weight, "60kg", "`60kg` is not a weight; write `60`: the unit is always kg"),
    (cells.weight, "60,5 KG", "`60,5 KG` is not a weight; write `60.5`: the unit is always kg"),
    *[(cells.weight, text, f"`{text}` is not a weight; {KILOS}") for text in ("60 lb", "60.", "1" * 13, "-1", "")],
    (cells.weight, "500.001", "`500.001` cannot be a body weight; write kilograms, more than 0 and at most 500"),
    (cells.height, "165 cm", "`165 cm` is not a height; write `165`: the unit is always cm"),
    (cells.height, "5ft", f"`5ft` is not a height; {METRES}"),
    (cells.height, "1.65", "`1.65` cannot be a body height; write centimetres: `165`"),
    *[(cells.value, text, f"`{text}` is not a value; {MEASURED}") for text in ("45 mL", "<5", "45.")],
    (cells.value, "1000000001", "`1000000001` is not a value; write a number, 0 to 1000000000"),
    *[(cells.sex, text, f"`{text}` is not a sex; {SEX}") for text in ("x", "")],
    *[(cells.age, text, f"`{text}` is not an age; {AGE}") for text in ("126", "40.5", "-1", "1000")],
    (cells.amount, "2,5", "`2,5` has a decimal comma; write `2.5`"), (cells.amount, "0,500", "`0,500` has a decimal comma; write `0.500`"),
    (cells.amount, "1,2345", "`1,2345` has a decimal comma; write `1.2345`"),
    (cells.amount, "12,345", "`12,345` has a decimal comma; write `12.3450`, or `12345` if the comma is between thousands"),
    (cells.amount, "1.5e+12", "`1.5e+12` is shortened by a spreadsheet; write the number out, for example `1500000000000`"),
    (cells.amount, "0.0000001", "`0.0000001` has more than six decimals; write `0.000000`"),
    *[(cells.amount, text, f"`{text}` is not an amount; {AMOUNT}") for text in ("1" * 22, "5e13", "5e012", "-1", "1.", "5 mg", "5E+123")],
    (with_semicolons, "1.000", "`1.000` may be 1000 or 1.0; write `1000`, or `1.0`"),
    (with_semicolons, "12.345", "`12.345` may be 12345 or 12.3450; write `12345`, or `12.3450`"),
    (with_semicolons, "1.500,25", f"`1.500,25` is not an amount; {AMOUNT}"),
    (weight_with_semicolons, "60,125", "`60,125` has a decimal comma; write `60.125`"),
    (of_two, "CD8", f"`CD8` {DECLARED}; values are `eGFR` or `CD4`"), (of_two, "eGRF", f"`eGRF` {DECLARED}; did you mean `eGFR`?"),
    (of_none, "x", f"`x` {DECLARED}; this study doses by none: leave it out"),
    (earlier, "5 mgs", "`5 mgs`: unknown unit `mgs`; write `5 mg`"), (earlier, "0 mg", "`0 mg`: an amount of 0; write a number above 0"),
    *[(cells.hour, text, f"`{text}` is not a time of day; {CLOCK}") for text in ("24:00", "23:60", "9:3", "09:30Z", "0930")],
    *[(cells.day, on, f"`{on}`: there is no such day; check the month and the day") for on in ("2025-00-10", "2025-13-01", "2025-02-29")],
    *[(cells.day, text, f"`{text}` {NO_DAY}") for text in ("2025--06", "2025-13", "UN-UNK-2025", "UNK-JAN-2025", "Jan 2025")],
    *[(cells.day, text, f"`{text}` {YEAR_FIRST}; {FORMAT}") for text in ("2025-001-06", "2025-1")],
]  # fmt: skip


@pytest.mark.parametrize(("read", "text", "found"), READ, ids=[f"{text[:12]!r} {found!r:.20}" for _, text, found in READ])
def test_what_is_read_of_a_cell(read: Any, text: str, found: Any) -> None:
    problems = Problems()
    assert read(f"`{text}`", text, None, problems) == found
    assert problems.found == []


@pytest.mark.parametrize(("read", "text", "told"), NOT_READ, ids=[told[:40] for _, _, told in NOT_READ])
def test_what_is_said_of_a_cell_that_is_not_read(read: Any, text: str, told: str) -> None:
    problems = Problems()
    assert read(f"`{text}`", text, None, problems) is None
    assert [f"{problem.message}; {problem.hint}" for problem in problems.found] == [told]


NEVER = "there is no such day: check the month and the day, and write it as YYYY-MM-DD"
APART = "day and month cannot be told apart; write it as YYYY-MM-DD"
SERIAL = "it seems to be the number that a spreadsheet gives a day; format the cell as a date"
DATES = {
    "06-Jan-2025": "write `2025-01-06`", "6 Sept. 2025": "write `2025-09-06`", "6-Foo-2025": FORMAT,
    "6 january 25": "write the year with four digits: `2025-01-06`",
    "２０２５/1/6": "write `2025-01-06`", "2025年1月6日": "write `2025-01-06`", "2025/2/30": NEVER, "13/01-2025": "write `2025-01-13`",
    "12/13/2025": "write `2025-12-13`",
    "12/12/2025": APART, "1/1/25": APART, "13/14/2025": NEVER, "20251231": "write `2025-12-31`", "20251301": FORMAT, "20250230": NEVER,
    "20000": SERIAL, "69999": SERIAL, "19999": FORMAT, "70000": FORMAT,
}  # fmt: skip


@pytest.mark.parametrize(("text", "hint"), DATES.items())
def test_what_to_write_instead_of_a_day(text: str, hint: str) -> None:
    assert cells.date_hint(text) == hint
