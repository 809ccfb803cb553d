"""Appointments: a visit that is dated later than the day of looking is booked, and no fact, whatever its record says."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest

from nmosd_dosing import Plan, Subject, expand, plan
from nmosd_dosing.checks.finding import Finding
from nmosd_dosing.checks.findings import check
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.request import Request
from nmosd_dosing.subjects.history import booked_by
from nmosd_dosing.subjects.subject import RECORD_STATUSES, Event, Record
from tests.kit.command import dosing, errors
from tests.kit.dates import START
from tests.kit.recorded import BELIMUMAB, RCP, RESTARTS, M, notes_of, on, planned, table

HEAD = "language: 1\nstudy: s\ntitle: t\nsource: not stated\ndays: from 1\nproducts: {X: {}}\n"
FOLLOWS = HEAD + "periods: {main: {visits: [{at: 'D1, D15, then every 4 weeks until D99', give: X 100 mg, counted from: previous dose}]}}\n"
WINDOWED = HEAD + "periods: {main: {visits: [{at: 'D1, D29, D57', window: ±3d, give: X 100 mg}]}}\n"


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def made(study: str, as_of: str | None, *records: Record, **more: Any) -> Plan:
    return plan(read_study_text(study)[0], Subject(START, records=records, **more), as_of=day(as_of) if as_of else None)


def statuses(found: Plan) -> dict[str, str]:
    return {visit.label: visit.status for visit in found.visits}


def found(study: str, as_of: str, *records: Record, **more: Any) -> dict[str, Finding]:
    subjects = booked_by([Subject(START, records=records, **more)], day(as_of))
    request = Request(read_study_text(study)[0], None, subjects)
    return {f.visit: f for f in check(request.as_carried_out(day(as_of)), day(as_of))}


@pytest.mark.parametrize("status", RECORD_STATUSES)
def test_whatever_its_record_says(status: Any) -> None:
    visit = made(WINDOWED, "2025-02-01", on("D29", "2025-02-04", status=status)).visits[1]
    assert (visit.status, visit.booked, visit.actual, visit.date) == ("booked", day("2025-02-04"), None, day("2025-02-04"))


def test_it_is_done_once_its_day_is_there() -> None:
    record = on("D29", "2025-02-04")
    assert [made(WINDOWED, as_of, record).visits[1].status for as_of in ("2025-02-03", "2025-02-04", "2025-02-05")] == [
        "booked",
        "done",
        "done",
    ]
    booked = on("D29", "2025-02-04", status="booked")
    assert [made(WINDOWED, as_of, booked).visits[1].status for as_of in ("2025-02-03", "2025-02-04", "2025-02-05")] == [
        "booked",
        "booked",
        "planned",
    ]


def test_no_total_counts_it_as_given() -> None:
    records = on("D1", "2025-01-06", amount=1000, unit="mg"), on("D29", "2025-02-05", amount=400, unit="mg")
    now = made(M, "2025-02-01", *records)
    d29 = now.visits[1].administrations[0]
    assert (d29.amount, d29.recorded, d29.cumulative) == (500, False, 1500)
    assert [(i.given, i.planned) for i in now.intensity] == [(1000, 500)]


def test_a_verdict_as_it_will_be_and_a_word_that_it_is_none_yet() -> None:
    told = {d: found(WINDOWED, "2025-01-20", on("D29", d))["main/D29"] for d in ("2025-01-30", "2025-01-31", "2025-02-06", "2025-02-07")}
    assert [(f.verdict, f.days, f.booked, f.actual) for f in told.values()] == [
        ("early", -4, True, None), ("in-window", -3, True, None), ("in-window", 3, True, None), ("late", 4, True, None),
    ]  # fmt: skip
    assert told["2025-02-07"].message == "booked for 2025-02-07 Fri: 1 day after the last day, 2025-02-06 Thu"


def test_a_day_that_has_passed_says_what_it_was_booked_for() -> None:
    gone = found(WINDOWED, "2025-02-10", on("D29", "2025-02-05", status="booked"))["main/D29"]
    assert (gone.verdict, gone.booked) == ("overdue", False)
    assert gone.message == "not recorded 4 days after the last day, 2025-02-06 Thu; it was booked for 2025-02-05 Wed"
    notes = [n.message for n in made(WINDOWED, "2025-02-10", on("D29", "2025-02-05", status="booked")).notes if n.code == "booked"]
    assert notes == ["main/D29 was booked for 2025-02-05 Wed, and nothing is recorded of it"]
    due = found(WINDOWED, "2025-02-06", on("D29", "2025-02-05", status="booked"))["main/D29"]
    assert (due.verdict, due.message) == ("due", "until 2025-02-06 Thu; it was booked for 2025-02-05 Wed")


def test_an_appointment_after_an_exit_is_not_allowed_and_nothing_is_prepared_for_it() -> None:
    records, events = (on("D29", "2025-02-05"),), (Event("treatment_stopped", day("2025-02-01")),)
    assert found(WINDOWED, "2025-02-02", *records, events=events)["main/D29"].verdict == "not-allowed"
    left = made(WINDOWED, "2025-02-02", *records, events=events)
    assert "D29" not in statuses(left)
    assert "main/D29 is booked for 2025-02-05 Wed, and is not planned any more" in " ".join(n.message for n in left.notes)


def test_what_is_counted_from_it_follows_and_is_projected() -> None:
    now = made(FOLLOWS, "2025-01-15", on("D1", "2025-01-06"), on("D15", "2025-01-22"))
    assert [(v.label, v.status, v.target) for v in now.visits[:4]] == [
        ("D1", "done", day("2025-01-06")), ("D15", "booked", day("2025-01-20")), ("D43", "projected", day("2025-02-19")),
        ("D71", "projected", day("2025-03-19")),
    ]  # fmt: skip
    assert now.visits[2].reason == "the dose of 2025-01-22 Wed, as booked + 28 days"


def test_a_gap_rule_does_not_fire_on_an_appointment() -> None:
    far = on("D15", "2025-06-20")
    assert not [n for n in made(RESTARTS, "2025-02-01", on("D1", "2025-01-06"), far).notes if n.code in ("restart", "gap-rule")]
    assert [n for n in made(RESTARTS, "2025-07-01", on("D1", "2025-01-06"), far).notes if n.code == "gap-rule"]


def test_a_minimum_gap_is_counted_from_it() -> None:
    short = found(M, "2025-02-01", on("D1", "2025-01-06"), on("D29", "2025-02-25"))
    assert short["main/D57"].message.endswith("; not before 2025-03-07 Fri, by the minimum gap")


@pytest.mark.parametrize("when", ["2025-01-08", "2025-01-06"])
def test_day_1_itself(when: str) -> None:
    now = made(WINDOWED, "2025-01-02", on("D1", when))
    assert (now.start, now.planned_start) == (day(when), START if when != "2025-01-06" else None)
    assert statuses(now) == {"D1": "booked", "D29": "projected", "D57": "projected"}
    assert now.visits[1].target == day(when) + dt.timedelta(28)
    lapsed = made(WINDOWED, "2025-01-20", on("D1", when, status="booked"))
    assert (lapsed.start, statuses(lapsed)["D29"]) == (START, "planned")


def test_an_entry(folder: Path) -> None:
    asked = ("--regimen", "bat4406f", "--start", "2025-01-06", *table("visit,date\nrcp/D1,2025-01-06\nolp/D1,2026-01-12\n"))
    now = planned(*asked, "--as-of", "2025-12-20")
    move, olp = now["transitions"][0], [v for v in now["visits"] if v["period"] == "olp"]
    assert (move["status"], move["entered"], move["message"].split("; ")[-1]) == ("projected", None, "booked for 2026-01-12 Mon")
    assert [(v["status"], v["target"], v["booked"]) for v in olp[:2]] == [
        ("booked", "2026-01-12", "2026-01-12"), ("projected", "2026-07-12", None),
    ]  # fmt: skip
    late = dosing("check", *asked[:4], *table("visit,date\nolp/D1,2026-01-25\n"), "--as-of", "2025-12-20", "--format", "json")
    told = [f for f in json.loads(late.stdout)["findings"] if f["visit"].startswith("olp")]
    assert late.returncode == 1
    assert (told[0]["visit"], told[0]["verdict"], told[0]["booked"], told[0]["latest"]) == ("olp/D1", "late", True, "2026-01-19")
    assert "olp entry" not in [f["visit"] for f in told]


def test_two_rows_of_one_visit() -> None:
    done, again = on("D29", "2025-02-03"), on("D29", "2025-02-20")
    both = made(WINDOWED, "2025-02-10", done, again)
    assert (both.visits[1].status, both.visits[1].actual, both.visits[1].booked) == ("done", day("2025-02-03"), None)
    assert [n.message for n in both.notes if n.code == "booked"] == [
        "main/D29 is booked for 2025-02-20 Thu as well: that appointment is not in this plan"
    ]
    missed = made(WINDOWED, "2025-02-10", on("D29", "2025-02-03", status="missed"), again)
    assert (missed.visits[1].status, missed.visits[1].booked) == ("booked", day("2025-02-20"))
    assert missed.visits[1].administrations[0].amount == 100
    kept = made(WINDOWED, "2025-02-10", on("D29", "2025-02-01", status="booked"), done)
    assert (kept.visits[1].status, [n for n in kept.notes if n.code == "booked"]) == ("done", [])


def test_a_visit_that_is_not_planned_or_not_yet_there() -> None:
    extra = on("unscheduled", "2025-02-20", product="X", amount=50, unit="mg")
    now = made(WINDOWED, "2025-02-10", on("D1", "2025-01-06"), extra)
    assert now.visits[-1].administrations[0].cumulative == 300
    told = found(WINDOWED, "2025-02-10", extra)["unscheduled"]
    assert (told.verdict, told.booked, told.actual) == ("unscheduled", True, None)
    restart = on("D1 (restart)", "2025-06-20", status="booked")
    assert statuses(made(RESTARTS, "2025-02-10", on("D1", "2025-01-06"), restart))["D15"] == "planned"
    after_event = made(
        HEAD + "periods: {main: {visits: [{at: [D1, relapse + 5 days], give: X 1 mg}]}}\n", "2025-02-10", on("relapse+5d", "2025-06-20")
    )
    assert "relapse+5d, which this plan does not have yet, is booked for" in " ".join(n.message for n in after_event.notes)


def test_a_name_that_no_visit_has_is_refused(folder: Path) -> None:
    assert errors("plan", *RCP, *table("visit,date,status\nD999,2099-06-20,booked\n")).startswith("error: unknown visit `D999`\n")


EVERYBODY = "subject,start,weight_kg\nA,2025-01-06,60\n"


def test_every_command(folder: Path) -> None:
    visits = table("subject,visit,date\nA,D1,2025-01-06\nA,D182,2099-07-10\n")
    Path("s.csv").write_text(EVERYBODY, encoding="utf-8")
    asked = ("--regimen", "bat4406f-rcp", *visits)
    now = planned(*asked, "--start", "2025-01-06", "--subject", "A")
    assert [(v["status"], v["actual"], v["booked"]) for v in now["visits"]] == [
        ("done", "2025-01-06", None),
        ("booked", None, "2099-07-10"),
    ]
    assert (now["meta"]["as_of"], len(notes_of(now, "booked"))) == (None, 1)
    rows = list(csv.DictReader(io.StringIO(dosing("cohort", "s.csv", *asked).stdout)))
    assert [(row["status"], row["actual"], row["booked"], "booked" in row["notes"]) for row in rows] == [
        ("done", "2025-01-06", "", False), ("booked", "", "2099-07-10", True),
    ]  # fmt: skip
    assert dosing("plan", *asked, "--start", "2025-01-06", "--subject", "A", "--ics", "a.ics").returncode == 0
    calendar = Path("a.ics").read_text(encoding="utf-8")
    assert "DTSTART;VALUE=DATE:20990710" in calendar and "Booked for this day" in calendar and calendar.count("Done on this day") == 1
    due = json.loads(dosing("due", *asked, "--subjects", "s.csv", "--as-of", "2099-07-05", "--format", "json").stdout)["due"]
    assert [(d["visit"], d["state"], d["last"], d["days_left"], d["booked"]) for d in due] == [("rcp/D182", "booked", None, None, True)]
    prepare = dosing("prepare", *asked, "--subjects", "s.csv", "--from", "2099-07-10", "--days", "1", "--format", "csv")
    assert [row["visit"] for row in csv.DictReader(io.StringIO(prepare.stdout))] == ["rcp/D182"]


def test_the_table_of_visits_may_say_it(folder: Path) -> None:
    now = planned(*BELIMUMAB, *table("visit,date,status\nD0,2025-01-06,\nD14,2099-01-20,Booked\n"))
    assert [v["status"] for v in now["visits"]][:2] == ["done", "booked"]
    assert "write `done`, `partial`, `missed`, `withheld` or `booked`" in errors(
        "plan", *RCP, *table("visit,date,status\nD1,2025-01-06,lapsed\n")
    )


def test_from_python_a_cohort_takes_its_records_as_they_are() -> None:
    study, subject = read_study_text(WINDOWED)[0], Subject(START, records=(on("D29", "2025-02-05", status="booked"),))
    assert Request(study, None, (subject,)).schedule().id(1) == "main/D29"
    assert expand(study, Request(study, None, (subject,)).cohort).visit_records is not None
