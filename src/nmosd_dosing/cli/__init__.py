"""The command line: `dosing`. Only here is anything printed, and only here does the program exit.

Each command says what it takes; the work and its imports are in the rooms beside this one, loaded when a command runs.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Annotated, NoReturn, ParamSpec, TypeVar

import typer

from nmosd_dosing.cli.commands import check, cohort, doses, pharmacy, plan, simulate, studies
from nmosd_dosing.cli.options import option
from nmosd_dosing.errors import arguments_said_as

P = ParamSpec("P")
T = TypeVar("T")

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
        from nmosd_dosing.version import __version__

        print(f"dosing {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    pass


def _in_options(command: Callable[P, T]) -> Callable[P, T]:
    """The command, with messages that name arguments as options."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        with arguments_said_as(option):
            return command(*args, **kwargs)

    return run


for command in (
    plan.plan, check.check, check.due, pharmacy.prepare, pharmacy.order, cohort.cohort, doses.doses, doses.compare,
    simulate.simulate, studies.regimens, studies.show, studies.validate, studies.schema,
):  # fmt: skip
    app.command()(_in_options(command))


def main() -> NoReturn:
    """Run the command line and exit: 0 fine, 2 wrong input, 3 a defect of this program, 130 interrupted."""
    from nmosd_dosing.cli.edge import run

    sys.exit(run(app))
