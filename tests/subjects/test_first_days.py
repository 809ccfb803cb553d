"""The recorded first dose is study day 1: in which cases it is one, what counts from it, and where a reader is told."""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path

import pytest

from nmosd_dosing import Plan, Subject, expand, plan
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.subject import Event, Record, RecordStatus, Weight
from tests.kit.command import dosing, errors
from tests.kit.recorded import RCP, notes_of, on, planned, table

PLANNED, LATER, EARLIER = dt.date(2025, 1, 6), dt.date(2025, 1, 8), dt.date(2025, 1, 2)
HEAD = "language: 1\nstudy: s\ntitle: t\nsource: not stated\ndays: from 1\nproducts: {X: {}, Y: {}}\n"
ONE = HEAD + "periods: {main: {visits: [{at: 'D1, D8', give: X 1 mg, assess: MRI}]}}\n"
ONLY_ASSESSED = HEAD + "periods: {main: {visits: [{at: D1, assess: MRI}, {at: D8, give: X 1 mg}]}}\n"
TWO_PRODUCTS = HEAD + "periods: {main: {visits: [{at: 'D1, D8', give: [X 1 mg, Y 1 mg]}]}}\n"
BY_ARM = HEAD + (
    "periods: {main: {arms: [a, b], visits: [{at: D1, arms: [a], give: X 1 mg}, {at: D3, arms: [b], give: X 1 mg},"
    " {at: D8, give: X 1 mg}]}}\n"
)


def made(study: str, *records: Record, arm: str | None = None) -> Plan:
    return plan(read_study_text(study)[0], Subject(PLANNED, arm=arm, records=records), allow_deviation=True)


def of_day_1(status: RecordStatus = "done", day: dt.date = LATER, **more: str) -> Record:
    return Record("D1", day, status, **more)  # type: ignore[arg-type]


CASES: list[tuple[str, tuple[Record, ...], str | None, dt.date]] = [
    (ONE, (of_day_1(),), None, LATER),
    (ONE, (of_day_1(day=EARLIER),), None, EARLIER),
    (ONE, (of_day_1("partial"),), None, LATER),
    (ONE, (of_day_1("missed"),), None, PLANNED),
    (ONE, (of_day_1("withheld"),), None, PLANNED),
    (ONE, (Record("main/D1", LATER),), None, LATER),
    (ONE, (Record("D1", LATER, period="main"),), None, LATER),
    (ONE, (Record("D8", LATER),), None, PLANNED),
    (ONE, (Record("unscheduled", EARLIER, product="X"),), None, PLANNED),
    (ONE, (of_day_1(), of_day_1(day=EARLIER)), None, LATER),  # recorded twice: the first row stands
    (ONLY_ASSESSED, (of_day_1(),), None, PLANNED),
    (TWO_PRODUCTS, (of_day_1(product="X"), of_day_1(product="Y")), None, LATER),
    (TWO_PRODUCTS, (of_day_1("withheld", product="X"), of_day_1(product="Y")), None, LATER),
    (TWO_PRODUCTS, (of_day_1("withheld", product="X"), of_day_1("missed", product="Y")), None, PLANNED),
    (BY_ARM, (of_day_1(),), "a", LATER),
    (BY_ARM, (of_day_1(),), "b", PLANNED),
    (BY_ARM, (of_day_1(),), None, LATER),
    (BY_ARM, (Record("D3", LATER),), "b", PLANNED),
]


@pytest.mark.parametrize(("study", "records", "arm", "day_1"), CASES)
def test_which_record_is_a_first_dose(study: str, records: tuple[Record, ...], arm: str | None, day_1: dt.date) -> None:
    found = made(study, *records, arm=arm)
    assert (found.start, found.planned_start) == (day_1, None if day_1 == PLANNED else PLANNED)
    d8 = next(visit for visit in found.visits if visit.label == "D8")
    assert (d8.target, d8.study_day) == (day_1 + dt.timedelta(7), 8)


def test_it_is_told_once() -> None:
    told = [(note.message, note.visits) for note in made(ONE, of_day_1()).notes if note.code == "start"]
    assert told == [("main/D1 was on 2025-01-08 Wed, which is day 1; planned was 2025-01-06 Mon", ("main/D1",))]
    assert not [note for note in made(ONE, of_day_1(day=PLANNED)).notes if note.code == "start"]
    nothing_given = [note.message for note in made(ONLY_ASSESSED, of_day_1()).notes if note.code == "start"]
    assert nothing_given == ["main/D1 is recorded on 2025-01-08 Wed; no first dose is given at it, so day 1 is 2025-01-06 Mon"]


def test_each_subject_of_a_cohort_has_a_first_day_of_its_own() -> None:
    study = read_study_text(ONE)[0]
    people = [Subject(PLANNED, "A", records=(of_day_1(),)), Subject(PLANNED, "B"), Subject(PLANNED, "C", records=(of_day_1(day=EARLIER),))]
    cohort = expand(study, Cohort.of_subjects(people, ())).cohort
    assert cohort.start.tolist() == [LATER, PLANNED, EARLIER]
    assert list(cohort.moved()) == [(0, LATER, PLANNED), (2, EARLIER, PLANNED)]
    assert list(expand(study, cohort).cohort.moved()) == list(cohort.moved())


@pytest.mark.parametrize(
    ("day", "more", "refused"),
    [
        (
            "2025-01-08",
            ("--on", "relapse=2025-01-07"),
            "error: `relapse` on 2025-01-07 is before day 1, 2025-01-08, the first dose as recorded or booked; planned was 2025-01-06",
        ),
        ("2025-01-02", ("--on", "relapse=2025-01-03"), None),
        (
            "2025-01-08",
            ("--weight", "2025-01-07=66"),
            "error: the weight on 2025-01-07 is not after day 1, 2025-01-08, the first dose as recorded or booked; planned was 2025-01-06",
        ),
        ("2025-01-02", ("--weight", "2025-01-06=66"), None),
        (
            "2025-01-08",
            ("--until", "2025-01-07"),
            "error: `--until 2025-01-07` is before day 1, 2025-01-08, the first dose as recorded or booked; planned was 2025-01-06",
        ),
        ("2025-01-02", ("--until", "2025-01-03"), None),
    ],
)
def test_what_lies_between_the_two_days(folder: Path, day: str, more: tuple[str, ...], refused: str | None) -> None:
    asked = ("plan", *RCP, *table(f"visit,date\nD1,{day}\n"), *more)
    if refused is None:
        assert dosing(*asked).returncode == 0
    else:
        assert errors(*asked).splitlines()[0] == refused


def test_doses_before_the_first_one_are_refused(folder: Path) -> None:
    refused = errors("plan", *RCP, *table("visit,date\nD1,2025-01-08\nD182,2025-01-07\n"))
    assert refused.splitlines()[0] == "error: `D182` is recorded on 2025-01-07, before day 1, 2025-01-08"


def test_the_entry_into_a_later_period_counts_from_it(folder: Path) -> None:
    asked = ("--regimen", "bat4406f", "--start", "2025-01-06", *table("visit,date\nrcp/D1,2025-01-08\n"))
    move = planned(*asked)["transitions"][0]
    assert (move["earliest"], move["latest"]) == ("2026-01-07", "2026-01-21")


EVERYBODY = "subject,start,weight_kg\nA,2025-01-06,60\nB,2025-01-06,70\n"


def test_every_command_counts_from_it_and_says_so(folder: Path) -> None:
    Path("s.csv").write_text(EVERYBODY, encoding="utf-8")
    asked = ("--regimen", "mil62-rcp", *table("subject,visit,date\nA,W1D1,2025-01-08\nB,W1D1,2025-01-06\n"))
    told = "start: subject `A`: day 1 is 2025-01-08 Wed, the first dose as recorded; planned was 2025-01-06 Mon\n"
    of_many = ("--subjects", "s.csv")
    due = dosing("due", *asked, *of_many, "--as-of", "2025-01-20", "--format", "csv")
    assert (due.stderr, [row["target"] for row in csv.DictReader(due.stdout.splitlines())]) == (told, ["2025-01-20", "2025-01-22"])
    prepare = dosing("prepare", *asked, *of_many, "--from", "2025-01-20", "--days", "3", "--format", "csv")
    assert told in prepare.stderr and [line.split(",")[1] for line in prepare.stdout.splitlines()[1:]] == ["2025-01-20", "2025-01-22"]
    check = dosing("check", *asked, *of_many, "--as-of", "2025-01-20", "--format", "json")
    first = json.loads(check.stdout)["findings"][0]
    assert (check.stderr, first["target"], first["days"]) == (told, "2025-01-08", 0)
    assert first["message"].endswith("; this is day 1, planned was 2025-01-06 Mon")
    rows = dosing("cohort", "s.csv", *asked, "--format", "json")
    lines = [json.loads(line) for line in rows.stdout.splitlines()]
    assert rows.stderr == told
    assert {(x["subject"], x["start"], x["planned_start"]) for x in lines} == {
        ("A", "2025-01-08", "2025-01-06"), ("B", "2025-01-06", None),
    }  # fmt: skip
    one = planned(*RCP, *table("visit,date\nD1,2025-01-08\n"))
    assert (one["start"], one["planned_start"], len(notes_of(one, "start"))) == ("2025-01-08", "2025-01-06", 1)
    assert planned(*RCP)["planned_start"] is None
    calendar = Path("a.ics")
    assert dosing("plan", *RCP, "--visits", "v.csv", "--ics", "a.ics").returncode == 0
    assert "DTSTART;VALUE=DATE:20250708" in calendar.read_text(encoding="utf-8")


def test_python_counts_from_it_too() -> None:
    study = read_study_text(ONE)[0]
    subject = Subject(
        PLANNED,
        records=(on("D1", "2025-01-08"),),
        events=(Event("died", dt.date(2025, 1, 20)),),
        weights=(Weight(LATER + dt.timedelta(1), 61.0),),
    )
    assert plan(study, subject).start == LATER


def test_an_event_before_a_first_dose_of_the_wrong_year_shows_both_places(folder: Path) -> None:
    (folder / "s.csv").write_text("subject,start\nA,2025-01-06\n")
    (folder / "e.csv").write_text("subject,event,date\nA,relapse,2025-05-20\n")
    (folder / "v.csv").write_text("subject,visit,date\nA,D1,2027-01-06\n")
    tables = ("--subjects", "s.csv", "--events", "e.csv", "--visits", "v.csv")
    assert (
        errors("due", "--regimen", "bat4406f-rcp", *tables, "--as-of", "2025-06-01")
        == """\
error: `relapse` on 2025-05-20 is before day 1, 2027-01-06, the first dose as recorded or booked; planned was 2025-01-06
 --> e.csv:2:3
  |
2 | A,relapse,2025-05-20
  |   ^^^^^^^
 ::: v.csv:2:1
  |
2 | A,D1,2027-01-06
  | ^^^^^^^^^^^^^^^ the first dose
hint: events count from day 1 on; check the dates
"""
    )
