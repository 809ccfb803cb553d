"""Dose intensity: what a subject was given of a product by a day, over what was planned by that day, had nothing been recorded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from fractions import Fraction

from nmosd_dosing.dose.dose import KNOWN, NOT_GIVEN
from nmosd_dosing.dose.units import converted
from nmosd_dosing.plans.plan import Intensity
from nmosd_dosing.schedule.subject_schedule import SubjectDose, SubjectSchedule, SubjectVisit
from nmosd_dosing.schedule.visit_states import VisitStatus

_DONE = (VisitStatus.DONE, VisitStatus.PARTIAL)
_RECORDED = (*_DONE, VisitStatus.MISSED, VisitStatus.WITHHELD)


def intensities(schedule: SubjectSchedule, original: SubjectSchedule, as_of: dt.date | None) -> Iterator[Intensity]:
    """Of each product of which doses are recorded, by unit: given and planned by `as_of`, else by the last recorded day, also of a dose
    that was missed. original: the same subject's schedule without records of visits, drawn until that day.

    Every given dose counts, under whichever name its visit is recorded, or under none. A dose of the original counts as planned from its
    target day on, or once a record says what became of it. What is given as needed is on neither side. Nothing is told of a product with
    a dose by then that is not known, as a masked one is not.
    """
    if schedule.last_recorded is None:
        return
    until = as_of or schedule.last_recorded
    told = {visit.id for visit in schedule.visits if any(record.date <= until for record in visit.records)}
    for product, unit in schedule.products:
        done = [(visit, dose) for visit, dose in _doses(schedule, product, unit) if visit.status in _RECORDED]
        if not done and all(x.product != product for x in schedule.doses_besides):
            continue
        due = [(v, d) for v, d in _doses(original, product, unit) if (v.target is not None and v.target <= until) or v.id in told]
        gives = [_amount(dose) for visit, dose in done if visit.status in _DONE and visit.actual is not None and visit.actual <= until]
        besides = [x for x in schedule.doses_besides if x.product == product and x.date <= until]
        gives += [converted(x.amount, x.unit, unit) if x.amount is not None else None for x in besides]
        given, planned = _sum(gives), _sum([_amount(dose) for _, dose in due if dose.status not in NOT_GIVEN])
        if given is not None and planned is not None:
            yield Intensity(product, unit, until, float(given), float(planned), float(given / planned) if planned else None)


def _doses(schedule: SubjectSchedule, product: str, unit: str | None) -> Iterator[tuple[SubjectVisit, SubjectDose]]:
    for visit in schedule.visits:
        for dose in visit.doses:
            if dose.in_plan and not dose.needed and (dose.give.product, dose.give.unit) == (product, unit):
                yield visit, dose


def _amount(dose: SubjectDose) -> Fraction | None:
    """What all administrations at a visit come to, 0 of one that is not given; None where it is not known."""
    if dose.status in NOT_GIVEN:
        return Fraction(0)
    return Fraction(round(dose.amount * dose.scale) * dose.administrations, dose.scale) if dose.status in KNOWN else None


def _sum(amounts: Sequence[Fraction | None]) -> Fraction | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Fraction(0)) if len(known) == len(amounts) else None
