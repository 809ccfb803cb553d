"""Laws of doses: what holds for every rule and everybody."""

from __future__ import annotations

import datetime as dt
import math
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, note
from hypothesis import strategies as st
from msgspec.structs import replace

from nmosd_dosing import Cohort, Plan, Schedule, Study, Subject, expand, plan, to_csv, to_json
from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.planning import plan_of
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.subjects.subject import Event, Exposure, Weight
from tests.judges import oracle_doses as oracle
from tests.judges.oracle_doses import Amount, Entry, Give, Person, Product, Range, Rule
from tests.kit import random_doses, studies

Per = Literal["", "kg", "m2"]
Rounding = Literal["up", "down", "half even"]
START = dt.date(2025, 1, 6)
HEAD = "language: 1\nstudy: s\ntitle: t\nsource: not stated\ndays: from 1\n"


# --- totals -------------------------------------------------------------------------------------------------------------


@studies.examples(80)
@given(random_doses.cases())
def test_totals_are_the_sums_of_their_parts(case: tuple[oracle.Study, Person, dt.date | None]) -> None:
    study, person, until = case
    sums: dict[str, Fraction] = {}
    for visit in plan(random_doses.read(study), random_doses.subject(person), until=until).visits:
        for a in visit.administrations:
            assert (a.total is None) == (a.amount is None) == (a.amount_status not in ("stated", "capped"))
            if a.amount is not None and a.total is not None:
                assert a.total == pytest.approx(a.amount * a.times, rel=1e-12, abs=0)
                days = 1 if visit.last is None or visit.target is None else (visit.last - visit.target).days + 1
                assert a.times % days == 0
            # Each total is the nearest number to an exact one: what is added up here is that exact one, to a millionth.
            sums[a.product] = sums.get(a.product, Fraction(0)) + Fraction(round((a.total or 0) * 1_000_000), 1_000_000)
            if a.cumulative is not None:
                assert a.cumulative == pytest.approx(float(sums[a.product]), rel=1e-9, abs=1e-3)


def amounts(rule: Rule, persons: Cohort, *vials: Amount) -> Any:
    product = Product("X", {"r": rule}, vials)
    study = oracle.Study(1, (product,), (Entry(((1, None),), (Give("X", "r"),)),))
    return np.array(expand(random_doses.read(study), persons).amount[0])


# --- heavier never gets less --------------------------------------------------------------------------------------------


@st.composite
def growing(draw: st.DrawFn) -> tuple[Rule, tuple[Amount, ...]]:
    """A rule by which nobody heavier should get less: one amount, or bands whose amounts grow."""
    at = sorted(draw(st.sets(st.integers(30_000, 150_000), max_size=3)))
    edges: list[tuple[int | None, bool]] = [(None, True), *((edge, draw(st.booleans())) for edge in at), (None, True)]
    per: Per = draw(st.sampled_from(("", "kg", "m2"))) if at else draw(st.sampled_from(("kg", "m2")))
    numbers = sorted(draw(st.lists(st.integers(1, 4000), min_size=len(at) + 1, max_size=len(at) + 1)))
    parts = [Amount(f"{n / (1 if per == '' else 8):g}", per=per) for n in numbers]
    banded = tuple(
        (Range(low, low_in, high, not high_in), part) for (low, low_in), (high, high_in), part in zip(edges, edges[1:], parts, strict=False)
    )
    how: Rounding | None = draw(st.sampled_from((None, "up", "down", "half even")))
    step = draw(st.sampled_from((Amount("0.1"), Amount("5"), Amount("50")))) if how else None
    vials = (Amount("120"), Amount("400"))
    if how in ("up", "down") and draw(st.booleans()):
        step = None
    most = None
    if draw(st.booleans()) and per:
        most = Amount(f"{120 * draw(st.integers(1, 12))}" if step is None else f"{float(step.mg * 20 * draw(st.integers(1, 200))):g}")
    surface: Literal["Du Bois"] | None = draw(st.sampled_from((None, "Du Bois"))) if per == "m2" else None
    if at:
        return Rule(None, banded, most, how, step, surface), vials
    return Rule(parts[0], (), most, how, step, surface), vials


@studies.examples(120)
@given(growing(), st.lists(st.integers(3_000, 300_000), min_size=2, max_size=30), st.integers(600, 2_300))
def test_the_heavier_never_get_less(drawn: tuple[Rule, tuple[Amount, ...]], grams: list[int], mm: int) -> None:
    rule, vials = drawn
    kg = sorted({g + d for g in grams for d in (-1, 0, 1)})
    found = amounts(rule, Cohort.of([START.isoformat()] * len(kg), np.array(kg) / 1000, height_cm=mm / 10), *vials)
    found = np.where(np.isnan(found), 0, found)  # rounded down to nothing
    assert (np.diff(found) >= 0).all()
    if rule.at_most is not None:
        assert found.max() <= float(rule.at_most.mg)


@studies.examples(60)
@given(growing(), st.lists(st.integers(300, 2_500), min_size=2, max_size=20), st.integers(20_000, 200_000))
def test_the_taller_never_get_less_by_surface(drawn: tuple[Rule, tuple[Amount, ...]], heights: list[int], grams: int) -> None:
    rule, vials = drawn
    mm = sorted(set(heights))
    found = amounts(rule, Cohort.of([START.isoformat()] * len(mm), grams / 1000, height_cm=np.array(mm) / 10), *vials)
    assert (np.diff(np.where(np.isnan(found), 0, found)) >= 0).all()


# --- exact --------------------------------------------------------------------------------------------------------------


@studies.examples(100)
@given(st.integers(1, 500_000), st.sampled_from(("10", "0.1", "0.3", "7.7", "1.25", "12.34", "2", "0.001")))
def test_an_amount_per_kg_is_the_nearest_number_to_the_exact_one(grams: int, number: str) -> None:
    (found,) = amounts(Rule(Amount(number, per="kg")), Cohort.of([START.isoformat()], grams / 1000))
    assert found == float(Fraction(number) * Fraction(grams, 1000))


def test_10_mg_per_kg_at_102_5_kg_is_1025_mg() -> None:
    assert amounts(Rule(Amount("10", per="kg")), Cohort.of([START.isoformat()], 102.5)).tolist() == [1025.0]


@studies.examples(200)
@given(st.integers(1_000, 500_000), st.integers(300, 2_720), st.sampled_from(("375", "1", "0.75", "12")))
def test_a_surface_is_exact_to_the_square_centimetre(grams: int, mm: int, number: str) -> None:
    people = Cohort.of([START.isoformat()], grams / 1000, height_cm=mm / 10)
    formulas: tuple[Literal["Mosteller", "Du Bois"], ...] = ("Mosteller", "Du Bois")
    for formula in formulas:
        (found,) = amounts(Rule(Amount(number, per="m2"), surface=formula), people)
        assert found == float(Fraction(number) * Fraction(oracle.surface_cm2(formula, grams, mm), 10_000))


@studies.examples(150)
@given(st.integers(1, 500_000), st.sampled_from(("50", "0.1", "0.5", "7")), st.sampled_from(("up", "down", "half even")))
def test_rounding_is_exact_at_ties(steps: int, step: str, how: Rounding) -> None:
    """Weights at which 1 mg/kg is a whole or half number of steps, and a gram beyond."""
    at = int(Fraction(step) * steps * 500) % 400_000 + 1_000
    for grams in (at - 1, at, at + 1):
        rule = Rule(Amount("1", per="kg"), rounding=how, step=Amount(step))
        (found,) = amounts(rule, Cohort.of([START.isoformat()], grams / 1000))
        wanted = oracle.rounded(rule, Product("X"), Fraction(grams, 1000))
        assert (0 if math.isnan(found) else found) == float(wanted)


# --- vials --------------------------------------------------------------------------------------------------------------


@studies.examples(60)
@given(random_doses.cases(), st.sampled_from(random_doses.VIALS), st.sampled_from(("least waste", "fewest vials")))
def test_vials_change_no_amount_and_hold_at_least_the_dose(
    case: tuple[oracle.Study, Person, dt.date | None], sizes: tuple[str, ...], policy: Policy
) -> None:
    study, person, until = case
    with_vials, without = [], []
    for p in study.products:
        rules = {n: replace(r, rounding=None, at_most=None) if r.rounding and r.step is None else r for n, r in p.rules.items()}
        without.append(replace(p, rules=rules, vials=()))
        with_vials.append(replace(p, rules=rules, vials=tuple(Amount(size) for size in sizes)))
    bare, full = (
        plan(random_doses.read(replace(study, products=tuple(made))), random_doses.subject(person), until=until, policy=policy)
        for made in (without, with_vials)
    )
    assert random_doses.rows_of(bare) == random_doses.rows_of(full)
    assert all(a.vials is None for v in bare.visits for a in v.administrations)
    for a in (a for v in full.visits for a in v.administrations):
        if a.amount is None:
            assert a.vials is None and a.waste is None
        elif a.vials is not None:
            held = sum(float(text.split()[0]) * count for text, count in a.vials)
            assert a.total is not None and a.dispensed is not None and a.waste is not None
            assert a.dispensed == pytest.approx(held)
            assert a.dispensed >= a.total
            assert a.waste == pytest.approx(a.dispensed - a.total, abs=1e-6)
            assert a.waste < max(float(s) for s in sizes) * a.times


# --- one subject and many -----------------------------------------------------------------------------------------------


def tables(schedule: Schedule, subjects: list[Subject], begin: int = 0) -> list[Plan]:
    return [plan_of(subject) for subject in by_subject(schedule, "least waste")]


def told(made: Plan) -> Plan:
    """All of it but totals per kg and the notes on weights and lifetime caps: see `test_the_weights_of_others_change_nothing`."""
    visits = tuple(replace(v, administrations=tuple(replace(a, cumulative_per_kg=None) for a in v.administrations)) for v in made.visits)
    return replace(made, visits=visits, notes=tuple(n for n in made.notes if n.code not in ("weight", "lifetime")))


together = random_doses.all_studies().flatmap(lambda s: st.tuples(st.just(s), st.lists(random_doses.people(s), min_size=1, max_size=7)))


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")  # see `test_vials_of_a_course_that_only_some_have`
@studies.examples(25)
@given(together, st.integers(1, 4))
def test_a_subject_alone_is_the_same_as_in_a_table_and_in_a_slice(drawn: tuple[oracle.Study, list[Person]], size: int) -> None:
    study, persons = drawn
    made, subjects = random_doses.read(study), [random_doses.subject(p) for p in persons]
    note(repr(persons))
    cohort = Cohort.of_subjects(subjects, ())
    table = tables(expand(made, cohort), subjects)
    sliced = [p for i, part in enumerate(cohort.slices(size)) for p in tables(expand(made, part), subjects, i * size)]
    assert [told(p) for p in sliced] == [told(p) for p in table]
    assert [told(plan(made, subject)) for subject in subjects] == [told(p) for p in table]


VISITS = {
    "a dose that is not known": "[{at: D1, give: X 10 mg/kg}, {at: D2, give: X not stated}, {at: D3, give: X 10 mg/kg}]",
    "the nearest number": "[{at: 'D1, then every 7 days, 3 more times', give: X 0.3 mg/kg}]",
}


RELAPSES = "[{at: D1, give: X 5 mg}, {at: relapse to relapse + 2 days, give: X 10 mg twice daily}]"
RELAPSE = Event("relapse", START + dt.timedelta(30))


def test_vials_of_a_course_that_only_some_have() -> None:
    study, _ = read_study_text(f"{HEAD}products: {{X: {{vials: [120 mg]}}}}\nperiods: {{p: {{visits: {RELAPSES}}}}}\n")
    subjects = [Subject(START, events=(Event("treatment_stopped", START),)), Subject(START, events=(RELAPSE,))]
    found = tables(expand(study, Cohort.of_subjects(subjects, ())), subjects)
    vials = [[a.vials for v in made.visits for a in v.administrations] for made in found]
    assert vials == [[(("120 mg", 1),)], [(("120 mg", 1),), (("120 mg", 6),)]]


def test_the_doses_of_others_make_no_note() -> None:
    visits = "[{at: D1, assess: MRI}, {at: relapse, give: X 10 mg}]"
    study, _ = read_study_text(f"{HEAD}products: {{X: {{lifetime at most: 1000 mg}}}}\nperiods: {{p: {{visits: {visits}}}}}\n")
    one, other = Subject(START), Subject(START, events=(RELAPSE,))
    assert tables(expand(study, Cohort.of_subjects([one, other], ())), [one, other])[0] == plan(study, one)


@pytest.mark.parametrize("visits", VISITS.values(), ids=VISITS)
def test_the_weights_of_others_change_nothing(visits: str) -> None:
    study, _ = read_study_text(f"{HEAD}products: {{X: {{}}}}\nperiods: {{p: {{visits: {visits}}}}}\n")
    one, other = Subject(START, weight_kg=24.994), Subject(START, weight_kg=60, weights=(Weight(START + dt.timedelta(1), 70),))
    assert tables(expand(study, Cohort.of_subjects([one, other], ())), [one, other])[0] == plan(study, one)


@studies.examples(40)
@given(random_doses.cases(), st.randoms(use_true_random=False))
def test_the_order_of_weights_does_not_matter(case: tuple[oracle.Study, Person, dt.date | None], chance: Any) -> None:
    study, person, until = case
    made, subject = random_doses.read(study), random_doses.subject(person)
    weights, events, earlier = list(subject.weights), list(subject.events), list(subject.earlier)
    for items in (weights, events, earlier):
        chance.shuffle(items)
    shuffled = replace(subject, weights=tuple(weights), events=tuple(events), earlier=tuple(earlier))
    assert to_json(plan(made, shuffled, until=until)) == to_json(plan(made, subject, until=until))


# --- blinding -----------------------------------------------------------------------------------------------------------


def blinded_text(products: list[str], give: str, placebo: str, at: str) -> str:
    head = f"{HEAD}arms: [a, b]\nproducts:\n" + "".join(f"{line}\n" for line in products)
    return f"{head}periods:\n  p:\n    blinded: true\n    visits:\n      - {at}\n        give: {{a: {give}, b: {placebo}}}\n"


def outputs(study: Study, subject: Subject) -> list[str]:
    policies: tuple[Policy, ...] = ("least waste", "fewest vials")
    return [write(plan(study, subject, policy=policy)) for policy in policies for write in (to_json, to_csv)]


AT = ("at: D1, then every 4 weeks, 5 more times", "at: D1, D8\n        cycle: every 21 days, 4 cycles")


@st.composite
def blinded(draw: st.DrawFn) -> tuple[str, Subject]:
    product = draw(random_doses.products("X"))
    what = draw(st.sampled_from(tuple(product.rules)) | random_doses.amounts.map(str))
    course = draw(st.booleans())
    at = "at: D1 to D5" if course else draw(st.sampled_from(AT))
    often = " twice daily" if course else draw(st.sampled_from(("", " twice daily", " over 60 min")))
    text = blinded_text(list(oracle._product_lines(product)), f"X {what}{often}", f"X placebo{often}", at)
    edges = sorted(random_doses.edges_of(oracle.Study(1, (product,), ()), 60_000))
    grams = draw(st.none() | st.sampled_from(edges) | st.integers(20_000, 200_000))
    mm = draw(st.none() | st.integers(500, 2_500))
    on = draw(st.sets(st.integers(1, 100), max_size=3))
    weights = tuple(Weight(START + dt.timedelta(n), draw(st.integers(20_000, 200_000)) / 1000) for n in on)
    cap = product.lifetime
    earlier = (Exposure("X", draw(st.sampled_from((cap.mg, cap.mg / 2))), "mg", cap.per),) if cap and draw(st.booleans()) else ()
    kg, cm = None if grams is None else grams / 1000, None if mm is None else mm / 10
    return text, Subject(START, "S-1", None, kg, height_cm=cm, weights=weights, earlier=earlier)


@studies.examples(100)
@given(blinded())
def test_masked_outputs_do_not_depend_on_the_arm(drawn: tuple[str, Subject]) -> None:
    text, subject = drawn
    note(text)
    note(repr(subject))
    study, _ = read_study_text(text)
    a, b, unknown = (outputs(study, replace(subject, arm=arm)) for arm in ("a", "b", None))
    assert a == b == unknown


CONCENTRATED = """\
  X:
    vials: {sizes: [120 mg, 400 mg], concentration: 20 mg/mL}
    doses:
      r: {amount: 10 mg/kg, round: up to 50 mg, at most: 1000 mg}"""


@studies.examples(40)
@given(st.integers(20_000, 200_000) | st.none(), st.sampled_from(("a", "b", None)))
def test_masked_volumes_and_vials_are_those_of_the_active_dose(grams: int | None, arm: str | None) -> None:
    study, _ = read_study_text(blinded_text([CONCENTRATED], "X r", "X placebo", "at: D1, D15"))
    subject = Subject(START, arm=arm, weight_kg=None if grams is None else grams / 1000)
    masked = [a for v in plan(study, subject).visits for a in v.administrations]
    active = [a for v in plan(study, replace(subject, arm="a"), unblind=True).visits for a in v.administrations]
    assert [(a.vials, a.volume_ml) for a in masked] == [(a.vials, a.volume_ml) for a in active]
    assert {(a.amount, a.total, a.cumulative, a.dispensed, a.waste, a.amount_status) for a in masked} == {(None,) * 5 + ("masked",)}
