"""The plan of somebody who starts on 2025-01-06, from a study of a few lines and what was recorded."""

from __future__ import annotations

from decimal import Decimal
from itertools import zip_longest
from typing import Any

from nmosd_dosing import Event, Plan, Record, Subject, plan
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.plan import Administration, PlannedVisit
from tests.kit.dates import START, day

HEAD = "language: 1\nstudy: s\ntitle: s\nsource: made up\ndays: from 1\n"


def made(text: str, *records: Record, events: tuple[tuple[str, str], ...] = (), **more: Any) -> Plan:
    """The plan of somebody who starts on 2025-01-06."""
    happened = tuple(Event(name, day(date)) for name, date in events)
    asked = {key: more.pop(key) for key in ("until", "as_of", "of_study", "accept_gap", "period", "cancelled") if key in more}
    return plan(read_study_text(HEAD + text)[0], Subject(START, records=records, events=happened, **more), allow_deviation=True, **asked)


def visit(found: Plan, label: str) -> PlannedVisit:
    return next(v for v in found.visits if v.label == label)


def dose(found: Plan, label: str) -> Administration:
    return visit(found, label).administrations[0]


def done(label: str, date: str, amount: str | None = None, unit: str | None = None, **more: Any) -> Record:
    return Record(label, day(date), amount=Decimal(amount) if amount else None, unit=unit, **more)


def recorded(text: str) -> tuple[Record, ...]:
    """`D1 01-06 10 mg, D29 02-03 missed`: records of 2025, each with what follows its day: amount, weight, product, status."""
    found = []
    for name, date, *more in (item.split() for item in text.split(", ") if item):
        words: dict[str, Any] = {}
        for word, unit in zip_longest(more, more[1:]):
            if unit in ("mg", "kg"):
                words |= {"amount": Decimal(word), "unit": unit} if unit == "mg" else {"weight_kg": float(word)}
            elif word not in ("mg", "kg"):
                words["product" if word[0].isupper() else "status"] = word
        found.append(Record(name, day(f"2025-{date}"), **words))
    return tuple(found)


def told(found: Plan, *codes: str) -> list[str]:
    """The notes of some codes, each with its visits: `weekend: on a Saturday … (D6)`."""
    shown = [note for note in found.notes if note.code in codes]
    return [f"{note.code}: {note.message}" + (f" ({', '.join(v[2:] for v in note.visits)})" if note.visits else "") for note in shown]


def notes(found: Plan, code: str) -> list[str]:
    return [note.message for note in found.notes if note.code == code]


COURSE = "products: {X: {vials: [100 mg]}}\nperiods: {main: {visits: [{at: D1 to D10, give: X 100 mg daily, assess: MRI}]}}\n"


COUNTS_ON = """products: {X: {}}
periods:
  a: {length: 28 days, visits: [{at: D1, give: X 10 mg}]}
  b:
    counted from: first day of the study
    visits:
      - {at: D29 to D56, give: X 20 mg daily}
      - {at: D57 to D84, give: X 10 mg daily}
transitions:
  - {id: c, from: a, to: b, after: end of a, within: 14 days}
"""
