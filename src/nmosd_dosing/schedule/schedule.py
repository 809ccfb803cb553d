"""n subjects' dated visits and doses as arrays. Rows are visits (m) or administrations (k), columns are subjects (n)."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from nmosd_dosing.days import Dates, shift
from nmosd_dosing.dose.dose import AmountStatus, Dose
from nmosd_dosing.schedule.event_changes import changed_doses, times_a_day
from nmosd_dosing.schedule.rows import Reweighed, Row, TakenDays, rows_as_needed, rows_not_given
from nmosd_dosing.schedule.segments import Segment
from nmosd_dosing.schedule.visit_states import Counted, VisitStatus
from nmosd_dosing.study.events import OF_SCREENING
from nmosd_dosing.study.model import Period, Study
from nmosd_dosing.study.visit import Visit
from nmosd_dosing.study.visit_names import Names
from nmosd_dosing.subjects.cohort import UNKNOWN_ARM, Cohort
from nmosd_dosing.subjects.disposition import Disposition
from nmosd_dosing.subjects.visit_records import Recorded, VisitRecords

Visits = int | slice  # the row of a visit, or those of several that follow each other in one segment
Where = NDArray[np.bool_] | np.bool_
_EVERYBODY = slice(None)


class Schedule(Struct, frozen=True, dict=True):
    """What `expand` makes: finished, its arrays are read-only; already masked unless `unblinded`.

    visits: what the file says of each row of `target`, segment by segment, in the file's order of days; segment_of: the segment of each.
    target: (m, n) datetime64[D]; NaT where a visit is not planned for that subject, or has no stated day.
    amount: (k, n) float64, active drug of one administration in the row's unit, as given where it is recorded; NaN unless `status` is
    STATED or CAPPED. cumulative: (k, n), by product and unit, NaN from the first unknown amount on. status: k arrays (n,) of AmountStatus.
    taken: by row (n,) OMITTED or HELD (NEEDS_ARM where that is not known) of what events of its levels take away, also where it was given
    all the same; else 0. taken_days: by row of a course of which they take some days and not all, which.
    resumed: by visit (n,) the first day that a hold leaves of a course whose first days it takes, else NaT: it ends on its planned day.
    planned: by row (n,) what all administrations at the visit would be without records. written: (row, column) of amounts that are
    recorded. exposure: of rows under a lifetime's cap, (n,) what each adds, in the cap's unit; what the total would have been where it was
    refused; and what it is where it was given beyond the cap; NaN where that is not known, or it was not. reweighed: by product, of those
    that are dosed by a new weight only once it has changed enough.
    first_doses, last_doses: (segments, n) NaT where nothing is given; of everything planned, also beyond `until`.
    beyond: (n,) visits that lie after `until`. counted: how repeats are counted that count from the actual dose before.

    Methods take the row of a visit, and give (n,); or a slice of rows of one segment, and give (rows, n). `columns` are some subjects.
    """

    study: Study
    disposition: Disposition
    cohort: Cohort
    segments: tuple[Segment, ...]
    until: np.datetime64 | None
    unblinded: bool
    visits: tuple[Visit, ...]
    segment_of: tuple[int, ...]
    target: Dates
    rows: tuple[Row, ...]
    amount: NDArray[np.float64]
    cumulative: NDArray[np.float64]
    status: tuple[NDArray[np.uint8], ...]
    first_doses: Dates
    last_doses: Dates
    beyond: NDArray[np.int64]
    visit_records: VisitRecords | None
    written: frozenset[tuple[int, int]]
    counted: Mapping[int, Counted]
    planned: Mapping[int, NDArray[np.float64]]
    exposure: Mapping[int, tuple[NDArray[np.float64], ...]]
    reweighed: Mapping[str, Reweighed]
    taken: Mapping[int, NDArray[np.uint8]]
    taken_days: Mapping[int, TakenDays]
    resumed: Mapping[int, Dates]

    def __post_init__(self) -> None:
        if len(set(self.ids)) < len(self.ids):
            raise AssertionError(f"two visits of a schedule have one id: {sorted(self.ids)}")

    def __len__(self) -> int:
        return len(self.cohort)

    def __repr__(self) -> str:
        """In a log nothing may tell an arm."""
        return f"<{type(self).__name__} of {self.study.id}: {len(self)} subjects, {len(self.visits)} visits>"

    @property
    def start(self) -> Dates:
        """(n,) study day 1."""
        return self.cohort.start

    @property
    def grams(self) -> NDArray[np.float64]:
        return self.cohort.grams

    @property
    def arm(self) -> NDArray[np.int16]:
        return self.cohort.arm

    @property
    def first_dose(self) -> Dates:
        """(n,) over all segments; NaT where nothing is given."""
        first: Dates = np.fmin.reduce(self.first_doses)
        return first

    @property
    def last_dose(self) -> Dates:
        """(n,) over all segments; NaT where nothing is given."""
        last: Dates = np.fmax.reduce(self.last_doses)
        return last

    # --- where a visit stands ------------------------------------------------------------------------------------------

    def segment(self, visit: Visits) -> Segment:
        return self.segments[self.segment_of[visit if isinstance(visit, int) else visit.start]]

    def period(self, visit: int) -> Period:
        return self.disposition.periods[self.segment(visit).period]

    @functools.cached_property
    def ids(self) -> tuple[str, ...]:
        """`rcp/W3D1`, of each visit: no other visit has it, and it is the same for every subject."""
        return tuple(f"{self.period(i).id}/{visit.label}" for i, visit in enumerate(self.visits))

    def id(self, visit: int) -> str:
        return self.ids[visit]

    @functools.cached_property
    def names(self) -> Names:
        """Which visit is meant by a name that somebody writes."""
        return Names(self.visits, [self.period(i).id for i in range(len(self.visits))])

    def as_seen(self, visit: int, arm: int) -> Visit:
        """A visit as it is told of a subject of an arm: as of one whose arm is not known, where that is kept from readers."""
        told = self.unblinded or not self.study.conceals(self.period(visit))
        return self.visits[visit].of_arm(arm) if told else self.visits[visit]

    def number(self, visit: Visits) -> int | NDArray[np.int64]:
        """The place of a visit in its segment, from 0; (rows, 1) of several."""
        first = self.segment_of.index(self.segment_of[visit if isinstance(visit, int) else visit.start])
        return visit - first if isinstance(visit, int) else np.arange(visit.start - first, visit.stop - first)[:, np.newaxis]

    def by_segment(self) -> Iterator[tuple[slice, slice]]:
        """The visits and the administrations of each segment that has visits: both stand together."""
        visits = rows = 0
        for segment in dict.fromkeys(self.segment_of):
            visits_end = visits + self.segment_of.count(segment)
            rows_end = rows + sum(len(visit.gives) for visit in self.visits[visits:visits_end])
            yield slice(visits, visits_end), slice(rows, rows_end)
            visits, rows = visits_end, rows_end

    @functools.cached_property
    def _doses(self) -> NDArray[np.bool_]:
        """(m, 1) whether something is given at a visit."""
        return np.array([[bool(visit.gives)] for visit in self.visits])

    @functools.cached_property
    def _only_doses(self) -> NDArray[np.bool_]:
        """(m, 1) whether a visit is nothing but its doses."""
        return np.array([[bool(visit.gives) and not visit.assessments] for visit in self.visits])

    @functools.cached_property
    def _kept_after(self) -> Mapping[tuple[str, ...], NDArray[np.bool_]]:
        """(m, 1) which visits stay after the same exits."""
        return {exits: np.array([[exits == v.kept_after] for v in self.visits]) for exits in {v.kept_after: None for v in self.visits}}

    # --- the days of a visit -------------------------------------------------------------------------------------------

    def anchor(self, visit: Visits) -> Dates:
        """(n,) the day from which a visit's day is counted."""
        return self.segment(visit).anchor

    def planned_last(self, visit: int, begins: Dates, columns: slice) -> Dates | None:
        """(n,) the last planned day of a visit of several days that begins on `begins`; None for one of a single day. Its length does not
        hang on where it begins; but of one that is under way on the day of entry into a period that keeps the count, the rest is left, and
        so it is of one that was held until it began."""
        what = self.visits[visit]
        if what.last is None or what.offset is None:
            return None
        own, anchor = self.segments[self.segment_of[visit]], self.anchor(visit)[columns]
        first = shift(anchor, what.offset)
        if own.period and not own.hangs_on and self.period(visit).keeps_count:
            first = np.fmax(first, self.disposition.anchor[own.period][columns])
        length = np.maximum(shift(anchor, what.last) - first, np.timedelta64(0, "D"))
        last: Dates = begins + length
        if visit in self.resumed:
            target = self.target[visit, columns]
            last = np.where(~np.isnat(self.resumed[visit][columns]) & (begins > target), np.fmax(target + length, begins), last)
        return last

    def last(self, visit: int, columns: slice = _EVERYBODY) -> Dates | None:
        """(n,) the last day of a visit that takes several: as it is written down, else as planned."""
        last = self._last_by_plan(visit, columns)
        if last is None or self.visit_records is None:
            return last
        written = self.visit_records.last[visit, columns]
        return np.where(np.isnat(written), last, written)

    def _last_by_plan(self, visit: int, columns: slice) -> Dates | None:
        """(n,) the last day of a visit that takes several, from its actual first day where one is recorded; with doses not beyond the
        last day of doses, nor `until`; else one that is not recorded not beyond the last day of visits."""
        if self.visits[visit].last is None:
            return None
        begins = np.where(np.isnat(self.dates(visit, columns)), self.target[visit, columns], self.dates(visit, columns))
        last = self.planned_last(visit, begins, columns)
        if last is None:
            return last
        if not self.visits[visit].gives:  # as the allowed days are
            cut = self.segment(visit).cut_short(begins, last, columns, self.disposition.moves, self.visits[visit].kept_after)
            return np.where(self.told(visit, columns), last, cut)
        ends = self.segments[self.segment_of[visit]].last_day(True, columns)
        cut = last if ends is None else np.fmin(last, ends)
        cut = cut if self.until is None else np.where(self.told(visit, columns), cut, np.fmin(cut, self.until))
        return np.where((cut < begins) | np.isnat(begins), last, cut)

    def days(self, visit: int, columns: slice = _EVERYBODY, *, planned: bool = False) -> int | NDArray[np.float64]:
        """On how many days a visit's doses are given, or are `planned`: 1, or (n,) for a course of days."""
        last = self._last_by_plan(visit, columns) if planned else self.last(visit, columns)
        if last is None:
            return 1
        begins = np.where(np.isnat(self.dates(visit, columns)), self.target[visit, columns], self.dates(visit, columns))
        days = (last - begins).astype(np.float64) + 1
        return np.where(np.isnat(last), 1.0, days)

    def through(self, visit: int, dates: Dates, columns: slice = _EVERYBODY) -> Dates:
        """(n,) the last day of doses at a visit that begin on `dates`: of a course of days, its last."""
        days = self.days(visit, columns)
        return dates if isinstance(days, int) else dates + (days - 1).astype("timedelta64[D]")

    def dosed(self, row: int) -> tuple[Dates, Dates]:
        """(n,) the first and the last day on which an administration is given, as recorded or planned: of a course without the days that
        events take away before and behind."""
        first, taken = self.dates(visit := self.rows[row].visit), self.taken_days.get(row)
        days = self.days(visit)
        return (first, self.through(visit, first)) if taken is None else (first + taken.first(days), first + taken.last(days))

    def given_days(self, row: int, columns: slice = _EVERYBODY, *, planned: bool = False) -> int | NDArray[np.float64]:
        """On how many days an administration is given, or is `planned` to be: 1, or (n,) for a course, without those taken away."""
        days = self.days(self.rows[row].visit, columns, planned=planned)
        return self.taken_days[row].count(days, columns) if row in self.taken_days else days

    def actual(self, visit: Visits) -> Dates | None:
        """The day on which a visit took place; None where nothing is recorded of anybody."""
        return self.visit_records.actual[visit] if self.visit_records is not None else None

    def dates(self, visit: Visits, columns: slice = _EVERYBODY) -> Dates:
        """The day on which a visit took place, else that on which it is expected; NaT for one that did not take place."""
        expected = self.expected(visit, columns)
        if self.visit_records is None:
            return expected
        return np.where(self.recorded(visit, columns), self.visit_records.actual[visit, columns], expected)

    def expected(self, visit: Visits, columns: slice = _EVERYBODY) -> Dates:
        """The day on which a visit is booked, else that on which it is planned."""
        target = self.target[visit, columns]
        if self.visit_records is None:
            return target
        booked = self.visit_records.booked[visit, columns]
        return np.where(np.isnat(booked), target, booked)

    def visit_days(self, visit: int, columns: slice = _EVERYBODY) -> Dates:
        """(n,) the day of a visit, or the planned one where it did not take place."""
        dates = self.dates(visit, columns)
        return np.where(np.isnat(dates), self.target[visit, columns], dates)

    def dose_days(self, row: int, columns: slice = _EVERYBODY) -> Dates:
        """(n,) the day by which it is told what an administration is: that of its visit; of a course the first that events leave of it."""
        dates = self.visit_days(self.rows[row].visit, columns)
        days = self.days(self.rows[row].visit, columns)
        return dates + self.taken_days[row].first(days, columns) if row in self.taken_days else dates

    # --- what became of a visit ----------------------------------------------------------------------------------------

    def state(self, visit: Visits) -> NDArray[np.uint8]:
        """Of VisitStatus."""
        segment, target = self.segment(visit), self.target[visit]
        state = np.full(target.shape, VisitStatus.PLANNED, dtype=np.uint8)
        projected = self.disposition.projected[segment.period]
        if projected.any() and segment.hangs_on not in OF_SCREENING:
            state[..., projected] = VisitStatus.PROJECTED
        if isinstance(visit, slice):
            for row in (row for row in self.counted if visit.start <= row < visit.stop):
                state[row - visit.start, self.counted[row].booked] = VisitStatus.PROJECTED
        elif visit in self.counted:
            state[self.counted[visit].booked] = VisitStatus.PROJECTED
        if segment.unsure is not None:
            state[segment.may_move(self.expected(visit))] = VisitStatus.PROJECTED
        for limit in segment.waits:
            state[self._doses[visit] & (self.expected(visit) > limit.last) & ~self.dose_cancelled(visit)] = VisitStatus.PENDING
        for row, taken in self.taken.items():
            if (at := self.rows[row].visit) in (here := _range(visit)):
                mine = state if isinstance(visit, int) else state[at - here.start]
                mine[(taken == AmountStatus.HELD) & ~self.dose_cancelled(at)] = VisitStatus.PENDING
        if self.visit_records is not None:
            state[~np.isnat(self.visit_records.booked[visit])] = VisitStatus.BOOKED
        state[self.cancelled(visit)] = VisitStatus.CANCELLED
        state[self.not_planned(visit)] = VisitStatus.ABSENT
        if self.visit_records is not None:
            recorded = self.visit_records.status[visit]
            state = np.where(recorded, recorded + (VisitStatus.DONE - Recorded.DONE), state).astype(np.uint8)
        return state

    def recorded(self, visit: Visits, columns: slice = _EVERYBODY) -> Where:
        """Whether anything is recorded of a visit."""
        return self.visit_records.status[visit, columns] != Recorded.NOTHING if self.visit_records is not None else np.bool_(False)

    def told(self, visit: Visits, columns: slice = _EVERYBODY) -> Where:
        """Whether somebody has written when a visit was, or for when it is booked."""
        if self.visit_records is None:
            return np.bool_(False)
        told: Where = self.recorded(visit, columns) | ~np.isnat(self.visit_records.booked[visit, columns])
        return told

    def dose_recorded(self, visit: Visits, columns: slice = _EVERYBODY) -> Where:
        """Whether a record says that a dose of a visit was given, or was not."""
        records = self.visit_records
        return self.recorded(visit, columns) & records.dosed[visit, columns] if records is not None else np.bool_(False)

    def cancelled(self, visit: Visits, columns: slice = _EVERYBODY) -> NDArray[np.bool_]:
        """Whether a visit falls away: everything that is to happen at it lies after what ends it."""
        segment, expected = self.segment(visit), self.expected(visit, columns)
        gone = np.zeros(expected.shape, dtype=bool)
        if segment.limits:
            by_doses = self._only_doses[visit]
            for only_doses, mine in ((True, by_doses), (False, ~by_doses)):
                for kept_after, kept in self._kept_after.items():
                    last = segment.last_day(only_doses, columns, kept_after)
                    if last is not None:
                        gone |= (expected > last) & mine & kept[visit]
            gone &= ~self.recorded(visit, columns)
        return gone | self.cut_off(visit, self._only_doses[visit], columns)

    def cut_off(self, visit: Visits, doses: Where, columns: slice = _EVERYBODY) -> Where:
        """Whether a visit, or its `doses`, come after a gap that ends its segment."""
        segment = self.segment(visit)
        if segment.cut is None or segment.cut_doses is None:
            return np.bool_(False)
        stands = np.where(doses, self.dose_recorded(visit, columns), self.recorded(visit, columns))
        return (self.number(visit) >= segment.cut[columns]) & ~stands & (doses | ~segment.cut_doses[columns])

    def dose_cancelled(self, visit: Visits, columns: slice = _EVERYBODY) -> Where:
        """Whether the doses of a visit fall away."""
        segment = self.segment(visit)
        last = segment.last_day(True, columns)
        gone: Where = np.bool_(False)
        if last is not None:
            gone = self.expected(visit, columns) > last
            gone = gone & ~self.dose_recorded(visit, columns) if self.visit_records is not None else gone
        return gone | self.cut_off(visit, np.bool_(True), columns) if segment.cut is not None else gone

    def not_planned(self, visit: Visits, columns: slice = _EVERYBODY) -> NDArray[np.bool_]:
        """Whether a visit is not in that subject's plan; one without a stated day is, unless it is for other arms."""
        absent: NDArray[np.bool_] = np.isnat(self.target[visit, columns])
        rows = _range(visit)
        for row in [row for row in rows if self.visits[row].offset is None]:
            others = self.for_other_arms(row, columns) | np.isnat(self.anchor(row)[columns])
            if isinstance(visit, int):
                absent = others
            else:
                absent[row - rows.start] = others
        return absent & ~self.told(visit, columns)

    def for_other_arms(self, visit: int, columns: slice = _EVERYBODY) -> NDArray[np.bool_]:
        """(n,) whether a visit exists for other arms only; not where the arm is unknown."""
        arm = self.arm[columns]
        if len(self.visits[visit].arms) >= len(self.period(visit).arms):
            return np.zeros(len(arm), dtype=bool)
        others: NDArray[np.bool_] = (arm != UNKNOWN_ARM) & ~np.isin(arm, self.visits[visit].arms)
        return others

    def beyond_open_end(self, visit: Visits, columns: slice = _EVERYBODY) -> NDArray[np.bool_]:
        """Whether a visit lies after the last day up to which open repeats are drawn. Of simulated subjects it is not
        there at all, and one that takes place later than it was to counts by its target."""
        target = self.target[visit, columns]
        if self.cohort.ahead is not None or (isinstance(visit, int) and self.segment(visit).within(self.visits[visit].offset)):
            return np.zeros(target.shape, dtype=bool)
        late: NDArray[np.bool_] = (target > self.segment(visit).open_end[columns]) & ~self.told(visit, columns)
        return late

    # --- what is given at a visit --------------------------------------------------------------------------------------

    def administrations(self, row: int, *, planned: bool = False) -> int | NDArray[np.float64]:
        """How many administrations a visit has, or is `planned` to have: on each day so many."""
        count = self.given_days(row, planned=planned) * self.times(row)
        return count if isinstance(count, int) else count.astype(np.float64)

    def count(self, row: int) -> int | NDArray[np.float64]:
        """How many administrations an amount is of: one number, or (n,); 1 where the record says how much was given in all."""
        count = self.administrations(row)
        mine = [column for k, column in self.written if k == row]
        if isinstance(count, int) and (not mine or count == 1):
            return count
        found = np.broadcast_to(np.asarray(count, dtype=np.float64), len(self)).copy()
        found[mine] = 1
        return found

    def times(self, row: int) -> int | NDArray[np.int64]:
        """How often on each day an administration is given: one number, or (n,) where arms or events make a difference."""
        return times_a_day(self.rows[row].give, self.arm, functools.partial(self.doses_for, row))

    def in_plan(self, row: int) -> NDArray[np.bool_]:
        """(n,) whether the administration is part of that subject's plan."""
        found: NDArray[np.bool_] = self._in_plan(slice(self.rows[row].visit, self.rows[row].visit + 1), slice(row, row + 1))[0]
        return found

    def all_in_plan(self) -> NDArray[np.bool_]:
        """(k, n) the same of every administration."""
        found = np.empty((len(self.rows), len(self)), dtype=bool)
        for visits, rows in self.by_segment():
            found[rows] = self._in_plan(visits, rows)
        return found

    def _in_plan(self, visits: slice, rows: slice) -> NDArray[np.bool_]:
        """(rows, n) of rows at visits of one segment."""
        at = np.array([row.visit - visits.start for row in self.rows[rows]], dtype=np.intp)
        planned = ~self.not_planned(visits) & ~self.dose_cancelled(visits)
        given: NDArray[np.bool_] = (np.array(self.status[rows]).reshape(len(at), len(self)) != AmountStatus.ABSENT) & planned[at]
        open_ended = [i for i, row in enumerate(self.rows[rows]) if row.give.open_ended]
        if open_ended:
            given[open_ended] &= ~self.beyond_open_end(visits)[at[open_ended]]
        return given

    def not_in_plan(self, row: int, columns: slice = _EVERYBODY) -> NDArray[np.bool_]:
        """(n,) whether an administration is not part of a subject's plan, wherever its visit may lie."""
        absent: NDArray[np.bool_] = self.status[row][columns] == AmountStatus.ABSENT
        return absent | self.beyond_open_end(self.rows[row].visit, columns) if self.rows[row].give.open_ended else absent

    @functools.cached_property
    def not_given(self) -> Mapping[int, list[int]]:
        """By row the columns of those who did not get it, as is recorded."""
        return rows_not_given(self.rows, self.visit_records)

    @functools.cached_property
    def not_needed(self) -> Mapping[int, NDArray[np.bool_]]:
        """By row of doses that are given as needed, (n,) whose visit is not recorded: nothing says that one was given on any day."""
        return {k: by & ~self.recorded(self.rows[k].visit) for k, by in rows_as_needed(self.rows, self.arm).items()}

    def doses_for(self, row: int, column: int) -> tuple[Dose | None, ...]:
        """The doses of an administration by arm, as events have changed them for a subject."""
        columns = slice(column, column + 1)
        return changed_doses(self.rows[row].give, self.cohort, self.dose_days(row, columns), columns)


def _range(visit: Visits) -> range:
    return range(visit, visit + 1) if isinstance(visit, int) else range(visit.start, visit.stop)
