"""Which visit of a plan is meant by a name that somebody has written: in a table, or on the command line.

What a visit is called stands in `visit_labels`; here a text is held against all of it, and nothing is guessed: a name that may be of two
visits is of none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, lru_cache

from nmosd_dosing.study.visit import Visit

Index = dict[str, list[int]]  # which visits have a name

_SPELLINGS = tuple(
    (re.compile(pattern), form)
    for pattern, form in (
        (r"\b(?:cycle|c) ?0*(\d+),? ?(?:day|d) ?(-?)0*(\d+)\b", r"c\1d\2\3"),
        (r"\b(?:week|wk|w) ?0*(\d+),? ?(?:day|d) ?0*(\d+)\b", r"w\1d\2"),
        (r"\b(?:day|d) ?(-?) ?0*(\d+)\b", r"d\1\2"),
        (r"\b(?:weeks?|wks?|w) ?0*(\d+)\b", r"week \1"),
        (r"\b(?:months?|m) ?0*(\d+)\b", r"month \1"),
        (r"\b(?:years?|y) ?0*(\d+)\b", r"year \1"),
        (r" ?\+ ?(\d+) ?(?:months?|mo)\b", r"+\1mo"),
        (r" ?\+ ?(\d+) ?(?:days?|d)\b", r"+\1d"),
    )
)
UNSCHEDULED = "unscheduled"  # what a visit is called that the plan does not have
_UNSCHEDULED = re.compile(r"(?:unscheduled|unsched\.?|unplanned|计划外|非计划)(?: ?(?:visit|访视))?(?: ?#?\d+(?:\.\d+)?[a-z]?)?")
_RESTARTED = re.compile(r"\s*\(restart(?: ?\d+)?\)\s*$", re.IGNORECASE)


@lru_cache(maxsize=65536)
def folded(name: str) -> str:
    """A name without its case and spacing, and days in one spelling of each: `Week  2` is `week 2`, `W3 D1` and `Week 3 Day 1` are `w3d1`,
    `DAY 014` is `d14`. Two names that are folded alike are one."""
    text = " ".join(unicodedata.normalize("NFKC", name).casefold().replace("_", " ").split())
    for pattern, form in _SPELLINGS:
        text = pattern.sub(form, text)
    return text


@lru_cache(maxsize=65536)
def is_unscheduled(name: str) -> bool:
    """Whether a name says that its visit is not planned: `unscheduled`, `UNSCHEDULED 4.1`, `Unscheduled visit 2`, `计划外访视`. No visit
    of a plan is called so."""
    return _UNSCHEDULED.fullmatch(folded(name)) is not None


def is_restarted(name: str) -> bool:
    """Whether a name is of a visit in a period that has begun anew."""
    return _RESTARTED.search(name) is not None


@lru_cache(maxsize=65536)
def before_restart(name: str) -> str:
    """The name that a visit has before its period begins anew: `D15` of `D15 (restart 2)`."""
    return _RESTARTED.sub("", name)


_ENDS = re.compile(r"(.*[a-z])(-?\d+) to (.*[a-z])(-?\d+)")


def course_of(name: str, labels: Iterable[str]) -> str | None:
    """The label, or id, of the course or range of days in which a named day lies: `C1D1 to C1D21` for `C1D5`; None where it is in none. A
    day in it is no visit, and so no name of one: it is only proposed."""
    day = re.fullmatch(r"(.*[a-z])(-?\d+)", folded(name))
    for label in labels if day else ():
        ends = _ENDS.fullmatch(folded(label))
        if (
            day
            and ends
            and ends[1].rpartition("/")[2] == ends[3]
            and day[1] in (ends[1], ends[3])
            and int(ends[2]) <= int(day[2]) <= int(ends[4])
        ):
            return label
    return None


class Names:
    """Which of some visits are meant by a name: first as it is written, by id or label, or by another way to name the day; then the same
    in any case and spacing; and then by the `name` of the file. Each only where nothing before it fits."""

    def __init__(self, visits: Sequence[Visit], periods: Sequence[str]) -> None:
        """periods: the period of each visit."""
        self.visits, self.periods = visits, periods
        self._looked_up: dict[tuple[str, str | None], list[Sequence[int]]] = {}

    @cached_property
    def ids(self) -> list[str]:
        return [f"{period}/{visit.label}" for period, visit in zip(self.periods, self.visits, strict=True)]

    @cached_property
    def _as_written(self) -> tuple[Index, ...]:
        return self._index(lambda visit: (visit.label,), str), self._index(lambda visit: visit.labels, str)

    @cached_property
    def _folded(self) -> tuple[Index, ...]:
        return (
            self._index(lambda visit: (visit.label,), folded),
            self._index(lambda visit: visit.labels, folded),
            self._index(lambda visit: visit.names, folded),
        )

    def _index(self, names: Callable[[Visit], Sequence[str]], spelt: Callable[[str], str]) -> Index:
        """Each name alone, and behind its period; of a period to which subjects come back only so, since else every name were of two."""
        index: Index = {}
        for i, (visit, period) in enumerate(zip(self.visits, self.periods, strict=True)):
            alone = () if visit.of_return else names(visit)
            for key in dict.fromkeys(spelt(text) for text in (*alone, *(f"{period}/{name}" for name in names(visit)))):
                index.setdefault(key, []).append(i)
        return index

    def meant(self, name: str, period: str | None = None, without: Callable[[int], bool] | None = None) -> Sequence[int]:
        """The visits that a name can mean, by their numbers: one, none, or several of which nobody knows which. `period`: that it says
        besides; `without`: whether the subject does not have a visit."""
        fitting = self._looked_up.get((name, period))
        if fitting is None:
            fitting = self._looked_up[name, period] = [*self._fitting(in_period(name, period))]
        if without is None:
            return fitting[0] if fitting else ()
        return next(filter(None, ([i for i in level if not without(i)] for level in fitting)), ())

    def _fitting(self, name: str) -> Iterator[Sequence[int]]:
        """What has a name, level by level."""
        yield from (index[name] for index in self._as_written if name in index)
        yield from (index[folded(name)] for index in self._folded if folded(name) in index)


def in_period(name: str, period: str | None) -> str:
    """A name with its period, where that is said besides."""
    return name if period is None else f"{period}/{name.removeprefix(period + '/')}"
