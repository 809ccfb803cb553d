"""The law of blinding over what happens: whatever is recorded of a subject, every arm gives the same bytes, also where something is wrong.

A record says what its own arm got: the drug and its amount, or the placebo.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from nmosd_dosing import Study, Subject, Window, expand, to_csv, to_json
from nmosd_dosing.checks.board import board
from nmosd_dosing.checks.due import due
from nmosd_dosing.checks.findings import check
from nmosd_dosing.cli.edge import text_of
from nmosd_dosing.dose.dose import Vials
from nmosd_dosing.errors import DosingError
from nmosd_dosing.language import catalog
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.pharmacy.worklist import order, prepare
from nmosd_dosing.plans.handout import handout
from nmosd_dosing.plans.planning import plan_of
from nmosd_dosing.plans.workdays import open_days
from nmosd_dosing.report.export.findings import due_sheet, findings_sheet, findings_to_dict
from nmosd_dosing.report.export.pharmacy import order_sheet, worklist_sheet, worklist_to_dict
from nmosd_dosing.report.export.plain import csv_text
from nmosd_dosing.report.html.board import board_page
from nmosd_dosing.report.html.handout import handout_page
from nmosd_dosing.report.pages.board import board_page as month_page
from nmosd_dosing.report.pages.findings import due_page, findings_page
from nmosd_dosing.report.pages.pharmacy import order_page, worklist_page
from nmosd_dosing.report.pages.plan import explain_page, plan_page
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.study.model import Period
from nmosd_dosing.study.period_order import arms_of, way
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.history import booked_by
from nmosd_dosing.subjects.subject import Record, RecordStatus
from tests.judges import oracle
from tests.kit import studies
from tests.kit.blinded import calendar, hiding
from tests.kit.dates import day_1
from tests.kit.random_histories import DAY, History, history

START = dt.date(2025, 1, 6)
NOT_REFUSED = "nothing is refused"
VIALS = Vials((Fraction(120), Fraction(400)), ("120 mg", "400 mg"), "mg", Fraction(80))


def outputs(study: Study, periods: tuple[Period, ...], subject: Subject, of_study: dict[str, dt.date], window: Window | None) -> list[str]:
    """All that can be written of somebody, as it stands and as it is refused; every product comes in vials."""
    study = replace(study, products=tuple(replace(product, vials=VIALS) for product in study.products))
    period = None if len(periods) > 1 else periods[0].id
    cohort = Cohort.of_subjects([subject], arms_of(periods), of_study)
    texts = [refusal(study, cohort, period, window)]
    try:
        schedule = expand(study, cohort, period=period, window=window, allow_deviation=True, accept_gap=True)
    except DosingError as error:  # what cannot be, such as two first days of one period
        return [*texts, str(error)]
    for as_of in (day_1(subject) + 200 * DAY, day_1(subject) + 900 * DAY):
        made = plan_of(next(by_subject(schedule, "least waste")), window, cancelled=True, as_of=as_of)
        findings = check(schedule, as_of)
        items = due(findings, as_of, 30)
        worklist = prepare(study, [made], as_of, as_of + 200 * DAY)
        lines = order(worklist, Fraction(1, 10), 14)
        pages = [
            plan_page(made),
            explain_page(made, made.transitions, made.visits, "p"),
            findings_page(study, as_of, findings, Counter(f.verdict for f in findings), several=False),
            due_page(study, as_of, 30, items, several=False),
            worklist_page(worklist, "least waste"),
            order_page(worklist, lines, Fraction(1, 10), 14, "least waste"),
        ]
        shown = board(study, [made], items, as_of, 30, as_of, open_days(None))
        texts += [to_json(made), to_csv(made), calendar(made), *map(text_of, pages), board_page(shown), text_of(month_page(shown))]
        texts += [
            json.dumps(findings_to_dict(findings), ensure_ascii=False),
            csv_text(findings_sheet(findings)),
            csv_text(due_sheet(items)),
        ]
        texts += [
            json.dumps(worklist_to_dict(worklist, "least waste")),
            *map(csv_text, (worklist_sheet(worklist), order_sheet(worklist, lines))),
        ]
    as_of = day_1(subject) + 200 * DAY  # when what comes later is booked
    booked = Cohort.of_subjects(booked_by([subject], as_of), arms_of(periods), of_study)
    schedule = expand(study, booked, period=period, window=window, allow_deviation=True, accept_gap=True)
    made, findings = plan_of(next(by_subject(schedule, "least waste")), window, cancelled=True, as_of=as_of), check(schedule, as_of)
    texts += [to_json(made), to_csv(made), calendar(made), text_of(explain_page(made, made.transitions, made.visits, "p"))]
    items = due(findings, as_of, 300)
    texts += [csv_text(findings_sheet(findings)), csv_text(due_sheet(items))]
    texts.append(board_page(board(study, [made], items, as_of, 300, as_of + 30 * DAY, open_days(None))))
    handed = handout(made, as_of, with_code=True)
    texts += [handout_page(handed, "zh"), *handed.left_out]
    return texts


def refusal(study: Study, cohort: Cohort, period: str | None = None, window: Window | None = None) -> str:
    """Why somebody's schedule is refused."""
    try:
        expand(study, cohort, period=period, window=window)
    except DosingError as error:
        return str(error)
    return NOT_REFUSED


def assert_alike(study: Study, periods: tuple[Period, ...], what: History, window: Window | None) -> None:
    arms = arms_of(periods)
    unlike = dict.fromkeys(what.subject(arm, known) for arm in arms for known in (True, False))
    first, *others = (outputs(study, periods, subject, what.of_study, window) for subject in unlike)
    for subject, other in zip([*unlike][1:], others, strict=True):
        for mine, its in zip(other, first, strict=True):
            assert mine == its, subject.arm


seeds = st.integers(0, 2**32)
windows = st.sampled_from((None, Window(3, 3)))
SHIPPED = {
    id: (study, periods)
    for id in ("bat4406f", "bat4406f-rcp", "mil62", "mil62-rcp", "mil62-olp")
    for study, periods in [catalog.find_plan(id, None)]
}


@pytest.mark.parametrize(("study", "periods"), SHIPPED.values(), ids=SHIPPED)
def test_every_history_of_a_shipped_study_looks_the_same_in_every_arm(study: Study, periods: tuple[Period, ...]) -> None:
    @studies.examples(12)
    @given(seeds, windows)
    def law(seed: int, window: Window | None) -> None:
        assert_alike(study, periods, history(random.Random(seed), study, periods, START), window)

    law()


TRANSITIONS = """\
transitions:
  - {id: relapse, from: FROM, to: TO, after: relapse, within: 28 days, needs: [relapse_confirmed]}
  - {id: stop, from: FROM, to: TO, after: study stop, within: 14 days}
  - {id: completed, from: FROM, to: TO, after: end of FROM, within: 14 days}
study stop: {earliest of: [idmc_stop]}
"""


def joined(drawn: oracle.Study) -> tuple[Study, tuple[Period, ...]]:
    """A random study whose periods follow each other."""
    if len(drawn.periods) == 1:
        study = hiding(drawn)
        return study, study.periods
    text = studies.text_of(drawn) + TRANSITIONS.replace("FROM", drawn.periods[0].id).replace("TO", drawn.periods[1].id)
    study = read_study_text(text)[0]
    return study, way(study)


@studies.examples(30)
@given(studies.studies("period") | studies.studies("visits"), seeds, windows)
def test_every_history_of_a_random_study_looks_the_same_in_every_arm(drawn: oracle.Study, seed: int, window: Window | None) -> None:
    study, periods = joined(drawn)
    if any(p.masks for p in periods):
        assert_alike(study, periods, history(random.Random(seed), study, periods, START), window)


@pytest.mark.parametrize("status", ["done", "partial"])
@pytest.mark.parametrize("label", ["D1", "D182"])
def test_a_record_that_names_the_placebo_looks_like_one_that_names_the_drug(label: str, status: RecordStatus) -> None:
    study, periods = SHIPPED["bat4406f"]
    day = {"D1": START, "D182": START + 181 * DAY}[label]
    drug = Record(label, day, status, "rcp", "BAT4406F", Decimal(500), "mg", batch="A-17")
    others = [
        replace(drug, amount=Decimal(0), batch="P-3"),
        replace(drug, amount=None, unit=None, batch=None),
        replace(drug, product="placebo", amount=None, unit=None),
        replace(drug, product="BAT4406F placebo", amount=Decimal(0)),
        replace(drug, product=None, amount=Decimal(20), unit="mL"),
    ]
    first = outputs(study, periods, Subject(START, "S-001", "bat4406f", records=(drug,)), {}, None)
    for other in others:
        assert outputs(study, periods, Subject(START, "S-001", "placebo", records=(other,)), {}, None) == first


def test_the_law_sees_records_that_differ() -> None:
    study, periods = SHIPPED["mil62"]
    seen = Counter[str]()
    for seed in range(40):
        what = history(random.Random(seed), study, periods, START)
        a, b = (what.subject(arm, known=True) for arm in arms_of(periods))
        seen["differ"] += a.records != b.records
        seen["refused"] += refusal(study, Cohort.of_subjects([a], arms_of(periods), what.of_study)) != NOT_REFUSED
    assert seen["differ"] > 20
    assert 5 < seen["refused"] < 40


TWO_PRODUCTS = """\
language: 1
study: s
title: t
source: not stated
days: from 1
products: {X: {}, Y: {}}
arms: [active, placebo]
periods:
  p:
    blinded: true
    visits:
      - {at: D1, give: {active: [X 500 mg, Y 5 mg], placebo: [X placebo, Y placebo]}}
"""


def test_two_rows_of_placebo_look_like_a_row_for_each_of_two_drugs() -> None:
    study, _ = read_study_text(TWO_PRODUCTS)
    rows = {"active": ("X", "Y"), "placebo": ("placebo", "placebo")}
    first, second = (
        outputs(study, study.periods, Subject(START, "S-001", arm, records=tuple(Record("D1", START, product=p) for p in names)), {}, None)
        for arm, names in rows.items()
    )
    assert first == second


def test_one_row_for_a_masked_visit_looks_like_a_row_for_each_product() -> None:
    study, _ = read_study_text(TWO_PRODUCTS)
    rows: dict[str, tuple[str | None, ...]] = {"active": ("X", "Y"), "placebo": (None,)}
    first, second = (
        outputs(study, study.periods, Subject(START, "S-001", arm, records=tuple(Record("D1", START, product=p) for p in names)), {}, None)
        for arm, names in rows.items()
    )
    assert first == second
