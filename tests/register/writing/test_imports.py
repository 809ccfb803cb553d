"""Which rows that tables bring are new, which correct one that holds, and which are there already."""

from __future__ import annotations

import pytest

from nmosd_dosing.errors import InputError
from nmosd_dosing.register.database.facts import Fact
from nmosd_dosing.register.database.store import Act, Conflict
from nmosd_dosing.register.writing.imports import Changes, Person, acts, changes, check_people
from tests.kit.written import Desk

ANNA = {"0101": Person(1, "01", "0101")}


def held(*rows: dict[str, str]) -> list[Fact]:
    return [Fact(10 + number, 1, "01", {"subject": "0101", **row}) for number, row in enumerate(rows)]


def brought(table: str, there: list[Fact], *rows: dict[str, str]) -> Changes:
    return changes(table, there, [{"subject": "0101", **row} for row in rows], ANNA)


def told(found: Changes) -> tuple[int, list[int], int, int]:
    return len(found.new), [fact.seq for fact, _ in found.corrected], found.same, found.others


def test_rows_are_the_same_by_their_keys_and_other_cells_correct_them() -> None:
    weights = held({"date": "2025-01-06", "weight_kg": "60"}, {"date": "2025-02-06", "weight_kg": "61"})
    found = brought("weighings", weights, {"date": "2025-01-06", "weight_kg": "60"}, {"date": "2025-02-06", "weight_kg": "62"})
    assert told(found) == (0, [11], 1, 0)
    assert told(brought("weighings", weights, {"date": "2025-03-06", "weight_kg": "62"})) == (1, [], 0, 2)
    events = held({"event": "relapse", "date": "2025-07-04"})
    assert told(brought("events", events, {"event": "relapse", "date": "2025-07-05"})) == (1, [], 0, 1), "another day is another event"
    past = held({"what": "rituximab", "from": "2023"})
    assert told(brought("history", past, {"what": "rituximab", "from": "2023-05"})) == (1, [], 0, 1), "the row itself is the key"


def test_a_visit_that_stands_once_may_have_another_day_and_one_of_several_is_told_by_its_day() -> None:
    once = held({"visit": "D182", "date": "2025-07-07", "status": "booked"})
    assert told(brought("visits", once, {"visit": "D182", "date": "2025-07-08", "status": "done"})) == (0, [10], 0, 0)
    twice = held({"visit": "D182", "date": "2025-07-07"}, {"visit": "D182", "date": "2025-07-09"})
    found = brought("visits", twice, {"visit": "D182", "date": "2025-07-09", "batch": "B1"}, {"visit": "D182", "date": "2025-07-11"})
    assert told(found) == (1, [11], 0, 1)
    samples = held({"visit": "D1", "date": "2025-01-06", "assessment": "PK", "time_point": "1 h"})
    other = {"visit": "D1", "date": "2025-01-06", "assessment": "PK", "time_point": "2 h"}
    assert told(brought("visits", samples, other)) == (1, [], 0, 1)


def test_what_cannot_be_told_is_refused_with_the_numbers() -> None:
    twice = held({"visit": "D182", "date": "2025-07-07", "batch": "B1"}, {"visit": "D182", "date": "2025-07-07", "batch": "B2"})
    same = {"visit": "D182", "date": "2025-07-07", "batch": "B2"}
    assert told(brought("visits", twice, same)) == (0, [], 1, 1)
    with pytest.raises(InputError, match="which of 10, 11 it corrects is not told"):
        brought("visits", twice, {"visit": "D182", "date": "2025-07-07", "batch": "B3"})


def test_a_column_of_which_a_table_says_nothing_leaves_what_is_there() -> None:
    there = held({"visit": "D182", "date": "2025-07-07", "comment": "came late"})
    assert told(brought("visits", there, {"visit": "D182", "date": "2025-07-07"})) == (0, [], 1, 0)
    found = brought("visits", there, {"visit": "D182", "date": "2025-07-08"})
    assert found.corrected[0].cells == {"visit": "D182", "date": "2025-07-08", "comment": "came late"}
    spoken = brought("visits", there, {"visit": "D182", "date": "2025-07-07"}, {"visit": "D1", "date": "2025-01-06", "comment": "first"})
    assert spoken.corrected[0].cells == {"visit": "D182", "date": "2025-07-07"}, "the table has comments, and none of this visit"


def test_rows_become_acts_of_who_is_there_and_of_who_comes_with_them() -> None:
    found = changes("subjects", held({"start": "2025-01-06"}), [{"subject": "0102", "start": "2025-02-03", "site": "02"}], ANNA)
    assert acts(found, ANNA, {"0101": "01", "0102": "02"}, None) == [
        Act("enter", "subjects", {"subject": "0102", "start": "2025-02-03", "site": "02"}, newcomer="0102", site="02")
    ]
    corrected = brought("subjects", held({"start": "2025-01-06"}), {"start": "2025-01-07"})
    assert acts(corrected, ANNA, {"0101": "01"}, "6 typed for 7") == [
        Act("correct", "subjects", {"subject": "0101", "start": "2025-01-07"}, "6 typed for 7", person=1, site="01", replaces=10)
    ]


def test_arms_of_a_subject_who_was_changed_meanwhile_are_not_written(fang: Desk) -> None:
    """They stand in another store than the subject's own row, which is looked at once more."""
    store = fang.book.register.facts
    seen, arms = store.head().seq, [Act("enter", "allocation", {"subject": "0101", "arm": "placebo"}, person=1)]
    assert "entered" in fang.record("weighings", subject="0101", date="2025-07-08", weight_kg="61")
    check_people(store, arms, seen)
    assert "corrected" in fang.correct(1, weight_kg="61")
    with pytest.raises(Conflict, match="somebody was first: number 7 is of a subject of whom this is, too"):
        check_people(store, arms, seen)
