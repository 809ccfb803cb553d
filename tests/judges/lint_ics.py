"""An independent check of calendar files, byte by byte and line by line (RFC 5545, RFC 7986): no library for calendars is asked.

It is of what this program promises, which is less than the standards allow: no repeats, no METHOD, one alarm at most.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec import Struct, field

LARGEST = 1_000_000  # bytes: Google Calendar takes no more
WIDEST = 75  # octets of a line, its end not counted

_VALUE = r'(?:"[^"]*"|[^";:,]*)'
_LINE = re.compile(rf"([A-Za-z0-9-]+)((?:;[A-Za-z0-9-]+={_VALUE}(?:,{_VALUE})*)*):(.*)", re.S)
_PARAMETER = re.compile(rf";([A-Za-z0-9-]+)=({_VALUE}(?:,{_VALUE})*)")
_TEXT = re.compile(r"(?:[^\\;,]|\\[\\;,nN])*")
_TEXTS = re.compile(r"(?:[^\\;,]|\\[\\;,nN])+(?:,(?:[^\\;,]|\\[\\;,nN])+)*")
_HOURS = r"T(?=[0-9])(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+S)?"
_DURATION = re.compile(rf"[+-]?P(?:[0-9]+W|[0-9]+D(?:{_HOURS})?|{_HOURS})")
_OFFSET = re.compile(r"[+-](?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9])?")
_CHILDREN = {"VCALENDAR": {"VTIMEZONE", "VEVENT"}, "VTIMEZONE": {"STANDARD", "DAYLIGHT"}, "VEVENT": {"VALARM"}}
_ONCE = ("UID", "DTSTAMP", "CREATED", "LAST-MODIFIED", "SEQUENCE", "DTSTART", "DTEND", "SUMMARY", "STATUS", "TRANSP", "CATEGORIES")
_NEVER = ("RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID", "DURATION")


class Property(Struct, frozen=True):
    """One content line."""

    name: str
    parameters: dict[str, str]
    value: str


class Component(Struct):
    """What stands between BEGIN and END; `late` holds the properties that come after a component inside."""

    name: str
    properties: list[Property] = field(default_factory=list)
    components: list[Component] = field(default_factory=list)
    late: list[str] = field(default_factory=list)

    def all(self, name: str) -> list[Property]:
        return [p for p in self.properties if p.name == name]

    def value(self, name: str) -> str | None:
        found = self.all(name)
        return found[0].value if found else None

    def inside(self, *names: str) -> list[Component]:
        return [c for c in self.components if c.name in names]


def lint(content: bytes) -> list[str]:
    """What is wrong with a calendar file, in words; an empty list where all is well."""
    found = list(_bytes(content))
    root = Component("")
    found += _parse(lines(content), root)
    found += _inside(root)
    if [c.name for c in root.components] != ["VCALENDAR"] or root.properties:
        found.append("the file is not one VCALENDAR and nothing else")
    for calendar in root.inside("VCALENDAR"):
        found += _calendar(calendar)
    return found


def lines(content: bytes) -> list[str]:
    """The content lines, unfolded."""
    text = re.sub(rb"\r?\n[ \t]", b"", content).decode("utf-8", "replace")
    return re.split(r"\r?\n", text.removeprefix("\ufeff"))[:-1]


# --- bytes -------------------------------------------------------------------------------------------------------------


def _bytes(content: bytes) -> Iterator[str]:
    if len(content) > LARGEST:
        yield f"the file has {len(content)} bytes, more than 1 MB"
    if content.startswith(b"\xef\xbb\xbf"):
        yield "a byte order mark"
    if not content.endswith(b"\r\n"):
        yield "the last line has no end"
    if re.search(rb"\r(?!\n)", content):
        yield "a bare CR"
    if re.search(rb"(?<!\r)\n", content):
        yield "a bare LF"
    for number, line in enumerate(content.removesuffix(b"\r\n").split(b"\r\n"), 1):
        if len(line) > WIDEST:
            yield f"line {number} has {len(line)} octets"
        if not line.strip():
            yield f"line {number} is empty"
        try:
            text = line.decode()
        except UnicodeDecodeError:
            yield f"line {number} is not UTF-8 by itself"
            continue
        if any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in text.replace("\r", "").replace("\n", "")):
            yield f"line {number} holds a control character"


# --- lines and components ----------------------------------------------------------------------------------------------


def _parse(content: Iterable[str], root: Component) -> Iterator[str]:
    open_ones = [root]
    for line in content:
        match = _LINE.fullmatch(line)
        if match is None:
            yield f"not a content line: {line[:40]!r}"
            continue
        name, value = match[1].upper(), match[3]
        if name == "BEGIN":
            made = Component(value.upper())
            open_ones[-1].components.append(made)
            open_ones.append(made)
        elif name == "END":
            if len(open_ones) == 1 or open_ones[-1].name != value.upper():
                yield f"END:{value} closes nothing"
            else:
                open_ones.pop()
        else:
            if open_ones[-1].components:
                open_ones[-1].late.append(name)
            parameters = {k.upper(): v.strip('"') for k, v in _PARAMETER.findall(match[2])}
            open_ones[-1].properties.append(Property(name, parameters, value))
    for left in open_ones[1:]:
        yield f"BEGIN:{left.name} is not closed"


def _inside(component: Component) -> Iterator[str]:
    for inner in component.components:
        if component.name and inner.name not in _CHILDREN.get(component.name, set()):
            yield f"{inner.name} inside {component.name}"
        if inner.late:
            yield f"{inner.late[0]} of {inner.name} comes after a component inside"
        yield from _inside(inner)


def _once(component: Component, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if (count := len(component.all(name))) != 1:
            yield f"{component.name} has {name} {count} times"


def _never(component: Component, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if component.all(name):
            yield f"{component.name} has {name}"


def _escaped(component: Component, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        for found in component.all(name):
            if not _TEXT.fullmatch(found.value):
                yield f"{name} of {component.name} is not escaped rightly: {found.value[:40]!r}"


# --- rules -------------------------------------------------------------------------------------------------------------


def _calendar(calendar: Component) -> Iterator[str]:
    yield from _once(calendar, ("VERSION", "PRODID", "NAME", "X-WR-CALNAME"))
    yield from _never(calendar, ("METHOD",))
    yield from _escaped(calendar, ("NAME", "X-WR-CALNAME"))
    if calendar.value("VERSION") != "2.0":
        yield "VERSION is not 2.0"
    if calendar.value("NAME") != calendar.value("X-WR-CALNAME"):
        yield "NAME is not X-WR-CALNAME"
    names = [c.name for c in calendar.components]
    if "VTIMEZONE" in names and "VEVENT" in names[: len(names) - names[::-1].index("VTIMEZONE")]:
        yield "a VTIMEZONE comes after a VEVENT"
    zones, events = calendar.inside("VTIMEZONE"), calendar.inside("VEVENT")
    yield from _zones(zones, events)
    for zone in zones:
        yield from _zone(zone)
    for event in events:
        yield from _event(event)
    for uid, count in Counter(event.value("UID") for event in events).items():
        if count > 1:
            yield f"{count} entries have the UID {uid}"


def _zones(zones: list[Component], events: list[Component]) -> Iterator[str]:
    named = Counter(zone.value("TZID") for zone in zones)
    used = {p.parameters["TZID"] for event in events for p in event.properties if "TZID" in p.parameters}
    for zone in sorted(used - named.keys()):
        yield f"no VTIMEZONE for {zone}"
    for name, count in named.items():
        if name not in used:
            yield f"the VTIMEZONE {name} is not used"
        if count > 1:
            yield f"the VTIMEZONE {name} stands there {count} times"


def _zone(zone: Component) -> Iterator[str]:
    yield from _once(zone, ("TZID",))
    if not zone.components:
        yield "a VTIMEZONE that says nothing"
    for part in zone.inside("STANDARD", "DAYLIGHT"):
        yield from _once(part, ("DTSTART", "TZOFFSETFROM", "TZOFFSETTO"))
        if not _is_time(part.value("DTSTART") or ""):
            yield f"DTSTART of {part.name} is not a local time"
        for name in ("TZOFFSETFROM", "TZOFFSETTO"):
            if not _OFFSET.fullmatch(part.value(name) or ""):
                yield f"{name} of {part.name} is not a distance from UTC"


def _event(event: Component) -> Iterator[str]:
    yield from _once(event, _ONCE)
    yield from _never(event, _NEVER)
    yield from _escaped(event, ("SUMMARY", "DESCRIPTION"))
    for name in ("DTSTAMP", "CREATED", "LAST-MODIFIED"):
        stamp = event.value(name) or ""
        if not (stamp.endswith("Z") and _is_time(stamp[:-1])):
            yield f"{name} is not in UTC"
    if (event.value("CREATED") or "") > (event.value("LAST-MODIFIED") or ""):
        yield "CREATED is after LAST-MODIFIED"
    if not re.fullmatch(r"[0-9]+", event.value("SEQUENCE") or ""):
        yield "SEQUENCE is not a number"
    uid = event.value("UID") or ""
    if not (uid.isascii() and 0 < len(uid) < 255):
        yield "UID is empty, long or not ASCII"
    for found in event.all("CATEGORIES"):
        if not _TEXTS.fullmatch(found.value):
            yield "CATEGORIES is not a list of texts"
    if event.value("STATUS") not in ("CONFIRMED", "TENTATIVE", "CANCELLED"):
        yield "an unknown STATUS"
    if event.value("TRANSP") not in ("OPAQUE", "TRANSPARENT"):
        yield "an unknown TRANSP"
    if event.value("STATUS") == "CANCELLED" and event.value("TRANSP") != "TRANSPARENT":
        yield "a cancelled entry takes time"
    if event.value("STATUS") == "CANCELLED" and event.components:
        yield "a cancelled entry has an alarm"
    yield from _time(event)
    alarms = event.inside("VALARM")
    if len(alarms) > 1:
        yield "an entry has several alarms"
    for alarm in alarms:
        yield from _alarm(alarm)


def _time(event: Component) -> Iterator[str]:
    found = [*event.all("DTSTART"), *event.all("DTEND")]
    if len({(*sorted(p.parameters.items()), p.value.endswith("Z")) for p in found}) > 1:
        yield "DTSTART and DTEND are of two types"
    for p in found:
        zoned = "TZID" in p.parameters
        right = _is_day(p.value) if p.parameters == {"VALUE": "DATE"} else _is_time(p.value if zoned else p.value.removesuffix("Z"))
        if not right:
            yield f"{p.name} is not a day or a time"
        elif len(p.value) == 15 and not zoned:
            yield f"{p.name} has no zone"
    if (event.value("DTEND") or "~") <= (event.value("DTSTART") or ""):
        yield "DTEND is not after DTSTART"


def _alarm(alarm: Component) -> Iterator[str]:
    yield from _once(alarm, ("ACTION", "DESCRIPTION", "TRIGGER"))
    yield from _never(alarm, ("UID",))
    yield from _escaped(alarm, ("DESCRIPTION",))
    if alarm.value("ACTION") != "DISPLAY":
        yield "ACTION is not DISPLAY"
    for trigger in alarm.all("TRIGGER"):
        if trigger.parameters.get("VALUE", "DURATION") != "DURATION" or not _DURATION.fullmatch(trigger.value):
            yield "TRIGGER is not relative"


def _is_day(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9]{8}", text)) and _is(text, "%Y%m%d")


def _is_time(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9]{8}T[0-9]{6}", text)) and _is(text, "%Y%m%dT%H%M%S")


def _is(text: str, pattern: str) -> bool:
    try:
        dt.datetime.strptime(text, pattern)
    except ValueError:
        return False
    return True
