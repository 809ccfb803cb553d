"""Columns that are given as arrays, made into those that the core takes: checked before a cast, which cuts, wraps and rounds in silence."""

from __future__ import annotations

from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nmosd_dosing.days import Dates
from nmosd_dosing.errors import Problem
from nmosd_dosing.subjects.bounds import is_date

_DAY = np.dtype("datetime64[D]")
_LONGER = ("Y", "M", "W")  # units of a date that name no day
_CANNOT = (TypeError, ValueError, OverflowError)


def day_column(name: str, value: ArrayLike, problems: list[Problem]) -> Dates:
    """Whole days, NaT where there is none; an empty column where it cannot be that, and why in `problems`."""
    try:
        given = np.asarray(value)
        return given if given.dtype == _DAY else _whole_days(given)
    except _CANNOT:
        hint = "give an array of days, as `2025-01-06`, with NaT where there is none"
        problems.append(Problem(f"`{name}` is no column of dates", hint=hint))
        return np.empty(0, dtype=_DAY)


def _whole_days(given: NDArray[Any]) -> Dates:
    """The same of texts, objects, and points of time that are the beginning of a day. Raises TypeError for whatever is no day."""
    if not given.size:
        return np.empty(given.shape, dtype=_DAY)
    if given.dtype.kind in "UO":
        if not all(map(_is_day, given.flat)):
            raise TypeError
        return given.astype(_DAY)
    if given.dtype.kind != "M" or np.datetime_data(given.dtype)[0] in _LONGER:  # a number would be days since 1970
        raise TypeError
    found: Dates = given.astype(_DAY)
    if ((found != given) & ~np.isnat(given)).any():
        raise TypeError
    return found


def _is_day(value: object) -> bool:
    if isinstance(value, np.datetime64):
        return bool(np.isnat(value)) or value.dtype == _DAY
    if isinstance(value, str):  # of a shorter text numpy makes the first day of a month, and of `today` the clock's
        return len(value) == len("2025-01-06") or value in ("NaT", "")
    return value is None or is_date(value)


def whole_numbers(name: str, value: ArrayLike, parts: int, finer: str, problems: list[Problem]) -> NDArray[np.float64] | None:
    """Numbers as a count of `parts` of their unit, such as grams of kilograms; NaN where there is none.

    None where it cannot be that, and why in `problems`; `finer` is what is said of a number between two counts.
    """
    try:
        given = np.asarray(value) if hasattr(value, "dtype") else np.asarray(value, dtype=object)  # a list may hold a bool
        kinds = set(map(type, given.flat)) if given.dtype.kind == "O" else {given.dtype.type}
        if not all(issubclass(kind, (Real, Decimal, type(None))) and not issubclass(kind, bool) for kind in kinds):
            raise TypeError
        with np.errstate(all="ignore"):  # infinite, and out of any bounds
            found = given.astype(np.float64) * parts
            counts: NDArray[np.float64] = np.rint(found)
            noise = 0.0 if parts == 1 else 0.1 if given.dtype == np.float32 else 1e-6  # 60 kg as float32 are known to some 0.01 g
            if (np.abs(found - counts) > noise).any():
                problems.append(Problem(f"`{name}`: {finer}", hint="round it"))
        return counts
    except _CANNOT:
        problems.append(Problem(f"`{name}` is no column of numbers", hint="give an array of numbers, with NaN where there is none"))
        return None


def for_everybody(name: str, found: NDArray[np.float64] | None, n: int, problems: list[Problem]) -> NDArray[np.float64]:
    """(n,) numbers; a number that stands by itself counts for everybody."""
    if found is not None and found.shape in ((), (n,)):
        return np.broadcast_to(found, n)
    if found is not None:
        problems.append(Problem(f"`{name}`: columns of different length: {n} dates, {len(found)} of `{name}`"))
    return np.broadcast_to(np.nan, n)
