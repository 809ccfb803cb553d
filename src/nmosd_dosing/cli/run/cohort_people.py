"""Whom `dosing cohort` is about: tables to columns of very many subjects, without an object for each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from nmosd_dosing.cli import people
from nmosd_dosing.cli.files import read_file
from nmosd_dosing.cli.people import PeopleRequest
from nmosd_dosing.errors import DosingError, Problems, clip, one_of
from nmosd_dosing.study.model import Period, Study
from nmosd_dosing.study.sequence import arms_of
from nmosd_dosing.subjects import history
from nmosd_dosing.subjects.cohort import Cohort, arm_index
from nmosd_dosing.subjects.subject import Event, Record, Subject, Weight
from nmosd_dosing.subjects.tables import roster, subject_table, table
from nmosd_dosing.subjects.tables.roster import Known, LeftOut, Said
from nmosd_dosing.subjects.tables.subject_table import SubjectColumns, to_cohort

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CohortRequest:
    """What is asked of the subjects, as options mean it."""

    people: PeopleRequest
    unblind: bool
    until: dt.date | None
    as_of: dt.date | None
    skip_bad: bool


@dataclass(slots=True)
class Everybody:
    """All subjects as columns; `sites` of each, empty where nobody has one."""

    study: Study
    periods: tuple[Period, ...]
    cohort: Cohort
    sites: list[str | None]
    read: int = 0
    left_out: LeftOut = field(default_factory=LeftOut)

    @property
    def period(self) -> str | None:
        """The period that `expand` is asked for: None for the way through several."""
        return self.periods[0].id if len(self.periods) == 1 else None


def read(request: CohortRequest, problems: Problems) -> Everybody | None:
    """Everybody whom the tables name; None where something is wrong, which stands in `problems` then. With `skip_bad` subjects of whom
    something is wrong are left out, and said to be so."""
    asked = request.people
    study, periods = people.regimen(asked, problems)
    known = people.known_events(study)
    of_study, events = people.on(asked.on, known, problems)
    if events:
        problems.error("`--on` with a subject's event is about one subject", None, "write them into a table: `--events`")
    left_out = LeftOut() if request.skip_bad else None
    found = Problems()
    columns = _put(found, lambda: _columns(asked, [p.id for p in periods[1:]], people.capped(study), found, left_out))
    tables_beside = _beside(asked, known, left_out, found)
    if columns is not None and tables_beside is not None and not found.found:
        said: dict[int, Said] = {}
        join_problems = _put(found, lambda: _join(columns, said, tables_beside, left_out))
        if join_problems is not None and study is not None:
            made = _everybody(request, study, periods, columns, said, tables_beside[1], of_study, found, left_out)
            if made is not None and not found.found and not problems.found:
                return made
    problems.found += found.found
    return None


def _put(problems: Problems, work: Callable[[], T]) -> T | None:
    """What some work gives; None where it raises, and then what is wrong stands in `problems`."""
    try:
        return work()
    except DosingError as error:
        problems.found += error.problems
        return None


def _columns(
    asked: PeopleRequest, later: Sequence[str], capped: Sequence[str], problems: Problems, left_out: LeftOut | None
) -> SubjectColumns:  # fmt: skip
    found = Problems()
    path = asked.subjects or ""
    columns = subject_table.read(read_file(path), path, later, capped, found)
    if left_out is None or not len(columns):
        table.stop(found.in_order(), more=found.more)
    elif found.found:
        try:
            broken = subject_table.of_broken_lines(columns.table)
        except ValueError:  # it could be anybody's second row
            table.stop(found.in_order(), more=found.more)
            raise
        left_out.take(found)
        left_out.rows |= columns.table.wrong | {row for row in broken if row is not None}
        left_out.nobody = broken.count(None)
    return columns


Beside = tuple[
    list[tuple[table.Cell, Event]], list[tuple[table.Cell, table.Cell]], list[tuple[table.Cell | None, Record]],
    list[tuple[table.Cell, Weight]],
]  # fmt: skip


def _beside(asked: PeopleRequest, known: Sequence[str], left_out: LeftOut | None, problems: Problems) -> Beside | None:
    """The tables beside that of the subjects."""
    before = len(problems.found)
    events, arms, visits, weights = asked.events, asked.allocation, asked.visits, asked.weighings
    found = (
        _put(problems, lambda: roster.events(read_file(events), events, known, left_out)) if events is not None else [],
        _put(problems, lambda: roster.allocation(read_file(arms), arms, left_out)) if arms is not None else [],
        _put(problems, lambda: roster.records(read_file(visits), visits, left_out)) if visits is not None else [],
        _put(problems, lambda: roster.weighings(read_file(weights), weights, left_out)) if weights is not None else [],
    )
    return None if len(problems.found) > before else (found[0] or [], found[1] or [], found[2] or [], found[3] or [])


def _join(columns: SubjectColumns, said: dict[int, Said], beside: Beside, left_out: LeftOut | None) -> bool:
    if not any(beside) and (left_out is None or not left_out.codes):
        return True
    known = Known(columns.codes, lambda row: columns.cell(row).place)
    roster.join(known, lambda row: columns.starts[row], said, *beside)
    if left_out is None or known.nobody:
        table.stop(known.in_order, "the tables", known.more)
    elif known.in_order:
        left_out.problems += known.in_order[: table.LISTED]
        left_out.more += known.more + len(known.in_order[table.LISTED :])
    if left_out is not None:
        left_out.rows |= known.wrong | known.may_be(left_out.codes)
    return True


def _everybody(
    request: CohortRequest, study: Study, periods: tuple[Period, ...], columns: SubjectColumns, said: dict[int, Said],
    allocation: Sequence[tuple[table.Cell, table.Cell]], of_study: dict[str, dt.date], problems: Problems, left_out: LeftOut | None,
) -> Everybody | None:  # fmt: skip
    """The cohort of all rows, or of all of which nothing is wrong."""
    bad = left_out.rows if left_out is not None else set()
    names = arms_of(periods)
    arms = _arms(names, said, allocation, bad, problems, left_out)
    more = sorted((columns.with_more() | {row for row, mine in said.items() if _more(mine)}) - bad)
    told = {row: said[row].of(columns.subject(row)) if row in said else columns.subject(row) for row in more}
    _checks(request, periods, columns, arms, told, problems, left_out)
    if problems.found:
        return None
    if request.as_of is not None:
        then, of_study = people.known_of(list(told.values()), of_study, request.as_of)
        told = dict(zip(told, then, strict=True))
    rows = [row for row in range(len(columns)) if row not in bad]
    cohort = to_cohort(columns, rows, told, arms, names, of_study)
    if left_out is not None:
        left_out.names = [columns.codes[row] for row in sorted(bad)]
    sites = [columns.sites[row] for row in rows] if "site" in columns.table.columns else []
    return Everybody(study, periods, cohort, sites, len(columns) + (left_out.nobody if left_out is not None else 0), left_out or LeftOut())


def _more(said: Said) -> bool:
    return bool(said.events or said.records or said.weights)


def _arms(
    names: Sequence[str], said: dict[int, Said], allocation: Sequence[tuple[table.Cell, table.Cell]], bad: set[int], problems: Problems,
    left_out: LeftOut | None,
) -> dict[int, int]:  # fmt: skip
    """The index of everybody's arm, by row."""
    index: dict[str, int] = {}
    unknown = set[str]()
    for arm in dict.fromkeys(mine.arm for mine in said.values() if mine.arm is not None):
        try:
            index[arm] = arm_index(arm, names)
        except DosingError as error:
            unknown.add(arm)
            (problems.found if left_out is None else left_out.problems).extend(
                people.with_place(problem, arm, names, allocation) for problem in error.problems
            )
    bad |= {row for row, mine in said.items() if mine.arm in unknown} if left_out is not None else set()
    return {row: index[mine.arm] for row, mine in said.items() if mine.arm is not None and mine.arm in index}


def _checks(
    request: CohortRequest, periods: tuple[Period, ...], columns: SubjectColumns, arms: dict[int, int], told: dict[int, Subject],
    problems: Problems, left_out: LeftOut | None,
) -> None:  # fmt: skip
    """What is asked of each subject beyond its table, as `plan` asks it."""
    bad = left_out.rows if left_out is not None else set[int]()
    found, several = Problems(), len(columns) > 1
    wrong = set[int]()
    for row, subject in told.items():
        before = len(found.found)
        history.check_events((subject,), several, found)
        history.check_weights((subject,), several, found)
        if len(found.found) > before:
            wrong.add(row)
            found.more += len(found.found[10 * table.LISTED :])
            del found.found[10 * table.LISTED :]
    unblind = request.unblind and any(p.masks for p in periods)
    without = [row for row in range(len(columns)) if unblind and row not in arms and row not in bad]
    if without:
        some = f"subject `{clip(columns.codes[without[0]])}` has none"
        some = some if len(without) == 1 else f"{len(without):,} subjects have none, the first is `{clip(columns.codes[without[0]])}`"
        hint = f"add them to `--allocation`: {one_of(arms_of(periods))}"
        found.error(f"`--unblind` needs everybody's arm: {some}", None, hint)
        wrong.update(without)
    if request.until is not None:
        told_of = 0
        for row, start in enumerate(columns.starts):
            if start is not None and request.until < start and row not in bad:
                wrong.add(row)
                told_of += 1
                if told_of <= table.LISTED:
                    message = f"`--until {request.until}` is before the start of subject `{columns.codes[row]}`"
                    found.error(message, columns.cell(row).place, "give a later day")
        found.more += max(0, told_of - table.LISTED)
    if left_out is None:
        problems.found += table.first_of(found.in_order(), "the tables", found.more) if found.found else []
    elif found.found:
        left_out.take(found)
        bad |= wrong
        for row in wrong:
            told.pop(row, None)
