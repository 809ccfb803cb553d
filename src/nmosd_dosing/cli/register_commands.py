"""The commands of the register: what each takes, and what its help says. What each does is in a room of `run`, loaded when it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

import typer

from nmosd_dosing.cli.groups import in_options
from nmosd_dosing.cli.output_options import AnswerOutput
from nmosd_dosing.cli.register_options import AdoptOptions, BackupOptions, GrantOptions, RegisterOptions, RestoreOptions

T = TypeVar("T")


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
def grant(
    asked: GrantOptions,
    role: Annotated[str, typer.Argument(help="The role, as PostgreSQL knows it.", metavar="ROLE")],
) -> None:
    """Let a role of a PostgreSQL server read a register and add to it. Who made the register types it.

    \b
    Examples:
      dosing register grant dosing_sites --register postgresql://owner@db.example/trial
      dosing register grant dosing_arms --unblinded --register postgresql://owner@db.example/trial
    """
    from nmosd_dosing.cli.run.accounts import run_grant

    run_grant(asked, role)


@command()
def adopt(
    asked: RegisterOptions,
    file: Annotated[str, typer.Argument(help="A study file, a shipped study's id, or a site's file.", metavar="FILE|ID")],
    used: AdoptOptions,
) -> None:
    """Take a study file or a site's file into the register, whole, as its next version; and say who uses it from which day.

    Subjects who come from then on are on that version; who is there stays on his, until his row is corrected (`study_version`).

    \b
    Examples:
      dosing register adopt my-study.yaml --from 2025-07-01
      dosing register adopt my-study.yaml --from 2025-09-01 --at-site 01 --at-site 02
      dosing register adopt my-site.yaml --at-site 01
    """
    from nmosd_dosing.cli.run.register_files import run_adopt

    run_adopt(asked, file, used)


@command()
def files(asked: RegisterOptions, output: AnswerOutput) -> None:
    """The study files and site files that the register holds, by version, and who uses which from when.

    \b
    Examples:
      dosing register files
      dosing register files --format json
    """
    from nmosd_dosing.cli.run.register_files import run_files

    run_files(asked, output)


@command()
def backup(
    asked: RegisterOptions, file: Annotated[str, typer.Argument(help="The file to write.", metavar="FILE")], of: BackupOptions
) -> None:
    """Write all that the register holds into one file, without arms; or, with --arms, the arms alone.

    \b
    Examples:
      dosing register backup trial-2025-07-01.gz
      dosing register backup arms-2025-07-01.gz --arms --account phil
    """
    from nmosd_dosing.cli.run.register_files import run_backup

    run_backup(asked, file, of.arms)


@command()
def restore(
    asked: RegisterOptions,
    file: Annotated[str, typer.Argument(help="What `dosing register backup` wrote.", metavar="FILE")],
    beside: RestoreOptions,
) -> None:
    """Make a register of a backup, on either database. Its chain is verified before anybody can use it.

    \b
    Examples:
      dosing register restore trial-2025-07-01.gz --register again.db
      dosing register restore trial-2025-07-01.gz --arms arms-2025-07-01.gz --register postgresql://owner@db.example/trial
    """
    from nmosd_dosing.cli.run.register_files import run_restore

    run_restore(asked, file, beside.arms)
