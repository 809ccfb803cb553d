"""Which days of a range may be day 1: whether each visit has an open day then that keeps its window and the minimum gaps, and what stands
against it where one has none.

The days of a range are the columns of one cohort. Where a later period is entered within some days, each of them is tried, all of them at
once: a start may be where one of them leaves every visit a day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from nmosd_dosing.checks.findings import is_day_1
from nmosd_dosing.checks.screening import Clocks, Days
from nmosd_dosing.checks.visit_days import days_of, verdict_on
from nmosd_dosing.days import date_text
from nmosd_dosing.errors import InputError, Problem
from nmosd_dosing.plans.reasons import gap_text, no_day_allowed
from nmosd_dosing.plans.request import Request
from nmosd_dosing.plans.workdays import Workdays, closed_text, open_days, projected_text
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.schedule.excluded import without_counting
from nmosd_dosing.schedule.subject_schedule import SubjectSchedule, SubjectVisit
from nmosd_dosing.schedule.visit_states import VisitStatus
from nmosd_dosing.study.model import Study
from nmosd_dosing.study.visit_rules import Window
from nmosd_dosing.subjects.bounds import check_arguments, the_date
from nmosd_dosing.subjects.subject import Entered, Subject

What = Literal["clock", "closed", "window", "gap", "entry"]
MOST_DAYS = 1100
_SEARCHED = 400  # days: so far on an open day is looked for


class Against(Struct, frozen=True):
    """What stands against a day 1: a criterion's clock, a closed day 1, a visit without an open day in its window, a minimum gap, an entry
    without an open day. visit: which one; of a clock the criterion, or `screening`; None where nothing is on day 1."""

    what: What
    visit: str | None
    why: str


class Start(Struct, frozen=True):
    """A candidate day 1, and all that stands against it, by date. closed: why nobody is there on the day itself, as `Workdays` says it.
    projected: whether the answer rests on a calendar that is not published yet."""

    start: dt.date
    against: tuple[Against, ...]
    closed: str | None
    projected: bool

    @property
    def feasible(self) -> bool:
        return not self.against


class Starts(Struct, frozen=True):
    """The days of a range as day 1. notes: what is to be known of all of them."""

    days: tuple[Start, ...]
    notes: tuple[str, ...]


def starts(
    study: Study, first: dt.date | str, last: dt.date | str, *, period: str | None = None, window: Window | None = None,
    workdays: Workdays | None = None, arm: str | None = None,
) -> Starts:  # fmt: skip
    """Each day from `first` to `last`, both included, as a day 1, of one period or of the way through all. Masked.

    A visit needs an open day in its window; where none is stated its target has to be open. A dose counts from the first open day of the
    dose before. `window` stands in where the file states none; without `workdays` Saturdays and Sundays are closed. Raises InputError for
    a range that ends before it begins or is too long, and as `expand` does.
    """
    check_arguments(
        of={"period": (period, str), "window": (window, Window), "workdays": (workdays, Workdays), "arm": (arm, str)},
        needed={"study": (study, Study)},
    )  # fmt: skip
    first, last = the_date("first", first), the_date("last", last)
    return starts_of(Request(study, period, window=window, workdays=workdays), first, last, arm)


def starts_of(
    request: Request, first: dt.date, last: dt.date, arm: str | None = None, clocks: Clocks | None = None,
    screening: dt.date | None = None,
) -> Starts:  # fmt: skip
    """The same of what is asked: its subjects play no part. clocks: the criteria for what somebody had, which stand against days too;
    screening: his day of it, where it is known."""
    count = (last - first).days + 1
    if not 0 < count <= MOST_DAYS:
        wrong = "a range that ends before it begins" if count < 1 else f"a range of {count:,} days"
        raise InputError(Problem(wrong, hint=f"ask for at most {MOST_DAYS:,} days, from the first to the last"))
    days = _Days(request.workdays or open_days(None))
    ways = [_Way(first + dt.timedelta(n)) for n in range(count)]
    request = replace(request, study=without_counting(request.study), allow_deviation=True, accept_gap=True)
    found = _judged(request, ways, days, arm)
    notes = list(_notes(request, found, days))
    if clocks is not None:
        found = [replace(start, against=(*_clocks(clocks, start.start, screening), *start.against)) for start in found]
        if clocks.unknown:
            names = ", ".join(clocks.unknown)
            notes.append(f"not known to any criterion: {names}; a person says what it is, and until then no day is sure")
        if open := clocks.earliest(Days(screening, first)).open:
            notes.append(f"criteria that are not settled, and stand against no day: {', '.join(open)}; `screen` says what they need")
    return Starts(tuple(found), tuple(notes))


def _clocks(clocks: Clocks, day_1: dt.date, screening: dt.date | None) -> Iterator[Against]:
    """What the criteria say against a day 1."""
    first, last = clocks.tie.of(day_1)
    if screening is not None and not first <= screening <= last:
        days = f"{date_text(first)} to {date_text(last)}" if clocks.tie.first is not None else f"not after {date_text(last)}"
        yield Against("clock", "screening", f"screening on {date_text(screening)} is not one for this day 1: {days}")
    texts = {clock.criterion.id: clock.criterion.text for clock in clocks.clocks}
    yield from (Against("clock", id, f"{texts[id]}: {why}") for id, why in clocks.against(day_1, screening))


def _notes(request: Request, found: Sequence[Start], days: _Days) -> Iterator[str]:
    """What is not stated, and so not held against a day; and what rests on a calendar that is not published yet."""
    (subject,) = by_subject(replace(request, subjects=(Subject(found[0].start),)).schedule())
    asked = [visit for visit in subject.visits if _is_held_against(visit)]
    if free := [visit.id for visit in asked if visit.around == (None, None)]:
        yield f"no window is stated of {', '.join(free)}: only the target is asked about"
    if later := [visit.id for visit in subject.visits if visit.is_entry and visit.earliest is not None and visit.latest is None]:
        yield f"no last day of entry is stated of {', '.join(later)}: the first open day is taken"
    if follows := [visit.id for visit in asked if visit.visit.follows]:
        yield f"counted from the dose before, and asked about where the plan has them: {', '.join(follows)}"
    resting = sum(start.projected for start in found)
    projected = projected_text(days.workdays, [day for day, unpublished in days.unpublished.items() if unpublished])
    if resting and projected is not None:
        yield f"{resting:,} of the days: {projected}"


# --- the days ------------------------------------------------------------------------------------------------------------


class _Days(Struct, frozen=True):
    """Which days are closed, each looked up once."""

    workdays: Workdays
    known: dict[dt.date, str | None] = field(default_factory=dict)
    unpublished: dict[dt.date, bool] = field(default_factory=dict)

    def closed(self, day: dt.date) -> str | None:
        if day not in self.known:
            self.known[day] = self.workdays.closed_because(day)
        return self.known[day]

    def projected(self, day: dt.date) -> bool:
        if day not in self.unpublished:
            self.unpublished[day] = self.workdays.projected(day)
        return self.unpublished[day]

    def open_among(self, days: Sequence[dt.date]) -> list[dt.date]:
        return [day for day in days if self.closed(day) is None]

    def next_open(self, day: dt.date) -> dt.date | None:
        """The first open day on or after one; None where there is none within more than a year."""
        ordinals = range(day.toordinal(), min(day.toordinal() + _SEARCHED, dt.date.max.toordinal()) + 1)
        return next((found for found in map(dt.date.fromordinal, ordinals) if self.closed(found) is None), None)

    def rests(self, days: Sequence[dt.date]) -> bool:
        """Whether it rests on a calendar that is not published yet which of some days are open."""
        return any(map(self.projected, days)) and not any(self.closed(day) is None for day in days if not self.projected(day))


# --- the ways through the periods ----------------------------------------------------------------------------------------


class _Way(Struct, frozen=True):
    """A day 1 with the days on which later periods are entered, in their order. tried: how many days of the last entry there are; stood:
    how much stood against it before that."""

    start: dt.date
    entered: tuple[tuple[str, dt.date], ...] = ()
    tried: int = 1
    stood: int = 0


class _Found(Struct, frozen=True):
    """What stands against a way, up to some period; and whether the calendars are published on which that rests."""

    way: _Way
    against: tuple[Against, ...]
    rests: tuple[bool, ...]
    firm: bool

    def with_(self, against: Against, rests: bool) -> _Found:
        return replace(self, against=(*self.against, against), rests=(*self.rests, rests))


def _judged(request: Request, ways: list[_Way], days: _Days, arm: str | None) -> list[Start]:
    """Period by period: of each day 1 the ways go on against which least stands."""
    ended: dict[dt.date, list[_Found]] = {way.start: [] for way in ways}
    for number, _ in enumerate(request.periods):
        going = _tried(request, ways, number, days, arm)
        ways, seen = [], set()
        for start, found in going.items():
            least = min(len(of.against) for of, _ in found)
            best = [both for both in found if len(both[0].against) == least]
            for of, subject in best if not least else best[:1]:
                further = _further(subject, of, number + 1, days)
                if isinstance(further, _Found):
                    ended[start].append(further)
                for way in further if isinstance(further, list) else ():
                    if (start, way.entered[-1]) not in seen:
                        seen.add((start, way.entered[-1]))
                        ways.append(way)
        if not ways:
            break
    best_of = (min(found, key=lambda of: (len(of.against), not of.firm)) for found in ended.values())
    return [Start(of.way.start, of.against, days.closed(of.way.start), all(of.rests) if of.against else not of.firm) for of in best_of]


def _tried(
    request: Request, ways: Sequence[_Way], number: int, days: _Days, arm: str | None
) -> dict[dt.date, list[tuple[_Found, SubjectSchedule]]]:  # fmt: skip
    """By day 1 what stands against its ways up to a period. Of the days of the last entry the others are tried where something new stands
    against the first one."""
    going: dict[dt.date, list[tuple[_Found, SubjectSchedule]]] = {}

    def judge(some: Sequence[_Way]) -> None:
        for way, subject in zip(some, _schedules(request, some, days, arm) if some else (), strict=True):
            going.setdefault(way.start, []).append((_found(subject, way, number, days), subject))

    if not number or number + 1 < len(request.periods):
        judge(ways)
        return going
    first = {way.start: way for way in reversed(ways)}
    judge(list(first.values()))
    judge([way for way in ways if way is not first[way.start] and len(going[way.start][0][0].against) > way.stood])
    return going


def _schedules(request: Request, ways: Sequence[_Way], days: _Days, arm: str | None) -> Iterable[SubjectSchedule]:
    """Of subjects of whom nothing is known but day 1, and on which days they enter."""
    subjects = tuple(Subject(way.start, arm=arm, entered=tuple(Entered(*entry) for entry in way.entered)) for way in ways)
    return by_subject(replace(request, subjects=subjects).schedule(), opens=days.next_open)


def _further(subject: SubjectSchedule, found: _Found, period: int, days: _Days) -> _Found | list[_Way]:
    """The ways into the next period; where there is no open day of entry, or no next period, what there is to be said."""
    if period == len(subject.periods) or (move := subject.move_into(period)) is None or move[0].begins is None:
        return found
    name, way = subject.periods[period].period.id, found.way
    visit = next((v for v in subject.visits if v.is_entry and v.segment.period == period), None)
    if visit is None or visit.earliest is None:  # nobody comes for it
        return [_Way(way.start, (*way.entered, (name, move[0].begins)), stood=len(found.against))]
    if visit.latest is None:
        first = days.next_open(visit.earliest)
        allowed = [first] if first is not None else []
    else:
        allowed = [visit.earliest + dt.timedelta(n) for n in range((visit.latest - visit.earliest).days + 1)]
    entries = days.open_among(allowed)
    if entries:
        return [_Way(way.start, (*way.entered, (name, date)), len(entries), len(found.against)) for date in entries]
    if visit.dose_before is not None and days.open_among(days_of(visit)):
        return found.with_(Against("gap", visit.id, f"{gap_text(subject, visit.dose_before)}; {no_day_allowed(visit)}"), False)
    why = f"no open day of entry into {name} from {date_text(visit.earliest)}"
    why += f" to {date_text(visit.latest)}: {_closed(allowed, days)}" if visit.latest is not None else " on"
    return found.with_(Against("entry", visit.id, why), days.rests(allowed))


# --- what stands against a way -------------------------------------------------------------------------------------------


def _found(subject: SubjectSchedule, way: _Way, period: int, days: _Days) -> _Found:
    """Of all visits up to a period that is entered."""
    found = _Found(way, (), (), not days.rests([way.start]))
    first = [visit for visit in subject.visits if is_day_1(visit)]
    if (why := days.closed(way.start)) is not None:
        words = _with_projected(f"{date_text(way.start)}: {closed_text(why)}", [way.start], days)
        found = found.with_(Against("closed", first[0].id if first else None, words), days.rests([way.start]))
    for visit in sorted(subject.visits, key=lambda visit: (visit.target or dt.date.max, visit.row)):
        if visit.segment.period > period or not _is_held_against(visit):
            continue
        possible = _possible(visit, days)
        published_first = sorted(days.open_among(possible), key=days.projected)
        kept = next((day for day in published_first if verdict_on(subject, visit, day, closed=False)[0] == "open"), None)
        if kept is None:
            found = found.with_(_against(subject, visit, possible, way, days), days.rests(possible))
        elif days.projected(kept):
            found = replace(found, firm=False)
    return found


def _possible(visit: SubjectVisit, days: _Days) -> list[dt.date]:
    """The days on which a visit may be; of one without a last day those up to the first open one."""
    if not visit.or_later or visit.latest is not None or visit.earliest is None:
        return days_of(visit)
    first = days.next_open(visit.earliest)
    return [first if first is not None else visit.earliest]


def _is_held_against(visit: SubjectVisit) -> bool:
    """Whether a visit needs a day of its own: day 1 and the entries have theirs."""
    planned = visit.status not in (VisitStatus.CANCELLED, VisitStatus.ABSENT) and not (visit.visit.open_ended and visit.beyond_open_end)
    return planned and visit.target is not None and not is_day_1(visit) and not visit.is_entry


def _against(subject: SubjectSchedule, visit: SubjectVisit, possible: Sequence[dt.date], way: _Way, days: _Days) -> Against:
    """Of a visit that has no open day: a minimum gap where it takes the days that are open, else its window."""
    own, entered = subject.period(visit).period.id, ""
    if (date := dict(way.entered).get(own)) is not None:
        best = f", the best of {way.tried} open days" if way.tried > 1 and way.entered[-1][0] == own else ""
        entered = f"; {own} entered on {date_text(date)}{best}"
    by_gap = [day for day in days.open_among(possible) if verdict_on(subject, visit, day, closed=False)[0] == "gap"]
    if by_gap and visit.dose_before is not None:
        words = f"{gap_text(subject, visit.dose_before)}; its last open day is {date_text(by_gap[-1])}"
        return Against("gap", visit.id, f"{_with_projected(words, possible, days)}{entered}")
    return Against("window", visit.id, f"{_no_open(visit, possible, days)}{entered}")


def _no_open(visit: SubjectVisit, possible: Sequence[dt.date], days: _Days) -> str:
    closed = _closed(possible, days)
    if len(possible) == 1:
        words = f"{date_text(possible[0])}{f': {closed}' if closed else ''}"
        words += "; no window is stated" if visit.around == (None, None) else ""
    else:
        words = f"no open day from {date_text(possible[0])} to {date_text(possible[-1])}{f': {closed}' if closed else ''}"
    return _with_projected(words, possible, days)


def _closed(of: Sequence[dt.date], days: _Days) -> str:
    """Why days are closed, each reason once."""
    return "; ".join(dict.fromkeys(closed_text(why) for day in of if (why := days.closed(day)) is not None))


def _with_projected(words: str, of: Sequence[dt.date], days: _Days) -> str:
    projected = projected_text(days.workdays, of) if days.rests(of) else None
    return f"{words}; {projected}" if projected is not None else words
