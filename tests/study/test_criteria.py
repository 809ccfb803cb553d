"""What is asked of a name that no criterion knows."""

from __future__ import annotations

import pytest

from nmosd_dosing.language.study_file import read_study_text
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
