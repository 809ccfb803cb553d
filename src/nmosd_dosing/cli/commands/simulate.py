"""What `dosing simulate` takes; the work is in `simulate`, loaded when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from nmosd_dosing.cli.options import Allocation, Events, Format, On, Output, Period, Regimen, Site, Subjects, VialPolicy, Visits


def simulate(
    regimen: Regimen = None,
    assumptions: Annotated[
        str | None, typer.Option(help="What is assumed: accrual, relapses, dropout, … (a YAML file). [required]", metavar="FILE")
    ] = None,
    trials: Annotated[str, typer.Option(help="How many trials.", metavar="NUMBER")] = "10000",
    seed: Annotated[str, typer.Option(help="Chance begins here: the same seed gives the same numbers.", metavar="NUMBER")] = "1",
    scenarios: Annotated[
        str | None, typer.Option(help="Changes of the assumptions, set side by side (a YAML file).", metavar="FILE")
    ] = None,
    period: Period = None,
    site: Site = None,
    vials: VialPolicy = "least-waste",
    by_site: Annotated[bool, typer.Option("--by-site", help="By site, too; by month and site in JSON and CSV.")] = False,
    cores: Annotated[
        str | None, typer.Option(help="On how many cores; without it one, or all for more than 20,000 trials.", metavar="NUMBER")
    ] = None,
    subjects: Subjects = None,
    allocation: Allocation = None,
    events: Events = None,
    visits: Visits = None,
    on: On = None,
    as_of: Annotated[
        str | None, typer.Option(help="The day up to which the tables of real subjects hold; chance goes on from it.", metavar="DATE")
    ] = None,
    unblind: Annotated[bool, typer.Option("--unblind", help="Use real subjects' arms; needs --allocation.")] = False,
    format: Format = None,
    output: Output = None,
    plot: Annotated[str | None, typer.Option(help="Draw it: .svg, .png or .pdf (needs the extra `plot`).", metavar="FILE")] = None,
) -> None:
    """The whole trial, simulated many times: when the study stops and why, who enters what, infusions by month.

    Each number stands with its Monte-Carlo error. Never by arm. Scenarios share their random numbers with the trial as assumed, so
    that their differences are sharp.

    \b
    Examples:
      dosing simulate --regimen bat4406f --assumptions trial.yaml
      dosing simulate --regimen bat4406f --assumptions trial.yaml --scenarios scenarios.yaml
      dosing simulate --regimen bat4406f --assumptions trial.yaml --trials 100000 --output trial.json --plot trial.svg
    """  # fmt: skip
    from nmosd_dosing.cli.people import PeopleRequest
    from nmosd_dosing.cli.run.simulate import SimulateRequest, run

    people = PeopleRequest(regimen, period, None, None, (), None, subjects, allocation, events, visits, on or [], (), site)
    run(SimulateRequest(people, assumptions, trials, seed, scenarios, vials, by_site, cores, as_of, unblind, format, output, plot))
