"""The way of n subjects through the periods of a study: which rule moves each of them, when a period begins, what ends it.

A period begins on its recorded first day, else on the first day on which its rule of entry allows it (projected). What has
happened decides; where several rules hold, the first in the file does. The end of a period is the rule for whom nothing else moves.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from nmosd_dosing.cohort import Cohort
from nmosd_dosing.days import FIRST_DATE, LAST_DATE, NO_DATE, Dates, Offset, date_text, shift, to_date
from nmosd_dosing.errors import InputError, Problem, one_of
from nmosd_dosing.model import Period, Study, Transition
from nmosd_dosing.triggers import CONFIRMED, Occurrence, Stay, Stopped, met, occurrence, of_study, study_stop

LEFT = ("withdrawn", "lost", "died")  # nothing after these
_BEFORE = Offset(-1)


class MoveStatus(IntEnum):
    """How far a subject is on the way into the next period."""

    NONE = 0  # the subject has left before
    PROJECTED = 1
    PENDING = 2
    ENTERED = 3
    DECLINED = 4
    REFUSED = 5

    @property
    def text(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Move:
    """Out of a period; (n,) each.

    source: index of the period. rule: index into the study's transitions, -1 for none. date: of what opens the way; NaT while it is
    not known. earliest, latest: the allowed days, both included; NaT while a condition is open, and where no last day is stated.
    undecided: the date of an event that waits for a decision, and waiting: the rule that it would bring.
    """

    source: int
    rule: NDArray[np.int16]
    status: NDArray[np.uint8]
    date: Dates
    earliest: Dates
    latest: Dates
    entered: Dates
    undecided: Dates
    waiting: NDArray[np.int16]

    def outside(self, columns: slice = slice(None)) -> NDArray[np.int64]:
        """(n,) days by which a recorded entry misses its window: negative before, positive after, 0 where there is none or it fits."""
        entered = self.entered[columns]
        early, late = entered - self.earliest[columns], entered - self.latest[columns]
        zero = np.timedelta64(0, "D")
        days: NDArray[np.int64] = np.where(early < zero, early, np.where(late > zero, late, zero)).astype(np.int64)
        return days

    def is_undecided(self, column: int) -> bool:
        """Whether the rule itself waits for a decision."""
        return bool(self.undecided[column] == self.date[column])

    def outside_by(self, column: int) -> int:
        """The same for one subject."""
        return int(self.outside(slice(column, column + 1))[0])


@dataclass(frozen=True, slots=True)
class Limit:
    """The last day (n,) on which a period's visits, or only its doses, may be planned; NaT for no limit. `cause` happened on `date`."""

    source: int
    doses_only: bool
    last: Dates
    cause: str
    date: Dates


@dataclass(frozen=True, slots=True)
class Course:
    """The way of n subjects. anchor: (p, n) each period's first day, NaT where it is neither entered nor projected; projected: (p, n);
    end: (p, n) the first day after each period, as recorded or as planned, NaT where it is not known."""

    periods: tuple[Period, ...]
    transitions: tuple[Transition, ...]
    anchor: Dates
    projected: NDArray[np.bool_]
    end: Dates
    moves: tuple[Move, ...]
    limits: tuple[Limit, ...]
    stopped: Stopped

    def rule(self, move: Move, column: int) -> Transition | None:
        """The rule that moves a subject out of a period; None where there is none."""
        return self.transitions[int(move.rule[column])] if move.rule[column] >= 0 else None

    def waiting_rule(self, move: Move, column: int) -> Transition | None:
        """The rule that an open decision would bring; None where none is open."""
        return self.transitions[int(move.waiting[column])] if move.waiting[column] >= 0 else None

    def inside(self, period: int, dates: Dates, event: str, cohort: Cohort) -> Dates:
        """(n,) those of an event's dates that fall into a period, else NaT: from its first day to the day before its end, or before the
        subject left it; the event of its end falls on it."""
        left = np.fmin.reduce([move.entered for move in self.moves if move.source == period] or [np.full(len(cohort), NO_DATE)])
        ends = event == completed_event(self.periods[period])
        there = (dates >= self.anchor[period]) & ~(dates >= left) & (ends | ~(dates >= self.end[period]))
        return np.where(there, dates, NO_DATE)

    def last_day(self, period: int, doses: bool) -> Dates | None:
        """(n,) the last day on which a period's visits, or its doses, may be planned; None where nobody has a limit."""
        last = [limit.last for limit in self.limits if limit.source == period and (doses or not limit.doses_only)]
        return np.fmin.reduce(last) if last else None


def completed_event(period: Period) -> str:
    """The event of a period's actual end visit: `rcp_completed`."""
    return f"{period.id.replace('-', '_')}_completed"


def way(study: Study) -> tuple[Period, ...]:
    """The periods that a subject may go through, first things first: from the one from which alone a way leads on, or the only one.

    Raises InputError where the file has several ways in, or arms that differ on the way.
    """
    targets = {t.target_period for t in study.transitions}
    roots = [p for p in study.periods if p.id not in targets and any(t.source_period == p.id for t in study.transitions)]
    if len(study.periods) > 1 and len(roots) != 1:
        problem = "has no way from one period to the next" if not roots else f"has several ways in: {one_of(p.id for p in roots)}"
        raise InputError(Problem(f"`{study.id}` {problem}", hint=f"name one period: {one_of(p.id for p in study.periods)}"))
    found = [roots[0] if roots else study.periods[0]]
    reached = {found[0].id} | _reached(study, found[0].id)
    while waiting := [p for p in study.periods if p.id in reached and p not in found]:
        done = {p.id for p in found}
        found.append(next(p for p in waiting if _sources(study, p) & reached <= done))  # there is no circle: `sense`
    arms = {p.arms for p in found if p.arms}
    if len(arms) > 1:
        hint = f"plan each period by itself: {one_of(study.regimen_id(p) for p in found)}"
        raise InputError(Problem(f"the arms of `{study.id}` differ on the way through {one_of(p.id for p in found)}", hint=hint))
    return tuple(found)


def _sources(study: Study, period: Period) -> set[str]:
    return {t.source_period for t in study.transitions if t.target_period == period.id}


def _reached(study: Study, start: str) -> set[str]:
    found, todo = set[str](), [start]
    while todo:
        here = todo.pop()
        for transition in study.transitions:
            if transition.source_period == here and transition.target_period not in found:
                found.add(transition.target_period)
                todo.append(transition.target_period)
    return found


def arms_of(periods: Sequence[Period]) -> tuple[str, ...]:
    """The arms of the periods of a way."""
    return next((p.arms for p in periods if p.arms), ())


def resolve(study: Study, periods: tuple[Period, ...], cohort: Cohort) -> Course:
    """The way of every subject through `periods`, which stand in the order of `way`."""
    n, ids = len(cohort), [p.id for p in periods]
    anchor = np.full((len(periods), n), NO_DATE)
    anchor[0] = cohort.start
    projected = np.zeros((len(periods), n), dtype=bool)
    end = np.full((len(periods), n), NO_DATE)
    moves, limits = [], list(_exits(periods, cohort))
    stopped = Stopped(NO_DATE, "", ())
    for p, period in enumerate(periods):
        if period.length is not None:
            shift(anchor[p], period.length, out=end[p])
        if completed_event(period) in cohort.events:
            actual = cohort.first(completed_event(period))
            end[p] = np.where(np.isnat(actual), end[p], actual)
            limits.append(Limit(p, True, actual, completed_event(period), actual))
        ways = [(i, t) for i, t in enumerate(study.transitions) if t.source_period == period.id]
        if not ways:
            continue
        entered = np.fmin.reduce([cohort.entry(target) for target in dict.fromkeys(t.target_period for _, t in ways)])
        stay = Stay(cohort, anchor[p], end[p], entered)
        if p == 0:
            stopped = study_stop(study.stop, stay)
        move, of_rules = _move(p, stay, ways, stopped)
        moves.append(move)
        limits += of_rules
        if not any(t.target_period in ids for _, t in ways):
            continue  # a plan of this period only: what leads out of it still ends its doses
        begins = np.where(move.status == MoveStatus.PROJECTED, move.earliest, move.entered)
        limits += [Limit(p, True, shift(begins, _BEFORE), "entry", begins), Limit(p, False, begins, "entry", begins)]
        for i, transition in ways:
            if transition.target_period not in ids:
                continue
            target = ids.index(transition.target_period)
            taken = (move.rule == i) & ~np.isnat(begins)
            recorded = ~np.isnat(cohort.entry(transition.target_period))
            taken &= recorded | (move.status == MoveStatus.PROJECTED)
            anchor[target] = np.where(taken, begins, anchor[target])
            projected[target] |= taken & (move.status == MoveStatus.PROJECTED)
    return Course(periods, study.transitions, anchor, projected, end, tuple(moves), tuple(limits), stopped)


def _exits(periods: Sequence[Period], cohort: Cohort) -> Iterator[Limit]:
    """What ends all visits of a subject, or all doses."""
    for event in ("treatment_stopped", *LEFT):
        if event in cohort.events:
            date = cohort.first(event)
            for p in range(len(periods)):
                yield Limit(p, event == "treatment_stopped", date, event, date)


def _move(source: int, stay: Stay, ways: Sequence[tuple[int, Transition]], stopped: Stopped) -> tuple[Move, list[Limit]]:
    n = len(stay.cohort)
    rule, waiting = (np.full(n, -1, dtype=np.int16) for _ in range(2))
    date, earliest, latest, undecided = (np.full(n, NO_DATE) for _ in range(4))
    there, entered, nobody = ~np.isnat(stay.first), ~np.isnat(stay.left), np.full(n, NO_DATE)
    # A recorded entry belongs to a rule that leads there.
    mine = {i: there & (~entered | (stay.cohort.entry(t.target_period) == stay.left)) for i, t in ways}
    opened = {i: _opened(stay, t, stopped, first=source == 0) for i, t in ways}
    last = {i: _last(t, opened[i].date) for i, t in ways}
    rules = dict(ways)
    events = [i for i, t in ways if t.after.kind != "end"]
    limits = []

    def take(i: int, chosen: NDArray[np.bool_], when: Dates, opens: Dates, until: Dates) -> None:
        chosen = chosen & mine[i] & (rule < 0)
        rule[chosen] = i
        date[chosen], earliest[chosen], latest[chosen] = when[chosen], opens[chosen], until[chosen]

    for i in events:
        found = opened[i]
        happened = there & ~np.isnat(found.date)
        limits.append(Limit(source, True, np.where(happened, found.date, NO_DATE), rules[i].id, found.date))
        waits = there & ~np.isnat(found.undecided) & (waiting < 0)
        waiting[waits] = i
        undecided[waits] = found.undecided[waits]
    for i in events:  # what has happened, and first of all what allows the entry
        take(i, (stay.left >= opened[i].opens) & ~(stay.left > last[i]), opened[i].date, opened[i].opens, last[i])
    for i in events:
        take(i, ~np.isnat(opened[i].date), opened[i].date, opened[i].opens, last[i])
    decided = rule >= 0
    for i in events:  # what may have
        take(i, waiting == i, undecided, nobody, _last(rules[i], undecided))
    decided |= rule < 0
    for i, transition in ways:  # what will
        if transition.after.kind == "end":
            take(i, there, opened[i].date, opened[i].opens, last[i])
    for i, _ in ways:  # an entry that nothing leads to
        take(i, entered, nobody, nobody, nobody)
    settled = entered & decided  # whoever has entered by another rule waits for nothing
    waiting[settled] = -1
    undecided[settled] = NO_DATE
    return Move(source, rule, _status(stay, rule, earliest, latest), date, earliest, latest, stay.left, undecided, waiting), limits


def _last(transition: Transition, date: Dates) -> Dates:
    """The last day of entry; NaT where none is stated."""
    if transition.within is None:
        return np.full(len(date), NO_DATE)
    return shift(shift(date, transition.after.plus), transition.within)


def _opened(stay: Stay, transition: Transition, stopped: Stopped, first: bool) -> Occurrence:
    """When a way opened: by an event of the subject, by one of the study while he was there, or by the end of the period.

    Whoever came into the `first` period after the study's event is under it, too.
    """
    after, nobody = transition.after, np.full(len(stay.cohort), NO_DATE)
    if after.kind == "event" and after.name not in ("study_stop", "idmc_stop"):
        return occurrence(stay, after, transition.needs)
    if after.kind == "end":
        dates = stay.end
        opens = shift(dates, after.plus)
    else:
        date = stopped.date if after.kind == "stop" else of_study(stay, dataclasses.replace(after, plus=Offset()))
        here = ~np.isnat(date) & ~(date >= stay.end) & ~(stay.left < date) & (first | (date >= stay.first))
        dates = np.where(here, date, nobody)
        opens = np.maximum(shift(dates, after.plus), stay.first)
    if transition.needs:
        opens = np.maximum(opens, _needed(stay, transition))
    return Occurrence(dates, opens, nobody)


def _needed(stay: Stay, transition: Transition) -> Dates:
    """The day on which the last of the further conditions is met; NaT while one is open."""
    last = stay.first
    for need in transition.needs:
        dates = stay.cohort.dates_of(need)
        after = np.where(dates >= stay.first, dates, NO_DATE)
        last = np.maximum(last, np.fmin.reduce(after, axis=0) if len(dates) else np.full(len(last), NO_DATE))
    return last


def _status(stay: Stay, rule: NDArray[np.int16], earliest: Dates, latest: Dates) -> NDArray[np.uint8]:
    cohort = stay.cohort
    gone = np.fmin.reduce([cohort.first(event) for event in ("treatment_stopped", *LEFT)])
    status = np.select(
        [
            rule < 0,
            ~np.isnat(stay.left),
            ~np.isnat(cohort.first("declined")),
            ~np.isnat(gone),  # who has left, and whose entry is not recorded, does not enter
            np.isnat(earliest),
            earliest > latest,
        ],
        [MoveStatus.NONE, MoveStatus.ENTERED, MoveStatus.DECLINED, MoveStatus.NONE, MoveStatus.PENDING, MoveStatus.REFUSED],
        MoveStatus.PROJECTED,
    )
    return status.astype(np.uint8)


def check_entries(course: Course, cohort: Cohort) -> None:
    """Raises InputError for recorded entries that no rule allows: outside the window, while a decision is open, or refused."""
    problems = []
    for move in course.moves:
        ask = ~np.isnat(move.entered) & (move.rule >= 0)
        wrong = ask & ((move.outside() != 0) | np.isnat(move.earliest) | (move.earliest > move.latest) | (move.entered < cohort.start))
        for column in np.flatnonzero(wrong):
            problems.append(dataclasses.replace(_refusal(course, move, cohort, int(column)), column=int(column)))
        declined = cohort.first("declined")
        for column in np.flatnonzero(declined < move.entered):
            wrong_way = f"entry on {_day(move.entered[column])}, and declined on {_day(declined[column])}"
            hint = "keep one of the two; `--allow-deviation` lets both stand"
            problems.append(Problem(f"{cohort.name(int(column))}{wrong_way}", hint=hint, column=int(column)))
    stop = course.stopped.date
    for column in np.flatnonzero(cohort.start > stop):
        late = f"day 1, {_day(cohort.start[column])}, is after the study stopped, {_day(stop)}"
        hint = "check the dates; `--allow-deviation` lets it stand"
        problems.append(Problem(f"{cohort.name(int(column))}{late}", hint=hint, column=int(column)))
    for period, dates in cohort.entered.items():
        target = next((p for p, known in enumerate(course.periods) if known.id == period), None)
        if target is not None:
            for column in np.flatnonzero(~np.isnat(dates) & np.isnat(course.anchor[target])):
                wrong = f"no rule leads into `{period}` on {_day(dates[column])}"
                problems.append(Problem(f"{cohort.name(int(column))}{wrong}", column=int(column)))
    for limit in course.limits:
        if limit.cause in LEFT and limit.source == 0:
            for move in course.moves:
                for column in np.flatnonzero(move.entered > limit.last):
                    wrong = f"entry on {_day(move.entered[column])} comes after `{limit.cause}` of {_day(limit.date[column])}"
                    problems.append(Problem(f"{cohort.name(int(column))}{wrong}", hint="check the dates", column=int(column)))
    if problems:
        raise InputError(problems)


def needed(cohort: Cohort, rule: Transition, need: str, date: np.datetime64, column: int) -> np.datetime64 | None:
    """When a condition of a rule was met by a subject, for what opened its way on `date`; None while it is open."""
    return met(cohort, rule.after.name if rule.after.kind == "event" else None, need, date, column)


def check_ends(course: Course, cohort: Cohort) -> None:
    """Raises InputError for recorded ends of periods before their first day, and for dates outside the years 1 to 9999."""
    problems = []
    dates = [course.anchor, course.end, *(d for move in course.moves for d in (move.earliest, move.latest))]
    if any(((d < FIRST_DATE) | (d > LAST_DATE)).any() for d in dates):
        problems.append(Problem("a period or an entry falls outside the years 1 to 9999", hint="check the dates"))
    for p, period in enumerate(course.periods):
        for column in np.flatnonzero(course.end[p] < course.anchor[p]):
            wrong = f"`{completed_event(period)}` on {_day(course.end[p, column])} is before day 1 of `{period.id}`"
            hint = f"day 1 is {_day(course.anchor[p, column])}; check the dates"
            problems.append(Problem(f"{cohort.name(int(column))}{wrong}", hint=hint, column=int(column)))
    if problems:
        raise InputError(problems)


def _refusal(course: Course, move: Move, cohort: Cohort, column: int) -> Problem:
    rule = course.rule(move, column)
    assert rule is not None
    who, entered = cohort.name(column), _day(move.entered[column])
    if np.isnat(move.date[column]) and rule.after.kind != "end" and np.isnat(move.undecided[column]):
        hint = f"rule `{rule.id}` does from {rule.after.text} on; `--allow-deviation` lets it stand, marked"
        return Problem(f"{who}no rule leads into `{rule.target_period}` on {entered}", hint=hint)
    target, way_out = rule.target_period, "`--allow-deviation` lets it stand, marked"
    if move.entered[column] < cohort.start[column]:
        return Problem(f"{who}entry into `{target}` on {entered} is before day 1, {_day(cohort.start[column])}", hint="check the dates")
    if np.isnat(move.earliest[column]):
        open_ = f"the decision on {rule.after.name} of {_day(move.date[column])} is open" if move.is_undecided(column) else ""
        missing = [need for need in rule.needs if needed(cohort, rule, need, move.date[column], column) is None]
        what = open_ or (f"{one_of(missing)} is not recorded" if missing else f"the {rule.after.text} is not known")
        add = CONFIRMED if open_ else missing[0] if missing else completed_event(course.periods[move.source])
        return Problem(f"{who}entry into `{target}` on {entered} while {what}", hint=f"add `{add}` with its date; or {way_out}")
    first, last = _day(move.earliest[column]), move.latest[column]
    if move.earliest[column] > last:
        wrong = f"rule `{rule.id}`: its conditions are met on {first}, after the last day, {_day(last)}"
        return Problem(f"{who}entry into `{target}` on {entered} is refused by {wrong}", hint=f"a person must decide; {way_out}")
    allowed = f"from {first} to {_day(last)}" if not np.isnat(last) else f"from {first} on"
    days = move.outside_by(column)
    off = f"{abs(days)} day{'' if abs(days) == 1 else 's'} {'late' if days > 0 else 'early'}"
    return Problem(f"{who}entry into `{target}` on {entered} is {off}", hint=f"rule `{rule.id}` allows {allowed}; {way_out}")


def _day(date: np.datetime64) -> str:
    found = to_date(date)
    return date_text(found) if found is not None else "an unknown day"
