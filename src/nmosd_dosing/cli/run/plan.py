"""`dosing plan`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from nmosd_dosing.cli import arguments, outputs, people
from nmosd_dosing.cli.edge import fail, progress, say
from nmosd_dosing.cli.files import check_names, same_file
from nmosd_dosing.cli.options import CalendarOptions, PeopleOptions, PlanOptions, option
from nmosd_dosing.cli.output_options import OutputOptions
from nmosd_dosing.cli.run import calendars
from nmosd_dosing.cli.shown import read_shown
from nmosd_dosing.days import to_date
from nmosd_dosing.errors import Problems, clip, did_you_mean, one_of
from nmosd_dosing.plans.plan import Plan, PlannedTransition, PlannedVisit
from nmosd_dosing.plans.request import Request
from nmosd_dosing.report.export.plan import plan_sheet, to_json
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.screen import without_controls
from nmosd_dosing.study.events import STUDY_STOP
from nmosd_dosing.study.visit_names import Names, course_of
from nmosd_dosing.subjects.history import day_1_text
from nmosd_dosing.subjects.subject import Subject
from nmosd_dosing.version import PROGRAM

Explained = tuple[tuple[PlannedTransition, ...], tuple[PlannedVisit, ...]]


def run(whom: PeopleOptions, asked: PlanOptions, output: OutputOptions, calendar: CalendarOptions) -> None:
    """Plan, and only when all of it is there write it."""
    request, columns, calendars_asked = _checked(whom, asked, output, calendar)
    schedule = request.schedule()
    stopped = to_date(schedule.disposition.stopped.date)
    plans = list(progress(request.plans(schedule, columns, intensity=not _is_of_several(whom)), len(columns), "plans"))
    ready = []
    if calendars_asked is not None:
        theirs = zip(progress(plans, len(plans), "calendars"), (request.subjects[column] for column in columns), strict=True)
        ready = calendars.prepare_all(calendars_asked, ((made, _drawn_until(request, person, stopped)) for made, person in theirs))
    messages: list[str] = []
    explained = _explained(plans[0], request, schedule, columns, asked.explain) if asked.explain is not None else None
    rendered = None if _is_of_several(whom) else outputs.rendered(FORMATS, output, plans[0], explained)
    try:
        calendars.write(ready, calendar, messages)
        if _is_of_several(whom):
            messages += _notes_of(plans)
        else:
            outputs.write(rendered, output.output)
    finally:  # what has been written is told, also where something else could not be
        for message in messages:
            say(message)


def _is_of_several(whom: PeopleOptions) -> bool:
    """Whether nothing is printed, and calendars are written of everybody in a table."""
    return whom.subjects is not None and whom.subject is None


def _drawn_until(request: Request, person: Subject, stopped: dt.date | None) -> Callable[[dt.date], Plan]:
    """One subject's plan until another day; `stopped` is when the study did, which is counted over all of them."""
    of_study = {**request.of_study, **({STUDY_STOP: stopped} if stopped is not None else {})}
    return lambda until: next(replace(request, subjects=(person,), of_study=of_study, until=until).plans())


def _page(made: Plan, explained: Explained | None) -> Any:
    whole = outputs.page("plan", "plan_page")
    return whole(made) if explained is None else outputs.page("plan", "explain_page")(made, *explained, PROGRAM)


FORMATS = outputs.listed(_page, lambda made, _: to_json(made), lambda made, _: plan_sheet(made))


def _explained(made: Plan, request: Request, schedule: Schedule, columns: Sequence[int], asked: str) -> Explained:
    """What `--explain` means: `olp/D1`, a label, a period, or `all`; a period that has no first day yet is explained by its entry. A visit
    that fell away is explained where it is asked for by its own name."""
    found = tuple(v for v in made.visits if asked in (v.period, "all")) or _named(made, schedule.names, asked)
    dated = {v.period for v in made.visits}
    names = {m: (m.target, f"{m.target} entry", "all") for m in made.transitions}
    moves = tuple(m for m in made.transitions if asked in names[m] or (asked.split("/")[0] == m.target and m.target not in dated))
    if not found and not request.cancelled:
        whole = next(replace(request, cancelled=True).plans(schedule, columns, intensity=False))
        found = _named(whole, schedule.names, asked)
    if not found and not moves:
        problems = Problems()
        ids = [v.id for v in made.visits]
        labels = [name for visit in schedule.visits for name in (visit.label, *visit.names)] if made.start is not None else []
        others = f"visits are {one_of(ids)}, or `all`; `--cancelled` adds those that fell away" if ids else "nothing is planned"
        course = course_of(asked, (*ids, *labels))
        in_course = f"it is a day of `{course}`, which is one visit: write that" if course is not None else None
        hint = in_course or did_you_mean(asked, [*ids, *labels]) or ("there is no day 1 yet" if made.start is None and not ids else others)
        problems.error(f"`--explain {clip(asked)}` is not a visit of this plan", None, hint)
        fail(problems)
    return moves, found


def _named(made: Plan, names: Names, asked: str) -> tuple[PlannedVisit, ...]:
    """The visits of a plan that a name may mean."""
    here = {visit.id: visit for visit in made.visits}
    return tuple(here[names.ids[i]] for i in names.meant(asked, without=lambda i: names.ids[i] not in here))


def _notes_of(plans: list[Plan]) -> list[str]:
    """What the plans of several subjects say beside their dates, each note once."""
    codes: dict[tuple[str, str], list[str]] = {}
    for made in plans:
        for note in dict.fromkeys((note.code, note.message) for note in made.notes):
            codes.setdefault(note, []).append(made.subject or "")
    lines = []
    for (code, message), subjects in codes.items():
        some = "" if len(subjects) == len(plans) else f" ({', '.join(subjects) if len(subjects) <= 5 else f'{len(subjects)} subjects'})"
        lines.append(without_controls(f"{code}: {message}{some}"))
    return lines


def _checked(
    whom: PeopleOptions, asked: PlanOptions, output: OutputOptions, calendar: CalendarOptions
) -> tuple[Request, Sequence[int], calendars.Asked | None]:  # fmt: skip
    """What is asked, the columns of those who are planned, and their calendars."""
    problems = Problems()
    outputs.check_output(FORMATS, output, problems, {"ics": f"write `--ics {output.output}`, or name another file"})
    what = people.what(asked, problems)
    if asked.explain is not None and output.written_as != "table":
        problems.error("`--explain` is for people; JSON has the steps of every visit", None, "leave `--explain` or the format out")
    request = people.read(whom, problems, what.as_of)
    if _is_of_several(whom):
        _several(asked, output, calendar, problems)
    columns: Sequence[int] = ()
    if request is None:
        arguments.country("--country", asked.country, None, problems)
    else:
        request = what.of(request, problems)
        columns = read_shown(whom, (), problems, request).columns(request.cohort)
        persons = [request.subjects[column] for column in columns]
        for person in persons:
            if what.until and person.start is not None and what.until < person.start:
                start = f"`--start {person.start}`" if whom.subjects is None else f"the start of subject `{person.code}`"
                if whom.subjects is None and person.planned_start is not None:  # nobody has typed that day
                    start = f"day 1, {day_1_text(person)}"
                problems.error(f"`--until {what.until}` is before {start}", None, "give a later day")
        people.check_arms(request, people.where_arms_are(whom, request.arms), problems)
        _names(whom, calendar, persons, problems)
    calendars_asked = calendars.asked(calendar, asked.window, problems)
    _check_files(whom, output, calendar, problems)
    if problems.found or request is None:
        fail(problems)
    return people.known_by(request, what.as_of) if what.as_of is not None else request, columns, calendars_asked


def _several(asked: PlanOptions, output: OutputOptions, calendar: CalendarOptions, problems: Problems) -> None:
    """Several subjects: a calendar for each."""
    one = {"output": output.output, "format": output.format, "explain": asked.explain}
    for name, value in {**one, **{name: getattr(calendar, name) for name in ("ics", "previous", "changes")}}.items():
        if value is not None:
            problems.error(f"`{option(name)}` is about one subject, `--subjects` about several", None, "leave one of the two out")
    if asked.unblind:
        problems.error("`--unblind` is about one subject", None, "plan each subject by itself to unblind")
    if calendar.ics_dir is None:
        hint = "add `--ics-dir FOLDER`, or `--subject CODE` for the plan of one of them"
        problems.error("`--subjects` makes a calendar for each", None, hint)


def _names(whom: PeopleOptions, calendar: CalendarOptions, persons: Sequence[Subject], problems: Problems) -> None:
    """Each calendar in a folder has a name of its own."""
    if calendar.ics_dir is not None and {whom.subjects, whom.subject} == {None}:
        problems.error("`--ics-dir` names each file by its subject", None, "add `--subject CODE`, or `--subjects FILE.csv`")
    names: dict[str, str] = {}
    for person in persons:
        code = person.code or ""
        if calendar.ics_dir is not None:
            calendars.check_length(code, problems)
        if (other := names.setdefault(code.casefold(), code)) != code:
            problems.error(f"subjects `{other}` and `{code}` would share a file on some machines", None, "give one of them another code")


def _check_files(whom: PeopleOptions, output: OutputOptions, calendar: CalendarOptions, problems: Problems) -> None:
    """No file is written twice, and none that is read is written over but the calendar itself."""
    ics, previous = calendar.ics, calendar.previous
    old = previous if not (ics and previous and same_file(ics, previous)) else None
    written = [("`--output`", output.output), ("`--ics`", ics), ("`--changes`", calendar.changes if calendar.asked else None)]
    check_names(written, [("`--previous`", old), *whom.files], problems)
    if ics == "/dev/stdout" and output.output is None:
        problems.error("the calendar and the plan would both go to standard output", None, "add `--output FILE` for the plan")
