"""What the cells of one row of visits say together: how much was given in all, the hour, a time point; and what contradicts itself."""

from __future__ import annotations

import pytest

from nmosd_dosing.dose.dose import Value
from nmosd_dosing.dose.units import UNITS
from nmosd_dosing.errors import one_of
from nmosd_dosing.subjects.tables import roster, weight_list
from nmosd_dosing.subjects.tables.headings import Layout
from tests.kit.tables import records, refused, subjects

GIVEN = "visit,date,last,amount_per_day,amount,unit,status\n"
NUMBER = "write a plain number, 0 or more, for example `500` or `0.25`; the unit has its own column"
NO_UNIT = f"has no unit; write {one_of(UNITS)} in the column `unit`"
NOT_GIVEN = "leave amount and unit out, or write `partial`"
AMOUNTS = {  # after `D1`: the day, the last day, an amount a day, one in all, its unit, the status; and the amount in all, or what is told
    "2025-01-06,2025-01-08,5,,mg,": "15", "2025-01-06,2025-01-06,5,,mg,": "5", "2025-01-06,2025-01-08,0.5,,mg,": "1.5",
    "2025-01-06,2025-01-08,,5,mg,": "5", "2025-01-06,,,5,mg,": "5", "2025-01-06,,,,,": "None", "2025-01-06,2025-01-06,0,,mg,missed": "0",
    "2025-01-06,,,0,mg,withheld": "0",
    "2025-01-06,2025-01-05,5,,mg,": "15: `2025-01-05` is before its first day, 2025-01-06; exchange the two, or mend one of them",
    "2025-01-06,,5,,mg,": "16: `5` is an amount a day, and on how many is not said; "
    "write the last day as `last`, or all that was given as `amount`",
    "2025-01-06,x,5,,mg,": "15: `x` is not a date with the year first; write it as YYYY-MM-DD, for example `2025-01-06`",
    ",2025-01-08,5,,mg,": "4: no date; write for example `2025-01-06`",
    "2025-01-06,2025-01-08,5,10,mg,": "26: `5` is an amount a day, and one in all is written too; "
    "keep one of them: `amount` is all that was given at the visit",
    "2025-01-06,2025-01-08,x,,mg,": f"26: `x` is not an amount; {NUMBER}", "2025-01-06,,,x,mg,": f"17: `x` is not an amount; {NUMBER}",
    "2025-01-06,2025-01-08,5,,,": f"26: `5` {NO_UNIT}", "2025-01-06,,,5,,": f"17: `5` {NO_UNIT}",
    "2025-01-06,,,,mg,": "18: `mg` without an amount; write the amount, or leave the unit out",
    "2025-01-06,2025-01-06,5,,mg,missed": f"26: `5` was not given: the visit is `missed`; {NOT_GIVEN}",
    "2025-01-06,,,5,mg,withheld": f"17: `5` was not given: the visit is `withheld`; {NOT_GIVEN}",
    "2025-01-06,2025-01-08,,,,missed": "15: `2025-01-08` is the last day of nothing: the visit is `missed`; "
    "leave it out, or write `partial`",
}  # fmt: skip


@pytest.mark.parametrize(("row", "found"), AMOUNTS.items())
def test_how_much_was_given_in_all(row: str, found: str) -> None:
    if ": " in found:
        assert refused(records, f"{GIVEN}D1,{row}\n") == [f"r.csv:2:{found}"]
    else:
        [(_, record)] = records(f"{GIVEN}D1,{row}\n")
        assert str(record.amount) == found


OWN_ROW = "a row of a time point, and of a dose; write the dose as a row of its own"
BOOK = "a time point has no appointment of its own; book its visit"
POINTS = {  # after `D1`: the day, the hour, assessment, time point, status, product, amount, unit, last day
    "2025-01-06,09:30,PK,1 h,,,,,": "09:30", "2025-01-06,,PK,,,,,,": "None", "2025-01-06T09:30,,,1 h,,,,,": "09:30",
    "2025-01-06T09:30,9:30,,,,,,,": "09:30", "2025-01-06,00:00,,,booked,,,,": "00:00", "2025-01-06,,,,,X,5,mg,2025-01-07": "None",
    "2025-01-06T09:30,09:31,,,,,,,": "21: `09:31` is another hour than the one beside the date, 09:30; keep one of them",
    "2025-01-06,,PK,,booked,,,,": f"16: {BOOK}", "2025-01-06,,,1 h,booked,,,,": f"17: {BOOK}",
    "2025-01-06,,PK,1 h,booked,,,,": f"19: {BOOK}",
    "2025-01-06,,PK,,,X,,,": f"16: {OWN_ROW}", "2025-01-06,,,1 h,,,5,mg,": f"17: {OWN_ROW}",
    "2025-01-06,,PK,1 h,,,,,2025-01-07": f"19: {OWN_ROW}",
}  # fmt: skip


@pytest.mark.parametrize(("row", "found"), POINTS.items())
def test_hours_and_time_points(row: str, found: str) -> None:
    text = f"visit,date,time,assessment,time_point,status,product,amount,unit,last\nD1,{row}\n"
    if ": " in found:
        assert refused(records, text) == [f"r.csv:2:{found}"]
    else:
        [(_, record)] = records(text)
        assert (f"{record.time:%H:%M}" if record.time else str(record.time)) == found


EACH = "`EXDOSE` is of one dose, and this row is of several days; where there is one dose a day, say so: `column amount_per_day=EXDOSE`"
OFTEN = "`EXDOSE` is of one dose, and `EXDOSFRQ` says how often it is given, which is not read; "
OFTEN += "where no row is of more than one dose, say so: `column amount=EXDOSE`"
SDTM: list[tuple[str, str, Layout, list[str]]] = [
    ("EXENDTC,EXDOSE,EXDOSU", "2025-01-06,5,mg", Layout("visits"), []),
    ("EXENDTC,EXDOSE,EXDOSU", "2025-01-07,0,mg", Layout("visits"), [f"r.csv:2:15: {EACH}"]),
    ("EXENDTC,EXDOSE,EXDOSU", "2025-01-07,0,mg", Layout("visits", columns={"amount": ["EXDOSE"]}), []),
    ("EXENDTC,amount,EXDOSU", "2025-01-07,5,mg", Layout("visits"), []),
    ("EXDOSFRQ,EXDOSE,EXDOSU", "QD,5,mg", Layout("visits"), [f"r.csv:1:1: {OFTEN}"]),
    ("EXDOSFRQ,EXDOSE,EXDOSU", "QD,5,mg", Layout("visits", columns={"amount": ["EXDOSE"]}), []),
    ("EXDOSFRQ,amount,EXDOSU", "QD,5,mg", Layout("visits"), []),
]  # fmt: skip


@pytest.mark.parametrize(("heading", "row", "layout", "told"), SDTM)
def test_the_amount_of_one_dose_is_not_that_of_several_days(heading: str, row: str, layout: Layout, told: list[str]) -> None:
    content = f"visit,date,{heading}\nD1,2025-01-06,{row}\n".encode()
    if told:
        assert refused(roster.records, content, "r.csv", None, False, layout) == told
    else:
        assert len(roster.records(content, "r.csv", None, False, layout)) == 1


QUOTES, CELLS = "a text with a comma stands in double quotes", "s.csv:2:1: 4 cells under 3 columns"
COUNTS = {  # below `subject,start,weight_kg`
    "1,2025-01-06,60,5": f"{CELLS}; numbers take a decimal point: `60.5`; {QUOTES}",
    "1,2025-01-06,60,x": f"{CELLS}; {QUOTES}", "1,2025-01-06,x,5": f"{CELLS}; {QUOTES}", "1,2025-01-06,60,-5": f"{CELLS}; {QUOTES}",
    "1,2025-01-06": f"s.csv:2:1: 2 cells under 3 columns; {QUOTES}",
    "1,2025-01-06,60,5,1": f"s.csv:2:1: 5 cells under 3 columns; {QUOTES}",
}  # fmt: skip


@pytest.mark.parametrize(("row", "told"), COUNTS.items())
def test_a_line_of_more_or_fewer_cells_than_the_heading(row: str, told: str) -> None:
    assert refused(subjects, f"subject,start,weight_kg\n{row}\n") == [told]
    assert len(subjects(f"subject,start,weight_kg\n1,2025-01-06,60,,\n2,{'2025-01-06,,'}\n")) == 2


def test_where_something_is_hidden_no_number_is_proposed() -> None:
    assert refused(subjects, "subject,start,weight_kg,phone\n1,2025-01-06,60,5,7\n") == [f"s.csv:2:1: 5 cells under 4 columns; {QUOTES}"]
    assert refused(subjects, "subject;start;weight_kg\n1;2025-01-06;60;5\n") == [f"{CELLS}; {QUOTES.replace('comma', 'semicolon')}"]


def test_of_two_headings_the_first_complete_one_counts_and_of_equal_readings_that_with_commas() -> None:
    assert refused(subjects, "subject,start\n1,2025-01-06\nsubject,start,site\n2,2025-01-06,A\n") == [
        f"s.csv:3:1, and 1 more: 3 cells under 2 columns; {QUOTES}"
    ]
    assert refused(weight_list.read, b"weight_kg\n60,5\n", "w.csv") == [
        f"w.csv:2:1: 2 cells under 1 columns; numbers take a decimal point: `60.5`; {QUOTES}"
    ]
    assert refused(subjects, "subject,,start\n1,x,2025-01-06\n2,,2025-01-06\n") == ["s.csv:1:9: column 2 has no name; name it, or clear it"]


@pytest.mark.parametrize(("values", "hint"), [(None, "`a name`"), ([], "`a name`"), ([Value("eGFR", "")], "`eGFR`")])
def test_a_row_that_does_not_name_what_was_measured(values: list[Value] | None, hint: str) -> None:
    content = b"subject,date,what,value\nA,2025-01-06,,5\n"
    assert refused(roster.measurements, content, "m.csv", values) == [f"m.csv:2:14: no name of a value; write {hint}"]


def test_y_and_n_of_sdtm() -> None:
    content = "visit,date,SVOCCUR\nD1,2025-01-06,Y\nD2,2025-01-06,n\nD3,2025-01-06,\n"
    assert [record.status for _, record in records(content)] == ["done", "missed", "done"]
    told = "r.csv:2:15: `yes` does not say whether it took place; write `Y` or `N`"
    assert refused(records, content.replace(",Y", ",yes")) == [told]
