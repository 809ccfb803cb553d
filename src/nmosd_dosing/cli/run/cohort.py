"""`dosing cohort`: every visit of very many subjects as one table."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nmosd_dosing.cli import arguments
from nmosd_dosing.cli.edge import WRONG_INPUT, counted, fail, one_format, say
from nmosd_dosing.cli.files import has_folder, is_file, same_file, write_whole
from nmosd_dosing.cli.people import PeopleRequest
from nmosd_dosing.cli.run import calendars, cohort_people, site_calendars
from nmosd_dosing.cli.run.calendars import CalendarRequest
from nmosd_dosing.cli.run.cohort_people import CohortRequest, Everybody
from nmosd_dosing.errors import InputError, Problem, Problems, clip, plural, printable
from nmosd_dosing.errors import draw as draw_problems
from nmosd_dosing.plans.request import Wanted
from nmosd_dosing.report.export import cohort as cohort_rows
from nmosd_dosing.report.export.cohort import Form
from nmosd_dosing.schedule import left_out as refusals
from nmosd_dosing.study.events import STUDY_STOP
from nmosd_dosing.subjects.tables.roster import LeftOut
from nmosd_dosing.subjects.tables.table import LISTED, first_of, stop

if TYPE_CHECKING:
    from nmosd_dosing.calendar.entries import CalendarStyle


FORMATS = ("csv", "json")
_OTHERS = {"ics": "calendar", "xlsx": "workbook", "xls": "workbook"}
_NAMED = 20  # subjects left out whom a message names
_FEW = 4096  # subjects at a time where each is planned alone, so that a person sees the bar move, and of JSON, which is long


@dataclass(frozen=True, slots=True)
class TableRequest:
    """The options as they were typed."""

    people: PeopleRequest
    unblind: bool
    until: str | None
    window: str | None
    as_of: str | None
    country: str | None
    allow_deviation: bool
    accept_gap: bool
    cancelled: bool
    vials: str
    skip_bad: bool
    format: str | None
    output: str | None
    calendar: CalendarRequest
    ics_by: str | None

    @property
    def written_as(self) -> str:
        """CSV, unless something else is asked for or the name of the output says JSON."""
        ending = (self.output or "").rpartition(".")[2].lower()
        return self.format if self.format is not None else "json" if ending in ("json", "jsonl") else "csv"


def run(request: TableRequest) -> int:
    """Write the table; 2 where somebody was left out."""
    everybody, wanted, style, stamp = _read(request)
    left_out = _refuse(request, wanted, everybody)
    if not len(everybody.cohort):
        stop(left_out.problems, "the tables", left_out.more)
    if style is not None:
        ready = site_calendars.prepare(request.calendar, request.ics_by, style, stamp, wanted, everybody, request.window)
        if request.output is not None and any(same_file(made.path, request.output) for made in ready):
            raise InputError(Problem(f"`--output {request.output}` is a calendar of `--ics-dir`", hint="name another file"))
        messages: list[str] = []
        try:
            calendars.write(ready, request.calendar, messages)
            messages += site_calendars.not_touched(request.calendar.ics_dir or "", ready)
        finally:  # what has been written is told, also where something else could not be
            for message in messages:
                say(message)
    form: Form = "json" if request.written_as == "json" else "csv"
    without: list[str] = []
    pieces = _pieces(wanted, everybody, form, without)
    if request.output is not None:
        write_whole(request.output, pieces)
    else:
        sys.stdout.writelines(pieces)
    if without:
        subjects = f"{len(without):,} subjects have" if len(without) != 1 else "one subject has"
        say(printable(f"{subjects} no visit, and so no row: {_some(without)}"))
    return WRONG_INPUT if _say_left_out(left_out, everybody) else 0


def _some(names: Sequence[str]) -> str:
    """The first of many codes, and how many more there are."""
    return ", ".join(f"`{clip(name)}`" for name in names[:_NAMED]) + (f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else "")


def _pieces(wanted: Wanted, everybody: Everybody, form: Form, without: list[str]) -> Iterator[str]:
    """The table, piece by piece; `without` gets the codes of those who have no row."""
    yield cohort_rows.header(form)
    cohort = everybody.cohort
    size = refusals.SLICE if form == "csv" and not cohort_rows.any_alone(cohort) else _FEW
    done = 0
    for texts in counted(cohort_rows.rows(wanted, cohort, everybody.sites, form, size), len(cohort), "written"):
        if not all(texts):
            without += [cohort.codes[done + i] for i, text in enumerate(texts) if not text]
        done += len(texts)
        yield "".join(texts)


def _refuse(request: TableRequest, wanted: Wanted, everybody: Everybody) -> LeftOut:
    """Sees to it that nothing is refused once writing has begun: raises InputError, or leaves out whom the core refuses."""
    cohort, left_out = everybody.cohort, everybody.left_out
    study, period = everybody.study, everybody.period
    if not request.skip_bad:
        everybody.cohort = refusals.stop_counted(study, period, cohort)
        parts = counted(everybody.cohort.slices(refusals.SLICE), len(cohort), "checked")
        stop(refusals.check(wanted.expand_with, study, parts), "the plans")
        return left_out
    everybody.cohort, refused = refusals.sort_out(wanted.expand_with, study, period, cohort)
    if refused.problems:
        chosen = sorted(refused.problems)
        left_out.problems += [refused.problems[i] for i in chosen[:LISTED]]
        left_out.more += len(chosen[LISTED:])
        left_out.names += [cohort.codes[i] for i in chosen]
        if everybody.sites:
            everybody.sites = [everybody.sites[i] for i in refused.others(len(cohort)).tolist()]
    return left_out


def _say_left_out(left_out: LeftOut, everybody: Everybody) -> bool:
    """Says who is left out and why; whether anybody is."""
    if not left_out.problems:
        return False
    say(draw_problems(first_of(left_out.problems, "the tables", left_out.more)))
    names = list(dict.fromkeys(name for name in left_out.names if name))
    some = _some(names)
    nobody = everybody.read - len(everybody.cohort) - len(left_out.names) + left_out.names.count("")
    lines = f"; {nobody:,} {plural(nobody, 'line')} that name{'s' if nobody == 1 else ''} nobody" if nobody else ""
    who = f"{len(names):,} {plural(len(names), 'subject')}{f' ({some})' if names else ''}"
    say(printable(f"\nleft out: {who}{lines}; written: {len(everybody.cohort):,}"))
    if everybody.study.stop is not None:
        day = everybody.cohort.of_study.get(STUDY_STOP)
        stops = f"the study stops on {day}" if day is not None else "the study does not stop"
        say(f"what is counted over all subjects is counted over those written: {stops}")
    return True


def _read(request: TableRequest) -> tuple[Everybody, Wanted, CalendarStyle | None, dt.datetime]:
    problems = Problems()
    one_format(request.written_as, FORMATS, problems)
    if request.output == "":
        problems.error("`--output` is empty", None, "name a file, or leave the option out")
    ending = (request.output or "").rpartition(".")[2].lower()
    if ending in _OTHERS:
        hint = (
            "calendars have an option of their own, `--ics-dir FOLDER`" if ending == "ics" else "name one that ends in `.csv` or `.jsonl`"
        )
        problems.error(f"`--output {clip(request.output or '')}` is the name of a {_OTHERS[ending]}", None, hint)
    if request.output:
        has_folder(request.output, problems)
    for option, path in request.people.files:
        option = "the table of subjects" if option == "--subjects" else f"`{option}`"
        if path and request.output and same_file(path, request.output) and (option != "`--regimen`" or is_file(path)):
            problems.error(f"`--output` and {option} name one file", None, "name two")
    until = arguments.date("--until", request.until, problems) if request.until is not None else None
    window = arguments.window("--window", request.window, problems) if request.window is not None else None
    as_of = arguments.date("--as-of", request.as_of, problems) if request.as_of is not None else None
    policy = arguments.policy("--vials", request.vials, problems)
    style = calendars.style(request.calendar, problems)
    site_calendars.check(request.calendar, request.ics_by, request.unblind, request.skip_bad, problems)
    stamp = arguments.stamp("--stamp", request.calendar.stamp, problems) if request.calendar.stamp is not None else dt.datetime.now(dt.UTC)
    whom = CohortRequest(request.people, request.unblind, until, as_of, request.skip_bad)
    everybody = cohort_people.read(whom, problems)
    if everybody is not None:
        site_calendars.check_stop(request.calendar, request.ics_by, request.skip_bad, everybody.study, problems)
    workdays = arguments.country("--country", request.country, everybody.study.site if everybody else None, problems)
    if problems.found or everybody is None or stamp is None:
        fail(problems)
    wanted = Wanted(
        everybody.study, everybody.period, until, window, request.unblind, request.allow_deviation, request.accept_gap, request.cancelled,
        workdays, as_of, policy,
    )  # fmt: skip
    return everybody, wanted, style, stamp
