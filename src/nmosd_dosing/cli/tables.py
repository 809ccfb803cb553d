"""The tables that are named on the command line, read; what is wrong in them is collected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from nmosd_dosing.cli.edge import collected, say
from nmosd_dosing.cli.files import read_file
from nmosd_dosing.cli.options import PeopleOptions
from nmosd_dosing.errors import Problems
from nmosd_dosing.screen import without_controls
from nmosd_dosing.subjects.subject import Event, Record, Subject, Weight
from nmosd_dosing.subjects.tables import roster
from nmosd_dosing.subjects.tables.encodings import read_by_its_mark, transcoded
from nmosd_dosing.subjects.tables.roster import LeftOut
from nmosd_dosing.subjects.tables.table import Cell

T = TypeVar("T")


def read_table(path: str, encoding: str | None) -> bytes:
    """What a table's file holds; in UTF-8 where it is in an encoding that is said. Raises InputError where it cannot be read, or is not."""
    content = read_file(path)
    if (mark := read_by_its_mark(content)) is not None:
        say(without_controls(f"`{path}` is read as {mark}, by the mark that it begins with"))
    return content if encoding is None else transcoded(content, path, encoding)


def subjects(asked: PeopleOptions, later: Sequence[str], capped: Sequence[str], problems: Problems) -> tuple[Subject, ...]:
    """The table of subjects; nobody where it is wrong."""
    path = asked.subjects or ""
    return collected(problems, lambda: roster.subjects(read_table(path, asked.encoding), path, later, capped)) or ()


def with_tables(
    known: tuple[Subject, ...], asked: PeopleOptions, events: Sequence[str], masked: bool, problems: Problems
) -> tuple[tuple[Subject, ...], Sequence[tuple[Cell, Cell]]]:
    """The subjects with what the tables beside theirs say, and the rows of the allocation."""
    before = len(problems.found)
    tables = beside(asked, events, masked, problems)
    if known and len(problems.found) == before:
        known = collected(problems, lambda: roster.roster(known, *tables)) or known
    return known, tables.allocation


class Beside(NamedTuple):
    """The rows of the tables beside that of the subjects."""

    events: Sequence[tuple[Cell, Event]]
    allocation: Sequence[tuple[Cell, Cell]]
    records: Sequence[tuple[Cell | None, Record]]
    weighings: Sequence[tuple[Cell, Weight]]


def beside(asked: PeopleOptions, known: Sequence[str], masked: bool, problems: Problems, left_out: LeftOut | None = None) -> Beside:
    """What the tables say; nothing of one that is wrong. With `left_out` rows that are wrong are left out. `masked`: no message shows what
    was given."""

    def rows(path: str | None, read: Callable[[bytes, str], list[T]]) -> list[T]:
        return [] if path is None else collected(problems, lambda: read(read_table(path, asked.encoding), path)) or []

    return Beside(
        rows(asked.events, lambda content, path: roster.events(content, path, known, left_out)),
        rows(asked.allocation, lambda content, path: roster.allocation(content, path, left_out)),
        rows(asked.visits, lambda content, path: roster.records(content, path, left_out, masked)),
        rows(asked.weighings, lambda content, path: roster.weighings(content, path, left_out)),
    )
