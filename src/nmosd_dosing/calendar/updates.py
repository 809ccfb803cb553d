"""A calendar written for the first time, and written again: what is new, moved, changed or fell away since the last time."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from nmosd_dosing.calendar import ical
from nmosd_dosing.calendar.entries import (
    CalendarEntry,
    CalendarStyle,
    calendar_id,
    calendar_name,
    line,
    period_ids,
    to_entries,
    uid,
    uid_of,
)
from nmosd_dosing.calendar.ical import CalendarFile, KeptEntry
from nmosd_dosing.calendar.zones import LAST_YEAR
from nmosd_dosing.days import Language, date_text
from nmosd_dosing.errors import InputError, Problem
from nmosd_dosing.plans.plan import Plan

Change = Literal["added", "moved", "changed", "restored", "cancelled", "unchanged"]
CHANGES: tuple[Change, ...] = get_args(Change)


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
    draw: Callable[[dt.date], Plan] | None = None,
    options: tuple[str, ...] = (),
) -> CalendarUpdate:
    """The calendar `old` (None: there is none) brought up to `plan`.

    Entries keep their UIDs. One that is as before keeps its bytes; one that is not gets SEQUENCE + 1 and `stamp`; one that is no
    longer planned stays as CANCELLED. A calendar does not become shorter: where it holds visits after the last day of `plan`, `draw`
    gives the same plan until another day, and it is drawn until the last of them. `options` are kept in the file, to tell next time
    what it was asked for with.

    Raises InputError as `to_ics` does; also where `old` is not of this study, subject and period, or of another form; and where it
    holds visits after the last day of `plan` and `draw` is missing.
    """
    style = style or CalendarStyle()
    if old is not None:
        check_whose(old, plan, style)
        plan = _as_far(old, plan, draw)
    file = CalendarFile(
        id=calendar_id(plan),
        periods=period_ids(plan),
        form=_form(plan, style),
        name=calendar_name(plan, style),
        zone=style.zone,
        records=(),
        options=options,
    )
    return revise(old, file, to_entries(plan, style), stamp, style.language)


def update_site(
    old: CalendarFile | None,
    plans: Sequence[Plan],
    site: str,
    *,
    stamp: dt.datetime,
    style: CalendarStyle,
    draws: Sequence[Callable[[dt.date], Plan]],
    options: tuple[str, ...] = (),
) -> CalendarUpdate:
    """The calendar of all subjects of a site, one after another: entries as in the calendar of each, brought up to date in the same way.

    Whoever is no longer among `plans` falls away. Raises InputError as `update_ics` does.
    """
    study, form = plans[0].study, _form(plans[0], style)
    file = CalendarFile(
        id=uid_of(study, None, "site", site),
        periods=frozenset(uid_of(study, None, "period", period) for period in plans[0].way),
        form=form,
        name=line(site if style.discreet else f"{study} {site}"),
        zone=style.zone,
        records=(),
        options=options,
    )
    if old is not None:
        if (old.id, old.form) != (file.id, form) or not old.periods <= file.periods:
            hint = "each site, study and form has a file of its own: name another folder"
            raise InputError(Problem(f"`{old.path}` is the calendar `{old.name}`, not `{file.name}` in this form", hint=hint))
        plans = [_as_far(old, plan, draw) for plan, draw in zip(plans, draws, strict=True)]
    return revise(old, file, [entry for plan in plans for entry in to_entries(plan, style)], stamp, style.language)


def revise(
    old: CalendarFile | None, file: CalendarFile, entries: Sequence[CalendarEntry], stamp: dt.datetime, language: Language
) -> CalendarUpdate:
    """`file`, which has no entries yet, with `entries`, as what becomes of `old`. Raises InputError where it would be empty."""
    if stamp.tzinfo is None:
        raise InputError(Problem("the stamp of a calendar has no time zone", hint="give one in UTC"))
    stamp = stamp.astimezone(dt.UTC).replace(microsecond=0)
    known = {record.entry.uid: record for record in old.records} if old else {}
    wanted = {entry.uid: entry for entry in entries}
    if old is not None:
        ical.check_others(old, wanted.keys() | known.keys())
    fell_away = [record for id, record in known.items() if id not in wanted]
    revised = [_revised(known.get(id), entry, stamp) for id, entry in wanted.items()]
    revised += [_cancelled(record, language, stamp) for record in fell_away]
    if not revised:
        raise InputError(Problem("no visit of this plan has a day, and a calendar cannot be empty", hint="ask for the plan without it"))
    records = tuple(record for _, record in revised)
    file = dataclasses.replace(file, records=records, others=old.others if old else (), timezones=old.timezones if old else {})
    different = tuple(record for change, record in revised if change != "unchanged")
    form = f"{file.form} changes".strip()
    changes = dataclasses.replace(file, form=form, records=different, others=()) if different else None
    return CalendarUpdate(
        ics=ical.write(file),
        changes=ical.write(changes) if changes else None,
        revisions=tuple(
            Revision(change, record.entry, known[record.entry.uid].entry if record.entry.uid in known else None)
            for change, record in revised
        ),
    )


def _as_far(old: CalendarFile, plan: Plan, draw: Callable[[dt.date], Plan] | None) -> Plan:
    """The plan, drawn until the last of the visits that the calendar holds, on the day on which it is planned now."""
    held = {r.entry.uid: _day(r.entry.start) for r in old.records if r.entry.kind == "visit" and r.entry.status != "CANCELLED"}
    if plan.drawn_until is None or not held:
        return plan
    planned = {uid(plan, "visit", visit.id): visit.date for visit in plan.visits if visit.date is not None}
    missing = {id: day for id, day in held.items() if id not in planned}
    if not missing:
        return plan
    moved = max((target - held[id] for id, target in planned.items() if id in held), default=plan.start - min(held.values()))
    spare = 5 if moved else 0  # visits counted in months move by some days more or less
    last_year = dt.date(LAST_YEAR, 12, 31)
    far = dt.date.fromordinal(min(max(missing.values()).toordinal() + max(moved.days, 0) + spare, last_year.toordinal()))
    if far <= plan.drawn_until:
        return plan
    if draw is None:
        raise InputError(
            Problem(
                f"the calendar has visits up to {date_text(max(missing.values()))}, the plan is drawn until {date_text(plan.drawn_until)}",
                hint="give `draw`, which draws the plan until another day",
            )
        )
    later = [visit.date for visit in draw(far).visits if visit.date is not None and uid(plan, "visit", visit.id) in missing]
    last = max([plan.drawn_until, *later, *planned.values()])  # a visit on a fixed day may lie after the end of open repeats
    return draw(last) if later else plan


def _form(plan: Plan, style: CalendarStyle, changes: str = "") -> str:
    words = ("discreet", style.discreet), ("unblinded", plan.unblinded), (changes, bool(changes))
    return " ".join(word for word, holds in words if holds)


def check_whose(file: CalendarFile, plan: Plan, style: CalendarStyle, changes: bool = False) -> None:
    """Raises InputError unless the file is of the plan's study and subject, of no further periods, and shown in the same way.

    `changes` where it is to be a file of changes. Forms are kept apart: what an update leaves from a file that is unblinded, or
    not discreet, would stand in one that must not show it.
    """
    if ("changes" in file.form.split()) != changes:
        is_, is_not = ("a file of changes", "a whole calendar") if not changes else ("a whole calendar", "a file of changes")
        raise InputError(Problem(f"`{file.path}` is {is_}, not {is_not}", hint="name another file"))
    wanted = _form(plan, style, "changes" if changes else "")
    if file.form != wanted:
        old, new = (form.removesuffix("changes").strip() or "masked and not discreet" for form in (file.form, wanted))
        raise InputError(Problem(f"`{file.path}` is {old}, this calendar is {new}", hint="ask for the same as before, or name a new file"))
    whose = f"`{file.path}` is the calendar `{file.name}`"
    hint = "each subject, study and period has a file of its own: name another file or folder"
    if file.id != calendar_id(plan):
        subject = f"subject `{plan.subject}`" if plan.subject else "no subject"
        mine = ", ".join([f"`{plan.study}`", subject, *([f"arm `{plan.arm}`"] if plan.unblinded else [])])
        raise InputError(Problem(f"{whose}: of another study, subject or arm than this plan ({mine})", hint=hint))
    if not file.periods <= period_ids(plan):
        periods = ", ".join(f"`{period}`" for period in plan.way)
        raise InputError(Problem(f"{whose}: of another period than this plan ({periods})", hint=hint))


def _revised(old: KeptEntry | None, entry: CalendarEntry, stamp: dt.datetime) -> tuple[Change, KeptEntry]:
    if old is None:
        return "added", ical.record(entry, stamp, stamp, 0)
    if old.entry == entry and not old.edited:
        return "unchanged", old
    same_time = (old.entry.start, old.entry.end, old.entry.zone) == (entry.start, entry.end, entry.zone)
    change: Change = "restored" if old.entry.status == "CANCELLED" else "changed" if same_time else "moved"
    return change, ical.record(entry, old.created, stamp, old.sequence + 1)


def _cancelled(old: KeptEntry, language: Language, stamp: dt.datetime) -> tuple[Change, KeptEntry]:
    if old.entry.status == "CANCELLED":
        return ("unchanged", old) if not old.edited else ("changed", ical.record(old.entry, old.created, stamp, old.sequence + 1))
    return "cancelled", ical.record(old.entry.cancelled(language), old.created, stamp, old.sequence + 1)


def _day(when: dt.date) -> dt.date:
    return when.date() if isinstance(when, dt.datetime) else when
