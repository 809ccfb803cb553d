"""Amounts once more and naively, for one body: surfaces, ideal weights, ranges, tapers, weights that are renewed at some visits.

It was written from the words of docs/dose-rules.md and docs/doses.md and shares nothing with the program: fractions, and decimals of fifty
digits where a formula has powers.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction

Body = tuple[int | None, int | None, str | None]  # grams, millimetres, `M` or `F`; None where not known


def surface_cm2(formula: str, step: str, grams: int, mm: int) -> Fraction:
    """In square centimetres; `step` is empty, or the m2 to which it is rounded, a half up."""
    with localcontext() as context:
        context.prec = 50
        kg, cm, g = Decimal(grams) / 1000, Decimal(mm) / 10, Decimal(grams)
        m2 = {
            "Mosteller": lambda: (kg * cm / 3600).sqrt(),
            "Du Bois": lambda: Decimal("0.007184") * kg ** Decimal("0.425") * cm ** Decimal("0.725"),
            "Haycock": lambda: Decimal("0.024265") * kg ** Decimal("0.5378") * cm ** Decimal("0.3964"),
            "Boyd": lambda: Decimal("0.0003207") * cm ** Decimal("0.3") * g ** (Decimal("0.7285") - Decimal("0.0188") * g.log10()),
        }[formula]()
        unit = Decimal(step or "0.0001")
        steps = (m2 / unit + Decimal("0.5")).to_integral_value(rounding="ROUND_FLOOR")
        return Fraction(steps * unit) * 10_000


def weight_grams(by: str, body: Body) -> tuple[int | None, str]:
    """The weight that an amount per kg is by, and `stated`; None, and what it lacks."""
    grams, mm, sex = body
    if by in ("", "adjusted") and grams is None:
        return None, "needs weight"
    if not by:
        return grams, "stated"
    if mm is None:
        return None, "needs height"
    if sex is None:
        return None, "needs sex"
    inches = Fraction(mm, 10) / Fraction("2.54")
    if inches < 60:
        return None, "too short"
    ideal = (Fraction("50") if sex == "M" else Fraction("45.5")) * 1000 + 2300 * (inches - 60)
    if by == "ideal":
        return round(ideal), "stated"
    assert grams is not None
    return round(ideal + Fraction(2, 5) * (grams - ideal)), "stated"


def limited(mg: Fraction, most: Fraction | None, way: str, step: Fraction | None) -> tuple[Fraction, bool]:
    """Rounded, then capped; and whether the cap was above."""
    if step is not None:
        steps = mg / step
        mg = step * (math.ceil(steps) if way == "up" else math.floor(steps) if way == "down" else round(steps))
    return (most, True) if most is not None and mg > most else (mg, False)


def dose(
    low: Fraction, high: Fraction | None, per: str, by: str, body: Body, most: Fraction | None, way: str, step: Fraction | None,
    formula: str = "Mosteller", to: str = "",
) -> tuple[Fraction | None, Fraction | None, Fraction | None, str]:  # fmt: skip
    """The amount, or the ends of the range, and the status."""
    factor = Fraction(1)
    if per == "kg":
        grams, why = weight_grams(by, body)
        if grams is None:
            return None, None, None, why
        factor = Fraction(grams, 1000)
    elif per == "m2":
        if body[0] is None:
            return None, None, None, "needs weight"
        if body[1] is None:
            return None, None, None, "needs height"
        factor = surface_cm2(formula, to, body[0], body[1]) / 10_000
    least, capped = limited(low * factor, most, way, step)
    greatest, _ = limited((high if high is not None else low) * factor, most, way, step)
    if not least:
        return None, None, None, "out of range"
    if least != greatest:
        return None, least, greatest, "range"
    return least, None, None, "capped" if capped else "stated"


def by_age(
    bands: Sequence[tuple[int, int | None, Fraction | None, str]], years: int | None, grams: int | None, most: Fraction | None
) -> tuple[Fraction | None, str]:
    """The amount of bands by age: from so many completed years to below so many (None: and more), so much (None: not stated) per what."""
    if years is None:
        return None, "needs age"
    for low, high, mg, per in bands:
        if low <= years and (high is None or years < high):
            if mg is None:
                return None, "not stated"
            if per and grams is None:
                return None, "needs weight"
            amount, capped = limited(mg * Fraction(grams or 0, 1000) if per else mg, most, "", None)
            return amount, "capped" if capped else "stated"
    return None, "age out of range"


def by_value(
    bands: Sequence[tuple[Fraction, Fraction | None, bool, Fraction | None, str]],
    told: Sequence[tuple[dt.date, Fraction]],
    day: dt.date,
    grams: int | None,
    most: Fraction | None,
) -> tuple[Fraction | None, str, Fraction | None]:
    """The amount of bands by a value that is recorded: each from so much to so much (None: and more), with that end or without it, so much
    (None: not stated) per what; by the latest value that was told for a day on or before the dose. And that value."""
    until = [(date, value) for date, value in told if date <= day]
    if not until:
        return None, "needs value", None
    _, value = max(until)
    for low, high, with_high, mg, per in bands:
        if low <= value and (high is None or value < high or (with_high and value == high)):
            if mg is None:
                return None, "not stated", value
            if per and grams is None:
                return None, "needs weight", value
            amount, capped = limited(mg * Fraction(grams or 0, 1000) if per else mg, most, "", None)
            return amount, "capped" if capped else "stated", value
    return None, "value out of range", value


def taper(high: Fraction, by: Fraction, low: Fraction, days: int, begins: dt.date) -> Iterator[tuple[dt.date, dt.date, Fraction]]:
    """First day, last day and amount of each step."""
    while high >= low:
        yield begins, begins + dt.timedelta(days - 1), high
        begins, high = begins + dt.timedelta(days), high - by


def renewed(baseline: int, weighed: Sequence[tuple[dt.date, int]], renewals: Sequence[dt.date], day: dt.date) -> int:
    """The weight in grams of a dose of a day: the latest on or before the last of the renewing visits that has come."""
    come = [date for date in renewals if date <= day]
    known = [grams for date, grams in sorted(weighed) if come and date <= max(come)]
    return known[-1] if known else baseline
