"""`dosing starts`: which days of a range may be day 1, and what stands against the others."""

from __future__ import annotations

import datetime as dt

from msgspec.structs import replace

from nmosd_dosing.checks.screening import Clocks, clocks_of
from nmosd_dosing.checks.starts import MOST_DAYS, starts_of
from nmosd_dosing.cli import arguments, histories, outputs, people
from nmosd_dosing.cli.edge import fail, say
from nmosd_dosing.cli.files import check_names
from nmosd_dosing.cli.options import HistoryOptions, StartsOptions
from nmosd_dosing.cli.output_options import OutputOptions
from nmosd_dosing.cli.shown import where_codes_are
from nmosd_dosing.cli.tables import Tables
from nmosd_dosing.errors import Problems, clip
from nmosd_dosing.plans.request import Request
from nmosd_dosing.report.export.slots import starts_sheet, starts_to_dict
from nmosd_dosing.subjects.tables.subject_table import same


def run(whom: HistoryOptions, asked: StartsOptions, output: OutputOptions) -> None:
    """Print the days."""
    problems = Problems()
    outputs.check_output(FORMATS, output, problems)
    first, last = _range(asked, problems)
    window = arguments.maybe(arguments.window, "--window", asked.window, problems)
    check_names([("`--output`", output.output)], whom.files, problems)
    nobody = replace(whom, start=(first or dt.date(2025, 1, 6)).isoformat(), on=[], subject=None, column=[], sheet=[])
    request = people.read(nobody, problems)
    screening = arguments.maybe(arguments.date, "--screening", whom.screening, problems)
    clocks = _clocks(whom, request, problems)
    days = arguments.country("--country", asked.country, request.study.site if request is not None else None, problems)
    if request is None or first is None or last is None or problems.found:
        fail(problems)
    found = starts_of(replace(request, window=window, workdays=days), first, last, whom.arm, clocks, screening)
    outputs.put(FORMATS, output, request.study, found)


def _clocks(whom: HistoryOptions, request: Request | None, problems: Problems) -> Clocks | None:
    """The criteria for what one subject had; None where nothing is told of it."""
    past, half_lives = histories.read_had(whom.had, problems), histories.read_half_lives(whom.half_life, problems)
    _, events = people.on(whom.on, people.known_events(request.study if request is not None else None), problems)
    asked = bool(past.told or events or whom.screening is not None)
    if whom.history is not None:
        tables = Tables(whom, problems)
        rows = histories.read_table(whom, tables, problems) or []
        tables.check_said(problems)
        codes = list(dict.fromkeys(cell.text for cell, _ in rows if cell is not None))
        if whom.subject is None and len(codes) > 1 and whom.trial is not None:  # a trial file names everybody's
            say(f"history: {len(codes)} subjects, and none is named: no criterion is looked at; `--subject CODE` names one")
            rows = []
        else:
            asked = True
        if whom.subject is None and len(codes) > 1 and whom.trial is None:
            problems.error(f"`--history` is about {len(codes)} subjects", None, "say which one: `--subject CODE`")
        elif whom.subject is not None and codes and same(whom.subject) not in map(same, codes):
            hint = where_codes_are(whom.register is not None)
            problems.error(f"`--subject {clip(whom.subject)}` is not in `{clip(whom.history)}`", None, hint)
        mine = [had for cell, had in rows if cell is None or whom.subject is None or same(cell.text) == same(whom.subject)]
        past = past.with_rows(mine, told=bool(mine))
    if request is None or problems.found or not asked:
        return None
    period = request.periods[0]
    return clocks_of(request.study, period, past.with_events(events), half_lives)


def _range(asked: StartsOptions, problems: Problems) -> tuple[dt.date | None, dt.date | None]:
    days = []
    for option, text, such_as in (("--from", asked.first, "2026-01-01"), ("--to", asked.last, "2026-12-31")):
        if text is None:
            problems.error(f"`{option}` is missing", None, f"give both ends of the range, for example `{option} {such_as}`")
        days.append(arguments.maybe(arguments.date, option, text, problems))
    first, last = days
    if first is not None and last is not None and last < first:
        problems.error(f"`--to {last}` is before `--from {first}`", None, f"exchange them: `--from {last} --to {first}`")
    elif first is not None and last is not None and (last - first).days >= MOST_DAYS:
        most = first + dt.timedelta(MOST_DAYS - 1)
        problems.error(f"{(last - first).days + 1:,} days are asked about", None, f"at most {MOST_DAYS:,}: `--to {most}`")
    return first, last


FORMATS = outputs.listed(
    outputs.page("starts", "starts_page"), lambda _, days: starts_to_dict(days), lambda _, days: starts_sheet(days)
)  # fmt: skip
