"""Which dose is the last, of a period or of all, and whether it may still be another: the one answer, on which visits and spans hang."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from nmosd_dosing.days import NO_DATE, Dates, no_dates
from nmosd_dosing.dose.dose import AmountStatus
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.schedule.segments import Segment
from nmosd_dosing.schedule.visit_states import VisitStatus
from nmosd_dosing.study.events import ENDS_PARTICIPATION, ENDS_TREATMENT
from nmosd_dosing.study.visit import Visit
from nmosd_dosing.study.visit_rules import LAST_DOSE, LAST_DOSE_OF_STUDY
from nmosd_dosing.subjects.cohort import UNKNOWN_ARM, Cohort
from nmosd_dosing.subjects.disposition import Disposition, Limit, Move, MoveStatus

_MAY_MOVE = (VisitStatus.PROJECTED, VisitStatus.PENDING, VisitStatus.BOOKED)


class LastDoses(Struct, frozen=True):
    """(n,) each. date: the last day of the last dose, as recorded, else as planned; NaT where nothing is given. later: whether a later one
    may come, since doses go on beyond what is drawn, in a period that may follow, or are held. unsure: whether this one may be
    on another day, or not be given: it is projected, booked, waits for a decision, is given only as
    needed, or is for some arms only, and the arm is not known."""

    date: Dates
    later: NDArray[np.bool_]
    unsure: NDArray[np.bool_]


def last_doses(schedule: Schedule, period: int | None) -> LastDoses:
    """The last dose in a period (an index into the disposition's), or in all of them. A dose counts as in every total: also one at an
    unscheduled visit, of a course after an event, or after a restart; none that is refused, cancelled, or recorded as not given."""
    parts = [p for p, segment in enumerate(schedule.segments) if period is None or segment.period == period]
    date: Dates = np.fmax.reduce([np.full(len(schedule), NO_DATE), *(schedule.last_doses[p] for p in parts)])
    there, moves = np.zeros(len(schedule), dtype=bool), np.ones(len(schedule), dtype=bool)
    later = _later(schedule, period)
    of_visits: dict[int, list[int]] = {}
    for k, row in enumerate(schedule.rows):
        if schedule.segment_of[row.visit] in parts:
            of_visits.setdefault(row.visit, []).append(k)
    for i, rows in of_visits.items():
        through = np.fmax.reduce([schedule.dosed(k)[1] for k in rows])
        held = [(days.taken == AmountStatus.HELD).any(axis=0) for k in rows if (days := schedule.taken_days.get(k)) is not None]
        if not held and not (through >= date).any():  # nobody's last one, and none that may come
            continue
        state = schedule.state(i)
        mine = (through == date) & (state != VisitStatus.ABSENT) & (state != VisitStatus.CANCELLED)
        when_needed = np.logical_and.reduce([schedule.status[k] == AmountStatus.AS_NEEDED for k in rows])
        some_arms = len(schedule.visits[i].arms) < len(schedule.period(i).arms) or all(None in schedule.rows[k].give.doses for k in rows)
        there |= mine
        moves &= ~mine | np.isin(state, _MAY_MOVE) | when_needed | (some_arms & (schedule.arm == UNKNOWN_ARM))
        later |= np.logical_or.reduce([(state == VisitStatus.PENDING) & (through > date), *held])  # not counted, and may be given
    return LastDoses(date, later, there & moves)


def _later(schedule: Schedule, period: int | None) -> NDArray[np.bool_]:
    """(n,) whether a later dose may come than is in the plan."""
    disposition, found = schedule.disposition, np.zeros(len(schedule), dtype=bool)
    repeats = [any(entry.gives for entry in own.open_ended) for own in disposition.periods]
    if period is not None:
        for segment in schedule.segments if repeats[period] else ():
            if segment.period == period and not segment.hangs_on:
                found |= _goes_on(segment)
    else:
        for p, own in enumerate(disposition.periods):
            later = np.fmin.reduce([no_dates(len(schedule)), *disposition.anchor[p + 1 :]])
            here = ~np.isnat(disposition.anchor[p]) & np.isnat(later)
            declined: list[NDArray[np.bool_]] = [m.status == MoveStatus.DECLINED for m in disposition.moves if m.out_of == p]
            ways = any(way.source_period == own.id for way in schedule.study.transitions)
            found |= here & (repeats[p] | (ways & ~np.logical_or.reduce([np.zeros(len(schedule), dtype=bool), *declined])))
    return found & np.isnat(schedule.cohort.earliest(ENDS_TREATMENT))


def _goes_on(segment: Segment) -> NDArray[np.bool_]:
    """(n,) whether doses go on beyond the day up to which they are drawn: nothing ends them before."""
    goes_on: NDArray[np.bool_] = ~np.isnat(segment.open_end)
    return functools.reduce(lambda on, limit: on & ~(limit.last < segment.open_end), segment.limits, goes_on)


# --- what hangs on it ---------------------------------------------------------------------------------------------------


def hanging(
    disposition: Disposition, cohort: Cohort, by_period: Sequence[tuple[Visit, ...]], segments: Sequence[Segment]
) -> Iterator[Segment]:
    """The segments of what hangs on a last dose, whose day is not known yet. The end of the period does not end it, and neither does the
    stop of treatment; what hangs on the period's last dose ends with the entry into the next period, as it is recorded."""
    for p, visits in enumerate(by_period):
        own = next(segment for segment in segments if segment.period == p)
        exits = tuple(limit for limit in own.limits if limit.cause in ENDS_PARTICIPATION)
        for on in (LAST_DOSE, LAST_DOSE_OF_STUDY):
            if any(visit.hangs_on == on for visit in visits):
                move = next((move for move in disposition.moves if move.out_of == p and on == LAST_DOSE), None)
                entered = _entered(move, cohort) if move is not None else None
                limits = (*exits, entered) if entered is not None and not np.isnat(entered.last).all() else exits
                nobody, unsure = np.full(len(cohort), NO_DATE), np.zeros(len(cohort), dtype=bool)
                entry = move.begins if move is not None else None
                yield Segment(p, 0, nobody, own.open_end, limits, hangs_on=on, unsure=unsure, entry=entry)


def _entered(move: Move, cohort: Cohort) -> Limit:
    day = move.begins if cohort.ahead is not None else move.entered  # of who is drawn it is no projection
    return Limit(move.out_of, False, day, "entry", day)


def settle(schedule: Schedule) -> list[int]:
    """Fills in the day on which each of these segments hangs; and gives the visits of them, whose days can be told now."""
    late = [p for p, segment in enumerate(schedule.segments) if segment.unsure is not None]
    for p in late:
        segment = schedule.segments[p]
        last = last_doses(schedule, segment.period if segment.hangs_on == LAST_DOSE else None)
        np.copyto(segment.anchor, np.where(np.isnat(schedule.disposition.anchor[segment.period]), NO_DATE, last.date))
        if segment.unsure is not None:
            np.copyto(segment.unsure, last.later | last.unsure)
    return [i for i, p in enumerate(schedule.segment_of) if p in late]
