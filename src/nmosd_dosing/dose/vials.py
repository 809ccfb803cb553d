"""Whole vials: how many of each size an amount takes, exactly, for one amount or a hundred thousand.

Sizes and amounts are whole numbers of one step, the greatest that divides every size. A table holds the fewest vials that make each
number of steps. It can be short: among as many smaller vials as the biggest has steps there are always some that add up to a multiple
of the biggest, and fewer of the biggest make the same. So the fewest vials have fewer small ones than that, and what lies beyond the
table is taken off in biggest vials first.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import Literal, NamedTuple, assert_never, get_args

import numpy as np
from numpy.typing import NDArray

from nmosd_dosing.dose.dose import number_text
from nmosd_dosing.errors import DosingError, Problem

Policy = Literal["least waste", "fewest vials"]
POLICIES: tuple[Policy, ...] = get_args(Policy)

_LONGEST = 5_000_000  # steps of a table
_NEVER = 2**30  # vials that an amount takes which none can make

Wholes = NDArray[np.int64]


def pack(whole: NDArray[np.float64], scale: int, sizes: tuple[Fraction, ...], policy: Policy) -> Wholes:
    """(s, n): how many vials of each of the s sizes each of n amounts takes; none where it is 0 or not known (NaN).

    whole: (n,), whole numbers; `whole / scale` is the amount in the unit of the sizes. "least waste": the smallest total that is not less
    than the amount, and the fewest vials that make it. "fewest vials": as few as can hold the amount, and the smallest total of
    so many. What is then still equal has the more of the biggest size, then of the next one.

    Raises DosingError where `common_step` does.
    """
    step, units = common_step(sizes)
    needed = _in_steps(whole, scale, step, "up")
    match policy:
        case "least waste":
            found = _least_waste(needed, units)
        case "fewest vials":
            found = _fewest_vials(needed, units)
        case _:
            assert_never(policy)
    counts = np.zeros((len(sizes), len(whole)), dtype=np.int64)
    for unit, count in zip(units, found, strict=True):
        counts[sizes.index(unit * step)] = count
    return counts


def whole_vials(whole: NDArray[np.float64], scale: int, sizes: tuple[Fraction, ...], way: Literal["up", "down"]) -> NDArray[np.float64]:
    """(n,): each amount rounded to the next one up or down that whole vials make, times the same scale; NaN stays.

    whole: (n,), as in `pack`; `scale` is a multiple of the sizes' denominators, so that what comes out is whole too. Down from less than
    the smallest vial is 0. Raises DosingError where `common_step` does.
    """
    assert all((size * scale).denominator == 1 for size in sizes), "the scale must make the sizes whole"
    step, units = common_step(sizes)
    table = _table(units, _reach(units))
    rest, big = _without_big(_in_steps(whole, scale, step, way), units)
    near = (table.above if way == "up" else table.below)[rest]
    return np.where(np.isfinite(whole), (near + big * units[0]) * float(step * scale), np.nan)


def common_step(sizes: tuple[Fraction, ...]) -> tuple[Fraction, tuple[int, ...]]:
    """The greatest amount of which every size is a multiple; and the sizes as such multiples, biggest first, each once.

    Raises DosingError where it is so fine that the table of totals would be longer than five million steps: as for 1234.5 mg and 999.9 mg.
    """
    below = math.lcm(*(size.denominator for size in sizes))
    step = Fraction(math.gcd(*(int(size * below) for size in sizes)), below)
    units = tuple(sorted({int(size / step) for size in sizes}, reverse=True))
    if _reach(units) * len(units) > _LONGEST:
        listed = " and ".join(f"`{number_text(size)}`" for size in sizes)
        message = f"vials of {listed} are multiples of nothing greater than {number_text(step)}: too fine to be counted with"
        raise DosingError(
            Problem(message, hint="leave out a size, or write them as multiples of a greater amount: `120` and `400` are of 40")
        )
    return step, units


def _in_steps(whole: NDArray[np.float64], scale: int, step: Fraction, way: Literal["up", "down"]) -> Wholes:
    """(n,): the amounts as whole steps, rounded up or down; 0 where not known."""
    finer = (scale * step).denominator
    known = np.rint(np.where(np.isfinite(whole), np.maximum(whole, 0), 0)).astype(np.int64) * finer
    one = int(scale * step * finer)
    return known // one if way == "down" else -(-known // one)


# --- totals, in steps ---------------------------------------------------------------------------------------------------


class _Table(NamedTuple):
    """For each number of steps: the fewest vials that make it, and how many of them are of the biggest, the next size and so on
    where only that one and smaller ones are left; the next number above and below that vials can make at all."""

    fewest: NDArray[np.int32]
    used: tuple[NDArray[np.int32], ...]
    above: Wholes
    below: Wholes


def _reach(units: tuple[int, ...]) -> int:
    """The longest total of the small vials among the fewest, and two big ones for rounding. units: biggest first."""
    return units[0] * (2 + (units[1] if len(units) > 1 else 0))


@lru_cache(maxsize=8)
def _table(units: tuple[int, ...], top: int) -> _Table:
    """What vials make of 0 to `top` steps. units: distinct, in the order in which they are preferred.

    One size after the other, the most preferred last: along the numbers that are whole vials apart, the fewest vials of the sizes before,
    or vials of this size on top of them. Where both are as many, the most vials of this size.
    """
    fewest = np.full(top + 1, _NEVER, dtype=np.int32)
    fewest[0] = 0
    used: list[NDArray[np.int32]] = []
    for unit in reversed(units):
        rows = -(-(top + 1) // unit)
        before = np.full(rows * unit, _NEVER, dtype=np.int32)
        before[: top + 1] = fewest
        row = np.arange(rows, dtype=np.int32)[:, np.newaxis]
        lead = before.reshape(rows, unit) - row
        best = np.minimum.accumulate(lead, axis=0)
        begins = np.ones(lead.shape, dtype=np.bool_)
        begins[1:] = lead[1:] < best[:-1]
        since = np.maximum.accumulate(np.where(begins, row, np.int32(0)), axis=0)  # the row of the least lead; the first, of equal ones
        fewest = (best + row).reshape(-1)[: top + 1]
        used.insert(0, (row - since).reshape(-1))
    number = np.arange(top + 1, dtype=np.int64)
    made = fewest < _NEVER
    above = np.minimum.accumulate(np.where(made, number, _NEVER)[::-1])[::-1]
    below = np.maximum.accumulate(np.where(made, number, 0))
    return _Table(fewest, tuple(used), above, below)


def _split(table: _Table, total: Wholes, units: tuple[int, ...]) -> list[Wholes]:
    """Totals that can be made, as vials of each size."""
    counts: list[Wholes] = []
    for unit, used in zip(units, table.used, strict=True):
        count = used[total].astype(np.int64)
        counts.append(count)
        total = total - count * unit
    return counts


def _without_big(needed: Wholes, units: tuple[int, ...]) -> tuple[Wholes, Wholes]:
    """Each number less so many of the biggest vials that the table reaches one vial beyond the rest; and how many these are."""
    big = np.maximum(-(-(needed - _reach(units)) // units[0]) + 1, 0)
    return needed - big * units[0], big


def _least_waste(needed: Wholes, units: tuple[int, ...]) -> list[Wholes]:
    table = _table(units, _reach(units))
    rest, big = _without_big(needed, units)
    counts = _split(table, table.above[rest], units)
    counts[0] += big
    return counts


def _fewest_vials(needed: Wholes, units: tuple[int, ...]) -> list[Wholes]:
    """As many of the biggest as can hold it; then the smaller ones in their places that take away the most without taking too much."""
    biggest, smaller = units[0], units[1:]
    vials = -(-needed // biggest)
    spare = vials * biggest - needed  # less than one of the biggest
    less = tuple(biggest - unit for unit in smaller)
    table = _table(less, biggest - 1)
    taken = np.zeros_like(spare)
    most = int(table.fewest[table.fewest < _NEVER].max())
    room = np.minimum(vials, most)
    number = np.arange(biggest, dtype=np.int64)
    for places in np.unique(room):
        can = np.maximum.accumulate(np.where(table.fewest <= places, number, 0))
        taken[room == places] = can[spare[room == places]]
    counts = _split(table, taken, less)
    return [vials - sum(counts, np.zeros_like(vials)), *counts]
