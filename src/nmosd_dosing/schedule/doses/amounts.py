"""The doses of a schedule: amounts, as planned or as given, and what they add up to. Whole numbers inside, so that sums are exact."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from nmosd_dosing.dose.calculation import Bodies, Statuses, WholeDose, Wholes, denominators, reckon, to_whole
from nmosd_dosing.dose.dose import AmountStatus, Dose, Value, WeightRule
from nmosd_dosing.dose.units import converted
from nmosd_dosing.schedule.doses.body_weights import body_dates, grams_at, in_order, per_baseline_kg, series, weight_dates
from nmosd_dosing.schedule.doses.lifetime_caps import Lifetime, hold_cap, lifetimes
from nmosd_dosing.schedule.doses.recorded_doses import Amounts, Extra, read_extra, read_recorded
from nmosd_dosing.schedule.doses.taken_away import rows_taken, take_away
from nmosd_dosing.schedule.event_changes import way
from nmosd_dosing.schedule.filling import Filling
from nmosd_dosing.schedule.levels import UNCLEAR
from nmosd_dosing.schedule.rows import Row
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.study.model import Study
from nmosd_dosing.study.visit_rules import Give
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.visit_records import VisitRecords


class Rule(Struct, frozen=True):
    """A row's doses in whole numbers of 1/`scale`, by arm; None where an arm gets none.

    `group` is the product and unit whose amounts are added up; all its rules have one scale. `changes`: the same in each of the ways
    that events may bring.
    """

    group: tuple[str, str | None]
    scale: int
    doses: tuple[WholeDose | None, ...]
    weight: WeightRule | None
    changes: tuple[Rule, ...] = ()

    @property
    def by_arm(self) -> bool:
        return len(set(self.doses)) > 1

    @property
    def by_weight(self) -> bool:
        return any(dose is not None and dose.by_weight for rule in (self, *self.changes) for dose in rule.doses)

    @property
    def by_value(self) -> bool:
        return any(dose is not None and isinstance(dose.banded_by, Value) for rule in (self, *self.changes) for dose in rule.doses)

    @property
    def times(self) -> tuple[int, ...]:
        """How often on each day, by arm."""
        return tuple(dose.times if dose is not None else 1 for dose in self.doses)


class Doses(Struct, frozen=True):
    """What is known of a schedule's doses before it has dates: the rule of each row, what is recorded, what was given besides, caps."""

    rules: tuple[Rule, ...]
    recorded: Amounts
    extra: tuple[Extra, ...]
    lifetimes: tuple[Lifetime, ...]


def read_doses(study: Study, rows: tuple[Row, ...], records: VisitRecords | None, cohort: Cohort) -> Doses:
    """The doses of some rows. Raises InputError for earlier exposure that is not in the unit of its cap."""
    recorded, extra = read_recorded(rows, records, cohort), read_extra(study, [row.give for row in rows], cohort, records)
    return Doses(_rules_of(study, rows, recorded, extra), recorded, extra, lifetimes(study, cohort))


# --- rules --------------------------------------------------------------------------------------------------------------


def _rules_of(study: Study, rows: tuple[Row, ...], recorded: Amounts, extra: tuple[Extra, ...]) -> tuple[Rule, ...]:
    """The rule of each row, in whole numbers for what is planned and for what is recorded."""
    scales: dict[tuple[str, str | None], int] = {}
    for k, row in enumerate(rows):
        group = (row.give.product, row.give.unit)
        doses = [*row.give.doses, *(dose for changed in row.give.ways for dose in changed)]
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
        _rule(give, tuple(new or old for new, old in zip(changed, doses, strict=True)), scale, weight)
        for changed in (give.ways if doses is give.doses else ())
    )
    whole = tuple(to_whole(dose, scale) if dose is not None else None for dose in doses)
    return Rule((give.product, give.unit), scale, whole, weight, changes)


def statuses(doses: Doses, cohort: Cohort) -> tuple[Statuses, ...]:
    """(n,) of AmountStatus for each row, as far as arms tell; the rest is filled in with the amounts. One for all where none can differ.

    Who gets a product at all is asked before amounts are there: for the days of first and last doses.
    """
    capped = {cap.product for cap in doses.lifetimes}
    made: dict[Rule, Statuses] = {}
    found = []
    for k, rule in enumerate(doses.rules):
        if rule not in made:
            one = rule.doses[0]
            static = not rule.by_arm and (one is None or (one.is_plain and not one.by_weight) or one.status != AmountStatus.STATED)
            made[rule] = _before_amounts(rule, cohort) if not static else np.broadcast_to(np.uint8(_told(one)), len(cohort))
        own = rule.changes or k in doses.recorded or rule.group[0] in capped
        own = own or rule.by_value or (rule.by_weight and series(cohort, rule.weight) is not None)
        found.append(_before_amounts(rule, cohort) if own else made[rule])
    return tuple(found)


def _told(dose: WholeDose | None) -> AmountStatus:
    return AmountStatus.ABSENT if dose is None else dose.status


def _before_amounts(rule: Rule, cohort: Cohort) -> Statuses:
    """(n,) what arms tell, to be written over."""
    if not rule.by_arm:
        return np.full(len(cohort), _told(rule.doses[0]), dtype=np.uint8)
    known: Statuses = np.array([*map(_told, rule.doses), AmountStatus.NEEDS_ARM], dtype=np.uint8)[cohort.arm]  # -1: the last
    return known


def _by_arm(rule: Rule, grams: Wholes, bodies: Bodies, arm: NDArray[np.int16]) -> tuple[Wholes, Statuses | AmountStatus]:
    """(n,) whole amounts of one administration, NaN where there is none, and why."""
    if not rule.by_arm:
        return _of_arm(rule.doses[0], grams, bodies)
    if all(dose is None or (dose.is_plain and not dose.by_weight) for dose in rule.doses):  # looked up: the commonest, and quick
        flat = [_flat(dose) for dose in rule.doses]
        known = [_told(dose) for dose in rule.doses]
        return np.array([*flat, math.nan])[arm], np.array([*known, AmountStatus.NEEDS_ARM], dtype=np.uint8)[arm]  # -1: the last
    whole = np.full(len(arm), math.nan)
    why = np.full(len(arm), AmountStatus.NEEDS_ARM, dtype=np.uint8)
    for i, dose in enumerate(rule.doses):
        mine = arm == i
        if mine.any():
            amount, status = _of_arm(dose, grams, bodies)
            whole = np.where(mine, amount, whole)
            why = np.where(mine, np.uint8(status) if isinstance(status, AmountStatus) else status, why)
    return whole, why


def _flat(dose: WholeDose | None) -> float:
    """A plain dose that is by no weight, or none."""
    if dose is not None and dose.status != AmountStatus.STATED:
        return math.nan
    return float(dose.bands[0].flat) if dose is not None and dose.bands else 0.0


def _of_arm(dose: WholeDose | None, grams: Wholes, bodies: Bodies) -> tuple[Wholes, Statuses | AmountStatus]:
    if dose is None:
        return np.zeros(len(grams)), AmountStatus.ABSENT
    return reckon(dose, grams, bodies)


def _times(rule: Rule, arm: NDArray[np.int16]) -> int | Wholes:
    """How often on each day: one number, or (n,) where arms differ; the first arm's where the arm is not known."""
    if len(set(rule.times)) == 1:
        return rule.times[0]
    return np.array([*rule.times, rule.times[0]], dtype=np.float64)[arm]


# --- amounts and totals -------------------------------------------------------------------------------------------------


def doses_of(schedule: Filling, doses: Doses) -> Callable[[slice], None]:
    """What writes amounts, statuses and cumulative amounts into the schedule, for the subjects in some columns, whose dates are there; in
    place of totals that run in the order of days, what each dose adds to them, in whole numbers. What is the same for all columns is found
    out once."""
    cohort, groups, summed_later = schedule.cohort, {rule.group for rule in doses.rules}, by_day(schedule)
    moving = [rule.by_weight and series(cohort, rule.weight) is not None for rule in doses.rules]
    anew = [mine or rule.by_value for mine, rule in zip(moving, doses.rules, strict=True)]
    as_given = [bool(rule.changes) or k in doses.recorded for k, rule in enumerate(doses.rules)]
    as_needed = [any(row.give.as_needed) for row in schedule.rows]
    may_be_missing = [_may_be_missing(schedule, k) for k in range(len(schedule.rows))]

    def fill(columns: slice) -> None:
        grams, arm, bodies = cohort.grams[columns], cohort.arm[columns], cohort.bodies(None, columns)
        totals = {group: np.zeros(len(grams)) for group in groups}
        made: dict[int, tuple[Wholes, Wholes, Statuses | AmountStatus, int | Wholes]] = {}
        written: set[int] = set()
        for k, rule in enumerate(doses.rules):
            by = grams_at(schedule, rule.group[0], weight_dates(schedule, k, columns), columns) if moving[k] else grams
            if rule.by_value:
                bodies = cohort.bodies(body_dates(schedule, k, columns), columns)
            if anew[k] or id(rule) not in made:  # rows of one rule share it
                whole, status = _by_arm(rule, by, bodies, arm)
                made[id(rule)] = whole, whole / rule.scale, status, _times(rule, arm)
            whole, amount, status, times = made[id(rule)]
            if schedule.status[k].flags.writeable and id(schedule.status[k]) not in written:
                schedule.status[k][columns] = status
                written.add(id(schedule.status[k]))
            if as_given[k]:
                whole, times = _as_given(schedule, k, rule, whole, times, by, bodies, doses.recorded, columns)
                amount = whole / rule.scale
            schedule.amount[k, columns] = amount
            count = schedule.given_days(k, columns) * times
            if k in doses.recorded:
                count = _once(k, whole, count, doses.recorded, columns)
            added = whole if isinstance(count, int) and count == 1 else whole * count
            if as_needed[k]:  # what nobody plans adds nothing until it is given
                added = np.where(schedule.status[k][columns] == AmountStatus.AS_NEEDED, 0.0, added)
            if may_be_missing[k]:
                visit = schedule.rows[k].visit
                gone = schedule.not_in_plan(k, columns) | schedule.not_planned(visit, columns) | schedule.dose_cancelled(visit, columns)
                added = np.where(gone, 0.0, added)
                schedule.amount[k, columns][gone] = np.nan
            if k in summed_later:
                schedule.cumulative[k, columns] = added
                continue
            for (product, _), total in totals.items():
                if product == rule.group[0] and total is not totals[rule.group]:
                    total[np.isnan(added)] = np.nan  # an unknown amount may be in any of the product's units
            totals[rule.group] += added
            np.divide(totals[rule.group], rule.scale, out=schedule.cumulative[k, columns])

    return fill


def by_day(schedule: Schedule) -> set[int]:
    """The rows whose totals run in the order of days, not of the plan: where visits or entries are recorded, on days of their own; of
    products that are given after events, or of which events take doses away; and of those with a lifetime's cap."""
    if schedule.visit_records is not None or schedule.cohort.entered:
        return set(range(len(schedule.rows)))
    chosen = {product.name for product in schedule.study.products if product.lifetime is not None} | set(rows_taken(schedule))
    chosen |= {row.give.product for row in schedule.rows if schedule.segments[schedule.segment_of[row.visit]].hangs_on}
    return {k for k, row in enumerate(schedule.rows) if row.give.product in chosen}


def finish_totals(schedule: Filling, doses: Doses) -> None:
    """Takes away the doses that events do, refuses what passes a lifetime's cap, sums what runs in the order of days, and adds what was
    given at unscheduled visits."""
    take_away(schedule, doses.recorded)
    for cap in doses.lifetimes:
        rows = [k for k, row in enumerate(schedule.rows) if row.give.product == cap.product]
        if rows:
            hold_cap(schedule, cap, rows, doses.extra)
    for product in {doses.rules[k].group[0] for k in by_day(schedule)}:
        _sum_by_day(schedule, product)
    for k in range(len(schedule.rows)):
        for e, more in _besides(schedule, k, doses.extra):
            scale = schedule.rows[k].scale
            schedule.cumulative[k, e.column] = (np.rint(schedule.cumulative[k, e.column] * scale) + more) / scale


def _sum_by_day(schedule: Filling, product: str) -> None:
    """The totals of a product, of each unit its own: what is not known in another unit may be in this one."""
    rows = [k for k, row in enumerate(schedule.rows) if row.give.product == product]
    order, steps = in_order(schedule, rows), schedule.cumulative[rows]
    for unit in {schedule.rows[k].give.unit for k in rows}:
        mine = np.array([schedule.rows[k].give.unit == unit for k in rows])
        own = np.array(rows)[mine]
        total = _summed(np.where(mine[:, np.newaxis] | np.isnan(steps), steps, 0.0), order)
        schedule.cumulative[own] = total[mine] / schedule.rows[own[0]].scale


def _summed(steps: Wholes, order: NDArray[np.int64]) -> Wholes:
    """(k, n) the sums in the order of each column, each at its own row."""
    made = np.empty_like(steps)
    np.put_along_axis(made, order, np.cumsum(np.take_along_axis(steps, order, axis=0), axis=0), axis=0)
    return made


def cumulative_per_kg(schedule: Schedule) -> Wholes:
    """(k, n) cumulative active drug per kg of body weight, each dose by the weight it is given by; NaN where one is unknown."""
    rows, cohort = schedule.rows, schedule.cohort
    baseline = per_baseline_kg(schedule, slice(0, len(rows)))
    later = [~np.isnat(w.dates).all(axis=0) for w in (cohort.weighed, cohort.measured) if w is not None]
    if not later:
        return baseline
    per_kg, summed_later = np.empty_like(baseline), by_day(schedule)
    extra = read_extra(schedule.study, [row.give for row in rows], cohort, schedule.visit_records)
    for product, unit in {(row.give.product, row.give.unit) for row in rows}:
        mine = [k for k, row in enumerate(rows) if (row.give.product, row.give.unit) == (product, unit)]
        order = in_order(schedule, mine) if mine[0] in summed_later else np.arange(len(mine))[:, np.newaxis]
        scale, grams = rows[mine[0]].scale, np.array([grams_at(schedule, product, weight_dates(schedule, k)) for k in mine])
        besides = [(i, e, more) for i, k in enumerate(mine) for e, more in _besides(schedule, k, extra)]
        total = np.rint(schedule.cumulative[mine] * scale)  # back to whole numbers, of which the differences are what each dose adds
        for i, e, more in besides:
            total[i, e.column] -= more
        added = np.empty_like(total)
        np.put_along_axis(added, order, np.diff(np.take_along_axis(total, order, axis=0), axis=0, prepend=0), axis=0)
        summed = _summed(np.where(added == 0, 0.0, added * 1000 / (grams * scale)), order)  # nothing, by whatever weight
        per_kg[mine] = np.where(np.isnan(grams), np.nan, summed)
        for i, e, more in besides:
            by = grams_at(schedule, product, np.array([e.date]), slice(e.column, e.column + 1))[0]
            per_kg[mine[i], e.column] += more * 1000 / (by * scale)
    return np.where(np.logical_or.reduce(later), per_kg, baseline)


def _once(k: int, whole: Wholes, count: int | Wholes, recorded: Amounts, columns: slice) -> int | Wholes:
    """(n,) how many administrations an amount is of: where it is recorded it is all that was given at the visit."""
    if isinstance(count, int) and count == 1:
        return count
    found = np.broadcast_to(np.asarray(count, dtype=np.float64), len(whole)).copy()
    begin = columns.start or 0
    mine = [column - begin for column, known in recorded[k].items() if known is not None and begin <= column < begin + len(whole)]
    found[mine] = 1
    return found


def _as_given(
    schedule: Filling, k: int, rule: Rule, whole: Wholes, times: int | Wholes, grams: Wholes, bodies: Bodies, recorded: Amounts,
    columns: slice,
) -> tuple[Wholes, int | Wholes]:  # fmt: skip
    """The amounts after the events that change them, and as they are recorded; and how often on each day."""
    cohort = schedule.cohort
    whole = whole.copy()
    chosen = way(schedule.rows[k].give, cohort, schedule.dose_days(k, columns), columns)
    whole[chosen == UNCLEAR] = math.nan
    schedule.status[k][columns][chosen == UNCLEAR] = AmountStatus.NEEDS_ARM
    for i, changed in enumerate(rule.changes):
        since = chosen == i
        other, status = _by_arm(changed, grams, bodies, cohort.arm[columns])
        whole[since] = other[since]
        schedule.status[k][columns][since] = status if isinstance(status, AmountStatus) else status[since]
        often = _times(changed, cohort.arm[columns])
        times = times if isinstance(often, int) and often == times else np.where(since, often, times).astype(np.float64)
    begin = columns.start or 0
    if k in recorded:
        count = schedule.given_days(k, columns, planned=True) * times
        schedule.planned.setdefault(k, np.empty(len(schedule)))[columns] = whole * count / rule.scale
    for column, amount in recorded.get(k, {}).items():
        if begin <= column < begin + len(whole):
            whole[column - begin] = math.nan if amount is None else float(amount * rule.scale)
            schedule.status[k][column] = AmountStatus.NOT_RECORDED if amount is None else AmountStatus.STATED
    return whole, times


def _may_be_missing(schedule: Schedule, k: int) -> bool:
    row = schedule.rows[k]
    visit, give = schedule.visits[row.visit], row.give
    own = schedule.segments[schedule.segment_of[row.visit]]
    some_arms = None in give.doses or len(visit.arms) < len(schedule.period(row.visit).arms)
    may_be_beyond = give.open_ended and not own.within(visit.offset)
    return some_arms or may_be_beyond or schedule.until is not None or bool(own.limits) or len(schedule.segments) > 1


# --- doses at visits that are not planned -------------------------------------------------------------------------------


def _besides(schedule: Schedule, k: int, extra: tuple[Extra, ...]) -> Iterator[tuple[Extra, float]]:
    """What was given at unscheduled visits of a dose's product and counts in its total, in whole numbers; NaN where that is not known."""
    row = schedule.rows[k]
    mine = [e for e in extra if e.product == row.give.product]
    dates = schedule.visit_days(row.visit) if mine else schedule.start
    for e in mine:
        if e.counts(dates[e.column]):
            amount = converted(e.amount, e.unit, row.give.unit) if e.amount is not None else None
            yield e, math.nan if amount is None else float(amount * row.scale)
