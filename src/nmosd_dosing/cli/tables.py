"""The tables that are named on the command line, read as somebody says that they are kept; what is wrong in them is collected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

from nmosd_dosing.cli.edge import collected, say
from nmosd_dosing.cli.files import read_file
from nmosd_dosing.cli.options import PeopleOptions
from nmosd_dosing.errors import Problems, clip, did_you_mean, one_of, plural
from nmosd_dosing.screen import without_controls
from nmosd_dosing.subjects.subject import Event, Record, Subject, Weight
from nmosd_dosing.subjects.tables import roster
from nmosd_dosing.subjects.tables.encodings import read_by_its_mark, transcoded
from nmosd_dosing.subjects.tables.headings import NAMES, Layout, ignored_text, plain
from nmosd_dosing.subjects.tables.roster import LeftOut
from nmosd_dosing.subjects.tables.table import Cell

T = TypeVar("T")
TABLES = ("subjects", "events", "visits", "weighings", "allocation", "weights")


class Beside(NamedTuple):
    """The rows of the tables beside that of the subjects."""

    events: Sequence[tuple[Cell, Event]]
    allocation: Sequence[tuple[Cell, Cell]]
    records: Sequence[tuple[Cell | None, Record]]
    weighings: Sequence[tuple[Cell, Weight]]


class Tables:
    """The tables of one command. What is wrong with what is said of them goes to `problems`."""

    def __init__(self, asked: PeopleOptions, problems: Problems) -> None:
        self.asked = asked
        self.columns, self.sheets = said_columns(asked.column, problems), _sheets(asked.sheet, problems)
        self.found: set[str] = set()  # names of columns and sheets that were said, and are there

    def read(self, table: str, path: str, work: Callable[[bytes, Layout], T]) -> T:
        """What some work makes of a table, which is called as its option is; the columns that it ignores are named. Raises InputError where
        it cannot be read."""
        content = read_file(path)
        if (mark := read_by_its_mark(content)) is not None:
            say(without_controls(f"`{path}` is read as {mark}, by the mark that it begins with"))
        if self.asked.encoding is not None:
            content = transcoded(content, path, self.asked.encoding)
        layout = Layout(table, self.columns, self.sheets.get(table, self.sheets.get("", ())), table in self.sheets)
        try:
            return work(content, layout)
        finally:
            self.found |= layout.found
            if layout.ignored:
                columns = plural(len(layout.ignored), "column")
                where = f"`{path}`, sheet `{clip(layout.sheet)}`" if layout.sheet is not None else f"`{path}`"
                say(without_controls(f"ignored in {where}: the {columns} {ignored_text(layout.ignored)}"))

    def subjects(self, later: Sequence[str], capped: Sequence[str], problems: Problems) -> tuple[Subject, ...]:
        """The table of subjects; nobody where it is wrong."""
        path = self.asked.subjects or ""
        work = partial(roster.subjects, path=path, periods=later, capped=capped)
        return collected(problems, lambda: self.read("subjects", path, lambda content, layout: work(content, layout=layout))) or ()

    def beside(self, known: Sequence[str], masked: bool, problems: Problems, left_out: LeftOut | None = None) -> Beside:
        """What the other tables say; nothing of one that is wrong. With `left_out` rows that are wrong are left out. `masked`: no message
        shows what was given."""
        asked = self.asked

        def rows(table: str, read: Callable[[bytes, str, Layout], list[T]]) -> list[T]:
            path = getattr(asked, table)
            if path is None:
                return []
            return collected(problems, lambda: self.read(table, path, lambda content, layout: read(content, path, layout))) or []

        return Beside(
            rows("events", lambda content, path, layout: roster.events(content, path, known, left_out, layout)),
            rows("allocation", lambda content, path, layout: roster.allocation(content, path, left_out, layout)),
            rows("visits", lambda content, path, layout: roster.records(content, path, left_out, masked, layout)),
            rows("weighings", lambda content, path, layout: roster.weighings(content, path, left_out, layout)),
        )

    def joined(
        self, known: tuple[Subject, ...], events: Sequence[str], masked: bool, problems: Problems
    ) -> tuple[tuple[Subject, ...], Sequence[tuple[Cell, Cell]]]:
        """The subjects with what the tables beside theirs say, and the rows of the allocation."""
        before = len(problems.found)
        beside = self.beside(events, masked, problems)
        if known and len(problems.found) == before:
            known = collected(problems, lambda: roster.roster(known, *beside)) or known
        return known, beside.allocation

    def check_said(self, problems: Problems) -> None:
        """What is said of columns and sheets is of such as there are; asked once all tables are read, and nothing is wrong with them."""
        if problems.found:
            return
        for table, sheets in self.sheets.items():
            for name in sheets:
                if name not in self.found:
                    message = f"`--sheet {table}{'=' if table else ''}{clip(name)}` is the sheet of no workbook that is read"
                    problems.error(message, None, "leave it out, or write it as the workbook does")
        for ours, names in self.columns.items():
            for theirs in names:
                if theirs not in self.found:
                    message = f"`--column {ours}={clip(theirs)}`: no table that has a `{ours}` has a column `{clip(theirs)}`"
                    problems.error(message, None, "write it as the table does, whatever its case and spaces")


def _sheets(texts: Sequence[str], problems: Problems) -> dict[str, list[str]]:
    """Names of sheets, by the table that they are of; of none where that is not said."""
    found: dict[str, list[str]] = {}
    for text in texts:
        table, equals, name = text.partition("=")
        table, name = (table.strip(), name.strip()) if equals and table.strip() in TABLES else ("", text.strip())
        if not name:
            problems.error(f"`--sheet {clip(text)}` names no sheet", None, 'write for example `--sheet "Sheet 2"`')
        elif table and table in found:
            problems.error(f"`--sheet {table}=` is given twice", None, "keep one of them")
        else:
            found.setdefault(table, []).append(name)
    return found


def said_columns(texts: Sequence[str], problems: Problems) -> dict[str, list[str]]:
    """What columns are called, by our names: `OURS=THEIRS`."""
    found: dict[str, list[str]] = {}
    for text in texts:
        ours, equals, theirs = (part.strip() for part in text.partition("="))
        if not equals or not plain(theirs):
            problems.error(f"`--column {clip(text)}` does not say a name", None, 'write for example `--column start="Date of first dose"`')
        elif ours not in NAMES and not ours.startswith(("enter_", "earlier_")):
            hint = did_you_mean(ours, NAMES) or f"columns are {one_of(NAMES)}; first ours, then that of the table"
            problems.error(f"`--column {clip(text)}`: unknown column `{clip(ours)}`", None, hint)
        else:
            found.setdefault(ours, []).append(theirs)
    return found
