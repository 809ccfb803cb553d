"""How long after a date one may enter: a last day, a first and a last one, the day itself; what is no such range says what to type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing.days import Offset
from nmosd_dosing.errors import Document, Place
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases.lengths import within
from nmosd_dosing.language.shapes import PhraseError
from nmosd_dosing.study.facts import NOT_STATED
from tests.kit.assumed import quick

UNITS = {"days": Offset(1), "weeks": Offset(7), "months": Offset(0, 1), "years": Offset(0, 12)}


def scalar(text: str) -> Scalar:
    return Scalar(text, Place(Document("text", text), 0, max(1, len(text))), exact=True)


@quick
@given(st.integers(0, 400), st.integers(0, 400), st.sampled_from(sorted(UNITS)))
def test_a_range_and_its_text(one: int, other: int, unit: str) -> None:
    first, last = sorted((one, other))
    assert within(scalar(f" {last} {unit} ")) == (Offset(), UNITS[unit].times(last))
    expected = (UNITS[unit].times(first), UNITS[unit].times(last))
    assert within(scalar(f"{first} to {last} {unit}")) == within(scalar(f"{first} {unit} to {last} {unit}")) == expected
    if first < last:
        with pytest.raises(PhraseError) as caught:
            within(scalar(f"{last} to {first} {unit}"))
        hint = (caught.value.problem.hint or "").split("`")[1]
        assert within(scalar(hint)) == expected


def test_not_stated_and_what_is_no_range() -> None:
    assert within(scalar("not stated")) is NOT_STATED
    for text in ("28-31 days", "28 – 31 days"):
        with pytest.raises(PhraseError) as caught:
            within(scalar(text))
        assert caught.value.problem.hint == "write `28 to 31 days`"
    for text in (
        "",
        "28",
        "28 to",
        "to 28 days",
        "28 to 31",
        "28 to 31 days or so",
        "1 month to 30 days",
        "99999999 to 3 days",
        "1 day to",
    ):
        with pytest.raises(PhraseError):
            within(scalar(text))
