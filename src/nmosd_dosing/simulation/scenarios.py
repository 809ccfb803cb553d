"""The whole trial, many times, under one or several sets of assumptions side by side: `simulate()`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from msgspec import structs

from nmosd_dosing.dose.vials import POLICIES, Policy
from nmosd_dosing.errors import InputError, Problem, argument, one_of
from nmosd_dosing.simulation.assumptions.file import read_assumptions
from nmosd_dosing.simulation.assumptions.model import Assumptions
from nmosd_dosing.simulation.assumptions.scenario_file import BASE
from nmosd_dosing.simulation.summaries import Scenario, summarise
from nmosd_dosing.simulation.trial_to_date import Real
from nmosd_dosing.simulation.trials import Options, prepare, run
from nmosd_dosing.study import period_order
from nmosd_dosing.study.model import Study
from nmosd_dosing.subjects.bounds import check_arguments, the_list
from nmosd_dosing.subjects.cohort import UNKNOWN_ARM

MOST_TRIALS = 1_000_000_000
MOST_SEED = 2**64 - 1


def load_assumptions(path: str | Path, study: Study, period: str | None = None) -> Assumptions:
    """The assumptions in a YAML file, for a study's way through its periods or for one of them.

    Raises InputError where the file cannot be read, RegimenError with every problem where it is wrong.
    """
    check_arguments(of={"period": (period, str)}, needed={"path": (path, (str, Path)), "study": (study, Study)})
    try:
        content = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(Problem(f"cannot read `{path}`: {reason}", hint="check the name")) from None
    return read_assumptions(content, str(path), study, period_order.way(study, period))


def simulate(
    study: Study, assumptions: Assumptions, trials: int = 10_000, seed: int = 1, *, scenarios: Sequence[tuple[str, Assumptions]] = (),
    period: str | None = None, regimen: str | None = None, so_far: Real | None = None, unblind: bool = False,
    by_month_and_site: bool = False, policy: Policy = "least waste", cores: int = 1, cluster: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> tuple[Scenario, ...]:  # fmt: skip
    """Simulates a trial `trials` times, under the assumptions and under each of the `scenarios`, with common random numbers.

    so_far: the real subjects with whom every trial begins. Their arms are used only if `unblind`: a forecast by the real arms would be an
    unblinded interim analysis; otherwise arms are drawn for them, too, the more likely the better they explain what has happened.

    The first of what comes back is as assumed; the others have their differences from it. The same seed gives the same numbers on any
    number of `cores`; more than one begins processes of their own, so a script must guard its beginning (`if __name__ == "__main__":`);
    nor does it matter whether they are worked out on a `cluster`, of whose dask scheduler that is the address (`tcp://10.1.2.3:8786`).
    `progress` is told now and then how many trials are done. Raises InputError for numbers of trials, seeds and horizons that cannot be.
    """
    check_arguments(
        of={"period": (period, str), "regimen": (regimen, str), "cluster": (cluster, str), "so_far": (so_far, Real)},
        needed={"study": (study, Study), "assumptions": (assumptions, Assumptions)},
        flags={"unblind": unblind, "by_month_and_site": by_month_and_site},
    )
    problems = [
        Problem(f"{name} is {value!r}, not a whole number")
        for name, value in (("trials", trials), ("seed", seed), ("cores", cores))
        if not isinstance(value, int) or isinstance(value, bool)
    ]
    if problems:
        raise InputError(problems)
    scenarios = _scenarios(scenarios)
    if cores < 1:
        problems.append(Problem(f"{cores} cores", hint="1 or more"))
    if not isinstance(policy, str) or policy not in POLICIES:
        problems.append(Problem(f"unknown policy of vials {policy!r}", hint=one_of(POLICIES)))
    names = [BASE, *(name for name, _ in scenarios)]
    if len(set(names)) < len(names):
        problems.append(Problem("two scenarios have one name", hint=f"each needs its own, and `{BASE}` is that of the first"))
    if not 1 <= trials <= MOST_TRIALS:
        problems.append(Problem(f"{trials:,} trials", hint=f"from 1 to {MOST_TRIALS:,}"))
    if not 0 <= seed <= MOST_SEED:
        problems.append(Problem(f"the seed {seed}", hint=f"a whole number from 0 to {MOST_SEED}"))
    if progress is not None and not callable(progress):
        problems.append(Problem("`progress` cannot be called", hint="give a function of one number, or leave it out"))
    if problems:
        raise InputError(problems)
    periods = period_order.way(study, period)
    sets = [(BASE, assumptions), *scenarios]
    concealed = any(study.conceals(p) for p in periods)
    arms_used = unblind and so_far is not None and concealed
    if so_far is not None and not unblind and concealed:
        nobody = np.full(len(so_far.cohort), UNKNOWN_ARM, dtype=np.int16)
        so_far = structs.replace(so_far, cohort=structs.replace(so_far.cohort, arm=nobody))
    if arms_used and so_far is not None and (so_far.cohort.arm == UNKNOWN_ARM).any():
        hint = f"add `{argument('allocation', 'FILE')}`, or leave `{argument('unblind')}` out"
        raise InputError(Problem("to unblind, everybody's arm must be known", hint=hint))
    prepared = [prepare(study, periods, assumed, so_far, policy) for _, assumed in sets]
    counted = run(prepared, trials, seed, Options(True, by_month_and_site, policy), cores, progress, cluster)
    return tuple(
        summarise(name, trial, counts, regimen=regimen or study.id, seed=seed, unblinded=arms_used)
        for (name, _), trial, counts in zip(sets, prepared, counted, strict=True)
    )


def _scenarios(given: Sequence[tuple[str, Assumptions]]) -> list[tuple[str, Assumptions]]:
    """Raises InputError for what is no list of pairs of a name and its assumptions."""
    found: list[tuple[str, Assumptions]] = the_list("scenarios", given)
    for pair in found:
        if not isinstance(pair, tuple) or len(pair) != 2 or not isinstance(pair[0], str) or not isinstance(pair[1], Assumptions):
            raise InputError(Problem("`scenarios` holds what is no name with its assumptions", hint='give `[("accrual halved", assumed)]`'))
    return found
