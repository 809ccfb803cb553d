"""The days that may be day 1, as JSON and CSV."""

from __future__ import annotations

from typing import Any

from nmosd_dosing.checks.starts import Start, Starts
from nmosd_dosing.report.export.plain import Sheet, fields

_AGAINST = ("what", "visit", "why")
COLUMNS = ("start", "feasible", *_AGAINST, "projected")


def starts_to_dict(found: Starts) -> dict[str, Any]:
    """The days with all that stands against each, as plain values."""
    return {"days": [_start(start) for start in found.days], "notes": list(found.notes)}


def _start(start: Start) -> dict[str, Any]:
    against = [fields(against, _AGAINST) for against in start.against]
    return {**fields(start, ("start", "feasible")), "against": against, "projected": start.projected}


def starts_sheet(found: Starts) -> Sheet:
    """A row for each thing that stands against a day, and one for a day against which nothing does."""
    rows = [
        {**fields(start, ("start", "feasible", "projected")), **(fields(against, _AGAINST) if against is not None else {})}
        for start in found.days
        for against in start.against or (None,)
    ]
    return Sheet("starts", COLUMNS, rows)
