"""The days on which a visit may be, and the verdict on each of them: one answer, of a visit that is asked for and of a start that is.

A day's verdict is what `check` would find of an appointment on it, and whether anybody is there.
"""

from __future__ import annotations

import datetime as dt

from nmosd_dosing.checks.findings import if_kept
from nmosd_dosing.checks.verdicts import SlotVerdict, Verdict
from nmosd_dosing.schedule.subject_schedule import SubjectSchedule, SubjectVisit


def days_of(visit: SubjectVisit) -> list[dt.date]:
    """The days of a visit's window, or of its entry, and those that a gap leaves; the target alone where none is stated."""
    if visit.target is None:
        return []
    first = min((day for day in (visit.around[0], visit.earliest) if day is not None), default=None)
    last = max((day for day in (visit.around[1], visit.latest) if day is not None), default=None)
    if first is None or last is None:
        return [visit.target]
    return [first + dt.timedelta(n) for n in range((last - first).days + 1)]


def verdict_on(
    subject: SubjectSchedule, visit: SubjectVisit, day: dt.date, closed: bool, close: bool = False
) -> tuple[SlotVerdict, Verdict, list[str]]:  # fmt: skip
    """What is to be said of an appointment on a day: first of all whether the visit is allowed, then whether two doses are too close, then
    whether the day is in its window, then whether it is `closed`. Also what `check` finds, and its words.

    close: whether a dose that is recorded or booked is too close."""
    found, words = if_kept(subject, visit, day)
    return _verdict(found, visit, day, closed, close), found, words


def _verdict(found: Verdict, visit: SubjectVisit, day: dt.date, closed: bool, close: bool) -> SlotVerdict:
    before = visit.around[0]
    match found:
        case "not-allowed":
            return "not-allowed"
        case _ if close:
            return "gap"
        case "early":
            by_gap = visit.dose_before is not None and day < visit.dose_before.not_before
            return "gap" if by_gap and (before is None or day >= before) else "too-early"
        case "late":
            return "too-late"
        case _:
            return "closed" if closed else "open"
