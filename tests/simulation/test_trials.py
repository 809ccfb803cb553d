"""One core and two, a longer run and a shorter one, give the same counts."""

from __future__ import annotations

from nmosd_dosing.simulation.draws import Draws
from nmosd_dosing.simulation.trials import Options, outcome, run
from tests.kit.simulated import assume, trial_of


def test_one_core_and_two_give_the_same_counts() -> None:
    trial = trial_of(assume(subjects=30))
    one, two = (run([trial], 3000, 4, Options(by_month_and_site=True), cores)[0] for cores in (1, 2))
    assert one.numbers.keys() == two.numbers.keys()
    for name, tally in one.numbers.items():
        other = two.numbers[name]
        assert (tally.first, tally.missing, tally.counts.tolist()) == (other.first, other.missing, other.counts.tolist())
    for name, grid in one.by_month.items():
        assert (grid.counts == two.by_month[name].counts).all()
    assert all((months == two.states[name]).all() for name, months in one.states.items())


def test_a_run_that_ends_within_a_block_is_the_beginning_of_a_longer_one() -> None:
    trial = trial_of(assume(subjects=20))
    numbers = outcome(trial, Draws(1, 0, 128), Options()).numbers
    cut = outcome(trial, Draws(1, 0, 128, 5), Options()).numbers
    assert all((cut[name] == all_[:5]).all() for name, all_ in numbers.items())
