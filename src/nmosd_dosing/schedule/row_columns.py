"""What the cells of a table of visits hold, as columns: the days of each visit and the numbers of each dose, as plans give them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from nmosd_dosing.days import LAST_DATE, NO_DATE, Dates
from nmosd_dosing.dose.calculation import weight_by
from nmosd_dosing.dose.dose import KNOWN
from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.schedule.allowed_days import AllowedDays, allowed_days
from nmosd_dosing.schedule.by_subject import day_one
from nmosd_dosing.schedule.doses.body_weights import per_baseline_kg
from nmosd_dosing.schedule.doses.dispensing import Dispensed, dispense
from nmosd_dosing.schedule.doses.recorded_doses import range_ends
from nmosd_dosing.schedule.gaps import dose_dates
from nmosd_dosing.schedule.schedule import Schedule

OfDose = Literal[
    "amount", "cumulative", "cumulative_per_kg", "total", "per_day", "planned", "weight_kg", "dispensed", "waste", "volume_ml",
    "amount_from", "amount_to",
]  # fmt: skip
OfVisit = Literal["target", "earliest", "latest", "last", "study_day", "period_day", "week"]
VialCounts = tuple[tuple[str, int], ...]


class RowColumns(Struct, frozen=True, dict=True):
    """The columns of a schedule, of those of whom no records or later weights are known. in_plan: (k, n) and dates: (k, n) those of
    `all_in_plan` and `dose_dates`."""

    schedule: Schedule
    in_plan: NDArray[np.bool_]
    dates: Dates
    dispensed: list[Dispensed | None]

    @staticmethod
    def of(schedule: Schedule, policy: Policy) -> RowColumns:
        """Raises InputError for a policy that there is not."""
        in_plan = schedule.all_in_plan()
        return RowColumns(schedule, in_plan, dose_dates(schedule, in_plan), dispense(schedule, policy))

    @cached_property
    def allowed(self) -> AllowedDays:
        """The allowed days of every visit."""
        return allowed_days(self.schedule, self.dates)

    def of_dose(self, what: OfDose, k: int, times_a_day: int) -> NDArray[np.float64]:
        """(n,) a number of a row of doses; NaN where plans give none."""
        schedule, found = self.schedule, self.dispensed[k]
        amount: NDArray[np.float64] = np.where(np.isin(schedule.status[k], list(KNOWN)), schedule.amount[k], np.nan)
        match what:
            case "amount" | "planned":
                return amount
            case "amount_from" | "amount_to":
                ends: NDArray[np.float64] = range_ends(schedule, k)[0 if what == "amount_from" else 1]
                return ends
            case "total" | "per_day":
                times, scale = schedule.count(k) if what == "total" else times_a_day, schedule.rows[k].scale
                summed: NDArray[np.float64] = np.rint(amount * scale) * times / scale
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

    def vials(self, k: int, columns: Sequence[int] | NDArray[np.int64]) -> list[VialCounts]:
        """The vials of a row of doses of some columns: sizes and how many of each, those of which there are none left out."""
        found = self.dispensed[k]
        assert found is not None
        counted = list(map(tuple, found.counts[:, columns].T.tolist()))
        shown = {c: tuple((size, n) for size, n in zip(found.vials.texts, c, strict=True) if n) for c in set(counted)}
        return [shown[c] for c in counted]

    def of_visit(self, what: OfVisit, visit: int, plus: int = 0) -> NDArray[Any]:
        """(n,) a day of a visit, NaT where there is none, of its target so many days later; or the number of its day, from the study's
        day 1, from its period's, or whole days since that (`week`), which is that of a visit with a day."""
        schedule, target = self.schedule, self.schedule.target[visit]
        match what:
            case "target":
                later: Dates = target + np.timedelta64(plus, "D")
                return np.where(later > LAST_DATE, NO_DATE, later)
            case "earliest" | "latest":
                days: Dates = (self.allowed.earliest if what == "earliest" else self.allowed.latest)[visit]
                return days
            case "last":
                last = schedule.last(visit)
                assert last is not None
                return last
            case "study_day":
                return _numbered(target - schedule.start, 1)
            case "period_day":
                return _numbered(target - day_one(schedule, schedule.segment_of[visit]), schedule.study.counts_from)
            case "week":
                since: NDArray[np.int64] = (target - day_one(schedule, schedule.segment_of[visit])).view(np.int64)
                return since

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


def _numbered(since: NDArray[np.timedelta64], first: int) -> NDArray[np.int64]:
    """The numbers of days so long after day 1, which is called `first`."""
    days = since.view(np.int64)
    return np.where(days >= 0, days + first, days)


# --- columns that are told apart ----------------------------------------------------------------------------------------


def distinct(columns: Sequence[NDArray[Any]], n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which of n subjects have the same in all columns: (n,) the number of each one's combination, and where each combination stands first.
    Columns are whole numbers, days, truth values, or numbers."""
    code, size = np.zeros(n, dtype=np.int64), 1
    for column in columns:
        values = column.view(np.int64) if column.dtype.kind in "mMf" else column.astype(np.int64)
        if n == 0 or bool((values == values[0]).all()):
            continue
        values, span = _near_zero(values)
        if size * span > _MOST:
            (code, size), (values, span) = _ranked(code), _ranked(values)
        code, size = code * span + values, size * span
    if size > 4 * n + 1024:  # the same either way: that many places may be written, and more are not
        code, size = _ranked(code)
    where = np.full(size, n)
    where[code[::-1]] = np.arange(n)[::-1]  # the first that has it is written last
    there = np.flatnonzero(where < n)
    number = np.empty(size, dtype=np.int64)
    number[there] = np.arange(len(there))
    return number[code], where[there]


_MOST = 1 << 62


def _near_zero(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    low, high = int(values.min()), int(values.max())
    return _ranked(values) if high - low > 1 << 40 else (values - low, high - low + 1)


def _ranked(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    some, ranks = np.unique(values, return_inverse=True)
    return ranks.astype(np.int64), len(some)
