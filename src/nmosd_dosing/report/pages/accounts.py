"""The accounts of a register, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nmosd_dosing.report.pages.layout import Page, Table
from nmosd_dosing.report.pages.page import text

if TYPE_CHECKING:
    from nmosd_dosing.register.accounts import Account


def accounts_page(accounts: Sequence[Account]) -> Page:
    """One line for each; those that are disabled are dim."""
    made = Table("Account", "Role", "Sites", "State", "Lets in", wraps=("Sites", "Lets in"), below=("Lets in",))
    for account in accounts:
        style = "" if account.active else "dim"
        state = "active" if account.active else "disabled"
        made.add_row(*(text(cell, style) for cell in (account.name, account.role, _sites(account), state, _lets_in(account))))
    return Page(made)


def in_words(account: Account) -> str:
    """An account's role and sites, for a sentence: `coordinator of sites 01, 02`."""
    several = account.sites is not None and len(account.sites) > 1
    sites = "of all sites" if account.sites is None else f"of {'sites' if several else 'site'} {_sites(account)}"
    return f"{account.role} {sites}{'' if account.active else ', disabled'}"


def _sites(account: Account) -> str:
    return ", ".join(sorted(account.sites)) if account.sites is not None else "all"


def _lets_in(account: Account) -> str:
    if not account.active:
        return "nobody"
    if account.has_password:
        return "who knows its password"
    return f"the user {account.user} of this computer" if account.user is not None else "nobody before it has a password"
