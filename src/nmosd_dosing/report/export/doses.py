"""Tables of doses and comparisons as JSON and CSV. Field names are a contract, as those of a plan; more may be added."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from nmosd_dosing.pharmacy.comparison import Compared, Comparison
from nmosd_dosing.pharmacy.dose_table import DoseRow, DoseSum, DoseTable, WeightRow
from nmosd_dosing.plans.wording import vials_text
from nmosd_dosing.report.export.plain import Sheet, fields, iso_date, notes_list, of_site, plain_number, vials_list
from nmosd_dosing.version import PROGRAM

COLUMNS = (
    "unblinded", "regimen", "study", "arm", "weight_kg", "height_cm", "product", "unit", "per", "of", "study_day", "last_day", "date",
    "dose_rule", "amount", "amount_status", "administrations", "total", "cumulative", "dispensed", "waste", "vials", "volume_ml",
    "check_weight", "level", "amount_from", "amount_to",
)  # fmt: skip
COMPARED_COLUMNS = (
    "regimen", "study", "arm", "weight_kg", "height_cm", "start", "until", "months", "dosing_visits", "first_visit", "first_day",
    "first_date", "last_visit", "last_day", "last_date", "longest_gap_days", "visits_after", "goes_on", "product", "unit",
    "administrations", "total", "amount_status",
)  # fmt: skip


def doses_to_dict(table: DoseTable) -> dict[str, Any]:
    """The table as plain values, in the order and under the names of the JSON output."""
    plan = table.plan
    return {
        "unblinded": table.unblinded, "meta": {"program": PROGRAM, "study_sha256": plan.study_sha256},
        **fields(plan, ("regimen", "study", "title")), "site": of_site(plan.site) if plan.site is not None else None, "arm": plan.arm,
        "start": iso_date(table.start), "vials": table.policy, "weights": [_weight(row) for row in table.rows],
        "notes": notes_list(table.notes),
    }  # fmt: skip


def _weight(row: WeightRow) -> dict[str, Any]:
    return {
        **fields(row, ("weight_kg", "height_cm")),
        "products": [
            {
                **fields(s, ("product", "unit")),
                **_sum(s),
                "per_period": [{"period": p.period, **_sum(p)} for p in _of(row.per_period, s)],
                "per_year": [{"year": y.year, **_sum(y)} for y in _of(row.per_year, s)],
            }
            for s in row.totals
        ],
        "levels": [
            fields(x, ("product", "unit", "level", "amount")) | {"dose_rule": x.rule, "amount_status": x.status} for x in row.levels
        ],
        "visits": [_dose(dose) for dose in row.doses],
        "notes": notes_list(row.notes),
    }


def _of(sums: Iterable[DoseSum], whole: DoseSum) -> list[DoseSum]:
    return [s for s in sums if (s.product, s.unit) == (whole.product, whole.unit)]


def _sum(s: DoseSum) -> dict[str, Any]:
    return {**_total(s), **fields(s, ("dispensed", "waste")), "vials": vials_list(s.vials)}


def _total(s: DoseSum) -> dict[str, Any]:
    return {**fields(s, ("administrations", "total")), "amount_status": s.status}


def _dose(row: DoseRow) -> dict[str, Any]:
    a = row.dose
    return {
        "id": row.visit,
        **fields(row, ("period", "label", "study_day", "last_day", "year", "date")),
        **fields(a, ("product", "unit", "dose_rule", "times", "amount", "amount_from", "amount_to", "amount_status", "total")),
        **fields(a, ("cumulative", "cumulative_per_kg", "dispensed", "waste")),
        "vials": vials_list(a.vials),
        **fields(a, ("volume_ml", "check_weight", "level")),
    }


def doses_sheet(table: DoseTable) -> Sheet:
    """Rows for the total (`per` is `total`), for each period, each year of treatment and each visit, by weight."""
    return Sheet("doses", COLUMNS, _rows(table))


def _rows(table: DoseTable) -> Iterator[dict[str, Any]]:
    plan = table.plan
    shared = {"unblinded": table.unblinded, "regimen": plan.regimen, "study": plan.study, "arm": plan.arm}
    for row in table.rows:
        of_weight = {**shared, **fields(row, ("weight_kg", "height_cm"))}
        for per, sums in (("total", row.totals), ("period", row.per_period), ("year", row.per_year)):
            for s in sums:
                named = {**fields(s, ("product", "unit")), "per": per, "of": s.period or s.year}
                yield {**of_weight, **named, **_sum(s), "vials": vials_text(s.vials)}
        for x in row.levels:
            named = {"product": x.product, "unit": x.unit, "per": "level", "of": x.level, "level": x.level, "dose_rule": x.rule}
            yield {**of_weight, **named, "amount": plain_number(x.amount), "amount_status": x.status}
        for dose in row.doses:
            cells = {name: value for name, value in _dose(dose).items() if name in COLUMNS}
            named = {"per": "visit", "of": dose.visit, "administrations": dose.dose.times if dose.given else 0}
            yield {**of_weight, **named, **cells, "vials": vials_text(dose.dose.vials)}


def compared_to_dict(comparison: Comparison) -> dict[str, Any]:
    """The comparison as plain values, in the order and under the names of the JSON output."""
    return {
        "unblinded": False,
        "meta": {"program": PROGRAM},
        **_horizon(comparison),
        "regimens": [
            {
                **_compared(c),
                "study_sha256": c.plan.study_sha256,
                "title": c.plan.title,
                "administrations": c.administrations,
                "products": [_of_product(s) for s in c.totals],
                "notes": notes_list(c.notes),
            }
            for c in comparison.regimens
        ],
        "notes": notes_list(comparison.notes),
    }


def compared_sheet(comparison: Comparison) -> Sheet:
    """A row for each product of a regimen; a regimen that gives nothing has one row."""
    shared, regimens = _horizon(comparison), comparison.regimens
    products = ((c, product) for c in regimens for product in [_of_product(s) for s in c.totals] or [{}])
    return Sheet("compare", COMPARED_COLUMNS, ({**shared, **_compared(c), **product} for c, product in products))


def _of_product(s: DoseSum) -> dict[str, Any]:
    return {**fields(s, ("product", "unit")), **_total(s)}


def _horizon(comparison: Comparison) -> dict[str, Any]:
    return fields(comparison, ("start", "until", "months", "weight_kg", "height_cm"))


def _compared(c: Compared) -> dict[str, Any]:
    first, last = c.first, c.last
    return {
        **fields(c.plan, ("regimen", "study", "arm")), "dosing_visits": c.visits, "first_visit": first.visit if first else None,
        "first_day": first.study_day if first else None, "first_date": iso_date(first.date) if first else None,
        "last_visit": last.visit if last else None, "last_day": (last.last_day or last.study_day) if last else None,
        "last_date": iso_date(last.last_date or last.date) if last else None, "longest_gap_days": c.longest_gap, "visits_after": c.later,
        "goes_on": c.goes_on,
    }  # fmt: skip
