"""Clock time: an hour of a day in a zone, and a zone's changes of the clock as a calendar states them (RFC 5545 3.6.5)."""

from __future__ import annotations

import bisect
import datetime as dt
import zoneinfo
from functools import cache

from msgspec import Struct

from nmosd_dosing.days import date_text
from nmosd_dosing.errors import InputError, Problem, clip, did_you_mean

FIRST_YEAR, LAST_YEAR = 1970, 2199  # of a calendar: programs and rules of the clock are known to agree within these
_LISTED_FROM, _LISTED_TO = 2000, 2040  # of changes that follow no rule
_NEAR = dt.timedelta(days=2)  # a change of the clock around an hour
_BEGIN, _END = dt.datetime(FIRST_YEAR, 1, 1), dt.datetime(LAST_YEAR + 1, 1, 1)
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class Observance(Struct, frozen=True):
    """A stretch of time with one distance from UTC.

    `onset` is the clock time, in the old distance, at which it begins; it begins anew every year where `month` and `weekday`
    (such as `2SU`, `-1SU`) are given.
    """

    daylight: bool
    onset: dt.datetime
    before: dt.timedelta
    after: dt.timedelta
    name: str
    month: int | None = None
    weekday: str | None = None


class _Change(Struct, frozen=True):
    """The clock changes at `instant` (UTC, without zone) from one distance from UTC to another."""

    instant: dt.datetime
    before: dt.timedelta
    after: dt.timedelta
    name: str

    @property
    def onset(self) -> dt.datetime:
        return self.instant + self.before


def check_zone(name: str) -> None:
    """Raises InputError unless `name` is a place of the time zone database (`Asia/Shanghai`), or `UTC`."""
    if is_zone(name):
        return
    cities = {zone.rpartition("/")[2].lower(): zone for zone in sorted(_places())}
    city = name.rpartition("/")[2].strip().replace(" ", "_").lower()
    city = _OTHER_NAMES.get(city, city)
    near = did_you_mean(city, [known for known in cities if known[:1] == city[:1]]) if len(city) > 4 else None
    zone = cities.get(city) or (cities[near.split("`")[1]] if near else None)
    hint = (
        f"did you mean `{zone}`?"
        if zone
        else "write area and city, such as `Asia/Shanghai` (all of China), `Europe/Berlin` or `America/New_York`"
    )
    raise InputError(Problem(f"unknown time zone `{clip(name)}`", hint=hint))


def is_zone(name: str) -> bool:
    return name == "UTC" or name in _places()


_OTHER_NAMES = {"beijing": "shanghai", "peking": "shanghai", "china_standard_time": "shanghai", "prc": "shanghai"}


@cache
def _places() -> frozenset[str]:
    """Names of zones, asked for once, since that reads hundreds of files.

    Only places: `Etc/GMT+8` is eight hours behind UTC, and `EST` knows no summer.
    """
    return frozenset(zone for zone in zoneinfo.available_timezones() if "/" in zone and not zone.startswith("Etc/"))


def check_hour(day: dt.date, hour: dt.time, zone: str) -> None:
    """Raises InputError where the clocks of `zone` show `hour` twice or not at all on `day`."""
    local = dt.datetime.combine(day, hour, zoneinfo.ZoneInfo(zone))
    first, second = (_utc_offset(local.replace(fold=fold)) for fold in (0, 1))
    if first == second:  # PEP 495: the two readings differ only around a change of the clock
        return
    twice = first > second
    instant = local.replace(tzinfo=None) - first
    change = next(c for c in _changes(zone, instant - _NEAR, instant + _NEAR) if {c.before, c.after} == {first, second})
    old, new = change.onset, change.instant + change.after
    clocks = f"the clocks go {'back' if twice else 'forward'} from {old:%H:%M} to {new:%H:%M}"
    wrong = f"{hour:%H:%M} {'exists twice' if twice else 'does not exist'} on {date_text(day)} in {zone}: {clocks}"
    raise InputError(Problem(wrong, hint="choose another hour"))


def later(day: dt.date, hour: dt.time, zone: str, duration: dt.timedelta) -> dt.datetime:
    """The clock time in `zone` so much real time later, without zone."""
    start = dt.datetime.combine(day, hour, zoneinfo.ZoneInfo(zone))
    return (start.astimezone(dt.UTC) + duration).astimezone(start.tzinfo).replace(tzinfo=None, fold=0)


@cache
def observances(zone: str, first: int, last: int) -> tuple[Observance, ...]:
    """What a calendar must say of a zone for entries of the years `first` to `last`.

    One observance where the clock no longer changes; two that repeat every year where one rule (`the last Sunday of March`) holds
    from then on; else each change by itself. They begin as early as they hold, and not with the calendar's own entries: some
    programs take what the first calendar says of a zone for all calendars.
    """
    changes = _changes(zone, _BEGIN, _END)
    coming = [change for change in changes if change.instant.year >= first - 1]  # an entry needs an onset before it
    if not coming:
        offset, name = _at(zone, _END)
        return (Observance(False, _BEGIN, offset, offset, name),)
    years = sorted({change.onset.year for change in changes})
    regular = bisect.bisect_left(years, True, key=lambda year: _yearly(changes, year) is not None)
    if regular < len(years) and years[regular] < first and (rules := _yearly(changes, years[regular])):
        return rules
    begin = dt.datetime(min(first - 1, _LISTED_FROM), 1, 1)
    offset, name = _at(zone, begin)
    listed = [change for change in changes if begin <= change.instant and change.instant.year <= max(last + 1, _LISTED_TO)]
    single = [Observance(c.after > c.before, c.onset, c.before, c.after, c.name) for c in listed]
    return (Observance(False, begin + offset, offset, offset, name), *single)


def _yearly(changes: tuple[_Change, ...], since: int) -> tuple[Observance, Observance] | None:
    """The two rules behind all changes since a year, each with its first onset; None where there are no such rules."""
    kinds: dict[tuple[dt.timedelta, dt.timedelta], list[_Change]] = {}
    for change in changes:
        if change.onset.year >= since:
            kinds.setdefault((change.before, change.after), []).append(change)
    years = list(range(since, LAST_YEAR + 1))
    if len(kinds) != 2 or any([c.onset.year for c in found] != years for found in kinds.values()):
        return None
    made = []
    for found in kinds.values():
        head = found[0]
        nths = {(c.onset.day - 1) // 7 + 1 for c in found}
        is_last = all((c.onset + dt.timedelta(days=7)).month != c.onset.month for c in found)
        if len({(c.onset.month, c.onset.weekday(), c.onset.time(), c.name) for c in found}) != 1 or not (len(nths) == 1 or is_last):
            return None
        weekday = f"{-1 if is_last else nths.pop()}{_WEEKDAYS[head.onset.weekday()]}"
        made.append(Observance(head.after > head.before, head.onset, head.before, head.after, head.name, head.onset.month, weekday))
    return made[0], made[1]


@cache
def _changes(zone: str, begin: dt.datetime, end: dt.datetime) -> tuple[_Change, ...]:
    """All changes of the clock between two instants (UTC). A week is looked at as a whole: no zone has changed twice in one."""
    found = []
    week = dt.timedelta(days=7)
    low, before = begin, _at(zone, begin)
    while low < end:
        high = min(low + week, end)
        after = _at(zone, high)
        if after[0] != before[0]:
            left, right = low, high
            while right - left > dt.timedelta(seconds=1):
                middle = left + (right - left) // 2
                middle = middle.replace(microsecond=0)
                left, right = (left, middle) if _at(zone, middle)[0] == after[0] else (middle, right)
            found.append(_Change(right, before[0], after[0], after[1]))
        low, before = high, after
    return tuple(found)


def _at(zone: str, instant: dt.datetime) -> tuple[dt.timedelta, str]:
    """Distance from UTC and its name at an instant (UTC, without zone)."""
    local = instant.replace(tzinfo=dt.UTC).astimezone(zoneinfo.ZoneInfo(zone))
    return _utc_offset(local), local.tzname() or ""


def _utc_offset(local: dt.datetime) -> dt.timedelta:
    offset = local.utcoffset()
    assert offset is not None
    return offset
