"""Vials for the doses of a schedule: how many of which size, what they hold, what is drawn up. They never change what is prescribed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from nmosd_dosing.dose.calculation import Wholes, denominators, reckon, to_whole
from nmosd_dosing.dose.dose import NOT_GIVEN, Vials
from nmosd_dosing.dose.units import converted
from nmosd_dosing.dose.vials import POLICIES, Policy, pack
from nmosd_dosing.schedule.doses.body_weights import body_dates, grams_at, weight_dates
from nmosd_dosing.schedule.levels import places
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.subjects.bounds import Values
from nmosd_dosing.subjects.visit_records import Recorded


class Dispensed(Struct, frozen=True):
    """The vials of a row: (n,) each but counts, NaN where they cannot be counted.

    counts: (s, n) of each of the product's s sizes, for all administrations at the visit. total: what these hold, in the unit of
    the dose; waste: what is left of it; volume: mL to be drawn up, NaN where no concentration is stated.
    """

    vials: Vials
    counts: NDArray[np.int64]
    total: Wholes
    waste: Wholes
    volume: Wholes


def dispense(schedule: Schedule, policy: Policy) -> list[Dispensed | None]:
    """The vials for each row of a schedule; None where the product's are not stated, or not in a unit that measures the same.

    While a dose is masked they are counted by the one dose that all active arms get, for every arm alike. Rows of one product that are
    counted in the same steps are packed at once. Raises InputError for a policy that there is not.
    """
    values = Values()
    values.one_of("policy", policy, POLICIES)
    values.stop()
    found: list[Dispensed | None] = [None] * len(schedule.rows)
    together: dict[tuple[str, Fraction, int], list[tuple[int, Wholes]]] = {}
    for k, row in enumerate(schedule.rows):
        dose, vials = row.give.kit, schedule.study.product(row.give.product).vials
        unit = dose.unit if dose is not None else row.give.unit
        one = converted(Fraction(1), unit, vials.unit) if vials is not None and unit is not None else None
        if one is not None:
            whole, scale = _kits(schedule, k) if dose is not None else (_prepared(schedule, k), row.scale)
            together.setdefault((row.give.product, one, scale), []).append((k, whole))
    for (product, one, scale), rows in together.items():
        vials = schedule.study.product(product).vials
        assert vials is not None
        times = [schedule.administrations(k) for k, _ in rows]  # a vial is opened for one administration, however they are recorded
        packed = _pack(vials, np.array([whole for _, whole in rows]), times, scale, one, policy)
        for (k, _), mine in zip(rows, packed, strict=True):
            found[k] = mine
    return found


def _pack(
    vials: Vials, whole: Wholes, times: Sequence[int | Wholes], scale: int, one: Fraction, policy: Policy
) -> Iterator[Dispensed]:  # fmt: skip
    """The vials of rows (k, n) of administrations, in whole numbers of 1/scale of the dose's unit, of which `one` is in that of the vials;
    `times` (k): how many of each. Whole numbers are multiplied before they are divided, so that nothing is rounded twice."""
    whole, scale = whole * one.numerator, scale * one.denominator
    counts = pack(whole.ravel(), scale, vials.sizes, policy).reshape(len(vials.sizes), *whole.shape)
    below = math.lcm(scale, *(size.denominator for size in vials.sizes))
    held = sum((n * float(size * below) for n, size in zip(counts, vials.sizes, strict=True)), np.zeros(whole.shape))
    held = np.where(np.isnan(whole), np.nan, held)
    left = held - whole * (below // scale)
    into = float(one) * below  # whole numbers in the unit of the vials, to the unit of the dose
    for i, often in enumerate(times):
        volume = np.full(whole.shape[1], np.nan)
        if vials.concentration is not None:
            volume = whole[i] * vials.concentration.denominator * often / (scale * vials.concentration.numerator)
        yield Dispensed(vials, counts[:, i] * np.asarray(often, dtype=np.int64), held[i] * often / into, left[i] * often / into, volume)


def _prepared(schedule: Schedule, k: int) -> Wholes:
    """(n,) the doses that vials are counted by, in whole numbers: as recorded; but as planned, where a visit was carried out in part, or
    is a course, of which only the sum is recorded."""
    row = schedule.rows[k]
    amount = schedule.amount[k]
    if k in schedule.planned and schedule.visit_records is not None:
        count = schedule.administrations(k, planned=True)
        in_part = (schedule.visit_records.status[row.visit] == Recorded.PARTIAL) | (np.asarray(count) > 1)
        mine = np.isin(np.arange(len(schedule)), [column for of, column in schedule.written if of == k])
        amount = np.where(in_part & mine & (amount > 0), schedule.planned[k] / count, amount)
    whole: Wholes = np.rint(amount * row.scale)
    return whole


def _kits(schedule: Schedule, k: int) -> tuple[Wholes, int]:
    """The doses by which the vials of a masked row are counted, in whole numbers of 1/scale."""
    row = schedule.rows[k]
    dose = row.give.kit
    assert dose is not None
    kits = dose.levels.doses if dose.levels is not None else (dose,)
    scale = math.lcm(1, *(n for kit in kits for n in denominators(kit)))
    grams = grams_at(schedule, row.give.product, weight_dates(schedule, k))
    bodies = schedule.cohort.bodies(body_dates(schedule, k))
    made = [reckon(to_whole(kit, scale), grams, bodies)[0] for kit in kits]
    given = schedule.in_plan(k) & ~np.isin(schedule.status[k], NOT_GIVEN)
    if dose.levels is None:
        return np.where(given, made[0], np.nan), scale
    at = places(dose.levels, schedule.cohort, schedule.dose_days(k), slice(None))
    there = given & (at >= 0) & (at < len(kits))
    return np.where(there, np.array(made)[np.where(there, at, 0), np.arange(len(at))], np.nan), scale
