"""One subject's dates and doses in plain values: what plans, checks and calendars read of a schedule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from msgspec import Struct

from nmosd_dosing.days import Offset
from nmosd_dosing.dose.dose import AmountStatus, Dose, LifetimeCap, Sex
from nmosd_dosing.schedule.doses.body_weights import Used, UsedValue
from nmosd_dosing.schedule.visit_states import VisitStatus
from nmosd_dosing.study.events import SCREEN_FAILED, SCREENED
from nmosd_dosing.study.model import GapRule, Period, Study, Transition
from nmosd_dosing.study.time_points import TimePoint
from nmosd_dosing.study.visit import Visit
from nmosd_dosing.study.visit_rules import Give
from nmosd_dosing.subjects.disposition import MoveStatus
from nmosd_dosing.subjects.subject import Record
from nmosd_dosing.subjects.weight_checks import WeightDoubt

Date = dt.date | None


class SubjectPeriod(Struct, frozen=True, gc=False):
    """A period: its first day, None where it is neither entered nor projected; the first day after it, None where that is not known; the
    first day on which events count in it no more; the last day on which its visits may be planned, None without such a limit."""

    period: Period
    anchor: Date
    projected: bool
    end: Date
    closed: Date
    last_day: Date

    @property
    def entered(self) -> bool:
        return self.anchor is not None and not self.projected


class SubjectLimit(Struct, frozen=True, gc=False):
    """The last day on which the visits of a period, or only its doses, may be planned, since `cause` happened on `date`."""

    last: dt.date
    cause: str
    date: Date
    doses_only: bool
    period: int


class Began(NamedTuple):
    """Why a period began anew: the rule, the dose before the gap, the day on which it began."""

    rule: GapRule
    before: Date
    first: Date


class Unchanged(NamedTuple):
    """A gap for which there is a rule, and that changes nothing: it asks for a decision, and who gave the dose after it has decided; or of
    planned doses between, `open`, nothing is recorded."""

    rule: GapRule
    before: dt.date
    date: dt.date
    open: tuple[str, ...]


class SubjectSegment(Struct, frozen=True, gc=False):
    """A period in the plan; again after a gap (`run` from 1), and for each event on which something hangs (`hangs_on`; `run` from 0).

    number: its place among the segments. anchor: the day from which its visits are counted; day_one: the one from which their days are
    numbered. waits: the last days before doses wait for a decision. cut: the number of the first visit that a gap lets fall away.
    """

    number: int
    period: int
    hangs_on: str
    run: int
    anchor: Date
    day_one: Date
    first_dose: Date
    last_dose: Date
    limits: tuple[SubjectLimit, ...]
    waits: tuple[SubjectLimit, ...]
    cut: int | None
    restart: Began | None
    unchanged: tuple[Unchanged, ...]
    last_given: Date
    open_end: Date


class VialCount(Struct, frozen=True, gc=False):
    """The vials of all administrations at a visit: sizes with their counts, what they hold, what is left, mL to be drawn up (NaN where no
    concentration is stated)."""

    counts: tuple[tuple[str, int], ...]
    dispensed: float
    waste: float
    volume_ml: float


class Exposure(Struct, frozen=True, gc=False):
    """What a dose under a lifetime's cap adds, in the cap's unit; the total that it would have made where it was refused;
    the total where it was given beyond the cap. NaN where that is not known, or it was not."""

    adds: float
    refused: float
    beyond: float


class Change(Struct, frozen=True, gc=False):
    """What an event has changed of a dose: the event, its day, and which of the changes of the administration it is."""

    event: str
    date: dt.date
    number: int


class AtLevel(Struct, frozen=True, gc=False):
    """Where a dose stands among its levels. name: of the level; None where the file names none, or states none so far `down` (or up: -1),
    beyond `edge`. by: the events that led there, with their days. taken: those that take the dose away, if any does: it is omitted after
    one, or from one to the other; of one that is held, the first alone."""

    name: str | None
    edge: str
    down: int
    by: tuple[tuple[str, dt.date], ...]
    taken: tuple[tuple[str, dt.date], ...]

    @property
    def text(self) -> str | None:
        """`-1`, `below -2`; None without levels."""
        if self.down:
            return f"{'below' if self.down > 0 else 'above'} {self.edge}"
        return self.name


class DaysTaken(Struct, frozen=True, gc=False):
    """Days of a course on which it is not given, both ends included: OMITTED or HELD, by these events (as `AtLevel.taken`)."""

    first: dt.date
    last: dt.date
    status: AmountStatus
    by: tuple[tuple[str, dt.date], ...]


class SubjectDose(Struct, frozen=True, gc=False):
    """One product at one visit. amount, cumulative, cumulative_per_kg: NaN where they are not known; whole numbers divided by `scale`.

    in_plan: whether it is part of the plan. administrations: of how many the amount is. doses: by arm, as events have changed them; own:
    that of the subject's arm, None while the arm is not known, or gets none; change: by which it is so; level: of its levels, None where it
    has none, or arms differ and that of the subject is not known. planned: what `amount` would be without records, and recorded: whether it
    is as recorded. date: the day on which it is given, None where it is not. ends: of a range the least and the most of one administration
    that are planned, None where it is none, or its ends come to the same. by_value: the recorded value that it is by, None where it is by
    none, or masked. days_taken: of a course the days that events take away, where there are others.
    """

    give: Give
    scale: int
    in_plan: bool
    status: AmountStatus
    amount: float
    cumulative: float
    cumulative_per_kg: float
    administrations: int
    doses: tuple[Dose | None, ...]
    own: Dose | None
    change: Change | None
    level: AtLevel | None
    planned: float
    recorded: bool
    date: Date
    weight: Used | None
    by_value: UsedValue | None
    vials: VialCount | None
    exposure: Exposure | None
    ends: tuple[float, float] | None
    days_taken: tuple[DaysTaken, ...]

    @property
    def needed(self) -> bool:
        """Whether it is given only when it is needed."""
        own = (self.own,) if self.own is not None else self.doses
        return any(dose is not None and dose.as_needed for dose in own)

    @property
    def times_a_day(self) -> int:
        """How often on each day, where that is known; else once."""
        doses = (self.own,) if self.own is not None else self.doses
        often = {dose.times or 1 for dose in doses if dose is not None}
        return often.pop() if len(often) == 1 else 1


class DoseBefore(Struct, frozen=True, gc=False):
    """The dose before a visit, of a product that states a minimum gap: it ended on `since`, as recorded, else where it may be earliest; by
    the gap the visit is not before `not_before`. row: of its visit, -1 for one that was not planned."""

    product: str
    since: dt.date
    not_before: dt.date
    row: int


class SubjectVisit(Struct, frozen=True, gc=False):
    """A visit of the subject's plan. row: in the schedule; number: in its segment.

    earliest, latest: the allowed days, by all that states some, None where nothing does; none is allowed where the earliest is the later
    one. around: by the window alone, or the rule of entry. dose_before: by which a minimum gap is kept. booked: the day of the
    appointment, where there is no more than that. date: the actual day, else the one booked or planned, None where it did not take place.
    planned_last: the last day of one that takes several, without what cuts it short. since: where it counts from the actual dose before,
    that day, how far it lies back, and whether it is only booked. dose_recorded: whether a record says that its dose was given, or was
    not. appointments: those that were made, also such as have lapsed. wrong: what each record says that is not the plan; not_compared:
    why an amount could not be. times: what was written down of its time points.
    """

    row: int
    number: int
    segment: SubjectSegment
    visit: Visit
    id: str
    status: VisitStatus
    target: Date
    actual: Date
    booked: Date
    date: Date
    earliest: Date
    latest: Date
    around: tuple[Date, Date]
    dose_before: DoseBefore | None
    last: Date
    planned_last: Date
    since: tuple[dt.date, Offset, bool] | None
    is_entry: bool
    beyond_open_end: bool
    dose_recorded: bool
    doses: tuple[SubjectDose, ...]
    records: tuple[Record, ...]
    appointments: tuple[Record, ...]
    wrong: tuple[str | None, ...]
    not_compared: str | None
    times: tuple[tuple[TimePoint, Record], ...]

    @property
    def is_only_needed(self) -> bool:
        """Whether it is nothing but doses that are given when they are needed: nobody is waited for."""
        doses = [dose for dose in self.doses if dose.in_plan]
        return bool(doses) and not self.visit.assessments and all(dose.needed for dose in doses)

    @property
    def no_day_allowed(self) -> bool:
        """Whether what states the first allowed day and what states the last leave none between them."""
        return self.earliest is not None and self.latest is not None and self.earliest > self.latest

    @property
    def or_later(self) -> bool:
        """Whether the file says that there is no last day; else one that is not known is not stated."""
        if self.latest is not None or self.is_entry:
            return False
        window = self.visit.window
        return window is not None and window.after is None

    @property
    def is_too_soon(self) -> bool:
        """Whether the target is closer to the dose before than the minimum gap."""
        return self.dose_before is not None and self.target is not None and self.dose_before.not_before > self.target


class SubjectMove(Struct, frozen=True, gc=False):
    """The move out of a period: the rule that governs and the one that an open decision would bring; both days of entry are allowed.

    date: of what opens the way. undecided: of what waits for a decision. kept: the earliest day, where it is so late since something is
    recorded of the period until then. outside: days by which a recorded entry misses its window, negative before it. booked: the day on
    which day 1 of the next period is booked. begins: that day as it is recorded or projected. met: when each further condition of the rule
    was met.
    """

    out_of: int
    rule: Transition | None
    waiting: Transition | None
    status: MoveStatus
    date: Date
    earliest: Date
    latest: Date
    entered: Date
    undecided: Date
    kept: Date
    booked: Date
    begins: Date
    outside: int
    met: tuple[Date, ...]

    @property
    def is_undecided(self) -> bool:
        """Whether the rule itself waits for a decision."""
        return self.undecided is not None and self.undecided == self.date

    @property
    def is_late(self) -> bool:
        """Whether its conditions were met only after the last day of entry."""
        return self.earliest is not None and self.latest is not None and self.earliest > self.latest

    @property
    def open_needs(self) -> tuple[str, ...]:
        """The further conditions that are not met."""
        return tuple(need for need, met in zip(self.rule.needs if self.rule else (), self.met, strict=True) if met is None)


class StudyStop(Struct, frozen=True, gc=False):
    """When the study stopped and by which rule; and when each of its rules would have."""

    date: Date
    by: str
    rules: tuple[tuple[str, Date], ...]


class SubjectGap(Struct, frozen=True, gc=False):
    """From a product's last dose before a period, at the visit `before_id`, to its first dose in it."""

    period: str
    product: str
    shown: str
    before: dt.date
    before_id: str
    first: dt.date
    shortest_planned: int | None


class DoseBesides(Struct, frozen=True, gc=False):
    """A dose that was given at a visit which is not planned, by its name. amount: None where it is not known how much."""

    visit: str
    product: str
    date: dt.date
    amount: Fraction | None
    unit: str | None


class SubjectCap(Struct, frozen=True, gc=False):
    """A lifetime's cap of a product, and what was had before the study, in its unit; None where nothing is said."""

    product: str
    limit: LifetimeCap
    earlier: float | None


class LastDose(NamedTuple):
    """The last day of the last dose, of a period or of all; None where nothing is given. later: whether a later one may come; unsure:
    whether this one may not be given."""

    date: Date
    later: bool
    unsure: bool


class SubjectSchedule(Struct, frozen=True):
    """One subject's schedule, already masked unless `unblinded`.

    site: where the subject is seen. products: with their units, in the schedule's order.
    visits: all that are in the plan, also cancelled ones, in the schedule's order. periods: all of the way, also those that the subject
    does not come to. arm: index into the arms, -1 where it is not known. events: the days of each. unscheduled: records of visits that are
    not planned; doses_besides: what was given at them; twice: further records of visits that have one, with the row.
    later_weights: by product, whether its doses look at later weights, and there are some; weighed: whether any were given. doubts: which
    weights somebody should look at again. last_doses: of each period, and of the study behind them. beyond: visits after
    `until`. planned_start: the day that was planned as day 1, where the first dose was on another one. start: day 1; None where there is
    none yet, or never will be.
    """

    study: Study
    unblinded: bool
    until: Date
    code: str | None
    site: str | None
    start: Date
    planned_start: Date
    arm: int
    weight_kg: float | None
    height_cm: float | None
    sex: Sex | None
    age: int | None
    products: tuple[tuple[str, str | None], ...]
    periods: tuple[SubjectPeriod, ...]
    segments: tuple[SubjectSegment, ...]
    visits: tuple[SubjectVisit, ...]
    moves: tuple[SubjectMove, ...]
    stop: StudyStop
    events: Mapping[str, tuple[dt.date, ...]]
    of_study: Mapping[str, dt.date]
    unanswered_decision: bool
    contradicted_decision: bool
    unscheduled: tuple[Record, ...]
    doses_besides: tuple[DoseBesides, ...]
    twice: tuple[tuple[int, Record], ...]
    last_recorded: Date
    first_dose: Date
    last_doses: tuple[LastDose, ...]
    beyond: int
    gaps: tuple[SubjectGap, ...]
    caps: tuple[SubjectCap, ...]
    later_weights: Mapping[str, bool]
    weighed: bool
    doubts: tuple[WeightDoubt, ...]

    def __repr__(self) -> str:
        """In a log nothing may tell an arm."""
        return f"<SubjectSchedule of {self.study.id}: {self.code or 'a subject'}, {len(self.visits)} visits>"

    @property
    def last_dose(self) -> Date:
        """The day of the last dose of all."""
        return self.last_doses[-1].date

    def period(self, visit: SubjectVisit) -> SubjectPeriod:
        return self.periods[visit.segment.period]

    def first(self, event: str) -> Date:
        """The first day of an event; None where it did not happen, and of a failed screening where the subject was screened after it."""
        dates = self.events.get(event)
        return dates[0] if dates and not (event == SCREEN_FAILED and self.screened_again) else None

    @property
    def screened_again(self) -> bool:
        """Whether the subject was screened after a failure: it is that of an earlier screening, and ends nothing."""
        failed, screened = (self.events.get(event, ()) for event in (SCREEN_FAILED, SCREENED))
        return failed[:1] < screened[:1] and len(failed) > 0

    def goes_on(self, period: int, doses: bool) -> bool:
        """Whether repeats of a period, or doses by them, go on beyond the day up to which they are drawn: nothing ended them before."""
        parts = [part for part in self.segments if part.period == period and not part.hangs_on]
        return any(all(x.last >= part.open_end for x in part.limits if doses or not x.doses_only) for part in parts if part.open_end)

    def move_into(self, period: int) -> tuple[SubjectMove, Transition] | None:
        """The move that leads into a period, and its rule."""
        for move in self.moves:
            if move.rule is not None and move.rule.target_period == self.periods[period].period.id:
                return move, move.rule
        return None

    def entry_by(self, move: SubjectMove) -> SubjectVisit | None:
        """The visit that is the entry to which a move leads; None where there is none in the plan."""
        into = move.rule.target_period if move.rule is not None else None
        return next((visit for visit in self.visits if visit.is_entry and self.period(visit).period.id == into), None)
