"""The rows of a cohort are the rows of each subject's plan: whatever is known of whom, whoever else is in the table."""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import json
import random
from fractions import Fraction
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from msgspec.structs import replace

from nmosd_dosing import Subject, Window, load
from nmosd_dosing.dose.dose import Vials
from nmosd_dosing.errors import InputError
from nmosd_dosing.language import catalog
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.planning import plan
from nmosd_dosing.plans.request import Request
from nmosd_dosing.report.export.cohort import COHORT_COLUMNS, FIRST_COLUMNS, Form, header, rows
from nmosd_dosing.report.export.plain import cell
from nmosd_dosing.report.export.plan import COLUMNS, to_csv, to_dict
from nmosd_dosing.schedule.excluded import sort_out, stop_counted
from nmosd_dosing.study.model import Study
from nmosd_dosing.study.period_order import arms_of, way
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.history import booked_by
from nmosd_dosing.subjects.subject import Event, Record, Weight
from tests.judges import oracle_doses as doses
from tests.kit import histories, studies
from tests.kit.dates import day_1
from tests.kit.dispositions import drawn
from tests.kit.dispositions import read as read_disposition
from tests.kit.random_doses import all_studies, people
from tests.kit.random_doses import read as read_doses
from tests.kit.random_doses import subject as dosed
from tests.kit.random_histories import history
from tests.kit.worked import HEAD
from tests.kit.worked import visits as worked_visits

SITES = ("S1", None, '=cmd "x", 50%', "北京")
ODD = ("", '%s, "x"')
NOT_OF_PLAN = ("study", "subjects", "of_study", "columns", "at_least")
VIALS = Vials((Fraction(120), Fraction(400)), ("120 mg", "400 mg"), "mg", Fraction(80))


def table_of(wanted: Request, cohort: Cohort, form: Form, size: int) -> list[str]:
    return [text for texts in rows(structs.replace(wanted, columns=cohort), form, size) for text in texts]


def by_day(made: dict[str, Any]) -> list[dict[str, Any]]:
    """The visits of a plan, with those that are not planned among them; their day ends their id."""
    days = [(visit["target"] or visit["actual"] or visit["booked"], visit) for visit in made["visits"]]
    days += [(visit["id"].split()[-1], visit) for visit in made["unscheduled"]]
    return [visit for _, visit in sorted(days, key=lambda pair: (pair[0] is None, pair[0] or ""))]


def expand(wanted: Request, study: Study, cohort: Cohort) -> object:
    return structs.replace(wanted, study=study, columns=cohort).schedule()


def agree(wanted: Request, subjects: list[Subject], of_study: dict[str, dt.date], size: int) -> int:
    """The rows of the cohort are those of the plans; how many were compared."""
    periods = way(wanted.study) if wanted.period is None else (next(p for p in wanted.study.periods if p.id == wanted.period),)
    arms, n = arms_of(periods), 0
    subjects = list(booked_by(subjects, wanted.as_of)) if wanted.as_of is not None else subjects
    cohort = stop_counted(wanted.study, wanted.period, Cohort.of_subjects(subjects, arms, of_study))
    asked = {name: getattr(wanted, name) for name in wanted.__struct_fields__ if name not in NOT_OF_PLAN}
    sites = [SITES[i % len(SITES)] for i in range(len(subjects))]
    cohort = structs.replace(cohort, sites=tuple(sites))
    csvs = table_of(wanted, cohort, "csv", size)
    lines = table_of(wanted, cohort, "json", size)
    for subject, site, as_csv, as_lines in zip(subjects, sites, csvs, lines, strict=True):
        made = plan(wanted.study, subject, of_study=cohort.of_study, **asked)
        expected = list(csv.DictReader(io.StringIO(to_csv(made))))
        got = list(csv.DictReader(io.StringIO(header("csv") + as_csv)))
        assert got == [{name: {**row, "site": cell(site)}[name] for name in COHORT_COLUMNS} for row in expected]
        whole = to_dict(made)
        first = {name: {**whole, "site": site}[name] for name in FIRST_COLUMNS}
        visits = [{name: value for name, value in visit.items() if name != "dose_steps"} for visit in by_day(whole)]  # as long as a page
        assert [json.loads(line) for line in as_lines.splitlines()] == [{**first, **visit} for visit in visits]
        n += len(got)
    return n


def moved(subject: Subject, days: int) -> Subject:
    """The same subject so many days later, with all that happened to him, but for records: his days may be the same from day 1."""
    later = dt.timedelta(days)
    events = tuple(replace(event, date=event.date + later) for event in subject.events)
    entered = tuple(replace(entry, date=entry.date + later) for entry in subject.entered)
    code = f"{subject.code}+{days}"
    return replace(subject, start=day_1(subject) + later, events=events, entered=entered, records=(), weights=(), earlier=(), code=code)


def test_the_columns_are_those_of_a_plan() -> None:
    assert set(COHORT_COLUMNS) - {"site"} == set(COLUMNS)
    assert FIRST_COLUMNS == ("unblinded", "subject", "site", "arm", "start", "planned_start", "regimen", "study", "weight_kg")


def possible(wanted: Request, subjects: list[Subject], of_study: dict[str, dt.date]) -> list[Subject]:
    """Those whom nothing refuses: exactly those whom the core takes alone, with the stop counted over them."""
    cohort = Cohort.of_subjects(subjects, arms_of(way(wanted.study)), of_study)
    taken, refusals = sort_out(partial(expand, wanted), wanted.study, None, cohort)
    found = [subjects[i] for i in refusals.others(len(subjects)).tolist()]
    assert taken.codes == tuple(s.code for s in found)
    assert not any(refused(wanted, subject, dict(taken.of_study)) for subject in found)
    naive = one_by_one(wanted, subjects, of_study)
    assert naive is None or naive == (found, taken.of_study)
    return found


def one_by_one(wanted: Request, subjects: list[Subject], of_study: dict[str, dt.date]) -> tuple[list[Subject], object] | None:
    """The same, subject by subject; None where the stop and those who are counted go round in a circle."""

    def stop(some: list[Subject]) -> dict[str, dt.date]:
        return dict(stop_counted(wanted.study, None, Cohort.of_subjects(some, arms_of(way(wanted.study)), of_study)).of_study)

    def contradicts(subject: Subject) -> bool:
        try:
            stop([subject])
        except InputError:
            return True
        return False

    possible = good = [subject for subject in subjects if not contradicts(subject)]
    before = None
    for _ in range(20):
        now = stop(good)
        if now == before:
            return good, now
        before, good = now, [subject for subject in possible if not refused(wanted, subject, now)]
    return None


def refused(wanted: Request, subject: Subject, of_study: dict[str, dt.date]) -> bool:
    try:
        expand(wanted, wanted.study, Cohort.of_subjects([subject], arms_of(way(wanted.study)), of_study))
    except InputError:
        return True
    return False


@st.composite
def cohorts_by_doses(draw: st.DrawFn) -> tuple[doses.Study, list[Subject]]:
    """Subjects of one study: some like others but for weight and height, some with weights, events and exposures of their own."""
    study = draw(all_studies())
    persons = draw(st.lists(people(study), min_size=1, max_size=3))
    found = []
    for person in persons:
        found.append(dosed(person))
        for _ in range(draw(st.integers(0, 2))):
            other = draw(people(study))
            found.append(replace(found[-1], weight_kg=dosed(other).weight_kg, height_cm=dosed(other).height_cm))
            if day_1(found[-1]).year < 9998:
                found.append(moved(found[-1], draw(st.sampled_from((7, 28, 35, 364)))))
    order = draw(st.permutations(range(len(found))))
    return study, [replace(found[i], code=f"{i:03}{ODD[i % 2]}") for i in order]


@studies.examples(35)
@given(cohorts_by_doses(), st.sampled_from(("least waste", "fewest vials")), st.integers(1, 9), st.integers(-1, 500))
def test_doses_by_weight_surface_and_caps(
    case: tuple[doses.Study, list[Subject]], policy: str, size: int, until: int
) -> None:  # fmt: skip
    study, subjects = case
    starts = [day_1(s) for s in subjects]
    near = (max(starts) - min(starts)).days < 2000  # open repeats of whoever is centuries earlier would be too many
    day = max(starts) + dt.timedelta(until) if until >= 0 and near and max(starts).year < 9990 else None
    agree(Request(read_doses(study), until=day, policy="fewest vials" if policy == "fewest vials" else "least waste"), subjects, {}, size)


@studies.examples(35)
@given(st.integers(0, 2**32), st.booleans(), st.booleans(), st.integers(1, 7))
def test_ways_through_periods(seed: int, deviations: bool, cancelled: bool, size: int) -> None:
    study, persons, of_study = drawn(random.Random(seed), 6)
    chance = random.Random(seed + 1)
    subjects = [histories.subject(person, f"S{i:02}") for i, person in enumerate(persons)]
    subjects += [replace(s, code=f"{s.code}b", weight_kg=chance.choice((50.0, 61.25))) for s in subjects if chance.random() < 0.5]
    subjects += [moved(s, chance.choice((1, 7, 14, 28, 35, 364))) for s in subjects[:4]]
    wanted = Request(read_disposition(study), allow_deviation=deviations, accept_gap=deviations, cancelled=cancelled)
    subjects = possible(wanted, subjects, of_study)
    if subjects:
        agree(wanted, subjects, of_study, size)


@pytest.mark.parametrize("regimen", [s.id for s in catalog.shipped()])
@pytest.mark.parametrize("seed", range(16))
def test_shipped_regimens_with_records_arms_and_vials(regimen: str, seed: int) -> None:
    chance, study = random.Random(f"{regimen}{seed}"), load(regimen)
    if seed % 2:
        study = replace(study, products=tuple(replace(p, vials=VIALS) for p in study.products))
    periods, arms = way(study), arms_of(way(study))
    unblind = bool(arms) and seed % 3 == 0
    start = dt.date(2025, 1, 6)
    subjects = []
    for i in range(6):
        its = history(chance, study, periods, start + dt.timedelta(chance.choice((0, 0, 1, 60, 300))))
        arm = chance.choice(arms) if arms else ""
        known = bool(arms) and (unblind or chance.random() < 0.5)
        made = replace(its.subject(arm or "none", known), code=f"S-{i}", weight_kg=chance.choice((None, 50.0, 70.5, 102.517)))
        made = made if chance.random() < 0.4 else replace(made, records=())
        made = made if chance.random() < 0.6 else replace(made, events=(), entered=())
        subjects.append(made)
    subjects += [moved(s, chance.choice((1, 7, 14, 28, 35, 364))) for s in subjects[:3]]
    window = Window(3, 3, "3d") if seed % 5 == 0 else None
    as_of = start + dt.timedelta(chance.randint(0, 600)) if seed % 4 == 0 else None
    wanted = Request(study, unblind=unblind, window=window, allow_deviation=True, accept_gap=True, cancelled=seed % 2 == 0, as_of=as_of)
    subjects = possible(wanted, subjects, {})
    assert not subjects or agree(wanted, subjects, {}, chance.randint(1, 7))


GAPS = """language: 1
study: gaps
title: A study whose gaps restart it
source: not stated
days: from 1
products: {X: {route: IV infusion, weight: latest}}
periods:
  main:
    length: 52 weeks
    visits:
      - {at: [D1, D15, D43, D71, D99], give: X 10 mg/kg}
      - {at: [D8, D50], assess: MRI}
    if gap:
      - {of: more than 60 days, then: restart}
"""


@pytest.mark.parametrize("size", [1, 2, 100])
def test_restarts_after_gaps(size: int) -> None:
    """A period that begins anew for one is not begun anew for those beside him."""
    study = read_study_text(GAPS)[0]
    start = dt.date(2025, 1, 6)
    subjects = [Subject(start, f"S{i}", weight_kg=60 + i) for i in range(4)]
    subjects[1] = replace(subjects[1], records=(Record("D1", start), Record("D15", start + dt.timedelta(100))))
    subjects[2] = replace(subjects[2], weights=(Weight(start + dt.timedelta(30), 77.5),), events=(Event("died", dt.date(2025, 4, 1)),))
    wanted = Request(study)
    assert agree(wanted, subjects, {}, size)
    assert "(restart)" in table_of(wanted, Cohort.of_subjects(subjects, ()), "csv", size)[1]


AFTER_EVENTS = """language: 1
study: after
title: after
source: not stated
days: from 1
products: {X: {route: IV infusion}}
periods:
  main:
    length: 52 weeks
    visits:
      - {at: [D1, relapse+5d], give: X 10 mg}
"""


@pytest.mark.parametrize(
    ("text", "name", "has_it"),
    [
        (GAPS, "D1 (restart)", {"records": (Record("D1", dt.date(2025, 1, 6)), Record("D15", dt.date(2025, 4, 16)))}),
        (AFTER_EVENTS, "relapse+5d (2)", {"events": (Event("relapse", dt.date(2025, 2, 1)), Event("relapse", dt.date(2025, 3, 1)))}),
    ],
    ids=["restart", "event"],
)
def test_the_name_of_a_visit_that_only_somebody_else_has_is_unknown(text: str, name: str, has_it: dict[str, Any]) -> None:
    """Beside others a record is as wrong as alone."""
    study, start = read_study_text(text)[0], dt.date(2025, 1, 6)
    wrong = Subject(start, "A", weight_kg=60, records=(Record(name, dt.date(2025, 5, 1)),))
    other = replace(Subject(start, "B", weight_kg=60), **has_it)
    for beside in ([], [other]):
        with pytest.raises(InputError) as refused:
            Request(study, columns=Cohort.of_subjects([wrong, *beside], ())).schedule()
        assert [(p.message, p.subject) for p in refused.value.problems] == [(f"unknown visit `{name}`", 0)]
    assert name in [visit.label for visit in Request(study, columns=Cohort.of_subjects([other], ())).schedule().visits]


def test_two_cycles_and_days_by_arm_have_the_doses_of_each_subject() -> None:
    lines = (
        "at: D1, cycle: 'every 7 days, 3 cycles', give: X 10 mg/kg", "at: D1, cycle: 'every 21 days, 3 cycles', give: Y 1 mg/kg",
        "at: D15, window: ±7d, arms: b, assess: MRI, name: Second", "at: not stated, name: Prep, give: X 1 mg/kg",
        "at: not stated, name: Prep, give: X 2 mg/kg",
    )  # fmt: skip
    text = HEAD + "arms: [a, b]\n" + worked_visits(*lines, period="    window: ±2d\n")
    study, _ = read_study_text(text)
    known = zip("ABCD", (60, 70, 80, 60), "abab", strict=True)
    people = [Subject(dt.date(2025, 1, 6), code=code, weight_kg=kg, arm=arm) for code, kg, arm in known]
    assert agree(Request(study), people, {}, 3) > 20


def test_the_order_and_the_size_of_slices_change_nothing() -> None:
    study, chance = load("belimumab"), random.Random(3)
    start = dt.date(2025, 1, 6)
    subjects = [Subject(start + dt.timedelta(chance.randint(0, 5)), f"S{i}", weight_kg=chance.randint(300, 1500) / 10) for i in range(60)]
    wanted = Request(study)
    whole = table_of(wanted, Cohort.of_subjects(subjects, ()), "csv", 1000)
    for size in (1, 7, 59):
        assert table_of(wanted, Cohort.of_subjects(subjects, ()), "csv", size) == whole
    shuffled = chance.sample(range(60), 60)
    assert table_of(wanted, Cohort.of_subjects([subjects[i] for i in shuffled], ()), "csv", 13) == [whole[i] for i in shuffled]


def test_what_is_remembered_of_those_who_are_alike_is_of_one_run() -> None:
    """Two runs with other options share nothing."""
    study, start = load("belimumab"), dt.date(2025, 1, 6)
    subjects = [Subject(start, f"S{i}", weight_kg=60.0) for i in range(3)]
    for until, cancelled in itertools.product((None, dt.date(2025, 3, 1)), (True, False)):
        assert agree(Request(study, until=until, cancelled=cancelled), subjects, {}, 2)
