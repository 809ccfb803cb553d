"""The lint itself: a small file in which all is well, and how each rule finds what is not."""

from __future__ import annotations

import pytest

from tests.judges.lint_ics import lint

ZONE = """\
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:STANDARD
DTSTART:20241027T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
"""
HISTORY = "DTSTAMP:20250102T030405Z\nCREATED:20250101T030405Z\nLAST-MODIFIED:20250102T030405Z\nSEQUENCE:0\n"
ALARM = "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:d1\nTRIGGER:-P3D\nEND:VALARM\n"
DAY = f"""\
BEGIN:VEVENT
UID:u1
{HISTORY}DTSTART;VALUE=DATE:20250106
DTEND;VALUE=DATE:20250107
SUMMARY:s1\\, \\; \\\\ \\n
DESCRIPTION:d
STATUS:CONFIRMED
TRANSP:OPAQUE
CATEGORIES:Visit,Window
{ALARM}END:VEVENT
"""
TIMED = f"""\
BEGIN:VEVENT
UID:u2
{HISTORY}DTSTART;TZID=Europe/Berlin:20250108T090000
DTEND;TZID=Europe/Berlin:20250108T100000
SUMMARY:s2
STATUS:CANCELLED
TRANSP:TRANSPARENT
CATEGORIES:Visit
END:VEVENT
"""
ONCE = [(line.partition(":")[0].partition(";")[0], f"{line}\n") for line in TIMED.splitlines()[1:-1]]
HEAD = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\nNAME:n\nX-WR-CALNAME:n\n"
GOOD = f"{HEAD}{ZONE}{DAY}{TIMED}END:VCALENDAR\n"

LINT: list[tuple[str, str, str]] = [  # what is found where the first text in the good file is replaced by the second
    ("the file has 1000869 bytes, more than 1 MB", "SUMMARY:s2", "SUMMARY:s2" + "\n x" * 250_000),
    ("a byte order mark", "BEGIN:VCALENDAR", "\ufeffBEGIN:VCALENDAR"),
    ("the last line has no end", "END:VCALENDAR\n", "END:VCALENDAR"),
    ("a bare CR", "SUMMARY:s2", "SUMMARY:s\r2"),
    ("a bare LF", "SUMMARY:s2\n", "SUMMARY:s2<LF>"),
    ("line 41 has 76 octets", "SUMMARY:s2", "SUMMARY:s" + "ä" * 33 + "s"),
    ("line 41 is empty", "SUMMARY:s2", "\nSUMMARY:s2"),
    ("line 41 is not UTF-8 by itself", "SUMMARY:s2", "SUMMARY:s\udcc3\n \udca4"),
    ("line 41 holds a control character", "SUMMARY:s2", "SUMMARY:s\x1b2"),
    ("line 41 holds a control character", "SUMMARY:s2", "SUMMARY:s\x852"),
    ("line 41 holds a control character", "SUMMARY:s2", "SUMMARY:s\u20282"),
    ("line 41 holds a control character", "SUMMARY:s2", "SUMMARY:s\u20292"),
    ("not a content line: 'SUMMARY'", "SUMMARY:s2", "SUMMARY"),
    ("not a content line: 'DTEND;TZID:20250108T100000'", "DTEND;TZID=Europe/Berlin:", "DTEND;TZID:"),
    ("END:VALARM closes nothing", "BEGIN:VALARM\n", ""),
    ("END:VEVENT closes nothing", "END:VALARM\n", ""),
    ("END:VCALENDAR closes nothing", "END:VCALENDAR\n", "END:VCALENDAR\nEND:VCALENDAR\n"),
    ("BEGIN:VEVENT is not closed", "END:VEVENT\nEND:VCALENDAR", "END:VCALENDAR"),
    ("the file is not one VCALENDAR and nothing else", "END:VCALENDAR\n", "END:VCALENDAR\nX-A:b\n"),
    ("the file is not one VCALENDAR and nothing else", GOOD, GOOD + GOOD),
    ("the file is not one VCALENDAR and nothing else", GOOD, DAY),
    ("VTODO inside VCALENDAR", "END:VCALENDAR", "BEGIN:VTODO\nUID:t\nEND:VTODO\nEND:VCALENDAR"),
    ("VEVENT inside VEVENT", "BEGIN:VALARM\n", "BEGIN:VEVENT\nEND:VEVENT\nBEGIN:VALARM\n"),
    ("X-A of VCALENDAR comes after a component inside", "END:VCALENDAR", "X-A:b\nEND:VCALENDAR"),
    ("X-A of VEVENT comes after a component inside", "END:VALARM\n", "END:VALARM\nX-A:b\n"),
    ("VCALENDAR has VERSION 0 times", "VERSION:2.0\n", ""),
    ("VCALENDAR has VERSION 2 times", "VERSION:2.0\n", "VERSION:2.0\n" * 2),
    ("VERSION is not 2.0", "VERSION:2.0", "VERSION:1.0"),
    ("VCALENDAR has PRODID 0 times", "PRODID:-//x//EN\n", ""),
    ("VCALENDAR has PRODID 2 times", "PRODID:-//x//EN\n", "PRODID:-//x//EN\n" * 2),
    ("VCALENDAR has NAME 0 times", "\nNAME:n", ""),
    ("VCALENDAR has X-WR-CALNAME 0 times", "X-WR-CALNAME:n\n", ""),
    ("NAME is not X-WR-CALNAME", "\nNAME:n", "\nNAME:m"),
    ("VCALENDAR has METHOD", "VERSION:2.0\n", "VERSION:2.0\nMETHOD:PUBLISH\n"),
    ("NAME of VCALENDAR is not escaped rightly: 'n;'", "\nNAME:n", "\nNAME:n;"),
    ("X-WR-CALNAME of VCALENDAR is not escaped rightly: 'n,'", "X-WR-CALNAME:n", "X-WR-CALNAME:n,"),
    ("a VTIMEZONE comes after a VEVENT", ZONE + DAY, DAY + ZONE),
    ("no VTIMEZONE for Europe/Berlin", ZONE, ""),
    ("the VTIMEZONE Europe/Rome is not used", ZONE, ZONE + ZONE.replace("Berlin", "Rome")),
    ("the VTIMEZONE Europe/Berlin stands there 2 times", ZONE, ZONE * 2),
    ("VTIMEZONE has TZID 0 times", "TZID:Europe/Berlin\n", ""),
    ("a VTIMEZONE that says nothing", ZONE, "BEGIN:VTIMEZONE\nTZID:Europe/Berlin\nEND:VTIMEZONE\n"),
    ("STANDARD has DTSTART 0 times", "DTSTART:20241027T030000\n", ""),
    ("STANDARD has TZOFFSETFROM 0 times", "TZOFFSETFROM:+0200\n", ""),
    ("STANDARD has TZOFFSETTO 0 times", "TZOFFSETTO:+0100\n", ""),
    ("DAYLIGHT has DTSTART 0 times", "END:STANDARD\n", "END:STANDARD\nBEGIN:DAYLIGHT\nEND:DAYLIGHT\n"),
    ("DTSTART of STANDARD is not a local time", "DTSTART:20241027T030000", "DTSTART:20241027T030000Z"),
    ("TZOFFSETFROM of STANDARD is not a distance from UTC", "TZOFFSETFROM:+0200", "TZOFFSETFROM:+2400"),
    ("TZOFFSETTO of STANDARD is not a distance from UTC", "TZOFFSETTO:+0100", "TZOFFSETTO:+1"),
    ("an unknown STATUS", "STATUS:CONFIRMED", "STATUS:SURE"),
    ("an unknown TRANSP", "TRANSP:OPAQUE", "TRANSP:SOLID"),
    *((f"VEVENT has {name} 0 times", line, "") for name, line in ONCE),
    *((f"VEVENT has {name} 2 times", line, line * 2) for name, line in ONCE),
    *((f"VEVENT has {name}", "UID:u2\n", f"UID:u2\n{name}:x\n") for name in ("RRULE", "RDATE", "EXDATE", "EXRULE")),
    *((f"VEVENT has {name}", "UID:u2\n", f"UID:u2\n{name}:x\n") for name in ("RECURRENCE-ID", "DURATION")),
    ("DTSTAMP is not in UTC", "DTSTAMP:20250102T030405Z", "DTSTAMP:20250102T030405"),
    ("CREATED is not in UTC", "CREATED:20250101T030405Z", "CREATED:20250101"),
    ("LAST-MODIFIED is not in UTC", "LAST-MODIFIED:20250102T030405Z", "LAST-MODIFIED:20250132T030405Z"),
    ("CREATED is after LAST-MODIFIED", "CREATED:20250101", "CREATED:20250103"),
    ("SEQUENCE is not a number", "SEQUENCE:0", "SEQUENCE:-1"),
    ("2 entries have the UID u1", "UID:u2", "UID:u1"),
    ("UID is empty, long or not ASCII", "UID:u2", "UID:"),
    ("UID is empty, long or not ASCII", "UID:u2", "UID:ü"),
    ("UID is empty, long or not ASCII", "UID:u2", "UID:" + "\n u" * 255),
    ("SUMMARY of VEVENT is not escaped rightly: 's2,'", "SUMMARY:s2", "SUMMARY:s2,"),
    ("SUMMARY of VEVENT is not escaped rightly: 's2;'", "SUMMARY:s2", "SUMMARY:s2;"),
    ("SUMMARY of VEVENT is not escaped rightly: 's2\\\\'", "SUMMARY:s2", "SUMMARY:s2\\"),
    ("SUMMARY of VEVENT is not escaped rightly: 's2\\\\t'", "SUMMARY:s2", "SUMMARY:s2\\t"),
    ("DESCRIPTION of VEVENT is not escaped rightly: 'd\\\\:'", "DESCRIPTION:d\n", "DESCRIPTION:d\\:\n"),
    ("CATEGORIES is not a list of texts", "CATEGORIES:Visit,Window", "CATEGORIES:Visit,,Window"),
    ("CATEGORIES is not a list of texts", "CATEGORIES:Visit,Window", "CATEGORIES:Visit;Window"),
    ("DTSTART and DTEND are of two types", "DTEND;VALUE=DATE:20250107", "DTEND;TZID=Europe/Berlin:20250107T000000"),
    ("DTSTART and DTEND are of two types", "DTEND;TZID=Europe/Berlin:20250108T100000", "DTEND:20250108T100000Z"),
    ("DTSTART is not a day or a time", "DTSTART;VALUE=DATE:20250106", "DTSTART;VALUE=DATE:20250100"),
    ("DTEND is not a day or a time", "DTEND;VALUE=DATE:20250107", "DTEND:20250107"),
    ("DTEND is not a day or a time", "DTEND;TZID=Europe/Berlin:20250108T100000", "DTEND;TZID=Europe/Berlin:20250108T100000Z"),
    ("DTEND has no zone", "DTEND;TZID=Europe/Berlin:", "DTEND:"),
    ("DTEND is not after DTSTART", "DTEND;VALUE=DATE:20250107", "DTEND;VALUE=DATE:20250106"),
    ("DTEND is not after DTSTART", "20250108T100000", "20250108T090000"),
    ("an entry has several alarms", ALARM, ALARM * 2),
    ("a cancelled entry takes time", "TRANSP:TRANSPARENT", "TRANSP:OPAQUE"),
    ("a cancelled entry has an alarm", "END:VEVENT\nEND:VCALENDAR", f"{ALARM}END:VEVENT\nEND:VCALENDAR"),
    ("ACTION is not DISPLAY", "ACTION:DISPLAY", "ACTION:AUDIO"),
    ("VALARM has ACTION 0 times", "ACTION:DISPLAY\n", ""),
    ("VALARM has DESCRIPTION 0 times", "DESCRIPTION:d1\n", ""),
    ("VALARM has TRIGGER 0 times", "TRIGGER:-P3D\n", ""),
    ("VALARM has UID", "ACTION:DISPLAY\n", "ACTION:DISPLAY\nUID:a\n"),
    ("DESCRIPTION of VALARM is not escaped rightly: 'd1;'", "DESCRIPTION:d1", "DESCRIPTION:d1;"),
    ("TRIGGER is not relative", "TRIGGER:-P3D", "TRIGGER;VALUE=DATE-TIME:20250101T080000Z"),
    ("TRIGGER is not relative", "TRIGGER:-P3D", "TRIGGER;VALUE=DATE-TIME:-P3D"),
    ("TRIGGER is not relative", "TRIGGER:-P3D", "TRIGGER:20250101T080000Z"),
    ("TRIGGER is not relative", "TRIGGER:-P3D", "TRIGGER:-P"),
]  # fmt: skip


def as_bytes(text: str) -> bytes:
    return text.replace("\n", "\r\n").replace("<LF>", "\n").encode("utf-8", "surrogateescape")


def test_the_lint_finds_nothing_in_a_good_file() -> None:
    assert lint(as_bytes(GOOD)) == []
    assert lint(as_bytes(f"{HEAD}{DAY}END:VCALENDAR\n")) == []
    assert lint(as_bytes(GOOD.replace("SUMMARY:s2", "SUMMARY:s" + "ä" * 33).replace("-P3D", "-PT1H30M"))) == []
    assert lint(as_bytes(GOOD.replace(ZONE, "").replace("00\nDTEND;TZID", "00Z\nDTEND;TZID").replace("100000\n", "100000Z\n")
                         .replace(";TZID=Europe/Berlin", ""))) == []  # fmt: skip


@pytest.mark.parametrize(("finding", "old", "new"), LINT, ids=[f"{n}-{finding[:40]}" for n, (finding, _, _) in enumerate(LINT)])
def test_the_lint_finds(finding: str, old: str, new: str) -> None:
    assert old in GOOD
    found = lint(as_bytes(GOOD.replace(old, new, 1)))
    assert finding in found and len(found) < 12
