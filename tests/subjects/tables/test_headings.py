"""Columns by whatever name: in any case, spacing and width, as SDTM or a Chinese table calls them, or as somebody says."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing.errors import Problems
from nmosd_dosing.subjects.subject import Subject
from nmosd_dosing.subjects.tables import roster
from nmosd_dosing.subjects.tables.headings import NAMES, SDTM, Layout, asked, ignored_text, meanings, plain, understood
from nmosd_dosing.subjects.tables.reading import read
from tests.kit.command import dosing
from tests.kit.tables import JANUARY, refused

ROW = Subject(JANUARY, "0012", weight_kg=60.5, site="S1")
HEADINGS = {
    "ours": "subject,start,weight_kg,site",
    "capitals": "SUBJECT,START,WEIGHT_KG,SITE",
    "spaces": " Subject , Start,Weight kg,Site",
    "a unit in brackets": "Subject ID,First dose date,Weight (kg),Site No.",
    "full width": "ｓｕｂｊｅｃｔ,ｓｔａｒｔ,ｗｅｉｇｈｔ＿ｋｇ,ｓｉｔｅ",
    "no separators": "subject,start,weightkg,site",
    "SDTM": "USUBJID,RFSTDTC,WEIGHT_KG,SITEID",
    "Chinese": "受试者编号,首次给药日期,体重（kg）,中心编号",
    "Chinese, shorter": "受试者,首剂日期,体重,中心",
}


@pytest.mark.parametrize("heading", HEADINGS.values(), ids=HEADINGS)
def test_names_that_are_known(heading: str) -> None:
    assert roster.subjects(f"{heading}\n0012,2025-01-06,60.5,S1\n".encode(), "s.csv", ()) == (ROW,)


def test_a_period_by_any_spelling() -> None:
    [subject] = roster.subjects(b"Subject,Start,Enter OLP\n1,2025-01-06,2026-01-05\n", "s.csv", ("olp",))
    assert [(entry.period, entry.date) for entry in subject.entered] == [("olp", dt.date(2026, 1, 5))]


def test_every_name_means_one_column() -> None:
    pairs = {(plain(name), ours) for table in (NAMES, SDTM) for ours, known in table.items() for name in (ours, *known)}
    histories = {"what", "from", "to", "for", "had"}  # columns of a table of their own, in which `end date` is another one
    of_others = {pair for pair in pairs if pair[1] not in histories}
    of_history = {pair for pair in pairs if pair[1] in histories | {"subject", "amount", "amount_per_day", "unit", "comment"}}
    for of_table in (of_others, of_history):
        assert len(of_table) == len({name for name, _ in of_table})
    assert set(SDTM) <= set(NAMES)
    assert meanings(["subject", "start"])["rfstdtc"] == "start"


@given(st.permutations(["Phone", "subject", "", "START", "Notes"]))
def test_where_columns_stand_does_not_matter(names: list[str]) -> None:
    found = understood(names, ("subject", "start"), Layout())
    assert [names[found.columns[ours]] for ours in ("subject", "start")] == ["subject", "START"]
    assert {names[i] for i in found.others} == {"Phone", "Notes"}


def test_a_subject_within_the_study_is_used_only_by_itself() -> None:
    assert roster.subjects(b"SUBJID,USUBJID,RFSTDTC\n12,X-0012,2025-01-06\n", "s.csv", ())[0].code == "X-0012"
    assert roster.subjects(b"SUBJID,RFSTDTC\n12,2025-01-06\n", "s.csv", ())[0].code == "12"


def test_the_first_dose_comes_before_a_start_that_may_be_another_day() -> None:
    """RFXSTDTC is the day of the first treatment; RFSTDTC may be that of consent. Who has none yet is left out, also with an RFSTDTC."""
    layout = Layout()
    table = b"USUBJID,RFSTDTC,RFXSTDTC\n1,2024-12-30,2025-01-06\n2,2024-12-30,\n"
    assert roster.subjects(table, "s.csv", (), layout=layout) == (Subject(JANUARY, "1"),)
    assert layout.ignored == ["RFSTDTC"]
    assert roster.subjects(b"USUBJID,RFSTDTC\n1,2025-01-06\n", "s.csv", ()) == (Subject(JANUARY, "1"),)


def test_what_is_said_comes_before_what_is_known() -> None:
    layout = Layout(columns={"start": ["Date of FIRST infusion", "elsewhere"], "subject": ["SUBJID"]})
    table = b"USUBJID,SUBJID,RFSTDTC,Date of first infusion\nX-1,1,2025-01-01,2025-01-06\n"
    assert roster.subjects(table, "s.csv", (), layout=layout) == (Subject(JANUARY, "1"),)
    assert layout.ignored == ["USUBJID", "RFSTDTC"]
    assert layout.found == {"Date of FIRST infusion", "SUBJID"}


IGNORED = ["Phone", "AGE", "SEX", "ARM", "VISITNUM", "status", "Date of birth", "入组日期", "Weight date"]


def test_other_columns_are_ignored_and_named() -> None:
    layout, problems = Layout(), Problems()
    text = ",".join(["subject", "start", "weight_kg", *IGNORED]) + "\n1,2025-01-06,60" + ",x" * len(IGNORED) + "\n"
    table = read(text.encode(), "s.csv", ("subject", "start"), ("weight_kg", "site"), problems, layout=layout)
    assert (layout.ignored, problems.found, set(table.columns)) == (IGNORED, [], {"subject", "start", "weight_kg"})


def test_titles_above_the_heading_and_empty_columns() -> None:
    text = "BAT4406F, site 03;;;\n;;;\nas of 2025-07-01;;;\n;Subject;;Start\n;1;;2025-01-06\n;;;\n;2;;2025-01-07\n"
    assert [s.code for s in roster.subjects(text.encode(), "s.csv", ())] == ["1", "2"]


def test_two_lines_of_headings() -> None:
    text = "Unique Subject Identifier,Subject Reference Start Date/Time\nUSUBJID,RFSTDTC\n1,2025-01-06\n"
    assert roster.subjects(text.encode(), "s.csv", ()) == (Subject(JANUARY, "1"),)


def test_a_heading_that_is_too_far_down_is_none() -> None:
    assert refused(roster.subjects, ("x\n" * 50 + "subject,start\n1,2025-01-06\n").encode(), "s.csv", ())[0].startswith(
        "s.csv:1:1: column `subject` is missing"
    )


# --- on the command line -------------------------------------------------------------------------------------------------

PEOPLE = "Pat. No,Date of first infusion,Phone,ARM\nA1,2025-01-06,555-1234,placebo\n"
PLAN = ("plan", "--regimen", "bat4406f-rcp", "--subjects", "s.csv", "--ics-dir", "c")
SAID = ("--column", "subject=pat no", "--column", "start=Date of first infusion")


def test_columns_that_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s.csv").write_text(PEOPLE, encoding="utf-8")
    done = dosing(*PLAN, *SAID)
    assert done.returncode == 0
    assert done.stderr.splitlines()[0] == "ignored in `s.csv`: the columns `Phone`, `ARM`"
    assert b"20250106" in Path("c/A1.ics").read_bytes()


WRONG = {
    ("start",): 'error: `--column start` does not say a name\nhint: write for example `--column start="Date of first dose"`\n',
    ("strat=Day 1",): "error: `--column strat=Day 1`: unknown column `strat`\nhint: did you mean `start`?\n",
    ("subject=Pat. No", "start=Date of first infusion", "weight_kg=Phone", "height_cm=Phone"): (
        "error: `Phone` is said to be `weight_kg` and `height_cm`\n"
    ),
    ("subject=Pat. No", "start=Day One"): 'one that is called otherwise is said, `--column start="…"`\n',
    ("subject=Pat. No", "start=Date of first infusion", "site=Ward"): (
        "error: `--column site=Ward`: no table that has a `site` has a column `Ward`\n"
        "hint: write it as the table does, whatever its case and spaces\n"
    ),
}


@pytest.mark.parametrize(("said", "message"), WRONG.items())
def test_columns_that_are_said_wrongly(said: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s.csv").write_text(PEOPLE, encoding="utf-8")
    done = dosing(*PLAN, *(word for pair in said for word in ("--column", pair)))
    assert done.returncode == 2
    assert message in done.stderr
    assert "555" not in done.stderr


def test_a_message_shows_nothing_of_an_ignored_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s.csv").write_text(PEOPLE.replace("2025-01-06", "6/1/2025"), encoding="utf-8")
    done = dosing(*PLAN, *SAID)
    assert "2 | A1,6/1/2025,…,…\n  |    ^^^^^^^^\n" in done.stderr


# --- what is asked about a name ------------------------------------------------------------------------------------------

READ = 'only {} are read; if it holds them, call it `{}`, or say so: `column {}="…"`'
MISSED = 'where it says that a visit was missed, write that into a column `status`, or say that it is one: `column status="…"`'
DOSED = 'an amount has its unit in a column of its own, `unit`; then say that this is the amount: `column amount="…"`'
QUESTIONS: list[tuple[str, list[str], str | None]] = [
    ("Weight (lb)", ["weight_kg"], READ.format("kilograms", "weight_kg", "weight_kg")),
    ("Height (in)", ["height_cm"], READ.format("centimetres", "height_cm", "height_cm")),
    ("Weight (lb)", ["height_cm"], None), ("Visit status", ["status"], MISSED), ("Visit status", ["amount"], None),
    ("Dose (mg)", ["amount"], DOSED), ("Dose (mg)", ["status"], None),
    ("enter_olpp", ["enter_olp", "start"], "did you mean `enter_olp`?"), ("enter_date", ["date", "start"], "did you mean `date`?"),
    ("enter_xyz", ["start"], "the columns are `subject` or `start`"), ("enter_", ["start"], None),
    ("strat", ["start"], "did you mean `start`?"), ("Frist dose", ["start"], "did you mean `start`?"), ("strat", ["site"], None),
    ("Planned date", ["time", "time_point"], None), ("consentd", ["consented"], "did you mean `consented`?"),
    ("Informed consent", ["consented"], None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "lacking", "question"), QUESTIONS, ids=[f"{name}, {lacking}" for name, lacking, _ in QUESTIONS])
def test_what_is_asked_about_a_column(name: str, lacking: list[str], question: str | None) -> None:
    assert asked(name, lacking, ("subject", "start")) == question


def test_of_many_columns_that_are_ignored_twelve_are_named() -> None:
    shown = ", ".join(f"`{name}`" for name in "abcdefghijkl")
    assert (ignored_text("abcdefghijkl"), ignored_text("abcdefghijklm")) == (shown, f"{shown} and 1 more")


def test_a_heading_of_which_it_was_said_with_a_number_is_no_row() -> None:
    layout = Layout(columns={"start": ["Day 1"]})
    assert roster.subjects(b"Subject,Day 1\n1,2025-01-06\n", "s.csv", (), layout=layout) == (Subject(JANUARY, "1"),)
    assert refused(roster.subjects, b"1,2025-01-06\nSubject,Day 1\n2,2025-01-06\n", "s.csv", (), (), layout) == [
        "s.csv:1:1: this row stands above the names of the columns; "
        "rows stand below the names of the columns: move it there, or take it out"
    ]


MEANT = [  # a heading, and which of its cells the columns are; those that several mean; those that mean none
    ("Subject,Start,x", {"subject": 0, "start": 1}, {}, [2]), ("USUBJID,SUBJID,RFSTDTC", {"subject": 0, "start": 2}, {}, [1]),
    ("subject,Subject ID,start", {"subject": 0, "start": 2}, {"subject": [0, 1]}, []), (",x,", {}, {}, [1]),
    ("start,START,Start,start", {"start": 0}, {"start": [0, 1, 2, 3]}, []),
]  # fmt: skip


@pytest.mark.parametrize(("heading", "columns", "several", "others"), MEANT)
def test_what_a_heading_means(heading: str, columns: dict[str, int], several: dict[str, list[int]], others: list[int]) -> None:
    found = understood(heading.split(","), ("subject", "start"), Layout())
    assert (found.columns, {ours: here for ours, here in found.places.items() if len(here) > 1}, found.others) == (columns, several, others)


def test_one_column_of_which_two_things_are_said() -> None:
    layout = Layout(columns={"weight_kg": ["Phone"], "height_cm": ["phone"]})
    assert refused(roster.subjects, b"subject,start,Phone\n1,2025-01-06,5\n", "s.csv", (), (), layout) == [
        "s.csv:1:15: `Phone` is said to be `weight_kg` and `height_cm`; say of a column one thing"
    ]
