"""Weights that may be slips: far from the one before, or with a height that does not go with them. No dose is changed by it.

The limits are this project's own; no source states any. A body mass index is asked only where the height is known.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from nmosd_dosing.days import FIRST_DATE, Dates, to_date
from nmosd_dosing.dose.dose import number_text
from nmosd_dosing.sentences import joined, said
from nmosd_dosing.subjects.cohort import Cohort

_ONE_IN = 5  # a change by one part in so many, 20 %, is looked at, and by more
_LEAST, _MOST = 12, 50  # kg/m2: a body mass index outside of these
_KG, _CM = (3, 250), (50, 220)  # of a body that another reading would make plausible
_POUND, _INCH = 0.45359237, 2.54  # in kg and cm


class WeightDoubt(Struct, frozen=True):
    """Why somebody should look at a weight again. of: the days of the weights that it is about, None for the one at baseline."""

    message: str
    of: tuple[dt.date | None, ...]


def weight_doubts(cohort: Cohort) -> dict[int, tuple[WeightDoubt, ...]]:
    """What is doubtful of subjects' weights, by column: at baseline, weighed later, or recorded with visits."""
    dates, grams = _in_order(cohort)
    before = _before(grams)
    changed = np.abs(grams - before) * _ONE_IN >= before
    index = grams / 1000 / (cohort.mm / 1000) ** 2
    unlikely = (index < _LEAST) | (index > _MOST)
    found, baseline = dict[int, tuple[WeightDoubt, ...]](), _baseline(cohort)
    for column in np.flatnonzero((changed | unlikely).any(axis=0)).tolist():
        first = np.flatnonzero(dates[:, column] == baseline[column])[0]
        days = [None if i == first else to_date(date) for i, date in enumerate(dates[:, column])]
        mine = [_Weighing(day, float(weight)) for day, weight in zip(days, grams[:, column], strict=True) if not np.isnan(weight)]
        found[column] = tuple(_doubts(mine, float(cohort.mm[column])))
    return found


class _Weighing(Struct, frozen=True):
    date: dt.date | None
    grams: float

    @property
    def text(self) -> str:
        kg = number_text(self.grams / 1000)
        return said("{kg} kg at baseline", kg=kg) if self.date is None else said("{kg} kg of {day}", kg=kg, day=self.date)


def _in_order(cohort: Cohort) -> tuple[Dates, NDArray[np.float64]]:
    """(w, n) all weights of each subject in the order of their days, that at baseline as one of day 1; NaN where there is none."""
    if cohort.measured is None:
        return _baseline(cohort)[np.newaxis], cohort.grams[np.newaxis]
    dates = np.concatenate([_baseline(cohort)[np.newaxis], cohort.measured.dates])
    order = np.argsort(dates, axis=0, kind="stable")  # NaT comes last
    grams = np.concatenate([cohort.grams[np.newaxis], cohort.measured.wholes])
    return np.take_along_axis(dates, order, axis=0), np.take_along_axis(grams, order, axis=0)


def _baseline(cohort: Cohort) -> Dates:
    """(n,) the day of the weight at baseline, before all others; of whom no day 1 is known the first day that there is."""
    days: Dates = np.where(np.isnat(cohort.start), FIRST_DATE, cohort.start)
    return days


def _before(grams: NDArray[np.float64]) -> NDArray[np.float64]:
    """(w, n) the last known weight before each; NaN where there is none."""
    before, last = np.full_like(grams, np.nan), np.full(grams.shape[1], np.nan)
    for i, weight in enumerate(grams):
        before[i] = last
        last = np.where(np.isnan(weight), last, weight)
    return before


def _doubts(weighings: list[_Weighing], mm: float) -> Iterator[WeightDoubt]:
    for i, one in enumerate(weighings):
        if i and abs(one.grams - weighings[i - 1].grams) * _ONE_IN >= weighings[i - 1].grams:
            yield _change(weighings[i - 1], one)
        kg, cm = one.grams / 1000, mm / 10
        if not np.isnan(mm) and not _likely(kg, cm):
            index, tenths = _index(kg, cm), round(_index(kg, cm) * 10)
            tenths = min(tenths, _LEAST * 10 - 1) if index < _LEAST else max(tenths, _MOST * 10 + 1)  # rounded it might be a limit
            words = said(
                "{weight} with {cm} cm is a body mass index of {bmi}, outside {least} to {most}",
                weight=one.text, cm=number_text(cm), bmi=f"{tenths / 10:.1f}", least=_LEAST, most=_MOST,
            )  # fmt: skip
            other = joined(" or ", _readings(kg, cm))
            check = said("{doubt}: {question}?", doubt=words, question=other) if other else said("{doubt}: check both", doubt=words)
            yield WeightDoubt(check, (one.date,))


def _change(before: _Weighing, after: _Weighing) -> WeightDoubt:
    percent = number_text(round(abs(after.grams - before.grams) * 100 / before.grams, 1))
    one, other = after.text, before.text
    words = said("{weight} is {percent}% less than {before}: one of the two may be a slip", weight=one, percent=percent, before=other)
    if after.grams > before.grams:
        words = said("{weight} is {percent}% more than {before}: one of the two may be a slip", weight=one, percent=percent, before=other)
    return WeightDoubt(words, (before.date, after.date))


def _index(kg: float, cm: float) -> float:
    return kg / (cm / 100) ** 2


def _likely(kg: float, cm: float) -> bool:
    return _LEAST <= _index(kg, cm) <= _MOST


def _readings(kg: float, cm: float) -> Iterator[str]:
    """In which other ways a weight and a height would go with each other."""
    readings = {
        said("are they exchanged"): (cm, kg),
        said("are they in pounds and inches"): (kg * _POUND, cm * _INCH),
        said("is the weight in pounds"): (kg * _POUND, cm),
        said("is the height in inches"): (kg, cm * _INCH),
    }
    for words, (weight, height) in readings.items():
        if _KG[0] <= weight <= _KG[1] and _CM[0] <= height <= _CM[1] and _likely(weight, height):
            yield said("{question} ({kg} kg, {cm} cm)", question=words, kg=number_text(round(weight, 1)), cm=number_text(round(height, 1)))
