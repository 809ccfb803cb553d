"""The rows of a cohort are those of each subject's plan where amounts are ranges, as needed, tapered, or by weights that are reckoned."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json

from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing import Event, Measurement, Study, Subject, load, plan
from nmosd_dosing.dose.dose import Sex
from nmosd_dosing.plans.request import Request
from nmosd_dosing.report.export.cohort import COHORT_COLUMNS, Form, header, rows
from nmosd_dosing.report.export.plan import to_csv, to_dict
from nmosd_dosing.subjects.cohort import Cohort
from tests.kit.paths import ROOT
from tests.kit.studies import examples

STUDY = load(str(ROOT / "examples" / "amounts.yaml"))
VALUES = load(str(ROOT / "examples" / "values.yaml"))
AGES = load(str(ROOT / "examples" / "ages.yaml"))
START = dt.date(2025, 1, 6)

people = st.tuples(
    st.one_of(st.none(), st.integers(30_000, 150_000).map(lambda g: g / 1000)),
    st.one_of(st.none(), st.integers(1400, 2000).map(lambda mm: mm / 10)),
    st.sampled_from(["M", "F", None]),
    st.integers(0, 21),
    st.booleans(),
)


@examples(20)
@given(st.lists(people, min_size=1, max_size=8), st.sampled_from(["csv", "json"]))
def test_the_rows_are_those_of_plans(bodies: list[tuple[float | None, float | None, Sex | None, int, bool]], form: Form) -> None:
    subjects = []
    for number, (kg, cm, sex, later, relapsed) in enumerate(bodies):
        day_1 = START + dt.timedelta(later)
        events = (Event("relapse", day_1 + dt.timedelta(60)),) if relapsed else ()
        subjects.append(Subject(day_1, f"S-{number}", weight_kg=kg, events=events, height_cm=cm, sex=sex))
    _alike(STUDY, subjects, form)


@examples(20)
@given(
    st.lists(st.tuples(st.sampled_from([None, 10.0, 20.5]), st.one_of(st.none(), st.integers(0, 13))), min_size=1, max_size=9),
    st.sampled_from(["csv", "json"]),
)
def test_the_rows_are_those_of_plans_where_doses_are_by_age(bodies: list[tuple[float | None, int | None]], form: Form) -> None:
    _alike(AGES, [Subject(START, f"S-{i}", weight_kg=kg, age=years) for i, (kg, years) in enumerate(bodies)], form)


measured = st.lists(st.tuples(st.integers(-9, 60), st.sampled_from([14.9, 15, 29.9, 30, 75])), max_size=3, unique_by=lambda m: m[0])


@examples(20)
@given(
    st.lists(st.tuples(st.integers(0, 2), measured), min_size=1, max_size=9),
    st.sampled_from(["csv", "json"]),
)
def test_the_rows_are_those_of_plans_where_doses_are_by_a_value(people: list[tuple[int, list[tuple[int, float]]]], form: Form) -> None:
    subjects = []
    for number, (later, told) in enumerate(people):
        day_1 = START + dt.timedelta(later)
        values = tuple(Measurement("eGFR", START + dt.timedelta(after), value) for after, value in told)
        subjects.append(Subject(day_1, f"S-{number}", measurements=values))
    _alike(VALUES, subjects, form)


def _alike(study: Study, subjects: list[Subject], form: Form) -> None:
    cohort = Cohort.of_subjects(subjects, ())
    texts = [text for some in rows(Request(study, None, columns=cohort), form) for text in some]
    for subject, text in zip(subjects, texts, strict=True):
        made = plan(study, subject)
        if form == "csv":
            expected = [{**row, "site": ""} for row in csv.DictReader(io.StringIO(to_csv(made)))]
            assert list(csv.DictReader(io.StringIO(header("csv") + text))) == [{c: row[c] for c in COHORT_COLUMNS} for row in expected]
        else:
            told = [json.loads(line)["administrations"] for line in text.splitlines()]
            assert told == [visit["administrations"] for visit in to_dict(made)["visits"]]
