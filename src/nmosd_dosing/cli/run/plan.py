"""`dosing plan`."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from nmosd_dosing.cli import arguments, people
from nmosd_dosing.cli.edge import fail, format_of, one_format, print_table, progress, say, text_of
from nmosd_dosing.cli.files import is_file, same_file, write_whole
from nmosd_dosing.cli.people import People, PeopleRequest
from nmosd_dosing.cli.run import calendars
from nmosd_dosing.cli.run.calendars import CalendarRequest
from nmosd_dosing.days import to_date
from nmosd_dosing.errors import Problems, clip, did_you_mean, one_of, printable
from nmosd_dosing.plans.plan import Plan, PlannedTransition, PlannedVisit
from nmosd_dosing.plans.planning import plan_of
from nmosd_dosing.report.export.plan import to_csv, to_json
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.schedule.subject_schedule import SubjectSchedule
from nmosd_dosing.study.events import STUDY_STOP
from nmosd_dosing.study.model import Window
from nmosd_dosing.subjects.cohort import of_subjects
from nmosd_dosing.subjects.subject import Subject
from nmosd_dosing.version import PROGRAM

if TYPE_CHECKING:
    from nmosd_dosing.calendar.entries import CalendarStyle
    from nmosd_dosing.dose.vials import Policy
    from nmosd_dosing.plans.workdays import Workdays


FORMATS = ("table", "json", "csv")
Explained = tuple[tuple[PlannedTransition, ...], tuple[PlannedVisit, ...]]


@dataclass(frozen=True, slots=True)
class PlanRequest:
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
    explain: str | None
    format: str | None
    output: str | None
    calendar: CalendarRequest
    vials: str = "least-waste"

    @property
    def written_as(self) -> str:
        return format_of(self.format, self.output)


@dataclass(frozen=True, slots=True)
class _Checked:
    """What the options mean."""

    people: People
    until: dt.date | None
    window: Window | None
    as_of: dt.date | None
    workdays: Workdays | None
    request: PlanRequest
    style: CalendarStyle | None
    stamp: dt.datetime
    policy: Policy

    def draw(self, person: Subject, until: dt.date | None, stopped: dt.date | None) -> Plan:
        """One subject's plan; `stopped` is when the study did, which is counted over all of them."""
        of_study = self.people.of_study | ({STUDY_STOP: stopped} if stopped is not None else {})
        schedule = self._expand((person,), until, of_study)
        return self._plan_of(by_subject(schedule, self.policy)[0])

    def draw_all(self) -> tuple[list[Plan], dt.date | None]:
        """Everybody's plan, and when the study stopped."""
        schedule = self._expand(self.people.subjects, self.until, self.people.of_study)
        people = progress(by_subject(schedule, self.policy), "plans")
        return [self._plan_of(person) for person in people], to_date(schedule.course.stopped.date)

    def _expand(self, subjects: Sequence[Subject], until: dt.date | None, of_study: dict[str, dt.date]) -> Schedule:
        return expand(
            self.people.study,
            of_subjects(subjects, self.people.arms, of_study),
            period=self.people.period,
            until=until,
            window=self.window,
            unblind=self.request.unblind,
            allow_deviation=self.request.allow_deviation,
            accept_gap=self.request.accept_gap,
            at_least=self.as_of,
        )

    def _plan_of(self, person: SubjectSchedule) -> Plan:
        return plan_of(person, self.window, cancelled=self.request.cancelled, workdays=self.workdays, as_of=self.as_of)


def run(request: PlanRequest) -> None:
    checked = _checked(request)
    plans, stopped = checked.draw_all()
    ready = []
    if checked.style is not None:
        for made, person in zip(progress(plans, "calendars"), checked.people.subjects, strict=True):
            draw = partial(checked.draw, person, stopped=stopped)
            ready.append(calendars.prepare(request.calendar, checked.style, checked.stamp, made, request.window, draw))
    messages: list[str] = []
    explained = _explained(plans[0], request.explain) if request.explain is not None else None
    try:
        calendars.write(ready, request.calendar, messages)
        if request.people.subjects is None:
            _put(plans[0], request, explained)
        else:
            messages += _notes_of(plans)
    finally:  # what has been written is told, also where something else could not be
        for message in messages:
            say(message)


def _explained(made: Plan, asked: str) -> Explained:
    """What `--explain` means: `olp/D1`, a label, a period, or `all`; a period that has no first day yet is explained by its entry."""
    found = tuple(v for v in made.visits if asked in (v.id, v.label, v.period, "all"))
    dated = {v.period for v in made.visits}
    names = {m: (m.target, f"{m.target} entry", "all") for m in made.transitions}
    moves = tuple(m for m in made.transitions if asked in names[m] or (asked.split("/")[0] == m.target and m.target not in dated))
    if not found and not moves:
        problems = Problems()
        ids = [v.id for v in made.visits]
        near = did_you_mean(asked, [*ids, *(v.label for v in made.visits)])
        hint = near or f"visits are {one_of(ids)}, or `all`; `--cancelled` adds those that fell away"
        problems.error(f"`--explain {clip(asked)}` is not a visit of this plan", None, hint)
        fail(problems)
    return moves, found


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


def _put(made: Plan, request: PlanRequest, explained: Explained | None) -> None:
    """One subject's plan, or how some of its dates came about, to standard output or into a file."""
    if request.written_as == "table":
        from nmosd_dosing.report.pages.plan import explain_page, plan_page

        page = plan_page(made) if explained is None else explain_page(made, *explained, PROGRAM)
        if request.output is None:
            print_table(page)
            return
        text = text_of(page)
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
    until = arguments.date("--until", request.until, problems) if request.until is not None else None
    window = arguments.window("--window", request.window, problems) if request.window is not None else None
    as_of = arguments.date("--as-of", request.as_of, problems) if request.as_of is not None else None
    policy = arguments.policy("--vials", request.vials, problems)
    if request.explain is not None and request.written_as != "table":
        problems.error("`--explain` is for people; JSON has the steps of every visit", None, "leave `--explain` or the format out")
    whom = people.read(request.people, problems)
    if request.people.subjects is not None:
        _several(request, problems)
    workdays = arguments.country("--country", request.country, whom.study.site if whom else None, problems)
    if whom is not None:
        for person in whom.subjects:
            if until and until < person.start:
                start = f"`--start {person.start}`" if request.people.subjects is None else f"the start of subject `{person.code}`"
                problems.error(f"`--until {until}` is before {start}", None, "give a later day")
        if request.unblind and any(p.masks for p in whom.periods) and any(s.arm is None for s in whom.subjects):
            problems.error("`--unblind` needs the arm", None, f"add `--arm` with {one_of(whom.arms)}")
        _names(request, whom.subjects, problems)
    style = calendars.style(request.calendar, problems)
    _check_files(request, problems)
    stamp = arguments.stamp("--stamp", request.calendar.stamp, problems) if request.calendar.stamp is not None else dt.datetime.now(dt.UTC)
    if problems.found or whom is None or stamp is None:
        fail(problems)
    whom = people.known_by(whom, as_of) if as_of is not None else whom
    return _Checked(whom, until, window, as_of, workdays, request, style, stamp, policy)


def _several(request: PlanRequest, problems: Problems) -> None:
    """Several subjects: a calendar for each."""
    for option, value in (
        ("--output", request.output), ("--format", request.format), ("--explain", request.explain), ("--ics", request.calendar.ics),
        ("--previous", request.calendar.previous), ("--changes", request.calendar.changes),
    ):  # fmt: skip
        if value is not None:
            problems.error(f"`{option}` is about one subject, `--subjects` about several", None, "leave one of the two out")
    if request.unblind:
        problems.error("`--unblind` is about one subject", None, "plan each subject by itself to unblind")
    if request.calendar.ics_dir is None:
        problems.error("`--subjects` makes a calendar for each", None, "add `--ics-dir FOLDER`")


def _names(request: PlanRequest, subjects: tuple[Subject, ...], problems: Problems) -> None:
    """Each calendar in a folder has a name of its own."""
    if request.calendar.ics_dir is not None and request.people.subjects is None and request.people.subject is None:
        problems.error("`--ics-dir` names each file by its subject", None, "add `--subject CODE`, or `--subjects FILE.csv`")
    names: dict[str, str] = {}
    for person in subjects:
        code = person.code or ""
        if request.calendar.ics_dir is not None:
            calendars.check_length(code, problems)
        if (other := names.setdefault(code.casefold(), code)) != code:
            problems.error(f"subjects `{other}` and `{code}` would share a file on some machines", None, "give one of them another code")


def _check_files(request: PlanRequest, problems: Problems) -> None:
    """No file is written twice, and none that is read is written over but the calendar itself."""
    named = [
        ("--output", request.output), ("--ics", request.calendar.ics), ("--changes", request.calendar.changes),
        ("--previous", request.calendar.previous), *request.people.files,
    ]  # fmt: skip
    paths = [(option, path) for option, path in named if path]
    for i, (option, path) in enumerate(paths):
        for other, second in paths[i + 1 :]:
            written = option in ("--output", "--ics", "--changes") and (option, other) != ("--ics", "--previous")
            if written and same_file(path, second) and (other != "--regimen" or is_file(second)):
                problems.error(f"`{option}` and `{other}` name one file", None, "name two")
    if request.calendar.ics == "/dev/stdout" and request.output is None:
        problems.error("the calendar and the plan would both go to standard output", None, "add `--output FILE` for the plan")
