"""The program against a second, naive expander, and one subject against a cohort."""

from __future__ import annotations

import datetime as dt
import random
from fractions import Fraction

import numpy as np
import oracle
import pytest
import studies
from hypothesis import given, note
from hypothesis import strategies as st

from nmosd_dosing import Cohort, InputError, Plan, Schedule, Study, Subject, Window, expand, plan
from nmosd_dosing import expand as expand_room
from nmosd_dosing.dsl import read_study_text
from nmosd_dosing.model import PlannedVisit
from nmosd_dosing.plans import to_plan

Case = tuple[oracle.Study, oracle.Period, oracle.Person, dt.date | None, bool]


@st.composite
def cases(draw: st.DrawFn, starts: st.SearchStrategy[dt.date] = studies.starts) -> Case:
    study = draw(studies.studies())
    period = draw(st.sampled_from(study.periods))
    arm = draw(st.sampled_from((None, *period.arms)))
    person = oracle.Person(draw(starts), arm, draw(studies.weights))
    days = draw(st.none() | st.sampled_from((0, 28, 181, 729, 730, 731)) | st.integers(-100, 1500))
    until = None if days is None or not 1 <= person.start.toordinal() + days <= 3_652_059 else person.start + dt.timedelta(days)
    return study, period, person, until, draw(st.booleans())


def read(study: oracle.Study) -> Study:
    text = studies.text_of(study)
    note(text)
    return read_study_text(text)[0]


def masks(period: oracle.Period) -> bool:
    return any(e.give and (period.blinded if e.blinded is None else e.blinded) for e in period.entries)


def subject(person: oracle.Person) -> Subject:
    return Subject(person.start, arm=person.arm, weight_kg=None if person.grams is None else person.grams / 1000)


def number(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def by_date(visits: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Visits of one date in the order of their labels: which of them is first, nobody has said."""
    return sorted(visits, key=lambda v: (v[2] is None, str(v[2]), str(v[0])))


def expected(made: oracle.Plan) -> list[tuple[object, ...]]:
    return [
        (
            *(v.label, v.name, v.target, v.last, v.earliest, v.latest, v.study_day, v.period_day, v.week, v.assessments),
            tuple(
                (a.product, number(a.amount), a.unit, a.dose_rule, a.amount_status, a.minutes, number(a.cumulative))
                + (number(a.cumulative_per_kg),)
                for a in v.administrations
            ),
        )
        for v in made.visits
    ]


def fields(visits: tuple[PlannedVisit, ...]) -> list[tuple[object, ...]]:
    return [
        (
            *(v.label, v.name, v.target, v.last, v.earliest, v.latest, v.study_day, v.period_day, v.week, v.assessments),
            tuple(
                (a.product, a.amount, a.unit, a.dose_rule, a.amount_status, a.minutes, a.cumulative, a.cumulative_per_kg)
                for a in v.administrations
            ),
        )
        for v in visits
    ]


def assert_same(made: Plan, naive: oracle.Plan) -> None:
    dates = [v.target for v in made.visits]
    assert dates == sorted(dates, key=lambda d: (d is None, d or dt.date.min))
    assert by_date(fields(made.visits)) == by_date(expected(naive))
    assert [(s.id, s.start, s.end) for s in made.spans] == list(naive.spans)
    assert made.periods[0].end == naive.end


# --- the program and the oracle -----------------------------------------------------------------------------------------


@studies.examples(250)
@given(cases(), st.none() | st.sampled_from(studies.WINDOWS))
def test_the_program_and_the_oracle_agree_in_every_field(case: Case, window: oracle.Window | None) -> None:
    study, period, person, until, unblind = case
    asked = Window(window.before, window.after) if window else None
    if unblind and masks(period) and person.arm is None:
        with pytest.raises(InputError, match="arm"):
            plan(read(study), subject(person), period=period.id, until=until, unblind=True)
        return
    made = plan(read(study), subject(person), period=period.id, until=until, window=asked, unblind=unblind)
    assert_same(made, oracle.expand(study, period, person, until, unblind, window))
    assert made.unblinded == (unblind and masks(period))
