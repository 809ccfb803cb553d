"""The program against a second, naive expander, and one subject against a cohort."""

from __future__ import annotations

import datetime as dt
import random
from contextlib import suppress
from fractions import Fraction
from typing import Any

import numpy as np
import oracle
import pytest
import studies
from hypothesis import currently_in_test_context, given, note
from hypothesis import strategies as st
from oracle import Day, Dose, Entry, Every, Length, On, Person

from nmosd_dosing import Cohort, InputError, Plan, RegimenError, Schedule, Study, Subject, Window, expand, plan
from nmosd_dosing.language import catalog
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.plan import PlannedVisit
from nmosd_dosing.plans.planning import to_plan

Case = tuple[oracle.Study, oracle.Period, Person, dt.date | None, bool]
LAST_DAY = dt.date.max.toordinal()

VISIT = ("label", "name", "target", "last", "earliest", "latest", "study_day", "period_day", "week", "assessments")
DOSE = ("product", "amount", "unit", "dose_rule", "amount_status", "minutes", "cumulative", "cumulative_per_kg")


@st.composite
def cases(draw: st.DrawFn, starts: st.SearchStrategy[dt.date] = studies.starts) -> Case:
    study = draw(studies.studies())
    period = draw(st.sampled_from(study.periods))
    unblind = draw(st.booleans())
    arm = draw(st.sampled_from(period.arms if masks(period) and unblind else (None, *period.arms)))
    person = Person(draw(starts), arm, draw(studies.weights))
    return study, period, person, draw(st.none() | untils(person.start)), unblind


def untils(start: dt.date) -> st.SearchStrategy[dt.date]:
    days = st.sampled_from((0, 28, 181, 729, 730, 731)) | st.integers(-100, 1500)
    return days.map(lambda n: dt.date.fromordinal(min(LAST_DAY, max(1, start.toordinal() + n))))


def read(study: oracle.Study) -> Study:
    text = studies.text_of(study)
    if currently_in_test_context():
        note(text)
    return read_study_text(text)[0]


def masks(period: oracle.Period) -> bool:
    return any(e.give and (period.blinded if e.blinded is None else e.blinded) for e in period.entries)


def subject(person: Person) -> Subject:
    return Subject(person.start, arm=person.arm, weight_kg=None if person.grams is None else person.grams / 1000)


def fields(visits: Any) -> list[tuple[Any, ...]]:
    """All fields of the visits of a plan, the program's or the oracle's; fractions as the nearest float.

    By date; where two visits fall on one date nobody has said which is first, so there by label.
    """

    def plain(value: Any) -> Any:
        return float(value) if isinstance(value, Fraction) else value

    found = [
        (*(getattr(v, name) for name in VISIT), tuple(tuple(plain(getattr(a, name)) for name in DOSE) for a in v.administrations))
        for v in visits
    ]
    return sorted(found, key=lambda v: (v[2] is None, v[2] or dt.date.min, v[0]))


def assert_same(made: Plan, naive: oracle.Plan) -> None:
    dates = [v.target for v in made.visits]
    assert dates == sorted(dates, key=lambda d: (d is None, d or dt.date.min))
    assert fields(made.visits) == fields(naive.visits)
    assert [(s.id, s.start, s.end) for s in made.spans] == list(naive.spans)
    assert made.periods[0].end == naive.end


# --- the program and the oracle -----------------------------------------------------------------------------------------


@studies.examples(150)
@given(cases(), st.none() | st.sampled_from(studies.WINDOWS))
def test_the_program_and_the_oracle_agree_in_every_field(case: Case, window: oracle.Window | None) -> None:
    study, period, person, until, unblind = case
    asked = Window(window.before, window.after) if window else None
    made = plan(read(study), subject(person), period=period.id, until=until, window=asked, unblind=unblind)
    assert_same(made, oracle.expand(study, period, person, until, unblind, window))
    assert made.unblinded == (unblind and masks(period))


@studies.examples(80)
@given(cases(studies.edge_starts))
def test_at_the_ends_of_the_calendar_a_plan_is_right_or_refused(case: Case) -> None:
    study, period, person, until, unblind = case
    naive = None
    with suppress(oracle.OutOfCalendar):
        naive = oracle.expand(study, period, person, until, unblind)
    try:
        made = plan(read(study), subject(person), period=period.id, until=until, unblind=unblind)
    except InputError:
        assert naive is None or reaches_out_of_the_calendar(study, period, person.start, until)
        return
    assert naive is not None
    assert_same(made, naive)


def reaches_out_of_the_calendar(study: oracle.Study, period: oracle.Period, start: dt.date, until: dt.date | None) -> bool:
    """Whether some visit of some arm, after `until` too, lies there or not a month away: then a plan may be refused."""
    for end in (until, None):
        for days in (-31, 0, 31):
            try:
                oracle.expand(study, period, Person(dt.date.fromordinal(start.toordinal() + days)), end)
            except (oracle.OutOfCalendar, ValueError, OverflowError):
                return True
    return False


@studies.examples(60)
@given(studies.studies("period"), studies.starts)
def test_unblinding_needs_the_arm(study: oracle.Study, start: dt.date) -> None:
    made = read(study)
    for period in study.periods:
        if masks(period):
            with pytest.raises(InputError, match="to unblind, the arm must be known"):
                plan(made, start.isoformat(), period=period.id, unblind=True)


# What random studies, or a reader of the code, have found: the smallest form of each.

START = dt.date(2025, 1, 6)
X_500_MG, X_1_G, X_PER_KG = (Dose("X", "stated", "500", "mg"),), (Dose("X", "stated", "1", "g"),), (Dose("X", "stated", "0.3", "g", True),)
X_FOR_60_MIN, PLACEBO = (Dose("X", "stated", "500", "mg", minutes=60),), (Dose("X", "placebo"),)


def on(number: int, plus: int = 0) -> tuple[On]:
    return (On(Day("D", number, plus=plus)),)


def study_of(*entries: Entry, arms: tuple[str, ...] = ("a", "b")) -> oracle.Study:
    return oracle.Study(1, {"X": None}, (oracle.Period("p", entries, arms),))


FOUND = {
    "until takes no amount from a day that is not stated": (
        study_of(Entry(None, {None: X_500_MG}, name="N")),
        Person(START),
        dt.date(2025, 6, 1),
    ),
    "nothing for one arm takes no amount from another on a day that is not stated": (
        study_of(Entry(None, {"a": X_500_MG, "b": ()}, name="N")),
        Person(START, "a"),
        None,
    ),
    "a visit of one arm on a day that is not stated is not planned for another": (
        study_of(Entry(None, {None: X_500_MG}, name="N", arms=("a",))),
        Person(START, "b"),
        None,
    ),
    "the placebo of one arm leaves the dose of another its unit": (
        study_of(
            Entry(on(29), {None: X_500_MG}),
            Entry(on(1), {None: PLACEBO}, arms=("a",)),
            Entry(on(1), {None: X_1_G}, arms=("b",)),
        ),
        Person(START, "b"),
        None,
    ),
    "an infusion takes the time of the subject's own arm": (
        study_of(Entry(on(1), {"a": X_FOR_60_MIN, "b": PLACEBO})),
        Person(START, "a"),
        None,
    ),
    "an examination on the same day draws no open repeat further than 24 months": (
        study_of(Entry((*on(1), Every(Length(731, "days"))), {None: X_500_MG}), Entry(on(732), {}, ("MRI",))),
        Person(START),
        None,
    ),
    "a dose on the same day draws no examination further than 24 months": (
        study_of(Entry((*on(1), Every(Length(731, "days"))), {}, ("MRI",)), Entry(on(732), {None: X_500_MG}, ("EDSS",))),
        Person(START),
        None,
    ),
    "an open repeat reaches its 731st day where 24 months have so many": (
        study_of(Entry((*on(1), Every(Length(731, "days"))), {None: X_500_MG})),
        Person(dt.date(2023, 3, 1)),
        None,
    ),
    "a total per kg is the nearest number": (
        study_of(Entry((*on(1), Every(Length(28, "days"), times=2)), {None: X_PER_KG})),
        Person(START, grams=24_994),
        None,
    ),
    "the way to a day in the calendar may leave it": (
        study_of(Entry(on(-28, 24), {None: X_500_MG})),
        Person(dt.date(1, 1, 1)),
        None,
    ),
}


@pytest.mark.parametrize(("study", "person", "until"), FOUND.values(), ids=FOUND)
def test_what_was_found_once(study: oracle.Study, person: Person, until: dt.date | None) -> None:
    made = plan(read(study), subject(person), until=until)
    assert_same(made, oracle.expand(study, study.periods[0], person, until))


def test_two_entries_of_one_visit_cannot_dose_in_two_units() -> None:
    study = study_of(Entry(on(1), {None: X_500_MG}, arms=("a",)), Entry(on(1), {None: X_1_G}, arms=("b",)), arms=("a", "b"))
    with pytest.raises(RegimenError, match="X is dosed in"):
        read(study)


def test_a_range_that_can_end_before_it_begins_is_refused() -> None:
    with pytest.raises(RegimenError, match="ends"):
        read(study_of(Entry((On(Day("D", 31), Day("D", 1, plus=1)),), {}, ("MRI",))))


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
        numbers = (schedule.amount[k], schedule.cumulative[k], [schedule.cumulative_per_kg(k, column) for column in range(len(schedule))])
        plain = [[None if x != x else float(x) for x in values] for values in numbers]
        rows[row.visit].append((row.give.product, schedule.status[k].tolist(), schedule.given_at(k).tolist(), *plain))
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
    for j in range(0, 1000, 100):
        in_cohort = to_plan(schedule, j, subject(persons[j]))
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
