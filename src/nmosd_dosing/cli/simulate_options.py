"""The options of simulated trials, as `options` has those of everything else."""

from __future__ import annotations

from typing import Annotated

import typer
from msgspec import Struct

from nmosd_dosing.cli.shared_options import Vials


class SimulateOptions(Struct, frozen=True, kw_only=True, eq=False):
    """`dosing simulate`."""

    assumptions: Annotated[
        str | None, typer.Option(help="What is assumed: accrual, relapses, dropout, … (a YAML file). [required]", metavar="FILE")
    ] = None
    trials: Annotated[str, typer.Option(help="How many trials.", metavar="NUMBER")] = "10000"
    seed: Annotated[str, typer.Option(help="Chance begins here: the same seed gives the same numbers.", metavar="NUMBER")] = "1"
    scenarios: Annotated[
        str | None, typer.Option(help="Changes of the assumptions, set side by side (a YAML file).", metavar="FILE")
    ] = None  # fmt: skip
    vials: Vials = "least-waste"
    by_site: Annotated[bool, typer.Option("--by-site", help="By site, too; by month and site in JSON and CSV.")] = False
    cores: Annotated[
        str | None, typer.Option(help="On how many cores; without it one, or all for more than 20,000 trials.", metavar="NUMBER")
    ] = None
    as_of: Annotated[
        str | None, typer.Option(help="The day up to which the tables of real subjects hold; chance goes on from it.", metavar="DATE")
    ] = None
    unblind: Annotated[bool, typer.Option("--unblind", help="Use real subjects' arms; needs --allocation.")] = False
    plot: Annotated[str | None, typer.Option(help="Draw it: .svg, .png or .pdf (needs the extra `plot`).", metavar="FILE")] = None
