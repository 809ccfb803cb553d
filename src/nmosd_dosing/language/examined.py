"""What a visit examines, as a study file says it: names between commas, a list of names, and names with their times."""

from __future__ import annotations

import re

from msgspec import Struct

from nmosd_dosing.errors import Problems, clip
from nmosd_dosing.language.nodes import Node, Scalar
from nmosd_dosing.language.phrases import hours
from nmosd_dosing.language.shapes import PhraseError, Shape, by_kind, list_of, mapping_of, phrase, words
from nmosd_dosing.study.nominal_times import NominalTime


class Examined(Struct, frozen=True):
    """One thing that is examined; `times` are empty where it has none of its own."""

    name: Scalar
    times: tuple[NominalTime, ...] = ()


# A time behind other words; a name may begin with one, as `6 min walk test` does.
_BEHIND = re.compile(r"(?i)[\s,:;(]([0-9]+(?:\.[0-9]+)?\s*(?:min(?:ute)?s?|h(?:ou)?rs?|h)\b.*)$|((?:pre|post)[- ]?dos(?:e|ing)\b.*)$")


def _names(node: Scalar) -> tuple[Examined, ...]:
    parts = []
    for match in re.finditer(r"[^,]+", node.text):
        text = match[0].strip()
        if text:
            start = match.start() + len(match[0]) - len(match[0].lstrip())
            parts.append(_name(Scalar(text, node.part(start, start + len(text)))))
    if not parts:
        raise PhraseError("expected a list of words, found an empty text", node.place)
    return tuple(parts)


def _name(node: Scalar) -> Examined:
    if hours.is_time(node.flat):
        hint = f"write what is examined, then its times: `PK sample: {clip(node.flat)}`"
        raise PhraseError(f"`{clip(node.flat)}` is a time, and nothing that is examined", node.place, hint)
    name, colon, rest = node.flat.partition(":")
    behind = _BEHIND.search(node.flat)
    if behind or (colon and hours.is_time(rest.strip())):
        if behind and not colon:
            rest = behind[1] or behind[2]
            name = node.flat[: -len(rest)]
        named = re.sub(r"(?:[\s,;(-]+(?:at|and|[0-9.]+)?)*$", "", name) or "PK sample"
        times = hours.in_own_words(rest.strip()) or "before X, 1 h after X"
        hint = f"write it below `assess:`, without quotes: `- {clip(named)}: {clip(times)}`; in a name `24-hour` is no time"
        raise PhraseError(f"`{clip(node.flat)}` holds a time, and is read as a name", node.place, hint)
    return Examined(node)


_WHAT = "what is examined"
_NAMES = phrase("a list of words", _names)
_TIMES = phrase("times before or after a dose", hours.times, hours.TIMES_PATTERN, "before X, 1 h, 2 h after X")
_PAIRS = mapping_of(words(_WHAT), _TIMES, "what is examined, with its times", "PK sample: before X, 1 h after X")


def _one(node: Scalar) -> tuple[Examined, ...]:
    if not node.text.strip():
        raise PhraseError(f"expected {_WHAT}, found an empty text", node.place)
    return (_name(node),)


def _read_timed(node: Node, problems: Problems) -> tuple[Examined, ...] | None:
    pairs = _PAIRS.read(node, problems)
    if pairs is None or any(pair.value is None for pair in pairs.values()):
        return None
    return tuple(Examined(pair.key, pair.value or ()) for pair in pairs.values())


def _read_list(node: Node, problems: Problems) -> tuple[Examined, ...] | None:
    found = _EACH.read(node, problems)
    return None if found is None else tuple(each for item in found for each in item)


_TIMED = Shape(_PAIRS.what, _read_timed, _PAIRS.schema)
_EACH = list_of(by_kind(_WHAT, phrase(_WHAT, _one), None, _TIMED), _NAMES.what)
ASSESS = by_kind(_NAMES.what, _NAMES, Shape(_NAMES.what, _read_list, _EACH.schema), _TIMED)
