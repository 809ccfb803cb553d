"""`dosing simulate`: the whole trial, many times."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Sequence
from functools import partial

from msgspec.structs import replace

from nmosd_dosing.cli import arguments, outputs, people
from nmosd_dosing.cli.edge import bar, collected, fail
from nmosd_dosing.cli.files import check_names, has_folder, read_file
from nmosd_dosing.cli.options import PeopleOptions, SimulateOptions, SimulatePeople, option
from nmosd_dosing.cli.output_options import OutputOptions
from nmosd_dosing.errors import Problems
from nmosd_dosing.plans.request import Request
from nmosd_dosing.report.export.simulation import simulation_sheet, simulation_to_dict
from nmosd_dosing.report.plots import drawing as drawings
from nmosd_dosing.simulation.assumptions.file import read_assumptions, read_text
from nmosd_dosing.simulation.assumptions.model import Assumptions
from nmosd_dosing.simulation.assumptions.scenario_file import read_scenarios
from nmosd_dosing.simulation.scenarios import MOST_SEED, MOST_TRIALS, simulate
from nmosd_dosing.simulation.summaries import Scenario
from nmosd_dosing.simulation.trial_to_date import Real

_FEW = 20_000  # trials that take a few seconds on one core, about as long as it takes to begin processes on others
_MOST_CORES = 1024


def run(whom: SimulatePeople, asked: SimulateOptions, output: OutputOptions) -> None:
    """Simulate, and only when all of it is there write it."""
    trials, work = _checked(whom, asked, output)
    with bar(trials, "trials") as progress:
        found = work(progress=progress)
    outputs.put_drawn(FORMATS, output, asked.plot, _drawing, found)


def _drawing(found: Sequence[Scenario], ending: str) -> bytes:
    from nmosd_dosing.report.plots.simulation import draw_simulation

    return draw_simulation(found[0].summary, ending)


FORMATS = outputs.listed(outputs.page("simulation", "simulation_page"), simulation_to_dict, simulation_sheet)


def _checked(whom: SimulatePeople, asked: SimulateOptions, output: OutputOptions) -> tuple[int, Callable[..., tuple[Scenario, ...]]]:
    """How many trials there are, and what simulates them."""
    problems = Problems()
    drawn = f"write `--plot {output.output}`, or name another file"
    outputs.check_output(FORMATS, output, problems, dict.fromkeys(drawings.ENDINGS, drawn))
    trials = arguments.whole("--trials", asked.trials, problems, 1, MOST_TRIALS)
    seed = arguments.whole("--seed", asked.seed, problems, 0, MOST_SEED)
    cores = arguments.whole("--cores", asked.cores, problems, 1, _MOST_CORES) if asked.cores is not None else None
    cluster, of_study = arguments.cluster(whom.on, asked.cores, problems)
    whom = replace(whom, on=of_study)
    policy = arguments.policy("--vials", asked.vials, problems)
    read = [*whom.files, ("`--assumptions`", asked.assumptions), ("`--scenarios`", asked.scenarios)]
    written = [("`--plot`", asked.plot or None), ("`--output`", output.output)]
    check_names(written, read, problems)
    if asked.plot is not None:
        arguments.drawing("--plot", asked.plot, problems)
        collected(problems, drawings.needs_matplotlib)  # told before the trials are simulated
    for path in (output.output, asked.plot):
        if path:
            has_folder(path, problems)
    as_of = _as_of(whom, asked, problems)
    request = _people(whom, as_of, problems)
    assumed = _assumptions(asked, request, problems)
    if request is not None:
        request = replace(request, unblind=asked.unblind, policy=policy)
        people.check_arms(request, "add `--allocation FILE` with subject, arm", problems, "everybody's arm")
    if request is None or assumed is None or trials is None or seed is None or problems.found:
        fail(problems)
    so_far = _so_far(request, as_of) if whom.subjects is not None and as_of is not None else None
    study, (base, scenarios) = request.study, assumed
    regimen = study.id if request.period is None else study.regimen_id(request.periods[0])
    return trials, partial(
        simulate, study, base, trials, seed, scenarios=scenarios, period=request.period, regimen=regimen, so_far=so_far,
        unblind=request.unblind, by_month_and_site=asked.by_site, policy=request.policy, cores=cores or _cores_for(trials), cluster=cluster,
    )  # fmt: skip


def _so_far(request: Request, as_of: dt.date) -> Real | None:
    """The real subjects of the tables, with whom every trial begins; None where nobody has begun by then."""
    known = people.known_by(request, as_of)
    later = [subject for subject in known.subjects if subject.start is not None and subject.start > as_of]
    people.say_not_known_yet([f"day 1 of subject `{s.code}`, {s.start}{f' ({s.place.where})' if s.place else ''}" for s in later], as_of)
    begun = [subject for subject in known.subjects if subject.start is not None and subject.start <= as_of]
    # what is booked is drawn, as all that is to come
    subjects = tuple(replace(s, records=tuple(record for record in s.records if record.is_fact)) for s in begun)
    return Real(replace(known, subjects=subjects).cohort, as_of, tuple(s.site for s in subjects)) if subjects else None


def _cores_for(trials: int) -> int:
    return (os.cpu_count() or 1) if trials > _FEW else 1


def _as_of(whom: PeopleOptions, asked: SimulateOptions, problems: Problems) -> dt.date | None:
    """The day up to which the tables hold. No option about real subjects means anything without them."""
    if whom.subjects is not None:
        if asked.as_of is None:
            hint = "the day up to which the tables hold all that happened, for example `--as-of 2025-06-30`"
            problems.error("`--subjects` needs `--as-of`", None, hint)
            return None
        return arguments.date("--as-of", asked.as_of, problems)
    about_them = {name: getattr(whom, name) for name in ("allocation", "events", "visits", "on")}
    for name, value in {**about_them, "as_of": asked.as_of, "unblind": asked.unblind}.items():
        if value:
            hint = "add `--subjects FILE` with subject, start; or leave it out"
            if name == "on" and any(text.startswith("idmc_stop=") for text in whom.on):
                hint = "a date that is assumed stands in the assumptions: `idmc_stop: 2025-07-02`"
            problems.error(f"`{option(name)}` is about real subjects", None, hint)
    return None


def _people(whom: PeopleOptions, as_of: dt.date | None, problems: Problems) -> Request | None:
    """The study and its periods, with the real subjects if there are any."""
    if whom.subjects is None:
        whom = PeopleOptions(regimen=whom.regimen, period=whom.period, site=whom.site, start="2001-01-01")
    return people.read(whom, problems, as_of)


def _assumptions(
    asked: SimulateOptions, request: Request | None, problems: Problems
) -> tuple[Assumptions, tuple[tuple[str, Assumptions], ...]] | None:
    """The assumptions, and those of the scenarios. What is wrong within a file can be told only once it is known for which study."""
    path, other = asked.assumptions, asked.scenarios
    if path is None:
        hint = "name a file of them: `--assumptions FILE`; examples/bat4406f/assumptions.yaml is one"
        problems.error("`--assumptions` is missing", None, hint)
    base = collected(problems, lambda: read_file(path)) if path is not None else None
    changes = collected(problems, lambda: read_file(other)) if other is not None else None
    if base is None or request is None or path is None:
        return None
    study, periods = request.study, request.periods
    found = collected(problems, lambda: read_assumptions(base, path, study, periods))
    if found is None or changes is None or other is None:
        return (found, ()) if found is not None else None
    changed = collected(problems, lambda: read_scenarios(changes, other, read_text(base, path), study, periods))
    return (found, changed) if changed is not None else None
