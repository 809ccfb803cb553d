"""The spans of one subject's plan: from when to when, and which dose may still move an end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from nmosd_dosing.days import shift_date
from nmosd_dosing.plans.plan import Moves, PlannedSpan
from nmosd_dosing.plans.reasons import source_text
from nmosd_dosing.schedule.subject_schedule import Date, LastDose, SubjectSchedule, SubjectSegment
from nmosd_dosing.study.events import BEFORE_DAY_1, ENDS_FOLLOW_UP
from nmosd_dosing.study.model import Mark, Span
from nmosd_dosing.study.visit_rules import LAST_DOSE, LAST_DOSE_OF_STUDY


def spans(schedule: SubjectSchedule) -> Iterator[PlannedSpan]:
    """The spans of the periods that the subject comes to, and of the study; none that would begin after the subject's death."""
    for span, segment in _shown(schedule):
        start, end = _ends(schedule, span, segment)
        start_moves, end_moves = (_moves(schedule, mark, segment) for mark in (span.start, span.end))
        yield PlannedSpan(
            id=span.id, period=schedule.periods[segment.period].period.id if segment is not None else None, name=span.title, start=start,
            end=end, status="projected" if start_moves or end_moves else "planned", start_moves=start_moves, end_moves=end_moves,
            assumed=span.facts.assumed, note=span.facts.note, source=source_text((span.facts.source,)),
            waits_for=_waits(schedule, span, start, end),
        )  # fmt: skip


def _waits(schedule: SubjectSchedule, span: Span, start: Date, end: Date) -> tuple[tuple[str, str], ...]:
    """The ends that hang on a day which is not known yet, and on which."""
    found = []
    for side, mark, day in (("from", span.start, start), ("to", span.end, end)):
        if mark is not None and day is None and (mark.of in BEFORE_DAY_1 or schedule.start is None):
            found.append((side, mark.of if mark.of != "day" else "day 1"))
    return tuple(found)


def moving(schedule: SubjectSchedule) -> Iterator[tuple[str, str, str, dt.date]]:
    """Spans that hang on a dose which may be another one: the title, `first dose` or `last dose`, whose, and the day of that dose."""
    for span, segment in _shown(schedule):
        whose = schedule.periods[segment.period].period.id if segment is not None else "this plan"
        for mark in dict.fromkeys((span.start, span.end)):
            dose = _dose(schedule, mark, segment) if mark is not None and _may_move(schedule, mark, segment) else None
            if mark is not None and dose is not None:
                yield span.title, mark.of.removesuffix(" of the study"), "the study" if mark.of == LAST_DOSE_OF_STUDY else whose, dose


def _all(schedule: SubjectSchedule) -> list[tuple[Span, SubjectSegment | None]]:
    """The spans of the first period and of those that have begun, each with its own part of the schedule; then those of the study."""
    own = [segment for segment in schedule.segments if not segment.run and not segment.hangs_on]
    begun = [segment for segment in own if segment.anchor is not None or not segment.period]
    of_periods = [(span, segment) for segment in begun for span in schedule.periods[segment.period].period.spans]
    return [*of_periods, *((span, None) for span in schedule.study.spans)]


def _shown(schedule: SubjectSchedule) -> Iterator[tuple[Span, SubjectSegment | None]]:
    """Those of which a plan speaks: none whose first day hangs on a day that is not known yet, or is after the subject's death."""
    for span, segment in _all(schedule):
        start, end = _ends(schedule, span, segment)
        begins = span.start is None or start is not None
        if begins or (_death(schedule) is None and "from" not in dict(_waits(schedule, span, start, end))):
            yield span, segment


def _moves(schedule: SubjectSchedule, mark: Mark | None, segment: SubjectSegment | None) -> Moves | None:
    """How an end of a span may move: `projected` where the last dose, on which it hangs, may itself be on another day."""
    hangs = mark is not None and mark.of in (LAST_DOSE, LAST_DOSE_OF_STUDY)
    if mark is not None and hangs and _last_dose(schedule, mark, segment).unsure:
        return "projected"
    return ("later" if hangs else "earlier") if _may_move(schedule, mark, segment) else None


def _may_move(schedule: SubjectSchedule, mark: Mark | None, segment: SubjectSegment | None) -> bool:
    """Whether the dose that an end of a span hangs on may be another one: the last, since a later one may come; the first of the study,
    since doses come before this plan."""
    if mark is None or mark.of == "day" or mark.of in BEFORE_DAY_1:
        return False
    if mark.of in (LAST_DOSE, LAST_DOSE_OF_STUDY):
        return _last_dose(schedule, mark, segment).later
    return segment is None and any(way.target_period == schedule.periods[0].period.id for way in schedule.study.transitions)


def _last_dose(schedule: SubjectSchedule, mark: Mark, segment: SubjectSegment | None) -> LastDose:
    """The last dose on which an end hangs: of a segment's period, or of the study."""
    return schedule.last_doses[segment.period if segment is not None and mark.of == LAST_DOSE else -1]


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
    if mark.code is not None:
        anchor = (segment or schedule.segments[0]).anchor
        day = shift_date(anchor, mark.code.offset) if anchor is not None else None
    elif mark.of in BEFORE_DAY_1:
        day = schedule.first(mark.of)
    else:
        day = _dose(schedule, mark, segment)
    return shift_date(day, mark.plus) if day is not None else None


def _dose(schedule: SubjectSchedule, mark: Mark, segment: SubjectSegment | None) -> Date:
    """The day of the first or the last dose, of a period or of all."""
    if mark.of in (LAST_DOSE, LAST_DOSE_OF_STUDY):
        return _last_dose(schedule, mark, segment).date
    return _first(s.first_dose for s in schedule.segments if segment is None or s.period == segment.period)


def _first(dates: Iterable[Date]) -> Date:
    return min((date for date in dates if date is not None), default=None)


def _death(schedule: SubjectSchedule) -> Date:
    return _first(schedule.first(event) for event in ENDS_FOLLOW_UP)
