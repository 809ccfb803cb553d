"""`dosing handout`: a patient's next visits, as a page to hand over."""

from __future__ import annotations

import datetime as dt

from msgspec.structs import replace

from nmosd_dosing.checks.due import last_due_day
from nmosd_dosing.cli import arguments, outputs, people
from nmosd_dosing.cli.edge import fail, say
from nmosd_dosing.cli.files import check_names
from nmosd_dosing.cli.options import HandoutOptions, PeopleOptions
from nmosd_dosing.cli.output_options import HandoutOutput
from nmosd_dosing.cli.shown import read_shown
from nmosd_dosing.days import LANGUAGES
from nmosd_dosing.errors import Problems, one_of
from nmosd_dosing.plans.handout import handout
from nmosd_dosing.report.html.handout import handout_page
from nmosd_dosing.screen import without_controls

_AHEAD = 366  # days that an open end is drawn
FORMATS: outputs.Formats = {"html": handout_page}


def run(whom: PeopleOptions, asked: HandoutOptions, output: HandoutOutput) -> None:
    """Write the page; what is not on it is said."""
    problems = Problems()
    outputs.check_output(FORMATS, output, problems)
    as_of = arguments.date("--as-of", asked.as_of, problems) if asked.as_of is not None else dt.date.today()
    window = arguments.maybe(arguments.window, "--window", asked.window, problems)
    language = next((known for known in LANGUAGES if known == (asked.lang or LANGUAGES[0])), None)
    if language is None:
        problems.error(f"unknown language `{asked.lang}`", None, f"write {one_of(LANGUAGES)}")
    check_names([("`--output`", output.output)], whom.files, problems)
    request = people.read(whom, problems, as_of)
    shown = read_shown(whom, (), problems, request)
    if whom.subject is None and request is not None and len(shown.columns(request.cohort)) > 1:
        problems.error("a handout is for one subject", None, "name the subject: `--subject CODE`")
    days = arguments.country("--country", asked.country, request.study.site if request is not None else None, problems)
    if request is None or as_of is None or language is None or problems.found:
        fail(problems)
    request = people.known_by(replace(request, window=window), as_of)
    schedule = request.as_carried_out(last_due_day(as_of, _AHEAD))
    (made,) = replace(request, as_of=as_of).plans(schedule, shown.columns(schedule.cohort))
    page = handout(made, as_of, days, with_code=asked.with_code)
    outputs.put(FORMATS, output, page, language)
    people.say_day_1(shown.among(schedule.cohort))
    people.say_before_day_1(schedule, shown.columns(schedule.cohort))
    for words in page.left_out:
        say(without_controls(f"not on the page: {words}"))
