"""The command line: `dosing`. Only here is anything printed, and only here does the program exit.

Each command says what it takes; the work and its imports are in the rooms beside this one, loaded when a command runs.
"""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

app = typer.Typer(
    name="dosing",
    help="Dosing schedules of NMOSD trials: from a study file to one subject's dated plan.",
    epilog="Begin with: dosing plan --regimen mil62-rcp --start 2025-01-06",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(asked: bool) -> None:
    if asked:
        from nmosd_dosing import __version__

        print(f"dosing {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    pass


def _complete_regimen(incomplete: str) -> list[str]:
    from nmosd_dosing.cli.complete import regimens

    return regimens(incomplete)


def _complete_arm(ctx: typer.Context, incomplete: str) -> list[str]:
    from nmosd_dosing.cli.complete import arms

    return arms(ctx.params.get("regimen"), ctx.params.get("period"), incomplete)


def _complete_period(ctx: typer.Context, incomplete: str) -> list[str]:
    from nmosd_dosing.cli.complete import periods

    return periods(ctx.params.get("regimen"), incomplete)


@app.command()
def plan(
    regimen: Annotated[
        str | None,
        typer.Option(
            help="A shipped regimen's id (see `dosing regimens`) or the path of a study file. [required]",
            metavar="ID|FILE",
            autocompletion=_complete_regimen,
        ),
    ] = None,
    start: Annotated[str | None, typer.Option(help="The first dose, planned or actual: study day 1. [required]", metavar="DATE")] = None,
    period: Annotated[
        str | None, typer.Option(help="The period to plan, where a file has several.", metavar="ID", autocompletion=_complete_period)
    ] = None,
    arm: Annotated[
        str | None,
        typer.Option(help="The subject's arm; shown only where the study does not blind it.", metavar="ARM", autocompletion=_complete_arm),
    ] = None,
    unblind: Annotated[bool, typer.Option("--unblind", help="Show blinded doses; needs --arm.")] = False,
    weight: Annotated[str | None, typer.Option(help="Body weight at baseline, for doses per kg.", metavar="KG")] = None,
    subject: Annotated[str | None, typer.Option(help="The subject's code, to be printed.", metavar="CODE")] = None,
    until: Annotated[str | None, typer.Option(help="The last day to plan; an open end is drawn up to it.", metavar="DATE")] = None,
    window: Annotated[str | None, typer.Option(help="A window where the file states none: 3d, -2d/+5d.", metavar="WINDOW")] = None,
    format: Annotated[
        str | None, typer.Option(help="table, json or csv; without it, what the ending of --output says.", metavar="FORMAT")
    ] = None,
    output: Annotated[str | None, typer.Option(help="Write to a file instead: it is written whole, or not at all.", metavar="FILE")] = None,
) -> None:
    """One subject's dated plan for one period, masked where the study is blinded.

    \b
    Examples:
      dosing plan --regimen mil62-rcp --start 2025-01-06
      dosing plan --regimen belimumab --start 2025-01-06 --weight 60
      dosing plan --regimen bat4406f-olp --start 2025-08-31 --until 2029-12-31 --format csv
      dosing plan --regimen my-study.yaml --period olp --start 2025-08-31 --window 3d
      dosing plan --regimen mil62-rcp --start 2025-01-06 --arm placebo --unblind
    """  # fmt: skip
    from nmosd_dosing.cli.plan import PlanRequest, run

    run(PlanRequest(regimen, start, period, arm, unblind, weight, subject, until, window, format, output))


@app.command()
def regimens(
    format: Annotated[str, typer.Option(help="table or json.", metavar="FORMAT")] = "table",
) -> None:
    """The shipped regimens.

    \b
    Example:
      dosing regimens
    """
    from nmosd_dosing.cli.studies import regimens

    regimens(format)


@app.command()
def show(
    regimen: Annotated[str, typer.Argument(help="An id or the path of a study file.", metavar="ID|FILE", autocompletion=_complete_regimen)],
) -> None:
    """A regimen in full: timing, doses of every arm, sources, what is not stated and what is assumed.

    \b
    Examples:
      dosing show mil62
      dosing show my-study.yaml
    """
    from nmosd_dosing.cli.studies import show

    show(regimen)


@app.command()
def validate(
    files: Annotated[list[str], typer.Argument(help="Study files.", metavar="FILE...")],
) -> None:
    """Check study files and show every problem.

    \b
    Example:
      dosing validate my-study.yaml
    """
    from nmosd_dosing.cli.studies import validate

    validate(files)


@app.command()
def schema() -> None:
    """The JSON Schema of study files, for editors.

    \b
    Example:
      dosing schema > study.schema.json
    """
    from nmosd_dosing.cli.studies import schema

    schema()


def main() -> NoReturn:
    """Run the command line and exit: 0 fine, 2 wrong input, 3 a defect of this program, 130 interrupted."""
    from nmosd_dosing.cli.edge import run

    sys.exit(run(app))
