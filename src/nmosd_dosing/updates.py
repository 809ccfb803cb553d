"""A calendar written for the first time, and written again: what is new, moved, changed or fell away since the last time."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from nmosd_dosing import ical
from nmosd_dosing.days import date_text
from nmosd_dosing.entries import CalendarEntry, CalendarStyle, calendar_id, calendar_name, period_ids, to_entries, uid
from nmosd_dosing.errors import InputError, Problem
from nmosd_dosing.ical import CalendarFile, Record
from nmosd_dosing.model import Plan
from nmosd_dosing.zones import LAST_YEAR

Change = Literal["added", "moved", "changed", "restored", "cancelled", "unchanged"]
CHANGES: tuple[Change, ...] = ("added", "moved", "changed", "restored", "cancelled", "unchanged")


@dataclass(frozen=True, slots=True)
class Revision:
    """What became of an entry, and what it was before: None where it is new."""

    change: Change
    entry: CalendarEntry
    before: CalendarEntry | None


@dataclass(frozen=True, slots=True)
class CalendarUpdate:
    """`ics` is the whole calendar; `changes` a file of what is not as before, None where everything is."""

    ics: bytes
    changes: bytes | None
    revisions: tuple[Revision, ...]

    def count(self, change: Change) -> int:
        return sum(revision.change == change for revision in self.revisions)


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
    options: tuple[str, ...] = (),
) -> CalendarUpdate:
    """The calendar `old` (None: there is none) brought up to `plan`.

    Entries keep their UIDs. One that is as before keeps its bytes; one that is not gets SEQUENCE + 1 and `stamp`; one that is no
    longer planned stays as CANCELLED. `beyond` is the same plan drawn farther, at least up to `reach(old, plan)`: what `old` holds
    after the last day of `plan` is brought up to date from there, and not cancelled. `options` are kept in the file, to tell next
    time what it was asked for with.

    Raises InputError as `to_ics` does; also where `old` is not of this study, subject and period, or of another form; and where it
    holds entries after the last day of `plan` and `beyond` is missing.
    """
    style = style or CalendarStyle()
    if stamp.tzinfo is None:
        raise InputError(Problem("the stamp of a calendar has no time zone", hint="give one in UTC"))
    stamp = stamp.astimezone(dt.UTC).replace(microsecond=0)
    if old is not None:
        check_whose(old, plan, style)
    known = {record.entry.uid: record for record in old.records} if old else {}
    wanted = {entry.uid: entry for entry in to_entries(plan, style)}
    if beyond is not None:
        wanted = {entry.uid: entry for entry in to_entries(_held(beyond, known), style) if entry.uid in known} | wanted
    if old is not None:
        ical.check_others(old, wanted.keys() | known.keys())
    fell_away = [record for id, record in known.items() if id not in wanted]
    if beyond is None:
        _check_reach(fell_away, plan)
    revised = [_revised(known.get(id), entry, stamp) for id, entry in wanted.items()]
    revised += [_cancelled(record, style, stamp) for record in fell_away]
    if not revised:
        raise InputError(Problem("no visit of this plan has a day, and a calendar cannot be empty", hint="ask for the plan without it"))
    file = CalendarFile(
        id=calendar_id(plan),
        periods=period_ids(plan),
        form=_form(plan, style),
        name=calendar_name(plan, style),
        zone=style.zone,
        records=tuple(record for _, record in revised),
        options=options,
        others=old.others if old else (),
        timezones=old.timezones if old else {},
    )
    different = tuple(record for change, record in revised if change != "unchanged")
    changes = dataclasses.replace(file, form=_form(plan, style, "changes"), records=different, others=()) if different else None
    return CalendarUpdate(
        ics=ical.write(file),
        changes=ical.write(changes) if changes else None,
        revisions=tuple(
            Revision(change, record.entry, known[record.entry.uid].entry if record.entry.uid in known else None)
            for change, record in revised
        ),
    )


def _held(beyond: Plan, known: Collection[str]) -> Plan:
    """Of a plan drawn farther the visits that a calendar holds already."""
    visits = tuple(visit for visit in beyond.visits if any(uid(beyond, kind, visit.id) in known for kind in ("visit", "window")))
    return dataclasses.replace(beyond, visits=visits, spans=())


def _form(plan: Plan, style: CalendarStyle, changes: str = "") -> str:
    words = ("discreet", style.discreet), ("unblinded", plan.unblinded), (changes, bool(changes))
    return " ".join(word for word, holds in words if holds)


def check_whose(file: CalendarFile, plan: Plan, style: CalendarStyle, changes: bool = False) -> None:
    """Raises InputError unless the file is of the plan's study and subject, of no further periods, and shown in the same way.

    `changes` where it is to be a file of changes. Forms are kept apart: what an update leaves from a file that is unblinded, or
    not discreet, would stand in one that must not show it.
    """
    whose = f"`{file.path}` is the calendar `{file.name}`"
    hint = "each subject, study and period has a file of its own: name another file or folder"
    if file.id != calendar_id(plan):
        mine = f"`{plan.study}`, {f'subject `{plan.subject}`' if plan.subject else 'no subject'}"
        raise InputError(Problem(f"{whose}: of another study or subject than this plan ({mine})", hint=hint))
    if not file.periods <= period_ids(plan):
        periods = ", ".join(f"`{period.period}`" for period in plan.periods)
        raise InputError(Problem(f"{whose}: of another period than this plan ({periods})", hint=hint))
    if ("changes" in file.form.split()) != changes:
        is_, is_not = ("a file of changes", "a whole calendar") if not changes else ("a whole calendar", "a file of changes")
        raise InputError(Problem(f"`{file.path}` is {is_}, not {is_not}", hint="name another file"))
    mine = _form(plan, style, "changes" if changes else "")
    if file.form != mine:
        old, new = (form.removesuffix("changes").strip() or "masked and not discreet" for form in (file.form, mine))
        raise InputError(Problem(f"`{file.path}` is {old}, this calendar is {new}", hint="ask for the same as before, or name a new file"))


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
