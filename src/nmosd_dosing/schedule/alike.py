"""Subjects who are alike: of whom the same is known but for code, site and weight, so that what is told of one holds for all of them, but
for the numbers that hang on the body. Of whom records, later weights, doubtful ones or earlier doses are known nobody is alike."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nmosd_dosing.dose.dose import KNOWN
from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.schedule.doses.dispensing import Dispensed, dispense
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.weight_checks import weight_doubts

ByBody = Literal[
    "amount", "cumulative", "cumulative_per_kg", "total", "per_day", "planned", "weight_kg", "dispensed", "waste", "volume_ml"
]  # fmt: skip


def alone(cohort: Cohort) -> list[int]:
    """The columns of those of whom something is known that nobody else can share."""
    own = np.zeros(len(cohort), dtype=bool)
    own[[column for column, _ in (*cohort.records, *cohort.earlier)]] = True
    for weights in (cohort.weighed, cohort.measured):
        if weights is not None:
            own |= ~np.isnat(weights.dates).all(axis=0)
    own[list(weight_doubts(cohort))] = True  # what is said of them holds for nobody else
    return np.flatnonzero(own).tolist()


@dataclass(frozen=True, slots=True)
class Alike:
    """The subjects of a schedule in groups. columns: of everybody, group after group; begins: where each group begins among them, and
    the end; keys: what the subjects of a group share, the same for whoever is like them in another schedule of the study."""

    schedule: Schedule
    dispensed: list[Dispensed | None]
    columns: list[int]
    begins: list[int]
    keys: list[Hashable]

    @property
    def first_ones(self) -> list[int]:
        """The first column of each group."""
        return [self.columns[begin] for begin in self.begins[:-1]]

    def numbers(self, what: ByBody, visit: str, nth: int, times_a_day: int) -> list[float]:
        """A number of the `nth` dose of a visit, in the order of `columns`: as plans give it; NaN where they give none."""
        values: list[float] = self._values(what, self._row(visit, nth), times_a_day)[self.columns].tolist()
        return values

    def vials(self, visit: str, nth: int) -> list[tuple[tuple[str, int], ...]]:
        """The vials of the `nth` dose of a visit, in the order of `columns`: sizes and how many of each, those of which there are none
        left out."""
        found = self.dispensed[self._row(visit, nth)]
        assert found is not None
        counted = list(map(tuple, found.counts[:, self.columns].T.tolist()))
        shown = {c: tuple((size, n) for size, n in zip(found.vials.texts, c, strict=True) if n) for c in set(counted)}
        return [shown[c] for c in counted]

    def weights_kg(self) -> list[float]:
        """The weight at baseline, in the order of `columns`."""
        kg: list[float] = (self.schedule.grams[self.columns] / 1000).tolist()
        return kg

    def _row(self, visit: str, nth: int) -> int:
        i = next(i for i in range(len(self.schedule.visits)) if self.schedule.id(i) == visit)
        return [k for k, row in enumerate(self.schedule.rows) if row.visit == i][nth]

    def _values(self, what: ByBody, k: int, times_a_day: int) -> NDArray[np.float64]:
        schedule, row = self.schedule, self.schedule.rows[k]
        amount: NDArray[np.float64] = np.where(np.isin(schedule.status[k], list(KNOWN)), schedule.amount[k], np.nan)
        found = self.dispensed[k]
        match what:
            case "amount" | "planned":
                return amount
            case "total" | "per_day":
                times = np.asarray(schedule.count(k) if what == "total" else times_a_day, dtype=np.float64)
                summed: NDArray[np.float64] = np.rint(amount * row.scale) * times / row.scale
                return summed
            case "cumulative":
                cumulative: NDArray[np.float64] = schedule.cumulative[k]
                return cumulative
            case "cumulative_per_kg":
                return schedule.per_baseline_kg(k)
            case "weight_kg":
                kg: NDArray[np.float64] = schedule.grams / 1000
                return kg
            case "dispensed" | "waste" | "volume_ml":
                assert found is not None
                return {"dispensed": found.total, "waste": found.waste, "volume_ml": found.volume}[what]


def alike(schedule: Schedule, policy: Policy) -> Alike:
    """The subjects of a schedule, grouped by all that can make what is told of two of them differ, but for code, site and numbers."""
    vials = dispense(schedule, policy)
    columns = [*_apart(schedule, vials)]
    varied = [c for c in columns if (c[1] != c[1][0]).any()]
    layout = (tuple(map(schedule.id, range(len(schedule.visits)))), tuple((n, int(c[0])) for n, c in columns if (c == c[0]).all()))
    group = np.zeros(len(schedule), dtype=np.int64)
    for _, values in varied:
        _, inner = np.unique(values, return_inverse=True)
        _, group = np.unique(group * (int(inner.max()) + 1) + inner, return_inverse=True)
    order = np.argsort(group, kind="stable")
    begins = np.flatnonzero(np.diff(group[order], prepend=-1))
    first = order[begins]
    names = (layout, tuple(name for name, _ in varied))
    keys: list[Hashable] = [(names, *values) for values in zip(*(c[first].tolist() for _, c in varied), strict=True)] or [(names,)]
    return Alike(schedule, vials, order.tolist(), [*begins.tolist(), len(schedule)], keys)


def _apart(schedule: Schedule, vials: list[Dispensed | None]) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """(n,) each, by name: all that can make what is told of two subjects differ."""
    cohort = schedule.cohort
    yield "start", cohort.start.astype(np.int64)
    yield "arm", cohort.arm.astype(np.int64)
    yield "weight", np.isnan(cohort.grams).astype(np.int64)
    yield "height", np.isnan(cohort.mm).astype(np.int64)
    for name, dates in cohort.events.items():
        yield from ((f"event {name} {i}", column.astype(np.int64)) for i, column in enumerate(dates))
    for name, column in cohort.entered.items():
        yield f"entry {name}", column.astype(np.int64)
    for k, found in enumerate(vials):
        yield f"status {k}", schedule.status[k].astype(np.int64)
        if found is not None:
            yield f"vials {k}", np.isnan(found.total).astype(np.int64)
