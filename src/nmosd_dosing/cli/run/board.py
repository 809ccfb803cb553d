"""`dosing board`: the month, each subject over time, and what is due."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from rich.console import RenderableType

from nmosd_dosing.checks.board import Board, board, drawn_until
from nmosd_dosing.checks.due import due
from nmosd_dosing.checks.findings import check
from nmosd_dosing.cli import arguments, outputs, people
from nmosd_dosing.cli.edge import fail, progress
from nmosd_dosing.cli.files import check_names
from nmosd_dosing.cli.options import BoardOptions, PeopleOptions
from nmosd_dosing.cli.output_options import PageOutput
from nmosd_dosing.cli.shown import read_shown
from nmosd_dosing.errors import Problems
from nmosd_dosing.plans.workdays import open_days
from nmosd_dosing.report.html.board import board_page


def run(whom: PeopleOptions, asked: BoardOptions, output: PageOutput) -> None:
    """Print the board, or write it as a page."""
    problems = Problems()
    outputs.check_output(FORMATS, output, problems)
    as_of = arguments.date("--as-of", asked.as_of, problems) if asked.as_of is not None else dt.date.today()
    ahead = arguments.days("--ahead", asked.ahead, problems, 3660)
    month = arguments.month("--month", asked.month, problems) if asked.month is not None else as_of
    window = arguments.maybe(arguments.window, "--window", asked.window, problems)
    check_names([("`--output`", output.output)], whom.files, problems)
    request = people.read(whom, problems, as_of)
    shown = read_shown(whom, asked.at_site, request, problems)
    site = request.study.site if request is not None else None
    days = arguments.country("--country", asked.country, site, problems) or open_days(None)
    if request is None or as_of is None or ahead is None or month is None or problems.found:
        fail(problems)
    request = people.known_by(replace(request, window=window), as_of)
    schedule = request.as_carried_out(drawn_until(as_of, ahead, month))
    items = due([f for f in check(schedule, as_of) if shown.has(f.subject, f.site)], as_of, ahead)
    columns = shown.columns(schedule.cohort)
    plans = progress(replace(request, as_of=as_of).plans(schedule, columns), len(columns), "plans")
    outputs.put(FORMATS, output, board(request.study, plans, items, as_of, ahead, month, days))
    people.say_day_1(shown.among(schedule.cohort))
    people.say_before_day_1(schedule, columns)


def _page(made: Board) -> RenderableType:
    from nmosd_dosing.report.pages.board import board_page as on_a_terminal

    return on_a_terminal(made)


FORMATS: outputs.Formats = {"table": _page, "html": board_page}
