"""From which day to which a visit may be: the one answer, which plans, calendars, checks and lists all give.

What the file states comes together here: the window around the target, the rule of entry for the first day of a later period, the first
day of the period, what ended it, and the minimum gap to the dose before. What nobody states is not made up: a gap alone gives a first
day and no last.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from nmosd_dosing.days import LAST_DATE, NO_DATE, Dates, Offset, shift, to_dates
from nmosd_dosing.schedule.doses.recorded_doses import read_extra
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.subjects.cohort import UNKNOWN_ARM

Opens = Callable[[dt.date], dt.date | None]
"""The first open day on or after one; None where there is none."""


class AllowedDays(Struct, frozen=True):
    """(m, n) each; NaT where nothing states it.

    earliest, latest: the allowed days, both included; no day is allowed where the earliest is the later one. around: the first day and the
    last by the window alone, or by the rule of entry. gaps: what the minimum gaps between doses ask for; None where no product has one.
    """

    earliest: Dates
    latest: Dates
    around: tuple[Dates, Dates]
    gaps: Gaps | None


class Gaps(Struct, frozen=True):
    """(v, n) each, of the v `visits` that give a product with a minimum gap.

    not_before: the first day on which every such gap is kept, which is that of `product` (an index into the study's; -1: there is no dose
    before) after a dose that ended on `since`: at the visit `before`, -1 for one that was not planned.
    """

    visits: list[int]
    not_before: Dates
    since: Dates
    product: NDArray[np.int64]
    before: NDArray[np.int64]


def allowed_days(schedule: Schedule, dates: Dates, opens: Opens | None = None) -> AllowedDays:
    """The allowed days of every visit. dates: (k, n) the day of each dose, those of `gaps.dose_dates`. opens: for whoever asks what can be
    kept where days are closed: then a dose before that is only planned counts from the first open day on which it may be given."""
    around = _window(schedule)
    or_later = ~np.isnat(around[0]) & np.isnat(around[1])
    for i, visit in enumerate(schedule.visits):
        if is_entry(schedule, i) and (visit.last is None or visit.gives):
            around[0][i], around[1][i] = _entry(schedule, i)
    earliest, latest = around[0].copy(), around[1].copy()
    for course, first in schedule.resumed.items():  # none is given before; whether it may begin later still, nobody states
        if is_entry(schedule, course):  # the rule of entry has its days
            continue
        none_left = [schedule.taken[k] > 0 for k, row in enumerate(schedule.rows) if row.visit == course and k in schedule.taken]
        first = np.where(np.logical_or.reduce(none_left), NO_DATE, first) if none_left else first
        earliest[course] = np.fmax(earliest[course], first)
        np.copyto(latest[course], first, where=latest[course] < first)
    for visits, _ in schedule.by_segment():
        _inside(schedule, visits, earliest, latest, or_later[visits])
    gaps = _minimum_gaps(schedule, dates, earliest, latest, opens)
    if gaps is not None:
        earliest[gaps.visits] = np.fmax(earliest[gaps.visits], gaps.not_before)
    return AllowedDays(earliest, latest, around, gaps)


def is_entry(schedule: Schedule, visit: int) -> bool:
    """Whether a visit is day 1 of a later period: that of the entry."""
    segment = schedule.segment(visit)
    own = not segment.run and not segment.hangs_on and not schedule.period(visit).keeps_count
    return bool(segment.period) and own and schedule.visits[visit].offset == Offset()


def _window(schedule: Schedule) -> tuple[Dates, Dates]:
    """By the window that is stated: of a range of days from before the first to after the last, of a course of doses of its first day."""
    arms = [*range(max((len(visit.by_arm) for visit in schedule.visits), default=0)), UNKNOWN_ARM]
    windows = [[schedule.as_seen(i, arm).window for arm in arms] for i in range(len(schedule.visits))]
    days = [[[None, None] if w is None else [-w.before, w.after] for w in row] for row in windows]
    before, after = np.moveaxis(np.array(days, dtype="timedelta64[D]").reshape(len(windows), len(arms), 2), 2, 0)
    if len(arms) > 1:  # arms have windows of their own: the subject's, or in the last column that of whoever does not know the arm
        before, after = before[:, schedule.arm], after[:, schedule.arm]
    last = schedule.target.copy()
    for i, visit in enumerate(schedule.visits):
        if visit.last is not None and not visit.gives and any(visit.windows):
            planned = schedule.planned_last(i, schedule.target[i], slice(None))
            last[i] = planned if planned is not None else last[i]
    return schedule.target + before, last + after


def _entry(schedule: Schedule, visit: int) -> tuple[Dates, Dates]:
    """(n,) the days on which the rule that leads into a visit's period allows to enter."""
    period, disposition = schedule.period(visit).id, schedule.disposition
    leading = [i for i, rule in enumerate(disposition.transitions) if rule.target_period == period]
    earliest, latest = (np.full(len(schedule), NO_DATE) for _ in range(2))
    for move in disposition.moves:
        mine = np.isin(move.rule, leading) & ~np.isnat(schedule.target[visit])
        np.copyto(earliest, move.earliest, where=mine)
        np.copyto(latest, move.latest, where=mine)
    return earliest, latest


def _inside(schedule: Schedule, visits: slice, earliest: Dates, latest: Dates, or_later: NDArray[np.bool_]) -> None:
    """Cuts the days of one segment's visits to those between the first day of its period and what ended it. or_later: which windows have no
    end."""
    segment, target = schedule.segment(visits), schedule.target[visits]
    doses = np.array([[bool(visit.gives)] for visit in schedule.visits[visits]])
    if not segment.hangs_on:
        first = schedule.disposition.anchor[segment.period]
        after = (target > first) & (doses | bool(segment.period))
        np.copyto(earliest[visits], first, where=after & (earliest[visits] < first))
    for limit, last in segment.ends(schedule.disposition.moves):
        kept = np.array([[limit.cause in visit.kept_after] for visit in schedule.visits[visits]])
        beyond = (or_later & np.isnat(latest[visits])) | (latest[visits] > last)
        np.copyto(latest[visits], last, where=(target <= last) & beyond & (doses | (not limit.doses_only)) & ~kept)


# --- the minimum gap between doses --------------------------------------------------------------------------------------


class _Doses(Struct, frozen=True):
    """The doses of a product with a minimum gap. begins: (v, n) their days at the v visits that give such products, NaT where there is
    none; unscheduled: (n,) each, the days of those that were not planned."""

    product: int
    gap: Offset
    begins: Dates
    unscheduled: list[Dates]


def _minimum_gaps(schedule: Schedule, dates: Dates, earliest: Dates, latest: Dates, opens: Opens | None) -> Gaps | None:
    """What the minimum gaps ask for, besides the `earliest` and `latest` days (m, n) that are stated otherwise.

    A visit that is recorded is held against the recorded doses before it. One that is not is held against all that are planned before it:
    as recorded, booked or entered, else on the first day on which they may be given themselves; one that may not be on any day moves
    nothing. Among open days one without a window may be on its target only.
    """
    stated = {of.name: (p, of.minimum_gap) for p, of in enumerate(schedule.study.products) if of.minimum_gap is not None}
    visits = sorted({row.visit for row in schedule.rows if row.give.product in stated})
    if not visits:
        return None
    doses = [_Doses(p, gap, _begins(schedule, dates, visits, name), _unscheduled(schedule, name)) for name, (p, gap) in stated.items()]
    n, shape = len(schedule), (len(visits), len(schedule))
    recorded = np.array([np.broadcast_to(schedule.recorded(i), n) for i in visits])
    told = np.array([np.broadcast_to(schedule.told(i), n) for i in visits])
    fixed = told | np.array([_is_entered(schedule, i) for i in visits])
    longer = np.array([_longer(schedule, i) for i in visits])
    gaps = Gaps(visits, np.full(shape, NO_DATE), np.full(shape, NO_DATE), np.full(shape, -1), np.full(shape, -1))
    for of in doses:
        _keep(gaps, slice(None), of, *_dose_before(np.where(recorded, of.begins, NO_DATE), longer, of.unscheduled, visits))
    target = schedule.target[visits]
    first, last = (np.where(np.isnat(days[visits]), target, days[visits]) for days in (earliest, latest))
    before = [(np.full(n, NO_DATE), np.full(n, -1)) for _ in doses]
    for place in np.argsort(target, axis=0, kind="stable"):  # of each subject the next visit in the plan
        at = place, np.arange(n)
        for of, (ended, which) in zip(doses, before, strict=True):
            also = np.fmax.reduce([np.full(n, NO_DATE), *(np.where(date <= last[at], date, NO_DATE) for date in of.unscheduled)])
            since = np.where(recorded[at], NO_DATE, np.fmax(ended, also))
            _keep(gaps, at, of, since, np.where(since == ended, which, -1))
        begins = np.fmax(first[at], gaps.not_before[at])
        begins = _opened(begins, opens, schedule.start) if opens is not None else begins
        until = latest[visits] if opens is None else np.where(np.isnat(earliest[visits]), last, latest[visits])
        begins = np.where(begins > until[at], NO_DATE, begins)  # where no day is allowed nothing is planned on from
        for of, (ended, which) in zip(doses, before, strict=True):
            ends = np.where(fixed[at] | np.isnat(of.begins[at]), of.begins[at], begins) + longer[at]
            later = ~np.isnat(ends) & ~(ends < ended)
            np.copyto(which, np.array(visits)[place], where=later)
            np.copyto(ended, ends, where=later)
    return gaps


def _longer(schedule: Schedule, visit: int) -> NDArray[np.timedelta64]:
    """(n,) how far the last day of a visit's doses lies behind the first: of a course."""
    both = [schedule.dosed(k) for k, row in enumerate(schedule.rows) if row.visit == visit and k in schedule.taken_days]
    whole = (np.broadcast_to(schedule.days(visit), len(schedule)) - 1).astype("timedelta64[D]")
    return np.fmax.reduce([last - first for first, last in both]) if both else whole


def _opened(dates: Dates, opens: Opens, start: Dates) -> Dates:
    """(n,) the first open days on or after some dates; day 1 of the study is the day that it is."""
    each = {day: opens(day) for day in to_dates(np.unique(dates[~np.isnat(dates)])) if day is not None}
    found = np.array([each[day] if day is not None else None for day in to_dates(dates)], dtype="datetime64[D]")
    return np.where(dates == start, dates, found)


def _is_entered(schedule: Schedule, visit: int) -> NDArray[np.bool_]:
    """(n,) whether a visit is an entry of which the day is recorded."""
    projected: NDArray[np.bool_] = schedule.disposition.projected[schedule.segment(visit).period]
    return ~projected & is_entry(schedule, visit)


def _keep(gaps: Gaps, at: Any, doses: _Doses, since: Dates, before: NDArray[np.int64]) -> None:
    """Moves visits on that give a product whose last dose ended on `since`, at the visit `before`."""
    day = np.where(np.isnat(doses.begins[at]), NO_DATE, np.minimum(shift(since, doses.gap), LAST_DATE))
    later = ~np.isnat(day) & ~(day <= gaps.not_before[at])
    for array, values in ((gaps.since, since), (gaps.product, doses.product), (gaps.before, before), (gaps.not_before, day)):
        array[at] = np.where(later, values, array[at])


def _begins(schedule: Schedule, dates: Dates, visits: list[int], product: str) -> Dates:
    """(v, n) the days of a product's doses at some visits; NaT where it is not given."""
    begins = np.full((len(visits), len(schedule)), NO_DATE)
    for k, row in enumerate(schedule.rows):
        if row.give.product == product:
            begins[visits.index(row.visit)] = dates[k]
    return begins


def _unscheduled(schedule: Schedule, product: str) -> list[Dates]:
    """(n,) each: the days of a product's doses at visits that are not planned, as many as anybody has."""
    found: list[Dates] = []
    taken = np.zeros(len(schedule), dtype=np.int64)
    for extra in read_extra(schedule.study, [row.give for row in schedule.rows], schedule.cohort, schedule.visit_records):
        if extra.product == product:
            if taken[extra.column] == len(found):
                found.append(np.full(len(schedule), NO_DATE))
            found[taken[extra.column]][extra.column] = extra.date
            taken[extra.column] += 1
    return found


def _dose_before(
    begins: Dates, longer: NDArray[np.timedelta64], unscheduled: list[Dates], visits: list[int]
) -> tuple[Dates, NDArray[np.int64]]:  # fmt: skip
    """(v, n) the last day of the recorded dose before each of some, in the order of their days, and its visit; NaT and -1 for none."""
    days, ends = np.array([*begins, *unscheduled]), np.array([*(begins + longer), *unscheduled])
    of = np.array([*visits, *(-1 for _ in unscheduled)])
    order = np.argsort(days, axis=0, kind="stable")  # NaT comes last
    ends = np.take_along_axis(ends, order, axis=0)
    ended = np.fmax.accumulate(ends, axis=0)
    newest = np.maximum.accumulate(np.where(ends == ended, np.arange(len(ends))[:, np.newaxis], 0), axis=0)
    since, before = np.full(days.shape, NO_DATE), np.full(days.shape, -1)
    np.put_along_axis(since, order[1:], ended[:-1], axis=0)
    np.put_along_axis(before, order[1:], of[np.take_along_axis(order, newest, axis=0)][:-1], axis=0)
    return np.where(np.isnat(begins), NO_DATE, since[: len(begins)]), before[: len(begins)]
