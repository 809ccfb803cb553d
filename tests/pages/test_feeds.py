"""Feeds: what programs of calendars get, and who may make them."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from msgspec.structs import replace

from tests.kit.command import dosing
from tests.kit.served import ACCOUNTS, AT, DAY, client

BLINDED = [name for name, (role, _) in ACCOUNTS.items() if role != "unblinded-pharmacist"]
FORM = {"scope": "subject", "subject": "0103", "language": "en", "purpose": "my telephone", "expires": "2026-07-07"}
OF_SITE = {"scope": "site", "site": "01"}
DUE = {"scope": "due", "site": ""}


def made(place: Any, name: str = "li.na", **typed: str) -> str:
    """Makes a feed as the page does, and gives the path under which it is fetched."""
    from nmosd_dosing.register import accounts, feeds
    from nmosd_dosing.register.database import facts

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
    from nmosd_dosing.register.database import facts
    from nmosd_dosing.register.database.store import Act, Author

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
    from nmosd_dosing.register.database.store import Act, Author

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


@pytest.mark.parametrize(("typed", "command"), [
    (DUE, ("due", "--as-of", "2025-07-07", "--ahead", "14d", "--country", "CN")),
    (FORM, ("plan", "--subject", "0103", "--allow-deviation", "--accept-gap", "--country", "CN")),
    ({**FORM, "subject": "0105"}, ("plan", "--subject", "0105", "--allow-deviation", "--accept-gap", "--country", "CN")),
])  # fmt: skip
def test_a_feed_says_what_the_calendar_of_the_command_line_says(
    place: Any, tmp_path: Path, typed: dict[str, str], command: tuple[str, ...]
) -> None:
    content = fetched(place, made(place, "chen.jie", **typed, view="full")).content
    done = dosing(*command, "--register", place.register.address.shown, "--account", "chen.jie", "--ics", str(tmp_path / "a.ics"))
    assert done.returncode == 0, done.stderr
    by_hand = (tmp_path / "a.ics").read_bytes()
    parts = ("summary", "description", "dtstart", "dtend", "status", "transp")
    feed, file = ([[each[part].to_ical() for part in parts] for each in events(found)] for found in (content, by_hand))
    assert sorted(feed) == sorted(file) != []


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
    from nmosd_dosing.register import register
    from nmosd_dosing.register.database import facts
    from nmosd_dosing.register.database.store import Act, Author

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
    from nmosd_dosing.register.database.store import Act, Author

    cells = {"subject": "0198", "site": "01", "start": "2025-07-01"}
    place.register.facts.write([Act("enter", "subjects", cells, newcomer="0198", site="01")], Author("li.na", "coordinator"), AT)
    found = events(fetched(place, made(place, "zhao.min", **OF_SITE, view="unblinded")).content)
    marks = {"UNBLINDED" in str(each["summary"]) for each in found if "(0198)" in str(each["summary"])}
    assert marks == {False} and any("UNBLINDED" in str(each["summary"]) for each in found)
