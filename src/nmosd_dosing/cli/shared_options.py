"""Options that stand in several groups, each declared once."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from nmosd_dosing.cli.complete import complete_arm

Window = Annotated[str | None, typer.Option(help="A window where the file states none: 3d, -2d/+5d.", metavar="WINDOW")]
AsOf = Annotated[str | None, typer.Option(help="The day from which to look; all but `plan` and `cohort` take today.", metavar="DATE")]
Country = Annotated[str | None, typer.Option(help="Note weekends and public holidays of a country: CN.", metavar="CODE")]
AtSite = Annotated[list[str], typer.Option(help="Show only rows of this site; all subjects are planned. Repeatable.", metavar="CODE")]
OnOfStudy = Annotated[
    list[str],
    typer.Option(
        help="An event of the study: idmc_stop=2025-06-10. Repeatable. Or a cluster to work on: tcp://HOST:8786 (docs/cluster.md).",
        metavar="EVENT=DATE|ADDRESS",
    ),
]
Vials = Annotated[str, typer.Option(help="Which vials are taken: least-waste or fewest.", metavar="POLICY")]
Height = Annotated[str | None, typer.Option(help="Body height, for doses per m2 or by the ideal weight.", metavar="CM")]
Sex = Annotated[str | None, typer.Option(help="Sex, for doses by the ideal or adjusted weight.", metavar="M|F")]
Age = Annotated[str | None, typer.Option(help="Age in completed years on day 1, for doses by age.", metavar="YEARS")]
Measured = Annotated[
    list[str], typer.Option(help="A value that doses are by, with its day: eGFR=45@2025-01-03. Repeatable.", metavar="NAME=N@DATE")
]
Arm = Annotated[
    str | None,
    typer.Option(help="The subject's arm; shown only where the study does not blind it.", metavar="ARM", autocompletion=complete_arm),
]
UnblindAll = Annotated[bool, typer.Option("--unblind", help="Show blinded doses; needs everybody's arm.")]
UnblindOne = Annotated[bool, typer.Option("--unblind", help="Show blinded doses; needs --arm.")]
DatesFrom = Annotated[str | None, typer.Option(help="The first dose; without it no dates are shown.", metavar="DATE")]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Leave out subjects of whom something is wrong, and write the others; exit code 2.")
]


Counted = tuple[tuple[str, dt.date | None], ...]  # by the text of a rule of the study's stop, its day; None before it has one
