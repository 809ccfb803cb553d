"""Whole vials for 100,000 amounts, against a plain loop that looks for the best vials of each amount."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial

import numpy as np
from numpy.typing import NDArray
from race import heading, race, row

from nmosd_dosing.dose.vials import Policy, pack

SUBJECTS = 100_000
SMALL, BIG = SIZES = 120, 400  # mg of belimumab
POLICIES: tuple[Policy, ...] = ("least waste", "fewest vials")


def amounts() -> NDArray[np.float64]:
    """10 mg/kg, in hundredths of a mg: random weights in whole grams."""
    return np.random.default_rng(1).integers(35_000, 130_000, SUBJECTS).astype(np.float64)


def in_a_loop(hundredths: list[int], policy: Policy) -> list[tuple[int, int]]:
    """Amount by amount: each number of big vials with the small ones that are missing then; the best of these."""
    found = []
    for amount in hundredths:
        best = None
        for big in range(-(-amount // (100 * BIG)) + 1):
            small = max(0, -(-(amount - 100 * BIG * big) // (100 * SMALL)))
            total, vials = SMALL * small + BIG * big, small + big
            rank = (total, vials, -big) if policy == "least waste" else (vials, total, -big)
            if best is None or rank < best[0]:
                best = rank, (small, big)
        assert best is not None
        found.append(best[1])
    return found


def main() -> None:
    whole = amounts()
    hundredths = [int(amount) for amount in whole]
    sizes = tuple(map(Fraction, SIZES))
    for policy in POLICIES:
        assert list(map(tuple, pack(whole, 100, sizes, policy).T.tolist())) == in_a_loop(hundredths, policy), policy
    heading(f"vials of {SMALL} and {BIG} mg for {SUBJECTS:,} amounts; all results are equal")
    for policy in POLICIES:
        contestants: dict[str, Callable[[], object]] = {
            "pack": partial(pack, whole, 100, sizes, policy),
            "loop": partial(in_a_loop, hundredths, policy),
        }
        seconds = race(contestants, rounds=3)
        row(f"plain loop / pack, {policy}", seconds["loop"] / seconds["pack"], f"pack takes {seconds['pack'] * 1000:.0f} ms")


if __name__ == "__main__":
    main()
