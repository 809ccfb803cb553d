"""`dosing compare`: regimens side by side over one horizon."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from nmosd_dosing.cli import arguments, outputs, people
from nmosd_dosing.cli.files import check_names, is_file
from nmosd_dosing.cli.options import CompareOptions
from nmosd_dosing.cli.output_options import OutputOptions
from nmosd_dosing.errors import DosingError, Problems, clip
from nmosd_dosing.language import catalog
from nmosd_dosing.pharmacy.comparison import HORIZON, MOST_MONTHS, compare
from nmosd_dosing.report.export.doses import compared_sheet, compared_to_dict
from nmosd_dosing.study.model import Study

FORMATS = outputs.listed(outputs.page("doses", "compare_page"), compared_to_dict, compared_sheet)


def run(asked: CompareOptions, output: OutputOptions) -> None:
    """Print the comparison."""
    problems = Problems()
    outputs.check_output(FORMATS, output, problems)
    chosen = _regimens(asked.regimens, problems)
    start = arguments.maybe(arguments.date, "--start", asked.start, problems)
    until = _until(asked, start, problems)
    months = arguments.maybe(_months, "--months", asked.months, problems)
    weight = arguments.maybe(arguments.weight, "--weight", asked.weight, problems)
    height = arguments.maybe(arguments.height, "--height", asked.height, problems)
    sex = arguments.sex("--sex", asked.sex, problems) if asked.sex is not None else None
    age = arguments.maybe(arguments.age, "--age", asked.age, problems)
    studies = [each if isinstance(each, Study) else each[0] for each in chosen]
    values = None if problems.found else tuple(dict.fromkeys(value for study in studies for value in study.values))
    measured = arguments.measurements("--measured", asked.measured, values, problems)
    read = [(f"`{clip(regimen)}`", regimen) for regimen in asked.regimens if is_file(regimen)]
    check_names([("`--output`", output.output)], read, problems)
    problems.stop()
    compared = compare(
        chosen, start=start, until=until, months=months, weight_kg=weight, height_cm=height, arm=asked.arm, sex=sex, age=age,
        measurements=measured,
    )  # fmt: skip
    people.say_unlikely([(None, start)])
    outputs.put(FORMATS, output, compared)


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


def _until(asked: CompareOptions, start: dt.date | None, problems: Problems) -> dt.date | None:
    if asked.until is None:
        return None
    until = arguments.date("--until", asked.until, problems)
    if asked.months is not None:
        problems.error("`--until` and `--months` both say how far", None, "leave one of the two out")
    if asked.start is None:
        problems.error("`--until` needs `--start`, from which it is looked at", None, f"add `--start DATE`, or write `--months {HORIZON}`")
    elif until is not None and start is not None and until < start:
        problems.error(f"`--until {until}` is before `--start {start}`", None, "give a later day")
    return until


def _months(option: str, text: str, problems: Problems) -> int | None:
    if re.fullmatch(r"[0-9]{1,3}", text) and 1 <= int(text) <= MOST_MONTHS:
        return int(text)
    hint = f"write a whole number, 1 to {MOST_MONTHS}, for example `24`"
    problems.error(f"`{option} {clip(text)}` is not a number of months", None, hint)
    return None
