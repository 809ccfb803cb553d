"""The server: fifty people at once; and one that is killed while forms are confirmed."""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.kit.registers import place_at
from tests.kit.running import running
from tests.kit.served import AT, HOST, PASSWORD, client, listening, made

pytestmark = pytest.mark.integration

PEOPLE, SUBJECTS = 50, ("0101", "0102", "0103", "0104", "0105", "0106", "0107")


class Browser:
    """What a browser does on one connection: it keeps cookies."""

    def __init__(self, port: int, **cookies: str) -> None:
        self.connection, self.cookies = HTTPConnection(HOST, port, timeout=60), dict(cookies)

    def close(self) -> None:
        """Ends the connection."""
        self.connection.close()

    def ask(self, method: str, path: str, **form: str) -> tuple[int, str, str]:
        """The status, where it leads, and the page."""
        said = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if method == "POST":
            said["Content-Type"] = "application/x-www-form-urlencoded"
            form["csrfmiddlewaretoken"] = self.cookies["csrftoken"]
        self.connection.request(method, path, urlencode(form) if method == "POST" else None, said)
        answer = self.connection.getresponse()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return answer.status, answer.getheader("Location") or "", answer.read().decode()


def test_fifty_people_ask_for_today_at_once(place: Any) -> None:
    session, together = client(place, "li.na").cookies["dosing"].value, threading.Barrier(PEOPLE)

    def asked(port: int) -> tuple[int, float]:
        with contextlib.closing(Browser(port, dosing=session)) as one:
            one.connection.connect()
            together.wait(60)
            begin = time.perf_counter()
            status, _, words = one.ask("GET", "/")
        assert "overdue since 2025-06-30 Mon" in words
        return status, time.perf_counter() - begin

    said = io.StringIO()
    with listening(place, said) as port, ThreadPoolExecutor(PEOPLE) as people:
        found = list(people.map(asked, [port] * PEOPLE))
    assert {status for status, _ in found} == {200}
    seconds = [taken for _, taken in found]
    assert max(seconds) < 10 * statistics.median(seconds)
    assert said.getvalue() == ""


def test_a_server_that_is_killed_has_kept_all_that_it_had_confirmed(address: str) -> None:
    from nmosd_dosing.register import accounts, register
    from nmosd_dosing.register.database import facts

    found = made(address)
    manager = next(a.who for a in accounts.accounts(found.facts) if a.name == "chen.jie")
    accounts.set_password(found.facts, manager, AT, "UTC", name="li.na", password=PASSWORD)
    before, where = found.facts.head().seq, place_at(address)
    found.close()
    where.let_in()
    confirmed = list[tuple[str, int]]()
    command = (sys.executable, "-m", "nmosd_dosing", "serve", "--register", where.sites, "--port", "0", "--as-of", "2025-07-07")
    with running(command) as program:
        assert program.stderr is not None
        port = int(re.findall(rb"127\.0\.0\.1:(\d+)", program.stderr.readline())[0])
        one = Browser(port)
        one.ask("GET", "/login")
        assert one.ask("POST", "/login", name="li.na", password=PASSWORD, next="/")[0] in (302, 303)
        one.close()

        def weighs(code: str) -> None:
            seen = before
            with contextlib.suppress(OSError, HTTPException), contextlib.closing(Browser(port, **one.cookies)) as mine:
                for day in range(1, 29):
                    row = {"date": f"2025-06-{day:02}", "weight_kg": "60", "comment": "", "why": "a burst", "confirm": "yes"}
                    status, to, _ = mine.ask("POST", f"/subjects/{code}/write/weight", **row, seen=str(seen))
                    assert (status, code in to) == (303, True)
                    seen = int(to.partition("written=")[2])
                    confirmed.append((code, seen))
                    if len(confirmed) >= 3 * len(SUBJECTS):
                        os.killpg(program.pid, signal.SIGKILL)

        with ThreadPoolExecutor(len(SUBJECTS)) as people:
            list(people.map(weighs, SUBJECTS))
        program.wait()
    again = register.open(address)
    kept = facts.holding(again.facts, "weighings")
    assert again.facts.verify() is None
    assert {number for _, number in confirmed} <= {fact.seq for fact in kept if fact.cells}
    assert len(confirmed) <= len(kept) < 28 * len(SUBJECTS), "it was killed meanwhile"
    again.close()
