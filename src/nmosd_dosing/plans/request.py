"""What is asked of a plan, in one value: for one subject or for very many."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np

from nmosd_dosing.days import to_date
from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.plans.planning import to_plan
from nmosd_dosing.plans.workdays import Workdays
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.study.model import Study, Window
from nmosd_dosing.study.sequence import arms_of
from nmosd_dosing.subjects.cohort import UNKNOWN_ARM, Cohort
from nmosd_dosing.subjects.subject import Subject


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of everybody's plan, as `plan` takes it."""

    study: Study
    period: str | None = None
    until: dt.date | None = None
    window: Window | None = None
    unblind: bool = False
    allow_deviation: bool = False
    accept_gap: bool = False
    cancelled: bool = False
    workdays: Workdays | None = None
    as_of: dt.date | None = None
    policy: Policy = "least waste"

    def expand(self, cohort: Cohort) -> Schedule:
        return expand(
            self.study, cohort, period=self.period, until=self.until, window=self.window, unblind=self.unblind,
            allow_deviation=self.allow_deviation, accept_gap=self.accept_gap, at_least=self.as_of,
        )  # fmt: skip

    def expand_with(self, study: Study, cohort: Cohort) -> Schedule:
        """The same for another form of the study."""
        return replace(self, study=study).expand(cohort)

    def plan(self, schedule: Schedule, column: int) -> Plan:
        """One subject's plan."""
        return to_plan(
            schedule, column, subject_of(schedule, column), self.window, cancelled=self.cancelled, workdays=self.workdays,
            as_of=self.as_of, policy=self.policy,
        )  # fmt: skip


def subject_of(schedule: Schedule, column: int) -> Subject:
    """Who stands in a column of a schedule, as far as a plan says it; all else is in the schedule."""
    cohort, arms = schedule.cohort, arms_of(schedule.course.periods)
    start, arm = to_date(cohort.start[column]), int(cohort.arm[column])
    assert start is not None
    return Subject(
        start,
        cohort.codes[column] if cohort.codes else None,
        arms[arm] if arm != UNKNOWN_ARM else None,
        None if np.isnan(cohort.grams[column]) else float(cohort.grams[column] / 1000),
        height_cm=None if np.isnan(cohort.mm[column]) else float(cohort.mm[column] / 10),
    )
