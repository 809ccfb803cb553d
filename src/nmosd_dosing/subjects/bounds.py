"""What a value may be, asked where a noun is made of it: of Python's arguments here, and of the texts of tables and options by `cells`.

A question about one value gives what is wrong with it and what to give instead; None where nothing is.
"""

from __future__ import annotations

import datetime as dt
import math
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from numbers import Real
from typing import Any

from msgspec import Struct, field

from nmosd_dosing.dose.units import UNITS
from nmosd_dosing.errors import InputError, Kind, Place, Problem, did_you_mean, one_of, shown, wrong_kind
from nmosd_dosing.sentences import Sentence, either, said

MAX_WEIGHT_KG = 500  # the heaviest person on record weighed 635 kg
MAX_AGE = 125  # the oldest person on record lived 122 years
MAX_VALUE = 1_000_000_000
HEIGHTS_CM = (30, 272)  # the tallest person on record measured 272 cm

Wrong = tuple[str, str] | None  # what is wrong, as it stands behind the value; and what to give instead


def wrong_weight(kg: Any) -> Wrong:
    """Of a body weight in kg, to the gram."""
    if not (_is_number(kg) and 0 < kg <= MAX_WEIGHT_KG):
        return said("cannot be a body weight"), said("write kilograms, more than 0 and at most {most}", most=MAX_WEIGHT_KG)
    return _finer(kg, Decimal("0.001"), said("is finer than a gram"))


def wrong_height(cm: Any) -> Wrong:
    """Of a body height in cm, to the millimetre."""
    low, high = HEIGHTS_CM
    if _is_number(cm) and low <= cm <= high:
        return _finer(cm, Decimal("0.1"), said("is finer than a millimetre"))
    hint = said("write centimetres, {low} to {high}", low=low, high=high)
    if _is_number(cm) and low <= cm * 100 <= high:  # metres
        hint = said("write centimetres: `{number}`", number=f"{(_decimal(cm) * 100).normalize():f}")
    return said("cannot be a body height"), hint


def wrong_value(value: Any) -> Wrong:
    """Of a value that was measured, such as eGFR: to the millionth of its unit."""
    if not (_is_number(value) and 0 <= value <= MAX_VALUE):
        return said("is not a value"), said("write a number, 0 to {most}", most=MAX_VALUE)
    return _finer(value, Decimal("0.000001"), said("is finer than a millionth"))


def wrong_age(years: Any) -> Wrong:
    """Of an age on day 1, in completed years."""
    if isinstance(years, int) and not isinstance(years, bool) and 0 <= years <= MAX_AGE:
        return None
    return said("is not an age"), said("write completed years on day 1 as a whole number, 0 to {most}", most=MAX_AGE)


def _finer(value: Any, step: Decimal, wrong: Sentence) -> Wrong:
    """Of a number that is no whole multiple of `step`; a binary fraction may miss it by its noise."""
    steps = _decimal(value) / step
    noise = 0 if isinstance(value, (int, Decimal, Fraction)) else Decimal("1e-6")
    return (wrong, said("write `{number}`", number=str(_decimal(value).quantize(step)))) if abs(steps - round(steps)) > noise else None


def _decimal(number: Any) -> Decimal:
    if isinstance(number, Decimal):
        return number
    return Decimal(number.numerator) / number.denominator if isinstance(number, (int, Fraction)) else Decimal(str(number))


CODE_CHARACTERS = 200


def wrong_code(text: str) -> Wrong:
    """Of a subject's code: one line that can be seen."""
    if len(text) <= CODE_CHARACTERS and text.isascii() and text.isprintable() and not text.isspace() and text:
        return None  # nearly every one, and there may be millions
    if len(text) > CODE_CHARACTERS:
        return said("has {n} characters", n=len(text)), said("a code has at most {most}", most=CODE_CHARACTERS)
    if wrong := next((c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}), None):
        return said("holds a control character (U+{number})", number=f"{ord(wrong):04X}"), said("type the code again")
    return None if text.strip() else (said("is empty"), said("give the subject's code, or leave it out"))


def wrong_given(status: str, amount: object, unit: str | None) -> tuple[str, str, str] | None:
    """Of what was given at a visit: which of `amount` and `unit` is wrong, then as of one value."""
    if amount is not None and unit is None:
        return "amount", said("has no unit"), said("write {words} in the column `unit`", words=either(UNITS))
    if unit is not None and amount is None:
        return "unit", said("without an amount"), said("write the amount, or leave the unit out")
    if amount and status in ("missed", "withheld"):
        wrong = said("was not given: the visit is `{status}`", status=status)
        return "amount", wrong, said("leave amount and unit out, or write `partial`")
    return None


def wrong_last(status: str, date: dt.date, last: dt.date) -> Wrong:
    """Of the last day of a visit that is of `date`."""
    if last < date:
        return said("is before its first day, {date}", date=str(date)), said("exchange the two, or mend one of them")
    if last > date and status in ("missed", "withheld"):
        return said("is the last day of nothing: the visit is `{status}`", status=status), said("leave it out, or write `partial`")
    return None


def _is_number(value: Any) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, Real) and not isinstance(value, bool) and (isinstance(value, (int, Fraction)) or math.isfinite(value))


class Values(Struct):
    """The values of a noun that is being made; what is wrong with them is raised all at once, by the names of the arguments."""

    place: Place | None = None
    found: list[Problem] = field(default_factory=list)

    def wrong(self, name: str, value: object, what: str, hint: str) -> None:
        self.found.append(Problem(f"`{name}`: {shown(value)} {what}", self.place, hint))

    def text(self, name: str, value: object, *, needed: bool = False) -> None:
        if not ((value is None and not needed) or (isinstance(value, str) and (value or not needed))):
            self.wrong(name, value, "is not a text", "give a text" if needed else "give a text, or leave it out")

    def one_of(self, name: str, value: object, known: Iterable[str]) -> None:
        known = tuple(known)
        if not isinstance(value, str) or value not in known:
            question = did_you_mean(value, known) if isinstance(value, str) else None
            self.wrong(name, value, "is unknown", question or f"write {one_of(known)}")

    def date(self, name: str, value: object) -> None:
        if not is_date(value):
            self.wrong(name, value, "is not a date", "give a `datetime.date`, for example `datetime.date(2025, 1, 6)`")

    def time(self, name: str, value: object) -> None:
        if not isinstance(value, dt.time) or value.tzinfo is not None:
            self.wrong(name, value, "is not a time of day", "give a `datetime.time` without a zone")

    def ask(self, wrong: Callable[[Any], Wrong], name: str, value: object) -> None:
        """What is `wrong` with a value, where there is one."""
        if value is not None and (found := wrong(value)):
            self.wrong(name, value, *found)

    def given(self, check: Callable[..., None], name: str, value: object, *more: object) -> None:
        """A check of a value, where there is one."""
        if value is not None:
            check(name, value, *more)

    def amount(self, name: str, value: Any) -> None:
        if not _is_number(value) or value < 0:
            self.wrong(name, value, "is not an amount", "give a number, 0 or more; `decimal.Decimal` keeps its digits")

    def flag(self, name: str, value: object) -> None:
        if not isinstance(value, bool):
            self.wrong(name, value, "is neither True nor False", f"give `{name}=True`, or leave it out")

    def kind(self, name: str, value: object, kind: Kind) -> None:
        if problem := wrong_kind(name, value, kind, self.place):
            self.found.append(problem)

    def whole(self, name: str, value: object, least: int, most: int | None = None) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= (most if most is not None else value):
            bounds = f"{least} to {most}" if most is not None else f"{least} or more"
            self.wrong(name, value, "is not a count", f"give a whole number, {bounds}")

    def code(self, name: str, value: object) -> None:
        self.text(name, value)
        if isinstance(value, str):
            self.ask(wrong_code, name, value)

    def all_are(self, name: str, values: object, kind: type) -> None:
        if not isinstance(values, tuple) or (values and not all(issubclass(of, kind) for of in set(map(type, values)))):
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
            raise InputError(Problem(f"`{name}`: {shown(value)} is not a date", hint="write it as YYYY-MM-DD")) from None
    values = Values()
    values.date(name, value)
    values.stop()
    assert isinstance(value, dt.date)
    return value


def the_list(name: str, value: object) -> list[Any]:
    """Several values: a list, a tuple, an array; neither a text nor a mapping. Raises InputError."""
    try:
        if isinstance(value, (str, bytes, Mapping)):
            raise TypeError
        return list(value)  # type: ignore[call-overload,no-any-return]
    except TypeError:
        raise InputError(Problem(f"`{name}`: {shown(value)} is no list", hint="give a list, for example `[…]`")) from None


def check_arguments(
    dates: Mapping[str, object] | None = None,
    of: Mapping[str, tuple[object, Kind]] | None = None,
    *,
    needed: Mapping[str, tuple[object, Kind]] | None = None,
    flags: Mapping[str, object] | None = None,
) -> None:
    """Raises InputError for an argument that is neither left out nor a date, or nor of its type; for one that is `needed` and is not of its
    type; and for a flag that is neither True nor False: any other value has a truth, and seldom the one that was meant."""
    values = Values()
    for name, value in (dates or {}).items():
        values.given(values.date, name, value)
    for name, (value, kind) in (of or {}).items():
        values.given(values.kind, name, value, kind)
    for name, (value, kind) in (needed or {}).items():
        values.kind(name, value, kind)
    for name, value in (flags or {}).items():
        values.flag(name, value)
    values.stop()
