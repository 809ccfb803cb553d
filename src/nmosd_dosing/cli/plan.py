"""`dosing plan`."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from nmosd_dosing import catalog
from nmosd_dosing.cli import arguments
from nmosd_dosing.cli.edge import fail, one_format, print_table, text_of, write_whole
from nmosd_dosing.errors import DosingError, InputError, Problems, one_of
from nmosd_dosing.export import to_csv, to_json
from nmosd_dosing.model import Plan, Subject
from nmosd_dosing.plans import plan

FORMATS = ("table", "json", "csv")


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """The options as they were typed."""

    regimen: str | None
    start: str | None
    period: str | None
    arm: str | None
    unblind: bool
    weight: str | None
    subject: str | None
    until: str | None
    window: str | None
    format: str | None
    output: str | None

    @property
    def written_as(self) -> str:
        """The format asked for; else what the name of the output says; else a table."""
        ending = (self.output or "").rpartition(".")[2].lower()
        return self.format if self.format is not None else ending if ending in ("json", "csv") else "table"


def run(request: PlanRequest) -> None:
    made = _plan(request)
    if request.written_as == "table":
        from nmosd_dosing.render import plan_page

        if request.output is None:
            print_table(plan_page(made))
            return
        text = text_of(plan_page(made))
    else:
        text = to_json(made) if request.written_as == "json" else to_csv(made)
    if request.output is None:
        sys.stdout.write(text)
    else:
        write_whole(request.output, text)


def _plan(request: PlanRequest) -> Plan:
    problems = Problems()
    one_format(request.written_as, FORMATS, problems)
    if request.output == "":
        problems.error("`--output` is empty", None, "name a file, or leave the option out")
    chosen = None
    if request.regimen is None:
        problems.error("`--regimen` is missing", None, "`dosing regimens` lists the shipped ones; a study file is named by its path")
    else:
        try:
            chosen = catalog.find_period(request.regimen, request.period)
        except DosingError as error:
            problems.found += error.problems
    start = None
    if request.start is None:
        problems.error("`--start` is missing", None, "give the day of the first dose, for example `--start 2025-01-06`")
    else:
        start = arguments.date("--start", request.start, problems)
    until = arguments.date("--until", request.until, problems) if request.until is not None else None
    weight = arguments.weight("--weight", request.weight, problems) if request.weight is not None else None
    window = arguments.window("--window", request.window, problems) if request.window is not None else None
    subject = arguments.code("--subject", request.subject, problems) if request.subject is not None else None
    if start and until and until < start:
        problems.error(f"`--until {until}` is before `--start {start}`", None, "give a later day")
    if chosen is not None:
        _arm(request, chosen[1].arms, chosen[1].masks, problems)
    if problems.found or chosen is None or start is None:
        fail(problems)
    study, period = chosen
    person = Subject(start, subject, request.arm, weight)
    return plan(study, person, period=period.id, until=until, window=window, unblind=request.unblind)


def _arm(request: PlanRequest, arms: tuple[str, ...], masks: bool, problems: Problems) -> None:
    from nmosd_dosing.cohort import arm_index

    try:
        arm_index(request.arm, arms)
    except InputError as error:
        problems.found += error.problems
    if request.unblind and masks and request.arm is None:
        problems.error("`--unblind` needs the arm", None, f"add `--arm` with {one_of(arms)}")
