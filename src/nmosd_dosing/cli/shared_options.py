"""How an option is declared; and options that stand in several groups, each declared once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any

import typer

from nmosd_dosing.cli.complete import complete_arm


def takes(value: str, words: str, *names: str, completed: Callable[..., list[str]] | None = None) -> Any:
    """An option that takes a value, called as its field is unless it is named; and what its help says."""
    return typer.Option(*names, help=words, metavar=value, autocompletion=completed)


def flag(name: str, words: str) -> Any:
    """An option that takes none; and what its help says."""
    return typer.Option(name, help=words)


Window = Annotated[str | None, takes("WINDOW", "A window where the file states none: 3d, -2d/+5d.")]
AsOf = Annotated[str | None, takes("DATE", "The day from which to look; all but `plan` and `cohort` take today.")]
Country = Annotated[str | None, takes("CODE", "Note weekends and public holidays of a country: CN.")]
AtSite = Annotated[list[str], takes("CODE", "Show only rows of this site; all subjects are planned. Repeatable.")]
OnOfStudy = Annotated[
    list[str],
    takes(
        "EVENT=DATE|ADDRESS",
        "An event of the study: idmc_stop=2025-06-10. Repeatable. Or a cluster to work on: tcp://HOST:8786 (docs/cluster.md).",
    ),
]
Vials = Annotated[str, takes("POLICY", "Which vials are taken: least-waste or fewest.")]
Height = Annotated[str | None, takes("CM", "Body height, for doses per m2 or by the ideal weight.")]
Sex = Annotated[str | None, takes("M|F", "Sex, for doses by the ideal or adjusted weight.")]
Age = Annotated[str | None, takes("YEARS", "Age in completed years on day 1, for doses by age.")]
Measured = Annotated[list[str], takes("NAME=N@DATE", "A value that doses are by, with its day: eGFR=45@2025-01-03. Repeatable.")]
Arm = Annotated[str | None, takes("ARM", "The subject's arm; shown only where the study does not blind it.", completed=complete_arm)]
UnblindAll = Annotated[bool, flag("--unblind", "Show blinded doses; needs everybody's arm.")]
UnblindOne = Annotated[bool, flag("--unblind", "Show blinded doses; needs --arm.")]
DatesFrom = Annotated[str | None, takes("DATE", "The first dose; without it no dates are shown.")]
SkipBad = Annotated[bool, flag("--skip-bad", "Leave out subjects of whom something is wrong, and write the others; exit code 2.")]


Counted = tuple[tuple[str, dt.date | None], ...]  # by the text of a rule of the study's stop, its day; None before it has one
