"""What contradicts itself across a study is refused: caps, units, gaps, a product twice on a day."""

from __future__ import annotations

import pytest

from nmosd_dosing import RegimenError
from nmosd_dosing.language.study_file import read_study_text
from tests.kit.worked import HEAD, product, visits

TWICE = {
    "a taper whose steps share a day": ("at: D1 to D14, give: X 60 mg daily", "at: D14 to D28, give: X 50 mg daily"),
    "a dose within a course": ("at: D1 to D10, give: X 60 mg daily", "at: D5, give: X 500 mg"),
    "a course within a course": ("at: D1 to D10, give: X 60 mg daily", "at: D3 to D4, give: X 5 mg daily"),
    "a cycle's course and a day": ("at: D1 to D5, cycle: 'every 21 days, 3 cycles', give: X 1 mg daily", "at: D24, give: X 3 mg"),
    "a course after an event and a day of it": (
        "at: relapse to relapse + 4 days, give: X 1 mg daily",
        "at: relapse + 3 days, give: X 3 mg",
    ),
}


@pytest.mark.parametrize("lines", TWICE.values(), ids=TWICE)
def test_a_product_twice_on_a_day_of_a_course_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(RegimenError, match=r"twice|overlap"):
        read_study_text(HEAD + visits(*lines))


@pytest.mark.parametrize(
    "lines",
    [
        ("at: D1 to D5, give: X 1 mg daily",),
        ("at: D1, give: X 1 mg twice daily",),
        ("at: D1 to D10, give: X 1 mg daily", "at: D12, give: X 1 mg"),
    ],
)
def test_doses_of_a_course_keep_the_minimum_gap(lines: tuple[str, ...]) -> None:
    with pytest.raises(RegimenError, match="minimum gap"):
        read_study_text(HEAD + visits(*lines, products="products: {X: {minimum gap: 7 days}}\n"))


# What is accepted, although a protocol writer would want to hear of it. The message that is wanted, or some words of it.
CONTRADICTIONS = {
    "a lifetime cap in a unit in which nothing is dosed": (
        visits("at: D1, give: X 500 mg", products=product("lifetime at most: 140 mL")),
        "its lifetime's cap is 140 mL",
    ),
    "two products that are each before the other": (
        visits("at: D1, give: [X 500 mg 30 min before Y, Y 1 mg 30 min before X]"),
        "each wait for the other",
    ),
    "the first period counted from the study's first day": (
        visits("at: D1, give: X 500 mg", period="    counted from: first day of the study\n"),
        "its first day is that of the study",
    ),
}


@pytest.mark.parametrize(("body", "match"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_what_contradicts_itself_is_refused(body: str, match: str) -> None:
    with pytest.raises(RegimenError, match=match):
        read_study_text(HEAD + body)
