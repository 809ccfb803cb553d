"""What the commands of the register take: which register, and who is asking."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from nmosd_dosing.cli.shared_options import flag, takes

Register = Annotated[str | None, takes("FILE|URL", "The register: a file, or postgresql://USER@HOST/NAME.")]
Account = Annotated[str | None, takes("NAME", "Who is asking. [default: the user of this computer]")]
PasswordFile = Annotated[str | None, takes("FILE", "A file with the account's password in its first line; else it is asked for.")]

StudyVersion = Annotated[str | None, takes("NUMBER", "Of the register, only subjects who are on this version of the study.")]
AsKnown = Annotated[str | None, takes("MOMENT|NUMBER", "As the register was then: 2025-07-01T12:00Z, or an entry's number.")]
Reason = Annotated[str | None, takes("TEXT", "Why; nothing is changed without a reason.")]
Sites = Annotated[str | None, takes("CODES|all", "Of which sites it sees subjects: 01,02 or all. A manager's are all.")]


class RegisterOptions(Struct, frozen=True, kw_only=True, eq=False):
    """Which register, and who is asking."""

    register: Register = None
    account: Account = None
    password_file: PasswordFile = None


class NewAccount(Struct, frozen=True, kw_only=True, eq=False):
    """An account that is made."""

    sites: Sites = None
    role: Annotated[str, takes("ROLE", "coordinator, site-pharmacist, unblinded-pharmacist, monitor or manager.")]
    user: Annotated[str | None, takes("USER", "The user of this computer who is let in without a password.")] = None


class GrantOptions(Struct, frozen=True, kw_only=True, eq=False):
    """Which register, for who made it; and what a role of its server may read."""

    register: Register = None
    unblinded: Annotated[bool, flag("--unblinded", "Also the arms.")] = False


class AdoptOptions(Struct, frozen=True, kw_only=True, eq=False):
    """Who uses a file, and from when."""

    first: Annotated[str | None, takes("DATE", "The day from which it is used; without it, from the beginning.", "--from")] = None
    at_site: Annotated[list[str], takes("CODE", "Which site uses it; without it, all. Repeatable.")] = []


class WritingOptions(Struct, frozen=True, kw_only=True, eq=False):
    """Why something is written, and by which study it is looked at first."""

    reason: Reason = None
    regimen: Annotated[str | None, takes("ID|FILE", "A regimen's id or a study file, instead of the study that the register has.")] = None
    period: Annotated[str | None, takes("ID", "One period only, where that file has several.")] = None


class WithdrawOptions(WritingOptions, frozen=True, kw_only=True, eq=False):
    """The same, and how much is withdrawn."""

    whole: Annotated[bool, flag("--whole", "A subject with all that is written of the subject.")] = False


class HistoryOfRegister(Struct, frozen=True, kw_only=True, eq=False):
    """Which lines of the trail."""

    subject: Annotated[str | None, takes("CODE", "Of a subject, by any code that the subject had.")] = None
    visit: Annotated[str | None, takes("NAME", "Of a visit, by any name that it has: D182, rcp/D182.")] = None
    entry: Annotated[str | None, takes("NUMBER", "Of a number, with what stood in the same place before and after.")] = None
    from_: Annotated[str | None, takes("DATE", "Written on this day or later, where it was written.", "--from")] = None
    to: Annotated[str | None, takes("DATE", "Written on this day or before.")] = None
    by: Annotated[str | None, takes("NAME", "Written by an account.")] = None
    as_known: AsKnown = None


GROUPS = (RegisterOptions, NewAccount, GrantOptions, WithdrawOptions, HistoryOfRegister)  # of which messages name options
