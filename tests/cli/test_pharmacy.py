"""`dosing prepare` and `dosing order`: what they refuse, and that a file holds what would be printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.kit.command import dosing, errors, output
from tests.kit.paths import ROOT
from tests.kit.pharmacy_command import BLINDED, ORDER, PREPARE, as_json, folder

__all__ = ["folder"]  # the fixture


@pytest.mark.parametrize("command", [PREPARE, (*ORDER, "--days", "14")])
@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_a_file_holds_what_would_be_printed(folder: Path, command: tuple[str, ...], form: str) -> None:
    printed = dosing(*command, "--format", form)
    assert dosing(*command, "--format", form, "--output", "list.txt").stderr == printed.stderr
    assert (folder / "list.txt").read_text("utf-8") == printed.stdout
    name = {"table": "list", "json": "list.json", "csv": "list.csv"}[form]
    dosing(*command, "--output", name)
    assert (folder / name).read_text("utf-8") == printed.stdout


def test_hostile_codes_move_no_cursor_and_run_no_formula(folder: Path) -> None:
    (folder / "subjects.csv").write_text("subject,start,weight_kg\n=1+1,2025-01-06,60\n[bold]x,2025-01-06,60\n")
    page, rows = output(*PREPARE), dosing(*PREPARE, "--format", "csv").stdout
    assert "[bold]x" in page
    assert "'=1+1" in rows


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--until", "2025-01-19"), "error: `--until 2025-01-19` is before the first day, 2025-01-20\nhint: give a later day\n"),
        (("--until", "2025-02-19", "--days", "7"), "error: `--until` and `--days` both say how long\nhint: leave one of the two out\n"),
        (("--until", "19.2.2025"), "error: `--until 19.2.2025` is not a date\nhint: write `2025-02-19`\n"),
        (("--days", "x"), "error: `--days x` is not a number of days\nhint: write a number from 1 to 3660, for example `--days 14`\n"),
        (("--days", "0"), "error: `--days 0` is out of range\nhint: write a number from 1 to 3660, for example `--days 14`\n"),
        (("--vials", "fewst"), "error: unknown `--vials fewst`\nhint: did you mean `fewest`?\n"),
        (("--output", ""), "error: `--output` is empty\nhint: name a file, or leave the option out\n"),
        (
            ("--output", "study.yaml"),
            "error: `--output study.yaml` ends in `.yaml`, which cannot be written here\n"
            "hint: name a file that ends in `.json`, `.csv`, `.xlsx` or `.txt`\n\n"
            "error: `--output` and `--regimen` name one file\nhint: name two\n",
        ),
        (("--output", "./subjects.csv"), "error: `--output` and `--subjects` name one file\nhint: name two\n"),
        (("--format", "jsn"), "error: unknown format `jsn`\nhint: did you mean `json`?\n"),
        (("--weight", "60"), "error: `--weight` is about one subject, `--subjects` about several\nhint: leave one of the two out\n"),
        (
            ("--days", "x", "--vials", "all"),
            "error: `--days x` is not a number of days\nhint: write a number from 1 to 3660, for example `--days 14`\n\n"
            "error: unknown `--vials all`\nhint: write `least-waste` or `fewest`\n",
        ),
    ],
)
def test_what_prepare_refuses(folder: Path, arguments: tuple[str, ...], text: str) -> None:
    before = sorted(path.name for path in folder.iterdir())
    assert errors(*PREPARE, *arguments) == text
    assert sorted(path.name for path in folder.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((), "error: `--until` is missing\nhint: give the last day to order for, `--until 2025-06-30`, or how many days, `--days 90`\n"),
        (("--reserve", "10"), "error: `--reserve 10` is not a share of what is needed\nhint: write `--reserve 10%`\n"),
        (
            ("--reserve", "a lot"),
            "error: `--reserve a lot` is not a share of what is needed\nhint: write a share from 0% to 100%, for example `10%`\n",
        ),
        (
            ("--reserve", "101%"),
            "error: `--reserve 101%` is not a share of what is needed\nhint: write a share from 0% to 100%, for example `10%`\n",
        ),
        (
            ("--reserve", "0.1"),
            "error: `--reserve 0.1` is not a share of what is needed\n"
            "hint: write `--reserve 10%` or `--reserve 0.1%`, whichever is meant\n",
        ),
        (("--lead", "soon"), "error: `--lead soon` is not a length of time\nhint: write for example `14d` or `2w`\n"),
        (("--lead", "36h"), "error: `--lead 36h` is not a number of days\nhint: write for example `14d` or `2w`\n"),
    ],
)
def test_what_order_refuses(folder: Path, arguments: tuple[str, ...], text: str) -> None:
    assert errors(*ORDER, *(("--days", "14") if arguments else ()), *arguments) == text


def test_unblinding_needs_everybodys_arm(folder: Path) -> None:
    (folder / "study.yaml").write_text(BLINDED)
    assert errors(*PREPARE, "--unblind") == "error: `--unblind` needs the arm\nhint: add `--allocation FILE` with everybody's arm\n"
    one = ("prepare", "--regimen", "study.yaml", "--start", "2025-01-06", "--from", "2025-01-06", "--unblind")
    assert errors(*one) == "error: `--unblind` needs the arm\nhint: add `--arm` with `drug` or `placebo`\n"


def test_a_record_of_no_visit_is_refused(folder: Path) -> None:
    (folder / "visits.csv").write_text("subject,visit,date\n01,D14,2025-01-19\n")
    assert errors(*PREPARE, "--visits", "visits.csv").startswith("error: unknown visit `D14`")


def test_the_last_day_of_the_calendar(folder: Path) -> None:
    assert as_json(*PREPARE[:-1], "9999-12-30", "--days", "30")["until"] == "9999-12-31"


def test_a_weight_that_nobody_has_measured_says_so() -> None:
    about = [
        "--regimen",
        str(ROOT / "examples" / "amounts.yaml"),
        "--start",
        "2025-01-06",
        "--sex",
        "F",
        "--height",
        "170",
        "--weight",
        "80",
    ]
    command = ["prepare", *about, "--from", "2025-02-15", "--days", "60", "--as-of", "2025-01-06"]
    page = output(*command)
    assert "  61.437 kg ideal  " in page and "  68.862 kg adjusted  " in page  # 45.5 kg and 2.3 kg for each inch of 170 cm above 60
    assert [row["weight_status"] for row in json.loads(output(*command, "--format", "json"))["doses"]] == ["ideal", "adjusted", "baseline"]
    assert "61.437 kg ideal" in output("plan", *about)
