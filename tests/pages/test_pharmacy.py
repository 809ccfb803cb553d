"""The pharmacy on pages: the lists of the command line; vials by batch, written down by pharmacists, masked for all who are blinded."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from nmosd_dosing.register.accounts import Who
from nmosd_dosing.register.database import facts
from nmosd_dosing.register.database.store import Store
from nmosd_dosing.register.writing import changes
from tests.kit.command import dosing
from tests.kit.served import ACCOUNTS, AT, DAY, client

RECEIVED = {
    "site": "01", "date": "2025-07-01", "movement": "received", "product": "BAT4406F/placebo", "vial": "500 mg", "batch": "K-17",
    "expiry": "2025-12-31", "quantity": "3",
}  # fmt: skip
DISPENSED = {**RECEIVED, "date": "2025-07-07", "movement": "dispensed", "quantity": "1", "subject": "0102", "visit": "rcp/D182"}


def of_command(place: Any, *what: str) -> str:
    """What the command line says to the manager."""
    where = ("--register", place.register.address.shown, "--account", "chen.jie", "--as-of", str(DAY), "--country", "CN", "--format", "csv")
    done = dosing(*what, *where)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("asked", "command"), [
    ({"as": "prepare.csv"}, ("prepare",)),
    ({"as": "prepare.csv", "days": "60", "first": "2025-07-10"}, ("prepare", "--days", "60", "--from", "2025-07-10")),
    ({"as": "prepare.csv", "site": "02", "days": "60"}, ("prepare", "--days", "60", "--at-site", "02")),
    ({"as": "order.csv", "days": "90", "reserve": "10"}, ("order", "--days", "90", "--reserve", "10%")),
])  # fmt: skip
def test_the_lists_are_those_of_the_command(place: Any, asked: dict[str, str], command: tuple[str, ...]) -> None:
    assert client(place, "chen.jie").get("/pharmacy", asked).content.decode() == of_command(place, *command)


@pytest.mark.parametrize("name", ACCOUNTS)
def test_only_an_unblinded_pharmacist_sees_doses_and_only_if_asked(place: Any, name: str) -> None:
    plain, asked = (client(place, name).get("/pharmacy", {"days": "60", **more}).content.decode() for more in ({}, {"unblind": "1"}))
    assert "masked" in plain
    assert ("masked" not in asked) == (name == "zhao.min")


def test_vials_come_and_go_and_what_is_short_says_so(place: Any) -> None:
    asking = client(place, "wang.fang")
    assert "4 of 4 are missing up to 2025-10-07 Tue, the first on 2025-07-08 Tue" in asking.get("/pharmacy/stock").content.decode()
    assert asking.post("/pharmacy/stock", RECEIVED).status_code == 302
    assert asking.post("/pharmacy/stock", DISPENSED).status_code == 302
    words = asking.get("/pharmacy/stock").content.decode()
    assert "1 of 4 are missing up to 2025-10-07 Tue, the first on 2025-08-17 Sun" in words, "what was dispensed covers its visit"
    assert "<strong>2</strong>" in words and "no dose is recorded" not in words, "the visit is tomorrow"
    assert asking.post("/pharmacy/stock", {**DISPENSED, "comment": "once more", "why": "one broke"}).status_code == 302
    words = asking.get("/pharmacy/stock").content.decode()
    assert "2 of 4 are missing" in words and "more for 0106 olp/D1, who may come until 2025-07-14 Mon" in words
    assert "2 vials of BAT4406F/placebo were dispensed, and the dose takes 1" in words


def test_the_form_offers_the_vials_and_batches_that_the_stock_knows(place: Any) -> None:
    asking = client(place, "wang.fang")
    assert asking.post("/pharmacy/stock", RECEIVED).status_code == 302
    words = asking.get("/pharmacy/stock").content.decode()
    for name, typed in (("sizes", "500 mg"), ("batches", "K-17")):
        assert f'list="{name}"' in words and re.search(f'<datalist id="{name}">[^/]*<option value="{typed}">', words)


@pytest.mark.parametrize("address", ["/pharmacy?days=90", "/pharmacy/stock", "/studies"])
def test_a_chinese_page_has_chinese_signs_between_its_words(place: Any, address: str) -> None:
    asking = client(place, "wang.fang")
    assert asking.post("/pharmacy/stock", RECEIVED).status_code == 302
    page = asking.get(address, headers={"accept-language": "zh-CN"}).content.decode().split("<main", 1)[1]
    assert not re.search(r"[\u4e00-\u9fff][,:;]|[,:;(] ?[\u4e00-\u9fff]", unescape(re.sub("<[^>]+>", "", page)))


def test_what_is_to_be_prepared_is_dispensed_with_the_form_filled(place: Any) -> None:
    words = client(place, "wang.fang").get("/pharmacy").content.decode()
    (address,) = (unescape(a) for a in re.findall(r'<a href="(/pharmacy/stock\?[^"#]*)#write"', words) if "subject=0102" in a)
    form = client(place, "wang.fang").get(address).content.decode().partition('id="write"')[2].partition("</form>")[0]
    filled = dict(re.findall(r'<input [^>]*name="(\w+)" value="([^"]*)"', form))
    del filled["csrfmiddlewaretoken"], filled["seen"]
    assert filled == {"site": "01", "date": "2025-07-07", "vial": "500 mg", "quantity": "1", "subject": "0102", "visit": "rcp/D182"}
    assert re.findall(r'<option value="([^"]*)" selected', form) == ["dispensed", "BAT4406F/placebo"]
    assert '<option value="500 mg">' in form
    assert "#write" not in client(place, "li.na").get("/pharmacy").content.decode(), "who writes no stock is offered nothing"


def test_a_second_click_writes_no_second_line(place: Any) -> None:
    asking = client(place, "wang.fang")
    seen = re.findall(r'name="seen" value="(\d+)"', asking.get("/pharmacy/stock").content.decode())
    sent = {**RECEIVED, "seen": seen[0]}
    assert asking.post("/pharmacy/stock", sent).status_code == 302
    number = place.register.facts.head().seq
    again = asking.post("/pharmacy/stock", sent)
    assert (again.status_code, f"the same line was written meanwhile, as number {number}" in again.content.decode()) == (400, True)
    assert place.register.facts.head().seq == number
    assert asking.post("/pharmacy/stock", {**sent, "batch": "K-18"}).status_code == 302
    assert asking.post("/pharmacy/stock", {**sent, "seen": str(number + 1)}).status_code == 302  # looked at again, and it is right


@pytest.mark.parametrize(("line", "said"), [
    ({**RECEIVED, "quantity": "0"}, "is no number of vials"),
    ({**RECEIVED, "quantity": "0" * 9 + "100001"}, "Ensure this value is less than or equal to 100000"),
    ({**RECEIVED, "date": "2025-07-08"}, "the date 2025-07-08 Tue is not yet"),
    ({**RECEIVED, "subject": "0102"}, "only what is dispensed is of a subject"),
    ({**RECEIVED, "site": "02"}, "is not of site"),
    ({**RECEIVED, "product": "placebo"}, "Select a valid choice"),
    ({**DISPENSED, "subject": "0201"}, "is no subject of that site"),
    ({**DISPENSED, "visit": "rcp/D999"}, "is no visit of"),
    ({**DISPENSED, "visit": "D182"}, "write <code>rcp/D182</code>"),
    ({**DISPENSED, "visit": "olp/D1"}, "is not given at"),
    ({**RECEIVED, "vial": "500"}, "vials are <code>500 mg</code>"),
    ({**DISPENSED, "visit": ""}, "it is not said for whom and which visit"),
    (DISPENSED, "1 vial is to be dispensed, and there are 0 on 2025-07-07 Mon"),
])  # fmt: skip
def test_what_cannot_be_is_refused_and_nothing_is_written(place: Any, line: dict[str, str], said: str) -> None:
    before = place.register.facts.head()
    answer = client(place, "wang.fang").post("/pharmacy/stock", line)
    assert (answer.status_code, said in answer.content.decode()) == (400, True)
    assert place.register.facts.head() == before


def test_a_line_is_taken_back_with_a_reason_and_the_trail_keeps_it(place: Any) -> None:
    asking = client(place, "wang.fang")
    asking.post("/pharmacy/stock", RECEIVED)
    number = place.register.facts.head().seq
    assert asking.post(f"/pharmacy/stock/{number}", {"reason": " "}).status_code == 400
    assert asking.post(f"/pharmacy/stock/{number}", {"reason": "another batch"}).status_code == 302
    assert b"Nothing was received yet." in asking.get("/pharmacy/stock").content
    assert b"withdrew stock" in asking.get("/trail").content


def test_what_was_dispensed_holds_what_was_received(place: Any) -> None:
    asking = client(place, "wang.fang")
    asking.post("/pharmacy/stock", RECEIVED)
    number = place.register.facts.head().seq
    asking.post("/pharmacy/stock", DISPENSED)
    answer = asking.post(f"/pharmacy/stock/{number}", {"reason": "another batch"})
    assert (answer.status_code, b"and there were 0" in answer.content) == (400, True)


@pytest.mark.parametrize(("first", "sent"), [
    ("/pharmacy/stock", {**DISPENSED, "subject": "0103"}), ("/pharmacy/stock/{received}", {"reason": "another batch"}),
])  # fmt: skip
def test_of_two_at_once_one_takes_the_last_vial(
    place: Any, monkeypatch: pytest.MonkeyPatch, first: str, sent: dict[str, str]
) -> None:  # fmt: skip
    asking, other, write, answers = client(place, "wang.fang"), client(place, "wang.fang"), Store.write, list[int]()
    asking.post("/pharmacy/stock", {**RECEIVED, "quantity": "1"})
    received = place.register.facts.head().seq

    def late(self: Store, *given: Any, **more: Any) -> list[int]:
        monkeypatch.setattr(Store, "write", write)
        answers.append(other.post(first.format(received=received), sent).status_code)  # between what is looked at and what is written
        return write(self, *given, **more)

    monkeypatch.setattr(Store, "write", late)
    answer = asking.post("/pharmacy/stock", DISPENSED)
    assert (answers, answer.status_code, b"and there are 0" in answer.content) == ([302], 400, True)
    assert place.register.facts.head().seq == received + 1


def test_what_was_dispensed_is_of_a_subject_whose_code_was_corrected(place: Any) -> None:
    asking, manager = client(place, "wang.fang"), Who("chen.jie", "manager")
    asking.post("/pharmacy/stock", RECEIVED)
    asking.post("/pharmacy/stock", DISPENSED)
    row = facts.of_code(place.register.facts, "0102")
    assert row is not None
    changes.correct(changes.Book(place.register, manager, DAY), str(row.seq), {"subject": "0192"}, "a slip").write(manager, AT, "UTC")
    written = asking.get("/pharmacy/stock", {"as": "csv"}).content.decode()
    assert (",0192,rcp/D182," in written, "0102" in written) == (True, False)
    assert "0102" not in asking.get("/pharmacy/stock").content.decode()


def test_a_second_dispensing_for_a_visit_is_named(place: Any) -> None:
    asking = client(place, "wang.fang")
    asking.post("/pharmacy/stock", {**RECEIVED, "quantity": "9"})
    asking.post("/pharmacy/stock", DISPENSED)
    assert "the dose takes" not in asking.get("/pharmacy/stock").content.decode()
    twice = {**DISPENSED, "comment": "once more"}
    answer = asking.post("/pharmacy/stock", twice)
    asked = "2 vials of BAT4406F/placebo would be dispensed for 0102 rcp/D182, and the dose takes 1"
    assert (answer.status_code, asked in answer.content.decode(), 'name="why"' in answer.content.decode()) == (400, True, True)
    assert asking.post("/pharmacy/stock", {**twice, "why": "the first one broke"}).status_code == 302
    assert "2 vials of BAT4406F/placebo were dispensed, and the dose takes 1" in asking.get("/pharmacy/stock").content.decode()


@pytest.mark.parametrize(("expiry", "asks"), [("2025-07-01", False), ("2025-06-30", True)])
def test_vials_that_have_expired_when_they_come_need_a_reason(place: Any, expiry: str, asks: bool) -> None:
    asking, sent = client(place, "wang.fang"), {**RECEIVED, "expiry": expiry}
    answer = asking.post("/pharmacy/stock", sent)
    assert answer.status_code == (400 if asks else 302)
    if asks:
        words = answer.content.decode()
        assert "batch K-17 expired on 2025-06-30 Mon, before it is received on 2025-07-01 Tue: none of it may be given" in words
        assert 'name="why"' in words and 'value="K-17"' in words
        assert asking.post("/pharmacy/stock", {**sent, "why": " "}).status_code == 400
        assert asking.post("/pharmacy/stock", {**sent, "why": "sent by mistake, goes back"}).status_code == 302
        assert "reason: sent by mistake, goes back" in asking.get("/trail").content.decode()
        later = asking.post("/pharmacy/stock", {**sent, "expiry": "", "quantity": "1"})
        assert later.status_code == 400, "another line says when the batch expires"


def test_what_was_dispensed_stays_with_its_site_and_counts_for_a_subject_who_has_moved(place: Any) -> None:
    asking, manager = client(place, "wang.fang"), Who("chen.jie", "manager")
    asking.post("/pharmacy/stock", {**RECEIVED, "date": "2025-01-02"})
    asking.post("/pharmacy/stock", DISPENSED)
    book = changes.Book(place.register, manager, DAY)
    came = {"subject": "0102", "visit": "rcp/D182", "date": "2025-07-07", "status": "done"}
    changes.record(book, "visits", came, "a day early").write(manager, AT, "UTC")
    row = facts.of_code(place.register.facts, "0102")
    assert row is not None
    changes.correct(book, str(row.seq), {"site": "02"}, "moved").write(manager, AT, "UTC")
    here = asking.get("/pharmacy/stock").content.decode()
    assert "<strong>2</strong>" in here and "at another site now" in here, "the vials are those of the site that gave them"
    assert "/subjects/0102" not in here and "no dose is recorded" not in here
    there = client(place, "chen.jie").get("/pharmacy/stock", {"site": "02"}).content.decode()
    assert "0102" not in there, "the dose is recorded, and vials were dispensed for it, at the other site"
    assert ("0102", "nothing was dispensed") not in re.findall(r"(0102)</a> rcp/D182.*?(nothing was dispensed)", there)


def test_the_stock_of_an_unblinded_pharmacist_is_with_the_arms(place: Any) -> None:
    before = place.register.facts.head()
    real = {**RECEIVED, "product": "BAT4406F"}
    assert client(place, "zhao.min").post("/pharmacy/stock", real).status_code == 302
    assert place.register.facts.head() == before
    assert b"K-17" not in client(place, "wang.fang").get("/pharmacy/stock").content
    assert b"K-17" in client(place, "zhao.min").get("/pharmacy/stock").content


@pytest.mark.parametrize("name", ["li.na", "moreau", "chen.jie"])
def test_nobody_else_writes_it_down(place: Any, name: str) -> None:
    before = place.register.facts.head()
    assert client(place, name).post("/pharmacy/stock", RECEIVED).status_code == 400
    assert client(place, name).post("/pharmacy/stock/1", {"reason": "x"}).status_code == 403
    assert place.register.facts.head() == before


@pytest.mark.parametrize(("first", "status"), [
    ("1995-01-01", 200), ("2055-12-31", 200), ("1994-12-31", 404), ("2056-01-01", 404), ("0001-01-01", 404), ("9999-12-31", 404),
])  # fmt: skip
def test_what_is_prepared_in_another_century_is_not_laid_out(place: Any, first: str, status: int) -> None:
    assert client(place, "wang.fang").get("/pharmacy", {"first": first}).status_code == status


def test_whose_arm_is_not_known_stands_masked_beside_the_others(place: Any) -> None:
    from nmosd_dosing.register import accounts
    from nmosd_dosing.register.database import facts
    from nmosd_dosing.register.database.store import Act
    from tests.kit.served import AT

    who = next(a.who for a in accounts.accounts(place.register.facts) if a.name == "zhao.min")
    first = facts.holding(place.register.arms, "allocation")[1]
    assert (first.cells or {})["subject"] == "0102"
    act = Act("withdraw", "allocation", None, "not randomised yet", first.person, site=first.site, replaces=first.seq)
    place.register.arms.write([act], who.author("UTC"), AT)
    words = client(place, "zhao.min").get("/pharmacy", {"unblind": "1", "days": "60"}).content.decode()
    assert words.count(">masked<") == 1 and ">0102</a>" in words
    assert client(place, "zhao.min").get("/pharmacy/stock").status_code == 200


def test_what_was_dispensed_is_marked_among_what_is_to_be_prepared(place: Any) -> None:
    asking = client(place, "wang.fang")
    asking.post("/pharmacy/stock", RECEIVED)
    assert "subject=0102" in asking.get("/pharmacy").content.decode()
    asking.post("/pharmacy/stock", DISPENSED)
    words = asking.get("/pharmacy").content.decode()
    assert "1 × 500 mg dispensed on 2025-07-07 Mon" in words and "subject=0102" not in words, "nothing of it is left to dispense"
    assert "dispensed on" in client(place, "li.na").get("/pharmacy").content.decode()
    assert "dispensed on" not in client(place, "zhao.min").get("/pharmacy", {"unblind": "1"}).content.decode(), "it is not of that stock"


def test_a_count_that_does_not_fit_says_so_until_it_is_counted_again(place: Any) -> None:
    asking, counted = client(place, "wang.fang"), {**RECEIVED, "date": "2025-07-07", "movement": "counted", "quantity": "1"}
    asking.post("/pharmacy/stock", RECEIVED)
    asking.post("/pharmacy/stock", counted)
    asking.post("/pharmacy/stock", DISPENSED)
    words = asking.get("/pharmacy/stock").content.decode()
    assert "The count of batch K-17 of BAT4406F/placebo 500 mg on 2025-07-07 Mon does not fit (-2)" in unescape(words)
    movements = words.partition("All movements")[2]
    assert movements.index("<td>dispensed</td>") < movements.index("<td>counted</td>") < movements.index("<td>received</td>")
    asking.post("/pharmacy/stock", {**counted, "movement": "lost"})
    asking.post("/pharmacy/stock", {**counted, "comment": "again"})
    assert "does not fit" not in asking.get("/pharmacy/stock").content.decode()


def test_a_count_of_what_never_came_needs_a_reason(place: Any) -> None:
    asking, counted = client(place, "wang.fang"), {**RECEIVED, "movement": "counted", "batch": "K-71"}
    answer = asking.post("/pharmacy/stock", counted)
    words = "batch K-71 of BAT4406F/placebo 500 mg is counted, and was never received"
    assert (answer.status_code, words in answer.content.decode()) == (400, True)
    assert asking.post("/pharmacy/stock", {**counted, "why": "came without papers"}).status_code == 302


def test_a_movement_of_an_earlier_day_that_is_written_later_stands_below(place: Any) -> None:
    asking = client(place, "wang.fang")
    asking.post("/pharmacy/stock", {**RECEIVED, "date": "2025-07-05", "batch": "K-18"})
    asking.post("/pharmacy/stock", RECEIVED)
    movements = asking.get("/pharmacy/stock").content.decode().partition("All movements")[2]
    assert movements.index("K-18") < movements.index("K-17")
