"""The rows of very many subjects, laid out as columns: whose each row is, which kind of row it is, and what stands in its own cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from nmosd_dosing.schedule.row_columns import distinct
from nmosd_dosing.schedule.visit_kinds import Kinds

Ints = NDArray[np.int64]


class Coded(Struct, frozen=True):
    """A column of texts. codes: (rows,) which of `texts` each is, -1 for none."""

    codes: NDArray[np.int32]
    texts: list[str]


class LaidRows(Struct):
    """Rows in the order of subjects. subject: (rows,) whose each is; kind: (rows,) which kind of row it is; own: by column, where a kind's
    cells are somebody's own, and what stands there."""

    subject: Ints
    kind: Ints
    own: dict[str, list[tuple[Ints, Any]]] = field(default_factory=dict)

    def without(self, n: int) -> list[int]:
        """Who of n subjects has no row."""
        return np.flatnonzero(np.bincount(self.subject, minlength=n) == 0).tolist()

    def put(self, kind: int, at: Ints, cells: Mapping[str, Any]) -> None:
        """Rows of one kind: where they are, and their own cells by column, as arrays of as many."""
        self.kind[at] = kind
        for name, values in cells.items():
            self.own.setdefault(name, []).append((at, values))

    def values(self, name: str, of_kinds: Sequence[Any], kind_of: str) -> NDArray[Any]:
        """(rows,) a column of days (`datetime64[D]`) or of numbers (`float64`): what each kind of row has there, None for nothing, and what
        is somebody's own."""
        found: NDArray[Any] = np.array(of_kinds, dtype=kind_of)[self.kind]
        for at, values in self.own.get(name, ()):
            found[at] = values
        return found

    def texts(self, name: str, of_kinds: Sequence[str | None]) -> Coded:
        """(rows,) a column of texts. Somebody's own are a list of them, or an array and how its values are written."""
        known: dict[str, int] = {}

        def code(text: str | None) -> int:
            return -1 if not text else known.setdefault(text, len(known))

        codes = np.array(list(map(code, of_kinds)), dtype=np.int32)[self.kind]
        for at, values in self.own.get(name, ()):
            if isinstance(values, list):
                codes[at] = list(map(code, values))
            else:
                array, write = values
                which, first = distinct([array], len(array))
                codes[at] = np.array(list(map(code, write(array[first].tolist()))), dtype=np.int32)[which]
        return Coded(codes, list(known))


def lay_out(
    n: int, kinds: Kinds | None, whose: Sequence[int], rows: Sequence[Sequence[int]], own: Mapping[int, int]
) -> tuple[LaidRows, Ints, list[int]]:
    """The places of the rows of n subjects: of those of `kinds`, whose columns are `whose`, each kind of each visit has so many `rows`; of
    others, by column, `own`. Gives the rows, (m, n) where those of each visit begin, and where those of each of the others do."""
    each = np.zeros(n, dtype=np.int64)
    for column, count in own.items():
        each[column] = count
    begins = np.zeros((0, 0), dtype=np.int64)
    if kinds is not None:
        counts = np.zeros(kinds.order.shape, dtype=np.int64)
        for visit, of_kinds in zip(kinds.visits, rows, strict=True):
            counts[visit.visit, visit.members] = np.array(of_kinds, dtype=np.int64)[visit.kind] if of_kinds else 0
        each[whose] = counts.sum(axis=0)
        in_order = np.take_along_axis(counts, kinds.order, axis=0)
        begins = np.empty_like(counts)
        np.put_along_axis(begins, kinds.order, np.cumsum(in_order, axis=0) - in_order, axis=0)
    first = np.cumsum(each) - each
    if kinds is not None:
        begins += first[whose]
    laid = LaidRows(np.repeat(np.arange(n), each), np.zeros(int(each.sum()), dtype=np.int64))
    return laid, begins, first[list(own)].tolist()


def place(begin: int, count: int) -> Ints:
    """Rows one after another."""
    return np.arange(begin, begin + count)
