"""A stream of random numbers for each cause, which no other moves, in blocks that fit into a cache."""

from __future__ import annotations

import pytest

from nmosd_dosing.simulation.draws import Draws, trials_per_block
from nmosd_dosing.simulation.trials import Options, outcome
from tests.kit.simulated import assume, trial_of


def test_a_further_cause_moves_no_other() -> None:
    """Draws of one cause are the same whatever else is drawn; and so what does not hang on it is."""
    base = outcome(trial_of(assume(declines=0.0, scatter=(0, 0), sites=None)), Draws(1, 0, 64), Options()).numbers
    more = outcome(trial_of(assume(declines=0.5, scatter=(-2, 2), sites=9)), Draws(1, 0, 64), Options()).numbers
    for name in ("study_stop", "enrolled", "relapses", "exits relapse", "exits completed", "refused", "left"):
        assert (base[name] == more[name]).all(), name
    assert (base["doses olp"] != more["doses olp"]).any()


@pytest.mark.parametrize(("n", "trials"), [(1, 256), (162, 256), (256, 256), (257, 128), (40_000, 1), (100_000, 1)])
def test_blocks_hold_so_many_trials_that_they_fit_into_a_cache(n: int, trials: int) -> None:
    assert trials_per_block(n) == trials
