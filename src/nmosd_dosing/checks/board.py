"""What hangs on a site's wall, as one value: each subject's visits over time as they stand on a day, the closed days, what is due.

The pages of `board` show it, on a terminal and as HTML; nothing is worked out there. Only from masked plans is it made.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, get_args

from msgspec import Struct

from nmosd_dosing.checks.due import Due, last_due_day
from nmosd_dosing.checks.finding import visit_text
from nmosd_dosing.days import month_name
from nmosd_dosing.errors import InputError, Problem
from nmosd_dosing.plans.plan import Plan, PlannedTransition, PlannedVisit
from nmosd_dosing.plans.reasons import allowed_from
from nmosd_dosing.plans.workdays import Workdays
from nmosd_dosing.sentences import Sentence, said, word
from nmosd_dosing.study.events import is_own_day
from nmosd_dosing.study.model import Study

Kind = Literal["done", "not done", "booked", "planned", "overdue", "entry"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_AROUND = 366  # days that are drawn before and after the day of looking


class Mark(Struct, frozen=True):
    """One visit of one subject, or the days of an entry.

    `done` or `not done` as recorded on `day`; `booked` for it; `planned`, `entry` or `overdue` (also past a target without a window) where
    nothing is recorded, and `day` is the one planned. `earliest`, `latest`: the allowed days, None where none is stated. `begins` to
    `ends`: what it takes on a board; of what is overdue up to the day of looking. `tentative`: its day hangs on what is not yet known.
    `time`: the hour that was written beside its day. `or_later`: the file says that there is no last day.
    `waits`: no dose yet, until doses are resumed or a decision is there.
    """

    subject: str | None
    visit: str
    kind: Kind
    day: dt.date | None
    earliest: dt.date | None
    latest: dt.date | None
    begins: dt.date
    ends: dt.date
    tentative: bool = False
    time: dt.time | None = None
    or_later: bool = False
    waits: bool = False

    @property
    def text(self) -> Sentence:
        """How it stands, in words: `booked for 2025-07-03 Thu, allowed from 2025-07-01 Tue to 2025-07-09 Wed`."""
        day = said(" for {day}", day=self.day) if self.day is not None else said("")
        match self.kind:
            case "done" | "not done":
                return said("done, {day}" if self.kind == "done" else "not done, {day}", day=self.begins)
            case "booked":
                hour = said(" at {hour}", hour=self.hour) if self.hour else ""
                return said("booked{day}{hour}, {allowed}", day=day, hour=hour, allowed=self._allowed)
            case "overdue":
                how = said("not recorded, planned{day}", day=day) if day else said("not recorded")
                return said("{how}, {allowed}", how=how, allowed=self._allowed)
            case "planned" | "entry":
                waits, tentative = said("waits, planned{day}", day=day), said("projected{day}", day=day)
                how = waits if self.waits else tentative if self.tentative else said("planned{day}", day=day)
                entry = said("entry, {how}", how=how) if self.kind == "entry" else how
                return said("{how}, {allowed}", how=entry, allowed=self._allowed)

    @property
    def named(self) -> Sentence:
        """Which visit, or the entry into which period."""
        return visit_text(self.visit)

    @property
    def hour(self) -> str | None:
        """The hour, where one is known: `09:30`."""
        return f"{self.time:%H:%M}" if self.time is not None else None

    @property
    def _allowed(self) -> Sentence:
        first, last = self.earliest, self.latest
        if first is None:
            return said("no window is stated") if last is None else said("allowed to {last}", last=last)
        if last is None:
            return allowed_from(first, or_later=self.or_later)
        return said("allowed from {first} to {last}", first=first, last=last)


class Line(Struct, frozen=True):
    """One subject over time: from day 1, or from screening where there is no day 1 yet, to the end of the last period, or the exit; `ends`
    is None where no end is stated. `site`: where the subject is seen."""

    subject: str | None
    site: str | None
    begins: dt.date
    ends: dt.date | None
    marks: tuple[Mark, ...]


class Board(Struct, frozen=True):
    """All of it, as of a day. `month`: its first day. `first` to `last`: the days over which lines are drawn."""

    title: str
    as_of: dt.date
    ahead: int
    month: dt.date
    first: dt.date
    last: dt.date
    days: Workdays
    lines: tuple[Line, ...]
    items: tuple[Due, ...]

    @property
    def sites(self) -> tuple[str, ...]:
        """Where the subjects are seen, if not all at one site."""
        found = sorted({line.site for line in self.lines if line.site})
        return tuple(found) if len(found) > 1 else ()

    @property
    def month_text(self) -> Sentence:
        """The month: `July 2025`."""
        return said("{month} {year}", month=word(month_name(self.month)), year=self.month.year)

    def has(self, day: dt.date) -> bool:
        """Whether a day is of the month that is shown."""
        return (day.year, day.month) == (self.month.year, self.month.month)

    @property
    def weeks(self) -> Iterator[Sequence[dt.date | None]]:
        """The weeks of the month from Monday to Sunday, with the days of its neighbours; None for days that no calendar has."""
        first = self.month.toordinal() - self.month.weekday()
        for monday in range(first, last_of(self.month).toordinal() + 1, 7):
            numbers = range(monday, monday + 7)
            yield [dt.date.fromordinal(n) if 1 <= n <= dt.date.max.toordinal() else None for n in numbers]

    @property
    def in_month(self) -> tuple[Mark, ...]:
        """What the month's weeks show, by day."""
        days = [day for week in self.weeks for day in week if day is not None]
        found = [mark for line in self.lines for mark in line.marks if mark.begins <= days[-1] and mark.ends >= days[0]]
        return tuple(sorted(found, key=lambda mark: (mark.begins, mark.ends, mark.subject or "", mark.visit)))

    @property
    def on_days(self) -> list[tuple[dt.date, Mark]]:
        """The marks of the month, each on a day of it: its own; of what is overdue, or still to come though its day has
        passed, that of looking, where the month has it; of what is planned for another month the first of its allowed days here."""
        days = [(self._day_of(mark), mark) for mark in self.in_month]
        return sorted(((day, mark) for day, mark in days if self.has(day)), key=lambda found: found[0])

    def _day_of(self, mark: Mark) -> dt.date:
        day = mark.day or mark.begins
        waits = mark.kind in ("planned", "entry") and day < self.as_of <= mark.ends
        if (waits or mark.kind == "overdue") and self.has(self.as_of):
            return self.as_of
        elsewhere = mark.kind in ("planned", "entry", "overdue") and not self.has(day) and mark.ends >= self.month
        return max(mark.begins, self.month) if elsewhere else day


def count_text(kind: Kind, n: int) -> Sentence:
    """How many marks of a kind: `2 booked`, `1 entry`, `3 entries`."""
    match kind:
        case "done":
            return said("{n} done", n=n)
        case "not done":
            return said("{n} not done", n=n)
        case "booked":
            return said("{n} booked", n=n)
        case "planned":
            return said("{n} planned", n=n)
        case "overdue":
            return said("{n} overdue", n=n)
        case "entry":
            return said("{n} entry" if n == 1 else "{n} entries", n=n)


def last_of(month: dt.date) -> dt.date:
    """The last day of the month of a day."""
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def drawn_until(as_of: dt.date, ahead: int, month: dt.date) -> dt.date:
    """How far a schedule must go for a board of it."""
    return max(last_due_day(as_of, ahead), last_due_day(as_of, _AROUND), last_of(month))


def board(
    study: Study, plans: Iterable[Plan], items: Sequence[Due], as_of: dt.date, ahead: int, month: dt.date, days: Workdays
) -> Board:  # fmt: skip
    """The board as of a day: of plans that go as far as `drawn_until` says, and what is due within `ahead` days as `due` says it.

    month: any day of the month that is shown. Raises InputError for a plan that is unblinded: a board hangs where everybody sees it.
    """
    late = {(item.finding.subject, item.finding.visit) for item in items if item.state in ("overdue", "past-target")}
    lines = tuple(_line(made, late, as_of) for made in plans)
    begins = [line.begins for line in lines] + [mark.begins for line in lines for mark in line.marks]
    ends = [line.ends or dt.date.max for line in lines] + [mark.ends for line in lines for mark in line.marks]
    earliest = dt.date.fromordinal(max(1, as_of.toordinal() - _AROUND))
    first = min(as_of, max(earliest, min(begins, default=as_of)))
    last = max(as_of, min(last_due_day(as_of, _AROUND), max(ends, default=as_of)))
    return Board(study.title, as_of, ahead, month.replace(day=1), first, last, days, lines, tuple(items))


def _line(made: Plan, late: set[tuple[str | None, str]], as_of: dt.date) -> Line:
    if made.unblinded:
        raise InputError(Problem("a board shows what is masked only masked", hint="make the plans without `unblind`"))
    named = [(visit, visit.id if len(made.way) > 1 else visit.label) for visit in made.visits]
    named += [(visit, visit.label) for visit in made.unscheduled]
    marks = [mark for visit, name in named if (mark := _mark(made, visit, name, late, as_of)) is not None]
    marks += [mark for move in made.transitions if (mark := _entry(made, move, late, as_of)) is not None]
    begun = [period for period in made.periods if period.start is not None]
    ends = (begun[-1].left or begun[-1].end) if begun else None
    return Line(made.subject, made.at_site, made.begins, ends, tuple(sorted(marks, key=lambda mark: (mark.begins, mark.ends))))


def _mark(made: Plan, visit: PlannedVisit, name: str, late: set[tuple[str | None, str]], as_of: dt.date) -> Mark | None:
    allowed = (visit.earliest, visit.latest)
    match visit.stage:
        case "took place" | "not done":
            day = visit.actual or visit.target
            kind: Kind = "done" if visit.stage == "took place" else "not done"
            return Mark(made.subject, name, kind, day, *allowed, day, day) if day is not None else None
        case "cancelled":
            return None
        case "firm" | "tentative":
            return _expected(made, visit, name, late, as_of)


def _expected(made: Plan, visit: PlannedVisit, name: str, late: set[tuple[str | None, str]], as_of: dt.date) -> Mark | None:
    """Of a visit of which nothing is recorded but perhaps an appointment."""
    day = visit.booked or visit.target
    known = [d for d in (visit.earliest, day, visit.last, visit.latest) if d is not None]
    if day is None or not known:
        return None
    ids = {visit.id, f"{visit.period} entry"} if visit.is_entry else {visit.id}
    overdue = any((made.subject, id) in late for id in ids)
    if is_own_day(visit.label) and visit.booked is None and not visit.administrations and day <= as_of:
        return Mark(made.subject, name, "done", day, visit.earliest, visit.latest, day, day)
    kind: Kind = "booked" if visit.booked is not None else "overdue" if overdue else "entry" if visit.is_entry else "planned"
    days = visit.earliest, visit.latest, min(known), max(*known, as_of) if kind == "overdue" else max(known)
    return Mark(
        made.subject, name, kind, day, *days, visit.stage == "tentative", visit.time, visit.or_later, visit.status == "pending"
    )  # fmt: skip


def _entry(made: Plan, move: PlannedTransition, late: set[tuple[str | None, str]], as_of: dt.date) -> Mark | None:
    """The days on which a period may be entered whose day 1 is not among the visits."""
    if move.status not in ("pending", "projected") or (move.unseen and move.status == "projected"):
        return None
    if any(visit.is_entry and visit.period == move.target for visit in made.visits):
        return None
    first, last = move.earliest or move.trigger_date, move.latest
    if first is None or (last is not None and last < first):
        return None
    overdue = (made.subject, f"{move.target} entry") in late
    ends = max(last or first, as_of) if overdue else last or first
    kind: Kind = "overdue" if overdue else "entry"
    return Mark(made.subject, f"{move.target} entry", kind, None, first, last, first, ends, True)
