"""The days that may be day 1 as a page for people: a strip by month, a sign for each day, and what stands against the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import RenderableType
from rich.text import Text

from nmosd_dosing.checks.starts import Start, Starts, What
from nmosd_dosing.days import date_text
from nmosd_dosing.errors import counted
from nmosd_dosing.plans.workdays import is_of_the_week
from nmosd_dosing.report.pages.layout import Page, Table
from nmosd_dosing.report.pages.page import day, text
from nmosd_dosing.study.model import Study

_LISTED = 31  # days of a range of which all reasons are listed, too
_SIGNS: dict[str, tuple[str, str]] = {
    "+": ("feasible", "green"),
    "~": ("feasible, by a calendar that is not published yet", "green"),
    ".": ("weekend", "dim"),
    "h": ("holiday, or closed at the site", "yellow"),
    "c": ("a criterion's clock", "bold red"),
    "w": ("a visit without an open day in its window", "bold red"),
    "g": ("a minimum gap that cannot be kept", "bold red"),
    "e": ("an entry without an open day", "bold red"),
}

_AGAINST: dict[What, str] = {"clock": "c", "window": "w", "gap": "g", "entry": "e", "closed": "h"}


def starts_page(study: Study, found: Starts) -> Page:
    """The strip with its legend, how many days may be day 1, and how many each cause takes; of a short range each day that it takes."""
    first, last = found.days[0].start, found.days[-1].start
    title = text(f"{study.title}: day 1 from {date_text(first)} to {date_text(last)}", style="bold")
    return Page(title, Text(), *_strip(found.days), Text(), *_legend(found.days), Text(), *_summary(found))


def _strip(days: Sequence[Start]) -> Iterator[Text]:
    yield text(" " * 9 + "         1         2         3")
    yield text(" " * 9 + "1234567890123456789012345678901  Feasible", style="bold")
    for month, mine in groupby(days, key=lambda start: start.start.isoformat()[:7]):
        of_month = list(mine)
        line = Text(f"{month}  {' ' * (of_month[0].start.day - 1)}")
        for start in of_month:
            line.append(_sign(start), _SIGNS[_sign(start)][1])
        line.append(f"{sum(start.feasible for start in of_month):{32 - of_month[-1].start.day + 9}}")
        yield line


def _sign(start: Start) -> str:
    """What a day is: weekends and holidays are seen whatever else stands against them."""
    if start.closed is not None:
        return "." if is_of_the_week(start.closed) else "h"
    return _AGAINST[start.against[0].what] if start.against else "~" if start.projected else "+"


def _legend(days: Sequence[Start]) -> Iterator[Text]:
    shown = set(map(_sign, days))
    yield from (Text.assemble((sign, style), f"  {words}") for sign, (words, style) in _SIGNS.items() if sign in shown)


def _summary(found: Starts) -> Iterator[RenderableType]:
    feasible = [start.start for start in found.days if start.feasible]
    yield text(f"{len(feasible)} of {counted(len(found.days), 'day')} may be day 1{'' if feasible else ': none is left'}", style="bold")
    if feasible:
        yield text(f"the first of them: {date_text(feasible[0])}")
    yield from map(text, found.notes)
    if len(feasible) < len(found.days):
        yield from (Text(), _causes(found.days), Text())
        yield text("First: of days against which nothing before it stands; they add up. Alone: of days that are lost by nothing else.")
    if len(found.days) <= _LISTED:
        yield from _listed(found.days)


def _causes(days: Sequence[Start]) -> Table:
    all_, first, alone = Counter[tuple[What, str]](), Counter[tuple[What, str]](), Counter[tuple[What, str]]()
    for start in days:
        causes = list(dict.fromkeys((against.what, against.visit or "day 1") for against in start.against))
        all_.update(causes)
        first.update(causes[:1])
        alone.update(causes if len(causes) == 1 else ())
    made = Table("Against", "Visit", "Days", "First", "Alone", right=("Days", "First", "Alone"), wraps=("Visit",))
    for cause in all_:
        made.add_row(text(cause[0]), text(cause[1]), *(text(of[cause]) for of in (all_, first, alone)))
    return made


def _listed(days: Sequence[Start]) -> Iterator[RenderableType]:
    made, rows = Table("Day", "Against", "Visit", "Why", wraps=("Why",), once=("Day",)), 0
    for start in days:
        for against in start.against if start.closed is None else ():
            made.add_row(day(start.start), text(against.what), text(against.visit or "day 1"), text(against.why))
            rows += 1
    if rows:
        yield from (Text(), made)
