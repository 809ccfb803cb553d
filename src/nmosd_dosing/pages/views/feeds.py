"""Feeds: a calendar under an address with a key, which a program of calendars asks for by itself; and the page on which they are made."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection
from typing import Any, cast

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nmosd_dosing.calendar.published import LARGE
from nmosd_dosing.errors import InputError, Problem
from nmosd_dosing.pages.access import Asked, hidden, page, place_of, public
from nmosd_dosing.pages.forms import Day, refusals
from nmosd_dosing.pages.place import Desk
from nmosd_dosing.pages.publishing import give_out
from nmosd_dosing.pages.showing import language
from nmosd_dosing.register import accounts, feeds, published
from nmosd_dosing.register.database import facts
from nmosd_dosing.register.feeds import Feed, View
from nmosd_dosing.register.published import Fetched
from nmosd_dosing.register.reading.line import local

_NEW = "feed"  # in a session: the number and the key of a feed that was just made
_FIRST_EXPIRY = 365
_SCOPES = {
    "due": gettext_lazy("what is due"),
    "site": gettext_lazy("the visits of a site"),
    "subject": gettext_lazy("the visits of one subject"),
}
_VIEWS: dict[View, Any] = {
    "discreet": gettext_lazy("discreet: no study, no drug, no code"),
    "codes": gettext_lazy("discreet, with the codes of subjects"),
    "full": gettext_lazy("with study and doses, as far as they are not blinded"),
    "unblinded": gettext_lazy("unblinded: with arms"),
}
_LANGUAGES = (("en", "English"), ("zh", "中文"))
_LOG = logging.getLogger("nmosd_dosing.feeds")


class NewFeed(forms.Form):
    """A feed that is made."""

    scope = forms.ChoiceField(label=gettext_lazy("A calendar of"), choices=list(_SCOPES.items()))
    subject = forms.CharField(
        label=gettext_lazy("Subject"), required=False, max_length=200, help_text=gettext_lazy("The code, for the visits of one subject.")
    )
    site = forms.ChoiceField(label=gettext_lazy("Site"), required=False)
    view = forms.ChoiceField(label=gettext_lazy("It shows"), choices=[], required=False)
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=_LANGUAGES)
    purpose = forms.CharField(
        label=gettext_lazy("Purpose"), required=False, max_length=100, help_text=gettext_lazy("Who reads it, and with what: “my phone”.")
    )
    expires = Day(gettext_lazy("Until"), required=True)

    def __init__(self, desk: Desk, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        views = [(view, words) for view, words in _VIEWS.items() if view != "unblinded" or desk.who.sees_arms]
        fields: Any = self.fields
        fields["view"].choices = [("", gettext_lazy("as little as can be")), *views]
        fields["site"].choices = [("", gettext_lazy("all that I see")), *((site, site) for site in desk.sites())]
        if desk.who.sees_arms:  # others read what is written here
            del self.fields["purpose"]


# --- what programs fetch -------------------------------------------------------------------------------------------------


@public()
def feed(request: HttpRequest, key: str) -> HttpResponse:
    """The calendar under a key. What was revoked, has expired, or is not for its account any more, looks like a key that never was."""
    place = place_of(request)
    try:
        found = feeds.of_key(place.register.facts, key)
        reading = feeds.reader(place.register.facts, found, place.today) if found is not None else None
    except InputError:
        _LOG.error("the trail does not hold: no feed is given out")
        return _unavailable()
    if found is None or reading is None:
        return HttpResponse("error: there is no such calendar", status=404, content_type="text/plain; charset=utf-8")
    try:
        given = give_out(place, found, *reading)
    except InputError:
        _LOG.warning("feed %d cannot be made: see the pages of whom it is about", found.number)
        return _unavailable()
    published.fetched(place.register.facts, found.number, place.clock(), request.headers.get("User-Agent", ""))
    etag = f'"{given.etag}"'
    response = HttpResponse(given.content, content_type="text/calendar; charset=utf-8", headers={
        "ETag": etag,
        "Cache-Control": "private, no-cache",
        "Last-Modified": http_date(given.changed.timestamp()),
        "Content-Language": "zh-Hans" if found.language == "zh" and found.scope != "due" else "en",
        "X-Robots-Tag": "noindex",
        "Referrer-Policy": "no-referrer",
    })  # fmt: skip
    return cast(HttpResponse, get_conditional_response(request, etag=etag, response=response))


def _unavailable() -> HttpResponse:
    """Programs keep what they have, and ask again."""
    return HttpResponse(
        "error: this calendar cannot be made now; the pages say why", status=503, content_type="text/plain; charset=utf-8",
        headers={"Retry-After": "3600"},
    )  # fmt: skip


# --- the page ------------------------------------------------------------------------------------------------------------


@page(post=True)
def everybody(request: Asked) -> HttpResponse:
    """My feeds, and a new one; a manager sees those of all."""
    desk = request.desk
    first: dict[str, Any] = {"expires": desk.today + dt.timedelta(_FIRST_EXPIRY), "language": language()}
    first |= {"scope": "subject"} if "subject" in request.GET else {}
    first |= {name: request.GET[name] for name in ("subject", "site") if name in request.GET}
    form = NewFeed(desk, request.POST or None, initial=first)
    with refusals() as problems:
        if request.method == "POST" and form.is_valid():
            _shown_once(request, *_made(desk, form.cleaned_data))
            return redirect("feeds")
    new = request.session.pop(_NEW, None) if request.method == "GET" else None
    there = feeds.feeds(desk.facts)
    rows = _rows(desk, [each for each in there if each.account == desk.who.name or desk.who.manages])
    return render(request, "feeds.html", {
        "form": form, "problems": problems, "mine": [row for row in rows if row["feed"].account == desk.who.name],
        "others": [row for row in rows if row["feed"].account != desk.who.name], "new": new,
        "links": _links(desk.place.address, new["key"]) if new is not None else (), "manages": desk.who.manages,
    }, status=400 if problems or form.errors else 200)  # fmt: skip


@page(get=False, post=True)
def rotate(request: Asked, number: int) -> HttpResponse:
    """Gives a feed of mine another key."""
    desk = request.desk
    found = next((each for each in feeds.feeds(desk.facts) if each.number == number and each.account == desk.who.name), None)
    if found is None:
        raise hidden()
    _shown_once(request, *feeds.rotate(*desk.asks, desk.today, found))
    return redirect("feeds")


@page(get=False, post=True)
def revoke(request: Asked, number: int) -> HttpResponse:
    """Ends a feed of mine; a manager any."""
    desk = request.desk
    found = next((each for each in feeds.feeds(desk.facts) if each.number == number), None)
    if found is None or not (found.account == desk.who.name or desk.who.manages):
        raise hidden()
    feeds.revoke(*desk.asks, found)
    store = desk.arms if found.unblinded else desk.facts
    if store is not None:
        published.forget(store, found.number)
    return redirect("feeds")


def _made(desk: Desk, typed: dict[str, Any]) -> tuple[Feed, str]:
    """The feed that was asked for. Raises InputError where it cannot be."""
    scope, code, subject = typed["scope"], typed["subject"].strip(), None
    if scope == "subject":
        subject = facts.of_code(desk.facts, code) if code else None
        if subject is None or not desk.who.sees(subject.site):
            raise InputError(Problem(f"there is no subject `{code}`" if code else "the subject is not stated", hint="write the code"))
    if typed["view"] == "unblinded":
        desk.register.arms_store()  # refuses where this program may not read arms: nobody could fetch it
    return feeds.make(
        *desk.asks, desk.today, scope=scope, subject=subject,
        site=(typed["site"] or None) if scope != "subject" else None, view=typed["view"] or feeds.VIEWS[scope][0],
        language=typed["language"], purpose=typed.get("purpose", ""), expires=typed["expires"],
    )  # fmt: skip


def _shown_once(request: HttpRequest, made: Feed, key: str) -> None:
    """The key is shown on the next page, and then forgotten."""
    request.session[_NEW] = {"number": made.number, "key": key}


def _links(address: str, key: str) -> tuple[tuple[Any, str], ...]:
    """Under which addresses programs subscribe."""
    whole = address.rstrip("/") + reverse("feed", args=[key])
    webcal = f"webcal://{whole.partition('://')[2]}"
    return (
        (_("Any program, and Outlook on the web"), whole),
        (_("Apple, Thunderbird, Outlook: opens the program"), webcal),
        (_("Google, where this server can be reached from outside"), f"https://calendar.google.com/calendar/r?cid={webcal}"),
    )


def _rows(desk: Desk, there: list[Feed]) -> list[dict[str, Any]]:
    """Feeds with who fetched them; those that hold first."""
    fetched = published.fetches(desk.facts)
    sizes = {number: each.size for number, each in fetched.items()}
    if any(each.unblinded for each in there) and desk.arms is not None:
        sizes |= {number: each.size for number, each in published.fetches(desk.arms).items()}
    people = desk.subjects() if any(each.person is not None for each in there) else ()
    codes = {fact.person: (fact.cells or {})["subject"] for fact in people}
    able = {account.name for account in accounts.accounts(desk.facts) if account.active}
    rows = [
        {
            "feed": each, "code": (codes.get(each.person) or "?") if each.person is not None else each.site or "",
            "scope": _SCOPES[each.scope], "view": _VIEWS[each.view], "state": _state(each, desk.today, able),
            "fetched": fetched.get(each.number), "at": _when(desk, fetched.get(each.number)), "large": sizes.get(each.number, 0) > LARGE,
        }
        for each in there
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row["state"] in ("revoked", "expired"), row["feed"].number))


def _state(feed: Feed, today: dt.date, able: Collection[str]) -> str:
    """Whether it is given out, by what ended it; `able`: the accounts that are not disabled."""
    if not feed.active:
        return "revoked"
    if not feed.lives(today):
        return "expired"
    return "active" if feed.account in able else "disabled"


def _when(desk: Desk, fetched: Fetched | None) -> str:
    """The moment of the last time, in the zone of the site."""
    if fetched is None or fetched.at is None:
        return ""
    there = local(fetched.at, desk.place.zone)
    return f"{there or fetched.at:%Y-%m-%d %H:%M} {desk.place.zone if there else 'UTC'}"
