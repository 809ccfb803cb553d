"""n subjects' dated visits and doses as arrays. Rows are visits (m) or administrations (k), columns are subjects (n)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nmosd_dosing.cohort import UNKNOWN_ARM
from nmosd_dosing.days import Dates, Offset, shift
from nmosd_dosing.doses import AmountStatus
from nmosd_dosing.model import Give, Mark, Period, Span, Study, Visit

OPEN_END = Offset(months=24)  # how far an open repeat is drawn where nobody says until when, inclusive


@dataclass(frozen=True, slots=True)
class Row:
    """One product at one visit: a row of `amount` and `cumulative`, which are whole numbers divided by `scale`."""

    visit: int
    give: Give
    scale: int = 1


@dataclass(frozen=True, slots=True)
class Schedule:
    """What `expand` makes; already masked unless `unblinded`.

    visits: what the file says of each row of `target`, in the file's order of days.
    target: (m, n) datetime64[D]; NaT where a visit is not planned for that subject, or has no stated day.
    amount: (k, n) float64, active drug in the row's unit; NaN unless `status` is STATED. cumulative: (k, n), by product and
    unit, NaN from the first unknown amount on. status: k arrays (n,) of AmountStatus.
    first_dose, last_dose: (n,) NaT where nothing is given; of everything planned, also beyond `until`.
    beyond: (n,) visits that lie after `until`. open_end: (n,) the last day up to which open repeats are drawn.
    """

    study: Study
    period: Period
    start: Dates
    grams: NDArray[np.float64]
    arm: NDArray[np.int16]
    until: np.datetime64 | None
    unblinded: bool
    visits: tuple[Visit, ...]
    target: Dates
    rows: tuple[Row, ...]
    amount: NDArray[np.float64]
    cumulative: NDArray[np.float64]
    status: tuple[NDArray[np.uint8], ...]
    first_dose: Dates
    last_dose: Dates
    beyond: NDArray[np.int64]
    open_end: Dates

    def __len__(self) -> int:
        return len(self.start)

    @property
    def end(self) -> Dates | None:
        """(n,) the first day after the period, where its length is stated."""
        return shift(self.start, self.period.length) if self.period.length is not None else None

    def earliest(self, visit: int) -> Dates | None:
        """(n,) the first allowed day of a visit, where a window is stated."""
        window = self.visits[visit].window
        return shift(self.target[visit], Offset(-window.before)) if window else None

    def latest(self, visit: int) -> Dates | None:
        """(n,) the last allowed day of a visit, where a window is stated."""
        window = self.visits[visit].window
        last = self.last(visit)
        return shift(self.target[visit] if last is None else last, Offset(window.after)) if window else None

    def last(self, visit: int) -> Dates | None:
        """(n,) the last day of a visit that takes several."""
        last = self.visits[visit].last
        if last is None:
            return None
        return np.where(np.isnat(self.target[visit]), self.target[visit], shift(self.start, last))

    def cumulative_per_kg(self, row: int) -> NDArray[np.float64]:
        """(n,) cumulative active drug per kg of body weight; NaN where either is unknown."""
        scale = self.rows[row].scale
        whole = np.rint(self.cumulative[row] * scale)  # back to whole numbers, so that there is one division only
        per_kg: NDArray[np.float64] = whole * 1000 / (self.grams * scale)
        return per_kg

    def span(self, span: Span) -> tuple[Dates | None, Dates | None]:
        """(n,) the first and last day of a span; None for an end that is not stated, NaT where there is no dose to hang on."""
        return self._mark(span.start), self._mark(span.end)

    def _mark(self, mark: Mark | None) -> Dates | None:
        if mark is None:
            return None
        if mark.code is not None:
            return shift(shift(self.start, mark.code.offset), mark.plus)
        return shift(self.first_dose if mark.of == "first dose" else self.last_dose, mark.plus)

    def given(self, row: int) -> NDArray[np.bool_]:
        """(n,) whether the administration is part of that subject's plan."""
        visit, give = self.rows[row].visit, self.rows[row].give
        planned: NDArray[np.bool_] = (self.status[row] != AmountStatus.ABSENT) & ~self.not_planned(visit)
        return planned & ~self.beyond_open_end(visit) if give.open_ended else planned

    def not_planned(self, visit: int) -> NDArray[np.bool_]:
        """(n,) whether a visit is not in that subject's plan; one without a stated day is, unless it is for other arms."""
        what = self.visits[visit]
        if what.offset is not None:
            absent: NDArray[np.bool_] = np.isnat(self.target[visit])
            return absent
        return self.for_other_arms(visit)

    def for_other_arms(self, visit: int, part: slice = slice(None)) -> NDArray[np.bool_]:
        """(n,) whether a visit exists for other arms only; not where the arm is unknown."""
        arm = self.arm[part]
        others: NDArray[np.bool_] = (arm != UNKNOWN_ARM) & ~np.isin(arm, self.visits[visit].arms)
        return others

    def beyond_open_end(self, visit: int, part: slice = slice(None)) -> NDArray[np.bool_]:
        """(n,) whether a visit lies after the last day up to which open repeats are drawn."""
        late: NDArray[np.bool_] = self.target[visit, part] > self.open_end[part]
        return late
