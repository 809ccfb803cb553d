"""From assumptions and random numbers to the subjects of simulated trials: who comes when, and what happens to them.

What it leads to, the core works out: this room knows no rule of a study. Trials of a block lie side by side: subject i of trial t is
column i * trials + t. A relapse that the committee rejects has no consequence, and so is left out.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from nmosd_dosing.assumptions import NEVER, Assumptions, BodyWeight, Steps
from nmosd_dosing.cohort import UNKNOWN_ARM, Ahead, Cohort
from nmosd_dosing.days import NO_DATE, Dates, shift
from nmosd_dosing.draws import Draws

_FAR = 4_000_000  # days: longer than the years 1 to 9999

Days = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where the drawing begins: at the beginning of the trial, or with what is known of its subjects so far.

    arms: how many arms the study has. weighed: whether any dose needs a weight. horizon: the last day of a trial.
    """

    assumptions: Assumptions
    arms: int
    weighed: bool

    @property
    def horizon(self) -> np.datetime64:
        last: np.datetime64 = shift(np.array([self.assumptions.start], dtype="datetime64[D]"), self.assumptions.horizon)[0]
        return last


def subjects(beginning: Beginning, draws: Draws) -> Cohort:
    """The subjects of a block of trials, (subjects * trials) columns."""
    assumed, trials = beginning.assumptions, draws.width
    n = assumed.subjects
    opens = np.datetime64(assumed.start, "D")
    arrival = reached(assumed.accrual, np.cumsum(draws.exponential("arrival", n), axis=0))
    last = int((beginning.horizon - opens).astype(np.int64))
    start = opens + _whole(arrival, last + 1).view("timedelta64[D]")  # beyond the horizon nobody is enrolled
    arm = _arms(assumed, draws)
    dropout = _whole(reached(assumed.dropout, draws.exponential("dropout", n)), _FAR) if assumed.dropout != NEVER else None
    events = {}
    if dropout is not None:
        events["withdrawn"] = _or_never(dropout < _FAR, start + dropout.view("timedelta64[D]"))
    if assumed.relapse:
        events |= _relapses(assumed, draws, start, arm, dropout)
    weight = _weights(assumed.weight, draws, n) if beginning.weighed and assumed.weight is not None else None
    return Cohort(
        start=start.ravel(),
        grams=weight.ravel() if weight is not None else np.broadcast_to(np.nan, n * trials),
        arm=arm.ravel(),
        events={name: dates.reshape(1, -1) for name, dates in events.items()},
        ahead=_ahead(beginning, draws),
    )


def sites(beginning: Beginning, draws: Draws) -> Days | None:
    """(subjects * trials) the number of each subject's site, from 0; None where there are no sites."""
    count = beginning.assumptions.sites
    return None if count is None else between(0, count - 1, draws.uniform("site", beginning.assumptions.subjects)).ravel()


def _ahead(beginning: Beginning, draws: Draws) -> Ahead:
    assumed, n = beginning.assumptions, beginning.assumptions.subjects
    size = n * draws.width
    day: NDArray[np.float64] = np.broadcast_to({"earliest": 0.0, "latest": math.nextafter(1, 0), "uniform": 0.0}[assumed.entry], size)
    if assumed.entry == "uniform":
        day = draws.uniform("entry", n).ravel()
    declines: NDArray[np.bool_] = np.broadcast_to(np.bool_(False), size)
    if assumed.declines:
        declines = draws.uniform("declines", n).ravel() < assumed.declines
    return Ahead(draws.width, day, declines, beginning.horizon, assumed.follow, _misses(assumed, draws))


def _misses(assumed: Assumptions, draws: Draws) -> Callable[[str], Days | None]:
    first, last = assumed.scatter

    def misses(visit: str) -> Days | None:
        if (first, last) == (0, 0):
            return None
        return between(first, last, draws.uniform(f"visit scatter {visit}", assumed.subjects)).ravel()

    return misses


def _relapses(assumed: Assumptions, draws: Draws, start: Dates, arm: NDArray[np.int16], dropout: Days | None) -> dict[str, Dates]:
    """The first relapse of each subject that is confirmed, when it is, and when the subject is stable."""
    n = assumed.subjects
    after = _whole(_by_arm(assumed.relapse, arm, draws.exponential("relapse", n)), _FAR)
    there = after < _FAR if dropout is None else (after <= dropout) & (after < _FAR)
    if assumed.confirmed < 1:
        there &= draws.uniform("confirmed", n) < assumed.confirmed
    relapse = _or_never(there, start + after.view("timedelta64[D]"))
    found = {"relapse": relapse, "relapse_confirmed": relapse + _delay(assumed.adjudication, "adjudication", draws, n)}
    stable = relapse + _delay(assumed.stability, "stability", draws, n)
    if assumed.stable < 1:
        stable = _or_never(draws.uniform("stable", n) < assumed.stable, stable)
    return found | {"stable": stable}


def _delay(days: tuple[int, int], cause: str, draws: Draws, n: int) -> NDArray[np.timedelta64] | np.timedelta64:
    if days[0] == days[1]:
        return np.timedelta64(days[0], "D")
    return between(*days, draws.uniform(cause, n)).view("timedelta64[D]")


def between(first: int, last: int, drawn: NDArray[np.float64]) -> Days:
    """Whole numbers from `first` to `last`, both included, by numbers from 0 to below 1."""
    found = (drawn * (last - first + 1)).astype(np.int64)
    found += first
    return found


def reached(steps: Steps, amount: NDArray[np.float64]) -> NDArray[np.float64]:
    """When a rate that changes in steps has added up to `amount`, in days; infinite where it never does."""
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


def _by_arm(hazards: tuple[Steps, ...], arm: NDArray[np.int16], amount: NDArray[np.float64]) -> NDArray[np.float64]:
    """When each subject's hazard has added up to `amount`."""
    if len(set(hazards)) == 1:
        return reached(hazards[0], amount)
    if all(len(steps) == 1 and steps[0][1] for steps in hazards):
        found: NDArray[np.float64] = amount / np.array([steps[0][1] for steps in hazards])[arm]
        return found
    found = reached(hazards[0], amount)
    for i, steps in enumerate(hazards[1:], 1):
        found = np.where(arm == i, reached(steps, amount), found)
    return found


def _whole(days: NDArray[np.float64], most: int) -> Days:
    """Days begun since, at most so many."""
    return np.minimum(days, most).astype(np.int64)


def _or_never(happens: NDArray[np.bool_], dates: Dates) -> Dates:
    return np.where(happens, dates, NO_DATE)


# --- arms ---------------------------------------------------------------------------------------------------------------


def _arms(assumed: Assumptions, draws: Draws) -> NDArray[np.int16]:
    """(subjects, trials) arms, allocated in permuted blocks."""
    if not assumed.allocation:
        return np.broadcast_to(np.int16(UNKNOWN_ARM), (assumed.subjects, draws.width))
    arranged = _arrangements(assumed.allocation, assumed.block)
    blocks = -(-assumed.subjects // assumed.block)
    chosen = draws.integers("allocation", blocks, len(arranged))
    arms = arranged.T[:, chosen].transpose(1, 0, 2).reshape(blocks * assumed.block, draws.width)
    return arms[: assumed.subjects]


@cache
def _arrangements(allocation: tuple[int, ...], block: int) -> NDArray[np.int16]:
    """(a, block) all different orders of the arms of a block, in lexicographic order."""
    times = block // sum(allocation)
    left = [count * times for count in allocation]

    def orders(left: list[int]) -> list[tuple[int, ...]]:
        if not any(left):
            return [()]
        found = []
        for arm, count in enumerate(left):
            if count:
                found += [(arm, *rest) for rest in orders([*left[:arm], count - 1, *left[arm + 1 :]])]
        return found

    return np.array(orders(left), dtype=np.int16)


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
