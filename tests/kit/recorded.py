"""Records of visits as tables, and what `plan` and `check` say of them."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from nmosd_dosing import Plan, Subject, plan
from nmosd_dosing.checks.findings import check
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.subject import Event, Record
from tests.kit.command import dosing, output
from tests.kit.dates import START

BELIMUMAB = ("--regimen", "belimumab", "--start", "2025-01-06", "--weight", "60")
RCP = ("--regimen", "bat4406f-rcp", "--start", "2025-01-06")


def table(text: str, name: str = "v.csv") -> tuple[str, str]:
    Path(name).write_text(text, encoding="utf-8")
    return "--visits", name


def planned(*arguments: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(output("plan", *arguments, "--format", "json"))
    return made


def checked(*arguments: str, as_of: str = "2026-06-01") -> dict[str, str]:
    done = dosing("check", *arguments, "--as-of", as_of, "--format", "json")
    found = json.loads(done.stdout)["findings"]
    assert done.returncode in (0, 1), done.stderr
    return {f["visit"] + ("!" if f["verdict"] == "wrong-dose" else ""): f"{f['verdict']}: {f['message']}" for f in found}


def notes_of(made: dict[str, Any], code: str) -> list[str]:
    return [note["message"] for note in made["notes"] if note["code"] == code]


M = (
    "language: 1\nstudy: m\ntitle: M\nsource: me\ndays: from 1\nproducts: {X: {minimum gap: 10 days}, Y: {}}\n"
    "periods:\n  main:\n    length: 24 weeks\n    visits:\n"
    "      - {at: 'D1, D29, D57, D85', give: X 500 mg, assess: MRI}\n      - {at: D99, give: [X 500 mg, Y 5 mg]}\n"
    "      - {at: D113, give: [X 500 mg, Y 5 mg]}\n"
    "spans: {c: {title: C, from: first dose, to: last dose + 6 months}}\n"
)


def of_m(*records: Record, **events: str) -> tuple[Plan, list[tuple[str, str]]]:
    """The plan of a subject of study M, and the findings that are not upcoming."""
    happened = tuple(Event(name, dt.date.fromisoformat(day)) for name, day in events.items())
    study, subject = read_study_text(M)[0], Subject(START, events=happened, records=records)
    schedule = expand(study, Cohort.of_subjects([subject], ()), allow_deviation=True)
    found = [(f.visit, str(f.verdict)) for f in check(schedule, dt.date(2025, 12, 1)) if f.actual is not None]
    return plan(study, subject, allow_deviation=True), found


def on(visit: str, day: str, **what: Any) -> Record:
    return Record(visit, dt.date.fromisoformat(day), **what)


RESTARTS = (
    "language: 1\nstudy: s\ntitle: t\nsource: not stated\ndays: from 1\nproducts: {X: {}}\nperiods:\n  main:\n"
    '    if gap: [{of: ">8 to 12 weeks", then: restart}, {of: more than 12 weeks, then: hold}]\n'
    "    visits: [{at: 'D1, D15, D29, then every 4 weeks until D141', give: X 100 mg, counted from: previous dose}]\n"
)


def after(*records: tuple[str, str, str]) -> Plan:
    made = tuple(Record(visit, dt.date.fromisoformat(date), status) for visit, date, status in records)  # type: ignore[arg-type]
    return plan(read_study_text(RESTARTS)[0], Subject(START, records=made))


MISSED = (("D57", "2025-03-03", "missed"), ("D85", "2025-03-31", "missed"))
