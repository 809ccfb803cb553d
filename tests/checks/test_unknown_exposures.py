"""What somebody had under a name that the study file does not have: it is that drug, or is asked about, and never passed over."""

from __future__ import annotations

import datetime as dt

import pytest

from nmosd_dosing.checks.screening import Days, Screening, clocks_of, screen
from nmosd_dosing.language import catalog
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.subjects.had import Had, Past
from tests.kit.somebody import HEAD

DAY = dt.date(2024, 9, 1)


def found(*names: str) -> Screening:
    past = Past(tuple(Had(name, DAY, DAY) for name in names), told=True)
    study = catalog.load("bat4406f")
    return screen(clocks_of(study, None, past), Days(dt.date(2025, 1, 6), dt.date(2025, 1, 27)))


@pytest.mark.parametrize("name", ["rituximab 1000 mg", "1000 mg rituximab", "Rituximab (i.v.)", "RITUXIMAB, 2 x 1 g", "Ｒituximab 1g"])
def test_a_name_that_has_a_known_one_in_it_as_a_word_is_that_drug(name: str) -> None:
    made = found(name)
    assert made.earliest.day_1 == found("rituximab").earliest.day_1 == dt.date(2025, 3, 2)
    assert made.earliest.unknown == ()
    assert f"`{name}` is taken as rituximab" in next(answer for answer in made.answers if answer.id == "EC1").steps


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("MabThera", "`MabThera`"),
        ("rituximabe", "`rituximabe` (did you mean `rituximab`?)"),
        ("xrituximab1000mg", "`xrituximab1000mg` (did you mean `rituximab`?)"),
    ],
)
def test_what_no_criterion_knows_is_named_beside_the_earliest_day(name: str, said: str) -> None:
    made = found(name)
    assert made.earliest.unknown == (said,)
    assert next(answer for answer in made.answers if answer.id == "EC1").verdict == "person"


def test_several_names_in_one_are_all_of_them() -> None:
    made = found("rituximab and dexamethasone")
    assert made.earliest.unknown == ()
    assert "EC1" in made.earliest.held_by


@pytest.mark.parametrize(
    ("known", "name", "said"),
    [("abcd", "xxabcdxx", "`xxabcdxx`"), ("abcde", "xxabcdexx", "`xxabcdexx` (did you mean `abcde`?)")],
)
def test_a_name_of_five_letters_may_stand_inside_a_word(known: str, name: str, said: str) -> None:
    text = f"criteria: {{A: {{clock: no {known} within 4 weeks before D1}}}}\nproducts: {{X: {{}}}}\n"
    study, _ = read_study_text(f"{HEAD}{text}periods: {{a: {{visits: [{{at: D1, give: X 1 mg}}]}}}}\n")
    past = Past((Had(name, DAY, DAY),), told=True)
    assert screen(clocks_of(study, None, past), Days(None, dt.date(2025, 1, 27))).earliest.unknown == (said,)
