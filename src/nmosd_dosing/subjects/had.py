"""What a person had before the study, and when: drugs, vaccines, infections, other trials, relapses. Criteria are reckoned from it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

from nmosd_dosing.errors import Place
from nmosd_dosing.subjects.bounds import Values

NOTHING = "nothing"  # in the place of a name: there was nothing


@dataclass(frozen=True, slots=True)
class Had:
    """Something that a person had from `first` to `last`, both included; of one day both are that day.

    `first` is None where nobody knows since when. `last` is None where it goes on (`ongoing`), or where nobody has written it. `daily_mg`:
    how much a day, None where that is not written. `purpose`: what for. `as_written`: a date without its day, or without its month, of
    which `first` and `last` are the outermost days that it may be.
    """

    what: str
    first: dt.date | None
    last: dt.date | None
    ongoing: bool = False
    daily_mg: Decimal | None = None
    purpose: str = ""
    as_written: str = ""
    first_at_latest: dt.date | None = None
    place: Place | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        values = Values(self.place)
        values.text("what", self.what, needed=True)
        for name in ("first", "last"):
            if getattr(self, name) is not None:
                values.date(name, getattr(self, name))
        if self.daily_mg is not None:
            values.amount("daily_mg", self.daily_mg)
        if not values.found and self.first is not None and self.last is not None and self.last < self.first:
            values.wrong("last", self.last, f"is before its first day, {self.first}", "exchange the two, or mend one of them")
        if not values.found and self.ongoing and self.last is not None:
            values.wrong("last", self.last, "is the last day of what goes on", "leave one of the two out")
        values.stop()

    @property
    def when(self) -> str:
        """Its days, in words."""
        if self.as_written:
            return f"{self.as_written}, taken as widely as it may be"
        if self.first is not None and self.first == self.last:
            return f"{self.first}"
        begin = f"from {self.first}" if self.first is not None else ""
        end = "going on" if self.ongoing else "its last day is not written" if self.last is None else ""
        if self.last is not None:
            end = f"to {self.last}" if begin else f"until {self.last}"
        return f"{begin}{', ' if begin and self.last is None else ' ' if begin else ''}{end}"

    @property
    def begun(self) -> dt.date | None:
        """The day by which it had surely begun."""
        return self.first_at_latest or self.first

    @property
    def last_known(self) -> dt.date | None:
        """The latest day of it that is certain."""
        return self.last if self.last is not None else self.first


@dataclass(frozen=True, slots=True)
class Past:
    """What a person had, and what happened. `told`: whether somebody has said what was had, if only that there was nothing: what is not
    named is then not had, and else not known."""

    had: tuple[Had, ...] = ()
    told: bool = False

    @property
    def latest(self) -> dt.date | None:
        """The latest day that it speaks of."""
        return max((day for had in self.had if (day := had.last_known) is not None), default=None)
