"""`dosing simulate`: the whole trial, many times."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nmosd_dosing.cli import arguments, people
from nmosd_dosing.cli.edge import bar, fail, format_of, one_format, print_table, put_text, text_of
from nmosd_dosing.cli.files import has_folder, name_each_file_once, read_file, write_whole
from nmosd_dosing.cli.people import People, PeopleRequest
from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.errors import DosingError, Problems
from nmosd_dosing.report.plots import drawing as drawings
from nmosd_dosing.simulation.assumptions.file import read_assumptions, read_text
from nmosd_dosing.simulation.assumptions.model import Assumptions
from nmosd_dosing.simulation.assumptions.scenario_file import read_scenarios
from nmosd_dosing.simulation.scenarios import MOST_SEED, MOST_TRIALS, simulate
from nmosd_dosing.simulation.summaries import Scenario
from nmosd_dosing.simulation.trial_to_date import Real
from nmosd_dosing.subjects.cohort import of_subjects

FORMATS = ("table", "json", "csv")
_FEW = 20_000  # trials that take a few seconds on one core, about as long as it takes to begin processes on others
_MOST_CORES = 1024


@dataclass(frozen=True, slots=True)
class SimulateRequest:
    """The options as they were typed. `people.regimen` is what is simulated; its other fields say what has happened so far."""

    people: PeopleRequest
    assumptions: str | None
    trials: str
    seed: str
    scenarios: str | None
    vials: str
    by_site: bool
    cores: str | None
    as_of: str | None
    unblind: bool
    format: str | None
    output: str | None
    plot: str | None

    @property
    def written_as(self) -> str:
        return format_of(self.format, self.output)

    @property
    def has_subjects(self) -> bool:
        return self.people.subjects is not None


@dataclass(frozen=True, slots=True)
class _Checked:
    """What the options mean."""

    people: People
    assumptions: Assumptions
    scenarios: tuple[tuple[str, Assumptions], ...]
    trials: int
    seed: int
    cores: int
    policy: Policy
    so_far: Real | None
    unblind: bool


def run(request: SimulateRequest) -> None:
    """Simulate, and only when all of it is there write it."""
    checked = _checked(request)
    with bar(checked.trials, "trials") as progress:
        found = _simulate(checked, request.by_site, progress)
    drawing = _drawing(request, found)
    if request.written_as == "table":
        from nmosd_dosing.report.pages.simulation import simulation_page

        page = simulation_page(found)
        text = text_of(page) if request.output is not None else None
    else:
        from nmosd_dosing.report.export.simulation import simulation_to_csv, simulation_to_json

        text = simulation_to_json(found) if request.written_as == "json" else simulation_to_csv(found)
    if request.plot is not None and drawing is not None:
        write_whole(request.plot, drawing)
    if text is None:
        print_table(page)
    else:
        put_text(text, request.output)


def _simulate(checked: _Checked, by_site: bool, progress: Callable[[int], None] | None) -> tuple[Scenario, ...]:
    whom = checked.people
    study = whom.study
    return simulate(
        study,
        checked.assumptions,
        checked.trials,
        checked.seed,
        scenarios=checked.scenarios,
        period=whom.period,
        regimen=study.id if whom.period is None else study.regimen_id(whom.periods[0]),
        so_far=checked.so_far,
        unblind=checked.unblind,
        by_month_and_site=by_site,
        policy=checked.policy,
        cores=checked.cores,
        progress=progress,
    )


def _drawing(request: SimulateRequest, found: Sequence[Scenario]) -> bytes | None:
    if request.plot is None:
        return None
    from nmosd_dosing.report.plots.simulation import draw_simulation

    return draw_simulation(found[0].summary, drawings.ending_of(request.plot))


def _checked(request: SimulateRequest) -> _Checked:
    problems = Problems()
    one_format(request.written_as, FORMATS, problems)
    trials = arguments.whole("--trials", request.trials, problems, 1, MOST_TRIALS)
    seed = arguments.whole("--seed", request.seed, problems, 0, MOST_SEED)
    cores = arguments.whole("--cores", request.cores, problems, 1, _MOST_CORES) if request.cores is not None else None
    policy = arguments.policy("--vials", request.vials, problems)
    if request.output == "":
        problems.error("`--output` is empty", None, "name a file, or leave the option out")
    if request.plot is not None:
        arguments.drawing("--plot", request.plot, problems)
        _can_draw(problems)
    read = [*request.people.files, ("--assumptions", request.assumptions), ("--scenarios", request.scenarios)]
    name_each_file_once([("--output", request.output), ("--plot", request.plot)], read, problems)
    for path in (request.output, request.plot):
        if path:
            has_folder(path, problems)
    as_of = _as_of(request, problems)
    whom = _people(request, problems)
    assumed = _assumptions(request, whom, problems)
    if request.unblind and whom is not None and any(p.masks for p in whom.periods) and any(s.arm is None for s in whom.subjects):
        problems.error("`--unblind` needs everybody's arm", None, "add `--allocation FILE` with subject, arm")
    if whom is None or assumed is None or trials is None or seed is None or problems.found:
        fail(problems)
    so_far = _so_far(people.known_by(whom, as_of), as_of) if request.has_subjects and as_of is not None else None
    return _Checked(whom, *assumed, trials, seed, cores or _cores_for(trials), policy, so_far, request.unblind)


def _so_far(whom: People, as_of: dt.date) -> Real:
    """The real subjects of the tables, with whom every trial begins."""
    cohort = of_subjects(whom.subjects, whom.arms, whom.of_study)
    return Real(cohort, as_of, tuple(subject.site for subject in whom.subjects))


def _can_draw(problems: Problems) -> None:
    """It is told before the trials are simulated."""
    try:
        drawings.needs_matplotlib()
    except DosingError as error:
        problems.found += error.problems


def _cores_for(trials: int) -> int:
    return (os.cpu_count() or 1) if trials > _FEW else 1


def _as_of(request: SimulateRequest, problems: Problems) -> dt.date | None:
    """The day up to which the tables hold. No option about real subjects means anything without them."""
    if request.has_subjects:
        if request.as_of is None:
            hint = "the day up to which the tables hold all that happened, for example `--as-of 2025-06-30`"
            problems.error("`--subjects` needs `--as-of`", None, hint)
            return None
        return arguments.date("--as-of", request.as_of, problems)
    for option, value in (
        ("--allocation", request.people.allocation), ("--events", request.people.events), ("--visits", request.people.visits),
        ("--on", request.people.on), ("--as-of", request.as_of), ("--unblind", request.unblind),
    ):  # fmt: skip
        if value:
            hint = "add `--subjects FILE` with subject, start; or leave it out"
            if option == "--on" and any(text.startswith("idmc_stop=") for text in request.people.on):
                hint = "a date that is assumed stands in the assumptions: `idmc_stop: 2025-07-02`"
            problems.error(f"`{option}` is about real subjects", None, hint)
    return None


def _people(request: SimulateRequest, problems: Problems) -> People | None:
    """The study and its periods, with the real subjects if there are any."""
    if request.has_subjects:
        return people.read(request.people, problems)
    asked = request.people
    return people.read(people.nobody(asked.regimen, asked.period, "2001-01-01", None, asked.site), problems)


def _assumptions(
    request: SimulateRequest, whom: People | None, problems: Problems
) -> tuple[Assumptions, tuple[tuple[str, Assumptions], ...]] | None:
    """The assumptions, and those of the scenarios. What is wrong within a file can be told only once it is known for which study."""
    if request.assumptions is None:
        hint = "name a file of them: `--assumptions FILE`; examples/bat4406f/trial.yaml is one"
        problems.error("`--assumptions` is missing", None, hint)
    files = [(request.assumptions, "--assumptions"), (request.scenarios, "--scenarios")]
    texts: dict[str, bytes] = {}
    for path, option in files:
        if path is not None:
            try:
                texts[option] = read_file(path)
            except DosingError as error:
                problems.found += error.problems
    base = texts.get("--assumptions")
    if base is None or whom is None or request.assumptions is None:
        return None
    try:
        found = read_assumptions(base, request.assumptions, whom.study, whom.periods)
        changed: tuple[tuple[str, Assumptions], ...] = ()
        if request.scenarios is not None and "--scenarios" in texts:
            of_base = read_text(base, request.assumptions)
            changed = read_scenarios(texts["--scenarios"], request.scenarios, of_base, whom.study, whom.periods)
    except DosingError as error:
        problems.found += error.problems
        return None
    return found, changed
