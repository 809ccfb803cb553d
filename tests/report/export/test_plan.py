"""A plan as JSON and CSV has the fields and rows that other programs rely on."""

from __future__ import annotations

import csv
import io

from tests.kit.command import BELIMUMAB, output, plan_json


def test_json_has_the_fields_that_programs_rely_on() -> None:
    plan = plan_json(*BELIMUMAB, "--weight", "102.5", "--subject", "0012")
    assert list(plan) == [
        "unblinded", "meta", "regimen", "study", "title", "site", "arm", "subject", "at_site", "start", "planned_start", "consented",
        "screened", "randomised", "screen_failed", "weight_kg", "height_cm", "sex", "age", "until",
        "periods", "visits", "unscheduled", "spans",
        "transitions", "intensity", "notes",
    ]  # fmt: skip
    assert set(plan["meta"]) == {"program", "study_sha256", "as_of"} and plan["meta"]["as_of"] is None
    assert (plan["unblinded"], plan["arm"], plan["subject"], plan["start"], plan["weight_kg"]) == (False, None, "0012", "2025-01-06", 102.5)
    last = plan["visits"][-2]
    assert {k: last[k] for k in ("id", "period", "label", "status", "target", "actual", "earliest", "latest", "last")} == {
        "id": "treatment/D336", "period": "treatment", "label": "D336", "status": "planned", "target": "2025-12-08",
        "actual": None, "earliest": None, "latest": None, "last": None,
    }  # fmt: skip
    assert (last["study_day"], last["period_day"], last["week"], last["assessments"]) == (337, 336, "W49D1", [])
    assert last["administrations"] == [{
        "product": "belimumab", "route": "IV infusion", "amount": 1025, "unit": "mg", "dose_rule": "10 mg/kg", "amount_status": "stated",
        "duration_minutes": None, "cumulative": 14350, "cumulative_per_kg": 140, "times": 1, "total": 1025, "per_day": None,
        "planned": 1025, "recorded": False, "lead": None,
        "weight_kg": 102.5, "weight_of": None, "weight_status": "baseline", "check_weight": None, "by_value": None,
        "vials": [{"size": "120 mg", "count": 2}, {"size": "400 mg", "count": 2}], "dispensed": 1040, "waste": 15, "volume_ml": 12.8125,
        "batch": None,
        "level": None, "amount_from": None, "amount_to": None, "days_taken": [],
    }]  # fmt: skip
    assert last["dose_steps"][0] == "dose of belimumab, 10 mg/kg: 10 mg/kg x 102.5 kg = 1025 mg; by the weight at baseline"
    assert plan["spans"] == [
        {"id": "attacks", "name": "Attacks are counted", "from": "2025-01-06", "to": "2026-01-06", "status": "planned",
         "source": "Primary outcome measure"},
        {"id": "adverse-events", "name": "Adverse events", "from": "2025-01-06", "to": "2026-01-05", "status": "planned",
         "source": "Secondary outcome measures"},
    ]  # fmt: skip
    assert plan["periods"] == [
        {"period": "treatment", "title": "Treatment", "start": "2025-01-06", "end": None, "left": None, "status": "planned"}
    ]
    assert {"no-window", "assumed", "weight"} <= {note["code"] for note in plan["notes"]}


def test_csv_has_a_row_for_each_dose_and_assessment() -> None:
    rows = list(csv.DictReader(io.StringIO(output(*BELIMUMAB, "--weight", "60", "--format", "csv"))))
    assert len(rows) == 14 + 4
    assert next(iter(rows[0])) == "unblinded" and rows[0]["unblinded"] == "false"
    assert [r["assessment"] for r in rows if r["assessment"]] == ["MRI", "MRI", "MRI", "final evaluation"]
    assert [r["cumulative"] for r in rows if r["product"]][-1] == "8400"
    assert rows[0]["arm"] == "" and rows[0]["earliest"] == ""
