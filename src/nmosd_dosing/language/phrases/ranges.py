"""Ranges with exact edges, as a study file says them: `40 to <60 kg`, `>40 to 60 kg`, `100 kg or more`."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

from msgspec import Struct

from nmosd_dosing.dose.dose import PARTS, Value
from nmosd_dosing.errors import Place, clip
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.shapes import PhraseError

_N = r"[0-9]+(?:\.[0-9]+)?"
FORMS = (
    rf"(?:>?\s*{_N}\s+to\s+<?\s*{_N}\s*{{u}}|<\s*{_N}\s*{{u}}|up\s+to\s+{_N}\s*{{u}}|{_N}\s*{{u}}\s+or\s+more|more\s+than\s+{_N}\s*{{u}})"
)
WEIGHTS_PATTERN = rf"^\s*{FORMS.format(u='kg')}\s*$"
YEARS_PATTERN = rf"^\s*{FORMS.format(u='(?:years?)?')}\s*$"
BAND_PATTERN = f"{WEIGHTS_PATTERN}|{YEARS_PATTERN}"
MOST_GRAMS = 1_000_000
MOST_YEARS = 125
MOST_VALUE = 1_000_000_000


class RangeText(Struct, frozen=True):
    """From `low` to `high`, numbers as written; whether these two belong to it. None: without an end there."""

    low: str | None
    high: str | None
    with_low: bool
    with_high: bool
    unit: str
    text: str
    place: Place


def take_range(node: Scalar, unit: str, what: str, example: str) -> RangeText:
    """A range of numbers with `unit` behind it, a pattern; `what` and `example` are for messages. PhraseError."""
    text = node.flat
    of = f" {example.split()[-1]}" if unit else ""
    hint = f"write `{example}`, `<60{of}`, `60{of} or more` or `more than 60{of}`"
    forms = (
        (rf"(?P<over>>)?\s*(?P<low>{_N}) to (?P<under><)?\s*(?P<high>{_N})\s*(?P<unit>{unit})", None),
        (rf"(?P<under><)\s*(?P<high>{_N})\s*(?P<unit>{unit})", None),
        (rf"up to (?P<high>{_N})\s*(?P<unit>{unit})", None),
        (rf"(?P<low>{_N})\s*(?P<unit>{unit}) or more", None),
        (rf"more than (?P<low>{_N})\s*(?P<unit>{unit})", "over"),
    )
    for form, over in forms:
        if match := re.fullmatch(form, text):
            found = match.groupdict()
            with_low = over is None and not found.get("over")
            return RangeText(found.get("low"), found.get("high"), with_low, not found.get("under"), found["unit"], text, node.place)
    if re.search(r"[0-9],[0-9]", text):
        hint = "decimals take a point: `40 to <60.5 kg`"
    elif match := re.fullmatch(rf"({_N})\s*(?:-|–|—)\s*({_N})\s*({unit})", text):
        low, high, unit = match.groups()
        end = f"{high} {unit}".strip()
        hint = f"write `{low} to <{end}`; `{low} to {end}` where {end} belongs to it"
    elif re.match(r"(?:>=|≥)\s*[0-9]", text):
        hint = f"write `{re.sub(r'^(?:>=|≥) *', '', text)} or more`"
    elif re.match(r">\s*[0-9.]+\s*\w+$", text):
        hint = f"write `more than {re.sub(r'^> *', '', text)}`"
    elif re.match(r"(?:<=|≤)\s*[0-9]", text):
        hint = f"write `up to {re.sub(r'^(?:<=|≤) *', '', text)}`"
    raise PhraseError(f"expected {what}, found `{clip(text)}`", node.place, hint)


class Whole(Struct, frozen=True):
    """Weights from `low` grams, ages from `low` completed years, or values from `low` millionths, to below `high`; `high` None: and more.
    `holds_for`: in words."""

    low: int
    high: int | None
    text: str
    place: Place
    holds_for: str


def weights(node: Scalar) -> Whole:
    """`40 to <60 kg`: body weights, to the gram."""
    found = take_range(node, "kg", "a range of weights", "40 to <60 kg")
    return _whole(found, _grams, "weight", found.text)


def years(node: Scalar) -> Whole:
    """`6 to <12`, `12 years or more`: ages in completed years, so that 11 belongs to `6 to 11`, and nobody is between 11 and 12."""
    if "," in node.flat:
        raise PhraseError(f"`{clip(node.flat)}` is no range of ages", node.place, "write completed years, for example `6 to <12 years`")
    found = take_range(node, "(?:years?)?", "a range of ages", "6 to <12 years")
    return _whole(found, _years, "age", _with_unit(found, "years"))


def values(node: Scalar, value: Value) -> Whole:
    """`30 to <60`: values that are recorded, to the millionth of the unit that the file declares."""
    found = take_range(node, "", f"a range of {value.name}", "30 to <60")
    return _whole(found, _parts, "value", _with_unit(found, value.unit))


def _whole(found: RangeText, read: Callable[[str, Place], int], what: str, holds_for: str) -> Whole:
    """A range in whole numbers. `read`: a number as it is written; `what`: that of which it is one."""
    low = read(found.low, found.place) + (0 if found.with_low else 1) if found.low is not None else 0
    high = read(found.high, found.place) + (1 if found.with_high else 0) if found.high is not None else None
    if high is not None and high <= low:
        raise PhraseError(f"no {what} is in `{clip(found.text)}`", found.place, f"write the lower {what} first")
    return Whole(low, high, found.text, found.place, holds_for)


def _parts(text: str, place: Place) -> int:
    parts = Fraction(text) * PARTS
    if parts.denominator != 1 or parts > MOST_VALUE * PARTS:
        raise PhraseError(f"`{clip(text)}` is finer than a millionth, or above {MOST_VALUE}", place, "write a number such as `30` or `0.5`")
    return int(parts)


def _years(text: str, place: Place) -> int:
    if "." in text or int(text) > MOST_YEARS:
        raise PhraseError(f"`{clip(text)}` is not an age in completed years", place, f"write a whole number, 0 to {MOST_YEARS}")
    return int(text)


def _with_unit(found: RangeText, unit: str) -> str:
    """A range that was written without its unit, or with it, with it."""
    if found.low is not None and found.high is not None:
        return f"{'' if found.with_low else '>'}{found.low} to {'' if found.with_high else '<'}{found.high} {unit}"
    if found.low is not None:
        return f"{found.low} {unit} or more" if found.with_low else f"more than {found.low} {unit}"
    return f"up to {found.high} {unit}" if found.with_high else f"<{found.high} {unit}"


def _grams(text: str, place: Place) -> int:
    grams = Fraction(text) * 1000
    if grams.denominator != 1 or not 0 <= grams <= MOST_GRAMS:
        wrong = f"`{clip(text)} kg` is not a weight to the gram up to 1000 kg"
        raise PhraseError(wrong, place, "write kilograms, for example `60` or `60.5`")
    return int(grams)
