"""The commands about accounts, and about who is let in by a server: what each takes, and what its help says."""

from __future__ import annotations

from typing import Annotated

import typer

from nmosd_dosing.cli.command_list import Commands
from nmosd_dosing.cli.output_options import AnswerOutput
from nmosd_dosing.cli.register_options import NewAccount, ReasonOptions, RegisterOptions, SitesOptions

ACCOUNT_COMMANDS = Commands()

Name = Annotated[str, typer.Argument(help="The account.", metavar="NAME")]


@ACCOUNT_COMMANDS.command()
def add(asked: RegisterOptions, account: NewAccount, name: Name) -> None:
    """Make an account.

    \b
    Examples:
      dosing register account add lina --role coordinator --sites 01,02 --user lina
      dosing register account add tom --role monitor --sites all
    """
    from nmosd_dosing.cli.run.accounts import run_add

    run_add(asked, name, account)


@ACCOUNT_COMMANDS.command()
def role(
    asked: RegisterOptions,
    name: Name,
    role: Annotated[str, typer.Argument(help="Its role from now on.", metavar="ROLE")],
    sites: SitesOptions,
    reason: ReasonOptions,
) -> None:
    """Give an account another role, or other sites.

    \b
    Examples:
      dosing register account role lina monitor --sites 01 --reason "study team changed"
    """
    from nmosd_dosing.cli.run.accounts import run_role

    run_role(asked, name, role, sites.sites, reason.reason)


@ACCOUNT_COMMANDS.command()
def disable(asked: RegisterOptions, name: Name, reason: ReasonOptions) -> None:
    """Let nobody in by an account any more. It stays in the trail.

    \b
    Examples:
      dosing register account disable lina --reason "left the site"
    """
    from nmosd_dosing.cli.run.accounts import run_state

    run_state(asked, name, reason.reason, active=False)


@ACCOUNT_COMMANDS.command()
def enable(asked: RegisterOptions, name: Name, reason: ReasonOptions) -> None:
    """Let the owner of an account in again.

    \b
    Examples:
      dosing register account enable lina --reason "is back"
    """
    from nmosd_dosing.cli.run.accounts import run_state

    run_state(asked, name, reason.reason, active=True)


@ACCOUNT_COMMANDS.command()
def password(
    asked: RegisterOptions,
    name: Name,
    new_password_file: Annotated[
        str | None, typer.Option(help="A file with the new password in its first line; else it is asked for, twice.", metavar="FILE")
    ] = None,
) -> None:
    """Give an account a password: a manager any, everybody their own.

    \b
    Examples:
      dosing register account password lina
    """
    from nmosd_dosing.cli.run.accounts import run_password

    run_password(asked, name, new_password_file)


@ACCOUNT_COMMANDS.command()
def list(asked: RegisterOptions, output: AnswerOutput) -> None:
    """All accounts, also those that are disabled.

    \b
    Examples:
      dosing register account list
      dosing register account list --format json
    """
    from nmosd_dosing.cli.run.accounts import run_list

    run_list(asked, output)
