"""A masked plan as JSON and as CSV: what other programs read. Field names are a contract; more may be added."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from nmosd_dosing.plans.plan import Administration, Plan, PlannedTransition, PlannedVisit
from nmosd_dosing.plans.wording import vials_text
from nmosd_dosing.report.export.plain import csv_text, iso_date, of_site, plain_number, vials_list
from nmosd_dosing.version import PROGRAM

COLUMNS = (
    "unblinded", "regimen", "study", "arm", "subject", "start", "weight_kg", "id", "period", "label", "name", "status", "target",
    "actual", "earliest", "latest", "last", "study_day", "period_day", "week", "assessment", "product", "route", "amount", "unit",
    "dose_rule", "amount_status", "duration_minutes", "cumulative", "cumulative_per_kg", "times", "total", "per_day", "planned",
    "recorded", "lead", "dosed_by_kg", "weight_of", "weight_status", "vials", "dispensed", "waste", "volume_ml", "notes",
)  # fmt: skip


def to_json(plan: Plan) -> str:
    """The plan as one JSON object, with a newline at its end."""
    return json.dumps(to_dict(plan), indent=2, ensure_ascii=False) + "\n"


def to_dict(plan: Plan) -> dict[str, Any]:
    """The plan as plain values, in the order and under the names of the JSON output."""
    return {
        "unblinded": plan.unblinded,
        "meta": {"program": PROGRAM, "study_sha256": plan.study_sha256, "as_of": iso_date(plan.as_of)},
        "regimen": plan.regimen,
        "study": plan.study,
        "title": plan.title,
        "site": of_site(plan.site) if plan.site is not None else None,
        "arm": plan.arm,
        "subject": plan.subject,
        "start": iso_date(plan.start),
        "weight_kg": plain_number(plan.weight_kg),
        "height_cm": plain_number(plan.height_cm),
        "until": iso_date(plan.until),
        "periods": [
            {"period": p.period, "title": p.title, "start": iso_date(p.start), "end": iso_date(p.end), "left": iso_date(p.left),
             "status": p.status}
            for p in plan.periods
        ],
        "visits": [visit_to_dict(visit) for visit in plan.visits],
        "spans": [
            {"id": s.id, "name": s.name, "from": iso_date(s.start), "to": iso_date(s.end), "status": s.status, "source": s.source}
            for s in plan.spans
        ],
        "transitions": [_transition(t) for t in plan.transitions],
        "intensity": [
            {"product": i.product, "unit": i.unit, "until": iso_date(i.until), "given": plain_number(i.given),
             "planned": plain_number(i.planned), "share": plain_number(i.share)}
            for i in plan.intensity
        ],
        "notes": [{"code": n.code, "message": n.message, "visits": list(n.visits)} for n in plan.notes],
    }  # fmt: skip


def visit_to_dict(visit: PlannedVisit) -> dict[str, Any]:
    """A visit as plain values."""
    return {
        **visit_fields(visit),
        "assessments": list(visit.assessments),
        "administrations": [_administration(a) for a in visit.administrations],
        "only_arms": list(visit.only_arms),
        "reason": visit.reason,
        "steps": list(visit.steps),
        "source": visit.source,
        "window_source": visit.window_source,
        "room": visit.room,
        "record": visit.record,
    }


def _transition(t: PlannedTransition) -> dict[str, Any]:
    return {
        "from": t.source,
        "to": t.target,
        "rule": t.rule,
        "trigger": t.trigger,
        "trigger_date": iso_date(t.trigger_date),
        "earliest": iso_date(t.earliest),
        "latest": iso_date(t.latest),
        "entered": iso_date(t.entered),
        "status": t.status,
        "message": t.message,
        "assumed": list(t.assumed),
    }


def visit_fields(visit: PlannedVisit) -> dict[str, Any]:
    return {
        "id": visit.id,
        "period": visit.period,
        "label": visit.label,
        "name": visit.name,
        "status": visit.status,
        "target": iso_date(visit.target),
        "actual": iso_date(visit.actual),
        "earliest": iso_date(visit.earliest),
        "latest": iso_date(visit.latest),
        "last": iso_date(visit.last),
        "study_day": visit.study_day,
        "period_day": visit.period_day,
        "week": visit.week,
    }


def _administration(a: Administration) -> dict[str, Any]:
    return {
        "product": a.product,
        "route": a.route,
        "amount": plain_number(a.amount),
        "unit": a.unit,
        "dose_rule": a.dose_rule,
        "amount_status": a.amount_status,
        "duration_minutes": a.minutes,
        "cumulative": plain_number(a.cumulative),
        "cumulative_per_kg": plain_number(a.cumulative_per_kg),
        "times": a.times,
        "total": plain_number(a.total),
        "per_day": plain_number(a.per_day),
        "planned": plain_number(a.planned),
        "recorded": a.recorded,
        "lead": a.lead,
        "weight_kg": plain_number(a.weight_kg),
        "weight_of": iso_date(a.weight_of),
        "weight_status": a.weight_status,
        "vials": vials_list(a.vials),
        "dispensed": plain_number(a.dispensed),
        "waste": plain_number(a.waste),
        "volume_ml": plain_number(a.volume_ml),
    }


def to_csv(plan: Plan) -> str:
    """The plan as CSV: a row for each administration and assessment; a visit that has neither has one row.

    A text that a spreadsheet would run as a formula gets a leading `'`; numbers are left alone.
    """
    return csv_text(COLUMNS, visit_rows(plan))


def visit_rows(plan: Plan) -> Iterator[dict[str, Any]]:
    """The rows of the CSV of a plan, as plain values by column."""
    shared = {
        "unblinded": plan.unblinded,
        "regimen": plan.regimen,
        "study": plan.study,
        "arm": plan.arm,
        "subject": plan.subject,
        "start": iso_date(plan.start),
        "weight_kg": plain_number(plan.weight_kg),
    }
    for visit in plan.visits:
        notes = dict.fromkeys(note.code for note in plan.notes if visit.id in note.visits)
        row = {**shared, **visit_fields(visit), "notes": " ".join(notes)}
        things: Iterable[dict[str, Any]] = (
            *(_flat(a) for a in visit.administrations),
            *({"assessment": name} for name in visit.assessments),
        )
        for thing in things or ({},):
            yield {**row, **thing}


def _flat(a: Administration) -> dict[str, Any]:
    """An administration as cells of a row; the weight that a dose is by has a column of its own, beside the baseline one."""
    cells = _administration(a)
    dosed_by = cells.pop("weight_kg")
    return {**cells, "dosed_by_kg": dosed_by, "vials": vials_text(a.vials)}
