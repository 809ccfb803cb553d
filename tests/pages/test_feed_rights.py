"""Who may make a feed, who fetches it and for how long; what of it is in the register and the trail."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.kit.served import AT, DAY, client
from tests.pages.test_feeds import DUE, FORM, OF_SITE, fetched, later, made

# --- who may fetch, and for how long -------------------------------------------------------------------------------------


def test_the_key_is_random_and_only_its_hash_is_kept(place: Any) -> None:
    path = made(place)
    key = path.removeprefix("/feeds/").removesuffix(".ics")
    assert re.fullmatch("[A-Za-z0-9_-]{43}", key)
    file = Path(place.register.address.shown)
    place.register.close()
    kept = b"".join(each.read_bytes() for each in sorted(file.parent.glob("trial*")))
    assert (key.encode() in kept, hashlib.sha256(key.encode()).hexdigest().encode() in kept) == (False, True)


def ended(place: Any, path: str, how: str) -> Any:
    """A feed of li.na that is not given out any more, and the pages then."""
    from nmosd_dosing.register import accounts
    from nmosd_dosing.register.database import facts
    from nmosd_dosing.register.database.store import Act

    store = place.register.facts
    manager = next(a.who for a in accounts.accounts(store) if a.name == "chen.jie")
    match how:
        case "revoked":
            assert client(place, "li.na").post("/feeds/1/revoke").status_code == 302
        case "revoked by a manager":
            assert client(place, "chen.jie").post("/feeds/1/revoke").status_code == 302
        case "another key":
            assert client(place, "li.na").post("/feeds/1/rotate").status_code == 302
        case "expired":
            return replace(place, as_of=DAY + dt.timedelta(days=366))
        case "account disabled":
            accounts.change(store, manager, AT, "UTC", name="li.na", reason="left", change=accounts.disabled)
        case "another site":
            accounts.change(store, manager, AT, "UTC", name="li.na", reason="x", change=accounts.with_role("coordinator", "02"))
        case "subject moved":
            fact = facts.of_code(store, "0103")
            assert fact is not None
            cells = {**(fact.cells or {}), "site": "02"}
            store.write([Act("correct", "subjects", cells, "moved", fact.person, site="02", replaces=fact.seq)], manager.author("UTC"), AT)
        case "withdrawn":
            fact = facts.of_code(store, "0103")
            assert fact is not None
            store.write([Act("withdraw", "subjects", None, "x", fact.person, site="01", replaces=fact.seq)], manager.author("UTC"), AT)
        case _:
            raise AssertionError(how)
    return place


@pytest.mark.parametrize("how", [
    "revoked", "revoked by a manager", "another key", "expired", "account disabled", "another site", "subject moved", "withdrawn",
])  # fmt: skip
def test_what_has_ended_looks_like_a_key_that_never_was(place: Any, how: str) -> None:
    path = made(place)
    assert fetched(later(place, days=365), path).status_code == 200  # the last day
    there = ended(place, path, how)
    found, never = fetched(there, path), fetched(there, f"/feeds/{'A' * 43}.ics")
    assert (found.status_code, found.content, dict(found.headers)) == (404, never.content, dict(never.headers))
    assert (found.content, list(found.cookies)) == (b"error: there is no such calendar", [])


@pytest.mark.parametrize("key", ["", "x", "A" * 42, "A" * 44, "%41" * 43, "é" * 43, "A" * 42 + "\n", "../../etc/passwd", "A" * 43 + "/x"])
def test_no_other_text_is_a_key(place: Any, key: str) -> None:
    assert fetched(place, f"/feeds/{key}.ics").status_code == 404


def test_under_another_key_the_calendar_goes_on(place: Any) -> None:
    path = made(place)
    first = fetched(place, path)
    asking = client(place, "li.na")
    assert asking.post("/feeds/1/rotate").status_code == 302
    other = "/feeds/" + asking.get("/feeds").content.decode().split(f"{place.address}/feeds/")[1].split('"')[0]
    assert other != path and fetched(later(place, seconds=60), other).content == first.content


def test_who_lost_the_unblinded_role_gets_no_arms(place: Any) -> None:
    from nmosd_dosing.register import accounts

    path = made(place, "zhao.min", view="unblinded")
    assert fetched(place, path).status_code == 200
    manager = next(a.who for a in accounts.accounts(place.register.facts) if a.name == "chen.jie")
    accounts.change(
        place.register.facts, manager, AT, "UTC", name="zhao.min", reason="x", change=accounts.with_role("monitor", "all")
    )  # fmt: skip
    assert fetched(place, path).status_code == 404


def test_without_the_arms_there_is_no_calendar_and_programs_keep_theirs(place: Any) -> None:
    path = made(place, "zhao.min", view="unblinded")
    fetched(place, path)
    place.register.close()
    for file in Path(place.register.address.shown).parent.glob("trial.unblinded*"):
        file.unlink()
    answer = fetched(place, path)
    assert (answer.status_code, answer.headers["Content-Type"], answer.headers["Retry-After"]) == (503, "text/plain; charset=utf-8", "3600")


def test_an_edit_by_hand_of_who_may_fetch_stops_all_feeds(place: Any) -> None:
    path = made(place)
    with sqlite3.connect(place.register.address.shown) as connection:
        connection.execute("DROP TRIGGER content_stays")
        connection.execute("UPDATE register_content SET cells = replace(cells, 'discreet', 'unblinded') WHERE cells LIKE '%digest%scope%'")
    connection.close()
    assert fetched(place, path).status_code == 503


@pytest.mark.parametrize("what", ["changed = 'x'", "content = x'00', made_from = 'x'", "content = 'x', made_from = 'x'"])
def test_a_calendar_that_was_spoilt_by_hand_is_not_given_out(place: Any, what: str) -> None:
    path = made(place)
    assert fetched(place, path).status_code == 200
    with sqlite3.connect(place.register.address.shown) as connection:
        connection.execute(f"UPDATE register_published SET {what}")
    connection.close()
    assert (fetched(place, path).status_code, client(place, "li.na").get("/feeds").status_code) == (503, 200)


def test_no_unblinded_feed_is_made_where_the_program_reads_no_arms(place: Any) -> None:
    place.register.close()
    for file in Path(place.register.address.shown).parent.glob("trial.unblinded*"):
        file.unlink()
    typed = {**FORM, "scope": "subject", "subject": "0102", "view": "unblinded", "purpose": ""}
    before = place.register.facts.head()
    assert client(place, "zhao.min").post("/feeds", typed).status_code == 400
    assert place.register.facts.head() == before


# --- who makes them ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "typed", "said"), [
    ("li.na", {"subject": "0201"}, "there is no subject <code>0201</code>"),
    ("li.na", {"subject": ""}, "the subject is not stated"),
    ("li.na", {"scope": "site", "site": "02"}, "Select a valid choice"),
    ("li.na", {"scope": "site", "site": ""}, "it is not said of which site the feed is"),
    ("li.na", {"view": "unblinded"}, "Select a valid choice"),
    ("li.na", {"purpose": " \n"}, "the purpose is not stated"),
    ("li.na", {"expires": "2025-07-06"}, "a feed ends within a year: between 2025-07-07 and 2026-07-08"),
    ("li.na", {"expires": "2026-07-09"}, "a feed ends within a year"),
    ("li.na", {"scope": "all"}, "Select a valid choice"),
    ("li.na", {"language": "fr"}, "Select a valid choice"),
    ("zhao.min", {**DUE, "view": "unblinded"}, "<code>unblinded</code> is no view of this feed"),
])  # fmt: skip
def test_what_cannot_be_is_said_and_nothing_is_made(place: Any, name: str, typed: dict[str, str], said: str) -> None:
    answer = client(place, name).post("/feeds", {**FORM, **typed})
    assert (answer.status_code, said in answer.content.decode()) == (400, True)
    head = place.register.facts.head()
    assert place.register.facts.head() == head and "Last fetched" not in client(place, name).get("/feeds").content.decode()


@pytest.mark.parametrize("expires", ["2025-07-07", "2026-07-08"])
def test_a_feed_may_end_today_or_within_a_year(place: Any, expires: str) -> None:
    assert fetched(place, made(place, expires=expires)).status_code == 200


def test_the_roles_may_not_ask_more_than_the_form_offers(place: Any) -> None:
    """Also where a form was forged."""
    from nmosd_dosing.errors import InputError
    from nmosd_dosing.register import accounts, feeds
    from nmosd_dosing.register.database import facts

    store = place.register.facts
    who = {a.name: a.who for a in accounts.accounts(store)}
    there = facts.of_code(store, "0103")
    given = {"language": "en", "purpose": "x", "expires": DAY}
    for name, typed, said in (
        ("li.na", {"scope": "subject", "subject": there, "view": "unblinded"}, "does not see arms"),
        ("wu.lei", {"scope": "subject", "subject": there, "view": "codes"}, "is not of site `01`"),
        ("wu.lei", {"scope": "site", "site": "01", "view": "codes"}, "is not of site `01`"),
        ("zhao.min", {"scope": "site", "site": "01", "view": "codes"}, "writes no purpose, since others read it"),
    ):
        with pytest.raises(InputError, match=said):
            feeds.make(store, who[name], AT, "UTC", DAY, **{**given, **typed})  # type: ignore[arg-type]


def test_nobody_ends_another_ones_feed_but_a_manager(place: Any) -> None:
    path = made(place)
    for name in ("wu.lei", "wang.fang", "zhao.min", "moreau"):
        assert client(place, name).post("/feeds/1/revoke").status_code == 404
        assert client(place, name).post("/feeds/1/rotate").status_code == 404
        assert "my telephone" not in client(place, name).get("/feeds").content.decode()
    assert client(place, "chen.jie").post("/feeds/1/rotate").status_code == 404
    assert client(place).post("/feeds/1/revoke").status_code == 403
    assert fetched(place, path).status_code == 200
    seen = client(place, "chen.jie").get("/feeds").content.decode()
    assert "my telephone" in seen and "li.na" in seen and path not in seen


@pytest.mark.parametrize(("how", "said"), [
    ("revoked", "revoked"), ("expired", "expired 2026-07-07 Tue"), ("account disabled", "not given out: the account is disabled"),
])  # fmt: skip
def test_a_manager_sees_what_has_ended(place: Any, how: str, said: str) -> None:
    path = made(place)
    words = client(ended(place, path, how), "chen.jie").get("/feeds").content.decode()
    assert said in words.partition("Feeds of others")[2].partition("</table>")[0]


def test_the_page_says_who_fetched_last_and_how_often(place: Any) -> None:
    path = made(place)
    for agent in ("Mozilla/5.0 Thunderbird/140.0", "curl/8 <script>\x00" + "x" * 300):
        fetched(place, path, **{"User-Agent": agent})
    words = client(place, "li.na").get("/feeds").content.decode()
    assert "2025-07-07 09:30 Asia/Shanghai, curl/8 &lt;script&gt;" in words and "(2)" in words
    assert "x" * 120 not in words
    assert "near 1 MB" not in words


def test_the_page_warns_before_google_refuses(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from nmosd_dosing.calendar import published
    from nmosd_dosing.pages.views import feeds

    assert published.LARGE == 900_000
    path = made(place)
    size = len(fetched(place, path).content)
    for most, said in ((size, False), (size - 1, True)):
        monkeypatch.setattr(feeds, "LARGE", most)
        assert ("near 1 MB" in client(place, "li.na").get("/feeds").content.decode()) == said


@pytest.mark.parametrize(("name", "typed"), [
    ("li.na", {}), ("wang.fang", DUE), ("moreau", OF_SITE), ("chen.jie", {**OF_SITE, "view": "full"}), ("zhao.min", {"view": "unblinded"}),
])  # fmt: skip
def test_after_making_the_page_shows_three_links_once(place: Any, name: str, typed: dict[str, str]) -> None:
    asking = client(place, name)
    assert asking.post("/feeds", {**FORM, **typed}).status_code == 302
    words = asking.get("/feeds").content.decode()
    key = words.split(f"{place.address}/feeds/")[1].split(".ics")[0]
    assert f'href="http://127.0.0.1:8460/feeds/{key}.ics"' in words
    assert f'href="webcal://127.0.0.1:8460/feeds/{key}.ics"' in words
    assert f'href="https://calendar.google.com/calendar/r?cid=webcal://127.0.0.1:8460/feeds/{key}.ics"' in words
    assert fetched(place, f"/feeds/{key}.ics").status_code == 200
    again = asking.get("/feeds").content.decode()
    assert (key in again, "my telephone" in again) == (False, name != "zhao.min")


def test_the_trail_says_it_all_but_the_key(place: Any) -> None:
    from nmosd_dosing.register import accounts
    from nmosd_dosing.register.reading import trail

    made(place)
    made(place, "zhao.min", **OF_SITE, view="unblinded")
    client(place, "li.na").post("/feeds/1/rotate")
    client(place, "chen.jie").post("/feeds/1/revoke")
    who = {a.name: a.who for a in accounts.accounts(place.register.facts)}
    said = [line.sentence for line in trail.lines(place.register, who["moreau"]) if line.what == "feeds"]
    assert [words.partition("): ")[2].rpartition(" (number")[0] for words in said] == [
        "entered feed 1: account li.na, expires 2026-07-07, language en, purpose my telephone, scope subject, state active, subject 0103, "
        "view discreet",
        "entered feed 2: account zhao.min, expires 2026-07-07, language en, scope site, site 01, state active, view unblinded",
        "corrected feed 1: nothing; reason: another key",
        "corrected feed 1: state active -> revoked; reason: revoked by a manager",
    ]
    assert place.register.facts.verify() is None
