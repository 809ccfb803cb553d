"""The simulated trial against a discrete-event simulation on SimPy, a plain loop over subjects, and its bare random numbers; on one core
and on two; and the memory it takes."""

from __future__ import annotations

import datetime as dt
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from msgspec import field
from numpy.typing import NDArray
from plain_trials import DOSES, RULES, Chance, of_python, orders
from plain_trials import NEVER as NO_DAY
from plain_trials import Found as ByHand
from plain_trials import trial as by_hand
from race import heading, race, row

from nmosd_dosing import load
from nmosd_dosing.simulation.assumptions.file import read_assumptions
from nmosd_dosing.simulation.draws import Draws, trials_per_block
from nmosd_dosing.simulation.outcomes import Outcome
from nmosd_dosing.simulation.tallies import NONE
from nmosd_dosing.simulation.trials import Options, Trial, outcome, prepare, run
from nmosd_dosing.study.period_order import way

sys.path.append(str(Path(__file__).parents[1]))
from tests.judges import twin

EXAMPLE = Path(__file__).parents[1] / "examples" / "bat4406f" / "assumptions.yaml"
SEED = 1
COUNTS, ALL = Options(doses=False), Options()
TRIALS, IN_A_LOOP, ON_SIMPY = 4096, 128, 24  # times are per trial
COMPARED = 50
ON_CORES = 200_000
IN_MEMORY = (10_000, 400_000)
ROUNDS = 3
EPOCH = dt.date(1970, 1, 1).toordinal()

Counts = dict[str, int]


def example() -> Trial:
    study = load("bat4406f")
    periods = way(study)
    return prepare(study, periods, read_assumptions(EXAMPLE.read_bytes(), EXAMPLE.name, study, periods))


# --- the random numbers alone ---------------------------------------------------------------------------------------------

Call = tuple[str, str, tuple[int, ...]]  # method, cause, rows and what else it takes


class Noted(Draws, frozen=True):
    """Draws that note what is asked of them."""

    calls: list[Call] = field(default_factory=list)

    def exponential(self, cause: str, rows: int) -> NDArray[np.float64]:
        self.calls.append(("exponential", cause, (rows,)))
        return Draws.exponential(self, cause, rows)

    def uniform(self, cause: str, rows: int) -> NDArray[np.float64]:
        self.calls.append(("uniform", cause, (rows,)))
        return Draws.uniform(self, cause, rows)

    def integers(self, cause: str, rows: int, below: int) -> NDArray[np.int64]:
        self.calls.append(("integers", cause, (rows, below)))
        return Draws.integers(self, cause, rows, below)


def asked(trial: Trial, options: Options) -> list[Call]:
    """What the engine draws for a block; each block has the same."""
    noted = Noted(SEED, 0, trials_per_block(trial.assumptions.subjects))
    outcome(trial, noted, options)
    return noted.calls


def draw(calls: list[Call], trials: int, size: int) -> None:
    for block in range(trials // size):
        draws = Draws(SEED, block, size)
        for method, cause, numbers in calls:
            getattr(draws, method)(cause, *numbers)


# --- all come to the same -------------------------------------------------------------------------------------------------


def same_chance(calls: list[Call], size: int, t: int) -> Chance:
    """The engine's numbers of one trial of the first block."""
    draws = Draws(SEED, 0, size)
    drawn = {cause: getattr(draws, method)(cause, *numbers)[:, t].tolist() for method, cause, numbers in calls}
    return Chance(lambda cause, i: drawn[cause][i], lambda cause, i: drawn[cause][i], lambda cause, i, _: drawn[cause][i])


def of_engine(found: Outcome, trial: Trial, t: int) -> Counts:
    month_0 = int(trial.calendar.first.astype("datetime64[M]").astype(np.int64)) + 1970 * 12 - 1  # months are numbered from 1
    names = ["study_stop", "enrolled", *(f"entries {rule}" for rule in RULES), *(f"doses {p}" for p in DOSES), "last_dose"]
    counts = {name: int(found.numbers[name][t]) for name in names if name in found.numbers}
    for period in DOSES:
        by_month, by_site = found.by_month.get(f"doses {period}"), found.by_site.get(f"doses {period}")
        if by_month is not None and by_site is not None:
            counts |= {f"{period} in {month_0 + m}": int(by_month[m, t]) for m in range(1, len(by_month))}
            counts |= {f"{period} at {site}": int(by_site[site, t]) for site in range(len(by_site))}
    return {name: count for name, count in counts.items() if count not in (0, NONE)}


def of_other(found: twin.Result | ByHand) -> Counts:
    """What the twin or the loop comes to: days of the one are dates, and months their first days; of the other they are numbers."""
    days = {"study_stop": found.stop, "last_dose": found.last_dose}
    numbers = {name: day.toordinal() if isinstance(day, dt.date) else day for name, day in days.items()}
    counts = {name: day - EPOCH for name, day in numbers.items() if day not in (None, 0, NO_DAY)} | {"enrolled": found.enrolled}
    for what, by_name in (("entries", found.entries), ("doses", found.doses)):
        counts |= {f"{what} {name}": n for name, n in by_name.items()}
    for (month, period), n in found.monthly.items():
        counts[f"{period} in {month.year * 12 + month.month - 1 if isinstance(month, dt.date) else month}"] = n
    return counts | {f"{period} at {site}": n for (site, period), n in found.by_site.items()}


def check(trial: Trial) -> None:
    """With the same numbers the engine, the twin and the loop come to the same days and counts, trial by trial."""
    assumed, blocks = trial.assumptions, orders(trial.assumptions)
    size = trials_per_block(assumed.subjects)
    calls = asked(trial, ALL)
    for options in (COUNTS, ALL):
        found = outcome(trial, Draws(SEED, 0, size), options)
        twins = twin.run_same(twin.BAT4406F, assumed, SEED, COMPARED, options.doses)
        for t, theirs in enumerate(twins):
            expected = of_engine(found, trial, t)
            looped = by_hand(assumed, blocks, same_chance(calls, size, t), options.doses)
            assert of_other(theirs) == expected, f"twin and engine differ in trial {t}"
            assert of_other(looped) == expected, f"loop and engine differ in trial {t}"


# --- the race ---------------------------------------------------------------------------------------------------------------


def contestants(trial: Trial, options: Options) -> dict[str, Callable[[], object]]:
    assumed, blocks, size = trial.assumptions, orders(trial.assumptions), trials_per_block(trial.assumptions.subjects)
    calls, chance, what = asked(trial, options), of_python(SEED), "doses" if options.doses else "counts"
    return {
        f"engine {what}": lambda: run([trial], TRIALS, SEED, options, 1),
        f"draws {what}": lambda: draw(calls, TRIALS, size),
        f"loop {what}": lambda: [by_hand(assumed, blocks, chance, options.doses) for _ in range(IN_A_LOOP)],
        f"SimPy {what}": lambda: list(twin.run_own(twin.BAT4406F, assumed, SEED, ON_SIMPY, options.doses)),
    }


def contest(trial: Trial) -> None:
    assumed, trials = trial.assumptions, {"engine": TRIALS, "draws": TRIALS, "loop": IN_A_LOOP, "SimPy": ON_SIMPY}
    fastest = race(contestants(trial, COUNTS) | contestants(trial, ALL), ROUNDS, time.process_time)
    seconds = {name: taken / trials[name.split()[0]] for name, taken in fastest.items()}
    counts, doses = seconds["engine counts"], seconds["engine doses"]
    heading(f"simulation: bat4406f, {assumed.subjects} subjects, {assumed.sites} sites, processor time per trial; all come to the same")
    row("SimPy, a whole trial / stop and counts", seconds["SimPy doses"] / counts, f"{counts * 1e6:.0f} µs a trial; goal: 500")
    row("SimPy without doses / stop and counts", seconds["SimPy counts"] / counts)
    row("SimPy / all doses, months, sites and states", seconds["SimPy doses"] / doses, f"{doses * 1e6:.0f} µs a trial; goal: 150")
    row("loop without doses / stop and counts", seconds["loop counts"] / counts)
    row("loop / all doses, months, sites and states", seconds["loop doses"] / doses)
    row("stop and counts / its random numbers alone", counts / seconds["draws counts"])
    row("all doses, months, sites and states / its random numbers", doses / seconds["draws doses"])


def cores(trial: Trial) -> None:
    """On a busy machine two cores wait for others; how much more work they have than one does not show that."""
    wall, processor = {}, {}
    for n in (1, 2):
        begin, begin_processor = time.perf_counter(), spent()
        run([trial], ON_CORES, SEED, ALL, n)
        wall[n], processor[n] = time.perf_counter() - begin, spent() - begin_processor
    heading(f"simulation: {ON_CORES:,} trials with all doses, once on each, with the start of the processes")
    row("one core / two cores, by the clock on the wall", wall[1] / wall[2], f"{wall[1]:.0f} s, {wall[2]:.0f} s; goal: 1.7")
    row("processor time of one core / half of that of two", processor[1] / processor[2] * 2, "the same, were nobody else there")


def spent() -> float:
    """Seconds of processor time of this process, and of those that it began and that have ended."""
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def peak(trials: int) -> dict[str, int]:
    """Bytes of this process at its peak, after a run on one core."""
    run([example()], trials, SEED, ALL, 1)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"peak": most if sys.platform == "darwin" else most * 1024}


def memory() -> None:
    """Measured while this process is still small: Linux counts to a new process what the one that began it had."""
    found = {n: json.loads(subprocess.check_output([sys.executable, __file__, "peak", str(n)]))["peak"] for n in IN_MEMORY}
    few, many = IN_MEMORY
    heading("simulation: peak memory with all doses on one core, each in a process of its own, with Python and numpy")
    row(f"{many:,} trials / {few:,} trials", found[many] / found[few], f"{found[many] / 1e6:.0f} MB; goal: about 1, under 500 MB")


def main() -> None:
    memory()
    trial = example()
    check(trial)
    contest(trial)
    cores(trial)


if __name__ == "__main__":
    if sys.argv[1:2] == ["peak"]:
        print(json.dumps(peak(int(sys.argv[2]))))
    else:
        main()
