"""The help of every command shows an example and loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys

from tests.kit.command import output


def test_help_shows_examples_and_loads_nothing_heavy() -> None:
    text = output("plan", "--help")
    assert "dosing plan --regimen mil62-rcp --start 2025-01-06" in text
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "nmosd_dosing", "--help"], capture_output=True, text=True, check=True
    ).stderr
    modules = {line.rsplit("|", 1)[1].strip() for line in loaded.splitlines() if "|" in line}
    assert not modules & {"numpy", "icalendar", "pydantic", "yaml", "rich"}
