"""Tables of doses and comparisons as JSON and CSV have the fields and rows that other programs rely on."""

from __future__ import annotations

import csv
import io
from fractions import Fraction

from tests.kit.command import output
from tests.kit.doses_command import BELIMUMAB, WEIGHTS, as_json


def test_json_has_the_fields_that_programs_rely_on() -> None:
    found = as_json("--regimen", "belimumab", "--weights", "45,102.5")
    assert list(found) == ["unblinded", "meta", "regimen", "study", "title", "site", "arm", "start", "vials", "weights", "notes"]
    assert (found["unblinded"], found["regimen"], found["arm"], found["start"]) == (False, "belimumab", None, None)
    one = found["weights"][1]
    assert (one["weight_kg"], one["height_cm"], one["notes"]) == (102.5, None, [])
    vials = [{"size": "120 mg", "count": 28}, {"size": "400 mg", "count": 28}]
    sums = {"administrations": 14, "total": 14350, "amount_status": "stated", "dispensed": 14560, "waste": 210, "vials": vials}
    assert one["products"] == [{
        "product": "belimumab", "unit": "mg", **sums, "per_period": [{"period": "treatment", **sums}], "per_year": [{"year": 1, **sums}],
    }]  # fmt: skip
    assert len(one["visits"]) == 14
    assert one["visits"][-1] == {
        "id": "treatment/D336", "period": "treatment", "label": "D336", "study_day": 337, "last_day": None, "year": 1, "date": None,
        "product": "belimumab", "unit": "mg", "dose_rule": "10 mg/kg", "times": 1, "amount": 1025, "amount_status": "stated",
        "total": 1025, "cumulative": 14350, "cumulative_per_kg": 140, "dispensed": 1040, "waste": 15,
        "vials": [{"size": "120 mg", "count": 2}, {"size": "400 mg", "count": 2}], "volume_ml": 12.8125, "check_weight": None,
        "level": None, "amount_from": None, "amount_to": None,
    }  # fmt: skip
    assert "1024.9" not in output(*BELIMUMAB, *WEIGHTS, "--format", "json")


def test_csv_holds_totals_and_their_parts() -> None:
    rows = list(csv.DictReader(io.StringIO(output(*BELIMUMAB, *WEIGHTS, "--format", "csv"))))
    assert [row["total"] for row in rows if row["per"] == "total"] == ["6300", "8400", "10500", "14350"]
    for per in ("period", "year", "visit"):
        assert sum(Fraction(row["total"]) for row in rows if row["per"] == per and row["weight_kg"] == "102.5") == 14350
        assert sum(Fraction(row["dispensed"]) for row in rows if row["per"] == per and row["weight_kg"] == "102.5") == 14560
    assert [row["amount"] for row in rows if row["per"] == "visit" and row["weight_kg"] == "102.5"] == ["1025"] * 14
    assert {row["vials"] for row in rows if row["weight_kg"] == "75"} == {"42 x 120 mg + 14 x 400 mg", "3 x 120 mg + 1 x 400 mg"}


def test_csv_has_a_row_for_each_product() -> None:
    rows = list(csv.DictReader(io.StringIO(output("compare", "belimumab", "baffr-cart", "--weight", "60", "--format", "csv"))))
    assert [(row["regimen"], row["product"], row["total"], row["amount_status"]) for row in rows] == [
        ("belimumab", "belimumab", "8400", "stated"),
        ("baffr-cart", "BAFFR CAR-T cells", "", "not stated"),
        ("baffr-cart", "preparative chemotherapy", "", "not stated"),
    ]
