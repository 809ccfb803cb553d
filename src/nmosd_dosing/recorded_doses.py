"""Recorded doses against the planned ones, in words. How much of a masked product was given is not looked at: it could tell the arm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from nmosd_dosing.dose_records import is_masked
from nmosd_dosing.doses import AmountStatus, converted, number_text
from nmosd_dosing.model import Give
from nmosd_dosing.person import Record
from nmosd_dosing.reckoning import denominators, reckon, to_whole
from nmosd_dosing.schedule import Schedule
from nmosd_dosing.weights import grams_at, used


def wrong_dose(schedule: Schedule, rows: Sequence[int], record: Record, column: int) -> str | None:
    """What a record says that is not the plan, in words; None where it agrees or cannot be compared. `rows` are the visit's.

    How much of a masked product was given is not looked at, and which of its names is written neither: both could tell the arm.
    """
    if record.status not in ("done", "partial") or (record.product is None and record.amount is None):
        return None
    gives = {schedule.rows[k].give.product: k for k in rows}
    masked = [k for k in rows if is_masked(schedule.rows[k])]
    if any(_may_be(record.product, schedule.rows[k].give) for k in masked) or (masked and record.product is None):
        return None
    if record.product is not None and record.product not in gives:
        planned = " and ".join(schedule.rows[k].give.shown for k in rows) or "no product"
        return f"{record.product} is recorded, planned is {planned}"
    if record.amount is None or record.status != "done" or (record.product is None and len(gives) != 1):
        return None
    k = gives[record.product] if record.product is not None else rows[0]
    give, (planned_amount, _) = schedule.rows[k].give, _planned(schedule, k, column)
    if planned_amount is not None:  # a record says how much was given at the visit in all
        planned_amount *= int(np.broadcast_to(schedule.planned_count(k), len(schedule))[column])
    if planned_amount is None or converted(Fraction(record.amount), record.unit, give.unit) == planned_amount:
        return None
    words = f"{give.product} {number_text(Fraction(record.amount))} {record.unit} is recorded, planned is"
    return f"{words} {number_text(planned_amount)} {give.unit}{_other_weight(schedule, k, record, column)}"


def _other_weight(schedule: Schedule, k: int, record: Record, column: int) -> str:
    """Whether another weight was recorded than the dose is planned with, in words."""
    own = schedule.doses_for(k, column)[max(int(schedule.arm[column]), 0) if len(schedule.rows[k].give.doses) > 1 else 0]
    if record.weight_kg is None or own is None or not own.by_weight:
        return ""
    by = used(schedule.cohort, schedule.study.product(schedule.rows[k].give.product).weight, np.datetime64(record.date, "D"), column)
    if by is None or by.kg == record.weight_kg:
        return ""
    return f" (the weight recorded, {number_text(record.weight_kg)} kg, is not the one that is planned with)"


def not_compared(schedule: Schedule, rows: Sequence[int], records: Sequence[Record], column: int) -> str | None:
    """Why a recorded amount could not be compared with the plan, where something that is not given would make it possible."""
    if not any(record.amount is not None for record in records):
        return None
    for k in rows:
        _, why = (None, None) if is_masked(schedule.rows[k]) else _planned(schedule, k, column)
        if why in (AmountStatus.NEEDS_ARM, AmountStatus.NEEDS_WEIGHT, AmountStatus.NEEDS_HEIGHT):
            return f"its dose is not compared, which {why.text.replace('needs', 'needs the')}"
    return None


def _may_be(product: str | None, give: Give) -> bool:
    """Whether a record may mean a masked product, under any of the names of its arms."""
    names = {give.product, give.shown, f"{give.product} placebo", f"{give.product}/placebo", "placebo"}
    return product is not None and product.casefold() in {name.casefold() for name in names}


def _planned(schedule: Schedule, row: int, column: int) -> tuple[Fraction | None, AmountStatus]:
    """The amount of one administration that is planned, exactly; None where it cannot be told, 0 where the arm gets none; and why."""
    doses, arm = schedule.doses_for(row, column), int(schedule.arm[column])
    if len(doses) > 1 and arm < 0 and len(set(doses)) > 1:
        return None, AmountStatus.NEEDS_ARM
    own = doses[0] if len(doses) == 1 or arm < 0 else doses[arm]
    if own is None:
        return Fraction(0), AmountStatus.ABSENT
    part = slice(column, column + 1)
    rule = schedule.study.product(schedule.rows[row].give.product).weight
    grams = grams_at(schedule.cohort, rule, schedule.dates(schedule.rows[row].visit, part), part)
    scale = math.lcm(1, *denominators(own))
    whole, why = reckon(to_whole(own, scale), grams, schedule.cohort.mm[part])
    status = AmountStatus(int(np.asarray(why).flat[0]))
    return (None if np.isnan(whole[0]) else Fraction(int(whole[0]), scale)), status
