"""Whoever has left is not due any more, and what is due is written as a table, JSON, CSV and a calendar."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from nmosd_dosing import Subject, due, load
from nmosd_dosing.checks.finding import Finding
from nmosd_dosing.checks.findings import check
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.subject import Event, Record
from tests.kit.command import dosing, errors, output
from tests.kit.dates import START
from tests.kit.paths import ROOT
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
    assert heading.startswith("To do") and "Target" in heading
    assert ("Last day" in heading) == any(item["latest"] for item in items)


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


# --- in the words of a call -----------------------------------------------------------------------------------------------

TODAY = dt.date(2025, 7, 10)


def finding(visit: str, verdict: str, days: str, booked: int | None = None, waits: str | None = None) -> Finding:
    """Of days counted from today: first, target and last, `-` for none."""
    first, target, last = (None if n == "-" else TODAY + dt.timedelta(int(n)) for n in days.split())
    on = None if booked is None else TODAY + dt.timedelta(booked)
    return Finding("0103", visit, verdict, None, target, first, last, None, "", waits, booked_for=on)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "todo"),
    [
        (finding("rcp/D182", "overdue", "-7 -4 -1"), "overdue since 2025-07-10 Thu: call, record or mark missed"),
        (finding("olp entry", "overdue", "-15 -15 -1"), "overdue since 2025-07-10 Thu: call, record the entry or decide"),
        (finding("rcp/D182", "past-target", "- -4 -"), "was planned for 2025-07-06 Sun: call, record or mark missed"),
        (finding("olp entry", "past-target", "-3 -3 -"), "call to book: open since 2025-07-07 Mon"),
        (finding("rcp/D182", "due", "-3 0 3", waits="decision"), "decide: the dose waits, by 2025-07-13 Sun"),
        (finding("olp entry", "due", "- - 13", waits="decision"), "decide: entry into olp, by 2025-07-23 Wed"),
        (finding("olp entry", "overdue", "- - -2", waits="decision"), "decide: entry into olp; the last day was 2025-07-08 Tue"),
        (finding("rcp/D29", "due", "5 0 3", waits="decision"), "decide: no day is allowed, by 2025-07-13 Sun"),
        (finding("rcp/D182", "due", "-6 -3 0"), "window closes today: call now"),
        (finding("rcp/D182", "due", "-5 -2 1"), "window closes tomorrow: call today"),
        (finding("rcp/D182", "due", "-3 0 3"), "window closes in 3 days: call today"),
        (finding("rcp/D182", "due", "-2 1 4"), "window closes in 4 days: call to book"),
        (finding("olp entry", "due", "-9 -9 5"), "entry closes in 5 days: call to book"),
        (finding("rcp/D182", "due", "-7 0 28"), "call to book, by 2025-08-07 Thu"),
        (finding("rcp/D182", "due", "- 0 -"), "planned for today: call"),
        (finding("rcp/D182", "upcoming", "4 7 10"), "call to book: opens 2025-07-14 Mon"),
        (finding("rcp/D182", "upcoming", "- 4 -"), "call to book: planned for 2025-07-14 Mon"),
        (finding("rcp/D182", "in-window", "-3 0 3", booked=1), "booked for 2025-07-11 Fri"),
        (replace(finding("rcp/D182", "in-window", "-3 0 3", booked=1), hour=dt.time(10)), "booked for 2025-07-11 Fri at 10:00"),
        (finding("rcp/D182", "late", "-3 0 3", booked=4), "booked for 2025-07-14 Mon, 1 day too late: call to move it"),
        (finding("rcp/D182", "early", "4 7 10", booked=1), "booked for 2025-07-11 Fri, 3 days too early: call to move it"),
        (finding("rcp/D182", "not-allowed", "-3 0 3", booked=2), "booked for 2025-07-12 Sat, which is not allowed: call to cancel it"),
        (finding("rcp/D182", "short-gap", "-3 0 3", booked=2), "booked for 2025-07-12 Sat, too close to another dose: call to move it"),
    ],
)  # fmt: skip
def test_what_to_do_in_the_words_of_a_call(found: Finding, todo: str) -> None:
    [item] = due([found], TODAY, 14)
    assert item.todo == todo


def test_the_most_urgent_comes_first_then_the_last_day() -> None:
    found = [
        finding("rcp/1", "upcoming", "1 2 9"),
        finding("rcp/2", "in-window", "-3 0 3", booked=1),
        finding("rcp/3", "due", "-7 0 28"),
        finding("rcp/4", "due", "-3 0 9"),
        finding("rcp/5", "due", "-3 0 3"),
        finding("rcp/6", "late", "-3 0 3", booked=4),
        finding("rcp/7", "due", "-3 0 3", waits="decision"),
        finding("rcp/8", "past-target", "- -4 -"),
        finding("rcp/9", "overdue", "-9 -5 -1"),
    ]
    assert [item.finding.visit[-1] for item in due(found, TODAY, 14)] == ["9", "8", "7", "6", "5", "4", "3", "2", "1"]


def test_a_visit_booked_too_close_to_another_dose_stands_once() -> None:
    found = [finding("rcp/1", "in-window", "-3 0 3", booked=1), finding("rcp/1", "short-gap", "-3 0 3", booked=1)]
    assert [item.finding.verdict for item in due(found, TODAY, 14)] == ["short-gap"]


NOW = ["0102 overdue", "0103 past-target", "0104 decision", "0104 decision", "0106 due", "0105 due"]
COURSE = ("--subjects", "examples/course/subjects.csv", "--events", "examples/course/events.csv", "--visits", "examples/course/visits.csv")


@pytest.mark.parametrize(
    ("week", "days", "rows"),
    [
        ("this", ("2025-07-10", "2025-07-13"), NOW),
        ("next", ("2025-07-14", "2025-07-20"), ["0104 decision", "0106 closes", "0105 closes"]),
        ("2025-07-23", ("2025-07-21", "2025-07-27"), ["0104 decision"]),
        ("2025-07-08", ("2025-07-10", "2025-07-13"), NOW),
    ],
)  # fmt: skip
def test_one_week(monkeypatch: pytest.MonkeyPatch, week: str, days: tuple[str, str], rows: list[str]) -> None:
    monkeypatch.chdir(ROOT)
    asked = ("due", "--regimen", "bat4406f", *COURSE, "--as-of", "2025-07-10", "--week", week, "--format", "json")
    made = json.loads(output(*asked))
    assert (made["from"], made["to"]) == days
    assert [f"{item['subject']} {item['state']}" for item in made["due"]] == rows


def test_which_week() -> None:
    asked = ("due", *RCP, "--as-of", "2025-07-10")
    assert errors(*asked, "--week", "this", "--ahead", "14d") == (
        "error: `--ahead` and `--week` both say which days\nhint: leave one of the two out\n"
    )
    assert errors(*asked, "--week", "2025-07-06") == (
        "error: the week of `--week 2025-07-06` is over on 2025-07-10 Thu, the day of looking\n"
        "hint: `check` says what became of it; `--as-of` looks from an earlier day\n"
    )
    assert (
        errors(*asked, "--week", "thsi") == "error: `--week thsi` is no week\nhint: write `this`, `next`, or a date such as `2025-07-10`\n"
    )
    assert errors(*asked, "--week", "2052-07-06") == "error: `--week 2052-07-06` is more than 3660 days ahead\nhint: check the year\n"
    assert errors(*asked, "--week", "next", "--ics", "due.ics") == (
        "error: `--ics` with a later week would cancel what is due before it\n"
        "hint: a calendar holds what is due from the day of looking on: write `--ahead`, or `--week this`\n"
    )
    assert dosing("due", *RCP, "--as-of", "9999-12-31", "--week", "this").returncode == 0


TABLETS = """\
language: 1
study: tablets
title: Tablets for three weeks
source: made up
days: from 1
products: {X: {}}
periods:
  main:
    visits:
      - {at: consented, assess: informed consent}
      - {at: screened, assess: eligibility}
      - {at: D1 to D21, give: X 100 mg daily}
"""


@pytest.mark.parametrize(
    ("as_of", "todo", "message"),
    [
        ("2025-01-04", "call to book: begins on 2025-01-06 Mon", "begins on 2025-01-06 Mon"),
        ("2025-01-06", "begins today: call", "begins on 2025-01-06 Mon, the day planned"),
        ("2025-01-20", "was to begin on 2025-01-06 Mon: call, record or mark missed",
         "not recorded 14 days after the day on which it was to begin; no window is stated"),
    ],
)  # fmt: skip
def test_the_days_of_a_course_are_no_window(folder: Path, as_of: str, todo: str, message: str) -> None:
    (folder / "course.yaml").write_text(TABLETS, encoding="utf-8")
    asked = ("--regimen", "course.yaml", "--start", "2025-01-06", "--as-of", as_of, "--format", "json")
    (item,) = json.loads(output("due", *asked))["due"]
    assert (item["todo"], item["last"], item["days_left"]) == (todo, None, None)
    found = [each for each in json.loads(output("check", *asked))["findings"] if each["visit"].endswith("D21")]
    assert [each["message"] for each in found] == [message]


def test_a_day_of_the_subject_that_is_given_is_done(folder: Path) -> None:
    """It is not asked for a second time, neither here nor on a board; one that is still to come is not done."""
    (folder / "course.yaml").write_text(TABLETS, encoding="utf-8")
    asked = ("--regimen", "course.yaml", "--on", "consented=2024-12-05", "--on", "screened=2024-12-12", "--as-of")
    assert [item["visit"] for item in json.loads(output("due", *asked, "2024-12-20", "--format", "json"))["due"]] == []
    found = json.loads(output("check", *asked, "2024-12-20", "--format", "json"))["findings"]
    days = {each["visit"].split("/")[-1]: (each["verdict"], each["actual"]) for each in found}
    assert days["consented"] == ("no-window", "2024-12-05") and days["screened"] == ("no-window", "2024-12-12")
    before = {
        each["visit"].split("/")[-1]: each["verdict"]
        for each in json.loads(output("check", *asked, "2024-12-10", "--format", "json"))["findings"]
    }
    assert before["consented"] == "no-window" and before["screened"] == "upcoming"
    month = output("board", *asked, "2024-12-20", "--month", "2024-12")
    assert "overdue" not in month and "not recorded" not in month
