"""One subject's plan, as immutable rows for people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from msgspec import Struct

from nmosd_dosing.days import CountsFrom, date_text
from nmosd_dosing.dose.dose import AmountStatusText, Sex
from nmosd_dosing.plans.note_codes import NoteCode
from nmosd_dosing.schedule.doses.body_weights import UsedValue
from nmosd_dosing.schedule.subject_schedule import SubjectVisit
from nmosd_dosing.schedule.visit_states import VisitStatusText
from nmosd_dosing.study.events import SCREEN_FAILED
from nmosd_dosing.study.facts import Source
from nmosd_dosing.study.model import Site
from nmosd_dosing.subjects.disposition import MoveStatusText
from nmosd_dosing.subjects.subject import RecordStatus

Stage = Literal["firm", "tentative", "took place", "not done", "cancelled"]
PeriodStatus = Literal["planned"] | MoveStatusText


class TakenAway(Struct, frozen=True):
    """Days of a course on which it is not given, both ends included: omitted, or held until doses are resumed; `why` in words."""

    first: dt.date
    last: dt.date
    status: Literal["omitted", "held"]
    why: str

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


class Administration(Struct, frozen=True):
    """One product at one visit. Amounts are of active drug, in `unit`; None unless `amount_status` is "stated" or "capped". Of a range
    `amount_from` and `amount_to` are the least and the most that are planned of one administration, also where an amount is recorded.

    `shown` is the product as a reader may see it: `MIL62/placebo` where it is masked. `amount` is of one administration, of which there are
    `times` at this visit: so often a day on each day of a course; `total` is of all of them, `per_day` of those of one day where there are
    several. `planned` is what `amount` would be had nothing been recorded, `recorded` whether it is as recorded. `lead`: how long before or
    after another product. `weight_kg`: which weight the dose is by, measured on `weight_of` (None: at baseline, or not at all, as the ideal
    one), while it is masked by that of the active drug; `check_weight`: why somebody should look at that weight again. `vials`: how many of
    which size for all `times`, those of which there are none left out; None where they cannot be counted. `dispensed` is what these hold,
    `waste` what is left over; `volume_ml` is drawn up. While the dose is masked, vials and volume are counted like the active drug's, the
    same in all arms. `level`: of its dose levels, `below -2` where the file states no further one; None where the dose has none.
    `by_value`: the recorded value that the dose is by, and its day; None where it is by none, or masked. `days_taken`: the days of a course
    that events take away, which `times` and `total` do not count.
    """

    product: str
    shown: str
    route: str | None
    amount: float | None
    unit: str | None
    dose_rule: str | None
    amount_status: AmountStatusText
    minutes: int | None = None
    cumulative: float | None = None
    cumulative_per_kg: float | None = None
    times: int = 1
    total: float | None = None
    per_day: float | None = None
    lead: str | None = None
    weight_kg: float | None = None
    weight_of: dt.date | None = None
    weight_status: Literal["baseline", "measured", "carried forward", "ideal", "adjusted"] | None = None
    check_weight: str | None = None
    planned: float | None = None
    recorded: bool = False
    vials: tuple[tuple[str, int], ...] | None = None
    dispensed: float | None = None
    waste: float | None = None
    volume_ml: float | None = None
    batch: str | None = None
    level: str | None = None
    amount_from: float | None = None
    amount_to: float | None = None
    by_value: UsedValue | None = None
    days_taken: tuple[TakenAway, ...] = ()

    def taken_on(self, date: dt.date | None) -> TakenAway | None:
        """What takes a day of a course away; None where it is given."""
        return next((days for days in self.days_taken if date is not None and days.first <= date <= days.last), None)


class PlannedTimePoint(Struct, frozen=True):
    """One point on the time line of a visit: what is examined at a nominal time, or a dose.

    `name`: of the assessment, of a dose its product as shown. `text`: its nominal time in words, `1 h after X`, of a dose how long before
    or after another one; `nominal` in minutes after `of` begins or, where `of_end`, ends, None for any time before it, and for doses.
    `window` is None where none is stated. `date`: the calendar day, as planned from the dose. `time`, `earliest` and `latest`: by the
    clock of the place, None where the hour of the dose is not known; `from_actual`: whether that hour is recorded. `after_dose`: so many
    minutes after its dose begins; `at_visit`: whether the hour of the visit is that of the dose, since it gives nothing else. `actual`:
    when it was, with the hour where one is written; `status`: what is recorded of it.
    """

    kind: Literal["dose", "assessment"]
    name: str
    text: str
    nominal: int | None = None
    of: str | None = None
    of_end: bool = False
    window: str | None = None
    date: dt.date | None = None
    time: dt.datetime | None = None
    earliest: dt.datetime | None = None
    latest: dt.datetime | None = None
    actual: dt.date | None = None
    status: RecordStatus | None = None
    from_actual: bool = False
    after_dose: int = 0
    at_visit: bool = False


class PlannedVisit(Struct, frozen=True):
    """One visit of one subject. `target` is None where the record gives no day. `earliest` and `latest` are the allowed days, by window,
    rule of entry, minimum gap and what ended the period; None where nothing states one. `last` is the last day of a visit that takes
    several; `actual` the recorded day, `booked` that of an appointment, where there is no more than that, `time` the hour that was written
    beside it, and `record` what else was written down of it. `only_arms`: it may not be this subject's visit, since it exists for these
    arms only and the arm is not known. `reason` says in a line how the date came about, `steps` step by step. `source` is where it stands,
    if the file says more than of the study; `window_source` who states the window, if not the file; `cancelled_by` why it falls away;
    `room` where the site has it. `is_entry`: it is the entry into its period. `dose_steps` say how its doses came about. `time_line`: its
    doses and time points in the order of time, empty where it has no time points."""

    id: str
    period: str
    label: str
    name: str | None
    status: VisitStatusText
    target: dt.date | None
    actual: dt.date | None
    earliest: dt.date | None
    latest: dt.date | None
    last: dt.date | None
    study_day: int | None
    period_day: int | None
    week: str | None
    assessments: tuple[str, ...]
    administrations: tuple[Administration, ...]
    only_arms: tuple[str, ...]
    reason: str
    steps: tuple[str, ...] = ()
    source: str | None = None
    window_source: str | None = None
    cancelled_by: str | None = None
    booked: dt.date | None = None
    record: str | None = None
    comment: str | None = None
    room: str | None = None
    is_entry: bool = False
    dose_steps: tuple[str, ...] = ()
    time: dt.time | None = None
    or_later: bool = False
    time_line: tuple[PlannedTimePoint, ...] = ()

    @property
    def date(self) -> dt.date | None:
        """The day on which it took place, else that for which it is booked or planned; None where neither."""
        return None if self.stage in ("not done", "cancelled") else self.actual or self.booked or self.target

    @property
    def stage(self) -> Stage:
        """What its status comes to: `firm` and `tentative` are ahead, the others are settled."""
        match self.status:
            case "planned" | "booked":
                return "firm"
            case "projected" | "pending":
                return "tentative"
            case "done" | "partial":
                return "took place"
            case "missed" | "withheld":
                return "not done"
            case "cancelled" | "absent":
                return "cancelled"


class PlannedPeriod(Struct, frozen=True):
    """`end` is the first day after a period, as recorded or planned; `start` is None while it is not known when it begins.

    status: planned, projected, pending, entered, declined or refused; of the first one none where there is no day 1. regimen: the id under
    which it is planned by itself. left: the day on which the subject left it before its end.
    """

    period: str
    title: str
    regimen: str
    start: dt.date | None
    end: dt.date | None
    status: PeriodStatus
    left: dt.date | None = None


class PlannedTransition(Struct, frozen=True):
    """The move from one period to the next, under the rule that governs now. earliest and latest are both allowed; None while a
    condition is open, or where no last day is stated. `trigger`: what opens the way.
    `unseen`: nobody is seen in the period that it leads to, so no entry is waited for."""

    source: str
    target: str
    rule: str
    trigger: str
    trigger_date: dt.date | None
    earliest: dt.date | None
    latest: dt.date | None
    entered: dt.date | None
    status: MoveStatusText
    message: str
    steps: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    unseen: bool = False


def entry_assumed(move: PlannedTransition, text: str) -> str:
    """What a rule of entry assumes, as a note says it."""
    return f"entry into {move.target}, rule {move.rule}: {text}"


Moves = Literal["earlier", "later", "projected"]


class PlannedSpan(Struct, frozen=True):
    """From `start` to `end`, both included; of a period, or of the study where `period` is None.

    `waits_for`: which end, "from" or "to", hangs on a day that is not known yet, such as that of randomisation, and on which.
    Status "projected": it hangs on a first or last dose that may be another one, or on another day. `start_moves`, `end_moves`: how.
    """

    id: str
    period: str | None
    name: str
    start: dt.date | None
    end: dt.date | None
    status: Literal["planned", "projected"]
    start_moves: Moves | None = None
    end_moves: Moves | None = None
    assumed: tuple[str, ...] = ()
    note: tuple[str, ...] = ()
    source: str | None = None
    waits_for: tuple[tuple[str, str], ...] = ()


class LostDose(Struct, frozen=True):
    """A planned dose that an entry into the next period takes away: of which visit, on which day, and in words why."""

    visit: str
    date: dt.date
    why: str


class Note(Struct, frozen=True):
    """What a reader must know about the plan; `visits` are visit ids."""

    code: NoteCode
    message: str
    visits: tuple[str, ...] = ()


Shown = Sequence[tuple[SubjectVisit, PlannedVisit]]
"""What the schedule holds of each visit of a plan, and the visit."""


def noted(code: NoteCode, said_of: Iterable[tuple[str, str]]) -> Iterator[Note]:
    """A note for each text, in the order in which they are said first, with the ids of the visits of which each is said."""
    found: dict[str, list[str]] = {}
    for text, id in said_of:
        found.setdefault(text, []).append(id)
    return (Note(code, text, tuple(ids)) for text, ids in found.items())


def ids_of(visits: Iterable[PlannedVisit]) -> tuple[str, ...]:
    return tuple(visit.id for visit in visits)


class Intensity(Struct, frozen=True):
    """Of one product, up to and with a day: what was given, what was planned, and the share (dose intensity), None where none was."""

    product: str
    unit: str | None
    until: dt.date
    given: float
    planned: float
    share: float | None


class Plan(Struct, frozen=True):
    """One subject's dated plan, already masked unless `unblinded`.

    `drawn_until` is the last day up to which it is drawn; None where it holds everything that the period plans. `way`: all periods
    that it is about, also those that this subject does not come to. `planned_start`: the day that was planned as day 1, where the first
    dose was on another one. `at_site`: where the subject is seen; `site` are the facts of a site's file. `screening`: the days of consent,
    screening and randomisation, and that on which screening failed, by the names of their events; `start` is None where there is no day 1.
    """

    unblinded: bool
    regimen: str
    study: str
    title: str
    source: Source
    study_sha256: str
    counts_from: CountsFrom
    arm: str | None
    subject: str | None
    start: dt.date | None
    weight_kg: float | None
    until: dt.date | None
    drawn_until: dt.date | None
    periods: tuple[PlannedPeriod, ...]
    visits: tuple[PlannedVisit, ...]
    spans: tuple[PlannedSpan, ...]
    notes: tuple[Note, ...]
    transitions: tuple[PlannedTransition, ...] = ()
    way: tuple[str, ...] = ()
    as_of: dt.date | None = None
    site: Site | None = None
    height_cm: float | None = None
    sex: Sex | None = None
    age: int | None = None
    intensity: tuple[Intensity, ...] = ()
    planned_start: dt.date | None = None
    unscheduled: tuple[PlannedVisit, ...] = ()
    lost: tuple[LostDose, ...] = ()
    at_site: str | None = None
    screening: tuple[tuple[str, dt.date], ...] = ()

    @property
    def day_1(self) -> str:
        """Day 1 in words; why there is none, if there is none."""
        if self.start is not None:
            return f"day 1 {date_text(self.start)}"
        failed = dict(self.screening).get(SCREEN_FAILED)
        return "no day 1 yet" if failed is None else f"no day 1: screening failed on {date_text(failed)}"

    @property
    def begins(self) -> dt.date:
        """Day 1; where there is none, the first day that is known of the subject."""
        return self.start or min(date for _, date in self.screening)

    @property
    def all_visits(self) -> tuple[PlannedVisit, ...]:
        """The planned visits and those that are not, by day; of one that did not take place, by the day on which that was noted."""
        days = [(visit.target or visit.actual or visit.booked, visit) for visit in self.visits]
        start = self.start
        days += [
            (start + dt.timedelta(n - (n > 0)) if start is not None and (n := visit.study_day) else visit.actual or visit.booked, visit)
            for visit in self.unscheduled
        ]
        return tuple(visit for _, visit in sorted(days, key=lambda pair: (pair[0] is None, pair[0] or dt.date.max)))
