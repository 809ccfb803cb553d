"""Findings, and what is due, as pages for people."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, get_args

from rich.console import Group, RenderableType
from rich.text import Text

from nmosd_dosing.checks.findings import DEVIATIONS, Finding, Verdict
from nmosd_dosing.days import date_text
from nmosd_dosing.errors import argument
from nmosd_dosing.study.model import Study

if TYPE_CHECKING:
    from nmosd_dosing.checks.due import Due
from nmosd_dosing.report.pages.page import day, table, text


def findings_page(study: Study, as_of: dt.date, findings: Sequence[Finding], counts: Counter[Verdict], several: bool) -> RenderableType:
    """What was done against the plan; `counts` are of all findings, also of those not shown."""
    parts: list[RenderableType] = [text(f"{study.title}, as of {date_text(as_of)}", style="bold"), Text()]
    if findings:
        who = ["Subject"] if several else []
        made = table(*who, "Visit", "Verdict", "Days", "Date", "Done", "What", right=("Days",), wraps=("What",))
        for f in findings:
            style = "bold red" if f.verdict in DEVIATIONS else "yellow" if f.verdict in _OPEN else ""
            done = day(f.actual) if f.actual else Text()
            target = day(f.target) if f.target else Text("not planned" if f.actual else "open", style="dim")
            days = "" if f.days is None else f"{f.days:+d}" if f.days else "0"
            cells = [text(f.visit), text(f.verdict, style), text(days), target, done, text(f.message)]
            made.add_row(*([text(f.subject or "")] if several else []), *cells)
        parts += [made, Text()]
    parts.append(text(", ".join(f"{counts[v]} {v}" for v in get_args(Verdict) if counts[v]) or "nothing is planned and nothing recorded"))
    if len(findings) < counts.total():
        rest = f"{counts.total() - len(findings)} that need nobody's attention are not listed"
        parts.append(text(f"{rest}: `{argument('everything')}` lists them", style="dim"))
    return Group(*parts)


_OPEN = ("due", "past-target", "unscheduled")


def due_page(study: Study, as_of: dt.date, ahead: int, items: Sequence[Due], several: bool) -> RenderableType:
    """What is due, by the last allowed day."""
    until = dt.date.max if (dt.date.max - as_of).days <= ahead else as_of + dt.timedelta(ahead)
    parts: list[RenderableType] = [text(f"{study.title}: due from {date_text(as_of)} to {date_text(until)}", style="bold"), Text()]
    if not items:
        return Group(*parts, text("nothing"))
    made = table("Last day", "Left", *(["Subject"] if several else []), "Visit", "State", "Date", "What", right=("Left",), wraps=("What",))
    for item in items:
        f = item.finding
        style = "bold red" if item.state == "overdue" else "yellow" if item.state in ("decision", "past-target") else ""
        target = day(f.target) if f.target else Text("open", style="dim")
        cells = [text(f.visit), text(item.state, style), target, text(f.message)]
        made.add_row(day(item.last), text(item.left), *([text(f.subject or "")] if several else []), *cells)
    return Group(*parts, made)
