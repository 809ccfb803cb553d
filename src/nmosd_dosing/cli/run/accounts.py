"""`dosing register account …` and `dosing register grant`: what they do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from nmosd_dosing.cli import outputs, registers
from nmosd_dosing.cli.edge import say
from nmosd_dosing.cli.output_options import OutputOptions
from nmosd_dosing.cli.register_options import GrantOptions, NewAccount, RegisterOptions
from nmosd_dosing.errors import clip, command, one_of
from nmosd_dosing.report.pages.register import accounts_page, in_words
from nmosd_dosing.screen import without_controls

if TYPE_CHECKING:
    from nmosd_dosing.register.accounts import Account


def run_add(asked: RegisterOptions, account: NewAccount, name: str) -> None:
    """Makes an account, and says how it is to be used."""
    opened = registers.opened(asked)
    from nmosd_dosing.register import accounts
    from nmosd_dosing.register.database import server

    made = accounts.add(*opened.asks, name=name, role=account.role, sites=account.sites, user=account.user)
    say(f"account `{made.name}`: {in_words(made)}")
    if made.user is None or server.is_server(opened.facts):
        say(f"it lets nobody in before it has a password: `{command(f'register account password {made.name}')}`")
    if made.user is not None and sum(each.user == made.user for each in accounts.accounts(opened.facts)) > 1:
        say(without_controls(f"the user `{clip(made.user)}` may be several accounts from now on, and names one: `--account NAME`"))
    if made.sites and (unknown := sorted(made.sites - accounts.sites_of_subjects(opened.facts))):
        say(f"no subject is of site {one_of(unknown)} yet")


def run_role(asked: RegisterOptions, name: str, role: str, sites: str | None, reason: str | None) -> None:
    """Gives an account another role."""
    from nmosd_dosing.register import accounts

    _change(asked, name, reason, accounts.with_role(role, sites))


def run_disable(asked: RegisterOptions, name: str, reason: str | None) -> None:
    """Disables an account."""
    from nmosd_dosing.register import accounts

    _change(asked, name, reason, accounts.disabled)


def run_enable(asked: RegisterOptions, name: str, reason: str | None) -> None:
    """Enables it again."""
    from nmosd_dosing.register import accounts

    _change(asked, name, reason, accounts.enabled)


def _change(asked: RegisterOptions, name: str, reason: str | None, change: Callable[[Account], Account]) -> None:
    from nmosd_dosing.register import accounts

    before, now = accounts.change(*registers.opened(asked).asks, name=name, reason=reason, change=change)
    say(f"account `{now.name}`: {in_words(now)}; it was {in_words(before)}")


def run_password(asked: RegisterOptions, name: str, file: str | None) -> None:
    """Gives an account a password."""
    opened = registers.opened(asked)
    from nmosd_dosing.register import accounts

    accounts.check_may_set_password(opened.facts, opened.who, name)
    given = registers.new_password(file, name)
    accounts.set_password(*opened.asks, name=name, password=given)
    say(f"account `{clip(name)}`: has another password from now on")


def run_list(asked: RegisterOptions, output: OutputOptions) -> None:
    """Lists the accounts."""
    outputs.stop_where_wrong(FORMATS, output)
    opened = registers.opened(asked)
    from nmosd_dosing.register import accounts

    opened.who.must_manage("see who has an account")
    outputs.put(FORMATS, output, accounts.accounts(opened.facts))


def _accounts_dict(accounts: Sequence[Account]) -> dict[str, Any]:
    return {
        "accounts": [
            {"account": account.name, "role": account.role, "sites": sorted(account.sites) if account.sites is not None else None,
             "state": "active" if account.active else "disabled", "user": account.user, "has_password": account.has_password}
            for account in accounts
        ]
    }  # fmt: skip


FORMATS: outputs.Formats = {"table": accounts_page, "json": _accounts_dict}


def run_grant(asked: GrantOptions, role: str) -> None:
    """Lets a role of a server in."""
    opened = registers.opened_by_owner(asked.register)
    from nmosd_dosing.register.database import server

    server.let_in(opened.facts, role, asked.unblinded)
    say(f"role `{clip(role)}`: may read the register and add to it{', and so with arms' if asked.unblinded else '; arms it cannot read'}")
