"""The most of a product that anybody may get over a lifetime, and what a subject had of it before the study."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from nmosd_dosing.days import Dates
from nmosd_dosing.dose.calculation import Wholes, surface
from nmosd_dosing.dose.dose import AmountStatus, Formula, LifetimeCap, number_text
from nmosd_dosing.dose.units import converted
from nmosd_dosing.errors import InputError, Problem, one_of
from nmosd_dosing.schedule.doses.body_weights import grams_at, in_order, weight_dates
from nmosd_dosing.schedule.doses.recorded_doses import Extra
from nmosd_dosing.schedule.filling import Filling
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.study.model import Study
from nmosd_dosing.subjects.cohort import Cohort

_MILLIONTHS = 1_000_000


@dataclass(frozen=True, slots=True)
class Lifetime:
    """The cap of a product. earlier: (n,) what each subject had before, in millionths of the cap's unit, 0 where nothing is said."""

    product: str
    limit: LifetimeCap
    earlier: Wholes

    @property
    def most(self) -> float:
        """In millionths."""
        return float(self.limit.amount * _MILLIONTHS)

    def exposure(
        self, whole: Wholes, scale: int, unit: str | None, grams: Wholes, mm: Wholes, formula: Formula = "Mosteller"
    ) -> Wholes:  # fmt: skip
        """(n,) what a dose adds, in millionths of the cap's unit: divided by the weight or surface that it is given by.

        `whole / scale` is the dose in `unit`; NaN where it, the weight or the height is not known, or the units do not measure the same.
        """
        factor = converted(Fraction(1), unit, self.limit.unit)
        if factor is None:
            return np.full(len(whole), np.nan)
        millionths = whole * (float(factor) * _MILLIONTHS / scale)
        if self.limit.per == "kg":
            millionths = millionths / (grams / 1000)
        elif self.limit.per == "m2":
            millionths = millionths / (surface(grams, mm, formula) / 10_000)
        return np.rint(millionths)


def lifetimes(study: Study, cohort: Cohort) -> tuple[Lifetime, ...]:
    """The caps that a study states. Raises InputError for earlier exposure that no cap is for, or in another unit than its cap's."""
    found: dict[str, Lifetime] = {}
    for product in study.products:
        if product.lifetime is not None:
            found[product.name] = Lifetime(product.name, product.lifetime, np.zeros(len(cohort)))
    problems = []
    for column, had in cohort.earlier:
        cap = found.get(had.product)
        text = f"{number_text(had.amount)} {had.unit}{f'/{had.per}' if had.per else ''}"
        who = cohort.name(column)
        if cap is None:
            known = f"products with one are {one_of(found)}" if found else "leave it out"
            wrong = f"{who}earlier {had.product} is given, and the study states no lifetime cap of it"
            problems.append(Problem(wrong, had.place, known))
        elif had.per != cap.limit.per or (amount := converted(had.amount, had.unit, cap.limit.unit)) is None:
            problems.append(
                Problem(f"{who}earlier {had.product}, {text}, and a cap of {cap.limit.text}", had.place, "write it like the cap")
            )
        else:
            cap.earlier[column] += float(round(amount * _MILLIONTHS))
    if problems:
        raise InputError(problems)
    return tuple(found.values())


def in_words(millionths: float, limit: LifetimeCap) -> str:
    """An exposure as people read it: `132 mg/m2`."""
    return f"{number_text(round(millionths / _MILLIONTHS, 6))} {limit.unit}{f'/{limit.per}' if limit.per else ''}"


def hold_cap(schedule: Filling, cap: Lifetime, rows: list[int], extra: tuple[Extra, ...]) -> None:
    """Refuses planned doses that would pass a cap, by day. Recorded doses count and are never refused; unknown amounts add 0."""
    dates = np.array([weight_dates(schedule, schedule.rows[k].visit) for k in rows])
    adds = np.array([_exposure(schedule, cap, k, on) for k, on in zip(rows, dates, strict=True)])
    besides = np.array([_unplanned(schedule, cap, extra, on) for on in dates])
    fixed = np.array([np.broadcast_to(schedule.recorded(schedule.rows[k].visit), len(schedule)) for k in rows])
    order = in_order(schedule, rows)
    total, over, beyond = cap.earlier.copy(), np.full(adds.shape, np.nan), np.full(adds.shape, np.nan)
    for place in order[:, np.newaxis]:
        add, more, given = (np.take_along_axis(table, place, axis=0)[0] for table in (adds, besides, fixed))
        refused = (total + more + add > cap.most) & ~given & (add > 0)  # a placebo passes no cap
        np.put_along_axis(over, place, np.where(refused, total + more + add, np.nan)[np.newaxis], axis=0)
        passed = given & (total + more + add > cap.most)  # it was given all the same
        np.put_along_axis(beyond, place, np.where(passed, total + more + add, np.nan)[np.newaxis], axis=0)
        total += np.where(refused | np.isnan(add), 0.0, add)
    for k, add, would, did in zip(rows, adds, over, beyond, strict=True):
        schedule.exposure[k] = add, would, did
        refused = ~np.isnan(would)
        if refused.any():
            schedule.status[k][refused] = AmountStatus.REFUSED
            schedule.amount[k][refused] = np.nan
            schedule.steps[k][refused] = 0.0


def _exposure(schedule: Filling, cap: Lifetime, k: int, dates: Dates) -> Wholes:
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
