"""Criteria in words, what their words mean, and what is asked of a name that none knows."""

from __future__ import annotations

import pytest

from nmosd_dosing.days import Offset
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.study.criteria import (
    Criteria,
    Criterion,
    Kind,
    NotWithin,
    Reach,
    StableFor,
    Unless,
    UsedFor,
    plain_name,
    without_other,
)  # fmt: skip
from tests.kit.somebody import HEAD

STUDY = """criteria: {A: {clock: "no abcd or abcde within 4 weeks before D1"}}
products: {X: {}}
periods: {a: {visits: [{at: D1, give: X 1 mg}]}}
"""


@pytest.mark.parametrize(
    ("name", "near"),
    [("abce", "abcde"), ("abcdf", "abcd"), ("zzzabcdezzz", "abcde"), ("zzzabcdzzz", None), ("zzz", None)],
)
def test_a_name_that_is_nearly_a_word_of_the_file_or_holds_a_long_one_is_asked_about(name: str, near: str | None) -> None:
    found = read_study_text(HEAD + STUDY)[0].criteria.near(name)
    assert found == (f"did you mean `{near}`?" if near is not None else None)


FOUR_WEEKS = Offset(28)


@pytest.mark.parametrize(("reach", "text"), [
    (Reach(FOUR_WEEKS), "4 weeks"), (Reach(None, 1), "1 half-life"), (Reach(None, 5), "5 half-lives"),
    (Reach(FOUR_WEEKS, 5), "4 weeks or 5 half-lives, whichever is longer"),
    (Reach(Offset(months=6), 1, longer=False), "6 months or 1 half-life, whichever is shorter"),
])  # fmt: skip
def test_how_far_a_clock_reaches_in_words(reach: Reach, text: str) -> None:
    assert str(reach.text) == text


CRITERIA = Criteria(
    all=(
        Criterion("A", "", NotWithin(("abcd", "abcde"), Reach(FOUR_WEEKS), "first dose", of="prednisone", unless=Unless(event="cleared"))),
        Criterion("B", "", UsedFor(("other biologics",), FOUR_WEEKS, "screening")), Criterion("C", "", None),
        Criterion("D", "", StableFor("relapse", FOUR_WEEKS, "first dose")),
    ),
    kinds=(
        Kind("biologics", ("rituximab", "rituximab biosimilar", "单抗", "利妥昔单抗")), Kind("other CD20 antibodies", ("ofatumumab",)),
        Kind("CD20 antibodies", ("rituximab",)),
    ),
)  # fmt: skip
HELD = {
    "Rituximab 1000 mg": ("rituximab",), "rituximab": (), "zz Rituximab-Biosimilar and abcd": ("rituximab biosimilar", "abcd"),
    "利妥昔单抗注射液": ("利妥昔单抗",), "注射 rituximab": ("rituximab",), "one abcd two abcde": ("abcd", "abcde"), "abcdx": (), "": (),
    "of rituximab": ("rituximab",), "prednisones 5": ("prednisone",),
}  # fmt: skip


@pytest.mark.parametrize(("name", "held"), HELD.items())
def test_which_names_of_the_file_stand_in_another_one(name: str, held: tuple[str, ...]) -> None:
    assert CRITERIA.held_in(name) == held


@pytest.mark.parametrize(("word", "name", "means"), [
    ("biologics", "Rituximab", True), ("other biologics", "rituximab", True), ("Other CD20 antibodies", "ofatumumab", True),
    ("CD20 antibodies", "ofatumumab", True), ("CD20 antibody", "ofatumumab", False), ("biologics", "abcd", False), ("abcds", "ABCD", True),
])  # fmt: skip
def test_what_a_word_of_a_criterion_means(word: str, name: str, means: bool) -> None:
    assert CRITERIA.means(word, name) == means


def test_what_the_file_names() -> None:
    named = ["abcd", "Prednisone", "cleared", "relapse", "biologic", "other biologics", "单抗", "CD20 antibodies"]
    assert [name for name in [*named, "other abcd", "stable", "cd20"] if CRITERIA.knows(name)] == named
    assert [criterion.id for criterion in CRITERIA.of("p")] == ["A", "B", "C", "D"]
    assert CRITERIA.meanings("rituximab") == {"rituximab", "biologic", "cd20antibodie"}


def test_how_names_are_compared() -> None:
    names = ("Biologics", "s", "CD-20 s", "\uff21\uff22", "--", "班s")
    assert [plain_name(name) for name in names] == ["biologic", "s", "cd20", "ab", "--", "班s"]
    assert [without_other(name) for name in ("Other x", "others x", "x other")] == ["x", "others x", "x other"]
