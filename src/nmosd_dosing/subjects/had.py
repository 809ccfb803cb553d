"""What a person had before the study, and when: drugs, vaccines, infections, other trials, relapses. Criteria are reckoned from it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.errors import Place
from nmosd_dosing.sentences import Sentence, joined, said
from nmosd_dosing.study.criteria import plain_name
from nmosd_dosing.study.events import BEFORE_DAY_1
from nmosd_dosing.subjects.bounds import Values
from nmosd_dosing.subjects.subject import Event
from nmosd_dosing.values import beside

NOTHING = "nothing"  # in the place of a name: there was nothing
ONGOING = "ongoing"  # in the place of a last day: it goes on
_MG = {"mg": Decimal(1), "毫克": Decimal(1), "g": Decimal(1000), "克": Decimal(1000), "mcg": Decimal("0.001"), "ug": Decimal("0.001")}
_DAILY = re.compile(r"(.+?)\s*(?:/\s*(?:d|day|日|天)|\s(?:daily|a day|per day|qd))", re.I)


@beside("place", "comment")
class Had(Struct, frozen=True):
    """Something that a person had from `first` to `last`, both included; of one day both are that day.

    `first` is None where nobody knows since when. `last` is None where it goes on (`ongoing`), or where nobody has written it. Of a date
    without its day, or without its month, they are the outermost days that it may be, and `first_at_latest` and `last_at_earliest` the
    innermost. `amount`, or `amount_per_day`, and `unit`: how much, as it was written. `purpose`: what for. `not_had`: somebody has written
    that it was not had. `comment` is what somebody wrote beside it.
    """

    what: str
    first: dt.date | None
    last: dt.date | None
    ongoing: bool = False
    amount: Decimal | None = None
    amount_per_day: Decimal | None = None
    unit: str = ""
    purpose: str = ""
    first_at_latest: dt.date | None = None
    last_at_earliest: dt.date | None = None
    not_had: bool = False
    place: Place | None = None
    comment: str | None = None

    def __post_init__(self) -> None:
        values = Values(self.place)
        values.text("what", self.what, needed=True)
        for name in ("unit", "purpose", "comment"):
            values.text(name, getattr(self, name))
        for name in ("first", "last", "first_at_latest", "last_at_earliest"):
            values.given(values.date, name, getattr(self, name))
        for name in ("amount", "amount_per_day"):
            values.given(values.amount, name, getattr(self, name))
        if not values.found and self.first is not None and self.last is not None and self.last < self.first:
            values.wrong("last", self.last, f"is before its first day, {self.first}", "exchange the two, or mend one of them")
        if not values.found and self.ongoing and self.last is not None:
            values.wrong("last", self.last, "is the last day of what goes on", "leave one of the two out")
        values.stop()

    @property
    def begin_text(self) -> str:
        """Its first day as it is written, `2024-05-01`, `2024-05`, `2024`; empty where nobody knows it."""
        return _date_text(self.first, self.first_at_latest)

    @property
    def end_text(self) -> str:
        """Its last day likewise, or `ongoing`."""
        return ONGOING if self.ongoing else _date_text(self.last_at_earliest or self.last, self.last)

    @property
    def as_written(self) -> Sentence:
        """Its days as they are written, where one of them is a date without its day; else empty."""
        if self.first_at_latest is None and self.last_at_earliest is None:
            return said("")
        begin, end = self.begin_text, self.end_text
        if begin == end or not end:
            return joined("", [begin])
        return said("{first} to {last}", first=begin, last=end) if begin else said("until {last}", last=end)

    @property
    def daily_mg(self) -> Decimal | None:
        """How many mg a day; None where that is not said. An amount alone may be that of one of several doses."""
        unit, amount = self.unit.casefold(), self.amount_per_day
        if amount is None and (a_day := _DAILY.fullmatch(unit)) is not None:
            unit, amount = a_day[1], self.amount
        return amount * _MG[unit] if amount is not None and unit in _MG else None

    @property
    def when(self) -> Sentence:
        """Its days, in words."""
        if self.as_written:
            return said("{days}, taken as widely as it may be", days=self.as_written)
        first, last = str(self.first), str(self.last)
        if self.last is not None:
            if self.first is None:
                return said("until {last}", last=last)
            return joined("", [first]) if first == last else said("from {first} to {last}", first=first, last=last)
        end = said("going on") if self.ongoing else said("its last day is not written")
        return said("from {first}, {end}", first=first, end=end) if self.first is not None else end

    @property
    def begun(self) -> dt.date | None:
        """The day by which it had surely begun."""
        return self.first_at_latest or self.first


def _date_text(first: dt.date | None, last: dt.date | None) -> str:
    """A date that may be the days from the first to the last: a day, a month or a year."""
    if first is None or last in (None, first):
        return first.isoformat() if first is not None else ""
    return first.isoformat()[:7] if (last.year, last.month) == (first.year, first.month) else first.isoformat()[:4]


class Past(Struct, frozen=True):
    """What a person had, and what happened. `told`: whether somebody has said what was had, if only that there was nothing: what is not
    named is then not had, and else not known."""

    had: tuple[Had, ...] = ()
    told: bool = False

    @property
    def latest(self) -> dt.date | None:
        """The latest day that it speaks of."""
        days = (had.last if had.last is not None else had.first for had in self.had)
        return max((day for day in days if day is not None), default=None)

    def with_rows(self, rows: Iterable[Had], *, told: bool) -> Past:
        """With what a table says; a row that there was nothing, or that something was not had, only tells that somebody was asked."""
        named = tuple(had for had in rows if not had.not_had and plain_name(had.what) != plain_name(NOTHING))
        return Past((*self.had, *named), told=self.told or told)

    def with_events(self, events: Iterable[Event]) -> Past:
        """With what happened to a person; his days before day 1 are no part of it."""
        happened = [Had(event.name, event.date, event.date, place=event.place) for event in events if event.name not in BEFORE_DAY_1]
        return replace(self, had=(*self.had, *happened))
