"""Subjects who are alike: of whom the same is known but for code, site and weight; and, far fewer of them, kinds of subjects: of whose
visits the same has become, and whose days, whichever they are, stand to each other in the same order: so the same notes are told of them.

A note or a cell may hang on what `_kept` and `_of_visits` name, and on which of two days of `_days` is the earlier one. So no note is
listed here: the plan of one subject decides which there are, and it is that of everybody of his kind.
"""

from __future__ import annotations

import datetime as dt
import functools
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
from nmosd_dosing.subjects.cohort import UNKNOWN_ARM, Cohort
from nmosd_dosing.subjects.weight_checks import weight_doubts


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
    return _groups(columns, [_own(columns, apart), *_known(columns.schedule.cohort), *_kept(columns)])


class Told(Struct, frozen=True):
    """What is told of the subjects of a schedule, but in sentences: facts and days. shown: (m, n) which visits; cancelled: whether also
    those that fell away."""

    columns: RowColumns
    cancelled: bool
    shown: NDArray[np.bool_]
    facts: list[Column]
    days: list[Column]

    @staticmethod
    def of(columns: RowColumns, as_of: dt.date | None, *, cancelled: bool) -> Told:
        """as_of: the day by which nothing is recorded."""
        s = columns.schedule
        state = np.concatenate([np.empty((0, len(s)), np.uint8), *(s.state(visits) for visits, _ in s.by_segment())])
        shown = (state != VisitStatus.ABSENT) & (cancelled | (state != VisitStatus.CANCELLED))
        fixed = [Column("", np.full(len(s), day, dtype="datetime64[D]")) for day in (None, as_of)]
        return Told(columns, cancelled, shown, [*_kept(columns), *_of_visits(columns)], [*fixed, *_days(columns, shown)])

    def alike(self, apart: Sequence[int]) -> Groups:
        """Of whom the same is told; those `apart` as in `alike`."""
        s = self.columns.schedule
        first_days = [Column("start", s.start), *(Column(f"day one {p}", day_one(s, p)) for p in range(len(s.segments)))]
        return _groups(self.columns, [_own(self.columns, apart), *first_days, *self.facts, *self.days])

    def kinds(self, some: list[int]) -> Groups:
        """The kinds of some columns, none of them `alone`: of whom the facts are the same, and the order of all days."""
        ranks = _ranks(np.array([days.values[some] for days in self.days]).view(np.int64))
        facts = [column._replace(values=column.values[some]) for column in self.facts]
        return _groups(self.columns, facts + [days._replace(values=its) for days, its in zip(self.days, ranks, strict=True)])

    def visits(self, some: list[int]) -> list[list[Hashable]]:
        """Of some columns each visit that is shown, in the order of a plan, as what its rows hang on: the facts of the visit and of the
        subject, which visits stand before and behind it, how its own days stand to all others, and those of the subject to each other;
        and all that is told of the subject, where windows are not compared with those of the next visit, but of the next that stays, or may
        be of his arm."""
        s, ranks = self.columns.schedule, _ranks(np.array([days.values[some] for days in self.days]).view(np.int64))
        whose, shown = np.array([days.visit for days in self.days]), self.shown[:, some]
        segment = np.array(s.segment_of, dtype=np.int64).reshape(-1, 1)
        day = np.where(np.isnat(s.target[:, some]), LAST_DATE, s.target[:, some]).view(np.int64)
        order = np.argsort(np.where(shown, day * len(s.segments) + segment, np.iinfo(np.int64).max), axis=0, kind="stable")
        own = [(np.flatnonzero(whose == i), _facts(self.facts, {i}, some)) for i in range(len(s.visits))]
        of_subject = np.hstack([_facts(self.facts, {-1}, some), _ranks(ranks[whose == -1]).T])
        everything = np.hstack([_facts(self.facts, {-1, *range(len(s.visits))}, some), ranks.T])
        some_arms = any(len(visit.arms) < len(s.period(i).arms) for i, visit in enumerate(s.visits))
        skips = self.cancelled | (some_arms & (s.arm[some] == UNKNOWN_ARM))
        made: list[list[Hashable]] = []
        for place, mine in enumerate(ranks.T.astype(np.int32)):
            its = order[: int(shown[:, place].sum()), place].tolist()
            stand = (mine[:, np.newaxis] > mine) + 2 * (mine[:, np.newaxis] == mine).astype(np.int8) + 4 * (mine == 0).astype(np.int8)
            about = (everything if skips[place] else of_subject)[place].tobytes()
            beside = zip([-1, *its], its, [*its[1:], -1], strict=False)
            made.append([(*three, stand[own[three[1]][0]].tobytes(), own[three[1]][1][place].tobytes(), about) for three in beside])
        return made


def _facts(facts: Sequence[Column], visits: set[int], some: list[int]) -> NDArray[np.int64]:
    """(some, ·) those of some visits."""
    mine = [column.values[some].astype(np.int64) for column in facts if column.visit in visits]
    return np.array(mine, dtype=np.int64).reshape(len(mine), len(some)).T.copy()


def _ranks(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of each subject which of his days come first, those that are equal alike; NaT, which is the first row, is the least of numbers."""
    order = np.argsort(days, axis=0)
    ordered, ranks = np.take_along_axis(days, order, axis=0), np.zeros_like(days)
    np.put_along_axis(ranks, order[1:], np.cumsum(ordered[1:] != ordered[:-1], axis=0), axis=0)
    return ranks


def _groups(columns: RowColumns, told: Sequence[Column]) -> Groups:
    of, first = distinct([column.values for column in told], len(told[0].values))
    keys = np.array([column.values[first].astype(np.int64) for column in told])
    return Groups(of, first.tolist(), (columns.schedule.ids, tuple(column.name for column in told)), [key.tobytes() for key in keys.T])


def _own(columns: RowColumns, apart: Sequence[int]) -> Column:
    own = np.zeros(len(columns.schedule), dtype=np.int64)
    own[list(apart)] = np.arange(1, len(apart) + 1)
    return Column("alone", own)


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


def _of_visits(columns: RowColumns) -> Iterator[Column]:
    """What has become of each visit, of each dose and of what they hang on."""
    s, disposition = columns.schedule, columns.schedule.disposition
    first, last = columns.allowed.around
    for visits, _ in s.by_segment():
        after_end = s.target[visits] > disposition.end[s.segment(visits).period]
        become = s.state(visits) + (_bits(s.beyond_open_end(visits), np.isnat(first[visits]) & np.isnat(last[visits]), after_end) << 8)
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


def _days(columns: RowColumns, shown: NDArray[np.bool_]) -> Iterator[Column]:
    """The days of the visits that are shown, and those with which they are compared."""
    s, allowed = columns.schedule, columns.allowed
    for i, visit in enumerate(s.visits):
        ends = (s.last(i), s.planned_last(i, s.target[i], slice(None))) if visit.last is not None else ()
        its = (s.target[i], allowed.earliest[i], allowed.latest[i], *(days for days in ends if days is not None))
        yield from (Column(f"days of {i}", np.where(shown[i], days, NO_DATE), i) for days in its)
    for k, row in enumerate(s.rows):
        yield Column(f"dose {k}", np.where(shown[row.visit] & columns.in_plan[k], s.target[row.visit], NO_DATE), row.visit)
        if row.give.events:
            yield from (Column(f"dose {k}", days, row.visit) for days in (s.dose_days(k), columns.dates[k]))
    for event in dict.fromkeys(event for row in s.rows for event in row.give.events):
        yield from (Column(f"{event} {i}", days) for i, days in enumerate(s.cohort.dates_of(event)))
    yield from (Column(f"entry {p}", segment.entry) for p, segment in enumerate(s.segments) if segment.entry is not None)
    if (gaps := allowed.gaps) is not None:
        for i, not_before in zip(gaps.visits, gaps.not_before, strict=True):
            yield Column(f"gap {i}", np.where(shown[i], not_before, NO_DATE), i)
        for gap in entry_gaps(s, columns.dates):
            yield Column(f"{gap.product} in {gap.segment}", np.where(np.isnat(gap.before), NO_DATE, gap.first))


def _bits(*flags: Any) -> NDArray[np.int64]:
    """Truth values as one number."""
    return functools.reduce(np.bitwise_or, (np.asarray(flag).astype(np.int64) << place for place, flag in enumerate(flags)))
