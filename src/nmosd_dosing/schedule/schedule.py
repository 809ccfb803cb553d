"""n subjects' dated visits and doses as arrays. Rows are visits (m) or administrations (k), columns are subjects (n)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from nmosd_dosing.days import NO_DATE, Dates, Offset, shift
from nmosd_dosing.dose.dose import AmountStatus, Dose
from nmosd_dosing.schedule.segments import Part
from nmosd_dosing.study.events import ENDS_FOLLOW_UP, ENDS_TREATMENT
from nmosd_dosing.study.model import Give, Mark, Period, Span, Study, Visit
from nmosd_dosing.subjects.cohort import UNKNOWN_ARM, Cohort
from nmosd_dosing.subjects.disposition import Course, MoveStatus
from nmosd_dosing.subjects.recorded import Given, Recorded

VisitStatusText = Literal["absent", "planned", "projected", "pending", "done", "partial", "missed", "withheld", "cancelled"]


class VisitStatus(IntEnum):
    """What became of a visit, or is to become of it."""

    ABSENT = 0  # not in that subject's plan
    PLANNED = 1
    PROJECTED = 2
    PENDING = 3
    DONE = 4
    PARTIAL = 5
    MISSED = 6
    WITHHELD = 7
    CANCELLED = 8

    @property
    def text(self) -> VisitStatusText:
        return cast(VisitStatusText, self.name.lower())


@dataclass(frozen=True, slots=True)
class Row:
    """One product at one visit: a row of `amount` and `cumulative`, which are whole numbers divided by `scale`."""

    visit: int
    give: Give
    scale: int = 1


@dataclass(frozen=True, slots=True)
class Schedule:
    """What `expand` makes; already masked unless `unblinded`.

    visits: what the file says of each row of `target`, part by part, in the file's order of days; part_of: the part of each.
    target: (m, n) datetime64[D]; NaT where a visit is not planned for that subject, or has no stated day.
    amount: (k, n) float64, active drug of one administration in the row's unit, as given where it is recorded; NaN unless `status` is
    STATED or CAPPED. cumulative: (k, n), by product and unit, NaN from the first unknown amount on. status: k arrays (n,) of AmountStatus.
    per_kg: (k, n) cumulative per kg of the weight at each dose, None where everybody has one weight only. planned: by row (n,) what
    all administrations at the visit would be without records. steps: by row (n,) what it adds to the totals, times its scale, where days
    are not in planned order. dispensed: vials by row and policy, once `dispensing` has counted them. written: (row, column) of amounts
    that are recorded. exposure: of rows under a lifetime's cap, (n,) what each adds, in millionths of the cap's unit; what the total would
    have been where it was refused; and what it is where it was given beyond the cap; NaN where that is not known, or it was not.
    first_doses, last_doses: (parts, n) NaT where nothing is given; of everything planned, also beyond `until`.
    beyond: (n,) visits that lie after `until`. counted: of repeats that count from the actual dose before, (n,) that day and so many
    days and months since; NaT where nothing is recorded.
    """

    study: Study
    course: Course
    cohort: Cohort
    parts: tuple[Part, ...]
    until: np.datetime64 | None
    unblinded: bool
    visits: tuple[Visit, ...]
    part_of: tuple[int, ...]
    target: Dates
    rows: tuple[Row, ...]
    amount: NDArray[np.float64]
    cumulative: NDArray[np.float64]
    status: tuple[NDArray[np.uint8], ...]
    first_doses: Dates
    last_doses: Dates
    beyond: NDArray[np.int64]
    given: Given | None = None
    counted: dict[int, tuple[Dates, NDArray[np.int64], NDArray[np.int64]]] = field(default_factory=dict)
    per_kg: NDArray[np.float64] | None = None
    planned: dict[int, NDArray[np.float64]] = field(default_factory=dict)
    steps: dict[int, NDArray[np.float64]] = field(default_factory=dict)
    dispensed: dict[tuple[int, str], Any] = field(default_factory=dict)
    written: frozenset[tuple[int, int]] = frozenset()
    exposure: dict[int, tuple[NDArray[np.float64], ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.cohort)

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
        """(n,) over all parts; NaT where nothing is given."""
        first: Dates = np.fmin.reduce(self.first_doses)
        return first

    @property
    def last_dose(self) -> Dates:
        """(n,) over all parts; NaT where nothing is given."""
        last: Dates = np.fmax.reduce(self.last_doses)
        return last

    @property
    def end(self) -> Dates | None:
        """(n,) the first day after the first period, where it is known."""
        end = self.course.end[0]
        return None if np.isnat(end).all() else end

    def period(self, visit: int) -> Period:
        return self.course.periods[self.parts[self.part_of[visit]].period]

    def id(self, visit: int) -> str:
        """`rcp/W3D1`: the same for every subject."""
        return f"{self.period(visit).id}/{self.visits[visit].label}"

    def is_entry(self, visit: int) -> bool:
        """Whether a visit is day 1 of a later period: that of the entry."""
        part = self.parts[self.part_of[visit]]
        own = not part.run and not part.event and not self.course.periods[part.period].keeps_count
        return bool(part.period) and own and self.visits[visit].offset == Offset()

    def day_one(self, visit: int) -> Dates:
        """(n,) the day from which a period's days are numbered, also for a visit whose day is counted from an event."""
        part = self.parts[self.part_of[visit]]
        if not part.event:
            return part.anchor
        own = self.course.anchor[part.period]
        return np.where(np.isnat(own), own, self.start) if self.course.periods[part.period].keeps_count else own

    def anchor(self, visit: int) -> Dates:
        """(n,) the day from which a visit's day is counted."""
        return self.parts[self.part_of[visit]].anchor

    def earliest(self, visit: int) -> Dates | None:
        """(n,) the first allowed day of a visit, where a window is stated."""
        window = self.visits[visit].window
        return shift(self.target[visit], Offset(-window.before)) if window else None

    def latest(self, visit: int) -> Dates | None:
        """(n,) the last allowed day of a visit, where a window is stated; of a course of doses, of its first day."""
        window = self.visits[visit].window
        last = self.planned_last(visit, self.target[visit], slice(None)) if not self.visits[visit].gives else None
        return shift(self.target[visit] if last is None else last, Offset(window.after)) if window else None

    def planned_last(self, visit: int, begins: Dates, part: slice) -> Dates | None:
        """(n,) the last day of a visit that takes several and begins on `begins`: it is as long wherever it begins. Of a period that keeps
        the count, one that is under way on the day of entry is the rest of it."""
        what = self.visits[visit]
        if what.last is None or what.offset is None:
            return None
        own, anchor = self.parts[self.part_of[visit]], self.anchor(visit)[part]
        first = shift(anchor, what.offset)
        if own.period and not own.event and self.period(visit).keeps_count:
            first = np.fmax(first, self.course.anchor[own.period, part])
        last: Dates = begins + np.maximum(shift(anchor, what.last) - first, np.timedelta64(0, "D"))
        return last

    def last(self, visit: int, part: slice = slice(None)) -> Dates | None:
        """(n,) the last day of a visit that takes several, from its actual first day where one is recorded; with doses not beyond the
        last day of doses, nor `until`."""
        if self.visits[visit].last is None:
            return None
        begins = np.where(np.isnat(self.dates(visit, part)), self.target[visit, part], self.dates(visit, part))
        last = self.planned_last(visit, begins, part)
        if last is None or not self.visits[visit].gives:
            return last
        ends = self.parts[self.part_of[visit]].last_day(True, part)
        cut = last if ends is None else np.fmin(last, ends)
        cut = cut if self.until is None else np.where(self.recorded(visit, part), cut, np.fmin(cut, self.until))
        return np.where((cut < begins) | np.isnat(begins), last, cut)

    def days(self, visit: int, part: slice = slice(None)) -> int | NDArray[np.float64]:
        """On how many days a visit's doses are given: 1, or (n,) for a course of days."""
        last = self.last(visit, part)
        if last is None:
            return 1
        begins = np.where(np.isnat(self.dates(visit, part)), self.target[visit, part], self.dates(visit, part))
        days = (last - begins).astype(np.float64) + 1
        return np.where(np.isnat(last), 1.0, days)

    def through(self, visit: int, dates: Dates, part: slice = slice(None)) -> Dates:
        """(n,) the last day of doses at a visit that begin on `dates`: of a course of days, its last."""
        days = self.days(visit, part)
        return dates if isinstance(days, int) else dates + (days - 1).astype("timedelta64[D]")

    def planned_count(self, row: int) -> int | NDArray[np.float64]:
        """How many administrations a visit has: on each day so many."""
        count = self.days(self.rows[row].visit) * self.times(row)
        return count if isinstance(count, int) else count.astype(np.float64)

    def count(self, row: int) -> int | NDArray[np.float64]:
        """How many administrations an amount is of: one number, or (n,); 1 where the record says how much was given in all."""
        count = self.planned_count(row)
        mine = [column for k, column in self.written if k == row]
        if isinstance(count, int) and (not mine or count == 1):
            return count
        found = np.broadcast_to(np.asarray(count, dtype=np.float64), len(self)).copy()
        found[mine] = 1
        return found

    def times(self, row: int) -> int | NDArray[np.int64]:
        """How often on each day an administration is given: one number, or (n,) where arms or events make a difference."""
        give = self.rows[row].give
        often = [dose.times or 1 if dose is not None else 1 for dose in give.doses]
        changed = {dose.times or 1 for _, doses in give.changes for dose in doses if dose is not None}
        if changed <= set(often) and len(set(often)) == 1:
            return often[0]
        if not give.changes:
            return often[0] if len(set(often)) == 1 else np.array([*often, often[0]])[self.arm]
        own = [self.doses_for(row, column) for column in range(len(self))]
        arms = np.maximum(self.arm, 0) if len(often) > 1 else np.zeros(len(self), dtype=np.int16)
        return np.array([(doses[arm].times or 1) if doses[arm] is not None else 1 for doses, arm in zip(own, arms, strict=True)])

    def cumulative_per_kg(self, row: int, column: int) -> float:
        """Cumulative active drug of a subject per kg of body weight, each dose by the weight it is given by; NaN where one is unknown."""
        if self.per_kg is not None and not self._one_weight(column):
            return float(self.per_kg[row, column])
        return float(self.per_baseline_kg(row, slice(column, column + 1))[0])

    def per_baseline_kg(self, row: int, part: slice = slice(None)) -> NDArray[np.float64]:
        """(n,) cumulative active drug per kg of the weight at baseline."""
        scale = self.rows[row].scale
        whole = np.rint(self.cumulative[row, part] * scale)  # back to whole numbers, so that there is one division only
        return whole * 1000 / (self.grams[part] * scale)

    def _one_weight(self, column: int) -> bool:
        """Whether nothing is known of a subject's later weights."""
        later = [w.dates[:, column] for w in (self.cohort.weighed, self.cohort.measured) if w is not None]
        return all(bool(np.isnat(dates).all()) for dates in later)

    def span(self, span: Span, part: int | None = None) -> tuple[Dates | None, Dates | None]:
        """(n,) the first and last day of a span, of the study or of a part; None for an end that is not stated, NaT where there is no
        dose to hang on. A span ends with a subject's death."""
        start, end = self._mark(span.start, part), self._mark(span.end, part)
        if self.cohort.had(ENDS_FOLLOW_UP):
            died = self.cohort.earliest(ENDS_FOLLOW_UP)
            end = np.fmin(end, died) if end is not None else end
            if start is not None:
                over = start > died
                start = np.where(over, NO_DATE, start)
                end = np.where(over, NO_DATE, end) if end is not None else end
        return start, end

    def _mark(self, mark: Mark | None, part: int | None) -> Dates | None:
        if mark is None:
            return None
        if mark.code is not None:
            return shift(shift(self.parts[part or 0].anchor, mark.code.offset), mark.plus)
        own = [p for p, other in enumerate(self.parts) if part is None or other.period == self.parts[part].period]
        if mark.of == "first dose":
            return shift(np.fmin.reduce(self.first_doses[own]), mark.plus)
        return shift(np.fmax.reduce(self.last_doses[own]), mark.plus)

    def may_move(self, mark: Mark | None, column: int) -> bool:
        """Whether the dose that an end of a span hangs on may be another one: doses come before this plan, or after it."""
        ways, ids = self.study.transitions, [p.id for p in self.course.periods]
        if mark is None or mark.of == "day":
            return False
        if mark.of == "first dose":
            return any(way.target_period == ids[0] for way in ways)
        if not np.isnat(self.cohort.earliest(ENDS_TREATMENT)[column]):
            return False
        reached = max(p for p in range(len(ids)) if not np.isnat(self.course.anchor[p, column]))
        declined = any(m.source == reached and m.status[column] == MoveStatus.DECLINED for m in self.course.moves)
        open_ended = any(entry.gives for entry in self.course.periods[reached].open_ended)
        return open_ended or (not declined and any(way.source_period == ids[reached] for way in ways))

    # --- one visit over all subjects -----------------------------------------------------------------------------------

    def state(self, visit: int) -> NDArray[np.uint8]:
        """(n,) of VisitStatus."""
        part = self.parts[self.part_of[visit]]
        state = np.full(len(self), VisitStatus.PLANNED, dtype=np.uint8)
        if part.run or self.course.projected[part.period].any():
            state[self.course.projected[part.period]] = VisitStatus.PROJECTED
        doses = bool(self.visits[visit].gives)
        for limit in part.waits:
            state[doses & (self.target[visit] > limit.last) & ~self.dose_cancelled(visit)] = VisitStatus.PENDING
        state[self.cancelled(visit)] = VisitStatus.CANCELLED
        state[self.not_planned(visit)] = VisitStatus.ABSENT
        if self.given is not None:
            recorded = self.given.status[visit]
            state = np.where(recorded, recorded + (VisitStatus.DONE - Recorded.DONE), state).astype(np.uint8)
        return state

    def recorded(self, visit: int, part: slice = slice(None)) -> NDArray[np.bool_] | np.bool_:
        """(n,) whether anything is recorded of a visit."""
        return self.given.status[visit, part] != Recorded.NOTHING if self.given is not None else np.bool_(False)

    def dose_recorded(self, visit: int, part: slice = slice(None)) -> NDArray[np.bool_] | np.bool_:
        """(n,) whether a record says that a dose of a visit was given, or was not."""
        return self.recorded(visit, part) & self.given.dosed[visit, part] if self.given is not None else np.bool_(False)

    def actual(self, visit: int) -> Dates | None:
        """(n,) the day on which a visit took place; None where nothing is recorded of anybody."""
        return self.given.actual[visit] if self.given is not None else None

    def dates(self, visit: int, part: slice = slice(None)) -> Dates:
        """(n,) the day on which a visit took place, else that on which it is planned; NaT for one that did not take place."""
        target = self.target[visit, part]
        if self.given is None:
            return target
        return np.where(self.recorded(visit, part), self.given.actual[visit, part], target)

    def cancelled(self, visit: int, part: slice = slice(None)) -> NDArray[np.bool_]:
        """(n,) whether a visit falls away: everything that is to happen at it lies after what ends it."""
        what = self.visits[visit]
        only_doses = bool(what.gives) and not what.assessments
        last = self.parts[self.part_of[visit]].last_day(only_doses, part)
        gone = np.zeros(len(self.target[visit, part]), dtype=bool)
        if last is not None:
            gone |= (self.target[visit, part] > last) & ~self.recorded(visit, part)
        return gone | self.cut_off(visit, only_doses, part)

    def cut_off(self, visit: int, doses: bool, part: slice = slice(None)) -> NDArray[np.bool_] | np.bool_:
        """(n,) whether a visit, or its doses, come after a gap that ends its part."""
        own = self.parts[self.part_of[visit]]
        if own.cut is None or own.cut_doses is None:
            return np.bool_(False)
        number = visit - self.part_of.index(self.part_of[visit])
        stands = self.dose_recorded(visit, part) if doses else self.recorded(visit, part)
        gone: NDArray[np.bool_] = (number >= own.cut[part]) & ~stands
        return gone if doses else gone & ~own.cut_doses[part]

    def dose_cancelled(self, visit: int, part: slice = slice(None)) -> NDArray[np.bool_] | np.bool_:
        """(n,) whether the doses of a visit fall away."""
        own = self.parts[self.part_of[visit]]
        last = own.last_day(True, part)
        gone: NDArray[np.bool_] | np.bool_ = np.bool_(False)
        if last is not None:
            gone = self.target[visit, part] > last
            gone = gone & ~self.dose_recorded(visit, part) if self.given is not None else gone
        return gone | self.cut_off(visit, True, part) if own.cut is not None else gone

    def given_at(self, row: int) -> NDArray[np.bool_]:
        """(n,) whether the administration is part of that subject's plan."""
        visit, give = self.rows[row].visit, self.rows[row].give
        planned: NDArray[np.bool_] = (self.status[row] != AmountStatus.ABSENT) & ~self.not_planned(visit)
        planned = planned & ~self.dose_cancelled(visit)
        return planned & ~self.beyond_open_end(visit) if give.open_ended else planned

    def not_planned(self, visit: int, part: slice = slice(None)) -> NDArray[np.bool_]:
        """(n,) whether a visit is not in that subject's plan; one without a stated day is, unless it is for other arms."""
        if self.visits[visit].offset is not None:
            absent: NDArray[np.bool_] = np.isnat(self.target[visit, part])
        else:
            absent = self.for_other_arms(visit, part) | np.isnat(self.anchor(visit)[part])
        return absent & ~self.recorded(visit, part)

    def for_other_arms(self, visit: int, part: slice = slice(None)) -> NDArray[np.bool_]:
        """(n,) whether a visit exists for other arms only; not where the arm is unknown."""
        arm = self.arm[part]
        if len(self.visits[visit].arms) >= len(self.period(visit).arms):
            return np.zeros(len(arm), dtype=bool)
        others: NDArray[np.bool_] = (arm != UNKNOWN_ARM) & ~np.isin(arm, self.visits[visit].arms)
        return others

    def beyond_open_end(self, visit: int, part: slice = slice(None)) -> NDArray[np.bool_]:
        """(n,) whether a visit lies after the last day up to which open repeats are drawn. Of simulated subjects it is not
        there at all, and one that takes place later than it was to counts by its target."""
        if self.cohort.ahead is not None:
            return np.zeros(len(self.arm[part]), dtype=bool)
        open_end = self.parts[self.part_of[visit]].open_end
        late: NDArray[np.bool_] = (self.target[visit, part] > open_end[part]) & ~self.recorded(visit, part)
        return late

    def not_given(self, row: int, part: slice = slice(None)) -> NDArray[np.bool_]:
        """(n,) whether an administration is not part of a subject's plan, wherever its visit may lie."""
        absent: NDArray[np.bool_] = self.status[row][part] == AmountStatus.ABSENT
        return absent | self.beyond_open_end(self.rows[row].visit, part) if self.rows[row].give.open_ended else absent

    def doses_for(self, row: int, column: int) -> tuple[Dose | None, ...]:
        """The doses of an administration by arm, as events have changed them for a subject."""
        give = self.rows[row].give
        doses = give.doses
        date = self.dates(self.rows[row].visit)[column]
        for event, changed in give.changes:
            if self.cohort.first(event)[column] <= date:
                doses = tuple(new if new is not None else old for new, old in zip(changed, doses, strict=True))
        return doses
