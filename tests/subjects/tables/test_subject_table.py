"""Tables of subjects as people keep them: every wrong cell is shown at once, and days are read only year first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.calendar_command import several
from tests.kit.command import dosing

TABLE = """subject,start,weight_kg
0012,6/1/2025,60
0013,2025-02-30,60.5
,2025-01-06,"60,5"
0012,2025-01-06,1e9
"0014,2025-01-06,60
0015,2025-01-06
"""


def test_every_wrong_cell_is_shown_at_once(folder: Path) -> None:
    done = several(TABLE)
    heads = [line for line in done.stderr.splitlines() if line.startswith(("error", " -->"))]
    assert heads == [
        "error: `6/1/2025` is not a date with the year first", " --> s.csv:2:6",
        "error: `2025-02-30`: there is no such day", " --> s.csv:3:6",
        "error: no subject's code", " --> s.csv:4:1",
        "error: `60,5` has a decimal comma", " --> s.csv:4:14",
        "error: subject `0012` has two rows", " --> s.csv:5:1",
        "error: `1e9` is not a weight", " --> s.csv:5:17",
        "error: a quotation mark in the middle of a cell, or without its partner", " --> s.csv:6:1",
        "error: 2 cells under 3 columns", " --> s.csv:7:1",
    ]  # fmt: skip
    assert not Path("out").exists()


DAYS = {
    "6/1/2025": "day and month cannot be told apart; write it as YYYY-MM-DD",
    "20.01.2025": "write `2025-01-20`",
    "1/20/2025": "write `2025-01-20`",
    "2025/1-6": "write `2025-01-06`",
    "20250106": "write `2025-01-06`",
    "45663": "it seems to be the number that a spreadsheet gives a day; format the cell as a date",
    "Monday": "write it as YYYY-MM-DD, for example `2025-01-06`",
}


@pytest.mark.parametrize(("day", "hint"), DAYS.items())
def test_days_that_are_not_year_first(folder: Path, day: str, hint: str) -> None:
    assert several(f"subject,start\n1,{day}\n").stderr.endswith(f"hint: {hint}\n")


@pytest.mark.parametrize("day", ["2025-01-06", "2025/1/6", "2025.01.06", " 2025-1-6 ", "2025年1月6日", '"2025-01-06"'])
def test_days_that_are(folder: Path, day: str) -> None:
    assert several(f"subject,start\n1,{day}\n").returncode == 0
    assert b"DTSTART;VALUE=DATE:20250106\r\n" in Path("out/1.ics").read_bytes()


def test_a_table_and_the_command_line_take_the_same_weights_and_codes(folder: Path) -> None:
    for weight, words in (("60.5000", ""), ("60.0005", "is finer than a gram"), ("0", "cannot be a body weight"), ("x", "is not a weight")):
        table = several(f"subject,start,weight_kg\n1,2025-01-06,{weight}\n")
        one = dosing("plan", "--regimen", "belimumab", "--start", "2025-01-06", "--weight", weight)
        assert table.returncode == one.returncode == (2 if words else 0)
        assert words in table.stderr and words in one.stderr
    assert "the subject's code holds a control character (U+200B)" in several("subject,start\n1\u200b,2025-01-06\n").stderr


WRONG_TABLES = [
    ("PK\x03\x04", "`s.csv` is not a workbook that can be read"),
    ("", "`s.csv` is empty"),
    ("subject,start\n", "`s.csv` has no rows"),
    ("subject\n1\n", "column `start` is missing"),
    ("subject,start,start\n1,2025-01-06,2025-01-06\n", "column `start` stands twice"),
    ("subject,strat\n1,2025-01-06\n", "unknown column `strat`"),
    ("subject,start,enter_olp\n1,2025-01-06,\n", "unknown column `enter_olp`"),
]


@pytest.mark.parametrize(("table", "message"), WRONG_TABLES, ids=[m for _, m in WRONG_TABLES])
def test_wrong_tables(folder: Path, table: str, message: str) -> None:
    done = several(table)
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, f"error: {message}")


def test_a_hundred_problems_and_the_count(folder: Path) -> None:
    done = several("subject,start\n" + "".join(f"{i},x{i}\n" for i in range(250)))
    assert done.stderr.count("is not a date") == 100
    assert done.stderr.startswith("error: 250 problems in one table; the first 100 follow\n")


def test_what_is_wrong_in_the_same_way_is_told_once(folder: Path) -> None:
    done = several("subject,start\n" + "".join(f"{i},x\n" for i in range(1250)))
    assert done.stderr == (
        "error: `x` is not a date with the year first\n"
        " --> s.csv:2:3, and 1,249 more rows\n  |\n2 | 0,x\n  |   ^\n"
        "hint: write it as YYYY-MM-DD, for example `2025-01-06`\n"
    )
