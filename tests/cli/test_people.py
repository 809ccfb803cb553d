"""Whom a command is about: a period of a file is named by `--period`."""

from __future__ import annotations

from tests.kit.command import MIL62, output
from tests.kit.paths import ROOT


def test_a_period_of_a_file_is_named_by_period() -> None:
    file = str(ROOT / "regimens" / "mil62.yaml")
    whole = output("plan", "--regimen", file, "--start", "2025-01-06")
    assert whole == output("plan", "--regimen", "mil62", "--start", "2025-01-06")
    assert output("plan", "--regimen", file, "--period", "rcp", "--start", "2025-01-06") == output(*MIL62)
