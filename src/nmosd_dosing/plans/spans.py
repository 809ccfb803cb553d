"""The spans of one subject's plan: from when to when, and which dose may still move an end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from nmosd_dosing.days import shift_date
from nmosd_dosing.plans.plan import PlannedSpan
from nmosd_dosing.plans.reasons import source_text
from nmosd_dosing.schedule.schedule import VisitStatus
from nmosd_dosing.schedule.subject_schedule import Date, SubjectSchedule, SubjectSegment
from nmosd_dosing.study.events import ENDS_FOLLOW_UP, ENDS_TREATMENT
from nmosd_dosing.study.model import Mark, Span
from nmosd_dosing.subjects.disposition import MoveStatus


def spans(schedule: SubjectSchedule) -> Iterator[PlannedSpan]:
    """The spans of the periods that the subject comes to, and of the study; none that would begin after the subject's death."""
    begun = [segment for segment in schedule.segments if segment.anchor is not None and not segment.run]
    of_periods = [(span, segment) for segment in begun for span in schedule.periods[segment.period].period.spans]
    for span, segment in (*of_periods, *((span, None) for span in schedule.study.spans)):
        start, end = _ends(schedule, span, segment)
        earlier, later = may_move(schedule, span.start), may_move(schedule, span.end)
        hangs = span.end is not None and span.end.of == "last dose"
        unsure = hangs and _open_on(schedule, schedule.last_dose)
        if span.start is not None and start is None and _death(schedule) is not None:
            continue
        yield PlannedSpan(
            id=span.id,
            period=schedule.periods[segment.period].period.id if segment is not None else None,
            name=span.title,
            start=start,
            end=end,
            status="projected" if earlier or later or unsure else "planned",
            earlier=earlier and span.start is not None and span.start.of == "first dose",
            later=later and hangs and not unsure,
            assumed=span.facts.assumed,
            note=span.facts.note,
            source=source_text((span.facts.source,)),
        )


def may_move(schedule: SubjectSchedule, mark: Mark | None) -> bool:
    """Whether the dose that an end of a span hangs on may be another one: doses come before this plan, or after it."""
    ways, periods = schedule.study.transitions, [own.period for own in schedule.periods]
    if mark is None or mark.of == "day":
        return False
    if mark.of == "first dose":
        return any(way.target_period == periods[0].id for way in ways)
    if any(schedule.first(event) is not None for event in ENDS_TREATMENT):
        return False
    reached = max(p for p, own in enumerate(schedule.periods) if own.anchor is not None)
    declined = any(move.out_of == reached and move.status == MoveStatus.DECLINED for move in schedule.moves)
    open_ended = any(entry.gives for entry in periods[reached].open_ended)
    return open_ended or (not declined and any(way.source_period == periods[reached].id for way in ways))


def _ends(schedule: SubjectSchedule, span: Span, segment: SubjectSegment | None) -> tuple[Date, Date]:
    """The first and the last day of a span; None for an end that is not stated, and where there is no dose to hang on. A span ends with
    a subject's death."""
    start, end = _day_of(schedule, span.start, segment), _day_of(schedule, span.end, segment)
    died = _death(schedule)
    if died is not None and start is not None and start > died:
        return None, None
    return start, _first([end, died]) if span.end is not None else end


def _day_of(schedule: SubjectSchedule, mark: Mark | None, segment: SubjectSegment | None) -> Date:
    if mark is None:
        return None
    own = [s for s in schedule.segments if segment is None or s.period == segment.period]
    if mark.code is not None:
        anchor = (segment or schedule.segments[0]).anchor
        day = shift_date(anchor, mark.code.offset) if anchor is not None else None
    elif mark.of == "first dose":
        day = _first(s.first_dose for s in own)
    else:
        day = max((s.last_dose for s in own if s.last_dose is not None), default=None)
    return shift_date(day, mark.plus) if day is not None else None


def _first(dates: Iterable[Date]) -> Date:
    return min((date for date in dates if date is not None), default=None)


def _death(schedule: SubjectSchedule) -> Date:
    return _first(schedule.first(event) for event in ENDS_FOLLOW_UP)


def _open_on(schedule: SubjectSchedule, date: dt.date | None) -> bool:
    """Whether the dose of a day may not be given at all: it is projected, or waits for a decision."""
    states = {visit.status for visit in schedule.visits if visit.visit.gives and visit.date == date and date is not None}
    return bool(states) and states <= {VisitStatus.PROJECTED, VisitStatus.PENDING}
