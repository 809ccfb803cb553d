"""Calendars of `dosing cohort`: one for each subject or site, and none where one would be wrong or written over."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.kit.cohort_command import GOOD, STOPS, cohort, subjects_of


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
