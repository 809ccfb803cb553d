"""Whoever has left is not due any more, and what is due is written as a table, JSON, CSV and a calendar."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from nmosd_dosing import Subject, due, load
from nmosd_dosing.checks.findings import check
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.subject import Event, Record
from tests.kit.command import dosing, errors, output
from tests.kit.dates import START
from tests.kit.recorded import RCP, table


def test_whoever_has_left_is_not_due_any_more() -> None:
    records = (Record("D1", START, period="rcp"), Record("D182", dt.date(2025, 7, 6)))
    subject = Subject(START, events=(Event("died", dt.date(2026, 1, 10)),), records=records)
    schedule = expand(load("bat4406f"), Cohort.of_subjects([subject], ()), allow_deviation=True)
    found = check(schedule, dt.date(2026, 3, 1))
    assert due(found, dt.date(2026, 3, 1), 14) == ()
    assert not any(f.verdict == "overdue" for f in found)


def test_due_and_its_files(folder: Path) -> None:
    asked = ("due", *RCP, "--as-of", "2025-03-01")
    visits = table("visit,date\nD1,2025-01-06\n")
    assert dosing(*asked, *visits, "--ics", "d.ics").stderr == "d.ics: not written, nothing is due\n"
    assert not (folder / "d.ics").exists()
    assert "error: `--output` and `--ics` name one file\nhint: name two\n" in errors(*asked, "--ics", "d.ics", "--output", "./d.ics")
    assert errors(*asked, "--stamp", "2025-01-01T00:00:00Z") == (
        "error: `--stamp` is about a calendar, and none is asked for\nhint: add `--ics FILE`\n"
    )
    later = ("due", *RCP, "--as-of", "2025-07-01", *visits, "--ics", "d.ics", "--output", "d.txt")
    assert dosing(*later).stderr == "d.ics: 1 added\n"
    assert dosing(*later).stderr == "d.ics: 1 unchanged\n"
    done = table("visit,date\nD1,2025-01-06\nD182,2025-07-06\n")
    assert dosing("due", *RCP, "--as-of", "2025-07-07", *done, "--ics", "d.ics", "--output", "d.txt").stderr == "d.ics: 1 cancelled\n"
    assert dosing("due", *RCP, "--as-of", "9999-12-31", "--output", "d.txt").returncode == 0


@pytest.mark.parametrize("asked", [("mil62",), ("mil62", "--window", "3d"), ("bat4406f",), ("bat4406f", "--window", "3d")])
@pytest.mark.parametrize("as_of", ["2025-01-06", "2025-06-20", "2025-12-20"])
def test_nothing_counts_down_to_a_day_that_nobody_stated(asked: tuple[str, ...], as_of: str) -> None:
    words = ("due", "--regimen", *asked, "--start", "2025-01-06", "--as-of", as_of, "--ahead", "30d")
    items = json.loads(output(*words, "--format", "json"))["due"]
    assert items
    for item in items:
        assert item["last"] == item["latest"]
        left = (dt.date.fromisoformat(item["last"]) - dt.date.fromisoformat(as_of)).days if item["last"] else None
        assert item["days_left"] == left
        assert item["latest"] or item["state"] != "closes"
    heading = output(*words).splitlines()[2]
    assert "Target" in heading
    assert ("Last day" in heading) == ("Left" in heading) == any(item["latest"] for item in items)


@pytest.mark.parametrize("command", ["due", "check", "plan", "cohort", "simulate"])
def test_before_day_1_of_a_subject_nothing_is_due_of_it(folder: Path, command: str) -> None:
    """And nobody else's list is refused for it."""
    (folder / "s.csv").write_text("subject,start\nA,2025-01-06\nB,2025-03-03\n", encoding="utf-8")
    asked = (command, "--regimen", "bat4406f", "--as-of", "2025-01-10")
    if command == "plan":
        done = dosing(*asked, "--start", "2025-03-03", "--format", "json")
    elif command == "simulate":
        trial = Path(__file__).parents[2] / "examples" / "bat4406f" / "assumptions.yaml"
        done = dosing(*asked, "--subjects", "s.csv", "--assumptions", str(trial), "--trials", "3", "--format", "json")
        assert "day 1 of subject `B`, 2025-03-03 (s.csv:3:1)" in done.stderr
    else:
        done = dosing(*asked, *(("s.csv",) if command == "cohort" else ("--subjects", "s.csv")), "--format", "json")
    assert done.returncode == 0 and "error" not in done.stderr
    if command == "due":
        assert [d["subject"] for d in json.loads(done.stdout)["due"]] == ["A"]
    if command == "check":
        assert {f["verdict"] for f in json.loads(done.stdout)["findings"] if f["subject"] == "B"} == {"upcoming"}
