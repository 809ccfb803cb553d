"""The doses of a schedule: amounts, as planned or as given, and what they add up to. Whole numbers inside, so that sums are exact."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from nmosd_dosing.cohort import Cohort
from nmosd_dosing.days import Dates
from nmosd_dosing.doses import AmountStatus, Dose, Formula, WeightRule, converted
from nmosd_dosing.given import Given
from nmosd_dosing.lifetime import Lifetime, lifetimes
from nmosd_dosing.model import Give, Study
from nmosd_dosing.person import Record
from nmosd_dosing.reckoning import Statuses, WholeDose, Wholes, denominators, reckon, to_whole
from nmosd_dosing.schedule import Row, Schedule
from nmosd_dosing.weights import grams_at, series

Amounts = Mapping[int, Mapping[int, Fraction | None]]  # by row and column; None where it was given and nobody wrote how much


@dataclass(frozen=True, slots=True)
class Rule:
    """A row's doses in whole numbers of 1/`scale`, by arm; None where an arm gets none.

    `group` is the product and unit whose amounts are added up; all its rules have one scale. `changes`: the same from an event on.
    """

    group: tuple[str, str | None]
    scale: int
    doses: tuple[WholeDose | None, ...]
    weight: WeightRule | None
    changes: tuple[tuple[str, Rule], ...] = ()

    @property
    def by_arm(self) -> bool:
        return len(set(self.doses)) > 1

    @property
    def by_weight(self) -> bool:
        return any(dose is not None and dose.by_weight for dose in self.doses)

    @property
    def times(self) -> tuple[int, ...]:
        """How often on each day, by arm."""
        return tuple(dose.times if dose is not None else 1 for dose in self.doses)


@dataclass(frozen=True, slots=True)
class Doses:
    """What is known of a schedule's doses before it has dates: the rule of each row, what is recorded, what was given besides, caps."""

    rules: tuple[Rule, ...]
    recorded: Amounts
    extra: tuple[Extra, ...]
    lifetimes: tuple[Lifetime, ...]


def read_doses(study: Study, rows: tuple[Row, ...], given: Given | None, cohort: Cohort) -> Doses:
    """The doses of some rows. Raises InputError for earlier exposure that is not in the unit of its cap."""
    recorded, extra = _read_recorded(rows, given), read_extra(study, rows, given)
    return Doses(_rules_of(study, rows, recorded, extra), recorded, extra, lifetimes(study, cohort))


# --- what is recorded -----------------------------------------------------------------------------------------------------


def _read_recorded(rows: tuple[Row, ...], given: Given | None) -> Amounts:
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


# --- rules --------------------------------------------------------------------------------------------------------------


def _rules_of(study: Study, rows: tuple[Row, ...], recorded: Amounts, extra: tuple[Extra, ...]) -> tuple[Rule, ...]:
    """The rule of each row, in whole numbers for what is planned and for what is recorded."""
    scales: dict[tuple[str, str | None], int] = {}
    for k, row in enumerate(rows):
        group = (row.give.product, row.give.unit)
        doses = [*row.give.doses, *(dose for _, changed in row.give.changes for dose in changed)]
        parts = [n for dose in doses if dose is not None for n in denominators(dose)]
        parts += [amount.denominator for amount in recorded.get(k, {}).values() if amount is not None]
        same = [converted(e.amount, e.unit, row.give.unit) for e in extra if e.amount is not None and e.product == group[0]]
        parts += [amount.denominator for amount in same if amount is not None]
        scales[group] = math.lcm(scales.get(group, 1), *parts)
    made: dict[tuple[Give, int], Rule] = {}
    for row in rows:
        scale = scales[row.give.product, row.give.unit]
        if (row.give, scale) not in made:
            made[row.give, scale] = _rule(row.give, row.give.doses, scale, study.product(row.give.product).weight)
    return tuple(made[row.give, scales[row.give.product, row.give.unit]] for row in rows)


def _rule(give: Give, doses: tuple[Dose | None, ...], scale: int, weight: WeightRule | None) -> Rule:
    changes = tuple(
        (event, _rule(give, tuple(new or old for new, old in zip(changed, doses, strict=True)), scale, weight))
        for event, changed in (give.changes if doses is give.doses else ())
    )
    whole = tuple(to_whole(dose, scale) if dose is not None else None for dose in doses)
    return Rule((give.product, give.unit), scale, whole, weight, changes)


def statuses(doses: Doses, cohort: Cohort) -> tuple[Statuses, ...]:
    """(n,) of AmountStatus for each row: filled in with the amounts where it may differ between subjects, else one for all."""
    capped = {cap.product for cap in doses.lifetimes}
    made: dict[Rule, Statuses] = {}
    found = []
    for k, rule in enumerate(doses.rules):
        one = rule.doses[0]
        static = not rule.by_arm and (one is None or (one.is_plain and not one.by_weight) or one.status != AmountStatus.STATED)
        if rule.changes or k in doses.recorded or rule.group[0] in capped or (rule.by_weight and series(cohort, rule.weight) is not None):
            found.append(np.empty(len(cohort), dtype=np.uint8))
            continue
        if rule not in made:
            status = AmountStatus.ABSENT if one is None else one.status
            made[rule] = np.broadcast_to(np.uint8(status), len(cohort)) if static else np.empty(len(cohort), dtype=np.uint8)
        found.append(made[rule])
    return tuple(found)


def _by_arm(rule: Rule, grams: Wholes, mm: Wholes, arm: NDArray[np.int16]) -> tuple[Wholes, Statuses | AmountStatus]:
    """(n,) whole amounts of one administration, NaN where there is none, and why."""
    if not rule.by_arm:
        return _of_arm(rule.doses[0], grams, mm)
    if all(dose is None or (dose.is_plain and not dose.by_weight) for dose in rule.doses):  # looked up: the commonest, and quick
        flat = [_flat(dose) for dose in rule.doses]
        known = [AmountStatus.ABSENT if dose is None else dose.status for dose in rule.doses]
        return np.array([*flat, math.nan])[arm], np.array([*known, AmountStatus.NEEDS_ARM], dtype=np.uint8)[arm]  # -1: the last
    whole = np.full(len(arm), math.nan)
    why = np.full(len(arm), AmountStatus.NEEDS_ARM, dtype=np.uint8)
    for i, dose in enumerate(rule.doses):
        mine = arm == i
        if mine.any():
            amount, status = _of_arm(dose, grams, mm)
            whole = np.where(mine, amount, whole)
            why = np.where(mine, np.uint8(status) if isinstance(status, AmountStatus) else status, why)
    return whole, why


def _flat(dose: WholeDose | None) -> float:
    """A plain dose that is by no weight, or none."""
    if dose is not None and dose.status != AmountStatus.STATED:
        return math.nan
    return float(dose.bands[0].flat) if dose is not None and dose.bands else 0.0


def _of_arm(dose: WholeDose | None, grams: Wholes, mm: Wholes) -> tuple[Wholes, Statuses | AmountStatus]:
    if dose is None:
        return np.zeros(len(grams)), AmountStatus.ABSENT
    return reckon(dose, grams, mm)


def _times(rule: Rule, arm: NDArray[np.int16]) -> int | Wholes:
    """How often on each day: one number, or (n,) where arms differ; the first arm's where the arm is not known."""
    if len(set(rule.times)) == 1:
        return rule.times[0]
    return np.array([*rule.times, rule.times[0]], dtype=np.float64)[arm]


# --- amounts and totals -------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Running:
    """What some subjects have had so far, of each product and unit, and of it per kg."""

    totals: dict[tuple[str, str | None], Wholes]
    per_kg: dict[tuple[str, str | None], Wholes]


def fill_doses(schedule: Schedule, doses: Doses, part: slice) -> None:
    """Writes amounts, statuses and cumulative amounts of some subjects into the schedule, whose dates are there."""
    cohort = schedule.cohort
    grams, arm, mm = cohort.grams[part], cohort.arm[part], cohort.mm[part]
    running = _Running(
        {rule.group: np.zeros(len(grams)) for rule in doses.rules},
        {rule.group: np.zeros(len(grams)) for rule in doses.rules} if schedule.per_kg is not None else {},
    )
    made: dict[Rule, tuple[Wholes, Wholes, Statuses | AmountStatus]] = {}
    written: set[int] = set()
    for k, rule in enumerate(doses.rules):
        by, moving = grams, series(cohort, rule.weight) is not None and (rule.by_weight or schedule.per_kg is not None)
        if moving:
            by = grams_at(cohort, rule.weight, _dose_dates(schedule, k, part), part)
        if rule not in made or moving:
            whole, status = _by_arm(rule, by, mm, arm)
            made[rule] = whole, whole / rule.scale, status
        whole, amount, status = made[rule]
        if schedule.status[k].flags.writeable and id(schedule.status[k]) not in written:
            schedule.status[k][part] = status
            written.add(id(schedule.status[k]))  # rows of one rule share it
        times: int | Wholes = _times(rule, arm)
        if rule.changes or k in doses.recorded:
            whole, times = _as_given(schedule, k, rule, whole, times, by, doses.recorded, part)
            amount = whole / rule.scale
        schedule.amount[k, part] = amount
        count = schedule.days(schedule.rows[k].visit, part) * times
        added = whole if isinstance(count, int) and count == 1 else whole * count
        if _may_be_missing(schedule, k):
            visit = schedule.rows[k].visit
            gone = schedule.not_given(k, part) | schedule.not_planned(visit, part) | schedule.dose_cancelled(visit, part)
            added = np.where(gone, 0.0, added)
            schedule.amount[k, part][gone] = np.nan
        _add(schedule, k, rule, running, added, by, part)
        if k in schedule.steps:
            schedule.steps[k][part] = added


def _dose_dates(schedule: Schedule, k: int, part: slice) -> Dates:
    """The days of a row's doses, as recorded or planned; of one that has no day, the first of the study: its baseline weight counts."""
    dates = schedule.dates(schedule.rows[k].visit, part)
    return np.where(np.isnat(dates), schedule.start[part], dates)


def _add(schedule: Schedule, k: int, rule: Rule, running: _Running, added: Wholes, grams: Wholes, part: slice) -> None:
    total = running.totals[rule.group]
    total += added
    for group, other in running.totals.items():
        if group[0] == rule.group[0] and group != rule.group:  # an unknown amount may be in any of the product's units
            other[np.isnan(added)] = np.nan
            if running.per_kg:
                running.per_kg[group][np.isnan(added)] = np.nan
    np.divide(total, rule.scale, out=schedule.cumulative[k, part])
    if schedule.per_kg is not None:
        per_kg = running.per_kg[rule.group]
        per_kg += np.where(added == 0, 0.0, added * 1000 / (grams * rule.scale))  # nothing, by whatever weight
        schedule.per_kg[k, part] = np.where(np.isnan(grams), np.nan, per_kg)


def by_day(schedule: Schedule, doses: Doses) -> set[int]:
    """The rows whose totals run in the order of days, not of the plan: of products that are given by the plan and after events, too, and
    of those with a lifetime's cap."""
    parts: dict[str, set[int]] = {}
    for row in schedule.rows:
        parts.setdefault(row.give.product, set()).add(schedule.part_of[row.visit])
    capped = {cap.product for cap in doses.lifetimes}
    mixed = {product for product, mine in parts.items() if len(mine) > 1 and any(schedule.parts[p].event for p in mine)}
    return {k for k, row in enumerate(schedule.rows) if row.give.product in mixed | capped}


def finish_totals(schedule: Schedule, doses: Doses) -> None:
    """Refuses what passes a lifetime's cap, sums what runs in the order of days, and adds the doses of unscheduled visits."""
    for cap in doses.lifetimes:
        rows = [k for k, row in enumerate(schedule.rows) if row.give.product == cap.product]
        if rows:
            _hold_cap(schedule, cap, rows, doses.extra)
    for group in dict.fromkeys(doses.rules[k].group for k in sorted(schedule.steps)):
        _sum_by_day(schedule, group, doses)
    for k, rule in enumerate(doses.rules):
        _add_extra(schedule, k, rule, doses.extra)


def _sum_by_day(schedule: Schedule, group: tuple[str, str | None], doses: Doses) -> None:
    """The totals of a product in one unit; what is not known in another unit may be in this one."""
    rows = [k for k, rule in enumerate(doses.rules) if rule.group[0] == group[0]]
    mine = np.array([doses.rules[k].group == group for k in rows])
    dates = np.array([_dose_dates(schedule, k, slice(None)) for k in rows])
    order = _order(schedule, rows)
    steps = np.array([schedule.steps[k] for k in rows])
    steps = np.where(mine[:, np.newaxis] | np.isnan(steps), steps, 0.0)
    own = [k for k, is_mine in zip(rows, mine, strict=True) if is_mine]
    scale = doses.rules[own[0]].scale
    schedule.cumulative[own] = _summed(steps, order)[mine] / scale
    if schedule.per_kg is not None:
        rule = doses.rules[own[0]].weight
        grams = np.array([grams_at(schedule.cohort, rule, on, slice(None)) for on in dates])
        per_kg = _summed(np.where(steps == 0, 0.0, steps * 1000 / (grams * scale)), order)
        schedule.per_kg[own] = np.where(np.isnan(grams), np.nan, per_kg)[mine]


def _order(schedule: Schedule, rows: list[int]) -> NDArray[np.int64]:
    """(k, n) the rows in the order of each subject's days; what has no day comes last."""
    return np.argsort(np.array([schedule.dates(schedule.rows[k].visit) for k in rows]), axis=0, kind="stable")


def _summed(steps: Wholes, order: NDArray[np.int64]) -> Wholes:
    """(k, n) the sums in the order of each column, each at its own row."""
    made = np.empty_like(steps)
    np.put_along_axis(made, order, np.cumsum(np.take_along_axis(steps, order, axis=0), axis=0), axis=0)
    return made


def _hold_cap(schedule: Schedule, cap: Lifetime, rows: list[int], extra: tuple[Extra, ...]) -> None:
    """Refuses the doses that would pass a cap, day by day. What is recorded was given, and counts; what is not known counts nothing."""
    everybody = slice(None)
    dates = np.array([_dose_dates(schedule, k, everybody) for k in rows])
    adds = np.array([_exposure(schedule, cap, k, on) for k, on in zip(rows, dates, strict=True)])
    besides = np.array([_unplanned(schedule, cap, extra, on) for on in dates])
    fixed = np.array([np.broadcast_to(schedule.dose_recorded(schedule.rows[k].visit), len(schedule)) for k in rows])
    order = _order(schedule, rows)
    total, over = cap.earlier.copy(), np.full(adds.shape, np.nan)
    for place in order[:, np.newaxis]:
        add, more, given = (np.take_along_axis(table, place, axis=0)[0] for table in (adds, besides, fixed))
        refused = (total + more + add > cap.most) & ~given & (add > 0)  # a placebo passes no cap
        np.put_along_axis(over, place, np.where(refused, total + more + add, np.nan)[np.newaxis], axis=0)
        total += np.where(refused | np.isnan(add), 0.0, add)
    for k, add, passed in zip(rows, adds, over, strict=True):
        schedule.exposure[k] = add, passed
        refused = ~np.isnan(passed)
        if refused.any():
            schedule.status[k][refused] = AmountStatus.REFUSED
            schedule.amount[k][refused] = np.nan
            schedule.steps[k][refused] = 0.0


def _exposure(schedule: Schedule, cap: Lifetime, k: int, dates: Dates) -> Wholes:
    """(n,) what a row adds to what a cap counts, in millionths; NaN where it is not known."""
    give, everybody = schedule.rows[k].give, slice(None)
    grams = grams_at(schedule.cohort, schedule.study.product(give.product).weight, dates, everybody)
    formula: Formula = next((dose.surface for dose in give.doses if dose is not None and dose.by_surface), "Mosteller")
    return cap.exposure(schedule.steps[k], schedule.rows[k].scale, give.unit, grams, schedule.cohort.mm, formula)


def _unplanned(schedule: Schedule, cap: Lifetime, extra: tuple[Extra, ...], dates: Dates) -> Wholes:
    """(n,) what doses at unscheduled visits add by the days of a row's doses."""
    besides, cohort = np.zeros(len(schedule)), schedule.cohort
    rule = schedule.study.product(cap.product).weight
    for e in extra:
        if e.product == cap.product and e.amount is not None and e.date <= dates[e.column]:
            one = slice(e.column, e.column + 1)
            grams = grams_at(cohort, rule, np.array([e.date]), one)
            besides[e.column] += np.nan_to_num(cap.exposure(np.array([float(e.amount)]), 1, e.unit, grams, cohort.mm[one])[0])
    return besides


def _as_given(
    schedule: Schedule, k: int, rule: Rule, whole: Wholes, times: int | Wholes, grams: Wholes, recorded: Amounts, part: slice
) -> tuple[Wholes, int | Wholes]:  # fmt: skip
    """The amounts after the events that change them, and as they are recorded; and how often on each day."""
    cohort = schedule.cohort
    whole = whole.copy()
    dates = schedule.dates(schedule.rows[k].visit, part)
    for event, changed in rule.changes:
        since: NDArray[np.bool_] = cohort.first(event)[part] <= dates
        other, status = _by_arm(changed, grams, cohort.mm[part], cohort.arm[part])
        whole[since] = other[since]
        schedule.status[k][part][since] = status if isinstance(status, AmountStatus) else status[since]
        often = _times(changed, cohort.arm[part])
        times = times if isinstance(often, int) and often == times else np.where(since, often, times).astype(np.float64)
    begin = part.start or 0
    if k in recorded:
        schedule.planned.setdefault(k, np.empty(len(schedule)))[part] = whole / rule.scale
    for column, amount in recorded.get(k, {}).items():
        if begin <= column < begin + len(whole):
            whole[column - begin] = math.nan if amount is None else float(amount * rule.scale)
            schedule.status[k][column] = AmountStatus.NOT_RECORDED if amount is None else AmountStatus.STATED
    return whole, times


def _may_be_missing(schedule: Schedule, k: int) -> bool:
    row = schedule.rows[k]
    visit, give = schedule.visits[row.visit], row.give
    own = schedule.parts[schedule.part_of[row.visit]]
    some_arms = None in give.doses or len(visit.arms) < len(schedule.period(row.visit).arms)
    return some_arms or give.open_ended or schedule.until is not None or bool(own.limits) or len(schedule.parts) > 1


# --- doses at visits that are not planned -------------------------------------------------------------------------------


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
    masked = {row.give.product for row in rows if row.give.mask is not None or is_masked(row)}
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


def is_masked(row: Row) -> bool:
    return any(dose is not None and dose.kind == "masked" for dose in row.give.doses)


def _add_extra(schedule: Schedule, k: int, rule: Rule, extra: tuple[Extra, ...]) -> None:
    """Adds what was given at unscheduled visits to the totals of later ones."""
    mine = [e for e in extra if e.product == rule.group[0]]
    if not mine:
        return
    visit = schedule.rows[k].visit
    dates = np.where(np.isnat(schedule.dates(visit)), schedule.target[visit], schedule.dates(visit))
    for e in mine:
        if e.date <= dates[e.column]:
            amount = converted(e.amount, e.unit, schedule.rows[k].give.unit) if e.amount is not None else None
            more = math.nan if amount is None else float(amount * rule.scale)
            whole = np.rint(schedule.cumulative[k, e.column] * rule.scale)
            schedule.cumulative[k, e.column] = (whole + more) / rule.scale
            if schedule.per_kg is not None:
                by = grams_at(schedule.cohort, rule.weight, np.array([e.date]), slice(e.column, e.column + 1))[0]
                schedule.per_kg[k, e.column] += more * 1000 / (by * rule.scale)
