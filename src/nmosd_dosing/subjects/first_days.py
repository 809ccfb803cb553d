"""The first day of each period, as its day-1 visit is recorded: study day 1, and the entries into later periods."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from nmosd_dosing.days import NO_DATE, Dates, Offset
from nmosd_dosing.errors import InputError, Problem
from nmosd_dosing.study.model import Period
from nmosd_dosing.study.visit import Visit
from nmosd_dosing.study.visit_names import Names
from nmosd_dosing.subjects import visit_records
from nmosd_dosing.subjects.cohort import UNKNOWN_ARM, Cohort

ByPeriod = Sequence[tuple[Visit, ...]]  # the visits of each period


def with_day_1(cohort: Cohort, periods: Sequence[Period], by_period: ByPeriod) -> Cohort:
    """The cohort in which study day 1 is the day of the first dose, where its visit is recorded: the planned day stands beside it then.

    A day-1 visit at which nothing is given is no first dose, and neither is one of other arms, or that was missed or withheld, or of which
    an amount of 0 is recorded. One that is booked is expected on that day (`booked`).
    """
    period, visits = periods[0], by_period[0]
    first = [i for i in _first(visits) if visits[i].gives]
    if not cohort.records or not first:
        return cohort
    of_visits = visit_records.match(Names(visits, [period.id] * len(visits)), _of_day_1(cohort, 0, periods, by_period), {})
    actual = np.where(of_visits.gave_none, NO_DATE, of_visits.actual)
    own = [(cohort.arm == UNKNOWN_ARM) | np.isin(cohort.arm, visits[i].arms) | (not period.arms) for i in first]
    given, booked = (
        np.fmin.reduce([np.where(mine, dates[i], NO_DATE) for i, mine in zip(first, own, strict=True)])
        for dates in (actual, of_visits.booked)
    )
    booked = np.where(np.isnat(given), booked, NO_DATE)
    found: Dates = np.where(np.isnat(given), booked, given)
    if not np.isnat(booked).all():
        cohort = replace(cohort, booked={**cohort.booked, period.id: booked})
    moved = ~np.isnat(found) & (found != cohort.start)
    if not moved.any():
        return cohort
    planned = cohort.planned_start if cohort.planned_start is not None else np.full(len(cohort), NO_DATE)
    return replace(
        cohort, start=np.where(moved, found, cohort.start), planned_start=np.where(moved & np.isnat(planned), cohort.start, planned)
    )


def with_entries(cohort: Cohort, periods: Sequence[Period], by_period: ByPeriod, slips: bool) -> Cohort:
    """The cohort, with the recorded first day of a later period as its entry, and a booked one beside it; with `slips` one before
    day 1 is none, so that what is planned of the first period stands. Raises InputError where another day is given."""
    if not cohort.records:
        return cohort
    entered, booked = dict(cohort.entered), dict(cohort.booked)
    problems: list[Problem] = []
    for p, (period, visits) in enumerate(zip(periods, by_period, strict=True)):
        first = _first(visits)
        if p and first:
            of_visits = visit_records.match(Names(visits, [period.id] * len(visits)), _of_day_1(cohort, p, periods, by_period), {})
            recorded = (of_visits.actual[first[0]], of_visits.booked[first[0]])
            found, ahead = (np.where(slips & (days < cohort.start), NO_DATE, days) for days in recorded)
            entry = cohort.entry(period.id)
            if not np.isnat(ahead).all():
                booked[period.id] = np.where(np.isnat(entry), ahead, NO_DATE)
            if not np.isnat(found).all():
                entered[period.id] = np.where(np.isnat(entry), found, entry)
                for i in np.flatnonzero((found != entry) & ~np.isnat(found) & ~np.isnat(entry)).tolist():
                    wrong = f"entry into `{period.id}` is given as {entry[i]}, and its day 1 is recorded on {found[i]}"
                    hint = "the first day of a period is its day 1: mend one of the two"
                    problems.append(Problem(f"{cohort.name(i)}{wrong}", hint=hint, subject=i))
    if problems:
        raise InputError(problems)
    return replace(cohort, entered=entered, booked=booked) if len(periods) > 1 else cohort


def _first(visits: Sequence[Visit]) -> list[int]:
    """The visits of a period's day 1."""
    return [i for i, visit in enumerate(visits) if visit.offset == Offset() and not visit.hangs_on]


def _of_day_1(cohort: Cohort, period: int, periods: Sequence[Period], by_period: ByPeriod) -> Cohort:
    """The cohort with the records that can only be of this period, and may be of its day 1."""
    of = [p for p, visits in enumerate(by_period) for _ in visits]
    names = Names([visit for visits in by_period for visit in visits], [periods[p].id for p in of])
    first = {of.index(period) + i for i in _first(by_period[period])}

    @functools.cache
    def mine(visit: str, named: str | None) -> bool:
        meant = names.meant(visit, named)
        return {of[i] for i in meant} == {period} and not first.isdisjoint(meant)

    return replace(cohort, records=tuple((column, record) for column, record in cohort.records if mine(record.visit, record.period)))
