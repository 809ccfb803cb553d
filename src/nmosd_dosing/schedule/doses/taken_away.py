"""Doses that the events of their levels take away: the next one after an event, or all from one event to another. Of a course of days each
day is a dose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from nmosd_dosing.days import LAST_DATE, NO_DATE, Dates
from nmosd_dosing.dose.dose import NOT_GIVEN, AmountStatus, Levels
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


def _resumed(schedule: Schedule, rows: set[int]) -> dict[int, NDArray[np.bool_]]:
    """By visit that is a course (n,) who is held, on the day planned as its first, with all that it gives."""
    found = {}
    for visit in {schedule.rows[k].visit for k in rows} if schedule.visit_records is not None else ():
        mine = [k for k, row in enumerate(schedule.rows) if row.visit == visit]
        if schedule.visits[visit].last is not None and rows.issuperset(mine):
            target = schedule.target[visit][np.newaxis]
            waits = [np.isin(_taken(schedule, [k], target, holds_only=True)[0], NOT_GIVEN) for k in mine]
            found[visit] = np.logical_and.reduce(waits)
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
        schedule.steps[k][gone] = np.where(taken[gone] == AmountStatus.NEEDS_ARM, np.nan, 0.0)


def among(columns: Iterable[int], n: int) -> NDArray[np.bool_]:
    """(n,) which subjects stand in these columns."""
    found = np.zeros(n, dtype=bool)
    found[[*columns]] = True
    return found


def _taken(schedule: Schedule, rows: list[int], days: Dates, *, holds_only: bool = False) -> NDArray[np.uint8]:
    """(k, n) OMITTED or HELD of the doses of a product, or of `rows`, on these days, that events take away, NEEDS_ARM where that hangs on
    the arm, and 0."""
    cohort, taken = schedule.cohort, np.zeros((len(rows), len(schedule)), dtype=np.uint8)
    gives = [schedule.rows[k].give for k in rows]
    for omit, held, resumed in dict.fromkeys((own.omit, own.held, own.resumed) for give in gives for own in give.levels if own is not None):
        like = Levels((), (), 0, (), (), omit, held, resumed)
        follow, unclear = (np.array(both) for both in zip(*(_followers(give, like, cohort) for give in gives), strict=True))
        mine = np.where(follow | unclear, days, NO_DATE)
        found = np.zeros(taken.shape, dtype=np.uint8)
        for event in () if holds_only else omit:
            for since in cohort.dates_of(event):
                found[_next(mine, since)] = AmountStatus.OMITTED
        last = _latest(cohort, resumed, np.full(len(schedule), LAST_DATE))
        for i, dates in enumerate(mine):
            since = _latest(cohort, held, dates)
            waits = ~np.isnat(since) & ~(_latest(cohort, resumed, dates) >= since)
            found[i, waits] = np.where(last[waits] > dates[waits], AmountStatus.OMITTED, AmountStatus.HELD)
        taken = np.where(found > 0, np.where(unclear, np.uint8(AmountStatus.NEEDS_ARM), found), taken)
    return taken


def _followers(give: Give, like: Levels, cohort: Cohort) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(n,) of whom these events take away doses of an administration; and of whom that hangs on the arm, which is not known."""
    of_arms = [own is not None and (own.omit, own.held, own.resumed) == (like.omit, like.held, like.resumed) for own in give.levels]
    got = [mine for mine, dose in zip(of_arms, give.doses, strict=True) if dose is not None]
    if len(of_arms) == 1:
        return np.full(len(cohort), of_arms[0]), np.zeros(len(cohort), dtype=bool)
    known = np.array([*of_arms, all(got)])[cohort.arm]  # -1, not known: the last
    return known, (cohort.arm == UNKNOWN_ARM) & (any(got) and not all(got))


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
