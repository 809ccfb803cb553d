"""The command line: `dosing`. Only here is anything printed, and only here does the program exit.

`options` says what can be typed, `commands` which command takes what, `run` what each does.
"""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

from nmosd_dosing.cli.commands import COMMANDS
from nmosd_dosing.cli.help import UNFOLDED, Command, Group

app = typer.Typer(
    name="dosing",
    help="Dosing schedules of NMOSD trials: from a study file to one subject's dated plan.",
    epilog="Begin with: dosing plan --regimen mil62-rcp --start 2025-01-06",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"], "terminal_width": UNFOLDED},
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


for command in COMMANDS:
    app.command(cls=Command, short_help=" ".join((command.__doc__ or "").split("\n\n")[0].split()))(command)


def main() -> NoReturn:
    """Run the command line and exit: 0 fine, 2 wrong input, 3 a defect of this program, 130 interrupted."""
    from nmosd_dosing.cli.edge import run

    sys.exit(run(app))
