"""The commands of the register: what each takes, and what its help says. What each does is in a room of `run`, loaded when it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from nmosd_dosing.cli.groups import in_options
from nmosd_dosing.cli.register_options import RegisterOptions

T = TypeVar("T")
REGISTER_COMMANDS: list[Callable[..., object]] = []


def command() -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Makes a function a command behind `dosing register`."""

    def add(function: Callable[..., T]) -> Callable[..., T]:
        made = in_options(function)
        REGISTER_COMMANDS.append(made)
        return made

    return add


@command()
def head(asked: RegisterOptions) -> None:
    """The last entry's number and hash, to be kept elsewhere.

    \b
    Examples:
      dosing register head --register trial.db
    """
    from nmosd_dosing.cli.run.register import run_head

    run_head(asked)
