"""A recorded dose against the planned one: compared in any unit, by product only where it is masked, and only up to the day asked for."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nmosd_dosing import Event, Record, Subject
from nmosd_dosing.checks.findings import check
from nmosd_dosing.errors import Document, Place
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.subjects.cohort import Cohort
from tests.kit.command import dosing, output
from tests.kit.dates import START, day
from tests.kit.recorded import BELIMUMAB, RCP, checked, notes_of, planned, table
from tests.kit.somebody import HEAD


def test_the_same_dose_in_another_unit_is_the_same(folder: Path) -> None:
    right = checked(*BELIMUMAB, *table("visit,date,amount,unit\nD0,2025-01-06,0.6,g\n"))
    assert "treatment/D0!" not in right
    wrong = checked(*BELIMUMAB, *table("visit,date,amount,unit,weight_kg\nD0,2025-01-06,0.66,g,66\n"))
    assert wrong["treatment/D0!"] == (
        "wrong-dose: belimumab 0.66 g is recorded, planned is 600 mg (the weight recorded, 66 kg, is not the one that is planned with) "
        "(v.csv:2:1)"
    )


def test_a_visit_that_was_missed_twice_and_is_booked_is_recorded_again(folder: Path) -> None:
    visits = table("visit,date,status\nD182,2025-06-01,missed\nD182,2025-06-02,missed\nD182,2025-07-12,booked\n")
    done = dosing("check", "--regimen", "bat4406f", "--start", "2025-01-16", *visits, "--as-of", "2025-06-16", "--format", "json")
    told = [finding["message"] for finding in json.loads(done.stdout)["findings"] if finding["verdict"] == "duplicate"]
    assert told == ["recorded again (v.csv:3:1), first on 2025-06-01 Sun (v.csv:2:1)"]


def test_a_dose_that_cannot_be_compared_says_so(folder: Path) -> None:
    visits = table("visit,date,amount,unit\nD0,2025-01-06,600,mg\n")
    told = checked("--regimen", "belimumab", "--start", "2025-01-06", *visits)
    assert told["treatment/D0"].endswith("; its dose is not compared, which needs the weight")
    visits = table("visit,date,amount,unit\nW1D1,2025-01-06,500,mg\n")
    told = checked("--regimen", "mil62-phase1b", "--start", "2025-01-06", *visits)
    assert told["phase1b/W1D1"].endswith("; its dose is not compared, which needs the arm")


def test_a_masked_dose_is_compared_by_product_only(folder: Path) -> None:
    for product in ("BAT4406F", "BAT4406F placebo", "placebo", "BAT4406F/placebo"):
        assert "rcp/D1!" not in checked(*RCP, *table(f"visit,date,product,amount,unit\nD1,2025-01-06,{product},123,mg\n"))
    told = checked(*RCP, *table("visit,date,product\nD1,2025-01-06,Rituximab\n"))
    assert told["rcp/D1!"] == "wrong-dose: another product is recorded, planned is BAT4406F/placebo (v.csv:2:1)"


@pytest.mark.parametrize(
    "name", ["bat4406f", "BAT4406F active", "ｐｌａｃｅｂｏ", "Placebo for BAT4406F", "BAT4406F-placebo", "matching placebo", "安慰剂"]
)
def test_whatever_a_site_calls_a_masked_product_tells_no_arm(folder: Path, name: str) -> None:
    """Were one of them a product that is not planned, check, plan and explain would show it, and the arm with it."""

    def shown(product: str) -> list[str]:
        rows = f"visit,date,product\nD1,2025-01-06,{product}\nunscheduled,2025-03-03,{product}\n"
        visits = (*table(rows), "--as-of", "2025-04-01")
        return [output("check", *RCP, *visits, "--all"), output("plan", *RCP, *visits), output("plan", *RCP, *visits, "--explain", "D1")]

    assert shown(name) == shown("BAT4406F")


def test_what_a_masked_visit_had_of_none_of_the_products_is_not_named(folder: Path) -> None:
    def shown(kit: str) -> str:
        rows = f"visit,date,product\nD1,2025-01-06,{kit}\nunscheduled,2025-03-03,{kit}\n"
        done = dosing("check", *RCP, *table(rows), "--as-of", "2025-04-01", "--all")
        assert done.returncode == 1
        return done.stdout + dosing("plan", *RCP, *table(rows), "--as-of", "2025-04-01").stdout

    assert shown("Kit A") == shown("Kit B")
    assert "Kit" not in shown("Kit A")


def test_unblinded_a_record_that_contradicts_the_arm_is_told(folder: Path) -> None:
    visits = table("visit,date,product,amount,unit\nD1,2025-01-06,BAT4406F,500,mg\n")
    made = planned(*RCP, "--arm", "placebo", "--unblind", *visits)
    assert notes_of(made, "wrong-dose") == ["BAT4406F 500 mg is recorded, planned is 0 mg"]
    page = output("plan", *RCP, "--arm", "placebo", "--unblind", *visits)
    assert "BAT4406F 500 mg" in page and "Total mg" in page


def test_an_event_that_is_dated_later_is_left_out_and_said(folder: Path) -> None:
    Path("e.csv").write_text("subject,event,date\nA,relapse,2025-07-06\n", encoding="utf-8")
    done = dosing("check", *RCP, "--subject", "A", "--events", "e.csv", "--as-of", "2025-02-01", "--format", "json")
    assert done.stderr == "left out, since it is dated after 2025-02-01: an event on 2025-07-06 (e.csv:2:3)\n"
    assert [f["verdict"] for f in json.loads(done.stdout)["findings"]] == ["past-target", "upcoming"]


ROW = Place(Document("v.csv", "visit,date\nD29,2025-02-03\n"), 11, 14)
KINDS = """products: {X: {minimum gap: 20 days}}
periods:
  p:
    visits:
      - {at: D1, give: X 10 mg}
      - {at: D29 ±3d, give: X 10 mg, assess: MRI}
      - {at: D57, give: X 10 mg}
      - {at: D85 or later, assess: MRI}
"""
ALLOWED, NO_WINDOW = "allowed from 2025-01-31 Fri to 2025-02-06 Thu", "no window is stated"
# What was recorded and happened, the day on which one looks, what is found of one visit. D29: 2025-02-03, D57: 2025-03-03, D85: 2025-03-31.
FOUND = [
    ("", "01-30", ["D29 upcoming: from 2025-01-31 Fri on"]),
    ("", "01-31", ["D29 due: until 2025-02-06 Thu"]),
    ("", "02-06", ["D29 due: until 2025-02-06 Thu"]),
    ("", "02-07", ["D29 overdue 1: not recorded 1 day after the last day, 2025-02-06 Thu"]),
    ("D29 02-03", "02-10", [f"D29 in-window 0: on the target, {ALLOWED}"]),
    ("D29 01-31", "02-10", [f"D29 in-window -3: 3 days before the target, {ALLOWED}"]),
    ("D29 01-30", "02-10", ["D29 early -4: 1 day before the first day, 2025-01-31 Fri"]),
    ("D29 02-06", "02-10", [f"D29 in-window 3: 3 days after the target, {ALLOWED}"]),
    ("D29 02-07", "02-10", ["D29 late 4: 1 day after the last day, 2025-02-06 Thu"]),
    ("D29 02-03 partial", "02-10", [f"D29 in-window 0: in part, on the target, {ALLOWED}"]),
    ("D29 02-03 missed", "02-10", ["D29 missed: recorded as missed"]),
    ("D29 02-03 withheld", "02-10", ["D29 missed: recorded as withheld"]),
    ("D29 02-03 booked", "01-20", [f"D29 in-window 0: booked for 2025-02-03 Mon: on the target, {ALLOWED}"]),
    ("D29 02-07 booked", "01-20", ["D29 late 4: booked for 2025-02-07 Fri: 1 day after the last day, 2025-02-06 Thu"]),
    ("D29 01-30 booked", "01-20", ["D29 early -4: booked for 2025-01-30 Thu: 1 day before the first day, 2025-01-31 Fri"]),
    ("D29 02-03 10 mg", "02-10", [f"D29 in-window 0: on the target, {ALLOWED}"]),
    ("D29 02-03 9 mg", "02-10", [f"D29 in-window 0: on the target, {ALLOWED}", "D29 wrong-dose 0: X 9 mg is recorded, planned is 10 mg"]),
    ("", "03-03", ["D57 due: until 2025-03-03 Mon, the day planned"]),
    ("", "03-04", [f"D57 past-target 1: not recorded 1 day after the target; {NO_WINDOW}"]),
    ("D57 03-01", "03-10", [f"D57 no-window -2: 2 days before the target; {NO_WINDOW}"]),
    ("D57 03-05", "03-10", [f"D57 no-window 2: 2 days after the target; {NO_WINDOW}"]),
    ("D29 02-06, D57 02-25", "03-10", ["D57 early -6: 1 day before the first day, 2025-02-26 Wed",
     "D57 short-gap -6: X 19 days after the dose before, on 2025-02-06 Thu; the minimum gap is 20 days"]),
    ("D29 02-06, D57 02-26", "03-10", [
     "D57 no-window -5: 5 days before the target; allowed from 2025-02-26 Wed on, no last day is stated"]),
    ("D85 03-30", "04-10", ["D85 early -1: 1 day before the first day, 2025-03-31 Mon"]),
    ("D85 04-20", "05-10", ["D85 in-window 20: 20 days after the target, allowed on 2025-03-31 Mon or later"]),
    ("withdrawn 02-02", "02-10", ["D29 cancelled: withdrawn on 2025-02-02 Sun"]),
    ("withdrawn 02-05", "02-10", ["D29 past-target 2: not recorded, and the subject left on 2025-02-05 Wed"]),
    ("D29 02-05, withdrawn 02-05", "02-10", ["D29 in-window 2: 2 days after the target, allowed from 2025-01-31 Fri to 2025-02-05 Wed"]),
    ("D29 02-06, withdrawn 02-05", "02-10", ["D29 not-allowed 3: after withdrawn on 2025-02-05 Wed"]),
    ("D29 02-05, treatment_stopped 02-04", "02-10", ["D29 late 2: 1 day after the last day, 2025-02-04 Tue"]),
]  # fmt: skip


@pytest.mark.parametrize(("what", "as_of", "told"), FOUND, ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_found_of_a_visit(what: str, as_of: str, told: list[str]) -> None:
    records, events = [], []
    for name, date, *more in (item.split() for item in what.split(", ") if item):
        if name[0].isupper():
            amount, unit = (Decimal(more[0]), "mg") if more[1:] else (None, None)
            status: Any = more[0] if more and amount is None else "done"
            records.append(Record(name, day(f"2025-{date}"), status, amount=amount, unit=unit))
        else:
            events.append(Event(name, day(f"2025-{date}")))
    subject = Subject(START, records=tuple(records), events=tuple(events))
    found = check(expand(read_study_text(HEAD + KINDS)[0], Cohort.of_subject(subject, ())), f"2025-{as_of}")
    mine = [f for f in found if f.visit == f"p/{told[0].split()[0]}"]
    days = [f" {f.days}" if f.days is not None else "" for f in mine]
    assert [f"{f.visit[2:]} {f.verdict}{off}: {f.message}" for f, off in zip(mine, days, strict=True)] == told


@pytest.mark.parametrize(
    ("visit", "date", "told"),
    [
        ("D-2", "01-04", "no-window: on the target; no window is stated"),
        ("D-2", "01-03", "no-window: 1 day before the target; no window is stated"),
        ("D29", "01-05", "not-allowed: before day 1, 2025-01-06 Mon"),
        ("D29", "01-06", "no-window: 28 days before the target; no window is stated"),
    ],
)
def test_before_day_1_is_only_what_is_planned_there(visit: str, date: str, told: str) -> None:
    text = "products: {X: {}, Y: {}}\nperiods: {p: {visits: [{at: D-2, give: Y 1 mg}, {at: D1, give: X 1 mg}, {at: D29, give: X 1 mg}]}}\n"
    subject = Subject(START, records=(Record("D1", START), Record(visit, day(f"2025-{date}"))))
    found = check(expand(read_study_text(HEAD + text)[0], Cohort.of_subject(subject, ()), allow_deviation=True), "2025-02-10")
    assert [f"{f.verdict}: {f.message}" for f in found if f.visit == f"p/{visit}" and f.verdict != "short-gap"] == [told]


@pytest.mark.parametrize(
    ("date", "status", "written", "message"),
    [
        ("02-03", "done", {}, f"on the target, {ALLOWED}"),
        ("02-03", "done", {"reason": "leave"}, f"on the target, {ALLOWED}; reason: leave"),
        ("02-03", "done", {"batch": "L1"}, f"on the target, {ALLOWED}; batch L1"),
        ("02-03", "done", {"comment": "well"}, f"on the target, {ALLOWED}; comment: well"),
        ("02-03", "done", {"batch": "L1", "comment": "well"}, f"on the target, {ALLOWED}; batch L1; comment: well"),
        ("02-03", "done", {"place": ROW}, f"on the target, {ALLOWED}"),  # nothing is wrong there
        ("02-07", "done", {"place": ROW}, "1 day after the last day, 2025-02-06 Thu (v.csv:2:1)"),
        ("02-07", "done", {"reason": "leave"}, "1 day after the last day, 2025-02-06 Thu; reason: leave"),
        ("02-07", "done", {"reason": "leave", "place": ROW}, "1 day after the last day, 2025-02-06 Thu; reason: leave (v.csv:2:1)"),
        ("02-03", "missed", {"reason": "leave", "place": ROW}, "recorded as missed; reason: leave (v.csv:2:1)"),
        ("02-07", "booked", {"place": ROW}, "booked for 2025-02-07 Fri: 1 day after the last day, 2025-02-06 Thu (v.csv:2:1)"),
        ("02-05", "lapsed", {}, "not recorded 4 days after the last day, 2025-02-06 Thu; it was booked for 2025-02-05 Wed"),
    ],
)
def test_what_was_written_beside_a_visit_stands_in_its_finding(date: str, status: Any, written: dict[str, Any], message: str) -> None:
    subject = Subject(START, records=(Record("D29", day(f"2025-{date}"), status, **written),))
    found = check(expand(read_study_text(HEAD + KINDS)[0], Cohort.of_subject(subject, ()), allow_deviation=True), "2025-02-10")
    assert [f.message for f in found if f.visit == "p/D29"] == [message]


CALLS = """products: {X: {}}
periods:
  p: {visits: [{at: D1, give: X 1 mg}, {at: D8 to D10, window: ±2d, assess: diary}, {at: D29 to D35, give: X 1 mg daily}]}
"""


@pytest.mark.parametrize(
    ("records", "told"),
    [
        ((Record("D8 to D10", day("2025-01-13")),), "in-window: on the target, allowed from 2025-01-11 Sat to 2025-01-17 Fri"),
        ((Record("D8 to D10", day("2025-01-13"), last=day("2025-01-17")),),
         "in-window: on the target, allowed from 2025-01-11 Sat to 2025-01-17 Fri"),
        ((Record("D8 to D10", day("2025-01-13"), last=day("2025-01-18")),),
         "late: to 2025-01-18 Sat: 1 day after the last day, 2025-01-17 Fri"),
        ((Record("D29 to D35", day("2025-02-03"), last=day("2025-02-12")),), "no-window: on the target; no window is stated"),
    ],
)  # fmt: skip
def test_days_of_an_examination_end_in_its_window_too(records: tuple[Record, ...], told: str) -> None:
    subject = Subject(START, records=records)
    found = check(expand(read_study_text(HEAD + CALLS)[0], Cohort.of_subject(subject, ()), allow_deviation=True), "2025-03-10")
    assert [f"{f.verdict}: {f.message}" for f in found if f.visit == f"p/{records[0].visit}" and f.verdict != "wrong-dose"] == [told]
