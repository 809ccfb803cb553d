"""`dosing board`: the month, each subject over time, and what is due."""

from __future__ import annotations

import datetime as dt

from msgspec.structs import replace

from nmosd_dosing.checks.board import board, drawn_until
from nmosd_dosing.checks.due import due
from nmosd_dosing.checks.finding import Finding
from nmosd_dosing.checks.findings import check_shown
from nmosd_dosing.cli import arguments, outputs, people
from nmosd_dosing.cli.edge import fail, progress
from nmosd_dosing.cli.files import check_names
from nmosd_dosing.cli.options import BoardOptions, PeopleOptions
from nmosd_dosing.cli.output_options import PageOutput
from nmosd_dosing.cli.shown import read_each, read_shown
from nmosd_dosing.errors import Problems
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.plans.workdays import open_days
from nmosd_dosing.report.html.board import board_page
from nmosd_dosing.schedule.schedule import Schedule


def run(whom: PeopleOptions, asked: BoardOptions, output: PageOutput) -> None:
    """Print the board, or write it as a page."""
    problems = Problems()
    outputs.check_output(FORMATS, output, problems)
    as_of = arguments.date("--as-of", asked.as_of, problems) if asked.as_of is not None else dt.date.today()
    ahead = arguments.days("--ahead", asked.ahead, problems, 3660)
    month = arguments.month("--month", asked.month, problems) if asked.month is not None else as_of
    window = arguments.maybe(arguments.window, "--window", asked.window, problems)
    check_names([("`--output`", output.output)], whom.files, problems)
    requests = read_each(whom, problems, as_of)
    shown = read_shown(whom, asked.at_site, problems, *requests)
    sites = [request.study.site for request in requests]
    site = sites[0] if sites and all(site == sites[0] for site in sites) else None
    days = arguments.country("--country", asked.country, site, problems) or open_days(None)
    if not requests or as_of is None or ahead is None or month is None or problems.found:
        fail(problems)
    findings, plans, schedules = list[Finding](), list[Plan](), list[Schedule]()
    for request in (people.known_by(replace(request, window=window), as_of) for request in requests):
        schedule = request.as_carried_out(drawn_until(as_of, ahead, month))
        findings += check_shown(schedule, as_of, shown.has)
        columns = shown.columns(schedule.cohort)
        plans += progress(replace(request, as_of=as_of).plans(schedule, columns), len(columns), "plans")
        schedules.append(schedule)
    outputs.put(FORMATS, output, board(requests[-1].study, plans, due(findings, as_of, ahead), as_of, ahead, month, days))
    for schedule in schedules:
        people.say_day_1(shown.among(schedule.cohort))
        people.say_before_day_1(schedule, shown.columns(schedule.cohort))


FORMATS: outputs.Formats = {"table": outputs.page("board", "board_page"), "html": board_page}
