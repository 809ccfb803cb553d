"""The whole trial, many times: draw, expand, count.

Trials are worked out in blocks that fit into a processor's cache. A block is a cohort whose columns are all subjects of all its trials,
and it goes through the same core as one subject's plan. Only counts are kept of it, so memory does not grow with the trials.
"""

from __future__ import annotations

import datetime as dt
import functools
import math
import operator
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from msgspec import Struct, structs

from nmosd_dosing.days import LAST_DATE
from nmosd_dosing.dose.dose import BandedBy
from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.errors import InputError, Problem, Problems, argument, one_of
from nmosd_dosing.processes import each
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.simulation.assumptions.model import Assumptions
from nmosd_dosing.simulation.draws import Draws, trials_per_block
from nmosd_dosing.simulation.outcomes import Calendar, Outcome, of_disposition, of_schedule, stay_of, with_sums
from nmosd_dosing.simulation.simulated_subjects import Beginning, site_names, sites, subjects
from nmosd_dosing.simulation.tallies import NONE, Grid, Numbers, Tally
from nmosd_dosing.simulation.trial_to_date import Real, standing
from nmosd_dosing.study import period_order
from nmosd_dosing.study.events import CONFIRMED, IDMC_STOP, RELAPSE, STUDY_EVENTS
from nmosd_dosing.study.model import Period, Study, Trigger
from nmosd_dosing.study.visit_rules import Give
from nmosd_dosing.study.visits import OPEN_END, lay_out
from nmosd_dosing.subjects.before_entry import Before
from nmosd_dosing.subjects.disposition import resolve
from nmosd_dosing.subjects.triggers import first_of_each

_SPARE = 2000  # days: for windows of entry, for visits that miss their targets, and for events that visits hang on
_UNIT = 8  # blocks that a process works out before it reports
_SECONDS = 1.0  # that a job takes on a cluster: long against its way there, short against the whole
_COMPARED = ("study_stop", "enrolled", "relapses", "entries", "doses", "last_dose")


class Trial(Struct, frozen=True):
    """A study and what is assumed of its future, ready to be drawn.

    study: as in its file; where the assumptions let the committee stop it after a share of the relapses, with a rule for that count.
    periods: the way of a subject, first things first. beginning: from where the drawing goes on. rules: what may stop the study, as the
    output calls it, in the order of the study's rules. relapses_to_stop: after how many relapses it stops; None: after no number of
    them. calendar: the months of the run. before: the visits of each period.
    """

    study: Study
    periods: tuple[Period, ...]
    assumptions: Assumptions
    beginning: Beginning
    rules: tuple[str, ...]
    relapses_to_stop: int | None
    calendar: Calendar
    before: tuple[Before, ...]

    @property
    def period(self) -> str | None:
        """The period that `expand` is asked for: None for the way through several."""
        return self.periods[0].id if len(self.periods) == 1 else None


class Options(Struct, frozen=True):
    """What is to be counted.

    doses: whether doses are dated and counted, which takes most of the time; without them only stops, entries and exits are.
    by_month_and_site: whether doses and vials are also told by month and site together. policy: how vials are chosen.
    """

    doses: bool = True
    by_month_and_site: bool = False
    policy: Policy = "least waste"


class Counted(Struct, frozen=True):
    """How often each number came up in some blocks of trials, under one set of assumptions: the counts of `Outcome`, under its names.

    states: by name (months + 1,), summed over trials. differences: of numbers from those under the first set of assumptions, trial by
    trial. Counts of several blocks are added with `+`.
    """

    numbers: dict[str, Tally]
    by_month: dict[str, Grid]
    by_site: dict[str, Grid]
    by_month_and_site: dict[str, Grid]
    states: dict[str, Numbers]
    differences: dict[str, Tally]

    def __add__(self, other: Counted) -> Counted:
        both = zip(structs.astuple(self), structs.astuple(other), strict=True)
        return Counted(*({name: counts + theirs[name] for name, counts in mine.items()} for mine, theirs in both))


def prepare(
    study: Study, periods: tuple[Period, ...], assumptions: Assumptions, real: Real | None = None, policy: Policy = "least waste"
) -> Trial:
    """A trial to be simulated, from its beginning or with its real subjects so far.

    Raises InputError where its horizon lies beyond the year 9999, and where there are more real subjects than are assumed.
    """
    told = real is not None and IDMC_STOP in real.cohort.of_study
    share = assumptions.idmc_stop if isinstance(assumptions.idmc_stop, Fraction) and not told else None
    triggers = study.stop.earliest_of if study.stop is not None else ()
    to_stop = next((t.count for t in triggers if t.kind == "count" and t.name in (RELAPSE, CONFIRMED)), None)
    if study.stop is not None and share is not None and to_stop is not None:
        recommended = Trigger("count", CONFIRMED, math.ceil(share * to_stop))
        mended = tuple(recommended if t.kind == "event" and t.name == IDMC_STOP else t for t in triggers)
        study = structs.replace(study, stop=structs.replace(study.stop, earliest_of=mended))
    by_weight = any(d is not None and d.by_weight for p in periods for e in p.visit_rules for g in e.gives for d in g.doses)
    beginning = Beginning(assumptions, by_weight)
    opens, horizon = np.datetime64(assumptions.start, "D"), beginning.horizon
    _check(assumptions, periods, real, horizon)
    follow = (assumptions.follow or OPEN_END).range[1]
    before = tuple(Before(period, lay_out(period, follow, Problems())) for period in periods)
    longest = sum(_most_days(own, follow) for own in before) + _SPARE
    if horizon > LAST_DATE - longest:
        raise InputError(Problem("the simulation runs beyond the year 9999", hint="check `start` and `horizon`"))
    first = opens if real is None else min(opens, real.cohort.start.min())
    first += np.timedelta64(min(0, *(_fewest_days(own, assumptions) for own in before)), "D")
    calendar = Calendar(first.astype("datetime64[M]").astype("datetime64[D]"), horizon + np.timedelta64(longest, "D"))
    trial = Trial(study, periods, assumptions, beginning, tuple(map(_key, triggers)), to_stop, calendar, before)
    if real is None:
        return trial
    if len(real.cohort) > assumptions.subjects:
        wrong = f"{len(real.cohort)} subjects so far, and {assumptions.subjects} are assumed in all"
        raise InputError(Problem(wrong, hint="`subjects` counts all of them"))
    so_far = standing(study, real, period=trial.period, calendar=calendar, policy=policy)
    trial = structs.replace(trial, beginning=structs.replace(beginning, so_far=so_far))
    _check_share(trial, real)
    return trial


def _check(assumptions: Assumptions, periods: tuple[Period, ...], real: Real | None, horizon: np.datetime64) -> None:
    """Raises InputError for assumptions that cannot be those of this study, or not on the day up to which things are known."""
    problems = []
    arms = period_order.arms_of(periods)
    if (assumptions.arms and assumptions.arms != arms) or len(assumptions.allocation) != len(arms):
        theirs = one_of(assumptions.arms) or "none"
        problems.append(Problem(f"assumptions of another study: their arms are {theirs}", hint=f"here they are {one_of(arms) or 'none'}"))
    if assumptions.subjects < 1:
        problems.append(Problem(f"{assumptions.subjects} subjects", hint="1 or more"))
    if real is not None and not len(real.cohort):
        problems.append(Problem("nobody so far", hint="leave the real subjects out"))
    if real is not None and np.datetime64(real.as_of, "D") >= horizon:
        problems.append(Problem(f"all is known up to {real.as_of}, and the horizon is {horizon}", hint="a later `horizon`"))
    idmc = assumptions.idmc_stop
    if real is not None and not _has_stopped(real) and isinstance(idmc, dt.date) and idmc <= real.as_of:
        wrong = f"it is assumed that the committee stops the study on {idmc}, and up to {real.as_of} it is known what has happened"
        problems.append(Problem(wrong, hint=f"`{argument('of_study', f'idmc_stop={idmc}')}` if it did; else a later date, or `none`"))
    gives = [give for period in periods for entry in period.visit_rules for give in entry.gives]
    for product, by in dict.fromkeys((give.product, by) for give in gives for by in _by(give) if by != "weight"):
        what, drawn = ("age", "no ages are drawn") if by == "age" else (by.name, f"no {by.name} is drawn")
        words = f"{product} is dosed by {what}, and {drawn}"
        problems.append(Problem(words, hint=f"simulate a copy of the study file in which its dose is not by {what}"))
    if problems:
        raise InputError(problems)


def _by(give: Give) -> Iterator[BandedBy]:
    """What the bands of a product are of, at all levels."""
    for doses in (give.doses, *give.ways):
        for dose in doses:
            if dose is not None:
                yield from (each.banded_by for each in (dose, *(dose.levels.doses if dose.levels is not None else ())))


def _has_stopped(real: Real) -> bool:
    """Whether it is told that the study, or the committee, has stopped it."""
    return not real.cohort.of_study.keys().isdisjoint(STUDY_EVENTS)


def _check_share(trial: Trial, real: Real) -> None:
    """Raises InputError where a share of the relapses at which the committee is assumed to stop is there already."""
    share = trial.assumptions.idmc_stop
    if not isinstance(share, Fraction) or trial.study.stop is None or trial.relapses_to_stop is None or _has_stopped(real):
        return
    so_far = trial.beginning.so_far
    assert so_far is not None
    disposition = resolve(trial.study, trial.periods, so_far.cohort)
    dates = first_of_each(stay_of(disposition, so_far.cohort), CONFIRMED)
    there, needed = int((~np.isnat(dates)).sum()), math.ceil(share * trial.relapses_to_stop)
    if there >= needed:
        wrong = f"it is assumed that the committee stops the study at {needed} relapses, and up to {real.as_of} there are {there}"
        raise InputError(Problem(wrong, hint=f"`{argument('of_study', 'idmc_stop=DATE')}` if it did; else a larger share, or `none`"))


def _fewest_days(own: Before, assumptions: Assumptions) -> int:
    """How many days before its day 1 a period may begin: a negative number, or 0."""
    first = min((visit.offset.range[0] for visit in own.visits if visit.offset is not None), default=0)
    return first + min(0, assumptions.scatter[0]) if first < 0 else 0


def _most_days(own: Before, follow: int) -> int:
    """The most days that anything of a period can come after its day 1."""
    planned = [(visit.last or visit.offset).range[1] for visit in own.visits if visit.offset is not None]
    return max([own.period.length.range[1] if own.period.length is not None else 0, follow, *planned])


def _key(trigger: Trigger) -> str:
    """What the output calls a rule that stops the study."""
    if trigger.kind == "count" and trigger.name in (RELAPSE, CONFIRMED):
        return "relapses"
    if trigger.kind == "subject":
        return "last_subject"
    return "idmc" if trigger.name == IDMC_STOP else trigger.text


def outcome(trial: Trial, draws: Draws, options: Options) -> Outcome:
    """What becomes of the trials of a block."""
    idmc = trial.assumptions.idmc_stop
    of_study = {IDMC_STOP: idmc} if isinstance(idmc, dt.date) else {}
    cohort = subjects(trial.beginning, draws, of_study)
    if not options.doses:
        disposition = resolve(trial.study, trial.periods, cohort, trial.before)
        return with_sums(Outcome(of_disposition(disposition, stay_of(disposition, cohort))))
    schedule = expand(trial.study, cohort, period=trial.period, allow_deviation=True, accept_gap=True)
    names = site_names(trial.beginning)
    where = sites(trial.beginning, draws)
    found = of_schedule(schedule, trial.calendar, options.policy, where, len(names), options.by_month_and_site, trial.beginning.so_far)
    return with_sums(found)


class Job(NamedTuple):
    """A part of a run: some of the sets of assumptions, in some of the blocks; each from one up to, and without, another."""

    first_set: int
    end_of_sets: int
    first_block: int
    end_of_blocks: int


def run(
    trials: Sequence[Trial], times: int, seed: int, options: Options, cores: int, progress: Callable[[int], None] | None = None,
    cluster: str | None = None,
) -> list[Counted]:  # fmt: skip
    """The counts of each of several trials, worked out `times` times with common random numbers. `progress` is told how many are done.

    The numbers are the same on any number of cores, and on a cluster, of which the address is given.
    """
    size = trials_per_block(max(trial.assumptions.subjects for trial in trials))
    sets, blocks = len(trials), -(-times // size)
    work = functools.partial(_blocks, tuple(trials), times, size, seed, options)
    if cluster is None:
        most_sets, most_blocks = sets, max(1, min(_UNIT, blocks // (cores * 4)))
        cores = min(cores, -(-blocks // most_blocks))
    else:
        work(Job(0, 1, 0, 1))  # so that all is loaded
        begin = time.process_time()
        work(Job(0, 1, 0, 1))
        most_sets = max(1, round(_SECONDS / (time.process_time() - begin)))
        most_blocks = max(1, most_sets // sets)
    total: dict[int, Counted] = {}
    done = 0
    for job, counted in each(work, _jobs(sets, blocks, most_sets, most_blocks), cores, cluster):
        for i, counts in enumerate(counted, job.first_set):
            total[i] = total[i] + counts if i in total else counts
        done += len(counted) * (job.end_of_blocks - job.first_block)
        if progress is not None:
            progress(times * done // (blocks * sets))
    return list(total.values())


def _jobs(sets: int, blocks: int, most_sets: int, most_blocks: int) -> Iterator[Job]:
    """All sets of assumptions in all blocks, so many at most in each job."""
    for block in range(0, blocks, most_blocks):
        for one in range(0, sets, most_sets):
            yield Job(one, min(one + most_sets, sets), block, min(block + most_blocks, blocks))


def _blocks(trials: tuple[Trial, ...], times: int, size: int, seed: int, options: Options, job: Job) -> tuple[Job, list[Counted]]:
    """A job, and the counts of its trials. They have their differences from the first of all."""
    total: list[Counted] | None = None
    for block in range(job.first_block, job.end_of_blocks):
        draws = Draws(seed, block, size, min(size, times - block * size))
        base = outcome(trials[0], draws, options)
        counted = [_count(outcome(trials[i], draws, options) if i else base, base) for i in range(job.first_set, job.end_of_sets)]
        total = counted if total is None else list(map(operator.add, total, counted))
    assert total is not None
    return job, total


def _count(found: Outcome, base: Outcome) -> Counted:
    differences = {}
    if found is not base:
        for name in _COMPARED:
            mine, other = found.numbers.get(name), base.numbers.get(name)
            if mine is not None and other is not None:
                differences[name] = Tally.of(np.where((mine != NONE) & (other != NONE), mine - other, NONE))
    return Counted(
        {name: Tally.of(numbers) for name, numbers in found.numbers.items()},
        {name: Grid.of(numbers, running=name == "relapses") for name, numbers in found.by_month.items()},
        {name: Grid.of(numbers) for name, numbers in found.by_site.items()},
        {name: Grid.of(numbers) for name, numbers in found.by_month_and_site.items()},
        found.states,
        differences,
    )
