"""Calendars of 162 subjects, twelve to fifteen entries with alarms each, against the same entries by bare calls of libraries."""

from __future__ import annotations

import datetime as dt
import sys
import warnings
from pathlib import Path
from typing import Any

import icalendar
import vobject  # type: ignore[import-untyped]
from icalendar import Alarm, Calendar, Event
from race import heading, race, row

from nmosd_dosing import CalendarStyle, Plan, Subject, load, plan, read_ics, to_ics, update_ics
from nmosd_dosing.calendar.entries import CalendarEntry, to_entries

warnings.simplefilter("ignore")  # of `ics` and of the parser that it comes with
import ics  # type: ignore[import-untyped]  # noqa: E402

SUBJECTS = 162
STAMP = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
LATER = dt.datetime(2025, 2, 1, tzinfo=dt.UTC)
STYLE = CalendarStyle(remind=dt.timedelta(days=3))
TIMED = CalendarStyle(remind=dt.timedelta(days=3), at=dt.time(9), zone="Asia/Shanghai")


def plans(shift: int = 0) -> list[Plan]:
    study, first = load("belimumab"), dt.date(2025, 1, 6)
    return [plan(study, Subject(first + dt.timedelta(days=n + shift), f"{n:04}", weight_kg=60)) for n in range(SUBJECTS)]


def by_icalendar(entries: tuple[CalendarEntry, ...]) -> bytes:
    """What a short script would do with the package."""
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//bench//EN")
    for entry in entries:
        event, where = Event(), {} if entry.zone is None else {"TZID": entry.zone}
        event.add("uid", entry.uid)
        event.add("dtstamp", STAMP)
        event.add("created", STAMP)
        event.add("last-modified", STAMP)
        event.add("sequence", 0)
        event.add("dtstart", entry.start, parameters=where)
        event.add("dtend", entry.end, parameters=where)
        event.add("summary", entry.summary)
        event.add("description", entry.description)
        event.add("status", entry.status)
        event.add("transp", "OPAQUE")
        event.add("categories", [entry.category])
        event.add("x-dosing-kind", entry.kind)
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", entry.summary)
        alarm.add("trigger", dt.timedelta(days=-3))
        event.add_component(alarm)
        calendar.add_component(event)
    content: bytes = calendar.to_ical()
    return content


def by_vobject(entries: tuple[CalendarEntry, ...]) -> bytes:
    """Entries of whole days."""
    calendar, utc = vobject.iCalendar(), vobject.icalendar.utc
    stamp = STAMP.replace(tzinfo=utc)
    for entry in entries:
        event = calendar.add("vevent")
        values = {
            "uid": entry.uid, "dtstamp": stamp, "created": stamp, "last-modified": stamp, "sequence": "0", "dtstart": entry.start,
            "dtend": entry.end, "summary": entry.summary, "description": entry.description, "status": entry.status, "transp": "OPAQUE",
            "categories": [entry.category],
        }  # fmt: skip
        for name, value in values.items():
            event.add(name).value = value
        alarm = event.add("valarm")
        alarm.add("action").value = "DISPLAY"
        alarm.add("description").value = entry.summary
        alarm.add("trigger").value = dt.timedelta(days=-3)
    text: str = calendar.serialize()
    return text.encode()


def by_ics(entries: tuple[CalendarEntry, ...]) -> bytes:
    calendar = ics.Calendar()
    for entry in entries:
        event = ics.Event(name=entry.summary, begin=entry.start, uid=entry.uid, description=entry.description, created=STAMP,
                          alarms=[ics.DisplayAlarm(trigger=dt.timedelta(days=-3), display_text=entry.summary)])  # fmt: skip
        event.make_all_day()
        calendar.events.add(event)
    return str(calendar.serialize()).encode()


def events(content: bytes) -> list[Any]:
    return Calendar.from_ical(content).walk("VEVENT")


def check(mine: bytes, others: list[bytes]) -> None:
    """All contestants have the same entries on the same days."""
    days = [sorted((str(e["uid"]), str(e["dtstart"].dt)[:10]) for e in events(c)) for c in (mine, *others)]
    assert all(found == days[0] for found in days), "the contestants do not agree"


def main() -> None:
    made, moved = plans(), plans(shift=1)
    entries, timed = [to_entries(p, STYLE) for p in made], [to_entries(p, TIMED) for p in made]
    old = [to_ics(p, stamp=STAMP, style=STYLE) for p in made]
    check(old[0], [by_icalendar(entries[0]), by_vobject(entries[0]), by_ics(entries[0])])
    seconds = race(
        {
            "to_ics": lambda: [to_ics(p, stamp=STAMP, style=STYLE) for p in made],
            "icalendar": lambda: [by_icalendar(e) for e in entries],
            "vobject": lambda: [by_vobject(e) for e in entries],
            "ics": lambda: [by_ics(e) for e in entries],
            "timed": lambda: [to_ics(p, stamp=STAMP, style=TIMED) for p in made],
            "icalendar timed": lambda: [by_icalendar(e) for e in timed],
            "entries": lambda: [to_entries(p, STYLE) for p in made],
            "nothing changed": lambda: [update_ics(read_ics(o), p, stamp=LATER, style=STYLE) for o, p in zip(old, made, strict=True)],
            "all moved": lambda: [update_ics(read_ics(o), p, stamp=LATER, style=STYLE) for o, p in zip(old, moved, strict=True)],
        },
        rounds=5,
    )
    heading(f"calendars of {SUBJECTS} subjects, {len(entries[0])} entries with alarms each (icalendar {icalendar.__version__}):")
    row("to_ics / bare icalendar", seconds["to_ics"] / seconds["icalendar"], "at most 1.3")
    row("to_ics with hours / bare icalendar", seconds["timed"] / seconds["icalendar timed"], "at most 1.3")
    row("vobject / to_ics", seconds["vobject"] / seconds["to_ics"])
    row("ics / to_ics", seconds["ics"] / seconds["to_ics"])
    row("update, nothing changed / to_ics", seconds["nothing changed"] / seconds["to_ics"])
    row("update, all moved / to_ics", seconds["all moved"] / seconds["to_ics"])
    row("texts and days of the entries / to_ics", seconds["entries"] / seconds["to_ics"])
    row("calendars a second", SUBJECTS / seconds["to_ics"])


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
