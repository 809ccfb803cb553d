"""Gaps between two doses, as a study file says them: `8 to <12 weeks`, `more than 8 weeks`; and what they do: `restart at W3D1`."""

from __future__ import annotations

import re
from typing import get_args

from msgspec import Struct

from nmosd_dosing.days import Offset
from nmosd_dosing.errors import Place, clip, did_you_mean
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases.days import CODE, DayText, take_day
from nmosd_dosing.language.phrases.lengths import LENGTH, Scanner, take_length
from nmosd_dosing.language.phrases.ranges import FORMS, RangeText, take_range
from nmosd_dosing.language.shapes import PhraseError
from nmosd_dosing.study.model import Then

_LENGTHS = r"(?:days?|weeks?|months?|years?)"
GAP_PATTERN = rf"^\s*{FORMS.format(u=_LENGTHS)}\s*$"
_THEN: tuple[Then, ...] = get_args(Then)
THEN_PATTERN = rf"^\s*(?:restart(?:\s+at\s+{CODE})?|hold|stop)\s*$"


class Gaps(Struct, frozen=True):
    """Times between two doses that are longer than `beyond` and not longer than `up_to`, None: without an end."""

    beyond: Offset
    up_to: Offset | None
    text: str
    place: Place


def gaps(node: Scalar) -> Gaps:
    """`8 to <12 weeks`, `12 weeks or more`, `more than 8 weeks`."""
    found = take_range(node, _LENGTHS, "a range of times", "8 to <12 weeks")
    if found.low is None:
        wrong = f"`{clip(found.text)}` has no shortest time, so every gap would be one"
        raise PhraseError(wrong, found.place, "leave the rule out: a gap that no rule is for changes nothing")
    low = _length(found.low, found)
    beyond = _day_less(low) if found.with_low else low
    if low.nominal < 1:
        raise PhraseError("a gap of nothing", found.place, "write for example `more than 8 weeks`")
    if found.high is None:
        return Gaps(beyond, None, found.text, found.place)
    high = _length(found.high, found)
    up_to = high if found.with_high else _day_less(high)
    if up_to.nominal <= beyond.nominal:
        raise PhraseError(f"no time is in `{clip(found.text)}`", found.place, "write the shorter time first")
    return Gaps(beyond, up_to, found.text, found.place)


def _length(number: str, found: RangeText) -> Offset:
    text = f"{number} {found.unit}"
    if not re.fullmatch(LENGTH, text):
        raise PhraseError(f"`{clip(text)}` is not a whole number of {found.unit}", found.place, "write it in days")
    return take_length(Scanner(Scalar(text, found.place)))


def _day_less(length: Offset) -> Offset:
    return length.later(-1)


class ThenText(Struct, frozen=True):
    """What a gap does; `at`: the day that a restart begins with, None for the first."""

    then: Then
    at: DayText | None
    place: Place


def then(node: Scalar) -> ThenText:
    """`restart`, `restart at W3D1`, `hold`, `stop`."""
    scan = Scanner(node)
    for word in _THEN:
        if scan.take(rf"{word}\b"):
            day = take_day(scan, plus=False) if word == "restart" and scan.take(r"at\b") else None
            scan.end(hint="write `restart`, `restart at D15`, `hold` or `stop`")
            return ThenText(word, day, node.place)
    found, place = scan.next_words()
    hint = did_you_mean(found, _THEN) or "write `restart`, `restart at D15`, `hold` or `stop`"
    raise PhraseError(f"expected what becomes of the period, found `{clip(found)}`", place, hint)
