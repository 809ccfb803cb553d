"""The tables that are named on the command line, read as somebody says that they are kept; what is wrong in them is collected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import starmap
from typing import Any, NamedTuple, TypeVar

from nmosd_dosing.cli.edge import collected, say, some_codes
from nmosd_dosing.cli.files import Held, read_file
from nmosd_dosing.cli.options import PeopleOptions
from nmosd_dosing.errors import InputError, Problem, Problems, clip, did_you_mean, one_of, plural
from nmosd_dosing.screen import without_controls
from nmosd_dosing.study.events import BEFORE_DAY_1
from nmosd_dosing.study.model import Study
from nmosd_dosing.subjects.subject import Event, Measurement, Record, Weight
from nmosd_dosing.subjects.tables import roster, subject_table
from nmosd_dosing.subjects.tables.encodings import read_by_its_mark, transcoded
from nmosd_dosing.subjects.tables.headings import NAMES, Layout, ignored_text, plain
from nmosd_dosing.subjects.tables.known import Known
from nmosd_dosing.subjects.tables.roster import LeftOut, Said
from nmosd_dosing.subjects.tables.subject_table import SubjectColumns, same
from nmosd_dosing.subjects.tables.table import Cell, stop
from nmosd_dosing.subjects.tables.written import COLUMNS

T = TypeVar("T")
TABLES = (*COLUMNS, "weights")


class Beside(NamedTuple):
    """The rows of the tables beside that of the subjects, by their names."""

    events: Sequence[tuple[Cell, Event]]
    allocation: Sequence[tuple[Cell, Cell]]
    visits: Sequence[tuple[Cell | None, Record]]
    weighings: Sequence[tuple[Cell, Weight]]
    measurements: Sequence[tuple[Cell, Measurement]]


class Tables:
    """The tables of one command. What is wrong with what is said of them goes to `problems`."""

    def __init__(self, asked: PeopleOptions, problems: Problems) -> None:
        self.asked = asked
        self.columns, self.sheets = said_columns(asked.column, problems), _sheets(asked.sheet, problems)
        self.found: set[str] = set()  # names of columns and sheets that were said, and are there

    def read(self, table: str, path: str, reader: Callable[..., T]) -> T:
        """What a reader makes of a table, which is called as its option is; the columns that it ignores are named. Raises InputError where
        it cannot be read."""
        content = read_file(path)
        if (mark := read_by_its_mark(content)) is not None:
            say(without_controls(f"`{path}` is read as {mark}, by the mark that it begins with"))
        if self.asked.encoding is not None:
            content = transcoded(content, path, self.asked.encoding)
        entries = path.entries if isinstance(path, Held) else None
        layout = Layout(table, self.columns, self.sheets.get(table, self.sheets.get("", ())), table in self.sheets, entries=entries)
        try:
            return reader(content, path, layout=layout)
        finally:
            self.found |= layout.found
            if layout.ignored:
                columns = plural(len(layout.ignored), "column")
                where = f"`{path}`, sheet `{clip(layout.sheet)}`" if layout.sheet is not None else f"`{path}`"
                say(without_controls(f"ignored in {where}: the {columns} {ignored_text(layout.ignored)}"))

    def subjects(self, later: Sequence[str], capped: Sequence[str], left_out: LeftOut) -> SubjectColumns:
        """The table of subjects. Raises InputError where it cannot be read."""
        found, path = Problems(), self.asked.subjects or ""
        columns = self.read("subjects", path, partial(subject_table.read, periods=later, capped=capped, problems=found))
        if not len(columns):
            stop(found.in_order(), more=found.more, path=path)
        if found.found:
            broken: list[int | None] = []
            if not left_out.refuses:
                try:
                    broken = subject_table.of_broken_lines(columns.table)
                except ValueError:  # it could be anybody's second row
                    stop(found.in_order(), more=found.more, path=path)
            left_out.take(found.in_order(), found.more, path=path)
            left_out.rows |= columns.table.wrong | {row for row in broken if row is not None}
            left_out.nobody = broken.count(None)
        return columns

    def without_day(self, columns: SubjectColumns, said: Mapping[int, Said]) -> set[int]:
        """The rows of those who have no first dose, and of whom nobody says when they were screened; who they are is said. Raises
        InputError where nobody else is left, or whoever is asked about is one of them."""
        rows = {row for row in columns.without_start if row not in said or not said[row].screened}
        without, path = [columns.codes[row] for row in sorted(rows)], self.asked.subjects or ""
        if not without:
            return rows
        also = f"write its day into `start`; of whoever is being screened write {one_of(BEFORE_DAY_1)}"
        if len(without) == len(columns):
            raise InputError(Problem(f"nobody in `{path}` has a first dose", hint=also, path=path))
        asked = same(self.asked.subject) if self.asked.subject is not None else None
        for row in rows:
            if same(columns.codes[row]) == asked:
                raise InputError(Problem(f"subject `{clip(columns.codes[row])}` has no first dose", columns.cell(row).place, also))
        say(without_controls(f"left out, without a first dose: {some_codes(without)}"))
        return rows

    def join(self, columns: SubjectColumns, beside: Beside, left_out: LeftOut) -> dict[int, Said]:
        """What the other tables say of the subjects, by row. Raises InputError where rows are nobody's, and somebody's are left out."""
        said = defaultdict[int, Said](Said)
        unread = left_out.refuses and columns.table.broken  # whose codes stand in lines that are no rows is not known
        if unread or not (any(beside) or left_out.codes):
            return said
        known = Known(columns.codes, lambda row: columns.cell(row).place)
        roster.join(known, said, *beside)
        if known.nobody and not left_out.refuses:
            stop(known.in_order, "the tables", known.more)
        left_out.take(known.in_order, known.more, "the tables")
        left_out.rows |= known.wrong | known.may_be(left_out.codes)
        return said

    def beside(self, study: Study | None, masked: bool, problems: Problems, left_out: LeftOut) -> Beside:
        """What the other tables say, of events and values of a study, without rows that are wrong; nothing of a table that cannot be read.
        `masked`: no message shows what was given."""

        def rows(table: str, read: roster.Reader) -> list[tuple[Any, Any]]:
            path = getattr(self.asked, table)
            return (collected(problems, lambda: self.read(table, path, read)) or []) if path is not None else []

        return Beside(*starmap(rows, roster.readers(study, masked, left_out).items()))

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
