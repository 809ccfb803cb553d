"""A period in the plan of n subjects: once, again after a gap, and once more for each event, or last dose, on which something hangs."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from nmosd_dosing.days import NO_DATE, Dates, Offset, shift
from nmosd_dosing.study.model import GapRule, Period
from nmosd_dosing.study.visits import OPEN_END
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.disposition import Limit, Move


class Restart(Struct, frozen=True):
    """Why a period begins anew. rule: (n,) which of `rules` holds, -1 for none. before: (n,) the day of the dose before the gap. days: (n,)
    how far after day 1 of the period it begins again."""

    rules: tuple[GapRule, ...]
    rule: NDArray[np.int8]
    before: Dates
    days: NDArray[np.int64]


class Segment(Struct, frozen=True, dict=True):
    """A period in the plan; once more, from a day 1 of its own, where a gap between doses restarts it (`run` 1, 2, …).

    period: index into the disposition's periods. anchor: (n,) its first day, NaT for subjects who do not come to it. open_end: (n,) the
    last day up to which open repeats are drawn. limits: what ends its visits or doses. waits: (n,) the last day before its doses wait
    for a decision, and why. hangs_on: what its days are counted from, if not the period's first day; `run` then counts how often it has
    happened, from 0. restart: why it begins anew. cut: (n,) the number of the first of its visits
    that a gap lets fall away, whatever its day; beyond all of them where there is none. cut_doses: (n,) whether only doses do.
    unsure: (n,) whether the last dose on which it hangs may be another one; None of what hangs on no dose. entry: (n,) the first day of the
    next period, recorded or projected, by which what hangs on this one's last dose falls away; None where nothing does so. drawn: how far
    behind its first day open repeats are drawn; None where that is not the same for everybody.
    """

    period: int
    run: int
    anchor: Dates
    open_end: Dates
    limits: tuple[Limit, ...] = ()
    waits: tuple[Limit, ...] = ()
    hangs_on: str = ""
    restart: Restart | None = None
    cut: NDArray[np.int64] | None = None
    cut_doses: NDArray[np.bool_] | None = None
    unsure: NDArray[np.bool_] | None = None
    entry: Dates | None = None
    drawn: Offset | None = None

    @cached_property
    def whole(self) -> bool:
        """Whether everybody comes to it."""
        return not np.isnat(self.anchor).any()

    def within(self, offset: Offset | None) -> bool:
        """Whether a visit lies before the end of open repeats, of everybody, since both are counted from the first day."""
        if self.drawn is None or offset is None or self.run or self.hangs_on or not self.whole:
            return False
        earlier = offset.days <= 0 <= offset.months <= self.drawn.months and not offset.then
        return earlier or offset.range[1] <= self.drawn.range[0]

    @property
    def first(self) -> Dates:
        """(n,) the day on which it begins: day 1, or a later one with which a restart goes on."""
        return self.anchor if self.restart is None else self.anchor + self.restart.days.astype("timedelta64[D]")

    def may_move(self, expected: Dates) -> NDArray[np.bool_]:
        """(rows, n) whether visits of some days may be on another one, or fall away: for what they hang on, or for an entry."""
        unsure: NDArray[np.bool_] = np.broadcast_to(False if self.unsure is None else self.unsure, expected.shape)
        return unsure if self.entry is None else unsure | (expected > self.entry)

    def last_day(self, doses: bool, columns: slice = slice(None), kept_after: tuple[str, ...] = ()) -> Dates | None:
        """(n,) the last day on which a visit, or a dose, may be planned; None where nobody has a limit. kept_after: the exits after which
        the visit stays."""
        last = self._last_dose if doses else self._last_visit
        if kept_after and not doses:
            last = _earliest([limit.last for limit in self.limits if not limit.doses_only and limit.cause not in kept_after])
        return last[columns] if last is not None else None

    @cached_property
    def _last_visit(self) -> Dates | None:
        return _earliest([limit.last for limit in self.limits if not limit.doses_only])

    @cached_property
    def _last_dose(self) -> Dates | None:
        doses = [limit.last for limit in self.limits if limit.doses_only]
        return _earliest([*doses, self._last_visit] if self._last_visit is not None else doses)

    def ends(self, moves: Sequence[Move]) -> Iterator[tuple[Limit, Dates]]:
        """What ends it, with its last day: (n,), NaT for whom an entry by one of `moves` is projected, which ends nothing yet."""
        entered = [move.entered for move in moves if move.out_of == self.period]
        for limit in self.limits:
            gone = ~np.isnat(np.fmax.reduce(entered)) if limit.cause == "entry" else np.True_
            yield limit, np.where(gone, limit.last, NO_DATE)

    def cut_short(self, begins: Dates, last: Dates, columns: slice, moves: Sequence[Move], kept_after: Sequence[str]) -> Dates:
        """The last days of a visit of several days that has begun when what ends its visits comes; it is `kept_after` some exits."""
        for limit, end in self.ends(moves):
            if not limit.doses_only and limit.cause not in kept_after:
                last = np.where((begins <= end[columns]) & (last > end[columns]), end[columns], last)
        return last


def _earliest(dates: Sequence[Dates]) -> Dates | None:
    """(n,) the earliest of several; None of none."""
    return functools.reduce(np.fmin, dates) if dates else None


def open_end(
    period: Period, start: Dates, until: dt.date | None, at_least: dt.date | None, cohort: Cohort
) -> tuple[Dates, Offset | None]:  # fmt: skip
    """The last day up to which open repeats are drawn, for each subject; any date where there are none: not before his last record, so that
    what should have been done before it is seen. Of simulated subjects, up to which a period is followed. And how far behind `start` that
    is, where it is the same for everybody."""
    ahead = cohort.ahead
    if ahead is not None and ahead.follow is not None:
        return shift(start, ahead.follow), None
    if until is not None:
        return np.broadcast_to(np.datetime64(until, "D"), len(start)), None
    if period.open_ended:
        end = shift(start, OPEN_END)
        last = cohort.last_records if ahead is None else None
        if at_least is None and last is None:
            return end, OPEN_END
        end = np.maximum(end, np.datetime64(at_least, "D")) if at_least is not None else end
        return end if last is None else np.where(np.isnat(end), end, np.fmax(end, last)), None
    return start, None
