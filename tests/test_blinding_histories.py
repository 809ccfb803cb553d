"""The law of blinding over what happens: whatever is recorded of a subject, every arm gives the same bytes, also where something is
wrong. A record says what its own arm got: the drug and its amount, or the placebo."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

import oracle
import pytest
import studies
from hypothesis import given
from hypothesis import strategies as st
from test_blinding import calendar, hiding

from nmosd_dosing import Study, Subject, Window, expand, to_csv, to_json
from nmosd_dosing.checks.due import due
from nmosd_dosing.checks.findings import check
from nmosd_dosing.cli.edge import text_of
from nmosd_dosing.dose.dose import Vials
from nmosd_dosing.errors import DosingError
from nmosd_dosing.language import catalog
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.pharmacy.worklist import order, prepare
from nmosd_dosing.plans.planning import to_plan
from nmosd_dosing.report.export.findings import due_to_csv, findings_to_csv, findings_to_dict
from nmosd_dosing.report.export.pharmacy import order_to_csv, worklist_to_csv, worklist_to_dict
from nmosd_dosing.report.pages.findings import due_page, findings_page
from nmosd_dosing.report.pages.pharmacy import order_page, worklist_page
from nmosd_dosing.report.pages.plan import explain_page, plan_page
from nmosd_dosing.study.model import Give, Period
from nmosd_dosing.study.sequence import arms_of, way
from nmosd_dosing.subjects.cohort import of_subjects
from nmosd_dosing.subjects.subject import Entered, Event, Record, RecordStatus

DAY = dt.timedelta(1)
START = dt.date(2025, 1, 6)
STATUSES: tuple[RecordStatus, ...] = ("done", "done", "done", "partial", "missed", "withheld")
EVENTS = ("relapse", "relapse", "relapse_confirmed", "relapse_rejected", "stable", "rcp_completed", "escalated", "declined")
VIALS = Vials((Fraction(120), Fraction(400)), ("120 mg", "400 mg"), "mg", Fraction(80))
EXITS = ("treatment_stopped", "withdrawn", "lost", "died")


@dataclass(frozen=True)
class History:
    """What happened to somebody; `records` by arm, as the site of a subject of that arm writes them."""

    start: dt.date
    events: tuple[Event, ...]
    entered: tuple[Entered, ...]
    records: tuple[Callable[[str], tuple[Record, ...]], ...]
    of_study: dict[str, dt.date]

    def subject(self, arm: str, known: bool) -> Subject:
        records = tuple(record for written in self.records for record in written(arm))
        return Subject(self.start, "S-001", arm if known else None, 70.5, self.events, self.entered, records)


def near(chance: random.Random, start: dt.date) -> dt.date:
    edges = (0, 1, 181, 182, 363, 364, 365, 378, 379, 392)
    return start + (chance.choice(edges) if chance.random() < 0.5 else chance.randint(0, 800)) * DAY


def history(chance: random.Random, study: Study, periods: tuple[Period, ...], start: dt.date) -> History:
    arms = arms_of(periods)
    events = [Event(chance.choice(EVENTS), near(chance, start)) for _ in range(chance.choice((0, 1, 3, 5)))]
    events += [Event(chance.choice(EXITS), near(chance, start))] if chance.random() < 0.2 else []
    entered = [Entered(p.id, near(chance, start)) for p in periods[1:] if chance.random() < 0.5]
    plain = expand(study, of_subjects([Subject(start)], arms), period=None if len(periods) > 1 else periods[0].id)
    records = []
    for i, visit in enumerate(plain.visits):
        target = plain.target[i, 0].item()
        if target is not None and chance.random() < 0.5:
            date = target + chance.choice((0, 0, 0, -1, 1, 3, -3, 40)) * DAY
            for _ in range(chance.choice((1, 1, 1, 1, 1, 2))):
                records.append(written(chance, plain.period(i).id, visit.label, date, visit.gives, arms))
    of_study = {"study_stop": near(chance, start)} if study.stop is not None and chance.random() < 0.3 else {}
    return History(start, tuple(events), tuple(entered), tuple(records), of_study)


def written(
    chance: random.Random, period: str, label: str, date: dt.date, gives: tuple[Give, ...], arms: tuple[str, ...]
) -> Callable[[str], tuple[Record, ...]]:
    """How a site writes a visit down: a row, or a row for each product. Of a masked dose, that of the subject's own arm."""
    status, how = chance.choice(STATUSES), chance.choice(("visit", "product", "amount"))
    reason, weight = chance.choice((None, "infection")), chance.choice((None, 71.0))

    def of(arm: str) -> tuple[Record, ...]:
        whole = Record(label, date, status, period, weight_kg=weight, reason=reason)
        if how == "visit" or not gives:
            return (whole,)
        found = []
        for give in gives:
            masked = give.mask is not None
            number = Decimal(arms.index(arm) * 250) if masked else Decimal(100)
            amount = number if how == "amount" and status in ("done", "partial") else None
            batch = f"{arm}-17" if masked else "B-1"
            unit = "mg" if amount is not None else None
            found.append(replace(whole, product=give.product, amount=amount, unit=unit, batch=batch))
        return tuple(found)

    return of


# --- what comes out -----------------------------------------------------------------------------------------------------


def outputs(study: Study, periods: tuple[Period, ...], subject: Subject, of_study: dict[str, dt.date], window: Window | None) -> list[str]:
    """All that can be written of somebody, as it stands and as it is refused; every product comes in vials."""
    study = replace(study, products=tuple(replace(product, vials=VIALS) for product in study.products))
    period = None if len(periods) > 1 else periods[0].id
    cohort = of_subjects([subject], arms_of(periods), of_study)
    try:
        expand(study, cohort, period=period, window=window)
        texts = ["nothing is refused"]
    except DosingError as error:
        texts = [str(error)]
    try:
        schedule = expand(study, cohort, period=period, window=window, allow_deviation=True, accept_gap=True)
    except DosingError as error:  # what cannot be, such as two first days of one period
        return [*texts, str(error)]
    for as_of in (subject.start + 200 * DAY, subject.start + 900 * DAY):
        made = to_plan(schedule, 0, subject, window, cancelled=True, as_of=as_of)
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
        texts += [to_json(made), to_csv(made), calendar(made), *map(text_of, pages)]
        texts += [json.dumps(findings_to_dict(findings), ensure_ascii=False), findings_to_csv(findings), due_to_csv(items)]
        texts += [json.dumps(worklist_to_dict(worklist, "least waste")), worklist_to_csv(worklist), order_to_csv(worklist, lines)]
    return texts


def assert_alike(study: Study, periods: tuple[Period, ...], what: History, window: Window | None) -> None:
    arms = arms_of(periods)
    first = outputs(study, periods, what.subject(arms[0], known=True), what.of_study, window)
    for arm in arms:
        for known in (True, False):
            for mine, other in zip(outputs(study, periods, what.subject(arm, known), what.of_study, window), first, strict=True):
                assert mine == other, arm


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
        seen["refused"] += outputs(study, periods, a, what.of_study, None)[0] != "nothing is refused"
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
