"""The program `dosing` as typer knows it: its commands. Those behind `register` are loaded where they are asked for."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.main import get_command

from nmosd_dosing.cli.command_list import UNFOLDED, Group
from nmosd_dosing.cli.commands import COMMANDS

_SETTINGS = {"help_option_names": ["-h", "--help"], "terminal_width": UNFOLDED}
_root = typer.Typer(
    name="dosing", help="Dosing schedules of NMOSD trials: from a study file to one subject's dated plan.",
    epilog="Begin with: dosing plan --regimen mil62-rcp --start 2025-01-06", no_args_is_help=True, rich_markup_mode=None,
    pretty_exceptions_enable=False, cls=Group, context_settings=_SETTINGS,
)  # fmt: skip


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


def _group(name: str, line: str, commands: Any) -> Any:
    """Commands behind a word."""
    return Group(name=name, help=line, no_args_is_help=True, rich_markup_mode=None, context_settings=_SETTINGS, commands=commands)


def _register() -> Any:
    from nmosd_dosing.cli.register_commands import ACCOUNT_COMMANDS, REGISTER_COMMANDS

    REGISTER_COMMANDS.add("account", _ABOUT_ACCOUNTS, lambda: _group("account", _ABOUT_ACCOUNTS, ACCOUNT_COMMANDS))
    return _group("register", _ABOUT_REGISTERS, REGISTER_COMMANDS)


_ABOUT_ACCOUNTS = "Who may do what: accounts, each with a role and its sites."
_ABOUT_REGISTERS = "The tables with a memory: who wrote what, when, and why it was changed."
COMMANDS.add("register", _ABOUT_REGISTERS, _register)
app: Any = get_command(_root)
app.commands = COMMANDS
