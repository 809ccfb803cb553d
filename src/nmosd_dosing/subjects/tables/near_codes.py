"""Whom a code that nobody has may mean: somebody's, written in another way or with one slip."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence

_SHORTEST = 4  # characters; of shorter codes each is one slip from every other
_LONGEST = 60


def near(unknown: Collection[str], codes: Sequence[str | None]) -> dict[str, list[int]]:
    """By text, the numbers of those whose code it may be: all that differ by case, width, separators or leading zeros alone; else the
    first from which one character is missing, added or another, or two beside each other are exchanged. Texts that are near nobody's
    are not there. One pass over the codes, so also a million may be asked.
    """
    found: dict[str, list[int]] = {}
    forms: dict[str, list[str]] = {}
    for text in unknown:
        forms.setdefault(_form(text), []).append(text)
    for i, code in enumerate(codes):
        for text in forms.get(_form(code), ()) if code and forms else ():
            found.setdefault(text, []).append(i)
    slips = _slips([text for text in unknown if text not in found], codes)
    return found | {text: [i] for text, i in slips.items()}


def _form(code: str) -> str:
    """What is left of a code when the way of writing it is taken away."""
    parts = [part for part in re.split(r"[\W_]+", _plain(code)) if part]
    joined = "".join(f"-{part}" if part[0].isdigit() and i and parts[i - 1][-1].isdigit() else part for i, part in enumerate(parts))
    return re.sub(r"(?<!\d)0+(?=\d)", "", joined) or code


def _plain(code: str) -> str:
    return code.casefold() if code.isascii() else unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", code).casefold())


def _slips(unknown: Sequence[str], codes: Sequence[str | None]) -> dict[str, int]:
    found: dict[str, int] = {}
    shorter: dict[str, list[str]] = {}  # by what is left of a text without one of its characters, and by the text itself
    for text in unknown:
        if len(text) <= _LONGEST:
            for form in _without_one(_plain(text)):
                shorter.setdefault(form, []).append(text)
    lengths = {len(form) for form in shorter}
    for i, code in enumerate(codes):
        if not code or not shorter or not {len(code), len(code) - 1} & lengths:
            continue
        plain = _plain(code)
        for form in _without_one(plain):
            for text in shorter.get(form, ()):
                if text not in found and _one_slip(_plain(text), plain):
                    found[text] = i
            if form in shorter and all(text in found for text in shorter[form]):
                del shorter[form]
    return found


def _without_one(plain: str) -> Iterator[str]:
    yield plain
    yield from {plain[:i] + plain[i + 1 :] for i in range(len(plain))}


def _one_slip(one: str, other: str) -> bool:
    """Whether two codes that are the same without one character of each differ by one slip: left out, put in, changed, or swapped."""
    if max(len(one), len(other)) < _SHORTEST:
        return False
    if len(one) != len(other):
        return abs(len(one) - len(other)) == 1
    differ = [i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    swapped = len(differ) == 2 and differ[1] == differ[0] + 1 and one[differ[0]] == other[differ[1]] and one[differ[1]] == other[differ[0]]
    return len(differ) <= 1 or swapped
