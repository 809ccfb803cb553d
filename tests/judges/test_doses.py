"""The program against a second, naive reckoning of doses: random rules, people at the edges of the rules, and all days of courses."""

from __future__ import annotations

import datetime as dt
import re
from fractions import Fraction
from typing import Any, Literal

import pytest
from hypothesis import given, note
from msgspec.structs import replace

from nmosd_dosing import plan
from tests.judges import oracle_doses as oracle
from tests.judges.oracle_doses import Amount, Entry, Give, Person, Product, Rule
from tests.kit import studies
from tests.kit.random_doses import cases, found, read, rows_of, subject

PER_KG = 9  # where it stands in a row


def expected(rows: list[oracle.Row]) -> list[tuple[Any, ...]]:
    def number(value: Fraction | None) -> float | None:
        return None if value is None else float(value)

    made = []
    for r in rows:
        grams, of = r.weight or (None, None)
        status = None if grams is None else "baseline" if of is None else "measured" if of == r.target else "carried forward"
        made.append(
            (
                r.target, r.label, r.last, r.product, number(r.amount), r.status, r.times, number(r.total), number(r.cumulative),
                number(r.cumulative_per_kg), None if grams is None else grams / 1000, of, status,
            )
        )  # fmt: skip
    return sorted(made, key=lambda row: (row[0], row[1], row[3]))


def agree(study: oracle.Study, person: Person, until: dt.date | None = None) -> None:
    made, naive = rows_of(plan(read(study), subject(person), until=until)), expected(oracle.expand(study, person, until))
    # What a day of two cycles is called is asked in tests/study/test_visits.py: here it is known by its dates.
    made = [
        (day, wanted if re.match(r"C\d", wanted) else label, *rest)
        for (day, label, *rest), (_, wanted, *_) in zip(made, naive, strict=True)
    ]
    assert [row[:PER_KG] + row[PER_KG + 1 :] for row in made] == [row[:PER_KG] + row[PER_KG + 1 :] for row in naive]
    # By several weights a total per kg is a sum of quotients, each the nearest number; by one weight it is the nearest number itself.
    rounding = 1e-12 if person.weighed else 0
    wanted = [None if row[PER_KG] is None else pytest.approx(row[PER_KG], rel=rounding, abs=0) for row in naive]
    assert [row[PER_KG] for row in made] == wanted


@studies.examples(300)
@given(cases())
def test_the_program_and_the_oracle_agree_in_every_field(case: tuple[oracle.Study, Person, dt.date | None]) -> None:
    study, person, until = case
    note(repr(person))
    agree(study, person, until)


# What random studies have found: the smallest form of each.

START = dt.date(2025, 1, 6)
OF_60_KG = Person(START, 60_000, 1700)


def study_of(product: Product, *gives: Amount | str, courses: bool = False) -> oracle.Study:
    """One dose a day, from D1 on."""
    made = (
        Entry(((10 * i + 1, 10 * i + 3 if courses else None),), (Give("X", what, 2 if courses else None),)) for i, what in enumerate(gives)
    )
    return oracle.Study(1, (product,), tuple(made))


CAPPED = Product("X", lifetime=Amount("140", per="m2"))
DU_BOIS = Product("X", {"db": Rule(Amount("50", per="m2"), surface="Du Bois")}, lifetime=Amount("100", per="m2"))
FOUND = [
    found(
        study_of(DU_BOIS, "db", "db", "db"),
        Person(START, 40_000, 1900),
        None,
        "twice 50 mg/m2 by Du Bois is 100 mg/m2 of a lifetime",
    ),
    found(
        study_of(replace(CAPPED, lifetime=Amount("1400")), "not stated", Amount("2400")),
        OF_60_KG,
        None,
        "a dose that passes the cap by itself is refused whatever was given before",
    ),
    found(
        study_of(CAPPED, "placebo", Amount("12", per="m2")),
        replace(OF_60_KG, earlier=(("X", Amount("150", per="m2")),)),
        None,
        "a placebo passes no lifetime cap",
    ),
    found(study_of(CAPPED, *[Amount("12", per="m2")] * 12), OF_60_KG, None, "eleven doses of 12 mg/m2 fit under 140 mg/m2"),
    found(study_of(Product("X"), Amount("7.7", per="kg"), Amount("0.3", per="kg"), courses=True), OF_60_KG, None, "courses twice daily"),
]


@pytest.mark.parametrize(("study", "person"), FOUND)
def test_what_was_found_once(study: oracle.Study, person: Person) -> None:
    agree(study, person)


@pytest.mark.parametrize(("cap", "person"), [("m2", replace(OF_60_KG, mm=None)), ("kg", replace(OF_60_KG, grams=None))])
def test_a_cap_that_cannot_be_held_says_so(cap: Literal["m2", "kg"], person: Person) -> None:
    study = study_of(Product("X", lifetime=Amount("14", per=cap)), Amount("2400"))
    made = plan(read(study), subject(person))
    assert [row[4] for row in rows_of(made)] == [2400]
    assert any("height" in n.message or "weight" in n.message for n in made.notes if n.code == "lifetime")


def test_a_total_per_kg_is_not_known_after_a_dose_that_is_not_known() -> None:
    study = study_of(Product("X"), "not stated", Amount("10", per="kg"))
    made = plan(read(study), subject(replace(OF_60_KG, weighed=((START + dt.timedelta(5), 66_000),))))
    assert [row[PER_KG - 1 : PER_KG + 1] for row in rows_of(made)] == [(None, None), (None, None)]
