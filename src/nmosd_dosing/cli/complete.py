"""What the shell offers while a command is typed. A file with problems offers nothing; completion never complains. The catalog is loaded
only when something is asked for: every command declares these."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

import typer

from nmosd_dosing.errors import DosingError


def complete_regimen(incomplete: str) -> list[str]:
    from nmosd_dosing.language.shipped import ids

    return _beginning(incomplete, ids())


def complete_arm(ctx: typer.Context, incomplete: str) -> list[str]:
    """The arms of the regimen typed so far; those of all its periods where none is named."""
    from nmosd_dosing.language import catalog

    regimen, period = ctx.params.get("regimen"), ctx.params.get("period")
    with contextlib.suppress(DosingError):
        if regimen:
            study, found = catalog.find(regimen)
            chosen = [found] if found else [p for p in study.periods if period in (None, p.id)]
            return _beginning(incomplete, dict.fromkeys(arm for p in chosen for arm in p.arms))
    return []


def complete_period(ctx: typer.Context, incomplete: str) -> list[str]:
    from nmosd_dosing.language import catalog

    with contextlib.suppress(DosingError):
        if regimen := ctx.params.get("regimen"):
            return _beginning(incomplete, [p.id for p in catalog.find(regimen)[0].periods])
    return []


def _beginning(incomplete: str, words: Iterable[str]) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]
