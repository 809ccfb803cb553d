"""A board as a page to print, or to look at: the month, each subject over time, what is due."""

from __future__ import annotations

from collections import Counter

from nmosd_dosing.checks.board import KINDS, Board, count_text
from nmosd_dosing.checks.due import Due, last_due_day
from nmosd_dosing.checks.verdicts import urgency
from nmosd_dosing.days import date_text
from nmosd_dosing.errors import counted
from nmosd_dosing.report.html import lines, month
from nmosd_dosing.report.html.document import Markup, Part, dated, document, element, group, table, wide

_CSS = """
.wide .due { min-width: 56rem; }
@media print { .wide .due { min-width: 0; } }
"""


def board_page(board: Board) -> str:
    """The page of a board."""
    below = (element("section", part, class_="whole") for part in (lines.lines_of(board), _due(board)))
    made = [_heading(board), element("section", month.month_of(board)), *below]
    return document(f"{board.title}: board", made, css=month.CSS + lines.CSS + _CSS, landscape=True)


def _heading(board: Board) -> Markup:
    kinds = Counter(mark.kind for _, mark in board.on_days)
    there = ", ".join(count_text(kind, kinds[kind]) for kind in KINDS if kinds[kind]) or "nothing"
    said = f"{counted(len(board.lines), 'subject')}; in {board.month_text}: {there}"
    return element("header", element("h1", board.title), element("p", "As of ", element("strong", date_text(board.as_of)), f". {said}"))


def _due(board: Board) -> Markup:
    until = last_due_day(board.as_of, board.ahead)
    heading = element("h2", "Due")
    days = f"From {date_text(board.as_of)} to {date_text(until)}"
    if not board.items:
        return group([heading, element("p", f"{days}: nothing")])
    several, sites = any(item.finding.subject for item in board.items), bool(board.sites)
    headings: list[Part] = [*(["Subject"] if several else []), *(["Site"] if sites else [])]
    headings += ["Visit", "To do", "Last day", "Target", "What"]
    made = table(days, headings, [_row(item, several, sites) for item in board.items], "due")
    return group([heading, wide("What is due", made)])


def _row(item: Due, several: bool, sites: bool) -> list[Part]:
    found = item.finding
    pressing = item.amiss or urgency(item.state) == "deviation"
    todo = element("span", dated(item.todo), class_="late") if pressing else dated(item.todo)
    dates = [dated(date_text(day)) if day is not None else None for day in (item.last, found.target)]
    who = [*([found.subject or ""] if several else []), *([found.site] if sites else [])]
    return [*who, found.visit, todo, *dates, dated(found.message)]
