"""The program against a second, naive expander: every field of every visit, to the ends of the calendar."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nmosd_dosing import InputError, RegimenError, Window, plan
from tests.judges import oracle
from tests.judges.oracle import Day, Dose, Entry, Every, Length, On, Person
from tests.kit import studies
from tests.kit.blinded import shown_alike
from tests.kit.random_plans import Case, assert_same, cases, masks, read, subject


@studies.examples(150)
@given(cases(), st.none() | st.sampled_from(studies.WINDOWS))
def test_the_program_and_the_oracle_agree_in_every_field(case: Case, window: oracle.Window | None) -> None:
    study, period, person, until, unblind = case
    mine = read(study)
    assume(unblind or not shown_alike(mine))  # what all arms get alike is asked in tests/study/test_blinding.py
    asked = Window(window.before, window.after) if window else None
    made = plan(mine, subject(person), period=period.id, until=until, window=asked, unblind=unblind)
    assert_same(made, oracle.expand(study, period, person, until, unblind, window))
    assert made.unblinded == (unblind and masks(period))


@studies.examples(80)
@given(cases(studies.edge_starts))
def test_at_the_ends_of_the_calendar_a_plan_is_right_or_refused(case: Case) -> None:
    study, period, person, until, unblind = case
    mine = read(study)
    assume(unblind or not shown_alike(mine))
    naive = None
    with suppress(oracle.OutOfCalendar):
        naive = oracle.expand(study, period, person, until, unblind)
    try:
        made = plan(mine, subject(person), period=period.id, until=until, unblind=unblind)
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
    "an open repeat is drawn on where its 24 months end the day after the calendar": (
        study_of(Entry((*on(1), Every(Length(28, "days"))), {None: X_500_MG})),
        Person(dt.date(9998, 1, 1)),
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
