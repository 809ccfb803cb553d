"""Criteria that dates decide, as immutable nouns: what must not have been before screening or day 1, what must have been, and for how long.

A criterion is a clock that runs from an *anchor*, mostly backwards: its look-back has both ends included. What a word of a criterion
means is said by *kinds*, a list of names each; a name may be of several.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Literal

from msgspec import Struct

from nmosd_dosing.days import Offset
from nmosd_dosing.errors import Place, did_you_mean, one_of
from nmosd_dosing.sentences import Sentence, joined, length_text, many, said
from nmosd_dosing.study.facts import Facts
from nmosd_dosing.values import beside

Anchor = Literal["screening", "consent", "randomisation", "first dose", "last dose"]
Side = Literal["before", "after"]

READINGS: Mapping[str, Sentence] = {
    "ends": said(
        "both ends of a look-back are included: what was on its first day is in it, and the day before is the last admissible one"
    ),
    "months": said("months and years are counted by the calendar from the anchor, and end with the month where it is shorter"),
    "half-lives": said("half-lives are multiplied, and the days are rounded up to whole ones"),
    "last day": said("what was used for a time counts by its last day; what goes on counts up to the anchor"),
    "more than": said("`more than` is strict, `at least` is not"),
    "daily": said("amounts a day are compared in the drug that the criterion names, those of one day added up: nothing is converted"),
    "in a row": said("uses that follow each other without a day between them are one"),
    "partial": said("of a date without its day or month the whole month or year is taken, so that nobody passes by what is not known"),
    "complete": said("what the history does not name is taken as not had"),
}
"""How criteria are read; an answer shows those that it hangs on."""


def plain_name(name: str) -> str:
    """What is left of a name without case, width, whatever is no letter and no digit, and the `s` of a plural: how names are compared."""
    plain = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())
    return (plain[:-1] if plain.endswith("s") and plain.isascii() else plain) or name


_LONG = 4  # letters: of a name that may stand inside a word


def _words_of(name: str) -> list[str]:
    """The words of a name as names are compared."""
    return [plain_name(word) for word in re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", name))]


def without_other(name: str) -> str:
    """A name without `other` before it, which adds nothing."""
    return re.sub(r"^other\s+", "", name, flags=re.I)


class Reach(Struct, frozen=True):
    """How far a clock reaches: a length, so many half-lives, or the longer or shorter of both."""

    length: Offset | None
    half_lives: int = 0
    longer: bool = True

    @property
    def text(self) -> Sentence:
        parts = [length_text(self.length.in_words)] if self.length is not None else []
        parts += [many(self.half_lives, "half-life")] if self.half_lives else []
        words = joined(" or ", parts)
        return words + said(", whichever is longer" if self.longer else ", whichever is shorter") if len(parts) > 1 else words


class Unless(Struct, frozen=True):
    """An exception: what was used for at most so many `days` in one go, or `purpose` (what for), or once an `event` is said to hold."""

    days: int = 0
    purpose: str = ""
    event: str = ""


class NotWithin(Struct, frozen=True):
    """None of `whats` within `reach` of the anchor; `above` so many mg a day `of` a drug, and `longer_than` so many days in a row, where
    it says so. What another drug's amount comes to is not known: nothing is converted.

    `strict`: who had it on the very first day of the look-back does not pass; `at least … since` lets him.
    """

    whats: tuple[str, ...]
    reach: Reach
    anchor: Anchor
    side: Side = "before"
    above: Decimal | None = None
    of: str = ""
    longer_than: int = 0
    unless: Unless | None = None
    strict: bool = True


class StableFor(Struct, frozen=True):
    """The symptoms of the latest `event` have been stable for `length` at the anchor."""

    event: str
    length: Offset
    anchor: Anchor


class Times(Struct, frozen=True):
    """At least `number` events within `within` before the anchor; `of_which` so many of them within a shorter time."""

    number: int
    within: Offset
    of_which: tuple[int, Offset] | None = None


class Counted(Struct, frozen=True):
    """One of `any_of` holds; events that come `apart` days or fewer after the one before are not counted."""

    event: str
    any_of: tuple[Times, ...]
    anchor: Anchor
    apart: int = 0


class UsedFor(Struct, frozen=True):
    """One of `whats` has been used for more than `length` in one go by the anchor."""

    whats: tuple[str, ...]
    length: Offset
    anchor: Anchor


Clock = NotWithin | StableFor | Counted | UsedFor


@beside("place")
class Criterion(Struct, frozen=True):
    """A criterion as the file says it; `clock` is None where the source is not clear enough to reckon. `period`: the one that it is for,
    empty where it is for all."""

    id: str
    text: str
    clock: Clock | None
    facts: Facts = Facts()
    period: str = ""
    place: Place | None = None


class Kind(Struct, frozen=True):
    """What the criteria mean by a word: names, or other kinds."""

    name: str
    names: tuple[str, ...]
    facts: Facts = Facts()


class HalfLife(Struct, frozen=True):
    """The half-life of a drug in days; `written` as the file says it."""

    drug: str
    days: Fraction
    written: str
    facts: Facts = Facts()


class Criteria(Struct, frozen=True, dict=True):
    """All criteria of a study, what their words mean, and whether randomisation is on day 1 (None: the file does not say so)."""

    all: tuple[Criterion, ...] = ()
    kinds: tuple[Kind, ...] = ()
    half_lives: tuple[HalfLife, ...] = ()
    randomised_on_day_1: Facts | None = None

    def of(self, period: str) -> tuple[Criterion, ...]:
        """Those that hold for who begins with a period."""
        return tuple(criterion for criterion in self.all if criterion.period in ("", period))

    def meanings(self, name: str) -> frozenset[str]:
        """The plain names by which something is meant: its own, and those of the kinds that it is of."""
        found: set[str] = set()
        ahead = [plain_name(name)]
        while ahead:
            plain = ahead.pop()
            if plain not in found:
                found.add(plain)
                ahead += self._kinds_by_name.get(plain, ())
        return frozenset(found)

    def knows(self, name: str) -> bool:
        """Whether the file says what a name is: it is in a kind, is one, or is named by a criterion."""
        return plain_name(name) in self._named

    def held_in(self, name: str) -> tuple[str, ...]:
        """The names of the file that stand as words in one that it does not know: `rituximab` in `Rituximab 1000 mg`. Of one within another
        the longer."""
        if self.knows(name):
            return ()
        written, found = _words_of(name), dict[str, tuple[int, int]]()
        for known in dict.fromkeys(self._words()):
            words = _words_of(known)
            at = next((i for i in range(len(written)) if written[i : i + len(words)] == words), None) if words else None
            if at is not None:
                found[known] = at, at + len(words)
            elif not known.isascii() and (place := name.find(known)) >= 0:  # no blanks between words
                found[known] = len(written) + place, len(written) + place + len(known)
        within = {
            known for known, (i, j) in found.items() if any(a <= i and j <= b and (a, b) != (i, j) for a, b in found.values())
        }  # fmt: skip
        return tuple(known for known in found if known not in within)

    def near(self, name: str) -> str | None:
        """A question for a name that is nearly one of the file's, or has one in it; None where none is."""
        words = list(dict.fromkeys(self._words()))
        inside = [known for known in words if len(plain_name(known)) > _LONG and plain_name(known) in plain_name(name)]
        return f"did you mean {one_of(inside[:1])}?" if inside else did_you_mean(name, words)

    def means(self, word: str, name: str) -> bool:
        """Whether what is called `name` is what a criterion calls `word`; `other` before a word adds nothing."""
        return bool(self.meanings(name) & {plain_name(word), plain_name(without_other(word))})

    @cached_property
    def _kinds_by_name(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for kind in self.kinds:
            for name in kind.names:
                called = {plain_name(kind.name), plain_name(without_other(kind.name))}
                found[plain_name(name)] = (*found.get(plain_name(name), ()), *called)
        return found

    @cached_property
    def _named(self) -> frozenset[str]:
        return frozenset(map(plain_name, self._words()))

    def _words(self) -> Iterator[str]:
        for kind in self.kinds:
            yield from (kind.name, *kind.names)
        for criterion in self.all:
            match criterion.clock:
                case NotWithin(whats=whats, unless=unless, of=of):
                    for word in (*whats, *([of] if of else [])):
                        yield from (word, without_other(word))
                    if unless is not None and unless.event:
                        yield unless.event
                case StableFor(event=event) | Counted(event=event):
                    yield event
                case UsedFor(whats=whats):
                    yield from whats
                case None:
                    pass
