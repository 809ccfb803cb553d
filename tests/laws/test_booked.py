"""Whatever is recorded of a subject, what is dated after the day of looking is an appointment: nowhere done, and in no total."""

from __future__ import annotations

import random
from typing import Any

import pytest
from msgspec.structs import replace

from nmosd_dosing import Study, Subject, plan
from nmosd_dosing.checks.finding import Finding
from nmosd_dosing.checks.findings import check
from nmosd_dosing.errors import DosingError
from nmosd_dosing.language import catalog
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.plans.request import Request
from nmosd_dosing.study.period_order import arms_of
from nmosd_dosing.study.visit_rules import Window
from nmosd_dosing.subjects.history import known_by
from nmosd_dosing.subjects.subject import Record
from tests.kit.dates import START
from tests.kit.random_histories import DAY, history

REGIMENS = ("bat4406f", "mil62", "belimumab", "baffr-cart", "bat4406f-rcp", "mil62-phase1b")
DONE = ("done", "partial", "missed", "withheld")


def asked(regimen: str, chance: random.Random) -> tuple[Study, str | None, Subject]:
    study, periods = catalog.find_plan(regimen, None)
    arms = arms_of(periods)
    drawn = history(chance, study, periods, START).subject(arms[0] if arms else "", known=bool(arms))
    return study, None if len(periods) > 1 else periods[0].id, drawn


@pytest.mark.parametrize("regimen", REGIMENS)
@pytest.mark.parametrize("seed", range(8))
def test_nothing_that_is_dated_later_is_done(regimen: str, seed: int) -> None:
    chance = random.Random(seed)
    study, period, subject = asked(regimen, chance)
    as_of = START + chance.randint(0, 500) * DAY
    try:
        made = plan(study, subject, period=period, as_of=as_of, allow_deviation=True, accept_gap=True, cancelled=True)
    except DosingError:  # two first days of one period, say
        return
    for visit in made.visits:
        assert (visit.actual is None or visit.actual <= as_of) and (visit.booked is None or visit.booked > as_of)
        assert (visit.status == "booked") <= (visit.booked is not None) and not (visit.booked and visit.status in DONE)
        assert not any(dose.recorded for dose in visit.administrations if visit.booked)
    known = replace(subject, records=tuple(record for record in subject.records if record.date <= as_of))
    without = plan(study, known, period=period, as_of=as_of, allow_deviation=True, accept_gap=True)
    assert given(made) == given(without)


def given(made: Plan) -> dict[str, Any]:
    """By visit, what was given at it, and in all up to then."""
    done = [visit for visit in made.visits if visit.actual is not None]
    return {v.id: (v.actual, [(a.amount, a.total) for a in v.administrations]) for v in done}


@pytest.mark.parametrize("regimen", REGIMENS)
@pytest.mark.parametrize("off", [-5, -3, 0, 2, 3, 4])
def test_its_verdict_is_the_one_that_it_will_have(regimen: str, off: int) -> None:
    study, periods = catalog.find_plan(regimen, None)
    period = None if len(periods) > 1 else periods[0].id
    plain = plan(study, START, period=period)
    first = [v for v in plain.visits if v.period == periods[0].id and v.target is not None and v.target > START]
    for visit in first[:4]:
        assert visit.target is not None
        day = visit.target + off * DAY
        subject = Subject(
            START, records=(Record(plain.visits[0].label, START, period=visit.period), Record(visit.label, day, period=visit.period))
        )
        before, after = (finding(study, period, subject, as_of * DAY + day, visit.id) for as_of in (-1, 0))
        assert (before.booked, after.booked, before.actual, after.actual) == (True, False, None, day)
        assert (before.verdict, before.days) == (after.verdict, after.days)


def finding(study: Study, period: str | None, subject: Subject, as_of: Any, id: str) -> Finding:
    known = known_by([subject], {}, as_of).subjects
    request = Request(study, period, known, window=Window(3, 3))
    return next(f for f in check(request.as_carried_out(as_of), as_of) if f.visit == id)
