"""What a subject has before him in a period until he enters the next one: its visits as recorded, as booked and as planned."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from nmosd_dosing.days import NO_DATE, Dates, no_dates, of_dates, shift
from nmosd_dosing.study.model import Period
from nmosd_dosing.study.visit import Visit, moved_by
from nmosd_dosing.study.visit_names import before_restart, is_restarted
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.visit_records import VisitRecords, where

_DAY = np.timedelta64(1, "D")


class Taken(Struct, frozen=True):
    """The days that visits of a period have taken; (n,) each, NaT where there are none. last: the last of them. free: the first day that
    they leave to the next period: the day of the last visit, or the one after the last dose."""

    last: Dates
    free: Dates

    @staticmethod
    def of(n: int, columns: NDArray[np.intp], last: Dates, given: NDArray[np.bool_]) -> Taken:
        """Of visits: the subject's column, the last day, and whether a dose was given."""
        found = Taken(np.full(n, NO_DATE), np.full(n, NO_DATE))
        np.fmax.at(found.last, columns, last)
        np.fmax.at(found.free, columns, last + given * _DAY)
        return found

    def leave(self, latest: Dates, shares: NDArray[np.bool_]) -> Dates:
        """(n,) the first day on which the next period may begin: the day of the dose itself, where the days of entry end with it and
        that period `shares` its first day."""
        return np.where(shares & (self.last <= latest) & (self.free > latest), self.last, self.free)


class Before(Struct, frozen=True):
    """The visits of one period, and what is recorded of them. booked: given the last day of the period's doses (n,), what is booked of them
    and still planned. written: (m, n) of whom something is, and actual: (m, n) the day on which a visit was, or is booked, and given: with
    its dose. Of all of it None where nothing is written down of anybody."""

    period: Period
    visits: tuple[Visit, ...]
    recorded: Taken | None = None
    booked: Callable[[Dates], Taken] | None = None
    written: NDArray[np.bool_] | None = None
    actual: Dates | None = None
    given: Dates | None = None

    def counted_from(self, cohort: Cohort, first: Dates) -> Dates:
        """(n,) the day from which its days are counted, if it begins on `first`."""
        return np.where(np.isnat(first), first, cohort.start) if self.period.keeps_count else first


def before_entries(
    cohort: Cohort, periods: Sequence[Period], by_period: Sequence[tuple[Visit, ...]], found: VisitRecords | None
) -> tuple[Before, ...]:  # fmt: skip
    """What is recorded and booked of each period, `found` of the visits of all. What hangs on an event goes on over the entry, and keeps
    nobody."""
    if found is None or not cohort.records or len(periods) == 1:
        return tuple(Before(p, mine) for p, mine in zip(periods, by_period, strict=True))
    visits, of = [v for mine in by_period for v in mine], np.array([p for p, mine in enumerate(by_period) for _ in mine])
    to_come = ~np.isnat(found.booked)
    written = to_come.copy()
    written[where(found.records)] = True
    actual = np.where(to_come, found.booked, found.actual)
    given = np.where(found.gave_none & ~to_come, NO_DATE, actual)
    twice = (((row, column), (record,)) for row, column, record in found.twice)
    told = [*found.records.items(), *found.appointments.items(), *twice]
    rows, columns = (np.repeat(each, [len(mine) for _, mine in told]) for each in where(at for at, _ in told))
    records = [record for _, mine in told for record in mine]
    took_place = np.array([r.took_place for r in records], dtype=bool)
    names_dose = np.array([r.product is not None or r.amount is not None for r in records], dtype=bool)
    of_visits = np.array([(bool(v.gives), bool(v.assessments), bool(v.hangs_on)) for v in visits], dtype=bool).reshape(-1, 3)
    gives, assesses, goes_on = of_visits[rows].T
    dosed = gives & (~assesses | names_dose)
    days, last = of_dates([r.date for r in records]), of_dates([r.last for r in records])
    last = np.where(np.isnat(last), days + np.array([_days_of(visit) for visit in visits])[rows] * _DAY, last)
    counts = (took_place | to_come[rows, columns]) & ~goes_on

    def taken(period: int, chosen: NDArray[np.bool_], last_dose: Dates) -> Taken:
        late = days > last_dose[columns]
        mine = chosen & counts & (of[rows] == period) & ~(late & gives & ~assesses)
        return Taken.of(len(cohort), columns[mine], last[mine], (dosed & ~late)[mine])

    recorded = [taken(p, took_place, no_dates(len(cohort))) for p in range(len(periods))]
    booked = [functools.partial(taken, p, ~took_place) for p in range(len(periods))]
    return tuple(
        Before(period, by_period[p], recorded[p], booked[p], written[of == p], actual[of == p], given[of == p])
        for p, period in enumerate(periods)
    )


def _days_of(visit: Visit) -> int:
    """How many days a visit is planned for behind its first."""
    return visit.last.range[1] - visit.offset.range[1] if visit.last is not None and visit.offset is not None else 0


def before_restarts(cohort: Cohort) -> Cohort:
    """The cohort with its records under the names that their visits had before their periods began anew."""
    if not any(map(is_restarted, {record.visit for _, record in cohort.records})):
        return cohort
    anew = ((column, structs.replace(record, visit=before_restart(record.visit))) for column, record in cohort.records)
    return structs.replace(cohort, records=tuple(anew))


def dosed_through(own: Before, cohort: Cohort, first: Dates, day: Dates, last_dose: Dates) -> Dates | None:
    """(n,) the last day of the doses that are planned for a day, at visits of which nothing is recorded or booked; NaT where there is none,
    and None where nobody has any.

    first: the first day of the period. last_dose: after which its doses are not planned any more. A course of several days goes on to its
    last day; of simulated subjects a dose counts up to the day on which it takes place. What hangs on an event is not looked at.
    """
    found, ahead = None, cohort.ahead
    anchor = own.counted_from(cohort, first)
    counted = _counted(own)
    for i, visit in enumerate(own.visits):
        if visit.offset is None or visit.hangs_on or not visit.gives:
            continue
        target = shift(anchor, visit.offset)
        if i in counted:
            target = np.where(np.isnat(counted[i]), target, counted[i])
        last = target if visit.last is None else target + (shift(anchor, visit.last) - shift(anchor, visit.offset))
        there = day <= (last if ahead is None else ahead.at_the_latest(last))
        if there.any():
            there &= (target <= day) & ~(last_dose < day)
        if not there.any():
            continue
        if ahead is not None:
            last = last + (ahead.takes_place(f"{own.period.id}/{visit.label}", target, anchor, visit.offset) - target)
        there &= (day <= last) & _gets(visit, own.period, cohort)
        if own.written is not None:
            there &= ~own.written[i]
        before = no_dates(len(cohort)) if found is None else found
        found = np.where(there, np.fmax(before, np.fmin(last, last_dose)), before)
    return found


def _counted(own: Before) -> dict[int, Dates]:
    """(n,) the days of the visits that follow the actual day of another one; NaT where nothing is written down of any before it."""
    found: dict[int, Dates] = {}
    if own.actual is None or own.given is None:
        return found
    for i, before in moved_by(own.visits, [visit.hangs_on for visit in own.visits]).items():
        if (follows := own.visits[i].follows) is not None:
            actual = (own.given if follows.by == "dose" else own.actual)[before]
            since = actual if before not in found else np.where(np.isnat(actual), found[before], actual)
            found[i] = shift(since, follows.step)
    return found


def gives_on(own: Before, cohort: Cohort, day: Dates) -> NDArray[np.bool_]:
    """(n,) whether a period that begins on a day gives something on it, to whom."""
    anchor, found = own.counted_from(cohort, day), np.zeros(len(cohort), dtype=bool)
    for visit in own.visits:
        if visit.offset is None or visit.hangs_on or not visit.gives:
            continue
        if own.period.keeps_count or visit.offset.range[0] <= 0:  # else it is later, whatever the day
            begins = shift(anchor, visit.offset)
            ends = shift(anchor, visit.last) if visit.last is not None else begins
            found |= (begins <= day) & (day <= ends) & _gets(visit, own.period, cohort)
    return found


def _gets(visit: Visit, period: Period, cohort: Cohort) -> NDArray[np.bool_]:
    """(n,) who is to get something at a visit; whoever's arm is not known may."""
    gets = np.ones(len(cohort), dtype=bool)
    for arm in range(len(period.arms)):
        if arm not in visit.arms or all(give.doses[arm if len(give.doses) > 1 else 0] is None for give in visit.gives):
            gets &= cohort.arm != arm
    return gets
