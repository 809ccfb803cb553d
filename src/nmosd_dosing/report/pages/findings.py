"""Findings, and what is due, as pages for people."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from nmosd_dosing.checks.due import Due, last_due_day
from nmosd_dosing.checks.finding import Finding
from nmosd_dosing.checks.verdicts import VERDICTS, Concern, Verdict, concern, urgency
from nmosd_dosing.days import date_text
from nmosd_dosing.errors import argument
from nmosd_dosing.report.pages.layout import Page, Table
from nmosd_dosing.report.pages.page import day, text
from nmosd_dosing.study.model import Study

_STYLES: dict[Concern, str] = {"fine": "", "look": "yellow", "deviation": "bold red"}


def _who(findings: Sequence[Finding], several: bool) -> tuple[str | None, str | None]:
    """The columns that say whose a finding is: the site only where findings of several are shown."""
    return "Site" if several and len({f.site for f in findings}) > 1 else None, "Subject" if several else None


def _whose(f: Finding) -> tuple[Text, Text]:
    return text(f.site or ""), text(f.subject or "")


def findings_page(
    study: Study, as_of: dt.date, findings: Sequence[Finding], counts: Counter[Verdict], several: bool, booked: int = 0
) -> Page:  # fmt: skip
    """What was done against the plan; `counts` are of all findings, also of those not shown, and `booked` of them are appointments."""
    parts: list[RenderableType] = [text(f"{study.title}, as of {date_text(as_of)}", style="bold"), Text()]
    if findings:
        who = _who(findings, several)
        made = Table(*who, "Visit", "Verdict", "Days", "Target", "Done", "What", right=("Days",), wraps=("What",), below=("What",))
        for f in findings:
            style = _STYLES[concern(f.verdict)]
            done = Text.assemble(day(f.actual), f" {f.hour:%H:%M}" if f.hour is not None else "") if f.actual else Text()
            target = day(f.target) if f.target else Text("not planned" if f.actual else "open", style="dim")
            days = "" if f.days is None else f"{f.days:+d}" if f.days else "0"
            days = f"{f.minutes:+d} min" if f.minutes else "0 min" if f.minutes is not None else days
            what = f"{f.time_point}: {f.message}" if f.time_point is not None else f.message
            made.add_row(*_whose(f), text(f.visit), text(f.verdict, style), text(days), target, done, text(what))
        parts += [made, Text()]
    parts += _closed(findings, several)
    counted = ", ".join(f"{counts[v]} {v}" for v in VERDICTS if counts[v])
    not_done = f"; {booked} of them booked, not done" if booked else ""
    parts.append(text(f"{counted}{not_done}" if counted else "nothing is planned and nothing recorded"))
    if len(findings) < counts.total():
        rest = f"{counts.total() - len(findings)} that need nobody's attention are not listed"
        parts.append(text(f"{rest}: `{argument('everything')}` lists them", style="dim"))
    return Page(*parts)


def due_page(study: Study, as_of: dt.date, ahead: int, items: Sequence[Due], several: bool, since: dt.date | None = None) -> Page:
    """What is due, the most urgent first; from `since` on, else from the day of looking."""
    looked = f", as of {date_text(as_of)}" if since is not None else ""
    days = f"from {date_text(since or as_of)} to {date_text(last_due_day(as_of, ahead))}"
    parts: list[RenderableType] = [text(f"{study.title}: due {days}{looked}", style="bold"), Text()]
    if not items:
        return Page(*parts, text("nothing"))
    limits = "Last day" if any(item.last is not None for item in items) else None
    who = _who([item.finding for item in items], several)
    made = Table("To do", *who, "Visit", limits, "Target", "What", wraps=("To do", "What"), below=("What", "Target"))
    for item in items:
        f = item.finding
        style = _STYLES["deviation" if item.amiss else urgency(item.state)]
        target = day(f.target) if f.target else Text("open", style="dim")
        made.add_row(text(item.todo, style), *_whose(f), text(f.visit), day(item.last), target, text(_besides(item)))
    closed = _closed([item.finding for item in items], several)
    return Page(*parts, made, *([Text(), *closed] if closed else []))


def _besides(item: Due) -> str:
    """What is to be said of it besides what stands in its row."""
    f = item.finding
    said = {f"until {date_text(f.latest)}" if f.latest else "", f"from {date_text(f.earliest)} on" if f.earliest else ""}
    return "" if f.message in said else f.message


def _closed(findings: Sequence[Finding], several: bool) -> list[RenderableType]:
    """A line for each that is expected on a closed day, or may be done last on one."""
    whose = [(f, f"{f.subject or ''} {f.visit}" if several else f.visit) for f in findings if f.closed is not None]
    return [text(f"closed: {who}: {f.closed}") for f, who in whose]
