"""The tables that people keep, written in the one canonical way: what the readers of this folder read of them, as rows of texts, and rows
as the bytes of a table. The readers read from these bytes what they read from the table that somebody kept.

Days are written `2025-01-06`, hours `09:30` in a column of their own, kilograms and amounts as plain numbers without needless zeros, texts
on one line; an empty cell is left out of its row.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any, TypeVar

from nmosd_dosing.study.events import OF_SCREENING
from nmosd_dosing.subjects.had import Had
from nmosd_dosing.subjects.subject import Event, Exposure, Measurement, Record, Weight
from nmosd_dosing.subjects.tables.reading import EMPTY
from nmosd_dosing.subjects.tables.subject_table import SubjectColumns
from nmosd_dosing.subjects.tables.table import Cell, guarded

Row = dict[str, str]
T = TypeVar("T")

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "subjects": ("subject", "start", "weight_kg", "height_cm", "sex", "age_years", "site", "study_version", *OF_SCREENING),
    "events": ("subject", "event", "date", "comment"),
    "visits": (
        "subject", "visit", "date", "time", "period", "status", "last", "product", "amount", "unit", "batch", "weight_kg", "assessment",
        "time_point", "reason", "comment",
    ),
    "weighings": ("subject", "date", "weight_kg", "comment"),
    "measurements": ("subject", "date", "what", "value", "unit", "comment"),
    "history": ("subject", "what", "from", "to", "amount", "amount_per_day", "unit", "for", "had", "comment"),
    "allocation": ("subject", "arm"),
}  # fmt: skip
"""All tables that people keep, each with its columns in their order. In that of subjects, `earlier_PRODUCT` and `enter_PERIOD` stand behind
them, by name."""

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "subjects": ("subject", "start"),
    "events": ("subject", "event", "date"),
    "visits": ("visit", "date"),
    "weighings": ("subject", "date", "weight_kg"),
    "measurements": ("subject", "date", "what", "value"),
    "history": ("what", "from"),
    "allocation": ("subject", "arm"),
}
"""By table, the columns without which it is not read."""

_MORE = ("earlier_", "enter_")


# --- rows ----------------------------------------------------------------------------------------------------------------


def subject_rows(columns: SubjectColumns) -> list[Row]:
    """The rows of the table of subjects, as it was read: without events that other tables have."""
    given: dict[str, Sequence[Any]] = {
        "subject": columns.codes, "start": columns.starts, "weight_kg": columns.weights, "height_cm": columns.heights, "sex": columns.sexes,
        "age_years": columns.ages, "site": columns.sites, "study_version": columns.table.texts["study_version"],
        **{name: columns.events[name] for name in OF_SCREENING if name in columns.events},
    }  # fmt: skip
    texts = {name: [_TEXTS.get(name, _line)(value) for value in column] for name, column in given.items()}
    texts |= {f"earlier_{product}": [_exposure(had) for had in column] for product, column in sorted(columns.earlier.items())}
    texts |= {f"enter_{period}": [_day(day) for day in column] for period, column in sorted(columns.entered.items())}
    return [{name: text for name, text in zip(texts, cells, strict=True) if text} for cells in zip(*texts.values(), strict=True)]


def event_row(code: str | None, event: Event) -> Row:
    """What the table of events says of one."""
    return _row("events", code, event, event=event.name)


def record_row(code: str | None, record: Record) -> Row:
    """What the table of visits says of one record. Its status is always written; one that has lapsed was booked."""
    return _row("visits", code, record, status="booked" if record.status == "lapsed" else record.status)


def weight_row(code: str | None, weight: Weight) -> Row:
    """What the table of later weights says of one."""
    return _row("weighings", code, weight, weight_kg=weight.kg)


def measurement_row(code: str | None, measured: Measurement) -> Row:
    """What the table of values that doses are by says of one, with its unit: a value whose unit a later study file does not declare any
    more is refused then, and not taken for another one."""
    return _row("measurements", code, measured)


def had_row(code: str | None, had: Had) -> Row:
    """What the table of what people had says of one thing, or of `nothing`. What was not had is a row, too: somebody has said so."""
    days = {"from": had.begin_text, "to": had.end_text}
    return _row("history", code, had, **days, **{"for": had.purpose}, had="N" if had.not_had else "")


def allocation_row(code: str | None, arm: str) -> Row:
    """What the allocation says of one subject."""
    return _row("allocation", code, None, arm=arm)


def rows_of(row: Callable[[str | None, T], Row], read: Iterable[tuple[Cell | None, T]]) -> list[Row]:
    """The rows of a whole table, in its order, from what its reader gave: `rows_of(event_row, roster.events(…))`."""
    return [row(code.text if code is not None else None, thing) for code, thing in read]


_ROWS: Mapping[str, Callable[[str | None, Any], Row]] = {
    "events": event_row, "visits": record_row, "weighings": weight_row, "measurements": measurement_row, "history": had_row,
    "allocation": lambda code, arm: allocation_row(code, arm.text),
}  # fmt: skip


def all_rows(columns: SubjectColumns | None, beside: Mapping[str, Iterable[tuple[Cell | None, Any]]]) -> dict[str, list[Row]]:
    """The rows of all tables, from what their readers gave: the subjects, and by table what stands beside them."""
    return {"subjects": subject_rows(columns) if columns is not None else []} | {t: rows_of(_ROWS[t], beside[t]) for t in _ROWS}


# --- a table -------------------------------------------------------------------------------------------------------------


def table_bytes(table: str, rows: Sequence[Row]) -> bytes:
    """A table as CSV in UTF-8, in the order of the rows: the columns that its reader needs, and those of which any row says something.

    Texts that a spreadsheet would run are kept from it by an apostrophe, which the readers take off. Half a character, and the character
    zero, which no table may hold, are written as Python writes them. Raises KeyError for a table or a column that there is not."""
    columns = _columns(table, {name for row in rows for name in row})
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    write([guarded(name) for name in columns])
    for row in rows:
        write([guarded(text) if (text := row.get(name)) else "" for name in columns])
    return out.getvalue().replace("\0", "\\x00").encode(errors="backslashreplace")


def _columns(table: str, said: set[str]) -> list[str]:
    known, required = COLUMNS[table], REQUIRED[table]
    more = sorted(name for name in said.difference(known) if table == "subjects" and name.startswith(_MORE))
    if unknown := said.difference(known, more):
        raise KeyError(min(unknown))
    return [*(name for name in known if name in said or name in required), *more]


# --- cells ---------------------------------------------------------------------------------------------------------------


def _day(day: dt.date | None) -> str:
    return "" if day is None else day.isoformat()


def _code(text: str | None) -> str:
    """A text whose spaces inside are its own."""
    return "" if not text or (text := text.strip()) in EMPTY else text.replace("\r\n", "\n").replace("\r", "\n")


def _line(text: str | None) -> str:
    return "" if not text or (text := " ".join(text.split())) in EMPTY else text


def _number(value: float | None, decimals: int) -> str:
    text = "" if value is None else f"{float(value):.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text


def _amount(amount: Decimal | None) -> str:
    if amount is None:
        return ""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _exposure(had: Exposure | None) -> str:
    """`40 mg/m2`, as it was read; nothing for an amount of 0, which nobody has had."""
    if not had or not had.amount:
        return ""
    amount, decimals = Fraction(had.amount), 0
    while amount.denominator != 1:
        amount, decimals = amount * 10, decimals + 1
    text = f"{Decimal(amount.numerator).scaleb(-decimals):f}"
    return f"{text} {had.unit}{f'/{had.per}' if had.per else ''}"


_TEXTS: Mapping[str, Callable[[Any], str]] = {
    **dict.fromkeys(("subject", "site", "study_version", "event", "visit", "batch", "arm"), _code),
    **dict.fromkeys(("start", "date", "last", *OF_SCREENING), _day),
    **dict.fromkeys(("amount", "amount_per_day"), _amount),
    "time": lambda time: "" if time is None else time.isoformat("minutes"),
    "weight_kg": partial(_number, decimals=3), "height_cm": partial(_number, decimals=1), "age_years": partial(_number, decimals=0),
    "value": partial(_number, decimals=6),
}  # fmt: skip
"""How a value is written, by its column: as one line where none is named."""


def _row(table: str, code: str | None, thing: object, **others: object) -> Row:
    """What a thing says in the columns of a table that are called as it calls it, and `others`."""
    given = {"subject": code, **others}
    values = [(c, given[c] if c in given else getattr(thing, c, None)) for c in COLUMNS[table]]
    return {c: text for c, value in values if value is not None and (text := _TEXTS.get(c, _line)(value))}
