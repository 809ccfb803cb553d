"""A second reckoning of criteria, written from docs/clocks.md: day by day, with sets of days. It shares nothing with the program."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable, Sequence

from msgspec import Struct

DAY = dt.timedelta(1)


def back(day: dt.date, number: int, unit: str) -> dt.date:
    """So many days, weeks, months or years before a day; what a month does not have ends with it."""
    if unit in ("day", "week"):
        return dt.date.fromordinal(day.toordinal() - number * (7 if unit == "week" else 1))
    months = day.year * 12 + day.month - 1 - number * (12 if unit == "year" else 1)
    year, month = divmod(months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def days(first: dt.date, last: dt.date) -> set[dt.date]:
    return {dt.date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1)}


class Rule(Struct, frozen=True):
    """No use within so long before a day: as far as the longest of `backs` reaches, or the shortest."""

    backs: tuple[tuple[int, str], ...]
    longest: bool = True
    at_the_edge: bool = True  # whether the first day of the look-back bars
    more_than_in_a_row: int = 0
    short_use: int = 0  # what was used for at most so many days in a row is excepted


def in_a_row(used: Iterable[dt.date]) -> list[tuple[dt.date, dt.date]]:
    runs: list[tuple[dt.date, dt.date]] = []
    for day in sorted(set(used)):
        if runs and day == runs[-1][1] + DAY:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def is_barred(rule: Rule, uses: Sequence[tuple[dt.date, dt.date]], anchor: dt.date) -> bool:
    """Whether the anchor cannot stand on a day."""
    starts = [back(anchor, number, unit) for number, unit in rule.backs]
    start = min(starts) if rule.longest else max(starts)
    look_back = days(start if rule.at_the_edge else start + DAY, anchor)
    if rule.more_than_in_a_row:
        used = {day for first, last in uses for day in days(first, last) if day <= anchor}
        return any(len(days(*run)) > rule.more_than_in_a_row and run[1] in look_back for run in in_a_row(used))
    if rule.short_use:
        runs = in_a_row({day for first, last in uses for day in days(first, last)})
        uses = [run for run in runs if len(days(*run)) > rule.short_use]
    return any(days(first, last) & look_back for first, last in uses)


def first_possible(rule: Rule, uses: Sequence[tuple[dt.date, dt.date]], begin: dt.date) -> dt.date:
    """The first day on or after one on which the anchor may stand: tried one by one."""
    while is_barred(rule, uses, begin):
        begin += DAY
    return begin


def enough(events: Sequence[dt.date], counts: Sequence[tuple[int, tuple[int, str]]], anchor: dt.date) -> bool:
    """Whether one of some counts is reached."""
    return any(len([d for d in events if back(anchor, *within) <= d <= anchor]) >= number for number, within in counts)
