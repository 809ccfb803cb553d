"""What the columns of exports hold, for files whose columns have types: dates, numbers with their units, texts, and codes, which stay what
they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct

Kind = Literal["text", "word", "date", "number", "count", "flag"]
"""text: what people write, as codes, batches and comments; word: what the study or this program says, of which there are few."""

IN_UNIT = "the unit in the column `unit`"


class Column(Struct, frozen=True):
    """A column: what it holds, and the unit of its numbers; empty where they have none."""

    name: str
    kind: Kind
    unit: str = ""


_TEXTS = ("subject", "site", "batch", "comment", "message", "value", "reason")
_DATES = (
    "start", "planned_start", "target", "actual", "booked", "earliest", "latest", "last", "weight_of", "date", "until", "from", "to",
)  # fmt: skip
_COUNTS = {
    "study_day": "days", "period_day": "days", "last_day": "days", "duration_minutes": "min", "times": "", "administrations": "",
    "days": "days", "days_left": "days", "minutes": "min",
}  # fmt: skip
_FLAGS = ("unblinded", "recorded")
_NUMBERS = {
    "weight_kg": "kg", "dosed_by_kg": "kg", "height_cm": "cm", "volume_ml": "mL", "cumulative_per_kg": f"{IN_UNIT}, per kg",
    **dict.fromkeys(
        ("amount", "cumulative", "total", "per_day", "planned", "dispensed", "waste", "amount_from", "amount_to"), IN_UNIT
    ),
}  # fmt: skip


def columns_of(names: Iterable[str], flags: Sequence[str] = ()) -> list[Column]:
    """The columns of an export by their names; `flags`: those that are one there, and hold something else elsewhere."""
    return [Column(name, "flag") if name in flags else _column(name) for name in names]


def _column(name: str) -> Column:
    if name in _NUMBERS:
        return Column(name, "number", _NUMBERS[name])
    if name in _COUNTS:
        return Column(name, "count", _COUNTS[name])
    return Column(name, "date" if name in _DATES else "flag" if name in _FLAGS else "text" if name in _TEXTS else "word")
