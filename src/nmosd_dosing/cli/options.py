"""The options that several commands take, each with its one help text."""

from __future__ import annotations

from typing import Annotated

import typer


def complete_regimen(incomplete: str) -> list[str]:
    from nmosd_dosing.cli.complete import regimens

    return regimens(incomplete)


def complete_arm(ctx: typer.Context, incomplete: str) -> list[str]:
    from nmosd_dosing.cli.complete import arms

    return arms(ctx.params.get("regimen"), ctx.params.get("period"), incomplete)


def complete_period(ctx: typer.Context, incomplete: str) -> list[str]:
    from nmosd_dosing.cli.complete import periods

    return periods(ctx.params.get("regimen"), incomplete)


Regimen = Annotated[
    str | None,
    typer.Option(
        help="A shipped regimen's id (see `dosing regimens`) or the path of a study file. [required]",
        metavar="ID|FILE",
        autocompletion=complete_regimen,
    ),
]
Start = Annotated[str | None, typer.Option(help="The first dose, planned or actual: study day 1. [required]", metavar="DATE")]
Period = Annotated[
    str | None,
    typer.Option(help="One period only, where a file has several.", metavar="ID", autocompletion=complete_period),
]
Arm = Annotated[
    str | None,
    typer.Option(help="The subject's arm; shown only where the study does not blind it.", metavar="ARM", autocompletion=complete_arm),
]
Weight = Annotated[
    list[str] | None,
    typer.Option(help="Body weight at baseline; later ones as 2025-06-23=66. Repeatable.", metavar="KG|DATE=KG"),
]
Height = Annotated[str | None, typer.Option(help="Body height, for doses per m2.", metavar="CM")]
Earlier = Annotated[
    list[str] | None,
    typer.Option(help='What the subject had before, under a lifetime cap: "X=40 mg/m2". Repeatable.', metavar="PRODUCT=AMOUNT"),
]
VialPolicy = Annotated[str, typer.Option("--vials", help="Which vials are taken: least-waste or fewest.", metavar="POLICY")]
SubjectCode = Annotated[str | None, typer.Option(help="The subject's code, to be printed.", metavar="CODE")]
Subjects = Annotated[str | None, typer.Option(help="Several subjects: a table with subject, start, weight_kg, …", metavar="FILE")]
Allocation = Annotated[str | None, typer.Option(help="Who is in which arm: a table with subject, arm.", metavar="FILE")]
Events = Annotated[str | None, typer.Option(help="What happened: a table with subject, event, date.", metavar="FILE")]
Weighings = Annotated[str | None, typer.Option(help="Later weights: a table with subject, date, weight_kg.", metavar="FILE")]
Visits = Annotated[str | None, typer.Option(help="What was done: a table with subject, period, visit, date, status, …", metavar="FILE")]
On = Annotated[
    list[str] | None,
    typer.Option(help="An event of the subject or the study: relapse=2025-06-10. Repeatable.", metavar="EVENT=DATE"),
]
Enter = Annotated[list[str] | None, typer.Option(help="The actual first day of a later period: olp=2026-01-12.", metavar="PERIOD=DATE")]
Site = Annotated[str | None, typer.Option(help="A site's own facts: windows, minimum gaps, closed days (a YAML file).", metavar="FILE")]
AsOf = Annotated[str | None, typer.Option(help="The day from which to look; `check` and `due` take today.", metavar="DATE")]
Country = Annotated[str | None, typer.Option(help="Note weekends and public holidays of a country: CN.", metavar="CODE")]
WindowText = Annotated[str | None, typer.Option("--window", help="A window where the file states none: 3d, -2d/+5d.", metavar="WINDOW")]
Format = Annotated[str | None, typer.Option(help="table, json or csv; without it, what the ending of --output says.", metavar="FORMAT")]
Output = Annotated[str | None, typer.Option(help="Write to a file instead: it is written whole, or not at all.", metavar="FILE")]
From = Annotated[str | None, typer.Option("--from", help="The first day of the list; without it, today.", metavar="DATE")]
UnblindAll = Annotated[bool, typer.Option("--unblind", help="Show blinded doses; needs everybody's arm.")]


_NAMED = {"weight_kg": "weight", "height_cm": "height", "of_study": "on", "everything": "all"}


def option(name: str) -> str:
    """How the command line says an argument that messages name."""
    return "--" + _NAMED.get(name, name).replace("_", "-")
