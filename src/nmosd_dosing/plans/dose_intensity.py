"""Dose intensity: what a subject was given of a product, against what was planned up to the same day."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence

from nmosd_dosing.dose.dose import KNOWN
from nmosd_dosing.plans.plan import Intensity
from nmosd_dosing.schedule.schedule import VisitStatus
from nmosd_dosing.schedule.subject_schedule import SubjectDose, SubjectSchedule, SubjectVisit

_DONE = (VisitStatus.DONE, VisitStatus.PARTIAL)
_RECORDED = (*_DONE, VisitStatus.MISSED, VisitStatus.WITHHELD)


def intensities(schedule: SubjectSchedule, as_of: dt.date | None) -> Iterator[Intensity]:
    """Of each product of which doses are recorded, by unit: given and planned up to `as_of`, else up to the last recorded day, also of a
    dose that was missed.

    A dose counts as planned from its target day on, or once it is recorded; one of which nothing is recorded by then was not given.
    Nothing is told of a product with a dose up to then that is not known, as a masked one is not.
    """
    until = as_of or schedule.last_recorded
    if schedule.last_recorded is None or until is None:
        return
    for product, unit in schedule.products:
        doses = [(v, dose) for v in schedule.visits for dose in v.doses if (dose.give.product, dose.give.unit) == (product, unit)]
        sums = _sums(doses, until) if any(visit.status in _RECORDED for visit, _ in doses) else None
        if sums is not None:
            given, planned = sums
            yield Intensity(product, unit, until, given, planned, given / planned if planned else None)


def _sums(doses: Sequence[tuple[SubjectVisit, SubjectDose]], until: dt.date) -> tuple[float, float] | None:
    given = planned = 0.0  # whole numbers, of which all these doses have one scale
    scale = doses[0][1].scale
    for visit, dose in doses:
        if not dose.in_plan:
            continue
        due = visit.target is not None and visit.target <= until
        if due or visit.status in _RECORDED:  # it may have been given early
            planned += round(dose.planned * scale) * dose.administrations if not math.isnan(dose.planned) else math.nan
        if visit.status in _DONE and visit.actual is not None and visit.actual <= until:
            given += round(dose.amount * scale) * dose.administrations if dose.status in KNOWN else math.nan
    return None if math.isnan(given) or math.isnan(planned) else (given / scale, planned / scale)
