"""A workbook holds what CSV holds, row by row, and masked it is the same for every arm, byte for byte."""

from __future__ import annotations

import io
import re
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from nmosd_dosing.cli import app, edge
from tests.kit.command import errors, run
from tests.kit.paths import ROOT
from tests.kit.pharmacy_command import BLINDED
from tests.kit.workbooks import about, csv_rows, rows_of, sheet_of

PHARMACY = ("--regimen", "belimumab", "--subjects", str(ROOT / "examples/pharmacy/subjects.csv"))
ONE = ("--regimen", "bat4406f", "--start", "2025-01-06", "--on", "relapse=2025-06-10")
COMMANDS: list[tuple[str, ...]] = [
    ("plan", *ONE),
    ("plan", "--regimen", "belimumab", "--start", "2025-01-06", "--weight", "60.5"),
    ("plan", "--regimen", "mil62", "--start", "2025-01-06", "--arm", "placebo", "--unblind"),
    ("check", "--regimen", "bat4406f", "--start", "2025-01-06", "--visit", "D182=2025-07-08", "--window", "3d", "--as-of", "2025-07-10"),
    ("check", *PHARMACY, "--as-of", "2025-03-10"),
    ("due", *PHARMACY, "--as-of", "2025-03-10", "--ahead", "60d"),
    ("due", *ONE, "--as-of", "2025-06-20", "--window", "3d"),
    ("slots", *ONE[:4], "--visit", "rcp/D182", "--on", "2025-07-10", "--as-of", "2025-07-01", "--window", "3d"),
    ("starts", *ONE[:2], "--from", "2025-01-01", "--to", "2025-01-31"),
    ("prepare", *PHARMACY, "--from", "2025-03-03", "--days", "60"),
    ("order", *PHARMACY, "--from", "2025-03-01", "--until", "2025-05-31", "--reserve", "10%", "--lead", "14d"),
    ("cohort", "--regimen", "belimumab", str(ROOT / "examples/pharmacy/subjects.csv")),
    ("doses", "--regimen", "belimumab", "--weights", "45,60.5", "--start", "2025-01-06"),
    ("compare", "belimumab", "mil62-rcp", "--weight", "60", "--start", "2025-01-06"),
    ("simulate", "--regimen", "bat4406f", "--assumptions", str(ROOT / "examples/bat4406f/assumptions.yaml"), "--trials", "5"),
]
_TEXTS = {"subject", "week", "label", "name", "message", "what", "comment", "notes"}  # columns in which a date may stand as a text


def xlsx(*command: str) -> bytes:
    code, out, told = run(*command, "--format", "xlsx")
    assert code in (0, 1), told
    return out


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: " ".join(words[:3]))
def test_the_rows_are_those_of_csv(command: tuple[str, ...]) -> None:
    content = xlsx(*command)
    _, csv, _ = run(*command, "--format", "csv")
    sheet = sheet_of(content)
    assert rows_of(sheet) == csv_rows(csv.decode())
    assert sheet.title == command[0]
    assert len(about(content)) >= 1
    for column in sheet.iter_cols():
        for cell in column[1:]:
            dated = cell.data_type == "s" and re.fullmatch(r"\d{4}-\d\d-\d\d", str(cell.value))
            assert not dated or column[0].value in _TEXTS, (column[0].value, cell.value)


def test_codes_and_hostile_texts_stay_what_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.csv").write_text("subject,start,weight_kg,site\n0012,2025-01-06,60,007\n=1+1,2025-01-06,60,-1\n@x,2025-01-07,60.5,+1\n")
    for command in (
        ("cohort", "--regimen", "belimumab", "s.csv"),
        ("prepare", "--regimen", "belimumab", "--subjects", "s.csv", "--from", "2025-01-06"),
    ):
        sheet = sheet_of(xlsx(*command))
        heading = [cell.value for cell in sheet[1]]
        for name in [name for name in ("subject", "site") if name in heading]:
            cells = [row[heading.index(name)] for row in sheet.iter_rows(min_row=2)]
            assert {cell.data_type for cell in cells} == {"s"}
            assert {cell.value for cell in cells} <= {"0012", "=1+1", "@x", "007", "-1", "+1"}


@pytest.mark.parametrize("command", ["plan", "check", "due", "prepare", "order", "doses"])
def test_masked_it_is_the_same_for_every_arm(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_text(BLINDED)
    more = {
        "check": ("--as-of", "2025-02-10"),
        "due": ("--as-of", "2025-01-20"),
        "prepare": ("--from", "2025-01-06"),
        "order": ("--from", "2025-01-06", "--days", "60"),
        "doses": ("--weights", "60,75"),
    }
    body = () if command == "doses" else ("--start", "2025-01-06", "--weight", "60")
    asked = (command, "--regimen", "study.yaml", *body, *more.get(command, ()))
    assert xlsx(*asked, "--arm", "drug") == xlsx(*asked, "--arm", "placebo") == xlsx(*asked)
    if command in ("plan", "prepare", "order", "doses"):
        shown = xlsx(*asked, "--arm", "drug", "--unblind")
        assert about(shown)[0].startswith("UNBLINDED") and sheet_of(shown)["A2"].value is True


def test_a_cohort_is_the_same_for_every_arm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_text(BLINDED)
    (tmp_path / "s.csv").write_text("subject,start,weight_kg\n01,2025-01-06,60\n02,2025-01-06,75\n")
    found = set()
    for arms in (("drug", "placebo"), ("placebo", "drug")):
        (tmp_path / "a.csv").write_text("subject,arm\n01,{}\n02,{}\n".format(*arms))
        found.add(xlsx("cohort", "--regimen", "study.yaml", "s.csv", "--allocation", "a.csv"))
    assert len(found) == 1


def test_a_workbook_is_not_for_a_terminal() -> None:
    class Screen(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    out, err = Screen(io.BytesIO()), io.TextIOWrapper(io.BytesIO())
    with redirect_stdout(out), redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["dosing", "plan", "--regimen", "mil62", "--start", "2025-01-06", "--format", "xlsx"])
        assert edge.run(app) == 2
        out.flush()
        err.flush()
    assert out.buffer.getvalue() == b""  # type: ignore[attr-defined]
    told = "error: a workbook is not for a terminal\nhint: name a file, `--output list.xlsx`, or send it on\n"
    assert err.buffer.getvalue().decode() == told


def test_without_openpyxl_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    asked = ("plan", "--regimen", "mil62", "--start", "2025-01-06", "--ics", "x.ics", "--output", "x.xlsx")
    install = "install it with `pip install 'nmosd-dosing[xlsx]'`, or write `--format csv`"
    assert errors(*asked) == f"error: writing a workbook needs openpyxl\nhint: {install}\n"
    assert not [*tmp_path.iterdir()]


def test_too_many_rows_are_refused_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("nmosd_dosing.report.export.workbook.MOST_ROWS", 20)
    subjects = str(ROOT / "examples/pharmacy/subjects.csv")
    asked = ("cohort", "--regimen", "belimumab", subjects, "--ics-dir", "calendars", "--output", "x.xlsx")
    told = "error: a sheet of a workbook holds 20 rows, and these are more\n"
    assert errors(*asked) == told + "hint: write `--format csv`, or ask about fewer subjects at a time\n"
    assert not [*tmp_path.iterdir()]
