"""The schedule of activities as CSV and as a workbook: visits as columns, named by their labels, a row for each dose and assessment.

Above those stand, as rows of the kind `visit`, each visit's name, day, week, window and the letters of its footnotes; below them, of the
kind `footnote`, the footnotes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from nmosd_dosing.report.export.plain import Sheet
from nmosd_dosing.study.activities import MARK, Activities, Column

_FIRST = ("kind", "activity", "notes")
_KINDS = ("visit", "dose", "assessment", "footnote")
_SAID = ("name", "day", "week", "window", "notes")


def grids_sheet(grids: Sequence[Activities]) -> Sheet:
    """One table; of several periods each column is named `PERIOD/LABEL`, and a row that is in several of them is one."""
    if len(grids) == 1:
        return grid_sheet(grids[0])
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for grid in grids:
        for row in _rows(grid, f"{grid.period.id}/"):
            known = rows.setdefault((row["kind"], row["activity"]), {})
            known.update({**row, "notes": known.get("notes") or row["notes"]})
    columns = [f"{grid.period.id}/{column.label}" for grid in grids for column in grid.columns]
    return Sheet("grid", (*_FIRST, *columns), sorted(rows.values(), key=lambda row: _KINDS.index(row["kind"])))


def grid_sheet(grid: Activities) -> Sheet:
    """The schedule of one period; what is done stays in sight beside the visits."""
    return Sheet(grid.period.id, (*_FIRST, *(column.label for column in grid.columns)), _rows(grid), beside=2)


def grid_lines(title: str, grids: Sequence[Activities]) -> list[str]:
    """What is to be said of the schedules: the title, and each period's with the letters of its footnotes."""
    return [title, *(f"{grid.period.id}: {grid.title}" for grid in grids)]


def _rows(grid: Activities, before: str = "") -> Iterator[dict[str, Any]]:
    for said in _SAID:
        cells = {f"{before}{column.label}": _cell(column, said) for column in grid.columns}
        yield {"kind": "visit", "activity": said, "notes": "", **cells}
    for row in grid.rows:
        marks = {f"{before}{column.label}": MARK for column, at in zip(grid.columns, row.at, strict=True) if at}
        yield {"kind": row.kind, "activity": row.name, "notes": row.notes, **marks}
    for letter, text in grid.footnotes:
        yield {"kind": "footnote", "activity": text, "notes": letter}


def _cell(column: Column, said: str) -> str | int:
    value: str = getattr(column, said)
    return int(value) if said == "day" and value.removeprefix("-").isdecimal() else value
