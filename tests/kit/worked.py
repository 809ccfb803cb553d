"""Small studies written as lines, and their doses in words: what the tables worked by hand are compared with."""

from __future__ import annotations

from typing import Any

from nmosd_dosing import Event, Plan, Subject, plan
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.plan import Administration
from tests.kit.dates import START, day

HEAD = "language: 1\nstudy: s\ntitle: t\nsource: not stated\ndays: from 1\nevents: {cd19_return: CD19 cells are back}\n"
PERIOD = "periods:\n  p:\n"


def planned(body: str, subject: Subject, **options: Any) -> Plan:
    return plan(read_study_text(HEAD + body)[0], subject, **options)


def person(kg: str | float | None = None, cm: float | None = None, *events: tuple[str, str], **more: Any) -> Subject:
    return Subject(
        START,
        weight_kg=None if kg is None else float(kg),
        height_cm=cm,
        events=tuple(Event(name, day(date)) for name, date in events),
        **more,
    )


def product(*lines: str) -> str:
    return "products:\n  X:\n    route: IV infusion\n" + "".join(f"    {line}\n" for line in lines)


def visits(*lines: str, products: str = "products: {X: {}, Y: {}}\n", period: str = "") -> str:
    return products + PERIOD + period + "    visits:\n" + "".join(f"      - {{{line}}}\n" for line in lines)


def one(rule: str, kg: str | float | None, cm: float | None = None, *lines: str) -> Administration:
    """The one dose by a rule."""
    body = visits("at: D1, give: X r", products=product(*lines, "doses:", f"  r: {rule}"))
    (visit,) = planned(body, person(kg, cm)).visits
    return visit.administrations[0]


def shown(a: Administration) -> str:
    """`1025 mg`, `1200 mg capped`, or why there is no amount."""
    if a.amount is None:
        return a.amount_status
    return f"{a.amount:.10g} {a.unit}" + ("" if a.amount_status == "stated" else f" {a.amount_status}")


def days(made: Plan) -> list[str]:
    """`C1D1 2025-01-06`, and ` to` the last day of a course."""
    return [f"{v.label} {v.target}" + (f" to {v.last}" if v.last else "") for v in made.visits]


ENTRY = """
products: {X: {minimum gap: 7 days}, Y: {}}
periods:
  p:
    length: 52 weeks
    visits: [{at: D1, give: X 10 mg}, {at: D2 to D28, give: Y 10 mg daily}]
  q:
    visits: [{at: D1, give: Y 5 mg}]
transitions:
  - {id: a, from: p, to: q, after: relapse, within: 28 days}
"""


RESCUE = (
    "at: D1, give: Y 5 mg",
    "at: relapse to relapse + 4 days, give: X 1000 mg daily",
    "at: relapse + 5 days to relapse + 18 days, give: X 60 mg daily",
)
