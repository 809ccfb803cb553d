"""A calendar written for the first time, and written again: what is new, moved, changed or fell away since the last time."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Literal, get_args

from msgspec import Struct, structs

from nmosd_dosing.calendar import ical
from nmosd_dosing.calendar.entries import CalendarEntry, CalendarStyle, calendar_id, calendar_name, line, period_ids, to_entries, uid
from nmosd_dosing.calendar.ical import CalendarFile, KeptEntry
from nmosd_dosing.calendar.zones import FIRST_YEAR, LAST_YEAR
from nmosd_dosing.days import Language, date_text
from nmosd_dosing.errors import InputError, Problem, argument, clip
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.subjects.bounds import Values, check_arguments

Change = Literal["added", "moved", "changed", "restored", "cancelled", "handed over", "unchanged"]
_LISTED = 20  # visits that a message names
CHANGES: tuple[Change, ...] = get_args(Change)


class Revision(Struct, frozen=True):
    """What became of an entry, and what it was before: None where it is new. It is `handed over` where it stands in another calendar
    from now on, and not in this one any more."""

    change: Change
    entry: CalendarEntry
    before: CalendarEntry | None


class CalendarUpdate(Struct, frozen=True):
    """`ics` is the whole calendar, empty where none of it is left; `changes` a file of what is not as before, None where everything is."""

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
    old: CalendarFile | None, plan: Plan, *, stamp: dt.datetime, style: CalendarStyle | None = None,
    draw: Callable[[dt.date], Plan] | None = None, options: tuple[str, ...] = (), force_undo: bool = False,
) -> CalendarUpdate:  # fmt: skip
    """The calendar `old` (None: there is none) brought up to `plan`.

    Entries keep their UIDs. One that is as before keeps its bytes; one that is not gets SEQUENCE + 1 and `stamp`; one that is no
    longer planned stays as CANCELLED. A calendar does not become shorter: where it holds visits after the last day of `plan`, `draw`
    gives the same plan until another day, and it is drawn until the last of them. `options` are kept in the file, to tell next time
    what it was asked for with.

    Raises InputError as `to_ics` does; also where `old` is not of this study, subject and period, or of another form; where it
    shows visits as done of which `plan` has no record, unless `force_undo`; and where it holds visits after the last day of `plan` and
    `draw` is missing.
    """
    check_arguments(
        of={"old": (old, CalendarFile), "style": (style, CalendarStyle)},
        needed={"plan": (plan, Plan), "stamp": (stamp, dt.datetime)},
        flags={"force_undo": force_undo},
    )
    values = Values()
    values.all_are("options", options, str)
    values.stop()
    _check_stamp(stamp)
    if draw is not None and not callable(draw):
        raise InputError(Problem("`draw` cannot be called", hint="give a function of a day, or leave it out"))
    style = style or CalendarStyle()
    if old is not None:
        check_whose(old, plan, style)
        plan = as_far(old.records, plan, draw)
    file = CalendarFile(
        id=calendar_id(plan), periods=period_ids(plan), form=form_of(plan, style), name=calendar_name(plan, style), zone=style.zone,
        records=(), options=options,
    )  # fmt: skip
    entries = to_entries(plan, style)
    if old is not None and not force_undo:
        check_undone(old.path, old.records, entries, recorded(plan))
    return revise(old, file, entries, stamp, style.language)


def of_another_study(old: CalendarFile, plan: Plan) -> bool:
    """Whether the calendar may be of another study of the same id: none of its entries names the title. Discreet ones name nothing."""
    title = line(plan.title)
    lines = [text for record in old.records for text in record.entry.description.split("\n")]
    return "discreet" not in old.form.split() and not any(text == title or text.startswith(f"{title} (") for text in lines)


def recorded(plan: Plan) -> set[str]:
    """The visits of which something is recorded."""
    ahead = ("planned", "projected", "pending", "booked", "cancelled", "absent")
    return {uid(plan, "visit", visit.id) for visit in plan.visits if visit.status not in ahead}


def check_undone(path: str, records: Sequence[KeptEntry], entries: Sequence[CalendarEntry], recorded: Container[str]) -> None:
    """Raises InputError where `records`, as they stand in a calendar, show visits as done of which nothing is recorded now: a table of
    visits that was forgotten would put them back. A visit that goes by another name now, such as after a restart, is known by its day.
    """
    shown = {record.entry.uid: record.entry for record in records if record.entry.shows_done}
    renamed = Counter(_day(entry.start) for entry in entries if entry.uid not in shown and entry.shows_done)
    undone = []
    for entry in shown.values():
        if entry.uid not in recorded:
            renamed[_day(entry.start)] -= 1
            undone += [f"{entry.summary}, {date_text(_day(entry.start))}"] if renamed[_day(entry.start)] < 0 else []
    if undone:
        more = f"; and {len(undone) - _LISTED} more" if len(undone) > _LISTED else ""
        wrong = f"`{path}` shows as done what is not recorded now: {'; '.join(undone[:_LISTED])}{more}"
        hint = f"give the records again, as with `{argument('visits')}`; to take them back for good, add `{argument('force_undo')}`"
        raise InputError(Problem(wrong, hint=hint))


def revise(
    old: CalendarFile | None, file: CalendarFile, entries: Sequence[CalendarEntry], stamp: dt.datetime, language: Language,
    history: Mapping[str, KeptEntry] | None = None, elsewhere: Container[str] = (),
) -> CalendarUpdate:  # fmt: skip
    """`file`, which has no entries yet, with `entries`, as what becomes of `old`. Raises InputError where it would be empty.

    `history`: what stood last of entries that may have been in other calendars; `elsewhere`: those that stand in another from now on.
    """
    _check_stamp(stamp)
    stamp = stamp.astimezone(dt.UTC).replace(microsecond=0)
    held = {record.entry.uid: record for record in old.records} if old else {}
    known = {**held, **(history or {})}
    wanted = {entry.uid: entry for entry in entries}
    if len(wanted) < len(entries):  # as many as there are visits, windows and spans, or none
        twice = next(entry for entry in entries if wanted[entry.uid] is not entry)
        hint = "give each subject, and each visit, a code of its own"
        raise InputError(Problem(f"two entries of a calendar would be one: `{clip(twice.summary)}`", hint=hint))
    if old is not None:
        ical.check_others(old, wanted.keys() | held.keys())
    fell_away = [record for id, record in held.items() if id not in wanted and id not in elsewhere]
    revised = [_revised(known.get(id), entry, stamp) for id, entry in wanted.items()]
    revised += [_cancelled(record, language, stamp) for record in fell_away]
    if not revised:
        raise InputError(Problem("no visit of this plan has a day, and a calendar cannot be empty", hint="ask for the plan without it"))
    records = tuple(record for _, record in revised)
    file = structs.replace(file, records=records, others=old.others if old else (), timezones=old.timezones if old else {})
    different = tuple(record for change, record in revised if change != "unchanged")
    form = f"{file.form} changes".strip()
    changes = structs.replace(file, form=form, records=different, others=()) if different else None
    return CalendarUpdate(
        ics=ical.write(file),
        changes=ical.write(changes) if changes else None,
        revisions=(
            *(
                Revision(change if change != "unchanged" or id in held else "added", record.entry, known[id].entry if id in known else None)
                for change, record in revised
                for id in (record.entry.uid,)
            ),
            *(Revision("handed over", record.entry, record.entry) for id, record in held.items() if id in elsewhere),
        ),
    )


def as_far(records: Sequence[KeptEntry], plan: Plan, draw: Callable[[dt.date], Plan] | None) -> Plan:
    """The plan, drawn until the last of the visits that stand in calendars, on the day on which it is planned now."""
    held = {r.entry.uid: _day(r.entry.start) for r in records if r.entry.kind == "visit" and r.entry.status != "CANCELLED"}
    if plan.drawn_until is None or not held:
        return plan
    planned = {uid(plan, "visit", visit.id): visit.date for visit in plan.visits if visit.date is not None}
    missing = {id: day for id, day in held.items() if id not in planned}
    if not missing:
        return plan
    moved = max((target - held[id] for id, target in planned.items() if id in held), default=plan.begins - min(held.values()))
    spare = 5 if moved else 0  # visits counted in months move by some days more or less
    last_year = dt.date(LAST_YEAR, 12, 31)
    far = dt.date.fromordinal(min(max(missing.values()).toordinal() + max(moved.days, 0) + spare, last_year.toordinal()))
    if far <= plan.drawn_until:
        return plan
    if draw is None:
        wrong = f"the calendar has visits up to {date_text(max(missing.values()))}, the plan is drawn until {date_text(plan.drawn_until)}"
        raise InputError(Problem(wrong, hint="give `draw`, which draws the plan until another day"))
    later = [visit.date for visit in draw(far).visits if visit.date is not None and uid(plan, "visit", visit.id) in missing]
    last = max([plan.drawn_until, *later, *planned.values()])  # a visit on a fixed day may lie after the end of open repeats
    return draw(last) if later else plan


def form_of(plan: Plan, style: CalendarStyle, changes: str = "") -> str:
    """What the plan's calendar is: of `discreet`, `codes`, `unblinded` and `changes` the words that hold."""
    words = ("discreet", style.discreet), ("codes", style.discreet and style.codes), ("unblinded", plan.unblinded), (changes, bool(changes))
    return " ".join(word for word, holds in words if holds)


def check_whose(file: CalendarFile, plan: Plan, style: CalendarStyle, changes: bool = False) -> None:
    """Raises InputError unless the file is of the plan's study and subject, of no further periods, and shown in the same way.

    `changes` where it is to be a file of changes. Forms are kept apart: what an update leaves from a file that is unblinded, or
    not discreet, would stand in one that must not show it.
    """
    if ("changes" in file.form.split()) != changes:
        is_, is_not = ("a file of changes", "a whole calendar") if not changes else ("a whole calendar", "a file of changes")
        raise InputError(Problem(f"`{file.path}` is {is_}, not {is_not}", hint="name another file"))
    wanted = form_of(plan, style, "changes" if changes else "")
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


def _check_stamp(stamp: dt.datetime) -> None:
    """Raises InputError for a time of writing that is not one, or in years that a calendar does not have."""
    if stamp.utcoffset() is None:
        raise InputError(Problem("the stamp of a calendar has no time zone", hint="give one in UTC"))
    if not FIRST_YEAR < stamp.year < LAST_YEAR:
        raise InputError(Problem(f"the stamp of a calendar is of the year {stamp.year}", hint="give the time of writing"))


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
