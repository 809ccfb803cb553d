"""Levels of doses, and the doses that events take away, against the naive oracle."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from nmosd_dosing import plan
from tests.judges import oracle_doses as oracle
from tests.judges.oracle_doses import Amount, Levels, Person
from tests.kit import random_doses, studies

EVENTS = ("reduced", "rash", "escalated_again", "omitted", "skipped", "held", "paused", "resumed")


@st.composite
def levels(draw: st.DrawFn, first: Amount) -> Levels:
    """Amounts that grow smaller, of which some are not stated."""
    many = draw(st.integers(2, 4))
    made = [Amount(f"{float(first.mg) / (n + 1):.2f}", "mg", first.per) if n else first for n in range(many)]
    amounts = tuple((str(-n) if many < 4 else "abcd"[n], a if n == 0 or draw(st.integers(0, 5)) else None) for n, a in enumerate(made))
    return Levels(
        amounts,
        draw(st.integers(0, many - 1)),
        draw(st.sampled_from((("reduced",), ("reduced", "rash")))),
        draw(st.sampled_from(((), ("escalated_again",)))),
        draw(st.sampled_from(((), ("omitted",), ("omitted",), ("omitted", "skipped"), ("skipped",)))),
        draw(st.sampled_from((None, ("held", "resumed"), ("held", "resumed"), ("paused", "resumed")))),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[oracle.Study, Person, dt.date | None]:
    """Random doses whose rules have levels, and people to whom the events happen about the days of their doses."""
    study, person, until = draw(random_doses.cases())
    products = []
    for product in study.products:
        rules = {}
        for name, rule in product.rules.items():
            plain = rule if rule.amount is not None else replace(rule, amount=Amount("10", per="kg"), bands=(), surface=None)
            assert plain.amount is not None
            rules[name] = replace(plain, levels=draw(levels(plain.amount))) if draw(st.integers(0, 5)) else rule
        products.append(replace(product, rules=rules))
    study = replace(study, products=tuple(products))
    doses = [day.target for day in oracle.days_of(study, person, person.start + dt.timedelta(400))]
    near = st.builds(dt.date.__add__, st.sampled_from(doses or [person.start]), st.integers(-2, 7).map(dt.timedelta))
    happened = draw(st.sets(st.tuples(st.sampled_from(EVENTS), near.filter(lambda day: day >= person.start)), max_size=10))
    return study, replace(person, events=(*person.events, *sorted(happened, key=lambda pair: (pair[1], pair[0])))), until


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


@studies.examples(80)
@given(cases())
def test_levels_agree_with_the_oracle(case: tuple[oracle.Study, Person, dt.date | None]) -> None:
    study, person, until = case
    made = plan(random_doses.read(study), random_doses.subject(person), until=until)
    found = [
        (v.target, a.product, a.amount_status, a.level, a.times, a.amount, a.total, a.cumulative)
        for v in made.visits
        for a in v.administrations
    ]
    expected = [
        (r.target, r.product, r.status, r.level, r.times, *map(_float, (r.amount, r.total, r.cumulative)))
        for r in oracle.expand(study, person, until)
    ]
    found.sort(key=lambda row: row[:2])
    expected.sort(key=lambda row: row[:2])
    assert [row[:5] for row in found] == [row[:5] for row in expected]
    for mine, theirs in zip(found, expected, strict=True):
        assert [x is None for x in mine[5:]] == [x is None for x in theirs[5:]]
        assert [x or 0 for x in mine[5:]] == pytest.approx([x or 0 for x in theirs[5:]], rel=1e-9)
