"""The calendars of sites, each of all its subjects: updated together, since a subject may go from one to another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, structs

from nmosd_dosing.calendar import ical
from nmosd_dosing.calendar.entries import CalendarEntry, CalendarStyle, line, to_entries, uid, uid_of
from nmosd_dosing.calendar.ical import CalendarFile, KeptEntry
from nmosd_dosing.calendar.updates import CalendarUpdate, Revision, as_far, check_undone, form_of, recorded, revise
from nmosd_dosing.errors import InputError, Problems
from nmosd_dosing.plans.plan import Plan

_Draw = Callable[[dt.date], Plan]


class SitePlans(Struct, frozen=True):
    """A site's subjects: the plan of each, and what draws it until another day; `old`: the site's calendar so far."""

    site: str
    plans: Sequence[Plan]
    draws: Sequence[_Draw]
    old: CalendarFile | None
    options: tuple[str, ...] = ()


def update_sites(
    sites: Sequence[SitePlans], others: Sequence[CalendarFile], *, stamp: dt.datetime, style: CalendarStyle, force_undo: bool = False
) -> tuple[list[CalendarUpdate], list[tuple[CalendarFile, CalendarUpdate]]]:
    """The calendars of sites brought up to date as those of single subjects are; and those of `others`, calendars of further sites in
    the same place, from which somebody has gone to one of them.

    An entry stands in one calendar only. Who goes to another site takes the entries along with their history: the new calendar's are
    never older than those that stood in the old one (RFC 5546 2.1.4: the higher SEQUENCE, then the later DTSTAMP counts), and the old
    one holds none of them, not even cancelled: a program that reads it later would cancel them in the new one. Whoever is at no
    site any more falls away. Raises InputError as `update_ics` does, with all problems.
    """
    problems = Problems()
    heads = [_head(site, style) for site in sites]
    for site, head in zip(sites, heads, strict=True):
        if site.old is not None and ((site.old.id, site.old.form) != (head.id, head.form) or not site.old.periods <= head.periods):
            hint = "each site, study and form has a file of its own: name another folder"
            problems.error(f"`{site.old.path}` is the calendar `{site.old.name}`, not `{head.name}` in this form", None, hint)
    if problems.found:
        raise InputError(problems.in_order())
    others = [file for file in others if file.form == heads[0].form and file.periods and file.periods <= heads[0].periods]
    held = _held([*(site.old for site in sites if site.old is not None), *others])
    plans = [[_as_far(site.old, held, plan, draw) for plan, draw in zip(site.plans, site.draws, strict=True)] for site in sites]
    entries = [[entry for plan in found for entry in to_entries(plan, style)] for found in plans]
    at = {entry.uid: i for i, found in enumerate(entries) for entry in found}
    updates = []
    for i, (site, head, mine) in enumerate(zip(sites, heads, entries, strict=True)):
        gone = {record.entry.uid for record in site.old.records if at.get(record.entry.uid, i) != i} if site.old is not None else set()
        history = {entry.uid: _last(held[entry.uid], site.old) for entry in mine if entry.uid in held}
        if not force_undo:
            _check_undone(site.old, head, history, gone, mine, {id for plan in plans[i] for id in recorded(plan)}, problems)
        updates.append(revise(site.old, head, mine, stamp, style.language, history, gone))
    if problems.found:
        raise InputError(problems.in_order())
    return updates, [(file, _without(file, at)) for file in others if any(record.entry.uid in at for record in file.records)]


def _head(site: SitePlans, style: CalendarStyle) -> CalendarFile:
    study = site.plans[0].study
    return CalendarFile(
        id=uid_of(study, None, "site", site.site), periods=frozenset(uid_of(study, None, "period", period) for period in site.plans[0].way),
        form=form_of(site.plans[0], style), name=line(site.site if style.discreet else f"{study} {site.site}"), zone=style.zone, records=(),
        options=site.options,
    )  # fmt: skip


_Held = Mapping[str, Sequence[tuple[CalendarFile, KeptEntry]]]


def _held(files: Sequence[CalendarFile]) -> _Held:
    """Where each entry stands."""
    held: dict[str, list[tuple[CalendarFile, KeptEntry]]] = {}
    for file in files:
        for kept in file.records:
            held.setdefault(kept.entry.uid, []).append((file, kept))
    return held


def _last(kept: Sequence[tuple[CalendarFile, KeptEntry]], own: CalendarFile | None) -> KeptEntry:
    """What a program that has read all of the calendars may hold; of what is equally new a cancelled entry, else this calendar's own."""

    def how_new(found: tuple[CalendarFile, KeptEntry]) -> tuple[int, dt.datetime, bool, bool]:
        file, record = found
        return record.sequence, record.modified, record.entry.status == "CANCELLED", file is own

    return max(kept, key=how_new)[1]


def _as_far(own: CalendarFile | None, held: _Held, plan: Plan, draw: _Draw) -> Plan:
    """The plan, drawn as far as the calendars go in which its subject stands."""
    ids = [uid(plan, "visit", visit.id) for visit in plan.visits]
    files = {id(file): file for visit in ids for file, _ in held.get(visit, ())} | ({id(own): own} if own is not None else {})
    return as_far([record for file in files.values() for record in file.records], plan, draw)


def _check_undone(
    old: CalendarFile | None, head: CalendarFile, history: Mapping[str, KeptEntry], gone: set[str], entries: Sequence[CalendarEntry],
    recorded: set[str], problems: Problems,
) -> None:  # fmt: skip
    before = {record.entry.uid: record for record in old.records if record.entry.uid not in gone} if old is not None else {}
    try:
        check_undone(old.path if old is not None else head.name, [*{**before, **history}.values()], entries, recorded)
    except InputError as error:
        problems.found += error.problems


def _without(file: CalendarFile, gone: Mapping[str, int]) -> CalendarUpdate:
    """A calendar without the entries that have gone to others; everything else keeps its bytes."""
    left = tuple(record for record in file.records if record.entry.uid not in gone)
    revisions = [Revision("handed over" if r.entry.uid in gone else "unchanged", r.entry, r.entry) for r in file.records]
    ics = ical.write(structs.replace(file, records=left)) if left or file.others else b""
    return CalendarUpdate(ics, None, tuple(revisions))
