"""The days on which a visit may be, and those that may be day 1, as JSON and CSV."""

from __future__ import annotations

import datetime as dt
from typing import Any

from nmosd_dosing.checks.slots import Asked, Slot, Slots
from nmosd_dosing.checks.starts import Starts
from nmosd_dosing.report.export.plain import Sheet, fields, iso_date

_OF_ALL = ("subject", "site", "visit", "target", "earliest", "latest")
COLUMNS = (*_OF_ALL, "date", "verdict", "reasons", "asked")
_AGAINST = ("what", "visit", "why")


def slots_to_dict(found: Slots, as_of: dt.date) -> dict[str, Any]:
    """The days, and the one that was asked for, as plain values."""
    return {
        "as_of": iso_date(as_of),
        **fields(found, (*_OF_ALL, "booked")),
        "days": [_slot(slot) for slot in found.days],
        "asked": None if found.asked is None else {**_slot(found.asked), **_then(found.asked)},
        "notes": list(found.notes),
    }


def _slot(slot: Slot) -> dict[str, Any]:
    return fields(slot, ("date", "verdict", "reasons"))


def _then(asked: Asked) -> dict[str, Any]:
    moved = [{"visit": moved.visit, "from": iso_date(moved.before), "to": iso_date(moved.after)} for moved in asked.then]
    return {"then": moved, "follows": list(asked.follows)}


def slots_sheet(found: Slots) -> Sheet:
    """A row for each day, by date; the one that was asked for among them, marked."""
    asked = found.asked
    days = {slot.date: slot for slot in (*found.days, *((asked,) if asked is not None else ()))}
    of_all = fields(found, _OF_ALL)
    rows = [
        {**of_all, **_slot(slot), "reasons": "; ".join(slot.reasons), "asked": asked is not None and slot.date == asked.date}
        for _, slot in sorted(days.items())
    ]
    return Sheet("slots", COLUMNS, rows)


def starts_to_dict(found: Starts) -> dict[str, Any]:
    """The days with all that stands against each, as plain values."""
    days = [
        {
            **fields(start, ("start", "feasible")), "against": [fields(against, _AGAINST) for against in start.against],
            "projected": start.projected,
        }
        for start in found.days
    ]  # fmt: skip
    return {"days": days, "notes": list(found.notes)}


def starts_sheet(found: Starts) -> Sheet:
    """A row for each thing that stands against a day, and one for a day against which nothing does."""
    rows = [
        {**fields(start, ("start", "feasible", "projected")), **(fields(against, _AGAINST) if against is not None else {})}
        for start in found.days
        for against in start.against or (None,)
    ]
    return Sheet("starts", ("start", "feasible", *_AGAINST, "projected"), rows)
