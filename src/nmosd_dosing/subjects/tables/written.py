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
from typing import Any, TypeVar

from nmosd_dosing.errors import InputError, Problem
from nmosd_dosing.study.events import OF_SCREENING
from nmosd_dosing.subjects.had import Had
from nmosd_dosing.subjects.subject import Event, Exposure, Measurement, Record, Subject, Weight
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


def subject_row(subject: Subject) -> Row:
    """What the table of subjects says of one: of the events those that are columns there, the first of each name. A subject does not know
    its version of the study."""
    row = _row(
        subject=_code(subject.code),
        start=_day(subject.start),
        weight_kg=_number(subject.weight_kg, 3),
        height_cm=_number(subject.height_cm, 1),
        sex=subject.sex or "",
        age_years=_number(subject.age, 0),
        site=_code(subject.site),
    )
    days: dict[str, dt.date] = {}
    for event in subject.events:
        if event.name in OF_SCREENING:
            days.setdefault(event.name, event.date)
    row |= {name: days[name].isoformat() for name in OF_SCREENING if name in days}
    row |= {f"earlier_{had.product}": _exposure(had) for had in sorted(subject.earlier, key=lambda had: had.product)}
    return row | {f"enter_{entry.period}": entry.date.isoformat() for entry in sorted(subject.entered, key=lambda entry: entry.period)}


def subject_rows(columns: SubjectColumns) -> list[Row]:
    """The rows of the table of subjects, as it was read: without events that other tables have."""
    texts: dict[str, Sequence[str]] = {
        "subject": [_code(code) for code in columns.codes],
        "start": [_day(day) for day in columns.starts],
        "weight_kg": [_number(kg, 3) for kg in columns.weights],
        "height_cm": [_number(cm, 1) for cm in columns.heights],
        "sex": [sex or "" for sex in columns.sexes],
        "age_years": [_number(age, 0) for age in columns.ages],
        "site": [_code(site) for site in columns.sites],
        "study_version": [_code(text) for text in columns.table.texts["study_version"]],
        **{name: [_day(day) for day in columns.events[name]] for name in OF_SCREENING if name in columns.events},
        **{f"earlier_{product}": [_exposure(had) for had in column] for product, column in sorted(columns.earlier.items())},
        **{f"enter_{period}": [_day(day) for day in column] for period, column in sorted(columns.entered.items())},
    }
    return [{name: text for name, text in zip(texts, cells, strict=True) if text} for cells in zip(*texts.values(), strict=True)]


def event_row(code: str | None, event: Event) -> Row:
    """What the table of events says of one."""
    return _row(subject=_code(code), event=_code(event.name), date=event.date.isoformat(), comment=_line(event.comment))


def record_row(code: str | None, record: Record) -> Row:
    """What the table of visits says of one record. Its status is always written; one that has lapsed was booked."""
    return _row(
        subject=_code(code),
        visit=_code(record.visit),
        date=record.date.isoformat(),
        time="" if record.time is None else record.time.isoformat("minutes"),
        period=_line(record.period),
        status="booked" if record.status == "lapsed" else record.status,
        last=_day(record.last),
        product=_line(record.product),
        amount=_amount(record.amount),
        unit=record.unit or "",
        batch=_code(record.batch),
        weight_kg=_number(record.weight_kg, 3),
        assessment=_line(record.assessment),
        time_point=_line(record.time_point),
        reason=_line(record.reason),
        comment=_line(record.comment),
    )


def weight_row(code: str | None, weight: Weight) -> Row:
    """What the table of later weights says of one."""
    return _row(subject=_code(code), date=weight.date.isoformat(), weight_kg=_number(weight.kg, 3), comment=_line(weight.comment))


def measurement_row(code: str | None, measured: Measurement) -> Row:
    """What the table of values that doses are by says of one, with its unit: a value whose unit a later study file does not declare any
    more is refused then, and not taken for another one."""
    return _row(
        subject=_code(code),
        date=measured.date.isoformat(),
        what=_line(measured.what),
        value=_number(measured.value, 6),
        unit=_line(measured.unit),
        comment=_line(measured.comment),
    )


def had_row(code: str | None, had: Had) -> Row:
    """What the table of what people had says of one thing, or of `nothing`. What was not had is a row, too: somebody has said so."""
    return _row(
        subject=_code(code),
        what=_line(had.what),
        **{"from": had.begin_text},
        to=had.end_text,
        amount=_amount(had.amount),
        amount_per_day=_amount(had.amount_per_day),
        unit=_line(had.unit),
        **{"for": _line(had.purpose)},
        had="N" if had.not_had else "",
        comment=_line(had.comment),
    )


def allocation_row(code: str | None, arm: str) -> Row:
    """What the allocation says of one subject."""
    return _row(subject=_code(code), arm=_code(arm))


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


def _row(**texts: str) -> Row:
    return {name: text for name, text in texts.items() if text}


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
    """`40 mg/m2`; nothing for an amount of 0, which nobody has had. Raises InputError for a fraction that no decimals write."""
    if not had or not had.amount:
        return ""
    amount, decimals = Fraction(had.amount), 0
    while amount.denominator != 1:
        amount, decimals = amount * 10, decimals + 1
        if decimals > 30:
            raise InputError(Problem(f"`earlier`: {had.amount} of `{had.product}` cannot be written as decimals", hint="round it"))
    text = f"{Decimal(amount.numerator).scaleb(-decimals):f}"
    return f"{text} {had.unit}{f'/{had.per}' if had.per else ''}"
