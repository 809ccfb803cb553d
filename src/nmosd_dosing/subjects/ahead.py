"""How subjects of simulated trials go on: what is drawn of them, as columns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from nmosd_dosing.days import NO_DATE, Dates, Offset

Columns = slice | NDArray[np.intp]


class Ahead(Struct, frozen=True):
    """How the n subjects of simulated trials go on where the study leaves it open. What they do is drawn; what it leads to is the study's.

    trials: column c belongs to trial c % trials; what is counted over all subjects is counted over each trial's. day: (n,) which of the
    allowed days of an entry is taken, from 0 for the first to below 1 for the last. declines: (n,) whether somebody who may enter does
    not. horizon: the last day on which anybody is enrolled, or the study stops. follow: how long later periods are followed; None: as
    long as anything is planned. misses: by how many days (n,) a visit misses its target, asked by its id; None where it does not; late:
    by how many at the most. known: the last day of which everything is known: an entry that is not recorded comes later, and so does a
    visit that is not `over`: (n,) whether it has been, asked by its id; None where it has been of nobody.
    """

    trials: int
    day: NDArray[np.float64]
    declines: NDArray[np.bool_]
    horizon: np.datetime64
    follow: Offset | None
    misses: Callable[[str], NDArray[np.int64] | None]
    known: np.datetime64 = NO_DATE
    over: Callable[[str], NDArray[np.bool_] | None] | None = None
    late: int = 0

    def entry_day(self, earliest: Dates, latest: Dates, columns: Columns = slice(None)) -> Dates:
        """(n,) the day of entry among the allowed ones, both included; NaT where there is none. The first where no last is stated."""
        first = earliest if np.isnat(self.known) else np.maximum(earliest, self.known + np.timedelta64(1, "D"))
        days = (latest - first).view(np.int64) + 1
        found: Dates = first + (self.day[columns] * days).astype(np.int64).view("timedelta64[D]")
        none = np.flatnonzero((days <= 0) & ~np.isnat(first))
        if len(none):
            found[none] = np.where(np.isnat(latest[none]), first[none], NO_DATE)
        return found

    def takes_place(self, id: str, target: Dates, anchor: Dates, offset: Offset | None, columns: slice = slice(None)) -> Dates:
        """(n,) the day on which a visit takes place: never on the other side of its period's day 1, which is never moved, and after all
        that is known; NaT where it is over."""
        if offset != Offset() and (days := self.misses(id)) is not None:
            side = np.minimum if offset is not None and offset.nominal < 0 else np.maximum
            target = side(target + days[columns].view("timedelta64[D]"), anchor)
        if self.over is not None:
            target = np.maximum(target, self.known + np.timedelta64(1, "D"))
            if (over := self.over(id)) is not None:
                target[over[columns]] = NO_DATE
        return target

    def at_the_latest(self, target: Dates) -> Dates:
        """(n,) the day after which no visit of that day takes place; nothing is drawn for it."""
        latest = target + np.timedelta64(self.late, "D")
        return latest if np.isnat(self.known) else np.fmax(latest, self.known + np.timedelta64(1, "D"))
