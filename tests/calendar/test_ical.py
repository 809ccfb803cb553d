"""A calendar that stands as it would be written is read line by line; it comes to what a parser makes of it."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from msgspec.structs import replace

from nmosd_dosing import CalendarStyle, Event, InputError, Record, Subject, load, plan, read_ics, to_ics, update_ics
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


SPOILT = """
    STATUS:CONFIRMED                 STATUS:DONE                        unknown status `DONE` or kind `visit`
    X-DOSING-KIND:visit              X-DOSING-KIND:vizit                unknown status `CONFIRMED` or kind `vizit`
    SEQUENCE:0                       SEQUENCE:-1                        a history that cannot be
    SEQUENCE:0                       SEQUENCE:2147483646                a history that cannot be
    SEQUENCE:0                       SEQUENCE:2147483645
    DTEND;VALUE=DATE:20250107        DTEND;VALUE=DATE:20250106          its end does not fit its start
    DTSTART;VALUE=DATE:20250106      DTSTART;VALUE=DATE:19691231        the year 1969
    DTSTART;VALUE=DATE:20250106      DTSTART;VALUE=DATE:19700101
    DTEND;VALUE=DATE:20250107        DTEND;VALUE=DATE:22000101          the year 2025
    DTEND;VALUE=DATE:20250107        DTEND;VALUE=DATE:21991231
    DTEND;VALUE=DATE:20250107        DTEND;TZID=Asia/Tokyo:20250107T090000  its end does not fit its start
    STATUS:CONFIRMED                 STATUS:LONG                        unknown status `
"""


@pytest.mark.parametrize("row", [re.split(r"\s{2,}", line.strip()) for line in SPOILT.strip().splitlines()], ids=lambda row: row[1])
def test_an_entry_that_cannot_be_is_refused_with_its_reason(row: list[str]) -> None:
    content = to_ics(plan(load("belimumab"), Subject(FIRST, "1", weight_kg=60)), stamp=STAMP)
    old, new, *why = row
    new = new.replace("LONG", "LONG" * 30)
    assert old.encode() in content
    spoilt = content.replace(f"{old}\r\n".encode(), f"{new}\r\n".encode(), 1)
    if not why:
        assert len(read_ics(spoilt, "v.ics").records) == len(read_ics(content).records)
        return
    with pytest.raises(InputError) as caught:
        read_ics(spoilt, "v.ics")
    (problem,) = caught.value.problems
    reason = why[0] if "LONG" not in new else (why[0] + "LONG" * 30)[:79] + "…"
    assert problem.message == f"`v.ics` is broken: an entry that cannot be read: {reason}"
