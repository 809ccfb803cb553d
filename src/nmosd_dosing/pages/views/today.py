"""What is due: the rows of `dosing due`, by the same function."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render

from nmosd_dosing.checks.closed_days import with_closed_days
from nmosd_dosing.checks.due import Due, due, last_due_day
from nmosd_dosing.checks.finding import Finding
from nmosd_dosing.checks.findings import check
from nmosd_dosing.pages.access import Asked, page
from nmosd_dosing.pages.place import Desk

_AHEAD = 14


@dataclass(frozen=True, slots=True)
class Listed:
    """What is due on the days that are looked at."""

    items: tuple[Due, ...]
    first: dt.date
    last: dt.date
    without_day: tuple[str, ...]


@page()
def page_of_today(request: Asked) -> HttpResponse:
    """What is due, overdue, booked, to be decided, in the days ahead."""
    desk = request.desk
    site = request.GET.get("site", "")
    found = listed(desk, _AHEAD, frozenset([site]) if site else frozenset())
    return render(request, "today.html", {"found": found, "site": site, "sites": desk.sites()})


def listed(desk: Desk, ahead: int, sites: frozenset[str] = frozenset(), since: dt.date | None = None) -> Listed:
    """What is due within so many days, of those whom the account may see, at some sites; the most urgent first."""
    items, without = list[Due](), list[str]()
    last = last_due_day(desk.today, ahead)
    for some in desk.gather(sites=sites):
        without += some.without_day
        findings: Iterable[Finding] = check(some.request.as_carried_out(last), desk.today)
        if some.request.workdays is not None:
            findings = with_closed_days(findings, desk.today, some.request.workdays)
        items += due(tuple(findings), desk.today, ahead, since=since)
    return Listed(tuple(sorted(items, key=lambda item: (item.rank, item.day))), since or desk.today, last, tuple(without))
