"""A dose that is reduced by rule, in one phrase: `Y 60 mg daily, reduced by 10 mg every 7 days until 10 mg`."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from msgspec import Struct

from nmosd_dosing.dose.dose import amount_text
from nmosd_dosing.errors import Place, clip
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.shapes import PhraseError

if TYPE_CHECKING:
    from nmosd_dosing.language.phrases.doses import AmountText

MOST_STEPS = 100
_EVERY = r"(?:[0-9]+\s+(?:day|week)s?|day|week)"
TAPER_PATTERN = rf",\s+reduced\s+by\s+\S+\s*\S+\s+every\s+{_EVERY}\s+until\s+\S+\s*\S+"  # behind how often on each day


class TaperText(Struct, frozen=True):
    """By how much a dose is reduced every so many days, and down to which, whose step is the last; `text` as it was written."""

    by: AmountText
    days: int
    until: AmountText
    text: str
    place: Place


def split(text: str, node: Scalar, amount: Callable[[Scalar], AmountText]) -> tuple[str, TaperText | None]:
    """The text without the rule by which its dose is reduced, and that. amount: reads amounts. PhraseError."""
    match = re.fullmatch(r"(\S.*?),? (reduced by (\S.*?) every (\S.*?) until (\S.*))", text)
    if match is None:
        return text, None
    body, said, by, every, until = match.groups()
    length = re.fullmatch(r"(?:([0-9]{1,3}) )?(day|week)s?", every)
    days = int(length[1] or 1) * (7 if length[2] == "week" else 1) if length else 0
    if not days:
        hint = "write days or weeks: `reduced by 10 mg every 7 days until 10 mg`"
        raise PhraseError(f"expected how long a step of a taper takes, found `{clip(every)}`", node.place_of(every), hint)
    if re.match(r"0(?:\.0*)?(?![0-9.])", until):
        hint = f"end with the last dose that is given: `until {_last_above_nothing(body, by)}`"
        raise PhraseError(f"a taper that ends with `{clip(until)}`", node.place_of(until), hint)
    read = [amount(Scalar(each, node.place_of(each))) for each in (by, until)]
    return body, TaperText(read[0], days, read[1], said, node.place)


def _last_above_nothing(body: str, by: str) -> str:
    """The lowest dose above 0 to which a taper comes that is written down to 0."""
    start, step = re.search(r"([0-9.]+) ?(\S+?)(?= (?:daily|twice|[0-9]+ times)\b|$)", body), re.fullmatch(r"([0-9.]+) ?(\S+)", by)
    numbers = [Fraction(each[1]) for each in (start, step) if each and re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", each[1])]
    if not start or not step or start[2] != step[2] or len(numbers) < 2 or not all(numbers) or numbers[0] <= numbers[1]:
        return by
    high, less = numbers
    return amount_text(high % less or less, start[2].partition("/")[0]) + "".join(start[2].partition("/")[1:])


def amounts(first: AmountText | None, taper: TaperText, daily: str | None) -> tuple[Fraction, ...]:
    """The amount of each step. PhraseError where they do not come out even."""
    if first is None or first.upto is not None:
        raise PhraseError("a taper begins with one amount", taper.place, "write for example `Y 60 mg daily, reduced by 10 mg …`")
    if daily is None:
        raise PhraseError("a taper without how often on each day", taper.place, "write `daily` before the comma, or `twice daily`")
    units = {(each.unit, each.per) for each in (first, taper.by, taper.until)}
    if len(units) > 1:
        raise PhraseError("a taper in several units", taper.place, f"write all three amounts like `{first.text}`")
    high, step, low = first.amount, taper.by.amount, taper.until.amount
    if low >= high:
        raise PhraseError(f"a taper from {first.text} to {taper.until.text} goes nowhere", taper.until.place, "end with a lower dose")
    times = (high - low) / step
    if times.denominator != 1:
        down = [high - step * n for n in (int(times), int(times) + 1)]
        ends = [f"`until {_text(end, first)}`" for end in down if 0 < end < high]
        hint = f"write {' or '.join(ends)}" if ends else f"reduce by less: `reduced by {_text(high - low, first)}` is one step"
        wrong = f"from {first.text} by {taper.by.text} one does not come to {taper.until.text}"
        raise PhraseError(wrong, taper.until.place, hint)
    if times >= MOST_STEPS:
        raise PhraseError(f"a taper of more than {MOST_STEPS} steps", taper.place, "reduce by more at a time")
    return tuple(high - step * n for n in range(int(times) + 1))


def _text(amount: Fraction, like: AmountText) -> str:
    return amount_text(amount, like.unit) + (f"/{like.per}" if like.per else "")
