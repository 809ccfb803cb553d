"""Lines of a register's trail as JSON and CSV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from nmosd_dosing.report.export.plain import Sheet, fields, iso_date

if TYPE_CHECKING:
    from nmosd_dosing.checks.follows import Moved
    from nmosd_dosing.register.reading.line import Line

_FIELDS = ("seq", "at", "zone", "account", "role", "action", "subject", "what", "visit")
_BEHIND = ("reason", "replaces", "of", "taken_out", "person", "site", "store", "request")
COLUMNS = (*_FIELDS, "old", "new", *_BEHIND, "sentence")


def line_dict(line: Line) -> dict[str, Any]:
    """One line as plain values: `old` and `new` are cells, null where nothing stood there."""
    cells = {"old": dict(line.old) if line.old is not None else None, "new": dict(line.new) if line.new is not None else None}
    return {**fields(line, _FIELDS), **cells, **fields(line, _BEHIND), "sentence": line.sentence}


def moved_dict(moved: Moved) -> dict[str, Any]:
    """A visit that has another day."""
    return {"visit": moved.visit, "from": iso_date(moved.before), "to": iso_date(moved.after)}


def trail_sheet(lines: Iterable[Line]) -> Sheet:
    """A row for each line, its cells as texts: `date=2025-07-07; status=done`."""
    rows = ({**line_dict(line), "old": _cells(line.old), "new": _cells(line.new)} for line in lines)
    return Sheet("trail", COLUMNS, rows)


def _cells(cells: Mapping[str, str] | None) -> str | None:
    return None if cells is None else "; ".join(f"{name}={text}" for name, text in cells.items())
