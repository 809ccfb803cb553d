"""Subjects as columns: the input of the core. One subject is a cohort of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nmosd_dosing.days import Dates
from nmosd_dosing.errors import InputError, Problem, did_you_mean, one_of
from nmosd_dosing.model import Period
from nmosd_dosing.person import Subject

UNKNOWN_ARM = -1
MAX_WEIGHT_KG = 500  # the heaviest person on record weighed 635 kg


@dataclass(frozen=True, slots=True)
class Cohort:
    """n subjects of one period.

    start: (n,) datetime64[D], the period's first day. grams: (n,) float64, body weight in whole grams, NaN where unknown.
    arm: (n,) int16, index into the period's arms, -1 where unknown.
    """

    start: Dates
    grams: NDArray[np.float64]
    arm: NDArray[np.int16]

    @staticmethod
    def of(start: ArrayLike, weight_kg: ArrayLike | None = None, arm: ArrayLike | None = None) -> Cohort:
        """A cohort from columns: dates, weights in kg (kept to the gram; NaN unknown), arm indices (-1 unknown).

        A single weight or arm counts for everybody. Raises InputError where columns differ in length, a date is missing or a
        weight cannot be one.
        """
        dates = np.atleast_1d(np.asarray(start, dtype="datetime64[D]"))
        grams = np.rint(np.atleast_1d(np.asarray(np.nan if weight_kg is None else weight_kg, dtype=np.float64)) * 1000)
        arms = np.atleast_1d(np.asarray(UNKNOWN_ARM if arm is None else arm, dtype=np.int16))
        problems = []
        if np.isnat(dates).any():
            problems.append(Problem("a start date is missing"))
        if not len(dates) == (len(dates) if len(grams) == 1 else len(grams)) == (len(dates) if len(arms) == 1 else len(arms)):
            problems.append(Problem(f"columns of different length: {len(dates)} dates, {len(grams)} weights, {len(arms)} arms"))
        if ((grams <= 0) | (grams > MAX_WEIGHT_KG * 1000)).any():
            problems.append(Problem(f"a weight is not above 0 and up to {MAX_WEIGHT_KG} kg"))
        if problems:
            raise InputError(problems)
        return Cohort(dates, np.broadcast_to(grams, len(dates)), np.broadcast_to(arms, len(dates)))

    def __len__(self) -> int:
        return len(self.start)

    def slices(self, size: int) -> Iterator[Cohort]:
        """The same subjects, `size` at a time: what bounds the memory of a run over very many."""
        for begin in range(0, len(self), size):
            part = slice(begin, begin + size)
            yield Cohort(self.start[part], self.grams[part], self.arm[part])


def of_subject(subject: Subject, period: Period) -> Cohort:
    """A cohort of one. Raises InputError for an arm that the period does not have."""
    return Cohort.of(np.datetime64(subject.start, "D"), subject.weight_kg, arm_index(subject.arm, period.arms))


def arm_index(arm: str | None, arms: Sequence[str]) -> int:
    """The index of an arm; -1 for None. Raises InputError for one that is not there."""
    if arm is None:
        return UNKNOWN_ARM
    if arm not in arms:
        hint = did_you_mean(arm, arms) or (f"the arms are {one_of(arms)}" if arms else "this regimen has no arms: leave `--arm` out")
        raise InputError(Problem(f"unknown arm `{arm}`", hint=hint))
    return list(arms).index(arm)
