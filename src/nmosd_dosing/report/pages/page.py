"""What every page for people is made of: texts, tables, dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from rich import box
from rich.table import Table
from rich.text import Text

from nmosd_dosing.days import date_text
from nmosd_dosing.errors import printable
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.plans.wording import NOT_STATED
from nmosd_dosing.study.model import Site


def text(words: object, style: str = "") -> Text:
    """A user's text: never markup, and without characters that would move a terminal's cursor."""
    return Text(printable(str(words)), style=style)


def unblinded(how: str) -> Text:
    """The first line of a page that shows what is masked elsewhere, and in which way."""
    return text(f"UNBLINDED: {how}", style="bold red")


def title_of(plan: Plan) -> str:
    """The study's title, and its source where that is stated."""
    return plan.title + ("" if plan.source.text == NOT_STATED else f" ({plan.source.text})")


def site_lines(site: Site | None) -> list[Text]:
    """Whose facts fill in what the study leaves open; nothing without a site."""
    return [text(site.text + (f" ({site.title})" if site.title else ""))] if site is not None else []


def note_line(code: str, message: str, where: str = "", style: str = "") -> Text:
    """A note with its code; `where` it holds, in words."""
    return Text.assemble((f"{code}: ", "bold"), text(message, style), text(f" ({where})" if where else "", "dim"))


def table(*headings: str, right: Iterable[str] = (), wraps: Iterable[str] = ()) -> Table:
    """An empty table. Only the columns in `wraps` give way on a narrow terminal: a date is never torn or cut."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    for heading in headings:
        flexible = heading in wraps
        width = 20 if flexible else 14 if heading in DATES else len(heading)
        made.add_column(
            text(heading), justify="right" if heading in right else "left", no_wrap=not flexible, min_width=width, overflow="fold"
        )
    return made


DATES = ("Date", "Last day", "Done", "Earliest", "Latest", "From")


def day(date: dt.date | None, weekend: bool = True) -> Text:
    """A date with its weekday; Saturdays and Sundays stand out."""
    if date is None:
        return Text(NOT_STATED, style="dim")
    return Text(date_text(date), style="bold yellow" if weekend and date.weekday() >= 5 else "")
