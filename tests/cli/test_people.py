"""Whom a command is about: a period of a file is named by `--period`; a first day that may be a slip of the pen is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.command import MIL62, dosing, errors, output
from tests.kit.paths import ROOT

UNLIKELY = "warning: a first day before 1990, or more than 50 years ahead: {}\nhint: check the year\n"


def test_a_period_of_a_file_is_named_by_period() -> None:
    file = str(ROOT / "regimens" / "mil62.yaml")
    whole = output("plan", "--regimen", file, "--start", "2025-01-06")
    assert whole == output("plan", "--regimen", "mil62", "--start", "2025-01-06")
    assert output("plan", "--regimen", file, "--period", "rcp", "--start", "2025-01-06") == output(*MIL62)


@pytest.mark.parametrize("start", ["0205-01-06", "1925-01-06", "1989-12-31", "2205-01-06"])
@pytest.mark.parametrize("command", [["plan"], ["due"], ["check"], ["doses", "--weights", "60"], ["prepare"]])
def test_an_unlikely_first_day_asks_for_a_second_look_and_is_planned(command: list[str], start: str) -> None:
    done = dosing(*command, "--regimen", "mil62", "--start", start)
    assert (done.returncode, done.stderr) == (0, UNLIKELY.format(start)) and done.stdout


def test_unlikely_first_days_of_a_table_are_told_with_their_subjects(tmp_path: Path) -> None:
    table = tmp_path / "subjects.csv"
    table.write_text("subject,start\nS1,0205-01-06\nS2,2025-01-06\nS3,1990-01-01\nS4,1989-12-31\n")
    told = UNLIKELY.format("0205-01-06 of subject `S1`, 1989-12-31 of subject `S4`")
    for command in (["due", "--subjects", str(table)], ["cohort", str(table)]):
        done = dosing(*command, "--regimen", "mil62")
        assert (done.returncode, done.stderr) == (0, told)
    done = dosing("compare", "mil62", "belimumab", "--start", "0205-01-06")
    assert (done.returncode, done.stderr) == (0, UNLIKELY.format("0205-01-06"))


def test_of_a_broken_file_its_own_events_are_not_called_unknown(tmp_path: Path) -> None:
    file, table, subjects = (tmp_path / name for name in ("study.yaml", "events.csv", "subjects.csv"))
    file.write_text((ROOT / "tests" / "broken" / "levels-empty.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    table.write_text("subject,event,date\nS1,dose_reduced,2025-02-01\n")
    subjects.write_text("subject,start\nS1,2025-01-06\n")
    for people in (["--start", "2025-01-06", "--on", "dose_reduced=2025-02-01"], ["--subjects", str(subjects), "--events", str(table)]):
        for command in ("plan", "due") if "--on" in people else ("due",):
            told = errors(command, "--regimen", str(file), *people)
            assert told.startswith("error: ") and told.count("error: ") == errors("validate", str(file)).count("error: ")
            assert "dose_reduced" not in told
