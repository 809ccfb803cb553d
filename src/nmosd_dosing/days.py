"""Study days, week codes, months; date + offset: `shift_date` for one, `shift` for an array. The only arithmetic with months and years.

A date inside is a whole day, `datetime64[D]`. Study days count from 1 and know no day 0 (SDTM, RFSTDTC); a period's own days
count as its file says. Months are counted from a day and clipped to the end of the month, never chained: 31 August plus
6 months is 28 February, plus 12 months 31 August.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any, Literal, get_args

import numpy as np
from dateutil.relativedelta import relativedelta
from msgspec import Struct
from numpy.typing import NDArray

from nmosd_dosing.errors import InputError, Problem, counted
from nmosd_dosing.values import beside

Dates = NDArray[np.datetime64]
Shifter = Callable[[Dates, Dates | None], Dates]  # from dates, into an array of as many, or a new one
CountsFrom = Literal[0, 1]
Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
Style = Literal["D", "W", "week", "month", "year", "event"]

FIRST_DATE = np.datetime64("0001-01-01", "D")
LAST_DATE = np.datetime64("9999-12-31", "D")
MAX_DAYS = 3_652_058  # from 0001-01-01 to 9999-12-31
MAX_MONTHS = 119_987
_CYCLE_MONTHS, _CYCLE_DAYS = 4800, 146_097  # 400 years
NO_DATE = np.datetime64("NaT", "D")
_EPOCH = dt.date(1970, 1, 1).toordinal()
_NO_NUMBER = int(NO_DATE.view(np.int64))


@beside("written")
class Offset(Struct, frozen=True, order=True):
    """So many days, then so many calendar months, and then so many days again: a distance between dates, or a length of time.

    The days after the months are those of a cycle: day 15 of the second one is 14 days after a first day that months have moved.
    `written` is how a file says it: `28 days` and `4 weeks` are equal, but whoever checks a figure wants to see his own.
    """

    days: int = 0
    months: int = 0
    written: str = ""
    then: int = 0

    def __add__(self, other: Offset) -> Offset:
        return Offset(self.days + other.days, self.months + other.months, then=self.then + other.then)

    def times(self, n: int) -> Offset:
        return Offset(self.days * n, self.months * n, self.written if abs(n) == 1 else "", self.then * n)

    def later(self, days: int) -> Offset:
        """So many days after this."""
        return Offset(self.days, self.months, then=self.then + days) if self.months else Offset(self.days + days)

    def stepped(self, step: Offset, times: int) -> Offset:
        """So many steps after this: days behind months that have been counted already, months from the same day as those."""
        return self.later(step.days * times) if not step.months else self + step.times(times)

    def before(self, later: Offset) -> tuple[int, int]:
        """The fewest and the most days from the day that this leads to until that of `later`, over all starting days."""
        if (self.days, self.months) == (later.days, later.months):
            return later.then - self.then, later.then - self.then
        if not self.months and not later.months:
            days = later.days + later.then - self.days - self.then
            return days, days
        return _days_between(self, later)

    @property
    def possible(self) -> bool:
        """Whether any two dates of the years 1 to 9999 lie so far apart."""
        return abs(self.days) + abs(self.then) <= MAX_DAYS and abs(self.months) <= MAX_MONTHS

    @property
    def in_words(self) -> str:
        if self.written:
            return self.written
        parts = []
        if self.days or not self.months:
            weeks = self.days and self.days % 7 == 0
            parts.append(counted(self.days // 7, "week") if weeks else counted(self.days, "day"))
        if self.months:
            years = self.months % 12 == 0
            parts.append(counted(self.months // 12, "year") if years else counted(self.months, "month"))
        if self.then:
            parts.append(counted(self.then, "day"))
        return " and ".join(parts)

    @property
    def range(self) -> tuple[int, int]:
        """The fewest and the most days that this offset can be, over all starting days."""
        fewest, most = _days_in(self.months)
        return self.days + self.then + fewest, self.days + self.then + most

    @property
    def nominal(self) -> float:
        """About how many days: for an order where no date is known."""
        return self.days + self.then + self.months * 365.25 / 12


@cache
def _days_between(one: Offset, two: Offset) -> tuple[int, int]:
    """The fewest and the most days from one day to another, over every start in 400 years."""
    days = (_from_every_start(two) - _from_every_start(one)).view(np.int64)
    return int(days.min()), int(days.max())


@lru_cache(maxsize=32)  # a repeat asks for each of its days beside the one before it
def _from_every_start(offset: Offset) -> Dates:
    return shift(np.arange(_CYCLE_DAYS).astype("datetime64[D]"), offset)


@cache
def _days_in(months: int) -> tuple[int, int]:
    """The fewest and the most days that so many calendar months last, over every start in the 400 years after which the calendar repeats
    itself."""
    cycles, rest = divmod(months, _CYCLE_MONTHS)
    first = _two_cycles()  # who is clipped, from the last day of a month to that of another, goes as far as from one first day to another
    days = first[rest : rest + _CYCLE_MONTHS] - first[:_CYCLE_MONTHS] + cycles * _CYCLE_DAYS
    return int(days.min()), int(days.max())


@cache
def _two_cycles() -> NDArray[np.int64]:
    """The first days of 800 years' months, as days since the first of them."""
    return np.arange(2 * _CYCLE_MONTHS).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def no_dates(n: int | tuple[int, ...]) -> Dates:
    """(n,) NaT, or in a shape, that takes no room, not to be written into."""
    return np.broadcast_to(NO_DATE, n)


def ends(dates: Dates) -> tuple[np.datetime64, np.datetime64] | None:
    """The first and the last of some days; None where there is none. They are compared as numbers, which is ten times as fast."""
    numbers = dates.view(np.int64)
    last = int(numbers.max(initial=_NO_NUMBER))
    if last == _NO_NUMBER:
        return None
    first = int(numbers.min())
    if first == _NO_NUMBER:
        first = int((numbers - 1).min()) + 1  # NaT is the least of numbers, and one less the greatest
    return np.datetime64(first, "D"), np.datetime64(last, "D")


def shift(dates: Dates, offset: Offset) -> Dates:
    """Each date plus the days, the months and the later days of `offset`, months clipped to the month's end; the dates themselves where
    that is nothing. NaT stays NaT."""
    return shifter(dates, offset)(dates, None) if offset.months or offset.days + offset.then else dates


def shifter(dates: Dates, offset: Offset, gaps: bool = True) -> Shifter:
    """`shift` by `offset` for parts of `dates`. Months are looked up where the days are far fewer than the dates; `gaps`: whether some of
    them may be NaT, else days are added as numbers, which is twice as fast."""
    if not offset.months:
        days = offset.days + offset.then
        if gaps:
            return lambda part, out: np.add(part, np.timedelta64(days, "D"), out=out)
        return lambda part, out: np.add(part.view(np.int64), days, out=out if out is None else out.view(np.int64)).view(part.dtype)
    if (found := ends(dates)) is not None:
        first, last = (int(day.view(np.int64)) for day in found)
        if (last - first + 1) * 8 < dates.size:  # the same either way: a table is quicker where it is small beside the result
            table = np.append(NO_DATE, _by_months(np.arange(first, last + 1).view("datetime64[D]"), offset, None))
            before = np.datetime64(first - 1, "D")
            return lambda part, out: table.take((part - before).view(np.int64), out=out, mode="clip")  # NaT comes to the first place
    return lambda part, out: _by_months(part, offset, out)


def _by_months(dates: Dates, offset: Offset, out: Dates | None) -> Dates:
    moved: Dates = dates + np.timedelta64(offset.days, "D")
    month = moved.astype("datetime64[M]")
    day_of_month = moved - month.astype("datetime64[D]")
    target = month + np.timedelta64(offset.months, "M")
    first = target.astype("datetime64[D]")
    last_day = (target + np.timedelta64(1, "M")).astype("datetime64[D]") - first - np.timedelta64(1, "D")
    clipped: Dates = np.add(first, np.minimum(day_of_month, last_day), out=out)
    return np.add(clipped, np.timedelta64(offset.then, "D"), out=clipped) if offset.then else clipped


def shift_date(date: dt.date, offset: Offset) -> dt.date:
    """One date plus the days, the months and the later days of `offset`, months clipped to the month's end: what `shift` finds for it.

    Raises InputError where that is outside the years 1 to 9999.
    """
    return _of_number(_shifted(date, offset))


def days_past(date: dt.date, since: dt.date, offset: Offset) -> int:
    """How many days `date` lies after `since` plus `offset`, negative before it. Every date lies before what is after the year 9999: what
    is only compared with need not be in the calendar."""
    return date.toordinal() - _shifted(since, offset)


def _shifted(date: dt.date, offset: Offset) -> int:
    """The number of the day that `shift_date` names, from 1 for the first of the year 1; it may lie outside the calendar.

    Since the calendar repeats itself every 400 years, the date is moved in the years 4000 to 5600, far from both edges, and whole cycles
    are added afterwards: a step on the way may lead outside.
    """
    if not offset.months:
        return date.toordinal() + offset.days + offset.then
    near, _, moved = _far_from_the_edges(date, offset)
    moved += dt.timedelta(offset.then % _CYCLE_DAYS)
    cycles = offset.days // _CYCLE_DAYS + offset.months // _CYCLE_MONTHS + offset.then // _CYCLE_DAYS
    return date.toordinal() + (moved - near).days + cycles * _CYCLE_DAYS


def is_clipped(date: dt.date, offset: Offset) -> bool:
    """Whether the months of `offset` lead to a month that is too short, so that its last day is taken."""
    _, base, moved = _far_from_the_edges(date, offset)
    return base.day != moved.day


def _far_from_the_edges(date: dt.date, offset: Offset) -> tuple[dt.date, dt.date, dt.date]:
    """Three dates: `date` in the year from 4000 to 4399 that has its place in the calendar's cycle of 400 years; that one after the days
    of `offset`; and after its months too. Whole cycles are left out, so nothing comes near the year 1 or 9999."""
    near = date.replace(year=4000 + date.year % 400)
    base = near + dt.timedelta(offset.days % _CYCLE_DAYS)
    return near, base, base + relativedelta(months=offset.months % _CYCLE_MONTHS)


def _of_number(number: int) -> dt.date:
    if not 1 <= number <= dt.date.max.toordinal():
        raise _outside()
    return dt.date.fromordinal(number)


def to_date(value: np.datetime64) -> dt.date | None:
    """A day of an array as a date; None for NaT. Raises InputError outside the years 1 to 9999."""
    if np.isnat(value):
        return None
    if not FIRST_DATE <= value <= LAST_DATE:
        raise _outside()
    date: dt.date = value.astype("datetime64[D]").item()
    return date


def to_dates(values: Dates) -> list[Any]:
    """The days of an array as lists of dates in its shape, None for NaT. Raises InputError outside the years 1 to 9999."""
    if ((values < FIRST_DATE) | (values > LAST_DATE)).any():
        raise _outside()
    dates: list[Any] = values.tolist()
    return dates


def of_dates(dates: Sequence[dt.date | None]) -> Dates:
    """(n,) the days of dates, NaT for None; numpy's own way takes twenty times as long."""
    numbers = np.fromiter((0 if date is None else date.toordinal() for date in dates), dtype=np.int64, count=len(dates))
    days: Dates = np.where(numbers > 0, numbers - _EPOCH, NO_DATE.view(np.int64)).view("datetime64[D]")
    return days


def _outside() -> InputError:
    return InputError(Problem("a date of the plan falls outside the years 1 to 9999", hint="give another start date"))


def weekdays(language: Language = "en") -> tuple[str, ...]:
    """The short names of the days from Monday on; strftime would follow the locale."""
    match language:
        case "en":
            return "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"
        case "zh":
            return "周一", "周二", "周三", "周四", "周五", "周六", "周日"


def date_text(date: dt.date, language: Language = "en") -> str:
    """A date as people read it, with its weekday: `2025-07-06 Sun`. The only place that writes a date with its weekday."""
    return f"{date.isoformat()} {weekdays(language)[date.weekday()]}"


def week_of(date: dt.date) -> tuple[dt.date, dt.date]:
    """Monday and Sunday of the week of a date; Sunday is no later than the last day there is, and the first of all was a Monday."""
    first = date.toordinal() - date.weekday()
    return dt.date.fromordinal(first), dt.date.fromordinal(min(first + 6, dt.date.max.toordinal()))


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def month_name(date: dt.date) -> str:
    """The month of a date: `July`."""
    return _MONTHS[date.month - 1]


def study_day(date: dt.date, start: dt.date | None) -> int | None:
    """SDTM study day: the first day is 1, the day before it -1; None where there is no first day."""
    if start is None:
        return None
    days = (date - start).days
    return days + 1 if days >= 0 else days


def week_code(days: int) -> str | None:
    """`W27D1` for 182 days after day 1 of week 1; None before it."""
    return f"W{days // 7 + 1}D{days % 7 + 1}" if days >= 0 else None


def day_number(days: int, counts_from: CountsFrom) -> int:
    """The number of the day so many days after a period's first: 0 or 1 first as the file counts, the day before it -1."""
    return days + counts_from if days >= 0 else days


class Code(Struct, frozen=True):
    """A day of a period in the file's own way of writing: `D182`, `W25D1`, `week 48`, `month 6`, `D1+6mo`.

    `cycle`: the number of the cycle whose day it is, `day` which one, and `cycle_name` which cycle, if it has a name: `C2D8`, `A-C2D8`.
    `hangs_on`: what it is counted from, if not the period's first day: `relapse+5d`. What counts from the actual day of the visit on a day
    has its days `then`: `D15 + 14 days`, `1 day before D15`.
    """

    style: Style
    offset: Offset
    counts_from: CountsFrom
    cycle: int = 0
    day: int = 0
    hangs_on: str = ""
    cycle_name: str = ""

    @property
    def label(self) -> str:
        days, months, then = self.offset.days, self.offset.months, self.offset.then
        if self.hangs_on:
            parts = (f"{number:+d}{unit}" for number, unit in ((days, "d"), (months, "mo"), (then, "d")) if number)
            return self.hangs_on + "".join(parts)
        if then and not months and not self.cycle:
            return self._moved(counted(abs(then), "day"))
        if self.cycle:
            name = f"{self.cycle_name}-" if self.cycle_name else ""
            return f"{name}C{self.cycle}D{day_number(self.day, self.counts_from)}"
        if months and not days and self.style in ("month", "year"):
            elapsed = f"year {months // 12}" if self.style == "year" and months % 12 == 0 else f"month {months}"
            return f"{elapsed}{f'{then:+d}d' if then else ''}"
        if self.style == "W" and days >= 0:
            base = week_code(days)
        elif self.style == "week" and days >= 0 and days % 7 == 0:
            base = f"week {days // 7}"
        else:
            base = f"D{day_number(days, self.counts_from)}"
        return f"{base}{f'{months:+d}mo' if months else ''}{f'{then:+d}d' if then else ''}"

    @property
    def of_period(self) -> Code:
        """The same day, counted from the period's first day and not within a cycle."""
        return Code(self.style, self.offset, self.counts_from) if self.cycle or self.hangs_on else self

    @property
    def labels(self) -> tuple[str, ...]:
        """Every way in which a file could name this day of the period: `D85` and `W13D1`; `D14` and `week 2` where days count from 0."""
        if self.hangs_on:
            return (self.label,)
        styles: tuple[Style, ...] = ("D", "W") if self.counts_from else ("D", "week", "month", "year")
        codes = [self, *(Code(style, self.offset, self.counts_from) for style in styles)]
        found, then = [code.label for code in codes], self.offset.then
        if then and not self.offset.months and not self.cycle:
            found += [code._moved(counted(abs(then) // 7, "week")) for code in codes if then % 7 == 0]
            found += [code._moved(f"{-then * 24} h") for code in codes if then < 0]
        return tuple(dict.fromkeys(found))

    def _moved(self, by: str) -> str:
        """So long after the actual day of the visit on a day, or before it, as a file says it: `D15+14d` would read like a window."""
        on = Code(self.style, Offset(self.offset.days), self.counts_from).label
        return f"{on} + {by}" if self.offset.then > 0 else f"{by} before {on}"

    def later(self, step: Offset, times: int) -> Code:
        return Code(self.style, self.offset.stepped(step, times), self.counts_from, hangs_on=self.hangs_on)

    def in_cycle(self, number: int, begins: Offset, name: str = "") -> Code:
        """The same day of cycle `number`, whose first day is `begins` after the period's."""
        return Code(self.style, begins.later(self.offset.days), self.counts_from, number, self.offset.days, cycle_name=name)
