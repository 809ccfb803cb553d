"""Plain values and cells: what every export is made of."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

from msgspec import Struct

from nmosd_dosing.plans.plan import Note
from nmosd_dosing.study.model import Site

DATES = frozenset({
    "start", "planned_start", "until", "target", "actual", "booked", "earliest", "latest", "last", "weight_of", "date", "planned", "from",
    "to", "first_need", "order_by", "first_date", "last_date",
})  # fmt: skip
"""The columns whose texts are dates: a workbook makes dates of them. Numbers that stand in them stay numbers."""
_PART = 50_000  # characters of CSV that are handed on together


class Sheet(Struct, frozen=True):
    """A list as rows of plain values below the names of their columns: what CSV and a workbook are made of. `beside`: how many of its first
    columns stay in sight. `dates`: those whose texts are dates."""

    name: str
    columns: Sequence[str]
    rows: Iterable[Mapping[str, Any]]
    beside: int = 0
    dates: frozenset[str] = DATES


def of_site(site: Site) -> dict[str, Any]:
    """Who states what is marked as a site's."""
    return {"site": site.name, "title": site.title, "source": site.source.text, "version": site.version}


def vials_list(vials: tuple[tuple[str, int], ...] | None) -> list[dict[str, Any]] | None:
    """Vials as plain values."""
    return None if vials is None else [{"size": size, "count": count} for size, count in vials]


def cell(value: Any) -> str:
    """A value as the text of a cell, whatever its characters are; a quote before what a spreadsheet would run."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    text = value if value.isascii() else value.encode(errors="backslashreplace").decode()  # half a character is none
    runs = text.startswith(("=", "+", "-", "@", "\t", "\r")) and not re.fullmatch(r"[-+]?[0-9]+", text)  # a number, as a level is, does not
    return "'" + text if runs else text


def iso_date(date: dt.date | None) -> str | None:
    return date.isoformat() if date is not None else None


def iso_hour(time: dt.time | None) -> str | None:
    """`09:30`: no protocol and no site is more exact."""
    return f"{time:%H:%M}" if time is not None else None


def iso_moment(when: dt.date | None) -> str | None:
    """A time by the clock of the place, `2025-01-06T09:30`; a day where no hour is known."""
    return f"{when:%Y-%m-%dT%H:%M}" if isinstance(when, dt.datetime) else iso_date(when)


def plain_number(value: float | None) -> float | int | None:
    """Whole numbers without a decimal point."""
    return int(value) if value is not None and value == int(value) else value


def plain(value: Any) -> Any:
    """A value as JSON has it: a date as `2025-01-31`, a whole number without a decimal point, a tuple as a list."""
    if value is None or isinstance(value, (str, int)):  # nearly all
        return value
    if isinstance(value, float):
        return plain_number(value)
    if isinstance(value, dt.date):
        return iso_date(value)
    if isinstance(value, dt.time):
        return iso_hour(value)
    return list(value) if isinstance(value, tuple) else value


def fields(thing: object, names: Iterable[str]) -> dict[str, Any]:
    """The named fields of a row, which are called the same in an export, as plain values in this order."""
    names = tuple(names)
    return dict(zip(names, map(plain, _fields(names)(thing)), strict=True))


@cache
def _fields(names: tuple[str, ...]) -> Callable[[object], tuple[Any, ...]]:
    first, *more = names
    return attrgetter(first, *more) if more else lambda thing: (getattr(thing, first),)


def notes_list(notes: Iterable[Note]) -> list[dict[str, Any]]:
    """The notes of a plan, or of a table, as plain values."""
    return [fields(note, ("code", "message", "visits")) for note in notes]


def json_text(value: dict[str, Any]) -> str:
    """One JSON object, with a newline at its end."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def csv_text(sheet: Sheet) -> str:
    """The list as CSV."""
    return "".join(csv_parts(sheet))


def csv_parts(sheet: Sheet) -> Iterator[str]:
    """The list as CSV, some rows at once: for whoever hands it on before its rows are all made."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(map(cell, sheet.columns))
    for row in sheet.rows:
        writer.writerow([cell(row.get(name)) for name in sheet.columns])
        if out.tell() > _PART:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()
