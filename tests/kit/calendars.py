"""Plans as calendars at fixed moments, and the uids that their entries must have."""

from __future__ import annotations

import datetime as dt
import json
import unicodedata
import uuid

from msgspec.structs import replace

from nmosd_dosing import Plan, Subject, load, plan
from nmosd_dosing.calendar.entries import CalendarStyle
from nmosd_dosing.calendar.ical import read_ics
from nmosd_dosing.calendar.updates import CalendarUpdate, update_ics

STAMP = dt.datetime(2025, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
LATER = dt.datetime(2025, 2, 3, 4, 5, 6, tzinfo=dt.UTC)
NAMESPACE = uuid.UUID("3b1c0f5e-7a52-5d0e-9c57-1f6f0b8f4c11")  # of the first release: a changed one makes every entry a new one


def uid_of(made: Plan, kind: str, id: str) -> str:
    subject = made.subject and unicodedata.normalize("NFC", made.subject)
    return str(uuid.uuid5(NAMESPACE, json.dumps([made.study, subject, kind, id])))


def updated(old: bytes, made: Plan, style: CalendarStyle, stamp: dt.datetime = LATER) -> CalendarUpdate:
    """As if the plan held everything: a visit that it lacks fell away."""
    return update_ics(read_ics(old), replace(made, drawn_until=None), stamp=stamp, style=style)


START = dt.date(2025, 1, 6)


def made(regimen: str = "mil62", period: str | None = "rcp", start: dt.date = START, **subject: object) -> Plan:
    return plan(load(regimen), Subject(start, **{"code": "0012", **subject}), period=period)  # type: ignore[arg-type]
