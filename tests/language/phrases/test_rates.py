"""Rates, shares and ranges of days: each text means what it says, for any number and unit."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing.days import Offset
from nmosd_dosing.errors import Document, Place
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases.rates import DAYS_IN, accrual, delay, hazard, scatter, share
from tests.kit.assumed import quick


def scalar(text: str) -> Scalar:
    return Scalar(text, Place(Document("text", text), 0, max(1, len(text))), exact=True)


@quick
@given(st.decimals(0, 1000, places=6, allow_nan=False), st.sampled_from(sorted(DAYS_IN)), st.integers(1, 10_000))
def test_a_rate_and_its_text(number: Any, unit: str, since: int) -> None:
    """The text of a rate gives back so many in the unit's days, exactly, whatever is around it."""
    text = f"{number:f} per {unit}"
    for read_rate, begins, when in (
        (accrual, f" from {dt.date(1900, 1, 1) + dt.timedelta(since)}", dt.date(1900, 1, 1) + dt.timedelta(since)),
        (hazard, f" from {since} days", Offset(since)),
    ):
        found = read_rate(scalar(f"  {text}{begins} "))
        assert found.per_day * DAYS_IN[unit] == Fraction(str(number))
        assert found.since == when
        assert read_rate(scalar(text)).since is None


@quick
@given(st.decimals(0, 100, places=4, allow_nan=False))
def test_a_share_and_its_text(number: Any) -> None:
    assert share(scalar(f"{number:f} %")) == Fraction(str(number)) / 100


@quick
@given(st.integers(-180, 180), st.integers(-180, 180))
def test_days_and_their_text(a: int, b: int) -> None:
    low, high = sorted((a, b))
    assert scatter(scalar(f"{low} to {high} days")) == (low, high)
    if low >= 0:
        assert delay(scalar(f"{low} to {high} days")) == (low, high)
