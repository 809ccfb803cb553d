"""Each day's verdict is what `check` finds of the visit when an appointment for that day is written down; and no arm shows."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from nmosd_dosing import Study, Subject, Window
from nmosd_dosing.checks.finding import Finding
from nmosd_dosing.checks.findings import check
from nmosd_dosing.checks.slots import Slot, Slots, slots
from nmosd_dosing.errors import InputError, Problems
from nmosd_dosing.language import catalog
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.request import Request
from nmosd_dosing.plans.workdays import Workdays
from nmosd_dosing.study.period_order import arms_of
from nmosd_dosing.subjects.history import check as contradictions
from nmosd_dosing.subjects.history import known_by
from nmosd_dosing.subjects.subject import Entered, Record
from tests.judges import oracle
from tests.kit import studies
from tests.kit.blinded import hiding
from tests.kit.dates import START
from tests.kit.random_histories import DAY, history

REGIMENS = ("bat4406f", "mil62", "belimumab", "baffr-cart", "bat4406f-rcp", "mil62-phase1b")
GAPS = """\
language: 1
study: gaps
title: t
source: not stated
days: from 1
products: {X: {minimum gap: 21 days}, Y: {minimum gap: 5 days}}
periods:
  main:
    length: 24 weeks
    window: -4d/+6d
    if gap: [{product: X, of: more than 9 weeks, then: hold}]
    visits:
      - {at: 'D1, D29, D57, D85', give: X 500 mg, assess: MRI}
      - {at: 'D22, D50', assess: EDSS}
      - {at: 'D1, D8, then every 2 weeks until D92', give: Y 5 mg}
  next:
    length: 12 weeks
    window: ±2d
    visits: [{at: 'D1, D29', give: X 500 mg}]
transitions: [{id: through, from: main, to: next, after: end of main, within: 14 days}]
spans: {c: {title: C, from: first dose, to: last dose + 6 months}}
"""


def asked(study: Study, subject: Subject, of_study: Mapping[str, dt.date], as_of: dt.date) -> Request:
    known = known_by([subject], of_study, as_of)
    period = None if len(study.periods) > 1 else study.periods[0].id
    return Request(study, period, known.subjects, known.of_study, window=Window(3, 5))


def expected(request: Request, found: Slots, day: dt.date, as_of: dt.date, open_days: Workdays, known: set[str]) -> str:
    """By one expansion and one check for the day alone."""
    (subject,) = request.subjects
    period, label = found.visit.split("/", 1)
    with_it = replace(subject, records=(*subject.records, Record(label, day, "booked", period)))
    booked = replace(request, subjects=(with_it,)).begun()
    if booked.subjects[0].start != subject.start and problems(booked.subjects[0]) - problems(subject):
        return "not-allowed"  # `dosing check` refuses what cannot be, exit code 2
    findings = check(booked.as_carried_out(day), as_of)
    (mine,) = [f for f in findings if f.visit == found.visit and f.booked_for == day and f.verdict not in ("short-gap", "duplicate")]
    gaps = [f for f in findings if f.verdict == "short-gap" and f.message not in known]
    closed = day in open_days.closed or (day not in open_days.open and day.weekday() >= 5)
    match mine.verdict:
        case "not-allowed":
            return "not-allowed"
        case _ if gaps:
            return "gap"
        case "early":
            return "gap" if is_of_a_gap(request, found, mine, day) else "too-early"
        case "late":
            return "too-late"
        case "in-window" | "no-window":
            return "closed" if closed else "open"
        case other:
            raise AssertionError(other)


def problems(subject: Subject) -> set[str]:
    found = Problems()
    contradictions([subject], False, found)
    return {problem.message for problem in found.errors}


def is_of_a_gap(request: Request, found: Slots, mine: Finding, day: dt.date) -> bool:
    """Whether a study that states no minimum gap allows the day."""
    study = replace(request.study, products=tuple(replace(p, minimum_gap=None) for p in request.study.products))
    (subject,) = request.subjects
    period, label = found.visit.split("/", 1)
    with_it = replace(subject, records=(*subject.records, Record(label, day, "booked", period)))
    freely = check(replace(request, study=study, subjects=(with_it,)).as_carried_out(day), day - DAY)
    return next(f for f in freely if f.visit == found.visit and f.booked_for == day).verdict != "early"


def ask(request: Request, visit: str | None, as_of: dt.date, on: dt.date | None, days: Workdays | None = None) -> Slots:
    return slots(
        request.study, request.subjects[0], visit, as_of, on=on, period=request.period, window=request.window, of_study=request.of_study,
        workdays=days,
    )  # fmt: skip


def ahead(request: Request, as_of: dt.date) -> Iterator[str]:
    """The visits that may be asked for: none that is recorded, booked or cancelled."""
    done = {f.visit for f in check(request.as_carried_out(as_of), as_of) if f.actual or f.booked or f.verdict in ("cancelled", "missed")}
    (made,) = request.plans(request.as_carried_out(as_of))
    yield from (visit.id for visit in made.visits if visit.id not in done)


def agrees(request: Request, as_of: dt.date, chance: random.Random) -> int:
    """How many days were judged, all as `check` has them."""
    n, known = 0, {f.message for f in check(request.as_carried_out(as_of), as_of) if f.verdict == "short-gap"}
    for visit in list(ahead(request, as_of))[:2]:
        first = as_of + chance.randint(1, 40) * DAY
        days = Workdays(None, frozenset({first, START + 31 * DAY}), frozenset({START + 26 * DAY}))
        found = ask(request, visit, as_of, first, days)
        assert found.asked is not None
        every: list[Slot] = [*found.days, found.asked]
        for slot in every:
            assert slot.verdict == expected(request, found, slot.date, as_of, days, known), (visit, slot)
        assert [slot.date for slot in found.days] == [found.days[0].date + i * DAY for i in range(len(found.days))]
        n += len(every)
    return n


@pytest.mark.parametrize("regimen", REGIMENS)
@pytest.mark.parametrize("seed", range(2))
def test_of_a_shipped_study_each_day_is_what_check_says(regimen: str, seed: int) -> None:
    chance = random.Random(seed)
    study, periods = catalog.find_plan(regimen, None)
    arms = arms_of(periods)
    happened = history(chance, study, periods, START)
    subject = happened.subject(arms[0] if arms else "", known=bool(arms))
    as_of = START + chance.randint(0, 400) * DAY
    request = replace(asked(study, subject, happened.of_study, as_of), period=None if len(periods) > 1 else periods[0].id)
    try:
        request = request.begun()
        request.as_carried_out(as_of)
    except InputError:  # two first days of one period, say
        return
    agrees(request, as_of, chance)


@pytest.mark.parametrize("seed", range(6))
def test_so_it_is_where_doses_keep_a_minimum_gap_to_each_other(seed: int) -> None:
    chance = random.Random(seed)
    study, _ = read_study_text(GAPS)
    as_of = START + chance.randint(0, 120) * DAY
    labels = {"D1": 0, "D8": 7, "D22": 21, "D29": 28, "D36": 35, "D57": 56, "D64": 63, "D85": 84}
    records = [
        Record(label, START + (n + chance.choice((0, 0, -3, 2, 7)) * (n > 0)) * DAY, period="main")
        for label, n in labels.items()
        if chance.random() < 0.6
    ]
    entered = (Entered("next", START + chance.randint(166, 184) * DAY),) if chance.random() < 0.2 else ()
    request = asked(study, Subject(START, "S-001", records=tuple(records), entered=entered), {}, as_of).begun()
    assert agrees(request, as_of, chance)


@studies.examples(8)
@given(studies.studies(), st.randoms(use_true_random=False), st.integers(0, 300))
def test_so_it_is_in_random_studies(drawn: oracle.Study, chance: random.Random, days: int) -> None:
    study = hiding(drawn)
    as_of = START + days * DAY
    for period in study.periods:
        plain = Request(study, period.id, (Subject(START, "S-001"),), window=Window(3, 5))
        (made,) = plain.plans()
        seen = [visit for visit in made.visits if visit.target is not None and visit.target <= as_of]
        records = [Record(v.label, v.target, period=period.id) for v in seen if v.target and chance.random() < 0.5]
        request = asked(study, Subject(START, "S-001", records=tuple(records)), {}, as_of)
        agrees(replace(request, period=period.id).begun(), as_of, chance)


@pytest.mark.parametrize("regimen", ["mil62", "bat4406f", "bat4406f-rcp"])
@pytest.mark.parametrize("seed", range(3))
def test_no_arm_shows(regimen: str, seed: int) -> None:
    chance = random.Random(seed)
    study, periods = catalog.find_plan(regimen, None)
    arms = arms_of(periods)
    happened = history(chance, study, periods, START)
    as_of = START + chance.randint(0, 300) * DAY
    said = set()
    for arm in arms:
        subject = happened.subject(arm, known=True)
        request = replace(asked(study, subject, happened.of_study, as_of), period=None if len(periods) > 1 else periods[0].id)
        try:
            said.add(repr(ask(request, None, as_of, as_of + 20 * DAY)))
        except InputError as error:
            said.add(str(error))
    assert len(said) == 1
