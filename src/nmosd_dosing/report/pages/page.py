"""What every page for people is made of: texts and dates."""

from __future__ import annotations

import datetime as dt

from rich.text import Text

from nmosd_dosing.days import date_text
from nmosd_dosing.dose.dose import number_text
from nmosd_dosing.plans.plan import Administration, Plan
from nmosd_dosing.plans.wording import NOT_STATED
from nmosd_dosing.screen import without_controls
from nmosd_dosing.study.model import Site


def text(words: object, style: str = "") -> Text:
    """A user's text: never markup, and nothing in it moves a cursor or ends a line."""
    return Text(without_controls(str(words)), style=style)


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


def weight_text(dose: Administration) -> str:
    """The weight that a dose is by, `80 kg`; one that was reckoned says so, `61.6 kg ideal`: nobody has measured it."""
    if dose.weight_kg is None:
        return ""
    reckoned = f" {dose.weight_status}" if dose.weight_status in ("ideal", "adjusted") else ""
    return f"{number_text(dose.weight_kg)} kg{reckoned}"


def mark_of(dose: Administration) -> str:
    """`, check-weight` behind a dose's weight that may be a slip, so that no row goes without it; else nothing."""
    return ", check-weight" if dose.check_weight is not None else ""


def day(date: dt.date | None, weekend: bool = True) -> Text:
    """A date with its weekday; Saturdays and Sundays stand out."""
    if date is None:
        return Text(NOT_STATED, style="dim")
    return Text(date_text(date), style="bold yellow" if weekend and date.weekday() >= 5 else "")
