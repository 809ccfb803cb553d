"""What is due on a page is what `dosing due` says, row by row."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.kit.command import dosing
from tests.kit.served import ACCOUNTS, AT, DAY, client


def as_json(place: Any, name: str, **asked: str) -> dict[str, Any]:
    """The rows of the page."""
    answer = client(place, name).get("/", {**asked, "as": "json"})
    assert answer.status_code == 200
    return dict(json.loads(answer.content))


def of_command(place: Any, *more: str) -> dict[str, Any]:
    """The rows of the command, asked by the manager."""
    where = (
        "--register",
        place.register.address.shown,
        "--account",
        "chen.jie",
        "--as-of",
        DAY.isoformat(),
        "--country",
        "CN",
        "--format",
        "json",
    )
    done = dosing("due", *where, *more)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize(("asked", "options"), [
    ({}, ("--ahead", "14d")),
    ({"when": "this"}, ("--week", "this")),
    ({"when": "next"}, ("--week", "next")),
    ({"when": "month"}, ("--ahead", "31d")),
    ({"site": "02"}, ("--ahead", "14d", "--at-site", "02")),
])  # fmt: skip
def test_the_rows_are_those_of_the_command(place: Any, asked: dict[str, str], options: tuple[str, ...]) -> None:
    assert as_json(place, "chen.jie", **asked) == of_command(place, *options)


@pytest.mark.parametrize("name", ACCOUNTS)
def test_an_account_sees_the_rows_of_its_sites(place: Any, name: str) -> None:
    sites = (ACCOUNTS[name][1] or "all").split(",")
    all_rows = of_command(place)["due"]
    assert as_json(place, name)["due"] == [row for row in all_rows if sites == ["all"] or row["site"] in sites]


def test_rows_are_filtered_by_subject_period_and_state(place: Any) -> None:
    asked = {"subject": "0101"}, {"period": "olp"}, {"state": "booked"}
    found = [[(row["subject"], row["visit"]) for row in as_json(place, "li.na", **each)["due"]] for each in asked]
    assert found == [
        [("0101", "rcp/D182")],
        [("0105", "olp entry"), ("0106", "olp entry"), ("0107", "olp/D1+6mo")],
        [("0102", "rcp/D182"), ("0104", "rcp/D182")],
    ]


def test_the_page_says_what_the_rows_say(place: Any) -> None:
    words = client(place, "li.na").get("/").content.decode()
    assert "overdue since 2025-06-30 Mon: call, record or mark missed" in words
    assert '<a href="/subjects/0101">0101</a>' in words
    assert client(place, "li.na").get("/", {"site": "02"}).content.decode().count("0201") == 0


def test_rows_come_as_a_table_for_a_spreadsheet(place: Any) -> None:
    answer = client(place, "li.na").get("/", {"as": "csv"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="due-2025-07-07.csv"'
    assert answer.content.decode().splitlines()[1].startswith("overdue,")


def test_who_has_a_last_day_alone_is_told_until_when(place: Any) -> None:
    row = re.search(r"<tr><th[^>]*><a href=.*?>0105</a>.*?</tr>", client(place, "li.na").get("/").content.decode(), re.DOTALL)
    assert row is not None and re.sub("<[^>]+>", "", row[0]).strip().endswith("until 2025-07-23 Wed")


def test_of_many_subjects_a_page_shows_one_site_and_links_to_the_others(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def codes(**asked: str) -> set[str]:
        return set(re.findall(r'<a href="/subjects/(\d+)">', client(place, "chen.jie").get("/", asked).content.decode()))

    everybody = codes()
    assert {code[:2] for code in everybody} == {"01", "02"}
    monkeypatch.setattr("nmosd_dosing.pages.place._AT_ONCE", 11)
    assert codes() == codes(site="01") == {code for code in everybody if code.startswith("01")}
    assert codes(site="02") == {code for code in everybody if code.startswith("02")}
    assert codes(site="all") == codes(site="01"), "a page is never of all; a file is"
    words = client(place, "chen.jie").get("/", {"when": "next", "site": "02"}).content.decode()
    assert "subjects at 2 sites: a page shows one site." in words
    assert re.findall(r'<a href="\?when=next&amp;site=(\w+)"(.*?)>\1</a> <span class="faint">(\d+)</span>', words) == [
        ("01", "", "7"), ("02", ' aria-current="page"', "5")
    ]  # fmt: skip
    assert '<input type="hidden" name="site" value="02">' in words, "another week is of the same site"
    assert codes(site="01", subject="0205") == {"0205"}, "who is looked for is found at whichever site"
    assert codes(site="01", subject="9999") == set()
    assert "All sites as a table" not in client(place, "li.na").get("/").content.decode()
    assert {row["subject"] for row in as_json(place, "chen.jie")["due"]} <= everybody  # a file is of all
    assert {row["site"] for row in as_json(place, "chen.jie")["due"]} == {"01", "02"}


def test_who_is_of_no_site_is_on_a_page_too(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from nmosd_dosing.register.database.store import Act, Author

    cells = {"subject": "nowhere", "start": "2025-07-01", "study_version": "1"}
    place.register.facts.write([Act("enter", "subjects", cells, newcomer="nowhere")], Author("chen.jie", "manager"), AT)
    monkeypatch.setattr("nmosd_dosing.pages.place._AT_ONCE", 11)
    for address in ("/", "/month/2025-07", "/pharmacy", "/pharmacy/stock"):
        words = client(place, "chen.jie").get(address).content.decode()
        (link,) = re.findall(r'<a href="(\?[^"]*site=%28none%29)"', words)
        assert client(place, "chen.jie").get(address + link).status_code == 200
    words = client(place, "chen.jie").get("/", {"site": "(none)"}).content.decode()
    assert "/subjects/nowhere" in words and "/subjects/0101" not in words


def test_what_contradicts_itself_is_said_with_the_number_of_its_row(place: Any) -> None:
    from nmosd_dosing.register.database.store import Act, Author
    from nmosd_dosing.register.reading import tables

    (one,) = [f for f in tables.subjects(place.register, tables.EVERYBODY) if (f.cells or {})["subject"] == "0101"]
    cells = {"subject": "0101", "event": "relapse", "date": "2024-01-01"}
    (number,) = place.register.facts.write([Act("enter", "events", cells, None, one.person, site="01")], Author("li.na", "coordinator"), AT)
    answer = client(place, "li.na").get("/")
    assert answer.status_code == 400
    assert f"number {number} of events" in answer.content.decode()
