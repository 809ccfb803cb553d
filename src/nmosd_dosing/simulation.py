"""The whole trial, many times: draw, expand, count.

Trials are worked out in blocks that fit into a processor's cache. A block is a cohort whose columns are all subjects of all its trials,
and it goes through the same core as one subject's plan. Only counts are kept of it, so memory does not grow with the trials.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import math
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from nmosd_dosing import course as courses
from nmosd_dosing.assumptions import Assumptions
from nmosd_dosing.days import LAST_DATE, Offset
from nmosd_dosing.draws import Draws, trials_per_block
from nmosd_dosing.errors import InputError, Problem, Problems
from nmosd_dosing.expansion import expand
from nmosd_dosing.futures import Beginning, site_names, sites, subjects
from nmosd_dosing.model import Period, Study, Trigger
from nmosd_dosing.outcomes import Calendar, Outcome, of_course, of_schedule, stay_of
from nmosd_dosing.parts import OPEN_END
from nmosd_dosing.standing import Real, standing
from nmosd_dosing.tallies import NONE, Grid, Numbers, Tally
from nmosd_dosing.triggers import CONFIRMED, JUDGED
from nmosd_dosing.vials import Policy
from nmosd_dosing.visits import lay_out

_SPARE = 2000  # days: for windows of entry, for visits that miss their targets, and for events that visits hang on
_UNIT = 8  # blocks that a process works out before it reports
_KEPT = 31 << 20  # bytes
_COMPARED = ("study_stop", "enrolled", "relapses", "entries", "doses", "last_dose")


@dataclass(frozen=True)
class Trial:
    """A study with what is assumed of its future. study: where the committee stops it after a share of the relapses, with that rule.
    rules: what stops it, by the names of the output, in the order of the study's rules. stops_at: how many relapses stop it."""

    study: Study
    periods: tuple[Period, ...]
    assumptions: Assumptions
    beginning: Beginning
    rules: tuple[str, ...]
    relapses_to_stop: int | None
    calendar: Calendar

    @property
    def period(self) -> str | None:
        """The period that `expand` is asked for: None for the way through several."""
        return self.periods[0].id if len(self.periods) == 1 else None


@dataclass(frozen=True)
class Options:
    """What is to be counted. doses: all dates of doses, else only what the ways through the periods tell. policy: of vials."""

    doses: bool = True
    by_month_and_site: bool = False
    policy: Policy = "least waste"


@dataclass(frozen=True)
class Counted:
    """The counts of some blocks, of one set of assumptions. differences: of numbers from those of the first set, trial by trial."""

    numbers: dict[str, Tally]
    by_month: dict[str, Grid]
    by_site: dict[str, Grid]
    by_month_and_site: dict[str, Grid]
    states: dict[str, Numbers]
    differences: dict[str, Tally]

    def __add__(self, other: Counted) -> Counted:
        return Counted(
            {name: tally + other.numbers[name] for name, tally in self.numbers.items()},
            _both(self.by_month, other.by_month),
            _both(self.by_site, other.by_site),
            _both(self.by_month_and_site, other.by_month_and_site),
            {name: months + other.states[name] for name, months in self.states.items()},
            {name: tally + other.differences[name] for name, tally in self.differences.items()},
        )


def _both(one: dict[str, Grid], other: dict[str, Grid]) -> dict[str, Grid]:
    return {name: grid + other[name] for name, grid in one.items()}


def prepare(
    study: Study, periods: tuple[Period, ...], assumptions: Assumptions, real: Real | None = None, policy: Policy = "least waste"
) -> Trial:
    """A trial to be simulated, from its beginning or with its real subjects so far.

    Raises InputError where its horizon lies beyond the year 9999, and where there are more real subjects than are assumed.
    """
    share = assumptions.idmc_stop if isinstance(assumptions.idmc_stop, Fraction) else None
    triggers = study.stop.earliest_of if study.stop is not None else ()
    to_stop = next((t.count for t in triggers if t.kind == "count" and t.name in (JUDGED, CONFIRMED)), None)
    if study.stop is not None and share is not None and to_stop is not None:
        recommended = Trigger("count", CONFIRMED, math.ceil(share * to_stop))
        mended = tuple(recommended if t.kind == "event" and t.name == "idmc_stop" else t for t in triggers)
        study = dataclasses.replace(study, stop=dataclasses.replace(study.stop, earliest_of=mended))
    by_weight = any(d is not None and d.by_weight for p in periods for e in p.entries for g in e.gives for d in g.doses)
    beginning = Beginning(assumptions, by_weight)
    opens, horizon = np.datetime64(assumptions.start, "D"), beginning.horizon
    longest = sum(_most_days(p, assumptions.follow or OPEN_END) for p in periods) + _SPARE
    if horizon > LAST_DATE - longest:
        raise InputError(Problem("the simulation runs beyond the year 9999", hint="check `start` and `horizon`"))
    if real is not None and not len(real.cohort):
        raise InputError(Problem("nobody so far", hint="leave the real subjects out"))
    first = opens if real is None else min(opens, real.cohort.start.min())
    calendar = Calendar(first.astype("datetime64[M]").astype("datetime64[D]"), horizon + np.timedelta64(longest, "D"))
    trial = Trial(study, periods, assumptions, beginning, tuple(map(_key, triggers)), to_stop, calendar)
    if real is None:
        return trial
    if len(real.cohort) > assumptions.subjects:
        wrong = f"{len(real.cohort)} subjects so far, and {assumptions.subjects} are assumed in all"
        raise InputError(Problem(wrong, hint="`subjects` counts all of them"))
    so_far = standing(study, real, period=trial.period, calendar=calendar, policy=policy)
    return dataclasses.replace(trial, beginning=dataclasses.replace(beginning, so_far=so_far))


def _most_days(period: Period, follow: Offset) -> int:
    """The most days that anything of a period can come after its day 1."""
    planned = [(visit.last or visit.offset).range[1] for visit in lay_out(period, follow.range[1], Problems()) if visit.offset is not None]
    return max([period.length.range[1] if period.length is not None else 0, follow.range[1], *planned])


def _key(trigger: Trigger) -> str:
    """What the output calls a rule that stops the study."""
    if trigger.kind == "count" and trigger.name in (JUDGED, CONFIRMED):
        return "relapses"
    if trigger.kind == "subject":
        return "last_subject"
    return "idmc" if trigger.name == "idmc_stop" else trigger.text


def outcome(trial: Trial, draws: Draws, options: Options) -> Outcome:
    """What becomes of the trials of a block."""
    idmc = trial.assumptions.idmc_stop
    of_study = {"idmc_stop": idmc} if isinstance(idmc, dt.date) else {}
    cohort = subjects(trial.beginning, draws, of_study)
    if not options.doses:
        course = courses.resolve(trial.study, trial.periods, cohort)
        return Outcome(of_course(course, stay_of(course, cohort)))
    schedule = expand(trial.study, cohort, period=trial.period, allow_deviation=True, accept_gap=True)
    names = site_names(trial.beginning)
    where = sites(trial.beginning, draws)
    return of_schedule(schedule, trial.calendar, options.policy, where, len(names), options.by_month_and_site, trial.beginning.so_far)


def run(
    trials: Sequence[Trial], times: int, seed: int, options: Options, cores: int, progress: Callable[[int], None] | None = None
) -> list[Counted]:
    """The counts of each of several trials, worked out `times` times with common random numbers. `progress` is told how many are done.

    The numbers are the same on any number of cores.
    """
    size = trials_per_block(max(trial.assumptions.subjects for trial in trials))
    blocks = -(-times // size)
    unit = max(1, min(_UNIT, blocks // (cores * 4)))
    jobs = [(begin, min(begin + unit, blocks)) for begin in range(0, blocks, unit)]
    total: list[Counted] | None = None
    work = functools.partial(_blocks, tuple(trials), times, size, seed, options)
    for (_, end), counted in zip(jobs, _each(work, jobs, cores), strict=True):
        total = counted if total is None else list(map(operator.add, total, counted))
        if progress is not None:
            progress(min(end * size, times))
    assert total is not None
    return total


Job = tuple[int, int]


def _each(work: Callable[[Job], list[Counted]], jobs: Sequence[Job], cores: int) -> Iterator[list[Counted]]:
    """The counts of jobs, in their order: here, or in processes of their own."""
    if cores == 1 or len(jobs) == 1:
        _keep_memory()
        yield from map(work, jobs)
        return
    import multiprocessing
    from collections import deque
    from concurrent.futures import Future, ProcessPoolExecutor

    pool = ProcessPoolExecutor(min(cores, len(jobs)), multiprocessing.get_context("spawn"), initializer=_begin_process)
    waiting: deque[Future[list[Counted]]] = deque()
    try:
        for job in jobs:  # a few at a time: what is done does not pile up
            waiting.append(pool.submit(work, job))
            if len(waiting) > 2 * cores:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _begin_process() -> None:
    """An interrupt is for the program that waits: it lets the others end."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _keep_memory()


def _keep_memory() -> None:
    """A large array, given back at once: from then on the allocator (of glibc) keeps what is freed instead of handing it back to the
    system and asking for it again, page by page, for every array of a block. That took half of the time."""
    np.empty(_KEPT, dtype=np.uint8)


def _blocks(trials: tuple[Trial, ...], times: int, size: int, seed: int, options: Options, job: Job) -> list[Counted]:
    """The counts of some blocks, for each of the trials."""
    total: list[Counted] | None = None
    for block in range(*job):
        draws = Draws(seed, block, size, min(size, times - block * size))
        found = [outcome(trial, draws, options) for trial in trials]
        counted = [_count(one, found[0], trial, trials[0]) for one, trial in zip(found, trials, strict=True)]
        total = counted if total is None else list(map(operator.add, total, counted))
    assert total is not None
    return total


def _count(found: Outcome, base: Outcome, trial: Trial, of_base: Trial) -> Counted:
    differences = {}
    if found is not base:
        mine, others = _compared(found, trial), _compared(base, of_base)
        for name in _COMPARED:
            if name in mine and name in others:
                there = (mine[name] != NONE) & (others[name] != NONE)
                differences[name] = Tally.of(np.where(there, mine[name] - others[name], NONE))
    return Counted(
        {name: Tally.of(numbers) for name, numbers in found.numbers.items()},
        {name: Grid.of(numbers, running=name == "relapses") for name, numbers in found.by_month.items()},
        {name: Grid.of(numbers) for name, numbers in found.by_site.items()},
        {name: Grid.of(numbers) for name, numbers in found.by_month_and_site.items()},
        found.states,
        differences,
    )


def _compared(found: Outcome, trial: Trial) -> dict[str, Numbers]:
    """The numbers that sets of assumptions are compared by, entries and doses in all."""
    numbers = found.numbers
    entries = [numbers[f"entries {rule.id}"] for rule in trial.study.transitions if f"entries {rule.id}" in numbers]
    doses = [numbers[f"doses {p.id}"] for p in trial.periods if f"doses {p.id}" in numbers]
    sums = {name: functools.reduce(operator.add, each) for name, each in (("entries", entries), ("doses", doses)) if each}
    return numbers | sums
