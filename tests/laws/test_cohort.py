"""One subject is the same alone, in a cohort and in a slice of it, in any order; and `until` only takes visits away."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing import Cohort, InputError, Schedule, expand, plan
from nmosd_dosing.language import catalog
from nmosd_dosing.plans.plan import PlannedVisit
from nmosd_dosing.plans.planning import plan_of
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.schedule.doses.amounts import cumulative_per_kg
from tests.judges import oracle
from tests.judges.oracle import Person
from tests.kit import studies
from tests.kit.random_plans import Case, assert_same, cases, read, subject, untils

# --- one subject and many -----------------------------------------------------------------------------------------------


RECENT = st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1))


def people(seed: int, period: oracle.Period, n: int, arm_known: bool) -> list[Person]:
    chance = random.Random(seed)
    arms = period.arms if arm_known and period.arms else (None, *period.arms)
    first, last = dt.date(2020, 1, 1).toordinal(), dt.date(2030, 1, 1).toordinal()
    starts = [dt.date.fromordinal(chance.randint(first, last)) for _ in range(n)]
    odd = [day for day in studies.ODD_DAYS if 2015 <= day.year <= 2035]
    return [
        Person(
            chance.choice(odd) if chance.random() < 0.2 else start, chance.choice(arms), chance.choice((None, chance.randint(1, 500_000)))
        )
        for start in starts
    ]


def cohort_of(persons: list[Person], period: oracle.Period) -> Cohort:
    return Cohort.of(
        [p.start.isoformat() for p in persons],
        [np.nan if p.grams is None else p.grams / 1000 for p in persons],
        [-1 if p.arm is None else period.arms.index(p.arm) for p in persons],
    )


def columns(schedule: Schedule) -> list[list[Any]]:
    """For each subject, everything that is planned."""
    targets = schedule.target.astype(object)
    rows: list[list[tuple[Any, ...]]] = [[] for _ in schedule.visits]
    for k, row in enumerate(schedule.rows):
        numbers = (schedule.amount[k], schedule.cumulative[k], cumulative_per_kg(schedule)[k])
        plain = [[None if x != x else float(x) for x in values] for values in numbers]
        rows[row.visit].append((row.give.product, schedule.status[k].tolist(), schedule.in_plan(k).tolist(), *plain))
    found: list[list[Any]] = [[] for _ in range(len(schedule))]
    for i, visit in enumerate(schedule.visits):
        for j, missing in enumerate(schedule.not_planned(i).tolist()):
            if not missing:
                given = [(name, *(values[j] for values in (status, *plain))) for name, status, there, *plain in rows[i] if there[j]]
                found[j].append((visit.label, targets[i, j], *given))
    return found


@studies.examples(3)
@given(cases(RECENT), st.integers(0, 2**32))
def test_a_subject_alone_is_the_same_as_in_a_cohort_of_a_thousand(case: Case, seed: int) -> None:
    study, period, _, until, unblind = case
    made = read(study)
    persons = people(seed, period, 1000, arm_known=unblind)
    schedule = expand(made, cohort_of(persons, period), period=period.id, until=until, unblind=unblind)
    together = columns(schedule)
    for j, person in list(enumerate(persons))[:200]:
        alone = expand(made, cohort_of([person], period), period=period.id, until=until, unblind=unblind)
        assert columns(alone) == [together[j]]
    rows = list(by_subject(schedule, "least waste"))
    for j in range(0, 1000, 100):
        in_cohort = plan_of(rows[j])
        assert in_cohort == plan(made, subject(persons[j]), period=period.id, until=until, unblind=unblind)
        assert_same(in_cohort, oracle.expand(study, period, persons[j], until, unblind))


@studies.examples(20)
@given(cases(RECENT), st.integers(0, 2**32), st.integers(1, 40))
def test_neither_slices_nor_the_order_of_subjects_change_anything(case: Case, seed: int, size: int) -> None:
    study, period, _, until, unblind = case
    made = read(study)
    persons = people(seed, period, 40, arm_known=unblind)
    cohort = cohort_of(persons, period)
    together = columns(expand(made, cohort, period=period.id, until=until, unblind=unblind))
    sliced = [expand(made, part, period=period.id, until=until, unblind=unblind) for part in cohort.slices(size)]
    assert [column for part in sliced for column in columns(part)] == together
    order = random.Random(seed).sample(range(40), 40)
    shuffled = expand(made, cohort_of([persons[j] for j in order], period), period=period.id, until=until, unblind=unblind)
    assert columns(shuffled) == [together[j] for j in order]


@pytest.mark.parametrize("regimen", ["belimumab", "mil62-phase1b", "bat4406f-olp"])
def test_twenty_thousand_subjects_are_the_same_in_slices(regimen: str) -> None:
    study, (period,) = catalog.find_plan(regimen, None)
    chance = np.random.default_rng(1)
    n = 20_000
    starts = np.datetime64("2020-01-01") + chance.integers(0, 3000, n)
    grams = np.where(chance.random(n) < 0.1, np.nan, chance.integers(30_000, 150_000, n))
    cohort = Cohort.of(starts, grams / 1000, chance.integers(-1, len(period.arms), n))
    whole = expand(study, cohort, period=period.id)
    parts = [expand(study, part, period=period.id) for part in cohort.slices(3_001)]
    for name in ("target", "amount", "cumulative", "status"):
        joined = np.concatenate([np.array(getattr(part, name)) for part in parts], axis=1)
        assert np.array_equal(joined, np.array(getattr(whole, name)), equal_nan=name != "status"), name
    for name in ("first_dose", "last_dose"):
        assert np.array_equal(np.concatenate([getattr(part, name) for part in parts]), getattr(whole, name), equal_nan=True), name


def test_an_arm_that_the_period_does_not_have_gets_no_dose() -> None:
    study, (period,) = catalog.find_plan("mil62-phase1b", None)
    for arm in (-2, len(period.arms)):
        with pytest.raises(InputError, match="arm"):
            expand(study, Cohort.of("2025-01-06", 70, arm), period=period.id)


# --- until --------------------------------------------------------------------------------------------------------------


@studies.examples(60)
@given(cases(), st.data())
def test_until_only_takes_visits_away(case: Case, data: st.DataObject) -> None:
    study, period, person, _, unblind = case
    made = read(study)
    early, late = sorted((data.draw(untils(person.start)), data.draw(untils(person.start))))
    short, long = (plan(made, subject(person), period=period.id, until=day, unblind=unblind).visits for day in (early, late))
    assert dated(short) == dated(long, early)
    assert [v.id for v in short if v.target is None] == [v.id for v in long if v.target is None]
    if early <= oracle.moved(person.start, (0, 24)):
        assert dated(short) == dated(plan(made, subject(person), period=period.id, unblind=unblind).visits, early)


@studies.examples(60)
@given(cases(RECENT))
def test_the_plan_tells_how_many_visits_until_takes_away(case: Case) -> None:
    study, period, person, until, unblind = case
    made = read(study)
    if until is not None and not any(o.open_ended for e in period.entries for o in oracle.occurrences(e, study.first_day, 1)):
        short, long = (plan(made, subject(person), period=period.id, until=day, unblind=unblind) for day in (until, None))
        gone = len(long.visits) - len(short.visits)
        assert [n.message.split()[0] for n in short.notes if n.code == "until"] == ([str(gone)] if gone else [])


def dated(visits: tuple[PlannedVisit, ...], until: dt.date = dt.date.max) -> list[PlannedVisit]:
    """Those with a date, up to `until`. A day that is not stated comes last, so its total counts whatever is shown before it."""
    return [v for v in visits if v.target is not None and v.target <= until]
