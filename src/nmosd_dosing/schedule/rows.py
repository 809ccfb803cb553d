"""What the rows of a schedule's doses are: one product at one visit; and the weights that they are by, where these are renewed in steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from nmosd_dosing.days import Dates
from nmosd_dosing.study.visit_rules import Give
from nmosd_dosing.subjects.visit_records import VisitRecords


class Row(Struct, frozen=True):
    """One product at one visit: a row of `amount` and `cumulative`, which are whole numbers divided by `scale`."""

    visit: int
    give: Give
    scale: int = 1


class Reweighed(Struct, frozen=True):
    """(w, n) the weights that a product's doses are by once the one at baseline is not: each from the day of the first dose by it on, in
    that order, NaT and NaN behind them. of: when it was measured."""

    since: Dates
    grams: NDArray[np.float64]
    of: Dates


class TakenDays(Struct, frozen=True):
    """Of a course, (days, n) OMITTED or HELD on each of its days that an event takes away, where there are others; else 0.

    `days` of methods: (n,) how many days the course has.
    """

    taken: NDArray[np.uint8]

    def given(self, days: int | NDArray[np.float64], columns: slice = slice(None)) -> NDArray[np.bool_]:
        """(days, n) on which of them it is given."""
        found: NDArray[np.bool_] = (self.taken[:, columns] == 0) & (np.arange(len(self.taken))[:, np.newaxis] < days)
        return found

    def count(self, days: int | NDArray[np.float64], columns: slice = slice(None)) -> NDArray[np.float64]:
        """(n,) on how many."""
        found: NDArray[np.float64] = self.given(days, columns).sum(axis=0).astype(np.float64)
        return found

    def first(self, days: int | NDArray[np.float64], columns: slice = slice(None)) -> NDArray[np.timedelta64]:
        """(n,) how far the first of them lies behind the first of the course."""
        found: NDArray[np.timedelta64] = self.given(days, columns).argmax(axis=0).astype("timedelta64[D]")
        return found

    def last(self, days: int | NDArray[np.float64]) -> NDArray[np.timedelta64]:
        """(n,) how far the last of them lies behind the first of the course."""
        given = self.given(days)
        behind = np.where(given.any(axis=0), given[::-1].argmax(axis=0), len(given) - 1)
        return (len(given) - 1 - behind).astype("timedelta64[D]")


def rows_not_given(rows: Sequence[Row], records: VisitRecords | None) -> dict[int, list[int]]:
    """By row the columns of those who did not get it, as is recorded."""
    at = {(row.visit, row.give.product): k for k, row in enumerate(rows)}
    found: dict[int, list[int]] = {}
    for visit, column, product in records.not_given if records is not None else ():
        if (k := at.get((visit, product))) is not None:
            found.setdefault(k, []).append(column)
    return found


def rows_as_needed(rows: Sequence[Row], arm: NDArray[np.int16]) -> dict[int, NDArray[np.bool_]]:
    """By row of doses that some arm gets as needed, (n,) whether it is so for each subject; where the arm is not known, for all arms."""
    needed = {k: np.array([*by, all(by)]) for k, row in enumerate(rows) if any(by := row.give.as_needed)}
    return {k: by[arm if len(by) > 2 else np.zeros_like(arm)] for k, by in needed.items()}  # one longer than the arms
