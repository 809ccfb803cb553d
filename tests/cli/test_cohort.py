"""`dosing cohort` writes a row for each administration or a line for each visit, refuses wrong options, and leaves no half-written file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.cohort_command import GOOD, cohort, rows, subjects_of
from tests.kit.paths import ROOT
from tests.kit.running import running


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


def test_where_nobody_has_a_visit_there_is_the_heading_alone(tmp_path: Path) -> None:
    done = cohort(tmp_path, subjects="subject,start\nA1,2025-01-06\n", regimen=str(ROOT / "examples" / "regimens" / "ms-relapse.yaml"))
    assert (done.returncode, done.stderr) == (0, "one subject has no visit, and so no row: `A1`\n")
    assert rows(done.stdout) == []


@pytest.mark.parametrize(("arguments", "name"), [(("--format", "json"), None), ((), "o.json"), ((), "o.jsonl")])
def test_json_is_a_line_for_each_visit(tmp_path: Path, arguments: tuple[str, ...], name: str | None) -> None:
    done = cohort(tmp_path, *arguments, *(("--output", name) if name else ()), subjects=GOOD)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [json.loads(line) for line in ((tmp_path / name).read_text("utf-8") if name else done.stdout).splitlines()]
    assert [(line["subject"], line["id"]) for line in lines][:2] == [("A1", "rcp/D1"), ("A1", "rcp/D182")]
    assert list(lines[0])[:10] == ["unblinded", "subject", "site", "arm", "start", "planned_start", "regimen", "study", "weight_kg", "id"]


def test_options_that_are_wrong(tmp_path: Path) -> None:
    for arguments, message in (
        (("--format", "table"), "error: unknown format `table`\nhint: write `csv`, `json`, `xlsx` or `parquet`\n"),
        (("--output", "subjects.csv"), "error: `--output` and the table of subjects name one file\nhint: name two\n"),
        (("--output", ""), "error: `--output` is empty\n"),
        (("--output", "nowhere/o.csv"), "error: cannot write `nowhere/o.csv`: there is no such folder\n"),
        (("--output", "nowhere/o.csv", "--ics-dir", "c"), "error: cannot write `nowhere/o.csv`: there is no such folder\n"),
        (("--output", ".", "--ics-dir", "c"), "error: cannot write `.`: it is a folder\n"),
        (("--output", "o.ics"), "error: `--output o.ics` is the name of a calendar\nhint: calendars have an option of their own"),
        (
            ("--output", "o.XLS"),
            "error: `--output o.XLS` is the name of a workbook\n"
            "hint: name a file that ends in `.csv`, `.jsonl`, `.json`, `.parquet`, `.xlsx` or `.txt`\n",
        ),
        (("--on", "relapse=2025-05-05"), "error: `--on` with a subject's event is about one subject\n"),
        (("--unblind",), "error: `--unblind` needs everybody's arm: 2 subjects have none, the first is `A1`\n"),
        (("--until", "2025-01-06"), "error: `--until 2025-01-06` is before the start of subject `A2`\n --> subjects.csv:3:1\n"),
        (("--ics-by", "site"), "error: `--ics-by` is about calendars, and none is asked for\n"),
        (("--ics-by", "arm", "--ics-dir", "c"), "error: unknown `--ics-by arm`\n"),
        (("--ics-dir", "c", "--unblind"), "error: `--unblind` and `--ics-dir` do not go together\n"),
        (("--ics-dir", "c", "--ics-by", "site", "--skip-bad"), "error: `--skip-bad` would let the visits of whoever is left out"),
    ):
        done = cohort(tmp_path, *arguments, subjects=GOOD)
        assert (done.returncode, done.stdout) == (2, ""), arguments
        assert done.stderr.startswith(message), done.stderr
    assert (tmp_path / "subjects.csv").read_text("utf-8") == GOOD
    assert [path.name for path in tmp_path.iterdir()] == ["subjects.csv"]


@pytest.mark.skipif(os.name == "nt", reason="signals and pipes of Unix")
def test_an_interrupt_leaves_no_half_written_file(tmp_path: Path) -> None:
    lines = "".join(f"S{i},2025-01-06\n" for i in range(200_000))
    (tmp_path / "subjects.csv").write_text(f"subject,start\n{lines}", encoding="utf-8")
    (tmp_path / "o.jsonl").write_text("as it was", encoding="utf-8")
    command = [sys.executable, "-m", "nmosd_dosing", "cohort", "--regimen", "bat4406f", "subjects.csv", "--output", "o.jsonl"]
    with running(command, tmp_path) as program:
        while not any(tmp_path.glob(".o.jsonl*.tmp")) and program.poll() is None:
            pass
        program.send_signal(signal.SIGINT)
        assert program.wait(60) == 130
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


def test_a_regimen_that_there_is_not(tmp_path: Path) -> None:
    assert cohort(tmp_path, regimen="unknown", subjects=GOOD).stderr.startswith("error: unknown regimen `unknown`")
