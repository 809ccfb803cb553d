"""Subjects who are alike: of whom the same is known but for code, site and weight, so that what is told of one holds for all of them, but
for the numbers that hang on the body; or those as well whose days are the same from day 1, so that all but the dates themselves holds, too.
Of whom records, later weights, other values, doubtful weights or earlier doses are known, or no day 1, nobody is alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterator
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from nmosd_dosing.days import Dates, to_dates
from nmosd_dosing.dose.calculation import weight_by
from nmosd_dosing.dose.dose import KNOWN
from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.schedule.allowed_days import AllowedDays, allowed_days
from nmosd_dosing.schedule.doses.body_weights import per_baseline_kg
from nmosd_dosing.schedule.doses.dispensing import Dispensed, dispense
from nmosd_dosing.schedule.doses.recorded_doses import range_ends
from nmosd_dosing.schedule.gaps import dose_dates
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.weight_checks import weight_doubts

ByBody = Literal[
    "amount", "cumulative", "cumulative_per_kg", "total", "per_day", "planned", "weight_kg", "dispensed", "waste", "volume_ml",
    "amount_from", "amount_to",
]  # fmt: skip
ByDay = Literal["target", "earliest", "latest", "last"]


def alone(cohort: Cohort) -> list[int]:
    """The columns of those of whom something is known that nobody else can share."""
    own = np.isnat(cohort.start)
    own[[column for column, _ in (*cohort.records, *cohort.timed, *cohort.earlier)]] = True
    for measured in (cohort.weighed, cohort.measured, *cohort.values.values()):
        if measured is not None:
            own |= ~np.isnat(measured.dates).all(axis=0)
    own[list(weight_doubts(cohort))] = True  # what is said of them holds for nobody else
    return np.flatnonzero(own).tolist()


class Alike(Struct, frozen=True):
    """The subjects of a schedule in groups. columns: of everybody, group after group; begins: where each group begins among them, and
    the end; keys: what the subjects of a group share, the same for whoever is like them in another schedule of the study."""

    schedule: Schedule
    allowed: AllowedDays
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

    def days(self, what: ByDay, visit: str) -> list[dt.date | None]:
        """A day of a visit, in the order of `columns`; None where there is none."""
        i = self.schedule.ids.index(visit)
        if what == "last":
            days = self.schedule.last(i)
            assert days is not None
        else:
            days = {"target": self.schedule.target, "earliest": self.allowed.earliest, "latest": self.allowed.latest}[what][i]
        found: list[dt.date | None] = to_dates(days[self.columns])
        return found

    def _row(self, visit: str, nth: int) -> int:
        i = self.schedule.ids.index(visit)
        return [k for k, row in enumerate(self.schedule.rows) if row.visit == i][nth]

    def _values(self, what: ByBody, k: int, times_a_day: int) -> NDArray[np.float64]:
        schedule, row = self.schedule, self.schedule.rows[k]
        amount: NDArray[np.float64] = np.where(np.isin(schedule.status[k], list(KNOWN)), schedule.amount[k], np.nan)
        found = self.dispensed[k]
        match what:
            case "amount" | "planned":
                return amount
            case "amount_from" | "amount_to":
                ends: NDArray[np.float64] = range_ends(schedule, k)[0 if what == "amount_from" else 1]
                return ends
            case "total" | "per_day":
                times = np.asarray(schedule.count(k) if what == "total" else times_a_day, dtype=np.float64)
                summed: NDArray[np.float64] = np.rint(amount * row.scale) * times / row.scale
                return summed
            case "cumulative":
                cumulative: NDArray[np.float64] = schedule.cumulative[k]
                return cumulative
            case "cumulative_per_kg":
                return per_baseline_kg(schedule, k)
            case "weight_kg":
                kg: NDArray[np.float64] = self._dosed_by(k) / 1000
                return kg
            case "dispensed" | "waste" | "volume_ml":
                assert found is not None
                return {"dispensed": found.total, "waste": found.waste, "volume_ml": found.volume}[what]

    def _dosed_by(self, k: int) -> NDArray[np.float64]:
        """(n,) the weight in grams that a dose is by."""
        schedule, give = self.schedule, self.schedule.rows[k].give
        own = [give.kit] * len(give.doses) if give.kit is not None else list(give.doses)
        found = schedule.grams
        for arm, dose in enumerate(own):
            if dose is not None and dose.by != "actual":
                reckoned = weight_by(dose.by, schedule.grams, schedule.cohort.mm, schedule.cohort.male)[0]
                found = np.where((schedule.arm == arm) | (len(own) == 1) | (give.kit is not None), reckoned, found)
        return found


def alike(schedule: Schedule, policy: Policy, *, by_days: bool = False) -> Alike:
    """The subjects of a schedule, grouped by all that can make what is told of two of them differ, but for code, site and numbers;
    `by_days`: and but for dates, where these are as many days from day 1, which is on the same day of the week."""
    vials, dates = dispense(schedule, policy), dose_dates(schedule, schedule.all_in_plan())
    allowed = allowed_days(schedule, dates)
    columns = [*_apart(schedule, vials), *(_days_apart(schedule, allowed, dates) if by_days else _told_apart(schedule))]
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
    return Alike(schedule, allowed, vials, order.tolist(), [*begins.tolist(), len(schedule)], keys)


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


def _days_apart(schedule: Schedule, allowed: AllowedDays, dates: Dates) -> Iterator[Column]:
    """The days of a subject's visits and periods, from day 1, and what hangs on other days; the days of events only where doses hang on
    them. dates: (k, n) those of `dose_dates`."""
    start, n = schedule.start, len(schedule)
    days = {"target": schedule.target, "earliest": allowed.earliest, "latest": allowed.latest, "dose": dates}
    days |= {"first by rule": allowed.around[0], "last by rule": allowed.around[1]}
    days |= {"period": schedule.disposition.anchor, "end": schedule.disposition.end}
    days |= {f"segment {number}": segment.anchor[np.newaxis] for number, segment in enumerate(schedule.segments)}
    days |= {f"event {name}": schedule.cohort.dates_of(name) for name in _changing(schedule)}
    if allowed.gaps is not None:
        days |= {"gap since": allowed.gaps.since, "gap": allowed.gaps.not_before}
        yield from ((f"gap of {i}", values) for i, values in enumerate((*allowed.gaps.product, *allowed.gaps.before)))
    for i, visit in enumerate(schedule.visits):
        if visit.last is not None:
            both = schedule.last(i), schedule.planned_last(i, schedule.target[i], slice(None))
            days[f"last {i}"] = np.array([last for last in both if last is not None]).reshape(-1, n)
    for name, some in days.items():
        yield from ((f"{name} {i}", values) for i, values in enumerate((some - start).view(np.int64)))
    yield "weekday", start.view(np.int64) % 7
    for visits, _ in schedule.by_segment():
        yield from ((f"state {visits.start + i}", values) for i, values in enumerate(schedule.state(visits).astype(np.int64)))
        yield from ((f"beyond {visits.start + i}", v) for i, v in enumerate(schedule.beyond_open_end(visits).astype(np.int64)))
    for number, segment in enumerate(schedule.segments):
        for doses in (False, True):
            if (last := segment.last_day(doses)) is not None:
                yield f"ended {number} {doses}", (last < segment.open_end).astype(np.int64)
    for k, course in schedule.taken_days.items():  # which they are is told in dates
        yield f"days taken {k}", np.where(course.taken.any(axis=0), start.view(np.int64), -1)
        yield from ((f"day {i} taken of {k}", mine.astype(np.int64)) for i, mine in enumerate(course.taken))
    for k, exposure in schedule.exposure.items():
        yield from ((f"exposure {k} {i}", np.isnan(values).astype(np.int64)) for i, values in enumerate(exposure))


def _changing(schedule: Schedule) -> set[str]:
    """The events that change doses."""
    return {event for row in schedule.rows for event in row.give.events}
