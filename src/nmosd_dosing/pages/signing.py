"""Signing in and out, and another password. Guessing is slowed down, by account and by address; it is said to nobody whether there is an
account of a name."""

from __future__ import annotations

import contextlib
import ipaddress
import threading

from django import forms
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from nmosd_dosing.errors import InputError
from nmosd_dosing.pages.access import Asked, desk_of, page, place_of, public
from nmosd_dosing.pages.forms import password as password_field
from nmosd_dosing.register import accounts
from nmosd_dosing.register.database.store import Act

SESSIONS = "sessions"  # what the trail calls it
_FREE = 5  # attempts that wait for nothing
_LONGEST, _LONGEST_OF_NAME = 15 * 60, 30  # seconds: from one address; of one account, so that nobody keeps its owner out by guessing
_COUNTING = threading.Lock()
_COMPARING = threading.BoundedSemaphore(2)  # passwords at a time: each takes 64 MiB


class SignIn(forms.Form):
    """Who is asking."""

    name = forms.CharField(label=gettext_lazy("Account"), max_length=64, widget=forms.TextInput(attrs={"autocomplete": "username"}))
    password = password_field(gettext_lazy("Password"))


class NewPassword(forms.Form):
    """Another password, typed twice."""

    old = password_field(gettext_lazy("Current password"))
    new = password_field(gettext_lazy("New password"), new=True)
    again = password_field(gettext_lazy("New password again"), new=True)


@public(post=True)
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    """The form; who types an account's name and password is let in, to the page that was asked for."""
    onward = _onward(request)
    if request.method != "POST":
        if desk_of(request) is not None:
            return HttpResponseRedirect(onward)
        return render(request, "sign_in.html", {"form": SignIn(), "next": onward})
    form = SignIn(request.POST)
    if form.is_valid():
        name = form.cleaned_data["name"]
        wait = waits(request, name)
        if wait:
            form.add_error(None, _("Too many attempts. Try again in %(seconds)d seconds.") % {"seconds": wait})
            return render(request, "sign_in.html", {"form": form, "next": onward}, status=429)
        if (who := compared(request, name, form.cleaned_data["password"])) is not None:
            place = place_of(request)
            at, store = place.clock(), place.register.facts
            store.write([Act("open", SESSIONS, {"account": who.name})], who.author(place.zone), at)
            request.session.flush()
            request.session["account"], request.session["begun"] = who.name, at.timestamp()
            request.session["standing"] = accounts.standing(store, who.name)
            rotate_token(request)  # who knew the one before knows none of what is sent from now on
            return HttpResponseRedirect(onward)
        form.add_error(None, _("No account of this name has this password, or it is disabled."))
    return render(request, "sign_in.html", {"form": form, "next": onward}, status=403)


@page(get=False, post=True)
def sign_out(request: Asked) -> HttpResponse:
    """Nobody is signed in any more."""
    request.session.flush()
    response = redirect("login")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@page(post=True)
@sensitive_post_parameters("old", "new", "again")
def password(request: Asked) -> HttpResponse:
    """Gives who is signed in another password."""
    form = NewPassword(request.POST or None)
    if request.method == "POST" and form.is_valid():
        desk, typed = request.desk, form.cleaned_data
        if typed["new"] != typed["again"]:
            form.add_error("again", _("The new passwords differ."))
        elif waits(request, desk.who.name) or compared(request, desk.who.name, typed["old"]) is None:
            form.add_error("old", _("This is not your password."))
        else:
            try:
                accounts.set_password(*desk.asks, name=desk.who.name, password=typed["new"])
            except InputError as error:
                form.add_error("new", "; ".join(problem.message for problem in error.problems))
            else:
                request.session["standing"] = accounts.standing(desk.facts, desk.who.name)
                request.session.cycle_key()
                return redirect("today")
    return render(request, "password.html", {"form": form}, status=400 if form.errors else 200)


def compared(request: HttpRequest, name: str, typed: str) -> accounts.Who | None:
    """The account that has a name and a password; None where there is none. `waits` was asked before."""
    with _COMPARING:
        try:
            who = accounts.who(place_of(request).register.facts, name, typed)
        except accounts.NotLetIn:
            return None
    of_name, of_address = _keys(request, name)
    with _COUNTING:
        cache.delete(of_name)
        failed, last = cache.get(of_address, (1, 0.0))
        cache.set(of_address, (failed - 1, last), _LONGEST)  # and not nothing: who has an account may not try others for ever
    return who


def waits(request: HttpRequest, name: str) -> int:
    """For how many seconds no attempt is looked at, after some that failed: 1, 2, 4 … up to a quarter of an hour from
    one address, and half a minute of one account. One that is looked at,
    0, has failed until `compared` finds otherwise: of many at the same moment no more are looked at than of many in a row."""
    now, longest, keys = place_of(request).clock().timestamp(), 0.0, _keys(request, name)
    with _COUNTING:
        counted = {key: cache.get(key, (0, 0.0)) for key in keys}
        for (failed, last), most in zip(counted.values(), (_LONGEST_OF_NAME, _LONGEST), strict=True):
            if failed >= _FREE:
                longest = max(longest, last + min(2 ** (failed - _FREE), most) - now)
        if longest > 0:
            return int(longest + 0.999)
        for key, (failed, _last) in counted.items():
            cache.set(key, (failed + 1, now), _LONGEST)
    return 0


def _keys(request: HttpRequest, name: str) -> tuple[str, str]:
    name = accounts.normal(name).casefold().encode().hex()
    address = request.META.get("REMOTE_ADDR", "")
    if ":" in address:  # of IPv6 a household has as many as it likes
        with contextlib.suppress(ValueError):
            address = str(ipaddress.ip_network((address, 64), strict=False))
    return f"attempts-of-{name}", f"attempts-from-{address}"


def _onward(request: HttpRequest) -> str:
    """The page of ours that was asked for before signing in."""
    asked = request.POST.get("next") or request.GET.get("next") or "/"
    return asked if url_has_allowed_host_and_scheme(asked, allowed_hosts=None) and asked.startswith("/") else "/"
