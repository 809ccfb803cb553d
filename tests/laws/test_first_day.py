"""The recorded first dose is study day 1: a plan from another planned day is the plan from that day, but for what it says of it."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from msgspec.structs import replace

from nmosd_dosing import Subject, plan
from nmosd_dosing.checks.finding import Finding
from nmosd_dosing.checks.findings import check
from nmosd_dosing.errors import DosingError
from nmosd_dosing.language import catalog
from nmosd_dosing.plans.request import Request
from nmosd_dosing.report.export.plan import to_dict
from nmosd_dosing.study.model import Study
from nmosd_dosing.study.period_order import arms_of
from nmosd_dosing.subjects.subject import Record
from tests.kit.random_histories import DAY, history

START = dt.date(2025, 1, 6)


def dates(made: dict[str, Any]) -> dict[str, Any]:
    """A plan without what is said of its first day, and of how days came about."""
    visits = [{**visit, "steps": None} for visit in made["visits"]]
    notes = [note for note in made["notes"] if note["code"] != "start"]
    return {**made, "planned_start": None, "visits": visits, "notes": notes}


def findings(study: Study, period: str | None, subject: Subject, as_of: dt.date) -> list[Finding]:
    asked = Request(study, period, (subject,), allow_deviation=True, accept_gap=True)
    return [replace(found, message="") for found in check(asked.schedule(), as_of)]


@pytest.mark.parametrize("regimen", ["bat4406f", "mil62", "belimumab", "baffr-cart", "bat4406f-rcp"])
@pytest.mark.parametrize("seed", range(8))
def test_the_planned_day_does_not_matter_once_the_first_dose_is_recorded(regimen: str, seed: int) -> None:
    chance = random.Random(seed)
    study, periods = catalog.find_plan(regimen, None)
    period = None if len(periods) > 1 else periods[0].id
    happened = history(chance, study, periods, START + 14 * DAY)
    plain = plan(study, START, period=period).visits
    first = next(visit.label for visit in plain if visit.target == START and visit.period == periods[0].id)
    actual = START + chance.choice((1, 2, 7, 30)) * DAY
    arms = arms_of(periods)
    drawn = happened.subject(arms[0] if arms else "", known=bool(arms))
    others = tuple(r for r in drawn.records if r.visit != first or r.period != periods[0].id)
    subject = replace(drawn, start=actual, records=(Record(first, actual, period=periods[0].id), *others))
    asked: dict[str, Any] = {"period": period, "allow_deviation": True, "accept_gap": True, "of_study": happened.of_study}
    for planned in (START, actual + 5 * DAY):
        try:
            expected = to_dict(plan(study, subject, **asked))
        except DosingError as error:
            with pytest.raises(DosingError) as refused:
                plan(study, replace(subject, start=planned), **asked)
            assert str(refused.value) == str(error)
            continue
        found = to_dict(plan(study, replace(subject, start=planned), **asked))
        assert (found["start"], found["planned_start"]) == (actual.isoformat(), planned.isoformat())
        assert len([note for note in found["notes"] if note["code"] == "start"]) == 1
        assert dates(found) == dates(expected)
        as_of = actual + 200 * DAY
        assert findings(study, period, replace(subject, start=planned), as_of) == findings(study, period, subject, as_of)
