"""What sites recorded of visits, matched with the visits of a schedule."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from nmosd_dosing.days import NO_DATE, Dates, Offset
from nmosd_dosing.errors import InputError, Problem, clip, did_you_mean, one_of
from nmosd_dosing.study.model import Visit
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.subject import UNSCHEDULED, Record

_LISTED = 100


class Recorded(IntEnum):
    """What is recorded of a visit."""

    NOTHING = 0
    DONE = 1
    PARTIAL = 2
    MISSED = 3
    WITHHELD = 4

    @property
    def text(self) -> str:
        return self.name.lower()


_BY_NAME = {status.text: status for status in Recorded}


@dataclass(frozen=True, slots=True)
class VisitRecords:
    """(m, n) for m visits and n subjects. actual: the day, NaT where nothing took place. status: of Recorded.

    dosed: (m, n) whether a record says that a dose was given: it names a product or an amount, or the visit has nothing but doses.
    not_given: (visit, column, product) of products recorded as not given.
    records: what was written down, by visit and column. twice: further records of a visit that has one. extra: of unscheduled visits.
    unknown: of visits that the schedule does not have, with what is wrong.
    """

    actual: Dates
    status: NDArray[np.uint8]
    dosed: NDArray[np.bool_]
    not_given: frozenset[tuple[int, int, str]]
    records: Mapping[tuple[int, int], tuple[Record, ...]]
    twice: tuple[tuple[int, int, Record], ...]
    extra: tuple[tuple[int, Record], ...]
    unknown: tuple[tuple[int, Record, Problem], ...]

    def had(self, visit: int, product: str) -> NDArray[np.bool_]:
        """(n,) whether what was recorded of a visit may have been this product: no record says that it was not, or names others only."""
        found = np.ones(self.actual.shape[1], dtype=bool)
        for (row, column), records in self.records.items():
            if row == visit and product:
                named = {r.product for r in records}
                found[column] = (row, column, product) not in self.not_given and (None in named or product in named)
        return found


def match(visits: Sequence[Visit], periods: Sequence[str], cohort: Cohort, begun: Mapping[int, NDArray[np.bool_]]) -> VisitRecords:
    """Which visit each record is of. periods: the period of each visit. begun: (n,) who has a visit, where not everybody has it: those of
    a period begun anew, and of an event that has come again. For the others its name is unknown, whoever else is in the cohort."""
    m, n = len(visits), len(cohort)
    by_id = {f"{period}/{visit.label}": i for i, (period, visit) in enumerate(zip(periods, visits, strict=True))}
    by_label: dict[str, list[int]] = {}
    for i, visit in enumerate(visits):
        by_label.setdefault(visit.label, []).append(i)
    found: dict[tuple[int, int], list[Record]] = {}
    twice, extra, unknown = [], [], []

    def has(column: int, visit: int) -> bool:
        return visit not in begun or bool(begun[visit][column])

    for column, record in cohort.records:
        if record.visit == UNSCHEDULED:
            extra.append((column, record))
            continue
        id = record.visit if record.period is None else f"{record.period}/{record.visit.removeprefix(record.period + '/')}"
        meant = [i for i in ([by_id[id]] if id in by_id else by_label.get(id, [])) if has(column, i)]
        if len(meant) != 1:
            known = {name: i for name, i in by_id.items() if has(column, i)}
            unknown.append((column, record, _unknown(record, id, [list(by_id)[i] for i in meant], known)))
            continue
        here = found.setdefault((meant[0], column), [])
        if here and not _together(here, record, visits[meant[0]]):
            twice.append((meant[0], column, record))
        else:
            here.append(record)
    partial = Recorded.PARTIAL
    dosed, refused = np.zeros((m, n), dtype=bool), set()
    actual = np.full((m, n), NO_DATE)
    status = np.zeros((m, n), dtype=np.uint8)
    for (row, column), records in found.items():
        status[row, column] = done = _status(records)
        refused |= {(row, column, r.product) for r in records if r.product is not None and not r.took_place}
        dosed[row, column] = not visits[row].assessments or any(r.product is not None or r.amount is not None for r in records)
        if done <= partial:
            took_place = [r.date for r in records if r.took_place]
            actual[row, column] = np.datetime64(min(took_place), "D")
    kept = {key: tuple(records) for key, records in found.items()}
    return VisitRecords(actual, status, dosed, frozenset(refused), kept, tuple(twice), tuple(extra), tuple(unknown))


def check(found: VisitRecords, visits: Sequence[Visit], cohort: Cohort) -> None:
    """Raises InputError for records of unknown visits, for visits recorded twice and for doses before day 1."""
    problems = [dataclasses.replace(problem, subject=column) for column, _, problem in found.unknown]
    for (row, column), records in found.records.items():
        if visits[row].gives and visits[row].offset != Offset() and found.actual[row, column] < cohort.start[column]:
            wrong = f"{cohort.name(column)}`{records[0].visit}` is recorded on {records[0].date}, before day 1, {cohort.start[column]}"
            problems.append(Problem(wrong, records[0].place, "check the dates: the first dose is day 1", subject=column))
    for visit, column, record in found.twice:
        first = found.records[visit, column][0]
        also = ((("the first", first.place),) if first.place else ()) if record.place else ()
        problems.append(Problem(f"`{record.visit}` is recorded twice", record.place, "keep one of them", also=also, subject=column))
    _stop(problems)


def check_known(found: VisitRecords) -> None:
    """Raises InputError for records of unknown visits."""
    _stop([problem for _, _, problem in found.unknown])


def _stop(problems: list[Problem]) -> None:
    problems.sort(key=lambda problem: problem.place.start if problem.place else -1)
    if problems:
        many = [Problem(f"{len(problems):,} problems in the visits; the first {_LISTED} follow")] if len(problems) > _LISTED else []
        raise InputError([*many, *problems[:_LISTED]], problems)


def _unknown(record: Record, id: str, meant: list[str], known: Mapping[str, int]) -> Problem:
    shown = clip(record.visit)
    periods = list(dict.fromkeys(label.split("/", 1)[0] for label in known))
    if record.period is not None and record.period not in periods:
        there_are = f"periods of this plan are {one_of(periods)}"
        wrong = f"unknown period `{clip(record.period)}` of visit `{shown}`"
        return Problem(wrong, record.place, did_you_mean(record.period, periods) or there_are)
    elsewhere = [label for label in known if label.split("/", 1)[1] == record.visit.rsplit("/", 1)[-1]]
    if not meant and elsewhere:
        return Problem(f"`{clip(id)}` is not a visit", record.place, f"{one_of(elsewhere)} is")
    if meant:
        return Problem(f"`{shown}` is a visit of several periods", record.place, f"write `{meant[0]}` or `{meant[1]}`")
    labels = [label.split("/", 1)[1] for label in known]
    hint = did_you_mean(id, known) or did_you_mean(record.visit, labels)
    some = ", ".join(f"`{label}`" for label in list(dict.fromkeys(labels))[:8])
    hint = hint or f"visits are {some}{' and so on' if len(labels) > 8 else ''}; one that is not planned is `{UNSCHEDULED}`"
    return Problem(f"unknown visit `{shown}`", record.place, hint)


def _together(here: list[Record], record: Record, visit: Visit) -> bool:
    """Whether a record adds another product to what is recorded of a visit; masked ones may all be called placebo."""
    if any(dose is not None and dose.kind == "masked" for give in visit.gives for dose in give.doses):
        return len(here) < len(visit.gives) and record.product is not None and all(r.date == record.date for r in here)
    products = [r.product for r in (*here, record)]
    return None not in products and len(set(products)) == len(products) and all(r.date == record.date for r in here)


def _status(records: Sequence[Record]) -> Recorded:
    if len(records) == 1:
        return _BY_NAME[records[0].status]
    kinds = {record.status for record in records}
    if not any(record.took_place for record in records):
        return Recorded.MISSED
    return _BY_NAME[kinds.pop()] if len(kinds) == 1 else Recorded.PARTIAL
