"""The tables of `dosing cohort`: however written they are read alike, and what is wrong is told and breaks nothing."""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit import studies
from tests.kit.cohort_command import GOOD, SEVEN, cohort, rows, subjects_of

WRITTEN = {
    "a mark": b"\xef\xbb\xbf" + GOOD.encode(),
    "semicolons and the lines of Windows": GOOD.replace(",", ";").replace("\n", "\r\n").encode(),
    "UTF-16": GOOD.encode("utf-16"),
    "tabs": GOOD.replace(",", "\t").encode(),
    "dates of a spreadsheet": GOOD.replace("2025-01-06", "2025/1/6").encode(),
}


@pytest.mark.parametrize("content", WRITTEN.values(), ids=list(WRITTEN))
def test_however_the_table_is_written(tmp_path: Path, content: bytes) -> None:
    whole = cohort(tmp_path, subjects=GOOD).stdout
    assert cohort(tmp_path, subjects=content).stdout == whole


def test_a_workbook(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for line in GOOD.splitlines():
        book.active.append(line.split(","))
    book.save(tmp_path / "subjects.xlsx")
    whole = cohort(tmp_path, subjects=GOOD).stdout
    (tmp_path / "subjects.xlsx").rename(tmp_path / "subjects.csv")  # what a file is its bytes tell
    assert cohort(tmp_path).stdout == whole


WRONG = {
    "nothing": ("", "error: `subjects.csv` is empty"),
    "a heading alone": ("subject,start\n", "error: `subjects.csv` has no rows"),
    "no start": ("subject\nA\n", "error: column `start` is missing"),
    "another column": ("subject,start,weihgt_kg\nA,2025-01-06,3\n", "error: unknown column `weihgt_kg`"),
    "no day": ("subject,start\nA,2025-02-30\n", "error: `2025-02-30`: there is no such day\n --> subjects.csv:2:3"),
    "two rows": ("subject,start\nA,2025-01-06\nA,2025-01-07\n", "error: subject `A` has two rows\n --> subjects.csv:3:1"),
    "a quotation mark": ('subject,start\nA,"2025-01-06\n', "error: a quotation mark in the middle of a cell"),
    "no text": (b"\xff\xfe\x00\xd8", "error: `subjects.csv` has the mark of UTF-16, and is not text in it"),
}


@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=list(WRONG))
def test_nothing_is_written_when_something_is_wrong(tmp_path: Path, content: str | bytes, message: str) -> None:
    for arguments in ((), ("--skip-bad",)):
        done = cohort(tmp_path, "--output", "o.csv", *arguments, subjects=content)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(message)
        assert not (tmp_path / "o.csv").exists()


def test_of_very_many_wrong_rows_the_first_hundred_and_the_count(tmp_path: Path) -> None:
    lines = "".join(f"S{i},2025-0{i}-06,{i}x\n" for i in range(10, 2010))
    done = cohort(tmp_path, subjects=f"subject,start,weight_kg\n{lines}")
    assert done.stderr.startswith(
        "error: 4,000 problems in one table; the first 100 follow\n --> subjects.csv\n\nerror: `2025-010-06` is not a date"
    )
    assert done.stderr.count("error: ") == 101
    assert " --> subjects.csv:51:" in done.stderr
    assert " --> subjects.csv:52:" not in done.stderr


@pytest.mark.parametrize("line", ["A2,2025-02-02,60,x", 'A2,"2025-02-02,60', 'A2,2025-02-02,"60" kg', 'A2,"2025-02-02, 60'])
@pytest.mark.parametrize("first", [True, False])
def test_a_line_that_is_no_row_is_a_second_row(tmp_path: Path, line: str, first: bool) -> None:
    lines = SEVEN.splitlines()
    lines.insert(1 if first else 8, line)
    done = cohort(tmp_path, "--skip-bad", subjects="\n".join(lines) + "\n")
    assert (done.returncode, subjects_of(done.stdout)) == (2, ["A1", "A3", "A4", "A5", "A6", "A7"])
    assert "left out: 1 subject (`A2`); written: 6\n" in done.stderr
    done = cohort(tmp_path, "--skip-bad", subjects=SEVEN + line.replace("A2", "B2") + "\n")
    assert "left out: 0 subjects; 1 line that names nobody; written: 7\n" in done.stderr


@pytest.mark.parametrize("line", ['"B2,2025-02-02,60', ",B2,2025-02-02,60", ',"2025-02-02', '"B2\nA3",2025-01-03,60,x'])
def test_a_line_of_which_it_cannot_be_told_whose_it_is(tmp_path: Path, line: str) -> None:
    done = cohort(tmp_path, "--skip-bad", subjects=SEVEN + line + "\n")
    assert (done.returncode, done.stdout) == (2, "")
    assert "left out" not in done.stderr


def test_a_line_whose_cells_are_shifted(tmp_path: Path) -> None:
    table = "site,subject,start\nS1,A1,2025-01-06\nS1,A2,2025-01-06\n"
    for line, left in (("S,1,A2,2025-01-06", ["A1"]), ("A2,2025-01-06", ["A1"]), ("S,1,A3,2025-01-06", [])):
        done = cohort(tmp_path, "--skip-bad", subjects=f"{table}{line}\n")
        assert (done.returncode, subjects_of(done.stdout)) == (2, left)


def test_hostile_texts(tmp_path: Path) -> None:
    """A text that a spreadsheet would run gets a quotation mark; what is written comes back as it was."""
    table = 'subject,start,site\n=1+1,2025-01-06,"a ""b"", c"\n50%s,2025-01-06,@x\n%(a)s{0},2025-01-06,\n'
    done = cohort(tmp_path, subjects=table)
    assert (done.returncode, done.stderr) == (0, "")
    found = list(dict.fromkeys((row["subject"], row["site"]) for row in rows(done.stdout)))
    assert found == [("'=1+1", 'a "b", c'), ("50%s", "'@x"), ("%(a)s{0}", "")]
    lines = [json.loads(line) for line in cohort(tmp_path, "--format", "json").stdout.splitlines()]
    assert list(dict.fromkeys((line["subject"], line["site"]) for line in lines)) == [
        ("=1+1", 'a "b", c'),
        ("50%s", "@x"),
        ("%(a)s{0}", None),
    ]


GLYPHS = (",", ";", "\t", "\n", '"', "'", "0", "9", "-", "x", "=", " ", "\ufeff", "\0", "é", "北", "\r", "%s", "{0}", "A1")


@studies.examples(40)
@given(st.integers(0, 2**32))
def test_broken_tables_never_break_the_program(seed: int) -> None:
    """Whatever stands in the tables, whoever is written is written as from tables of the good ones alone."""
    chance = random.Random(seed)
    lines = SEVEN.splitlines()
    events = ["subject,event,date", *(f"A{i},relapse,2025-03-0{i}" for i in range(1, 8))]
    for table in (lines, events):
        for _ in range(chance.choice((0, 1, 2))):
            row = chance.randrange(1, len(table))
            at = chance.randrange(len(table[row]) + 1)
            table[row] = table[row][:at] + chance.choice(GLYPHS) + table[row][at + chance.randint(0, 2) :]
    with tempfile.TemporaryDirectory() as folder:
        tables = {"subjects": "\n".join(lines) + "\n", "events": "\n".join(events) + "\n"}
        strict = cohort(Path(folder), "--events", "events.csv", **tables)
        done = cohort(Path(folder), "--events", "events.csv", "--skip-bad")
        assert (strict.returncode in (0, 2), done.returncode) == (True, strict.returncode), done.stderr + strict.stderr
        if strict.returncode == 0:
            assert done.stdout == strict.stdout
        elif done.stdout:
            good = subjects_of(done.stdout)
            clean = {name: "".join(f"{line}\n" for line in table if line.split(",")[0] in ("subject", *good))
                     for name, table in (("subjects", SEVEN.splitlines()), ("events", tables["events"].splitlines()))}  # fmt: skip
            known = {line.split(",")[0]: line for line in SEVEN.splitlines()}
            untouched = all(known.get(code) in lines for code in good) and all(line.split(",")[0] in known for line in events[1:])
            assert not untouched or cohort(Path(folder), "--events", "events.csv", **clean).stdout == done.stdout
