"""The commands of the register: what each takes, and what its help says. What each does is in a room of `run`, loaded when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from nmosd_dosing.cli.command_list import Commands
from nmosd_dosing.cli.output_options import AnswerOutput
from nmosd_dosing.cli.register_options import AdoptOptions, BackupOptions, GrantOptions, RegisterOptions, RestoreOptions

REGISTER_COMMANDS = Commands()


@REGISTER_COMMANDS.command()
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


@REGISTER_COMMANDS.command()
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


@REGISTER_COMMANDS.command()
def files(asked: RegisterOptions, output: AnswerOutput) -> None:
    """The study files and site files that the register holds, by version, and who uses which from when.

    \b
    Examples:
      dosing register files
      dosing register files --format json
    """
    from nmosd_dosing.cli.run.register_files import run_files

    run_files(asked, output)


@REGISTER_COMMANDS.command()
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


@REGISTER_COMMANDS.command()
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
