"""Until when visits of a period keep a subject from the next one. Days are those of January 2025."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

from nmosd_dosing.days import NO_DATE
from nmosd_dosing.errors import Problems
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.study.visit_names import Names
from nmosd_dosing.study.visits import lay_out
from nmosd_dosing.subjects.before_entry import Before, Taken, before_entries, dosed_through, gives_on
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.subject import Record, Subject
from nmosd_dosing.subjects.visit_records import match
from tests.kit.worked import HEAD, visits


def days(*of: int | None) -> Any:
    return np.array([NO_DATE if day is None else np.datetime64("2025-01-01") + (day - 1) for day in of], dtype="datetime64[D]")


def one(day: int | None) -> Any:
    return days(day)


@pytest.mark.parametrize(("last", "free", "latest", "shares", "leaves"), [
    (10, 11, 10, True, 10), (10, 11, 10, False, 11), (10, 11, 9, True, 11), (10, 11, 11, True, 11), (10, 10, 10, True, 10),
    (10, 11, None, True, 11), (None, None, 10, True, None), (10, 12, 11, True, 10),
])  # fmt: skip
def test_a_dose_leaves_its_own_day_only_where_the_days_of_entry_end_with_it(
    last: int | None, free: int | None, latest: int | None, shares: bool, leaves: int | None
) -> None:
    assert Taken(one(last), one(free)).leave(one(latest), np.array([shares])).tolist() == one(leaves).tolist()


def test_the_last_days_of_visits_and_the_first_that_they_leave() -> None:
    found = Taken.of(3, np.array([0, 0, 1]), days(10, 12, 10), np.array([True, False, True]))
    assert (found.last.tolist(), found.free.tolist()) == (days(12, 10, None).tolist(), days(12, 11, None).tolist())


LINES = (
    "at: D1, give: X 1 mg", "at: D8 to D12, give: X 1 mg daily", "at: D16, assess: MRI", "at: D20, arms: b, give: X 1 mg",
    "at: relapse, give: X 1 mg", "at: not stated, name: Prep, give: X 1 mg",
)  # fmt: skip


def before(*lines: str, period: str = "", **recorded: Any) -> Before:
    own = read_study_text(HEAD + "arms: [a, b]\n" + visits(*lines, period=period))[0].periods[0]
    return Before(own, lay_out(own, 0, Problems()), **recorded)


def cohort(arm: str | None = "b", start: int = 1) -> Cohort:
    return Cohort.of_subject(Subject(dt.date(2025, 1, start), arm=arm), ["a", "b"])


@pytest.mark.parametrize(("day", "last_dose", "arm", "through"), [
    (1, None, "b", 1), (2, None, "b", None), (7, None, "b", None), (8, None, "b", 12), (10, None, "b", 12), (12, None, "b", 12),
    (13, None, "b", None),
    (10, 10, "b", 10), (10, 11, "b", 11), (10, 9, "b", None), (16, None, "b", None), (20, None, "b", 20), (20, None, "a", None),
    (20, None, None, 20),
    (8, 20, "a", 12), (21, None, "b", None), (None, None, "b", None),
])  # fmt: skip
def test_through_which_day_doses_go_on_that_are_planned_for_a_day(
    day: int | None, last_dose: int | None, arm: str | None, through: int | None
) -> None:
    found = dosed_through(before(*LINES), cohort(arm), one(1), one(day), one(last_dose))
    assert (None if found is None or np.isnat(found[0]) else found[0].item().day) == through


def test_what_is_recorded_or_booked_keeps_nobody_as_planned() -> None:
    laid = before(*LINES)
    written = np.array([[visit.label == "D8 to D12"] for visit in laid.visits])
    for kept, through in ((written, None), (~written, 12)):
        found = dosed_through(before(*LINES, written=kept), cohort(), one(1), one(10), one(None))
        assert (None if found is None or np.isnat(found[0]) else found[0].item().day) == through


def test_what_follows_another_visit_is_planned_from_its_actual_day() -> None:
    lines = ("at: 'D1, then every 7 days, 2 more times', counted from: previous dose, give: X 1 mg",)
    actual = np.array([[np.datetime64("2025-01-03")], [NO_DATE], [NO_DATE]])
    moved = before(*lines, written=np.array([[True], [False], [False]]), actual=actual, given=actual)
    for day, through in ((8, None), (10, 10), (15, None), (17, 17)):
        found = dosed_through(moved, cohort(), one(1), one(day), one(None))
        assert (None if found is None or np.isnat(found[0]) else found[0].item().day) == through
    not_given = before(*lines, written=np.array([[True], [False], [False]]), actual=actual, given=np.full((3, 1), NO_DATE))
    found = dosed_through(not_given, cohort(), one(1), one(8), one(None))
    assert found is not None and found.tolist() == one(8).tolist(), "a dose that was not given moves none"


@pytest.mark.parametrize(("lines", "arm", "gives"), [
    (("at: D1, give: X 1 mg",), "a", True), (("at: D2, give: X 1 mg",), "a", False),
    (("at: D1, assess: MRI", "at: D8, give: X 1 mg"), "a", False),
    (("at: D1, arms: b, give: X 1 mg",), "a", False), (("at: D1, arms: b, give: X 1 mg",), "b", True),
    (("at: D1, arms: b, give: X 1 mg",), None, True),
    (("at: D1, give: {a: X 1 mg, b: nothing}",), "b", False), (("at: D1, give: {a: X 1 mg, b: nothing}",), "a", True),
    (("at: D-2 to D1, give: X 1 mg daily",), "a", True), (("at: D-3 to D-1, give: X 1 mg daily",), "a", False),
    (("at: D-1, give: X 1 mg",), "a", False),
    (("at: relapse, give: X 1 mg", "at: D8, give: X 1 mg"), "a", False),
])  # fmt: skip
def test_whether_a_period_gives_something_on_the_day_on_which_it_begins(lines: tuple[str, ...], arm: str | None, gives: bool) -> None:
    assert gives_on(before(*lines), cohort(arm), one(10)).tolist() == [gives]


@pytest.mark.parametrize(("day", "gives"), [(8, True), (9, False), (7, False), (29, True)])
def test_of_a_period_that_goes_on_counting_the_days_are_those_of_the_study(day: int, gives: bool) -> None:
    goes_on = before("at: 'D8, D29', give: X 1 mg")
    own = read_study_text(HEAD + "products: {X: {}}\nperiods:\n  o: {length: 4 weeks, visits: [{at: D1, give: X 1 mg}]}\n"
                          "  p: {counted from: first day of the study, visits: [{at: 'D8, D29', give: X 1 mg}]}\n"
                          "transitions: [{id: on, from: o, to: p, after: relapse, within: 14 days}]\n")[0].periods[1]  # fmt: skip
    assert gives_on(Before(own, goes_on.visits), cohort("a"), one(day)).tolist() == [gives]


TWO_PERIODS = """products: {X: {}}
periods:
  p:
    length: 28 days
    visits:
      - {at: D1, give: X 1 mg}
      - {at: D8 to D12, give: X 1 mg daily}
      - {at: D16, give: X 1 mg, assess: MRI}
      - {at: D18, assess: EDSS}
      - {at: D22 to D24, assess: MRI}
      - {at: relapse, give: X 1 mg}
  q: {visits: [{at: D1, give: X 1 mg}]}
transitions: [{id: on, from: p, to: q, after: end of p, within: 14 days}]
"""
TAKEN: list[tuple[dict[str, Any], str, int, int]] = [  # a record; if it counts, as what; the last day that it takes, the first it leaves
    ({"visit": "p/D1", "date": 1}, "recorded", 1, 2), ({"visit": "p/D1", "date": 1, "status": "booked"}, "booked", 1, 2),
    ({"visit": "p/D8 to D12", "date": 9}, "recorded", 13, 14), ({"visit": "p/D8 to D12", "date": 9, "last": 10}, "recorded", 10, 11),
    ({"visit": "p/D8 to D12", "date": 9, "status": "booked"}, "booked", 13, 14),
    ({"visit": "p/D16", "date": 16}, "recorded", 16, 16), ({"visit": "p/D16", "date": 16, "product": "X"}, "recorded", 16, 17),
    ({"visit": "p/D16", "date": 16, "amount": 1, "unit": "mg"}, "recorded", 16, 17), ({"visit": "p/D18", "date": 18}, "recorded", 18, 18),
    ({"visit": "p/D18", "date": 18, "product": "X"}, "recorded", 18, 18), ({"visit": "p/D22 to D24", "date": 22}, "recorded", 24, 24),
    ({"visit": "p/D1", "date": 1, "status": "missed"}, "", 0, 0), ({"visit": "p/relapse", "date": 5}, "", 0, 0),
    ({"visit": "q/D1", "date": 5}, "", 0, 0),
]  # fmt: skip


@pytest.mark.parametrize(("given", "kind", "last", "free"), TAKEN)
def test_until_which_day_a_record_takes_a_period(given: dict[str, Any], kind: str, last: int, free: int) -> None:
    """What hangs on an event keeps nobody; of a visit at which something is examined, too, it must be said that a dose was given."""
    made = read_study_text(HEAD + TWO_PERIODS)[0]
    by_period = [lay_out(period, 0, Problems()) for period in made.periods]
    on: dict[str, Any] = {name: dt.date(2025, 1, given[name]) for name in ("date", "last") if name in given}
    subject = Subject(dt.date(2025, 1, 1), records=(Record(**(given | on)),))
    people = Cohort.of_subject(subject, ())
    names = Names([v for mine in by_period for v in mine], [p.id for p, mine in zip(made.periods, by_period, strict=True) for _ in mine])
    own, _ = before_entries(people, made.periods, by_period, match(names, people, {}))
    assert own.recorded is not None and own.booked is not None
    found = {
        name: (taken.last[0].item().day, taken.free[0].item().day)
        for name, taken in (("recorded", own.recorded), ("booked", own.booked(np.array([NO_DATE]))))
        if not np.isnat(taken.last[0])
    }
    assert found == ({kind: (last, free)} if kind else {})
