"""The shell completes regimens, periods and arms."""

from __future__ import annotations

from typing import Any

import click

from nmosd_dosing.cli import complete
from tests.kit.commands import COMMANDS


def typed(**params: Any) -> Any:
    context = click.Context(COMMANDS["plan"])
    context.params = params
    return context


def test_the_shell_completes_regimens_periods_and_arms() -> None:
    assert complete.complete_regimen("mil") == ["mil62", "mil62-phase1b", "mil62-rcp", "mil62-olp"]
    assert complete.complete_arm(typed(regimen="mil62-phase1b"), "") == ["500mg", "1000mg"]
    assert complete.complete_arm(typed(regimen="mil62", period="rcp"), "p") == ["placebo"]
    assert complete.complete_arm(typed(regimen="nonsense"), "") == [] and complete.complete_arm(typed(), "") == []
    assert complete.complete_period(typed(regimen="mil62"), "") == ["phase1b", "rcp", "olp"]
