"""What a subject has before him in a period until he enters the next one: its visits as recorded, as booked and as planned."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from nmosd_dosing.days import NO_DATE, Dates, no_dates, of_dates, shift
from nmosd_dosing.study.model import Period
from nmosd_dosing.study.visit import Visit, moved_by
from nmosd_dosing.study.visit_names import before_restart
from nmosd_dosing.subjects import visit_records
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.subject import Record

_DAY = np.timedelta64(1, "D")


class Taken(Struct, frozen=True):
    """The days that visits of a period have taken; (n,) each, NaT where there are none. last: the last of them. free: the first day that
    they leave to the next period: the day of the last visit, or the one after the last dose."""

    last: Dates
    free: Dates

    @staticmethod
    def nothing(n: int) -> Taken:
        return Taken(np.full(n, NO_DATE), np.full(n, NO_DATE))

    @staticmethod
    def of(n: int, visits: Sequence[tuple[int, dt.date, int, bool]]) -> Taken:
        """Of visits: the subject's column, the first day, how many follow it, and whether a dose was given."""
        found = Taken.nothing(n)
        if visits:
            columns, first, more, given = zip(*visits, strict=True)
            last = of_dates(first) + np.array(more) * _DAY
            np.fmax.at(found.last, np.array(columns), last)
            np.fmax.at(found.free, np.array(columns), last + np.array(given) * _DAY)
        return found

    def leave(self, latest: Dates, shares: NDArray[np.bool_]) -> Dates:
        """(n,) the first day on which the next period may begin: the day of the dose itself, where the days of entry end with it and
        that period `shares` its first day."""
        return np.where(shares & (self.last <= latest) & (self.free > latest), self.last, self.free)


class Before(Struct, frozen=True):
    """The visits of one period, and what is recorded and booked of them. written: (m, n) of whom something is, and actual: (m, n) the day
    on which a visit was, or is booked, and given: with its dose. Of all of it None where nothing is written down of anybody."""

    period: Period
    visits: tuple[Visit, ...]
    recorded: Taken | None = None
    booked: Taken | None = None
    written: NDArray[np.bool_] | None = None
    actual: Dates | None = None
    given: Dates | None = None

    def counted_from(self, cohort: Cohort, first: Dates) -> Dates:
        """(n,) the day from which its days are counted, if it begins on `first`."""
        return np.where(np.isnat(first), first, cohort.start) if self.period.keeps_count else first


def before_entries(cohort: Cohort, periods: Sequence[Period], by_period: Sequence[tuple[Visit, ...]]) -> tuple[Before, ...]:
    """What is recorded and booked of each period. What hangs on an event goes on over the entry, and keeps nobody."""
    n = len(cohort)
    if not cohort.records or len(periods) == 1:
        return tuple(Before(p, mine) for p, mine in zip(periods, by_period, strict=True))
    visits, of = [v for mine in by_period for v in mine], [p for p, mine in enumerate(by_period) for _ in mine]
    anew = tuple((column, _before_restart(record)) for column, record in cohort.records)
    found = visit_records.match(visits, [periods[p].id for p in of], structs.replace(cohort, records=anew), {})
    written = ~np.isnat(found.booked)
    written[tuple(np.array([*found.records], dtype=np.intp).reshape(-1, 2).T)] = True
    taken: dict[bool, list[list[tuple[int, dt.date, int, bool]]]] = {was: [[] for _ in periods] for was in (True, False)}
    to_come, of_visits = ~np.isnat(found.booked), [_days_of(visit) for visit in visits]
    by_visit = [*found.records.items(), *found.appointments.items()]
    for i, column, record in (*((i, column, record) for (i, column), records in by_visit for record in records), *found.twice):
        took_place = record.took_place
        if (took_place or to_come[i, column]) and not visits[i].hangs_on:
            days, dosed = of_visits[i]
            dosed = dosed or (bool(visits[i].gives) and (record.product is not None or record.amount is not None))
            days = (record.last - record.date).days if record.last is not None else days
            taken[took_place][of[i]].append((column, record.date, days, dosed))
    recorded, booked = ([Taken.of(n, mine) for mine in taken[was]] for was in (True, False))
    actual = np.where(np.isnat(found.booked), found.actual, found.booked)
    given = np.where(found.gave_none & np.isnat(found.booked), NO_DATE, actual)
    rows = [np.array(of) == p for p in range(len(periods))]
    return tuple(
        Before(period, by_period[p], recorded[p], booked[p], written[rows[p]], actual[rows[p]], given[rows[p]])
        for p, period in enumerate(periods)
    )


def _days_of(visit: Visit) -> tuple[int, bool]:
    """How many days a visit is planned for behind its first, and whether a dose is given whenever it was."""
    days = visit.last.range[1] - visit.offset.range[1] if visit.last is not None and visit.offset is not None else 0
    return days, bool(visit.gives) and not visit.assessments


def _before_restart(record: Record) -> Record:
    """The record under the name that its visit had before its period began anew."""
    name = before_restart(record.visit)
    return record if name == record.visit else structs.replace(record, visit=name)


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
        there &= (day <= last) & ~(last_dose < target) & _gets(visit, own.period, cohort)
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
