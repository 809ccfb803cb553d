"""What is wrong with a table of arms is told without the arms: two tables that differ in nothing else give the same messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from nmosd_dosing.errors import InputError
from nmosd_dosing.subjects.tables.roster import allocation
from tests.kit.command import dosing

WRONG = {
    "two rows of one": "subject,arm\nA1,{0}\nA1,{1}\n",
    "two rows of one, in one arm or in two": "subject,arm\nA1,{0}\nA2,{2}\nA1,{2}\n",
    "lost zeros": "subject,arm\n12,{0}\n",
    "nobody's": "subject,arm\nX9,{0}\nA1,{1}\n",
    "a cell too many": "subject,arm\nA1,{0},x\n",
    "a cell too many on the left": "subject,arm\n,A1,{0}\n",
    "a cell too few": "subject,arm\n{0}\n",
    "an open quotation mark": 'subject,arm\nA1,"{0}\n',
    "an open quotation mark before it": 'subject,arm\n"A1,{0}\n',
    "the arm first": "arm,subject\n{0},12\n{1},\n{1},A1,x\n",
    "no code": "subject,arm\n,{0}\n",
    "semicolons, quotation marks": 'subject;arm\n"12";"{0}"\n',
    "two lines": 'subject,arm\nA1,"{0}\n"\n12,{1}\n',
    "no heading": "A1,{0}\nA2,{1}\n",
    "another column": "subject,arm,age\nA1,{0},4\n",
    "no arm's column": "subject,group\nA1,{0}\n",
    "a line before the heading": 'A1,"{0}\nsubject,arm\n12,{0}\n',
}
COMMANDS = {
    "plan": ("plan", "--subjects", "s.csv", "--ics-dir", "c"),
    "check": ("check", "--subjects", "s.csv", "--as-of", "2025-03-01"),
    "cohort": ("cohort", "s.csv"),
    "cohort, others written": ("cohort", "s.csv", "--skip-bad"),
    "simulate": ("simulate", "--subjects", "s.csv", "--as-of", "2025-03-01", "--trials", "1"),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
@pytest.mark.parametrize("table", WRONG.values(), ids=list(WRONG))
def test_no_message_shows_an_arm(table: str, command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s.csv").write_text("subject,start\nA1,2025-01-06\nA2,2025-01-06\n0012,2025-01-06\n", encoding="utf-8")
    said = []
    for arms in (("placebo", "bat4406f", "placebo"), ("bat4406f", "placebo", "placebo"), ("bat4406f", "bat4406f", "bat4406f")):
        Path("a.csv").write_text(table.format(*arms), encoding="utf-8")
        done = dosing(*command, "--regimen", "bat4406f", "--allocation", "a.csv")
        assert done.returncode == 2, done.stdout
        said.append(done.stderr)
    assert said[0] == said[1] == said[2]
    assert "a.csv" in said[0]
    assert "placebo" not in said[0]


@pytest.mark.parametrize(
    ("table", "drawn"),
    [
        ("subject,arm\nA1,placebo,x\n", "2 | A1,…,…\n  | ^"),
        ("subject,arm\n12,placebo\n,X\n", "3 | ,…\n  | ^"),
        ("arm,subject\nX, A1\n placebo ,A1\n", "3 |  … ,A1\n  |     ^^"),
        ("arm,subject\nplacebo,\n", "2 | …,\n  |   ^"),
        ('arm;subject\n"placebo\n";A1\n"X";A1\n', '4 | "…";A1\n  |     ^^'),
    ],
)
def test_carets_stand_where_they_stood(table: str, drawn: str) -> None:
    with pytest.raises(InputError) as refused:
        allocation(table.encode(), "a.csv")
    assert drawn in str(refused.value)


def test_a_workbook_names_its_cells(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for line in (["arm", "subject"], ["placebo", "A1"], ["placebo", "A1"], ['="placebo"', "A3"]):
        book.active.append(line)
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(InputError) as refused:
        allocation((tmp_path / "a.xlsx").read_bytes(), "a.xlsx")
    assert "placebo" not in str(refused.value)
    assert "a.xlsx, cell B3" in str(refused.value)
    assert "error: the formula `…` has no value in this file\n --> a.xlsx, cell A4\n" in str(refused.value)


@pytest.mark.parametrize("command", [COMMANDS["plan"], COMMANDS["cohort"]], ids=["plan", "cohort"])
def test_an_arm_that_the_study_does_not_have_is_shown_with_its_line(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s.csv").write_text("subject,start\nA1,2025-01-06\nA2,2025-01-06\n", encoding="utf-8")
    Path("a.csv").write_text("subject,arm\nA1,placebo\nA2,verum\n", encoding="utf-8")
    done = dosing(*command, "--regimen", "bat4406f", "--allocation", "a.csv")
    assert done.stderr.startswith("error: unknown arm `verum`\n --> a.csv:3:4\n  |\n3 | A2,…\n  |    ^\nhint: the arms are ")
