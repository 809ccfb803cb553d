"""What the shell offers while a command is typed. A file with problems offers nothing; completion never complains. The catalog is loaded
only when something is asked for: every command declares these."""

from __future__ import annotations

import contextlib

import typer

from nmosd_dosing.errors import DosingError


def complete_regimen(incomplete: str) -> list[str]:
    return regimens(incomplete)


def complete_arm(ctx: typer.Context, incomplete: str) -> list[str]:
    return arms(ctx.params.get("regimen"), ctx.params.get("period"), incomplete)


def complete_period(ctx: typer.Context, incomplete: str) -> list[str]:
    return periods(ctx.params.get("regimen"), incomplete)


def regimens(incomplete: str) -> list[str]:
    from nmosd_dosing.language.shipped import ids

    return _beginning(incomplete, ids())


def arms(regimen: str | None, period: str | None, incomplete: str) -> list[str]:
    """The arms of the regimen typed so far; those of all its periods where none is named."""
    from nmosd_dosing.language import catalog

    with contextlib.suppress(DosingError):
        if regimen:
            study, found = catalog.find(regimen)
            chosen = [found] if found else [p for p in study.periods if period in (None, p.id)]
            return _beginning(incomplete, dict.fromkeys(arm for p in chosen for arm in p.arms))
    return []


def periods(regimen: str | None, incomplete: str) -> list[str]:
    from nmosd_dosing.language import catalog

    with contextlib.suppress(DosingError):
        if regimen:
            return _beginning(incomplete, [p.id for p in catalog.find(regimen)[0].periods])
    return []


def _beginning(incomplete: str, words: object) -> list[str]:
    return [word for word in words if str(word).startswith(incomplete)]  # type: ignore[attr-defined]
