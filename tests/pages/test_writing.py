"""What is written on pages: first what it moves, then, once that is confirmed, it stands in the register; what is refused keeps what was
typed."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from tests.kit.served import client

BOOKED, CAME = {"visit": "rcp/D182", "date": "2025-07-10"}, {"visit": "rcp/D182", "date": "2025-07-07", "status": "done"}


def asked(place: Any, address: str, typed: dict[str, str], name: str = "li.na") -> Any:
    """What comes of a form."""
    return client(place, name).post(address, typed)


def words(answer: Any) -> str:
    """What a page says, without its elements."""
    return " ".join(unescape(re.sub("<[^>]+>", " ", answer.content.decode().split("<main", 1)[1])).split())


def confirmed(place: Any, address: str, typed: dict[str, str], name: str = "li.na", why: str = "") -> Any:
    """The preview of a form, and what comes of confirming it."""
    preview = asked(place, address, {**typed, **({"why": why} if why else {})}, name)
    assert preview.status_code == 200, words(preview)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" (?:value="([^"]*)")?', preview.content.decode()))
    assert "seen" in hidden, words(preview)
    sent = {key: unescape(value or "") for key, value in hidden.items() if key != "csrfmiddlewaretoken"}
    return asked(place, address, {**sent, **({"why": why} if why else {}), "confirm": "yes"}, name)


def head(place: Any) -> int:
    return int(place.register.facts.head().seq)


def last(place: Any) -> Any:
    from nmosd_dosing.register import accounts
    from nmosd_dosing.register.reading import trail

    manager = next(a.who for a in accounts.accounts(place.register.facts) if a.name == "chen.jie")
    return list(trail.lines(place.register, manager))[-1]


WRITTEN = {  # what is typed, what the preview says, and what the trail says then
    "a visit that was": (
        "/subjects/0103/write/record", CAME, "2025-07-07 Mon", "entered visit rcp/D182 of 0103: date 2025-07-07, status done",
    ),
    "a visit that is booked": (
        "/subjects/0103/write/book", {**BOOKED, "time": "09:30"}, "2025-07-10 Thu", "status booked",
    ),
    "an event that takes a visit away": (
        "/subjects/0106/write/event", {"event": "declined", "date": "2025-07-05"}, "olp/D1 2025-06-30 Mon not planned any more",
        "entered event declined of 0106: date 2025-07-05",
    ),
    "a weight": (
        "/subjects/0103/write/weight", {"date": "2025-07-01", "weight_kg": "61.50"}, "61.5",
        "entered weight of 2025-07-01 of 0103: weight_kg 61.5",
    ),
    "something from before the study": (
        "/subjects/0103/write/had", {"what": "azathioprine", "from": "2023", "to": "2024-05"}, "azathioprine",
        "entered azathioprine in the history of 0103",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRITTEN)
def test_what_is_typed_is_shown_and_then_written(place: Any, case: str) -> None:
    address, typed, shown, said = WRITTEN[case]
    before = head(place)
    preview = asked(place, address, typed)
    assert (preview.status_code, head(place)) == (200, before)
    assert "Nothing is written yet." in words(preview)
    assert shown in words(preview)
    done = confirmed(place, address, typed)
    number = before + 1
    assert (done.status_code, done.headers["Location"]) == (303, f"{address.split('/write')[0]}?written={number}")
    page = words(client(place, "li.na").get(done.headers["Location"]))
    assert "Written: 2025-07-07 09:30 Asia/Shanghai (01:30Z), li.na (coordinator): " in page
    assert said in page
    assert f"(number {number})" in page


def test_an_appointment_becomes_what_became_of_it(place: Any) -> None:
    address = "/subjects/0102/write/record"
    preview = words(asked(place, address, CAME))
    assert "In the place of number 27" in preview
    assert "2025-07-08 Tue 2025-07-07 Mon" in preview
    done = confirmed(place, address, CAME, why="came a day earlier")
    assert done.status_code == 303
    assert last(place).sentence.split("): ", 1)[1] == (
        "corrected visit rcp/D182 of 0102: visit D182 -> rcp/D182, date 2025-07-08 -> 2025-07-07, time 10:00 -> (nothing), "
        f"status booked -> done; reason: came a day earlier (number {head(place)}, replaces 27)"
    )


def test_day_1_moves_only_with_a_reason(place: Any) -> None:
    typed = {"subject": "0204", "site": "02", "start": "2025-07-21"}
    refused = asked(place, "/subjects/0204/correct/16", typed, "wu.lei")
    assert (refused.status_code, "Say why." in words(refused)) == (400, True)
    assert 'value="2025-07-21"' in refused.content.decode()
    preview = words(asked(place, "/subjects/0204/correct/16", {**typed, "why": "ill"}, "wu.lei"))
    assert "day 1 moves from 2025-07-14 Mon to 2025-07-21 Mon" in preview
    assert "rcp/D182 2026-01-11 Sun 2026-01-18 Sun" in preview
    done = confirmed(place, "/subjects/0204/correct/16", typed, "wu.lei", "ill")
    assert done.status_code == 303
    assert last(place).sentence.split("): ", 1)[1].startswith("corrected subject 0204: start 2025-07-14 -> 2025-07-21; reason: ill")


def test_a_row_is_corrected_and_withdrawn_with_a_reason(place: Any) -> None:
    corrected = confirmed(
        place, "/subjects/0103/correct/28", {"visit": "rcp/D1", "date": "2025-01-11", "status": "done"}, why="typed wrong"
    )
    assert corrected.status_code == 303
    number = head(place)
    page = client(place, "li.na").get("/subjects/0103").content.decode()
    assert f'<a href="/subjects/0103/history?number={number}">once' in page
    history = words(client(place, "li.na").get(f"/subjects/0103/history?number={number}"))
    assert "date 2025-01-10 -> 2025-01-11" in history
    stale = client(place, "li.na").get("/subjects/0103/correct/28")
    assert (stale.status_code, "typed wrong" in words(stale)) == (409, True)
    address = f"/subjects/0103/withdraw/{number}"
    assert asked(place, address, {}).status_code == 400
    assert confirmed(place, address, {}, why="another subject's").status_code == 303
    assert last(place).sentence.split("): ", 1)[1].startswith("withdrew visit rcp/D1 of 0103")


def test_a_doubt_asks_why_and_keeps_what_was_typed(place: Any) -> None:
    address, typed = "/subjects/0103/write/record", {"visit": "rcp/D1", "date": "2025-01-11", "status": "done", "comment": "a <b>word</b>"}
    preview = asked(place, address, typed)
    assert "this may be a slip" in words(preview)
    assert "rcp/D1 is recorded again" in words(preview).replace(" rcp/D1 ", " rcp/D1 ")
    assert 'value="a &lt;b&gt;word&lt;/b&gt;"' in preview.content.decode()
    before = head(place)
    sent = {**typed, "seen": str(before), "confirm": "yes"}
    again = asked(place, address, sent)
    assert (again.status_code, "Say why." in words(again), head(place)) == (400, True, before)
    assert asked(place, address, {**sent, "why": "two parts"}).status_code == 303
    assert (last(place).reason, head(place)) == ("two parts", before + 1)


REFUSED = {
    "no such day": ({"visit": "rcp/D182", "date": "2025-02-30", "status": "done"}, "Day: 2025-02-30 : there is no such day"),
    "a weight that nobody has": ({**CAME, "weight_kg": "611"}, "Weight in kg: 611 cannot be a body weight"),
    "no day": ({"visit": "rcp/D182", "date": "", "status": "done"}, "Day: This field is required."),
    "a visit of no plan": ({**CAME, "visit": "rcp/D999"}, "Visit: Select a valid choice."),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_keeps_what_was_typed(place: Any, case: str) -> None:
    typed, said = REFUSED[case]
    before = head(place)
    for more in ({}, {"confirm": "yes", "seen": str(before)}):
        refused = asked(place, "/subjects/0103/write/record", {**typed, "comment": "as typed", **more})
        assert (refused.status_code, head(place)) == (400, before)
        assert said in words(refused)
        assert "as typed" in refused.content.decode()


def test_who_was_first_is_said(place: Any) -> None:
    before = head(place)
    assert confirmed(place, "/subjects/0103/write/weight", {"date": "2025-07-01", "weight_kg": "61"}, "wang.fang").status_code == 303
    typed = {**CAME, "comment": "as typed", "seen": str(before)}
    late = asked(place, "/subjects/0103/write/record", {**typed, "confirm": "yes"})
    assert late.status_code == 409
    assert "wang.fang (site-pharmacist): entered weight of 2025-07-01 of 0103" in words(late)
    assert "Comment: as typed" in words(late) and 'name="comment" value="as typed"' in late.content.decode()
    assert "as typed" in asked(place, "/subjects/0103/write/record", {**typed, "back": "yes"}).content.decode()
    assert head(place) == before + 1


def test_what_somebody_wrote_of_another_subject_is_no_conflict(place: Any) -> None:
    before = head(place)
    assert confirmed(place, "/subjects/0104/write/weight", {"date": "2025-07-01", "weight_kg": "61"}).status_code == 303
    assert asked(place, "/subjects/0103/write/record", {**CAME, "seen": str(before), "confirm": "yes"}).status_code == 303


@pytest.mark.parametrize("address", [
    "/subjects/0201", "/subjects/0201/history", "/subjects/0201/slots", "/subjects/0201/handout", "/subjects/0201/write/record",
    "/subjects/0201/correct/13", "/subjects/0201/withdraw/13", "/subjects/0103/correct/13", "/subjects/0103/correct/1",
    "/subjects/0103/correct/999999", "/subjects/0103/write/arm", "/subjects/0103/write/nothing", "/subjects/nobody",
])  # fmt: skip
def test_what_is_of_another_site_is_not_there(place: Any, address: str) -> None:
    assert client(place, "li.na").get(address).status_code == 404
    before = head(place)
    if "/write/" in address or "/correct/" in address or "/withdraw/" in address:
        assert asked(place, address, {**CAME, "why": "x", "seen": str(before), "confirm": "yes"}).status_code == 404
    assert head(place) == before


@pytest.mark.parametrize(("name", "kind", "may"), [
    ("wang.fang", "record", True), ("wang.fang", "weight", True), ("wang.fang", "event", False), ("wang.fang", "had", False),
    ("moreau", "record", False), ("zhao.min", "record", False), ("chen.jie", "event", True),
])  # fmt: skip
def test_a_role_writes_its_own_tables(place: Any, name: str, kind: str, may: bool) -> None:
    assert (client(place, name).get(f"/subjects/0103/write/{kind}").status_code == 200) is may
    assert (f"/subjects/0103/write/{kind}" in client(place, name).get("/subjects/0103").content.decode()) is may


def test_further_fields_do_nothing(place: Any) -> None:
    """Whose row it is, who writes it, when, and what could tell an arm is not taken from a form."""
    more = {
        "subject": "0104",
        "person": "9",
        "site": "02",
        "account": "chen.jie",
        "product": "placebo",
        "amount": "0",
        "unit": "mg",
        "batch": "P1",
    }
    assert confirmed(place, "/subjects/0103/write/record", {**CAME, **more}).status_code == 303
    line = last(place)
    assert (line.subject, line.account, line.site) == ("0103", "li.na", "01")
    assert dict(line.new) == {"subject": "0103", "visit": "rcp/D182", "date": "2025-07-07", "status": "done"}
    form = client(place, "li.na").get("/subjects/0103/write/record?visit=rcp/D182").content.decode()
    assert all(f'name="{cell}"' not in form for cell in ("product", "amount", "unit", "batch"))
    open_label = client(place, "li.na").get("/subjects/0107/write/record?visit=olp/D1%2B6mo").content.decode()
    assert 'name="batch"' in open_label


def test_a_new_subject(place: Any) -> None:
    typed = {"subject": "0110", "site": "01", "start": "2025-07-14", "weight_kg": "58"}
    assert "rcp/D182 2026-01-11 Sun" in words(asked(place, "/new-subject", typed))
    done = confirmed(place, "/new-subject", typed)
    assert (done.status_code, done.headers["Location"]) == (303, f"/subjects/0110?written={head(place)}")
    again = asked(place, "/new-subject", typed)
    assert (again.status_code, "there is a subject 0110 already" in words(again)) == (400, True)
    elsewhere = asked(place, "/new-subject", {**typed, "subject": "0111", "site": "02"})
    assert (elsewhere.status_code, "0111" in elsewhere.content.decode()) == (400, True)
    assert client(place, "wang.fang").get("/new-subject").status_code == 403


def test_a_subject_that_never_was_goes_with_everything(place: Any) -> None:
    typed: dict[str, str] = {}
    refused = asked(place, "/subjects/0103/withdraw/8", {**typed, "why": "entered twice"})
    assert (refused.status_code, "of whom there is more: 1 visit" in words(refused)) == (400, True)
    done = confirmed(place, "/subjects/0103/withdraw/8", {"whole": "on"}, why="entered twice")
    assert (done.status_code, done.headers["Location"]) == (303, f"/subjects?written={head(place)}")
    assert "withdrew subject 0103" in words(client(place, "li.na").get(done.headers["Location"]))
    assert client(place, "li.na").get("/subjects/0103").status_code == 404


def test_what_was_written_of_somebody_else_is_not_said(place: Any) -> None:
    number = next(
        n for n in range(1, head(place) + 1) if "0201" in client(place, "wu.lei").get(f"/subjects/0201?written={n}").content.decode()
    )
    assert "Written:" not in words(client(place, "li.na").get(f"/subjects/0103?written={number}"))
    for text in ("0", "-1", "x", "9" * 30, "1e9"):
        assert client(place, "li.na").get("/subjects/0103", {"written": text}).status_code == 200


def test_going_back_keeps_what_was_typed(place: Any) -> None:
    back = asked(place, "/subjects/0103/write/record", {**CAME, "comment": "as typed", "seen": "1", "back": "yes"})
    assert (back.status_code, "as typed" in back.content.decode()) == (200, True)
    assert "Nothing is written yet." not in words(back)


def test_an_unblinded_pharmacist_enters_an_arm_that_nobody_else_reads(place: Any) -> None:
    assert confirmed(place, "/new-subject", {"subject": "0110", "site": "01", "start": "2025-07-14"}).status_code == 303
    for name in ("li.na", "chen.jie", "wang.fang", "moreau"):
        assert asked(place, "/subjects/0110/write/arm", {"arm": "placebo"}, name).status_code in (403, 404)
    before = head(place)
    done = confirmed(place, "/subjects/0110/write/arm", {"arm": "placebo"}, "zhao.min")
    assert (done.status_code, head(place)) == (303, before)
    assert done.headers["Location"].startswith("/subjects/0110?written=arms:")
    assert "entered arm of 0110: placebo" in words(client(place, "zhao.min").get(done.headers["Location"]))
    assert "Written:" not in words(client(place, "li.na").get(done.headers["Location"]))
    assert asked(place, "/subjects/0110/write/arm", {"arm": "placebo"}, "zhao.min").status_code == 400


def test_what_is_to_do_leads_to_doing_it(place: Any) -> None:
    entry, decision = (client(place, "li.na").get(f"/subjects/{code}").content.decode() for code in ("0106", "0105"))
    assert '<a class="button" href="/subjects/0106/write/record?visit=olp/D1">Record the entry' in entry
    assert re.findall(r'href="/subjects/0106/write/event\?event=(\w+)"', entry) == ["declined"]
    assert re.findall(r'href="/subjects/0105/write/event\?event=(\w+)"', decision) == [
        "relapse_confirmed", "stable", "relapse_rejected", "declined",
    ]  # fmt: skip
    form = client(place, "li.na").get("/subjects/0105/write/event?event=relapse_confirmed").content.decode()
    assert '<option value="relapse_confirmed" selected>' in form
    assert confirmed(place, "/subjects/0105/write/event", {"event": "relapse_confirmed", "date": "2025-07-07"}).status_code == 303
    after = client(place, "li.na").get("/subjects/0105").content.decode()
    assert "relapse_confirmed" not in re.findall(r'href="/subjects/0105/write/event\?event=(\w+)"', after), "it is told"
    assert "write/event" not in client(place, "wang.fang").get("/subjects/0105").content.decode(), "a site pharmacist enters no event"


def test_another_day_keeps_the_hour_for_which_the_visit_is_booked(place: Any) -> None:
    asking = client(place, "li.na")
    assert re.findall('name="time" value="([^"]*)"', asking.get("/subjects/0104/write/book?visit=rcp/D182").content.decode()) == ["09:30"]
    found = asking.get("/subjects/0104/slots?visit=rcp/D182&on=2025-07-22").content.decode()
    assert {*re.findall('name="time"[^>]* value="([^"]*)"', found)} == {"09:30"}
    assert confirmed(place, "/subjects/0104/write/book", {"visit": "rcp/D182", "date": "2025-07-22", "time": "09:30"}, why="away")
    assert "2025-07-21 -> 2025-07-22" in last(place).sentence and "time" not in last(place).sentence
    assert (
        re.findall('name="time"[^>]* value="([^"]*)"', asking.get("/subjects/0103/slots?visit=rcp/D182&on=2025-07-10").content.decode())[0]
        == ""
    )


def test_both_databases_take_what_is_written(places: Any) -> None:
    before = head(places)
    assert confirmed(places, "/subjects/0103/write/record", CAME).status_code == 303
    assert (last(places).visit, head(places)) == ("rcp/D182", before + 1)
    late = asked(places, "/subjects/0103/write/weight", {"date": "2025-07-01", "weight_kg": "61", "seen": str(before), "confirm": "yes"})
    assert (late.status_code, "entered visit rcp/D182 of 0103" in words(late)) == (409, True)
    assert client(places, "wang.fang").get("/subjects").status_code == 200


@pytest.mark.parametrize(("booked", "begins"), [("2025-07-01", "2025-07-01"), ("2025-07-07", "2025-07-07"), ("2025-07-08", "2025-07-07")])
def test_a_form_begins_with_the_day_of_the_appointment_that_has_come_else_with_today(place: Any, booked: str, begins: str) -> None:
    assert confirmed(place, "/subjects/0103/write/book", {"visit": "rcp/D182", "date": booked}).status_code == 303
    form = client(place, "li.na").get("/subjects/0103/write/record?visit=rcp/D182").content.decode()
    assert re.findall('name="date" value="([^"]*)"', form) == [begins]
    assert 'name="date" value=' not in client(place, "li.na").get("/subjects/0103/write/book?visit=rcp/D182").content.decode()


def test_a_visit_as_somebody_wrote_it_stays_so_until_another_one_is_chosen(place: Any) -> None:
    """Number 33 says `D182`, and its form shows `rcp/D182`."""
    typed = {"visit": "rcp/D182", "date": "2024-12-31", "status": "done"}
    assert confirmed(place, "/subjects/0106/correct/33", typed, why="typed wrong").status_code == 303
    assert dict(last(place).new) == {"date": "2024-12-31"}
    number = head(place)
    preview = words(asked(place, f"/subjects/0106/correct/{number}", {**typed, "visit": "unscheduled", "why": "no infusion"}))
    assert "Visit D182 unscheduled" in preview


def test_what_somebody_types_is_a_text_on_every_page(place: Any) -> None:
    script = "<script>alert(1)</script>"
    typed = {"visit": "rcp/D182", "date": "2025-07-07", "status": "partial", "reason": script, "comment": f'"{script}'}
    assert confirmed(place, "/subjects/0103/write/record", typed).status_code == 303
    assert confirmed(place, "/new-subject", {"subject": f"A&?#/{script}", "site": "01", "start": "2025-07-14"}).status_code == 303
    number, browser = head(place), client(place, "li.na")
    code = "A&amp;?#/&lt;script&gt;alert(1)&lt;/script&gt;"
    there = re.findall(r'href="(/subjects/A[^"]*)"', browser.get("/subjects").content.decode())
    assert code in browser.get("/subjects").content.decode()
    for address in (
        *("/subjects", "/subjects/0103", "/subjects/0103/history", f"/subjects/0103/correct/{number - 1}", "/subjects/0103/slots"),
        *(f"{unescape(there[0])}{more}" for more in ("", "/history", "/slots", "/write/record", "/handout?lang=en&code")),
    ):
        answer = browser.get(address)
        assert (answer.status_code, "<script>" in answer.content.decode()) == (200, False), address
