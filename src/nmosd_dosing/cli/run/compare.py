"""`dosing compare`: regimens side by side over one horizon."""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from nmosd_dosing.cli import arguments
from nmosd_dosing.cli.edge import fail, format_of, one_format, print_table, text_of
from nmosd_dosing.cli.files import is_file, same_file, write_whole
from nmosd_dosing.errors import DosingError, Problems, clip
from nmosd_dosing.language import catalog
from nmosd_dosing.pharmacy.comparison import HORIZON, Comparison, compare
from nmosd_dosing.study.model import Study

FORMATS = ("table", "json", "csv")
MOST_MONTHS = 240


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """The options as they were typed."""

    regimens: Sequence[str]
    start: str | None
    until: str | None
    months: str | None
    weight: str | None
    height: str | None
    arm: str | None
    format: str | None
    output: str | None

    @property
    def written_as(self) -> str:
        return format_of(self.format, self.output)


def run(request: CompareRequest) -> None:
    made = _compare(request)
    if request.written_as == "table":
        from nmosd_dosing.report.pages.doses import compare_page

        page = compare_page(made)
        if request.output is None:
            print_table(page)
            return
        text = text_of(page)
    else:
        from nmosd_dosing.report.export.doses import compared_to_csv, compared_to_json

        text = compared_to_json(made) if request.written_as == "json" else compared_to_csv(made)
    if request.output is None:
        sys.stdout.write(text)
    else:
        write_whole(request.output, text)


def _compare(request: CompareRequest) -> Comparison:
    problems = Problems()
    one_format(request.written_as, FORMATS, problems)
    chosen = _regimens(request.regimens, problems)
    start = arguments.date("--start", request.start, problems) if request.start is not None else None
    until = _until(request, start, problems)
    months = _months(request.months, problems) if request.months is not None else None
    weight = arguments.weight("--weight", request.weight, problems) if request.weight is not None else None
    height = arguments.height("--height", request.height, problems) if request.height is not None else None
    if request.output == "":
        problems.error("`--output` is empty", None, "name a file, or leave the option out")
    elif request.output is not None:
        for regimen in request.regimens:
            if is_file(regimen) and same_file(regimen, request.output):
                problems.error(f"`--output` and `{clip(regimen)}` name one file", None, "name two")
    if problems.found:
        fail(problems)
    return compare(chosen, start=start, until=until, months=months, weight_kg=weight, height_cm=height, arm=request.arm)


def _regimens(names: Sequence[str], problems: Problems) -> list[Study | tuple[Study, str]]:
    found: list[Study | tuple[Study, str]] = []
    for i, name in enumerate(names):
        if name in names[:i]:
            problems.error(f"`{clip(name)}` is named twice", None, "name different regimens")
            continue
        try:
            study, periods = catalog.find_plan(name, None)
        except DosingError as error:
            problems.found += error.problems
            continue
        found.append((study, periods[0].id) if len(periods) == 1 else study)
    if len(names) < 2:
        other = "mil62-rcp" if names and names[0] != "mil62-rcp" else "belimumab"
        hint = f"name two or more: `dosing compare {clip(names[0]) if names else 'belimumab'} {other}`"
        problems.error("one regimen alone has nothing to be compared with", None, hint)
    return found


def _until(request: CompareRequest, start: dt.date | None, problems: Problems) -> dt.date | None:
    if request.until is None:
        return None
    until = arguments.date("--until", request.until, problems)
    if request.months is not None:
        problems.error("`--until` and `--months` both say how far", None, "leave one of the two out")
    if request.start is None:
        problems.error("`--until` needs `--start`, from which it is looked at", None, f"add `--start DATE`, or write `--months {HORIZON}`")
    elif until is not None and start is not None and until < start:
        problems.error(f"`--until {until}` is before `--start {start}`", None, "give a later day")
    return until


def _months(text: str, problems: Problems) -> int | None:
    if re.fullmatch(r"[0-9]{1,3}", text) and 1 <= int(text) <= MOST_MONTHS:
        return int(text)
    problems.error(
        f"`--months {clip(text)}` is not a number of months", None, f"write a whole number, 1 to {MOST_MONTHS}, for example `24`"
    )
    return None
