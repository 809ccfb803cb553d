"""Visits of whom the same is told: of two subjects with one visit, all but whose it is, its dates, and the numbers of its doses.

A row of a table says of a visit what its plan says, and the codes of the notes that name it. What it may hang on is listed here, visit by
visit: not the days themselves, but how they stand to each other. Of whom records, later weights, other values, doubtful weights or earlier
doses are known, or no day 1, nothing is told that holds for somebody else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Iterator
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from nmosd_dosing.days import LAST_DATE, NO_DATE, Dates, to_dates
from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.schedule.allowed_days import is_entry
from nmosd_dosing.schedule.by_subject import day_one
from nmosd_dosing.schedule.doses.body_weights import per_baseline_kg
from nmosd_dosing.schedule.doses.recorded_doses import range_ends
from nmosd_dosing.schedule.gaps import entry_gaps
from nmosd_dosing.schedule.last_doses import last_doses
from nmosd_dosing.schedule.row_columns import RowColumns, distinct
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.schedule.visit_states import VisitStatus
from nmosd_dosing.study.visit_rules import LAST_DOSE, LAST_DOSE_OF_STUDY
from nmosd_dosing.subjects.cohort import UNKNOWN_ARM, Cohort
from nmosd_dosing.subjects.weight_checks import weight_doubts

Flags = NDArray[np.bool_]
Closed = Callable[[dt.date], int]
"""What is said of a day by a calendar: a small number, the same for days of which the same is said."""


def alone(cohort: Cohort) -> list[int]:
    """The columns of those of whom something is known that nobody else can share."""
    own = np.isnat(cohort.start)
    own[[column for column, _ in (*cohort.records, *cohort.timed, *cohort.earlier)]] = True
    for measured in (cohort.weighed, cohort.measured, *cohort.values.values()):
        if measured is not None:
            own |= ~np.isnat(measured.dates).all(axis=0)
    own[list(weight_doubts(cohort))] = True  # what is said of them holds for nobody else
    return np.flatnonzero(own).tolist()


class Asked(Struct, frozen=True):
    """What of a request makes rows differ: whether visits that fell away are shown; the day by which nothing is recorded; what is said of
    a day by a calendar, None for whether it is on a weekend."""

    cancelled: bool
    as_of: dt.date | None
    closed: Closed | None


class VisitKinds(Struct, frozen=True):
    """One visit. members: (c,) the columns of those who have it; kind: (c,) which of the kinds each one's is; keys: what each kind is, the
    same for the same visit of another schedule that is laid out alike; first: a column that has it."""

    visit: int
    members: NDArray[np.int64]
    kind: NDArray[np.int64]
    keys: list[Hashable]
    first: list[int]

    def of(self, column: int) -> int | None:
        """The kind of a subject's; None of who does not have it."""
        at = int(self.members.searchsorted(column))
        return int(self.kind[at]) if at < len(self.members) and self.members[at] == column else None


class Kinds(Struct, frozen=True):
    """The visits of a schedule by kind. order: (m, n) each one's visits in the order of a plan; those that are not shown come last."""

    columns: RowColumns
    layout: Hashable
    order: NDArray[np.int64]
    visits: list[VisitKinds]

    @property
    def one_order(self) -> bool:
        """Whether everybody's visits stand in one order."""
        return bool((self.order == self.order[:, :1]).all())


def visit_kinds(schedule: Schedule, policy: Policy, asked: Asked) -> Kinds:
    """The kinds of all visits of a schedule, of whose subjects `alone` names none."""
    told = _Told(RowColumns.of(schedule, policy), asked)
    bits = np.zeros(schedule.target.shape, dtype=np.int64)
    for place, flags in enumerate(told.flags()):
        if place == 63:
            raise AssertionError("more truth values than a number has bits")
        bits |= np.asarray(flags).astype(np.int64) << place
    of_subjects, visits = [*told.of_subjects()], []
    for i in range(len(schedule.visits)):
        members = np.flatnonzero(told.shown[i])
        columns = [values[members] for values in (*of_subjects, told.state[i], bits[i], *told.of_visit(i))]
        kind, first = distinct(columns, len(members))
        keys: list[Hashable] = list(zip(*(values[first].tolist() for values in columns), strict=True))
        visits.append(VisitKinds(i, members, kind, keys, members[first].tolist()))
    return Kinds(told.columns, (schedule.ids, schedule.segment_of), told.order, visits)


class _Told:
    """What is told of the visits of a schedule, (m, n) each.

    state: of VisitStatus; shown: whether rows have it; live: whether notes may name it beside those that fell away; order: of a plan.
    """

    def __init__(self, columns: RowColumns, asked: Asked) -> None:
        self.columns, self.asked = columns, asked
        self.schedule = s = columns.schedule
        self.target: Dates = s.target
        self.earliest, self.latest = columns.allowed.earliest, columns.allowed.latest
        self.state = np.concatenate([np.empty((0, len(s)), np.uint8), *(s.state(visits) for visits, _ in s.by_segment())])
        there, gone = self.state != VisitStatus.ABSENT, self.state == VisitStatus.CANCELLED
        self.live = there & ~gone
        self.shown = there if asked.cancelled else self.live
        self.dated = ~np.isnat(self.target)
        segment = np.array(s.segment_of, dtype=np.int64).reshape(-1, 1)
        self.by_day = np.where(self.dated, self.target.view(np.int64), _NEVER) * (len(s.segments) + 1) + segment
        self.order = _sorted(self.by_day, self.shown)
        self.last = np.full(self.target.shape, NO_DATE)
        for i, visit in enumerate(s.visits):
            if visit.last is not None and (last := s.last(i)) is not None:
                self.last[i] = last
        self.rows: list[list[int]] = [[] for _ in s.visits]
        for k, row in enumerate(s.rows):
            self.rows[row.visit].append(k)
        self.gives = np.zeros(self.target.shape, dtype=bool)  # whether a dose of it is in the plan
        for k, row in enumerate(s.rows):
            self.gives[row.visit] |= columns.in_plan[k]

    # --- what hangs on the subject, or on the doses of a visit ----------------------------------------------------------

    def of_subjects(self) -> Iterator[NDArray[Any]]:
        cohort = self.schedule.cohort
        yield cohort.arm
        yield np.isnan(cohort.grams) + 2 * np.isnan(cohort.mm) + 4 * np.isnan(cohort.male)
        if cohort.age is not None:  # amounts hang on it
            yield np.where(np.isnan(cohort.age), -1, cohort.age).astype(np.int64)

    def of_visit(self, i: int) -> Iterator[NDArray[Any]]:
        """What is told of the doses of one visit, beside their numbers."""
        s, n = self.schedule, len(self.schedule)
        for k in self.rows[i]:
            give, vials = s.rows[k].give, self.columns.dispensed[k]
            yield self.columns.in_plan[k]
            yield s.status[k]
            yield np.isnan(s.cumulative[k]) + 2 * np.isnan(per_baseline_kg(s, k)) + 4 * np.isnan(range_ends(s, k)[0])
            yield np.broadcast_to(np.asarray(s.count(k)), n)
            if vials is not None:
                yield np.isnan(vials.total) + 2 * np.isnan(vials.volume)
            if give.events:
                yield from self._by_events(k)
            if s.visits[i].time_points or give.events:
                yield self.columns.dates[k] - self.target[i]
            if k in s.exposure:
                yield from map(np.isnan, s.exposure[k])
            if k in s.taken:
                yield s.taken[k]
            if k in s.taken_days:  # which they are is told in dates
                taken = s.taken_days[k].taken
                yield np.where(taken.any(axis=0), self.target[i], NO_DATE)
                yield from taken

    def _by_events(self, k: int) -> Iterator[NDArray[Any]]:
        """How the events that change a dose stand to its day, and to the last day of its course, and to each other."""
        s, give = self.schedule, self.schedule.rows[k].give
        day, last = s.dose_days(k), self.last[s.rows[k].visit]
        latest = [s.cohort.latest(event, day, slice(None)) for event, _ in give.changes]
        for i, since in enumerate(latest):
            yield np.isnat(since)
            yield from ((since < other) + 2 * (since == other) for other in latest[:i])
        for event in dict.fromkeys(give.events):
            dates = np.sort(s.cohort.dates_of(event), axis=0)
            fresh = np.ones(dates.shape, dtype=bool)
            fresh[1:] = dates[1:] != dates[:-1]
            yield (fresh & (dates <= day)).sum(axis=0)
            yield ((dates > self.columns.dates[k]) & (dates <= last)).any(axis=0)
            if give.levels:  # what held a course until it began
                yield ((dates > self.target[s.rows[k].visit]) & (dates <= self.columns.dates[k])).any(axis=0)

    # --- how days stand to each other -----------------------------------------------------------------------------------

    def flags(self) -> Iterator[Flags]:
        """(m, n) each, always as many of one study."""
        asked, (first, last) = self.asked, self.columns.allowed.around
        yield from (self.dated, np.isnat(self.earliest), np.isnat(self.latest), np.isnat(self.last), np.isnat(first) & np.isnat(last))
        yield self.earliest > self.latest
        if asked.as_of is not None:
            day = np.datetime64(asked.as_of, "D")
            yield from (self.latest < day, self.target < day)
        yield from self._closed()
        yield self._after_end()
        yield self._cut()
        yield self._too_soon()
        yield self._overlapping()
        yield self._on_one_day()
        yield self._given_twice()
        yield from self._by_segment()
        yield from self._changed()

    def _closed(self) -> Iterator[Flags]:
        if self.asked.closed is None:
            yield self.dated & ((self.target.view(np.int64) + 3) % 7 >= 5)  # 1970-01-01 was a Thursday
            return
        some, at = np.unique(self.target[self.dated], return_inverse=True)
        said = np.zeros(self.target.shape, dtype=np.int64)
        said[self.dated] = np.array([self.asked.closed(day) for day in to_dates(some) if day is not None], dtype=np.int64)[at]
        yield from (said & 1 > 0, said & 2 > 0)

    def _after_end(self) -> Flags:
        s = self.schedule
        ends = np.array([s.disposition.end[s.segments[p].period] for p in s.segment_of], dtype=NO_DATE.dtype).reshape(self.target.shape)
        after: Flags = self.target > ends
        return after

    def _cut(self) -> Flags:
        """Whether it ends before its planned last day."""
        s, found = self.schedule, np.zeros(self.target.shape, dtype=bool)
        for i, visit in enumerate(s.visits):
            if visit.last is not None and (planned := s.planned_last(i, self.target[i], slice(None))) is not None:
                found[i] = self.gives[i] & (self.last[i] < planned)
        return found

    def _too_soon(self) -> Flags:
        """Whether the minimum gap to the dose before moves it on, other than of the first dose of a period, of which its entry tells."""
        s, gaps, found = self.schedule, self.columns.allowed.gaps, np.zeros(self.target.shape, dtype=bool)
        if gaps is None:
            return found
        found[gaps.visits] = (gaps.product >= 0) & (gaps.not_before > self.target[gaps.visits])
        names = [product.name for product in s.study.products]
        for gap in entry_gaps(s, self.columns.dates):
            entry = np.where(np.isnat(gap.before), NO_DATE, gap.first)
            found[gaps.visits] &= ~((gaps.product == names.index(gap.product)) & (self.target[gaps.visits] == entry))
        return found

    def _overlapping(self) -> Flags:
        """Whether its window and that of the visit before or after overlap."""
        s, found = self.schedule, np.zeros(self.target.shape, dtype=bool)
        if len(s.visits) < 2 or np.isnat(self.earliest).all():
            return found
        order = self.order if not self.asked.cancelled else _sorted(self.by_day, self.live)
        live, first, last = (np.take_along_axis(values, order, axis=0) for values in (self.live, self.earliest, self.latest))
        open_ = np.isnat(last) & np.take_along_axis(self._or_later(), order, axis=0)
        moves = np.array([[self._moves(i, j) for j in range(len(s.visits))] for i in range(len(s.visits))])
        only = np.array([self._only(i) for i in range(len(s.visits))])
        wait = live[:-1].copy()  # those for whom the next one is looked for
        for by in range(1, len(order)):
            before, after = order[:-by], order[by:]
            wait = wait[: len(before)] & live[by:]
            mine, its = only[before], only[after]
            others = (mine > 0) & (its > 0) & (mine & its == 0) & (s.arm == UNKNOWN_ARM)
            hit = wait & ~others & ~moves[before, after] & ((last[:-by] >= first[by:]) | (open_[:-by] & ~np.isnat(first[by:])))
            for some in (before, after):
                place, column = np.nonzero(hit)
                found[some[place, column], column] = True
            wait = (wait & others)[:-1]
            if not wait.any():
                break
        return found

    def _or_later(self) -> Flags:
        """Whether the file says that there is no last day."""
        s, found = self.schedule, np.zeros(self.target.shape, dtype=bool)
        for i in (i for i in range(len(s.visits)) if not is_entry(s, i)):
            for arm in np.unique(s.arm).tolist():
                window = s.as_seen(i, arm).window
                found[i, s.arm == arm] = window is not None and window.after is None
        return found

    def _only(self, i: int) -> int:
        """The arms that alone have a visit, as bits; 0 for all."""
        arms = self.schedule.visits[i].arms
        return sum(1 << arm for arm in arms) if len(arms) < len(self.schedule.period(i).arms) else 0

    def _moves(self, i: int, j: int) -> bool:
        """Whether a visit moves another with it: an entry the visits of its period and a later entry, a dose what hangs on the last one."""
        s = self.schedule
        own, other = s.segment(i), s.segment(j)
        if other.hangs_on:
            whose = other.hangs_on == LAST_DOSE_OF_STUDY or (other.hangs_on == LAST_DOSE and own.period == other.period)
            return whose and not own.hangs_on and bool(s.visits[i].gives)
        return is_entry(s, i) and (s.segment_of[i] == s.segment_of[j] or is_entry(s, j))

    def _on_one_day(self) -> Flags:
        """Whether another visit is on its day, both of a single one."""
        found = np.zeros(self.target.shape, dtype=bool)
        there = self.live & self.dated & np.isnat(self.last)
        order = _sorted(self.target.view(np.int64), there)
        day, real = np.take_along_axis(self.target, order, axis=0), np.take_along_axis(there, order, axis=0)
        place, column = np.nonzero(real[1:] & real[:-1] & (day[1:] == day[:-1]))
        found[order[place, column], column] = found[order[place + 1, column], column] = True
        return found

    def _given_twice(self) -> Flags:
        """Whether a product of it is given by another visit, too, on one of its days."""
        s, found = self.schedule, np.zeros(self.target.shape, dtype=bool)
        for product in dict.fromkeys(row.give.shown for row in s.rows):
            rows = [k for k, row in enumerate(s.rows) if row.give.shown == product]
            visits = np.array([s.rows[k].visit for k in rows])
            there = self.columns.in_plan[rows] & self.live[visits] & self.dated[visits]
            first = np.where(there, self.target[visits].view(np.int64), _NEVER)
            until = np.where(there & (self.last[visits] > self.target[visits]), self.last[visits].view(np.int64), first)
            order = np.argsort(first, axis=0, kind="stable")
            first, until, there = (np.take_along_axis(values, order, axis=0) for values in (first, until, there))
            hit = np.zeros(there.shape, dtype=bool)
            both = there[1:] & (first[1:] <= np.maximum.accumulate(until, axis=0)[:-1])
            hit[1:] |= both
            for by in range(1, len(rows)):
                after = there[by:] & (first[by:] <= until[:-by])
                hit[:-by] |= after
                if not after.any():
                    break
            place, column = np.nonzero(hit)
            found[visits[order[place, column]], column] = True
        return found

    def _by_segment(self) -> Iterator[Flags]:
        """Whether the day of a visit has a number in its period; whether it lies beyond the day up to which repeats are drawn, and these
        go on beyond that; and whether a last dose on which it hangs may be another, or an entry comes before it."""
        s, disposition = self.schedule, self.schedule.disposition
        numbered, goes_on, later, unsure, entered = (np.zeros(self.target.shape, dtype=bool) for _ in range(5))
        yield np.concatenate([np.empty((0, len(s)), bool), *(s.beyond_open_end(visits) for visits, _ in s.by_segment())])
        for visits, _ in s.by_segment():
            segment = s.segment(visits)
            numbered[visits] = ~np.isnat(day_one(s, s.segment_of[visits.start]))
            goes_on[visits] = self._goes_on(segment.period)
            if segment.hangs_on in (LAST_DOSE, LAST_DOSE_OF_STUDY):
                found = last_doses(s, None if segment.hangs_on == LAST_DOSE_OF_STUDY else segment.period)
                later[visits], unsure[visits] = found.later, found.unsure
                for move in (move for move in disposition.moves if move.out_of == segment.period):
                    entered[visits] |= np.isnat(move.entered) & (move.rule >= 0) & (self.target[visits] > move.begins)
        yield from (numbered, goes_on, later, unsure, entered)

    def _goes_on(self, period: int) -> Flags:
        s = self.schedule
        own, found = s.disposition.periods[period], np.zeros(len(s), dtype=bool)
        doses = all(entry.gives and not entry.assess for entry in own.open_ended)
        for segment in (segment for segment in s.segments if segment.period == period and not segment.hangs_on and own.open_ended):
            end = np.minimum(segment.open_end, LAST_DATE)
            mine = ~np.isnat(end)
            for limit in (limit for limit in segment.limits if doses or not limit.doses_only):
                mine &= ~(limit.last < end)
            found |= mine
        found &= ~np.isnat(s.disposition.anchor[period])
        return found

    def _changed(self) -> Iterator[Flags]:
        """Of each event that changes doses, whether it has happened, and whether it changes any that the subject gets."""
        s = self.schedule
        having: dict[str, list[int]] = {}
        changes: dict[str, Flags] = {}
        for row in s.rows:
            for event, doses in row.give.changes:
                mine = np.array([*(dose is not None for dose in doses), True])[s.arm if len(doses) > 1 else 0]
                having.setdefault(event, []).append(row.visit)
                changes[event] = changes.get(event, np.zeros(len(s), dtype=bool)) | ((mine | (s.arm == UNKNOWN_ARM)) & self.live[row.visit])
        for event, visits in having.items():
            for of_subject in ((~np.isnat(s.cohort.dates_of(event))).any(axis=0), changes[event]):
                found = np.zeros(self.target.shape, dtype=bool)
                found[visits] = of_subject
                yield found


_NEVER = 1 << 40


def _sorted(key: NDArray[np.int64], there: Flags) -> NDArray[np.int64]:
    """(m, n) each one's visits in the order of a key, those that are not there behind them."""
    order: NDArray[np.int64] = np.argsort(np.where(there, key, np.iinfo(np.int64).max), axis=0, kind="stable")
    return order
