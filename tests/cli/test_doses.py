"""`dosing doses` prints what a regimen takes at each of several weights, masked or unblinded, and is quick for a thousand."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from nmosd_dosing import dose_table, load
from nmosd_dosing.report.export.doses import doses_to_dict
from tests.kit.command import errors, output
from tests.kit.doses_command import BELIMUMAB, WEIGHTS, as_json
from tests.kit.paths import ROOT

# --- what comes out -----------------------------------------------------------------------------------------------------


def test_belimumab_by_one_command_and_by_one_call() -> None:
    table = dose_table(load("belimumab"), [45, 60, 75, 102.5])
    assert [row.totals[0].total for row in table.rows] == [6300, 8400, 10500, 14350]
    assert [row.totals[0].dispensed for row in table.rows] == [6720, 8400, 10640, 14560]
    assert [row.totals[0].administrations for row in table.rows] == [14] * 4
    assert as_json("--regimen", "belimumab", *WEIGHTS) == doses_to_dict(table)
    assert "    102.5     14     14350         14560       210  28 x 120 mg + 28 x 400 mg\n" in output(*BELIMUMAB, *WEIGHTS)


def test_the_fewest_vials_can_be_asked_for() -> None:
    found = as_json("--regimen", "belimumab", *WEIGHTS, "--vials", "fewest")
    assert found["vials"] == "fewest vials"
    totals = [(w["products"][0]["total"], w["products"][0]["dispensed"], w["products"][0]["vials"]) for w in found["weights"]]
    assert totals[0] == (6300, 7280, [{"size": "120 mg", "count": 14}, {"size": "400 mg", "count": 14}])
    assert totals[3] == (14350, 16800, [{"size": "400 mg", "count": 42}])
    wrong = "error: unknown `--vials few`\nhint: write `least-waste` or `fewest`\n"
    assert errors(*BELIMUMAB, *WEIGHTS, "--vials", "few") == wrong


def test_dates_are_shown_only_where_there_is_a_first_day() -> None:
    assert "2001-" not in output(*BELIMUMAB, *WEIGHTS).replace("counted from 2001-01-01", "")
    dated = output(*BELIMUMAB, *WEIGHTS, "--start", "2025-01-06")
    assert "2025-12-08 Mon" in dated and "no first day is given" not in dated
    visits = as_json("--regimen", "belimumab", *WEIGHTS, "--start", "2025-01-06")["weights"][0]["visits"]
    assert (visits[-1]["date"], visits[-1]["study_day"]) == ("2025-12-08", 337)


def test_what_is_not_stated_stays_so_and_is_counted() -> None:
    found = as_json("--regimen", "baffr-cart", "--weights", "60")["weights"][0]["products"]
    assert [(p["product"], p["unit"], p["administrations"], p["total"], p["amount_status"]) for p in found] == [
        ("BAFFR CAR-T cells", None, 1, None, "not stated"),
        ("preparative chemotherapy", None, 1, None, "not stated"),
    ]
    assert [y["year"] for y in found[1]["per_year"]] == [None], "its day is not stated either"


def test_site_facts_are_named(tmp_path: Path) -> None:
    site = str(ROOT / "examples" / "site.yaml")
    regimen = "bat4406f" if "bat4406f" in Path(site).read_text("utf-8") else "mil62"
    assert as_json("--regimen", regimen, "--weights", "60", "--site", site)["site"] is not None


# --- blinding -----------------------------------------------------------------------------------------------------------


def test_masked_totals_are_said_to_be_masked_and_alike_for_all_arms() -> None:
    asked = ("doses", "--regimen", "mil62", *WEIGHTS)
    for format in ("table", "json", "csv"):
        masked = output(*asked, "--format", format)
        assert output(*asked, "--format", format, "--arm", "placebo") == masked == output(*asked, "--format", format, "--arm", "mil62")
    found = json.loads(output(*asked, "--format", "json"))
    assert (found["unblinded"], found["arm"]) == (False, None)
    product = found["weights"][0]["products"][0]
    assert (product["total"], product["amount_status"], product["administrations"]) == (None, "masked", 11)
    assert [(p["period"], p["total"], p["amount_status"]) for p in product["per_period"]] == [
        ("rcp", None, "masked"),
        ("olp", None, "masked"),
    ]


def test_unblinded_totals_are_shown_and_marked() -> None:
    placebo = ("doses", "--regimen", "mil62", "--weights", "60", "--arm", "placebo", "--unblind")
    text = output(*placebo, "--format", "json")
    assert text.startswith('{\n  "unblinded": true,\n') and json.loads(text)["arm"] == "placebo"
    product = json.loads(text)["weights"][0]["products"][0]
    assert (product["administrations"], product["total"]) == (11, 7000)
    assert [(p["period"], p["total"]) for p in product["per_period"]] == [("rcp", 0), ("olp", 7000)]
    assert output(*placebo).startswith("UNBLINDED: arm placebo\n")
    assert all(row["unblinded"] == "true" for row in csv.DictReader(io.StringIO(output(*placebo, "--format", "csv"))))


def test_a_thousand_weights_are_quick(tmp_path: Path) -> None:
    found = as_json("--regimen", "belimumab", "--weights", "20.1:120:0.1")["weights"]
    assert len(found) == 1000 and found[-1]["products"][0]["total"] == 16800
    assert all(w["products"][0]["total"] == round(w["weight_kg"] * 140, 6) for w in found)
