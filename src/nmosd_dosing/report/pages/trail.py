"""A register's trail as pages for people: sentences, what was written now, and whether it is as it was written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from nmosd_dosing.report.pages.layout import Page, Table
from nmosd_dosing.report.pages.page import day, text

if TYPE_CHECKING:
    from nmosd_dosing.checks.follows import Moved
    from nmosd_dosing.register.reading.line import Line
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
            parts.append(text(f"and {len(moved) - _LISTED} more visits, which `dosing plan` shows"))
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
