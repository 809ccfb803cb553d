"""What sites wrote down beside a visit, and visits that are not planned. A batch of a masked dose tells the arm, and is not shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from nmosd_dosing.days import day_number, study_day, week_code
from nmosd_dosing.dose.dose import AmountStatus
from nmosd_dosing.plans.plan import Administration, PlannedVisit
from nmosd_dosing.plans.reasons import record_text
from nmosd_dosing.schedule.subject_schedule import SubjectPeriod, SubjectSchedule, SubjectVisit
from nmosd_dosing.schedule.visit_states import VisitStatusText
from nmosd_dosing.sentences import joined, said
from nmosd_dosing.study.visit_names import UNSCHEDULED, folded
from nmosd_dosing.study.visit_rules import Give
from nmosd_dosing.subjects.subject import Record
from nmosd_dosing.subjects.visit_records import may_be


def comments(records: Sequence[Record]) -> str | None:
    """The comments of some records, as they are written."""
    return "; ".join(dict.fromkeys(record.comment for record in records if record.comment)) or None


def reasons(records: Sequence[Record]) -> str | None:
    """The reasons of some records, as they are written."""
    return "; ".join(dict.fromkeys(record.reason for record in records if record.reason)) or None


def hour(records: Sequence[Record], date: dt.date | None) -> dt.time | None:
    """The first hour that some records have on a day."""
    return min((record.time for record in records if record.time is not None and record.date == date), default=None)


def batches(records: Sequence[Record], gives: Sequence[Give]) -> str | None:
    """The batches of some records of doses, `gives`; where some of these are masked, only of what names another."""
    hidden = [give for give in gives if give.mask is not None]
    open_ = {give.product for give in gives if give.mask is None}
    shown = [record for record in records if record.batch and (not hidden or record.product in open_)]
    return "; ".join(dict.fromkeys(record.batch for record in shown if record.batch)) or None


def batch_of(visit: SubjectVisit, give: Give) -> str | None:
    """The batch of one product of a visit."""
    return batches([record for record in visit.records if may_be(record, give)], [give, *(g for g in visit.visit.gives if g is not give)])


def all_gives(schedule: SubjectSchedule) -> list[Give]:
    """Whatever is given in a subject's plan."""
    return [give for visit in schedule.visits for give in visit.visit.gives]


def unscheduled(schedule: SubjectSchedule) -> Iterator[PlannedVisit]:
    """The visits that are recorded or booked and not planned: one for each day and name."""
    by_day: dict[tuple[dt.date, str], list[Record]] = {}
    for record in schedule.unscheduled:
        if record.status != "lapsed":
            by_day.setdefault((record.date, folded(_name(record))), []).append(record)
    gives = all_gives(schedule)
    masked = any(give.mask is not None for give in gives)
    for (date, _), records in sorted(by_day.items()):
        name, own = _name(records[0]), _period(schedule, date)
        days = (date - own.anchor).days if own.anchor is not None else None
        booked = all(not record.is_fact for record in records)
        yield PlannedVisit(
            id=f"{own.period.id}/{name} {date}", period=own.period.id, label=name, name=None, status=_status(records), target=None,
            actual=date if any(record.took_place for record in records) else None, booked=date if booked else None, earliest=None,
            latest=None, last=None, study_day=study_day(date, schedule.start),
            period_day=day_number(days, schedule.study.counts_from) if days is not None else None,
            week=week_code(days) if days is not None else None, assessments=(),
            administrations=tuple(a for record in records if record.took_place and (a := _dose(schedule, record, gives)) is not None),
            only_arms=(), reason=said("not planned"), record=joined("; ", dict.fromkeys(record_text(record, masked) for record in records)),
            comment=comments(records), time=hour(records, date),
        )  # fmt: skip


def _name(record: Record) -> str:
    """What a visit is called that is not planned; one that would come of something that has not happened has no name yet."""
    return record.visit if record.is_unscheduled else UNSCHEDULED


def _period(schedule: SubjectSchedule, date: dt.date) -> SubjectPeriod:
    """The period that a day falls into; the first one for a day before it."""
    begun = [own for own in schedule.periods if own.anchor is not None and own.anchor <= date]
    return begun[-1] if begun else schedule.periods[0]


def _status(records: Sequence[Record]) -> VisitStatusText:
    kinds = {record.status for record in records}
    if len(kinds) == 1:
        (kind,) = kinds
        assert kind != "lapsed"
        return kind
    return "partial" if any(record.took_place for record in records) else "missed"


def _dose(schedule: SubjectSchedule, record: Record, gives: Sequence[Give]) -> Administration | None:
    """What was given at a visit that is not planned; None where nothing was, or a name that is none of the study's may tell the arm."""
    masked = {give.product: give for give in gives if give.mask is not None}
    if record.product is None and record.amount is None:
        return None
    hidden = next((give for give in masked.values() if may_be(record, give)), None)
    products = [product.name for product in schedule.study.products]
    if masked and hidden is None and record.product not in products:
        return None
    product = record.product or (products[0] if len(products) == 1 else "")
    status = AmountStatus.MASKED if hidden else AmountStatus.NOT_RECORDED if record.amount is None else AmountStatus.STATED
    amount = float(record.amount) if record.amount is not None and not hidden else None
    return Administration(
        product=hidden.product if hidden else product, shown=hidden.shown if hidden else product, route=None, amount=amount,
        unit=None if hidden else record.unit, dose_rule=None, amount_status=status.text, total=amount, recorded=amount is not None,
        batch=batches([record], gives),
    )  # fmt: skip
