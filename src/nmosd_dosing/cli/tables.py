"""The tables that are named on the command line, read; what is wrong in them is collected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from nmosd_dosing.cli.edge import collected
from nmosd_dosing.cli.files import read_file
from nmosd_dosing.cli.options import PeopleOptions
from nmosd_dosing.errors import Problems
from nmosd_dosing.subjects.subject import Event, Record, Subject, Weight
from nmosd_dosing.subjects.tables import roster
from nmosd_dosing.subjects.tables.roster import LeftOut
from nmosd_dosing.subjects.tables.table import Cell


def subjects(path: str, later: Sequence[str], capped: Sequence[str], problems: Problems) -> tuple[Subject, ...]:
    """The table of subjects; nobody where it is wrong."""
    return collected(problems, lambda: roster.subjects(read_file(path), path, later, capped)) or ()


def with_tables(
    known: tuple[Subject, ...], asked: PeopleOptions, events: Sequence[str], problems: Problems
) -> tuple[tuple[Subject, ...], Sequence[tuple[Cell, Cell]]]:
    """The subjects with what the tables beside theirs say, and the rows of the allocation."""
    before = len(problems.found)
    tables = beside(asked, events, problems)
    if known and len(problems.found) == before:
        known = collected(problems, lambda: roster.roster(known, *tables)) or known
    return known, tables.allocation


class Beside(NamedTuple):
    """The rows of the tables beside that of the subjects."""

    events: Sequence[tuple[Cell, Event]]
    allocation: Sequence[tuple[Cell, Cell]]
    records: Sequence[tuple[Cell | None, Record]]
    weighings: Sequence[tuple[Cell, Weight]]


def beside(asked: PeopleOptions, known: Sequence[str], problems: Problems, left_out: LeftOut | None = None) -> Beside:
    """What the tables say; nothing of one that is wrong. With `left_out` rows that are wrong are left out."""
    events, arms, visits, weights = asked.events, asked.allocation, asked.visits, asked.weighings
    return Beside(
        (collected(problems, lambda: roster.events(read_file(events), events, known, left_out)) or []) if events is not None else [],
        (collected(problems, lambda: roster.allocation(read_file(arms), arms, left_out)) or []) if arms is not None else [],
        (collected(problems, lambda: roster.records(read_file(visits), visits, left_out)) or []) if visits is not None else [],
        (collected(problems, lambda: roster.weighings(read_file(weights), weights, left_out)) or []) if weights is not None else [],
    )
