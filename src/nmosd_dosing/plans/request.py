"""What is asked of plans, in one value: who, by which study, until when, masked or not. For one subject or for very many."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from nmosd_dosing.days import to_dates
from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.plans.planning import originals, plan_of
from nmosd_dosing.plans.workdays import Workdays
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.schedule.expansion import begun, expand
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.schedule.subject_schedule import SubjectSchedule
from nmosd_dosing.study.model import Period, Study
from nmosd_dosing.study.period_order import arms_of, way
from nmosd_dosing.study.visit_rules import Window
from nmosd_dosing.subjects import history, visit_records
from nmosd_dosing.subjects.bounds import check_arguments
from nmosd_dosing.subjects.cohort import UNKNOWN_ARM, Cohort
from nmosd_dosing.subjects.subject import Subject


class Request(Struct, frozen=True):
    """What is asked of everybody's plan, as `plan` takes it.

    `period`: one period only; None for the way through all that follow each other. `of_study`: dates of the study's
    own events. `columns`: very many subjects with these dates, in place of `subjects` and `of_study`. `at_least`: so far an open end is
    drawn; `as_of` where it is None.
    """

    study: Study
    period: str | None = None
    subjects: tuple[Subject, ...] = ()
    of_study: Mapping[str, dt.date] = field(default_factory=dict)
    columns: Cohort | None = None
    until: dt.date | None = None
    window: Window | None = None
    unblind: bool = False
    allow_deviation: bool = False
    accept_gap: bool = False
    cancelled: bool = False
    workdays: Workdays | None = None
    as_of: dt.date | None = None
    policy: Policy = "least waste"
    at_least: dt.date | None = None

    def __post_init__(self) -> None:
        """Raises InputError for a flag that is neither True nor False."""
        flags = ("unblind", "allow_deviation", "accept_gap", "cancelled")
        check_arguments(flags={name: getattr(self, name) for name in flags})

    @property
    def periods(self) -> tuple[Period, ...]:
        """The periods that are planned. Raises InputError where there is no such period, or no one way."""
        return way(self.study, self.period)

    @property
    def arms(self) -> tuple[str, ...]:
        return arms_of(self.periods)

    @property
    def cohort(self) -> Cohort:
        """Everybody as columns. Raises InputError for an arm that is not there."""
        return self.columns if self.columns is not None else Cohort.of_subjects(self.subjects, self.arms, self.of_study)

    @property
    def unblinds(self) -> bool:
        """Whether doses are shown that others do not see."""
        return self.unblind and any(period.masks for period in self.periods)

    @property
    def lacks_arm(self) -> bool:
        """Whether doses are to be unblinded of somebody whose arm is not known."""
        return self.unblinds and bool((self.cohort.arm == UNKNOWN_ARM).any())

    def begun(self) -> Request:
        """The request with the recorded first dose of each subject as `start`. Raises InputError as `cohort` does."""
        cohort = begun(self.study, self.cohort, period=self.period)
        if self.columns is not None:
            return replace(self, columns=cohort)
        subjects = list(self.subjects)
        for column, start, planned in cohort.moved():
            subjects[column] = replace(subjects[column], start=start, planned_start=planned)
        for column, start in enumerate(to_dates(cohort.start)):
            if start != subjects[column].start:  # no day was planned
                subjects[column] = replace(subjects[column], start=start)
        return replace(self, subjects=tuple(subjects))

    def known_by(self, as_of: dt.date) -> tuple[Request, tuple[str, ...]]:
        """The request with what was known of its subjects on a day, and what is left out since it is dated later."""
        known = history.known_by(self.subjects, self.of_study, as_of)
        return replace(self, subjects=known.subjects, of_study=known.of_study), known.left_out

    def schedule(self) -> Schedule:
        """Everybody's dates and doses. Raises InputError as `expand` does, and for records of visits that it does not have: whatever is
        allowed, nobody knows what they are of."""
        schedule = expand(
            self.study, self.cohort, period=self.period, until=self.until, window=self.window, unblind=self.unblind,
            allow_deviation=self.allow_deviation, accept_gap=self.accept_gap, at_least=self.at_least or self.as_of,
        )  # fmt: skip
        if schedule.visit_records is not None:
            visit_records.check_known(schedule.visit_records)
        return schedule

    def as_carried_out(self, at_least: dt.date) -> Schedule:
        """The schedule in which entries and visits that were wrong stand, to be found, or since what follows them goes on all the same."""
        return replace(self, allow_deviation=True, accept_gap=True, at_least=at_least).schedule()

    def plans(
        self, schedule: Schedule | None = None, columns: Sequence[int] | None = None, *, intensity: bool = False
    ) -> Iterator[Plan]:  # fmt: skip
        """Everybody's plan, one after another, or those of some columns; with dose intensities only where they are asked for, since they
        take a schedule more."""
        schedule = schedule if schedule is not None else self.schedule()
        original = originals(schedule, self.as_of) if intensity else [None] * len(schedule)
        chosen, everybody = set(range(len(schedule)) if columns is None else columns), by_subject(schedule, self.policy)
        return (self.plan(*mine) for column, mine in enumerate(zip(everybody, original, strict=True)) if column in chosen)

    def plan(self, subject: SubjectSchedule, original: SubjectSchedule | None = None) -> Plan:
        """One subject's plan."""
        return plan_of(subject, self.window, original=original, cancelled=self.cancelled, workdays=self.workdays, as_of=self.as_of)

    def drawn(self, cohort: Cohort, column: int, until: dt.date) -> Plan:
        """The plan of one of everybody, who are a cohort already, until another day."""
        return next(replace(self, until=until, columns=cohort.chosen([column])).plans())
