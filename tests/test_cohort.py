"""`dosing cohort`: what it reads, writes and refuses, and whom it leaves out."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
import studies
from hypothesis import given
from hypothesis import strategies as st
from test_cli import dosing

from nmosd_dosing import Cohort, Study, Subject, expand
from nmosd_dosing.language import catalog
from nmosd_dosing.schedule import left_out
from nmosd_dosing.subjects.cohort import of_subjects
from nmosd_dosing.subjects.subject import Record

GOOD = "subject,start,weight_kg,site\nA1,2025-01-06,60,S1\nA2,2025-01-07,71.5,S2\n"


def cohort(folder: Path, *arguments: str, regimen: str = "bat4406f", **files: str | bytes) -> subprocess.CompletedProcess[str]:
    """The command in a folder with the tables `NAME.csv`."""
    for name, content in files.items():
        (folder / f"{name}.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    with contextlib.chdir(folder):
        return dosing("cohort", "--regimen", regimen, "subjects.csv", *arguments)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def subjects_of(text: str) -> list[str]:
    return list(dict.fromkeys(row["subject"] for row in rows(text)))


def test_a_row_for_each_administration(tmp_path: Path) -> None:
    done = cohort(tmp_path, subjects=GOOD)
    assert (done.returncode, done.stderr) == (0, "")
    found = [
        (r["unblinded"], r["subject"], r["site"], r["start"], r["weight_kg"], r["id"], r["target"], r["amount"]) for r in rows(done.stdout)
    ]
    assert found[:4] == [
        ("false", "A1", "S1", "2025-01-06", "60", "rcp/D1", "2025-01-06", ""),
        ("false", "A1", "S1", "2025-01-06", "60", "rcp/D182", "2025-07-06", ""),
        ("false", "A1", "S1", "2025-01-06", "60", "olp/D1", "2026-01-05", "500"),
        ("false", "A1", "S1", "2025-01-06", "60", "olp/D1+6mo", "2026-07-05", "500"),
    ]
    assert subjects_of(done.stdout) == ["A1", "A2"]


@pytest.mark.parametrize(("arguments", "name"), [(("--format", "json"), None), ((), "o.json"), ((), "o.jsonl")])
def test_json_is_a_line_for_each_visit(tmp_path: Path, arguments: tuple[str, ...], name: str | None) -> None:
    done = cohort(tmp_path, *arguments, *(("--output", name) if name else ()), subjects=GOOD)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [json.loads(line) for line in ((tmp_path / name).read_text("utf-8") if name else done.stdout).splitlines()]
    assert [(line["subject"], line["id"]) for line in lines][:2] == [("A1", "rcp/D1"), ("A1", "rcp/D182")]
    assert list(lines[0])[:9] == ["unblinded", "subject", "site", "arm", "start", "regimen", "study", "weight_kg", "id"]


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


# --- what is wrong ------------------------------------------------------------------------------------------------------

WRONG = {
    "nothing": ("", "error: `subjects.csv` is empty"),
    "a heading alone": ("subject,start\n", "error: `subjects.csv` has no rows"),
    "no start": ("subject\nA\n", "error: column `start` is missing"),
    "another column": ("subject,start,age\nA,2025-01-06,3\n", "error: unknown column `age`"),
    "no day": ("subject,start\nA,2025-02-30\n", "error: `2025-02-30`: there is no such day\n --> subjects.csv:2:3"),
    "two rows": ("subject,start\nA,2025-01-06\nA,2025-01-07\n", "error: subject `A` has two rows\n --> subjects.csv:3:1"),
    "a quotation mark": ('subject,start\nA,"2025-01-06\n', "error: a quotation mark in the middle of a cell"),
    "no text": (b"\xff\xfe\x00\xd8", "error: `subjects.csv` is not text"),
}


@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=list(WRONG))
def test_nothing_is_written_when_something_is_wrong(tmp_path: Path, content: str | bytes, message: str) -> None:
    for arguments in ((), ("--skip-bad",)):
        done = cohort(tmp_path, "--output", "o.csv", *arguments, subjects=content)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(message)
        assert not (tmp_path / "o.csv").exists()


def test_options_that_are_wrong(tmp_path: Path) -> None:
    for arguments, message in (
        (("--format", "table"), "error: unknown format `table`\nhint: write `csv` or `json`\n"),
        (("--output", "subjects.csv"), "error: `--output` and the table of subjects name one file\nhint: name two\n"),
        (("--output", ""), "error: `--output` is empty\n"),
        (("--output", "nowhere/o.csv"), "error: cannot write `nowhere/o.csv`: there is no such folder\n"),
        (("--output", "nowhere/o.csv", "--ics-dir", "c"), "error: cannot write `nowhere/o.csv`: there is no such folder\n"),
        (("--output", ".", "--ics-dir", "c"), "error: cannot write `.`: it is a folder\n"),
        (("--output", "o.ics"), "error: `--output o.ics` is the name of a calendar\nhint: calendars have an option of their own"),
        (("--output", "o.XLSX"), "error: `--output o.XLSX` is the name of a workbook\nhint: name one that ends in `.csv` or `.jsonl`\n"),
        (("--on", "relapse=2025-05-05"), "error: `--on` with a subject's event is about one subject\n"),
        (("--unblind",), "error: `--unblind` needs everybody's arm: 2 subjects have none, the first is `A1`\n"),
        (("--until", "2025-01-06"), "error: `--until 2025-01-06` is before the start of subject `A2`\n --> subjects.csv:3:1\n"),
        (("--ics-by", "site"), "error: `--ics-by` is about calendars, and none is asked for\n"),
        (("--ics-by", "arm", "--ics-dir", "c"), "error: unknown `--ics-by arm`\n"),
        (("--ics-dir", "c", "--unblind"), "error: `--unblind` and `--ics-dir` do not go together\n"),
        (("--ics-dir", "c", "--ics-by", "site", "--skip-bad"), "error: `--skip-bad` would let the visits of whoever is left out"),
        (("--regimen", "unknown"), "error: unknown regimen `unknown`"),
    ):
        done = cohort(tmp_path, *arguments, subjects=GOOD)
        assert (done.returncode, done.stdout) == (2, ""), arguments
        assert done.stderr.startswith(message), done.stderr
    assert (tmp_path / "subjects.csv").read_text("utf-8") == GOOD
    assert [path.name for path in tmp_path.iterdir()] == ["subjects.csv"]


def test_of_very_many_wrong_rows_the_first_hundred_and_the_count(tmp_path: Path) -> None:
    lines = "".join(f"S{i},2025-0{i}-06,{i}x\n" for i in range(10, 2010))
    done = cohort(tmp_path, subjects=f"subject,start,weight_kg\n{lines}")
    assert done.stderr.startswith("error: 4,000 problems in one table; the first 100 follow\n\nerror: `2025-010-06` is not a date")
    assert done.stderr.count("error: ") == 101
    assert " --> subjects.csv:51:" in done.stderr
    assert " --> subjects.csv:52:" not in done.stderr


def test_of_very_many_wrong_visits_too(tmp_path: Path) -> None:
    table = "subject,start\n" + "".join(f"S{i},2025-01-06\n" for i in range(2000))
    visits = "subject,visit,date\n" + "".join(f"S{i},D99,2025-02-06\n" for i in range(1999))
    done = cohort(tmp_path, "--visits", "visits.csv", subjects=table, visits=visits)
    assert done.stderr.startswith(
        "error: 1,999 problems in the plans; the first 100 follow\n\nerror: unknown visit `D99`\n --> visits.csv:2:1"
    )
    assert done.stderr.count("error: ") == 101
    done = cohort(tmp_path, "--visits", "visits.csv", "--skip-bad")
    assert done.stderr.startswith(
        "error: 1,999 problems in the tables; the first 100 follow\n\nerror: unknown visit `D99`\n --> visits.csv:2:1"
    )
    assert subjects_of(done.stdout) == ["S1999"]


def test_whoever_is_refused_is_found_in_one_round() -> None:
    """Of 3,000 wrong visits a hundred are shown, and all are known of at once."""
    study, subjects = catalog.find("belimumab")[0], [Subject(dt.date(2025, 1, 6), f"S{i}") for i in range(3001)]
    bad = [replace(s, records=(Record("D99", dt.date(2025, 2, 6)),)) for s in subjects[:-1]]
    expanded = []

    def counting(study: Study, cohort: Cohort) -> None:
        expanded.append(len(cohort))
        expand(study, cohort)

    _, refused = left_out.sort_out(counting, study, None, of_subjects([*bad, subjects[-1]], (), {}))
    assert sorted(refused.problems) == [*range(3000)]
    assert max(map(expanded.count, expanded)) <= 2, "as many rounds for each count of the stop as it takes to see that it stays"
    assert len(expanded) <= 4


# --- leaving out --------------------------------------------------------------------------------------------------------

SEVEN = "subject,start,weight_kg\n" + "".join(f"A{i},2025-01-0{i},60\n" for i in range(1, 8))
BAD = {
    "events: an unknown one": ({"events": "subject,event,date\nA2,itch,2025-02-01\n"}, ["A2"]),
    "events: twice": ({"events": "subject,event,date\nA2,relapse,2025-02-01\nA2,relapse,2025-02-01\n"}, ["A2"]),
    "events: before day 1": ({"events": "subject,event,date\nA3,relapse,2024-02-01\n"}, ["A3"]),
    "events: a decision on nothing": ({"events": "subject,event,date\nA3,relapse_confirmed,2025-02-01\n"}, ["A3"]),
    "visits: an unknown one": ({"visits": "subject,visit,date\nA4,D99,2025-02-01\n"}, ["A4"]),
    "visits: recorded twice": ({"visits": "subject,visit,date\nA4,rcp/D1,2025-01-04\nA4,rcp/D1,2025-01-05\n"}, ["A4"]),
    "visits: a dose before day 1": ({"visits": "subject,visit,date\nA5,D182,2024-01-01\n"}, ["A5"]),
    "weighings: two on a day": ({"weighings": "subject,date,weight_kg\nA5,2025-02-01,60\nA5,2025-02-01,61\n"}, ["A5"]),
    "weighings: no weight": ({"weighings": "subject,date,weight_kg\nA5,2025-02-01,900\n"}, ["A5"]),
    "allocation: an unknown arm": ({"allocation": "subject,arm\nA1,placebo\nA6,verum\n"}, ["A6"]),
    "allocation: two rows": ({"allocation": "subject,arm\nA1,placebo\nA6,placebo\nA6,bat4406f\n"}, ["A6"]),
    "two tables": (
        {"events": "subject,event,date\nA2,itch,2025-02-01\n", "visits": "subject,visit,date\nA4,D99,2025-02-01\n"}, ["A2", "A4"]
    ),
    "a subject that is not there": ({"events": "subject,event,date\nA9,relapse,2025-02-01\n"}, []),
}  # fmt: skip


@pytest.mark.parametrize(("tables", "wrong"), BAD.values(), ids=list(BAD))
def test_exactly_those_of_whom_something_is_wrong_are_left_out(tmp_path: Path, tables: dict[str, str], wrong: list[str]) -> None:
    options = [word for name in tables for word in (f"--{name}", f"{name}.csv")]
    done = cohort(tmp_path, *options, subjects=SEVEN, **tables)
    assert (done.returncode, done.stdout) == (2, "")
    done = cohort(tmp_path, *options, "--skip-bad")
    assert (done.returncode, subjects_of(done.stdout)) == (2, [f"A{i}" for i in range(1, 8) if f"A{i}" not in wrong])
    names = f" ({', '.join(f'`{code}`' for code in wrong)})" if wrong else ""
    said = f"left out: {len(wrong)} subject{'' if len(wrong) == 1 else 's'}{names}; written: {7 - len(wrong)}\n"
    assert said in done.stderr
    assert done.stderr.startswith("error: ")


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


SLIPS = ("cn01-a", "ＣＮ01-A", "CN1-A", "CN01_A", "CN01A", "CN01-Q", "CN0-A", "CN011-A", "CN10-A")


TABLES_BESIDE = (
    ("events", "subject,event,date\n{},withdrawn,2025-02-01\n"),
    ("events", "subject,event,date\n{},itch,2025-02-01\n"),
    ("visits", "subject,visit,date\n{},rcp/D1,2025-01-06\n"),
    ("weighings", "subject,date,weight_kg\n{},2025-02-01,60\n"),
    ("allocation", "subject,arm\n{},placebo\n"),
)


@pytest.mark.parametrize(
    ("code", "option", "table"),
    [(code, *TABLES_BESIDE[0]) for code in SLIPS] + [("cn01-a", *beside) for beside in TABLES_BESIDE[1:]],
)
def test_a_subject_whom_a_row_may_mean_is_left_out(tmp_path: Path, code: str, option: str, table: str) -> None:
    subjects = "subject,start\nCN01-A,2025-01-06\nUS77-B,2025-01-06\n"
    done = cohort(tmp_path, f"--{option}", f"{option}.csv", "--skip-bad", subjects=subjects, **{option: table.format(code)})
    assert (done.returncode, subjects_of(done.stdout)) == (2, ["US77-B"])
    if "itch" not in table:
        assert "hint: did you mean `CN01-A`?\n" in done.stderr


def test_rows_of_nobody_leave_nobody_out_however_many(tmp_path: Path) -> None:
    """The last of 300 rows means somebody, though only a hundred are shown."""
    strangers = "".join(f"X{i}Y,relapse,2025-02-01\n" for i in range(3000, 3300))
    done = cohort(
        tmp_path, "--events", "events.csv", "--skip-bad", subjects=SEVEN, events=f"subject,event,date\n{strangers}a7,relapse,2025-02-01\n"
    )
    assert subjects_of(done.stdout) == [f"A{i}" for i in range(1, 7)]
    assert done.stderr.startswith("error: 301 problems in the tables; the first 100 follow\n")


def test_rows_that_may_be_of_anybody_stop_everything(tmp_path: Path) -> None:
    for table in ("subject,event,date\n,relapse,2025-02-01\n", "subject,event,date\nA1,relapse,2025-02-01,2025-03-01\n"):
        done = cohort(tmp_path, "--events", "events.csv", "--skip-bad", subjects=SEVEN, events=table)
        assert (done.returncode, done.stdout) == (2, "")


def test_an_entry_outside_its_window(tmp_path: Path) -> None:
    table = "subject,start,enter_olp\nA1,2025-01-06,2026-01-05\nA2,2025-01-06,2026-05-05\nA3,2025-01-06,\n"
    done = cohort(tmp_path, subjects=table)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: subject `A2`: entry into `olp` on 2026-05-05 Tue is")
    assert subjects_of(cohort(tmp_path, "--skip-bad").stdout) == ["A1", "A3"]
    assert subjects_of(cohort(tmp_path, "--allow-deviation").stdout) == ["A1", "A2", "A3"]


STOPS = """language: 1
study: stops
title: A study that stops with its third subject
source: not stated
days: from 1
products: {X: {route: oral}}
periods:
  main:
    length: 52 weeks
    visits: [{at: [D1, D29], give: X 500 mg}]
  more:
    visits: [{at: D1, give: X 500 mg}]
study stop: {earliest of: [first dose of subject 3]}
transitions:
  - {id: stopped, from: main, to: more, after: study stop, within: 28 days}
  - {id: over, from: main, to: more, after: end of main, within: 28 days}
"""


def test_the_stop_is_counted_over_those_who_are_written(tmp_path: Path) -> None:
    """Four subjects: the third begins on 3 March, and the fourth comes after that. Without the second the third is the fourth."""
    (tmp_path / "stops.yaml").write_text(STOPS, encoding="utf-8")
    table = "subject,start\nA,2025-01-06\nB,2025-02-0{}\nC,2025-03-03\nD,2025-04-07\n"
    done = cohort(tmp_path, regimen="stops.yaml", subjects=table.format(3))
    assert done.stderr.startswith("error: subject `D`: day 1, 2025-04-07 Mon, is after the study stopped, 2025-03-03 Mon\n")
    done = cohort(tmp_path, "--skip-bad", regimen="stops.yaml")
    assert subjects_of(done.stdout) == ["A", "B", "C"]
    assert done.stderr.endswith("counted over all subjects is counted over those written: the study stops on 2025-03-03\n")
    done = cohort(tmp_path, "--skip-bad", regimen="stops.yaml", subjects=table.format("x"))
    assert subjects_of(done.stdout) == ["A", "C", "D"]
    assert done.stderr.endswith("counted over those written: the study stops on 2025-04-07\n")
    assert [r["target"] for r in rows(done.stdout) if r["id"] == "more/D1"] == ["2025-04-07"] * 3


def test_no_calendars_of_some_where_the_stop_is_counted_over_all(tmp_path: Path) -> None:
    (tmp_path / "stops.yaml").write_text(STOPS, encoding="utf-8")
    table = "subject,start\nA,2025-01-06\nB,2025-02-0x\n"
    done = cohort(tmp_path, "--skip-bad", "--ics-dir", "c", regimen="stops.yaml", subjects=table)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: `--skip-bad` and `--ics-dir` do not go together here: the study stop is counted over all subjects "
        "(first dose of subject 3)\nhint: whoever is left out would move the calendars of others: mend what is wrong, or leave "
        "`--ics-dir` out\n"
    )
    assert not (tmp_path / "c").exists()
    done = cohort(tmp_path, "--skip-bad", "--ics-dir", "c", regimen="belimumab", subjects=table)
    assert (done.returncode, [p.name for p in (tmp_path / "c").iterdir()]) == (2, ["A.ics"])


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


# --- files --------------------------------------------------------------------------------------------------------------


def test_calendars_of_subjects_and_of_sites(tmp_path: Path) -> None:
    stamp = ("--stamp", "2025-01-02T08:00:00Z")
    done = cohort(tmp_path, "--ics-dir", "people", *stamp, "--output", "o.csv", subjects=GOOD)
    assert done.stderr.endswith("2 calendars: 14 added, 0 moved, 0 cancelled, 0 unchanged\n")
    plan = [
        sys.executable,
        "-m",
        "nmosd_dosing",
        "plan",
        "--regimen",
        "bat4406f",
        "--subjects",
        "subjects.csv",
        "--ics-dir",
        "plan",
        *stamp,
    ]
    subprocess.run(plan, cwd=tmp_path, check=True, capture_output=True)
    for name in ("A1.ics", "A2.ics"):
        assert (tmp_path / "people" / name).read_bytes() == (tmp_path / "plan" / name).read_bytes()
    one_site = GOOD.replace("S2", "S1")
    for expected in ("S1.ics: 14 added, 0 moved, 0 cancelled, 0 unchanged\n", "S1.ics: 0 added, 0 moved, 0 cancelled, 14 unchanged\n"):
        done = cohort(tmp_path, "--ics-dir", "sites", "--ics-by", "site", *stamp, "--output", "o.csv", subjects=one_site)
        assert done.stderr == f"sites{os.sep}{expected}"
    moved = cohort(
        tmp_path, "--ics-dir", "sites", "--ics-by", "site", "--output", "o.csv", subjects=one_site.replace("2025-01-07", "2025-01-08")
    )
    assert "S1.ics: 0 added, 7 moved, 0 cancelled, 7 unchanged\n" in moved.stderr
    none = cohort(tmp_path, "--ics-dir", "sites", "--ics-by", "site", subjects="subject,start\nA1,2025-01-06\n")
    assert none.stderr.startswith("error: `--ics-by site` needs everybody's site: one subject has none\n")


def test_calendars_that_are_not_of_this_table_are_named(tmp_path: Path) -> None:
    lines = "".join(f"B{i},2025-01-06\n" for i in range(7))
    assert "not touched" not in cohort(tmp_path, "--ics-dir", "c", "--output", "o.csv", subjects=f"subject,start\n{lines}").stderr
    for left, said in (
        (6, "not touched: B6.ics: it is not of this table, and whoever reads it still sees what stands there"),
        (1, "not touched: B1.ics, B2.ics, B3.ics, B4.ics, B5.ics and 1 more: they are not of this table, and whoever reads them still"),
    ):
        table = "subject,start\n" + "".join(f"B{i},2025-01-06\n" for i in range(left))
        done = cohort(tmp_path, "--ics-dir", "c", "--output", "o.csv", subjects=table)
        assert (done.returncode, said in done.stderr) == (0, True), done.stderr


def test_a_calendar_is_not_written_over_by_the_table(tmp_path: Path) -> None:
    assert cohort(tmp_path, "--ics-dir", "c", "--output", "o.csv", subjects=GOOD).returncode == 0
    before = (tmp_path / "c" / "A1.ics").read_bytes()
    (tmp_path / "link.csv").symlink_to(tmp_path / "c" / "A1.ics")
    done = cohort(tmp_path, "--ics-dir", "c", "--output", "link.csv")
    assert (done.returncode, done.stderr) == (2, "error: `--output link.csv` is a calendar of `--ics-dir`\nhint: name another file\n")
    assert (tmp_path / "c" / "A1.ics").read_bytes() == before


def test_a_file_name_that_is_too_long_is_told_first(tmp_path: Path) -> None:
    done = cohort(tmp_path, "--ics-dir", "c", subjects=f"subject,start\nA1,2025-01-06\n{'北' * 84},2025-01-06\n")
    assert done.stderr.startswith(f"error: the calendar of `{'北' * 39}…` would have a name of 256 bytes, and 255 is the most\n")
    assert (done.returncode, (tmp_path / "c").exists()) == (2, False)
    done = cohort(tmp_path, "--ics-dir", "c", subjects=f"subject,start\nA1,2025-01-06\n{'北' * 83},2025-01-06\n")
    assert (done.returncode, len([*(tmp_path / "c").iterdir()])) == (0, 2)


def test_who_has_no_visit_is_named(tmp_path: Path) -> None:
    (tmp_path / "late.yaml").write_text(LATE, encoding="utf-8")
    done = cohort(
        tmp_path, "--until", "2025-01-20", regimen="late.yaml", subjects="subject,start\nA,2025-01-06\nB,2025-01-20\nC,2025-01-01\n"
    )
    assert (done.returncode, subjects_of(done.stdout)) == (0, ["A", "C"])
    assert done.stderr == "one subject has no visit, and so no row: `B`\n"


LATE = """language: 1
study: late
title: A study whose first visit is the eighth day
source: not stated
days: from 1
products: {X: {route: oral}}
periods:
  main:
    length: 52 weeks
    visits: [{at: D8, give: X 500 mg}]
"""


@pytest.mark.skipif(os.name == "nt", reason="signals and pipes of Unix")
def test_an_interrupt_leaves_no_half_written_file(tmp_path: Path) -> None:
    lines = "".join(f"S{i},2025-01-06\n" for i in range(200_000))
    (tmp_path / "subjects.csv").write_text(f"subject,start\n{lines}", encoding="utf-8")
    (tmp_path / "o.jsonl").write_text("as it was", encoding="utf-8")
    command = [sys.executable, "-m", "nmosd_dosing", "cohort", "--regimen", "bat4406f", "subjects.csv", "--output", "o.jsonl"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE) as running:
        while not any(tmp_path.glob(".o.jsonl*.tmp")) and running.poll() is None:
            pass
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 130
    assert (tmp_path / "o.jsonl").read_text("utf-8") == "as it was"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["o.jsonl", "subjects.csv"]


@pytest.mark.skipif(os.name == "nt", reason="signals and pipes of Unix")
def test_a_reader_who_has_seen_enough(tmp_path: Path) -> None:
    lines = "".join(f"S{i},2025-01-06\n" for i in range(20_000))
    (tmp_path / "subjects.csv").write_text(f"subject,start\n{lines}", encoding="utf-8")
    command = [sys.executable, "-m", "nmosd_dosing", "cohort", "--regimen", "bat4406f", "subjects.csv"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline().startswith(b"unblinded,subject,site,arm,")
        running.stdout.close()
        assert (running.stderr.read(), running.wait(60)) == (b"", 0)
