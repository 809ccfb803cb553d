"""Feeds: what programs of calendars get, and who may make them."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar

from tests.kit.served import ACCOUNTS, AT, DAY, client

BLINDED = [name for name, (role, _) in ACCOUNTS.items() if role != "unblinded-pharmacist"]
FORM = {"scope": "subject", "subject": "0103", "language": "en", "purpose": "my telephone", "expires": "2026-07-07"}
OF_SITE = {"scope": "site", "site": "01"}
DUE = {"scope": "due", "site": ""}


def made(place: Any, name: str = "li.na", **typed: str) -> str:
    """Makes a feed as the page does, and gives the path under which it is fetched."""
    from nmosd_dosing.register import accounts, facts, feeds

    store, asked = place.register.facts, {**FORM, **typed}
    who = next(account.who for account in accounts.accounts(store) if account.name == name)
    of_subject, scope = asked["scope"] == "subject", asked["scope"]
    _, key = feeds.make(
        store, who, place.clock(), place.zone, place.today, scope=scope, language=asked["language"],
        subject=facts.of_code(store, asked["subject"]) if of_subject else None, site=None if of_subject else asked["site"] or None,
        view=asked.get("view") or feeds.VIEWS["subject" if of_subject else "site"][0], purpose="" if who.sees_arms else asked["purpose"],
        expires=dt.date.fromisoformat(asked["expires"]),
    )  # fmt: skip
    return f"/feeds/{key}.ics"


def fetched(place: Any, path: str, **headers: str) -> Any:
    """What a program gets that has no cookie."""
    return client(place).get(path, headers=headers)


def events(content: bytes) -> list[Any]:
    """The entries of a calendar."""
    return list(Calendar.from_ical(content).walk("VEVENT"))


def event(content: bytes, uid: str) -> Any:
    """The entry that has a UID."""
    (found,) = [each for each in events(content) if each["uid"] == uid]
    return found


def later(place: Any, *, days: int = 0, seconds: int = 0) -> Any:
    """The same pages at a later moment."""
    moment = AT + dt.timedelta(days=days, seconds=seconds)
    return replace(place, clock=lambda: moment, as_of=DAY + dt.timedelta(days=days))


def write(place: Any, table: str, code: str, **cells: str) -> None:
    """A row of a subject, entered by the coordinator of site 01."""
    from nmosd_dosing.register import facts
    from nmosd_dosing.register.store import Act, Author

    fact = facts.of_code(place.register.facts, code)
    assert fact is not None
    act = Act("enter", table, {"subject": code, **cells}, None, fact.person, site=fact.site)
    place.register.facts.write([act], Author("li.na", "coordinator"), place.clock())


def booked(place: Any, day: str, code: str = "0103") -> None:
    """D182 of a subject is booked for another day than planned."""
    write(place, "visits", code, period="rcp", visit="D182", date=day, status="booked")


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How often a feed was planned."""
    from nmosd_dosing.pages import publishing

    count, content = [0], publishing._content

    def counted(*given: Any) -> bytes:
        count[0] += 1
        return content(*given)

    monkeypatch.setattr(publishing, "_content", counted)
    return lambda: count[0]


# --- what is fetched -----------------------------------------------------------------------------------------------------


def test_a_feed_is_fetched_without_signing_in(place: Any) -> None:
    path = made(place)
    answer = fetched(place, path)
    assert answer.status_code == 200
    headers = {name: answer.headers[name] for name in ("Content-Type", "Cache-Control", "X-Robots-Tag", "Referrer-Policy", "Last-Modified")}
    assert headers == {
        "Content-Type": "text/calendar; charset=utf-8",
        "Cache-Control": "private, no-cache",
        "X-Robots-Tag": "noindex",
        "Referrer-Policy": "no-referrer",
        "Last-Modified": "Mon, 07 Jul 2025 01:30:00 GMT",
    }
    assert answer.headers["ETag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    assert not {"Content-Disposition", "Content-Encoding", "Set-Cookie"} & set(answer.headers)
    lines = answer.content.decode().split("\r\n")
    assert {"REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H"} <= set(lines)
    assert not any(line.startswith("METHOD") for line in lines)
    head = client(place).head(path)
    assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", answer.headers["ETag"])
    assert client(place).post(path).status_code in (403, 405)


def test_who_has_the_same_bytes_gets_none_and_nothing_is_planned(place: Any, plans: Callable[[], int]) -> None:
    path = made(place)
    first = fetched(place, path)
    assert plans() == 1
    for known in (first.headers["ETag"], f"W/{first.headers['ETag']}", f'"x", {first.headers["ETag"]}', "*"):
        again = fetched(later(place, seconds=60), path, **{"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
        assert again.headers["Cache-Control"] == "private, no-cache"
    assert fetched(later(place, seconds=60), path, **{"If-None-Match": '"x"'}).content == first.content
    made(place, "wu.lei", subject="0201")
    assert fetched(place, path).content == first.content
    assert plans() == 1


def test_what_does_not_concern_it_leaves_bytes_and_etag_as_they_were(place: Any, plans: Callable[[], int]) -> None:
    path = made(place)
    first = fetched(place, path)
    booked(later(place, seconds=60), "2025-07-16", "0106")
    for moment in ({"seconds": 120}, {"days": 1}, {"days": 2}):
        again = fetched(later(place, **moment), path)
        assert (again.content, again.headers["ETag"], again.headers["Last-Modified"]) == (
            first.content, first.headers["ETag"], first.headers["Last-Modified"],
        )  # fmt: skip
    assert plans() == 4


def test_a_visit_that_moves_keeps_its_uid_and_is_counted_on(places: Any) -> None:
    """On both databases."""
    path = made(places, **OF_SITE)
    first = fetched(places, path)
    (before,) = [each for each in events(first.content) if each["summary"] == "Visit D182 (0103)"]
    booked(places, "2025-07-16")
    again = fetched(later(places, seconds=60), path)
    after = event(again.content, before["uid"])
    assert (before["dtstart"].dt, before["sequence"]) == (dt.date(2025, 7, 10), 0)
    assert (after["dtstart"].dt, after["sequence"], after["dtstamp"].dt) == (dt.date(2025, 7, 16), 1, AT + dt.timedelta(seconds=60))
    assert again.headers["ETag"] != first.headers["ETag"]
    assert again.headers["Last-Modified"] == "Mon, 07 Jul 2025 01:31:00 GMT"
    others = [each.to_ical() for each in events(first.content) if each["uid"] != before["uid"] and each["sequence"] == 0]
    still = {each.to_ical() for each in events(again.content)}
    assert len([each for each in others if each not in still]) <= 6  # those of 0103 that hang on D182
    assert len({each["uid"] for each in events(again.content)}) == len(events(again.content))


@pytest.mark.parametrize(("days", "there"), [(0, True), (90, True), (91, False)])
def test_a_visit_that_falls_away_stays_cancelled_for_90_days(place: Any, days: int, there: bool) -> None:
    path = made(place)
    last = events(fetched(place, path).content)[-1]
    write(place, "events", "0103", event="withdrawn", date="2025-07-07")
    cancelled = event(fetched(place, path).content, last["uid"])
    assert (cancelled["status"], cancelled["sequence"], cancelled["transp"]) == ("CANCELLED", 1, "TRANSPARENT")
    assert (last["uid"] in {each["uid"] for each in events(fetched(later(place, days=days), path).content)}) == there


def test_a_site_shows_90_days_back_and_all_ahead(place: Any) -> None:
    from nmosd_dosing.calendar.published import BACK

    path = made(place, **OF_SITE)
    days = sorted(each["dtstart"].dt for each in events(fetched(place, path).content))
    assert days[0] >= DAY - BACK and days[-1] > dt.date(2027, 1, 1)
    whole = [each["dtstart"].dt for code in ("0101", "0103") for each in events(fetched(place, made(place, subject=code)).content)]
    assert any(day < DAY - BACK for day in whole)
    done = days[0]
    for after, there in ((90, True), (91, False)):
        shown = events(fetched(later(place, days=(done - DAY).days + after), path).content)
        assert (done in {each["dtstart"].dt for each in shown}) == there


def test_two_programs_at_once_plan_once_and_get_the_same(place: Any, plans: Callable[[], int]) -> None:
    import threading

    from django.db import connections

    path, found = made(place, **OF_SITE), []

    def ask() -> None:
        found.append(fetched(place, path).content)
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), len(set(found)), plans()) == (6, 1, 1)


def test_who_was_first_is_the_memory_of_who_came_later(places: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two programs over one register: each entry is counted on once."""
    from nmosd_dosing.pages import publishing

    path = made(places)
    fetched(places, path)
    booked(places, "2025-07-16")
    content, calls = publishing._content, list[bytes]()

    def overtaken(*given: Any) -> bytes:
        made_here = content(*given)
        if not calls:
            calls.append(made_here)
            with monkeypatch.context() as patched:
                patched.setattr(publishing, "_PLANNING", __import__("threading").Lock())
                patched.setattr(publishing, "_content", content)
                calls.append(fetched(later(places, seconds=60), path).content)
        return made_here

    monkeypatch.setattr(publishing, "_content", overtaken)
    assert fetched(later(places, seconds=90), path).content == calls[1]


def test_a_subject_without_a_first_day_has_an_empty_calendar(place: Any) -> None:
    from nmosd_dosing.register.store import Act, Author

    cells = {"subject": "0199", "site": "01"}
    place.register.facts.write([Act("enter", "subjects", cells, newcomer="0199", site="01")], Author("li.na", "coordinator"), AT)
    answer = fetched(place, made(place, subject="0199"))
    assert (answer.status_code, events(answer.content)) == (200, [])
    assert [component.name for component in Calendar.from_ical(answer.content).subcomponents] == ["VTIMEZONE"]


def test_what_is_due_is_a_feed_too(place: Any) -> None:
    path = made(place, **DUE)
    first = fetched(place, path)
    found = [str(each["summary"]) for each in events(first.content)]
    assert any("(0103)" in words for words in found) and not any("(02" in words for words in found)
    assert "bat4406f" not in first.content.decode().lower()
    booked(place, "2025-07-16")
    assert events(fetched(later(place, seconds=60), path).content) != events(first.content)
    assert fetched(later(place, days=1), path).status_code == 200


# --- what it shows -------------------------------------------------------------------------------------------------------


def test_a_feed_is_discreet_unless_it_is_asked_otherwise(place: Any) -> None:
    discreet = fetched(place, made(place)).content.decode()
    assert not any(word in discreet.lower() for word in ("bat4406f", "placebo", "0103", "nmosd", "mg"))
    codes = fetched(place, made(place, view="codes")).content.decode()
    assert "Visit D182 (0103)" in codes and "NAME:Visits 0103" in codes and "bat4406f" not in codes.lower()
    full = fetched(place, made(place, view="full")).content.decode()
    assert "BAT4406F" in full and "NAME:bat4406f Visits 0103" in full and "UNBLINDED" not in full
    assert "访视 D182" in fetched(place, made(place, language="zh")).content.decode()


def test_nobody_finds_out_a_code_by_trying_what_an_entry_would_be_called(place: Any) -> None:
    from nmosd_dosing.calendar.entries import uid_of

    words = fetched(place, made(place)).content.decode()
    known = [uid_of("bat4406f", "0103", kind, id) for kind, id in (("calendar", ""), ("visit", "rcp/D182"), ("visit", "D182"))]
    assert not any(id in words for id in known)
    assert len(set(re.findall(r"(?m)^UID:(.*?)\r$", words + fetched(place, made(place)).content.decode()))) == 14


@pytest.mark.parametrize("typed", [FORM, {**OF_SITE, "view": "discreet"}, {**DUE, "view": "discreet"}], ids=["subject", "site", "due"])
def test_a_calendar_of_several_tells_them_apart(place: Any, typed: dict[str, str]) -> None:
    answer = client(place, "li.na").post("/feeds", {**FORM, **typed})
    if typed is FORM:
        assert answer.status_code == 302
    else:
        assert (answer.status_code, "<code>discreet</code> is no view of this feed" in answer.content.decode()) == (400, True)


def with_arms(place: Any, folder: Path, arm: str) -> Any:
    """A copy of the register in which everybody is in one arm."""
    from nmosd_dosing.register import facts, register
    from nmosd_dosing.register.store import Act, Author

    folder.mkdir()
    source = Path(place.register.address.shown)
    place.register.close()
    for file in source.parent.glob("trial*"):
        shutil.copy(file, folder / file.name)
    opened = register.open(str(folder / source.name))
    acts = [
        Act("correct", "allocation", {**(fact.cells or {}), "arm": arm}, "drawn anew", fact.person, site=fact.site, replaces=fact.seq)
        for fact in facts.holding(opened.arms, "allocation") if (fact.cells or {})["arm"] != arm
    ]  # fmt: skip
    opened.arms.write(acts, Author("zhao.min", "unblinded-pharmacist"), AT)
    return replace(place, register=opened)


def test_what_blinded_roles_get_is_the_same_for_both_arms(place: Any, tmp_path: Path) -> None:
    shown = (FORM, {**OF_SITE, "view": "full"}, {**DUE, "view": "full"})
    paths = [made(place, name, **typed) for name in BLINDED for typed in (shown if name != "wu.lei" else shown[2:])]
    paths += [made(place, "zhao.min", **typed) for typed in (FORM, OF_SITE, DUE)]
    given = []
    for arm in ("bat4406f", "placebo"):
        there = with_arms(place, tmp_path / arm, arm)
        answers = [fetched(later(there, seconds=60), path) for path in paths]
        given.append([(answer.status_code, dict(answer.headers), answer.content) for answer in answers])
        pages = [client(there, name).get("/feeds").content for name in BLINDED]
        given[-1] += [(200, {}, re.sub(rb'value="[A-Za-z0-9]{64}"', b"", page)) for page in pages]
        there.register.close()
    assert len(given[0]) == len(paths) + len(BLINDED) and given[0] == given[1]


def test_an_unblinded_feed_says_so_and_is_kept_with_the_arms(place: Any) -> None:
    for typed, name in ((FORM, "UNBLINDED - bat4406f Visits 0103"), (OF_SITE, "UNBLINDED - bat4406f Visits 01")):
        answer = fetched(place, made(place, "zhao.min", **typed, view="unblinded"))
        words = re.sub("\r\n[ \t]", "", answer.content.decode())
        assert f"\r\nNAME:{name}\r\n" in words
        assert "UNBLINDED: arm" in words
    file = Path(place.register.address.shown)
    place.register.close()
    found = {path.name: path.read_bytes() for path in file.parent.glob("trial*")}
    facts = b"".join(content for name, content in found.items() if not name.startswith("trial.unblinded"))
    arms = b"".join(content for name, content in found.items() if name.startswith("trial.unblinded"))
    assert (b"UNBLINDED" in facts, b"UNBLINDED" in arms) == (False, True)
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT etag, content, fetches FROM register_published").fetchall() == [("", b"", 1)] * 2
    connection.close()


def test_somebody_without_an_arm_stays_masked_in_an_unblinded_feed(place: Any) -> None:
    from nmosd_dosing.register.store import Act, Author

    cells = {"subject": "0198", "site": "01", "start": "2025-07-01"}
    place.register.facts.write([Act("enter", "subjects", cells, newcomer="0198", site="01")], Author("li.na", "coordinator"), AT)
    found = events(fetched(place, made(place, "zhao.min", **OF_SITE, view="unblinded")).content)
    marks = {"UNBLINDED" in str(each["summary"]) for each in found if "(0198)" in str(each["summary"])}
    assert marks == {False} and any("UNBLINDED" in str(each["summary"]) for each in found)


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
    from nmosd_dosing.register import accounts, facts
    from nmosd_dosing.register.store import Act

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
    from nmosd_dosing.register import accounts, facts, feeds

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
    from nmosd_dosing.register import accounts, trail

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
