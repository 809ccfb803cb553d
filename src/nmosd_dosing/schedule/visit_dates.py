"""The days of visits, and of first and last doses, written into a schedule that is being filled."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from nmosd_dosing.days import LAST_DATE, NO_DATE, Dates, Offset, ends, shift, shifter
from nmosd_dosing.dose.dose import NOT_GIVEN
from nmosd_dosing.schedule.doses.recorded_doses import Extra
from nmosd_dosing.schedule.filling import Filling
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.schedule.visit_states import Counted
from nmosd_dosing.study.visit import moved_by
from nmosd_dosing.study.visit_rules import Follows


def dates_of(schedule: Filling, visits: Sequence[int]) -> Callable[[slice], None]:
    """What writes the targets of some visits, for the subjects in some columns, and the days of their first and last doses. What is the
    same for all columns is found out once."""
    offsets = dict.fromkeys((schedule.segment_of[i], schedule.visits[i].offset) for i in visits)
    shifters = {
        (s, offset): shifter(schedule.segments[s].anchor, offset, gaps=not schedule.segments[s].whole)
        for s, offset in offsets
        if offset is not None
    }
    may_be_beyond = {i for i in visits if _may_be_beyond(schedule, i)}
    moved = moved_by(schedule.visits, schedule.segment_of) if schedule.visit_records is not None else {}
    in_turn = [*(i for i in visits if i not in moved), *filter(set(visits).__contains__, moved)]
    may_be_first, may_be_last = _dosed(schedule)

    def fill(columns: slice) -> None:
        for i in in_turn:
            offset = schedule.visits[i].offset
            target = schedule.target[i, columns]
            if offset is None:
                target[:] = NO_DATE
                continue
            own = schedule.segments[schedule.segment_of[i]]
            shifters[schedule.segment_of[i], offset](own.anchor[columns], target)
            _fill(schedule, i, moved.get(i), i in may_be_beyond, columns)
            if i in may_be_first or i in may_be_last:
                given, s = _dosed_dates(schedule, i, columns), schedule.segment_of[i]
                first, last = schedule.first_doses[s, columns], schedule.last_doses[s, columns]
                if i in may_be_first:
                    np.fmin(first, given, out=first)
                if i in may_be_last:  # as numbers, of which NaT is the least
                    through = schedule.through(i, given, columns)
                    np.maximum(last.view(np.int64), through.view(np.int64), out=last.view(np.int64))
            if schedule.until is not None:
                late = (target > schedule.until) & ~schedule.told(i, columns)
                schedule.beyond[columns] += late & ~schedule.cancelled(i, columns)
                target[late] = NO_DATE

    return fill


def _may_be_beyond(schedule: Filling, visit: int) -> bool:
    """Whether a visit may lie after the last day up to which it is drawn, or there is."""
    what, own, ahead = schedule.visits[visit], schedule.segments[schedule.segment_of[visit]], schedule.cohort.ahead
    if ahead is not None and ahead.follow is not None and own.period:
        return True
    if not what.open_ended or what.offset is None or (known := ends(own.anchor)) is None:
        return what.open_ended
    return not own.within(what.offset) or bool(known[1] > LAST_DATE - np.timedelta64(what.offset.range[1], "D"))


def _fill(schedule: Filling, i: int, previous: int | None, may_be_beyond: bool, columns: slice) -> None:
    """Puts the targets of a visit right, which lie as far behind day 1 as its rule says. previous: the visit that moves it."""
    visit, own, ahead = schedule.visits[i], schedule.segments[schedule.segment_of[i]], schedule.cohort.ahead
    target = schedule.target[i, columns]
    assert visit.offset is not None
    if visit.follows is not None and previous is not None:
        _follow(schedule, i, previous, visit.follows, columns)
    if own.restart is not None:  # it may go on from a later day
        target[own.restart.days[columns] > int(visit.offset.nominal)] = NO_DATE
    elif not own.hangs_on and schedule.disposition.periods[own.period].keeps_count and own.period:
        entry = schedule.disposition.anchor[own.period][columns]
        last = shift(own.anchor[columns], visit.last) if visit.last is not None else target
        under_way = (target < entry) & (last >= entry)  # a course goes on from the day of entry
        target[under_way] = entry[under_way]
        target[target < entry] = NO_DATE
    elif own.unsure is not None and own.period:  # the period's first day came later
        target[target < schedule.disposition.anchor[own.period][columns]] = NO_DATE
    if may_be_beyond:
        target[((target > own.open_end[columns]) | (target > LAST_DATE)) & ~schedule.told(i, columns)] = NO_DATE
    if ahead is not None:
        target[:] = ahead.takes_place(schedule.id(i), target, own.anchor[columns], visit.offset, columns)
    if len(visit.arms) < len(schedule.period(i).arms):
        target[schedule.for_other_arms(i, columns)] = NO_DATE


def _follow(schedule: Filling, visit: int, previous: int, by: Follows, columns: slice) -> None:
    """Moves a visit that counts from the actual day of another: from the last that is recorded or booked, so many steps on."""
    n, zero = len(schedule), np.zeros(len(schedule), dtype=np.int64)
    before = schedule.counted.get(previous, Counted(np.full(n, NO_DATE), zero, zero, zero, np.zeros(n, dtype=bool)))
    since, records = before.since, schedule.visit_records
    booked = records.booked[previous] if records is not None else np.full(n, NO_DATE)
    actual = records.actual[previous] if records is not None else since
    if records is not None and by.by == "dose":
        actual = np.where(records.gave_none[previous], NO_DATE, actual)
    actual = np.where(np.isnat(booked), actual, booked)
    there = ~np.isnat(actual)
    since = np.where(there, actual, since)
    days, months, then = (np.where(there, 0, so_far) for so_far in (before.days, before.months, before.then))
    behind = months != 0  # days behind months: those of a cycle whose first day months have moved
    days, then = np.where(behind, days, days + by.step.days), np.where(behind, then + by.step.days, then) + by.step.then
    months = months + by.step.months
    schedule.counted[visit] = Counted(since, days, months, then, np.where(there, ~np.isnat(booked), before.booked))
    target, known = schedule.target[visit, columns], ~np.isnat(since[columns])
    steps = np.stack([days, months, then], axis=1)[columns]
    for more in {tuple(step) for step in steps[known].tolist()}:
        chosen = known & (steps == more).all(axis=1)
        target[chosen] = shift(since[columns][chosen], Offset(more[0], more[1], then=more[2]))


def _dosed(schedule: Schedule) -> tuple[set[int], set[int]]:
    """The visits among which is everybody's first dose, and among which the last."""
    dosed = sorted({row.visit for row in schedule.rows})
    visits = [schedule.visits[i] for i in dosed]
    in_order = not any(visit.open_ended or visit.offset is None or visit.offset.months for visit in visits)
    by_arm = any(len(schedule.visits[i].arms) < len(schedule.period(i).arms) for i in dosed)
    varies = by_arm or any(None in g.doses or g.open_ended or any(g.as_needed) for v in visits for g in v.gives)
    alone = len(schedule.segments) == 1 and not schedule.segments[0].limits and schedule.visit_records is None
    if varies or not in_order or not alone or any(visit.last for visit in visits):
        return set(dosed), set(dosed)
    return set(dosed[:1]), set(dosed[-1:])


def _dosed_dates(schedule: Schedule, visit: int, columns: slice) -> Dates:
    """The dates of a visit on which something is given, or may be where the arm is unknown."""
    rows = [k for k, row in enumerate(schedule.rows) if row.visit == visit]
    dates = schedule.dates(visit, columns)
    if schedule.segments[schedule.segment_of[visit]].limits:
        dates = np.where(schedule.dose_cancelled(visit, columns), NO_DATE, dates)
    within = schedule.segments[schedule.segment_of[visit]].within(schedule.visits[visit].offset)
    sure = all(None not in schedule.rows[k].give.doses and (within or not schedule.rows[k].give.open_ended) for k in rows)
    if sure and not any(k in schedule.not_given or k in schedule.not_needed for k in rows):
        return dates
    absent = np.array([schedule.not_in_plan(k, columns) for k in rows])
    begin = columns.start or 0
    for mine, k in zip(absent, rows, strict=True):
        mine[[column - begin for column in schedule.not_given.get(k, ()) if begin <= column < begin + len(mine)]] = True
        mine |= schedule.not_needed[k][columns] if k in schedule.not_needed else False
    return np.where(absent.all(axis=0), NO_DATE, dates)


def without_refused(schedule: Filling) -> None:
    """First and last doses of whoever had a dose refused, or taken away, without it."""
    if not schedule.exposure and not schedule.taken and not schedule.taken_days:
        return
    refused = np.logical_or.reduce([np.isin(status, NOT_GIVEN) for status in schedule.status])
    refused |= np.logical_or.reduce([refused, *(days.taken.any(axis=0) for days in schedule.taken_days.values())])
    if not refused.any():
        return
    schedule.first_doses[:, refused] = schedule.last_doses[:, refused] = NO_DATE
    for k, row in enumerate(schedule.rows):
        p = schedule.segment_of[row.visit]
        given = schedule.in_plan(k) & ~np.isin(schedule.status[k], NOT_GIVEN) & refused
        given[schedule.not_given.get(k, [])] = False
        given &= ~schedule.not_needed[k] if k in schedule.not_needed else True
        first, last = (np.where(given, day, NO_DATE) for day in schedule.dosed(k))
        np.fmin(schedule.first_doses[p], first, out=schedule.first_doses[p])
        np.fmax(schedule.last_doses[p], last, out=schedule.last_doses[p])


def with_unscheduled(schedule: Filling, extra: tuple[Extra, ...]) -> None:
    """A dose at an unscheduled visit is a dose too: the first or the last one may be it."""
    for e in extra:
        own = [p for p, segment in enumerate(schedule.segments) if segment.anchor[e.column] <= e.date]
        p = own[-1] if own else 0
        schedule.first_doses[p, e.column] = np.fmin(schedule.first_doses[p, e.column], e.date)
        schedule.last_doses[p, e.column] = np.fmax(schedule.last_doses[p, e.column], e.date)
