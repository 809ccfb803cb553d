"""What the commands of the register take: which register, and who is asking."""

from __future__ import annotations

from typing import Annotated

import typer
from msgspec import Struct, field

Register = Annotated[str | None, typer.Option(help="The register: a file, or postgresql://USER@HOST/NAME.", metavar="FILE|URL")]
Account = Annotated[str | None, typer.Option(help="Who is asking. [default: the user of this computer]", metavar="NAME")]
PasswordFile = Annotated[
    str | None, typer.Option(help="A file with the account's password in its first line; else it is asked for.", metavar="FILE")
]

StudyVersion = Annotated[
    str | None, typer.Option(help="Of the register, only subjects who are on this version of the study.", metavar="NUMBER")
]
AsKnown = Annotated[
    str | None, typer.Option(help="As the register was then: 2025-07-01T12:00Z, or an entry's number.", metavar="MOMENT|NUMBER")
]


class RegisterOptions(Struct, frozen=True, kw_only=True, eq=False):
    """Which register, and who is asking."""

    register: Register = None
    account: Account = None
    password_file: PasswordFile = None


class ReasonOptions(Struct, frozen=True, kw_only=True, eq=False):
    """Why something is changed."""

    reason: Annotated[str | None, typer.Option(help="Why; nothing is changed without a reason.", metavar="TEXT")] = None


class SitesOptions(Struct, frozen=True, kw_only=True, eq=False):
    """Of which sites an account is."""

    sites: Annotated[
        str | None, typer.Option(help="Of which sites it sees subjects: 01,02 or all. A manager's are all.", metavar="CODES|all")
    ] = None


class NewAccount(SitesOptions, frozen=True, kw_only=True, eq=False):
    """An account that is made."""

    role: Annotated[str, typer.Option(help="coordinator, site-pharmacist, unblinded-pharmacist, monitor or manager.", metavar="ROLE")]
    user: Annotated[str | None, typer.Option(help="The user of this computer who is let in without a password.", metavar="USER")] = None


class GrantOptions(Struct, frozen=True, kw_only=True, eq=False):
    """Which register, for who made it; and what a role of its server may read."""

    register: Register = None
    unblinded: Annotated[bool, typer.Option("--unblinded", help="Also the arms.")] = False


class AdoptOptions(Struct, frozen=True, kw_only=True, eq=False):
    """Who uses a file, and from when."""

    first: Annotated[
        str | None, typer.Option("--from", help="The day from which it is used; without it, from the beginning.", metavar="DATE")
    ] = None
    at_site: Annotated[list[str], typer.Option(help="Which site uses it; without it, all. Repeatable.", metavar="CODE")] = field(
        default_factory=list
    )


class BackupOptions(Struct, frozen=True, kw_only=True, eq=False):
    """What a backup is of."""

    arms: Annotated[bool, typer.Option("--arms", help="The arms, which are a file of their own.")] = False


class RestoreOptions(Struct, frozen=True, kw_only=True, eq=False):
    """What comes back beside the register."""

    arms: Annotated[str | None, typer.Option(help="A backup of the arms, too.", metavar="FILE")] = None


class WritingOptions(ReasonOptions, frozen=True, kw_only=True, eq=False):
    """Why something is written, and by which study it is looked at first."""

    regimen: Annotated[
        str | None, typer.Option(help="A regimen's id or a study file, instead of the study that the register has.", metavar="ID|FILE")
    ] = None
    period: Annotated[str | None, typer.Option(help="One period only, where that file has several.", metavar="ID")] = None


class WithdrawOptions(WritingOptions, frozen=True, kw_only=True, eq=False):
    """The same, and how much is withdrawn."""

    whole: Annotated[bool, typer.Option("--whole", help="A subject with all that is written of the subject.")] = False


class HistoryOfRegister(Struct, frozen=True, kw_only=True, eq=False):
    """Which lines of the trail."""

    subject: Annotated[str | None, typer.Option(help="Of a subject, by any code that the subject had.", metavar="CODE")] = None
    visit: Annotated[str | None, typer.Option(help="Of a visit, by any name that it has: D182, rcp/D182.", metavar="NAME")] = None
    entry: Annotated[
        str | None, typer.Option(help="Of a number, with what stood in the same place before and after.", metavar="NUMBER")
    ] = None
    from_: Annotated[str | None, typer.Option("--from", help="Written on this day or later, where it was written.", metavar="DATE")] = None
    to: Annotated[str | None, typer.Option(help="Written on this day or before.", metavar="DATE")] = None
    by: Annotated[str | None, typer.Option(help="Written by an account.", metavar="NAME")] = None
    as_known: AsKnown = None


GROUPS = (RegisterOptions, ReasonOptions, NewAccount, GrantOptions, WithdrawOptions, HistoryOfRegister)  # of which messages name options
