"""`dosing plan`."""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from nmosd_dosing import catalog
from nmosd_dosing.cli import arguments, calendars
from nmosd_dosing.cli.calendars import CalendarRequest
from nmosd_dosing.cli.edge import fail, is_file, one_format, print_table, progress, read_file, same_file, say, text_of, write_whole
from nmosd_dosing.errors import DosingError, InputError, Problems, one_of, printable
from nmosd_dosing.export import to_csv, to_json
from nmosd_dosing.model import Period, Study, Window
from nmosd_dosing.person import Plan, Subject
from nmosd_dosing.plans import plan

if TYPE_CHECKING:
    from nmosd_dosing.entries import CalendarStyle

FORMATS = ("table", "json", "csv")


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """The options as they were typed."""

    regimen: str | None
    start: str | None
    period: str | None
    arm: str | None
    unblind: bool
    weight: str | None
    subject: str | None
    subjects: str | None
    until: str | None
    window: str | None
    format: str | None
    output: str | None
    calendar: CalendarRequest

    @property
    def written_as(self) -> str:
        """The format asked for; else what the name of the output says; else a table."""
        ending = (self.output or "").rpartition(".")[2].lower()
        return self.format if self.format is not None else ending if ending in ("json", "csv") else "table"


@dataclass(frozen=True, slots=True)
class _Checked:
    """What the options mean."""

    study: Study
    period: Period
    people: tuple[Subject, ...]
    until: dt.date | None
    window: Window | None
    unblind: bool
    style: CalendarStyle | None
    stamp: dt.datetime

    def draw(self, person: Subject, until: dt.date | None) -> Plan:
        return plan(self.study, person, period=self.period.id, until=until, window=self.window, unblind=self.unblind)


def run(request: PlanRequest) -> None:
    checked = _checked(request)
    plans, ready = [], []
    for person in progress(checked.people, "plans"):
        made = checked.draw(person, checked.until)
        plans.append(made)
        if checked.style is not None:
            draw = partial(checked.draw, person)
            ready.append(calendars.prepare(request.calendar, checked.style, checked.stamp, made, request.window, draw))
    messages: list[str] = []
    try:
        calendars.write(ready, request.calendar, messages)
        if request.subjects is None:
            _put(plans[0], request)
        else:
            messages += _notes_of(plans)
    finally:  # what has been written is told, also where something else could not be
        for message in messages:
            say(message)


def _notes_of(plans: list[Plan]) -> list[str]:
    """What the plans of several subjects say beside their dates, each note once."""
    codes: dict[tuple[str, str], list[str]] = {}
    for made in plans:
        for note in dict.fromkeys((note.code, note.message) for note in made.notes):
            codes.setdefault(note, []).append(made.subject or "")
    lines = []
    for (code, message), subjects in codes.items():
        some = "" if len(subjects) == len(plans) else f" ({', '.join(subjects) if len(subjects) <= 5 else f'{len(subjects)} subjects'})"
        lines.append(printable(f"{code}: {message}{some}"))
    return lines


def _put(made: Plan, request: PlanRequest) -> None:
    """One subject's plan, to standard output or into a file."""
    if request.written_as == "table":
        from nmosd_dosing.render import plan_page

        if request.output is None:
            print_table(plan_page(made))
            return
        text = text_of(plan_page(made))
    else:
        text = to_json(made) if request.written_as == "json" else to_csv(made)
    if request.output is None:
        sys.stdout.write(text)
    else:
        write_whole(request.output, text)


def _checked(request: PlanRequest) -> _Checked:
    problems = Problems()
    one_format(request.written_as, FORMATS, problems)
    if request.output == "":
        problems.error("`--output` is empty", None, "name a file, or leave the option out")
    if (request.output or "").lower().endswith(".ics"):
        problems.error(
            f"`--output {request.output}` is the name of a calendar", None, f"write `--ics {request.output}`, or name another file"
        )
    chosen = None
    if request.regimen is None:
        problems.error("`--regimen` is missing", None, "`dosing regimens` lists the shipped ones; a study file is named by its path")
    else:
        try:
            chosen = catalog.find_period(request.regimen, request.period)
        except DosingError as error:
            problems.found += error.problems
    until = arguments.date("--until", request.until, problems) if request.until is not None else None
    window = arguments.window("--window", request.window, problems) if request.window is not None else None
    people = _one_person(request, until, problems) if request.subjects is None else _people(request, until, problems)
    if chosen is not None:
        _arm(request, chosen[1].arms, chosen[1].masks, problems)
    style = calendars.style(request.calendar, problems)
    _check_files(request, problems)
    stamp = arguments.stamp("--stamp", request.calendar.stamp, problems) if request.calendar.stamp is not None else dt.datetime.now(dt.UTC)
    if problems.found or chosen is None or stamp is None:
        fail(problems)
    study, period = chosen
    return _Checked(study, period, people, until, window, request.unblind, style, stamp)


def _check_files(request: PlanRequest, problems: Problems) -> None:
    """No file is written twice, and none that is read is written over but the calendar itself."""
    named = [
        ("--output", request.output), ("--ics", request.calendar.ics), ("--changes", request.calendar.changes),
        ("--previous", request.calendar.previous), ("--subjects", request.subjects), ("--regimen", request.regimen),
    ]  # fmt: skip
    paths = [(option, path) for option, path in named if path]
    for i, (option, path) in enumerate(paths):
        for other, second in paths[i + 1 :]:
            written = option in ("--output", "--ics", "--changes") and (option, other) != ("--ics", "--previous")
            if written and same_file(path, second) and (other != "--regimen" or is_file(second)):
                problems.error(f"`{option}` and `{other}` name one file", None, "name two")
    if request.calendar.ics == "/dev/stdout" and request.output is None:
        problems.error("the calendar and the plan would both go to standard output", None, "add `--output FILE` for the plan")


def _one_person(request: PlanRequest, until: dt.date | None, problems: Problems) -> tuple[Subject, ...]:
    start = None
    if request.start is None:
        problems.error("`--start` is missing", None, "give the day of the first dose, for example `--start 2025-01-06`")
    else:
        start = arguments.date("--start", request.start, problems)
    weight = arguments.weight("--weight", request.weight, problems) if request.weight is not None else None
    subject = arguments.code("--subject", request.subject, problems) if request.subject is not None else None
    if start and until and until < start:
        problems.error(f"`--until {until}` is before `--start {start}`", None, "give a later day")
    if request.calendar.ics_dir is not None and request.subject is None:
        problems.error("`--ics-dir` names each file by its subject", None, "add `--subject CODE`, or `--subjects FILE.csv`")
    return (Subject(start, subject, request.arm, weight),) if start else ()


def _people(request: PlanRequest, until: dt.date | None, problems: Problems) -> tuple[Subject, ...]:
    """The subjects of a table: a calendar for each."""
    from nmosd_dosing import rosters

    for option, value in (
        ("--start", request.start), ("--subject", request.subject), ("--weight", request.weight), ("--output", request.output),
        ("--format", request.format), ("--ics", request.calendar.ics), ("--previous", request.calendar.previous),
        ("--changes", request.calendar.changes),
    ):  # fmt: skip
        if value is not None:
            problems.error(f"`{option}` is about one subject, `--subjects` about several", None, "leave one of the two out")
    if request.arm is not None or request.unblind:
        problems.error("`--arm` and `--unblind` are about one subject", None, "plan each subject by itself to unblind")
    if request.calendar.ics_dir is None:
        problems.error("`--subjects` makes a calendar for each", None, "add `--ics-dir FOLDER`")
    try:
        people = rosters.subjects(read_file(request.subjects or ""), request.subjects or "", periods=())
    except InputError as error:
        problems.found += error.problems
        return ()
    names: dict[str, str] = {}
    for person in people:
        code = person.code or ""
        if (other := names.setdefault(code.casefold(), code)) != code:
            problems.error(f"subjects `{other}` and `{code}` would share a file on some machines", None, "give one of them another code")
        if until and until < person.start:
            problems.error(f"`--until {until}` is before the start of subject `{person.code}`", None, "give a later day")
    return people


def _arm(request: PlanRequest, arms: tuple[str, ...], masks: bool, problems: Problems) -> None:
    from nmosd_dosing.cohort import arm_index

    try:
        arm_index(request.arm, arms)
    except InputError as error:
        problems.found += error.problems
    if request.unblind and masks and request.arm is None:
        problems.error("`--unblind` needs the arm", None, f"add `--arm` with {one_of(arms)}")
