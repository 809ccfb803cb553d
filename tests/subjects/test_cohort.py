"""Subjects as columns: the dates of events, in whatever order they are told."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing import Event, InputError, Subject, Weight
from nmosd_dosing.subjects.cohort import Cohort
from tests.kit.dates import START

HISTORIES = st.lists(st.lists(st.tuples(st.sampled_from(("relapse", "stable")), st.integers(0, 400)), max_size=6), min_size=1, max_size=8)


@given(HISTORIES)
def test_each_subjects_events_stand_in_order_with_nothing_before_them(histories: list[list[tuple[str, int]]]) -> None:
    people = [Subject(START, events=tuple(Event(name, START + dt.timedelta(days)) for name, days in told)) for told in histories]
    cohort = Cohort.of_subjects(people, ())
    for name in ("relapse", "stable"):
        dates = cohort.dates_of(name)
        assert len(dates) == max(sum(event == name for event, _ in told) for told in histories)
        for column, told in enumerate(histories):
            found = [date for date in dates[:, column].tolist() if date is not None]
            assert found == sorted(START + dt.timedelta(days) for event, days in told if event == name)
            assert np.isnat(dates[len(found) :, column]).all()


def test_later_weights_may_be_decimals_as_the_one_at_baseline_may() -> None:
    kinds: tuple[Any, ...] = (Decimal, float)
    decimals, floats = (
        Cohort.of_subject(Subject(START, weight_kg=kind("60"), weights=(Weight(START + dt.timedelta(28), kind("61.2")),)), ())
        for kind in kinds
    )
    assert decimals.weighed is not None and floats.weighed is not None
    assert (decimals.weighed.wholes == floats.weighed.wholes).all()


@pytest.mark.parametrize(
    ("column", "least", "most", "step"), [("weight_kg", 0.001, 500, 0.001), ("height_cm", 30, 272, 0.1), ("arm", -1, 32767, 1)]
)
def test_a_number_of_a_column_is_within_its_bounds(column: str, least: float, most: float, step: float) -> None:
    for good in (least, most):
        assert len(Cohort.of(["2025-01-06"], **{column: [good]})) == 1  # type: ignore[arg-type]
    for wrong in (least - step, most + step):
        with pytest.raises(InputError, match=column):
            Cohort.of(["2025-01-06"], **{column: [wrong]})  # type: ignore[arg-type]


@pytest.mark.parametrize("told", [
    (("2025-02-03", 61), ("2025-03-03", 62), ("NaT", np.nan)), (("NaT", np.nan), ("2025-02-03", 61), ("2025-03-03", 62)),
    (("2025-03-03", 62), ("NaT", np.nan), ("2025-02-03", 61)),
])  # fmt: skip
def test_later_weights_stand_in_the_order_of_their_days_however_they_are_given(told: tuple[tuple[str, float], ...]) -> None:
    days, kg = (np.array(column)[:, np.newaxis] for column in zip(*told, strict=True))
    later = Cohort.of(["2025-01-06"], 60, weighed=(days, kg)).weighed
    assert later is not None
    np.testing.assert_array_equal(later.dates[:, 0], np.array(["2025-02-03", "2025-03-03", "NaT"], dtype="datetime64[D]"))
    np.testing.assert_array_equal(later.wholes[:, 0], [61_000, 62_000, np.nan])
