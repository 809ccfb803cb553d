"""Who may see what: every view says it, and nobody else is let in. Signing in and out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.kit.served import ACCOUNTS, PASSWORD, client

AFTER_LAST = 12 * 3600


def views() -> Iterator[Any]:
    """The patterns of all addresses."""
    from nmosd_dosing.pages import urls

    yield from urls.urlpatterns


def test_every_view_says_who_may_see_it(place: Any) -> None:
    from nmosd_dosing.pages.access import access_of

    for pattern in views():
        roles, methods = access_of(pattern.callback)
        assert methods, pattern.name
        assert roles is None or roles, pattern.name


def test_a_view_that_says_nothing_is_for_nobody(place: Any) -> None:
    from nmosd_dosing.pages.access import access_of

    with pytest.raises(LookupError, match="does not say who may see it"):
        access_of(test_every_view_says_who_may_see_it)


def test_who_is_not_signed_in_is_asked_to(place: Any) -> None:
    answer = client(place).get("/subjects/0103")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login?next=%2Fsubjects%2F0103")
    assert client(place).post("/logout").status_code == 403


def test_signing_in_goes_to_what_was_asked_for_and_the_trail_says_it(place: Any) -> None:
    from nmosd_dosing.register import accounts, trail
    from tests.kit.served import AT

    who = {a.name: a.who for a in accounts.accounts(place.register.facts)}
    accounts.set_password(place.register.facts, who["chen.jie"], AT, "UTC", name="li.na", password=PASSWORD)
    asking = client(place)
    wrong = asking.post("/login", {"name": "li.na", "password": "six green tortoises", "next": "/subjects"})
    assert (wrong.status_code, "No account of this name has this password" in wrong.content.decode()) == (403, True)
    right = asking.post("/login", {"name": "li.na", "password": PASSWORD, "next": "/subjects"})
    assert (right.status_code, right.headers["Location"]) == (302, "/subjects")
    assert asking.get("/subjects").status_code == 200
    last = list(trail.lines(place.register, who["chen.jie"]))[-1]
    assert (last.action, last.what, last.account) == ("open", "sessions", "li.na")
    assert asking.post("/logout").status_code == 302
    assert asking.get("/subjects").status_code == 302


@pytest.mark.parametrize("onward", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil.example", ""])
def test_signing_in_goes_nowhere_else(place: Any, onward: str) -> None:
    answer = client(place, "li.na").get("/login", {"next": onward})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_a_disabled_account_is_out_at_once(place: Any) -> None:
    from nmosd_dosing.register import accounts
    from tests.kit.served import AT

    asking = client(place, "li.na")
    assert asking.get("/").status_code == 200
    who = {a.name: a.who for a in accounts.accounts(place.register.facts)}
    accounts.change(place.register.facts, who["chen.jie"], AT, "UTC", name="li.na", reason="left", change=accounts.disabled)
    assert asking.get("/").status_code == 302


def test_nobody_sees_subjects_of_another_site(place: Any) -> None:
    assert client(place, "li.na").get("/subjects/0201").status_code == 404
    assert client(place, "wu.lei").get("/subjects/0201").status_code == 200
    assert "0201" not in client(place, "li.na").get("/subjects").content.decode()


@pytest.mark.parametrize("name", ACCOUNTS)
def test_answers_have_the_headers_of_a_guarded_page(place: Any, name: str) -> None:
    headers = client(place, name).get("/").headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'; script-src 'self'")
    assert (headers["X-Frame-Options"], headers["X-Content-Type-Options"]) == ("DENY", "nosniff")
    assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "same-origin")


def test_a_register_that_cannot_be_asked_is_said_and_no_traceback(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError

    from nmosd_dosing.register import accounts, tables

    def broken(*_: Any, **__: Any) -> Any:
        raise OperationalError("disk I/O error")

    asking = client(place, "li.na")
    monkeypatch.setattr(tables, "subjects", broken)
    answer = asking.get("/")
    assert (answer.status_code, b"the register cannot be asked now" in answer.content) == (503, True)
    monkeypatch.setattr(accounts, "accounts", broken)
    assert (asking.get("/").status_code, b"disk I/O" in asking.get("/").content) == (503, False)
