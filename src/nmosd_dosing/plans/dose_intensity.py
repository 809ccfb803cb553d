"""Dose intensity: what a subject was given of a product, against what was planned up to the same day."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator

import numpy as np

from nmosd_dosing.dose.dose import KNOWN
from nmosd_dosing.plans.plan import Intensity
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.subjects.recorded import Recorded


def intensities(schedule: Schedule, column: int, as_of: dt.date | None) -> Iterator[Intensity]:
    """Of each product of which doses are recorded, by unit: given and planned up to `as_of`, else up to the last recorded day, also of a
    dose that was missed.

    A dose counts as planned from its target day on, or once it is recorded; one of which nothing is recorded by then was not given.
    Nothing is told of a product with a dose up to then that is not known, as a masked one is not.
    """
    if schedule.given is None:
        return
    until = as_of or max((record.date for c, record in schedule.cohort.records if c == column), default=None)
    if until is None:
        return
    groups = dict.fromkeys((row.give.product, row.give.unit) for row in schedule.rows)
    for product, unit in groups:
        rows = [k for k, row in enumerate(schedule.rows) if (row.give.product, row.give.unit) == (product, unit)]
        recorded = any(schedule.given.status[schedule.rows[k].visit, column] for k in rows)
        sums = _sums(schedule, rows, column, np.datetime64(until, "D")) if recorded else None
        if sums is not None:
            given, planned = sums
            yield Intensity(product, unit, until, given, planned, given / planned if planned else None)


def _sums(schedule: Schedule, rows: list[int], column: int, until: np.datetime64) -> tuple[float, float] | None:
    given = planned = 0.0  # whole numbers, of which all these rows have one scale
    assert schedule.given is not None
    for k in rows:
        visit, scale = schedule.rows[k].visit, schedule.rows[k].scale
        target, actual = schedule.target[visit, column], schedule.given.actual[visit, column]
        if not schedule.given_at(k)[column]:
            continue
        count = float(np.broadcast_to(schedule.count(k), len(schedule))[column])
        intended = schedule.planned[k][column] if (k, column) in schedule.written else schedule.amount[k, column]
        done = schedule.given.status[visit, column] in (Recorded.DONE, Recorded.PARTIAL)
        known = schedule.status[k][column] in KNOWN
        if target <= until or schedule.given.status[visit, column] != Recorded.NOTHING:  # it may have been given early
            planned += round(intended * scale) * count if not math.isnan(intended) else math.nan
        if done and actual <= until:
            given += round(schedule.amount[k, column] * scale) * count if known else math.nan
    scale = schedule.rows[rows[0]].scale
    return None if math.isnan(given) or math.isnan(planned) else (given / scale, planned / scale)
