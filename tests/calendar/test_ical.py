"""A calendar that stands as it would be written is read line by line; it comes to what a parser makes of it."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec.structs import replace

from nmosd_dosing import CalendarStyle, Event, Record, Subject, load, plan, read_ics, to_ics, update_ics
from nmosd_dosing.calendar import ical
from nmosd_dosing.calendar.entries import CalendarEntry
from nmosd_dosing.calendar.ical import CalendarFile
from tests.kit.calendars import LATER, STAMP

FIRST = dt.date(2025, 1, 6)
HOUR = CalendarStyle(at=dt.time(9), zone="Asia/Shanghai", duration=dt.timedelta(minutes=90))
STYLES = {
    "whole days": CalendarStyle(),
    "alarms": CalendarStyle(remind=dt.timedelta(days=3)),
    "alarms by the hour": replace(HOUR, remind=dt.timedelta(hours=36)),
    "summer time": replace(HOUR, zone="Europe/Berlin"),
    "UTC": replace(HOUR, zone="UTC"),
    "Chinese": CalendarStyle(language="zh", windows=True, spans=True),
    "discreet": CalendarStyle(discreet=True, codes=True),
}
PEOPLE = {
    "masked": ("mil62", Subject(FIRST, "0012")),
    "a relapse": ("bat4406f", Subject(FIRST, "a,b;c", events=(Event("relapse", dt.date(2025, 6, 10)),))),
    "visits": ("belimumab", Subject(FIRST, None, weight_kg=60, records=(Record("D14", dt.date(2025, 1, 22)),))),
}


def both(content: bytes) -> tuple[CalendarFile | None, CalendarFile]:
    return ical._as_written(content, "v.ics"), ical._parsed(ical._text(content, "v.ics"), "v.ics")


@pytest.mark.parametrize("style", STYLES.values(), ids=list(STYLES))
@pytest.mark.parametrize(("regimen", "subject"), PEOPLE.values(), ids=list(PEOPLE))
def test_read_line_by_line_or_by_a_parser_a_calendar_is_the_same(regimen: str, subject: Subject, style: CalendarStyle) -> None:
    made = plan(load(regimen), subject, cancelled=True)
    first = to_ics(made, stamp=STAMP, style=style)
    moved = plan(load(regimen), replace(subject, start=FIRST + dt.timedelta(days=1), records=(), events=()))
    again = update_ics(read_ics(first), moved, stamp=LATER, style=style, force_undo=True, options=("--remind", "3d")).ics
    for content in (first, again):
        by_line, by_parser = both(content)
        assert by_line == by_parser and by_line is not None
        assert by_line.timezones == by_parser.timezones and by_line.path == by_parser.path
        assert not any(record.edited for record in by_line.records)


def test_what_somebody_put_in_is_left_to_the_parser() -> None:
    content = to_ics(plan(load("belimumab"), Subject(FIRST, "1", weight_kg=60)), stamp=STAMP)
    edited = (
        content.replace(b"TRANSP:OPAQUE\r\n", b"TRANSP:OPAQUE\r\nX-MINE:1\r\n", 1),
        content.replace(b"SEQUENCE:0", b"SEQUENCE:00", 1),
        content.replace(b"\r\n", b"\n"),
        content.replace(b"END:VCALENDAR", b"BEGIN:VTODO\r\nUID:1\r\nEND:VTODO\r\nEND:VCALENDAR"),
        b"\xef\xbb\xbf" + content,
    )
    for other in edited:
        by_line, by_parser = both(other)
        assert by_line is None and by_parser == read_ics(other, "v.ics")


@pytest.mark.parametrize("text", ["a\\Nb", "a\\nb\nc", " a, b; c:d ", "BEGIN:VALARM", "x" * 200, "首" * 60, '"', "a\\\\,b"])
def test_whatever_text_an_entry_has_is_read_again(text: str) -> None:
    entry = CalendarEntry("1", "visit", FIRST, FIRST + dt.timedelta(days=1), "CONFIRMED", text, f"{text}\n{text}", "Visit", location=text)
    for kept in (ical.record(entry, STAMP, LATER, 2), ical.record(replace(entry, remind=dt.timedelta(minutes=90)), STAMP, LATER, 2)):
        assert ical._line_by_line(kept.content.decode()) == kept
