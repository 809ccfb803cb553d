"""The most of a product that anybody may get over a lifetime, and what a subject had of it before the study."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from msgspec import Struct

from nmosd_dosing.days import Dates
from nmosd_dosing.dose.calculation import Wholes, surface
from nmosd_dosing.dose.dose import MOSTELLER, AmountStatus, LifetimeCap, Surface, number_text
from nmosd_dosing.dose.units import converted
from nmosd_dosing.errors import InputError, Problem, one_of
from nmosd_dosing.schedule.doses.body_weights import grams_at, in_order, weight_dates
from nmosd_dosing.schedule.doses.recorded_doses import Extra
from nmosd_dosing.schedule.filling import Filling
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.sentences import Sentence, joined, said
from nmosd_dosing.study.model import Study
from nmosd_dosing.subjects.cohort import Cohort

_NEAR = 1e-9  # of a cap: so near to it only fractions can tell whether it is passed


class Lifetime(Struct, frozen=True):
    """The cap of a product. earlier: by column, what subjects had of it before, in the cap's unit."""

    product: str
    limit: LifetimeCap
    earlier: dict[int, Fraction]

    def factor(self, unit: str | None) -> Fraction | None:
        """What one of `unit` is in that of the cap; None where the two do not measure the same."""
        return converted(Fraction(1), unit, self.limit.unit)

    def bodies(self, grams: Wholes, mm: Wholes, by: Surface = MOSTELLER) -> tuple[Wholes, int]:
        """(n,) what a dose is divided by, in whole numbers, and how many of these are one kg or m2."""
        if self.limit.per == "kg":
            return grams, 1000
        return (surface(grams, mm, by), 10_000) if self.limit.per == "m2" else (np.ones(len(grams)), 1)


def lifetimes(study: Study, cohort: Cohort) -> tuple[Lifetime, ...]:
    """The caps that a study states. Raises InputError for earlier exposure that no cap is for, or in another unit than its cap's."""
    found: dict[str, Lifetime] = {}
    for product in study.products:
        if product.lifetime is not None:
            found[product.name] = Lifetime(product.name, product.lifetime, {})
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
            wrong = f"{who}earlier {had.product}, {text}, and a cap of {cap.limit.text}"
            problems.append(Problem(wrong, had.place, "write it like the cap"))
        else:
            cap.earlier[column] = cap.earlier.get(column, Fraction(0)) + amount
    if problems:
        raise InputError(problems)
    return tuple(found.values())


def in_words(total: float, limit: LifetimeCap) -> Sentence:
    """A total as people read it: `132 mg/m2`; `just above 10 mg/kg` where the digits shown are those of the cap that it passes."""
    shown = round(total, 6)
    amount = f"{number_text(shown)} {limit.unit}{f'/{limit.per}' if limit.per else ''}"
    return said("just above {amount}", amount=amount) if shown <= limit.amount < total else joined("", [amount])


class _Doses(Struct, frozen=True):
    """What a cap counts: (k, n) the doses of its rows, in whole numbers, and what each is divided by; NaN where it is not known.

    factors: what one of a row's whole numbers is in the cap's unit, None where the two do not measure the same. one: how many whole
    numbers of a body are one kg or m2.
    """

    whole: Wholes
    bodies: Wholes
    factors: tuple[Fraction | None, ...]
    one: int

    def adds(self) -> Wholes:
        """(k, n) what each adds, as near as floating point comes."""
        factors = np.array([[math.nan if factor is None else float(factor * self.one)] for factor in self.factors])
        found: Wholes = self.whole * factors / self.bodies
        return found

    def exactly(self, k: int, column: int) -> Fraction:
        """What one adds, where it is known."""
        factor = self.factors[k]
        assert factor is not None
        return int(self.whole[k, column]) * factor * self.one / int(self.bodies[k, column])


def hold_cap(schedule: Filling, cap: Lifetime, rows: list[int], extra: tuple[Extra, ...]) -> None:
    """Refuses planned doses that would pass a cap, by day: one that just reaches it is given, since what is near is summed in fractions.
    Recorded doses count and are never refused; unknown amounts add 0."""
    dates = np.array([weight_dates(schedule, k) for k in rows])
    doses, besides = _counted(schedule, cap, rows, dates), _unplanned(schedule, cap, extra)
    adds, most = doses.adds(), float(cap.limit.amount)
    fixed = np.array([np.broadcast_to(schedule.recorded(schedule.rows[k].visit), len(schedule)) for k in rows])
    more = np.zeros(adds.shape)
    days = np.array([schedule.visit_days(schedule.rows[k].visit) for k in rows])
    for e, amount in besides:
        more[:, e.column] += np.where(e.counts(days[:, e.column]), float(amount), 0.0)
    order = in_order(schedule, rows)
    total, over, beyond = np.zeros(len(schedule)), np.full(adds.shape, np.nan), np.full(adds.shape, np.nan)
    for column, had in cap.earlier.items():
        total[column] = float(had)
    summed = np.zeros(adds.shape, dtype=bool)
    everybody = np.arange(len(schedule))
    for at in order:
        add, given = adds[at, everybody], fixed[at, everybody]
        would = total + more[at, everybody] + add
        passes = would > most
        for column in np.flatnonzero(np.abs(would - most) <= _NEAR * most).tolist():
            mine = [*np.flatnonzero(summed[:, column]).tolist(), at[column]]
            beside = [amount for e, amount in besides if e.column == column and e.counts(days[at[column], column])]
            exact = sum([doses.exactly(k, column) for k in mine], sum(beside, cap.earlier.get(column, Fraction(0))))
            passes[column] = exact > cap.limit.amount
        passes &= add > 0  # a placebo passes no cap, nor what was not given
        shown = np.maximum(would, np.nextafter(most, math.inf))
        refused = passes & ~given
        over[at, everybody] = np.where(refused, shown, np.nan)
        beyond[at, everybody] = np.where(passes & given, shown, np.nan)  # it was given all the same
        counts = ~refused & ~np.isnan(add)
        summed[at, everybody] = counts
        total += np.where(counts, add, 0.0)
    for k, add, would, did in zip(rows, adds, over, beyond, strict=True):
        schedule.exposure[k] = add, would, did
        refused = ~np.isnan(would)
        if refused.any():
            schedule.status[k][refused] = AmountStatus.REFUSED
            schedule.amount[k][refused] = np.nan
            schedule.cumulative[k, refused] = 0.0


def _counted(schedule: Filling, cap: Lifetime, rows: list[int], dates: Dates) -> _Doses:
    """The doses of some rows, on these days."""
    bodies, factors, one = [], [], 1
    for k, on in zip(rows, dates, strict=True):
        give, factor = schedule.rows[k].give, cap.factor(schedule.rows[k].give.unit)
        by = next((dose.surface for dose in give.doses if dose is not None and dose.by_surface), MOSTELLER)
        body, one = cap.bodies(grams_at(schedule, cap.product, on), schedule.cohort.mm, by)
        bodies.append(body)
        factors.append(factor / schedule.rows[k].scale if factor is not None else None)
    return _Doses(schedule.cumulative[rows], np.array(bodies), tuple(factors), one)


def _unplanned(schedule: Schedule, cap: Lifetime, extra: tuple[Extra, ...]) -> list[tuple[Extra, Fraction]]:
    """What doses at unscheduled visits add: with how much; nothing where that is not known."""
    cohort, found = schedule.cohort, []
    for e in extra:
        if e.product == cap.product and e.amount is not None and (factor := cap.factor(e.unit)) is not None:
            one = slice(e.column, e.column + 1)
            body, of_one = cap.bodies(grams_at(schedule, cap.product, np.array([e.date]), one), cohort.mm[one])
            if not np.isnan(body[0]):
                found.append((e, e.amount * factor * of_one / int(body[0])))
    return found
