"""The month of a site: the board, as `dosing board` draws it."""

from __future__ import annotations

import datetime as dt
import re

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from nmosd_dosing.checks.board import board, drawn_until
from nmosd_dosing.checks.due import due
from nmosd_dosing.checks.finding import Finding
from nmosd_dosing.checks.findings import check
from nmosd_dosing.pages.access import Asked, hidden, page
from nmosd_dosing.pages.showing import others, say
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.plans.workdays import open_days
from nmosd_dosing.report.html.lines import lines_of
from nmosd_dosing.report.html.month import month_of

_AHEAD = 14
_YEARS = 30  # before this one, and after it


@page()
def this_month(request: Asked) -> HttpResponse:
    """To the month of today."""
    return redirect("month", month=f"{request.desk.today:%Y-%m}")


@page()
def month(request: Asked, month: str) -> HttpResponse:
    """A month, `2025-07`: the visits of those whom the account may see, at a site, and each subject over time."""
    desk, first = request.desk, _first(month, request.desk.today.year)
    shown = desk.shown(request.GET.get("site", ""))
    gathered = desk.gather(sites=shown.sites)
    findings, plans = list[Finding](), list[Plan]()
    for some in gathered:
        schedule = some.request.as_carried_out(drawn_until(desk.today, _AHEAD, first))
        findings += check(schedule, desk.today)
        plans += some.request.plans(schedule)
    made = None
    if gathered:
        days = gathered[-1].request.workdays or open_days(None)
        made = board(gathered[-1].study, plans, due(findings, desk.today, _AHEAD), desk.today, _AHEAD, first, days)
    around = {"before": _beside(first, -1), "after": _beside(first, 1)}
    return render(request, "month.html", {
        "month": month, "whose": shown, "others": others(request), **around,
        "drawn": month_of(made, say, _address) if made is not None else None,
        "lines": lines_of(made, say, _address) if made is not None else None,
    })  # fmt: skip


def _address(code: str) -> str:
    """Where the page of a subject is."""
    return reverse("subject", args=[code])


def _first(month: str, year: int) -> dt.date:
    """The first day of a month; whatever is none, or is far from this year, is not there: all visits until then would be laid out."""
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", month) or not -_YEARS <= int(month[:4]) - year <= _YEARS:
        raise hidden()
    return dt.date.fromisoformat(f"{month}-01")


def _beside(first: dt.date, by: int) -> str:
    """The month before or after one, as in an address."""
    months = first.year * 12 + first.month - 1 + by
    return f"{months // 12:04}-{months % 12 + 1:02}"
