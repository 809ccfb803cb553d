"""Calendar programs of four families, and what each sees in a file: icalendar, vobject, ical and ical.js."""

from __future__ import annotations

import datetime as dt
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import icalendar
import pytest
import vobject  # type: ignore[import-untyped]
from ical.calendar_stream import IcsCalendarStream
from ical.timezone import IcsTimezoneInfo

from tests.kit.paths import ROOT

MODULES = next((f for f in (Path(sys.prefix) / "js/node_modules", ROOT / ".venv/js/node_modules") if (f / "ical.js").is_dir()), None)
NODE = shutil.which("node")

needs_node = pytest.mark.skipif(
    NODE is None or MODULES is None, reason="no node" if NODE is None else "ical.js is not there: `npm ci` in .venv/js, as `make test` does"
)


class Seen(NamedTuple):
    """An entry as a reader sees it: times as local text, and as UTC where it has an hour."""

    uid: str
    summary: str
    status: str
    start: str
    end: str
    start_utc: str | None
    end_utc: str | None


class Read(NamedTuple):
    """A file as a reader sees it: its entries, and their descriptions by UID."""

    entries: list[Seen]
    descriptions: dict[str, str]


def _utc(offset: dt.timedelta | None, when: dt.date) -> str | None:
    """The instant, by the file's own VTIMEZONE; where the reader knows the zone by itself, it must say the same."""
    if not isinstance(when, dt.datetime):
        return None
    assert offset is not None and when.utcoffset() == offset
    return (when.replace(tzinfo=None) - offset).isoformat()


def _seen(uid: str, summary: str, status: str, start: dt.date, end: dt.date, own: dt.tzinfo | None) -> Seen:
    local = [w.replace(tzinfo=None) if isinstance(w, dt.datetime) else w for w in (start, end)]
    zones = [own or w.tzinfo if isinstance(w, dt.datetime) else None for w in (start, end)]
    offsets = [z.utcoffset(w) if z and isinstance(w, dt.datetime) else None for z, w in zip(zones, local, strict=True)]
    return Seen(uid, summary, status, *(w.isoformat() for w in local), *map(_utc, offsets, (start, end)))


def _read(found: list[tuple[Seen, str]]) -> Read:
    return Read(sorted(seen for seen, _ in found), {seen.uid: text for seen, text in found})


@functools.lru_cache(maxsize=500)
def with_icalendar(content: bytes) -> Read:
    calendar: Any = icalendar.Calendar.from_ical(content)
    assert not [c.errors for c in calendar.walk() if c.errors]
    own = {str(z["TZID"]): z.to_tz(lookup_tzid=False) for z in calendar.walk("VTIMEZONE")}
    found = []
    for e in calendar.walk("VEVENT"):
        zone = own.get(e["DTSTART"].params.get("TZID"))
        seen = _seen(str(e["UID"]), str(e["SUMMARY"]), str(e["STATUS"]), e["DTSTART"].dt, e["DTEND"].dt, zone)
        found.append((seen, str(e["DESCRIPTION"])))
    return _read(found)


def with_vobject(content: bytes) -> Read:
    """vobject takes what it knows of a zone from the first file that names it; so it is made to forget."""
    for zone in set(re.findall(rb"\r\nTZID:(.+)\r\n", content)) - {b"UTC"}:
        vobject.icalendar.registerTzid(zone.decode(), None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        [calendar] = vobject.readComponents(content.decode())
        return _read([
            (_seen(e.uid.value, e.summary.value, e.status.value, e.dtstart.value, e.dtend.value, None), e.description.value)
            for e in getattr(calendar, "vevent_list", [])
        ])  # fmt: skip


def with_ical(content: bytes) -> Read:
    calendar = IcsCalendarStream.calendar_from_ics(content.decode())
    # It finds no onset of an observance without RRULE; it does not need to where it knows the zone, which is why it is not seen.
    ruled = [z for z in calendar.timezones if all(part.rrule for part in (*z.standard, *z.daylight))]
    own = {z.tz_id: IcsTimezoneInfo.from_timezone(z) for z in ruled}
    found = []
    for e in calendar.events:
        assert e.uid and e.summary is not None and e.status and e.dtstart and e.dtend
        zone = own.get(str(e.dtstart.tzinfo)) if isinstance(e.dtstart, dt.datetime) else None
        found.append((_seen(e.uid, e.summary, e.status.value, e.dtstart, e.dtend, zone), e.description or ""))
    return _read(found)


def with_ical_js(paths: list[Path]) -> list[Read]:
    """One node process for all files."""
    assert NODE and MODULES
    environment = {**os.environ, "NODE_PATH": str(MODULES), "TZ": "America/Sao_Paulo"}
    done = subprocess.run([NODE, Path(__file__).with_name("read_ics.mjs")], input=json.dumps([str(path) for path in paths]), timeout=120,
                          capture_output=True, encoding="utf-8", check=False, env=environment)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return [_read([(Seen(*(e[key] for key in Seen._fields)), e["description"]) for e in entries]) for entries in json.loads(done.stdout)]


READERS: dict[str, Callable[[bytes], Read]] = {"icalendar": with_icalendar, "vobject": with_vobject, "ical": with_ical}
