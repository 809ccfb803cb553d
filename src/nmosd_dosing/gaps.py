"""From one dose of a product to the next: across an entry into a later period, and against what is stated or planned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from nmosd_dosing.days import NO_DATE, Dates, date_text, shift, to_date
from nmosd_dosing.doses import AmountStatus
from nmosd_dosing.errors import InputError, Problem
from nmosd_dosing.schedule import Schedule
from nmosd_dosing.visits import offset_of


@dataclass(frozen=True, slots=True)
class EntryGap:
    """From a product's last dose before a period to its first dose in it; (n,), NaT where there is none. `last`: (n,) its row."""

    part: int
    product: str
    shown: str
    before: Dates
    last: Dates
    first: Dates


def dose_dates(schedule: Schedule, row: int) -> Dates:
    """(n,) the day of an administration, as recorded or planned; NaT where it is not given."""
    visit, product = schedule.rows[row].visit, schedule.rows[row].give.product
    given = schedule.given_at(row) & (schedule.status[row] != AmountStatus.REFUSED)
    dates = np.where(given, schedule.dates(visit), NO_DATE)
    for of, column, refused in schedule.given.refused if schedule.given is not None else ():
        if (of, refused) == (visit, product):
            dates[column] = NO_DATE
    return dates


def last_dates(schedule: Schedule, row: int) -> Dates:
    """(n,) the same; of a course of days its last one."""
    return schedule.through(schedule.rows[row].visit, dose_dates(schedule, row))


def entry_gaps(schedule: Schedule) -> Iterator[EntryGap]:
    """The gap of each product at the entry into each later period."""
    for part in (p for p, part in enumerate(schedule.parts) if part.period and not part.run and not part.event):
        for product in dict.fromkeys(row.give.product for row in schedule.rows):
            rows = [k for k, row in enumerate(schedule.rows) if row.give.product == product]
            earlier = [k for k in rows if schedule.part_of[schedule.rows[k].visit] < part]
            here = [k for k in rows if schedule.part_of[schedule.rows[k].visit] == part]
            if earlier and here:
                before = [last_dates(schedule, k) for k in earlier]
                last = np.fmax.reduce(before)
                first = np.fmin.reduce([dose_dates(schedule, k) for k in here])
                which = np.array(earlier)[np.argmax(np.array(before) == last, axis=0)]
                yield EntryGap(part, product, schedule.rows[here[0]].give.shown, last, which, first)


def shortest_planned(schedule: Schedule, product: str) -> int | None:
    """The fewest days that any period plans between two doses of a product; None where none plans two."""
    found = []
    for part in range(len(schedule.parts)):
        visits = {row.visit for row in schedule.rows if row.give.product == product and schedule.part_of[row.visit] == part}
        here = [schedule.visits[i] for i in sorted(visits) if schedule.visits[i].offset is not None]
        for before, after in pairwise(here):
            a, b = before.last or offset_of(before), offset_of(after)
            alike = a.days == b.days or a.months == b.months
            found.append((b + a.times(-1)).range[0] if alike else b.range[0] - a.range[1])
    return min((days for days in found if days > 0), default=None)


def check_entries(schedule: Schedule) -> None:
    """Raises InputError for recorded entries that break a minimum gap which the study or the site states."""
    problems = []
    for gap in entry_gaps(schedule):
        product = schedule.study.product(gap.product)
        minimum = product.minimum_gap
        if minimum is None:
            continue
        period = schedule.parts[gap.part].period
        recorded = ~np.isnat(schedule.course.anchor[period]) & ~schedule.course.projected[period]
        for column in np.flatnonzero(recorded & (gap.first >= gap.before) & (gap.first < shift(gap.before, minimum))):
            days = int((gap.first - gap.before)[column].astype(np.int64))
            who = schedule.cohort.name(int(column))
            before, first = to_date(gap.before[column]), to_date(gap.first[column])
            assert before is not None
            assert first is not None
            target = schedule.course.periods[period].id
            last = schedule.rows[int(gap.last[column])].visit
            recorded_too = bool(np.any(schedule.recorded(last, slice(column, column + 1))))
            planned = "dose of" if recorded_too else "dose planned for"
            wrong = f"{gap.shown} on {date_text(first)}, {days} days after the {planned} {date_text(before)}"
            hint = f"the minimum gap is {product.gap_text}; `--accept-gap` lets the entry into `{target}` stand, marked"
            problems.append(Problem(f"{who}{wrong}", hint=hint, column=int(column)))
    if problems:
        raise InputError(problems)
