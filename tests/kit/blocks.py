"""One block of trials, drawn once for the program and its twin."""

from __future__ import annotations

from collections.abc import Iterator

from nmosd_dosing.simulation import trials as simulation
from nmosd_dosing.simulation.draws import Draws, trials_per_block
from nmosd_dosing.simulation.outcomes import Outcome
from tests.kit import trials
from tests.kit.trials import Case

SEED = 20_250_106


def prepared(case: Case) -> simulation.Trial:
    study = trials.study_of(case.rules, bool(case.assumed.allocation))
    periods = tuple(period for period in study.periods if period.id in ("rcp", "olp"))
    return simulation.prepare(study, periods, case.assumed)


def blocks(case: Case, seed: int, doses: bool = True) -> Iterator[Outcome]:
    """Of as many trials as the case asks for, and the rest of the last block."""
    trial, size = prepared(case), trials_per_block(case.assumed.subjects)
    for block in range(-(-case.trials // size)):
        yield simulation.outcome(trial, Draws(seed, block, size), simulation.Options(doses=doses))


FAST = ((0.0, 1e6),)  # everybody comes on the first day
