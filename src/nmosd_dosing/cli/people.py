"""Whom a command is about: options and tables to a request, with a study, and the subjects with what happened to them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from nmosd_dosing.cli import arguments, regimens
from nmosd_dosing.cli.edge import collected, say, some_codes, tell
from nmosd_dosing.cli.files import Held
from nmosd_dosing.cli.options import OF_ONE_SUBJECT, PeopleOptions, ScheduleOptions, option
from nmosd_dosing.cli.weights import say_doubtful
from nmosd_dosing.days import date_text
from nmosd_dosing.dose.dose import Value
from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.errors import DosingError, Problem, Problems, clip, command, did_you_mean, one_of
from nmosd_dosing.plans.request import Request
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.screen import without_controls
from nmosd_dosing.study.events import OF_SCREENING, STUDY_EVENTS, meant_event
from nmosd_dosing.study.model import Period, Study
from nmosd_dosing.study.period_order import arms_of
from nmosd_dosing.study.visit_rules import Window
from nmosd_dosing.subjects import history, visit_records
from nmosd_dosing.subjects.cohort import Cohort, arm_index
from nmosd_dosing.subjects.screening import out_of_order
from nmosd_dosing.subjects.subject import Entered, Event, Record, Subject, Weight

if TYPE_CHECKING:
    from nmosd_dosing.cli.tables import Tables
    from nmosd_dosing.subjects.tables.roster import LeftOut
    from nmosd_dosing.subjects.tables.table import Cell

_LISTED = 5
_FIRST_YEAR, _YEARS_AHEAD = 1990, 50  # between which a first dose is nothing to wonder at
_NAMED = 100  # subjects of whom a line is said each


def read(asked: PeopleOptions, problems: Problems, as_of: dt.date | None = None, left_out: LeftOut | None = None) -> Request | None:
    """Whom the options mean; None where something is wrong, which stands in `problems` then. `as_of`: visits dated later are booked;
    without it, later than today. With `left_out` subjects of a table of whom something is wrong are left out, and kept there."""
    study, periods = regimen(asked, problems)
    later = [p.id for p in periods[1:]]
    of_study, events = on(asked.on, known_events(study), problems)
    entered = _enter(asked.enter, later, periods, problems)
    tables = _tables(asked, problems)
    allocation: Sequence[tuple[Cell, Cell]] = ()
    if asked.subjects is None or tables is None:
        subjects = _one(asked, events, study.values if study is not None else None, problems)
        subjects = tuple(structs.replace(s, entered=s.entered + entered) for s in subjects)
        if tables is not None:
            subjects, allocation = _with_tables(subjects, tables, study, problems)
    else:
        if events or entered:
            hint = "write them into tables: `--events`"
            problems.error("`--on` with a subject's event, and `--enter`, are about one subject", None, hint)
        _check_several(asked, problems)
        subjects, allocation = _several(tables, later, study, problems, left_out)
    if tables is not None:
        tables.check_said(problems)
    if study is not None and periods:
        arms = [asked.arm if asked.subjects is None else None, *(s.arm for s in subjects)]
        unknown, wrong = unknown_arms(arms, arms_of(periods), allocation)
        problems.found += wrong if left_out is None else []
        if left_out is not None:
            left_out.problems += wrong
            subjects = _without(subjects, {i for i, s in enumerate(subjects) if s.arm in unknown}, left_out)
    today = as_of or dt.date.today()
    say_not_known_yet(history.not_ended_by(subjects, today), today)
    subjects = history.booked_by(subjects, today)
    request = Request(study, one(periods), subjects, of_study) if study is not None and periods else None
    if request is not None and not problems.found:
        request = request.begun()
        subjects = request.subjects
    if left_out is None or request is None:
        history.check(subjects, len(subjects) > 1, problems)
    else:
        request = structs.replace(request, subjects=_consistent(subjects, left_out))
    if study is None or request is None or problems.found:
        return None
    say_unlikely([(s.code, s.start) for s in request.subjects])
    say_out_of_order(request.subjects)
    if asked.subjects is not None:
        say_no_day_1(request.cohort, today)
    say_doubtful(request)
    return request


def _with_tables(
    subjects: tuple[Subject, ...], tables: Tables, study: Study | None, problems: Problems
) -> tuple[tuple[Subject, ...], Sequence[tuple[Cell, Cell]]]:
    """One subject with what tables say, and the rows of the allocation."""
    from nmosd_dosing.subjects.tables import roster

    beside = tables.beside(study, masked(study), problems, roster.LeftOut(problems.found, refuses=True))
    return (collected(problems, lambda: roster.roster(subjects, *beside)) or subjects) if subjects else (), beside.allocation


def _several(
    tables: Tables, later: Sequence[str], study: Study | None, problems: Problems, left_out: LeftOut | None
) -> tuple[tuple[Subject, ...], Sequence[tuple[Cell, Cell]]]:
    """The subjects of a table with what the other tables say of them, and the rows of the allocation."""
    from nmosd_dosing.subjects.tables.roster import LeftOut, subject_of

    wrong = left_out if left_out is not None else LeftOut(problems.found, refuses=True)
    columns = collected(problems, lambda: tables.subjects(later, capped(study), wrong))
    beside = tables.beside(study, masked(study), problems, wrong)
    said = collected(problems, lambda: tables.join(columns, beside, wrong)) if columns is not None else None
    if columns is None or said is None:
        return (), beside.allocation
    wrong.names += [columns.codes[row] for row in sorted(wrong.rows)]
    without = collected(problems, lambda: tables.without_day(columns, said))
    if without is None:
        return (), beside.allocation
    without |= wrong.rows
    rows = [row for row in range(len(columns)) if row not in without]
    return tuple(subject_of(columns, row, said.get(row)) for row in rows), beside.allocation


def _without(subjects: tuple[Subject, ...], wrong: Collection[int], left_out: LeftOut) -> tuple[Subject, ...]:
    """The others; of those whose names are kept something is wrong."""
    left_out.names += [subjects[i].code or "" for i in sorted(wrong)]
    return tuple(subject for i, subject in enumerate(subjects) if i not in wrong)


def _consistent(subjects: tuple[Subject, ...], left_out: LeftOut) -> tuple[Subject, ...]:
    """Those of whom nothing contradicts itself."""
    found, wrong = Problems(), set()
    for i, subject in enumerate(subjects):
        before = len(found.found)
        history.check((subject,), True, found)
        if len(found.found) > before:
            wrong.add(i)
    left_out.take(found.in_order(), 0)
    return _without(subjects, wrong, left_out)


def say_unlikely(starts: Iterable[tuple[str | None, dt.date | None]]) -> None:
    """Asks for a second look at first days, each with the subject's code, that may be slips of the pen; what is asked for still comes."""
    today = dt.date.today()
    last = today.year + _YEARS_AHEAD, today.month, today.day
    unlikely = [(code, day) for code, day in starts if day and (day.year < _FIRST_YEAR or (day.year, day.month, day.day) > last)]
    if not unlikely:
        return
    named = [f"{day} of subject `{clip(code)}`" if code is not None else f"{day}" for code, day in unlikely[:_LISTED]]
    some = f" and {len(unlikely) - _LISTED:,} more" if len(unlikely) > _LISTED else ""
    wrong = f"a first day before {_FIRST_YEAR}, or more than {_YEARS_AHEAD} years ahead: {', '.join(named)}{some}"
    tell([Problem(wrong, hint="check the year", severity="warning")])


def regimen(asked: PeopleOptions, problems: Problems) -> tuple[Study | None, tuple[Period, ...]]:
    """The study with the site's facts, and the periods to plan; None and nothing where something is wrong with the study."""
    name, site = asked.regimen, asked.site
    if name is None:
        problems.error("`--regimen` is missing", None, "`dosing regimens` lists the shipped ones; a study file is named by its path")
        return None, ()
    chosen = collected(problems, lambda: regimens.found(name, asked.period))
    if chosen is None:
        return None, ()
    study = collected(problems, lambda: regimens.with_site(chosen[0], site)) if site is not None else None
    study, periods = chosen if study is None else (study, tuple(p for old in chosen[1] for p in study.periods if p.id == old.id))
    if asked.counted and study.stop is not None:
        study = structs.replace(study, stop=structs.replace(study.stop, counted=asked.counted))
    return study, periods


def one(periods: Sequence[Period]) -> str | None:
    """The period that is asked for; None for the way through several."""
    return periods[0].id if len(periods) == 1 else None


def capped(study: Study | None) -> list[str]:
    """The products of which a lifetime's dose is capped."""
    return [p.name for p in study.products if p.lifetime is not None] if study is not None else []


def masked(study: Study | None) -> bool:
    """Whether messages may tell an arm to somebody who is blinded."""
    return study is None or any(period.masks for period in study.periods)


def known_events(study: Study | None) -> tuple[str, ...] | None:
    """The events of a subject; None where the study cannot be read: it may declare any."""
    return study.subject_events if study is not None else None


def on(texts: Sequence[str], known: Sequence[str] | None, problems: Problems) -> tuple[dict[str, dt.date], tuple[Event, ...]]:
    """The dates of the study's own events, and the events of a subject, of `known` ones where they are known."""
    of_study: dict[str, dt.date] = {}
    events: list[Event] = []
    for text in texts:
        pair = arguments.dated("--on", text, problems)
        if pair is None:
            continue
        name, date = pair
        if name in STUDY_EVENTS:
            if name in of_study:
                problems.error(f"`--on {name}` is given twice", None, "keep one of them")
            of_study[name] = date
        elif known is not None and name not in known:
            hint = meant_event(name, [*known, *STUDY_EVENTS]) or f"events are {one_of([*known, *STUDY_EVENTS])}"
            problems.error(f"unknown event `{clip(name)}`", None, hint)
        elif Event(name, date) in events:
            problems.error(f"`--on {text}` is given twice", None, "keep one of them")
        else:
            events.append(Event(name, date))
    return of_study, tuple(events)


def _enter(texts: Sequence[str], later: Sequence[str], periods: Sequence[Period], problems: Problems) -> tuple[Entered, ...]:
    entered: dict[str, dt.date] = {}
    for text in texts:
        pair = arguments.dated("--enter", text, problems)
        if pair is None:
            continue
        name, date = pair
        if periods and name not in later:
            hint = did_you_mean(name, later) or (
                f"periods that are entered later: {one_of(later)}" if later else "this plan has one period"
            )
            problems.error(f"`--enter {clip(name)}` is not a later period of this plan", None, hint)
        elif name in entered:
            problems.error(f"`--enter {name}` is given twice", None, "keep one of them")
        entered[name] = date
    return tuple(Entered(name, date) for name, date in entered.items())


def _one(request: PeopleOptions, events: tuple[Event, ...], values: Sequence[Value] | None, problems: Problems) -> tuple[Subject, ...]:
    start, screened = None, any(event.name in OF_SCREENING for event in events)
    unread = len(request.on) > len(events) and bool(problems.found)  # one of them may be a day of screening, under a wrong name
    if request.start is None and not screened and not unread:
        problems.error("`--start` is missing", None, "give the day of the first dose, for example `--start 2025-01-06`")
    elif request.start is not None:
        start = arguments.date("--start", request.start, problems)
    weight, later = _weights(request.weight, problems)
    height = arguments.height("--height", request.height, problems) if request.height is not None else None
    sex = arguments.sex("--sex", request.sex, problems) if request.sex is not None else None
    age = arguments.maybe(arguments.age, "--age", request.age, problems)
    measured = arguments.measurements("--measured", request.measured, values, problems)
    earlier = tuple(e for text in request.earlier if (e := arguments.exposure("--earlier", text, problems)) is not None)
    subject = arguments.code("--subject", request.subject, problems) if request.subject is not None else None
    if request.allocation is not None and request.arm is not None:
        problems.error("`--arm` and `--allocation` both name the arm", None, "leave one of the two out")
    records = tuple(Record(*pair) for text in request.visit if (pair := arguments.dated("--visit", text, problems)) is not None)
    arm = request.arm if request.allocation is None else None
    if start is None and (request.start is not None or not screened):
        return ()
    return (
        Subject(
            start, subject, arm, weight, events, records=records, height_cm=height, sex=sex, age=age, weights=later,
            measurements=measured, earlier=earlier,
        ),
    )  # fmt: skip


def _weights(texts: Sequence[str], problems: Problems) -> tuple[float | None, tuple[Weight, ...]]:
    """The baseline weight, and later ones with their days."""
    baseline: float | None = None
    later: dict[dt.date, Weight] = {}
    for text in texts:
        date, dated, kg = text.rpartition("=")
        found = arguments.weight(f"--weight {clip(date)}{dated}" if dated else "--weight", kg, problems)
        if not dated:
            if baseline is not None:
                hint = "later weights have their day: `--weight 2025-06-23=66`"
                problems.error("two weights at baseline", None, hint)
            baseline = found if baseline is None else baseline
            continue
        day = arguments.date("--weight", date, problems)
        if day is None or found is None:
            continue
        if day in later:
            problems.error(f"two weights on {day}", None, "keep one of them")
        else:
            later[day] = Weight(day, found)
    return baseline, tuple(later.values())


def _tables(asked: PeopleOptions, problems: Problems) -> Tables | None:
    """The tables that are named; None where there is none, so that nothing is loaded for them."""
    tables = (asked.subjects, asked.events, asked.allocation, asked.visits, asked.weighings, asked.measurements)
    if not (any(table is not None for table in tables) or asked.column or asked.sheet):
        return None
    from nmosd_dosing.cli.tables import Tables

    return Tables(asked, problems)


def _check_several(asked: PeopleOptions, problems: Problems) -> None:
    for name in (*OF_ONE_SUBJECT, "visit"):
        if name not in ("enter", "subject") and getattr(asked, name):
            ways_out = {"arm": "arms come in a table of their own: `--allocation FILE.csv`", "visit": "write a table: `--visits FILE.csv`"}
            several = "a register" if isinstance(asked.subjects, Held) else "`--subjects`"
            wrong = f"`{option(name)}` is about one subject, {several} about several"
            problems.error(wrong, None, ways_out.get(name, "leave one of the two out"))


def unknown_arms(
    asked: Sequence[str | None], arms: Sequence[str], allocation: Sequence[tuple[Cell, Cell]]
) -> tuple[set[str | None], list[Problem]]:
    """The arms that are not there, and what is wrong with them, with the first of its cells where one stands in a table."""
    unknown, found = set[str | None](), list[Problem]()
    for arm in dict.fromkeys(asked):
        try:
            arm_index(arm, arms)
        except DosingError as error:
            unknown.add(arm)
            place = next((cell.place for _, cell in allocation if cell.text == arm), None)
            problem = error.problems[0]
            if place is not None:  # beside the code of whom it is about nothing may be said of the arm itself
                hint = f"write {one_of(arms)}, letter by letter" if arms else "this regimen has no arms: leave `--allocation` out"
                problem = Problem("an arm that the study does not have", place, hint)
            found.append(problem)
    return unknown, found


class What(Struct, frozen=True):
    """What is asked of a schedule, as options mean it."""

    asked: ScheduleOptions
    until: dt.date | None
    window: Window | None
    as_of: dt.date | None
    policy: Policy

    def of(self, request: Request, problems: Problems) -> Request:
        """What is asked of the subjects of a request."""
        asked = self.asked
        return structs.replace(
            request, until=self.until, window=self.window, as_of=self.as_of, policy=self.policy, unblind=asked.unblind,
            allow_deviation=asked.allow_deviation, accept_gap=asked.accept_gap, cancelled=asked.cancelled,
            workdays=arguments.country("--country", asked.country, request.study.site, problems),
        )  # fmt: skip


def what(asked: ScheduleOptions, problems: Problems) -> What:
    until = arguments.maybe(arguments.date, "--until", asked.until, problems)
    window = arguments.maybe(arguments.window, "--window", asked.window, problems)
    as_of = arguments.maybe(arguments.date, "--as-of", asked.as_of, problems)
    return What(asked, until, window, as_of, arguments.policy("--vials", asked.vials, problems))


def check_arms(request: Request, hint: str, problems: Problems, who: str = "the arm") -> None:
    """To unblind, an arm must be known."""
    if request.lacks_arm:
        problems.error(f"`--unblind` needs {who}", None, hint)


def where_arms_are(asked: PeopleOptions, arms: Sequence[str]) -> str:
    """What is to be typed where an arm is not known."""
    if asked.register is not None:
        return f"who of the register has none gets one by `{command('register record allocation subject=CODE arm=…')}`, {one_of(arms)}"
    return f"add `--arm` with {one_of(arms)}" if asked.subjects is None else "add `--allocation FILE` with everybody's arm"


def say_day_1(cohort: Cohort) -> None:
    """Whose first dose was, or is booked, on another day than planned: a line for each subject."""
    moved, booked = list(cohort.moved()), cohort.first_booked()
    for column, start, planned in moved[:_NAMED]:
        how = "the first dose as recorded" if column not in booked else "for which the first dose is booked"
        was = f"day 1 is {date_text(start)}, {how}; planned was {date_text(planned)}"
        say(without_controls(f"start: {cohort.name(column)}{was}"))
    if len(moved) > _NAMED:
        say(f"start: and {len(moved) - _NAMED:,} more, whose first dose is on another day than planned")


def say_out_of_order(subjects: Iterable[Subject]) -> None:
    """Asks for a second look at days of screening that cannot be; what is asked for still comes."""
    wrong = [
        f"{f'subject `{clip(s.code)}`: ' if s.code is not None else ''}{words}"
        for s in subjects
        if s.events
        for words in out_of_order({event.name: event.date for event in s.events}.get, s.start)
    ]
    if wrong:
        more = f"; and {len(wrong) - _LISTED:,} more" if len(wrong) > _LISTED else ""
        tell([Problem(f"{'; '.join(wrong[:_LISTED])}{more}", hint="check the dates", severity="warning")])


def say_no_day_1(cohort: Cohort, as_of: dt.date) -> None:
    """Who of a table has no day 1, and whether one comes."""
    yet, failed, behind = cohort.without_day_1(as_of)
    for columns, words, means in (
        (yet, "no day 1 yet", "what is counted from day 1 is not planned"),
        (failed, "no day 1, screening failed", "what is counted from day 1 is not planned"),
        (behind, "day 1 after a failed screening", "nothing is planned after the failure; of a new screening `screened` has the day"),
        (cohort.screened_again(), "screened again after a failure", "`screen_failed` is of the earlier screening, and ends nothing"),
    ):
        if columns:
            say(without_controls(f"{words}: {some_codes([cohort.codes[column] for column in columns])}; {means}"))


def say_before_day_1(schedule: Schedule, columns: Sequence[int]) -> None:
    """Which doses count as done though they are recorded before day 1: who does not run `check` would miss them in silence."""
    if schedule.visit_records is None:
        return
    cohort, shown = schedule.cohort, {*columns}
    later = {row for row, segment in enumerate(schedule.segment_of) if schedule.segments[segment].period}
    doses = visit_records.before_day_1(schedule.visit_records, schedule.visits, cohort, later)
    early = [found for found in doses if found[0] in shown]
    for column, record in early[:_NAMED]:
        day_1 = date_text(cohort.start[column].item())
        words = f"{cohort.name(column)}{record.visit} is recorded on {date_text(record.date)}, before day 1, {day_1}"
        say(without_controls(f"recorded: {words}, and counts as done: check the dates"))
    if len(early) > _NAMED:
        say(f"recorded: and {len(early) - _NAMED:,} more before day 1")


def say_not_known_yet(left_out: Sequence[str], as_of: dt.date) -> None:
    """What was not known on a day, since it is dated later."""
    if left_out:
        some = f" and {len(left_out) - _LISTED} more" if len(left_out) > _LISTED else ""
        say(without_controls(f"left out, since it is dated after {as_of}: {'; '.join(left_out[:_LISTED])}{some}"))


def known_by(request: Request, as_of: dt.date) -> Request:
    """The same with what was known on a day; what is left out is said."""
    known, left_out = request.known_by(as_of)
    say_not_known_yet(left_out, as_of)
    return known
