"""A list as an .xlsx workbook: dates and numbers that can be sorted and added up, texts that nothing runs; ready to print.

openpyxl makes the workbook around the rows; it is an optional extra, and loaded only when a workbook is asked for. The rows themselves
are written here, since cell by cell it takes ten times as long. The same rows give the same bytes, whenever they are written.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import io
import itertools
import re
import shutil
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any

from msgspec import Struct

from nmosd_dosing.errors import InputError, Problem, Problems, argument, clip
from nmosd_dosing.report.export.plain import Sheet
from nmosd_dosing.screen import columns, cuts, without_controls
from nmosd_dosing.version import PROGRAM

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

MOST_ROWS = 1_048_576  # of a sheet, its heading among them
ABOUT = "About"
_LONGEST, _NAME = 32_767, 31  # UTF-16 units of a cell; characters of a sheet's name
_LOOKED_AT = 1000  # rows that tell how wide a column is
_WIDEST, _NARROWEST = 50, 6  # characters of a column; a longer text goes on in further lines
_LINE, _HIGHEST = 15, 409  # points of a line, and of a row at most
_IN_MEMORY = 100_000_000  # bytes of rows
_DAY_0, _FIRST_DAY = dt.date(1899, 12, 30), dt.date(1900, 3, 1)  # before the second, spreadsheets disagree about the number of a day
_WRITTEN = (1980, 1, 1, 0, 0, 0)  # when each part of the archive says that it was written: the first day that there is
_TIMES = re.compile(rb"<dcterms:(created|modified)\b.*?</dcterms:\1>")
_ROWS = re.compile(rb"<sheetData ?/>|<sheetData>.*</sheetData>", re.S)
_CELLS = re.compile(rb'(?<=<dimension ref=")[^"]*')
_XML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_NO_CHARACTER = re.compile("[\ufffe\uffff]")  # what XML cannot hold, beside controls
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")  # `_x0041_` is how a workbook may write an A


class _Looks(Struct, frozen=True):
    """The numbers under which a workbook keeps how its cells look."""

    number: int
    date: int
    text: int
    folded: int
    heading: int


class _Rows(Struct, frozen=True):
    """The rows of a sheet as XML, and the cells that they take: `A1:F20`."""

    xml: IO[bytes]
    cells: str


def check_installed(problems: Problems) -> None:
    """Whether workbooks can be written here."""
    if importlib.util.find_spec("openpyxl") is None:
        hint = f"install it with `pip install 'nmosd-dosing[xlsx]'`, or write `{argument('format', 'csv')}`"
        problems.error("writing a workbook needs openpyxl", None, hint)


def check_rows(count: int) -> None:
    """Raises InputError where so many rows are more than a sheet holds below its heading."""
    if count >= MOST_ROWS:
        wrong = f"a sheet of a workbook holds {MOST_ROWS:,} rows, and these are more"
        raise InputError(Problem(wrong, hint=f"write `{argument('format', 'csv')}`, or ask about fewer subjects at a time"))


def to_xlsx(sheets: Sequence[Sheet], about: Sequence[str]) -> bytes:
    """A workbook with a sheet for each list, its heading in row 1, and one more, `About`, with what is to be said of them: a line a row,
    the first of which is the title, and stands above each printed page.

    Whatever is a text is written as one, also `=1+1`; a date as a date, where a spreadsheet knows its number; a whole number without a
    point. Raises InputError where there are more rows than a sheet
    holds, or a longer text than a cell does.
    """
    from openpyxl import Workbook

    book = Workbook()
    sample = book.worksheets[0]
    looks = _looks(sample)
    book.remove(sample)
    book.properties.creator = PROGRAM
    with ExitStack() as files:

        def written(sheet: Sheet, name: str) -> _Rows:
            xml = files.enter_context(SpooledTemporaryFile(_IN_MEMORY))
            return _Rows(xml, _write(book.create_sheet(name), sheet, about[0], looks, xml))

        rows = list(map(written, sheets, _names(sheets)))
        rows.append(written(Sheet(ABOUT, ("about",), [{"about": line} for line in about]), ABOUT))
        return _archive(book, rows)


def _names(sheets: Iterable[Sheet]) -> list[str]:
    """The names of the sheets as a workbook takes them: short, none twice whatever the case, and none that it keeps for itself."""
    names: list[str] = []
    for sheet in sheets:
        name, number = sheet.name[:_NAME], 1
        while name.casefold() in {"history", ABOUT.casefold(), *(other.casefold() for other in names)}:
            number += 1
            name = f"{sheet.name[: _NAME - len(str(number)) - 1]} {number}"
        names.append(name)
    return names


def _looks(sample: Worksheet) -> _Looks:
    from openpyxl.styles import Alignment, Font

    def look(format: str, *, bold: bool = False, folded: bool = False) -> int:
        cell = sample.cell(1, sample.max_column + 1)
        cell.number_format, cell.font, cell.alignment = format, Font("Calibri", 11, bold), Alignment(vertical="top", wrap_text=folded)
        return int(cell.style_id)

    text = "@"  # what a cell holds stays a text, also when somebody edits it
    return _Looks(look("General"), look("yyyy-mm-dd"), look(text), look(text, folded=True), look(text, bold=True))


def _write(made: Worksheet, sheet: Sheet, title: str, looks: _Looks, out: IO[bytes]) -> str:
    """Everything of a sheet but its rows goes to openpyxl, the rows to `out`; the cells that they take."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.properties import PageSetupProperties

    letters = [get_column_letter(number) for number in range(1, len(sheet.columns) + 1)]
    rows = iter(sheet.rows)
    first = list(itertools.islice(rows, _LOOKED_AT))
    for letter, name in zip(letters, sheet.columns, strict=True):
        made.column_dimensions[letter].width = _width(name, first)
    made.freeze_panes = f"{get_column_letter(sheet.beside + 1)}2"
    made.print_title_rows = "1:1"
    made.page_setup.orientation, made.page_setup.paperSize = "landscape", 9  # A4
    made.page_setup.fitToWidth, made.page_setup.fitToHeight = 1, 0
    made.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    assert made.oddHeader is not None
    assert made.oddFooter is not None
    made.oddHeader.left.text = clip(_text(title, "", 0), 100).replace("&", "&&")
    made.oddFooter.right.text = "&P / &N"
    heading = (_text_cell(f"{letter}1", name, name, 1, looks.heading) for letter, name in zip(letters, sheet.columns, strict=True))
    out.write(f'<row r="1">{"".join(heading)}</row>'.encode())
    number = 1
    for number, row in enumerate(itertools.chain(first, rows), 2):
        check_rows(number - 1)
        line = (
            _cell(f"{letter}{number}", row.get(name), name, number, sheet.dates, looks)
            for letter, name in zip(letters, sheet.columns, strict=True)
        )
        out.write(f'<row r="{number}"{_height(row, sheet.columns)}>{"".join(line)}</row>'.encode())
    cells = f"A1:{letters[-1]}{number}"
    if made.title != ABOUT:
        made.auto_filter.ref = cells
    return cells


def _width(name: str, rows: Sequence[Mapping[str, Any]]) -> float:
    shown = (str(value) for row in rows if (value := row.get(name)) is not None)
    longest = max((columns(line) for text in shown for line in text.split("\n")), default=0)
    return max(_NARROWEST, min(_WIDEST, max(longest, len(name)) + 3))  # three for the arrow of the filter


def _height(row: Mapping[str, Any], names: Sequence[str]) -> str:
    """How high a row with folded texts is: not every program looks for itself."""
    folded = (value for name in names if isinstance(value := row.get(name), str) and len(value) > _WIDEST)
    lines = max((len(cuts(without_controls(text), _WIDEST - 4, 0)) + 1 for text in folded), default=1)
    return f' ht="{min(lines * _LINE, _HIGHEST)}" customHeight="1"' if lines > 1 else ""


def _cell(at: str, value: Any, column: str, row: int, dates: frozenset[str], looks: _Looks) -> str:
    """A number, a date or a text; nothing where nothing stands."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return f'<c r="{at}" s="{looks.number}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{at}" s="{looks.number}"><v>{value!r}</v></c>'
    if column in dates and (date := dt.date.fromisoformat(value)) >= _FIRST_DAY:
        return f'<c r="{at}" s="{looks.date}"><v>{(date - _DAY_0).days}</v></c>'
    return _text_cell(at, str(value), column, row, looks.folded if len(value) > _WIDEST else looks.text)


def _text_cell(at: str, text: str, column: str, row: int, look: int) -> str:
    return f'<c r="{at}" s="{look}" t="inlineStr"><is><t xml:space="preserve">{_text(text, column, row).translate(_XML)}</t></is></c>'


def _text(value: str, column: str, row: int) -> str:
    """The text as a cell can hold it: controls are written out as on a terminal."""
    text = _NO_CHARACTER.sub(lambda found: f"\\u{ord(found[0]):04x}", without_controls(value))
    text = _ESCAPE.sub("_x005F_", text)
    if len(text) > _LONGEST // 2 and (length := len(text.encode("utf-16-le")) // 2) > _LONGEST:
        wrong = f"a cell of a workbook holds {_LONGEST:,} characters, and `{column}` in row {row} has {length:,}"
        raise InputError(Problem(wrong, hint=f"shorten it, or write `{argument('format', 'csv')}`"))
    return text


def _archive(book: Workbook, written: Iterable[_Rows]) -> bytes:
    """The workbook's bytes, with the rows of its sheets; without a time of writing, among its properties or on the parts of the archive."""
    made, out = io.BytesIO(), io.BytesIO()
    book.save(made)
    rows = {f"xl/worksheets/sheet{number}.xml": its for number, its in enumerate(written, 1)}
    with zipfile.ZipFile(made) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            content = _TIMES.sub(b"", before.read(name)) if name == "docProps/core.xml" else before.read(name)
            part = zipfile.ZipInfo(name, _WRITTEN)
            part.compress_type, part.create_system, part.external_attr = zipfile.ZIP_DEFLATED, 3, 0o600 << 16
            part.file_size = len(content) + (rows[name].xml.tell() if name in rows else 0)
            with after.open(part, "w") as file:
                if name not in rows:
                    file.write(content)
                    continue
                head, tail = _ROWS.split(_CELLS.sub(rows[name].cells.encode(), content))
                file.write(head + b"<sheetData>")
                rows[name].xml.seek(0)
                shutil.copyfileobj(rows[name].xml, file, 1 << 20)
                file.write(b"</sheetData>" + tail)
    return out.getvalue()
