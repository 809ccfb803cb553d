"""The program `dosing` as typer knows it: its commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated

import typer
from typer.main import get_command

from nmosd_dosing.cli.account_commands import ACCOUNT_COMMANDS
from nmosd_dosing.cli.commands import COMMANDS
from nmosd_dosing.cli.help import UNFOLDED, Command, Group
from nmosd_dosing.cli.register_commands import REGISTER_COMMANDS
from nmosd_dosing.cli.register_table_commands import TABLE_COMMANDS
from nmosd_dosing.cli.register_writing import WRITING_COMMANDS
from nmosd_dosing.cli.serve_command import SERVE_COMMANDS

_root = typer.Typer(
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


@_root.callback()
def _before(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    pass


def _add(program: typer.Typer, commands: Iterable[Callable[..., object]]) -> None:
    for command in commands:
        program.command(cls=Command, short_help=" ".join((command.__doc__ or "").split("\n\n")[0].split()))(command)


_add(_root, [*COMMANDS, *SERVE_COMMANDS])
register = typer.Typer(cls=Group, no_args_is_help=True, rich_markup_mode=None, context_settings=_root.info.context_settings)
_add(register, [*TABLE_COMMANDS, *WRITING_COMMANDS, *REGISTER_COMMANDS])
accounts = typer.Typer(cls=Group, no_args_is_help=True, rich_markup_mode=None, context_settings=_root.info.context_settings)
_add(accounts, ACCOUNT_COMMANDS)
register.add_typer(accounts, name="account", help="Who may do what: accounts, each with a role and its sites.")
_root.add_typer(register, name="register", help="The tables with a memory: who wrote what, when, and why it was changed.")
app = get_command(_root)  # once: typer itself would build every command anew at each call
