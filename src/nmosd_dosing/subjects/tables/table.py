"""Tables that people keep in spreadsheets, as text or .xlsx: columns of texts, each with its place in the file."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence
from itertools import islice, repeat
from typing import TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from nmosd_dosing.errors import Document, InputError, Place, Problem, Problems, clip, did_you_mean, grouped
from nmosd_dosing.subjects.tables.cells import Reader, decimal_comma
from nmosd_dosing.subjects.tables.headings import Layout, understood
from nmosd_dosing.subjects.tables.hidden import NOTHING, Hidden, other_cells, silent

T = TypeVar("T")
LISTED = 100  # problems that are shown


class Table(Struct):
    """The rows below a heading, by column; empty texts where the table has no such column. Rows are counted from 0.

    Places are found when they are asked for: in a long table they would cost more than the reading.
    """

    document: Document
    separator: str
    quotes: bool
    pattern: re.Pattern[str]
    columns: dict[str, int] = field(default_factory=dict)
    starts: list[int] = field(default_factory=list)
    texts: dict[str, Sequence[str]] = field(default_factory=dict)
    hidden: Hidden = NOTHING  # what no message shows
    ignored: tuple[int, ...] = ()  # the columns that mean nothing here, by number
    known: tuple[str, ...] = ()  # the names that columns may have
    names: dict[str, str] = field(default_factory=dict)  # by our name, what a column is called
    said: frozenset[str] = frozenset()  # those of our names of which somebody has said what they are called
    heading: int = -1  # where the line with the names of the columns begins
    refused: frozenset[int] = frozenset()  # where cells begin that have been complained of
    wrong: set[int] = field(default_factory=set)  # rows of which something is wrong
    told: dict[str, dict[str, int]] = field(default_factory=dict)  # by column, messages, and where they stand among what was found
    broken: list[list[str]] = field(default_factory=list)  # the cells of lines that are no row: too many, or too few, or not closed

    def __len__(self) -> int:
        return len(self.starts)

    def cell(self, column: str, row: int) -> Cell:
        return Cell(self.texts[column][row], self, self.columns[column], self.starts[row])

    def cells(self, column: str) -> list[Cell]:
        return list(map(Cell, self.texts[column], repeat(self), repeat(self.columns[column]), self.starts))

    def rows(self) -> Iterator[Place]:
        """Each row as a whole, as far as its first line goes."""
        ends = map(f"{self.document.text}\n".find, repeat("\n"), self.starts)
        return map(Place, repeat(self.document), self.starts, ends)

    @property
    def hides(self) -> bool:
        """Whether there is something that no message shows."""
        return bool(self.hidden.columns or self.ignored)

    def hide(self, hidden: Hidden, ignored: Sequence[int]) -> None:
        """No message shows what is hidden, or stands in a column that is ignored, by its number."""
        self.hidden, self.ignored = (replace(hidden, whole=True) if ignored else hidden), tuple(ignored)
        if self.hides:
            self.document = replace(self.document, hidden=self._hidden)

    def silence(self, problems: Problems) -> None:
        """What has been found is told without what is hidden."""
        if self.hides:
            problems.found = [silent(problem, self.document, self._hidden_at, self.known) for problem in problems.found]

    def _hidden_at(self, at: int) -> str | None:
        """The hidden column of a row in which a character stands; of those that are ignored none has a name."""
        row = bisect.bisect_right(self.starts, at) - 1
        spans = enumerate(self.spans(self.starts[row])) if row >= 0 else ()
        found = next((number for number, (_, start, stop) in spans if start <= at <= stop), None)
        return next((name for name, number in self.columns.items() if number == found and name in self.hidden.columns), None)

    def _hidden(self, begin: int, end: int) -> list[tuple[int, int]]:
        """What is hidden of a line of the text: cells of a row; of a line that is none, and of a heading that is not taken, all that may
        be one of them."""
        row = bisect.bisect_right(self.starts, begin) - 1
        cells = list(self.spans(self.starts[row])) if row >= 0 else []
        if cells and begin <= cells[-1][2]:
            found = [cells[i][1:] for i in self._hidden_columns()]
            inside = [(max(start, begin), min(stop, end)) for start, stop in found]
            if self.hidden.whole:  # an empty cell, too
                return [self._with_marks(start, stop) for start, stop in inside if start <= stop]
            return [(start, stop) for start, stop in inside if start < stop]
        if begin == self.heading:
            found = [] if self.columns else self._hidden_names(begin, end)
        else:
            found = list(other_cells(self.document.text, begin, end, self.separator, self._shows_first))
        if self.hidden.whole and found:  # nor how many cells there are
            found = [(found[0][0], end)]
        return [span for span in found if span[0] < span[1]]

    def _hidden_columns(self) -> list[int]:
        return sorted({self.columns[name] for name in self.hidden.columns if name in self.columns} | set(self.ignored))

    def _with_marks(self, start: int, stop: int) -> tuple[int, int]:
        """A cell with its quotation marks."""
        text = self.document.text
        return start - (text[start - 1 : start] == '"'), stop + (text[stop : stop + 1] == '"')

    def _hidden_names(self, begin: int, end: int) -> list[tuple[int, int]]:
        """What is no column's name, in a line that may be a row. No row of records is without a date."""
        cells = [cell.strip(' "') for cell in self.document.text[begin:end].split(self.separator)]
        if self.hidden.whole:
            if not any(cell[:1].isdigit() for cell in cells):
                return []
            return list(other_cells(self.document.text, begin, end, self.separator, self._shows_first))

        def named(number: int, cells: list[str]) -> bool:
            name = cells[number].strip(' "')
            return bool(understood([name], self.known, Layout()).columns) or did_you_mean(name, self.known) is not None

        return list(other_cells(self.document.text, begin, end, self.separator, named))

    def _shows_first(self, number: int, cells: list[str]) -> bool:
        """Whether a cell of a line that is no row is the first one, and that the subject's."""
        hidden = self._hidden_columns()
        return number == 0 and bool(hidden) and 0 < hidden[0] < len(cells) and '"' not in cells[0]

    def is_row(self, texts: Sequence[str], required: Sequence[str]) -> bool:
        """Whether the cells of a line above the heading say what a row says, and are no title."""
        numbers = [self.columns[name] for name in required]
        if not all(number < len(texts) and texts[number] for number in numbers):
            return False
        shown = [texts[number] for number in numbers if number not in self._hidden_columns()]
        return shown[0][:1].isdigit() if len(numbers) == 1 else any(char.isdigit() for text in shown for char in text)

    def cell_place(self, start: int, number: int) -> Place:
        """The place of a cell, by its number, of the line that begins at a character."""
        _, begin, end = next(islice(self.spans(start), number, None))
        return Place(self.document, begin, end)

    def values(self, column: str, read: Reader[T], problems: Problems) -> list[T | None]:
        """What the cells of a column say, each text read once; None where one is empty or wrong."""
        if column not in self.columns:
            return [None] * len(self)
        texts = self.texts[column]
        found: dict[str, T | None] = {"": None}
        wrong = set()
        for text in set(texts) - {""}:
            unseen = Problems()
            found[text] = read("", text, None, unseen)
            if unseen.found:
                wrong.add(text)
        if wrong:
            self._tell_wrong(column, [(row, text) for row, text in enumerate(texts) if text in wrong], read, problems)
        return list(map(found.__getitem__, texts))

    def _tell_wrong(self, column: str, cells: Sequence[tuple[int, str]], read: Reader[T], problems: Problems) -> None:
        """What is wrong with some cells, once for each text; once for all where nobody may know which of them are alike."""
        self.wrong.update(row for row, _ in cells)
        rows: dict[str, list[int]] = {}
        for row, text in cells:
            if not self.refused or self.cell(column, row).place.start not in self.refused:
                rows.setdefault("" if column in self.hidden.columns else text, []).append(row)
        for same in list(rows.values())[:LISTED]:
            told, text = Problems(), self.texts[column][same[0]]
            read(f"`{clip(text)}`", text, self.cell(column, same[0]).place, told)
            problems.found += [replace(problem, alike=len(same) - 1) for problem in told.found]
        problems.more += len(rows) - min(len(rows), LISTED)

    def numbers(self, column: str, read: Reader[T], problems: Problems) -> list[T | None]:
        """The same of numbers; decimals have a comma, too, where cells are apart by semicolons: so spreadsheets write both."""
        return self.values(column, decimal_comma(read) if self.separator == ";" else read, problems)

    def needs(self, column: str, message: str, hint: str, problems: Problems) -> None:
        """No cell of the column may be empty."""
        if "" in self.texts[column]:
            for row, text in enumerate(self.texts[column]):
                if not text:
                    self.error(row, column, message, hint, problems)

    def error(self, row: int, column: str, message: str, hint: str, problems: Problems, also: tuple[str, int] | None = None) -> None:
        """What is wrong with a cell; `also`: the cell of the same column in another row, with a few words."""
        self.wrong.add(row)
        if self._is_new(column, message if column not in self.hidden.columns else "", problems):
            others = [(also[0], self.cell(column, also[1]).place)] if also is not None else ()
            problems.error(message, self.cell(column, row).place, hint, others)

    def line_error(self, start: int, end: int, message: str, hint: str, problems: Problems) -> None:
        """What is wrong with a line that is no row."""
        if self._is_new("", message, problems):
            problems.error(message, Place(self.document, start, end), hint)

    def _is_new(self, column: str, message: str, problems: Problems) -> bool:
        """Whether a problem is to be told; not where the same has been told of another row, nor beyond the first hundred of a column: they
        are counted."""
        told = self.told.setdefault(column, {})
        if (at := told.get(message)) is not None:
            problems.found[at] = replace(problems.found[at], alike=problems.found[at].alike + 1)
            return False
        if len(told) >= LISTED:
            problems.more += 1
            return False
        told[message] = len(problems.found)
        return True

    def spans(self, at: int) -> Iterator[tuple[str, int, int]]:
        """The cells of the row that begins at a character: text, start, end. Raises ValueError where quotation marks are wrong."""
        text = self.document.text
        while True:
            match = self.pattern.match(text, at)
            if match is None:
                raise ValueError(at)
            if match["quoted"] is not None:
                yield _unguarded(match["quoted"].replace('""', '"').strip()), *match.span("quoted")
            else:
                plain = match["plain"]
                begin = match.start("plain") + len(plain) - len(plain.lstrip())
                yield _unguarded(plain.strip()), begin, begin + len(plain.strip())
            at = match.end() + 1
            if text[at - 1 : at] != self.separator:
                return

    def lines(self, at: int, problems: Problems) -> Iterator[tuple[int, list[str]]]:
        """From a character on, where each row begins and its texts; rows without any text left out."""
        text = f"{self.document.text}\n"
        while at < len(text):
            start, end = at, text.index("\n", at)
            line = text[start:end]
            if not self.quotes or '"' not in line:
                texts = [_unguarded(cell.strip()) for cell in line.split(self.separator)]
            else:
                try:
                    spans = list(self.spans(start))
                    texts = [span[0] for span in spans]
                    end = text.index("\n", spans[-1][2])
                except ValueError:
                    self.broken.append(list(map(str.strip, line.split(self.separator))))
                    message = "a quotation mark in the middle of a cell, or without its partner"
                    self.line_error(start, end, message, "write it twice", problems)
                    texts = []
            at = end + 1
            if any(texts):
                yield start, texts


_GUARD = re.compile(r"""="([^"]*)"|'(?='*[0-9=+@-])(.*)""", re.S)  # an apostrophe before words belongs to them
_RUNS = ("=", "+", "-", "@")


def _unguarded(text: str) -> str:
    """A cell without the guards by which spreadsheets keep a text from being a number or a formula: `="0012"`, `'0012`."""
    match = _GUARD.fullmatch(text) if text[:1] in "='" else None
    return text if match is None else match[1].strip() if match[1] is not None else match[2]


def guarded(text: str) -> str:
    """A text that is not empty as a cell that is read as this text, and that no spreadsheet runs."""
    return f"'{text}" if text[0] in _RUNS or (text[0] == "'" and _GUARD.fullmatch(text)) else text


class Cell(Struct, frozen=True, gc=False):
    """A cell's text, without the spaces around it, and where it stands."""

    text: str
    table: Table
    column: int
    start: int

    @property
    def place(self) -> Place:
        return self.table.cell_place(self.start, self.column)


def stop(found: Sequence[Problem], where: str = "one table", more: int = 0, path: str | None = None) -> None:
    """Raises InputError with the first hundred problems and their count, if there are any; `more` have only been counted."""
    if found:
        raise InputError(first_of(found, where, more, path))


def first_of(found: Sequence[Problem], where: str, more: int = 0, path: str | None = None) -> list[Problem]:
    """The first hundred problems, what is alike as one, and before them how many there are where there are more; `path`: in which file."""
    found = grouped(found)
    all_of_them = len(found) + more
    many = [Problem(f"{all_of_them:,} problems in {where}; the first {LISTED} follow", path=path)] if all_of_them > LISTED else []
    return [*many, *found[:LISTED]]
