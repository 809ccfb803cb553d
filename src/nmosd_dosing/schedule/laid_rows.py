"""The rows of very many subjects, laid out as columns: whose each row is, which row of his kind, and what stands in its own cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from nmosd_dosing.schedule.alike import Groups
from nmosd_dosing.schedule.row_columns import distinct

Ints = NDArray[np.int64]


class Coded(Struct, frozen=True):
    """A column of texts. codes: (rows,) which of `texts` each is, -1 for none."""

    codes: NDArray[np.int32]
    texts: list[str]


class LaidRows(Struct):
    """Rows in the order of n subjects. kinds: the subjects of each kind; begins: (n,) where each one's rows begin; subject: (rows,) whose
    each is; row: (rows,) which of the rows of all kinds; own: by column, where cells are somebody's own, and what stands there."""

    kinds: list[Ints]
    begins: Ints
    subject: Ints
    row: Ints
    own: dict[str, list[tuple[Ints, Any]]] = field(default_factory=dict)

    @staticmethod
    def of(groups: Groups, kinds: Sequence[int], rows: Sequence[int]) -> LaidRows:
        """kinds: of each group; rows: how many each kind has."""
        kind, each = np.array(kinds, dtype=np.int64)[groups.of], np.array(rows, dtype=np.int64)
        counts, firsts = each[kind], (np.cumsum(each) - each)[kind]
        begins = np.cumsum(counts) - counts
        subject = np.repeat(np.arange(len(kind)), counts)
        of_kinds = np.split(np.argsort(kind, kind="stable"), np.cumsum(np.bincount(kind, minlength=len(rows)))[:-1])
        return LaidRows(of_kinds, begins, subject, firsts[subject] + np.arange(len(subject)) - begins[subject])

    def places(self, of: Sequence[tuple[int, int]]) -> tuple[Ints, Ints]:
        """Whose and where the rows are of which a kind is given, and how many rows it has before."""
        whose = np.concatenate([self.kinds[kind] for kind, _ in of])
        before = np.repeat([nth for _, nth in of], [len(self.kinds[kind]) for kind, _ in of])
        return whose, self.begins[whose] + before

    def without(self) -> list[int]:
        """Who has no row."""
        return np.flatnonzero(np.bincount(self.subject, minlength=len(self.begins)) == 0).tolist()

    def put(self, name: str, at: Ints, values: Any) -> None:
        """What stands in some rows: an array of as many, or as `texts` takes it."""
        self.own.setdefault(name, []).append((at, values))

    def values(self, name: str, of_rows: Sequence[Any], kind_of: str) -> NDArray[Any]:
        """(rows,) a column of days (`datetime64[D]`) or of numbers (`float64`): what each row of a kind has there, None for nothing, and
        what is somebody's own."""
        found: NDArray[Any] = np.array(of_rows, dtype=kind_of)[self.row]
        for at, values in self.own.get(name, ()):
            found[at] = values
        return found

    def texts(self, name: str, of_rows: Sequence[str | None]) -> Coded:
        """(rows,) a column of texts. Somebody's own are a list of them, or an array and how its values are written."""
        known: dict[str, int] = {}

        def code(text: str | None) -> int:
            return -1 if not text else known.setdefault(text, len(known))

        codes = np.array(list(map(code, of_rows)), dtype=np.int32)[self.row]
        for at, values in self.own.get(name, ()):
            if isinstance(values, list):
                codes[at] = list(map(code, values))
            else:
                array, write = values
                which, first = distinct([array], len(array))
                codes[at] = np.array(list(map(code, write(array[first].tolist()))), dtype=np.int32)[which]
        return Coded(codes, list(known))
