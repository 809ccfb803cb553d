"""What is wrong with a table of arms, or of what was recorded of masked doses, is told without them: tables that differ in nothing else
give the same messages. And no object tells an arm of itself."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from nmosd_dosing.errors import InputError
from nmosd_dosing.language.catalog import load
from nmosd_dosing.plans.request import Request
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.subjects.subject import Record, Subject
from nmosd_dosing.subjects.tables.roster import allocation
from tests.kit.command import dosing
from tests.kit.tables import JANUARY

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
    "another column": "subject,arm,age\nA1,{0},4\nX9,{1},5\n",
    "another column that tells it": 'subject,group,arm\nA1,{0},{0}\nX9,"{1}",{1}\n',
    "a title": "Arms of the trial\nsubject,arm\nX9,{0}\n",
    "a row above the heading": "A1,{0}\nsubject,arm\nA2,{1}\n",
    "two columns of arms": "USUBJID,ARM,ARMCD\nA1,{0},{0}\n",
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


SUBJECTS = {
    "no such day": "subject,start,ARM\nA1,2025-13-06,{0}\nA2,2025-01-06,{1}\n",
    "no such day, and the arm first": 'ACTARM,ARM,subject,start\n{1},"{0}",A1,2025-13-06\n',
    "a cell too many": "subject,start,ARM\nA1,2025-01-06,{0},\nA2,2025-01-06,{1},x\n",
    "a cell too few": "subject,ARM,start\nA1,{0}\n",
    "an open quotation mark": 'ARM,subject,start\n{0},A1,"2025-01-06\n',
    "two rows": "subject,start,ARM\nA1,2025-01-06,{0}\nA1,2025-01-06,{1}\n",
}


@pytest.mark.parametrize("table", SUBJECTS.values(), ids=list(SUBJECTS))
def test_an_arm_beside_the_subjects_is_ignored_and_not_shown(table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = []
    for arms in (("placebo", "bat4406f"), ("bat4406f", "placebo")):
        Path("s.csv").write_text(table.format(*arms), encoding="utf-8")
        done = dosing("check", "--subjects", "s.csv", "--as-of", "2025-03-01", "--regimen", "bat4406f")
        assert done.returncode == 2
        said.append(done.stderr)
    assert said[0] == said[1]
    assert "`ARM`" in said[0] and "placebo" not in said[0]


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


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
@pytest.mark.parametrize("wrong", ["Placebo", "verum", "bat4406"])
def test_of_an_arm_that_the_study_does_not_have_only_its_place_is_told(
    command: tuple[str, ...], wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`Placebo` beside the code of a subject tells the arm as well as `placebo`, and a hint that proposes one does too."""
    monkeypatch.chdir(tmp_path)
    Path("s.csv").write_text("subject,start\nA1,2025-01-06\nA2,2025-01-06\n", encoding="utf-8")
    Path("a.csv").write_text(f"subject,arm\nA1,placebo\nA2,{wrong}\n", encoding="utf-8")
    done = dosing(*command, "--regimen", "bat4406f", "--allocation", "a.csv")
    hint = "hint: write `bat4406f` or `placebo`, letter by letter\n"
    assert f"error: an arm that the study does not have\n --> a.csv:3:4\n  |\n3 | A2,…\n  |    ^\n{hint}" in done.stderr
    assert "verum" not in done.stderr


# --- what was recorded of masked doses ----------------------------------------------------------------------------------

RECORDS = "subject,visit,date,status,product,amount,unit,batch,reason,comment\n"
VISITS = {
    "no such day": RECORDS + "A1,D1,2025-13-06,done,{0}\n",
    "no such visit": RECORDS + "A1,D3,2025-01-08,done,{0}\n",
    "no such status": RECORDS + "A1,D1,2025-01-06,don,{0}\n",
    "nobody's": RECORDS + "X9,D1,2025-01-06,done,{0}\n",
    "twice": RECORDS + "A1,D1,2025-01-06,done,{0}\nA1,D1,2025-01-07,done,{0}\n",
    "before day 1": RECORDS + "A1,D1,2025-01-06,done,{0}\nA1,D182,2025-01-05,done,{0}\n",
    "a cell too many": RECORDS + "A1,D1,2025-01-06,done,{0},,x\n",
    "a cell too few": RECORDS + "A1,D1,2025-01-06,{0}\n",
    "an open quotation mark": RECORDS + 'A1,D1,2025-01-06,done,{0},"\n',
    "no heading": "A1,D1,2025-01-06,done,{0}\n",
    "a column that there is not": RECORDS.replace("\n", ",phone\n") + "A1,D1,2025-01-06,done,{0},1\n",
    "a weight that is none": RECORDS.replace("\n", ",weight_kg\n") + "A1,D1,2025-01-06,done,{0},heavy\n",
    "what was given, wrongly": RECORDS + "A1,D1,2025-01-06,done,{1}\n",
    "doses on several days": RECORDS.replace("status", "EXENDTC").replace("amount", "EXDOSE") + "A1,D1,2025-01-06,2025-01-09,{0}\n",
    "missed, and yet given": RECORDS + "A1,D1,2025-01-06,missed,{2}\n",
}
CELLS = (
    ("placebo,0,mg,PLACEBO-77,,a drop of placebo", 'placebo,"0,0",mg,B1,,', "placebo,1,mg,B1,,"),
    ("BAT4406F,500,mg,V-1,after the verum,", "BAT4406F,5x,mg,B1,,", "BAT4406F,500,mg,B1,,"),
    ("BAT4406F/placebo,25.5,g,,,", "X,500 mg,mg,B1,,", "X,20,mg,,,"),
)


@pytest.mark.parametrize("command", [*list(COMMANDS)[:4]])
@pytest.mark.parametrize("table", VISITS.values(), ids=list(VISITS))
def test_no_message_shows_what_was_given(table: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s.csv").write_text("subject,start\nA1,2025-01-06\nA2,2025-01-06\n", encoding="utf-8")
    said = []
    for cells in CELLS:
        Path("v.csv").write_text(table.format(*cells), encoding="utf-8")
        said.append(dosing(*COMMANDS[command], "--regimen", "bat4406f", "--visits", "v.csv").stderr)
    assert said[0] == said[1] == said[2]
    assert not any(word in said[0].lower() for word in ("placebo-77", "verum", "drop of", "500", "25.5"))


def test_what_was_given_is_shown_where_nothing_is_blinded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("v.csv").write_text("visit,date,product,amount,unit\nD0,2025-01-06,Belimumab,5x,mg\n", encoding="utf-8")
    done = dosing("check", "--regimen", "belimumab", "--start", "2025-01-06", "--visits", "v.csv")
    assert "2 | D0,2025-01-06,Belimumab,5x,mg\n" in done.stderr


# --- representations ----------------------------------------------------------------------------------------------------


def test_no_representation_tells_an_arm() -> None:
    """A log line, a debugger and a traceback print what an object says of itself."""
    said = []
    for arm, product, amount in (("placebo", "placebo", "0"), ("bat4406f", "BAT4406F", "500"), ("bat4406f", "BAT4406F/placebo", "1")):
        record = Record("rcp/D1", JANUARY, product=product, amount=Decimal(amount), unit="mg", batch=product)
        subject = Subject(JANUARY, "A1", arm, records=(record,))
        request = Request(load("bat4406f"), subjects=(subject,))
        schedule = request.schedule()
        values = (record, subject, request.cohort, request, schedule, next(by_subject(schedule)), next(request.plans(schedule)))
        said.append([repr(value) for value in values])
    assert said[0] == said[1] == said[2]
