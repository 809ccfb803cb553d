"""A file as a table: its bytes to a text, the line that names the columns, and the rows below it."""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate, islice, pairwise, repeat
from typing import NamedTuple

from nmosd_dosing.errors import Document, Place, Problems, clip, one_of
from nmosd_dosing.sentences import said, word
from nmosd_dosing.subjects.tables import workbook
from nmosd_dosing.subjects.tables.encodings import decoded
from nmosd_dosing.subjects.tables.headings import CODES, Heading, Layout, as_said, asked, meanings, understood
from nmosd_dosing.subjects.tables.hidden import NOTHING, Hidden
from nmosd_dosing.subjects.tables.table import Table, stop

LOOKED_THROUGH = 50  # lines with something in them, among which the heading is looked for
EMPTY = frozenset({".", "-", "NA", "Na", "nA", "na", "N/A", "N/a", "n/A", "n/a"})  # as SDTM and R write that there is nothing
_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}


def read(
    content: bytes,
    path: str,
    required: Sequence[str],
    optional: Sequence[str],
    problems: Problems,
    hidden: Hidden = NOTHING,
    layout: Layout | None = None,
) -> Table:
    """The table in a file: an .xlsx workbook, or text in UTF-8 or in UTF-16 with its mark, with commas, semicolons or tabs. Its heading is
    the first line that names all required columns; other columns than those asked for are ignored.

    `layout`: what is said of how it is kept; it gets what came of that. What is wrong with single lines and cells goes to `problems`; no
    message shows what is `hidden`, or stands in a column that is ignored. Raises InputError where there is no table, or its columns are
    wrong.
    """
    layout = layout if layout is not None else Layout()
    document, forms, doubts = _opened(content, path, hidden != NOTHING, layout)
    known = (*required, *optional)
    form, start, names, heading = _look_for_heading(document, forms, known, required, layout)
    table = Table(document, form.separator, form.quotes, form.pattern, known=known, heading=start)
    if not names:
        problems.error(f"`{path}` is empty", None, f"the first line names the columns: {','.join(known)}")
        stop(problems.in_order(), more=problems.more)
    table.hide(hidden, ())
    if not _named(table, start, names, heading, required, problems):
        table.silence(problems)
        stop(problems.in_order(), more=problems.more)
    table.columns = dict(heading.columns)
    table.names = {ours: names[i] for ours, i in heading.columns.items()}
    table.said = frozenset(ours for ours in heading.columns if {*layout.columns.get(ours, ())} & {*heading.said})
    table.hide(hidden, heading.others)
    layout.found |= set(heading.said)
    layout.ignored += [names[i] for i in heading.others]
    _tell_doubts(table, doubts, problems)
    cells = _rows(table, form.begin, names, required, problems)
    for number, name in enumerate(names):
        if not name and any(cells[number :: len(names)]):
            problems.error(f"column {number + 1} has no name", table.cell_place(start, number), "name it, or clear it")
    table.texts = dict.fromkeys(optional, ("",) * len(table))
    for name, number in table.columns.items():
        texts = cells[number :: len(names)]
        table.texts[name] = texts if EMPTY.isdisjoint(texts) else ["" if text in EMPTY else text for text in texts]
    for at in table.refused:
        row = bisect.bisect_right(table.starts, at) - 1
        if row >= 0 and "\n" not in table.document.text[table.starts[row] : at]:
            table.wrong.add(row)
    table.silence(problems)
    return table


def _rows(table: Table, begin: int, names: Sequence[str], required: Sequence[str], problems: Problems) -> list[str]:
    """The cells of the rows, one row after another; where each begins is kept in the table."""
    cells: list[str] = []
    width = len(names)
    if (plain := _plain_rows(table, begin, width)) is not None:
        table.starts, cells = plain
        return cells
    for start, texts in table.lines(begin, problems):
        if start <= table.heading:
            if start < table.heading and table.is_row(texts, required):
                table.broken.append(texts)
                hint = "rows stand below the names of the columns: move it there, or take it out"
                table.line_error(start, start + 1, "this row stands above the names of the columns", hint, problems)
            continue
        if not any(texts[width:]):
            del texts[width:]
        if len(texts) == width:
            table.starts.append(start)
            cells += texts
            continue
        table.broken.append(texts)
        hint = "name the column in the heading, or clear the cell"
        if table.quotes:
            hint = f"a text with a {_SEPARATORS[table.separator]} stands in double quotes"
            numbers = next((pair for pair in pairwise(texts) if pair[0].isdigit() and pair[1].isdigit()), None)
            if table.separator == "," and len(texts) == width + 1 and numbers is not None and not table.hides:
                hint = f"numbers take a decimal point: `{numbers[0]}.{numbers[1]}`; {hint}"
        table.line_error(start, start + 1, f"{len(texts)} cells under {width} columns", hint, problems)
    return cells


def _plain_rows(table: Table, begin: int, width: int) -> tuple[list[int], list[str]] | None:
    """Where each row begins, and the cells of all rows, where each line is one, of as many cells, and no cell is quoted or guarded; None
    elsewhere. Most tables are so, and may have a hundred thousand lines."""
    text, separator = table.document.text, table.separator
    if (table.quotes and '"' in text) or "'" in text or '="' in text or text[begin : table.heading].strip():
        return None
    first = text.find("\n", table.heading) + 1
    lines = text[first:].removesuffix("\n").split("\n") if first else []
    if set(map(str.count, lines, repeat(separator))) != {width - 1}:
        return None
    once: dict[str, str] = {}  # most cells say what others say
    cells = [once.setdefault(cell, cell) for cell in map(str.strip, separator.join(lines).split(separator))]
    if all("" in cells[number::width] for number in range(width)):  # there may be a line without any text
        return None
    return [row + end for row, end in enumerate(accumulate(map(len, lines[:-1]), initial=first))], cells


class Entries(Document, frozen=True, dict=True):
    """A table that a register has, whose rows are named by the numbers of their entries."""

    table: str = ""
    entries: tuple[int, ...] = ()

    @cached_property
    def _rows(self) -> list[int]:
        """Where each row begins: not in every line, since a text within quotation marks may have several."""
        quoted, starts = 0, []
        for start, end in pairwise([*self.line_starts, len(self.text)]):
            starts += [start] if quoted % 2 == 0 else []
            quoted += self.text.count('"', start, end)
        return starts

    def number(self, place: Place) -> int:
        """The number of a row's entry; 0 for the names of the columns."""
        row = bisect.bisect_right(self._rows, place.start) - 2
        return self.entries[row] if 0 <= row < len(self.entries) else 0

    def where(self, place: Place) -> str:
        """`number 31 of visits`."""
        return said("number {number} of {table}", number=self.number(place), table=word(self.table))


class Form(NamedTuple):
    """How a text may be a table: from which character on, what stands between cells, whether texts have quotation marks, and a cell."""

    begin: int
    separator: str
    quotes: bool
    pattern: re.Pattern[str]


def _opened(content: bytes, path: str, hidden: bool, layout: Layout) -> tuple[Document, list[Form], list[workbook.Doubt]]:
    """The text of a file, how it may be a table, and what is wrong with cells of a workbook."""
    if content.startswith(b"PK\x03\x04"):
        sheet, doubts = workbook.read(content, path, layout)
        return sheet, [Form(0, "\t", False, re.compile(r"(?P<quoted>(?!))|(?P<plain>[^\t\n]*)"))], doubts
    document = Document(path, decoded(content, path, hidden).replace("\r\n", "\n").replace("\r", "\n"))
    if layout.entries is not None:
        document = Entries(document.path, document.text, table=layout.table, entries=layout.entries)
    begin, separators = 0, list(_SEPARATORS)
    if match := re.match(r'\s*"?sep=([,;\t])"?[ \t]*(?:\n|\Z)', document.text, re.I):  # as Excel writes, and obeys
        begin, separators = match.end(), [match[1]]
    return document, [Form(begin, separator, True, _cell(separator)) for separator in separators], []


def _cell(separator: str) -> re.Pattern[str]:
    blank = "[ ]" if separator == "\t" else r"[ \t]"
    plain = rf'(?!")(?:="[^"\n]*"|[^{separator}\n])*'  # within `="…"` a separator is text
    return re.compile(rf'{blank}*+(?:"(?P<quoted>(?:[^"]|"")*+)"{blank}*|(?P<plain>{plain}))(?={separator}|\n|\Z)')


def _look_for_heading(
    document: Document, forms: Sequence[Form], known: Sequence[str], required: Sequence[str], layout: Layout
) -> tuple[Form, int, list[str], Heading]:
    """How the text is a table, where its heading begins, what stands there and what that means: the first line with all required columns;
    where there is none the one with most columns, else the first that is not empty."""
    by_name = meanings(known)
    best: tuple[tuple[bool, int, int, int], Form, int, list[str], Heading] | None = None
    for form in forms:
        lines = Table(document, form.separator, form.quotes, form.pattern).lines(form.begin, Problems())
        for start, names in islice(lines, LOOKED_THROUGH):
            while names and not names[-1]:
                names.pop()  # the last column of a spreadsheet that once had more
            found = understood(names, known, layout, by_name)
            complete = set(required) <= set(found.columns)
            rank = (complete, complete or len(found.columns), -start, len(names))
            if best is None or rank > best[0]:
                best = (rank, form, start, names, found)
            if complete:
                break
    return best[1:] if best is not None else (forms[0], 0, [], Heading({}, {}, (), ()))


def _named(table: Table, start: int, names: Sequence[str], heading: Heading, required: Sequence[str], problems: Problems) -> bool:
    """Whether a line names the columns that are asked for; if not, why."""
    before = len(problems.found)
    if not heading.columns and any(name[:1].isdigit() for name in names):  # a row, of which the other cells say nothing more
        problems.error("no line names the columns", Place(table.document, start, start + 1), f"write {','.join(required)}")
        return False
    lacking = [name for name in table.known if name not in heading.columns]
    for number in heading.others:
        if (question := asked(names[number], lacking, table.known)) is not None:
            problems.error(f"unknown column `{clip(names[number])}`", table.cell_place(start, number), question)
    for ours, (first, *others) in heading.places.items():
        for number in others:
            same = names[first] == names[number]
            message = f"column `{ours}` stands twice" if same else f"`{clip(names[first])}` and `{clip(names[number])}` both mean `{ours}`"
            hint = "take one of the two out" + ("" if same else f", or say which one it is: {as_said(ours)}")
            problems.error(message, table.cell_place(start, number), hint, [("the first", table.cell_place(start, first))])
    for number in sorted(set(heading.columns.values())):
        meant = [ours for ours, here in heading.columns.items() if here == number]
        if len(meant) > 1:
            wrong = f"`{clip(names[number])}` is said to be {one_of(meant).replace(' or ', ' and ')}"
            problems.error(wrong, table.cell_place(start, number), "say of a column one thing")
    for name in required:
        if name not in heading.columns:
            hint = f"the heading names the columns: {','.join(required)}; one that is called otherwise is said, {as_said(name)}"
            problems.error(f"column `{name}` is missing", table.cell_place(start, len(names) - 1), hint)
    return len(problems.found) == before


def _tell_doubts(table: Table, doubts: Sequence[workbook.Doubt], problems: Problems) -> None:
    """What is wrong with cells of a workbook, but for titles above the heading and for columns that are ignored."""
    sheet, read = table.document, set(table.columns.values())
    codes = {table.columns[name] for name in CODES if name in table.columns}
    if not isinstance(sheet, workbook.Sheet):
        return
    refused = []
    for doubt in doubts:
        told_of = codes if doubt.as_code else read
        if sheet.line_starts[doubt.row - 1] >= table.heading and (not doubt.alone or doubt.column - 1 in told_of):
            place = sheet.cell(doubt.row, doubt.column)
            problems.error(doubt.message, place, doubt.hint)
            refused.append(place.start)
    table.refused = frozenset(refused)
