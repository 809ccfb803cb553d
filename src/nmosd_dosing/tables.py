"""CSV tables that people keep: rows with the place of every cell, and every problem found at once."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from nmosd_dosing import typed
from nmosd_dosing.errors import Document, InputError, Place, Problem, Problems, clip, did_you_mean, one_of
from nmosd_dosing.person import Subject

_LISTED = 100  # problems of a table that are shown


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's text, without the spaces around it, and where it stands."""

    text: str
    place: Place


Row = dict[str, Cell]


def subjects(content: bytes, path: str) -> tuple[Subject, ...]:
    """The subjects of a table with the columns `subject`, `start` and, where a dose needs it, `weight_kg`.

    Raises InputError with the first hundred problems and their count.
    """
    problems = Problems()
    rows = read(content, path, ("subject", "start"), ("weight_kg",), problems)
    found: dict[str, Place] = {}
    made = []
    for row in rows:
        code, start, weight = row["subject"], date(row["start"], problems), row.get("weight_kg")
        same = unicodedata.normalize("NFC", code.text)  # one text may be written in two ways
        if not code.text:
            problems.error("no subject's code", code.place, "every row needs one")
        elif same in found:
            problems.error(f"subject `{clip(code.text)}` has two rows", code.place, also=[("the first", found[same])])
        else:
            typed.code("the subject's code", code.text, code.place, problems)
        found.setdefault(same, code.place)
        kg = typed.weight(f"`{clip(weight.text)}`", weight.text, weight.place, problems) if weight and weight.text else None
        if start is not None:
            made.append(Subject(start, code.text, weight_kg=kg))
    if not rows and not problems.found:
        problems.error(f"`{path}` has no rows", None, "write one row a subject below the heading")
    _stop(problems)
    return tuple(made)


def read(content: bytes, path: str, required: Sequence[str], optional: Sequence[str], problems: Problems) -> list[Row]:
    """The rows below a heading, by column name; UTF-8 with or without a mark, commas or semicolons, empty lines left out."""
    if content.startswith(b"PK\x03\x04"):
        problems.error(f"`{path}` is a spreadsheet, not CSV", None, "save it as `CSV UTF-8`")
        return []
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        problems.error(f"`{path}` is not UTF-8 text (byte {error.start + 1})", None, "save it as `CSV UTF-8`")
        return []
    document = Document(path, text)
    lines = _lines(document, problems)
    if not lines:
        problems.error(f"`{path}` is empty", None, f"the first line names the columns: {','.join([*required, *optional])}")
        return []
    lines_wrong = len(problems.found)
    heading, names = lines[0], [cell.text for cell in lines[0]]
    for cell in heading:
        if cell.text not in (*required, *optional):
            hint = did_you_mean(cell.text, (*required, *optional)) or f"the columns are {one_of([*required, *optional])}"
            problems.error(f"unknown column `{clip(cell.text)}`", cell.place, hint)
        elif names.count(cell.text) > 1:
            problems.error(f"column `{cell.text}` stands twice", cell.place)
    for name in required:
        if name not in names:
            problems.error(f"column `{name}` is missing", heading[-1].place, f"the first line names the columns: {','.join(required)}")
    if len(problems.found) > lines_wrong:
        return []
    rows = []
    for cells in lines[1:]:
        if len(cells) == len(names):
            rows.append(dict(zip(names, cells, strict=True)))
        else:
            problems.error(f"{len(cells)} cells under {len(names)} columns", cells[0].place, "a text with a comma stands in double quotes")
    return rows


def date(cell: Cell, problems: Problems) -> dt.date | None:
    """A day: YYYY-MM-DD, or year first in the way of spreadsheets (`2025/1/6`)."""
    match = re.fullmatch(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})", cell.text)
    if match:
        try:
            return dt.date(int(match[1]), int(match[3]), int(match[4]))
        except ValueError:
            problems.error(f"`{cell.text}`: there is no such day", cell.place, "check the month and the day")
    elif not cell.text:
        problems.error("no date", cell.place, "write for example `2025-01-06`")
    else:
        problems.error(f"`{clip(cell.text)}` is not a date with the year first", cell.place, typed.date_hint(cell.text))
    return None


def _lines(document: Document, problems: Problems) -> list[list[Cell]]:
    """Cells line by line (RFC 4180), lines without any text left out."""
    text, at, lines = document.text, 0, []
    first = text.split("\n", 1)[0]
    comma = ";" if first.count(";") > first.count(",") else ","
    pattern = re.compile(rf'[ \t]*+(?:"((?:[^"]|"")*)"[ \t]*|((?!")[^{comma}\n]*))({comma}|\n|\Z)')
    cells: list[Cell] = []
    while at < len(text):
        match = pattern.match(text, at)
        if match is None:
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            problems.error("a quotation mark in the middle of a cell, or without its partner", Place(document, at, end), "write it twice")
            at, cells = end + 1, []
            continue
        quoted = match[1] is not None
        value = match[1].replace('""', '"') if quoted else match[2]
        group = 1 if quoted else 2
        begin, end = match.start(group), match.end(group)
        stripped = value.strip()
        cells.append(Cell(stripped, Place(document, begin, max(begin + 1, begin + len(value.rstrip()) if not quoted else end))))
        at = match.end()
        if match[3] != comma:
            if any(cell.text for cell in cells):
                lines.append(cells)
            cells = []
    if cells:  # the text ends with a comma
        cells.append(Cell("", Place(document, len(text), len(text))))
        lines.append(cells)
    return lines


def _stop(problems: Problems) -> None:
    found = problems.in_order()
    if found:
        many = [Problem(f"{len(found):,} problems in one table; the first {_LISTED} follow")] if len(found) > _LISTED else []
        raise InputError([*many, *found[:_LISTED]])
