"""One subject as somebody looks at it: planned once, as what was done stands; and by which number of the trail each visit was written."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.checks.board import Board, board, drawn_until
from nmosd_dosing.checks.closed_days import with_closed_days
from nmosd_dosing.checks.due import Due, due
from nmosd_dosing.checks.findings import check
from nmosd_dosing.errors import InputError, Problem
from nmosd_dosing.pages.access import hidden
from nmosd_dosing.pages.place import Desk
from nmosd_dosing.plans.plan import Plan, PlannedVisit
from nmosd_dosing.plans.workdays import Workdays, open_days
from nmosd_dosing.register.database import facts
from nmosd_dosing.register.database.facts import Fact
from nmosd_dosing.register.reading import gathering
from nmosd_dosing.register.reading.gathering import Gathered
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.study.events import SCREEN_FAILED
from nmosd_dosing.study.model import Study
from nmosd_dosing.subjects.subject import Record
from nmosd_dosing.subjects.tables import written
from nmosd_dosing.subjects.tables.reading import Entries

AHEAD = 14  # days
DOSE_CELLS = ("product", "amount", "unit", "batch")  # of a record; of a masked dose they could tell the arm

State = Literal["screen failed", "in screening", "before day 1", "in", "after", "left"]


class Stands(Struct, frozen=True):
    """Where a subject is on a day: which state, in or after which period, since when."""

    state: State
    period: str | None = None
    day: dt.date | None = None


def stands(plan: Plan, on: dt.date) -> Stands:
    """Where the subject of a plan is on a day."""
    failed = dict(plan.screening).get(SCREEN_FAILED)
    if failed is not None:
        return Stands("screen failed", day=failed)
    begun = [
        period for number, period in enumerate(plan.periods)
        if period.start is not None and period.start <= on and (not number or period.status == "entered")
    ]  # fmt: skip
    for period, following in zip(plan.periods, [*plan.periods[1:], None], strict=True):
        if period.left is not None and period.left <= on and (following is None or following.status != "entered"):
            waits = following is not None and following.status in ("projected", "pending")  # the way goes on
            return Stands("after" if waits else "left", period.period, period.left)
    if not begun:
        return Stands("in screening") if plan.start is None else Stands("before day 1", day=plan.start)
    last = begun[-1]
    if last.end is not None and last.end <= on:
        return Stands("after", last.period, last.end)
    return Stands("in", last.period, last.start)


class Looked(Struct, frozen=True, dict=True):
    """A subject. `fact`: the row in the table of subjects. `gathered`, with the masked `plan` as of today, made of a `schedule` in which
    stands what was not allowed: None of whom no day is known yet, or of whom `problems` say that what is written contradicts itself; it can
    be corrected then."""

    desk: Desk
    fact: Fact
    gathered: Gathered | None = None
    schedule: Schedule | None = None
    plan: Plan | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def code(self) -> str:
        """The code."""
        return self.cells["subject"]

    @property
    def cells(self) -> Mapping[str, str]:
        """The row of the table of subjects."""
        return self.fact.cells or {}

    @property
    def person(self) -> int:
        """The subject, whatever the code."""
        assert self.fact.person is not None
        return self.fact.person

    @property
    def study(self) -> Study:
        """The study that the subject is on."""
        return self.gathered.study if self.gathered is not None else gathering.study_of(self.desk.register, [self.fact], self.desk.today)

    @property
    def workdays(self) -> Workdays:
        """The days on which the site is open."""
        found = self.gathered.request.workdays if self.gathered is not None else None
        return found or open_days(None)

    @cached_property
    def unblinded(self) -> Plan | None:
        """The plan with the doses of the subject's arm; only for who may see it."""
        if not self.desk.who.sees_arms:
            return None
        return _planned(self.desk, self.code, unblind=True)[2]

    @cached_property
    def due(self) -> tuple[Due, ...]:
        """What is to do in the days ahead."""
        if self.schedule is None:
            return ()
        findings = with_closed_days(check(self.schedule, self.desk.today), self.desk.today, self.workdays)
        return due(tuple(findings), self.desk.today, AHEAD)

    @property
    def board(self) -> Board | None:
        """The subject over time."""
        if self.plan is None:
            return None
        today = self.desk.today
        return board(self.study, [self.plan], self.due, today, AHEAD, today, self.workdays)

    @cached_property
    def visits(self) -> tuple[str, ...]:
        """All visits that there may be, as records name them."""
        return tuple(self.schedule.names.ids) if self.schedule is not None else ()

    @cached_property
    def planned(self) -> Mapping[str, PlannedVisit]:
        """The visits of the plan."""
        return {visit.id: visit for visit in self.plan.visits} if self.plan is not None else {}

    def is_masked(self, visit: str) -> bool:
        """Whether the cells of a dose of a visit could tell the arm: of one that is masked, and, where any is, of one that no plan has."""
        masks = self.schedule is not None and any(period.masks for period in self.study.periods)
        if self.schedule is None or visit not in self.visits:
            return masks or self.schedule is None
        return any(give.masked for give in self.schedule.names.visits[self.visits.index(visit)].gives)

    @cached_property
    def records(self) -> Mapping[str, tuple[int, ...]]:
        """By visit, the numbers by which it was recorded."""
        found = self.schedule.visit_records if self.schedule is not None else None
        if found is None:
            return {}
        told = [(row, record) for (row, _), records in found.records.items() for record in records]
        return self._numbers([*told, *((row, record) for row, _, record in found.twice)])

    @cached_property
    def appointments(self) -> Mapping[str, tuple[int, ...]]:
        """By visit, the numbers by which it was booked."""
        found = self.schedule.visit_records if self.schedule is not None else None
        return self._numbers((row, each) for (row, _), all_ in found.appointments.items() for each in all_) if found is not None else {}

    def _numbers(self, told: Iterable[tuple[int, Record]]) -> dict[str, tuple[int, ...]]:
        numbers: dict[str, list[int]] = defaultdict(list)
        for row, record in told:
            if record.place is not None and isinstance(record.place.document, Entries):
                numbers[self.visits[row]].append(record.place.document.number(record.place))
        return {visit: tuple(dict.fromkeys(found)) for visit, found in numbers.items()}

    def visit_of(self, number: int) -> str | None:
        """The visit that an entry is of; None where it is of none of the plan."""
        return next((visit for of in (self.records, self.appointments) for visit, numbers in of.items() if number in numbers), None)

    @cached_property
    def rows(self) -> Mapping[str, Sequence[Fact]]:
        """The rows of the subject that hold, by table; without the arm."""
        tables = [name for name in written.COLUMNS if name != "allocation"]
        return {name: [f for f in facts.holding(self.desk.facts, name, persons=[self.person]) if f.cells] for name in tables}


def hour_of(seen: Looked, visit: str) -> str:
    """The hour for which a visit is booked, `09:30`; an empty text where it is not booked, or no hour is written."""
    planned = seen.planned.get(visit)
    return f"{planned.time:%H:%M}" if planned is not None and planned.time is not None and seen.appointments.get(visit) else ""


def looked(desk: Desk, code: str) -> Looked:
    """A subject whom the account may see. Raises Http404 where there is none."""
    row = desk.row(code)
    if row is None:
        raise hidden()
    try:
        return Looked(desk, row, *_planned(desk, code))
    except InputError as error:
        return Looked(desk, row, problems=tuple(error.problems))


def _planned(desk: Desk, code: str, *, unblind: bool = False) -> tuple[Gathered | None, Schedule | None, Plan | None]:
    """A subject planned as of today, as far on as is drawn; nothing of whom no day is known. Raises InputError as `Desk.gather` does."""
    found = desk.gather(subject=code, unblind=unblind)
    if not found or not found[0].request.subjects:
        return None, None, None
    request = replace(found[0].request, as_of=desk.today)
    schedule = request.as_carried_out(drawn_until(desk.today, AHEAD, desk.today))
    return found[0], schedule, next(request.plans(schedule))
