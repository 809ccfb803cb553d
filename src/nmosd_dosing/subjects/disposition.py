"""The way of n subjects through the periods of a study: which rule moves each of them, when a period begins, what ends it.

A period begins on its recorded first day, else on the first day on which its rule of entry allows it (projected). What has
happened decides; where several rules hold, the first in the file does. The end of a period is the rule for whom nothing else moves.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from typing import Literal, cast

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from nmosd_dosing.days import NO_DATE, Dates, Offset, no_dates, shift
from nmosd_dosing.study import period_order
from nmosd_dosing.study.events import BEFORE_DAY_1, DECLINED, ENDS_PARTICIPATION, ENDS_TREATMENT, OF_SCREENING, STUDY_EVENTS, completed
from nmosd_dosing.study.model import Period, Study, Transition
from nmosd_dosing.subjects.ahead import Ahead
from nmosd_dosing.subjects.before_entry import Before, dosed_through, gives_on
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.triggers import Occurrence, Stay, Stopped, occurrence, of_study, study_stop

_BEFORE, _AFTER = Offset(-1), Offset(1)


MoveStatusText = Literal["none", "projected", "pending", "entered", "declined", "refused"]


class MoveStatus(IntEnum):
    """How far a subject is on the way into the next period."""

    NONE = 0  # the subject has left before
    PROJECTED = 1
    PENDING = 2
    ENTERED = 3
    DECLINED = 4
    REFUSED = 5

    @property
    def text(self) -> MoveStatusText:
        return cast(MoveStatusText, self.name.lower())


class Move(Struct, frozen=True):
    """Out of a period; (n,) each.

    out_of: index of the period. rule: index into the study's transitions, -1 for none. date: of what opens the way; NaT while it is
    not known. earliest, latest: the allowed days, both included; NaT while a condition is open, and where no last day is stated.
    undecided: the date of an event that waits for a decision, and waiting: the rule that it would bring. begins: the first day of the next
    period, as recorded, else as projected, or as drawn in a simulated trial; NaT while there is none. kept: the earliest day, where it is
    so late since something is recorded of the period until then; else NaT. booked: the day on which the next period's day 1 is booked.
    shared: who is to enter on the last day allowed and gets nothing on it: a dose of this period stands on that day, too.
    """

    out_of: int
    rule: NDArray[np.int16]
    status: NDArray[np.uint8]
    date: Dates
    earliest: Dates
    latest: Dates
    entered: Dates
    undecided: Dates
    waiting: NDArray[np.int16]
    begins: Dates
    kept: Dates
    booked: Dates
    shared: NDArray[np.bool_]

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


class Limit(Struct, frozen=True):
    """The last day (n,) on which a period's visits, or only its doses, may be planned; NaT for no limit. `cause` happened on `date`."""

    period: int
    doses_only: bool
    last: Dates
    cause: str
    date: Dates


class Disposition(Struct, frozen=True):
    """The way of n subjects. anchor: of each period (n,) its first day, NaT where it is neither entered nor projected; projected: (p, n);
    end: (n,) the first day after each, as recorded or as planned, NaT where it is not known. closed: (n,) the first day on which events
    count in it no more: its end; where only events lead out, only a recorded one."""

    periods: tuple[Period, ...]
    transitions: tuple[Transition, ...]
    anchor: tuple[Dates, ...]
    projected: NDArray[np.bool_]
    end: tuple[Dates, ...]
    closed: tuple[Dates, ...]
    moves: tuple[Move, ...]
    limits: tuple[Limit, ...]
    stopped: Stopped

    def rule(self, move: Move, column: int) -> Transition | None:
        """The rule that moves a subject out of a period; None where there is none."""
        return self.transitions[int(move.rule[column])] if move.rule[column] >= 0 else None

    def inside(self, period: int, dates: Dates, event: str, cohort: Cohort) -> Dates:
        """(n,) those of an event's dates that fall into a period, else NaT: from its first day to the day before it is closed, or before
        the subject left it; the event of its end falls on it. What is of screening is of the first period, whatever its day, and whether
        or not that period has a first day."""
        if event in OF_SCREENING:
            return dates if period == 0 else np.full(len(cohort), NO_DATE)
        left = np.fmin.reduce([move.entered for move in self.moves if move.out_of == period] or [np.full(len(cohort), NO_DATE)])
        ends = event == completed(self.periods[period].id)
        there = (dates >= self.anchor[period]) & ~(dates >= left) & (ends | ~(dates >= self.closed[period]))
        return np.where(there, dates, NO_DATE)

    def last_day(self, period: int, doses: bool) -> Dates | None:
        """(n,) the last day on which a period's visits, or its doses, may be planned; None where nobody has a limit."""
        last = [limit.last for limit in self.limits if limit.period == period and (doses or not limit.doses_only)]
        return np.fmin.reduce(last) if last else None


def gone(cohort: Cohort) -> Dates:
    """(n,) the day on which each subject left the study, or its treatment; NaT where he did not."""
    return cohort.earliest(ENDS_TREATMENT)


def resolve(
    study: Study, periods: tuple[Period, ...], cohort: Cohort, before: Sequence[Before] = ()
) -> Disposition:  # fmt: skip
    """The way of every subject through `periods`, which stand in the order of `way`. `before`: the visits of each, which keep those of whom
    no entry is recorded; without them nothing does. What is recorded moves the first day allowed, what is booked or planned only the day
    that is projected."""
    n, ids = len(cohort), [p.id for p in periods]
    nobody = no_dates(n)
    anchor, end, closed = [cohort.start, *(nobody for _ in periods[1:])], list[Dates](), list[Dates]()
    projected = np.zeros((len(periods), n), dtype=bool)
    if (booked := cohort.booked.get(periods[0].id)) is not None:
        projected[0] = ~np.isnat(booked)  # an appointment may move
    moves, limits = [], list(_exits(periods, cohort))
    dosing = period_order.only_doses_ahead(study)
    for_doses = np.array([t.target_period in dosing for t in study.transitions], dtype=bool)
    for p, period in enumerate(periods):
        ways = [(i, t) for i, t in enumerate(study.transitions) if t.source_period == period.id]
        actual = cohort.first(completed(period.id)) if completed(period.id) in cohort.events else nobody
        end.append(shift(anchor[p], period.length) if period.length is not None else nobody)
        if actual is not nobody:
            end[p] = np.where(np.isnat(actual), end[p], actual)
            limits.append(Limit(p, False, actual, completed(period.id), actual))
        only_events = ways and not any(t.after.kind == "end" for _, t in ways)
        closed.append(actual if only_events else end[p])  # then whoever is through with what was planned waits for one
        entered = [cohort.entry(target) for target in dict.fromkeys(t.target_period for _, t in ways) if target in cohort.entered]
        stay = Stay(cohort, anchor[p], closed[p], np.fmin.reduce(entered) if entered else nobody)
        if p == 0:
            stopped = study_stop(study.stop if ways else None, stay)
            if cohort.ahead is not None:
                anchor[0] = _enrolled(cohort, cohort.ahead, stopped)
                stay = structs.replace(stay, first=anchor[0])
        if not ways:
            continue
        move, of_rules = _move(p, stay, ways, stopped, for_doses, before, [x.last for x in limits if x.period == p])
        moves.append(move)
        limits += of_rules
        if not any(t.target_period in ids for _, t in ways):
            continue  # a plan of this period only: what leads out of it still ends its doses
        begins = move.begins
        last_dose = np.where(move.shared, begins, shift(begins, _BEFORE))
        limits += [Limit(p, True, last_dose, "entry", begins), Limit(p, False, begins, "entry", begins)]
        entering = ~np.isnat(begins) & (move.rule >= 0)
        for target, id in enumerate(ids):
            mine = [i for i, t in ways if t.target_period == id]
            if mine:
                taken = entering if len(mine) == len(ways) else entering & np.isin(move.rule, mine)
                anchor[target] = np.where(taken, begins, anchor[target])
                moves_on = taken & (move.status == MoveStatus.PROJECTED)
                if cohort.ahead is None and periods[target].unseen:  # nobody is seen in it, and nobody records its first day
                    moves_on &= projected[p]
                projected[target] |= moves_on
    return Disposition(
        periods, study.transitions, tuple(anchor), projected, tuple(end), tuple(closed), tuple(moves), tuple(limits), stopped
    )  # fmt: skip


def _enrolled(cohort: Cohort, ahead: Ahead, stopped: Stopped) -> Dates:
    """(n,) day 1 of whoever is enrolled in a simulated trial: nobody is after the study has stopped, or after the horizon; but for who
    is known to be."""
    last = np.fmax(np.fmin(stopped.dates, ahead.horizon), ahead.known)
    return np.where(cohort.start <= _of_trials(last, cohort), cohort.start, NO_DATE)


def _of_trials(dates: Dates, cohort: Cohort) -> Dates:
    """(n,) each subject's, of dates (t,) of trials."""
    return np.tile(dates, len(cohort) // len(dates))


def _exits(periods: Sequence[Period], cohort: Cohort) -> Iterator[Limit]:
    """What ends all visits of a subject, or all doses."""
    for event in ENDS_TREATMENT:
        if event in cohort.events:
            date = cohort.first(event)
            for p in range(len(periods)):
                yield Limit(p, event not in ENDS_PARTICIPATION, date, event, date)


def _move(
    source: int, stay: Stay, ways: Sequence[tuple[int, Transition]], stopped: Stopped, for_doses: NDArray[np.bool_],
    before: Sequence[Before], ends: Sequence[Dates],
) -> tuple[Move, list[Limit]]:  # fmt: skip
    """`for_doses`: of each rule of the study, whether it leads to nothing but doses. `before`: as in `resolve`. `ends`: what ends the
    period's doses besides the ways out of it."""
    n, ahead, left = len(stay.cohort), stay.cohort.ahead, stay.left
    rule, waiting = (np.full(n, -1, dtype=np.int16) for _ in range(2))
    date, earliest, latest, undecided = (np.full(n, NO_DATE) for _ in range(4))
    there = ~np.isnat(stay.first)
    free = there.copy()
    nobody = no_dates(n)
    entered = ~np.isnat(left) if stay.cohort.entered else None
    rules, opened, last, limits = dict(ways), {}, {}, {}
    for i, t in sorted(ways, key=lambda way: _is_of_subject(way[1])):
        opened[i] = _opened(stay, t, stopped, first=source == 0)
        last[i] = _last(t, opened[i].date)
        if t.after.kind != "end":
            limits[i] = Limit(source, True, np.where(there, opened[i].date, NO_DATE), t.id, opened[i].date)
        if ahead is not None and not _is_of_subject(t) and t.after.kind != "end":
            # Whoever goes on because of the study has gone by then: what happens to him later is none of this period's.
            until, few = stay.left.copy(), np.flatnonzero(~np.isnat(opened[i].opens))
            until[few] = np.fmin(until[few], ahead.entry_day(opened[i].opens[few], last[i][few], few))
            stay = structs.replace(stay, left=until)

    def take(i: int, chosen: NDArray[np.bool_], when: Dates, opens: Dates, until: Dates) -> None:
        chosen = chosen & free
        if entered is not None:  # a recorded entry belongs to a rule that leads there
            chosen &= ~entered | (stay.cohort.entry(rules[i].target_period) == left)
        columns = np.flatnonzero(chosen)
        rule[columns] = i
        for into, dates in ((date, when), (earliest, opens), (latest, until)):
            into[columns] = dates[columns]
        free[columns] = False

    events = [i for i, t in ways if t.after.kind != "end"]
    for i in events:
        waits = there & ~np.isnat(opened[i].undecided) & (waiting < 0)
        waiting[waits] = i
        undecided[waits] = opened[i].undecided[waits]
    if entered is not None:
        for i in events:  # what has happened, and first of all what allows the entry
            take(i, (left >= opened[i].opens) & ~(left > last[i]), opened[i].date, opened[i].opens, last[i])
    for i in events:
        take(i, ~np.isnat(opened[i].date), opened[i].date, opened[i].opens, last[i])
    decided = ~free
    if (waiting >= 0).any():
        for i in events:  # what may have
            take(i, waiting == i, undecided, nobody, _last(rules[i], undecided))
    decided |= free
    for i, transition in ways:  # what will
        if transition.after.kind == "end":
            take(i, there, opened[i].date, opened[i].opens, last[i])
    if entered is not None:
        for i, _ in ways:  # an entry that nothing leads to
            take(i, entered, nobody, nobody, nobody)
        settled = entered & decided  # whoever has entered by another rule waits for nothing
        waiting[settled] = -1
        undecided[settled] = NO_DATE
    own = before[source] if before else None
    by_end = np.zeros(n, dtype=bool)  # what happens before the end stops doses anyway
    for i in (i for i, t in ways if t.after.kind == "end"):
        by_end |= rule == i
    shares = _shares(rules, rule, before, stay.cohort, latest)
    kept = nobody
    if own is not None and own.recorded is not None:
        kept = own.recorded.leave(latest, shares)
        kept = np.where(np.isnat(left) & (kept > earliest), kept, NO_DATE)  # a recorded entry stands as it is recorded
        earliest = np.where(np.isnat(kept), earliest, kept)
    begins = ahead.entry_day(earliest, latest) if ahead is not None else earliest
    if own is not None:
        last_dose = functools.reduce(np.fmin, (*ends, *(limits[i].last for i in events)), nobody)
        if ahead is None and own.booked is not None:
            begins = np.fmax(begins, np.where(np.isnat(begins), NO_DATE, own.booked(last_dose).leave(latest, shares)))
        through = dosed_through(own, stay.cohort, stay.first, begins, last_dose)
        if through is not None:
            free = np.where(np.isnat(through), NO_DATE, np.fmin(shift(through, _AFTER), latest))
            begins = np.where(by_end & np.isnat(left) & (free > begins), free, begins)
    status = _status(stay.cohort, left, rule, earliest, latest, begins, for_doses)
    appointment = nobody.copy()
    for i, t in ways:
        if t.target_period in stay.cohort.booked:
            np.copyto(appointment, stay.cohort.booked[t.target_period], where=rule == i)
    if ahead is None:
        begins = np.where(np.isnat(appointment), begins, appointment)
    projected = status == MoveStatus.PROJECTED
    begins = np.where(projected, begins, left)
    shared = projected & by_end & shares & (begins == latest)
    move = Move(source, rule, status, date, earliest, latest, left, undecided, waiting, begins, kept, appointment, shared)
    return move, [limits[i] for i in events]


def _shares(
    rules: Mapping[int, Transition], rule: NDArray[np.int16], before: Sequence[Before], cohort: Cohort, latest: Dates
) -> NDArray[np.bool_]:  # fmt: skip
    """(n,) who gets nothing on the first day of the next period, if that is the last day of entry: a dose may stand beside it there."""
    by_id = {own.period.id: own for own in before}
    found = np.zeros(len(rule), dtype=bool)
    for target in dict.fromkeys(transition.target_period for transition in rules.values()):
        chosen = functools.reduce(np.logical_or, (rule == i for i, t in rules.items() if t.target_period == target)) & ~np.isnat(latest)
        if (own := by_id.get(target)) is not None and chosen.any():
            found |= chosen & ~gives_on(own, cohort, latest)
    return found


def _is_of_subject(transition: Transition) -> bool:
    """Whether an event of the subject opens the way."""
    return transition.after.kind == "event" and transition.after.name not in STUDY_EVENTS


def _last(transition: Transition, date: Dates) -> Dates:
    """The last day of entry; NaT where none is stated."""
    if transition.within is None:
        return no_dates(len(date))
    return shift(shift(date, transition.after.plus), transition.within)


def _opened(stay: Stay, transition: Transition, stopped: Stopped, first: bool) -> Occurrence:
    """When a way opened: by an event of the subject, by one of the study while he was there, or by the end of the period.

    Whoever came into the `first` period after the study's event is under it, too.
    """
    after, nobody = transition.after, no_dates(len(stay.cohort))
    if _is_of_subject(transition):
        return occurrence(stay, after, transition.needs, transition.not_before)
    if after.kind == "end":
        dates = stay.end
        opens = shift(shift(dates, after.plus), transition.not_before)
    else:
        once = stopped.dates if after.kind == "stop" else of_study(stay, structs.replace(after, plus=Offset()))
        date = _of_trials(once, stay.cohort)
        here = ~(date >= stay.end) & ~(stay.left < date)
        dates = np.where(here if first else here & (date >= stay.first), date, nobody)
        opens = np.maximum(shift(shift(dates, after.plus), transition.not_before), stay.first)
    if transition.needs:
        opens = np.maximum(opens, _needed(stay, transition))
    return Occurrence(dates, opens, nobody)


def _needed(stay: Stay, transition: Transition) -> Dates:
    """The day on which the last of the further conditions is met; NaT while one is open."""
    last = stay.first
    for need in transition.needs:
        dates = stay.cohort.dates_of(need)
        after = np.where((dates >= stay.first) | (need in BEFORE_DAY_1), dates, NO_DATE)
        last = np.maximum(last, np.fmin.reduce(after, axis=0) if len(dates) else np.full(len(last), NO_DATE))
    return last


def _status(
    cohort: Cohort, left: Dates, rule: NDArray[np.int16], earliest: Dates, latest: Dates, begins: Dates, for_doses: NDArray[np.bool_]
) -> NDArray[np.uint8]:  # fmt: skip
    """(n,) of MoveStatus; `for_doses` as in `_move`. What is drawn of simulated subjects happens in turn: who leaves later than the entry
    has entered before. Who gets no dose any more goes on as anybody, but where nothing but doses lies ahead: there he does not enter
    after his last one."""
    ahead = cohort.ahead
    status = np.full(len(rule), MoveStatus.PROJECTED, dtype=np.uint8)

    def put(value: MoveStatus, where: NDArray[np.bool_]) -> None:
        status[np.flatnonzero(where)] = value

    # What counts more comes later.
    if ahead is not None:
        put(MoveStatus.DECLINED, ahead.declines)
    put(MoveStatus.REFUSED, earliest > latest if ahead is None else np.isnat(begins))
    put(MoveStatus.PENDING, np.isnat(earliest))
    for event in ENDS_TREATMENT:
        if event in cohort.events:  # who has left, and whose entry is not recorded, does not enter
            gone = cohort.first(event)
            ends_all = event in ENDS_PARTICIPATION
            before = gone < begins if ahead is not None else ~np.isnat(gone) & (ends_all | ~(begins <= gone))
            stays_out = np.bool_(True) if ends_all else for_doses.take(rule)
            put(MoveStatus.NONE, before & stays_out)
            if ahead is not None and ahead.over is not None:  # his days of entry have passed, and he had left
                put(MoveStatus.NONE, np.isnat(begins) & (earliest <= latest) & (gone <= latest) & stays_out)
    if DECLINED in cohort.events:
        put(MoveStatus.DECLINED, ~np.isnat(cohort.first(DECLINED)))
    if cohort.entered:
        put(MoveStatus.ENTERED, ~np.isnat(left))
    put(MoveStatus.NONE, rule < 0)
    return status
