"""The readings of the source records, as tables that a clinician can read and add to (tests/cases/)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from nmosd_dosing import Plan, Subject, catalog, plan
from nmosd_dosing.days import date_text

CASES = Path(__file__).parent / "cases"


def load(name: str) -> Any:
    return yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf-8"))


def columns(table: str) -> list[dict[str, str]]:
    """Rows of a table whose cells stand two spaces apart; a cell may be missing at a row's end."""
    heading, *rows = (re.split(r"\s{2,}", line.strip()) for line in table.strip().splitlines())
    return [dict(zip(heading, row, strict=False)) for row in rows]


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
