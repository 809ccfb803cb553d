"""Pages for people of a register: its trail in sentences, what was written now, and whether it is as it was written; the files that it
holds; its accounts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from nmosd_dosing.days import date_text
from nmosd_dosing.errors import CHECKSUM, clip
from nmosd_dosing.report.pages.layout import Page, Table
from nmosd_dosing.report.pages.page import day, text

if TYPE_CHECKING:
    from nmosd_dosing.checks.follows import Moved
    from nmosd_dosing.register.accounts import Account
    from nmosd_dosing.register.reading.line import Line
    from nmosd_dosing.register.reading.studies import File, Use
    from nmosd_dosing.register.reading.verifying import Verdict

_LISTED = 12  # visits that are listed after a correction


def trail_page(lines: Iterable[Line]) -> Page:
    """A sentence for each line."""
    return Page(*(text(line.sentence) for line in lines))


def written_page(lines: Sequence[Line], doubts: Sequence[str], moved: Sequence[Moved]) -> Page:
    """What was written; what may be a slip, and was said to be right; and which visits ahead have another day now."""
    parts: list[RenderableType] = [text(line.sentence) for line in lines]
    parts += [text(f"look again: {words}", style="yellow") for words in doubts]
    if moved:
        table = Table("Visit", "Moves from", "to")
        for one in moved[:_LISTED]:
            days = [day(date) if date is not None else Text("not planned", style="dim") for date in (one.before, one.after)]
            table.add_row(text(one.visit), *days)
        parts += [Text(), table]
        if len(moved) > _LISTED:
            parts.append(text(f"and {len(moved) - _LISTED} more, which `dosing plan` shows"))
    return Page(*parts)


def verified_page(found: Mapping[str, Verdict]) -> Page:
    """Of each trail whether it holds, and else the first number that does not fit, and why."""
    parts = []
    for name, verdict in found.items():
        if verdict.holds:
            fit = "1 entry, and it fits" if verdict.entries == 1 else f"{verdict.entries:,} entries, and all of them fit"
            parts.append(text(f"{name}: {fit}", style="green"))
        else:
            where = f"number {'arms:' if name == 'arms' else ''}{verdict.seq} " if verdict.seq is not None else ""
            parts.append(text(f"{name}: {where}{verdict.why}", style="bold red"))
        parts.append(text(f"{name}: the last is {'arms:' if name == 'arms' else ''}{verdict.head.seq}:{verdict.head.hash}"))
        entries, first = verdict.earlier
        if entries:
            have = "entry has" if entries == 1 else "entries have"
            where = f"the first is number {'arms:' if name == 'arms' else ''}{first}"
            why = "a clock was set back, or two wrote at once"
            parts.append(text(f"{name}: {entries:,} {have} an earlier time than the one before, {where}: {why}", style="yellow"))
    return Page(*parts)


def files_page(files: Sequence[File], uses: Sequence[Use]) -> Page:
    """One line for each file, with who uses it from when."""
    made = Table("Kind", "Id", "Version", "File", "SHA-256", "Used by", wraps=("Used by",), below=("File", "SHA-256"))
    for file in files:
        used = [_used(use) for use in uses if (use.kind, use.id, use.version) == (file.kind, file.id, file.version)]
        made.add_row(*map(text, (file.kind, file.id, file.version, file.name, clip(file.checksum, CHECKSUM), "; ".join(used))))
    return Page(made)


def _used(use: Use) -> str:
    whom = f"site {use.site}" if use.site is not None else "all sites"
    return f"{whom} from {date_text(use.start)}" if use.start is not None else whom


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
