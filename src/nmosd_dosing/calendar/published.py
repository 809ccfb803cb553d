"""Calendars that programs ask for again and again. What a feed gave out last is the memory of what it gives out next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from msgspec import structs

from nmosd_dosing.calendar import ical
from nmosd_dosing.calendar.entries import CalendarEntry, CalendarStyle, line, to_entries, uid, uid_of
from nmosd_dosing.calendar.ical import CalendarFile, KeptEntry
from nmosd_dosing.calendar.updates import as_far, revise
from nmosd_dosing.days import Language
from nmosd_dosing.plans.plan import Plan

KEPT = dt.timedelta(days=90)  # after it fell away an entry stays so long, as cancelled
BACK = dt.timedelta(days=90)  # so long a site's calendar shows what was
LARGE = 900_000  # bytes: near to what Google takes at most, 1 MB
_HOURS = 1

Planned = tuple[Plan, Callable[[dt.date], Plan]]  # one subject's plan, and what draws it until another day


def published(
    old: CalendarFile | None, ids: str, name: str, entries: Sequence[CalendarEntry], stamp: dt.datetime, language: Language,
    since: dt.date | None = None,
) -> bytes:  # fmt: skip
    """What a feed gives out, as what becomes of what it gave out before.

    Entries keep their UIDs, and are counted on as those of files are; what fell away stays as cancelled for 90 days after that was said, to
    the second, and is dropped then. `since`: what was over before that day is left out, and not cancelled. A feed may be empty. `ids`: of
    the feed alone, in place of the study's id in all that is named by a hash, so that nobody finds out a code by trying.
    """
    stamp = stamp.astimezone(dt.UTC).replace(microsecond=0)
    file = CalendarFile(uid_of(ids, None, "feed", ""), frozenset(), "feed", line(name), None, (), hours=_HOURS)
    wanted = [entry for entry in entries if since is None or _last_day(entry) >= since]
    ids_of_wanted = {entry.uid for entry in wanted}
    if old is not None:
        kept = [r for r in old.records if r.entry.uid in ids_of_wanted or not _over(r, stamp, since)]
        old = structs.replace(old, records=tuple(kept))
    if not wanted and (old is None or not old.records):
        return ical.write(file)
    return revise(old, file, wanted, stamp, language).ics


def entries_of_plans(old: CalendarFile | None, plans: Iterable[Planned], ids: str, style: CalendarStyle) -> list[CalendarEntry]:
    """The entries of subjects, each drawn as far as the calendar so far goes; `ids`: as `published` takes it."""
    there = [(structs.replace(plan, study=ids), draw) for plan, draw in plans]
    mine = [{uid(plan, "visit", visit.id) for visit in plan.visits} for plan, _ in there]
    records, everybodys = old.records if old is not None else (), set[str]().union(*mine)
    missing = [record for record in records if record.entry.uid not in everybodys]
    found: list[CalendarEntry] = []
    for (plan, draw), planned in zip(there, mine, strict=True):
        if missing:  # else nobody's plan ends before what the calendar holds
            own = [record for record in records if record.entry.uid in planned]
            plan = as_far([*own, *missing], plan, partial(_drawn, draw, ids))
        found += to_entries(plan, style)
    return found


def _drawn(draw: Callable[[dt.date], Plan], ids: str, until: dt.date) -> Plan:
    return structs.replace(draw(until), study=ids)


def _over(record: KeptEntry, stamp: dt.datetime, since: dt.date | None) -> bool:
    """Whether what is not planned any more is dropped: a cancelled entry in time, another one where it is older than what is shown."""
    if record.entry.status == "CANCELLED":
        return stamp - record.modified > KEPT
    return since is not None and _last_day(record.entry) < since


def _last_day(entry: CalendarEntry) -> dt.date:
    end = entry.end
    return end.date() if isinstance(end, dt.datetime) else end - dt.timedelta(days=1)
