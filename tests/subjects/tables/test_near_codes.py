"""A code that nobody has is shown with the same code, written otherwise, and never with a neighbour's; a lost zero is drawn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing.errors import InputError
from nmosd_dosing.subjects.tables import near_codes, roster
from tests.kit.tables import PEOPLE, allocation, events, records, refused, subjects


def test_codes_that_nobody_has() -> None:
    known, text = subjects(PEOPLE + "7,2025-02-03\n"), "write `0012`, in a column that is formatted as text"
    found = refused(
        roster.roster,
        known,
        events("subject,event,date\n0014,stable,2025-05-04\n12,died,2025-03-04\n"),
        allocation("subject,arm\n0007,X\n"),
        records("subject,visit,date\nzzz,D15,2025-02-17\n12,D1,2025-02-03\n"),
    )
    assert found == [
        "e.csv:2:1: `0014` is not a subject of this table; mend the code, or add a row to the table of subjects",
        "e.csv:3:1: `12` is not a subject of this table; did a spreadsheet take the zeros off `0012`? (this one s.csv:2:1); " + text,
        "a.csv:2:1: `0007` is not a subject of this table; did a spreadsheet make `7` of it? (this one s.csv:4:1); "
        "write `0007` there, in a column that is formatted as text",
        "r.csv:2:1: `zzz` is not a subject of this table; mend the code, or add a row to the table of subjects",
        "r.csv:3:1: `12` is not a subject of this table; did a spreadsheet take the zeros off `0012`? (this one s.csv:2:1); " + text,
    ]


def test_how_a_lost_zero_is_drawn() -> None:
    with pytest.raises(InputError) as error:
        roster.roster(subjects(PEOPLE), [], [], records("visit,date,subject\nD1,2025-01-06,12\n"))
    assert str(error.value) == (
        "error: `12` is not a subject of this table; did a spreadsheet take the zeros off `0012`?\n"
        " --> r.csv:2:15\n"
        "  |\n"
        "2 | D1,2025-01-06,12\n"
        "  |               ^^\n"
        " ::: s.csv:2:1\n"
        "  |\n"
        "2 | 0012,2025-01-06\n"
        "  | ^^^^ this one\n"
        "hint: write `0012`, in a column that is formatted as text"
    )


SAME = [
    ("S2-001", "s2-001"), ("S2-001", "S2_001"), ("S2-001", "S2–001"), ("S2-001", "S2 001"), ("S2-001", "S2-1"),
    ("S2-001", "Ｓ２－００１"), ("0012", "12"), ("CN01-0007", "cn1-7"), ("Á-01", "á-1"),
    ("A1-B-2", "A1-B2"),
]  # fmt: skip
OTHERS = [
    ("S1-001", "S2-001"), ("S1-001", "S1-002"), ("S1-001", "S1-0011"), ("S1-001", "S1-01l"), ("S1-012", "S1-021"), ("1101", "101"),
    ("S1-001", "S1001"), ("S11-01", "S1-101"), ("A-1", "B-1"), ("0012", "0012a"), ("ABCDEF", "ABCDE"),
    ("A1-2", "A12"), ("1-1-1", "1-11"), ("1A-1", "1-A1-1"),
]  # fmt: skip


@pytest.mark.parametrize(("known", "written"), SAME)
def test_the_same_code_written_otherwise(known: str, written: str) -> None:
    assert near_codes.near({written}, [known]) == {written: [0]}


@pytest.mark.parametrize(("known", "other"), OTHERS)
def test_a_code_that_is_merely_like_it_is_somebody_elses(known: str, other: str) -> None:
    assert near_codes.near({other}, [known]) == near_codes.near({known}, [other]) == {}


CODES = st.builds(
    "{}{}-{}".format, st.sampled_from(["", "A", "AB"]), st.sampled_from(["1", "01", "10"]), st.sampled_from(["1", "01", "12", "102"])
)


@given(CODES, CODES)
def test_a_proposed_code_has_the_same_letters_and_numbers(one: str, other: str) -> None:
    def said(code: str) -> list[str]:
        site, number = code.split("-")
        letters = site.rstrip("0123456789")
        return [letters, str(int(site[len(letters) :])), str(int(number))]

    assert bool(near_codes.near({one}, [other])) == (said(one) == said(other))


def test_where_two_have_the_same_code_nobody_is_proposed() -> None:
    found = refused(
        roster.roster,
        subjects("subject,start\nS1-01,2025-01-06\nS1-001,2025-01-06\n"),
        events("subject,event,date\nS1-1,died,2025-03-04\n"),
        [],
        [],
    )
    assert found == ["e.csv:2:1: `S1-1` is not a subject of this table; mend the code, or add a row to the table of subjects"]


def test_a_row_of_the_one_subject_under_another_writing_is_not_passed_over() -> None:
    """Of a table of many the rows of others are left out; one that is this subject's, written otherwise, is not."""
    from datetime import date

    from nmosd_dosing.subjects.subject import Subject

    one = (Subject(date(2025, 1, 6), "S1-001"),)
    assert refused(roster.roster, one, events("subject,event,date\nS2-001,died,2025-03-04\ns1-1,died,2025-03-04\n"), [], []) == [
        "e.csv:3:1: `s1-1` is not the subject `S1-001`; write `S1-001`"
    ]
