"""A pharmacy's list and order as CSV and JSON hold every day, and what is not counted last."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from tests.kit.command import dosing
from tests.kit.pharmacy_command import ORDER, PREPARE, as_json, folder

__all__ = ["folder"]  # the fixture


def test_the_list_as_csv_has_those_without_a_day_last(folder: Path) -> None:
    done = dosing(*PREPARE, "--days", "1", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [(row["subject"], row["visit"], row["date"], row["vials"]) for row in rows] == [
        ("01", "main/D15", "2025-01-20", "5 x 120 mg"), ("01", "main/D15 to D17", "2025-01-20", "2 x 500 mg"),
        ("02", "main/D15", "2025-01-20", "3 x 120 mg + 1 x 400 mg"), ("02", "main/D15 to D17", "2025-01-20", "2 x 500 mg"),
        ("03", "main/D1", "2025-01-20", ""), *((code, "main/Rescue", "", "1 x 500 mg") for code in ("01", "02", "03")),
    ]  # fmt: skip
    assert rows[4]["not_counted"] == "needs weight"
    assert done.stderr == (
        "not counted: X, 1 visit: needs weight (03 D1)\nleft out, 3 visits: no day stated (01 Rescue; 02 Rescue; 03 Rescue)\n"
    )


def test_the_order_as_csv_has_what_is_not_counted_last(folder: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(dosing(*ORDER, "--days", "12", "--format", "csv").stdout)))
    assert [(r["month"], r["product"], r["vial"], r["needed"], r["order"], r["not_counted"], r["visits"]) for r in rows] == [
        ("2025-01", "X", "120 mg", "8", "8", "", ""), ("2025-01", "X", "400 mg", "1", "1", "", ""),
        ("2025-01", "Y", "500 mg", "12", "12", "", ""), ("", "X", "", "", "", "needs weight", "1"),
        ("", "Z", "", "", "", "no vials stated", "2"),
    ]  # fmt: skip


def test_json_has_each_day_and_all_of_them(folder: Path) -> None:
    made = as_json(*PREPARE, "--days", "2")
    y = {"product": "Y", "vials": [{"size": "500 mg", "count": 4}]}
    x = {"product": "X", "vials": [{"size": "120 mg", "count": 8}, {"size": "400 mg", "count": 1}]}
    assert made["days"] == [{"date": "2025-01-20", "vials": [x, y]}, {"date": "2025-01-21", "vials": [y]}]
    assert made["in_all"] == [x, {"product": "Y", "vials": [{"size": "500 mg", "count": 8}]}]
    [late, *_] = as_json(*ORDER, "--days", "12", "--lead", "7d", "--reserve", "12.5%")["order"]
    assert late == {
        "month": "2025-01", "product": "X", "vial": "120 mg", "needed": 8, "not_firm": 0, "reserve": 1, "order": 9,
        "first_need": "2025-01-20", "order_by": "2025-01-13", "check_weight": None, "closed": None,
    }  # fmt: skip
