"""A code that nobody has is shown with those that it may mean, and a lost zero is drawn."""

from __future__ import annotations

import pytest

from nmosd_dosing.errors import InputError
from nmosd_dosing.subjects.tables import roster
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
        "e.csv:2:1: `0014` is not a subject of this table; did you mean `0012`?",
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
