"""Doses that the events of their levels take away: the next one after an event, or all from one event to another. Of a course of days each
day is a dose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from nmosd_dosing.days import LAST_DATE, NO_DATE, Dates
from nmosd_dosing.dose.dose import NOT_GIVEN, AmountStatus
from nmosd_dosing.schedule.doses.recorded_doses import Amounts
from nmosd_dosing.schedule.filling import Filling
from nmosd_dosing.schedule.rows import TakenDays
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.study.visit_rules import Give
from nmosd_dosing.subjects.cohort import UNKNOWN_ARM, Cohort

_LATE = LAST_DATE + np.timedelta64(1, "D")
Rows = Mapping[str, list[int]]


def rows_taken(schedule: Schedule) -> Rows:
    """By product the rows from which events of their levels may take something: none where no such event has happened."""
    found: dict[str, list[int]] = {}
    for k, row in enumerate(schedule.rows):
        if any(schedule.cohort.had((*own.omit, *own.held)) for own in row.give.levels if own is not None):
            found.setdefault(row.give.product, []).append(k)
    return found


def find_taken(schedule: Filling) -> None:
    """Writes which doses are omitted or held, and which days of courses, of a schedule whose days are there."""
    of_products = rows_taken(schedule)
    schedule.resumed.update(_resumed(schedule, {k for rows in of_products.values() for k in rows}))
    for rows in of_products.values():
        days = [_days(schedule, k) for k in rows]
        begins = np.cumsum([0, *map(len, days)])
        found = _taken(schedule, np.repeat(rows, [len(mine) for mine in days]).tolist(), np.concatenate(days))
        for k, mine, first, end in zip(rows, days, begins[:-1].tolist(), begins[1:].tolist(), strict=True):
            _write(schedule, k, found[first:end], ~np.isnat(mine))


def _write(schedule: Filling, k: int, taken: NDArray[np.uint8], there: NDArray[np.bool_]) -> None:
    """Writes what events take of one row: all of it, or some of its days. taken, there: (days, n)."""
    whole = (taken == AmountStatus.NEEDS_ARM).any(axis=0) | (((taken > 0) | ~there).all(axis=0) & there.any(axis=0))
    if (all_of_it := np.where(whole, np.max(taken, axis=0), np.uint8(0))).any():  # HELD goes before OMITTED, NEEDS_ARM before both
        schedule.taken[k] = all_of_it
    if (some := np.where(whole, np.uint8(0), taken)).any():
        schedule.taken_days[k] = TakenDays(some)


def _days(schedule: Schedule, k: int) -> Dates:
    """(days, n) the days on which a row is given, as recorded or as planned, whichever are more; NaT where there are fewer."""
    visit = schedule.rows[k].visit
    first = np.where(schedule.in_plan(k), schedule.visit_days(visit), NO_DATE)
    many = np.broadcast_to(np.maximum(schedule.days(visit), schedule.days(visit, planned=True)), len(schedule))
    offsets = np.arange(int(max(many, default=1)))[:, np.newaxis]
    return np.where(offsets < many, first + offsets.astype("timedelta64[D]"), NO_DATE)


def _resumed(schedule: Schedule, rows: set[int]) -> dict[int, Dates]:
    """By visit that is a course (n,) the first planned day on which something is given, of whom a hold takes all that is given on days
    before it; NaT of everybody else."""
    found = {}
    for visit in {schedule.rows[k].visit for k in rows}:
        mine = [k for k, row in enumerate(schedule.rows) if row.visit == visit]
        target = schedule.target[visit]
        last = schedule.planned_last(visit, target, slice(None))
        if last is not None and rows.issuperset(mine):
            days = target + np.arange(int(np.nanmax([0, *(last - target).astype(np.float64)])) + 1)[:, np.newaxis]
            days = np.where(days <= last, days, NO_DATE)
            held = np.logical_and.reduce([np.isin(_taken(schedule, [k] * len(days), days, holds_only=True), NOT_GIVEN) for k in mine])
            left = np.where(held, NO_DATE, days)
            found[visit] = np.where(held[0], np.fmin.reduce(left, axis=0), NO_DATE)
    return found


def take_away(schedule: Filling, recorded: Amounts) -> None:
    """Writes that doses which are omitted or held have no amount and add nothing. What is recorded as given stands; it is only not
    planned."""
    for k, taken in schedule.taken.items():
        gone = taken > 0
        if k in schedule.planned:
            schedule.planned[k][gone] = 0.0
        gone &= ~among(recorded.get(k, ()), len(schedule))
        schedule.status[k][gone] = taken[gone]
        schedule.amount[k][gone] = np.nan
        schedule.cumulative[k, gone] = np.where(taken[gone] == AmountStatus.NEEDS_ARM, np.nan, 0.0)


def among(columns: Iterable[int], n: int) -> NDArray[np.bool_]:
    """(n,) which subjects stand in these columns."""
    found = np.zeros(n, dtype=bool)
    found[[*columns]] = True
    return found


def _taken(schedule: Schedule, rows: list[int], days: Dates, *, holds_only: bool = False) -> NDArray[np.uint8]:
    """(k, n) OMITTED or HELD of the doses of a product, or of `rows`, on these days, that events take away, NEEDS_ARM where that hangs on
    the arm, and 0."""
    gives, arm = [schedule.rows[k].give for k in rows], schedule.cohort.arm
    arms = max(len(give.levels) for give in gives)
    of_arms = np.stack([_taken_in(schedule.cohort, gives, i, days, holds_only) for i in range(arms)])  # as if everybody were in it
    taken: NDArray[np.uint8] = of_arms[arm, :, np.arange(len(arm))].T  # -1, not known: the last, and below
    for i, give in enumerate(gives):
        got = of_arms[[place for place in range(arms) if give.doses[place if len(give.doses) > 1 else 0] is not None], i]
        same = np.where((got == got[0]).all(axis=0), got[0], np.uint8(AmountStatus.NEEDS_ARM))
        taken[i] = np.where(arm == UNKNOWN_ARM, same, taken[i])
    return taken


def _taken_in(cohort: Cohort, gives: list[Give], arm: int, days: Dates, holds_only: bool) -> NDArray[np.uint8]:
    """(k, n) OMITTED or HELD of the doses of one arm, and 0. An event omits one dose: the next of all rules that name it."""
    own = [give.levels[arm if len(give.levels) > 1 else 0] for give in gives]
    taken = np.zeros(days.shape, dtype=np.uint8)
    for event in () if holds_only else {event for levels in own if levels is not None for event in levels.omit}:
        named = np.array([levels is not None and event in levels.omit for levels in own])
        for since in cohort.dates_of(event):
            taken[_next(np.where(named[:, np.newaxis], days, NO_DATE), since)] = AmountStatus.OMITTED
    for levels, dates, found in zip(own, days, taken, strict=True):
        if levels is not None and cohort.had(levels.held):
            since, last = _latest(cohort, levels.held, dates), _latest(cohort, levels.resumed, np.full(len(cohort), LAST_DATE))
            waits = ~np.isnat(since) & ~(_latest(cohort, levels.resumed, dates) >= since)
            found[waits] = np.where(last[waits] > dates[waits], AmountStatus.OMITTED, AmountStatus.HELD)
    return taken


def _next(days: Dates, since: Dates) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where in (k, n) the first day on or after each subject's `since` stands, with its column."""
    late = np.where(days >= since, days, _LATE)
    first, columns = late.argmin(axis=0), np.arange(days.shape[1])
    there = late[first, columns] < _LATE
    return first[there], columns[there]


def _latest(cohort: Cohort, events: tuple[str, ...], dates: Dates) -> Dates:
    """(n,) the latest day of any of some events on or before some dates; NaT where there is none."""
    found = np.full(len(dates), NO_DATE)
    for event in events:
        found = np.fmax(found, cohort.latest(event, dates))
    return found
