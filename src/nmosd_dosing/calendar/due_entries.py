"""What is due, as a calendar that is written again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from nmosd_dosing.calendar.entries import CalendarEntry, line, uid_of
from nmosd_dosing.calendar.ical import CalendarFile
from nmosd_dosing.calendar.updates import CalendarUpdate, revise
from nmosd_dosing.checks.due import Due
from nmosd_dosing.checks.finding import Finding
from nmosd_dosing.days import date_text
from nmosd_dosing.errors import InputError, Problem


def update_due(
    old: CalendarFile | None, items: Sequence[Due], study: str, whose: str | None, *, as_of: dt.date, stamp: dt.datetime
) -> CalendarUpdate:
    """What is due as a calendar, of one subject, of some sites or of everybody (None): each thing on its last allowed day, on the planned
    one where no window is stated, on `as_of` where that has passed.

    `old` is the same list of an earlier day: what is done has fallen away from it. Raises InputError where `old` is another calendar,
    and where nothing is due and nothing was.
    """
    name = f"{study}: due, {whose}" if whose else f"{study}: due"
    file = CalendarFile(
        id=uid_of(study, whose, "due", ""), periods=frozenset(), form="due", name=name, zone=None, records=()
    )  # fmt: skip
    if old is not None and (old.id, old.form) != (file.id, file.form):
        raise InputError(Problem(f"`{old.path}` is the calendar `{old.name}`, not `{name}`", hint="name another file"))
    return revise(old, file, due_entries(items, study, as_of, study), stamp, "en")


def due_entries(items: Sequence[Due], ids: str, as_of: dt.date, study: str | None) -> list[CalendarEntry]:
    """An entry for each thing that is due. `ids`: what its UID is of, the study or a feed; `study`: as it names it, None where it does
    not."""
    return [_entry(item, ids, as_of, study) for item in items]


def _entry(item: Due, ids: str, as_of: dt.date, study: str | None) -> CalendarEntry:
    finding = item.finding
    day = max(item.day, as_of)
    who = f" ({finding.subject})" if finding.subject else ""
    visit = f"{study} {finding.visit}" if study is not None else finding.visit
    return CalendarEntry(
        uid=uid_of(ids, finding.subject, "due", finding.visit), kind="visit", start=day, end=day + dt.timedelta(days=1), status="TENTATIVE",
        summary=line(f"{visit}{who}: {_what(item)}"), description=_allowed(finding), category="due",
    )  # fmt: skip


def _what(item: Due) -> str:
    if item.finding.appointment is not None:
        return item.finding.appointment
    return f"{item.state}, {f'last day {date_text(item.last)}' if item.last is not None else f'target {date_text(item.day)}'}"


def _allowed(finding: Finding) -> str:
    """The days of a thing that is due; nothing that would change from one day to the next."""
    first, last = finding.earliest, finding.latest
    planned = f"planned for {date_text(finding.target)}" if finding.target else "no day is known"
    if first is None:
        return planned
    if last is None and finding.or_later:
        return f"{planned}; allowed on {date_text(first)} or later"
    return f"{planned}; allowed from {date_text(first)} {f'to {date_text(last)}' if last else 'on; no last day is stated'}"
