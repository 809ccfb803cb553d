"""What is due soon: visits that are open, open or close in the days ahead, entries, decisions; sorted by the last allowed day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nmosd_dosing.days import date_text
from nmosd_dosing.entries import CalendarEntry, uid_of
from nmosd_dosing.errors import InputError, Problem, printable
from nmosd_dosing.ical import CalendarFile
from nmosd_dosing.person import Finding
from nmosd_dosing.updates import CalendarUpdate, revise

State = Literal["overdue", "past-target", "decision", "closes", "due", "opens"]


@dataclass(frozen=True, slots=True)
class Due:
    """One thing to do. `last`: the last day on which it is allowed, or planned where none is stated; `left`: days from now to it."""

    finding: Finding
    state: State
    last: dt.date
    left: int


def due(findings: Sequence[Finding], as_of: dt.date, ahead: int) -> tuple[Due, ...]:
    """What is not recorded and is due, overdue, or will be within `ahead` days, by the last allowed day."""
    found = []
    for finding in findings:
        until = dt.date.max if (dt.date.max - as_of).days <= ahead else as_of + dt.timedelta(ahead)
        state, last = _state(finding, as_of, until)
        if state is not None and last is not None:
            found.append(Due(finding, state, last, (last - as_of).days))
    return tuple(sorted(found, key=lambda d: d.last))


def _state(finding: Finding, as_of: dt.date, until: dt.date) -> tuple[State | None, dt.date | None]:
    first, last = finding.earliest or finding.target, finding.latest or finding.last or finding.target
    if finding.waits_for == "exit":
        return None, None
    if finding.verdict in ("overdue", "past-target"):
        return ("decision" if finding.waits_for == "decision" else finding.verdict), last
    if finding.verdict == "due":
        if finding.waits_for == "decision":
            return "decision", last or as_of
        return ("closes" if last is not None and last <= until else "due"), last
    if finding.verdict == "upcoming" and finding.waits_for != "entry" and first is not None and first <= until:
        return ("decision" if finding.waits_for else "opens"), last
    return None, None


def update_due(
    old: CalendarFile | None, items: Sequence[Due], study: str, subject: str | None, *, as_of: dt.date, stamp: dt.datetime
) -> CalendarUpdate:
    """What is due as a calendar, of one subject or of several (None): each thing on its last allowed day, on `as_of` where that has
    passed.

    `old` is the same list of an earlier day: what is done has fallen away from it. Raises InputError where `old` is another calendar,
    and where nothing is due and nothing was.
    """
    name = f"{study}: due, {subject}" if subject else f"{study}: due"
    file = CalendarFile(
        id=uid_of(study, subject, "due", ""), periods=frozenset(), form="due", name=name, zone=None, records=()
    )  # fmt: skip
    if old is not None and (old.id, old.form) != (file.id, file.form):
        raise InputError(Problem(f"`{old.path}` is the calendar `{old.name}`, not `{name}`", hint="name another file"))
    return revise(old, file, [_entry(item, study, as_of) for item in items], stamp, "en")


def _entry(item: Due, study: str, as_of: dt.date) -> CalendarEntry:
    finding = item.finding
    day = max(item.last, as_of)
    who = f" ({finding.subject})" if finding.subject else ""
    return CalendarEntry(
        uid=uid_of(study, finding.subject, "due", finding.visit),
        kind="visit",
        start=day,
        end=day + dt.timedelta(days=1),
        zone=None,
        status="TENTATIVE",
        busy=False,
        summary=_line(f"{study} {finding.visit}{who}: {item.state}, last day {date_text(item.last)}"),
        description=_allowed(finding),
        category="due",
    )


def _allowed(finding: Finding) -> str:
    """The days of a thing that is due; nothing that would change from one day to the next."""
    first, last = finding.earliest, finding.latest
    planned = f"planned for {date_text(finding.target)}" if finding.target else "no day is known"
    return f"{planned}; allowed from {date_text(first)} to {date_text(last)}" if first and last else planned


def _line(text: str) -> str:
    return " ".join(printable(text).split())
