"""A sheet of an .xlsx workbook as text: a row a line, its cells apart by tabs. The only room that knows openpyxl.

openpyxl is an optional extra, and loaded only here: who keeps tables as CSV does without.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from nmosd_dosing.dose.dose import number_text
from nmosd_dosing.errors import Document, InputError, Place, Problem, argument, clip, did_you_mean, one_of
from nmosd_dosing.subjects.tables.headings import Layout

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell.cell import Cell, MergedCell
    from openpyxl.worksheet.worksheet import Worksheet


_FIRST_YEAR = 1905  # before it the days of spreadsheets are numbers that somebody formatted: 0, negative ones, and 60, which is no day
_SHOWN = 5  # sheets that a hint names
_HEAD = 50  # rows with something in them, among which the heading may be
_ROUNDED = 10**15  # from here on a spreadsheet has put zeros for the last digits of a number: two codes may have become one
_LARGEST = 100_000_000  # bytes that the parts of a workbook may unpack to, and characters of its text


class Sheet(Document, frozen=True):
    """A sheet as text, whose places are named as its people do: `visits.xlsx, cell B5`; with its `title` where it is one of several."""

    title: str | None = None

    @property
    def name(self) -> str:
        return self.path if self.title is None else f"{self.path}, sheet {clip(self.title)}"

    def where(self, place: Place) -> str:
        from openpyxl.utils import get_column_letter

        if "\t" in self.text[place.start : place.end]:
            return f"{self.name}, row {place.line}"
        column = self.text.count("\t", self.line_starts[place.line - 1], place.start) + 1
        return f"{self.name}, cell {get_column_letter(column)}{place.line}"

    def cell(self, row: int, column: int) -> Place:
        """The cell in a row and a column that the text has, both counted from 1."""
        start = self.line_starts[row - 1]
        for _ in range(column - 1):
            start = self.text.index("\t", start) + 1
        end = re.compile(r"[\t\n]|\Z").search(self.text, start)
        return Place(self, start, end.start() if end else start)


class Doubt(NamedTuple):
    """What is wrong with a cell, by row and column, both counted from 1; `alone`: with it alone, and not with the row, or others;
    `as_code`: only if it stands for a code."""

    row: int
    column: int
    message: str
    hint: str
    alone: bool = True
    as_code: bool = False


def read(content: bytes, path: str, layout: Layout) -> tuple[Sheet, list[Doubt]]:
    """The sheet of a workbook that holds something, of several the one that is said; and what is wrong with cells of it.

    Dates are written YYYY-MM-DD, whole numbers without a point. Raises InputError where there is nothing to read.
    """
    _check_size(content, path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what a table has no use for: styles, drawings, validations
        book = _load(content, path, values=False)
        number = _chosen(book, path, layout)
        written = shown = book.worksheets[number]
        if any(cell.data_type == "f" for cell in written._cells.values()):
            shown = _load(content, path, values=True).worksheets[number]
    texts: dict[int, dict[int, str]] = {}
    wrong: list[Doubt] = []
    for (row, column), cell in shown._cells.items():
        text, *problem = _text(cell)
        if written._cells[row, column].data_type == "f" and cell.value is None:
            formula = written._cells[row, column].value
            text = str((formula if isinstance(formula, str) else getattr(formula, "text", None)) or "=")  # a data table has no text
            problem = [f"the formula `{clip(text)}` has no value in this file", "paste the column as values"]
        if text.strip():
            texts.setdefault(row, {})[column] = re.sub(r"[\t\r\n]", " ", text)
        if problem:
            wrong.append(Doubt(row, column, problem[0], problem[1]))
        elif (message := _shown_otherwise(cell, text)) is not None:
            wrong.append(Doubt(row, column, message, "format the column as text, and type the code again", as_code=True))
    hint = "show it, or take it out: what nobody sees is not read"
    wrong += [Doubt(row, column, f"{what} is hidden", hint, alone=False) for row, column, what in _hidden(written, texts)]
    for merged in written.merged_cells.ranges:
        texts.setdefault(merged.min_row, {}).setdefault(merged.min_col, "")
        message = f"the cells `{merged.coord}` are merged"
        wrong.append(Doubt(merged.min_row, merged.min_col, message, "unmerge them, and fill each by itself", alone=False))
    return Sheet(path, _joined(texts, path), title=layout.sheet), wrong


def _hidden(sheet: Worksheet, texts: dict[int, dict[int, str]]) -> Iterator[tuple[int, int, str]]:
    """The rows and columns that hold something and that nobody sees, each with its first cell."""
    from openpyxl.utils import get_column_letter

    for row, line in sorted(sheet.row_dimensions.items()):
        if row in texts and line.hidden:
            yield row, min(texts[row]), f"row {row}"
    columns = {column: row for row in sorted(texts, reverse=True) for column in texts[row]}
    for column, row in sorted(columns.items()):
        if any(of.min <= column <= of.max and of.hidden for of in sheet.column_dimensions.values() if of.min and of.max):
            yield row, column, f"column {get_column_letter(column)}"


def _check_size(content: bytes, path: str) -> None:
    """What is read of a part is never more than the archive says of it, so its word can be taken."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(part.file_size for part in archive.infolist())
    except Exception:
        raise InputError(_damaged(path)) from None
    if size > _LARGEST:
        raise InputError(_too_large(path))


def _load(content: bytes, path: str, values: bool) -> Workbook:
    """The workbook, with formulas or with the values that were last computed for them."""
    try:
        from openpyxl import load_workbook
    except ImportError:
        hint = "install it with `pip install 'nmosd-dosing[xlsx]'`, or save the table as `CSV UTF-8`"
        raise InputError(Problem(f"`{path}` is a workbook, and reading it needs openpyxl", hint=hint)) from None
    try:
        return load_workbook(io.BytesIO(content), data_only=values)
    except Exception:  # a damaged file raises whatever its damage leads to
        raise InputError(_damaged(path)) from None


def _chosen(book: Workbook, path: str, layout: Layout) -> int:
    """The number of the sheet that is read: the one that is said, else the only one that holds something. Raises InputError."""
    titles = [sheet.title for sheet in book.worksheets]
    if not titles:
        raise InputError(Problem(f"`{path}` has no sheet with cells", hint="write the table into a sheet"))
    texts = [(str(c.value) for c in sheet._cells.values() if c.value is not None) for sheet in book.worksheets]
    filled = [i for i, cells in enumerate(texts) if any(map(str.strip, cells))]
    folded = [title.strip().casefold() for title in titles]  # as spreadsheets compare them
    said = {i: name for name in layout.sheets for i, title in enumerate(folded) if name.strip().casefold() == title}
    if len(said) == 1 or (not said and len(filled) < 2 and not layout.by_table):
        number = next(iter(said), filled[0] if filled else 0)
        if not said and book.worksheets[number].sheet_state != "visible":
            title = titles[number]
            hint = f"show it, or say that it is read: `{argument('sheet', _quoted(title))}`"
            raise InputError(Problem(f"`{path}`: the only sheet that holds something, `{clip(title)}`, is hidden", hint=hint))
        layout.found |= set(said.values())
        layout.sheet = titles[number] if said else None
        return number
    if layout.by_table and not said:
        name = layout.sheets[0]
        hint = did_you_mean(name, titles) or f"its sheets are {one_of(titles)}"
        raise InputError(Problem(f"`{path}` has no sheet `{clip(name)}`", hint=hint))
    shown = [titles[i] for i in (said or filled)]
    ways = [f"`{argument('sheet', _quoted(title))}`" for title in shown[:_SHOWN]]
    by_table = f"`{argument('sheet', f'{layout.table}={_quoted(shown[0])}')}`"
    hint = f"say which one is read: {' or '.join(ways)}; where several tables come from one workbook, by table: {by_table}"
    names = one_of(shown).replace(" or ", " and ")
    raise InputError(Problem(f"`{path}` has several sheets: {names} hold something", hint=hint))


def _quoted(text: str) -> str:
    shown = clip(text)
    return shown if re.fullmatch(r"\w+", shown) else f'"{shown}"'


def _text(cell: Cell | MergedCell) -> tuple[str] | tuple[str, str, str]:
    """A cell's value as a table has it; and what is wrong with it, with a hint."""
    value: Any = cell.value
    if isinstance(value, str) and cell.data_type != "e":
        return (value,)
    if isinstance(value, dt.datetime | dt.date) and value.year < _FIRST_YEAR:
        text = f"{value:%Y-%m-%d}"
        return text, f"a number that is shown as a day of {value.year}", "format the cell as a number, or write the day that is meant"
    if isinstance(value, dt.datetime):
        return (value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ", "minutes"),)
    if isinstance(value, dt.date):
        return (value.isoformat(),)
    if isinstance(value, dt.time | dt.timedelta):
        return str(value), f"`{value}` is a time", "write a day, or a text"
    if cell.data_type == "e":
        return str(value), f"`{value}` is an error of the spreadsheet", "mend the formula, or paste the value"
    if isinstance(value, bool):
        return (str(value).upper(),)
    if isinstance(value, int | float) and abs(value) < 1e300:
        text = number_text(float(f"{value:.15g}"))  # the digits that a spreadsheet has, and shows
        if abs(value) >= _ROUNDED:
            wrong = f"the number `{text}` has more than 15 digits, and spreadsheets keep 15"
            return text, wrong, "format the cell as text, and type it again"
        shape = _shape(cell) if text.isdigit() else ""
        return (text.zfill(len(shape)) if re.fullmatch("0+", shape) else text,)  # `0012` is a number too, in the format 0000
    return ("" if value is None else str(value),)


def _shown_otherwise(cell: Cell | MergedCell, text: str) -> str | None:
    """Why a cell shows another code than the text that is read of it: a spreadsheet makes days of `3-4` and `5/6`, and shows 12003 as
    `12-003`, or 1.1 as `1.10`. None where it shows that text."""
    value: Any = cell.value
    if isinstance(value, dt.datetime | dt.date):
        return f"`{text}` is a day, and no code"
    if isinstance(value, int | float) and not isinstance(value, bool):
        plain = r"|General|@|[#,]*0*(\.0+)?" if text.isdigit() else r"|General|@"
        if not re.fullmatch(plain, _shape(cell)):
            return f"`{text}` is shown otherwise, in the format `{clip(_format(cell))}`"
    return None


def _shape(cell: Cell | MergedCell) -> str:
    """The format of a number that is not negative, without colours and the room that is left at its sides."""
    return re.sub(r"\[[^]]*\]|_.|\\? ", "", _format(cell).split(";")[0])


def _format(cell: Cell | MergedCell) -> str:
    try:
        return cell.number_format
    except IndexError:  # the workbook names a format that it does not hold
        return ""


def _joined(texts: dict[int, dict[int, str]], path: str) -> str:
    rows, heading = max(texts, default=0), max((max(texts[row]) for row in sorted(texts)[:_HEAD]), default=0)
    widths = {row: max(heading, *cells) for row, cells in texts.items()}
    size = rows + sum(widths.values()) + sum(len(text) for cells in texts.values() for text in cells.values())
    if size > _LARGEST:  # many cells may share a long text, and a far cell has all those before it
        raise InputError(_too_large(path))
    lines = [""] * rows
    for row, cells in texts.items():
        lines[row - 1] = "\t".join(cells.get(column, "") for column in range(1, widths[row] + 1))
    return "\n".join(lines)


def _damaged(path: str) -> Problem:
    return Problem(f"`{path}` is not a workbook that can be read", hint="save it as .xlsx without a password, or as `CSV UTF-8`")


def _too_large(path: str) -> Problem:
    return Problem(f"`{path}` unpacks to more than {_LARGEST // 1_000_000} MB", hint="save the table alone, as `CSV UTF-8`")
