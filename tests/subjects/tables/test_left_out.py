"""Whose rows are left out where the others are taken: of each table what is read, what is told, and whose it is; and of whom a line may be
that is no row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from nmosd_dosing.dose.dose import Value
from nmosd_dosing.errors import InputError, Problems
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.subject import Event, Measurement, Record, Weight
from nmosd_dosing.subjects.tables import roster, subject_table
from nmosd_dosing.subjects.tables.headings import Layout
from nmosd_dosing.subjects.tables.roster import LeftOut
from tests.kit.tables import refused


def events(text: str, left_out: LeftOut | None) -> list[Any]:
    return roster.events(f"subject,event,date\n{text}".encode(), "e.csv", ("died",), left_out)


def arms(text: str, left_out: LeftOut | None) -> list[Any]:
    return roster.allocation(f"subject,arm\n{text}".encode(), "a.csv", left_out)


def weights(text: str, left_out: LeftOut | None) -> list[Any]:
    return roster.weighings(f"subject,date,weight_kg\n{text}".encode(), "w.csv", left_out)


def values(text: str, left_out: LeftOut | None) -> list[Any]:
    return roster.measurements(f"subject,date,what,value,unit\n{text}".encode(), "m.csv", [Value("eGFR", "mL/min")], left_out)


def visits(text: str, left_out: LeftOut | None) -> list[Any]:
    return roster.records(f"subject,visit,date\n{text}".encode(), "v.csv", left_out)


SOME: list[tuple[Callable[[str, LeftOut | None], list[Any]], str, str, list[str], set[str]]] = [
    (events, "A,died,2025-01-06\n", "A", [], set()),
    (events, "A,died,x\nB,died,2025-01-06\nC,dead,2025-01-06\n", "B",
     ["`x` is not a date with the year first", "unknown event `dead`"], {"A", "C"}),
    (arms, "A,X\nA,Y\nB,\nC,Z\n", "C", ["subject `A` has two rows", "no arm"], {"A", "B"}),
    (weights, "A,2025-01-06,60\nB,2025-01-06,\nC,,60\nD,2025-01-06,x\n", "A",
     ["no weight", "no date", "`x` is not a weight"], {"B", "C", "D"}),
    (values, "A,2025-01-06,egfr,5,mL / min\n"
     "B,2025-01-06,eGFR,5,mL/s\nC,2025-01-06,CD4,5,\nD,2025-01-06,eGFR,x,mL/min\nE,,eGFR,5,mL/min\n"
     "F,2025-01-06,eGFR,5,\nG,2025-01-06,,5,mL/min\nH,2025-01-06,eGFR,,mL/min\n", "A",
     ["`eGFR` is in `mL/s` here, and in `mL/min` in the study file", "`CD4` is no value that the study declares", "`x` is not a value",
      "no date", "no unit", "no name of a value", "no value"], set("BCDEFGH")),
    (visits, "A,D1,2025-01-06\nB,D1,x\nC,,2025-01-06\n", "A", ["`x` is not a date with the year first", "no visit"], {"B", "C"}),
]  # fmt: skip


@pytest.mark.parametrize(("read", "rows", "taken", "told", "whose"), SOME)
def test_the_rows_of_others_are_taken(read: Any, rows: str, taken: str, told: list[str], whose: set[str]) -> None:
    for left_out in (LeftOut(), LeftOut(refuses=True)):
        assert "".join(code.text for code, _ in read(rows, left_out)) == taken
        assert ([problem.message for problem in left_out.problems], left_out.more, left_out.codes) == (told, 0, whose)
    if told:
        with pytest.raises(InputError) as error:
            read(rows, None)
        assert [problem.message for problem in error.value.problems] == told


NOBODYS = {
    ",died,2025-01-06\nB,died,2025-01-06\n": ["no subject's code"],
    "A,died\nB,died,2025-01-06\n": ["2 cells under 3 columns"],
    'A,"died,2025-01-06\nB,died,2025-01-06\n': ["a quotation mark in the middle of a cell, or without its partner"],
}


@pytest.mark.parametrize(("rows", "told"), NOBODYS.items())
def test_where_it_cannot_be_read_whose_a_row_is_nothing_is_taken_but_all_is_told_where_it_is_refused_later(
    rows: str, told: list[str]
) -> None:
    with pytest.raises(InputError) as error:
        events(rows, LeftOut())
    assert [problem.message for problem in error.value.problems] == told
    left_out = LeftOut(refuses=True)
    assert [code.text for code, _ in events(rows, left_out)] == ["B"]
    assert [problem.message for problem in left_out.problems] == told


@pytest.mark.parametrize(("n", "many"), [(99, 99), (100, 100), (101, 100), (250, 100)])
def test_of_very_many_problems_a_hundred_are_kept_and_the_others_counted(n: int, many: int) -> None:
    rows = "".join(f"A,died,x{i}\n" for i in range(n))
    left_out, refuses = LeftOut(), LeftOut(refuses=True)
    events(rows, left_out)
    events(rows, left_out)
    events(rows, refuses)
    assert (len(left_out.problems), left_out.more) == (2 * many, 2 * (n - many))
    first = [] if n == many else [f"{n} problems in one table; the first 100 follow"]
    assert [problem.message for problem in refuses.problems[: len(first)]] == first
    assert (len(refuses.problems), refuses.more) == (many + len(first), 0)


def test_what_is_wrong_with_several_columns_is_counted_together() -> None:
    left_out = LeftOut()
    events("".join(f"A,x{i},y{i}\n" for i in range(150)), left_out)
    assert (len(left_out.problems), left_out.more) == (100, 200)


@pytest.mark.parametrize("n", [100, 101, 103])
def test_of_codes_that_stand_twice_a_hundred_are_told(n: int) -> None:
    found = refused(roster.subjects, ("subject,start\n" + "".join(f"{i},2025-01-06\n" for i in range(n)) * 2).encode(), "s.csv", ())
    assert found[0].endswith("problems in one table; the first 100 follow; None") == (n > 100)
    assert found[0].startswith(f"-: {n} problems") == (n > 100)
    assert len([text for text in found if "has two rows" in text]) == 100


def columns(text: str) -> subject_table.SubjectColumns:
    return subject_table.read(text.encode(), "s.csv", ("olp",), ("X",), Problems())


START = "start,subject,site\n2025-01-06,A,S1\n2025-01-06,B,S1\n"
LINES: dict[str, list[int | None] | None] = {
    "subject,start\nA,2025-01-06\nB,2025-01-06\nA\n": [0],
    "subject,start\nA,2025-01-06\nX\nX,2025-01-06,A\n": [None, None],
    'subject,start\nA,2025-01-06\nB,2025-01-06\n"B,2025-01-06\n': [1],
    'subject,start\nA,2025-01-06\n"X,2025-01-06\n': None,
    "subject,start\nA,2025-01-06\n,2025-01-06,A\n": None,
    f"{START}2025-01-06,B\n": [1],
    f"{START}2025-01-06\n": None,
    f"{START}A\n": [0],
    f"{START}2025-01-06,1,A,S1\n": [0],
    f"{START}2025-01-06,1,2,A\n": None,
    f"{START}2025-01-06,1,2,A,S1\n": [0],
    f"{START}2025-01-06,B,A,S1\n": [1, 0],
    f'{START}2025-01-06," A",S1,"\n': [0],
    'subject,start,site\nA,2025-01-06,S1\n"X,A\n': None,
    START: [],
}


@pytest.mark.parametrize(("text", "rows"), LINES.items(), ids=[text.replace("\n", "¶") for text in LINES])
def test_of_whom_a_line_may_be_that_is_no_row(text: str, rows: list[int | None] | None) -> None:
    """A cell too many may stand before the code; so as many cells behind its place are looked at as the line has too many."""
    table = columns(text).table
    if rows is None:
        with pytest.raises(ValueError, match=r"\["):
            subject_table.of_broken_lines(table)
    else:
        assert subject_table.of_broken_lines(table) == rows


def test_who_had_no_first_dose() -> None:
    found = columns("subject,start,consented,randomised\nA,2025-01-06,,\nB,,,\nC,,2025-01-02,\nD,,,2025-01-03\nE,,2025-01-02,2025-01-03\n")
    assert found.without_start == {1}
    assert found.with_more() == {2, 3, 4}
    assert columns("subject,start\nA,2025-01-06\n").without_start == set()
    assert columns("subject,start\nA,\nB,\n").without_start == {0, 1}


TWICE = {
    "A,2025-01-06,S1\nA,2025-01-06,S2\n": "; two people need two codes, such as `S2-A`",
    "A,2025-01-06,S1\nA,2025-01-06,S1\n": "",
    "A,2025-01-06,S1\nA,2025-01-06,\n": "",
    "A,2025-01-06,\nA,2025-01-06,S1\n": "",
    "A,2025-01-06,\nA,2025-01-06,\n": "",
}


@pytest.mark.parametrize(("rows", "more"), TWICE.items())
def test_two_rows_of_one_code_at_one_site_or_two(rows: str, more: str) -> None:
    content = f"subject,start,site\n{rows}B,2025-01-06,S3\n".encode()
    told = f"s.csv:3:1: subject `A` has two rows (the first s.csv:2:1); take one of the two out{more}"
    assert refused(roster.subjects, content, "s.csv", ()) == [told]
    problems = Problems()
    assert subject_table.read(content, "s.csv", (), (), problems).table.wrong == {0, 1}


@pytest.mark.parametrize("rows", ['"D\n1",x\nD2,y\nD3,z\n', '"D\n1","x\n"\nD2,"y"\n"D3",z\n', "D1,x\nD2,y\nD3,z"])
def test_the_rows_of_a_register_have_the_numbers_of_their_entries(rows: str) -> None:
    layout = Layout("visits", entries=(31, 32, 40))
    with pytest.raises(InputError) as error:
        roster.records(f"visit,date\n{rows}".encode(), "v.csv", masked=False, layout=layout)
    assert [problem.place.where for problem in error.value.problems if problem.place] == [f"number {n} of visits" for n in (31, 32, 40)]
    with pytest.raises(InputError, match="number 0 of visits"):
        roster.records(f"visit,dat\n{rows}".encode(), "v.csv", masked=False, layout=layout)
    with pytest.raises(InputError, match="number 0 of visits"):  # a row that the register does not have
        roster.records(f"visit,date\n{rows}\nD4,a\n".encode().replace(b"x", b"2025-01-06"), "v.csv", masked=False, layout=layout)


def test_the_columns_of_a_table_make_the_cohort_that_its_subjects_make() -> None:
    """Of some rows, in another order; of two of them other tables say more: events, records, weights and values."""
    table = columns(
        "subject,start,weight_kg,height_cm,sex,age_years,site,enter_olp,earlier_X,screened\n"
        "A,2025-01-06,60,160,M,40,S1,2025-06-01,5 mg,2025-01-02\nB,2025-01-07,,,,,,,,\n"
        "C,2025-01-08,62.5,,F,,S2,,,\nD,2025-01-09,63,,,,,,,\n"
    )
    february, march = dt.date(2025, 2, 3), dt.date(2025, 3, 3)
    events = (Event("relapse", february), Event("relapse", march))
    records = (Record("D1", february, weight_kg=61), Record("D1", march, time_point="1 h"))
    told = {
        0: table.subject(0, events, records=records, weights=(Weight(march, 65),)),
        2: table.subject(2, events[:1], measurements=(Measurement("eGFR", february, 45), Measurement("eGFR", march, 50))),
    }
    rows = [3, 2, 0]
    made = subject_table.to_cohort(table, rows, told, {0: 1, 3: 0}, ("x", "y"), {"study_stop": march})
    subjects = [told.get(row) or table.subject(row) for row in rows]
    expected = Cohort.of_subjects(
        [replace(s, arm={"A": "y", "D": "x"}.get(s.code or "")) for s in subjects], ("x", "y"), {"study_stop": march}
    )
    for name in ("codes", "sites", "records", "timed", "earlier", "of_study"):
        assert getattr(made, name) == getattr(expected, name), name
    for name in ("start", "grams", "arm", "height", "sex", "age"):
        np.testing.assert_array_equal(getattr(made, name), getattr(expected, name))
    for name in ("events", "entered"):
        assert {key: days.astype(str).tolist() for key, days in getattr(made, name).items()} == {
            key: days.astype(str).tolist() for key, days in getattr(expected, name).items()
        }
    for ours, theirs in (
        (made.weighed, expected.weighed),
        (made.measured, expected.measured),
        (made.values["eGFR"], expected.values["eGFR"]),
    ):
        assert ours is not None and theirs is not None
        assert ours.dates.astype(str).tolist() == theirs.dates.astype(str).tolist()
        np.testing.assert_array_equal(ours.wholes, theirs.wholes)
    without = subject_table.to_cohort(table, [1], {}, {}, (), {})
    assert (without.codes, without.sites, without.arm.tolist(), without.weighed, without.records) == (("B",), (None,), [-1], None, ())
    assert without.sex is None and without.age is None
