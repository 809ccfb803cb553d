"""What is due soon: visits that are open, open or close in the days ahead, entries, decisions; sorted by the last allowed day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from nmosd_dosing.checks.findings import Finding
from nmosd_dosing.checks.verdicts import State, Verdict
from nmosd_dosing.subjects.bounds import Values, the_date, the_list

_APPOINTMENTS: tuple[Verdict, ...] = ("in-window", "no-window", "early", "late", "unscheduled")  # that are to be kept


@dataclass(frozen=True, slots=True)
class Due:
    """One thing to do. `day`: by when: the last day on which it is allowed, or planned where none is stated; of an appointment its day, if
    that is not too late. `last` and `left`: the last allowed day, and the days from now to it; None where none is stated."""

    finding: Finding
    state: State
    day: dt.date
    last: dt.date | None
    left: int | None


def last_due_day(as_of: dt.date, ahead: int) -> dt.date:
    """The last of `ahead` days from `as_of`; the last day that there is where they go beyond it."""
    return dt.date.max if (dt.date.max - as_of).days <= ahead else as_of + dt.timedelta(ahead)


def due(findings: Sequence[Finding], as_of: dt.date | str, ahead: int) -> tuple[Due, ...]:
    """What is not recorded and is due, overdue, or will be within `ahead` days, by the last allowed day.

    Raises InputError for what is no finding, no date (or YYYY-MM-DD), or no number of days.
    """
    values, as_of = Values(), the_date("as_of", as_of)
    values.whole("ahead", ahead, 0)
    findings = the_list("findings", findings)
    values.all_are("findings", tuple(findings), Finding)
    values.stop()
    found = []
    last_day = last_due_day(as_of, ahead)
    for finding in findings:
        state, day = _state(finding, as_of, last_day)
        if state is not None and day is not None:
            last = finding.latest
            found.append(Due(finding, state, day, last, (last - as_of).days if last is not None else None))
    return tuple(sorted(found, key=lambda d: d.day))


def _state(finding: Finding, as_of: dt.date, until: dt.date) -> tuple[State | None, dt.date | None]:
    days = [day for day in (finding.earliest, finding.target) if day is not None]
    first, last = finding.earliest or finding.target, finding.latest
    if last is None:  # it is due on the day planned, or on the first that is allowed where that is later
        first = max(days, default=None)
        last = finding.last or first
    elif first is not None and first > last:  # no day is allowed, and somebody must decide before the last one
        first = last
    if finding.waits_for == "exit":
        return None, None
    if finding.booked_for is not None:
        by_when = min(finding.booked_for, finding.latest or finding.booked_for)
        return ("booked", by_when) if finding.verdict in _APPOINTMENTS and by_when <= until else (None, None)
    verdict, undecided = finding.verdict, finding.waits_for == "decision"
    match verdict:
        case "overdue" | "past-target":
            return ("decision" if undecided else verdict), last
        case "due" if undecided:
            return "decision", last or as_of
        case "due":
            return ("closes" if finding.latest is not None and finding.latest <= until else "due"), last
        case "upcoming" if finding.waits_for == "entry" or first is None or first > until:
            return None, None
        case "upcoming":
            return ("decision" if undecided else "opens"), last
        case "in-window" | "no-window" | "early" | "late" | "missed" | "unscheduled" | "duplicate":
            return None, None
        case "wrong-dose" | "not-allowed" | "short-gap" | "cancelled":
            return None, None
