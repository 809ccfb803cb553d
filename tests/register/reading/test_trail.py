"""The trail in sentences: who did what, when, and why; only what the account may see, and nothing in it that does harm."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from nmosd_dosing.errors import InputError
from nmosd_dosing.register.accounts import Who
from nmosd_dosing.register.database.store import Act, Author
from nmosd_dosing.register.reading import tables, trail
from nmosd_dosing.register.reading.trail import Asked
from nmosd_dosing.register.register import Register
from tests.kit.written import FANG, LI, MANAGER, MONITOR, NOW, UNBLINDED, Desk


def numbers(register: Register, who: Who = MANAGER, **asked: object) -> list[str]:
    arms = register.arms if who.sees_arms else None
    return [line.number for line in trail.lines(register, who, Asked(**asked), arms)]  # type: ignore[arg-type]


def sentences(register: Register, who: Who = MANAGER) -> list[str]:
    return [line.sentence for line in trail.lines(register, who, arms=register.arms if who.sees_arms else None)]


def test_a_monitor_reads_who_did_what_when_and_why(fang: Desk) -> None:
    fang.correct(4, "7 typed for 8", date="2025-07-08")
    fang.withdraw(5, "another's")
    assert [said.removeprefix("2025-07-08 10:12 Asia/Shanghai (02:12Z), ") for said in sentences(fang.book.register, MONITOR)] == [
        "wang.fang (coordinator): entered subject 0101: start 2025-01-06, weight_kg 60, site 01 (number 1)",
        "li.na (coordinator): entered subject 0201: start 2025-02-03, site 02 (number 2)",
        "wang.fang (coordinator): entered visit rcp/D1 of 0101: date 2025-01-06, status done (number 3)",
        "wang.fang (coordinator): entered visit rcp/D182 of 0101: date 2025-07-07, status done, comment Zhang Wei, by telephone (number 4)",
        "wang.fang (coordinator): entered weight of 2025-07-07 of 0101: weight_kg 62 (number 5)",
        "wang.fang (coordinator): corrected visit rcp/D182 of 0101: date 2025-07-07 -> 2025-07-08; reason: 7 typed for 8 "
        "(number 6, replaces 4)",
        "wang.fang (coordinator): withdrew weight of 2025-07-07 of 0101: weight_kg 62; reason: another's (number 7, replaces 5)",
    ]


@pytest.mark.parametrize(
    ("at", "zone", "told"),
    [
        ("2025-07-07T18:12:00.000Z", "Asia/Shanghai", "2025-07-08 02:12 Asia/Shanghai (2025-07-07 18:12Z)"),
        ("2025-07-07T18:12:00.000Z", "UTC", "2025-07-07 18:12 UTC"),
        ("2025-07-07T18:12:00.000Z", "UTC-03:30", "2025-07-07 14:42 UTC-03:30 (18:12Z)"),
        ("2025-07-07T18:12:00.000Z", "Nowhere/At_all", "2025-07-07 18:12 UTC"),
        ("2025-10-26T00:30:00.000Z", "Europe/Berlin", "2025-10-26 02:30 Europe/Berlin (00:30Z)"),
        ("2025-10-26T01:30:00.000Z", "Europe/Berlin", "2025-10-26 02:30 Europe/Berlin (01:30Z)"),
        ("1970-01-01T00:00:00.000Z", "Asia/Shanghai", "1970-01-01 08:00 Asia/Shanghai (00:00Z)"),
        ("2100-12-31T23:59:59.999Z", "Asia/Shanghai", "2101-01-01 07:59 Asia/Shanghai (2100-12-31 23:59Z)"),
    ],
)
def test_a_moment_is_that_of_the_place_and_of_utc(nothing: Register, at: str, zone: str, told: str) -> None:
    act = Act("enter", "subjects", {"subject": "0101", "start": "2025-01-06"}, newcomer="0101")
    nothing.facts.write([act], Author("anna", "coordinator", zone), dt.datetime.fromisoformat(at))
    (line,) = trail.lines(nothing, MANAGER)
    assert line.moment == told
    assert told.startswith(f"{line.day}")


def test_of_a_subject_all_is_found_by_any_code_that_the_subject_had(fang: Desk) -> None:
    fang.correct(1, "a typing error", subject="0109")
    register = fang.book.register
    assert numbers(register, subject="0101") == numbers(register, subject="0109") == ["1", "3", "4", "5", "6"]
    assert [line.subject for line in trail.lines(register, FANG)] == ["0101", "0101", "0101", "0101", "0101"]
    fang.record("events", subject="0109", event="relapse", date="2025-07-07")
    assert [line.subject for line in trail.lines(register, FANG)][-1] == "0109"
    with pytest.raises(InputError, match="`0102` is not a subject of this register"):
        numbers(register, subject="0102")


def test_of_a_visit_of_a_number_of_days_of_an_account(fang: Desk) -> None:
    Desk(fang.book.register, at=NOW + dt.timedelta(days=1)).correct(4, date="2025-07-08")
    register = fang.book.register
    assert numbers(register, visit="rcp/D182") == ["4", "6"]
    assert numbers(register, visit="D182") == []
    assert numbers(register, number="4") == numbers(register, number="6") == ["4", "6"]
    assert numbers(register, first=dt.date(2025, 7, 9)) == ["6"]
    assert numbers(register, last=dt.date(2025, 7, 8)) == ["1", "2", "3", "4", "5"]
    assert numbers(register, by="li.na") == ["2"]
    for number in ("7", "0", "x", "arms:1"):
        with pytest.raises(InputError, match=f"there is no number {number}"):
            numbers(register, UNBLINDED, number=number)


def test_a_visit_is_found_with_its_period_however_that_was_written(fang: Desk) -> None:
    fang.correct(4, period="rcp", visit="D182")
    assert numbers(fang.book.register, visit="rcp/D182") == ["4", "6"]


def test_an_account_reads_what_is_of_its_sites_where_subjects_are_now(fang: Desk) -> None:
    register = fang.book.register
    assert (numbers(register, FANG), numbers(register, LI)) == (["1", "3", "4", "5"], ["2"])
    with pytest.raises(InputError, match="`0201` is not a subject of this register"):
        numbers(register, FANG, subject="0201")
    with pytest.raises(InputError, match="there is no number 2"):
        numbers(register, FANG, number="2")
    Desk(register, MANAGER).correct(1, "moved", site="02")
    assert (numbers(register, FANG), numbers(register, LI)) == ([], ["1", "2", "3", "4", "5", "6"])
    Desk(register, MANAGER).withdraw(6, "never was", whole=True)
    assert numbers(register, LI)[-1] == "10"


def test_an_account_sees_the_past_of_who_is_of_its_sites_now(fang: Desk) -> None:
    """By the tables of that time as by the trail."""
    register = fang.book.register
    Desk(register, MANAGER).correct(1, "moved", site="02")
    then = tables.known_by(register, 5)

    def codes(whose: tables.Whose) -> list[str]:
        return [(fact.cells or {})["subject"] for fact in tables.subjects(register, whose)]

    assert codes(tables.Whose(then, FANG.sites)) == codes(tables.Whose(then, FANG.sites, subject="0101")) == []
    assert codes(tables.Whose(then, LI.sites)) == ["0101", "0201"]
    assert codes(tables.Whose(then, LI.sites, subject="0101")) == ["0101"]
    assert codes(tables.Whose(then, LI.sites, sites=frozenset({"02"}))) == ["0201"], "who was there then"
    assert (numbers(register, FANG), numbers(register, LI)) == ([], ["1", "2", "3", "4", "5", "6"])


def test_arms_are_for_an_unblinded_pharmacist_alone(fang: Desk) -> None:
    register = fang.book.register
    Desk(register, UNBLINDED).record("allocation", subject="0101", arm="placebo")
    Desk(register, UNBLINDED).correct("arms:1", "read in the wrong line", arm="bat4406f")
    assert numbers(register, UNBLINDED)[-2:] == ["arms:1", "arms:2"]
    assert numbers(register, UNBLINDED, number="arms:1") == ["arms:1", "arms:2"]
    assert "corrected arm of 0101: arm placebo -> bat4406f; reason: read in the wrong line" in sentences(register, UNBLINDED)[-1]
    for who in (MANAGER, MONITOR, FANG):
        assert "bat4406f" not in str(sentences(register, who))


def test_a_hidden_number_answers_like_one_that_there_is_not(fang: Desk) -> None:
    register = fang.book.register
    Desk(register, UNBLINDED).record("allocation", subject="0101", arm="placebo")
    for number in ("arms:1", "arms:9", "2", "99"):
        with pytest.raises(InputError, match=f"there is no number {number}\nhint: leave it out to see all"):
            numbers(register, FANG, number=number)


def test_what_somebody_tries_tells_no_arm(fang: Desk) -> None:
    """Whoever is blinded is answered the same for either arm, whatever he types."""
    register = fang.book.register
    zhao = Desk(register, UNBLINDED)
    zhao.record("allocation", subject="0101", arm="placebo")

    def answers() -> list[str]:
        desks = [Desk(register, who) for who in (FANG, MANAGER, MONITOR)]
        return [
            said
            for desk in desks
            for arm in ("placebo", "bat4406f")
            for said in (
                desk.correct("arms:1", arm=arm), desk.blank("arms:1", "arm"), desk.withdraw("arms:1"),
                desk.record("allocation", subject="0101", arm=arm), str(numbers(register, desk.book.who)),
            )
        ]  # fmt: skip

    before = answers()
    zhao.correct("arms:1", "read in the wrong line", arm="bat4406f")
    assert answers() == before


def test_whoever_knows_arms_writes_nothing_that_others_read(fang: Desk) -> None:
    register = fang.book.register
    said = Desk(register, UNBLINDED).record("visits", subject="0201", visit="rcp/D1", date="2025-02-03", comment="PLB-7")
    assert said.startswith("error: the account `zhao` may not write `visits`: it is an unblinded-pharmacist")
    assert "PLB-7" not in str(sentences(register, MANAGER))


def test_nothing_in_a_sentence_moves_a_cursor_or_begins_another_line(nothing: Register) -> None:
    desk = Desk(nothing, MANAGER)
    cells = {"subject": "0101", "visit": "rcp/D1", "date": "2025-01-06", "comment": "\x1b[2Jgone\r\nnext \u2028 line \x07"}
    desk.record("subjects", subject="0101", site="01", start="2025-01-06")
    nothing.facts.write([Act("enter", "visits", cells, "why\nnot", person=1, site="01")], Author("a\x1b[1m", "coordinator"), NOW)
    said = sentences(nothing)[-1]
    assert said.isprintable()
    assert "\\x1b[2Jgone next" in said


def test_entries_that_are_no_rows_of_tables_are_told_too(nothing: Register) -> None:
    acts = [
        Act("enter", "accounts", {"account": "wei", "role": "monitor", "state": "active"}),
        Act("enter", "files", {"kind": "study", "id": "mil62", "version": "1", "text": "study: …", "checksum": "ab"}),
        Act("open", "something else", {"a": "b"}),
    ]
    nothing.facts.write(acts, Author("he", "manager"), NOW)
    assert [said.split(": ", 1)[1] for said in sentences(nothing)] == [
        "entered account wei: role monitor, state active (number 1)",
        "entered study file mil62, version 1: checksum ab (number 2)",
        "opened something else: a b (number 3)",
    ]
    assert sentences(nothing, FANG) == [], "of no site"


_ASKED: list[dict[str, object]] = [
    {}, {"subject": "0101"}, {"visit": "rcp/D182"}, {"number": "4"}, {"first": dt.date(2025, 7, 8)}, {"first": dt.date(2025, 7, 9)},
    {"last": dt.date(2025, 7, 8)}, {"last": dt.date(2025, 7, 7)}, {"first": dt.date.min, "last": dt.date.max}, {"by": "wang.fang"},
    {"site": "02"}, {"but": "visits"},
]  # fmt: skip


def test_the_newest_are_the_same_lines_the_other_way_round(fang: Desk) -> None:
    fang.correct(4, "7 typed for 8", date="2025-07-08")
    fang.withdraw(5, "another's")
    register = fang.book.register
    for who, asked in itertools.product((MANAGER, FANG, LI, MONITOR, UNBLINDED), _ASKED):
        arms, which = register.arms if who.sees_arms else None, Asked(**asked)  # type: ignore[arg-type]
        try:
            numbers = [line.number for line in trail.lines(register, who, which, arms)]
        except InputError:
            with pytest.raises(InputError):
                next(trail.newest(register, who, which, arms))
            continue
        assert [line.number for line in trail.newest(register, who, which, arms)] == numbers[::-1], (who, asked)
        for at, number in enumerate(numbers):
            assert [line.number for line in trail.newest(register, who, which, arms, number)] == numbers[:at][::-1], (who, asked)
