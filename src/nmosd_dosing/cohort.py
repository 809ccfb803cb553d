"""Subjects as columns: the input of the core. One subject is a cohort of one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nmosd_dosing.days import NO_DATE, Dates
from nmosd_dosing.errors import InputError, Problem, clip, did_you_mean, one_of
from nmosd_dosing.person import Record, Subject

UNKNOWN_ARM = -1
MAX_WEIGHT_KG = 500  # the heaviest person on record weighed 635 kg


@dataclass(frozen=True, slots=True)
class Cohort:
    """n subjects.

    start: (n,) datetime64[D], study day 1. grams: (n,) float64, body weight in whole grams, NaN where unknown.
    arm: (n,) int16, index into the arms, -1 where unknown. events: by name (k, n) datetime64[D], each subject's dates in order,
    NaT behind them. entered: by period (n,), the actual first day of a later period, NaT where it is not recorded.
    records: what was recorded of visits, with the column of the subject. of_study: dates of the study's own events.
    codes: what messages call the subjects; empty where they have none, and then several are counted from 1.
    """

    start: Dates
    grams: NDArray[np.float64]
    arm: NDArray[np.int16]
    events: Mapping[str, Dates] = field(default_factory=dict)
    entered: Mapping[str, Dates] = field(default_factory=dict)
    records: tuple[tuple[int, Record], ...] = ()
    of_study: Mapping[str, dt.date] = field(default_factory=dict)
    codes: tuple[str, ...] = ()

    @staticmethod
    def of(
        start: ArrayLike,
        weight_kg: ArrayLike | None = None,
        arm: ArrayLike | None = None,
        *,
        events: Mapping[str, ArrayLike] | None = None,
        entered: Mapping[str, ArrayLike] | None = None,
        of_study: Mapping[str, dt.date] | None = None,
    ) -> Cohort:
        """A cohort from columns: dates, weights in kg (kept to the gram; NaN unknown), arm indices (-1 unknown).

        A single weight or arm counts for everybody. An event is a column of dates (NaT: it did not happen), or k of them where it
        can happen k times. Raises InputError where columns differ in length, a start is missing or a weight cannot be one.
        """
        dates = np.atleast_1d(np.asarray(start, dtype="datetime64[D]"))
        grams = np.rint(np.atleast_1d(np.asarray(np.nan if weight_kg is None else weight_kg, dtype=np.float64)) * 1000)
        arms = np.atleast_1d(np.asarray(UNKNOWN_ARM if arm is None else arm, dtype=np.int16))
        happened = {name: np.sort(np.atleast_2d(np.asarray(c, dtype="datetime64[D]")), axis=0) for name, c in (events or {}).items()}
        ways = {name: np.atleast_1d(np.asarray(column, dtype="datetime64[D]")) for name, column in (entered or {}).items()}
        problems = []
        if np.isnat(dates).any():
            problems.append(Problem("a start date is missing"))
        if not len(dates) == (len(dates) if len(grams) == 1 else len(grams)) == (len(dates) if len(arms) == 1 else len(arms)):
            problems.append(Problem(f"columns of different length: {len(dates)} dates, {len(grams)} weights, {len(arms)} arms"))
        for name, column in (*happened.items(), *ways.items()):
            if column.shape[-1] != len(dates):
                problems.append(Problem(f"columns of different length: {len(dates)} dates, {column.shape[-1]} of `{name}`"))
        if ((grams <= 0) | (grams > MAX_WEIGHT_KG * 1000)).any():
            problems.append(Problem(f"a weight is not above 0 and up to {MAX_WEIGHT_KG} kg"))
        if problems:
            raise InputError(problems)
        n = len(dates)
        return Cohort(dates, np.broadcast_to(grams, n), np.broadcast_to(arms, n), happened, ways, of_study=of_study or {})

    def __len__(self) -> int:
        return len(self.start)

    def name(self, column: int) -> str:
        """What a message begins with, to say whom it is about."""
        code = self.codes[column] if self.codes else ""
        return f"subject `{clip(code)}`: " if code else f"subject {column + 1}: " if len(self) > 1 else ""

    def dates_of(self, event: str) -> Dates:
        """(k, n) the dates of an event; k is 0 where nobody had it."""
        return self.events.get(event, np.empty((0, len(self)), dtype="datetime64[D]"))

    def first(self, event: str) -> Dates:
        """(n,) the first date of an event, NaT where it did not happen."""
        dates = self.dates_of(event)
        return dates[0] if len(dates) else np.full(len(self), NO_DATE)

    def entry(self, period: str) -> Dates:
        """(n,) the recorded first day of a later period."""
        return self.entered.get(period, np.full(len(self), NO_DATE))

    def slices(self, size: int) -> Iterator[Cohort]:
        """The same subjects, `size` at a time: what bounds the memory of a run over very many.

        What is counted over all subjects, as a study stop may be, would be counted over a slice only: give it in `of_study`.
        """
        for begin in range(0, len(self), size):
            part = slice(begin, begin + size)
            yield replace(
                self,
                start=self.start[part],
                grams=self.grams[part],
                arm=self.arm[part],
                events={name: dates[:, part] for name, dates in self.events.items()},
                entered={name: dates[part] for name, dates in self.entered.items()},
                records=tuple((column - begin, record) for column, record in self.records if begin <= column < begin + size),
                codes=self.codes[part],
            )


def of_subject(subject: Subject, arms: Sequence[str], of_study: Mapping[str, dt.date] | None = None) -> Cohort:
    """A cohort of one. Raises InputError for an arm that is not there."""
    return of_subjects([subject], arms, of_study)


def of_subjects(subjects: Sequence[Subject], arms: Sequence[str], of_study: Mapping[str, dt.date] | None = None) -> Cohort:
    """A cohort of many, in their order. Raises InputError for arms that are not there."""
    n = len(subjects)
    events: dict[str, list[list[dt.date]]] = {}
    entered: dict[str, Dates] = {}
    for column, subject in enumerate(subjects):
        for event in subject.events:
            events.setdefault(event.name, [[] for _ in range(n)])[column].append(event.date)
        for entry in subject.entered:
            entered.setdefault(entry.period, np.full(n, NO_DATE))[column] = np.datetime64(entry.date, "D")
    weights = [np.nan if s.weight_kg is None else s.weight_kg for s in subjects]
    made = Cohort.of(
        np.array([s.start for s in subjects], dtype="datetime64[D]"),
        weights,
        [arm_index(s.arm, arms) for s in subjects],
        events={name: _columns(lists) for name, lists in events.items()},
        entered=entered,
        of_study=of_study,
    )
    codes = tuple(s.code or "" for s in subjects)
    records = tuple((column, record) for column, subject in enumerate(subjects) for record in subject.records)
    return replace(made, codes=codes, records=records)


def _columns(lists: list[list[dt.date]]) -> Dates:
    """(k, n) each subject's dates, NaT behind them."""
    most = max(map(len, lists))
    return np.array([[sorted(dates)[i] if i < len(dates) else None for dates in lists] for i in range(most)], dtype="datetime64[D]")


def arm_index(arm: str | None, arms: Sequence[str]) -> int:
    """The index of an arm; -1 for None. Raises InputError for one that is not there."""
    if arm is None:
        return UNKNOWN_ARM
    if arm not in arms:
        hint = did_you_mean(arm, arms) or (f"the arms are {one_of(arms)}" if arms else "this regimen has no arms: leave `--arm` out")
        raise InputError(Problem(f"unknown arm `{arm}`", hint=hint))
    return list(arms).index(arm)
