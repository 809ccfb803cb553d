"""`dosing doses`: what a regimen takes at each of several body weights."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass

from nmosd_dosing.cli import arguments, people
from nmosd_dosing.cli.edge import fail, format_of, one_format, print_table, text_of
from nmosd_dosing.cli.files import name_each_file_once, read_file, write_whole
from nmosd_dosing.cli.people import People
from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.errors import DosingError, Problems, clip, one_of
from nmosd_dosing.pharmacy.dose_table import NO_START, DoseTable, dose_table
from nmosd_dosing.report.plots import doses
from nmosd_dosing.report.plots.drawing import ending_of
from nmosd_dosing.subjects.tables import weight_list

FORMATS = ("table", "json", "csv")


@dataclass(frozen=True, slots=True)
class DosesRequest:
    """The options as they were typed."""

    regimen: str | None
    weights: str | None
    height: str | None
    start: str | None
    period: str | None
    arm: str | None
    site: str | None
    unblind: bool
    vials: str
    format: str | None
    output: str | None
    plot: str | None

    @property
    def written_as(self) -> str:
        return format_of(self.format, self.output)

    @property
    def table(self) -> str | None:
        """The table that the weights are in; None where they are typed."""
        return self.weights if re.search(r"[/\\]|\.[A-Za-z]\w*$", self.weights or "") else None


def run(request: DosesRequest) -> None:
    whom, bodies, policy = _checked(request)
    made = dose_table(
        whom.study,
        [kg for kg, _ in bodies],
        [cm for _, cm in bodies],
        period=whom.period,
        start=None if request.start is None else whom.subjects[0].start,
        arm=whom.subjects[0].arm,
        unblind=request.unblind,
        policy=policy,
    )
    drawing = doses.draw_doses(made, ending_of(request.plot)) if request.plot is not None else None
    text = _text(request, made)
    if request.plot is not None and drawing is not None:
        write_whole(request.plot, drawing)
    if request.output is not None:
        write_whole(request.output, text)
    elif request.written_as == "table":
        from nmosd_dosing.report.pages.doses import doses_page

        print_table(doses_page(made))
    else:
        sys.stdout.write(text)


def _text(request: DosesRequest, made: DoseTable) -> str:
    if request.written_as == "table":
        from nmosd_dosing.report.pages.doses import doses_page

        return text_of(doses_page(made))
    from nmosd_dosing.report.export.doses import doses_to_csv, doses_to_json

    return doses_to_json(made) if request.written_as == "json" else doses_to_csv(made)


def _checked(request: DosesRequest) -> tuple[People, list[tuple[float, float | None]], Policy]:
    problems = Problems()
    one_format(request.written_as, FORMATS, problems)
    policy = arguments.policy("--vials", request.vials, problems)
    bodies = _bodies(request, problems)
    if request.output == "":
        problems.error("`--output` is empty", None, "name a file, or leave the option out")
    if request.plot is not None:
        arguments.drawing("--plot", request.plot, problems)
    read = [("--regimen", request.regimen), ("--site", request.site), ("--weights", request.table)]
    name_each_file_once([("--output", request.output), ("--plot", request.plot)], read, problems)
    counted_from = request.start if request.start is not None else NO_START.isoformat()
    whom = people.read(people.nobody(request.regimen, request.period, counted_from, request.arm, request.site), problems)
    if whom is not None and request.unblind and any(p.masks for p in whom.periods) and request.arm is None:
        problems.error("`--unblind` needs the arm", None, f"add `--arm` with {one_of(whom.arms)}")
    if whom is None or problems.found:
        fail(problems)
    return whom, bodies, policy


def _bodies(request: DosesRequest, problems: Problems) -> list[tuple[float, float | None]]:
    """Weights in kg with heights in cm, as they are listed or stand in a table."""
    height = None
    if request.height is not None:
        height = arguments.height("--height", request.height, problems)
    if request.weights is None:
        hint = "list kilograms: `--weights 45,60,75`; or a range, `40:120:5`, or a table with `weight_kg`"
        problems.error("`--weights` is missing", None, hint)
        return []
    if request.table is None:
        return [(kg, height) for kg in weight_list.listed("--weights", request.weights, problems)]
    try:
        rows = weight_list.read(read_file(request.table), request.table)
    except DosingError as error:
        problems.found += error.problems
        return []
    if request.height is not None and any(cm is not None for _, cm in rows):
        problems.error(f"`--height` and `{clip(request.table)}` both give heights", None, "leave one of the two out")
    return [(kg, height if cm is None else cm) for kg, cm in rows]
