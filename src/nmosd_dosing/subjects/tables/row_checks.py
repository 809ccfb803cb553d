"""What the cells of one row of visits say together: hours, last days, how much was given in all; and what contradicts itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from nmosd_dosing.errors import Problems, clip
from nmosd_dosing.sentences import said
from nmosd_dosing.subjects.bounds import wrong_given, wrong_last
from nmosd_dosing.subjects.tables import cells
from nmosd_dosing.subjects.tables.table import Table


def ends(
    table: Table, statuses: Sequence[str], dates: Sequence[dt.date | None], lasts: Sequence[dt.date | None], problems: Problems
) -> None:
    """No visit ends before it begins, and none that was not has a last day."""
    for row, (status, date, last) in enumerate(zip(statuses, dates, lasts, strict=True)):
        if date is not None and last is not None and (wrong := wrong_last(status, date, last)) is not None:
            table.error(row, "last", said("`{text}` {wrong}", text=clip(table.texts["last"][row]), wrong=wrong[0]), wrong[1], problems)


def hours(table: Table, beside: Sequence[dt.time | None], problems: Problems) -> list[dt.time | None]:
    """The hour of each row: in its own cell, or beside the day."""
    own = table.values("time", cells.hour, problems)
    for row, (hour, other) in enumerate(zip(own, beside, strict=True)):
        if hour is not None and other is not None and hour != other:
            shown, beside_it = _shown(table, "time", row), f"{other:%H:%M}"
            wrong = said("{shown} is another hour than the one beside the date, {other}", shown=shown, other=beside_it)
            table.error(row, "time", wrong, said("keep one of them"), problems)
    return [other if hour is None else hour for hour, other in zip(own, beside, strict=True)]


def of_time_points(
    table: Table, statuses: Sequence[str], assessments: Sequence[str | None], points: Sequence[str | None], problems: Problems
) -> None:
    """A row of a time point says when something was examined, or that it was not: it has no dose, and no appointment of its own."""
    for row, (status, assessment, point) in enumerate(zip(statuses, assessments, points, strict=True)):
        if assessment is None and point is None:
            continue
        column = "time_point" if point is not None else "assessment"
        if status == "booked":
            table.error(row, column, said("a time point has no appointment of its own"), said("book its visit"), problems)
        elif any(name in table.columns and table.texts[name][row] for name in ("product", "amount", "amount_per_day", "last")):
            table.error(row, column, said("a row of a time point, and of a dose"), said("write the dose as a row of its own"), problems)


def in_all(
    table: Table, amounts: Sequence[Decimal | None], daily: Sequence[Decimal | None], dates: Sequence[dt.date | None],
    lasts: Sequence[dt.date | None], problems: Problems,
) -> list[Decimal | None]:  # fmt: skip
    """How much was given in all: as it is written, or so much on each day up to the last."""
    found = list(amounts)
    if "amount_per_day" not in table.columns:
        return found
    for row, (a_day, date, last) in enumerate(zip(daily, dates, lasts, strict=True)):
        if a_day is None or date is None:
            continue
        if table.texts["amount"][row]:
            wrong = said("{shown} is an amount a day, and one in all is written too", shown=_shown(table, "amount_per_day", row))
            table.error(row, "amount_per_day", wrong, said("keep one of them: `amount` is all that was given at the visit"), problems)
        elif last is not None and last >= date:
            found[row] = a_day * ((last - date).days + 1)
        elif not table.texts["last"][row]:
            wrong = said("{shown} is an amount a day, and on how many is not said", shown=_shown(table, "amount_per_day", row))
            table.error(row, "amount_per_day", wrong, said("write the last day as `last`, or all that was given as `amount`"), problems)
    return found


def _shown(table: Table, column: str, row: int) -> str:
    return f"`{clip(table.texts[column][row])}`"


def given(table: Table, statuses: Sequence[str], amounts: Sequence[Decimal | None], problems: Problems) -> None:
    """An amount has a unit, a unit an amount, and what was not given has none."""
    texts = zip(statuses, amounts, table.texts["amount"], table.texts["amount_per_day"], table.texts["unit"], strict=True)
    for row, (status, amount, text, a_day, unit) in enumerate(texts):
        if (amount is None) == bool(text or a_day):
            continue  # one that cannot be read has been told
        if (wrong := wrong_given(status, amount, unit or None)) is not None:
            column, what, hint = wrong
            column = "amount_per_day" if column == "amount" and not text else column
            table.error(row, column, said("`{text}` {what}", text=clip(table.texts[column][row]), what=what), hint, problems)
