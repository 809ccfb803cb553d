"""The commands of the register: what each takes, and what its help says. What each does is in a room of `run`, loaded when it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

import typer

from nmosd_dosing.cli.groups import in_options
from nmosd_dosing.cli.register_options import GrantOptions, RegisterOptions

T = TypeVar("T")
Adding = Callable[[], Callable[[Callable[..., T]], Callable[..., T]]]


def command_of() -> tuple[list[Callable[..., object]], Callable[[], Callable[[Callable[..., T]], Callable[..., T]]]]:
    """A list of commands, and what makes a function one of them."""
    commands: list[Callable[..., object]] = []

    def command() -> Callable[[Callable[..., T]], Callable[..., T]]:
        def add(function: Callable[..., T]) -> Callable[..., T]:
            made = in_options(function)
            commands.append(made)
            return made

        return add

    return commands, command


REGISTER_COMMANDS, command = command_of()


@command()
def head(asked: RegisterOptions) -> None:
    """The last entry's number and hash, to be kept elsewhere.

    \b
    Examples:
      dosing register head --register trial.db
    """
    from nmosd_dosing.cli.run.register import run_head

    run_head(asked)


@command()
def grant(
    asked: RegisterOptions,
    role: Annotated[str, typer.Argument(help="The role, as PostgreSQL knows it.", metavar="ROLE")],
    also: GrantOptions,
) -> None:
    """Let a role of a PostgreSQL server read a register and add to it. Who made the register types it.

    \b
    Examples:
      dosing register grant dosing_sites --register postgresql://owner@db.example/trial
      dosing register grant dosing_arms --unblinded --register postgresql://owner@db.example/trial
    """
    from nmosd_dosing.cli.run.accounts import run_grant

    run_grant(asked, role, also.unblinded)
