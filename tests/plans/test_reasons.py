"""Why a visit may be on the days on which it may: for each kind of window, and whatever takes days away or changes them."""

from __future__ import annotations

import pytest

from nmosd_dosing import Entered, Record
from nmosd_dosing.errors import Document, Place
from nmosd_dosing.plans.reasons import record_text
from tests.kit.dates import day
from tests.kit.somebody import made, visit

STUDY = """products:
  X: {{minimum gap: 25 days}}
  Y: {{doses: {{held: {{amount: 1 mg, hold: {{from: seizure, until: resumed}}}}}}}}
events: {{seizure: seizure, resumed: through with it}}
periods:
  a: {{length: 57 days, visits: [{{at: D1, give: X 1 mg}}, {{at: {at}, give: {dose}}}, {{at: D50, assess: MRI}}]}}
  b: {{visits: [{{at: D1, give: X 1 mg}}]}}
transitions: [{{id: ended, from: a, to: b, after: end of a, within: 14 days}}]
"""
NONE, WEEK = "window: the source states none", "window ±7d: 2025-01-27 Mon to 2025-02-10 Mon, both included"
GAP = "minimum gap of X, 25 days, after a/D1, at the earliest on 2025-01-06 Mon: not before 2025-01-31 Fri"
LATER = "window or later: 2025-02-03 Mon or later"
# D29 is 2025-02-03.
DAYS: list[tuple[str, dict[str, str], list[str]]] = [
    ("D29", {}, [NONE, GAP]),
    ("D29", {"withdrawn": "02-05"}, [NONE, GAP]),
    ("D29 ±7d", {}, [WEEK, GAP, "left of it: 2025-01-31 Fri to 2025-02-10 Mon, both included"]),
    ("D29 ±7d", {"withdrawn": "02-05"}, [WEEK, GAP, "left of it: 2025-01-31 Fri to 2025-02-05 Wed, both included"]),
    ("D29 ±7d", {"treatment_stopped": "02-05"}, [WEEK, GAP, "left of it: 2025-01-31 Fri to 2025-02-05 Wed, both included"]),
    ("D29 ±7d", {"withdrawn": "02-10"}, [WEEK, GAP, "left of it: 2025-01-31 Fri to 2025-02-10 Mon, both included"]),
    ("D29 +5d", {}, ["window +5d: 2025-02-03 Mon to 2025-02-08 Sat, both included", GAP]),
    ("D29 or later", {}, [LATER, GAP]),
    ("D29 or later", {"withdrawn": "02-05"}, ["window or later: from 2025-02-03 Mon on; no last day is stated", GAP,
                                              "left of it: 2025-02-03 Mon to 2025-02-05 Wed, both included"]),
]  # fmt: skip


def days_of(label: str, at: str, *records: Record, dose: str = "X 1 mg", **events: str) -> list[str]:
    """The steps of a visit from its window on."""
    found = made(STUDY.format(at=at, dose=dose), *records, events=tuple((name, f"2025-{date}") for name, date in events.items()))
    steps = [step for step in visit(found, label).steps if not step.startswith("dose")]
    return steps[next(i for i, step in enumerate(steps) if step.startswith("window")) :]


@pytest.mark.parametrize(("at", "events", "steps"), DAYS)
def test_which_days_are_allowed_and_which_are_left(at: str, events: dict[str, str], steps: list[str]) -> None:
    assert days_of("D29", at, **events) == steps


ENDED = """products: {{X: {{minimum gap: {gap}, doses: {{r: {{amount: 1 mg, hold: {{from: held, until: resumed}}}}}}}}}}
events: {{held: held, resumed: resumed}}
periods:
  a: {{length: 57 days, visits: [{{at: D1, give: X r}}, {{at: D29, {what}}}]}}
  b: {{visits: [{{at: D1, give: X r}}]}}
transitions: [{{id: early, from: a, to: b, after: relapse, within: 28 days, needs: [relapse_confirmed]}}]
"""
DOSE, BOTH, CHECKED = "give: X r", "give: X r, assess: MRI", "assess: MRI"
STOPPED, LEFT = "cancelled: treatment_stopped on 2025-01-{} {}", "cancelled: withdrawn on 2025-01-{} {}"


@pytest.mark.parametrize(
    ("what", "events", "step"),
    [  # D29 is 2025-02-03
        (DOSE, "treatment_stopped 02-03", None),
        (DOSE, "treatment_stopped 02-02", "cancelled: treatment_stopped on 2025-02-02 Sun"),
        (BOTH, "treatment_stopped 02-02", None),
        (CHECKED, "treatment_stopped 02-02", None),
        (DOSE, "treatment_stopped 01-20, withdrawn 01-22", STOPPED.format("20", "Mon")),
        (BOTH, "treatment_stopped 01-20, withdrawn 01-22", LEFT.format("22", "Wed")),
        (CHECKED, "treatment_stopped 01-20, withdrawn 01-22", LEFT.format("22", "Wed")),
        (DOSE, "withdrawn 01-22, died 01-24", LEFT.format("22", "Wed")),
        (DOSE, "held 02-03", "pending: X is held by held on 2025-02-03 Mon, and waits until it is resumed"),
        (DOSE, "held 02-04", None),
        (DOSE, "relapse 02-02", "pending: the decision on relapse of 2025-02-02 Sun is open"),
        (DOSE, "relapse 02-03", None),
        (DOSE, "held 02-03, relapse 02-03", "pending: X is held by held on 2025-02-03 Mon, and waits until it is resumed"),
        (DOSE, "held 02-03, relapse 02-02", "pending: the decision on relapse of 2025-02-02 Sun is open"),
        (DOSE, "relapse 01-20, relapse_confirmed 01-22",
         "cancelled: relapse on 2025-01-20 Mon, and rule early leads out of a"),
        (DOSE, "relapse 01-20, relapse_confirmed 01-22, treatment_stopped 01-15", STOPPED.format("15", "Wed")),
    ],
)  # fmt: skip
def test_what_ends_a_visit_or_lets_it_wait_is_told(what: str, events: str, step: str | None) -> None:
    happened = tuple((name, f"2025-{date}") for name, date in (each.split() for each in events.split(", ")))
    found = plan_of_all(ENDED.format(what=what, gap="5 days"), happened)
    assert [each for each in found if each.startswith(("cancelled", "pending"))] == ([step] if step else [])


def plan_of_all(text: str, events: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """The steps of D29, also where it falls away."""
    return visit(made(text, events=events, cancelled=True), "D29").steps


@pytest.mark.parametrize(
    ("gap", "since"),
    [("5 days", "not before 2025-02-20 Thu"), ("50 days", "not before 2025-02-25 Tue, by the minimum gap,")],
)
def test_an_entry_for_which_no_day_is_left_names_what_leaves_none(gap: str, since: str) -> None:
    happened = (("relapse", "2025-01-10"), ("relapse_confirmed", "2025-02-20"))
    found = made(ENDED.format(what=CHECKED, gap=gap), events=happened, entered=(Entered("b", day("2025-02-25")),), accept_gap=True)
    words = [step for step in found.visits[-1].steps if step.startswith("no day")]
    assert words == [f"no day is allowed: {since} and not after 2025-02-07 Fri; a person must decide"]


COURSE = "window ±1d: 2025-02-02 Sun to 2025-02-04 Tue, both included"


@pytest.mark.parametrize(
    ("events", "steps"),
    [
        ({}, []),
        ({"seizure": "02-01"}, ["pending: Y is held by seizure on 2025-02-01 Sat, and waits until it is resumed"]),
        ({"seizure": "02-01", "resumed": "02-03"}, []),
        ({"seizure": "02-01", "resumed": "02-04"}, ["left of it: 2025-02-04 Tue to 2025-02-04 Tue, both included"]),
        ({"seizure": "02-01", "resumed": "02-05"}, ["held until then: 2025-02-05 Wed to 2025-02-05 Wed, both included"]),
        ({"seizure": "02-01", "resumed": "02-06"}, []),  # all of it is held
        ({"withdrawn": "02-03"}, ["left of it: 2025-02-02 Sun to 2025-02-03 Mon, both included"]),
    ],
)
def test_a_course_whose_first_days_are_held_begins_later(events: dict[str, str], steps: list[str]) -> None:
    assert days_of("D29 to D31", "D29 to D31, window: ±1d", dose="Y held daily", **events) == [COURSE, *steps]


# How a record is told, where its dose is open and where it is masked: a batch or a place could tell the arm.
ROWS = Place(Document("v.csv", "visit,date\nD29,2025-02-03\n"), 11, 14)
RECORDS = [
    (Record("D29", day("2025-02-03")), "recorded: done on 2025-02-03 Mon", None),
    (Record("D29", day("2025-02-03"), "missed", reason="flu"), "recorded: missed on 2025-02-03 Mon, reason: flu", None),
    (Record("D29", day("2025-02-03"), batch="L1"), "recorded: done on 2025-02-03 Mon, batch L1", "recorded: done on 2025-02-03 Mon"),
    (Record("D29", day("2025-02-03"), comment="ok"), "recorded: done on 2025-02-03 Mon, ok", None),
    (Record("D29", day("2025-02-03"), place=ROWS), "recorded: done on 2025-02-03 Mon (v.csv:2:1)", "recorded: done on 2025-02-03 Mon"),
    (Record("D29", day("2025-02-03"), last=day("2025-02-03")), "recorded: done on 2025-02-03 Mon", None),
    (Record("D29", day("2025-02-03"), last=day("2025-02-04")), "recorded: done on 2025-02-03 Mon to 2025-02-04 Tue", None),
    (Record("D29", day("2025-02-03"), "booked"), "booked for 2025-02-03 Mon", None),
    (Record("D29", day("2025-02-03"), "lapsed"), "was booked for 2025-02-03 Mon", None),
]


@pytest.mark.parametrize(("record", "text", "masked"), RECORDS)
def test_a_record_is_told_in_a_line(record: Record, text: str, masked: str | None) -> None:
    assert (record_text(record, masked=False), record_text(record, masked=True)) == (text, masked or text)
