"""The days of one repeat, counted one after the other with Python's calendar: written from docs/language.md, sharing nothing with the
program."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

Unit = Literal["days", "months"]


class Rhythm(Struct, frozen=True):
    """From a day so many `days` or `months` after the first, or after an event, again every `step`; `times` more, or `until` a day that is
    counted like the first; `without`: the numbers of the repeats that are left out."""

    base: tuple[int, Unit]
    step: tuple[int, Unit]
    times: int = 0
    until: tuple[int, Unit] | None = None
    without: tuple[int, ...] = ()
    event: bool = False

    @property
    def text(self) -> str:
        end = f" until {self._day(*self.until)}" if self.until is not None else f", {self.times} more times"
        left_out = [self._day(self.base[0] + n * self.step[0], self.base[1]) for n in self.without]
        return (
            f"{self._day(*self.base)}, then every {self.step[0]} {self.step[1]}{end}{', except ' if left_out else ''}{', '.join(left_out)}"
        )

    def _day(self, number: int, unit: Unit) -> str:
        if self.event:
            return f"relapse + {number} {unit}"
        return f"D{number}" if unit == "days" else f"month {number}"


def later(date: dt.date, number: int, unit: Unit) -> dt.date:
    """So much later; months by the calendar, at most to the end of the month."""
    if unit == "days":
        return date + dt.timedelta(number)
    month = date.month - 1 + number
    year, month = date.year + month // 12, month % 12 + 1
    return dt.date(year, month, min(date.day, calendar.monthrange(year, month)[1]))


def days(rhythm: Rhythm, first: dt.date) -> list[dt.date]:
    """Every day of it, counted from a first day, or from that of the event."""
    return [later(first, *rhythm.base), *_repeats(rhythm, first)]


def _repeats(rhythm: Rhythm, first: dt.date) -> Iterator[dt.date]:
    last = later(first, *rhythm.until) if rhythm.until is not None else None
    number = 0
    while True:
        number += 1
        if rhythm.step[1] == rhythm.base[1]:
            day = later(first, rhythm.base[0] + number * rhythm.step[0], rhythm.step[1])
        elif rhythm.step[1] == "days":
            day = later(later(first, *rhythm.base), number * rhythm.step[0], "days")
        else:
            day = later(later(first, *rhythm.base), number * rhythm.step[0], "months")
        if (last is not None and day > last) or (last is None and number > rhythm.times):
            return
        if number not in rhythm.without:
            yield day
