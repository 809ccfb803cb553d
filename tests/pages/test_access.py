"""Who may see what: every view says it, and nobody else is let in. Signing in and out."""

from __future__ import annotations

import io
import logging
import threading
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
    from nmosd_dosing.register import accounts
    from nmosd_dosing.register.reading import trail
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

    from nmosd_dosing.register import accounts
    from nmosd_dosing.register.reading import tables

    def broken(*_: Any, **__: Any) -> Any:
        raise OperationalError("disk I/O error")

    asking = client(place, "li.na")
    monkeypatch.setattr(tables, "subjects", broken)
    answer = asking.get("/")
    assert (answer.status_code, b"the register cannot be asked now" in answer.content) == (503, True)
    monkeypatch.setattr(accounts, "accounts", broken)
    assert (asking.get("/").status_code, b"disk I/O" in asking.get("/").content) == (503, False)


@pytest.mark.parametrize("code", ["0103/handout", "0103/history", "a/b", "a%2Fb", "..", "a?b#c", "/0103", "0103/"])
def test_an_address_is_of_the_subject_with_that_code_alone(place: Any, code: str) -> None:
    """Also where a code looks like an address of somebody else, or like a folder."""
    typed = {"subject": code, "site": "02", "start": "2025-07-14", "seen": "1000", "confirm": "yes"}
    written = client(place, "chen.jie").post("/new-subject", typed)
    assert written.status_code == 303
    page = client(place, "wu.lei").get(written.headers["Location"])
    assert (page.status_code, f"<title>{code} " in page.content.decode()) == (200, True)
    assert client(place, "li.na").get(written.headers["Location"]).status_code == 404


def test_accounts_that_were_edited_by_hand_let_nobody_in_and_say_so(place: Any) -> None:
    from tests.kit.by_hand import unguarded

    asking = client(place, "li.na")
    with unguarded(place.register, place.register.facts) as hand:
        hand.ask("UPDATE register_content SET cells = replace(cells, 'monitor', 'manager')")
    for answer in (
        asking.get("/"), asking.get("/login"),
        client(place).post("/login", {"name": "moreau", "password": PASSWORD}),
    ):  # fmt: skip
        assert (answer.status_code, "says who may do what, is not as it was written" in answer.content.decode()) == (400, True)


def test_a_row_that_replaces_itself_by_hand_is_named(place: Any) -> None:
    from tests.kit.by_hand import unguarded

    with unguarded(place.register, place.register.facts) as hand:
        hand.ask("UPDATE register_entry SET replaces = seq WHERE seq = 28")
    answer = client(place, "li.na").get("/subjects/0103")
    assert (answer.status_code, "number 28" in answer.content.decode()) == (400, True)


def test_a_register_that_was_taken_away_is_said_and_not_made_anew(place: Any) -> None:
    asking, file = client(place, "li.na"), place.register.address.file
    place.register.close()
    for each in file.parent.glob("trial*"):
        each.unlink()
    for address in ("/", "/login", "/health"):
        answer = asking.get(address)
        assert (answer.status_code, "the register cannot be asked now" in answer.content.decode()) == (503, True)
    assert list(file.parent.glob("trial*")) == []


def test_the_token_of_forms_is_another_after_signing_in(place: Any) -> None:
    from nmosd_dosing.register import accounts
    from tests.kit.served import AT

    who = {a.name: a.who for a in accounts.accounts(place.register.facts)}
    accounts.set_password(place.register.facts, who["chen.jie"], AT, "UTC", name="li.na", password=PASSWORD)
    asking = client(place)
    asking.get("/login")
    before = asking.cookies["csrftoken"].value
    assert asking.post("/login", {"name": "li.na", "password": PASSWORD}).status_code == 302
    assert asking.cookies["csrftoken"].value not in ("", before)


def test_what_a_defect_says_is_in_no_log(place: Any) -> None:
    from nmosd_dosing.pages import log

    out = io.StringIO()
    log.begin(out)
    try:
        raise ValueError("Zhang Wei")
    except ValueError:
        logging.getLogger("django.request").exception("Internal Server Error: %s", "/subjects/0103")
    finally:
        log.begin()
    assert "Internal Server Error: /subjects/0103\nTraceback:\n  File " in out.getvalue()
    assert out.getvalue().endswith("ValueError\n")
    assert "Zhang Wei" not in out.getvalue().replace('raise ValueError("Zhang Wei")', "")


@pytest.mark.parametrize(("sent", "status"), [(2_500_000, 404), (2_500_001, 413)])
def test_more_than_a_page_takes_is_said_on_a_page_and_no_traceback(place: Any, sent: int, status: int) -> None:
    from nmosd_dosing.pages import log

    said = io.StringIO()
    log.begin(said)
    for name in (None, "li.na"):
        answer = client(place, name).post("/nowhere", b"x" * sent, content_type="application/octet-stream")
        assert (answer.status_code, b"may have 2.5 MB" in answer.content) == (status, status == 413)
    answer = client(place, "chen.jie").post("/accounts", {f"x{n}": "1" for n in range(501)})
    assert (answer.status_code, b"no form of these pages" in answer.content) == (400, True)
    log.begin()
    assert ("The number of GET/POST parameters" in said.getvalue(), "Traceback" in said.getvalue()) == (True, False)


def test_only_a_page_keeps_somebody_signed_in(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.contrib.sessions.backends.cache import SessionStore

    asking, kept, save = client(place, "li.na"), list[str](), SessionStore.save

    def counted(self: SessionStore, *given: Any, **more: Any) -> None:
        kept.append("kept")
        save(self, *given, **more)

    monkeypatch.setattr(SessionStore, "save", counted)
    for address in ("/health", "/feeds/nothing.ics", "/look.css", "/login"):
        asking.get(address)
        assert kept == [], address
    assert (asking.get("/").status_code, kept) == (200, ["kept"])


def test_many_guesses_at_once_are_no_more_than_many_in_a_row(place: Any) -> None:
    """Five are looked at, from wherever they come; another name has its own."""
    from django.db import connections

    from nmosd_dosing.pages import signing

    both, found = threading.Barrier(16), list[int]()

    def guess(number: int) -> None:
        both.wait()
        found.append(client(place).post("/login", {"name": "Guess.ed", "password": "x"}, REMOTE_ADDR=f"10.0.0.{number}").status_code)
        connections.close_all()

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (found.count(403), found.count(429)) == (signing._FREE, 16 - signing._FREE)
    assert client(place).post("/login", {"name": "guess.ed", "password": "x"}, REMOTE_ADDR="10.0.1.1").status_code == 429
    assert client(place).post("/login", {"name": "another", "password": "x"}, REMOTE_ADDR="10.0.1.1").status_code == 403


def test_signing_in_is_no_attempt_that_failed_and_forgives_no_others(place: Any) -> None:
    from nmosd_dosing.register import accounts
    from tests.kit.served import AT

    who = {a.name: a.who for a in accounts.accounts(place.register.facts)}
    accounts.set_password(place.register.facts, who["chen.jie"], AT, "UTC", name="li.na", password=PASSWORD)
    for _ in range(7):
        assert client(place).post("/login", {"name": "li.na", "password": PASSWORD}, REMOTE_ADDR="10.0.2.1").status_code == 302
    for number in range(5):
        assert client(place).post("/login", {"name": f"try{number}", "password": "x"}, REMOTE_ADDR="10.0.2.1").status_code == 403
    assert client(place).post("/login", {"name": "try6", "password": "x"}, REMOTE_ADDR="10.0.2.1").status_code == 429


def test_one_household_is_one_address(place: Any) -> None:
    def guess(number: int, address: str) -> int:
        return int(client(place).post("/login", {"name": f"name{number}", "password": "x"}, REMOTE_ADDR=address).status_code)

    assert [guess(number, f"2001:db8:0:1::{number}") for number in range(6)] == [403] * 5 + [429]
    assert guess(7, "2001:db8:0:2::1") == 403


def test_a_line_of_the_log_is_one_line(place: Any) -> None:
    """Whatever stands in an address: no line that the program did not write, nothing that turns it, and no question."""
    from nmosd_dosing.pages import log

    out = io.StringIO()
    log.begin(out)
    try:
        logging.getLogger("nmosd_dosing.pages").error("%s: broken", "/subjects/x\n2025-07-07T01:30:00Z \u202eforged\x1b[2J")
        logging.getLogger("django.security.csrf").warning("Forbidden (Referer checking failed - %s).", "https://a.example/x?subject=0103")
    finally:
        log.begin()
    first, second = out.getvalue().splitlines()
    assert first.endswith("ERROR: /subjects/x\\n2025-07-07T01:30:00Z \\u202eforged\\x1b[2J: broken")
    assert second.endswith("Forbidden (Referer checking failed - https://a.example/x")
