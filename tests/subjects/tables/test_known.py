"""Whose the rows of all tables are: what each says of whom, of whom something is wrong, and what is told."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from nmosd_dosing.errors import Problem
from nmosd_dosing.subjects.subject import Subject
from nmosd_dosing.subjects.tables import roster
from nmosd_dosing.subjects.tables.known import Known
from tests.kit.tables import JANUARY, allocation, events, records, subjects

PEOPLE = subjects("subject,start\n0012,2025-01-06\nS-1,2025-02-03\ncafé,2025-02-03\n")
NO_CODE, ALONE = (Subject(JANUARY),), (Subject(JANUARY, "0012"),)


def joined(people: tuple[Subject, ...], of_register: bool = False, **rows: str) -> tuple[Known, dict[int, roster.Said]]:
    known = Known([one.code for one in people], lambda i: people[i].place, of_register=of_register)
    said = defaultdict[int, Any](roster.Said)
    roster.join(
        known, said, events("subject,event,date\n" + rows.get("events", "")), allocation("subject,arm\n" + rows.get("arms", "")),
        records(rows.get("visits", "visit,date\n")),
        roster.weighings(("subject,date,weight_kg\n" + rows.get("weights", "")).encode(), "w.csv"),
        roster.measurements(("subject,date,what,value\n" + rows.get("values", "")).encode(), "m.csv", None),
    )  # fmt: skip
    return known, said


def line(problem: Problem) -> str:
    places = [place.document.where(place) for place in (problem.place, *(place for _, place in problem.also)) if place is not None]
    return f"{', '.join(places)}{f' and {problem.alike} more' if problem.alike else ''}: {problem.message}; {problem.hint}"


def test_two_weights_or_values_of_one_day_and_the_same_value_again() -> None:
    known, said = joined(
        PEOPLE,
        weights="0012,2025-02-01,60\n0012,2025-02-01,60\nS-1,2025-02-01,61\n0012,2025-02-02,62\n",
        values="S-1,2025-02-01,a,5\nS-1,2025-02-01,a,5.0\nS-1,2025-02-01,b,7\nS-1,2025-02-02,a,8\nS-1,2025-02-02,a,9\n",
    )
    assert [line(problem) for problem in known.in_order] == [
        "w.csv:3:17, w.csv:2:17: two weights of subject `0012` on 2025-02-01; keep one of them",
        "m.csv:6:18, m.csv:5:18: two values of `a` of subject `S-1` on 2025-02-02; keep the one that doses are to be by",
    ]
    assert known.wrong == {0, 1} and not known.nobody and known.more == 0
    assert {i: ([w.kg for w in of.weights.values()], [m.value for m in of.measurements.values()]) for i, of in said.items()} == {
        0: ([60, 62], []),
        1: ([61], [5, 7, 8]),
    }


UNKNOWN = "is not a subject of this"
MEND = "mend the code, or add a row to the table of subjects"
ENTER = "mend the code, or enter the subject first: `dosing register record subjects subject=zz start=…`"
TEXT = "in a column that is formatted as text"
WHOSE: dict[str, tuple[tuple[Subject, ...], bool, dict[str, str], list[str], set[int]]] = {
    "the same code": (PEOPLE, False, {"events": "S-1,died,2025-03-01\ncafe\u0301,died,2025-03-01\n"}, [], set()),
    "nobody's, twice": (
        PEOPLE, False, {"events": "zz,died,2025-03-01\nzz,relapse,2025-03-01\n"},
        [f"e.csv:2:1 and 1 more: `zz` {UNKNOWN} table; {MEND}"], set(),
    ),
    "nobody's, of a register": (PEOPLE, True, {"arms": "zz,X\n"}, [f"a.csv:2:1: `zz` {UNKNOWN} register; {ENTER}"], set()),
    "written otherwise": (PEOPLE, False, {"arms": "s-01,X\n"}, [f"a.csv:2:1, s.csv:3:1: `s-01` {UNKNOWN} table; write `S-1`"], {1}),
    "written otherwise, of a register": (
        PEOPLE, True, {"arms": "12,X\n"}, [f"a.csv:2:1, s.csv:2:1: `12` {UNKNOWN} register; write `0012`"], {0},
    ),
    "zeros taken off": (
        PEOPLE, False, {"weights": "12,2025-02-01,60\n"},
        [f"w.csv:2:1, s.csv:2:1: `12` {UNKNOWN} table; did a spreadsheet take the zeros off `0012`?; write `0012`, {TEXT}"], {0},
    ),
    "zeros taken off there": (
        PEOPLE, False, {"weights": "00012,2025-02-01,60\n"},
        [f"w.csv:2:1, s.csv:2:1: `00012` {UNKNOWN} table; did a spreadsheet make `0012` of it?; write `00012` there, {TEXT}"], {0},
    ),
    "no column says whose": (
        PEOPLE, False, {"visits": "visit,date\nD1,2025-01-06\nD2,2025-01-06\n"},
        ["r.csv:2:1: whose records these are is not said; add the column `subject`: there are several"], set(),
    ),
    "the plan is nobody's": (
        NO_CODE, False, {"events": "A1,died,2025-03-01\n"},
        ["e.csv:2:1: this row is of `A1`, and the plan is not said to be; add `subject A1`"], set(),
    ),
    "another one's, of one alone": (ALONE, False, {"events": "A1,died,2025-03-01\n"}, [], set()),
    "of one alone, written otherwise": (
        ALONE, False, {"events": "012,died,2025-03-01\nA1,died,2025-03-01\n"},
        [f"e.csv:2:1: `012` is not the subject `0012`; did a spreadsheet take the zeros off `0012`?; write `0012`, {TEXT}"], {0},
    ),
    "nobody's, of two who stand in no table": (
        (Subject(JANUARY, "A1"), Subject(JANUARY, "A2")), False, {"arms": "zz,X\n"}, [f"a.csv:2:1: `zz` {UNKNOWN} table; {MEND}"], set(),
    ),
    "each in an arm": (PEOPLE, False, {"arms": "0012,X\nS-1,X\n"}, [], set()),
}  # fmt: skip


@pytest.mark.parametrize(("people", "of_register", "rows", "told", "wrong"), WHOSE.values(), ids=WHOSE)
def test_whose_rows_are(people: tuple[Subject, ...], of_register: bool, rows: dict[str, str], told: list[str], wrong: set[int]) -> None:
    known, _ = joined(people, of_register, **rows)
    assert [line(problem) for problem in known.in_order] == told
    assert (known.wrong, known.more, known.nobody) == (wrong, 0, "visits" in rows)


def test_records_that_name_nobody_are_of_the_only_subject() -> None:
    for people in (NO_CODE, ALONE, PEOPLE[:1]):
        known, said = joined(people, visits="visit,date\nD1,2025-01-06\n")
        assert (known.in_order, known.nobody, len(said[0].records)) == ([], False, 1)


@pytest.mark.parametrize("n", [100, 101, 102])
def test_of_many_codes_that_nobody_has_the_first_hundred_are_told(n: int) -> None:
    known, _ = joined(PEOPLE, events="".join(f"x{i},died,2025-03-01\n" for i in range(n)))
    assert (len(known.in_order), known.more) == (100, n - 100)


@pytest.mark.parametrize("n", [199, 200, 201])
def test_of_many_weights_that_contradict_each_other_the_others_are_counted(n: int) -> None:
    known, _ = joined(PEOPLE, weights="0012,2025-02-01,60\n" * (n + 1))
    assert (len(known.in_order), known.more) == (min(n, 200), n - min(n, 200))


@pytest.mark.parametrize(("texts", "whom"), [((), set()), (("0012",), {0}), (("12", "S-1"), {0, 1}), (("zz",), set()), (("s1",), {1})])
def test_whom_codes_may_mean(texts: tuple[str, ...], whom: set[int]) -> None:
    assert Known([one.code for one in PEOPLE], lambda i: PEOPLE[i].place).may_be(texts) == whom
