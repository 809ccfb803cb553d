"""Whom the core refuses among very many subjects, and when the study stops for the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace
from numpy.typing import NDArray

from nmosd_dosing.days import to_date
from nmosd_dosing.errors import DosingError, Problem
from nmosd_dosing.schedule.expansion import stopped
from nmosd_dosing.study.events import STUDY_STOP
from nmosd_dosing.study.model import Study
from nmosd_dosing.subjects.cohort import Cohort

Expand = Callable[[Study, Cohort], object]  # raises DosingError
Refusing = Callable[[Cohort], object]  # raises DosingError
Columns = NDArray[np.int64]
SLICE = 32768  # subjects that are expanded at a time
_ROUNDS = 20


class Excluded(Struct, frozen=True):
    """The columns of those who are refused, and what is wrong with each."""

    problems: dict[int, Problem] = field(default_factory=dict)

    def others(self, n: int) -> Columns:
        """The columns of those who are not, of n."""
        return np.setdiff1d(np.arange(n), np.fromiter(self.problems, dtype=np.int64, count=len(self.problems)))


def stop_counted(study: Study, period: str | None, cohort: Cohort) -> Cohort:
    """The cohort with the stop of the study, counted over all of it, among the dates that are given: so it can be cut into slices."""
    date = to_date(stopped(study, cohort, period=period).date)
    return cohort if date is None else replace(cohort, of_study={**cohort.of_study, STUDY_STOP: date})


def without_counting(study: Study) -> Study:
    """The study that stops on the day that is given, if any is, and counts nobody."""
    return study if study.stop is None else replace(study, stop=replace(study.stop, earliest_of=()))


def check(expand: Expand, study: Study, part: Cohort) -> list[Problem]:
    """What is wrong with the subjects of a slice, up to the first of its checks that fails."""
    try:
        expand(study, part)
    except DosingError as error:
        return list(error.found)
    return []


def sort_out(expand: Expand, study: Study, period: str | None, cohort: Cohort) -> tuple[Cohort, Excluded]:
    """The cohort of those who are not refused, with the stop of the study counted over them, and those who are.

    Whether a subject is refused may hang on the stop, and the stop on who is counted: it is counted anew until both agree.
    """
    # Whoever is refused is not counted: while it is found out who is, the stop that is given is the only one.
    uncounted = without_counting(study)
    contradicted = _refused(lambda c: stopped(study, c, period=period), cohort, np.arange(len(cohort)))
    found = Excluded(contradicted)
    before: dict[str, object] | None = None
    for turn in count():
        counted = stop_counted(study, period, cohort.chosen(found.others(len(cohort))))
        if counted.of_study == before:
            return counted, found
        before = dict(counted.of_study)
        everybody = replace(cohort, of_study=counted.of_study)
        refused = dict(_each(lambda c: expand(uncounted, c), everybody, contradicted))
        # Should the two go round in a circle, whoever was refused once stays out.
        found = Excluded({**contradicted, **(refused if turn < _ROUNDS else {**found.problems, **refused})})
    raise AssertionError


def _each(expand: Refusing, cohort: Cohort, without: dict[int, Problem]) -> Iterator[tuple[int, Problem]]:
    for begin in range(0, len(cohort), SLICE):
        columns = np.array([i for i in range(begin, min(begin + SLICE, len(cohort))) if i not in without], dtype=np.int64)
        yield from _refused(expand, cohort, columns).items()


def _refused(expand: Refusing, cohort: Cohort, columns: Columns) -> dict[int, Problem]:
    """Of some columns those that are refused: whoever a problem is about is taken out, until nobody is left or nothing is wrong."""
    found: dict[int, Problem] = {}
    while len(columns):
        try:
            expand(cohort.chosen(columns))
        except DosingError as error:
            about = {int(columns[p.subject]): p for p in reversed(error.found) if p.subject is not None}
            if not about:  # what is wrong is not said to be of anybody: halve, until one is left
                if len(columns) == 1:
                    return {**found, int(columns[0]): error.problems[0]}
                half = len(columns) // 2
                return {**found, **_refused(expand, cohort, columns[:half]), **_refused(expand, cohort, columns[half:])}
            found |= about
            columns = np.setdiff1d(columns, np.fromiter(about, dtype=np.int64, count=len(about)))
        else:
            break
    return found
