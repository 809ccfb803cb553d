"""Workbooks as programs read them."""

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from nmosd_dosing.report.export.plain import plain_number


def sheet_of(content: bytes | Path, name: str | None = None) -> Worksheet:
    """The first sheet, or one by its name."""
    book = load_workbook(io.BytesIO(content) if isinstance(content, bytes) else content)
    found = book.worksheets[0] if name is None else book[name]
    assert isinstance(found, Worksheet)
    return found


def rows_of(sheet: Worksheet) -> list[list[str]]:
    """The rows of a sheet with its heading, as CSV has them."""
    return [[_as_csv(cell.value) for cell in row] for row in sheet.iter_rows()]


def about(content: bytes | Path) -> list[str]:
    """What the workbook says of its lists."""
    return [str(row[0].value) for row in sheet_of(content, "About").iter_rows(min_row=2)]


def csv_rows(text: str) -> list[list[str]]:
    """The rows of CSV with their heading; without the quote before what a spreadsheet would run, which a workbook does not need."""
    return [[cell[1:] if cell[:2] in ("'=", "'+", "'-", "'@") else cell for cell in row] for row in csv.reader(io.StringIO(text))]


def _as_csv(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.datetime):
        assert value.time() == dt.time()
        return value.date().isoformat()
    if isinstance(value, int | float):
        return str(plain_number(value))
    return "" if value is None else str(value)
