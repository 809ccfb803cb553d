"""Tables of subjects, as people keep them, and a calendar for each subject."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from test_calendar_updates import JANUARY, folder, write
from test_cli import dosing

__all__ = ["folder"]  # the fixture


def several(table: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    Path("s.csv").write_text(table, encoding="utf-8")
    return dosing("plan", "--regimen", "belimumab", "--subjects", "s.csv", "--ics-dir", "out", "--stamp", JANUARY, *arguments)


def test_several_subjects_make_several_files(folder: Path) -> None:
    done = several("subject;start;weight_kg\r\n0012;2025-01-06;60\r\n\r\n0013;2025/2/3;\r\n")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines()[:3] == [
        "out/0012.ics: 15 added, 0 moved, 0 cancelled, 0 unchanged",
        "out/0013.ics: 15 added, 0 moved, 0 cancelled, 0 unchanged",
        "2 calendars: 30 added, 0 moved, 0 cancelled, 0 unchanged",
    ]
    assert "weight: one body weight counts for every dose: the one given, at baseline (0012)" in done.stderr.splitlines()
    assert "needs-weight: the dose depends on the body weight: add `--weight` in kg (0013)" in done.stderr.splitlines()
    assert "no-window: the source states no window for any visit" in done.stderr.splitlines(), "of all subjects"
    write("--weight", "60", regimen="belimumab", ics="one.ics")
    assert Path("out/0012.ics").read_bytes() == Path("one.ics").read_bytes()
    done = several("subject,start,weight_kg\n0013,2025-02-03,\n0012,2025-01-07,60\n")
    counts = [line for line in done.stderr.splitlines() if " unchanged" in line]
    assert counts == [
        "out/0013.ics: 0 added, 0 moved, 0 cancelled, 15 unchanged",
        "out/0012.ics: 0 added, 15 moved, 0 cancelled, 0 unchanged",
        "2 calendars: 0 added, 15 moved, 0 cancelled, 15 unchanged",
    ]


def test_lost_leading_zeros_are_suspected(folder: Path) -> None:
    several("subject,start\n0012,2025-01-06\n0013,2025-01-06\n")
    done = several("subject,start\n12,2025-01-06\n0013,2025-01-06\n14,2025-01-06\n")
    warnings = [line for line in done.stderr.splitlines() if line.startswith("warning")]
    assert warnings == ["warning: there is `out/0012.ics` too: has subject `12` lost its leading zeros?"]


def test_one_wrong_file_and_none_is_written(folder: Path) -> None:
    Path("out").mkdir()
    Path("out/0013.ics").write_text("mine")
    done = several("subject,start\n0012,2025-01-06\n0013,2025-02-03\n")
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, "error: `out/0013.ics` is not a calendar")
    assert [path.name for path in Path("out").iterdir()] == ["0013.ics"]


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
    "": "write for example `2025-01-06`",
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
    ("subject,start,arm\n1,2025-01-06,placebo\n", "unknown column `arm`"),
]


@pytest.mark.parametrize(("table", "message"), WRONG_TABLES, ids=[m for _, m in WRONG_TABLES])
def test_wrong_tables(folder: Path, table: str, message: str) -> None:
    done = several(table)
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, f"error: {message}")


def test_a_hundred_problems_and_the_count(folder: Path) -> None:
    done = several("subject,start\n" + "".join(f"{i},x\n" for i in range(250)))
    assert done.stderr.count("error: `x` is not a date") == 100
    assert done.stderr.startswith("error: 250 problems in one table; the first 100 follow\n")


def test_options_about_one_subject_beside_several(folder: Path) -> None:
    done = several("subject,start\n1,2025-01-06\n", "--start", "2025-01-06", "--format", "json", "--arm", "x")
    assert [line for line in done.stderr.splitlines() if line.startswith("error")] == [
        "error: `--start` is about one subject, `--subjects` about several",
        "error: `--arm` is about one subject, `--subjects` about several",
        "error: `--format` is about one subject, `--subjects` about several",
    ]
    assert dosing("plan", "--regimen", "belimumab", "--subjects", "s.csv").stderr == (
        "error: `--subjects` makes a calendar for each\nhint: add `--ics-dir FOLDER`\n"
    )


def test_two_codes_that_are_one_file_name(folder: Path) -> None:
    done = several("subject,start\na1,2025-01-06\nA1,2025-01-06\n")
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, "error: subjects `a1` and `A1` would share a file on some machines")
