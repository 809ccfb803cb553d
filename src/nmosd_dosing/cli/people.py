"""Whom a command is about: options and tables to a study, its periods, and the subjects with what happened to them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from nmosd_dosing.cli import arguments
from nmosd_dosing.cli.edge import say
from nmosd_dosing.cli.files import read_file
from nmosd_dosing.errors import DosingError, Problem, Problems, clip, did_you_mean, one_of, printable
from nmosd_dosing.language import catalog
from nmosd_dosing.study.events import STUDY_EVENTS, SUBJECT_EVENTS, completed
from nmosd_dosing.study.model import Period, Study
from nmosd_dosing.study.sequence import arms_of
from nmosd_dosing.subjects.subject import Entered, Event, Record, Subject, Weight

if TYPE_CHECKING:
    from nmosd_dosing.subjects.tables.table import Cell

from nmosd_dosing.errors import draw
from nmosd_dosing.language.site_file import fill, read_site
from nmosd_dosing.subjects.history import check_events, check_weights

_LISTED = 5
Dated = TypeVar("Dated", Event, Entered, Record, Weight)


@dataclass(frozen=True, slots=True)
class PeopleRequest:
    """The options as they were typed."""

    regimen: str | None
    period: str | None
    start: str | None
    arm: str | None
    weight: Sequence[str]
    subject: str | None
    subjects: str | None
    allocation: str | None
    events: str | None
    visits: str | None
    on: Sequence[str]
    enter: Sequence[str]
    site: str | None = None
    visit: Sequence[str] = ()
    height: str | None = None
    earlier: Sequence[str] = ()
    weighings: str | None = None

    @property
    def files(self) -> list[tuple[str, str | None]]:
        """What is read, by option."""
        return [
            ("--regimen", self.regimen), ("--subjects", self.subjects), ("--allocation", self.allocation), ("--events", self.events),
            ("--visits", self.visits), ("--site", self.site), ("--weighings", self.weighings),
        ]  # fmt: skip


def nobody(regimen: str | None, period: str | None, start: str, arm: str | None, site: str | None) -> PeopleRequest:
    """A subject of whom nothing is known but the first day and the arm."""
    return PeopleRequest(regimen, period, start, arm, (), None, None, None, None, None, on=(), enter=(), site=site)


@dataclass(frozen=True, slots=True)
class People:
    """What the options mean. of_study: dates of the study's own events."""

    study: Study
    periods: tuple[Period, ...]
    subjects: tuple[Subject, ...]
    of_study: dict[str, dt.date]

    @property
    def arms(self) -> tuple[str, ...]:
        return arms_of(self.periods)

    @property
    def period(self) -> str | None:
        """The period that `expand` is asked for: None for the way through several."""
        return self.periods[0].id if len(self.periods) == 1 else None


def read(request: PeopleRequest, problems: Problems) -> People | None:
    """Whom the options mean; None where something is wrong, which stands in `problems` then."""
    study, periods = regimen(request, problems)
    known = known_events(study)
    later = [p.id for p in periods[1:]]
    of_study, events = on(request.on, known, problems)
    entered = _enter(request.enter, later, periods, problems)
    subjects = _one(request, problems) if request.subjects is None else _several(request, later, capped(study), problems)
    if request.subjects is not None and (events or entered):
        problems.error("`--on` with a subject's event, and `--enter`, are about one subject", None, "write them into tables: `--events`")
    subjects = tuple(dataclasses.replace(s, events=s.events + events, entered=s.entered + entered) for s in subjects)
    subjects, allocation = _tables(request, subjects, known, problems)
    if study is not None and periods:
        _arms(request, arms_of(periods), subjects, allocation, problems)
    several = len(subjects) > 1
    check_events(subjects, several, problems)
    check_weights(subjects, several, problems)
    if study is None or problems.found:
        return None
    return People(study, periods, subjects, of_study)


def regimen(request: PeopleRequest, problems: Problems) -> tuple[Study | None, tuple[Period, ...]]:
    """The study with the site's facts, and the periods to plan; None and nothing where something is wrong with the study."""
    chosen = _regimen(request, problems)
    if chosen is None or request.site is None:
        return chosen if chosen is not None else (None, ())

    try:
        study = with_site(chosen[0], request.site)
        return study, tuple(p for old in chosen[1] for p in study.periods if p.id == old.id)
    except DosingError as error:
        problems.found += error.problems
        return chosen


def capped(study: Study | None) -> list[str]:
    """The products of which a lifetime's dose is capped."""
    return [p.name for p in study.products if p.lifetime is not None] if study is not None else []


def _regimen(request: PeopleRequest, problems: Problems) -> tuple[Study, tuple[Period, ...]] | None:
    if request.regimen is None:
        problems.error("`--regimen` is missing", None, "`dosing regimens` lists the shipped ones; a study file is named by its path")
        return None
    try:
        return catalog.find_plan(request.regimen, request.period)
    except DosingError as error:
        problems.found += error.problems
        return None


def known_events(study: Study | None) -> tuple[str, ...]:
    """The events of a subject."""
    declared = [name for name, _ in study.events] if study is not None else []
    return (*SUBJECT_EVENTS, *(completed(p.id) for p in (study.periods if study is not None else ())), *declared)


def _pair(option: str, text: str, problems: Problems) -> tuple[str, dt.date] | None:
    """`NAME=DATE`."""
    name, equals, date = text.partition("=")
    if not equals or not name:
        problems.error(f"`{option} {clip(text)}` has no date", None, f"write for example `{option} {clip(name) or 'NAME'}=2025-07-02`")
        return None
    day = arguments.date(f"{option} {clip(name)}=", date, problems)
    return (name.strip(), day) if day is not None else None


def on(texts: Sequence[str], known: Sequence[str], problems: Problems) -> tuple[dict[str, dt.date], tuple[Event, ...]]:
    """The dates of the study's own events, and the events of a subject."""
    of_study: dict[str, dt.date] = {}
    events: list[Event] = []
    for text in texts:
        pair = _pair("--on", text, problems)
        if pair is None:
            continue
        name, date = pair
        if name in STUDY_EVENTS:
            if name in of_study:
                problems.error(f"`--on {name}` is given twice", None, "keep one of them")
            of_study[name] = date
        elif name not in known:
            hint = did_you_mean(name, [*known, *STUDY_EVENTS]) or f"events are {one_of([*known, *STUDY_EVENTS])}"
            problems.error(f"unknown event `{clip(name)}`", None, hint)
        elif Event(name, date) in events:
            problems.error(f"`--on {text}` is given twice", None, "keep one of them")
        else:
            events.append(Event(name, date))
    return of_study, tuple(events)


def _enter(texts: Sequence[str], later: Sequence[str], periods: Sequence[Period], problems: Problems) -> tuple[Entered, ...]:
    entered: dict[str, dt.date] = {}
    for text in texts:
        pair = _pair("--enter", text, problems)
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


def _one(request: PeopleRequest, problems: Problems) -> tuple[Subject, ...]:
    start = None
    if request.start is None:
        problems.error("`--start` is missing", None, "give the day of the first dose, for example `--start 2025-01-06`")
    else:
        start = arguments.date("--start", request.start, problems)
    weight, later = _weights(request.weight, start, problems)
    height = arguments.height("--height", request.height, problems) if request.height is not None else None
    earlier = tuple(e for text in request.earlier if (e := arguments.exposure("--earlier", text, problems)) is not None)
    subject = arguments.code("--subject", request.subject, problems) if request.subject is not None else None
    if request.allocation is not None and request.arm is not None:
        problems.error("`--arm` and `--allocation` both name the arm", None, "leave one of the two out")
    records = []
    for text in request.visit:
        pair = _pair("--visit", text, problems)
        if pair is not None:
            records.append(Record(*pair))
    arm = request.arm if request.allocation is None else None
    if start is None:
        return ()
    return (Subject(start, subject, arm, weight, records=tuple(records), height_cm=height, weights=later, earlier=earlier),)


def _weights(texts: Sequence[str], start: dt.date | None, problems: Problems) -> tuple[float | None, tuple[Weight, ...]]:
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
        day = arguments.date("--weight ", date, problems)
        if day is None or found is None:
            continue
        if start is not None and day <= start:
            when = "is day 1" if day == start else f"is before day 1, {start}"
            problems.error(f"`--weight {text}` {when}", None, f"the weight at baseline has no day: `--weight {kg}`")
        elif day in later:
            problems.error(f"two weights on {day}", None, "keep one of them")
        else:
            later[day] = Weight(day, found)
    return baseline, tuple(later.values())


def _several(request: PeopleRequest, later: Sequence[str], capped: Sequence[str], problems: Problems) -> tuple[Subject, ...]:
    from nmosd_dosing.subjects.tables import roster

    for option, value in (
        ("--start", request.start), ("--subject", request.subject), ("--weight", request.weight), ("--arm", request.arm),
        ("--height", request.height), ("--earlier", request.earlier),
    ):  # fmt: skip
        if value:
            hint = "arms come in a table of their own: `--allocation FILE.csv`" if option == "--arm" else "leave one of the two out"
            problems.error(f"`{option}` is about one subject, `--subjects` about several", None, hint)
    if request.visit:
        problems.error("`--visit` is about one subject, `--subjects` about several", None, "write a table: `--visits FILE.csv`")
    try:
        return roster.subjects(read_file(request.subjects or ""), request.subjects or "", later, capped)
    except DosingError as error:
        problems.found += error.problems
        return ()


def _tables(
    request: PeopleRequest, subjects: tuple[Subject, ...], known: Sequence[str], problems: Problems
) -> tuple[tuple[Subject, ...], list[tuple[Cell, Cell]]]:
    """The subjects with what the tables beside theirs say, and the rows of the allocation."""
    if request.allocation is None and request.events is None and request.visits is None and request.weighings is None:
        return subjects, []
    from nmosd_dosing.subjects.tables import roster

    events: list[tuple[Cell, Event]] = []
    allocation: list[tuple[Cell, Cell]] = []
    records: list[tuple[Cell | None, Record]] = []
    weighings: list[tuple[Cell, Weight]] = []
    found = len(problems.found)
    try:
        events = roster.events(read_file(request.events), request.events, known) if request.events is not None else []
    except DosingError as error:
        problems.found += error.problems
    try:
        allocation = roster.allocation(read_file(request.allocation), request.allocation) if request.allocation is not None else []
    except DosingError as error:
        problems.found += error.problems
    try:
        records = roster.records(read_file(request.visits), request.visits) if request.visits is not None else []
    except DosingError as error:
        problems.found += error.problems
    try:
        weighings = roster.weighings(read_file(request.weighings), request.weighings) if request.weighings is not None else []
    except DosingError as error:
        problems.found += error.problems
    if len(problems.found) > found or not subjects:
        return subjects, allocation
    try:
        return roster.roster(subjects, events, allocation, records, weighings), allocation
    except DosingError as error:
        problems.found += error.problems
        return subjects, allocation


def _arms(
    request: PeopleRequest, arms: tuple[str, ...], subjects: Sequence[Subject], allocation: Sequence[tuple[Cell, Cell]], problems: Problems
) -> None:
    from nmosd_dosing.subjects.cohort import arm_index

    asked = [request.arm] if request.subjects is None else []
    for arm in dict.fromkeys([*asked, *(s.arm for s in subjects)]):
        try:
            arm_index(arm, arms)
        except DosingError as error:
            problems.found += [with_place(problem, arm, arms, allocation) for problem in error.problems]


def with_place(problem: Problem, arm: str | None, arms: Sequence[str], allocation: Sequence[tuple[Cell, Cell]]) -> Problem:
    """What is wrong with an arm, with the first of its cells where it stands in a table."""
    place = next((cell.place for _, cell in allocation if cell.text == arm), None)
    if place is None:
        return problem
    return dataclasses.replace(problem, place=place, hint=problem.hint if arms else "this regimen has no arms: leave `--allocation` out")


def known_by(whom: People, as_of: dt.date) -> People:
    """What was known on a day: what is dated later is left out, and said."""
    subjects, of_study = known_of(whom.subjects, whom.of_study, as_of)
    return dataclasses.replace(whom, subjects=subjects, of_study=of_study)


def known_of(subjects: Sequence[Subject], of_study: dict[str, dt.date], as_of: dt.date) -> tuple[tuple[Subject, ...], dict[str, dt.date]]:
    """What was known of some subjects, and of the study's own events, on a day."""
    left_out: list[str] = []

    def known(items: Sequence[Dated], what: str) -> tuple[Dated, ...]:
        left_out.extend(f"{what} on {item.date}{f' ({item.place.where})' if item.place else ''}" for item in items if item.date > as_of)
        return tuple(item for item in items if item.date <= as_of)

    then = tuple(
        dataclasses.replace(
            s,
            events=known(s.events, "an event"),
            entered=known(s.entered, "an entry"),
            records=known(s.records, "a visit"),
            weights=known(s.weights, "a weight"),
        )
        for s in subjects
    )
    later = {name: date for name, date in of_study.items() if date > as_of}
    left_out += [f"{name} on {date}" for name, date in later.items()]
    if left_out:
        some = f" and {len(left_out) - _LISTED} more" if len(left_out) > _LISTED else ""
        say(printable(f"left out, since it is dated after {as_of}: {'; '.join(left_out[:_LISTED])}{some}"))
    return then, {name: date for name, date in of_study.items() if name not in later}


def with_site(study: Study, path: str) -> Study:
    """The study with a site's facts filled in. What they make doubtful is told on standard error. Raises DosingError."""
    doubts = Problems()
    filled = fill(study, read_site(read_file(path), path), doubts)
    if doubts.found:
        say(draw(doubts.in_order()) + "\n")
    return filled
