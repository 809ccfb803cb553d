"""Amount rules: from a rule and a body weight to an amount, exactly, for one person or a million.

Amounts are fractions in the rule and whole numbers in an array: a weight is whole grams, a rule per kg is a fraction per
gram, so every amount is a whole number of 1/denominator units until one division at the end. 10 mg/kg at 102.5 kg is 1025,
not 1024.9999999.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from typing import Literal

UNITS = ("mg", "g", "mcg", "mL", "cells")
_MILLIGRAMS = {"mg": Fraction(1), "g": Fraction(1000), "mcg": Fraction(1, 1000)}

Kind = Literal["stated", "placebo", "not stated", "masked"]


class AmountStatus(IntEnum):
    """Why an amount is there or not; where several hold, the first one is told."""

    STATED = 0
    MASKED = 1
    NOT_STATED = 2
    NEEDS_ARM = 3
    NEEDS_WEIGHT = 4
    ABSENT = 5  # this subject's arm does not get the product at all
    NOT_RECORDED = 6  # it was given, and nobody wrote how much

    @property
    def text(self) -> str:
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True, slots=True)
class Dose:
    """One dose of a product as the file states it.

    `amount` is in `unit`, or in `unit` per kg of body weight; None unless `kind` is "stated". `rule` is the rule in the
    file's words, `minutes` the stated time of the infusion.
    """

    kind: Kind
    amount: Fraction | None = None
    unit: str | None = None
    per_kg: bool = False
    minutes: int | None = None
    rule: str | None = None

    @property
    def status(self) -> AmountStatus:
        if self.kind == "masked":
            return AmountStatus.MASKED
        return AmountStatus.NOT_STATED if self.kind == "not stated" else AmountStatus.STATED

    @property
    def coefficients(self) -> tuple[Fraction, Fraction]:
        """The amount as (flat, per gram of body weight)."""
        amount = self.amount or Fraction(0)
        return (Fraction(0), amount / 1000) if self.per_kg else (amount, Fraction(0))


def converted(amount: Fraction, unit: str | None, to: str | None) -> Fraction | None:
    """An amount in another unit, exactly; None where the two do not measure the same."""
    if unit == to:
        return amount
    if unit not in _MILLIGRAMS or to not in _MILLIGRAMS:
        return None
    return amount * _MILLIGRAMS[unit] / _MILLIGRAMS[to]


def number_text(value: float | Fraction) -> str:
    """A number as a person writes it: `1025`, `12.8125`, never `1e+06` or `1025.0`."""
    if isinstance(value, Fraction):
        value = value.numerator if value.denominator == 1 else float(value)
    if value == int(value):
        return str(int(value))
    text = repr(float(value))
    return text if "e" not in text else f"{value:.12f}".rstrip("0").rstrip(".")
