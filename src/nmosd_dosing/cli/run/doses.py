"""`dosing doses`: what a regimen takes at each of several body weights."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from nmosd_dosing.cli import arguments, outputs, people
from nmosd_dosing.cli.edge import fail, say
from nmosd_dosing.cli.files import check_names
from nmosd_dosing.cli.options import DosesOptions, PeopleOptions
from nmosd_dosing.cli.output_options import OutputOptions
from nmosd_dosing.cli.tables import Tables
from nmosd_dosing.cli.weights import LOOK_AGAIN
from nmosd_dosing.errors import DosingError, Problem, Problems, clip, one_of
from nmosd_dosing.pharmacy.dose_table import NO_START, DoseTable, dose_table
from nmosd_dosing.plans.request import Request
from nmosd_dosing.report.export.doses import doses_sheet, doses_to_dict
from nmosd_dosing.report.plots.drawing import ENDINGS
from nmosd_dosing.subjects.tables import weight_list

_WARNED = 20


def run(whom: PeopleOptions, asked: DosesOptions, output: OutputOptions) -> None:
    request, bodies = _checked(whom, asked, output)
    (body,) = request.subjects
    made = dose_table(
        request.study, [kg for kg, _ in bodies], [cm for _, cm in bodies], period=request.period,
        start=body.start if whom.start is not None else None, arm=whom.arm, unblind=request.unblind, policy=request.policy, sex=body.sex,
        age=body.age, measurements=body.measurements,
    )  # fmt: skip
    doubtful = [note for row in made.rows for note in (*row.notes, *made.notes) if note.code == "check-weight"]
    for note in list(dict.fromkeys(doubtful))[:_WARNED]:
        say(f"{Problem(note.message, hint=LOOK_AGAIN, severity='warning').draw()}\n")
    outputs.put_drawn(FORMATS, output, asked.plot, _drawing, made)


def _drawing(made: DoseTable, ending: str) -> bytes:
    from nmosd_dosing.report.plots.doses import draw_doses

    return draw_doses(made, ending)


def _parquet(made: DoseTable) -> Iterator[bytes]:
    from nmosd_dosing.report.export.parquet import sheet_to_parquet

    return sheet_to_parquet(doses_sheet(made), {"study": made.plan.study, "study_sha256": made.plan.study_sha256})


FORMATS: outputs.Formats = {**outputs.listed(outputs.page("doses", "doses_page"), doses_to_dict, doses_sheet), "parquet": _parquet}


def _checked(whom: PeopleOptions, asked: DosesOptions, output: OutputOptions) -> tuple[Request, list[tuple[float, float | None]]]:
    problems = Problems()
    drawn = f"write `--plot {output.output}`, or name another file"
    outputs.check_output(FORMATS, output, problems, dict.fromkeys(ENDINGS, drawn))
    policy = arguments.policy("--vials", asked.vials, problems)
    bodies = _bodies(whom, asked, problems)
    read = [*whom.files, ("`--weights`", _table(asked))]
    written = [("`--plot`", asked.plot or None), ("`--output`", output.output)]
    check_names(written, read, problems)
    if asked.plot is not None:
        arguments.drawing("--plot", asked.plot, problems)
    counted_from = whom.start if whom.start is not None else NO_START.isoformat()
    request = people.read(replace(whom, start=counted_from, height=None), problems)
    if request is not None:
        request = replace(request, unblind=asked.unblind, policy=policy)
        people.check_arms(request, f"add `--arm` with {one_of(request.arms)}", problems)
    if request is None or problems.found:
        fail(problems)
    return request, bodies


def _table(asked: DosesOptions) -> str | None:
    """The table that the weights are in; None where they are typed."""
    return asked.weights if re.search(r"[/\\]|\.[A-Za-z]\w*$", asked.weights or "") else None


def _bodies(whom: PeopleOptions, asked: DosesOptions, problems: Problems) -> list[tuple[float, float | None]]:
    """Weights in kg with heights in cm, as they are listed or stand in a table."""
    height = arguments.maybe(arguments.height, "--height", whom.height, problems)
    table = _table(asked)
    if asked.weights is None:
        hint = "list kilograms: `--weights 45,60,75`; or a range, `40:120:5`, or a table with `weight_kg`"
        problems.error("`--weights` is missing", None, hint)
        return []
    if table is None:
        return [(kg, height) for kg in weight_list.listed("--weights", asked.weights, problems)]
    try:
        tables = Tables(whom, problems)
        rows = tables.read("weights", table, weight_list.read)
        tables.check_said(problems)
    except DosingError as error:
        problems.found += error.problems
        return []
    if whom.height is not None and any(cm is not None for _, cm in rows):
        problems.error(f"`--height` and `{clip(table)}` both give heights", None, "leave one of the two out")
    return [(kg, height if cm is None else cm) for kg, cm in rows]
