"""What `dosing doses` and `dosing compare` take."""

from __future__ import annotations

from typing import Annotated

import typer

from nmosd_dosing.cli.options import (
    Arm,
    Format,
    Height,
    Output,
    Period,
    Regimen,
    Site,
    VialPolicy,
    complete_regimen,
)


def doses(
    regimen: Regimen = None,
    weights: Annotated[
        str | None,
        typer.Option(
            help="Body weights: 45,60.5,75, or 40:120:5, or a table with weight_kg, height_cm. [required]", metavar="KG,KG,…|FILE"
        ),
    ] = None,
    height: Height = None,
    start: Annotated[str | None, typer.Option(help="The first dose; without it no dates are shown.", metavar="DATE")] = None,
    period: Period = None,
    arm: Arm = None,
    unblind: Annotated[bool, typer.Option("--unblind", help="Show blinded doses; needs --arm.")] = False,
    site: Site = None,
    vials: VialPolicy = "least-waste",
    format: Format = None,
    output: Output = None,
    plot: Annotated[
        str | None, typer.Option(help="Draw cumulative doses: .svg, .png or .pdf (needs the extra `plot`).", metavar="FILE")
    ] = None,
) -> None:
    """What a regimen takes at several body weights: totals, by period, by year of treatment, by visit.

    Decimals take a point, and commas stand between weights. An open end is drawn for 24 months.

    \b
    Examples:
      dosing doses --regimen belimumab --weights 45,60,75,102.5
      dosing doses --regimen belimumab --weights 40:120:5 --format csv
      dosing doses --regimen belimumab --weights 45,60,75,102.5 --plot doses.svg
      dosing doses --regimen mil62 --weights 60 --arm placebo --unblind
    """
    from nmosd_dosing.cli.run.doses import DosesRequest, run

    run(DosesRequest(regimen, weights, height, start, period, arm, site, unblind, vials, format, output, plot))


def compare(
    regimens: Annotated[
        list[str], typer.Argument(help="Ids or paths of study files, two or more.", metavar="ID|FILE...", autocompletion=complete_regimen)
    ],
    months: Annotated[str | None, typer.Option(help="The horizon: so many months from day 1. [default: 24]", metavar="N")] = None,
    start: Annotated[str | None, typer.Option(help="The first dose; without it no dates are shown.", metavar="DATE")] = None,
    until: Annotated[str | None, typer.Option(help="The horizon's last day, in place of --months; needs --start.", metavar="DATE")] = None,
    weight: Annotated[str | None, typer.Option(help="Body weight, for doses per kg.", metavar="KG")] = None,
    height: Height = None,
    arm: Arm = None,
    format: Format = None,
    output: Output = None,
) -> None:
    """Regimens side by side over one horizon: how often, from when to when, how much, how far apart. Masked.

    \b
    Examples:
      dosing compare belimumab mil62-rcp --weight 60
      dosing compare bat4406f mil62 --months 36 --start 2025-01-06
    """
    from nmosd_dosing.cli.run.compare import CompareRequest, run

    run(CompareRequest(regimens, start, until, months, weight, height, arm, format, output))
