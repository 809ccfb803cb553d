"""Feeds as programs of calendars fetch them: over the server, with no cookie."""

from __future__ import annotations

import io
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.kit.served import HOST, client, listening
from tests.pages.test_feeds import made

pytestmark = pytest.mark.integration

KEPT = {
    "content-type": "text/calendar; charset=utf-8",
    "cache-control": "private, no-cache",
    "last-modified": "Mon, 07 Jul 2025 01:30:00 GMT",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex",
    "x-content-type-options": "nosniff",
}


def asked(port: int, method: str, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """One question, as curl asks it."""
    connection = HTTPConnection(HOST, port, timeout=30)
    try:
        connection.request(method, path, headers={"User-Agent": "curl/8.14.1", "Accept-Encoding": "gzip, br", **headers})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def test_every_header_is_as_programs_need_it(place: Any) -> None:
    path, said = made(place), io.StringIO()
    with listening(place, said) as port:
        status, headers, content = asked(port, "GET", path)
        assert (status, {name: headers[name] for name in KEPT}) == (200, KEPT)
        assert not {"content-disposition", "content-encoding", "set-cookie", "server", "transfer-encoding"} & set(headers)
        assert (headers["content-length"], content[:15]) == (str(len(content)), b"BEGIN:VCALENDAR")
        head = asked(port, "HEAD", path)
        assert head == (200, {**headers, "date": head[1]["date"]}, b"")
        status, same, nothing = asked(port, "GET", path, **{"If-None-Match": headers["etag"]})
        assert (status, same["etag"], nothing) == (304, headers["etag"], b"")
        assert (same["cache-control"], same["last-modified"]) == (KEPT["cache-control"], KEPT["last-modified"])
        assert asked(port, "POST", path)[0] in (403, 405)
    assert "curl/8.14.1 (3)" in client(place, "li.na").get("/feeds").content.decode()


def test_no_key_is_in_a_log(place: Any) -> None:
    """What was given out, what was not, what was asked in a wrong way, and what cannot be made."""
    from nmosd_dosing.register.register import Register

    path, blind, said = made(place), made(place, "zhao.min", view="unblinded"), io.StringIO()
    keys = [each.removeprefix("/feeds/").removesuffix(".ics") for each in (path, blind, f"/feeds/{'k' * 43}.ics")]
    arms = Path(place.register.address.shown).with_name("trial.unblinded.db")
    assert isinstance(place.register, Register) and arms.is_file()
    arms.rename(arms.with_suffix(".away"))
    with listening(place, said) as port:
        statuses = [
            asked(port, method, address)[0]
            for address in (path, blind, f"/feeds/{'k' * 43}.ics", f"{path}/x", f"/Feeds/{keys[0]}.ics", f"/feeds/{keys[0]}", f"{path}?a=b")
            for method in ("GET", "POST", "PUT", "HEAD")
        ]
    assert {200, 404, 503} <= set(statuses) and statuses.count(503) == 2
    words = said.getvalue()
    assert "feed 2 cannot be made" in words and "Not Found" in words
    assert not [key for key in keys if key in words or key[:12] in words]
