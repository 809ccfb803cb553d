"""The most of a product that anybody may get over a lifetime, and what a subject had of it before the study."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from nmosd_dosing.cohort import Cohort
from nmosd_dosing.doses import Formula, Limit, converted, number_text
from nmosd_dosing.errors import InputError, Problem, one_of
from nmosd_dosing.model import Study
from nmosd_dosing.reckoning import Wholes, surface

_MILLIONTHS = 1_000_000


@dataclass(frozen=True, slots=True)
class Lifetime:
    """The cap of a product. earlier: (n,) what each subject had before, in millionths of the cap's unit, 0 where nothing is said."""

    product: str
    limit: Limit
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


def in_words(millionths: float, limit: Limit) -> str:
    """An exposure as people read it: `132 mg/m2`."""
    return f"{number_text(round(millionths / _MILLIONTHS, 6))} {limit.unit}{f'/{limit.per}' if limit.per else ''}"
