"""`dosing simulate` as tests run it, for the examples and for belimumab."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.kit.command import output
from tests.kit.paths import ROOT

TRIAL = ROOT / "examples" / "bat4406f" / "assumptions.yaml"
SCENARIOS = ROOT / "examples" / "bat4406f" / "scenarios.yaml"
MIL62 = ROOT / "examples" / "mil62" / "assumptions.yaml"
BAT = ("simulate", "--regimen", "bat4406f", "--assumptions", str(TRIAL))
SMALL = (*BAT, "--trials", "200")
BELIMUMAB = """
start: 2025-01-06
subjects: 12
sites: 2
accrual: 4 per month
dropout: 0.2 per year
weight: {mean: 60 kg, sd: 11 kg, from: 40 kg, to: 110 kg}
"""
QUANTILES = ["0.05", "0.25", "0.5", "0.75", "0.95"]


def as_json(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(output(*arguments, "--format", "json"))
    return found


def as_rows(*arguments: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(output(*arguments, "--format", "csv"))))


@pytest.fixture
def belimumab(tmp_path: Path) -> tuple[str, ...]:
    """A trial with vials by weight, two sites and no stop."""
    path = tmp_path / "belimumab.yaml"
    path.write_text(BELIMUMAB, encoding="utf-8")
    return ("simulate", "--regimen", "belimumab", "--assumptions", str(path), "--trials", "150")
