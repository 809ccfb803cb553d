"""Whom a code that nobody has may mean: somebody's that is the same code, written in another way. A code that is merely like it is another
person's, and is never proposed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence


def near(unknown: Collection[str], codes: Sequence[str | None]) -> dict[str, list[int]]:
    """By text, the numbers of all whose code differs from it by case, width, separators or leading zeros alone. Texts that are nobody's
    code so written are not there. One pass over the codes, so also a million may be asked.
    """
    found: dict[str, list[int]] = {}
    forms: dict[str, list[str]] = {}
    for text in unknown:
        forms.setdefault(_form(text), []).append(text)
    for i, code in enumerate(codes):
        for text in forms.get(_form(code), ()) if code and forms else ():
            found.setdefault(text, []).append(i)
    return found


def _form(code: str) -> str:
    """What is left of a code when the way of writing it is taken away."""
    parts = [part for part in re.split(r"[\W_]+", _plain(code)) if part]
    joined = "".join(f"-{part}" if part[0].isdigit() and i and parts[i - 1][-1].isdigit() else part for i, part in enumerate(parts))
    return re.sub(r"(?<!\d)0+(?=\d)", "", joined) or code


def _plain(code: str) -> str:
    return code.casefold() if code.isascii() else unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", code).casefold())
