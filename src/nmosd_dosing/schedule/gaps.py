"""From one dose of a product to the next: across an entry into a later period, and against what is stated or planned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from nmosd_dosing.days import NO_DATE, Dates, date_text, shift, to_date
from nmosd_dosing.dose.dose import NOT_GIVEN
from nmosd_dosing.errors import InputError, Problem, argument, counted
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.study.visits import offset_of


class EntryGap(Struct, frozen=True):
    """From a product's last dose before a period to its first dose in it; (n,), NaT where there is none. `last`: (n,) its row."""

    segment: int
    product: str
    shown: str
    before: Dates
    last: Dates
    first: Dates


def dose_dates(schedule: Schedule, in_plan: NDArray[np.bool_]) -> Dates:
    """(k, n) the day of each administration, as recorded or planned, of a course the first; NaT where it is not given, or only if it is
    needed. in_plan: (k, n) `schedule.all_in_plan()`."""
    dates = np.full(in_plan.shape, NO_DATE)
    for visits, rows in schedule.by_segment():
        at = [row.visit - visits.start for row in schedule.rows[rows]]
        dates[rows] = schedule.dates(visits)[at]
    for row in schedule.taken_days:
        dates[row] = schedule.dosed(row)[0]
    refused = np.isin(np.array(schedule.status).reshape(in_plan.shape), NOT_GIVEN)
    for row, columns in schedule.not_given.items():
        refused[row, columns] = True
    for row, unused in schedule.not_needed.items():
        refused[row] |= unused
    dates[~in_plan | refused] = NO_DATE
    return dates


def entry_gaps(schedule: Schedule, dates: Dates) -> Iterator[EntryGap]:
    """The gap of each product at the entry into each later period. dates: (k, n) those of `dose_dates`."""
    later = [p for p, segment in enumerate(schedule.segments) if segment.period and not segment.run and not segment.hangs_on]
    most = max((len(row.give.doses) for row in schedule.rows), default=0)
    for p in later:
        for product in dict.fromkeys(row.give.product for row in schedule.rows):
            rows = [k for k, row in enumerate(schedule.rows) if row.give.product == product]
            earlier = [k for k in rows if schedule.segment_of[schedule.rows[k].visit] < p]
            here = [k for k in rows if schedule.segment_of[schedule.rows[k].visit] == p]
            both = _arms(schedule, earlier, most) & _arms(schedule, here, most)
            earlier, here = ([k for k in some if _arms(schedule, [k], most) & both] for some in (earlier, here))
            if both:
                before = np.array([np.where(np.isnat(dates[k]), NO_DATE, schedule.dosed(k)[1]) for k in earlier])
                last = np.fmax.reduce(before)
                which = np.array(earlier)[np.argmax(before == last, axis=0)]
                yield EntryGap(p, product, schedule.rows[here[0]].give.shown, last, which, np.fmin.reduce(dates[here]))


def _arms(schedule: Schedule, rows: Sequence[int], most: int) -> set[int]:
    """The arms that get any of these rows: all of them, `most`, in a period without arms, and at a masked dose, which tells none."""
    found = set[int]()
    for give in (schedule.rows[k].give for k in rows):
        every = (give.doses, *give.ways)
        got = {arm for doses in every for arm, dose in enumerate(doses) if dose is not None}
        found |= got if len(give.doses) > 1 else set(range(most))
    return found


def shortest_planned(schedule: Schedule, product: str) -> int | None:
    """The fewest days that any period plans between two doses of a product; None where none plans two."""
    found = []
    for segment in range(len(schedule.segments)):
        visits = {row.visit for row in schedule.rows if row.give.product == product and schedule.segment_of[row.visit] == segment}
        here = [schedule.visits[i] for i in sorted(visits) if schedule.visits[i].offset is not None]
        for before, after in pairwise(here):
            a, b = before.last or offset_of(before), offset_of(after)
            alike = a.days == b.days or a.months == b.months
            found.append((b + a.times(-1)).range[0] if alike else b.range[0] - a.range[1])
    return min((days for days in found if days > 0), default=None)


def check_entries(schedule: Schedule) -> None:
    """Raises InputError for recorded entries that break a minimum gap which the study or the site states."""
    if len(schedule.disposition.periods) == 1 or all(product.minimum_gap is None for product in schedule.study.products):
        return
    problems = []
    for gap in entry_gaps(schedule, dose_dates(schedule, schedule.all_in_plan())):
        product = schedule.study.product(gap.product)
        minimum = product.minimum_gap
        if minimum is None:
            continue
        period = schedule.segments[gap.segment].period
        recorded = ~np.isnat(schedule.disposition.anchor[period]) & ~schedule.disposition.projected[period]
        for column in np.flatnonzero(recorded & (gap.first >= gap.before) & (gap.first < shift(gap.before, minimum))):
            days = int((gap.first - gap.before)[column].astype(np.int64))
            who = schedule.cohort.name(int(column))
            before, first = to_date(gap.before[column]), to_date(gap.first[column])
            assert before is not None
            assert first is not None
            target = schedule.disposition.periods[period].id
            last = schedule.rows[int(gap.last[column])].visit
            recorded_too = bool(np.any(schedule.recorded(last, slice(column, column + 1))))
            planned = "dose of" if recorded_too else "dose planned for"
            wrong = f"{gap.shown} on {date_text(first)}, {counted(days, 'day')} after the {planned} {date_text(before)}"
            hint = f"the minimum gap is {product.gap_text}; `{argument('accept_gap')}` lets the entry into `{target}` stand, marked"
            problems.append(Problem(f"{who}{wrong}", hint=hint, subject=int(column)))
    if problems:
        raise InputError(problems)
