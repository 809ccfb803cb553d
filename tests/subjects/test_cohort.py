"""Subjects as columns: the dates of events, in whatever order they are told."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing import Entered, Event, InputError, Record, Subject, Weight
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


def told(**days: str) -> Cohort:
    """A subject without a first dose, but for `start`, and the days of events."""
    start = days.pop("start", None)
    events = tuple(Event(name, dt.date.fromisoformat(date)) for name, date in days.items())
    return Cohort.of_subject(Subject(dt.date.fromisoformat(start) if start else None, events=events), ())


@pytest.mark.parametrize(("failed", "screened", "stands"), [
    ("2025-01-10", None, True), ("2025-01-10", "2025-01-09", True), ("2025-01-10", "2025-01-10", True), ("2025-01-10", "2025-01-11", False),
])  # fmt: skip
def test_a_failure_ends_nothing_where_somebody_was_screened_after_it(failed: str, screened: str | None, stands: bool) -> None:
    cohort = told(screen_failed=failed, **({"screened": screened} if screened else {}))
    assert (~np.isnat(cohort.first("screen_failed"))).tolist() == [stands]
    assert cohort.screened_again() == ([] if stands else [0])


@pytest.mark.parametrize(("days", "without"), [
    ({"screened": "2025-01-02"}, ([0], [], [])), ({"screen_failed": "2025-01-10"}, ([], [0], [])),
    ({"screen_failed": "2025-01-11"}, ([0], [], [])),
    ({"start": "2025-01-20"}, ([], [], [])), ({"start": "2025-01-20", "screen_failed": "2025-01-10"}, ([], [], [0])),
    ({"start": "2025-01-10", "screen_failed": "2025-01-10"}, ([], [], [])),
    ({"start": "2025-01-20", "screen_failed": "2025-01-11"}, ([], [], [])),
])  # fmt: skip
def test_who_has_no_day_1_by_a_day(days: dict[str, str], without: tuple[list[int], ...]) -> None:
    assert told(**days).without_day_1(dt.date(2025, 1, 10)) == without


def test_what_messages_call_a_subject() -> None:
    one, other = Subject(START, "A"), Subject(START)
    assert Cohort.of_subjects([one, other], ()).name(0) == "subject `A`: "
    assert [Cohort.of_subjects(people, ()).name(len(people) - 1) for people in ([other, other], [other])] == ["subject 2: ", ""]


@pytest.mark.parametrize(
    ("on", "found"), [("2025-02-02", None), ("2025-02-03", "2025-02-03"), ("2025-03-02", "2025-02-03"), ("2025-03-03", "2025-03-03")]
)
def test_the_latest_of_some_days_on_or_before_another(on: str, found: str | None) -> None:
    subject = Subject(
        START, weight_kg=60, weights=(Weight(dt.date(2025, 2, 3), 61), Weight(dt.date(2025, 3, 3), 62)),
        events=(Event("relapse", dt.date(2025, 2, 3)), Event("relapse", dt.date(2025, 3, 3))),
    )  # fmt: skip
    cohort, dates = Cohort.of_subject(subject, ()), np.array([on], dtype="datetime64[D]")
    assert cohort.latest("relapse", dates).astype(str).tolist() == [found or "NaT"]
    assert cohort.weighed is not None
    grams, of = cohort.weighed.latest(dates, slice(None))
    assert of.astype(str).tolist() == [found or "NaT"]
    np.testing.assert_array_equal(grams, [{None: np.nan, "2025-02-03": 61_000, "2025-03-03": 62_000}[found]])


def test_columns_of_another_length_are_told() -> None:
    two = np.array(["2025-02-03", "2025-03-03"], dtype="datetime64[D]")
    for name, columns in (("entered", {"q": two}), ("events", {"relapse": two[np.newaxis]})):
        with pytest.raises(InputError, match="columns of different length: 1 dates, 2 of"):
            Cohort.of(["2025-01-06"], **{name: columns})  # type: ignore[arg-type]
    with pytest.raises(InputError, match="columns of different length"):
        Cohort.of(["2025-01-06"], entered={"q": two[:1, np.newaxis]})
    assert Cohort.of(["2025-01-06"], events={"relapse": two[:, np.newaxis]}).dates_of("relapse").shape == (2, 1)


@pytest.mark.parametrize(
    ("days", "right"), [(("2025-02-03", "2025-02-04"), True), (("2025-02-03", "2025-02-03"), False), (("2025-02-04", "2025-02-03"), True)]
)
def test_later_weights_are_of_different_days(days: tuple[str, str], right: bool) -> None:
    later = (np.array(days, dtype="datetime64[D]")[:, np.newaxis], np.array([[60.0], [61.0]]))
    if right:
        assert Cohort.of(["2025-01-06"], 60, weighed=later).weighed is not None
    else:
        with pytest.raises(InputError, match="two weights of one day"):
            Cohort.of(["2025-01-06"], 60, weighed=later)


def test_some_of_the_subjects_keep_all_that_is_known_of_them() -> None:
    days = [dt.date(2025, 1, 6) + dt.timedelta(n) for n in range(4)]
    people = [
        Subject(
            day, f"A{n}", weight_kg=60 + n, height_cm=160 + n, sex="M" if n % 2 else "F", age=40 + n, site=f"S{n}",
            events=(Event("relapse", day),) * (n > 1), records=(Record("D1", day),), weights=(Weight(day + dt.timedelta(30), 70 + n),),
            entered=(Entered("q", day + dt.timedelta(60)),) if n else (),
        )
        for n, day in enumerate(days)
    ]  # fmt: skip
    cohort = Cohort.of_subjects(people, ())
    for chosen in ([2, 0], [3], [1, 2, 3]):
        some, alone = cohort.chosen(chosen), Cohort.of_subjects([people[n] for n in chosen], ())
        assert sorted(some.records, key=lambda pair: pair[0]) == list(alone.records)
        for name in ("codes", "sites", "of_study"):
            assert getattr(some, name) == getattr(alone, name)
        for name in ("start", "grams", "height", "sex", "age", "arm"):
            np.testing.assert_array_equal(getattr(some, name), getattr(alone, name))
        assert some.entry("q").astype(str).tolist() == alone.entry("q").astype(str).tolist()
        assert some.first("relapse").astype(str).tolist() == alone.first("relapse").astype(str).tolist()
        assert some.weighed is not None and some.weighed.wholes.tolist() == [[70_000 + n * 1000 for n in chosen]]
    assert [len(part) for part in cohort.slices(3)] == [3, 1]
    assert [part.codes for part in cohort.slices(2)] == [("A0", "A1"), ("A2", "A3")]
