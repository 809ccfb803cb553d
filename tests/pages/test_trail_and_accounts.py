"""The trail in sentences, whether it holds, accounts by managers, and the way out."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import zipfile
from typing import Any

import pytest

from nmosd_dosing.pages.views import trail as views
from tests.kit.command import dosing
from tests.kit.served import ACCOUNTS, PASSWORD, client


def test_the_trail_is_that_of_the_command(place: Any) -> None:
    of_page = json.loads(client(place, "chen.jie").get("/trail", {"as": "json", "subject": "0103"}).content)
    where = ("--register", place.register.address.shown, "--account", "chen.jie", "--format", "json")
    done = dosing("register", "history", "--subject", "0103", *where)
    assert done.returncode == 0, done.stderr
    assert of_page == json.loads(done.stdout)


def test_the_newest_line_stands_first_and_number_1_last(place: Any) -> None:
    words = client(place, "chen.jie").get("/trail").content.decode()
    assert "These pages take 2025-07-07 Mon for today. The trail has the moment at which something was really written" in words
    assert words.index("entered account zhao.min") < words.index("entered account chen.jie")


def test_a_coordinator_reads_nothing_of_other_sites(place: Any) -> None:
    words = client(place, "li.na").get("/trail").content.decode()
    assert "0101" in words and "0201" not in words


def test_what_is_not_there_is_said_and_not_whose_it_is(place: Any) -> None:
    answers = [client(place, "li.na").get("/trail", {"subject": code}) for code in ("0201", "9999")]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert [b"is not a subject of this register" in answer.content for answer in answers] == [True, True]


def test_a_day_that_is_none_is_refused_in_the_form(place: Any) -> None:
    answer = client(place, "li.na").get("/trail", {"first": "2025-02-30"})
    assert (answer.status_code, "“2025-02-30” is no day: write it as 2025-01-31".encode() in answer.content) == (400, True)
    assert b"no such line" not in answer.content, "it was not looked for"


def test_older_lines_are_a_page_further_and_all_are_in_the_table(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "_SHOWN", 5)
    for name, question in (("chen.jie", {}), ("li.na", {}), ("zhao.min", {}), ("moreau", {"subject": "0103"}), ("li.na", {"site": "01"})):
        asking, shown, address = client(place, name), list[str](), "/trail"
        while True:
            words = asking.get(address, question if address == "/trail" else None).content.decode()
            page = re.findall(r"\(number ((?:arms:)?\d+)", words)
            shown += page
            further = re.search(r'<a href="(\?[^"]*before=[^"]+)">Older', words)
            if further is None:
                break
            assert len(page) == 5
            address = "/trail" + html.unescape(further[1])
        table = list(csv.DictReader(io.StringIO(asking.get("/trail", {**question, "as": "csv"}).getvalue().decode())))
        numbers = [("arms:" if row["store"] == "arms" else "") + row["seq"] for row in table if row["what"] != "sessions"]
        assert shown == numbers[::-1], name
        assert len(shown) > 5 or "subject" in question


def test_what_is_refused_is_refused_before_a_table_begins(place: Any) -> None:
    answer = client(place, "li.na").get("/trail", {"subject": "9999", "as": "csv"})
    assert (answer.status_code, answer.streaming) == (400, False)


@pytest.mark.parametrize("before", ["x1", "1e9", "-1", "arms:x", "9" * 16])
def test_a_further_page_that_there_cannot_be_is_refused(place: Any, before: str) -> None:
    assert client(place, "li.na").get("/trail", {"before": before}).status_code == 400


def test_the_trail_is_verified_with_what_to_keep_elsewhere(place: Any) -> None:
    words = client(place, "moreau").post("/trail/verify").content.decode()
    head = place.register.facts.head()
    assert f"{head.seq}:{head.hash}" in words and "<td>yes" in words
    assert "a clock was set back, and the order of numbers counts" in words, "the accounts of the tests are made in 2025, after the tables"
    assert "arms" not in words
    assert '<th scope="row">arms</th>' in client(place, "zhao.min").post("/trail/verify").content.decode()


@pytest.mark.parametrize("name", [name for name in ACCOUNTS if name != "chen.jie"])
def test_accounts_are_a_managers(place: Any, name: str) -> None:
    asking = client(place, name)
    assert [asking.get("/accounts").status_code, asking.post("/accounts", {"name": "x"}).status_code] == [403, 403]
    assert [asking.get("/accounts/li.na").status_code, asking.post("/accounts/li.na", {"what": "disable"}).status_code] == [403, 403]


def test_a_manager_makes_an_account_which_signs_in(place: Any) -> None:
    asking = client(place, "chen.jie")
    typed = {"name": "sun.yu", "role": "coordinator", "sites": "02", "password": PASSWORD}
    assert asking.post("/accounts", typed).status_code == 302
    assert "sun.yu" in asking.get("/accounts").content.decode()
    assert client(place).post("/login", {"name": "sun.yu", "password": PASSWORD}).status_code == 302


@pytest.mark.parametrize(("typed", "said"), [
    ({"name": "li.na", "role": "monitor", "sites": "all", "password": PASSWORD}, "is there already"),
    ({"name": "sun.yu", "role": "monitor", "sites": "", "password": PASSWORD}, "the sites of a monitor are not stated"),
    ({"name": "sun.yu", "role": "monitor", "sites": "all", "password": "short"}, "is shorter than 12 characters"),
    ({"name": "sun.yu", "role": "king", "sites": "all", "password": PASSWORD}, "Select a valid choice"),
])  # fmt: skip
def test_what_cannot_be_an_account_is_refused_and_nothing_is_written(place: Any, typed: dict[str, str], said: str) -> None:
    before = place.register.facts.head()
    answer = client(place, "chen.jie").post("/accounts", typed)
    assert (answer.status_code, said in answer.content.decode()) == (400, True)
    assert place.register.facts.head() == before


def test_a_manager_disables_with_a_reason_and_is_never_the_last(place: Any) -> None:
    asking = client(place, "chen.jie")
    assert asking.post("/accounts/li.na", {"what": "disable"}).status_code == 400
    assert asking.post("/accounts/li.na", {"what": "disable", "reason": "left the site"}).status_code == 302
    assert client(place, "li.na").get("/").status_code == 302
    last = asking.post("/accounts/chen.jie", {"what": "disable", "reason": "tired"})
    assert (last.status_code, b"is the last manager" in last.content) == (400, True)


@pytest.mark.parametrize("name", ACCOUNTS)
def test_everything_goes_out_that_the_account_may_see(place: Any, name: str) -> None:
    answer = client(place, name).get("/export.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names, subjects = archive.namelist(), archive.read("subjects.csv").decode()
    assert ("allocation.csv" in names) == (name == "zhao.min")
    assert {"visits.csv", "events.csv", "trail.csv", "files/study-bat4406f-version-1.yaml"} <= set(names)
    assert ("0201" in subjects) == (ACCOUNTS[name][1] != "01")


def test_a_name_is_the_same_from_every_keyboard(place: Any) -> None:
    made = client(place, "chen.jie").post("/accounts", {"name": "re\u0301ne", "role": "monitor", "sites": "01", "password": PASSWORD})
    assert made.status_code == 302
    for name in ("re\u0301ne", "r\u00e9ne"):
        assert client(place).post("/login", {"name": name, "password": PASSWORD}).status_code == 302
