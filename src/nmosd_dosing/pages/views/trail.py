"""The trail: who did what, when and why, in sentences; and whether it is as it was written. The way out: all that an account may see, as
the tables and files that the command line reads."""

from __future__ import annotations

import io
import itertools
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy

from nmosd_dosing.pages.access import Asked, download, page
from nmosd_dosing.pages.forms import Day
from nmosd_dosing.pages.signing import SESSIONS
from nmosd_dosing.register import stock
from nmosd_dosing.register.reading import studies, tables, trail, verifying
from nmosd_dosing.register.reading.line import Line
from nmosd_dosing.register.reading.tables import Whose
from nmosd_dosing.report.export.plain import Sheet, csv_parts, csv_text
from nmosd_dosing.report.export.trail import line_dict, trail_sheet
from nmosd_dosing.subjects.tables import written

_SHOWN = 200  # lines of a page
_WHEN = (1980, 1, 1, 0, 0, 0)  # of every file: the same content is the same bytes


class Search(forms.Form):
    """Which lines."""

    subject = forms.CharField(label=gettext_lazy("Subject"), required=False, max_length=200)
    visit = forms.CharField(label=gettext_lazy("Visit"), required=False, max_length=200)
    by = forms.CharField(label=gettext_lazy("Account"), required=False, max_length=64)
    number = forms.CharField(label=gettext_lazy("Number"), required=False, max_length=20)
    first = Day(gettext_lazy("From"))
    last = Day(gettext_lazy("To"))
    site = forms.CharField(label=gettext_lazy("Site"), required=False, max_length=200)
    before = forms.RegexField(r"\A(arms:)?[0-9]{1,15}\Z", required=False, widget=forms.HiddenInput)
    sessions = forms.BooleanField(label=gettext_lazy("Signing in, too"), required=False)


@page()
def lines(request: Asked) -> HttpResponse | StreamingHttpResponse:
    """The lines that the account may read, the newest first, a page at a time; with `as=csv` and `as=json` all of them, as `dosing register
    history` gives them."""
    desk, form = request.desk, Search(request.GET)
    if not form.is_valid():
        return render(request, "trail.html", {"form": form, "wrong": True}, status=400)
    typed: dict[str, Any] = {name: value or None for name, value in form.cleaned_data.items()}
    asked = trail.Asked(
        typed["subject"], typed["visit"], typed["number"], typed["first"], typed["last"], typed["by"], site=typed["site"],
        but=None if typed["sessions"] or "as" in request.GET else SESSIONS,
    )  # fmt: skip
    if request.GET.get("as") == "csv":
        return _as_csv(trail.lines(desk.register, desk.who, asked, desk.arms))
    if request.GET.get("as") == "json":
        return JsonResponse({"trail": [line_dict(line) for line in trail.lines(desk.register, desk.who, asked, desk.arms)]})
    found = trail.newest(desk.register, desk.who, asked, desk.arms, typed["before"])
    shown = list(itertools.islice(found, _SHOWN + 1))
    question = {name: text for name, text in request.GET.items() if name != "before"}
    return render(request, "trail.html", {
        "form": form, "lines": shown[:_SHOWN], "question": urlencode(question), "before": typed["before"],
        "older": urlencode({**question, "before": shown[_SHOWN - 1].number}) if len(shown) > _SHOWN else None,
    })  # fmt: skip


def _as_csv(found: Iterator[Line]) -> StreamingHttpResponse:
    """The lines are sent as they are read; what is refused is refused before the first."""
    parts = csv_parts(trail_sheet(found))
    first = next(parts)
    response = StreamingHttpResponse(itertools.chain([first], parts), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="trail.csv"'
    return response


@page(get=False, post=True)
def verify(request: Asked) -> HttpResponse:
    """Reads the whole trail and says whether it holds, with the last number and hash, to be kept elsewhere."""
    desk = request.desk
    stores = {"facts": desk.facts} | ({"arms": desk.arms} if desk.arms is not None else {})
    return render(request, "verified.html", {"found": {name: verifying.verify(store) for name, store in stores.items()}})


@page()
def everything(request: Asked) -> HttpResponse:
    """The tables as `dosing register export` writes them, the trail, the study files and the site files."""
    desk = request.desk
    which = [table for table in written.COLUMNS if table != tables.ARMS or desk.arms is not None]
    held = tables.held(desk.register, which, Whose(None, desk.who.sites))
    files = {f"{table}.csv": written.table_bytes(table, tables.rows(mine)) for table, mine in held.items()}
    files["stock.csv"] = csv_text(Sheet("stock", stock.COLUMNS, stock.rows(stock.held(desk.register, desk.who)))).encode()
    files["trail.csv"] = csv_text(trail_sheet(trail.lines(desk.register, desk.who, arms=desk.arms))).encode()
    files |= {f"files/{f.kind}-{f.id}-version-{f.version}.yaml": f.content for f in studies.files(desk.facts)}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _WHEN), content, zipfile.ZIP_DEFLATED)
    return download(f"register-{desk.today.isoformat()}.zip", made.getvalue(), "application/zip")
