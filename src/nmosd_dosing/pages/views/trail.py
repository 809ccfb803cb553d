"""The trail: who did what, when and why, in sentences; and whether it is as it was written."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy

from nmosd_dosing.pages.access import Asked, page
from nmosd_dosing.pages.forms import Day
from nmosd_dosing.pages.signing import SESSIONS
from nmosd_dosing.register import trail, verifying
from nmosd_dosing.report.export.plain import csv_text
from nmosd_dosing.report.export.trail import line_dict, trail_sheet

_SHOWN = 200  # lines of a page


class Search(forms.Form):
    """Which lines."""

    subject = forms.CharField(label=gettext_lazy("Subject"), required=False, max_length=200)
    visit = forms.CharField(label=gettext_lazy("Visit"), required=False, max_length=200)
    by = forms.CharField(label=gettext_lazy("Account"), required=False, max_length=64)
    number = forms.CharField(label=gettext_lazy("Number"), required=False, max_length=20)
    first = Day(gettext_lazy("From"))
    last = Day(gettext_lazy("To"))
    site = forms.CharField(label=gettext_lazy("Site"), required=False, max_length=200)
    sessions = forms.BooleanField(label=gettext_lazy("Signing in, too"), required=False)


@page()
def lines(request: Asked) -> HttpResponse:
    """The lines that the account may read, the newest first; with `as=csv` and `as=json` as `dosing register history` gives them."""
    desk, form = request.desk, Search(request.GET)
    found: list[trail.Line] = []
    if form.is_valid():
        typed = form.cleaned_data
        asked = trail.Asked(
            typed["subject"].strip() or None, typed["visit"].strip() or None, typed["number"].strip() or None, typed["first"],
            typed["last"], typed["by"].strip() or None,
        )  # fmt: skip
        site, sessions = typed["site"].strip(), typed["sessions"] or "as" in request.GET
        found = [
            line for line in trail.lines(desk.register, desk.who, asked, desk.arms)
            if (not site or line.site == site) and (sessions or line.what != SESSIONS)
        ]  # fmt: skip
    if request.GET.get("as") == "csv":
        response = HttpResponse(csv_text(trail_sheet(found)), content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = 'attachment; filename="trail.csv"'
        return response
    if request.GET.get("as") == "json":
        return JsonResponse({"trail": [line_dict(line) for line in found]})
    newest = found[::-1][:_SHOWN]
    question = request.GET.urlencode()
    return render(
        request, "trail.html", {"form": form, "lines": newest, "more": len(found) - len(newest), "count": len(found), "question": question}
    )


@page(get=False, post=True)
def verify(request: Asked) -> HttpResponse:
    """Reads the whole trail and says whether it holds, with the last number and hash, to be kept elsewhere."""
    desk = request.desk
    stores = {"facts": desk.facts} | ({"arms": desk.arms} if desk.arms is not None else {})
    return render(request, "verified.html", {"found": {name: verifying.verify(store) for name, store in stores.items()}})
