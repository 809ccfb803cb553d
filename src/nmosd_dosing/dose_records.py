"""What records say of doses: how much was given at a visit, and what was given at visits that are not planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from nmosd_dosing.doses import converted
from nmosd_dosing.given import Given
from nmosd_dosing.model import Give, Study
from nmosd_dosing.person import Record
from nmosd_dosing.schedule import Row

Amounts = Mapping[int, Mapping[int, Fraction | None]]  # by row and column; None where it was given and nobody wrote how much


def read_recorded(rows: tuple[Row, ...], given: Given | None) -> Amounts:
    """The amounts that records state, of doses that are not masked: what was not given is 0."""
    if given is None:
        return {}
    by_visit: dict[int, list[int]] = {}
    for k, row in enumerate(rows):
        by_visit.setdefault(row.visit, []).append(k)
    found: dict[int, dict[int, Fraction | None]] = {}
    for (visit, column), records in given.records.items():
        here = by_visit.get(visit, [])
        for k in here:
            if any(dose is not None and dose.kind == "masked" for dose in rows[k].give.doses):
                continue
            mine = [r for r in records if r.product in (None, rows[k].give.product)]
            stated, amount = _amount(mine[0] if mine else None, rows[k].give, alone=len(here) == 1)
            if stated:
                found.setdefault(k, {})[column] = amount
    return found


def _amount(record: Record | None, give: Give, alone: bool) -> tuple[bool, Fraction | None]:
    """Whether a record says another amount than the plan, and which; None where it cannot be told."""
    if record is None:
        return True, None
    if record.status in ("missed", "withheld"):
        return True, Fraction(0)
    if record.amount is None:
        return record.status == "partial", None
    return True, converted(Fraction(record.amount), record.unit, give.unit) if alone or record.product else None


@dataclass(frozen=True, slots=True)
class Extra:
    """A dose that was given at a visit which is not planned. amount: None where nobody wrote how much."""

    column: int
    date: np.datetime64
    product: str
    unit: str | None
    amount: Fraction | None


def read_extra(study: Study, rows: tuple[Row, ...], given: Given | None) -> tuple[Extra, ...]:
    """The doses of unscheduled visits. How much of a product that is masked somewhere is not read: it could tell the arm."""
    masked = {row.give.product for row in rows if row.give.mask is not None or is_masked(row)}
    found = []
    for column, record in given.extra if given is not None else ():
        if record.status not in ("done", "partial") or (record.product is None and record.amount is None):
            continue
        product = record.product if record.product is not None or len(study.products) > 1 else study.products[0].name
        known_products = {p.name for p in study.products}
        if product is not None and product not in known_products:
            continue  # `check` and the notes tell it
        for name in (product,) if product is not None else dict.fromkeys(row.give.product for row in rows):
            known = record.amount is not None and product is not None and name not in masked
            amount = Fraction(record.amount) if known and record.amount is not None else None
            found.append(Extra(column, np.datetime64(record.date, "D"), name, record.unit, amount))
    return tuple(found)


def is_masked(row: Row) -> bool:
    return any(dose is not None and dose.kind == "masked" for dose in row.give.doses)
