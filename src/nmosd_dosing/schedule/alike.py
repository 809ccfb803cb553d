"""Subjects who are alike: of whom the same is known but for code, site and weight; and, in far fewer kinds, their visits: of which the same
has become, and whose days, whichever they are, stand in the same order to each other and to those that they touch.

A note or a cell may hang on what `_kept` and `_of_visits` name, on which of two days of `_days` is the earlier one where these are of a
visit and of the subject, or of visits that touch, and on which visits stand between these. So no note is listed here: the plan of one
subject decides which there are.
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, NamedTuple

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

_NONE, _NEVER = NO_DATE.view(np.int64), np.iinfo(np.int64).max


class Column(NamedTuple):
    """What is told of n subjects: whole numbers, days or truth values; of a visit, by its place in the schedule, or of the subject (-1)."""

    name: str
    values: NDArray[Any]
    visit: int = -1


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
    return _groups(columns, apart, [*_known(columns.schedule.cohort), *_kept(columns)])


class Told(Struct, frozen=True):
    """What is told of the subjects of a schedule, but in sentences: facts and days. shown: (m, n) which visits; live: which of them do not
    fall away."""

    columns: RowColumns
    shown: NDArray[np.bool_]
    live: NDArray[np.bool_]
    facts: list[Column]
    days: list[Column]

    @staticmethod
    def of(columns: RowColumns, as_of: dt.date | None, *, cancelled: bool) -> Told:
        """as_of: the day by which nothing is recorded. cancelled: whether visits that fell away are shown, too."""
        s = columns.schedule
        state = np.concatenate([np.empty((0, len(s)), np.uint8), *(s.state(visits) for visits, _ in s.by_segment())])
        live = (state != VisitStatus.ABSENT) & (state != VisitStatus.CANCELLED)
        shown = (state != VisitStatus.ABSENT) if cancelled else live
        fixed = [Column("", np.full(len(s), day, dtype="datetime64[D]")) for day in (None, as_of)]
        facts = [*_kept(columns), *_of_visits(columns, live)]
        return Told(columns, shown, live, facts, [*fixed, *_days(columns, shown)])

    def alike(self, apart: Sequence[int]) -> Groups:
        """Of whom the same is told; those `apart` as in `alike`."""
        s = self.columns.schedule
        return _groups(self.columns, apart, [Column("start", s.start), *self.facts, *self.days])

    def visits(self, columns: Sequence[int]) -> tuple[list[list[int]], list[Hashable]]:
        """Of some columns, none of them `alone`, each visit that is shown, in the order of a plan, as a number; and what each number stands
        for, which is what the rows of a visit hang on: the facts of the visit and of the subject; how its own days stand to each other, to
        those of the subject, and to those of each visit that it touches, whose days are not all before or all behind its own; and where it
        stands among these visits and those between them."""
        some, m = np.array(columns, dtype=np.int64), len(self.shown)
        shown, (dates, *days) = self.shown[:, some], (_of(self.days, i, some) for i in range(-1, m))
        of_subject = [*_of(self.facts, -1, some), *_ranks(dates)]
        subject, first = distinct(of_subject, len(some))
        subjects = [key.tobytes() for key in np.array(of_subject).T[first]]
        begins = np.array([np.where(own == _NONE, _NEVER, own).min(axis=0) for own in days]).reshape(shown.shape)
        ends = np.array([own.max(axis=0) for own in days]).reshape(shown.shape)
        order = self._order(some)
        place, numbers, keys = np.argsort(order, axis=0), np.zeros_like(order), list[Hashable]()
        for i in range(m):
            at = np.flatnonzero(shown[i])
            own, beside, live = days[i][:, np.newaxis, at], place[:, at] - place[i, at], self.live[:, some[at]]
            touched = live & (begins[:, at] <= ends[i, at]) & (begins[i, at] <= ends[:, at])
            touched[i] = live[i] = True
            among = live & (np.where(touched, beside, m).min(axis=0) <= beside) & (beside <= np.where(touched, beside, -m).max(axis=0))
            about = [*_of(self.facts, i, some[at]), *(2 * (dates[:, at] < own).sum(axis=1) + (dates[:, at] == own).any(axis=1))]
            stands = dict[int, list[NDArray[np.int64]]]()
            for j in np.flatnonzero(among.any(axis=1)).tolist():
                other = days[j][:, at]
                codes = np.where(touched[j], (own > other) + 2 * (own == other) + 4 * (other == _NONE), -1)
                stands[j] = [np.where(among[j], beside[j], m), *codes.reshape(-1, len(at))]
            number, first = distinct([subject[at], *about, *itertools.chain(*stands.values())], len(at))
            numbers[i, at] = number + len(keys)
            for c in first.tolist():
                there = ((j, *(int(each[c]) for each in codes)) for j, codes in stands.items() if among[j, c])
                keys.append((i, subjects[subject[at[c]]], *(int(each[c]) for each in about), *there))
        in_order = np.take_along_axis(numbers, order, axis=0).T.tolist()
        return [its[:count] for its, count in zip(in_order, shown.sum(axis=0).tolist(), strict=True)], keys

    def _order(self, some: NDArray[np.int64]) -> NDArray[np.int64]:
        """(m, some) the visits in the order of a plan; those that are not shown come last."""
        s = self.columns.schedule
        day = np.where(np.isnat(s.target[:, some]), LAST_DATE, s.target[:, some]).view(np.int64)
        by_day = day * len(s.segments) + np.array(s.segment_of, dtype=np.int64).reshape(-1, 1)
        return np.argsort(np.where(self.shown[:, some], by_day, _NEVER), axis=0, kind="stable")


def _of(columns: Sequence[Column], visit: int, some: NDArray[np.int64]) -> NDArray[np.int64]:
    """(·, some) what is told of a visit, or of the subject (-1), as numbers."""
    mine = [column.values[some].astype(np.int64) for column in columns if column.visit == visit]
    return np.array(mine, dtype=np.int64).reshape(len(mine), len(some))


def _ranks(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of each subject which of his days come first, those that are equal alike; NaT, which is the first row, is the least of numbers."""
    order = np.argsort(days, axis=0)
    ordered, ranks = np.take_along_axis(days, order, axis=0), np.zeros_like(days)
    np.put_along_axis(ranks, order[1:], np.cumsum(ordered[1:] != ordered[:-1], axis=0), axis=0)
    return ranks


def _groups(columns: RowColumns, apart: Sequence[int], told: Sequence[Column]) -> Groups:
    own = np.zeros(len(columns.schedule), dtype=np.int64)
    own[list(apart)] = np.arange(1, len(apart) + 1)
    of, first = distinct([own, *(column.values for column in told)], len(own))
    keys = np.array([column.values[first].astype(np.int64) for column in told])
    return Groups(of, first.tolist(), (columns.schedule.ids, tuple(column.name for column in told)), [key.tobytes() for key in keys.T])


def _known(cohort: Cohort) -> Iterator[Column]:
    """The days that are known of a subject: all others come of them."""
    yield Column("start", cohort.start)
    if cohort.planned_start is not None:
        yield Column("planned start", cohort.planned_start)
    for name, dates in cohort.events.items():
        yield from (Column(f"event {name} {i}", column) for i, column in enumerate(dates))
    yield from (Column(f"entry {name}", column) for name, column in cohort.entered.items())


def _kept(columns: RowColumns) -> Iterator[Column]:
    """What hangs on more than days: on the arm and the body, and which numbers are known."""
    s, cohort = columns.schedule, columns.schedule.cohort
    yield Column("arm", cohort.arm)
    yield Column("body", _bits(np.isnan(cohort.grams), np.isnan(cohort.mm), np.isnan(cohort.male)))
    if cohort.age is not None:
        yield Column("age", np.where(np.isnan(cohort.age), -1, cohort.age).astype(np.int64))
    for k, (row, vials) in enumerate(zip(s.rows, columns.dispensed, strict=True)):
        yield Column(f"status {k}", s.status[k], row.visit)
        numbers = [s.cumulative[k], per_baseline_kg(s, k), range_ends(s, k)[0], *s.exposure.get(k, ())]
        numbers += [vials.total, vials.volume] if vials is not None else []
        yield Column(f"known {k}", _bits(*map(np.isnan, numbers)), row.visit)


def _of_visits(columns: RowColumns, live: NDArray[np.bool_]) -> Iterator[Column]:
    """What has become of each visit, of each dose and of what they hang on; and of each administration of the file whether a visit that is
    `live` has it, and whether any dose of it is in the plan."""
    s, disposition = columns.schedule, columns.schedule.disposition
    for visits, _ in s.by_segment():
        after_end = s.target[visits] > disposition.end[s.segment(visits).period]
        open_ = [np.isnat(days[visits]) for days in (*columns.allowed.around, columns.allowed.latest)]
        become = s.state(visits) + (_bits(s.beyond_open_end(visits), *open_, after_end) << 8)
        yield from (Column(f"visit {i}", mine, i) for i, mine in enumerate(become, visits.start))
    for k, row in enumerate(s.rows):
        yield Column(f"dose {k}", columns.in_plan[k], row.visit)
        yield Column(f"times {k}", np.broadcast_to(np.asarray(s.count(k)), len(s)).astype(np.int64), row.visit)
        if s.visits[row.visit].time_points:
            yield Column(f"days {k}", (columns.dates[k] - s.target[row.visit]).view(np.int64), row.visit)
        if k in s.taken:
            yield Column(f"taken {k}", s.taken[k], row.visit)
        if k in s.taken_days:  # which they are is told in dates
            taken = s.taken_days[k].taken
            yield Column(f"course {k}", np.where(taken.any(axis=0), s.target[row.visit], NO_DATE), row.visit)
            yield from (Column(f"taken {k} {i}", day, row.visit) for i, day in enumerate(taken))
    for p, segment in enumerate(s.segments):
        open_end, unsure = np.minimum(segment.open_end, LAST_DATE), segment.unsure if segment.unsure is not None else np.False_
        ended = [limit.last < open_end for limit in segment.limits]
        name = f"segment {p} {[limit.doses_only for limit in segment.limits]}"
        yield Column(name, _bits(np.isnat(day_one(s, p)), unsure, np.isnat(open_end), *ended))
    for p, move in enumerate(disposition.moves):
        yield Column(f"move {p}", _bits(np.isnat(move.entered), move.rule >= 0))
    if (gaps := columns.allowed.gaps) is not None:
        yield from (Column(f"gap {i}", product, i) for i, product in zip(gaps.visits, gaps.product, strict=True))
    for number, give in enumerate(dict.fromkeys(row.give for row in s.rows)):
        mine = [k for k, row in enumerate(s.rows) if row.give == give]
        yield Column(f"give {number}", _bits(live[[s.rows[k].visit for k in mine]].any(axis=0), columns.in_plan[mine].any(axis=0)))


def _days(columns: RowColumns, shown: NDArray[np.bool_]) -> Iterator[Column]:
    """The days of the visits that are shown, and those with which they are compared."""
    s, allowed = columns.schedule, columns.allowed
    or_later = ~np.isnat(allowed.around[0]) & np.isnat(allowed.around[1]) & np.isnat(allowed.latest)
    latest = np.where(or_later, LAST_DATE, allowed.latest)
    for i, visit in enumerate(s.visits):
        ends = (s.last(i), s.planned_last(i, s.target[i], slice(None))) if visit.last is not None else ()
        its = (s.target[i], allowed.earliest[i], latest[i], *(days for days in ends if days is not None))
        yield from (Column(f"days of {i}", np.where(shown[i], days, NO_DATE), i) for days in its)
    for k, row in enumerate(s.rows):
        yield Column(f"dose {k}", np.where(shown[row.visit] & columns.in_plan[k], s.target[row.visit], NO_DATE), row.visit)
        if row.give.events:
            yield from (Column(f"dose {k}", days, row.visit) for days in (s.dose_days(k), columns.dates[k]))
    for event in dict.fromkeys(event for row in s.rows for event in row.give.events):
        yield from (Column(f"{event} {i}", days) for i, days in enumerate(s.cohort.dates_of(event)))
    yield from (Column(f"day one {p}", day_one(s, p)) for p in range(len(s.segments)))
    yield from (Column(f"entry {p}", segment.entry) for p, segment in enumerate(s.segments) if segment.entry is not None)
    if (gaps := allowed.gaps) is not None:
        for i, not_before in zip(gaps.visits, gaps.not_before, strict=True):
            yield Column(f"gap {i}", np.where(shown[i], not_before, NO_DATE), i)
        for gap in entry_gaps(s, columns.dates):
            yield Column(f"{gap.product} in {gap.segment}", np.where(np.isnat(gap.before), NO_DATE, gap.first))


def _bits(*flags: Any) -> NDArray[np.int64]:
    """Truth values as one number."""
    return functools.reduce(np.bitwise_or, (np.asarray(flag).astype(np.int64) << place for place, flag in enumerate(flags)))
