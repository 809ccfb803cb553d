"""Dates that may happen: given, the end of a period, the n-th of many, so long after another, the earliest of several.

Each is a column, one date a subject, NaT where it has not happened or is not known. An event that can happen again is answered by
what follows it: a decision or a recovery belongs to the latest occurrence on or before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import assert_never

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from nmosd_dosing.days import LAST_DATE, NO_DATE, Dates, Offset, shift
from nmosd_dosing.study.events import BEFORE_DAY_1, CONFIRMED, DECISIONS, REJECTED, RELAPSE, STUDY_STOP, kind_of
from nmosd_dosing.study.model import Stop, Trigger
from nmosd_dosing.subjects.cohort import Cohort

_NEVER = LAST_DATE + np.timedelta64(1, "D")
_TOO_LATE = np.iinfo(np.int32).max


class Stay(Struct, frozen=True):
    """n subjects in one period: its first day, the first day after it, and the recorded entry into a later one; NaT where not known."""

    cohort: Cohort
    first: Dates
    end: Dates
    left: Dates

    def among(self, columns: NDArray[np.intp]) -> Stay:
        """Of some of the subjects."""
        return Stay(self.cohort.among(columns), self.first[columns], self.end[columns], self.left[columns])


class Occurrence(Struct, frozen=True):
    """When an event that opens a way happened, and what came of it; (n,) each.

    date: of the first occurrence that is decided. opens: the first day on which all that is needed has happened, NaT while some
    of it has not. undecided: the date of the first occurrence that waits for a decision.
    """

    date: Dates
    opens: Dates
    undecided: Dates


class Stopped(Struct, frozen=True):
    """The day on which the study stops, (t,) for t simulated trials and one otherwise, NaT while it does not; by which of `rules`, -1 for
    none; the text and date (t,) of each rule; and by event whose subjects are counted, (n,) the day on which each of them counts."""

    dates: Dates
    rule: NDArray[np.int64]
    rules: tuple[tuple[str, Dates], ...]
    counted: Mapping[str, Dates] = field(default_factory=dict)

    @property
    def date(self) -> np.datetime64:
        """Of the one trial there is."""
        date: np.datetime64 = self.dates[0]
        return date

    @property
    def by(self) -> str:
        """The rule that stopped it."""
        return self.rules[int(self.rule[0])][0] if self.rule[0] >= 0 else ""


def occurrence(stay: Stay, trigger: Trigger, needs: tuple[str, ...], not_before: Offset) -> Occurrence:
    """The occurrence of an event, while the subjects are in the period, that opens a way; a rejected one opens none. `not_before`: how long
    after the trigger it opens at the earliest."""
    had = _who_had(stay, trigger.name)
    if had is None:
        return _occurrence(stay, trigger, needs, not_before)
    few = _occurrence(stay.among(had), trigger, needs, not_before)
    return Occurrence(*(_spread(dates, had, len(stay.cohort)) for dates in (few.date, few.opens, few.undecided)))


def _who_had(stay: Stay, event: str) -> NDArray[np.intp] | None:
    """The columns of those who had an event in the period; None where they are so many that it is not worth while to look at them alone."""
    had = np.flatnonzero(_inside(stay, stay.cohort.dates_of(event)).any(axis=0))
    return had if len(had) * 2 < len(stay.cohort) else None


def _spread(dates: Dates, columns: NDArray[np.intp], n: int) -> Dates:
    """(n,) the dates of some columns, NaT in the others."""
    found = np.full(n, NO_DATE)
    found[columns] = dates
    return found


def _occurrence(stay: Stay, trigger: Trigger, needs: tuple[str, ...], not_before: Offset) -> Occurrence:
    n = len(stay.cohort)
    date, opens, undecided = (np.full(n, NO_DATE) for _ in range(3))
    for since, before in _episodes(stay.cohort, trigger.name):
        confirmed, void = _judged(stay.cohort, trigger.name, since, before)
        ready = shift(shift(since, trigger.plus), not_before)
        for need in needs:
            ready = np.maximum(ready, confirmed if need == CONFIRMED else _need(stay, need, since, before))
        inside = _inside(stay, since) & ~(stay.left < since) & ~((stay.left == since) & ~(ready <= stay.left)) & ~void
        decided = inside & ~(np.isnat(confirmed) & (CONFIRMED in needs))
        take = decided & np.isnat(date)
        date, opens = np.where(take, since, date), np.where(take, ready, opens)
        undecided = np.where(inside & ~decided & np.isnat(undecided), since, undecided)
    return Occurrence(date, opens, undecided)


def study_stop(stop: Stop | None, stay: Stay) -> Stopped:
    """The study's stop: the earliest of the date given and of its rules, the first in the file where several have the same; counted over
    these subjects, or over those of each simulated trial."""
    ahead = stay.cohort.ahead
    trials = ahead.trials if ahead is not None else 1
    triggers = stop.earliest_of if stop is not None else ()
    counted = {t.name: first_of_each(stay, t.name) for t in triggers if t.kind == "count"}
    rules: list[tuple[str, Dates]] = [(t.text, of_study(stay, t, counted.get(t.name))) for t in triggers]
    elsewhere = dict(stop.counted) if stop is not None else {}
    rules = [(text, np.full(trials, elsewhere[text], dtype="datetime64[D]") if text in elsewhere else dates) for text, dates in rules]
    if stop is not None and STUDY_STOP in stay.cohort.of_study:
        rules.insert(0, (STUDY_STOP, np.full(trials, stay.cohort.of_study[STUDY_STOP], dtype="datetime64[D]")))
    date, rule = np.full(trials, NO_DATE), np.full(trials, -1)
    for i, (_, dates) in enumerate(rules):
        earlier = ~np.isnat(dates) & ~(date <= dates)
        if ahead is not None:
            earlier &= dates <= ahead.horizon
        date, rule = np.where(earlier, dates, date), np.where(earlier, i, rule)
    return Stopped(date, rule, tuple(rules), counted)


def of_study(stay: Stay, trigger: Trigger, counted: Dates | None = None) -> Dates:
    """A date that is the same for all subjects of a trial; NaT where it has not happened, or where these subjects are too few to tell.
    `counted`: the day on which each subject counts, where it is known already."""
    if trigger.kind == "count" and counted is None:
        counted = first_of_each(stay, trigger.name)
    return _of_trials(stay.cohort, trigger, counted, stay.cohort.ahead.trials if stay.cohort.ahead is not None else 1)


def of_each_alone(stop: Stop | None, stopped: Stopped, cohort: Cohort) -> tuple[tuple[str, Dates], ...]:
    """The text of each rule of a stop, and (n,) its date for each subject: counted as though nobody else were in the study."""
    triggers, n = stop.earliest_of if stop is not None and stopped.rules else (), len(cohort)
    given = stopped.rules[: len(stopped.rules) - len(triggers)]
    rules = [(t.text, _of_trials(cohort, t, stopped.counted.get(t.name), n)) for t in triggers]
    return (*((text, np.repeat(dates, n)) for text, dates in given), *rules)


def _of_trials(cohort: Cohort, trigger: Trigger, counted: Dates | None, trials: int) -> Dates:
    """(t,) a date that is the same for all subjects of a trial. `counted`: (n,) the day on which each subject counts."""
    match trigger.kind:
        case "subject":
            dates = cohort.start
        case "count":
            assert counted is not None
            dates = counted
        case "event" | "end" | "stop":
            given = cohort.of_study.get(trigger.name)
            return shift(np.full(trials, given, dtype="datetime64[D]"), trigger.plus) if given is not None else np.full(trials, NO_DATE)
        case _:
            assert_never(trigger.kind)
    return shift(_nth(dates.reshape(-1, trials), trigger.count), trigger.plus)


def _nth(dates: Dates, count: int) -> Dates:
    """(t,) the `count`-th date of each column of (s, t); NaT where there are not so many."""
    if not 1 <= count <= len(dates):
        return np.full(dates.shape[1], NO_DATE)
    days = dates.view(np.int64) - 1  # NaT is the least of all numbers, and so becomes the greatest
    if count == len(days):
        last: Dates = (days.max(axis=0) + 1).view("datetime64[D]")
        return last
    days = np.minimum(days.T, _TOO_LATE).astype(np.int32)
    days.partition(count - 1, axis=1)
    nth = days[:, count - 1].astype(np.int64)
    return np.where(nth == _TOO_LATE, NO_DATE, (nth + 1).view("datetime64[D]"))


def _need(stay: Stay, need: str, since: Dates, before: Dates | None) -> Dates:
    """The day on which a condition was met: of what answers an event on or after it, before it happened again; of consent, screening and
    randomisation on any day; of anything else on any day of the period."""
    dates = stay.cohort.dates_of(need)
    if need in BEFORE_DAY_1:
        return stay.cohort.first(need)
    return _first_within(dates, since, before) if kind_of(need).answers else _first_within(dates, stay.first, None)


def met(cohort: Cohort, event: str | None, need: str, date: np.datetime64, first: np.datetime64, column: int) -> np.datetime64 | None:
    """When a condition was met for a subject: on or after `first`, day 1 of the period; of what answers the event, on or after its `date`,
    before it happened again, and not before a rejection."""

    def dates(name: str, since: np.datetime64) -> list[np.datetime64]:
        found = cohort.dates_of(name)
        return [d for d in (found[:, column] if len(found) else ()) if not np.isnat(d) and (np.isnat(since) or d >= since)]

    if event is None or not kind_of(need).answers:
        return next(iter(dates(need, NO_DATE if need in BEFORE_DAY_1 else first)), None)
    again = [d for d in dates(event, date) if d > date]
    rejected = [d for d in dates(REJECTED, date) if not again or d < again[0]] if need == CONFIRMED else []
    return next((d for d in dates(need, date) if (not again or d < again[0]) and (not rejected or d > rejected[-1])), None)


def unanswered(cohort: Cohort) -> NDArray[np.bool_]:
    """(n,) whether a decision on a relapse is recorded with no relapse on or before it."""
    first = cohort.first(RELAPSE)
    wrong = np.zeros(len(cohort), dtype=bool)
    for name in DECISIONS:
        for dates in cohort.dates_of(name):
            wrong |= ~np.isnat(dates) & ~(first <= dates)
    return wrong


def contradicted(cohort: Cohort) -> NDArray[np.bool_]:
    """(n,) whether one relapse is confirmed and rejected on the same day."""
    wrong = np.zeros(len(cohort), dtype=bool)
    for since, before in _episodes(cohort, RELAPSE):
        yes, no = (_first_within(cohort.dates_of(name), since, before) for name in DECISIONS)
        wrong |= yes == no
    return wrong


def _episodes(cohort: Cohort, event: str) -> Iterator[tuple[Dates, Dates | None]]:
    """Each occurrence of an event, and the next one, None where nobody has one: what answers it comes on or after the first and before
    the second."""
    dates = cohort.dates_of(event)
    for i, since in enumerate(dates):
        later = dates[i + 1] if i + 1 < len(dates) else None
        yield since, np.where(np.isnat(later), _NEVER, later) if later is not None else None


def _judged(cohort: Cohort, event: str, since: Dates, before: Dates | None) -> tuple[Dates, NDArray[np.bool_]]:
    """The day on which an occurrence was confirmed, and whether it is void; the later decision counts."""
    rejected = _within(cohort.dates_of(REJECTED), since, before)
    if event != RELAPSE or not len(rejected):
        return _first_within(cohort.dates_of(CONFIRMED), since, before), np.zeros(len(cohort), dtype=bool)
    last = np.fmax.reduce(rejected, axis=0)
    confirmed = _first_within(cohort.dates_of(CONFIRMED), np.where(np.isnat(last), since, last + np.timedelta64(1, "D")), before)
    return confirmed, ~np.isnat(last) & np.isnat(confirmed)


def _first_within(dates: Dates, since: Dates, before: Dates | None) -> Dates:
    if len(dates) == 1:
        return _within(dates[0], since, before)
    found: Dates = np.fmin.reduce(_within(dates, since, before), axis=0) if len(dates) else np.full(len(since), NO_DATE)
    return found


def _within(dates: Dates, since: Dates, before: Dates | None) -> Dates:
    """The dates from `since` up to the day before `before`, in the shape of `dates`."""
    late = dates >= since
    return np.where(late if before is None else late & (dates < before), dates, NO_DATE)


def _inside(stay: Stay, dates: Dates) -> NDArray[np.bool_]:
    """Whether dates are on or after the period's first day and before its end; one of an unknown end does not end."""
    inside: NDArray[np.bool_] = (dates >= stay.first) & ~(dates >= stay.end)
    return inside


def first_of_each(stay: Stay, event: str) -> Dates:
    """(n,) the first date of an event of each subject in the period; a decision counts for the relapse that it answers."""
    had = _who_had(stay, RELAPSE if event == CONFIRMED else event) if event not in BEFORE_DAY_1 else None
    return _first_of_each(stay, event) if had is None else _spread(_first_of_each(stay.among(had), event), had, len(stay.cohort))


def _first_of_each(stay: Stay, event: str) -> Dates:
    found = np.full(len(stay.cohort), NO_DATE)
    if event in BEFORE_DAY_1:
        return stay.cohort.first(event)
    if event in (CONFIRMED, RELAPSE):
        for since, before in _episodes(stay.cohort, RELAPSE):
            confirmed, void = _judged(stay.cohort, RELAPSE, since, before)
            counts = _inside(stay, since) & ~(stay.left < since) & ~((stay.left == since) & ~(confirmed <= stay.left)) & ~void
            found = np.fmin(found, np.where(counts, confirmed if event == CONFIRMED else since, NO_DATE))
        return found
    for dates in stay.cohort.dates_of(event):
        found = np.fmin(found, np.where(_inside(stay, dates), dates, NO_DATE))
    return found
