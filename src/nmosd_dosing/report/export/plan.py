"""A masked plan as JSON and as CSV: what other programs read. Field names are a contract; more may be added."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from nmosd_dosing.hours import iso_minutes
from nmosd_dosing.plans.plan import Administration, Plan, PlannedTimePoint, PlannedTransition, PlannedVisit
from nmosd_dosing.plans.wording import vials_text
from nmosd_dosing.report.export.plain import (
    Sheet,
    csv_text,
    fields,
    iso_date,
    iso_hour,
    iso_moment,
    json_text,
    notes_list,
    of_site,
    plain_number,
    vials_list,
)
from nmosd_dosing.study.events import OF_SCREENING
from nmosd_dosing.subjects.bounds import check_arguments
from nmosd_dosing.version import PROGRAM

_VISIT = (
    "id", "period", "label", "name", "status", "target", "actual", "booked", "earliest", "latest", "last", "study_day", "period_day",
    "week",
)  # fmt: skip
COLUMNS = (
    "unblinded", "regimen", "study", "arm", "subject", "start", "planned_start", "weight_kg", *_VISIT, "assessment", "product", "route",
    "amount", "unit", "dose_rule", "amount_status", "duration_minutes", "cumulative", "cumulative_per_kg", "times", "total", "per_day",
    "planned", "recorded", "lead", "dosed_by_kg", "weight_of", "weight_status", "check_weight", "vials", "dispensed", "waste",
    "volume_ml", "batch", "level", "amount_from", "amount_to", "comment", "notes", "actual_time", "booked_time", "time_point", "nominal",
    "point_window", "point_time", "point_earliest", "point_latest", "point_actual", "point_status", "days_taken",
)  # fmt: skip


def to_json(plan: Plan) -> str:
    """The plan as one JSON object, with a newline at its end."""
    check_arguments(needed={"plan": (plan, Plan)})
    return json_text(to_dict(plan))


def to_dict(plan: Plan) -> dict[str, Any]:
    """The plan as plain values, in the order and under the names of the JSON output."""
    return {
        "unblinded": plan.unblinded,
        "meta": {"program": PROGRAM, "study_sha256": plan.study_sha256, "as_of": iso_date(plan.as_of)},
        **fields(plan, ("regimen", "study", "title")),
        "site": of_site(plan.site) if plan.site is not None else None,
        **fields(plan, ("arm", "subject", "at_site", "start", "planned_start")),
        **{event: iso_date(dict(plan.screening).get(event)) for event in OF_SCREENING},
        **fields(plan, ("weight_kg", "height_cm", "sex", "age", "until")),
        "periods": [fields(p, ("period", "title", "start", "end", "left", "status")) for p in plan.periods],
        "visits": [{**visit_to_dict(visit), "dose_steps": list(visit.dose_steps)} for visit in plan.visits],
        "unscheduled": [visit_to_dict(visit) for visit in plan.unscheduled],
        "spans": [
            {"id": s.id, "name": s.name, "from": iso_date(s.start), "to": iso_date(s.end), "status": s.status, "source": s.source}
            for s in plan.spans
        ],
        "transitions": [_transition(t) for t in plan.transitions],
        "intensity": [fields(i, ("product", "unit", "until", "given", "planned", "share")) for i in plan.intensity],
        "notes": notes_list(plan.notes),
    }


def visit_to_dict(visit: PlannedVisit) -> dict[str, Any]:
    """A visit as plain values."""
    return {
        **fields(visit, (*_VISIT, "assessments")),
        "administrations": [_administration(a) for a in visit.administrations],
        **_hours(visit),
        "time_line": [_time_point(row) for row in visit.time_line],
        **fields(visit, ("only_arms", "reason", "steps", "source", "window_source", "or_later", "room", "record", "comment")),
    }


def _hours(visit: PlannedVisit) -> dict[str, Any]:
    """The hours that were written beside the actual and the booked day."""
    hour = iso_hour(visit.time)
    return {"actual_time": hour if visit.actual else None, "booked_time": hour if visit.booked and not visit.actual else None}


def _time_point(row: PlannedTimePoint) -> dict[str, Any]:
    of_time_point = row.kind == "assessment"
    return {
        "kind": row.kind, "name": row.name, "time_point": row.text if of_time_point else None,
        "nominal": iso_minutes(row.nominal) if row.nominal is not None else None, "of": row.of,
        "from": ("end" if row.of_end else "beginning") if of_time_point else None, "window": row.window, "date": iso_date(row.date),
        "time": iso_moment(row.time), "earliest": iso_moment(row.earliest), "latest": iso_moment(row.latest),
        "actual": iso_moment(row.actual), "status": row.status,
    }  # fmt: skip


def _transition(t: PlannedTransition) -> dict[str, Any]:
    shared = ("rule", "trigger", "trigger_date", "earliest", "latest", "entered", "status", "message", "assumed")
    return {"from": t.source, "to": t.target, **fields(t, shared)}


def _administration(a: Administration) -> dict[str, Any]:
    return {
        **fields(a, ("product", "route", "amount", "unit", "dose_rule", "amount_status")),
        "duration_minutes": a.minutes,
        **fields(a, ("cumulative", "cumulative_per_kg", "times", "total", "per_day", "planned", "recorded", "lead")),
        **fields(a, ("weight_kg", "weight_of", "weight_status", "check_weight")),
        "by_value": _by_value(a),
        "vials": vials_list(a.vials),
        **fields(a, ("dispensed", "waste", "volume_ml", "batch", "level", "amount_from", "amount_to")),
        "days_taken": [
            {"from": iso_date(days.first), "to": iso_date(days.last), "status": days.status, "reason": days.why} for days in a.days_taken
        ],
    }


def _by_value(a: Administration) -> dict[str, Any] | None:
    if (by := a.by_value) is None:
        return None
    return {"what": by.what.name, "unit": by.what.unit, "value": plain_number(by.value), "of": iso_date(by.of)}


def to_csv(plan: Plan) -> str:
    """The plan as CSV: a row for each administration and assessment; a visit that has neither has one row.

    A text that a spreadsheet would run as a formula gets a leading `'`; numbers are left alone.
    """
    check_arguments(needed={"plan": (plan, Plan)})
    return csv_text(plan_sheet(plan))


def plan_sheet(plan: Plan) -> Sheet:
    """The same rows."""
    return Sheet("plan", COLUMNS, visit_rows(plan))


def visit_rows(plan: Plan) -> Iterator[dict[str, Any]]:
    """The rows of the CSV of a plan, as plain values by column."""
    shared = fields(plan, COLUMNS[: COLUMNS.index("id")])
    for visit in plan.all_visits:
        notes = dict.fromkeys(note.code for note in plan.notes if visit.id in note.visits)
        row = {**shared, **fields(visit, (*_VISIT, "comment")), **_hours(visit), "notes": " ".join(notes)}
        things: Iterable[dict[str, Any]] = (
            *(_flat(a) for a in visit.administrations),
            *(row for name in visit.assessments for row in _examined(visit, name)),
        )
        for thing in things or ({},):
            yield {**row, **thing}


def _examined(visit: PlannedVisit, name: str) -> Iterator[dict[str, Any]]:
    """The rows of what is examined: one, or one for each of its time points."""
    points = [row for row in visit.time_line if row.kind == "assessment" and row.name == name]
    if not points:
        yield {"assessment": name}
    for row in points:
        cells = _time_point(row)
        yield {
            "assessment": name,
            **{column: cells[column] for column in ("time_point", "nominal")},
            **{f"point_{column}": cells[column] for column in ("window", "earliest", "latest", "actual", "status")},
            "point_time": cells["time"] or cells["date"],
        }


def _flat(a: Administration) -> dict[str, Any]:
    """An administration as cells of a row; the weight that a dose is by has a column of its own, beside the baseline one, and another value
    that it is by has none."""
    cells = _administration(a)
    dosed_by = cells.pop("weight_kg")
    del cells["by_value"]
    taken = "; ".join(f"{iso_date(days.first)}/{iso_date(days.last)} {days.status}" for days in a.days_taken)
    return {**cells, "dosed_by_kg": dosed_by, "vials": vials_text(a.vials), "days_taken": taken}
