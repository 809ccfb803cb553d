"""Subjects: who there is, and one of them with the plan."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from nmosd_dosing.pages.access import Asked, hidden, page
from nmosd_dosing.register import tables
from nmosd_dosing.register.tables import Whose


@page()
def everybody(request: Asked) -> HttpResponse:
    """Those whom the account may see."""
    desk = request.desk
    there = tables.subjects(desk.register, Whose(None, desk.who.sites))
    return render(request, "subjects.html", {"rows": [fact.cells for fact in there]})


@page()
def subject(request: Asked, code: str) -> HttpResponse:
    """One subject, with the plan."""
    found = request.desk.subject(code)
    if found is None:
        raise hidden()
    fact, some = found
    plan = next(some.request.plans()) if some is not None else None
    return render(request, "subject.html", {"cells": fact.cells, "plan": plan})
