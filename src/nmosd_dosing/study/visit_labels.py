"""What the visits of a period are called: each by a label of its own, whatever the file, the horizon or the arm.

A label is made from the file alone. It is the day in the file's own words, which is another one on every day; the day of a cycle, with the
day of the period behind it where two cycles would give two days one label; and of a visit without a day its name, told apart from the
others' where they are alike. What a visit is called in a period begun anew, or when its event comes again, stands here too, since no other
label may end like that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from msgspec import Struct, field

from nmosd_dosing.days import Code, Offset
from nmosd_dosing.study.facts import NOT_STATED
from nmosd_dosing.study.model import Period
from nmosd_dosing.study.visit_names import is_unscheduled
from nmosd_dosing.study.visit_rules import Cycle, Point, VisitRule

_DAY = r"(?:D-?\d+|W\d+D\d+|(?:week|month|year) \d+|(?:[A-Za-z][A-Za-z0-9]*-)?C\d+D-?\d+)(?:[+-]\d+mo)?(?:[+-]\d+d)?"
_LIKE_A_DAY = re.compile(rf"{_DAY}(?: to {_DAY})?(?: \(.*\))?|.* \(restart(?: \d+)?\)")

Day = tuple[Code, Code | None]  # a day, or the first and the last of a range


class Labels(Struct, frozen=True):
    """The labels of one period's visits. `undated`: of entries without a day, in the file's order."""

    period: Period
    undated: tuple[tuple[VisitRule, str], ...]
    mixed: frozenset[str] = field(default_factory=frozenset)  # names of cycles that are of several lengths

    def of_entry(self, entry: VisitRule) -> str:
        """The label of a visit without a day: of one entry."""
        return next(label for other, label in self.undated if other is entry)

    def of_day(self, naming: Day, days: Iterable[Day]) -> str:
        """The label of a visit, from the day of the entry that names it and those of all its entries."""
        label, in_period = text(naming), text(tuple(code and code.of_period for code in naming))
        if not naming[0].cycle:
            return label
        if len({text(day) for day in days if day[0].cycle}) > 1:
            return in_period
        return f"{label} ({in_period})" if self._is_of_several(*naming) else label

    def _is_of_several(self, code: Code, last: Code | None) -> bool:
        """Whether cycles of different length give this label to several days, drawn so far or not."""
        if code.cycle_name not in self.mixed:
            return False
        found: set[Offset] = set()
        for cycle, entry in _cycles(self.period):
            if cycle.name == code.cycle_name and (cycle.count is None or cycle.count >= code.cycle):
                for item in entry.at:
                    alike = isinstance(item, Point) and item.code.offset.days == code.day
                    if alike and isinstance(item, Point) and (item.last and item.last.offset.days) == (last and last.day):
                        found.add(cycle.step.times(code.cycle - 1).later(code.day))
        return len(found) > 1


def labels_of(period: Period) -> Labels:
    """The labels of a period's visits."""
    steps: dict[str, set[Offset]] = {}
    for cycle, _ in _cycles(period):
        steps.setdefault(cycle.name, set()).add(cycle.step)
    return Labels(period, tuple(_undated(period)), frozenset(name for name, found in steps.items() if len(found) > 1))


def _cycles(period: Period) -> Iterable[tuple[Cycle, VisitRule]]:
    return ((entry.cycle, entry) for entry in period.visit_rules if entry.cycle is not None)


def _undated(period: Period) -> Iterable[tuple[VisitRule, str]]:
    """Of visits without a day, those that are named alike with a number, and those that are named like a day with a word more."""
    events = {text((item.code, item.last)) for entry in period.visit_rules for item in entry.at if isinstance(item, Point)}
    named = []
    for entry in period.visit_rules:
        if not entry.at:
            name = entry.name or NOT_STATED.value
            like_a_day = _LIKE_A_DAY.fullmatch(name) or re.sub(r" \(\d+\)$", "", name) in events
            named.append((entry, f"{name} (day {NOT_STATED.value})" if like_a_day or is_unscheduled(name) else name))
    taken = {name for _, name in named}
    alike = [name for _, name in named]
    for entry, name in named:
        number = 1
        label = name
        while alike.count(name) > 1 and label in taken:
            label, number = f"{name} ({number})", number + 1
        taken.add(label)
        yield entry, label


def text(day: Sequence[Code | None]) -> str:
    """`D8`, or `D1 to D14`: a day or a range of them."""
    return " to ".join(code.label for code in day if code is not None)


@lru_cache(maxsize=10_000)  # the same days are asked for of every subject
def all_labels(day: Day) -> tuple[str, ...]:
    """Every way in which a file could name a day, or a range of days with both ends in the same words."""
    first, last = day
    if last is None:
        return (*dict.fromkeys((first.label, *first.of_period.labels)),)
    return (text(day), *(f"{a} to {b}" for a, b in zip(first.of_period.labels, last.of_period.labels, strict=False)))


def restarted(label: str, run: int) -> str:
    """What a visit is called in a period that has begun anew: `D15 (restart)`, `D15 (restart 2)`."""
    return f"{label} (restart)" if run == 1 else f"{label} (restart {run})"


def again(label: str, run: int) -> str:
    """What a visit is called when the event that it hangs on has happened before: `relapse+5d (2)`."""
    return f"{label} ({run + 1})" if run else label
