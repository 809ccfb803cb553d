"""Repeats that count from the actual dose before them, and what a gap between two doses does, at the day and a day beyond."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from nmosd_dosing import Plan, RegimenError, Subject, plan
from nmosd_dosing.cli.edge import text_of
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.report.pages.plan import explain_page
from nmosd_dosing.subjects.subject import Record

START = dt.date(2025, 1, 6)
HEAD = "language: 1\nstudy: s\ntitle: t\nsource: not stated\ndays: from 1\nproducts: {X: {}}\nperiods:\n  main:\n"
VISITS = "    visits:\n      - at: D1, D15, D29, then every 4 weeks until D141\n        give: X 100 mg\n"
FOLLOWS = VISITS + "        counted from: previous dose\n"
RULES = '    if gap:\n      - {of: more than 12 weeks, then: hold}\n      - {of: ">8 to 12 weeks", then: restart}\n'


def made(text: str, *records: tuple[Any, ...], **options: Any) -> Plan:
    study, _ = read_study_text(HEAD + text)
    return plan(study, Subject(START, records=tuple(Record(*r) for r in records)), **options)


def targets(found: Plan) -> dict[str, str]:
    return {v.label: f"{v.actual or v.target} {v.status}" for v in found.visits}


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def test_without_a_record_both_ways_of_counting_agree() -> None:
    assert targets(made(VISITS)) == targets(made(FOLLOWS))


def test_a_late_dose_moves_what_counts_from_it_and_nothing_else() -> None:
    late = ("D57", day("2025-03-10"))
    assert targets(made(VISITS, late))["D85"] == "2025-03-31 planned"
    followed = made(FOLLOWS, late)
    assert targets(followed) == {
        "D1": "2025-01-06 planned", "D15": "2025-01-20 planned", "D29": "2025-02-03 planned", "D57": "2025-03-10 done",
        "D85": "2025-04-07 planned", "D113": "2025-05-05 planned", "D141": "2025-06-02 planned",
    }  # fmt: skip
    assert followed.visits[-1].reason == "the dose of 2025-03-10 Mon, as recorded + 84 days"


def test_a_missed_dose_moves_nothing() -> None:
    found = targets(made(FOLLOWS, ("D29", day("2025-02-04")), ("D57", day("2025-03-04"), "missed")))
    assert (found["D57"], found["D85"]) == ("2025-03-04 missed", "2025-04-01 planned")


def test_months_are_counted_from_the_dose_and_clipped() -> None:
    text = "    visits:\n      - {at: 'D1, then every 6 months, 3 more times', give: X 100 mg, counted from: previous dose}\n"
    assert targets(made(text, ("D1+6mo", day("2025-08-31"))))["D1+12mo"] == "2026-02-28 planned"
    assert targets(made(text, ("D1+6mo", day("2025-08-31"))))["D1+18mo"] == "2026-08-31 planned"


@pytest.mark.parametrize(("given", "restarts"), [("2025-03-31", False), ("2025-04-01", True)])
def test_a_gap_restarts_on_the_day_after_its_length(given: str, restarts: bool) -> None:
    """D29 is on 2025-02-03; 8 weeks later is 2025-03-31."""
    found = made(RULES + VISITS, ("D57", day(given)))
    assert any("restart" in v.label for v in found.visits) == restarts
    if restarts:
        assert targets(found) == {
            "D1": "2025-01-06 planned", "D15": "2025-01-20 planned", "D29": "2025-02-03 planned", "D1 (restart)": "2025-04-01 done",
            "D15 (restart)": "2025-04-15 planned", "D29 (restart)": "2025-04-29 planned", "D57 (restart)": "2025-05-27 planned",
            "D85 (restart)": "2025-06-24 planned", "D113 (restart)": "2025-07-22 planned", "D141 (restart)": "2025-08-19 planned",
        }  # fmt: skip
        assert len({v.id for v in found.visits}) == len(found.visits)
        assert found.visits[-1].administrations[0].cumulative == 1000
        [note] = [n for n in found.notes if n.code == "restart"]
        assert (
            note.message == "main begins anew on 2025-04-01 Tue: >8 to 12 weeks from the dose of 2025-02-03 Mon to that of 2025-04-01 Tue"
        )


def test_missed_doses_make_a_gap_and_the_next_one_is_day_1() -> None:
    found = targets(made(RULES + VISITS, ("D57", day("2025-03-03"), "missed"), ("D85", day("2025-03-31"), "withheld")))
    assert found["D1 (restart)"] == "2025-04-28 planned"
    assert "D113" not in found and found["D85"] == "2025-03-31 withheld"


def test_a_second_gap_restarts_again() -> None:
    first = ("D57", day("2025-04-01"))
    found = targets(made(RULES + VISITS, first, ("D29 (restart)", day("2025-06-24")), ("D15 (restart)", day("2025-04-15"))))
    assert found["D1 (restart 2)"] == "2025-06-24 done"
    assert found["D15 (restart 2)"] == "2025-07-08 planned"
    assert "D57 (restart)" not in found


def test_a_longer_gap_waits_for_a_decision() -> None:
    records = [(f"D{n}", START + dt.timedelta(n - 1), "missed") for n in (57, 85, 113)]
    found = made(RULES + VISITS, *records)
    assert targets(found)["D141"] == "2025-05-26 pending"
    page = text_of(explain_page(found, (), found.visits[-1:], "p"))
    assert "pending: gap of more than 12 weeks between doses (hold)" in page


def test_a_gap_that_stops() -> None:
    rules = "    if gap: [{of: more than 8 weeks, then: stop}]\n"
    found = made(rules + VISITS, ("D57", day("2025-04-01")), cancelled=True)
    assert [v.label for v in found.visits if v.status == "cancelled"] == ["D85", "D113", "D141"]


def test_after_a_gap_that_stops_a_visit_may_stand_without_its_dose() -> None:
    visits = "    visits:\n      - {at: 'D1, D29, D57, D85', give: X 100 mg, assess: MRI}\n"
    text = "    if gap: [{of: more than 8 weeks, then: stop}]\n" + visits
    found = made(text, ("D29", day("2025-03-10"), "missed"), ("D57", day("2025-03-10")), ("D85", day("2025-04-01")))
    assert [len(v.administrations) for v in found.visits] == [1, 1, 1, 0]  # D57 is the dose that came too late; there are no more
    assert [v.status for v in found.visits] == ["planned", "missed", "done", "done"]


WRONG = {
    "a gap that the plan has": (
        "    if gap: [{of: more than 27 days, then: restart}]\n" + VISITS,
        "D29 and D57 are planned up to 28 days apart: a gap of more than 27 days is no gap",
    ),
    "two rules": (
        "    if gap: [{of: more than 8 weeks, then: hold}, {of: more than 56 days, then: stop}]\n" + VISITS,
        "the gaps `more than 8 weeks` and `more than 56 days` overlap",
    ),
    "a gap not stated": ("    if gap: [{of: not stated, then: hold}]\n" + VISITS, "expected a range of times, found `not stated`"),
    "an unknown word": (
        "    if gap: [{of: more than 8 weeks, then: begin}]\n" + VISITS,
        "expected what becomes of the period, found `begin`",
    ),
    "no repeat": (
        "    visits: [{at: D1, give: X 100 mg, counted from: previous dose}]\n",
        "`counted from: previous dose` is about a repeat, and there is none",
    ),
    "no dose": (
        "    visits: [{at: 'D1, then every 4 weeks until D57', assess: MRI, counted from: previous dose}]\n",
        "counted from the previous dose, and no dose is given here",
    ),
    "two ways on one day": (
        FOLLOWS + "      - {at: 'D29, then every 4 weeks until D141', assess: MRI}\n",
        "D57 counts from the previous dose in one place and from the first day in another",
    ),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_wrong_files(case: tuple[str, str]) -> None:
    with pytest.raises(RegimenError) as caught:
        read_study_text(HEAD + case[0])
    assert case[1] in [problem.message for problem in caught.value.problems]
