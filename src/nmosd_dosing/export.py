"""A masked plan as JSON and as CSV: what other programs read. Field names are a contract; more may be added."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, Any, get_args

from nmosd_dosing import __version__
from nmosd_dosing.errors import printable
from nmosd_dosing.model import Site
from nmosd_dosing.person import Administration, Finding, Plan, PlannedTransition, PlannedVisit, Verdict
from nmosd_dosing.pharmacy import Item, OrderLine, Packed, Worklist, in_all, uncounted, visits_of
from nmosd_dosing.wording import vials_text

if TYPE_CHECKING:
    from nmosd_dosing.agenda import Due
    from nmosd_dosing.vials import Policy

PROGRAM = f"nmosd_dosing {__version__}"

COLUMNS = (
    "unblinded", "regimen", "study", "arm", "subject", "start", "weight_kg",
    "id", "period", "label", "name", "status", "target", "actual", "earliest", "latest", "last", "study_day", "period_day", "week",
    "assessment", "product", "route", "amount", "unit", "dose_rule", "amount_status", "duration_minutes", "cumulative",
    "cumulative_per_kg", "times", "total", "planned", "lead", "dosed_by_kg", "weight_of", "weight_status", "vials", "dispensed", "waste",
    "volume_ml", "notes",
)  # fmt: skip

DOSE_COLUMNS = (
    "unblinded", "date", "subject", "visit", "day", "of_days", "status", "only_arms", "product", "route", "amount", "unit", "dose_rule",
    "amount_status", "weight_kg", "weight_of", "times", "vials", "volume_ml", "not_counted",
)  # fmt: skip

ORDER_COLUMNS = (
    "unblinded", "month", "product", "vial", "needed", "not_firm", "reserve", "order", "first_need", "order_by", "not_counted", "visits",
)  # fmt: skip

FINDING_COLUMNS = ("subject", "visit", "verdict", "days", "target", "earliest", "latest", "actual", "message")


def to_json(plan: Plan) -> str:
    """The plan as one JSON object, with a newline at its end."""
    return json.dumps(to_dict(plan), indent=2, ensure_ascii=False) + "\n"


def to_dict(plan: Plan) -> dict[str, Any]:
    """The plan as plain values, in the order and under the names of the JSON output."""
    return {
        "unblinded": plan.unblinded,
        "meta": {"program": PROGRAM, "study_sha256": plan.study_sha256, "as_of": _date(plan.as_of)},
        "regimen": plan.regimen,
        "study": plan.study,
        "title": plan.title,
        "site": _site(plan.site) if plan.site is not None else None,
        "arm": plan.arm,
        "subject": plan.subject,
        "start": _date(plan.start),
        "weight_kg": _number(plan.weight_kg),
        "height_cm": _number(plan.height_cm),
        "until": _date(plan.until),
        "periods": [
            {"period": p.period, "title": p.title, "start": _date(p.start), "end": _date(p.end), "left": _date(p.left),
             "status": p.status}
            for p in plan.periods
        ],
        "visits": [_visit(visit) for visit in plan.visits],
        "spans": [
            {"id": s.id, "name": s.name, "from": _date(s.start), "to": _date(s.end), "status": s.status, "source": s.source}
            for s in plan.spans
        ],
        "transitions": [_transition(t) for t in plan.transitions],
        "intensity": [
            {"product": i.product, "unit": i.unit, "until": _date(i.until), "given": _number(i.given), "planned": _number(i.planned),
             "share": _number(i.share)}
            for i in plan.intensity
        ],
        "notes": [{"code": n.code, "message": n.message, "visits": list(n.visits)} for n in plan.notes],
    }  # fmt: skip


def _site(site: Site) -> dict[str, Any]:
    """Who states what is marked as a site's."""
    return {"site": site.name, "title": site.title, "source": site.source.text, "version": site.version}


def _visit(visit: PlannedVisit) -> dict[str, Any]:
    return {
        **_visit_fields(visit),
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
        "trigger_date": _date(t.trigger_date),
        "earliest": _date(t.earliest),
        "latest": _date(t.latest),
        "entered": _date(t.entered),
        "status": t.status,
        "message": t.message,
        "assumed": list(t.assumed),
    }


def _visit_fields(visit: PlannedVisit) -> dict[str, Any]:
    return {
        "id": visit.id,
        "period": visit.period,
        "label": visit.label,
        "name": visit.name,
        "status": visit.status,
        "target": _date(visit.target),
        "actual": _date(visit.actual),
        "earliest": _date(visit.earliest),
        "latest": _date(visit.latest),
        "last": _date(visit.last),
        "study_day": visit.study_day,
        "period_day": visit.period_day,
        "week": visit.week,
    }


def _administration(a: Administration) -> dict[str, Any]:
    return {
        "product": a.product,
        "route": a.route,
        "amount": _number(a.amount),
        "unit": a.unit,
        "dose_rule": a.dose_rule,
        "amount_status": a.amount_status,
        "duration_minutes": a.minutes,
        "cumulative": _number(a.cumulative),
        "cumulative_per_kg": _number(a.cumulative_per_kg),
        "times": a.times,
        "total": _number(a.total),
        "planned": _number(a.planned),
        "lead": a.lead,
        "weight_kg": _number(a.weight_kg),
        "weight_of": _date(a.weight_of),
        "weight_status": a.weight_status,
        "vials": _sizes(a.vials),
        "dispensed": _number(a.dispensed),
        "waste": _number(a.waste),
        "volume_ml": _number(a.volume_ml),
    }


def to_csv(plan: Plan) -> str:
    """The plan as CSV: a row for each administration and assessment; a visit that has neither has one row.

    A text that a spreadsheet would run as a formula gets a leading `'`; numbers are left alone.
    """
    return _table(COLUMNS, _rows(plan))


def _rows(plan: Plan) -> Iterator[dict[str, Any]]:
    shared = {
        "unblinded": plan.unblinded,
        "regimen": plan.regimen,
        "study": plan.study,
        "arm": plan.arm,
        "subject": plan.subject,
        "start": _date(plan.start),
        "weight_kg": _number(plan.weight_kg),
    }
    for visit in plan.visits:
        notes = dict.fromkeys(note.code for note in plan.notes if visit.id in note.visits)
        row = {**shared, **_visit_fields(visit), "notes": " ".join(notes)}
        things: Iterable[dict[str, Any]] = (
            *(_flat(a) for a in visit.administrations),
            *({"assessment": name} for name in visit.assessments),
        )
        for thing in things or ({},):
            yield {**row, **thing}


def _flat(a: Administration) -> dict[str, Any]:
    """An administration as cells of a row; the weight that a dose is by has a column of its own, beside the baseline one."""
    cells = _administration(a)
    return {**cells, "dosed_by_kg": cells.pop("weight_kg"), "vials": vials_text(a.vials)}


def _sizes(vials: Packed | None) -> list[dict[str, Any]] | None:
    return None if vials is None else [{"size": size, "count": count} for size, count in vials]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    text = printable(value)
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _date(date: dt.date | None) -> str | None:
    return date.isoformat() if date is not None else None


def _number(value: float | None) -> float | int | None:
    """Whole numbers without a decimal point."""
    return int(value) if value is not None and value == int(value) else value


# --- findings -----------------------------------------------------------------------------------------------------------


def findings_to_dict(findings: Sequence[Finding]) -> dict[str, Any]:
    """Findings as plain values, with the count of each verdict."""
    counts = Counter(finding.verdict for finding in findings)
    return {
        "findings": [_finding(finding) for finding in findings],
        "summary": {verdict: counts[verdict] for verdict in get_args(Verdict) if counts[verdict]},
    }


def findings_to_csv(findings: Sequence[Finding]) -> str:
    """A row for each finding."""
    return _table(FINDING_COLUMNS, map(_finding, findings))


def due_to_dict(items: Sequence[Due]) -> list[dict[str, Any]]:
    """What is due as plain values."""
    return [{"state": d.state, "last": _date(d.last), "days_left": d.left, **_finding(d.finding)} for d in items]


def due_to_csv(items: Sequence[Due]) -> str:
    """A row for each thing that is due."""
    return _table(("state", "last", "days_left", *FINDING_COLUMNS), due_to_dict(items))


def _finding(f: Finding) -> dict[str, Any]:
    return {
        "subject": f.subject,
        "visit": f.visit,
        "verdict": f.verdict,
        "days": f.days,
        "target": _date(f.target),
        "earliest": _date(f.earliest),
        "latest": _date(f.latest),
        "actual": _date(f.actual),
        "message": f.message,
    }


def _table(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return out.getvalue()


# --- pharmacy -----------------------------------------------------------------------------------------------------------


def worklist_to_dict(worklist: Worklist, policy: Policy) -> dict[str, Any]:
    """What is to be prepared as plain values: each dose, what each day and all days need, and what is not on the list."""
    return {
        **_worklist_fields(worklist, policy),
        "doses": [_dose(item) for item in worklist.items],
        "days": [{"date": _date(date), "vials": _vials_of(items)} for date, items in groupby(worklist.items, key=lambda item: item.date)],
        "in_all": _vials_of(worklist.items),
        **_not_listed(worklist),
    }


def worklist_to_csv(worklist: Worklist) -> str:
    """A row for each dose; those without a stated day come last, without a date."""
    shared = {"unblinded": worklist.unblinded}
    items = (*worklist.items, *worklist.dayless)
    rows = ({**shared, **_dose(item), "vials": vials_text(item.vials), "only_arms": " ".join(item.only_arms)} for item in items)
    return _table(DOSE_COLUMNS, rows)


def order_to_dict(worklist: Worklist, lines: Sequence[OrderLine], policy: Policy, reserve: Fraction, lead: int | None) -> dict[str, Any]:
    """What is to be ordered as plain values, and what is not in the order."""
    return {
        **_worklist_fields(worklist, policy),
        "reserve": _number(float(reserve)),
        "lead_days": lead,
        "order": [_order_line(line) for line in lines],
        **_not_listed(worklist),
    }


def order_to_csv(worklist: Worklist, lines: Sequence[OrderLine]) -> str:
    """A row for each month, product and size; after them one for each product of which some visits cannot be counted, and why."""
    rows = [_order_line(line) for line in lines]
    rows += [{"product": found.product, "not_counted": found.why, "visits": visits_of(found.items)} for found in uncounted(worklist.items)]
    return _table(ORDER_COLUMNS, ({"unblinded": worklist.unblinded, **row} for row in rows))


def _worklist_fields(worklist: Worklist, policy: Policy) -> dict[str, Any]:
    return {
        "unblinded": worklist.unblinded,
        "meta": {"program": PROGRAM, "study_sha256": worklist.study.sha256},
        "study": worklist.study.id,
        "from": _date(worklist.first),
        "until": _date(worklist.last),
        "vials": policy,
    }


def _not_listed(worklist: Worklist) -> dict[str, Any]:
    return {
        "not_counted": [
            {
                "product": found.product,
                "reason": found.why,
                "visits": visits_of(found.items),
                "doses": [_dose(item) for item in found.items],
            }
            for found in uncounted(worklist.items)
        ],
        "no_day_stated": [_dose(item) for item in worklist.dayless],
        "not_recorded": [_dose(item) for item in worklist.missed],
        "no_first_day": [{"period": period, "subjects": list(subjects)} for period, subjects in worklist.unentered.items()],
    }


def _dose(item: Item) -> dict[str, Any]:
    return {
        "date": _date(item.date),
        "subject": item.subject,
        "visit": item.visit,
        "day": item.day,
        "of_days": item.of,
        "status": item.status,
        "only_arms": list(item.only_arms),
        "product": item.shown,
        "route": item.route,
        "amount": _number(item.amount),
        "unit": item.unit,
        "dose_rule": item.dose_rule,
        "amount_status": item.amount_status,
        "weight_kg": _number(item.weight_kg),
        "weight_of": _date(item.weight_of),
        "times": item.times,
        "vials": _sizes(item.vials),
        "volume_ml": _number(item.volume_ml),
        "not_counted": item.uncounted,
    }


def _order_line(line: OrderLine) -> dict[str, Any]:
    return {
        "month": f"{line.month:%Y-%m}",
        "product": line.product,
        "vial": line.vial,
        "needed": line.needed,
        "not_firm": line.not_firm,
        "reserve": line.reserve,
        "order": line.order,
        "first_need": _date(line.first_need),
        "order_by": _date(line.order_by),
    }


def _vials_of(items: Iterable[Item]) -> list[dict[str, Any]]:
    return [{"product": product, "vials": _sizes(vials)} for product, vials in in_all(items).items()]
