"""What must hold before something is written by hand: the tables' readers take it, the account may write it, and slips are asked about."""

from __future__ import annotations

import datetime as dt

import pytest

from nmosd_dosing.register.database import facts
from nmosd_dosing.register.database.store import Conflict
from nmosd_dosing.register.register import Register
from nmosd_dosing.register.writing import changes
from tests.kit.written import LI, MANAGER, MONITOR, NOW, UNBLINDED, ZONE, Desk, book, by_value, role


def held(desk: Desk, table: str) -> list[dict[str, str]]:
    store = desk.book.store(table)
    return [dict(fact.cells or {}) for fact in facts.holding(store, table)]


# --- what is written -----------------------------------------------------------------------------------------------------


def test_what_is_written_is_written_in_the_one_canonical_way(fang: Desk) -> None:
    said = fang.record(
        "visits", subject=" 0101 ", visit="W26D4", date="2025/7/5 09:30", period="rcp", status="Done ", comment="two  spaces"
    )
    assert said.startswith("error: unknown visit")
    said = fang.record("events", subject="0101", event="relapse", date="4-Jul-2025", comment="two  spaces")
    assert said.endswith(": entered event relapse of 0101: date 2025-07-04, comment two spaces (number 6)")
    assert held(fang, "events") == [{"subject": "0101", "event": "relapse", "date": "2025-07-04", "comment": "two spaces"}]


def test_a_value_is_written_with_the_unit_of_the_study_corrected_and_withdrawn(nothing: Register) -> None:
    fang = by_value(nothing)
    said = fang.record("measurements", subject="0101", date="2025/1/3", what="egfr", value="45.0")
    assert said.endswith("entered value eGFR of 2025-01-03 of 0101: 45, unit mL/min/1.73m2 (number 2)")
    for cells, told in (
        ({"value": "54"}, "two values of `eGFR` of subject `0101` on 2025-01-03"),
        ({"value": "<15"}, "`<15` is not a value"),
        ({"value": "45", "what": "CD19"}, "`CD19` is no value that the study declares"),
        ({"value": "45", "unit": "mL/s"}, "`eGFR` is in `mL/s` here, and in `mL/min/1.73m2` in the study file"),
    ):
        assert told in fang.record("measurements", **{"subject": "0101", "date": "2025-01-03", "what": "eGFR", **cells})
    said = fang.correct(2, "a typing error", value="54")
    assert said.endswith("corrected value eGFR of 2025-01-03 of 0101: value 45 -> 54; reason: a typing error (number 3, replaces 2)")
    assert held(fang, "measurements")[0]["value"] == "54"
    assert "of whom there is more: 1 value" in fang.withdraw(1)
    assert "withdrew value eGFR of 2025-01-03 of 0101: 54, unit mL/min/1.73m2; reason" in fang.withdraw(3)
    assert held(fang, "measurements") == []


@pytest.mark.parametrize(
    ("table", "cells", "told"),
    [
        ("measurements", {"subject": "0101", "date": "2025-07-08", "what": "eGFR", "value": "45"}, "this study doses by none"),
        ("visits", {"subject": "0101", "visit": "rcp/D182", "date": "7/8/2025"}, "`7/8/2025` is not a date with the year first"),
        ("visits", {"subject": "0101", "visit": "rcp/D182"}, "no date"),
        ("visits", {"visit": "rcp/D182", "date": "2025-07-08"}, "no subject's code"),
        ("visits", {"subject": "0101", "visit": "rcp/D183", "date": "2025-07-08"}, "unknown visit `rcp/D183`"),
        ("visits", {"subject": "101", "visit": "rcp/D182", "date": "2025-07-08"}, "hint: write `0101`"),
        ("visits", {"subject": "0101", "visit": "rcp/D182", "date": "2025-07-08", "amount": "5", "status": "missed"}, "unit"),
        ("weighings", {"subject": "0101", "date": "2025-07-08", "weight_kg": "62,5"}, "`62,5` has a decimal comma"),
        ("weighings", {"subject": "0101", "date": "2025-07-07", "weight_kg": "63"}, "two weights of subject `0101` on 2025-07-07"),
        ("weighings", {"subject": "0101", "date": "2025-01-06", "weight_kg": "61"}, "is not after day 1, 2025-01-06"),
        ("events", {"subject": "0101", "event": "relpase", "date": "2025-07-08"}, "unknown event `relpase`"),
        ("events", {"subject": "0101", "event": "relapse", "date": "2024-07-08"}, "`relapse` on 2024-07-08 is before day 1"),
        ("events", {"subject": "0101", "event": "stable", "date": "2025-02-30"}, "`2025-02-30`: there is no such day"),
        ("subjects", {"subject": "0102", "site": "01", "start": "6.1.25"}, "`6.1.25` is not a date with the year first"),
        ("subjects", {"subject": "0101", "site": "01", "start": "2025-01-06"}, "there is a subject `0101` already, number 1"),
        ("subjects", {"subject": "0201", "site": "01", "start": "2025-01-06"}, "there is a subject `0201` already, at another site"),
        ("subjects", {"subject": "0102", "site": "02", "start": "2025-01-06"}, "the account `wang.fang` is not of site `02`"),
        ("subjects", {"subject": "0102", "start": "2025-01-06"}, "not of all sites, and this is of none"),
        ("subjects", {"subject": "0102", "site": "01", "start": "2025-01-06", "wieght_kg": "60"}, "did you mean `weight_kg`?"),
        (
            "subjects",
            {"subject": "0102", "site": "01", "start": "2025-01-06", "enter_xyz": "2026-01-06"},
            "unknown column `enter_xyz`\n",
        ),
        ("history", {"subject": "0101", "what": "rituximab", "from": "7/8/2024"}, "`7/8/2024` is not a date with the year first"),
        ("vists", {"subject": "0101"}, "did you mean `visits`?"),
        ("allocation", {"subject": "0101", "arm": "placebo"}, "may not write `allocation`: it is a coordinator"),
    ],
)
def test_what_the_tables_refuse_is_refused_with_the_same_words_and_nothing_is_written(
    fang: Desk, table: str, cells: dict[str, str], told: str
) -> None:
    said = fang.record(table, **cells)
    assert said.startswith("error: ")
    assert told in said
    assert fang.book.register.facts.head().seq == 5


def test_everything_that_is_wrong_is_told_at_once(fang: Desk) -> None:
    said = fang.record("subjects", subject="0102", site="01", start="7/8/2025", weight_kg="60,5", height_cm="1.70 m")
    assert said.count("error: ") == 3
    assert "1 | subject=0102 site=01 start=7/8/2025 weight_kg=60,5" in said


def test_a_message_names_the_number_of_a_row_that_holds(fang: Desk) -> None:
    said = fang.record("weighings", subject="0101", date="2025-07-07", weight_kg="63")
    assert "\n ::: number 5\n" in said
    assert " --> this weight\n" in said


# --- what may be a slip --------------------------------------------------------------------------------------------------


def test_a_visit_that_is_recorded_twice_needs_a_reason(fang: Desk) -> None:
    said = fang.record("visits", subject="0101", visit="D182", date="2025-07-08")
    assert said == (
        "error: `rcp/D182` is recorded again (this visit), first on 2025-07-07 Mon (number 4)\n"
        'hint: if it is right, say why: `reason "why"`'
    )
    assert "reason: two bags" in fang.record("visits", "two bags", subject="0101", visit="D182", date="2025-07-08")


def test_a_day_1_that_moves_needs_a_reason_and_says_what_moves_with_it(fang: Desk) -> None:
    said = fang.record("visits", subject="0101", visit="rcp/D1", date="2025-01-05", status="partial")
    assert "day 1 moves" in said or "is recorded again" in said
    change = changes.correct(fang.book, "3", {"date": "2025-01-08"}, "6 typed for 8")
    assert change.doubts == ("day 1 moves from 2025-01-06 Mon to 2025-01-08 Wed",)
    assert (change.moved[0].visit, change.moved[0].before, change.moved[0].after) == ("olp/D1", dt.date(2026, 1, 5), dt.date(2026, 1, 7))


def test_a_first_dose_on_another_day_than_planned_moves_day_1(fang: Desk) -> None:
    fang.record("subjects", subject="0102", site="01", start="2025-02-03")
    said = fang.record("visits", subject="0102", visit="rcp/D1", date="2025-02-05")
    assert said.startswith("error: day 1 moves from 2025-02-03 Mon to 2025-02-05 Wed\n")
    assert "(number 7)" in fang.record("visits", "the bus", subject="0102", visit="rcp/D1", date="2025-02-05")


def test_a_weight_far_from_the_one_before_needs_a_reason(fang: Desk) -> None:
    said = fang.record("weighings", subject="0101", date="2025-07-08", weight_kg="82")
    assert said.startswith("error: 82 kg of 2025-07-08 Tue is 32.3% more than 62 kg of 2025-07-07 Mon")
    assert "(number 6)" in fang.record("weighings", "oedema, weighed twice", subject="0101", date="2025-07-08", weight_kg="82")
    said = fang.record("weighings", subject="0101", date="2025-07-09", weight_kg="81")
    assert said.count("error:") == 1 and "2025-07-09 Wed is ahead" in said, "the weight is asked about once"


@pytest.mark.parametrize("reason", [None, "", "  \n "])
def test_corrections_and_withdrawals_always_need_a_reason(fang: Desk, reason: str | None) -> None:
    assert fang.correct(4, reason, date="2025-07-08").startswith("error: a correction needs a reason\n")
    assert fang.withdraw(4, reason).startswith("error: a withdrawal needs a reason\n")
    assert fang.blank(4, "comment", reason).startswith("error: what takes a text out needs a reason\n")


# --- correcting and withdrawing ------------------------------------------------------------------------------------------


def test_a_correction_is_a_new_row_that_says_which_it_replaces(fang: Desk) -> None:
    assert fang.correct(4, "7 typed for 8", date="2025/7/8") == (
        "2025-07-08 10:12 Asia/Shanghai (02:12Z), wang.fang (coordinator): "
        "corrected visit rcp/D182 of 0101: date 2025-07-07 -> 2025-07-08; reason: 7 typed for 8 (number 6, replaces 4)"
    )
    assert "(number 7, replaces 6)" in fang.correct(6, "seen again", date="2025-07-07"), "twice"
    assert "comment Zhang Wei, by telephone -> (nothing)" in fang.correct(7, "not needed", comment="")
    assert held(fang, "visits")[-1] == {"subject": "0101", "visit": "rcp/D182", "date": "2025-07-07", "status": "done"}


def test_what_does_not_hold_is_not_corrected_and_what_holds_is_named(fang: Desk) -> None:
    fang.correct(4, date="2025-07-08")
    fang.correct(6, date="2025-07-09")
    assert fang.correct(4, date="2025-07-10") == (
        "error: number 4 was corrected by number 6 (wang.fang, 2025-07-08T02:12:00.000Z)\nhint: number 7 holds now: name that one"
    )
    fang.withdraw(7)
    assert "was corrected by number 6 (wang.fang, 2025-07-08T02:12:00.000Z), and withdrawn by number 8\n" in fang.correct(
        4, date="2025-07-10"
    )
    for said in (fang.correct(7, date="2025-07-10"), fang.withdraw(7)):
        assert said.startswith("error: number 7 was withdrawn by number 8 (wang.fang,")
    assert fang.correct(8, date="2025-07-10").startswith("error: number 8 is no row of a table: withdraw in `visits`")


def test_what_changes_nothing_is_not_written(fang: Desk) -> None:
    assert fang.correct(4, date="2025-07-07").startswith("error: number 4 says that already")
    assert changes.correct(fang.book, "4", {"date": "2025-07-08"}, "why").acts[0].cells is not None
    assert fang.correct(4).startswith("error: nothing to correct")


def test_a_row_stays_its_subjects(fang: Desk) -> None:
    fang.record("subjects", subject="0102", site="01", start="2025-01-07")
    assert fang.correct(4, subject="0102") == (
        "error: number 4 is of subject `0101`, and stays so\nhint: withdraw it, and record it of the other"
    )


def test_a_code_is_corrected_and_what_was_written_before_is_of_the_new_one(fang: Desk) -> None:
    assert "corrected subject 0101: subject 0101 -> 0109; " in fang.correct(1, subject="0109")
    assert "(number 7)" in fang.record("events", subject="0109", event="relapse", date="2025-07-07")
    assert "`0101` is not a subject" in fang.record("events", subject="0101", event="relapse", date="2025-07-07")
    assert "of 0109: date 2025-07-07 -> 2025-07-08" in fang.correct(4, date="2025-07-08")
    assert "there is a subject `0201` already, at another site" in fang.correct(6, subject="0201")


def test_a_subject_is_withdrawn_with_all_that_is_written_or_not_at_all(fang: Desk) -> None:
    said = fang.withdraw(1)
    assert said.startswith("error: number 1 is the subject `0101`, of whom there is more: 2 visits, 1 weight\n")
    assert "`dosing register record events subject=0101 event=withdrawn date=…`" in said
    written = fang.withdraw(1, "entered twice", whole=True).splitlines()
    assert [line.split(": ")[1] for line in written] == [
        "withdrew visit rcp/D1 of 0101",
        "withdrew visit rcp/D182 of 0101",
        "withdrew weight of 2025-07-07 of 0101",
        "withdrew subject 0101",
    ]
    assert [row["subject"] for row in held(fang, "subjects")] == ["0201"]
    assert held(fang, "visits") == []
    assert "(number 10)" in fang.record("subjects", subject="0101", site="01", start="2025-03-03"), "the code is free"


# --- who may -------------------------------------------------------------------------------------------------------------


def test_a_role_writes_what_is_its_work(fang: Desk) -> None:
    register = fang.book.register
    visit = {"subject": "0101", "visit": "rcp/D182", "date": "2025-07-08"}
    assert "may not write `visits`: it is a monitor" in Desk(register, MONITOR).record("visits", "two bags", **visit)
    assert "(number 6)" in Desk(register, role("site-pharmacist", "01")).record("visits", "two bags", **visit)
    event = {"subject": "0101", "event": "relapse", "date": "2025-07-07"}
    assert "may not write `events`: it is a site-pharmacist" in Desk(register, role("site-pharmacist", "01")).record("events", **event)
    assert "(number 7)" in Desk(register, MANAGER).record("events", **event)


def test_what_is_of_another_site_is_not_there(fang: Desk) -> None:
    li = Desk(fang.book.register, LI)
    assert "`0101` is not a subject" in li.record("visits", subject="0101", visit="rcp/D182", date="2025-07-08")
    assert "0101`?" not in li.record("visits", subject="101", visit="rcp/D182", date="2025-07-08"), "nor proposed"
    assert li.correct(4, date="2025-07-08").startswith("error: there is no number 4\n")
    assert fang.correct(1, "moved", site="02").startswith("error: the account `wang.fang` is not of site `02`")
    assert "site 01 -> 02" in Desk(fang.book.register, MANAGER).correct(1, "moved", site="02")
    assert fang.correct(4, date="2025-07-08").startswith("error: there is no number 4\n")
    assert "date 2025-07-07 -> 2025-07-08" in li.correct(4, date="2025-07-08")


def test_arms_are_written_into_their_own_store_and_no_message_shows_one(fang: Desk) -> None:
    zhao = Desk(fang.book.register, UNBLINDED)
    wrong = zhao.record("allocation", subject="0101", arm="plaecbo")
    assert "an arm that the study does not have" in wrong
    assert "plaecbo" not in wrong
    assert "(number arms:1)" in zhao.record("allocation", subject="0101", arm="placebo")
    twice = zhao.record("allocation", subject="0101", arm="bat4406f")
    assert "subject `0101` has two rows" in twice
    assert "arm=…" in twice
    assert "(number arms:2, replaces arms:1)" in zhao.correct("arms:1", arm="bat4406f")
    assert fang.correct("arms:2", arm="placebo").startswith("error: there is no number arms:2\n")
    assert fang.book.register.facts.head().seq == 5


# --- who was first -------------------------------------------------------------------------------------------------------


def test_who_was_first_is_named_and_the_second_writes_nothing(fang: Desk) -> None:
    mine = changes.correct(fang.book, "4", {"date": "2025-07-08"}, "7 typed for 8")
    other = changes.record(fang.book, "events", {"subject": "0101", "event": "relapse", "date": "2025-07-07"})
    Desk(fang.book.register, MANAGER).correct(4, "I saw it first", date="2025-07-09")
    for late in (mine, other):
        with pytest.raises(Conflict, match="he was first: number 6"):
            late.write(fang.book.who, NOW, ZONE)


def test_two_who_take_one_code_at_once_do_not_both_get_it(fang: Desk) -> None:
    mine = changes.correct(fang.book, "1", {"subject": "0105"}, "code of another list")
    assert "(number 6)" in fang.record("subjects", subject="0105", site="01", start="2025-03-03")
    with pytest.raises(Exception, match="there is a subject `0105` already, number 6"):
        mine.write(fang.book.who, NOW, ZONE)


# --- far away ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["受试者-01", "É-01", "0101 ", "a'b\"c", "=1+1", "<b>x</b>"])
def test_codes_of_all_kinds_are_found_again(nothing: Register, code: str) -> None:
    desk = Desk(nothing, role("coordinator"))
    assert "(number 1)" in desk.record("subjects", subject=code, site="北京 一院", start="2025-01-06")
    assert "(number 2)" in desk.record("visits", subject=code, visit="rcp/D1", date="2025-01-06", comment="一、二；<script>")
    assert "(number 3, replaces 2)" in desk.correct(2, "错字", comment="三")


@pytest.mark.parametrize("at", [dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 12, 31, 23, 59, tzinfo=dt.UTC)])
def test_a_clock_that_is_wrong_loses_nothing(fang: Desk, at: dt.datetime) -> None:
    late = Desk(fang.book.register, at=at)
    assert f"{at.astimezone(dt.timezone(dt.timedelta(hours=8))):%Y-%m-%d %H:%M} Asia/Shanghai" in late.correct(4, date="2025-07-08")
    assert "(number 7, replaces 6)" in fang.correct(6, date="2025-07-09")
    assert book(fang.book.register).register.facts.verify() is None


def test_who_may_be_meant_is_shown_and_nobody_else(fang: Desk) -> None:
    fang.record("subjects", subject="0102", site="01", start="2025-02-03")
    said = fang.record("visits", subject="101", visit="rcp/D182", date="2025-07-08")
    assert "1 | subject=0101\n  | ^^^^^^^^^^^^ this one\n" in said
    assert "0102" not in said


def test_the_year_of_a_day_1_is_asked_about_once_more(fang: Desk) -> None:
    for start, asked in (("0205-01-06", True), ("1989-12-31", True), ("1990-01-01", False), ("2027-12-31", False), ("2028-01-01", True)):
        said = fang.record("subjects", subject=f"9{start}", start=start, site="01")
        assert ("or more than 2 years ahead" in said) == asked, start


@pytest.mark.parametrize(("table", "cells", "words"), [
    ("visits", {"visit": "rcp/D182", "date": "2025-07-09", "status": "done"},
     "2025-07-09 Wed is ahead, as of 2025-07-08 Tue: until that day the visit is an appointment, not done"),
    ("events", {"event": "withdrawn", "date": "2025-07-09"}, "2025-07-09 Wed is ahead, as of 2025-07-08 Tue"),
    ("weighings", {"date": "2025-07-09", "weight_kg": "60"}, "2025-07-09 Wed is ahead, as of 2025-07-08 Tue"),
    ("visits", {"visit": "rcp/D182", "date": "2024-07-07", "status": "done"}, "`rcp/D182`: "),
])  # fmt: skip
def test_what_cannot_have_happened_is_asked_once_more(fang: Desk, table: str, cells: dict[str, str], words: str) -> None:
    assert f"error: {words}" in fang.record(table, subject="0101", **cells)
    assert "(number " in fang.record(table, "it is so", subject="0101", **cells)


@pytest.mark.parametrize(("table", "cells"), [
    ("visits", {"visit": "rcp/D182", "date": "2025-07-09", "status": "booked"}),
    ("visits", {"visit": "rcp/D182", "date": "2025-07-08", "status": "done"}),
    ("weighings", {"date": "2025-07-08", "weight_kg": "61"}),
])  # fmt: skip
def test_today_and_appointments_are_not_ahead(fang: Desk, table: str, cells: dict[str, str]) -> None:
    assert "(number " in fang.record(table, subject="0101", **cells)


@pytest.mark.parametrize(
    ("day", "inside"), [("2025-07-08", True), ("2025-07-21", True), ("2025-07-22", False)]
)  # 14 days from the end of the RCP
def test_an_appointment_outside_its_window_needs_a_reason(fang: Desk, day: str, inside: bool) -> None:
    fang.record("subjects", subject="0102", site="01", start="2024-07-08")
    fang.record("events", subject="0102", event="rcp_completed", date="2025-07-07")
    booking = {"subject": "0102", "visit": "olp/D1", "date": day, "status": "booked"}
    said = fang.record("visits", **booking)
    assert ("(number 8)" in said) == inside, said
    if not inside:
        assert said.startswith("error: `olp/D1`: booked for 2025-07-22 Tue: 1 day after the last day, 2025-07-21 Mon")
        assert "(number 8)" in fang.record("visits", "abroad until then", **booking)
