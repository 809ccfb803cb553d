"""What became of each simulated trial: when it stopped, who came and went how, what was given when. Counted from the core's disposition
and schedule, and from nothing else."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace
from numpy.typing import NDArray

from nmosd_dosing.days import NO_DATE, Dates
from nmosd_dosing.dose.dose import NOT_GIVEN, number_text
from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.schedule.doses.dispensing import Dispensed, dispense
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.simulation.simulated_subjects import SoFar
from nmosd_dosing.simulation.tallies import Numbers
from nmosd_dosing.study.events import CONFIRMED, ENDS_PARTICIPATION
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.disposition import Disposition, Move, MoveStatus, gone
from nmosd_dosing.subjects.triggers import Stay, first_of_each

STATES_LEFT = "left or through"


class Calendar(Struct, frozen=True, dict=True):
    """The months of a run, numbered from 1; 0 is none of them. `first` is the first day of the first month."""

    first: np.datetime64
    last: np.datetime64

    @cached_property
    def names(self) -> list[str]:
        """`2023-08`, by number."""
        months = np.arange(self.first.astype("datetime64[M]"), self.last.astype("datetime64[M]") + 1)
        return ["", *map(str, months)]

    @cached_property
    def _numbers(self) -> NDArray[np.int16]:
        """By day from the one before `first` on: its month's number; the last once more for later days."""
        days = np.arange(self.first, self.last + 1).astype("datetime64[M]").astype(np.int64)
        return np.concatenate([[0], days - days[0] + 1]).astype(np.int16)

    def months(self, dates: Dates) -> NDArray[np.int16]:
        """(n,) the number of each date's month; 0 for NaT and days before the first; later days count to the last month."""
        before = int(self.first.astype(np.int64)) - 1
        days = np.maximum(dates.view(np.int64), before) - before  # NaT is the least of all numbers
        return self._numbers.take(days, mode="clip")


class Outcome(Struct, frozen=True):
    """What became of the t trials of a block, as whole numbers by name (`doses rcp`, `vials rcp/belimumab/120 mg`).

    numbers: (t,) one of each trial; dates are days since 1970-01-01; `tallies.NONE` where a trial has no such number.
    by_month: (months, t), the row being the number of the month in `Calendar`. by_site: (sites, t).
    by_month_and_site: (months * sites, t), all sites of one month after those of the month before.
    states: (months + 1,), summed over the trials: how many subjects came into a state in each month, less how many left it.
    """

    numbers: dict[str, Numbers]
    by_month: dict[str, Numbers] = field(default_factory=dict)
    by_site: dict[str, Numbers] = field(default_factory=dict)
    by_month_and_site: dict[str, Numbers] = field(default_factory=dict)
    states: dict[str, Numbers] = field(default_factory=dict)


def of_disposition(disposition: Disposition, stay: Stay) -> dict[str, Numbers]:
    """What can be told without a dose, (t,) each: `study_stop`, `by` (the number of the rule that stopped it, -1 for none), `enrolled`,
    `relapses`, `exits RULE`, `entries RULE`, `declined`, `refused`, `left` (who left the study before an entry)."""
    trials = len(disposition.stopped.dates)
    stop = disposition.stopped.dates
    found = {"study_stop": stop.view(np.int64).copy(), "by": disposition.stopped.rule.astype(np.int64)}
    found["enrolled"] = _per_trial(~np.isnat(disposition.anchor[0]), trials)
    found["relapses"] = np.bincount(_relapses(disposition, stay)[0] % trials, minlength=trials)
    declined, refused, left = (np.zeros(trials, dtype=np.int64) for _ in range(3))
    for move in disposition.moves:
        counts = _by_rule_and_status(move, len(disposition.transitions), trials)
        away = _left_after_opening(move, stay, len(disposition.transitions), trials)
        for i, rule in enumerate(disposition.transitions):
            if rule.source_period == disposition.periods[move.out_of].id:
                if any(rule.target_period == period.id for period in disposition.periods):
                    found[f"entries {rule.id}"] = counts[i + 1, MoveStatus.PROJECTED] + counts[i + 1, MoveStatus.ENTERED]
                found[f"exits {rule.id}"] = counts[i + 1].sum(axis=0) - counts[i + 1, MoveStatus.NONE] + away[i]
        declined += counts[:, MoveStatus.DECLINED].sum(axis=0)
        refused += counts[:, [MoveStatus.REFUSED, MoveStatus.PENDING]].sum(axis=(0, 1))
        left += counts[1:, MoveStatus.NONE].sum(axis=0)
    return found | {"declined": declined, "refused": refused, "left": left}


def _per_trial(chosen: NDArray[np.bool_], trials: int) -> Numbers:
    counts: Numbers = np.count_nonzero(chosen.reshape(-1, trials), axis=0)
    return counts


def _by_rule_and_status(move: Move, rules: int, trials: int) -> Numbers:
    """(rules + 1, statuses, t) subjects; those that no rule moves come first."""
    kinds = len(MoveStatus)
    cell = ((move.rule + 1) * kinds + move.status).reshape(-1, trials).astype(np.int32)
    cell *= trials
    cell += np.arange(trials, dtype=np.int32)
    return np.bincount(cell.ravel(), minlength=(rules + 1) * kinds * trials).reshape(rules + 1, kinds, trials)


def _left_after_opening(move: Move, stay: Stay, rules: int, trials: int) -> Numbers:
    """(rules, t) subjects who left the study when a way was open to them, and before they took it."""
    left = np.flatnonzero((move.status == MoveStatus.NONE) & (move.rule >= 0))
    opened = left[~(gone(stay.cohort)[left] < move.date[left])]
    return np.bincount(move.rule[opened] * trials + opened % trials, minlength=rules * trials).reshape(rules, trials)


def _relapses(disposition: Disposition, stay: Stay) -> tuple[NDArray[np.intp], Dates]:
    """The columns of those whose relapse counts, and the date of it: of who is enrolled, and up to the study's stop."""
    counted = disposition.stopped.counted.get(CONFIRMED)
    dates = counted if counted is not None else first_of_each(stay, CONFIRMED)
    columns = np.flatnonzero(~np.isnat(dates))
    stop = disposition.stopped.dates[columns % len(disposition.stopped.dates)]
    columns = columns[~(dates[columns] > stop) & ~np.isnat(disposition.anchor[0][columns])]
    return columns, dates[columns]


# --- doses --------------------------------------------------------------------------------------------------------------


def of_schedule(
    schedule: Schedule, calendar: Calendar, policy: Policy, sites: Numbers | None, count: int, by_month_and_site: bool, so_far: SoFar | None
) -> Outcome:
    """All that can be told of a block of trials, from its schedule of n columns.

    sites: (n,) the number of each subject's site, from 0 to below `count`; None without sites. so_far: what real subjects were given
    before the block begins, which is added.
    """
    disposition, cohort = schedule.disposition, schedule.cohort
    trials = len(disposition.stopped.dates)
    stay = stay_of(disposition, cohort)
    numbers = of_disposition(disposition, stay)
    given: dict[str, Numbers] = {}
    by_subject: dict[str, Any] = {}
    both: dict[str, Numbers] = {}
    trial, given_at = np.arange(trials), is_given(schedule)
    for k, (row, vials) in enumerate(zip(schedule.rows, dispense(schedule, policy), strict=True)):
        month = calendar.months(schedule.dates(row.visit)) * given_at[k]
        cell = (month.reshape(-1, trials).astype(np.intp) * trials + trial).ravel()
        for name, often in things(schedule, k, vials):
            once = isinstance(often, int) and often == 1
            each = None if once else np.broadcast_to(np.asarray(often, dtype=np.float64), len(cell))
            _add(given, name, np.bincount(cell, weights=each, minlength=trials).astype(np.int64))
            if sites is not None:
                mine = (month > 0) * (np.int64(1) if once else np.asarray(often, dtype=np.int64))
                by_subject[name] = by_subject.get(name, 0) + mine
                if by_month_and_site:
                    place = (cell // trials * count + sites) * trials + cell % trials
                    _add(both, name, np.bincount(place, weights=each, minlength=count * trials).astype(np.int64))
    by_month = {name: _rows(counts, trials) for name, counts in given.items()}
    numbers |= {name: counts[1:].sum(axis=0) for name, counts in by_month.items()}
    numbers["last_dose"] = schedule.last_dose.view(np.int64).reshape(-1, trials).max(axis=0)
    relapsed, dates = _relapses(disposition, stay)
    relapses = _rows(np.bincount(calendar.months(dates).astype(np.intp) * trials + relapsed % trials, minlength=trials), trials)
    by_site = {}
    if sites is not None:
        where = sites * trials + np.tile(trial, len(cohort) // trials)
        for name, each in by_subject.items():
            by_site[name] = np.bincount(where, weights=each, minlength=count * trials).astype(np.int64).reshape(count, trials)
    outcome = Outcome(
        numbers,
        by_month | {"relapses": np.cumsum(relapses, axis=0)},
        by_site,
        {name: _rows(_rows(counts, count * trials).ravel(), trials) for name, counts in both.items()},
        _states(schedule, stay, calendar),
    )
    return outcome if so_far is None else _with_past(outcome, so_far, count)


def is_given(schedule: Schedule) -> NDArray[np.bool_]:
    """(k, n) whether a dose is planned, not only as needed, and neither refused by a lifetime's cap nor taken away by an event."""
    given = schedule.all_in_plan()
    for k, unused in schedule.not_needed.items():
        given[k] &= ~unused
    return given & ~np.isin(schedule.status, NOT_GIVEN) if schedule.exposure or schedule.taken else given


def things(schedule: Schedule, k: int, vials: Dispensed | None) -> Iterator[tuple[str, int | NDArray[Any]]]:
    """What one row of a schedule takes: pairs of a name and how many of it, one number for all subjects or (n,).

    Names: `doses PERIOD`, `vials PERIOD/PRODUCT/SIZE`, `uncounted PERIOD/PRODUCT` for doses whose vials cannot be counted.
    """
    row = schedule.rows[k]
    period = schedule.period(row.visit).id
    yield f"doses {period}", schedule.count(k)
    if vials is not None:
        for size, n in zip(vials.vials.sizes, vials.counts, strict=True):
            yield f"vials {period}/{row.give.product}/{number_text(float(size))} {vials.vials.unit}", n
        yield f"uncounted {period}/{row.give.product}", np.isnan(vials.total) * np.asarray(schedule.count(k), dtype=np.int64)


def with_sums(found: Outcome) -> Outcome:
    """The outcome, with all `entries` and all `doses` in sum."""
    sums = {}
    for kind in ("entries", "doses"):
        each = [numbers for name, numbers in found.numbers.items() if name.startswith(f"{kind} ")]
        if each:
            sums[kind] = functools.reduce(operator.add, each)
    return replace(found, numbers=found.numbers | sums)


def _with_past(found: Outcome, so_far: SoFar, sites: int) -> Outcome:
    """The outcome, and in it what real subjects were given before the block begins: the same in each of its trials."""
    trials = len(found.numbers["enrolled"])
    numbers, by_month, by_site = dict(found.numbers), dict(found.by_month), dict(found.by_site)
    both = dict(found.by_month_and_site)
    for name, past in so_far.given.items():
        _add(by_month, name, np.repeat(past.sum(axis=1), trials).reshape(-1, trials))
        numbers[name] = numbers.get(name, np.zeros(trials, dtype=np.int64)) + past.sum()
        if sites and so_far.sites is not None:
            by_place = np.zeros((len(past), sites), dtype=np.int64)
            by_place[:, : past.shape[1]] = past
            _add(by_site, name, np.repeat(by_place.sum(axis=0), trials).reshape(-1, trials))
            if both:
                _add(both, name, np.repeat(by_place.ravel(), trials).reshape(-1, trials))
    numbers["last_dose"] = np.maximum(numbers["last_dose"], so_far.last_dose.astype(np.int64))
    return replace(found, numbers=numbers, by_month=by_month, by_site=by_site, by_month_and_site=both)


def _add(found: dict[str, Numbers], name: str, more: Numbers) -> None:
    """Adds counts to those of a name; either may be the longer."""
    old = found.get(name)
    if old is not None and len(old) >= len(more):
        old[: len(more)] += more
    elif old is not None:
        more[: len(old)] += old
        found[name] = more
    else:
        found[name] = more


def _rows(counts: Numbers, width: int) -> Numbers:
    """(rows, width) of counts in their order, the last row filled up with nothing."""
    rows = -(-len(counts) // width)
    return np.append(counts, np.zeros(rows * width - len(counts), dtype=np.int64)).reshape(rows, width)


def stay_of(disposition: Disposition, cohort: Cohort) -> Stay:
    """The stay of each subject in the first period: within it events count towards the study's stop."""
    entered = [move.entered for move in disposition.moves if move.out_of == 0]
    left = entered[0] if entered else np.full(len(cohort), NO_DATE)
    return Stay(cohort, disposition.anchor[0], disposition.closed[0], left)


def _states(schedule: Schedule, stay: Stay, calendar: Calendar) -> dict[str, Numbers]:
    """By period, and by `STATES_LEFT`: (months + 1,) how many subjects come into it in a month, less how many leave it, over all trials."""
    disposition, ahead = schedule.disposition, schedule.cohort.ahead
    assert ahead is not None
    out = stay.cohort.earliest(ENDS_PARTICIPATION)

    def by_month(dates: Dates) -> Numbers:
        counts: Numbers = np.bincount(calendar.months(dates), minlength=len(calendar.names) + 1)
        counts[0] = 0
        return counts

    found = {}
    for p, period in enumerate(disposition.periods):
        begins, ends = disposition.anchor[p], _ends(disposition, p)
        own = next(i for i, part in enumerate(schedule.segments) if part.period == p)
        if p and ahead.follow is not None:
            ends = np.fmin(ends, schedule.segments[own].open_end + 1)
        elif p and not any(move.out_of == p for move in disposition.moves):
            ends = np.fmin(ends, schedule.last_doses[own] + 1)  # through with all that is planned
        ends = np.where(np.isnat(begins), NO_DATE, np.fmin(ends, out))
        found[period.id] = by_month(begins) - by_month(ends)
    return found | {STATES_LEFT: by_month(disposition.anchor[0]) - sum(found.values())}


def _ends(disposition: Disposition, period: int) -> Dates:
    """(n,) the day on which subjects leave a period for another one, or are through with it."""
    found: Dates = disposition.end[period]
    for move in disposition.moves:
        if move.out_of == period:
            found = np.where(np.isnat(move.begins), found, move.begins)
            for stays_out in (MoveStatus.DECLINED, MoveStatus.REFUSED, MoveStatus.PENDING):
                found = np.where(move.status == stays_out, move.date, found)
    return found
