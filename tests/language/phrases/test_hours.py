"""Times before and after a dose: what is read is said in the same words, and read again it is the same."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing.errors import Document, Place
from nmosd_dosing.hours import iso_minutes, minutes_text, nominal_days
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases.hours import TIMES_PATTERN, is_time, minutes, times
from nmosd_dosing.language.shapes import PhraseError
from nmosd_dosing.study.nominal_times import NominalTime, TimeWindow, times_text

PRODUCTS = ("X", "Y", "Drug A 2b", "甲")


def read(text: str) -> tuple[NominalTime, ...]:
    return times(Scalar(text, Place(Document("times", text), 0, max(1, len(text)))))


@st.composite
def nominal(draw: st.DrawFn) -> NominalTime:
    product, wide = draw(st.sampled_from(PRODUCTS)), st.integers(0, 3000)
    kind = draw(st.sampled_from(["any", "before", "after", "end", "after end"]))
    if kind == "any":
        return NominalTime(product, None, window=draw(st.none() | st.builds(TimeWindow, wide, st.just(0))))
    if kind == "end":
        return NominalTime(product, 0, True, draw(st.none() | st.builds(TimeWindow, wide, wide)))
    n = draw(st.integers(1, 31 * 24 * 60))
    near = st.integers(0, n)
    if kind == "before":
        return NominalTime(product, -n, False, draw(st.none() | st.builds(TimeWindow, wide, near)))
    return NominalTime(product, n, kind == "after end", draw(st.none() | st.builds(TimeWindow, near, wide)))


@given(st.lists(nominal(), min_size=1, max_size=8, unique_by=lambda time: time.same_time))
def test_what_is_said_is_read_as_it_was(drawn: list[NominalTime]) -> None:
    said = times_text(drawn)
    assert list(read(said)) == drawn
    assert re.fullmatch(TIMES_PATTERN, said)
    assert [read(time.written) for time in drawn] == [(time,) for time in drawn]


@given(st.text("before X,end of after 0.5 h min±+-/\t甲12", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = read(text)
    except PhraseError as error:
        assert error.problem.place.start < error.problem.place.end if error.problem.place is not None else False
    else:
        assert read(times_text(found)) == found
        assert re.fullmatch(TIMES_PATTERN, text)


@given(st.integers(0, 50000))
def test_a_length_has_one_name(n: int) -> None:
    if n:
        assert minutes(minutes_text(n), Place(Document("", "x"), 0, 1), "", most=10**6) == n
    hours, rest = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?", iso_minutes(n)).groups()  # type: ignore[union-attr]
    assert int(hours or 0) * 60 + int(rest or 0) == n
    assert nominal_days(n) == -nominal_days(-n) == n // 1440


@pytest.mark.parametrize(("text", "is_one"), [("1 h after X", True), ("before X", True), ("30 min", True), ("end of X", True),
    ("24 h urine", False), ("1 hour after X", False), ("MRI before treatment start", False), ("ECG", False)])  # fmt: skip
def test_what_could_be_examined_is_no_time(text: str, is_one: bool) -> None:
    assert is_time(text) is is_one
