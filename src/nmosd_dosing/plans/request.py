"""What is asked of a plan, in one value: for one subject or for very many."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.plans.planning import plan_of
from nmosd_dosing.plans.workdays import Workdays
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.schedule.subject_schedule import SubjectSchedule
from nmosd_dosing.study.model import Study, Window
from nmosd_dosing.subjects.cohort import Cohort


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

    def plans(self, schedule: Schedule) -> Iterator[Plan]:
        """Everybody's plan, one after another."""
        return map(self.plan, by_subject(schedule, self.policy))

    def plan(self, subject: SubjectSchedule) -> Plan:
        """One subject's plan."""
        return plan_of(subject, self.window, cancelled=self.cancelled, workdays=self.workdays, as_of=self.as_of)
