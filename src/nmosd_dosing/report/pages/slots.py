"""The days on which a visit may be as a page for people; where one is asked for, yes or no comes first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from nmosd_dosing.checks.slots import Asked, Slot, Slots
from nmosd_dosing.checks.verdicts import SlotVerdict, slot_text
from nmosd_dosing.days import date_text
from nmosd_dosing.report.pages.layout import Page, Table
from nmosd_dosing.report.pages.page import day, text
from nmosd_dosing.study.model import Study

_STYLES: dict[SlotVerdict, str] = {
    "open": "green", "closed": "yellow", "gap": "bold red", "too-early": "bold red", "too-late": "bold red", "not-allowed": "bold red",
}  # fmt: skip


def slots_page(study: Study, found: Slots, as_of: dt.date) -> Page:
    """The days of a visit; of a day that is asked for first of all whether it may be, then why, then what follows. The other days are
    listed where it may not."""
    about = text(f"{study.title}, as of {date_text(as_of)}", style="bold")
    if found.asked is None:
        of = f" of {found.subject}" if found.subject is not None else ""
        return Page(about, text(f"days for {found.visit}{of}"), *_days(found), *_listed(found.days, as_of))
    others = _listed(found.days, as_of) if found.asked.verdict != "open" else []
    return Page(*_answer(found, found.asked, as_of), Text(), about, *_days(found), *_follows(found.asked), *others)


def _answer(found: Slots, asked: Asked, as_of: dt.date) -> Iterator[Text]:
    """Yes or no, and why."""
    who, when = found.subject if found.subject is not None else "the subject", date_text(asked.date)
    if asked.verdict == "open":
        passed = ", which has passed" if asked.date < as_of else ""
        but, style = (", but no dose yet", "bold yellow") if asked.no_dose else ("", "bold green")
        yield text(f"yes{but}: {who} may come for {found.visit} on {when}{passed}", style=style)
    else:
        yield text(f"no: {who} may not come for {found.visit} on {when}: {slot_text(asked.verdict)}", style="bold red")
    yield from map(text, asked.reasons)


def _days(found: Slots) -> Iterator[Text]:
    """What the plan has of the visit."""
    target = f"planned for {date_text(found.target)}" if found.target is not None else "not planned for a day"
    first = f", allowed from {date_text(found.earliest)}" if found.earliest is not None else ""
    last = f" to {date_text(found.latest)}" if found.latest is not None else " on" if first else ""
    yield text(f"{found.visit}: {target}{first}{last}")
    said = found.asked.reasons if found.asked is not None else ()
    yield from (text(note) for note in found.notes if note not in said)


def _listed(days: Sequence[Slot], as_of: dt.date) -> list[RenderableType]:
    if not days:
        return []
    made = Table("Day", "Verdict", "Why", wraps=("Why",))
    for slot in days:
        made.add_row(day(slot.date), text(slot.verdict, _STYLES[slot.verdict]), text("; ".join(slot.reasons)))
    open_ = [slot.date for slot in days if slot.verdict == "open"]
    over = sum(date < as_of for date in open_)
    passed = f", {over} of them {'has' if over == 1 else 'have'} passed" if over else ""
    return [Text(), made, Text(), text(f"{len(open_)} of {len(days)} {'day' if len(days) == 1 else 'days'} open{passed}")]


def _follows(asked: Asked) -> Iterator[RenderableType]:
    """What is otherwise if the visit is on that day."""
    if asked.verdict == "not-allowed":
        return
    yield Text()
    if not asked.then and not asked.follows:
        yield text("if it is on that day: no other visit moves, and nothing else changes")
        return
    yield text("if it is on that day:", style="bold")
    yield from (text(f"- {words}") for words in asked.follows)
    if asked.then:
        made = Table("Visit", "Moves from", "to")
        for moved in asked.then:
            dates = [day(date) if date is not None else Text("not planned", style="dim") for date in (moved.before, moved.after)]
            made.add_row(text(moved.visit), *dates)
        yield from (Text(), made)
