"""What every page for people is made of: texts, tables, dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from rich import box
from rich.table import Table
from rich.text import Text

from nmosd_dosing.days import date_text
from nmosd_dosing.errors import printable
from nmosd_dosing.plans.wording import NOT_STATED


def text(words: object, style: str = "") -> Text:
    """A user's text: never markup, and without characters that would move a terminal's cursor."""
    return Text(printable(str(words)), style=style)


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
