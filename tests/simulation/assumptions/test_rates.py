"""Rates and ratios by arm: in the order of the study's arms, one rate where it has none, and only ratios that a block can hold."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from nmosd_dosing import RegimenError
from nmosd_dosing.simulation.assumptions.file import read_assumptions
from tests.kit.assumed import LEAST, RELAPSES, YEAR, of, studied


def relapse(text: str) -> tuple[Any, ...]:
    return of(f"relapse: {text}\n{RELAPSES}").relapse


@pytest.mark.parametrize(
    ("text", "by_arm"),
    [
        ("0.35 per year", [[(0, 0.35)], [(0, 0.35)]]),
        ("[0.5 per year, 0.2 per year from 1 year]", [[(0, 0.5), (365.25, 0.2)]] * 2),
        ("{placebo: 0.35 per year, bat4406f: 0.1 per year}", [[(0, 0.1)], [(0, 0.35)]]),
        ("{placebo: 0.35 per year, bat4406f: none}", [[(0, 0.0)], [(0, 0.35)]]),
        ("{bat4406f: 0.3 times placebo, placebo: 0.35 per year}", [[(0, 0.105)], [(0, 0.35)]]),
        ("{bat4406f: 0.5 times placebo, placebo: [4 per year, 2 per year from 9 days]}", [[(0, 2), (9, 1)], [(0, 4), (9, 2)]]),
        ("{bat4406f: 0.1 per year, placebo: 3 times bat4406f}", [[(0, 0.1)], [(0, 0.3)]]),
        ("none", []),
        ("{bat4406f: 0, placebo: none}", []),
    ],
)  # fmt: skip
def test_relapses_by_arm_in_the_order_of_the_study(text: str, by_arm: list[list[tuple[float, float]]]) -> None:
    found = relapse(text)
    assert [[day for day, _ in steps] for steps in found] == [[day for day, _ in steps] for steps in by_arm]
    assert [rate * YEAR for steps in found for _, rate in steps] == pytest.approx([rate for steps in by_arm for _, rate in steps])


def test_a_study_without_arms_has_one_rate_and_no_allocation() -> None:
    found = of("relapse: 0.35 per year\n", "belimumab")
    assert (found.allocation, found.block, len(found.relapse)) == ((), 1, 1)


def test_a_block_that_no_draw_can_arrange_is_refused() -> None:
    arms = tuple(f"a{n}" for n in range(24))
    study, (period, *_) = studied("bat4406f")
    period = structs.replace(period, arms=arms)
    allocation = "allocation: {" + ", ".join(f"{arm}: 1" for arm in arms) + "}\n"
    with pytest.raises(RegimenError, match="a block of 24 has more arrangements than can be drawn from"):
        read_assumptions(LEAST + allocation, "a.yaml", study, (period,))
