"""Who may see what: each view says which roles it is for, and only here is it asked. What goes out has the headers that keep a browser
from running, sending or keeping what it should not."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from nmosd_dosing.errors import DosingError, Problem
from nmosd_dosing.pages.place import Desk, Place
from nmosd_dosing.pages.settings import LARGEST, LONGEST
from nmosd_dosing.register import accounts
from nmosd_dosing.register.accounts import ROLES, Role
from nmosd_dosing.register.database.store import Conflict, said
from nmosd_dosing.screen import for_terminal

PLACE = "nmosd_dosing.place"  # in the environment of a request
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_NEVER = "accelerometer=(), camera=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()"
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LOG = logging.getLogger("nmosd_dosing.pages")
P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


class Asked(HttpRequest):
    """A request with the desk of who asks: what the views of `page` get."""

    desk: Desk


def page(*roles: Role, get: bool = True, post: bool = False) -> Callable[[Callable[Concatenate[Asked, P], HttpResponseBase]], View[P]]:
    """A view for some roles, or, where none is named, for all who are signed in; asked by GET and HEAD, by POST, or both."""
    methods = frozenset([*(["GET", "HEAD"] if get else []), *(["POST"] if post else [])])
    return _made(frozenset(roles or ROLES), methods)


def public(*, post: bool = False) -> Callable[[Callable[Concatenate[Any, P], HttpResponseBase]], View[P]]:
    """A view for everybody, also who is not signed in."""
    return _made(None, frozenset(["GET", "HEAD", *(["POST"] if post else [])]))


def _made(roles: frozenset[Role] | None, methods: frozenset[str]) -> Callable[[Callable[..., HttpResponseBase]], Any]:
    def marked(view: Callable[..., HttpResponseBase]) -> Any:
        view.access = (roles, methods)  # type: ignore[attr-defined]
        return view

    return marked


def access_of(view: Callable[..., Any]) -> tuple[frozenset[Role] | None, frozenset[str]]:
    """The roles of a view, None for everybody, and the methods by which it is asked. Raises LookupError for a view that says nothing: it is
    for nobody."""
    try:
        return cast(tuple[frozenset[Role] | None, frozenset[str]], view.access)  # type: ignore[attr-defined]
    except AttributeError:
        raise LookupError(f"{view} does not say who may see it") from None


def place_of(request: HttpRequest) -> Place:
    """Where the pages are served."""
    return cast(Place, request.META[PLACE])


def desk_of(request: HttpRequest) -> Desk | None:
    """The desk of who is signed in, whose account is looked up anew for each request; None where nobody is."""
    place, name = place_of(request), request.session.get("account")
    if name is None:
        return None
    begun = request.session.get("begun", 0.0)
    account = next((a for a in accounts.accounts(place.register.facts) if a.name == name), None)
    if account is None or not account.active or place.clock().timestamp() - begun > LONGEST:
        return None
    if request.session.get("standing") != accounts.standing(place.register.facts, name):
        return None
    return place.desk(account.who)


# --- middleware ----------------------------------------------------------------------------------------------------------


class Guarded:
    """Puts the headers around every answer, and writes out what could move or reorder characters in a page."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer, with its headers."""
        response = self.answer(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", _NEVER)
        response.headers.setdefault("Cache-Control", "no-store")
        patch_vary_headers(response, ["Cookie"])
        if not response.streaming and response.headers.get("Content-Type", "").startswith("text/html"):
            words = response.content.decode()
            if _CONTROLS.search(words):
                response.content = _CONTROLS.sub(lambda found: for_terminal(found[0]), words).encode()
                response.headers["Content-Length"] = str(len(response.content))
        return response


class Asking:
    """Gives a request its desk, and lets nobody in whom the view is not for. What a register refuses becomes a page that says why."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer; to more than a page takes, one that says so: nothing of it is read then."""
        sent = request.META.get("CONTENT_LENGTH") or "0"
        if not sent.isdigit() or int(sent) > LARGEST:
            return refused(request, status=413)
        return self.answer(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> HttpResponse | None:
        """An answer in place of the view's, where it is not for who asks."""
        roles, methods = access_of(view)
        if request.method not in methods:
            return refused(request, status=405)
        if roles is None:
            return None
        try:
            desk = desk_of(request)
        except (DosingError, DatabaseError) as error:
            return self.process_exception(request, error)
        if desk is None:
            request.session.flush()
            if request.method != "GET":
                return refused(request, status=403)
            return HttpResponseRedirect(f"/login?{urlencode({'next': request.get_full_path()})}")
        cast(Asked, request).desk = desk
        request.session.modified = True  # whoever asks for a page is not idle; a feed and `/health` are asked for by programs
        return None if desk.who.role in roles else refused(request, status=403)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A page with what is wrong, and what to do."""
        if isinstance(error, DosingError):
            status = 409 if isinstance(error, Conflict) else 400
            return render(request, "problems.html", {"problems": error.problems}, status=status)
        if isinstance(error, DatabaseError):
            wrong = Problem("the register cannot be asked now", hint="tell whoever runs the pages: the log says more")
            _LOG.error("%s: the register cannot be asked: %s", request.path, said(error))
            return render(request, "problems.html", {"problems": [wrong]}, status=503)
        return None


def refused(request: HttpRequest, status: int) -> HttpResponse:
    """A page that says that this is not to be had."""
    return render(request, "refused.html", {"status": status}, status=status)


def not_from_here(request: HttpRequest, reason: str = "") -> HttpResponse:
    """What Django shows for a form that was not sent from a page of ours."""
    return refused(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What is not there, and what is not for who asks, look the same."""
    return refused(request, 404)


def not_understood(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What cannot be read as a form: more fields than a form has, for example."""
    return refused(request, 400)


def broken(request: HttpRequest) -> HttpResponse:
    """A defect of the program."""
    return HttpResponse("error: this page has a defect; the program's log says more", status=500, content_type="text/plain; charset=utf-8")


def hidden() -> Http404:
    """To be raised for what is not there, or not for the account."""
    return Http404("not there")


def download(name: str, content: str | bytes, kind: str = "text/csv; charset=utf-8") -> HttpResponse:
    """A file that a browser keeps."""
    return HttpResponse(content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
