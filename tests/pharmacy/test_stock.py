"""Vials of a site: on hand, short, and what does not fit together."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.pharmacy.stock import MOVEMENTS, Line, Lot, Movement, lots, refusals, short, sign, unmatched
from nmosd_dosing.pharmacy.worklist import prepare
from nmosd_dosing.plans.request import Request
from nmosd_dosing.study.model import Study
from nmosd_dosing.subjects.subject import Record, Subject

D = dt.date
RECEIVED = Line(D(2025, 1, 2), "received", "X", "100 mg", "A1", 10, expiry=D(2025, 6, 30))


def line(day: D, movement: Movement, quantity: int, **more: object) -> Line:
    """A movement of the batch A1."""
    return replace(RECEIVED, date=day, movement=movement, quantity=quantity, **more)


@pytest.mark.parametrize(("moved", "on_hand"), [
    ([], 10),
    ([("dispensed", 3)], 7),
    ([("dispensed", 3), ("destroyed", 1), ("lost", 1)], 5),
    ([("returned", 10)], 0),
    ([("found", 2)], 12),
    ([("counted", 9)], 10),
])  # fmt: skip
def test_what_is_on_hand(moved: list[tuple[Movement, int]], on_hand: int) -> None:
    (lot,) = lots([RECEIVED, *(line(D(2025, 2, 3), movement, n) for movement, n in moved)])
    assert lot.on_hand == on_hand


def test_a_count_says_how_many_are_off_on_its_day() -> None:
    made = [RECEIVED, line(D(2025, 2, 3), "dispensed", 3), line(D(2025, 2, 3), "counted", 6), line(D(2025, 3, 3), "dispensed", 1)]
    (lot,) = lots(replace(one, number=i) for i, one in enumerate(made))
    assert (lot.counted_on, lot.off, lot.on_hand) == (D(2025, 2, 3), -1, 6)


@pytest.mark.parametrize(("numbers", "off"), [((2, 3, 4), -1), ((3, 2, 4), -4), ((4, 3, 2), -5), ((2, 4, 3), -2)])
def test_the_difference_of_a_count_is_that_when_it_was_written(numbers: tuple[int, int, int], off: int) -> None:
    day = D(2025, 2, 3)
    moved: list[tuple[Movement, int]] = [("dispensed", 3), ("counted", 6), ("received", 1)]
    made = [line(day, movement, n, number=number) for (movement, n), number in zip(moved, numbers, strict=True)]
    (lot,) = lots([RECEIVED, *made])
    assert (lot.off, lot.on_hand) == (off, 8)


@pytest.mark.parametrize(("before", "typed", "said"), [
    ([RECEIVED, line(D(2025, 2, 3), "dispensed", 9)], line(D(2025, 2, 3), "dispensed", 2),
     "2 vials are to be dispensed, and there is 1 on 2025-02-03 Mon"),
    ([RECEIVED, line(D(2025, 2, 3), "dispensed", 9)], line(D(2025, 2, 3), "dispensed", 1), None),
    ([RECEIVED, line(D(2025, 2, 3), "dispensed", 10)], line(D(2025, 2, 2), "lost", 1),
     "1 vial is to be lost, and there are 0 on 2025-02-02 Sun"),
    ([RECEIVED, line(D(2025, 2, 3), "dispensed", 8), line(D(2025, 2, 4), "found", 5)], line(D(2025, 2, 3), "destroyed", 3),
     "3 vials are to be destroyed, and there are 2 on 2025-02-03 Mon"),
    ([RECEIVED], line(D(2025, 1, 1), "dispensed", 1), "1 vial is to be dispensed, and there are 0 on 2025-01-01 Wed"),
])  # fmt: skip
def test_of_a_new_line_it_is_said_what_it_takes_and_what_there_is(before: list[Line], typed: Line, said: str | None) -> None:
    assert list(refusals([*before, typed], typed)) == ([f"batch A1 of X 100 mg: {said}"] if said is not None else [])


@pytest.mark.parametrize(("lines", "said"), [
    ([RECEIVED, line(D(2025, 6, 30), "dispensed", 10)], []),
    ([RECEIVED, line(D(2025, 7, 1), "dispensed", 1)],
     ["batch A1 of X 100 mg is dispensed on 2025-07-01 Tue, and expires on 2025-06-30 Mon"]),
    ([RECEIVED, line(D(2025, 2, 3), "lost", 11)], ["batch A1 of X 100 mg: 11 vials lost on 2025-02-03 Mon, and there were 10"]),
    ([line(D(2025, 1, 1), "dispensed", 1), RECEIVED], ["batch A1 of X 100 mg: 1 vial dispensed on 2025-01-01 Wed, and there were 0"]),
    ([line(D(2025, 1, 2), "dispensed", 10), RECEIVED], []),
    ([RECEIVED, line(D(2025, 2, 3), "received", 1, expiry=D(2025, 7, 31))],
     ["batch A1 of X 100 mg expires on 2025-06-30 Mon by one line, and on 2025-07-31 Thu by another"]),
    ([RECEIVED, line(D(2025, 2, 3), "received", 1, expiry=None)], []),
])  # fmt: skip
def test_what_cannot_be_is_refused(lines: list[Line], said: list[str]) -> None:
    assert list(refusals(lines)) == said


STUDY = """
language: 1
study: stock
title: vials
source: not stated
days: from 1
products:
  X:
    route: IV infusion
    vials: [100 mg]
    doses:
      all: 200 mg
periods:
  p:
    visits:
      - at: [D1, D15, D29]
        give: X all
"""


@pytest.fixture(scope="module")
def study() -> Study:
    return read_study_text(STUDY, "stock.yaml")[0]


def lot(batch: str, number: int, expiry: D | None) -> Lot:
    """So many vials of a batch."""
    return Lot("01", "X", "100 mg", batch, expiry, {"received": number})


@pytest.mark.parametrize(("stock", "found"), [
    ([lot("A", 6, None)], []),
    ([lot("A", 5, None)], [(D(2025, 2, 3), 6, 5)]),
    ([lot("A", 6, D(2025, 2, 3))], []),
    ([lot("A", 6, D(2025, 2, 2))], [(D(2025, 2, 3), 6, 4)]),
    ([lot("A", 2, D(2025, 1, 6)), lot("B", 4, None)], []),
    ([lot("A", 4, None), lot("B", 2, D(2025, 1, 20))], []),
    ([], [(D(2025, 1, 6), 6, 0)]),
])  # fmt: skip
def test_what_is_short_for_the_planned_doses(study: Study, stock: list[Lot], found: list[tuple[D, int, int]]) -> None:
    plans = Request(study, subjects=(Subject(D(2025, 1, 6), "0101", site="01"),)).plans()
    worklist = prepare(study, list(plans), D(2025, 1, 6), D(2025, 3, 1))
    assert [(one.first, one.needed, one.covered) for one in short([worklist], stock)] == found


def test_two_versions_of_a_study_take_of_the_same_vials(study: Study) -> None:
    plans = list(Request(study, subjects=(Subject(D(2025, 1, 6), "0101", site="01"),)).plans())
    worklists = [prepare(study, plans, D(2025, 1, 6), D(2025, 3, 1))] * 2
    (one,) = short(worklists, [lot("A", 6, None)])
    assert (one.first, one.needed, one.covered) == (D(2025, 1, 20), 12, 6)


@pytest.mark.parametrize(("dispensed", "found"), [
    ([], [(D(2025, 2, 3), 6, 4)]),
    ([("p/D1", 1)], [(D(2025, 2, 3), 6, 5)]),
    ([("p/D1", 2)], []),
    ([("p/D29", 2)], []),
    ([("p/D1", 3)], []),
    ([("p/D1", 2), ("p/D29", 2)], []),
    ([("p/D99", 2)], [(D(2025, 2, 3), 6, 4)]),
])  # fmt: skip
def test_what_was_dispensed_for_a_visit_covers_it(study: Study, dispensed: list[tuple[str, int]], found: list[tuple[D, int, int]]) -> None:
    plans = Request(study, subjects=(Subject(D(2025, 1, 6), "0101", site="01"),)).plans()
    worklist = prepare(study, list(plans), D(2025, 1, 6), D(2025, 3, 1))
    lines = [line(D(2025, 1, 5), "dispensed", n, subject="0101", visit=visit, site="01") for visit, n in dispensed]
    assert [(one.first, one.needed, one.covered) for one in short([worklist], [lot("A", 4, None)], lines)] == found


@pytest.mark.parametrize(("there", "dispensed", "lacks"), [(2, 0, 2), (3, 0, 1), (4, 0, 0), (2, 1, 1), (2, 2, 0), (0, 0, 2)])
def test_who_may_come_after_the_planned_day_takes_what_is_left(there: int, dispensed: int, lacks: int) -> None:
    study = read_study_text(
        STUDY.replace("[D1, D15, D29]", "[D1, D15]").replace("give: X all", "give: X all\n        window: ±3 days"), "s.yaml"
    )[0]
    plans = list(Request(study, subjects=(Subject(D(2025, 1, 6), "0101", site="01"),)).plans())
    worklist = prepare(study, plans, D(2025, 1, 21), D(2025, 3, 1)), prepare(study, plans, D(2025, 1, 1), D(2025, 1, 19))
    lines = [line(D(2025, 1, 20), "dispensed", n, subject="0101", visit="p/D15", site="01") for n in [dispensed] if n]
    found = short(worklist, [lot("A", there, None)], lines)
    late = [(one.subject, one.visit, one.until, one.vials) for some in found for one in some.may_come]
    assert late == ([("0101", "p/D15", D(2025, 1, 23), lacks)] if lacks else [])
    assert [(one.first, one.missing) for one in found] == ([(D(2025, 1, 6), 2)] if not there else [(None, 0)] if lacks else [])


@given(st.lists(st.tuples(st.sampled_from(MOVEMENTS), st.integers(1, 9), st.integers(0, 40)), max_size=12))
def test_what_is_on_hand_is_what_came_less_what_went(moved: list[tuple[Movement, int, int]]) -> None:
    made = [line(D(2025, 1, 2) + dt.timedelta(day), movement, n, number=i) for i, (movement, n, day) in enumerate(moved)]
    assert sum(found.on_hand for found in lots(made)) == sum(sign(movement) * n for movement, n, _ in moved)
    assert lots(made) == lots(made[::-1])


def test_recorded_doses_and_dispensed_vials_are_compared(study: Study) -> None:
    records = (Record("D1", D(2025, 1, 6)), Record("D15", D(2025, 1, 20)))
    plans = list(Request(study, subjects=(Subject(D(2025, 1, 6), "0101", site="01", records=records),)).plans())
    lines = [
        line(D(2025, 1, 6), "dispensed", 2, subject="0101", visit="p/D1", site="01"),
        line(D(2025, 2, 3), "dispensed", 2, subject="0101", visit="p/D29"),
    ]  # fmt: skip
    found = [(one.visit, one.date, one.what) for one in unmatched(lines, plans, D(2025, 2, 4))]
    assert found == [("p/D15", D(2025, 1, 20), "nothing-dispensed"), ("p/D29", D(2025, 2, 3), "no-dose")]
    later = [line(D(2025, 1, 21), "received", 2, site="01")]
    assert unmatched(later, plans, D(2025, 2, 4)) == (), "what was given before a site's first line is not asked about"


@pytest.mark.parametrize(("dispensed", "said"), [
    ([2], None), ([1, 1], None), ([3], (3, 2)), ([2, 1], (3, 2)), ([2, 2], (4, 2)),
])  # fmt: skip
def test_more_vials_than_a_dose_takes_are_named(study: Study, dispensed: list[int], said: tuple[int, int] | None) -> None:
    records = (Record("D1", D(2025, 1, 6)),)
    plans = list(Request(study, subjects=(Subject(D(2025, 1, 6), "0101", site="01", records=records),)).plans())
    lines = [
        line(D(2025, 1, 6) + dt.timedelta(i), "dispensed", n, subject="0101", visit="p/D1", site="01") for i, n in enumerate(dispensed)
    ]
    found = [(one.what, one.vials, one.needed, one.date) for one in unmatched(lines, plans, D(2025, 2, 4))]
    assert found == ([("too-many", *said, lines[-1].date)] if said is not None else [])


def test_what_was_dispensed_at_another_site_counts_for_a_subject_who_has_moved(study: Study) -> None:
    records = (Record("D1", D(2025, 1, 6)),)
    plans = list(Request(study, subjects=(Subject(D(2025, 1, 6), "0101", site="02", records=records),)).plans())
    lines = [line(D(2025, 1, 2), "received", 9, site="02")]
    there = line(D(2025, 1, 6), "dispensed", 2, subject="0101", visit="p/D1", site="01", moved=True)
    assert [one.what for one in unmatched(lines, plans, D(2025, 2, 4), [])] == ["nothing-dispensed"]
    assert unmatched(lines, plans, D(2025, 2, 4), [there]) == ()


@pytest.mark.parametrize(("visit", "booked", "today", "named"), [
    ("p/D29", None, D(2025, 2, 3), False),  # planned for that day
    ("p/D29", None, D(2025, 2, 4), True),
    ("p/D29", D(2025, 2, 5), D(2025, 2, 5), False),
    ("p/D29", D(2025, 2, 5), D(2025, 2, 6), True),
    ("p/D99", None, D(2025, 1, 30), False),  # of no plan: the day of dispensing
    ("p/D99", None, D(2025, 1, 31), True),
])  # fmt: skip
def test_a_dose_is_missed_once_the_day_of_its_visit_is_past(study: Study, visit: str, booked: D | None, today: D, named: bool) -> None:
    records = (Record("D29", booked, "booked"),) if booked is not None else ()
    plans = list(Request(study, subjects=(Subject(D(2025, 1, 6), "0101", site="01", records=records),)).plans())
    lines = [line(D(2025, 1, 30), "dispensed", 2, subject="0101", visit=visit, site="01")]
    assert [one.what for one in unmatched(lines, plans, today)] == (["no-dose"] if named else [])
