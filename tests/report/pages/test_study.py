"""`dosing show` says that a visit of several days is its own window."""

from __future__ import annotations

from pathlib import Path

from tests.kit.command import output
from tests.kit.recorded import M


def test_show_says_that_a_range_is_its_own_window(folder: Path) -> None:
    text = M.replace("    visits:\n", "    window: ±2d\n    visits:\n      - {at: D-14 to D-1, name: Screening, assess: eligibility}\n")
    (folder / "s.yaml").write_text(text, encoding="utf-8")
    shown = output("show", "./s.yaml").splitlines()
    assert shown[shown.index("  D-14 to D-1") + 3] == "    window  the range itself"
