"""The readings of the source records, as tables that a clinician can read and add to (tests/cases/)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

from nmosd_dosing import Plan, Subject, plan
from nmosd_dosing.days import date_text
from nmosd_dosing.language import catalog
from nmosd_dosing.plans.plan import Administration, PlannedVisit
from nmosd_dosing.subjects.subject import Event, Exposure, Record, Weight
from tests.kit.cases import columns, load
from tests.kit.paths import ROOT

REGIMENS = ROOT / "examples" / "regimens"


def planned(case: dict[str, Any], start: str, until: dt.date | None = None) -> Plan:
    study, (period,) = catalog.find_plan(case["regimen"], None)
    weight = float(case["weight"]) if "weight" in case else None
    subject = Subject(dt.date.fromisoformat(start), arm=case.get("arm"), weight_kg=weight)
    return plan(study, subject, period=period.id, until=until, unblind=case.get("unblind", False))


def by_start(name: str) -> Iterator[Any]:
    for case in load(name)["cases"]:
        rows = columns(case["table"])
        for start in (heading for heading in rows[0] if re.match(r"\d{4}-", heading)):
            yield pytest.param(case, rows, start, id=f"{case['regimen']}-{case.get('arm', 'any')}-{start}")


@pytest.mark.parametrize(("case", "rows", "start"), list(by_start("visits")))
def test_visits(case: dict[str, Any], rows: list[dict[str, str]], start: str) -> None:
    found = []
    for visit in planned(case, start).visits:
        if visit.target is None:
            continue
        row = {"visit": visit.label, "day": str(visit.study_day), start: date_text(visit.target)}
        for a in visit.administrations:
            known = a.amount is not None
            row |= {"amount": f"{a.amount:g}" if known else a.amount_status, "total": f"{a.cumulative:g}" if known else a.amount_status}
        found.append(row)
    assert found == [{k: row[k] for k in ("visit", "day", start, "amount", "total") if k in row} for row in rows]


def test_months_are_counted_from_the_first_day() -> None:
    case = load("months")
    rows = columns(case["table"])
    for start in list(rows[0])[1:]:
        visits = planned(case, start, case["until"]).visits
        assert [(v.label, str(v.target)) for v in visits][: len(rows)] == [(row["visit"], row[start]) for row in rows]


@pytest.mark.parametrize(("case", "rows", "start"), list(by_start("spans")))
def test_spans(case: dict[str, Any], rows: list[dict[str, str]], start: str) -> None:
    made = planned(case, start)
    found = {span.id: f"{span.start or '-'} to {span.end or '-'}" for span in made.spans}
    found["end of period"] = str(made.periods[0].end or "-")
    assert {row["span"]: row[start] for row in rows} == {row["span"]: found[row["span"]] for row in rows}
    assert {span.id for span in made.spans} <= {row["span"] for row in rows}


@pytest.mark.parametrize("case", load("totals")["cases"], ids=lambda c: f"{c['regimen']}-{c.get('arm') or c.get('weight')}")
def test_totals(case: dict[str, Any]) -> None:
    doses = [a for v in planned({**case, "unblind": True}, "2025-01-06").visits for a in v.administrations]
    assert (doses[-1].cumulative, len(doses)) == (case["total"], case["doses"])


def dated(text: str) -> list[tuple[str, dt.date]]:
    """`relapse 2025-02-27, week 4 2025-03-31` as names and dates."""
    pairs = [part.rsplit(" ", 1) for part in text.split(", ") if part]
    return [(name, dt.date.fromisoformat(day)) for name, day in pairs]


def exposure(product: str, text: str) -> Exposure:
    """`8.001 mg/m2` of a product, given before the study."""
    number, unit = text.split()
    unit, _, per = unit.partition("/")
    return Exposure(product, Fraction(number), unit, "m2" if per == "m2" else "")


def number(value: float) -> str:
    return f"{value:.10g}"


def made_by(case: dict[str, Any]) -> Plan:
    """The plan of a case."""
    weight, height = case.get("weight"), case.get("height")
    subject = Subject(
        case["start"],
        arm=case.get("arm"),
        weight_kg=None if weight is None else float(weight),
        height_cm=None if height is None else float(height),
        sex=case.get("sex"),
        weights=tuple(Weight(day, kg) for day, kg in case.get("weights", {}).items()),
        earlier=tuple(exposure(*item) for item in case.get("earlier", {}).items()),
        events=tuple(Event(*event) for event in dated(case.get("happened", ""))),
        records=tuple(Record(*record) for record in dated(case.get("given", ""))),
    )
    study = catalog.load(REGIMENS / f"{case['regimen']}.yaml")
    options = {"policy": case["policy"]} if "policy" in case else {}
    return plan(study, subject, until=case.get("until"), unblind=case.get("unblind", False), **options)


def published(case: dict[str, Any]) -> list[tuple[PlannedVisit, Administration]]:
    """The doses of a case, in the order of its plan; a product or a visit alone where the case names one."""
    made = made_by(case)
    doses = [(visit, a) for visit in made.visits for a in visit.administrations if visit.target is not None]
    doses = [(visit, a) for visit, a in doses if visit.label == case.get("visit", visit.label)]
    return [(visit, a) for visit, a in doses if a.product == case.get("only", a.product)]


def amount(a: Administration) -> str:
    if a.amount is None:
        return a.amount_status
    return number(a.amount) + (", capped" if a.amount_status == "capped" else "")


def vials(a: Administration) -> str:
    return " + ".join(f"{count} x {size}" for size, count in a.vials or ())


def cells(visit: PlannedVisit, a: Administration) -> dict[str, str]:
    """All that a row may show of a dose."""
    day = visit.actual or visit.target
    assert day is not None
    return {
        "visit": visit.label,
        "date": date_text(day),
        "to": str(visit.last or "-"),
        "allowed": f"{visit.earliest} to {visit.latest}" if visit.earliest else "-",
        "kg": "-" if a.weight_kg is None else number(a.weight_kg),
        "product": a.shown,
        "amount": amount(a),
        "times": str(a.times),
        "lead": a.lead or "-",
        "total": a.amount_status if a.cumulative is None else number(a.cumulative),
        "vials": vials(a),
    }


def whole(visit: PlannedVisit) -> dict[str, str]:
    """All that a row may show of a visit."""
    assert visit.target is not None
    return {
        "visit": visit.label,
        "date": date_text(visit.actual or visit.target),
        "to": str(visit.last or "-"),
        "allowed": f"{visit.earliest} to {visit.latest}" if visit.earliest else "-",
        "name": visit.name or "-",
    }


@pytest.mark.parametrize("case", load("regimens")["cases"], ids=lambda case: f"{case['regimen']} {case['about']}")
def test_published_regimens(case: dict[str, Any]) -> None:
    expected = columns(case["table"])
    if case.get("by") == "hour":
        points = [point for visit in made_by(case).visits for point in visit.time_line if point.name == case["only"]]
        assert [{"sample": point.text, "date": date_text(point.date)} for point in points if point.date] == expected
        return
    if case.get("by") == "visit":
        visits = [visit for visit in made_by(case).visits if visit.target is not None]
        assert [{name: whole(visit)[name] for name in expected[0]} for visit in visits] == expected
        return
    if "by" not in case:
        assert [{name: cells(*dose)[name] for name in expected[0]} for dose in published(case)] == expected
        return
    for row in expected:
        value = row.pop(case["by"])
        given = {"weight": value} if case["by"] == "weight" else {"earlier": {case["only"]: value}}
        found = {v.label: amount(a) + (f" ({vials(a)})" if vials(a) else "") for v, a in published({**case, **given})}
        assert {label: found[label] for label in row} == row, value
