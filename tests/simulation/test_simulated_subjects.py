"""Simulated subjects: told as a history they have the same plan, and blocks, rates and weights are as assumed."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from nmosd_dosing.days import Offset
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.simulation.assumptions.model import NEVER, BodyWeight
from nmosd_dosing.simulation.draws import Draws
from nmosd_dosing.simulation.simulated_subjects import _order, accumulated, reached, subjects
from nmosd_dosing.subjects.cohort import Cohort
from tests.kit.simulated import ARMS, BAT4406F, Drawn, assume, assumptions, trial_of
from tests.kit.studies import examples


@examples(60)
@given(assumptions(), st.integers(0, 2**32))
def test_what_a_drawn_subject_did_told_to_the_plan_gives_the_same_dates(changes: dict[str, Any], seed: int) -> None:
    """The schedule of a simulated trial is that of its subjects, who came then, to whom this happened, and who entered on that day."""
    trial = trial_of(assume(**changes))
    drawn = Drawn.of(trial, Draws(seed, 0, 4))
    for t in range(4):
        people = drawn.history(t, dt.date(9000, 1, 1))
        stop = drawn.stop(t)
        if not people:
            continue
        without = [replace(s, records=()) for s in people]
        cohort = Cohort.of_subjects(without, ARMS, {"study_stop": stop} if stop is not None else {})
        plan = expand(BAT4406F, cohort, allow_deviation=True, accept_gap=True, at_least=dt.date(2200, 1, 1))
        columns = [int(s.code or 0) - 1 for s in people]
        whole = drawn.schedule
        mine = {whole.id(i): i for i in range(len(whole.visits))}
        for i in range(len(plan.visits)):
            id = plan.id(i)
            if id not in mine:
                continue
            simulated = whole.target[mine[id]].reshape(-1, 4)[columns, t]
            planned = plan.target[i]
            both = ~np.isnat(simulated)
            first, last = changes["scatter"]
            off = (simulated - planned)[both].astype(int)
            anchor = plan.anchor(i)[both]
            assert ((off >= first) & (off <= last) | (simulated[both] == anchor) | (off == 0)).all(), id
            assert not np.isnat(planned[both]).any(), id
        if changes["scatter"] == (0, 0) and changes["follow"] == Offset(months=24):
            for k, row in enumerate(plan.rows):
                id = plan.id(row.visit)
                if id in mine:
                    same = next(j for j, other in enumerate(whole.rows) if whole.id(other.visit) == id)
                    simulated = drawn.given[same].reshape(-1, 4)[columns, t]
                    assert (plan.in_plan(k) == simulated).all(), id


@pytest.mark.parametrize("of_block", [(2, 1), (1, 1), (2, 2), (3, 1, 2), (4, 2), (1,), (0, 2), (4, 4)])
def test_orders_of_a_block_are_all_there_are_in_lexicographic_order(of_block: tuple[int, ...]) -> None:
    letters = [arm for arm, count in enumerate(of_block) for _ in range(count)]
    expected = sorted(set(itertools.permutations(letters)))
    assert [tuple(order) for order in _order(of_block, len(expected), np.arange(len(expected))).T.tolist()] == expected


def test_a_large_block_is_permuted_without_a_list_of_its_orders() -> None:
    orders = math.factorial(24) // math.factorial(8) ** 3
    found = _order((8, 8, 8), orders, np.array([0, orders - 1, 12345678901 % orders]))
    assert found[:, 0].tolist() == [0] * 8 + [1] * 8 + [2] * 8
    assert found[:, 1].tolist() == [2] * 8 + [1] * 8 + [0] * 8
    assert Counter(found[:, 2].tolist()) == {0: 8, 1: 8, 2: 8}


@pytest.mark.parametrize("allocation", [(2, 1), (1, 3)])
def test_every_block_has_the_ratio(allocation: tuple[int, ...]) -> None:
    size = sum(allocation) * 2
    cohort = subjects(trial_of(assume(allocation=allocation, block=size)).beginning, Draws(3, 0, 50))
    arms = cohort.arm.reshape(162, 50)
    for begin in range(0, 162 - size, size):
        assert ((arms[begin : begin + size] == 0).sum(axis=0) == allocation[0] * 2).all()


@examples(100)
@given(
    st.lists(st.tuples(st.floats(0.5, 500), st.floats(0, 3)), min_size=0, max_size=4),
    st.floats(0, 3),
    st.floats(0, 1e4),
)
def test_a_rate_reaches_what_it_accumulates(more: list[tuple[float, float]], first: float, days: float) -> None:
    steps, since = [(0.0, first)], 0.0
    for wait, rate in more:
        since += wait
        steps.append((since, rate))
    amount = accumulated(tuple(steps), days)
    when = reached(tuple(steps), np.array([amount * (1 + 1e-9) + 1e-9]))[0]
    assert when >= days * (1 - 1e-6) or accumulated(tuple(steps), when) == pytest.approx(amount, rel=1e-6, abs=1e-6)
    assert math.isinf(reached(NEVER, np.array([1e-12]))[0])


def test_weights_have_their_mean_and_stay_in_their_range() -> None:
    from nmosd_dosing.simulation.simulated_subjects import _weights

    grams = _weights(BodyWeight(60, 11, 40, 110), Draws(1, 0, 128), 500)
    assert grams.min() >= 40_000 and grams.max() <= 110_000 and (grams % 100 == 0).all()
    assert grams.mean() == pytest.approx(60_960, abs=150)  # mean of the cut normal: 60 + 11 * (pdf(a) - pdf(b)) / (cdf(b) - cdf(a))
    assert (_weights(BodyWeight(60, 0, 40, 110), Draws(1, 0, 4), 3) == 60_000).all()


def test_the_first_subjects_of_a_larger_trial_are_those_of_a_smaller_one() -> None:
    small, large = (Draws(9, 2, 16).uniform("entry", n) for n in (5, 50))
    assert (small == large[:5]).all()
