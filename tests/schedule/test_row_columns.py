"""The columns of many subjects hold what each one's own plan says: every number of each dose, every day of each visit."""

from __future__ import annotations

import datetime as dt
from typing import get_args

import numpy as np
import pytest

from nmosd_dosing import Subject, plan
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.schedule.row_columns import OfDose, OfVisit, RowColumns, distinct
from nmosd_dosing.subjects.cohort import Cohort
from tests.kit.dates import START
from tests.kit.somebody import HEAD

STUDY = read_study_text(
    HEAD
    + """arms: [a, b]
products:
  X: {vials: {sizes: [100 mg, 400 mg], concentration: 20 mg/mL}}
  Y: {doses: {ideal: {amount: 1 mg/kg, weight: ideal (Devine)}}}
periods:
  a:
    length: 57 days
    visits:
      - {at: D-7 to D-1, assess: MRI}
      - {at: D1, give: X 10 mg/kg}
      - {at: D8 ±2d, give: [X 10.5 mg/kg twice daily, Y 100 to 200 mg]}
      - {at: D15 to D17, window: +3d, give: X 1 mg/kg daily}
      - {at: D29, give: {a: Y ideal, b: Y 1 mg/kg}}
  b: {visits: [{at: D1, give: X 100 mg}]}
transitions: [{id: t, from: a, to: b, after: end of a, within: 14 days}]
"""
)[0]
PEOPLE = [
    Subject(START, "A", "a", weight_kg=60, height_cm=170, sex="M"),
    Subject(START + dt.timedelta(3), "B", "b", weight_kg=72.5, height_cm=160, sex="F"),
    Subject(START + dt.timedelta(4), "C"),
]  # fmt: skip
SCHEDULE = expand(STUDY, Cohort.of_subjects(PEOPLE, ("a", "b")))
COLUMNS = RowColumns.of(SCHEDULE, "least waste")
PLANS = [plan(STUDY, subject) for subject in PEOPLE]


def shown(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def test_the_numbers_of_a_dose_are_those_of_its_plan() -> None:
    for column, own in enumerate(PLANS):
        doses = [dose for visit in own.visits for dose in visit.administrations]
        assert len(doses) == len(SCHEDULE.rows) == 6
        for k, dose in enumerate(doses):
            for what in get_args(OfDose):
                if what in ("dispensed", "waste", "volume_ml") and COLUMNS.dispensed[k] is None:
                    continue
                if what in ("per_day", "weight_kg") and getattr(dose, what) is None:
                    continue  # a plan says neither where it is no other than the dose, or nothing to it
                value = shown(COLUMNS.of_dose(what, k, 2 if dose.per_day is not None else 1)[column])
                assert value == getattr(dose, what), (what, k, column)
            if COLUMNS.dispensed[k] is not None and dose.amount is not None:
                sizes = COLUMNS.vials(k, [column])[0]
                assert sizes == tuple(vial[:2] for vial in dose.vials or ())


def test_the_days_of_a_visit_are_those_of_its_plan() -> None:
    for column, own in enumerate(PLANS):
        for i, visit in enumerate(own.visits):
            for what in get_args(OfVisit):
                if what == "last" and SCHEDULE.last(i) is None:
                    continue
                [value] = COLUMNS.of_visit(what, i)[[column]].tolist()
                if what == "week":
                    assert value == (visit.target - own.visits[1 if visit.period == "a" else -1].target).days  # type: ignore[operator]
                else:
                    assert value == getattr(visit, what), (what, visit.id)


@pytest.mark.parametrize(
    ("columns", "groups"),
    [
        ([], "0000"),
        ([[1, 1, 1, 1]], "0000"),
        ([[2, 1, 2, 3]], "1012"),
        ([[1, 1, 2, 2], [5, 6, 5, 6]], "0123"),
        ([[-5, 5, -5, 5]], "0101"),
        ([[-(1 << 61), 1 << 61, 0, 0], [7, 7, 7, 8]], "0312"),
        ([[0, 1 << 41, 1 << 41, 3]] * 3, "0221"),
        ([[0, 1 << 39, 5, 5], [1 << 39, 0, 9, 8]], "0321"),
    ],
)
def test_who_has_the_same_in_all_columns_has_one_number(columns: list[list[int]], groups: str) -> None:
    of, first = distinct([np.array(column, dtype=np.int64) for column in columns], 4)
    assert "".join(map(str, of.tolist())) == groups
    assert [groups.index(str(n)) for n in range(len(first))] == first.tolist()
