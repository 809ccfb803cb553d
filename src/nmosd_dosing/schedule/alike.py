"""Subjects who are alike: of whom the same is known but for code, site and weight, so that what is told of one, dates and all, holds for
all of them, but for the numbers that hang on the body. Nobody is like whom `visit_kinds.alone` names."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.schedule.doses.dispensing import Dispensed
from nmosd_dosing.schedule.row_columns import OfDose, RowColumns, VialCounts, distinct
from nmosd_dosing.schedule.schedule import Schedule


class Alike(Struct, frozen=True):
    """The subjects of a schedule in groups. columns: of everybody, group after group; begins: where each group begins among them, and
    the end; keys: what the subjects of a group share, the same for whoever is like them in another schedule of the study."""

    of: RowColumns
    columns: list[int]
    begins: list[int]
    keys: list[Hashable]

    @property
    def first_ones(self) -> list[int]:
        """The first column of each group."""
        return [self.columns[begin] for begin in self.begins[:-1]]

    def numbers(self, what: OfDose, visit: str, nth: int, times_a_day: int) -> list[float]:
        """A number of the `nth` dose of a visit, in the order of `columns`: as plans give it; NaN where they give none."""
        values: list[float] = self.of.of_dose(what, self._row(visit, nth), times_a_day)[self.columns].tolist()
        return values

    def vials(self, visit: str, nth: int) -> list[VialCounts]:
        """The vials of the `nth` dose of a visit, in the order of `columns`."""
        return self.of.vials(self._row(visit, nth), self.columns)

    def _row(self, visit: str, nth: int) -> int:
        return self.of.row(self.of.schedule.ids.index(visit), nth)


def alike(schedule: Schedule, policy: Policy) -> Alike:
    """The subjects of a schedule, grouped by all that can make what is told of two of them differ, but for code, site and numbers."""
    of = RowColumns.of(schedule, policy)
    columns = [*_apart(schedule, of.dispensed), *_told_apart(schedule)]
    group, first = distinct([values for _, values in columns], len(schedule))
    order = np.argsort(group, kind="stable")
    begins = np.flatnonzero(np.diff(group[order], prepend=-1))
    layout = (schedule.ids, tuple(name for name, _ in columns))
    keys: list[Hashable] = [(layout, *values) for values in zip(*(c[first].tolist() for _, c in columns), strict=True)]
    return Alike(of, order.tolist(), [*begins.tolist(), len(schedule)], keys)


Column = tuple[str, NDArray[np.int64]]  # (n,) by name: something that can make what is told of two subjects differ


def _apart(schedule: Schedule, vials: list[Dispensed | None]) -> Iterator[Column]:
    """What does, beside days."""
    cohort = schedule.cohort
    yield "arm", cohort.arm.astype(np.int64)
    yield "weight", np.isnan(cohort.grams).astype(np.int64)
    yield "height", np.isnan(cohort.mm).astype(np.int64)
    yield "sex", np.isnan(cohort.male).astype(np.int64)
    if cohort.age is not None:  # amounts and words hang on it
        yield "age", np.where(np.isnan(cohort.age), -1, cohort.age).astype(np.int64)
    if cohort.planned_start is not None:
        yield "planned start", cohort.planned_start.astype(np.int64)
    for k, found in enumerate(vials):
        yield f"status {k}", schedule.status[k].astype(np.int64)
        if found is not None:
            yield f"vials {k}", np.isnan(found.total).astype(np.int64)


def _told_apart(schedule: Schedule) -> Iterator[Column]:
    """The days that are known of a subject: all others come of them."""
    cohort = schedule.cohort
    yield "start", cohort.start.astype(np.int64)
    for name, dates in cohort.events.items():
        yield from ((f"event {name} {i}", column.astype(np.int64)) for i, column in enumerate(dates))
    for name, column in cohort.entered.items():
        yield f"entry {name}", column.astype(np.int64)
