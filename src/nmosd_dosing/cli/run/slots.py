"""`dosing slots`: on which days a visit may be, and whether it may on the day that is asked for."""

from __future__ import annotations

import datetime as dt

from msgspec.structs import replace

from nmosd_dosing.checks.slots import slots_of
from nmosd_dosing.cli import arguments, outputs, people
from nmosd_dosing.cli.edge import fail
from nmosd_dosing.cli.files import check_names
from nmosd_dosing.cli.options import SlotsOptions, SlotsPeople
from nmosd_dosing.cli.output_options import OutputOptions
from nmosd_dosing.cli.shown import Shown, read_shown
from nmosd_dosing.errors import Problems, counted
from nmosd_dosing.plans.request import Request
from nmosd_dosing.report.export.slots import slots_sheet, slots_to_dict
from nmosd_dosing.schedule.expansion import begun

OPEN, NOT_OPEN = 0, 1


def run(whom: SlotsPeople, asked: SlotsOptions, output: OutputOptions) -> int:
    """Print the days; 1 where the day that is asked for is not open."""
    problems = Problems()
    outputs.check_output(FORMATS, output, problems)
    as_of = arguments.date("--as-of", asked.as_of, problems) if asked.as_of is not None else dt.date.today()
    window = arguments.maybe(arguments.window, "--window", asked.window, problems)
    check_names([("`--output`", output.output)], whom.files, problems)
    _check_visit(asked, problems)
    on = _day_asked_for(whom, problems)
    request = people.read(replace(whom, on=[text for text in whom.on if "=" in text]), problems, as_of)
    shown = read_shown(whom, asked.at_site, problems, request)
    column = _whose(request, shown, problems) if request is not None and not problems.found else None
    days = arguments.country("--country", asked.country, request.study.site if request is not None else None, problems)
    if request is None or as_of is None or column is None or problems.found:
        fail(problems)
    request = people.known_by(replace(request, window=window, workdays=days), as_of)
    found = slots_of(request, column, asked.which, as_of, on)
    outputs.put(FORMATS, output, request.study, found, as_of)
    people.say_day_1(begun(request.study, request.cohort, period=request.period).chosen([column]))
    people.say_before_day_1(replace(request, subjects=(request.subjects[column],)).as_carried_out(as_of), [0])
    return OPEN if found.asked is None or found.asked.verdict == "open" else NOT_OPEN


def _check_visit(asked: SlotsOptions, problems: Problems) -> None:
    """One visit is asked about."""
    if asked.which is None and not asked.next:
        problems.error("`--visit` is missing", None, "name a visit, for example `--visit D182`, or ask for the next one: `--next`")
    elif asked.which is not None and asked.next:
        problems.error("`--visit` and `--next` both say which visit", None, "leave one of the two out")


def _day_asked_for(whom: SlotsPeople, problems: Problems) -> dt.date | None:
    """The day among what is on a day: events have a name before theirs."""
    days = [text for text in whom.on if "=" not in text]
    if len(days) > 1:
        problems.error(f"`--on` asks for {len(days)} days", None, "ask for one of them; without `--on` all days of the window are listed")
        return None
    return arguments.date("--on", days[0], problems) if days else None


def _whose(request: Request, shown: Shown, problems: Problems) -> int | None:
    """The column of the one subject who is asked about."""
    columns = shown.columns(request.cohort)
    if len(columns) == 1:
        return columns[0]
    if not columns:
        problems.error("the subject is not at that site", None, "leave `--at-site` out")
    else:
        problems.error(f"{counted(len(columns), 'subject')}, and one is asked about", None, "say which one: `--subject CODE`")
    return None


FORMATS = outputs.listed(
    outputs.page("slots", "slots_page"), lambda _, days, as_of: slots_to_dict(days, as_of), lambda _study, days, _as_of: slots_sheet(days)
)
