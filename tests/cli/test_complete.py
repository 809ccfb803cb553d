"""The shell completes regimens, periods and arms."""

from __future__ import annotations

from nmosd_dosing.cli import complete


def test_the_shell_completes_regimens_periods_and_arms() -> None:
    assert complete.regimens("mil") == ["mil62", "mil62-phase1b", "mil62-rcp", "mil62-olp"]
    assert complete.arms("mil62-phase1b", None, "") == ["500mg", "1000mg"]
    assert complete.arms("mil62", "rcp", "p") == ["placebo"]
    assert complete.arms("nonsense", None, "") == [] and complete.arms(None, None, "") == []
    assert complete.periods("mil62", "") == ["phase1b", "rcp", "olp"]
