"""From assumptions and random numbers to the subjects of simulated trials: who comes when, and what happens to them.

What it leads to, the core works out: this room knows no rule of a study. Trials of a block lie side by side: subject i of trial t is
column i * trials + t. A relapse that the committee rejects has no consequence, and so is left out.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from statistics import NormalDist

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from nmosd_dosing.days import NO_DATE, Dates, shift
from nmosd_dosing.simulation.assumptions.model import NEVER, Assumptions, BodyWeight, Steps
from nmosd_dosing.simulation.draws import Draws
from nmosd_dosing.simulation.tallies import NONE
from nmosd_dosing.study.events import CONFIRMED, REJECTED, RELAPSE, STABLE, WITHDRAWN
from nmosd_dosing.subjects.ahead import Ahead
from nmosd_dosing.subjects.cohort import UNKNOWN_ARM, Cohort

_FEW_ORDERS = 5000  # of the arms of a block: so many are worked out once
_FAR = 4_000_000  # days: longer than the years 1 to 9999

Days = NDArray[np.int64]
Amounts = NDArray[np.float64]


class SoFar(Struct, frozen=True):
    """What is known on the day `as_of` of r real subjects, with whom every trial begins.

    cohort: the subjects, with what has happened to them by then; arms are -1 where they are not to be used.
    at_risk: (r,) who may still have a first relapse. stays: (r,) who has not left the study.
    undecided: (r,) the day of the relapse that waits for the committee's decision; unstable: of the one that waits for `stable`; or NaT.
    days: (r,) for how many days each was at risk of a relapse. relapsed: (r,) whether that time ended with one.
    over: by visit (r,) who has had it, or missed it.
    given: what was given, by the names of `outcomes.things`: (months, sites), one column where there are no sites.
    last_dose: the day of the last dose; NaT without one.
    site_names: the sites of real subjects. sites: (r,) the number of each subject's site in it; None without sites.
    odd: notes on what is recorded and cannot be counted, or stands though no rule allows it.
    """

    cohort: Cohort
    as_of: np.datetime64
    at_risk: NDArray[np.bool_]
    stays: NDArray[np.bool_]
    undecided: Dates
    unstable: Dates
    days: NDArray[np.float64]
    relapsed: NDArray[np.bool_]
    over: Mapping[str, NDArray[np.bool_]]
    given: Mapping[str, Days]
    last_dose: np.datetime64
    site_names: tuple[str, ...]
    sites: Days | None
    odd: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.cohort)


class Beginning(Struct, frozen=True, dict=True):
    """From where the drawing goes on: the first day of the trial, or (`so_far`) what is known of its real subjects.

    weighed: whether any dose needs a weight. horizon: the last day on which anybody is enrolled, or the study stops; it may lie beyond
    the year 9999, which `trials.prepare` refuses.
    """

    assumptions: Assumptions
    weighed: bool
    so_far: SoFar | None = None

    @cached_property
    def horizon(self) -> np.datetime64:
        last: np.datetime64 = shift(np.array([self.assumptions.start], dtype="datetime64[D]"), self.assumptions.horizon)[0]
        return last


def subjects(beginning: Beginning, draws: Draws, of_study: Mapping[str, dt.date] | None = None) -> Cohort:
    """The subjects of a block of trials, (subjects * trials) columns, real ones first. of_study: dates of the study's own events."""
    assumed, so_far, trials = beginning.assumptions, beginning.so_far, draws.width
    n = assumed.subjects
    start = _starts(beginning, draws)
    arm = _arms(beginning, draws)
    dropout = _dropout(beginning, draws) if assumed.dropout != NEVER else None
    events = {}
    if dropout is not None:
        events[WITHDRAWN] = _or_never(dropout < _FAR, start.view(np.int64) + dropout)
    if assumed.relapse:
        events |= _relapses(beginning, draws, start, arm, dropout)
    grams = np.broadcast_to(np.nan, n * trials)
    if beginning.weighed and assumed.weight is not None:
        grams = _weights(assumed.weight, draws, n).ravel()
    cohort = Cohort(
        start.ravel(), grams, arm.ravel(), {name: dates.reshape(1, -1) for name, dates in events.items()},
        of_study=of_study or {}, ahead=_ahead(beginning, draws),
    )  # fmt: skip
    return cohort if so_far is None else _with_real(cohort, beginning, so_far, draws)


def _starts(beginning: Beginning, draws: Draws) -> Dates:
    """(subjects, trials) day 1 of each; beyond the horizon where nobody comes any more. Others follow after the real subjects."""
    assumed, so_far = beginning.assumptions, beginning.so_far
    amount, opens = draws.exponential("arrival", assumed.subjects), np.datetime64(assumed.start, "D")
    known = len(so_far) if so_far is not None else 0
    amount = _running(amount[known:])
    if so_far is not None:
        amount += accumulated(assumed.accrual, max(0, int((so_far.as_of - opens).astype(np.int64)) + 1))
    last = int((beginning.horizon - opens).astype(np.int64))
    start = (_whole(reached(assumed.accrual, amount), last + 1) + opens.view(np.int64)).view("datetime64[D]")
    return start if so_far is None else np.concatenate([np.tile(so_far.cohort.start[:, np.newaxis], draws.width), start])


def _running(amount: Amounts) -> Amounts:
    """The sums down each column, in place: numpy's own go column by column, and through all of the memory for each."""
    for above, row in itertools.pairwise(amount):
        row += above
    return amount


def _dropout(beginning: Beginning, draws: Draws) -> Days:
    """(subjects, trials) after how many whole days since day 1 each leaves the study; real subjects have not yet, as far as is known."""
    hazard, so_far = beginning.assumptions.dropout, beginning.so_far
    amount = draws.exponential("dropout", beginning.assumptions.subjects)
    if so_far is not None:
        amount[: len(so_far)] += _past_hazard((hazard,), so_far.cohort.arm[:, np.newaxis], so_far)
    found = _whole(reached(hazard, amount), _FAR)
    if so_far is not None:
        found[: len(so_far)][~so_far.stays] = _FAR
    return found


def sites(beginning: Beginning, draws: Draws) -> Days | None:
    """(subjects * trials) the number of each subject's site, from 0, those of real subjects first; None where there are no sites."""
    count, so_far = len(site_names(beginning)), beginning.so_far
    if not count:
        return None
    found = between(0, count - 1, draws.uniform("site", beginning.assumptions.subjects))
    if so_far is not None and so_far.sites is not None:
        found[: len(so_far)] = so_far.sites[:, np.newaxis]
    return found.ravel()


def site_names(beginning: Beginning) -> tuple[str, ...]:
    """What the sites are called: those of real subjects by their names, others by numbers that none of those has for a name."""
    known = beginning.so_far.site_names if beginning.so_far is not None else ()
    taken = {name.casefold() for name in known}
    numbered = (name for i in itertools.count(len(known) + 1) if (name := f"site {i}") not in taken)
    return (*known, *itertools.islice(numbered, max(0, (beginning.assumptions.sites or 0) - len(known))))


def _ahead(beginning: Beginning, draws: Draws) -> Ahead:
    assumed, so_far, n = beginning.assumptions, beginning.so_far, beginning.assumptions.subjects
    always = 0.0 if assumed.entry == "earliest" else math.nextafter(1, 0)
    day = draws.uniform("entry", n).ravel() if assumed.entry == "uniform" else np.broadcast_to(always, n * draws.width)
    declines = draws.uniform("declines", n).ravel() < assumed.declines if assumed.declines else np.broadcast_to(np.False_, n * draws.width)
    known, over = (so_far.as_of, _over(so_far, draws.width, n)) if so_far is not None else (NO_DATE, None)
    return Ahead(
        draws.width, day, declines, beginning.horizon, assumed.follow, _misses(assumed, draws), known, over, max(0, assumed.scatter[1])
    )


def _over(so_far: SoFar, trials: int, n: int) -> Callable[[str], NDArray[np.bool_] | None]:
    def over(visit: str) -> NDArray[np.bool_] | None:
        if visit not in so_far.over:
            return None
        found = np.zeros((n, trials), dtype=bool)
        found[: len(so_far)] = so_far.over[visit][:, np.newaxis]
        return found.ravel()

    return over


def _misses(assumed: Assumptions, draws: Draws) -> Callable[[str], Days | None]:
    first, last = assumed.scatter

    @cache
    def misses(visit: str) -> Days | None:
        if (first, last) == (0, 0):
            return None
        return between(first, last, draws.uniform(f"visit scatter {visit}", assumed.subjects)).ravel()

    return misses


def _relapses(beginning: Beginning, draws: Draws, start: Dates, arm: NDArray[np.int16], dropout: Days | None) -> dict[str, Dates]:
    """(subjects, trials) the dates of each subject's first relapse that is confirmed, of its confirmation, and of being stable after it."""
    assumed, so_far = beginning.assumptions, beginning.so_far
    n, amount = assumed.subjects, draws.exponential("relapse", assumed.subjects)
    if so_far is not None:
        amount[: len(so_far)] += _past_hazard(assumed.relapse, arm[: len(so_far)], so_far)
    after = _whole(_by_arm(assumed.relapse, arm, amount), _FAR)
    there = after < _FAR if dropout is None else (after <= dropout) & (after < _FAR)
    if so_far is not None:
        there[: len(so_far)] &= so_far.at_risk[:, np.newaxis]
    day = start.view(np.int64) + after
    there &= day <= beginning.horizon.view(np.int64)
    if assumed.confirmed < 1:
        there &= draws.uniform("confirmed", n) < assumed.confirmed
    recovers = there & (draws.uniform("stable", n) < assumed.stable) if assumed.stable < 1 else there
    return {
        RELAPSE: _or_never(there, day),
        CONFIRMED: _or_never(there, day + _delay(assumed.adjudication, "adjudication", draws, n)),
        STABLE: _or_never(recovers, day + _delay(assumed.stability, "stability", draws, n)),
    }


def _past_hazard(hazards: tuple[Steps, ...], arm: NDArray[np.int16], so_far: SoFar) -> Amounts:
    """(r, trials) what each real subject's hazard, of one for all arms or of one for each, has added up to."""
    age = np.maximum((so_far.as_of - so_far.cohort.start).astype(np.float64) + 1, 0)
    past = np.array([[accumulated(steps, days) for days in age] for steps in hazards])
    found: Amounts = past[np.maximum(arm, 0) if len(hazards) > 1 else 0, np.arange(len(so_far))[:, np.newaxis]]
    return found


def _delay(days: tuple[int, int], cause: str, draws: Draws, n: int) -> Days | int:
    return days[0] if days[0] == days[1] else between(*days, draws.uniform(cause, n))


def between(first: int, last: int, drawn: NDArray[np.float64]) -> Days:
    """Whole numbers from `first` to `last`, both included, by numbers from 0 to below 1."""
    found = (drawn * (last - first + 1)).astype(np.int64)
    found += first
    return found


def reached(steps: Steps, amount: NDArray[np.float64]) -> NDArray[np.float64]:
    """When a rate that changes in steps has added up to `amount`, in days; infinite where it never does."""
    with np.errstate(over="ignore"):  # a very small rate: never
        if len(steps) == 1 and steps[0][1]:
            return amount / steps[0][1]
        found = np.full_like(amount, math.inf)
        total = 0.0
        for (since, rate), (until, _) in itertools.pairwise((*steps, (math.inf, 0.0))):
            found[amount >= total] = math.inf
            if rate:
                found = np.where(amount >= total, since + (amount - total) / rate, found)
                total += rate * (until - since)
    return found


def accumulated(steps: Steps, days: float) -> float:
    """What a rate that changes in steps has added up to after so many days."""
    ends = [since for since, _ in steps[1:]] + [math.inf]
    return sum(rate * (min(end, days) - since) for (since, rate), end in zip(steps, ends, strict=True) if since < days)


def _by_arm(hazards: tuple[Steps, ...], arm: NDArray[np.int16], amount: NDArray[np.float64]) -> NDArray[np.float64]:
    """When each subject's hazard has added up to `amount`."""
    if len(set(hazards)) == 1:
        return reached(hazards[0], amount)
    if all(len(steps) == 1 and steps[0][1] for steps in hazards):
        found: NDArray[np.float64] = amount / np.array([steps[0][1] for steps in hazards]).take(arm)
        return found
    found = reached(hazards[0], amount)
    for i, steps in enumerate(hazards[1:], 1):
        found = np.where(arm == i, reached(steps, amount), found)
    return found


def _whole(days: NDArray[np.float64], most: int) -> Days:
    """Days as whole numbers, rounded down, at most `most`."""
    return np.minimum(days, most).astype(np.int64)


def _or_never(happens: NDArray[np.bool_], days: Days | Dates) -> Dates:
    """Days, or days since 1970, as dates, and NaT where nothing happens. It is the least of all numbers, and one less is the greatest:
    which of two numbers is less takes a third of the time of a choice that no processor can guess."""
    dates: Dates = np.minimum(days.view(np.int64), NONE - happens).view("datetime64[D]")
    return dates


# --- real subjects --------------------------------------------------------------------------------------------------------


def _with_real(cohort: Cohort, beginning: Beginning, so_far: SoFar, draws: Draws) -> Cohort:
    """The cohort, with what has happened to its real subjects, and what is still to be decided of them."""
    assumed, trials, real = beginning.assumptions, draws.width, len(so_far)
    columns = real * trials
    layers: dict[str, list[Dates]] = {name: [np.repeat(row, trials) for row in found] for name, found in so_far.cohort.events.items()}
    if assumed.relapse:
        for name, dates in _decisions(assumed, so_far, draws).items():
            layers.setdefault(name, []).append(dates.ravel())
    events = dict(cohort.events)
    for name, rows in layers.items():
        drawn = events.get(name, np.full((1, len(cohort)), NO_DATE))
        made = np.full((1 + len(rows), len(cohort)), NO_DATE)
        made[0] = drawn[0]
        made[1:, :columns] = rows
        made[:, :columns].sort(axis=0)  # NaT comes last
        events[name] = made
    entered = {}
    for period, dates in so_far.cohort.entered.items():
        entered[period] = np.full(len(cohort), NO_DATE)
        entered[period][:columns] = np.repeat(dates, trials)
    grams = cohort.grams
    if not np.isnan(so_far.cohort.grams).all():
        grams = grams.copy()
        mine = np.repeat(so_far.cohort.grams, trials)
        grams[:columns] = np.where(np.isnan(mine), grams[:columns], mine)
    return structs.replace(cohort, events=events, entered=entered, grams=grams, of_study={**cohort.of_study, **so_far.cohort.of_study})


def _decisions(assumed: Assumptions, so_far: SoFar, draws: Draws) -> dict[str, Dates]:
    """(r, trials) what is still to be decided of relapses that have been: when, and how; not on a day that is known."""
    n = assumed.subjects

    def later(cause: str, since: Dates, days: tuple[int, int]) -> Dates:
        passed = (so_far.as_of - since).astype(np.float64) + 1  # NaN where there is nothing to wait for
        first, last = (np.nan_to_num(np.maximum(passed, end))[:, np.newaxis] for end in days)
        drawn = first + np.floor(draws.uniform(cause, n)[: len(so_far)] * (last - first + 1))
        dates: Dates = since[:, np.newaxis] + drawn.astype(np.int64).view("timedelta64[D]")
        return dates

    yes = draws.uniform("confirmed", n)[: len(so_far)] < assumed.confirmed
    decided = later("adjudication", so_far.undecided, assumed.adjudication)
    stable = later("stability", so_far.unstable, assumed.stability)
    recovers = draws.uniform("stable", n)[: len(so_far)] < assumed.stable
    return {CONFIRMED: _or_never(yes, decided), REJECTED: _or_never(~yes, decided), STABLE: _or_never(recovers, stable)}


# --- arms ---------------------------------------------------------------------------------------------------------------


def _arms(beginning: Beginning, draws: Draws) -> NDArray[np.int16]:
    """(subjects, trials) arms, allocated in permuted blocks."""
    assumed, so_far = beginning.assumptions, beginning.so_far
    if not assumed.allocation:
        return np.broadcast_to(np.int16(UNKNOWN_ARM), (assumed.subjects, draws.width))
    of_block = tuple(count * (assumed.block // sum(assumed.allocation)) for count in assumed.allocation)
    orders = math.factorial(assumed.block) // math.prod(map(math.factorial, of_block))
    blocks = -(-assumed.subjects // assumed.block)
    chosen = draws.integers("allocation", blocks, orders)
    arranged = _all_orders(of_block, orders).T[:, chosen] if orders <= _FEW_ORDERS else _order(of_block, orders, chosen)
    arms = arranged.transpose(1, 0, 2).reshape(blocks * assumed.block, draws.width)[: assumed.subjects]
    if so_far is not None:
        arms[: len(so_far)] = _real_arms(assumed, so_far, draws)
    return arms


def _real_arms(assumed: Assumptions, so_far: SoFar, draws: Draws) -> NDArray[np.int16]:
    """(r, trials) arms of real subjects: as they are where they may be used, else drawn. An arm is the more likely, the more subjects it
    gets, and the more likely it makes what has come of the subject (Bayes' rule)."""
    known = so_far.cohort.arm[:, np.newaxis]
    shares = np.array(assumed.allocation, dtype=np.float64)[:, np.newaxis] * np.ones(len(so_far))
    if assumed.relapse:
        for i, steps in enumerate(assumed.relapse):
            past = np.array([accumulated(steps, days) for days in so_far.days])
            at_end = np.array([_rate(steps, days) for days in so_far.days])
            shares[i] *= np.exp(-past) * np.where(so_far.relapsed, at_end, 1.0)
    impossible = shares.sum(axis=0) == 0  # a relapse that the assumptions exclude in every arm
    shares[:, impossible] = np.array(assumed.allocation, dtype=np.float64)[:, np.newaxis]
    reached_by = np.cumsum(shares, axis=0) / shares.sum(axis=0)
    drawn = (draws.uniform("arm of a real subject", len(so_far)) >= reached_by[:-1, :, np.newaxis]).sum(axis=0)
    return np.where(known >= 0, known, drawn).astype(np.int16)


def _rate(steps: Steps, days: float) -> float:
    """The rate after so many days."""
    return next(rate for since, rate in reversed(steps) if since <= days)


@cache
def _all_orders(of_block: tuple[int, ...], orders: int) -> NDArray[np.int16]:
    """(orders, block) the arms of a block in all different orders, in lexicographic order."""
    return _order(of_block, orders, np.arange(orders)).T


def _order(of_block: tuple[int, ...], orders: int, number: Days) -> NDArray[np.int16]:
    """(block, ...) the arms of a block in the order of that number among the `orders` different ones. of_block: how many of each arm."""
    left = [np.full(number.shape, count) for count in of_block]
    remaining, number = np.full(number.shape, orders), number.copy()
    found = np.zeros((sum(of_block), *number.shape), dtype=np.int16)
    for place in range(len(found)):
        total, open_ = len(found) - place, np.ones(number.shape, dtype=bool)
        for arm, count in enumerate(left):
            # So many of the remaining orders go on with this arm; no product of large numbers is formed.
            these = remaining // total * count + remaining % total * count // total
            here = open_ & (number < these)
            found[place][here] = arm
            number -= np.where(open_ & ~here, these, 0)
            remaining = np.where(here, these, remaining)
            count -= here
            open_ &= ~here
    return found


# --- weights ------------------------------------------------------------------------------------------------------------


def _weights(weight: BodyWeight, draws: Draws, n: int) -> NDArray[np.float64]:
    """(subjects, trials) whole grams."""
    grid, shares = _quantiles(weight)
    found: NDArray[np.float64] = grid[np.minimum(np.searchsorted(shares, draws.uniform("weight", n), side="right"), len(grid) - 1)]
    return found


@cache
def _quantiles(weight: BodyWeight) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The weights that there are, in grams and steps of 0.1 kg, and the share of subjects that weigh at most so much."""
    if not weight.sd:
        return np.array([round(weight.mean * 1000)], dtype=np.float64), np.ones(1)
    grid = range(math.ceil(round(weight.low * 10, 6)), math.floor(round(weight.high * 10, 6)) + 1)
    normal = NormalDist(weight.mean, weight.sd)
    below, above = normal.cdf(weight.low), normal.cdf(weight.high)
    shares = [(normal.cdf(tenth / 10) - below) / (above - below) for tenth in grid]
    return np.array([tenth * 100 for tenth in grid], dtype=np.float64), np.array([*shares[:-1], 1.0])
