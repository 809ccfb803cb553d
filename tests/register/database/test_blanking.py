"""A text that should never have been written is taken out: it is nowhere any more, all else stays, and the chain holds."""

from __future__ import annotations

from pathlib import Path

from nmosd_dosing.register.database import facts
from nmosd_dosing.register.database.blanking import content
from nmosd_dosing.register.reading import verifying
from tests.kit.written import LI, MONITOR, Desk

NAME = "Zhang Wei, by telephone"


def cells(desk: Desk, known: int | None = None) -> list[dict[str, str]]:
    return [dict(fact.cells or {}) for fact in facts.holding(desk.book.register.facts, "visits", known=known)]


def test_a_text_goes_and_the_rest_of_its_row_stays_also_as_it_was_known(fang: Desk) -> None:
    assert fang.blank(4, "comment", "a patient's name").endswith(
        "took comment out of number 4, visit rcp/D182 of 0101; reason: a patient's name (number 6)"
    )
    row = {"subject": "0101", "visit": "rcp/D182", "date": "2025-07-07", "status": "done"}
    assert cells(fang)[-1] == cells(fang, 5)[-1] == row
    assert NAME not in str(list(fang.book.register.facts.entries()))
    assert verifying.verify(fang.book.register.facts).holds


def test_it_goes_from_all_rows_that_stood_in_the_same_place(fang: Desk) -> None:
    fang.correct(4, date="2025-07-08")
    fang.correct(6, date="2025-07-09", comment="seen")
    assert [line.split(": ", 1)[1] for line in fang.blank(6, "comment").splitlines()] == [
        "took comment out of number 4, visit rcp/D182 of 0101; reason: a name (number 8)",
        "took comment out of number 6, visit rcp/D182 of 0101; reason: a name (number 9)",
    ]
    assert cells(fang)[-1]["comment"] == "seen", "another text"
    assert NAME not in str(list(fang.book.register.facts.entries()))
    assert fang.withdraw(7).endswith("(number 10, replaces 7)")
    assert fang.blank(7, "comment").endswith("(number 11)"), "also once it does not hold"


def test_a_second_text_is_taken_out_of_what_remains(fang: Desk) -> None:
    fang.correct(4, "Zhang's wife called", date="2025-07-08", batch="Zhang")
    assert fang.blank(6, "batch").endswith("(number 7)")
    assert fang.blank(6, None).endswith("took the reason out of number 6, visit rcp/D182 of 0101; reason: a name (number 8)")
    assert fang.blank(6, "comment").splitlines()[-1].endswith("(number 10)")
    store = fang.book.register.facts
    assert content(store, 6) == ({"subject": "0101", "visit": "rcp/D182", "date": "2025-07-08", "status": "done"}, None)
    assert "Zhang" not in str(list(store.entries()))
    assert fang.blank(6, "batch").startswith("error: number 6 has no `batch`")
    assert fang.blank(6, None).startswith("error: number 6 has no reason")
    assert verifying.verify(store).holds


def test_what_a_row_needs_is_not_taken_out_and_a_code_once_it_is_corrected(fang: Desk) -> None:
    assert fang.blank(4, "date").startswith("error: no date")
    assert fang.blank(1, "subject").startswith("error: no subject's code")
    fang.correct(1, "a name for a code", subject="0109")
    assert len(fang.blank(1, "subject").splitlines()) == 4, "the subject's own row, and all that was written of the subject"
    store = fang.book.register.facts
    assert "0101" not in str([(entry["cells"], entry["reason"]) for entry in store.entries()])
    assert "(number 11, replaces 4)" in fang.correct(4, date="2025-07-08")
    assert verifying.verify(store).holds


def test_who_may_not_write_a_row_takes_nothing_out_of_it(fang: Desk) -> None:
    assert "may not write `visits`: it is a monitor" in Desk(fang.book.register, MONITOR).blank(4, "comment")
    assert Desk(fang.book.register, LI).blank(4, "comment").startswith("error: there is no number 4\n")


def test_nothing_of_it_is_left_in_the_file(fang: Desk) -> None:
    file = fang.book.register.address.file
    if file is None:
        return  # a server keeps old rows until it cleans up: the page says so
    beside = [file, *(Path(f"{file}{end}") for end in ("-wal", "-shm"))]
    assert any(NAME.encode() in path.read_bytes() for path in beside if path.exists())
    fang.blank(4, "comment")
    assert not any(NAME.encode() in path.read_bytes() for path in beside if path.exists())
