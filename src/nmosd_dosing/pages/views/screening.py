"""Screening: what somebody had, against the criteria that dates decide, and the earliest days; as `dosing screen` says it. Nothing that is
typed here is kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy

from nmosd_dosing.checks.screening import Days, Screened, clocks_of, screen
from nmosd_dosing.errors import InputError, Problem
from nmosd_dosing.pages.access import Asked, hidden, page
from nmosd_dosing.pages.forms import Day, refusals
from nmosd_dosing.pages.place import Desk
from nmosd_dosing.register.database.facts import Fact
from nmosd_dosing.register.reading import gathering, studies, tables
from nmosd_dosing.register.reading.tables import Whose
from nmosd_dosing.study.events import BEFORE_DAY_1
from nmosd_dosing.study.model import Period, Study
from nmosd_dosing.study.period_order import one_period, way
from nmosd_dosing.subjects.had import Past
from nmosd_dosing.subjects.subject import Event
from nmosd_dosing.subjects.tables import history_table
from nmosd_dosing.subjects.tables.written import table_bytes

_ROWS = 8  # of the history that may be typed


class Asking(forms.Form):
    """The days of somebody."""

    screening = Day(gettext_lazy("Day of screening"))
    day_1 = Day(gettext_lazy("Day 1"))


class Had(forms.Form):
    """A row of the history. Its cells are read as those of a table are: a day, a month or a year, `ongoing`."""

    what = forms.CharField(label=gettext_lazy("What"), required=False, max_length=200)
    begin = forms.CharField(label=gettext_lazy("From"), required=False, max_length=20)
    end = forms.CharField(label=gettext_lazy("To"), required=False, max_length=20)


Rows = forms.formset_factory(Had, extra=_ROWS, max_num=50, absolute_max=60)


@page(post=True)
def screening(request: Asked) -> HttpResponse:
    """The form, and what was found; of a subject of the register what is known of them is in the form."""
    desk, code = request.desk, request.GET.get("subject", "")
    fact = desk.row(code) if code else None
    if code and fact is None:
        raise hidden()
    study, period = _study(desk, fact)
    if request.method == "POST":
        form, rows = Asking(request.POST), Rows(request.POST, prefix="had")
    else:
        days, history = _known(desk, fact)
        form = Asking(initial={"screening": days.screening, "day_1": days.day_1})
        rows = Rows(prefix="had", initial=[{"what": row["what"], "begin": row.get("from"), "end": row.get("to")} for row in history])
    found = None
    with refusals() as problems:
        if request.method == "POST" and form.is_valid() and rows.is_valid():
            found = _screened(desk, study, period, code, fact, form.cleaned_data, [row.cleaned_data for row in rows])
    status = 400 if problems or form.errors else 200
    return render(request, "screening.html", {
        "form": form, "rows": rows, "found": found, "problems": problems, "code": code, "title": study.title,
        "none": not study.criteria.of(period.id),
    }, status=status)  # fmt: skip


def _study(desk: Desk, fact: Fact | None) -> tuple[Study, Period]:
    """The study of a subject, the newest one where none is named; and its first period."""
    if fact is not None:
        study = gathering.study_of(desk.register, [fact], desk.today)
    else:
        newest = studies.latest_study(desk.facts)
        if newest is None:
            raise InputError(Problem("the register has no study file", hint="a manager takes one in"))
        study = newest
    period = tables.period(desk.register)
    return study, one_period(study, period) if period is not None else way(study)[0]


def _known(desk: Desk, fact: Fact | None) -> tuple[Days, Sequence[dict[str, str]]]:
    """What the register has of a subject: the days, and the rows of the history."""
    if fact is None or fact.cells is None:
        return Days(), ()
    start = fact.cells.get("start")
    history = tables.held(desk.register, ["history"], Whose(None, desk.who.sites, frozenset(), fact.cells["subject"]), [fact])["history"]
    return Days.of(_events(desk, fact), dt.date.fromisoformat(start) if start else None), tables.rows(history)


def _events(desk: Desk, fact: Fact | None) -> list[Event]:
    """What happened to a subject, and the days before day 1 of the subject's own row."""
    if fact is None or fact.cells is None:
        return []
    held = tables.held(desk.register, ["events"], Whose(None, desk.who.sites, frozenset(), fact.cells["subject"]), [fact])
    said = [(row["event"], row["date"]) for row in tables.rows(held["events"])]
    said += [(name, fact.cells[name]) for name in BEFORE_DAY_1 if name in fact.cells]
    return [Event(name, dt.date.fromisoformat(day)) for name, day in said]


def _screened(
    desk: Desk, study: Study, period: Period, code: str, fact: Fact | None, typed: dict[str, Any], rows: Sequence[dict[str, Any]]
) -> Screened:
    """What is found. Raises InputError where the readers of a history refuse what was typed."""
    said = [{"what": row["what"].strip(), "from": row["begin"].strip(), "to": row["end"].strip()} for row in rows if any(row.values())]
    events = _events(desk, fact)
    past = Past().with_rows(
        [had for _, had in history_table.read(table_bytes("history", said), "history")] if said else [], told=bool(said)
    ).with_events(events)  # fmt: skip
    known = Days.of(events, None)
    days = Days(typed["screening"] or known.screening, typed["day_1"], known.consent, known.randomisation)
    return Screened(code or None, fact.site if fact is not None else None, days, screen(clocks_of(study, period, past), days))
