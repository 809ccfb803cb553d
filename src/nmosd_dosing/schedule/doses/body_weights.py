"""Which body weight a dose is by: the baseline one, the latest on or before the dose, or a new one after a change large enough; and
which other value."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from nmosd_dosing.days import NO_DATE, Dates, to_date
from nmosd_dosing.dose.calculation import weight_by
from nmosd_dosing.dose.dose import PARTS, AtVisits, ByWeight, Value, WeightRule, number_text
from nmosd_dosing.schedule.filling import Filling
from nmosd_dosing.schedule.rows import Reweighed, Row
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.study.model import Study
from nmosd_dosing.subjects.cohort import Cohort, Series

WeightStatus = Literal["baseline", "measured", "carried forward", "ideal", "adjusted"]


def series(cohort: Cohort, rule: WeightRule | None) -> Series | None:
    """The later weights that a rule looks at; None where there are none.

    Where the study does not say which weight counts, the baseline one does, unless later ones were given for the doses: those count
    then, the latest on or before each dose. What was only recorded at visits counts where the study says so.
    """
    if rule == "baseline":
        return None
    return cohort.weighed if rule is None else cohort.measured


def has_later(cohort: Cohort, rule: WeightRule | None, column: int) -> bool:
    """Whether a rule looks at later weights of a subject, and there are some."""
    later = series(cohort, rule)
    return later is not None and not bool(np.isnat(later.dates[:, column]).all())


def in_steps(study: Study, rows: Sequence[Row], cohort: Cohort) -> tuple[str, ...]:
    """The products of some rows that are dosed by a new weight only once it has changed enough, or at some visits, where there are later
    ones."""
    rules = {row.give.product: study.product(row.give.product).weight for row in rows}
    return tuple(name for name, rule in rules.items() if isinstance(rule, (Fraction, AtVisits)) and series(cohort, rule) is not None)


def reweigh(schedule: Filling, product: str, dates: Dates) -> None:
    """Writes which weights a product that is dosed in steps is given by: at each dose the latest one is held against the one that the
    dose before was given by, and takes its place where it has changed enough; or at each of the visits that renew it, whatever it is.
    dates: (d, n) the days of its doses, or of these visits, NaT where there is none."""
    cohort, rule = schedule.cohort, schedule.study.product(product).weight
    later = series(cohort, rule)
    assert isinstance(rule, (Fraction, AtVisits))
    assert later is not None
    made = Reweighed(np.full_like(later.dates, NO_DATE), np.full_like(later.wholes, np.nan), np.full_like(later.dates, NO_DATE))
    used, number, everybody = cohort.grams, np.zeros(len(cohort), dtype=np.int64), np.arange(len(cohort))
    of = np.full(len(cohort), NO_DATE)
    for day in np.sort(dates, axis=0):
        latest, measured = np.full(len(cohort), np.nan), np.full(len(cohort), NO_DATE)
        for date, weight in zip(later.dates, later.wholes, strict=True):
            latest, measured = np.where(date <= day, weight, latest), np.where(date <= day, date, measured)
        changed = measured != of
        if isinstance(rule, Fraction):
            changed = np.abs(latest - used) * rule.denominator >= rule.numerator * used
        counts = ~np.isnan(latest) & (changed | np.isnan(used))
        at = number[counts], everybody[counts]  # each of these is another weight, so there are no more than weights
        made.since[at], made.grams[at], made.of[at] = day[counts], latest[counts], measured[counts]
        used, of, number = np.where(counts, latest, used), np.where(counts, measured, of), number + counts
    schedule.reweighed[product] = made


def _weights(schedule: Schedule, product: str, columns: slice) -> Iterator[tuple[Dates, NDArray[np.float64], Dates]]:
    """The later weights that a product's doses are by, in order: (n,) from which day on, grams, when measured."""
    if (made := schedule.reweighed.get(product)) is not None:
        yield from zip(made.since[:, columns], made.grams[:, columns], made.of[:, columns], strict=True)
    elif (later := series(schedule.cohort, schedule.study.product(product).weight)) is not None:
        yield from zip(later.dates[:, columns], later.wholes[:, columns], later.dates[:, columns], strict=True)


def grams_at(schedule: Schedule, product: str, dates: Dates, columns: slice = slice(None)) -> NDArray[np.float64]:
    """(n,) the weight in grams that doses of a product on `dates` (n,) are by, for some subjects; NaN where it is not known."""
    grams = schedule.cohort.grams[columns]
    for since, weight, _ in _weights(schedule, product, columns):
        grams = np.where(since <= dates, weight, grams)
    return grams


class Used(Struct, frozen=True):
    """The weight that one subject's dose is by, and the day on which it was measured; None: at baseline, or not at all, as the ideal one.
    `measured`: the weight of which an adjusted one is made."""

    kg: float
    of: dt.date | None
    status: WeightStatus
    measured: float | None = None


def used(schedule: Schedule, product: str, date: np.datetime64, column: int) -> Used | None:
    """The weight that one dose of a product is by; None where it is not known."""
    columns = slice(column, column + 1)
    grams, of = schedule.cohort.grams[column], NO_DATE
    for since, weight, measured in _weights(schedule, product, columns):
        if since[0] <= date:
            grams, of = weight[0], measured[0]
    if np.isnan(grams):
        return None
    status: WeightStatus = "baseline" if np.isnat(of) else "measured" if of == date else "carried forward"
    return Used(float(grams / 1000), to_date(of), status)


def used_by(schedule: Schedule, by: ByWeight, product: str, date: np.datetime64, column: int) -> Used | None:
    """The same of a dose whose amount per kg is by the weight measured, or by one that is reckoned of it, height and sex."""
    found, cohort = used(schedule, product, date, column), schedule.cohort
    if by == "actual":
        return found
    one = slice(column, column + 1)
    grams = np.array([np.nan if found is None else np.rint(found.kg * 1000)])
    reckoned = weight_by(by, grams, cohort.mm[one], cohort.male[one])[0][0]
    if np.isnan(reckoned):
        return None
    if by == "ideal" or found is None:
        return Used(float(reckoned / 1000), None, by)
    return Used(float(reckoned / 1000), found.of, by, found.kg)


class UsedValue(Struct, frozen=True):
    """The recorded value that one subject's dose is by, and its day; None where there is none on or before the dose."""

    what: Value
    value: float | None
    of: dt.date | None

    @property
    def text(self) -> str:
        """`eGFR 45 mL/min/1.73m2`."""
        return f"{self.what.name} {number_text(self.value)} {self.what.unit}" if self.value is not None else self.what.name


def value_used(schedule: Schedule, what: Value, row: int, column: int) -> UsedValue:
    """The value that a dose is by: the latest on or before its day, as recorded or planned."""
    one = slice(column, column + 1)
    if (found := schedule.cohort.values.get(what.name)) is None:
        return UsedValue(what, None, None)
    wholes, of = found.latest(body_dates(schedule, row, one), one)
    return UsedValue(what, None if np.isnan(wholes[0]) else float(wholes[0]) / PARTS, to_date(of[0]))


def body_dates(schedule: Schedule, row: int, columns: slice = slice(None)) -> Dates:
    """(n,) the days that the values of doses are looked up for: as recorded or planned, of a course the first that events leave of it; NaT
    where there is none."""
    dates = schedule.dates(schedule.rows[row].visit, columns)
    return np.where(np.isnat(dates), dates, schedule.dose_days(row, columns)) if row in schedule.taken_days else dates


def weight_dates(schedule: Schedule, row: int, columns: slice = slice(None)) -> Dates:
    """(n,) the same of weights: where there is no such day the first of the study, so that the baseline weight counts."""
    dates = body_dates(schedule, row, columns)
    return np.where(np.isnat(dates), schedule.start[columns], dates)


def in_order(schedule: Schedule, rows: list[int]) -> NDArray[np.int64]:
    """(k, n) the rows in the order of each subject's days; what has no day comes last."""
    visits = [schedule.rows[k].visit for k in rows]
    took_place = np.array([schedule.dates(visit) for visit in visits])  # what did not has its place in the plan
    return np.argsort(np.where(np.isnat(took_place), schedule.target[visits], took_place), axis=0, kind="stable")


def per_baseline_kg(schedule: Schedule, row: int | slice) -> NDArray[np.float64]:
    """Cumulative active drug per kg of the weight at baseline."""
    rows = schedule.rows
    scale = rows[row].scale if isinstance(row, int) else np.array([[float(r.scale)] for r in rows[row]]).reshape(-1, 1)
    whole = np.rint(schedule.cumulative[row] * scale)  # back to whole numbers, so that there is one division only
    per_kg: NDArray[np.float64] = whole * 1000 / (schedule.grams * scale)
    return per_kg
