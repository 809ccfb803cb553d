"""`dosing cohort`: every visit of very many subjects as one table."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import get_args

from msgspec.structs import replace

from nmosd_dosing.cli import arguments, outputs, people
from nmosd_dosing.cli.edge import WRONG_INPUT, counted, fail, progress, say
from nmosd_dosing.cli.files import check_names, has_folder, same_file
from nmosd_dosing.cli.left_out import say_left_out, some
from nmosd_dosing.cli.options import CohortCalendars, CohortOptions, CohortPeople
from nmosd_dosing.cli.output_options import CohortOutput
from nmosd_dosing.cli.run import calendars, cohort_people, site_calendars
from nmosd_dosing.cli.run.cohort_people import Everybody
from nmosd_dosing.cli.shown import Shown, read_shown
from nmosd_dosing.errors import InputError, Problem, Problems, plural
from nmosd_dosing.plans.request import Request
from nmosd_dosing.processes import each
from nmosd_dosing.report.export import cohort as cohort_rows
from nmosd_dosing.report.export.cohort import Form
from nmosd_dosing.report.export.workbook import to_xlsx
from nmosd_dosing.schedule import excluded
from nmosd_dosing.schedule.alike import alone
from nmosd_dosing.screen import without_controls
from nmosd_dosing.subjects.tables.table import stop

_FEW = 4096  # subjects at a time where each is planned alone, so that a person sees the bar move, and of JSON, which is long


def run(whom: CohortPeople, asked: CohortOptions, output: CohortOutput, calendar: CohortCalendars) -> int:
    """Write the table; 2 where somebody was left out."""
    everybody, shown, calendars_asked, cluster = _read(whom, asked, output, calendar)
    left_out = cohort_people.refuse(asked.skip_bad, everybody, cluster)
    if not len(everybody.cohort):
        stop(left_out.problems, "the tables", left_out.more)
    without: list[str] = []
    request = replace(everybody.request, columns=shown.among(everybody.cohort))
    made = outputs.rendered({**FORMATS, **_rows_on(cluster)}, output, request, without)
    if calendars_asked is not None:
        ready = site_calendars.prepare(calendars_asked, calendar.ics_by, everybody)
        if output.output is not None and any(same_file(made.path, output.output) for made in ready):
            raise InputError(Problem(f"`--output {output.output}` is a calendar of `--ics-dir`", hint="name another file"))
        messages: list[str] = []
        try:
            calendars.write(ready, calendar, messages)
            messages += site_calendars.not_touched(calendar.ics_dir or "", ready)
        finally:  # what has been written is told, also where something else could not be
            for message in messages:
                say(message)
    people.say_day_1(request.cohort)
    outputs.write(made, output.output)
    if without:
        subjects = f"{len(without):,} subjects have" if len(without) != 1 else "one subject has"
        say(without_controls(f"{subjects} no visit, and so no row: {some(without)}"))
    return WRONG_INPUT if say_left_out(left_out, everybody.request.study, everybody.cohort.of_study, len(request.cohort)) else 0


def _rows_on(cluster: str | None) -> outputs.Formats:
    """The formats that are made row by row, here or on a cluster."""
    return {form: partial(_pieces, cluster, form) for form in get_args(Form)}


def _pieces(cluster: str | None, form: Form, request: Request, without: list[str]) -> Iterator[str]:
    """The table, piece by piece, made here or on a `cluster`; `without` gets the codes of those who have no row."""
    yield cohort_rows.header(form)
    cohort = request.cohort
    many = cohort_rows.SLICE if cluster is None else excluded.SLICE
    size = many if form == "csv" and not alone(cohort) else _FEW
    done = 0
    if cluster is None:
        made = cohort_rows.rows(request, form, size)
    else:
        nobody = replace(request, columns=cohort.chosen([]))
        made = each(partial(cohort_rows.rows_of, nobody, form), cohort.slices(size), 1, cluster)
    for texts in counted(made, len(cohort), "written"):
        if not all(texts):
            without += [cohort.codes[done + i] for i, text in enumerate(texts) if not text]
        done += len(texts)
        yield "".join(texts)


def _xlsx(request: Request, without: list[str]) -> bytes:
    study, count = request.study, len(request.cohort)
    about = [study.title, f"source: {study.source.text}", f"{count:,} {plural(count, 'subject')}"]
    rows = sum(map(sum, counted(cohort_rows.count(request, _FEW), count, "counted")))
    made = cohort_rows.sheet(request, without)
    return to_xlsx([replace(made, rows=progress(made.rows, rows, "written"))], about)


FORMATS: outputs.Formats = {**_rows_on(None), "xlsx": _xlsx, "parquet": cohort_rows.to_parquet}


def _read(
    whom: CohortPeople, asked: CohortOptions, output: CohortOutput, calendar: CohortCalendars
) -> tuple[Everybody, Shown, calendars.Asked | None, str | None]:  # fmt: skip
    problems = Problems()
    outputs.check_output(FORMATS, output, problems, {"ics": "calendars have an option of their own, `--ics-dir FOLDER`"})
    if output.output:
        has_folder(output.output, problems)
    check_names([("`--output`", output.output)], whom.files, problems)
    cluster, of_study = arguments.cluster(whom.on, None, problems)
    whom = replace(whom, on=of_study)
    if cluster is not None and output.written_as not in get_args(Form):
        problems.error(f"{output.written_as} is made on one machine, and `--on` names a cluster", None, "write `--format csv`, or `json`")
    what = people.what(asked, problems)
    calendars_asked = calendars.asked(calendar, asked.window, problems)
    site_calendars.check(calendar, asked.unblind, asked.skip_bad, problems)
    everybody = cohort_people.read(whom, what, asked.skip_bad, problems)
    if everybody is None:
        arguments.country("--country", asked.country, None, problems)
    else:
        site_calendars.check_stop(calendar, asked.skip_bad, everybody.request.study, problems)
        everybody.request = what.of(everybody.request, problems)
    shown = read_shown(whom, asked.at_site, problems, everybody.request if everybody is not None else None)
    if asked.at_site and calendars_asked is not None:
        problems.error("`--at-site` is about rows, and calendars are of everybody", None, "leave one of the two out")
    if problems.found or everybody is None:
        fail(problems)
    return everybody, shown, calendars_asked, cluster
