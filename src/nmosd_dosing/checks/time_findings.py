"""What was done by the hour against the plan: a finding for each time point that is recorded, or that is past.

Minutes count from the dose as it was recorded; where its hour, or that of what was examined, is not written, nobody can tell.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from msgspec.structs import replace

from nmosd_dosing.checks.finding import Finding
from nmosd_dosing.checks.verdicts import Verdict
from nmosd_dosing.days import date_text
from nmosd_dosing.hours import minutes_between, minutes_text
from nmosd_dosing.plans.plan import PlannedTimePoint
from nmosd_dosing.plans.time_lines import time_line
from nmosd_dosing.schedule.subject_schedule import SubjectSchedule, SubjectVisit
from nmosd_dosing.sentences import Sentence, joined, many, said, word
from nmosd_dosing.study.time_points import TimePoint
from nmosd_dosing.subjects.subject import Record


def time_findings(subject: SubjectSchedule, visit: SubjectVisit, as_of: dt.date) -> Iterator[Finding]:
    """The findings of one visit by the hour; of what has not come yet there are none."""
    recorded = {point for point, record in visit.times if record.is_fact}
    if visit.actual is None and not recorded:
        return
    rows = [row for row in time_line(subject, visit) if row.kind == "assessment"]
    past = [row.date for row in rows if row.status is None and row.date is not None and row.date < as_of]
    if len(past) > 1 and not recorded:
        words, points = said("nothing is recorded of them"), many(len(past), "time point")
        yield Finding(subject.code, visit.id, "past-target", None, max(past), None, None, None, words, time_point=points)
        return
    for row in rows:
        actual, hour = (row.actual.date(), row.actual.time()) if isinstance(row.actual, dt.datetime) else (row.actual, None)
        point = f"{row.name}, {row.text}"
        found = Finding(subject.code, visit.id, "no-hour", None, row.date, None, None, actual, "", hour=hour, time_point=point)
        if row.status is not None:
            yield _recorded(found, row)
        elif visit.actual is not None and row.date is not None and row.date < as_of:
            yield replace(found, verdict="past-target", message=said("not recorded"))
    yield from _twice(subject, visit)


def _recorded(found: Finding, row: PlannedTimePoint) -> Finding:
    if row.actual is None:
        return replace(found, verdict="missed", message=said("recorded as {status}", status=word(row.status or "")))
    if not isinstance(row.actual, dt.datetime):
        return replace(found, message=said("its hour is not recorded"))
    base = row.time or row.latest  # of what is at any time before a dose, that dose
    if not row.from_actual or base is None:
        message = said("at {hour}; the hour of {dose} is not recorded", hour=f"{row.actual:%H:%M}", dose=str(row.of))
        return replace(found, message=message)
    minutes = minutes_between(row.actual, base)
    verdict, words = _verdict(row, row.actual, minutes)
    return replace(found, verdict=verdict, minutes=minutes, message=words)


def _minute(limit: dt.datetime, actual: dt.datetime) -> str:
    """An allowed minute; with its day where what was done was on another one, which may be a slip."""
    day = "" if limit.date() == actual.date() else f"{date_text(limit.date())} "
    return f"{day}{limit:%H:%M}"


def _verdict(row: PlannedTimePoint, actual: dt.datetime, minutes: int) -> tuple[Verdict, str]:
    if row.earliest is not None and actual < row.earliest:
        early = minutes_text(minutes_between(row.earliest, actual))
        return "early", said("{minutes} before the first allowed minute, {first}", minutes=early, first=_minute(row.earliest, actual))
    if row.latest is not None and actual > row.latest:
        late = minutes_text(minutes_between(actual, row.latest))
        return "late", said("{minutes} after the last allowed minute, {last}", minutes=late, last=_minute(row.latest, actual))
    words, no_window = _away(row, minutes), said("no window is stated")
    if row.window is None:
        return ("in-window" if row.nominal is None else "no-window"), joined("; ", (words, no_window))
    return "in-window", words


def _away(row: PlannedTimePoint, minutes: int) -> Sentence:
    """How far what was done is from its nominal time, or from its dose where it has none."""
    far = minutes_text(abs(minutes))
    if row.nominal is None and minutes:
        return said("{minutes} after {dose}" if minutes > 0 else "{minutes} before {dose}", minutes=far, dose=str(row.of))
    if row.nominal is None:
        return said("at the beginning of {dose}", dose=str(row.of))
    if not minutes:
        return said("on the nominal time")
    return said("{minutes} after the nominal time" if minutes > 0 else "{minutes} before the nominal time", minutes=far)


def _twice(subject: SubjectSchedule, visit: SubjectVisit) -> Iterator[Finding]:
    """Further records of one time point that say otherwise than the first."""
    first: dict[TimePoint, Record] = {}
    for point, record in visit.times:
        other = first.setdefault(point, record)
        if record.is_fact and (record.date, record.time, record.status) != (other.date, other.time, other.status):
            of_product = next((g.shown for g in visit.visit.gives if g.product == point.time.product), None)
            words, time_point = (
                said("recorded again, as {status}", status=word(record.status)),
                f"{point.name}, {point.time.text(of_product)}",
            )
            if record.place is not None:
                words = said("{words} ({place})", words=words, place=record.place.where)
            days = (None, None, None, None, record.date if record.took_place else None)
            yield Finding(subject.code, visit.id, "duplicate", *days, words, hour=record.time, time_point=time_point)
