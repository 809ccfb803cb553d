"""Which body weight a dose is by: the baseline one, the latest on or before the dose, or a new one after a change large enough."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nmosd_dosing.days import NO_DATE, Dates, to_date
from nmosd_dosing.dose.dose import WeightRule
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.subjects.cohort import Cohort, Weighed

WeightStatus = Literal["baseline", "measured", "carried forward"]


def series(cohort: Cohort, rule: WeightRule | None) -> Weighed | None:
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


def grams_at(cohort: Cohort, rule: WeightRule | None, dates: Dates, columns: slice) -> NDArray[np.float64]:
    """(n,) the weight in grams that doses on `dates` (n,) are by, for some subjects; NaN where it is not known."""
    grams, later = cohort.grams[columns], series(cohort, rule)
    if later is None:
        return grams
    for date, weight in zip(later.dates[:, columns], later.grams[:, columns], strict=True):
        grams = np.where(_counts(date <= dates, weight, grams, rule), weight, grams)
    return grams


def _counts(there: NDArray[np.bool_], weight: NDArray[np.float64], used: NDArray[np.float64], rule: WeightRule | None) -> NDArray[np.bool_]:
    """Whether a weight replaces the one used until then: it does where that is not known."""
    if not isinstance(rule, Fraction):
        return there
    change = np.abs(weight - used) * rule.denominator
    return there & ((change >= rule.numerator * used) | np.isnan(used))


@dataclass(frozen=True, slots=True)
class Used:
    """The weight that one subject's dose is by, and the day on which it was measured; None: at baseline."""

    kg: float
    of: dt.date | None
    status: WeightStatus


def used(cohort: Cohort, rule: WeightRule | None, date: np.datetime64, column: int) -> Used | None:
    """The weight that one dose is by; None where it is not known."""
    columns = slice(column, column + 1)
    grams, of = cohort.grams[columns], NO_DATE
    later = series(cohort, rule)
    if later is not None:
        for day, weight in zip(later.dates[:, columns], later.grams[:, columns], strict=True):
            if _counts(day <= np.array([date]), weight, grams, rule)[0]:
                grams, of = weight, day[0]
    if np.isnan(grams[0]):
        return None
    status: WeightStatus = "baseline" if np.isnat(of) else "measured" if of == date else "carried forward"
    return Used(float(grams[0] / 1000), to_date(of), status)


def weight_dates(schedule: Schedule, visit: int, columns: slice = slice(None)) -> Dates:
    """(n,) the days that the weights of a visit's doses are looked up for: as recorded or planned; of one that has no day, the first of
    the study, so that its baseline weight counts."""
    dates = schedule.dates(visit, columns)
    return np.where(np.isnat(dates), schedule.start[columns], dates)


def in_order(schedule: Schedule, rows: list[int]) -> NDArray[np.int64]:
    """(k, n) the rows in the order of each subject's days; what has no day comes last."""
    visits = [schedule.rows[k].visit for k in rows]
    took_place = np.array([schedule.dates(visit) for visit in visits])  # what did not has its place in the plan
    return np.argsort(np.where(np.isnat(took_place), schedule.target[visits], took_place), axis=0, kind="stable")
