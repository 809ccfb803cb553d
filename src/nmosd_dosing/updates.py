"""A calendar written for the first time, and written again: what is new, moved, changed or fell away since the last time."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from typing import Literal

from nmosd_dosing import ical
from nmosd_dosing.days import date_text
from nmosd_dosing.entries import CalendarEntry, CalendarStyle, calendar_id, calendar_name, period_ids, to_entries
from nmosd_dosing.errors import InputError, Problem
from nmosd_dosing.ical import CalendarFile, Record
from nmosd_dosing.model import Plan
from nmosd_dosing.zones import LAST_YEAR

Change = Literal["added", "moved", "changed", "restored", "cancelled", "unchanged"]
CHANGES: tuple[Change, ...] = ("added", "moved", "changed", "restored", "cancelled", "unchanged")


@dataclass(frozen=True, slots=True)
class CalendarUpdate:
    """`ics` is the whole calendar, `changes` only what is not as before (None where everything is), `entries` what became of
    each."""

    ics: bytes
    changes: bytes | None
    entries: tuple[tuple[Change, CalendarEntry], ...]

    def count(self, change: Change) -> int:
        return sum(found == change for found, _ in self.entries)


def to_ics(plan: Plan, *, stamp: dt.datetime, style: CalendarStyle | None = None) -> bytes:
    """The plan as an iCalendar file (RFC 5545). `stamp` is the time of writing, with a zone.

    Raises InputError for an hour that does not exist or exists twice on a visit's day.
    """
    return update_ics(None, plan, stamp=stamp, style=style).ics


def update_ics(
    old: CalendarFile | None,
    plan: Plan,
    *,
    stamp: dt.datetime,
    style: CalendarStyle | None = None,
    beyond: Plan | None = None,
) -> CalendarUpdate:
    """The calendar `old` (None: there is none) brought up to `plan`.

    Entries keep their UIDs. One that is as before keeps its bytes; one that is not gets SEQUENCE + 1 and `stamp`; one that is no
    longer planned stays as CANCELLED. `beyond` is the same plan drawn farther, at least up to `reach(old, plan)`: what `old` holds
    after the last day of `plan` is brought up to date from there, and not cancelled.

    Raises InputError as `to_ics` does; also where `old` is not of this study, subject and period, and where it holds entries after
    the last day of `plan` and `beyond` is missing.
    """
    style = style or CalendarStyle()
    if stamp.tzinfo is None:
        raise InputError(Problem("the stamp of a calendar has no time zone", hint="give one in UTC"))
    stamp = stamp.astimezone(dt.UTC).replace(microsecond=0)
    if old is not None:
        check_whose(old, plan)
    known = {record.entry.uid: record for record in old.records} if old else {}
    wanted = {entry.uid: entry for entry in to_entries(plan, style)}
    if beyond is not None:
        wanted |= {e.uid: e for e in to_entries(beyond, style) if e.uid in known and e.uid not in wanted and e.kind != "span"}
    fell_away = [record for uid, record in known.items() if uid not in wanted]
    if beyond is None:
        _check_reach(fell_away, plan)
    revised = [_revised(known.get(uid), entry, stamp) for uid, entry in wanted.items()]
    revised += [_cancelled(record, style, stamp) for record in fell_away]
    file = CalendarFile(
        id=calendar_id(plan),
        periods=period_ids(plan),
        form=form_of(plan, style),
        name=calendar_name(plan, style),
        zone=style.zone,
        records=tuple(record for _, record in revised),
        others=old.others if old else (),
        timezones=old.timezones if old else {},
    )
    different = tuple(record for change, record in revised if change != "unchanged")
    changes = ical.write(dataclasses.replace(file, records=different, others=())) if different else None
    return CalendarUpdate(ical.write(file), changes, tuple((change, record.entry) for change, record in revised))


def form_of(plan: Plan, style: CalendarStyle) -> str:
    """How a calendar is shown: files of two forms are kept apart."""
    return " ".join(word for word, holds in (("discreet", style.discreet), ("unblinded", plan.unblinded)) if holds)


def check_whose(file: CalendarFile, plan: Plan) -> None:
    """Raises InputError unless the calendar is of the plan's study and subject, and of no further periods."""
    whose = f"`{file.path}` is the calendar `{file.name}`"
    mine = f"`{plan.study}`, {f'subject `{plan.subject}`' if plan.subject else 'no subject'}"
    if file.id != calendar_id(plan):
        raise InputError(Problem(f"{whose}: of another study or subject than this plan ({mine})", hint="name a file for each subject"))
    if not file.periods <= period_ids(plan):
        periods = ", ".join(f"`{period.period}`" for period in plan.periods)
        raise InputError(Problem(f"{whose}: of another period than this plan ({periods})", hint="name a file for each period"))


def reach(old: CalendarFile, plan: Plan) -> dt.date:
    """How far `plan` must be drawn to hold whatever the calendar `old` has after the plan's last day.

    Visits may have moved since: as far as the first ones have, and a year for whatever else there is.
    """
    days = [_day(record.entry.start) for record in old.records if record.entry.kind == "visit"]
    targets = [visit.target for visit in plan.visits if visit.target]
    moved = max(dt.timedelta(0), min(targets) - min(days)) if days and targets else dt.timedelta(0)
    last = max([*days, plan.drawn_until or plan.start]) + moved
    return min(last, dt.date(LAST_YEAR - 3, 1, 1)) + dt.timedelta(days=366)


def _revised(old: Record | None, entry: CalendarEntry, stamp: dt.datetime) -> tuple[Change, Record]:
    if old is None:
        return "added", ical.record(entry, stamp, stamp, 0)
    if old.entry == entry:
        return "unchanged", old
    same_time = (old.entry.start, old.entry.end, old.entry.zone) == (entry.start, entry.end, entry.zone)
    change: Change = "restored" if old.entry.status == "CANCELLED" else "changed" if same_time else "moved"
    return change, ical.record(entry, old.created, stamp, old.sequence + 1)


def _cancelled(old: Record, style: CalendarStyle, stamp: dt.datetime) -> tuple[Change, Record]:
    if old.entry.status == "CANCELLED":
        return "unchanged", old
    return "cancelled", ical.record(old.entry.cancelled(style.language), old.created, stamp, old.sequence + 1)


def _check_reach(fell_away: list[Record], plan: Plan) -> None:
    if plan.drawn_until is None:
        return
    days = [_day(r.entry.start) for r in fell_away if r.entry.status != "CANCELLED" and r.entry.kind == "visit"]
    if days and max(days) > plan.drawn_until:
        raise InputError(
            Problem(
                f"the old calendar has visits up to {date_text(max(days))}, the plan is drawn until {date_text(plan.drawn_until)}",
                hint="give `beyond`, the plan drawn until `reach(old, plan)`",
            )
        )


def _day(when: dt.date) -> dt.date:
    return when.date() if isinstance(when, dt.datetime) else when
