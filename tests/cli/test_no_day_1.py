"""Who is screened and has no day 1, in every command that takes tables: in the lists, counted, and never silently left out."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.kit.command import dosing, errors, output, plan_json
from tests.kit.paths import ROOT

TRIAL = ROOT / "examples" / "periods"
STUDY = ("--regimen", str(TRIAL / "study.yaml"))
TABLES = (*STUDY, "--subjects", str(TRIAL / "subjects.csv"), "--events", str(TRIAL / "events.csv"))
SAID = (
    "left out, without a first dose: 1 subject (`0104`)\n"
    "no day 1 yet: 1 subject (`0102`); what is counted from day 1 is not planned\n"
    "no day 1, screening failed: 1 subject (`0103`); what is counted from day 1 is not planned\n"
)


@pytest.mark.parametrize(
    ("command", "her"),
    [
        (("due", "--as-of", "2024-12-18"), {"0102"}),
        (("check", "--as-of", "2024-12-18", "--all"), {"0102", "0103"}),
        (("board", "--as-of", "2024-12-18"), {"0102", "0103"}),
        (("prepare", "--from", "2024-12-18", "--until", "2025-02-18"), set()),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_she_is_in_the_lists(command: tuple[str, ...], her: set[str]) -> None:
    done = dosing(*command, *TABLES)
    assert SAID in done.stderr
    assert {code for code in ("0102", "0103", "0104") if code in done.stdout} == her


def test_she_is_in_the_cohort() -> None:
    tables = (*STUDY, str(TRIAL / "subjects.csv"), "--events", str(TRIAL / "events.csv"))
    done = dosing("cohort", *tables, "--format", "csv")
    assert (done.returncode, SAID in done.stderr) == (0, True)
    assert {code for code in ("0101", "0102", "0103", "0104") if code in done.stdout} == {"0101", "0102", "0103"}


def test_who_failed_may_stand_in_the_table_of_subjects(tmp_path: Path) -> None:
    (tmp_path / "subjects.csv").write_text("subject,start,screened,screen_failed\n0103,,2024-12-09,2024-12-12\n", encoding="utf-8")
    done = dosing("due", *STUDY, "--subjects", str(tmp_path / "subjects.csv"), "--as-of", "2024-12-18")
    assert "screening failed: 1 subject (`0103`)" in done.stderr and "ignored" not in done.stderr


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            "0103,2025-03-03,2024-12-09,2024-12-12",
            "day 1 after a failed screening: 1 subject (`0103`); nothing is planned after the failure;"
            " of a new screening `screened` has the day\n",
        ),
        (
            "0103,2025-03-03,2025-02-10,2024-12-12",
            "screened again after a failure: 1 subject (`0103`); `screen_failed` is of the earlier screening, and ends nothing\n",
        ),
        (
            "0103,,2025-02-10,2024-12-12",
            "no day 1 yet: 1 subject (`0103`); what is counted from day 1 is not planned\n"
            "screened again after a failure: 1 subject (`0103`); `screen_failed` is of the earlier screening, and ends nothing\n",
        ),
    ],
)
@pytest.mark.parametrize(("command", "more"), [("due", ()), ("check", ("--all",)), ("board", ())])
def test_who_failed_and_was_screened_again_is_told_of(command: str, more: tuple[str, ...], row: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "subjects.csv").write_text(f"subject,start,screened,screen_failed\n{row}\n", encoding="utf-8")
    done = dosing(command, *STUDY, "--subjects", str(tmp_path / "subjects.csv"), "--as-of", "2025-02-14", *more)
    assert done.stderr == said
    assert ("2025-02-20 Thu" in done.stdout) == ("2025-02-10" in row)  # the last day of its MRI


def test_a_plan_without_a_start() -> None:
    made = plan_json("plan", *STUDY, "--on", "screened=2024-12-09")
    assert (made["start"], made["screened"], made["consented"], made["screen_failed"]) == (None, "2024-12-09", None, None)
    assert [visit["label"] for visit in made["visits"]] == ["screened", "screened+3d to screened+10d"]
    assert made["periods"][0]["status"] == "none"
    assert "Treatment: no day 1 yet" in output("plan", *STUDY, "--on", "screened=2024-12-09")
    assert "Treatment: no day 1: screening failed on 2024-12-12 Thu" in output(
        "plan", *STUDY, "--on", "screened=2024-12-09", "--on", "screen_failed=2024-12-12"
    )
    assert errors("plan", *STUDY, "--on", "relapse=2024-12-09").startswith("error: `--start` is missing\n")


def test_of_a_study_that_says_nothing_of_screening_there_is_nothing_to_plan(tmp_path: Path) -> None:
    made = plan_json("plan", "--regimen", "bat4406f", "--on", "screened=2024-12-09")
    assert (made["visits"], made["spans"]) == ([], [])
    assert "there is no day 1 yet" in errors("plan", "--regimen", "bat4406f", "--on", "screened=2024-12-09", "--explain", "D1")


def test_the_recorded_first_dose_is_her_day_1(tmp_path: Path) -> None:
    visits = tmp_path / "v.csv"
    visits.write_text("subject,period,visit,date\n0102,treatment,D1,2025-01-08\n", encoding="utf-8")
    done = dosing("check", *TABLES, "--visits", str(visits), "--as-of", "2025-01-09", "--subject", "0102")
    assert "no day 1 yet" not in done.stderr
    assert "treatment/D15" in done.stdout and "2025-01-22 Wed" in done.stdout


def test_days_that_cannot_be_are_asked_about_and_stand() -> None:
    done = dosing("check", *STUDY, "--start", "2025-01-06", "--on", "screened=2025-01-07", "--as-of", "2025-01-08")
    assert done.stderr.startswith("warning: day 1, 2025-01-06 Mon, is before screened, 2025-01-07 Tue\nhint: check the dates\n")
    assert done.returncode == 0


def test_nobody_is_called_for_the_entry_into_a_period_in_which_nobody_is_seen(tmp_path: Path) -> None:
    study, visits = tmp_path / "s.yaml", tmp_path / "v.csv"
    study.write_text(
        """language: 1
study: s
title: t
source: not stated
days: from 1
products: {X: {}}
periods:
  first: {length: 8 weeks, visits: [{at: "D1, D29", give: X 500 mg}]}
  washout: {length: 28 days}
  second: {length: 8 weeks, visits: [{at: D1, give: X 500 mg}]}
transitions:
  - {id: off, from: first, to: washout, after: end of first, within: 0 days}
  - {id: on, from: washout, to: second, after: end of washout, within: 3 days}
""",
        encoding="utf-8",
    )
    visits.write_text("period,visit,date\nfirst,D1,2025-01-06\nfirst,D29,2025-02-03\n", encoding="utf-8")
    person = ("--regimen", str(study), "--start", "2025-01-06", "--visits", str(visits))
    due = output("due", *person, "--as-of", "2025-04-01", "--format", "csv")
    assert [line["visit"] for line in csv.DictReader(due.splitlines())] == ["second entry"]
    assert "washout" not in output("board", *person, "--as-of", "2025-03-20")
    listed = dosing("check", *person, "--as-of", "2025-04-05", "--all")
    assert "washout entry" not in listed.stdout and "second entry" in listed.stdout and listed.returncode == 1
    entered = output("check", *person, "--enter", "washout=2025-03-03", "--as-of", "2025-03-10", "--all")
    assert "washout entry" in entered
    crossed = plan_json("plan", *person[:4])
    windows = {(m["to"], m["earliest"], m["latest"]) for m in crossed["transitions"]}
    assert windows == {("washout", "2025-03-03", "2025-03-03"), ("second", "2025-03-31", "2025-04-03")}
