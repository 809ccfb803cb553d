"""May she come on Thursday: the days of a visit, each with what is to be said of it; and the next visits as a page to hand over."""

from __future__ import annotations

import base64
import hashlib
import re

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy

from nmosd_dosing.checks.slots import Slots, slots_of
from nmosd_dosing.checks.verdicts import SlotVerdict, slot_text
from nmosd_dosing.days import LANGUAGES
from nmosd_dosing.errors import clip
from nmosd_dosing.pages.access import POLICY, Asked, hidden, page
from nmosd_dosing.pages.forms import Day, refusals
from nmosd_dosing.pages.looking import hour_of, looked
from nmosd_dosing.plans.handout import handout as handout_of
from nmosd_dosing.report.html.handout import handout_page

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


class WhichDay(forms.Form):
    """A visit, and a day that is asked for."""

    visit = forms.ChoiceField(label=gettext_lazy("Visit"))
    on = Day(gettext_lazy("Day that is asked for"))


@page()
def slots(request: Asked, code: str) -> HttpResponse:
    """The days of a visit, of the next one where none is named, and whether it may be on the day that is asked for."""
    seen = looked(request.desk, code)
    if seen.gathered is None:
        raise hidden()
    found: Slots | None = None
    ahead = [v.id for v in seen.planned.values() if v.stage in ("firm", "tentative")]
    form = WhichDay(request.GET if request.GET else None)
    form.fields["visit"].choices = [(id, id) for id in ahead]  # type: ignore[attr-defined]
    visit, on = request.GET.get("visit") or None, None
    if request.GET and form.is_valid():
        visit, on = form.cleaned_data["visit"], form.cleaned_data["on"]
    with refusals() as problems:
        if ahead and (not request.GET or form.is_valid()):
            found = slots_of(seen.gathered.request, 0, visit, request.desk.today, on)
    if found is not None and not request.GET:
        form = WhichDay(initial={"visit": found.visit})
        form.fields["visit"].choices = [(id, id) for id in ahead]  # type: ignore[attr-defined]
    today, days = request.desk.today, found.days if found is not None else ()
    return render(request, "slots.html", {
        "seen": seen, "form": form, "found": found, "problems": problems, "books": request.desk.who.writes("visits"),
        "asked_for": clip(request.GET.get("visit", "")), "hour": hour_of(seen, found.visit) if found is not None else "",
        "asked_text": slot_text(found.asked.verdict) if found and found.asked else "",
        "rows": [(slot, slot_text(slot.verdict), _look(slot.verdict), slot.date < today) for slot in days],
    }, status=400 if request.GET and (problems or form.errors) else 200)  # fmt: skip


def _look(verdict: SlotVerdict) -> str:
    match verdict:
        case "open":
            return "fits"
        case "closed":
            return "faint"
        case "gap" | "too-early" | "too-late" | "not-allowed":
            return "late"


@page()
def handout(request: Asked, code: str) -> HttpResponse:
    """The next visits on one page of A4, to hand over; it has its own style, and only that is allowed to it."""
    seen = looked(request.desk, code)
    language = next((known for known in LANGUAGES if known == request.GET.get("lang", LANGUAGES[0])), None)
    if seen.plan is None or language is None:
        raise hidden()
    made = handout_of(seen.plan, request.desk.today, seen.workdays, with_code="code" in request.GET)
    response = HttpResponse(handout_page(made, language))
    style = _STYLE.search(response.content.decode())
    digest = base64.b64encode(hashlib.sha256((style[1] if style else "").encode()).digest()).decode()
    response.headers["Content-Security-Policy"] = POLICY.replace("style-src 'self'", f"style-src 'sha256-{digest}'")
    return response
