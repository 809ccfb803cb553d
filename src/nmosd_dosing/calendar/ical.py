"""Calendar files (RFC 5545), written and read back. Only files of this program are read: they are the memory of an update.

What programs are known to stumble over, and is therefore kept from them: repeats and RDATE lists (each visit is an entry with
its own date), METHOD (Outlook asks to accept), an alarm before other properties, unescaped texts in properties of one's own.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, cast, get_args

from icalendar import Alarm, Calendar, Component, Event, Timezone, TimezoneDaylight, TimezoneStandard, vText
from msgspec import Struct, field

from nmosd_dosing.calendar.entries import KINDS, CalendarEntry, EntryStatus, When
from nmosd_dosing.calendar.zones import FIRST_YEAR, LAST_YEAR, Observance, is_zone, observances
from nmosd_dosing.errors import Document, InputError, Place, Problem, clip
from nmosd_dosing.subjects.bounds import check_arguments
from nmosd_dosing.values import beside

PRODID = "-//dosing//dosing plan//EN"
_END = b"END:VCALENDAR\r\n"
_START_AGAIN = "name another file; or move this one away: the next is then new, and belongs into a new calendar of your program"
_HOLDS = {"VEVENT": ("VALARM",), "VALARM": ()}  # of the components that this program writes
_STATUSES = get_args(EntryStatus)
_NO_END = "its end does not fit its start"
_MOST = 2**31 - 2  # RFC 5545 3.3.8
_LARGEST = 32_000_000  # bytes; a calendar of ten thousand entries has ten


class _Text(vText):
    """Text escaped as RFC 5545 3.3.11 says: icalendar itself takes a backslash before an N for a line break."""

    def to_ical(self) -> bytes:
        return str(self).replace("\\", r"\\").replace(";", r"\;").replace(",", r"\,").replace("\n", r"\n").encode()


class KeptEntry(Struct, frozen=True):
    """An entry with its history: first written, last changed (both UTC), and how often changed.

    `content` is its VEVENT; an entry that does not change keeps it byte for byte. `edited` where it is not what would be written:
    somebody else has put something in.
    """

    entry: CalendarEntry
    created: dt.datetime
    modified: dt.datetime
    sequence: int
    content: bytes
    edited: bool = False


@beside("timezones", "path", "hours")
class CalendarFile(Struct, frozen=True):
    """One subject's calendar.

    `id` and `periods` tell whose it is, and of which periods; `form` what it is: of "discreet", "codes", "unblinded" and "changes" those
    words that hold. `options` are the words with which it was asked for. `others` are entries that someone else put in;
    `timezones` what the file said of each zone; `path` is what messages call it. `hours`: after so many a program that subscribes
    should look again.
    """

    id: str
    periods: frozenset[str]
    form: str
    name: str
    zone: str | None
    records: tuple[KeptEntry, ...]
    options: tuple[str, ...] = ()
    others: tuple[bytes, ...] = ()
    timezones: Mapping[str, bytes] = field(default_factory=dict)
    path: str = ""
    hours: int = 12


def record(entry: CalendarEntry, created: dt.datetime, modified: dt.datetime, sequence: int) -> KeptEntry:
    """The entry as it is written now. Times are UTC, to the second."""
    event = Event()
    event.add("uid", entry.uid)
    event.add("dtstamp", modified)
    event.add("created", created)
    event.add("last-modified", modified)
    event.add("sequence", sequence)
    where = {"TZID": entry.zone} if entry.zone is not None else {}
    event.add("dtstart", entry.start, parameters=where)
    event.add("dtend", entry.end, parameters=where)
    event.add("summary", _Text(entry.summary))
    event.add("description", _Text(entry.description))
    if entry.location is not None:
        event.add("location", _Text(entry.location))
    event.add("status", entry.status)
    event.add("transp", "OPAQUE" if entry.busy else "TRANSPARENT")
    event.add("categories", [entry.category])
    event.add("x-dosing-kind", _Text(entry.kind))
    if entry.remind is not None:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", _Text(entry.summary))
        alarm.add("trigger", -entry.remind)
        event.add_component(alarm)
    return KeptEntry(entry, created, modified, sequence, event.to_ical())


def write(file: CalendarFile) -> bytes:
    """The file: heading, zones, entries by day; one without entries says what UTC is, since a calendar holds something (RFC 5545 3.6).
    The same file gives the same bytes."""
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODID)
    calendar.add("name", _Text(file.name))
    calendar.add("x-wr-calname", _Text(file.name))
    if file.zone is not None:
        calendar.add("x-wr-timezone", _Text(file.zone))
    calendar.add("refresh-interval", dt.timedelta(hours=file.hours), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", _Text(f"PT{file.hours}H"))
    calendar.add("x-dosing-calendar", _Text(file.id))
    calendar.add("x-dosing-periods", _Text(" ".join(sorted(file.periods))))
    if file.form:
        calendar.add("x-dosing-form", _Text(file.form))
    if file.options:
        calendar.add("x-dosing-options", _Text(" ".join(file.options)))
    head = calendar.to_ical().removesuffix(_END)
    nothing = [] if file.records or file.others else [_timezone("UTC", FIRST_YEAR, FIRST_YEAR)]
    records = sorted(file.records, key=lambda r: (r.entry.start.isoformat(), KINDS.index(r.entry.kind), r.entry.uid))
    return b"".join([head, *nothing, *_timezones(file), *(r.content for r in records), *file.others, _END])


# --- zones -------------------------------------------------------------------------------------------------------------


def _timezones(file: CalendarFile) -> Iterable[bytes]:
    """One VTIMEZONE for each zone that an entry names."""
    years: dict[str, list[int]] = {}
    for record in file.records:
        if record.entry.zone not in (None, "UTC"):
            years.setdefault(record.entry.zone, []).extend((record.entry.start.year, record.entry.end.year))
    for zone, found in sorted(years.items()):
        yield _timezone(zone, min(found), max(found))
    for zone in sorted({z for other in file.others for z in re.findall(r'TZID="?([^":;\r\n]+)', other.decode())} - years.keys()):
        yield file.timezones.get(zone, b"")


def _timezone(name: str, first: int, last: int) -> bytes:
    timezone = Timezone()
    timezone.add("tzid", name)
    for observance in observances(name, first, last):
        timezone.add_component(_observance(observance))
    content: bytes = timezone.to_ical()
    return content


def _observance(observance: Observance) -> Component:
    made: Component = TimezoneDaylight() if observance.daylight else TimezoneStandard()
    made.add("dtstart", observance.onset)
    made.add("tzoffsetfrom", observance.before)
    made.add("tzoffsetto", observance.after)
    made.add("tzname", observance.name)
    if observance.month is not None:
        made.add("rrule", {"FREQ": "YEARLY", "BYMONTH": observance.month, "BYDAY": observance.weekday})
    return made


# --- reading -----------------------------------------------------------------------------------------------------------


def read_ics(content: bytes, path: str = "the old calendar") -> CalendarFile:
    """A calendar of this program; `path` names it in messages. Raises InputError for whatever else, and for one that is not whole."""
    check_arguments(needed={"content": (content, bytes), "path": (path, str)})
    text = _text(content, path)
    return _as_written(content, path) or _parsed(text, path)


def _as_written(content: bytes, path: str) -> CalendarFile | None:
    """The calendar of a file that stands, byte for byte, as it would be written: its lines say all, and a parser would take thrice as long
    as to write it. None for any other, in which somebody has put something, and where something is wrong."""
    try:
        head, *blocks = re.split(r"(?<=\r\n)(?=BEGIN:V(?:EVENT|TIMEZONE)\r\n)", content.removesuffix(_END).decode())
        said, records = _properties(head), tuple(_line_by_line(block) for block in blocks if block.startswith("BEGIN:VEVENT"))
        zones = {_properties(block)["TZID"][1]: block.encode() for block in blocks if block.startswith("BEGIN:VTIMEZONE")}
        file = CalendarFile(
            id=said["X-DOSING-CALENDAR"][1], periods=frozenset(said["X-DOSING-PERIODS"][1].split()),
            form=said.get("X-DOSING-FORM", ("", ""))[1], name=said["NAME"][1],
            zone=said["X-WR-TIMEZONE"][1] if "X-WR-TIMEZONE" in said else None, records=records,
            options=_options(said.get("X-DOSING-OPTIONS", ("", ""))[1]), timezones=zones, path=path,
            hours=int(said["X-PUBLISHED-TTL"][1][2:-1]),
        )  # fmt: skip
    except (ValueError, LookupError):
        return None
    if not records or write(file) != content:
        return None
    _check_unique(records, path)
    return file


def _properties(block: str) -> dict[str, tuple[str, str]]:
    """The parameters and the text of each property of a component as this program writes it."""
    found = {}
    for line in block.replace("\r\n ", "").split("\r\n"):
        name, _, text = line.partition(":")
        name, _, parameters = name.partition(";")
        found[name] = parameters, _unescaped(text)
    return found


def _line_by_line(block: str) -> KeptEntry:
    """The entry of a block that `record` wrote. Raises ValueError or LookupError for any other, or for one that is written otherwise."""
    own, _, alarm = block.partition("\r\nBEGIN:VALARM\r\n")
    properties = _properties(own)
    said, parameters = {name: text for name, (_, text) in properties.items()}, properties["DTSTART"][0]
    whole_days = parameters == "VALUE=DATE"
    zone = None if whole_days else parameters.removeprefix("TZID=") or "UTC"
    to_time: Callable[[str], When] = dt.date.fromisoformat if whole_days else dt.datetime.fromisoformat
    start, end = to_time(said["DTSTART"].removesuffix("Z")), to_time(said["DTEND"].removesuffix("Z"))
    _check_times(start, end)
    if said["STATUS"] not in _STATUSES or said["X-DOSING-KIND"] not in KINDS or not (zone is None or is_zone(zone)):
        raise ValueError
    entry = CalendarEntry(
        uid=said["UID"], kind=said["X-DOSING-KIND"], start=start, end=end, zone=zone, status=cast(EntryStatus, said["STATUS"]),
        busy=said["TRANSP"] == "OPAQUE", summary=said["SUMMARY"], description=said["DESCRIPTION"], category=said["CATEGORIES"],
        remind=_length(_properties(alarm)["TRIGGER"][1]) if alarm else None, location=said.get("LOCATION"),
    )  # fmt: skip
    sequence = int(said["SEQUENCE"])
    kept = record(entry, dt.datetime.fromisoformat(said["CREATED"]), dt.datetime.fromisoformat(said["LAST-MODIFIED"]), sequence)
    if kept.content != block.encode() or not 0 <= sequence < _MOST:
        raise ValueError
    return kept


def _length(trigger: str) -> dt.timedelta:
    """How long before: of `-P3D`, `-PT1H30M`."""
    found = re.fullmatch(r"-P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", trigger)
    if found is None:
        raise ValueError
    days, hours, minutes, seconds = (int(number or 0) for number in found.groups())
    return dt.timedelta(days, seconds, minutes=minutes, hours=hours)


def _options(text: str) -> tuple[str, ...]:
    return tuple(f"--{option}" for option in text.removeprefix("--").split(" --") if option)


def _parsed(text: str, path: str) -> CalendarFile:
    """Any calendar of this program, as icalendar reads it."""
    document = Document(path, text)
    try:
        calendar: Any = Calendar.from_ical(text.replace("\n", "\r\n"))
        blocks = list(_blocks(document))
        if len(blocks) != len(calendar.subcomponents):
            raise ValueError
    except (ValueError, TypeError, AttributeError, LookupError, OSError, RecursionError):  # the package fails in all of these ways
        raise InputError(_broken(path, "it is not well formed")) from None
    program = str(calendar.get("prodid", ""))
    if program != PRODID or "x-dosing-calendar" not in calendar:
        wrong = f"`{path}` was written by another program: {f'`{clip(program, 80)}`' if program else 'it does not say which'}"
        raise InputError(Problem(wrong, hint="name another file, or move this one away"))
    if "x-dosing-periods" not in calendar:
        raise InputError(_broken(path, "it has lost its X-DOSING-PERIODS"))
    records, others, zones = [], [], {}
    for component, (kind, start, end) in zip(calendar.subcomponents, blocks, strict=True):
        block = text[start:end].replace("\n", "\r\n").encode()
        if kind == "VTIMEZONE" and (zone := re.search(rb"\r\nTZID:([^\r\n]+)", block)):
            zones[zone[1].decode()] = block
        elif kind == "VEVENT" and "x-dosing-kind" in component:
            records.append(_record(component, block, Place(document, start, start + len("BEGIN:VEVENT"))))
        else:
            others.append(block)
    _check_unique(records, path)
    return CalendarFile(
        id=str(calendar["x-dosing-calendar"]), periods=frozenset(str(calendar.get("x-dosing-periods", "")).split()),
        form=str(calendar.get("x-dosing-form", "")), name=_unescaped(calendar.get("name", "")),
        zone=str(calendar["x-wr-timezone"]) if "x-wr-timezone" in calendar else None, records=tuple(records),
        options=_options(_unescaped(calendar.get("x-dosing-options", ""))), others=tuple(others), timezones=zones, path=path,
    )  # fmt: skip


def _unescaped(value: object) -> str:
    """The text of a property that icalendar does not know, and leaves as it stands."""
    return re.sub(r"\\([\\;,nN])", lambda match: "\n" if match[1] in "nN" else match[1], str(value))


def _text(content: bytes, path: str) -> str:
    """The file as text, line ends as `\\n`: an editor or a version control system may have changed them."""
    if not content:
        raise InputError(_broken(path, "it is empty"))
    try:
        text = content.decode("utf-8-sig") if len(content) <= _LARGEST else ""
    except UnicodeDecodeError:
        text = ""
    text = text.replace("\r\n", "\n")
    if not text.startswith("BEGIN:VCALENDAR\n"):
        raise InputError(Problem(f"`{path}` is not a calendar", hint="name another file, or move this one away"))
    if not text.rstrip("\n").endswith("\nEND:VCALENDAR"):
        raise InputError(_broken(path, "it ends in the middle"))
    return text


def check_others(file: CalendarFile, ours: Collection[str]) -> None:
    """Raises InputError where an entry that is not of this program has the UID of one that is: something took its mark away."""
    for other in file.others:
        uid = re.search(rb"^UID:(.*?)\r\n(?![ \t])", other, re.M | re.S)
        if uid and uid[1].decode() in ours:
            raise InputError(_broken(file.path, f"the entry {uid[1].decode()} has lost its X-DOSING-KIND"))


def _broken(path: str, reason: str) -> Problem:
    return Problem(f"`{path}` is broken: {reason}", hint=f"restore it from a copy; or {_START_AGAIN}")


def _blocks(document: Document) -> Iterable[tuple[str, int, int]]:
    """The components directly inside the calendar: name, and where they begin and end in the text. Raises ValueError where BEGIN
    and END do not match, or an entry holds another."""
    inside: list[tuple[str, int]] = []
    for match in re.finditer(r"^(BEGIN|END):([A-Za-z0-9-]+)[ \t]*\n", document.text + "\n", re.M):
        name = match[2].upper()
        if match[1] == "BEGIN":
            if len(inside) > 1 and name not in _HOLDS.get(inside[-1][0], (name,)):
                raise ValueError
            inside.append((name, match.start()))
            continue
        if not inside or inside[-1][0] != name:
            raise ValueError
        _, begin = inside.pop()
        if len(inside) == 1:
            yield name, begin, match.end()


def _record(event: Any, block: bytes, place: Place) -> KeptEntry:
    """What `record` wrote."""
    try:
        if event.errors:
            raise ValueError(event.errors[0][1])
        if not isinstance(event["uid"], str):
            raise ValueError("UID stands twice")
        start, zone = _when(event["dtstart"])
        end, end_zone = _when(event["dtend"])
        if type(start) is not type(end) or end_zone != zone:
            raise ValueError(_NO_END)
        _check_times(start, end)
        alarms = event.walk("VALARM")
        created, modified, sequence = event["created"].dt, event["last-modified"].dt, int(event["sequence"])
        if not all(isinstance(time, dt.datetime) and time.tzinfo for time in (created, modified)) or not 0 <= sequence < _MOST:
            raise ValueError("a history that cannot be")
        status, kind = str(event["status"]), str(event["x-dosing-kind"])
        if status not in _STATUSES or kind not in KINDS:
            raise ValueError(f"unknown status `{status}` or kind `{kind}`")
        entry = CalendarEntry(
            uid=str(event["uid"]), kind=kind, start=start, end=end, zone=zone, status=cast(EntryStatus, status),
            busy=event["transp"] == "OPAQUE", summary=str(event["summary"]), description=str(event["description"]),
            category=",".join(str(category) for category in event["categories"].cats), remind=-alarms[0]["trigger"].dt if alarms else None,
            location=str(event["location"]) if "location" in event else None,
        )  # fmt: skip
        as_written = record(entry, created, modified, sequence).content
        return KeptEntry(entry, created, modified, sequence, block, edited=_lines(block) != _lines(as_written))
    except KeyError as error:
        reason = f"an entry without {str(error.args[0]).upper()}"
    except (ValueError, TypeError, AttributeError) as error:
        reason = f"an entry that cannot be read: {clip(str(error), 80)}"
    raise InputError(Problem(f"`{place.document.path}` is broken: {reason}", place, f"restore it from a copy; or {_START_AGAIN}"))


def _check_times(start: When, end: When) -> None:
    if end <= start:
        raise ValueError(_NO_END)
    if not FIRST_YEAR <= start.year <= end.year <= LAST_YEAR:
        raise ValueError(f"the year {start.year}")


def _lines(block: bytes) -> list[bytes]:
    """Content lines in any order and however folded: another version of icalendar may write them so."""
    return sorted(re.sub(rb"\r\n[ \t]", b"", block).split(b"\r\n"))


def _when(value: Any) -> tuple[When, str | None]:
    """A day, or a clock time without zone and the zone's name."""
    when = value.dt
    if isinstance(when, dt.datetime):
        zone = "UTC" if when.tzinfo is not None and "TZID" not in value.params else str(value.params["TZID"])
        if not is_zone(zone):
            raise ValueError(f"unknown time zone {zone}")
        return when.replace(tzinfo=None), zone
    if not isinstance(when, dt.date):
        raise ValueError("neither a day nor a time")
    return when, None


def _check_unique(records: Sequence[KeptEntry], path: str) -> None:
    uids = [record.entry.uid for record in records]
    if len(set(uids)) < len(uids):
        raise InputError(_broken(path, "two entries have one UID"))
