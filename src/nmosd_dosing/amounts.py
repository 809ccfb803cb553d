"""The doses of a schedule: amounts, as planned or as given, and what they add up to. Whole numbers inside, so that sums are exact."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from nmosd_dosing.cohort import Cohort
from nmosd_dosing.doses import AmountStatus, Dose, converted, number_text
from nmosd_dosing.given import Given
from nmosd_dosing.model import Give, Study
from nmosd_dosing.person import Record
from nmosd_dosing.schedule import Row, Schedule

Amounts = Mapping[int, Mapping[int, Fraction | None]]  # by row and column; None where it was given and nobody wrote how much


@dataclass(frozen=True, slots=True)
class Rule:
    """A row's doses as whole numbers: amount = (flat + per_gram x grams) / scale, by arm.

    `group` is the product and unit whose amounts are added up; all its rules have one scale. `changes`: the same from an event on.
    """

    group: tuple[str, str | None]
    scale: int
    flat: tuple[int, ...]
    per_gram: tuple[int, ...]
    status: tuple[AmountStatus, ...]
    changes: tuple[tuple[str, Rule], ...] = ()

    @property
    def by_arm(self) -> bool:
        return len({*zip(self.flat, self.per_gram, self.status, strict=True)}) > 1


def read_recorded(rows: tuple[Row, ...], given: Given | None) -> Amounts:
    """The amounts that records state, of doses that are not masked: what was not given is 0."""
    if given is None:
        return {}
    by_visit: dict[int, list[int]] = {}
    for k, row in enumerate(rows):
        by_visit.setdefault(row.visit, []).append(k)
    found: dict[int, dict[int, Fraction | None]] = {}
    for (visit, column), records in given.records.items():
        here = by_visit.get(visit, [])
        for k in here:
            if any(dose is not None and dose.kind == "masked" for dose in rows[k].give.doses):
                continue
            mine = [r for r in records if r.product in (None, rows[k].give.product)]
            stated, amount = _amount(mine[0] if mine else None, rows[k].give, alone=len(here) == 1)
            if stated:
                found.setdefault(k, {})[column] = amount
    return found


def _amount(record: Record | None, give: Give, alone: bool) -> tuple[bool, Fraction | None]:
    """Whether a record says another amount than the plan, and which; None where it cannot be told."""
    if record is None:
        return True, None
    if record.status in ("missed", "withheld"):
        return True, Fraction(0)
    if record.amount is None:
        return record.status == "partial", None
    return True, converted(Fraction(record.amount), record.unit, give.unit) if alone or record.product else None


@dataclass(frozen=True, slots=True)
class Extra:
    """A dose that was given at a visit which is not planned. amount: None where nobody wrote how much."""

    column: int
    date: np.datetime64
    product: str
    unit: str | None
    amount: Fraction | None


def read_extra(study: Study, rows: tuple[Row, ...], given: Given | None) -> tuple[Extra, ...]:
    """The doses of unscheduled visits. How much of a product that is masked somewhere is not read: it could tell the arm."""
    masked = {row.give.product for row in rows if row.give.mask is not None or _is_masked(row)}
    found = []
    for column, record in given.extra if given is not None else ():
        if record.status not in ("done", "partial") or (record.product is None and record.amount is None):
            continue
        product = record.product if record.product is not None or len(study.products) > 1 else study.products[0].name
        known_products = {p.name for p in study.products}
        if product is not None and product not in known_products:
            continue  # `check` and the notes tell it
        for name in (product,) if product is not None else dict.fromkeys(row.give.product for row in rows):
            known = record.amount is not None and product is not None and name not in masked
            amount = Fraction(record.amount) if known and record.amount is not None else None
            found.append(Extra(column, np.datetime64(record.date, "D"), name, record.unit, amount))
    return tuple(found)


def _is_masked(row: Row) -> bool:
    return any(dose is not None and dose.kind == "masked" for dose in row.give.doses)


def rules_of(rows: tuple[Row, ...], recorded: Amounts, extra: tuple[Extra, ...]) -> tuple[Rule, ...]:
    """The rule of each row, in whole numbers for what is planned and for what is recorded."""
    scales: dict[tuple[str, str | None], int] = {}
    for k, row in enumerate(rows):
        group = (row.give.product, row.give.unit)
        doses = [*row.give.doses, *(dose for _, changed in row.give.changes for dose in changed)]
        parts = [c for dose in doses if dose is not None for c in dose.coefficients]
        parts += [amount for amount in recorded.get(k, {}).values() if amount is not None]
        same = [converted(e.amount, e.unit, row.give.unit) for e in extra if e.amount is not None and e.product == group[0]]
        parts += [amount for amount in same if amount is not None]
        scales[group] = math.lcm(scales.get(group, 1), *(part.denominator for part in parts))
    return tuple(_rule(row.give, row.give.doses, scales) for row in rows)


def _rule(give: Give, doses: tuple[Dose | None, ...], scales: dict[tuple[str, str | None], int]) -> Rule:
    group = (give.product, give.unit)
    scale = scales[group]
    flat, per_gram, status = [], [], []
    for dose in doses:
        a, b = dose.coefficients if dose is not None else (0, 0)
        flat.append(int(a * scale))
        per_gram.append(int(b * scale))
        status.append(dose.status if dose is not None else AmountStatus.ABSENT)
    changes = tuple(
        (event, _rule(give, tuple(new or old for new, old in zip(changed, doses, strict=True)), scales))
        for event, changed in (give.changes if doses is give.doses else ())
    )
    return Rule(group, scale, tuple(flat), tuple(per_gram), tuple(status), changes)


def statuses(rules: tuple[Rule, ...], cohort: Cohort, recorded: Amounts) -> tuple[NDArray[np.uint8], ...]:
    """(n,) of AmountStatus for each rule, before any event or record has changed it."""
    made: dict[Rule, NDArray[np.uint8]] = {}
    for rule in dict.fromkeys(rules):
        made[rule] = _status(rule, cohort, slice(None))
    return tuple(made[rule].copy() if rule.changes or k in recorded else made[rule] for k, rule in enumerate(rules))


def _status(rule: Rule, cohort: Cohort, part: slice) -> NDArray[np.uint8]:
    grams, arm = cohort.grams[part], cohort.arm[part]
    if rule.by_arm:
        status = np.array([*rule.status, AmountStatus.NEEDS_ARM], dtype=np.uint8)[arm]  # -1: the last
        per_gram = np.array([*rule.per_gram, 0])[arm] != 0
    else:
        status = np.broadcast_to(np.uint8(rule.status[0]), len(grams))
        per_gram = np.broadcast_to(np.bool_(rule.per_gram[0] != 0), len(grams))
    if any(rule.per_gram) and np.isnan(grams).any():
        needs = np.isnan(grams) & per_gram & (status == AmountStatus.STATED)
        status = np.where(needs, np.uint8(AmountStatus.NEEDS_WEIGHT), status)
    return status


def fill_doses(schedule: Schedule, rules: tuple[Rule, ...], recorded: Amounts, extra: tuple[Extra, ...], part: slice) -> None:
    """Writes amounts and cumulative amounts of some subjects into the schedule, whose dates are there."""
    cohort = schedule.cohort
    grams, arm = cohort.grams[part], cohort.arm[part]
    totals = {rule.group: np.zeros(len(grams)) for rule in rules}
    amounts: dict[Rule, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
    for k, rule in enumerate(rules):
        if rule not in amounts:
            whole = _whole(rule, grams, arm)
            amounts[rule] = whole, whole / rule.scale
        whole, amount = amounts[rule]
        if rule.changes or k in recorded:
            whole = _as_given(schedule, k, rule, whole, recorded, part)
            amount = whole / rule.scale
        schedule.amount[k, part] = amount
        if _may_be_missing(schedule, k):
            visit = schedule.rows[k].visit
            gone = schedule.not_given(k, part) | schedule.not_planned(visit, part) | schedule.dose_cancelled(visit, part)
            whole = np.where(gone, 0.0, whole)
            schedule.amount[k, part][gone] = np.nan
        totals[rule.group] += whole
        for group, total in totals.items():
            if group[0] == rule.group[0] and group != rule.group:  # an unknown amount may be in any of the product's units
                total[np.isnan(whole)] = np.nan
        np.divide(totals[rule.group], rule.scale, out=schedule.cumulative[k, part])
        _add_extra(schedule, k, rule, extra, part)


def _add_extra(schedule: Schedule, k: int, rule: Rule, extra: tuple[Extra, ...], part: slice) -> None:
    """Adds what was given at unscheduled visits to the totals of later ones."""
    mine = [e for e in extra if e.product == rule.group[0]]
    if not mine:
        return
    begin, end = part.start or 0, (part.start or 0) + len(schedule.cumulative[k, part])
    visit = schedule.rows[k].visit
    dates = np.where(np.isnat(schedule.dates(visit)), schedule.target[visit], schedule.dates(visit))
    for e in mine:
        if begin <= e.column < end and e.date <= dates[e.column]:
            amount = converted(e.amount, e.unit, schedule.rows[k].give.unit) if e.amount is not None else None
            more = math.nan if amount is None else float(amount * rule.scale)
            whole = np.rint(schedule.cumulative[k, e.column] * rule.scale)
            schedule.cumulative[k, e.column] = (whole + more) / rule.scale


def _as_given(schedule: Schedule, k: int, rule: Rule, whole: NDArray[np.float64], recorded: Amounts, part: slice) -> NDArray[np.float64]:
    """The amounts after the events that change them, and as they are recorded."""
    cohort = schedule.cohort
    whole = whole.copy()
    dates = schedule.dates(schedule.rows[k].visit, part)
    for event, changed in rule.changes:
        since: NDArray[np.bool_] = cohort.first(event)[part] <= dates
        whole[since] = _whole(changed, cohort.grams[part], cohort.arm[part])[since]
        schedule.status[k][part][since] = _status(changed, cohort, part)[since]
    begin = part.start or 0
    for column, amount in recorded.get(k, {}).items():
        if begin <= column < begin + len(whole):
            whole[column - begin] = math.nan if amount is None else float(amount * rule.scale)
            schedule.status[k][column] = AmountStatus.NOT_RECORDED if amount is None else AmountStatus.STATED
    return whole


def _may_be_missing(schedule: Schedule, k: int) -> bool:
    row = schedule.rows[k]
    visit, give = schedule.visits[row.visit], row.give
    own = schedule.parts[schedule.part_of[row.visit]]
    some_arms = None in give.doses or len(visit.arms) < len(schedule.period(row.visit).arms)
    return some_arms or give.open_ended or schedule.until is not None or bool(own.limits) or len(schedule.parts) > 1


def _whole(rule: Rule, grams: NDArray[np.float64], arm: NDArray[np.int16]) -> NDArray[np.float64]:
    """Amounts times the rule's scale: whole numbers; NaN where unknown."""
    flat = [float(f) if s in (AmountStatus.STATED, AmountStatus.ABSENT) else math.nan for f, s in zip(rule.flat, rule.status, strict=True)]
    if not rule.by_arm:
        whole = np.full(len(grams), flat[0])
        return whole + rule.per_gram[0] * grams if rule.per_gram[0] else whole
    whole = np.array([*flat, math.nan])[arm]
    if any(rule.per_gram):
        per_gram = np.array([*rule.per_gram, 0], dtype=np.float64)[arm]
        whole += np.where(per_gram != 0, per_gram * grams, 0.0)
    return whole


# --- what was given against what is planned -----------------------------------------------------------------------------


def wrong_dose(schedule: Schedule, rows: Sequence[int], record: Record, column: int) -> str | None:
    """What a record says that is not the plan, in words; None where it agrees or cannot be compared. `rows` are the visit's.

    How much of a masked product was given is not looked at, and which of its names is written neither: both could tell the arm.
    """
    if record.status not in ("done", "partial") or (record.product is None and record.amount is None):
        return None
    gives = {schedule.rows[k].give.product: k for k in rows}
    masked = [k for k in rows if _is_masked(schedule.rows[k])]
    if any(_may_be(record.product, schedule.rows[k].give) for k in masked) or (masked and record.product is None):
        return None
    if record.product is not None and record.product not in gives:
        planned = " and ".join(schedule.rows[k].give.shown for k in rows) or "no product"
        return f"{record.product} is recorded, planned is {planned}"
    if record.amount is None or record.status != "done" or (record.product is None and len(gives) != 1):
        return None
    k = gives[record.product] if record.product is not None else rows[0]
    give, planned_amount = schedule.rows[k].give, _planned(schedule, k, column)
    if planned_amount is None or converted(Fraction(record.amount), record.unit, give.unit) == planned_amount:
        return None
    words = f"{give.product} {number_text(Fraction(record.amount))} {record.unit} is recorded, planned is"
    by_weight = schedule.doses_for(k, column)[max(int(schedule.arm[column]), 0) if len(give.doses) > 1 else 0]
    weight = f" (the weight recorded, {number_text(record.weight_kg)} kg, is not the one that is planned with)" if record.weight_kg else ""
    return f"{words} {number_text(planned_amount)} {give.unit}{weight if by_weight is not None and by_weight.per_kg else ''}"


def not_compared(schedule: Schedule, rows: Sequence[int], records: Sequence[Record], column: int) -> str | None:
    """Why a recorded amount could not be compared with the plan, where something that is not given would make it possible."""
    if not any(record.amount is not None for record in records):
        return None
    for k in rows:
        if not _is_masked(schedule.rows[k]) and _planned(schedule, k, column) is None:
            doses, arm = schedule.doses_for(k, column), int(schedule.arm[column])
            needs_arm = len(set(doses)) > 1 and arm < 0
            needs_weight = any(dose is not None and dose.per_kg for dose in doses) and bool(np.isnan(schedule.grams[column]))
            if needs_arm or needs_weight:
                return f"its dose is not compared, which needs the {'arm' if needs_arm else 'weight'}"
    return None


def _may_be(product: str | None, give: Give) -> bool:
    """Whether a record may mean a masked product, under any of the names of its arms."""
    names = {give.product, give.shown, f"{give.product} placebo", f"{give.product}/placebo", "placebo"}
    return product is not None and product.casefold() in {name.casefold() for name in names}


def _planned(schedule: Schedule, row: int, column: int) -> Fraction | None:
    """The amount that is planned, exactly; None where it cannot be told, 0 where the arm gets none."""
    doses, arm = schedule.doses_for(row, column), int(schedule.arm[column])
    if len(doses) > 1 and arm < 0 and len(set(doses)) > 1:
        return None
    own = doses[0] if len(doses) == 1 or arm < 0 else doses[arm]
    if own is None:
        return Fraction(0)
    if own.kind == "not stated":
        return None
    flat, per_gram = own.coefficients
    grams = schedule.grams[column]
    if per_gram and np.isnan(grams):
        return None
    return flat + (per_gram * int(grams) if per_gram else 0)
