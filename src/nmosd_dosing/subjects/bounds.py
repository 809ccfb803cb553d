"""What a value may be, asked where a noun is made of it: of Python's arguments here, and of the texts of tables and options by `cells`.

A question about one value gives what is wrong with it and what to give instead; None where nothing is.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from numbers import Real
from typing import Any

from nmosd_dosing.dose.units import UNITS
from nmosd_dosing.errors import InputError, Place, Problem, clip, did_you_mean, one_of

MAX_WEIGHT_KG = 500  # the heaviest person on record weighed 635 kg
HEIGHTS_CM = (30, 272)  # the tallest person on record measured 272 cm

Wrong = tuple[str, str] | None  # what is wrong, as it stands behind the value; and what to give instead


def wrong_weight(kg: Any) -> Wrong:
    """Of a body weight in kg."""
    if _is_number(kg) and 0 < kg <= MAX_WEIGHT_KG:
        return None
    return "cannot be a body weight", f"write kilograms, more than 0 and at most {MAX_WEIGHT_KG}"


def wrong_height(cm: Any) -> Wrong:
    """Of a body height in cm."""
    low, high = HEIGHTS_CM
    if _is_number(cm) and low <= cm <= high:
        return None
    metres = _is_number(cm) and low <= cm * 100 <= high
    hint = f"write centimetres: `{(Decimal(str(cm)) * 100).normalize():f}`" if metres else f"write centimetres, {low} to {high}"
    return "cannot be a body height", hint


def wrong_given(status: str, amount: object, unit: str | None) -> tuple[str, str, str] | None:
    """Of what was given at a visit: which of `amount` and `unit` is wrong, then as of one value."""
    if amount is not None and unit is None:
        return "amount", "has no unit", f"write {one_of(UNITS)} in the column `unit`"
    if unit is not None and amount is None:
        return "unit", "without an amount", "write the amount, or leave the unit out"
    if amount and status in ("missed", "withheld"):
        return "amount", f"was not given: the visit is `{status}`", "leave amount and unit out, or write `partial`"
    return None


def _is_number(value: Any) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, Real) and not isinstance(value, bool) and (isinstance(value, (int, Fraction)) or math.isfinite(value))


@dataclass
class Values:
    """The values of a noun that is being made; what is wrong with them is raised all at once, by the names of the arguments."""

    place: Place | None = None
    found: list[Problem] = field(default_factory=list)

    def wrong(self, name: str, value: object, what: str, hint: str) -> None:
        self.found.append(Problem(f"`{name}`: {_shown(value)} {what}", self.place, hint))

    def text(self, name: str, value: object, *, needed: bool = False) -> None:
        if (needed and not value) or not (value is None or isinstance(value, str)):
            self.wrong(name, value, "is not a text", "give a text" if needed else "give a text, or leave it out")

    def one_of(self, name: str, value: object, known: Iterable[str]) -> None:
        known = tuple(known)
        if value not in known:
            self.wrong(
                name, value, "is unknown", (did_you_mean(value, known) if isinstance(value, str) else None) or f"write {one_of(known)}"
            )

    def date(self, name: str, value: object) -> None:
        if not is_date(value):
            self.wrong(name, value, "is not a date", "give a `datetime.date`, for example `datetime.date(2025, 1, 6)`")

    def weight(self, name: str, value: object) -> None:
        if value is not None and (found := wrong_weight(value)):
            self.wrong(name, value, *found)

    def height(self, name: str, value: object) -> None:
        if value is not None and (found := wrong_height(value)):
            self.wrong(name, value, *found)

    def amount(self, name: str, value: Any) -> None:
        if not _is_number(value) or value < 0:
            self.wrong(name, value, "is not an amount", "give a number, 0 or more; `decimal.Decimal` keeps its digits")

    def all_are(self, name: str, values: object, kind: type) -> None:
        if not isinstance(values, tuple) or not all(isinstance(value, kind) for value in values):
            self.wrong(name, values, f"is not a tuple of {kind.__name__}", f"give a tuple, for example `({kind.__name__}(…),)`")

    def stop(self) -> None:
        """Raises InputError where something is wrong."""
        if self.found:
            raise InputError(self.found)


def is_date(value: object) -> bool:
    """Whether a value is a whole day, and no point of time."""
    return isinstance(value, dt.date) and not isinstance(value, dt.datetime)


def the_date(name: str, value: object) -> dt.date:
    """A day that is given as a date or as YYYY-MM-DD. Raises InputError."""
    if isinstance(value, str):
        try:
            return dt.datetime.strptime(value, "%Y-%m-%d").date()
        except ValueError:
            raise InputError(Problem(f"`{name}`: {_shown(value)} is not a date", hint="write it as YYYY-MM-DD")) from None
    values = Values()
    values.date(name, value)
    values.stop()
    assert isinstance(value, dt.date)
    return value


def check_arguments(
    dates: Mapping[str, object] | None = None, of: Mapping[str, tuple[object, type]] | None = None
) -> None:  # fmt: skip
    """Raises InputError for an argument that is neither left out nor a date, or nor of its type."""
    values = Values()
    for name, value in (dates or {}).items():
        if value is not None:
            values.date(name, value)
    for name, (value, kind) in (of or {}).items():
        if value is not None and not isinstance(value, kind):
            values.wrong(name, value, f"is no {kind.__name__}", f"give a `{kind.__name__}`")
    values.stop()


def _shown(value: object) -> str:
    return f"`{clip(value if isinstance(value, str) else repr(value))}`"
