"""Subjects who are alike: of whom the same is known but for code, site and weight; and, far fewer of them, kinds of subjects: whose visits
are the same and whose days, whichever they are, stand to each other in the same order, so that the same notes are told of them.

A note or a cell may hang on what `_kept` and `_of_visits` name, and on which of two days of `_days` is the earlier one. So no note is
listed here: the plan of one subject decides which there are, and it is that of everybody of his kind.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from nmosd_dosing.days import LAST_DATE, NO_DATE
from nmosd_dosing.schedule.by_subject import day_one
from nmosd_dosing.schedule.doses.body_weights import per_baseline_kg
from nmosd_dosing.schedule.doses.recorded_doses import range_ends
from nmosd_dosing.schedule.gaps import entry_gaps
from nmosd_dosing.schedule.row_columns import RowColumns, distinct
from nmosd_dosing.schedule.visit_states import VisitStatus
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.weight_checks import weight_doubts

Column = tuple[str, NDArray[Any]]  # (n,) by name: whole numbers, days or truth values


class Groups(Struct, frozen=True):
    """n subjects in groups. of: (n,) the number of each one's; first: the place of somebody in each; keys: what those of a group share, the
    same for whoever is like them in another schedule whose `layout` is the same."""

    of: NDArray[np.int64]
    first: list[int]
    layout: Hashable
    keys: list[bytes]

    def in_order(self) -> tuple[list[int], list[int]]:
        """The places of everybody, group after group, and where each group begins, and the end."""
        return np.argsort(self.of, kind="stable").tolist(), [0, *np.cumsum(np.bincount(self.of, minlength=len(self.first))).tolist()]


def alone(cohort: Cohort) -> list[int]:
    """The columns of those of whom something is known that nobody else can share: records, later weights, other values, doubtful weights,
    earlier doses, or no day 1."""
    own = np.isnat(cohort.start)
    own[[column for column, _ in (*cohort.records, *cohort.timed, *cohort.earlier)]] = True
    for measured in (cohort.weighed, cohort.measured, *cohort.values.values()):
        if measured is not None:
            own |= ~np.isnat(measured.dates).all(axis=0)
    own[list(weight_doubts(cohort))] = True
    return np.flatnonzero(own).tolist()


def alike(columns: RowColumns, apart: Sequence[int]) -> Groups:
    """The subjects of a schedule of whom all is told alike, in sentences with dates too, but for numbers that hang on the body. Those
    `apart`, whom `alone` names, are like nobody: what is told of them is to be remembered for nobody else."""
    return _groups(columns, [_own(columns, apart), *_known(columns.schedule.cohort), *_kept(columns)])


class Told(Struct, frozen=True):
    """What is told of the subjects of a schedule, but in sentences: facts, and the days, (n,) each or several such."""

    columns: RowColumns
    facts: list[Column]
    days: list[Column]

    @staticmethod
    def of(columns: RowColumns, *, cancelled: bool) -> Told:
        """cancelled: whether visits that fell away are told of."""
        return Told(columns, [*_kept(columns), *_of_visits(columns)], [*_days(columns, cancelled)])

    def alike(self, apart: Sequence[int]) -> Groups:
        """Of whom the same is told; those `apart` as in `alike`."""
        days = [(f"{name} {i}", day) for name, dates in self.days for i, day in enumerate(np.atleast_2d(dates))]
        s = self.columns.schedule
        first_days = [("start", s.start), *((f"day one {p}", day_one(s, p)) for p in range(len(s.segments)))]
        return _groups(self.columns, [_own(self.columns, apart), *first_days, *self.facts, *days])

    def kinds(self, some: list[int], as_of: dt.date | None) -> Groups:
        """The kinds of some columns, none of them `alone`. as_of: the day by which nothing is recorded."""
        facts = _groups(self.columns, [(name, values[some]) for name, values in self.facts])
        named = [(name, np.atleast_2d(dates)[:, some]) for name, dates in self.days]
        fixed = np.broadcast_to(np.array([[None], [as_of]], dtype="datetime64[D]"), (2, len(some)))
        days = np.concatenate([fixed, *(dates for _, dates in named)]).view(np.int64)
        order = np.argsort(days, axis=0)  # NaT, of which the first row is, is the least of numbers
        ordered, ranks = np.take_along_axis(days, order, axis=0), np.zeros_like(days)
        np.put_along_axis(ranks, order[1:], np.cumsum(ordered[1:] != ordered[:-1], axis=0), axis=0)
        of, first = distinct([facts.of, *ranks], len(some))
        keys = [facts.keys[facts.of[i]] + ranks[:, i].tobytes() for i in first]
        return Groups(of, first.tolist(), (facts.layout, tuple((name, len(dates)) for name, dates in named)), keys)


def _groups(columns: RowColumns, told: Sequence[Column]) -> Groups:
    of, first = distinct([values for _, values in told], len(told[0][1]))
    keys = np.array([values[first].astype(np.int64) for _, values in told])
    return Groups(of, first.tolist(), (columns.schedule.ids, tuple(name for name, _ in told)), [key.tobytes() for key in keys.T])


def _own(columns: RowColumns, apart: Sequence[int]) -> Column:
    own = np.zeros(len(columns.schedule), dtype=np.int64)
    own[list(apart)] = np.arange(1, len(apart) + 1)
    return "alone", own


def _known(cohort: Cohort) -> Iterator[Column]:
    """The days that are known of a subject: all others come of them."""
    yield "start", cohort.start
    if cohort.planned_start is not None:
        yield "planned start", cohort.planned_start
    for name, dates in cohort.events.items():
        yield from ((f"event {name} {i}", column) for i, column in enumerate(dates))
    yield from ((f"entry {name}", column) for name, column in cohort.entered.items())


def _kept(columns: RowColumns) -> Iterator[Column]:
    """What hangs on more than days: on the arm and the body, and which numbers are known."""
    s, cohort = columns.schedule, columns.schedule.cohort
    yield "arm", cohort.arm
    yield "body", _bits(np.isnan(cohort.grams), np.isnan(cohort.mm), np.isnan(cohort.male))
    if cohort.age is not None:
        yield "age", np.where(np.isnan(cohort.age), -1, cohort.age).astype(np.int64)
    for k, vials in enumerate(columns.dispensed):
        yield f"status {k}", s.status[k]
        numbers = [s.cumulative[k], per_baseline_kg(s, k), range_ends(s, k)[0], *s.exposure.get(k, ())]
        yield f"known {k}", _bits(*map(np.isnan, numbers), *map(np.isnan, (vials.total, vials.volume) if vials is not None else ()))


def _of_visits(columns: RowColumns) -> Iterator[Column]:
    """What has become of each visit, of each dose and of what they hang on."""
    s, disposition = columns.schedule, columns.schedule.disposition
    first, last = columns.allowed.around
    for visits, _ in s.by_segment():
        segment = s.segment(visits)
        after_end = s.target[visits] > disposition.end[segment.period]
        become = s.state(visits) + (_bits(s.beyond_open_end(visits), np.isnat(first[visits]) & np.isnat(last[visits]), after_end) << 8)
        yield from ((f"visit {visits.start + i}", mine) for i, mine in enumerate(become))
    for k, row in enumerate(s.rows):
        yield f"dose {k}", columns.in_plan[k]
        yield f"times {k}", np.broadcast_to(np.asarray(s.count(k)), len(s)).astype(np.int64)
        if s.visits[row.visit].time_points:
            yield f"days {k}", (columns.dates[k] - s.target[row.visit]).view(np.int64)
        if k in s.taken:
            yield f"taken {k}", s.taken[k]
        if k in s.taken_days:  # which they are is told in dates
            taken = s.taken_days[k].taken
            yield f"course {k}", np.where(taken.any(axis=0), s.target[row.visit], NO_DATE)
            yield from ((f"taken {k} {i}", day) for i, day in enumerate(taken))
    for p, segment in enumerate(s.segments):
        goes_on = [~(limit.last < np.minimum(segment.open_end, LAST_DATE)) for limit in segment.limits]
        unsure = segment.unsure if segment.unsure is not None else np.False_
        yield (
            f"segment {p} {[limit.doses_only for limit in segment.limits]}",
            _bits(np.isnat(day_one(s, p)), unsure, np.isnat(segment.open_end), *goes_on),
        )
    for p, move in enumerate(disposition.moves):
        yield f"move {p}", _bits(np.isnat(move.entered), move.rule >= 0)
    if (gaps := columns.allowed.gaps) is not None:
        yield from ((f"gap {i}", product) for i, product in zip(gaps.visits, gaps.product, strict=True))


def _days(columns: RowColumns, cancelled: bool) -> Iterator[Column]:
    """The days of the visits that are shown, and those with which they are compared; (n,), or several such."""
    s, allowed = columns.schedule, columns.allowed
    state = np.concatenate([np.empty((0, len(s)), np.uint8), *(s.state(visits) for visits, _ in s.by_segment())])
    shown = (state != VisitStatus.ABSENT) & (cancelled | (state != VisitStatus.CANCELLED))
    yield from (("visits", np.where(shown, days, NO_DATE)) for days in (s.target, allowed.earliest, allowed.latest))
    for i, visit in enumerate(s.visits):
        ends = (s.last(i), s.planned_last(i, s.target[i], slice(None))) if visit.last is not None else ()
        yield from ((f"last of {i}", np.where(shown[i], days, NO_DATE)) for days in ends if days is not None)
    for k in (k for k, row in enumerate(s.rows) if row.give.events):
        yield from ((f"dose {k}", days) for days in (s.dose_days(k), columns.dates[k]))
    for event in dict.fromkeys(event for row in s.rows for event in row.give.events):
        yield event, s.cohort.dates_of(event)
    yield from (("entry", segment.entry) for segment in s.segments if segment.entry is not None)
    if allowed.gaps is not None:
        yield "gaps", np.where(shown[allowed.gaps.visits], allowed.gaps.not_before, NO_DATE)
        for gap in entry_gaps(s, columns.dates):
            yield f"{gap.product} in {gap.segment}", np.where(np.isnat(gap.before), NO_DATE, gap.first)


def _bits(*flags: Any) -> NDArray[np.int64]:
    """Truth values as one number."""
    return functools.reduce(np.bitwise_or, (np.asarray(flag).astype(np.int64) << place for place, flag in enumerate(flags)))
