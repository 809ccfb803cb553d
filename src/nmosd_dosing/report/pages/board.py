"""A board on a terminal: the month as a grid of weeks with what is on each day, and below it the days with names."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from rich.console import RenderableType
from rich.text import Text

from nmosd_dosing.checks.board import KINDS, Board, Kind, count_text
from nmosd_dosing.days import date_text, weekdays
from nmosd_dosing.report.pages.layout import Page, Table
from nmosd_dosing.report.pages.page import day, text

_STYLES = {"overdue": "bold red", "booked": "bold"}


def board_page(board: Board) -> RenderableType:
    """The month of a board."""
    heading = f"{board.title}: {board.month_text}, as of {date_text(board.as_of)}"
    parts: list[RenderableType] = [text(heading, style="bold"), Text(), _grid(board), Text()]
    on_days = board.on_days
    if not on_days:
        return Page(*parts, text("nothing in this month"))
    made = Table("Day", "Subject" if len(board.lines) > 1 else None, "Visit", "What", wraps=("What",), once=("Day",))
    for date, mark in on_days:
        made.add_row(day(date), text(mark.subject or ""), text(mark.visit), text(mark.text, style=_STYLES.get(mark.kind, "")))
    return Page(*parts, made)


def _grid(board: Board) -> Table:
    counts: dict[dt.date, Counter[Kind]] = {}
    for date, mark in board.on_days:
        counts.setdefault(date, Counter())[mark.kind] += 1
    made = Table(*weekdays())
    for week in board.weeks:
        made.add_row(*(_cell(board, date, counts.get(date, Counter()) if date else Counter()) for date in week))
    return made


def _cell(board: Board, date: dt.date | None, counts: Counter[Kind]) -> Text:
    if date is None or not board.has(date):
        return Text()
    closed = board.days.closed_because(date) is not None
    head = f"{date.day} today" if date == board.as_of else f"{date.day} closed" if closed else str(date.day)
    style = "bold reverse" if date == board.as_of else "dim" if closed else ""
    lines = [Text(head, style=style), *(Text(count_text(kind, counts[kind])) for kind in KINDS if counts[kind])]
    return Text("\n").join(lines)
