"""A tally of two parts is that of the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing.simulation.tallies import Grid, Tally
from tests.kit.studies import examples

NUMBERS = st.lists(st.integers(-400, 400) | st.just(np.iinfo(np.int64).min), min_size=1, max_size=40)


@examples(150)
@given(NUMBERS, NUMBERS)
def test_a_tally_of_two_parts_is_that_of_the_whole(one: list[int], two: list[int]) -> None:
    both = Tally.of(np.array(one)) + Tally.of(np.array(two))
    there = [n for n in one + two if n != np.iinfo(np.int64).min]
    assert (both.known, both.missing) == (len(there), len(one + two) - len(there))
    if there:
        assert both.mean == pytest.approx(np.mean(there), rel=1e-12, abs=1e-12)
        assert both.sd == pytest.approx(np.std(there, ddof=1) if len(there) > 1 else 0, rel=1e-9, abs=1e-9)
        for share in (0.05, 0.25, 0.5, 0.75, 0.95):
            assert both.quantile(share) == np.quantile(there, share, method="inverted_cdf")
    else:
        assert both.quantile(0.5) is None


@examples(60)
@given(st.integers(1, 5), st.integers(1, 5), st.booleans(), st.integers(0, 2**31))
def test_a_grid_of_two_parts_is_that_of_the_whole(few: int, more: int, running: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = [rng.integers(0, 6, (cells, 7)) for cells in (few, more)]
    parts = [np.cumsum(p, axis=0) if running else p for p in parts]
    cells = max(few, more)
    padded = [
        np.concatenate([p, np.tile(p[-1] if running else np.zeros(7, dtype=int), (cells - len(p), 1))]).astype(int) if len(p) < cells else p
        for p in parts
    ]
    whole = Grid.of(np.concatenate(padded, axis=1), running)
    found = Grid.of(parts[0], running) + Grid.of(parts[1], running)
    assert (found.trials, found.counts.tolist()) == (whole.trials, whole.counts.tolist())
