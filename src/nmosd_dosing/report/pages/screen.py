"""What people had against criteria, as a page: the earliest days first, then every criterion, then how all of it is read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from rich.text import Text

from nmosd_dosing.checks.blocks import Verdict
from nmosd_dosing.checks.screening import Answer, Earliest, Screened
from nmosd_dosing.days import date_text
from nmosd_dosing.report.pages.layout import Page, Table
from nmosd_dosing.report.pages.page import day, text
from nmosd_dosing.study.model import Study

_STYLES: dict[Verdict, str] = {"admissible": "green", "not-until": "bold red", "needs": "bold yellow", "person": "bold yellow"}


def screen_page(study: Study, person: Screened) -> Page:
    """One person's criteria."""
    return Page(
        text(study.title, style="bold"), text(_whose(person)), Text(), *_earliest_lines(person.found.earliest),
        *_undated(person.found.answers),
        *_criteria(person.found.answers), *_readings([person]),
    )  # fmt: skip


def many_page(study: Study, people: Sequence[Screened]) -> Page:
    """A line for each person: the earliest days, what holds them back, and what is open."""
    made = Table("Subject", "Screening", "Day 1", "Earliest screening", "Earliest day 1", "Held by", "Open", wraps=("Held by", "Open"))
    for person in people:
        earliest, asked = person.found.earliest, person.days
        made.add_row(
            text(person.code or ""), *map(_asked, (asked.screening, asked.day_1, earliest.screening, earliest.day_1)),
            text(", ".join(earliest.held_by)), _open(earliest),
        )  # fmt: skip
    return Page(text(study.title, style="bold"), Text(), made, *_readings(people))


def _open(earliest: Earliest) -> Text:
    """What is open, behind what was had and no criterion knows: that may hold the days back."""
    unknown = [f"not known to any criterion: {', '.join(earliest.unknown)}"] if earliest.unknown else []
    return text("; ".join([*unknown, *([", ".join(earliest.open)] if earliest.day_1 is not None else earliest.steps)]))


def _asked(date: dt.date | None) -> Text:
    return day(date) if date is not None else Text("–", style="dim")


def _whose(person: Screened) -> str:
    days = person.days
    named = [("screening", days.screening), ("day 1", days.day_1), ("consent", days.consent), ("randomisation", days.randomisation)]
    said = [f"{what} on {date_text(date)}" for what, date in named if date is not None]
    who = f"{person.code}: " if person.code is not None else ""
    return f"{who}{', '.join(said) if said else 'no day is asked for'}"


def _earliest_lines(earliest: Earliest) -> Iterator[Text]:
    if earliest.day_1 is None or earliest.screening is None:
        why = f", held back by {', '.join(earliest.held_by)}" if earliest.held_by else ""
        yield text(f"earliest screening and day 1: none{why} ({'; '.join(earliest.steps)})", style="bold red")
    else:
        but = ", without what no criterion knows" if earliest.unknown else ""
        yield text(f"earliest day 1: {date_text(earliest.day_1)}{_held(earliest.day_1_held_by)}{but}", style="bold")
        yield text(f"earliest screening for it: {date_text(earliest.screening)}{_held(earliest.screening_held_by)}", style="bold")
        yield from (text(f"- {step}") for step in earliest.steps)
    if earliest.unknown:
        yield text(f"not known to any criterion: {', '.join(earliest.unknown)}; a person says what it is", style="bold yellow")
    if part := [id for id in earliest.open if id in earliest.held_by]:
        yield text(f"reckoned in only by what is known, since a part is open: {', '.join(part)}", style="yellow")
    if whole := [id for id in earliest.open if id not in earliest.held_by]:
        yield text(f"not reckoned in, since they are open: {', '.join(whole)}", style="yellow")


def _held(by: Sequence[str]) -> str:
    return f", held back by {', '.join(by)}" if by else ""


def _undated(answers: Sequence[Answer]) -> Iterator[Text]:
    """Which days nobody has named, once for all criteria that are counted from them."""
    days = list(dict.fromkeys(answer.undated for answer in answers if answer.undated is not None))
    if days:
        named = " and ".join([", ".join(days[:-1]), days[-1]] if len(days) > 1 else days)
        yield text(f"no date is named of {named}: what is counted from there is answered as far as it can be without", style="yellow")


def _criteria(answers: Sequence[Answer]) -> Iterator[Text]:
    """A few lines for each: what it says, and how the verdict came about."""
    for answer in answers:
        last = f"; last admissible {date_text(answer.last_admissible)}" if answer.last_admissible is not None else ""
        yield Text()
        yield Text.assemble((f"{answer.id}: ", "bold"), text(_verdict(answer), _STYLES[answer.verdict]), text(last))
        yield text(f"  {answer.text}")
        yield from (text(f"  - {step}", style="dim") for step in answer.steps)
        yield from (text(f"  assumed: {words}", style="dim") for words in answer.criterion.facts.assumed)
        yield from (text(f"  note: {words}", style="dim") for words in answer.criterion.facts.note if answer.criterion.clock is not None)


def _verdict(answer: Answer) -> str:
    match answer.verdict:
        case "admissible":
            return "admissible"
        case "not-until" if answer.until is not None:
            return f"not until {date_text(answer.until)}"
        case "not-until":
            return "not while it goes on"
        case "needs":
            asked = "; ".join(answer.asks) or ("" if answer.until is not None else "its date")
            parts = [f"needs {asked}"] if asked else []
            return "; ".join([*parts, *([f"not until {date_text(answer.until)}"] if answer.until is not None else [])])
        case "person" if answer.until is not None:
            return f"for a person; else not until {date_text(answer.until)}"
        case "person":
            return "for a person"


def _readings(people: Sequence[Screened]) -> Iterator[Text]:
    readings = dict.fromkeys(words for person in people for words in person.found.readings)
    yield Text()
    yield text("how this is read:", style="bold")
    yield from (text(f"- {words}") for words in readings)
