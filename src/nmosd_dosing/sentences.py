"""Sentences that can be said again in another language.

A `Sentence` is its English text, and goes wherever a text goes; it also knows its pattern and what was put into it. So the core says
everything once, in English, and whoever shows it says it again, with a table of patterns of his own: the core knows no other language and
no library for it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from nmosd_dosing.days import Language, date_text
from nmosd_dosing.errors import nearest, one_of, plural

_LENGTH = re.compile("([0-9]{1,9}) (day|week|month|year|hour|minute)s?")
Part = str | int | dt.date  # what may be put in: a text as somebody wrote it, a number, a date, or a Sentence
Say = Callable[[Part], str]  # says a part in the language of whoever reads it


class Sentence(str):
    """A text of the core. `pattern`: as a table of translations has it. `parts`: by their names in the pattern; of sentences that are
    joined in their order, and `pattern` is what stands between them."""

    __slots__ = ("parts", "pattern")
    pattern: str
    parts: Mapping[str, Part] | tuple[Part, ...]

    def __add__(self, other: str) -> Sentence:
        return joined("", (self, other))


def said(pattern: str, /, **parts: Part) -> Sentence:
    """A sentence of a pattern, `{days} too late: call to move it`, and its parts. Dates are written with their weekday.

    The pattern must be written out where it is said (a test collects them); without parts it is the sentence as it stands.
    """
    texts: dict[str, Part] = parts
    for name, part in parts.items():
        if isinstance(part, dt.date):
            texts = {**texts, name: date_text(part)}
    made = Sentence(pattern.format_map(texts) if parts else pattern)
    made.pattern, made.parts = pattern, parts
    return made


def word(text: str, /, *, among: str = "", **parts: Part) -> Sentence:
    """A word of a closed set, such as a verdict, a status or an event, as it is written in tables, or a name of another package; one that
    no table of translations has stays as it is. among: which set, where the same word is of two: a subject is `lost`, and a vial is."""
    made = said(text, **parts)
    if among:
        made.pattern = f"{among}: {text}"
    return made


@lru_cache(maxsize=512)  # what there is so much of is said again and again
def many(n: int, noun: str) -> Sentence:
    """`1 day`, `2 days`. Its pattern is of the noun as it stands after one: `{n} day`."""
    made = Sentence(f"{n} {plural(n, noun)}")
    made.pattern, made.parts = f"{{n}} {noun}", {"n": n}
    return made


def length_text(words: str) -> Sentence:
    """A length of time as a file writes it: `28 days`, `1 month and 3 days`. What is written otherwise stays as it is written."""
    found = [_LENGTH.fullmatch(part) for part in words.split(" and ")]
    made = joined(" and ", [many(int(each[1]), each[2]) for each in found if each is not None])
    return made if made == words else joined("", [words])


def either(words: Iterable[str], *, quoted: bool = True) -> Sentence:
    """`a`, `b` or `c`, as `errors.one_of` has it; without the backticks where it is not quoted."""
    text = one_of(words)
    if (long := re.fullmatch("(.*) and ([0-9]+) more", text)) is not None:
        return said("{words} and {n} more", words=joined(", ", long[1].split(", ")), n=int(long[2]))
    *first, last = (text if quoted else text.replace("`", "")).rsplit(" or ", 1)
    return joined(" or ", (joined(", ", first[0].split(", ")), last)) if first else joined("", [last])


def perhaps(text: str, known: Iterable[str], most: int = 1) -> Sentence | None:
    """The hint that names the known words nearest to what was typed, as `errors.did_you_mean` has it."""
    near = nearest(text, known, most)
    return said("did you mean {words}?", words=either(near)) if near else None


def joined(between: str, parts: Iterable[Part]) -> Sentence:
    """Sentences in a row, with the same between each two of them; it is translated, too, where it is not empty."""
    all_ = tuple(parts)
    made = Sentence(between.join([part if isinstance(part, str) else english(part) for part in all_]))
    made.pattern, made.parts = between, all_
    return made


def in_words(part: Part, translate: Callable[[str], str], language: Language) -> str:
    """A part, or a whole sentence, in a language. translate: gives the pattern of that language for one of English.

    What is no Sentence is a text of a user, and stays as it is written. In English all is there already.
    """
    if language == "en":
        return english(part)
    if isinstance(part, Sentence):
        parts, pattern = part.parts, part.pattern
        if isinstance(parts, tuple):
            return (translate(pattern) if pattern else "").join(in_words(each, translate, language) for each in parts)
        if not parts:
            return translate(pattern) if pattern else ""
        return translate(pattern).format_map({name: in_words(each, translate, language) for name, each in parts.items()})
    return date_text(part, language) if isinstance(part, dt.date) else str(part)


def english(part: Part) -> str:
    """A part as it is said in English."""
    return part if isinstance(part, str) else date_text(part) if isinstance(part, dt.date) else str(part)
