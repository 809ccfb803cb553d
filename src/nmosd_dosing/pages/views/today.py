"""What is due: the rows of `dosing due`, by the same functions."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from msgspec import Struct

from nmosd_dosing.checks.closed_days import with_closed_days
from nmosd_dosing.checks.due import Due, due, last_due_day
from nmosd_dosing.checks.finding import Finding
from nmosd_dosing.checks.findings import check
from nmosd_dosing.checks.verdicts import STATES, State, urgency
from nmosd_dosing.days import week_of
from nmosd_dosing.pages.access import Asked, download, page
from nmosd_dosing.pages.place import ALL, Desk
from nmosd_dosing.pages.showing import others
from nmosd_dosing.register.reading import tables
from nmosd_dosing.register.reading.tables import Whose
from nmosd_dosing.register.writing.unblinding import Unblinded, unblinded
from nmosd_dosing.report.export.findings import due_sheet, due_to_dict
from nmosd_dosing.report.export.plain import csv_text

_FORTNIGHT = 14
_LOOKED_FOR = 50  # subjects whose code has the letters that are looked for, that a page is of all at once
_WHEN = {
    "": gettext_lazy("The next 14 days"),
    "this": gettext_lazy("This week"),
    "next": gettext_lazy("Next week"),
    "month": gettext_lazy("The next 31 days"),
}
_STATES: dict[State, Any] = {
    "overdue": gettext_lazy("overdue"),
    "past-target": gettext_lazy("past its day"),
    "decision": gettext_lazy("to decide"),
    "closes": gettext_lazy("window closes"),
    "due": gettext_lazy("due"),
    "booked": gettext_lazy("booked"),
    "opens": gettext_lazy("window opens"),
}


class Days(Struct, frozen=True):
    """Which days are looked at: from a day, that of looking or a later one, to the last."""

    today: dt.date
    since: dt.date | None
    last: dt.date

    @property
    def ahead(self) -> int:
        """How many days after that of looking."""
        return (self.last - self.today).days

    @property
    def first(self) -> dt.date:
        """The first of them."""
        return self.since or self.today


def days_of(today: dt.date, when: str) -> Days:
    """This week, the next, or so many days; whatever else is asked for is a fortnight."""
    if when == "this":
        return Days(today, None, week_of(today)[1])
    if when == "next":
        first, last = week_of(last_due_day(today, 7))
        return Days(today, first, last)
    return Days(today, None, last_due_day(today, 31 if when == "month" else _FORTNIGHT))


def due_at(
    desk: Desk, days: Days, sites: frozenset[str | None] = frozenset(), persons: frozenset[int] | None = None
) -> tuple[tuple[Due, ...], tuple[str, ...]]:
    """What is due on some days of those whom the account may see, at some sites, or of some persons, the most urgent first; and the codes
    of those without a first day."""
    findings, without = list[Finding](), list[str]()
    for some in desk.gather(sites=sites, persons=persons):
        found: Iterable[Finding] = check(some.request.as_carried_out(days.last), desk.today)
        if some.request.workdays is not None:
            found = with_closed_days(found, desk.today, some.request.workdays)
        findings += found
        without += some.without_day
    return due(findings, desk.today, days.ahead, since=days.since), tuple(without)


@page()
def today(request: Asked) -> HttpResponse:
    """What is due, overdue, booked, to be decided, and what closes, as a page; with `as=csv` and `as=json` as the command line gives it."""
    desk, asked = request.desk, request.GET
    whose = desk.shown(asked.get("site", ""), in_a_file="as" in asked)
    days = days_of(desk.today, asked.get("when", ""))
    persons = _called(desk, asked.get("subject", "")) if whose.in_part and "as" not in asked else None
    whose = whose if persons is None else whose._replace(site="")
    items, without = due_at(desk, days, whose.sites, persons)
    subject, period, state = (asked.get(name, "") for name in ("subject", "period", "state"))  # an empty text is all
    shown = [
        item for item in items
        if subject.strip() in (item.finding.subject or "") and period in ("", _period(item)) and state in ("", item.state)
    ]  # fmt: skip
    if asked.get("as") == "csv":
        return download(f"due-{desk.today.isoformat()}.csv", csv_text(due_sheet(shown)))
    if asked.get("as") == "json":
        span = {"from": days.first.isoformat(), "to": days.last.isoformat()}
        return JsonResponse({"as_of": desk.today.isoformat(), "ahead": days.ahead, **span, "due": due_to_dict(shown)})
    counts = Counter(item.state for item in items)
    return render(request, "today.html", {
        "closed": any(item.finding.closed for item in shown),
        "items": [(item, _STATES[item.state], item.amiss or urgency(item.state) == "deviation") for item in shown],
        "days": days, "without": without, "whose": whose,
        "asked": asked, "when": _WHEN, "others": others(request), "files": [("csv", "CSV"), ("json", "JSON")],
        "periods": sorted({_period(item) for item in items} - {""}),
        "states": [(state, _STATES[state], counts[state]) for state in STATES if counts[state]],
        "question": urlencode({**asked.dict(), "site": whose.site or ALL}), "opened": _opened(desk) if desk.who.manages else (),
    })  # fmt: skip


def _called(desk: Desk, code: str) -> frozenset[int] | None:
    """Whose code has some letters in it, at whichever site, so that nobody looks for the site first; None where they are too many for a
    page, or nothing is looked for."""
    people = desk.subjects() if code.strip() else []
    found = [fact.person for fact in people if fact.person is not None and code.strip() in (fact.cells or {})["subject"]]
    return frozenset(found) if 0 < len(found) <= _LOOKED_FOR else None


def _opened(desk: Desk) -> list[tuple[str, Unblinded]]:
    """Whose arms were opened: managers are told."""
    opened = unblinded(desk.facts)
    people = tables.subjects(desk.register, Whose(persons=frozenset(opened))) if opened else ()
    codes = {fact.person: (fact.cells or {}).get("subject", "") for fact in people}
    return [(codes[person], found) for person, found in opened.items() if person in codes]


def _period(item: Due) -> str:
    return item.finding.visit.partition("/")[0].removesuffix(" entry") if "/" in item.finding.visit or item.finding.is_entry else ""
