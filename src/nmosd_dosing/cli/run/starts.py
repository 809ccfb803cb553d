"""`dosing starts`: which days of a range may be day 1, and what stands against the others."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nmosd_dosing.checks.starts import MOST_DAYS, Starts, starts_of
from nmosd_dosing.cli import arguments, outputs, people
from nmosd_dosing.cli.edge import fail
from nmosd_dosing.cli.files import check_names
from nmosd_dosing.cli.options import PeopleOptions, StartsOptions
from nmosd_dosing.cli.output_options import OutputOptions
from nmosd_dosing.errors import Problems
from nmosd_dosing.report.export.starts import starts_sheet, starts_to_csv, starts_to_dict
from nmosd_dosing.report.export.workbook import to_xlsx
from nmosd_dosing.study.model import Study

if TYPE_CHECKING:
    from nmosd_dosing.report.pages.layout import Page


@dataclass(frozen=True, slots=True)
class _Found:
    """The days of a range as day 1 of a study."""

    study: Study
    days: Starts


def run(whom: PeopleOptions, asked: StartsOptions, output: OutputOptions) -> None:
    """Print the days."""
    problems = Problems()
    outputs.check_output(FORMATS, output, problems)
    first, last = _range(asked, problems)
    window = arguments.maybe(arguments.window, "--window", asked.window, problems)
    check_names([("`--output`", output.output)], whom.files, problems)
    request = people.read(replace(whom, start=(first or dt.date(2025, 1, 6)).isoformat()), problems)
    days = arguments.country("--country", asked.country, request.study.site if request is not None else None, problems)
    if request is None or first is None or last is None or problems.found:
        fail(problems)
    found = starts_of(replace(request, window=window, workdays=days), first, last, whom.arm)
    outputs.put(FORMATS, output, _Found(request.study, found))


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


def _page(found: _Found) -> Page:
    from nmosd_dosing.report.pages.starts import starts_page

    return starts_page(found.study, found.days)


def _dict(found: _Found) -> dict[str, Any]:
    return starts_to_dict(found.days)


def _xlsx(found: _Found) -> bytes:
    return to_xlsx([starts_sheet(found.days)], _page(found).lines)


FORMATS: outputs.Formats = {"table": _page, "json": _dict, "csv": lambda found: starts_to_csv(found.days), "xlsx": _xlsx}
