"""What is said of a way from one period to the next, whatever has happened: by which rule, on which days, and how it was gone."""

from __future__ import annotations

from typing import Any

import pytest

from nmosd_dosing import Entered, Record
from tests.kit.dates import day
from tests.kit.somebody import made, notes

STUDY = """products: {X: {}}
periods:
  a: {length: 57 days, visits: [{at: "D1, D29", window: ±7d, give: X 1 mg}]}
  b: {visits: [{at: D1, give: X 1 mg}]}
transitions:
  - {id: early, from: a, to: b, after: relapse, needs: [relapse_confirmed], within: 28 days}
  - {id: stop, from: a, to: b, after: study stop, within: 14 days}
  - {id: ended, from: a, to: b, after: end of a, within: 14 days}
study stop: {earliest of: [idmc_stop]}
"""
# On study day 57, 2025-03-04, the period is over.
ENDED, FIRST = "end of a on 2025-03-04 Tue: entry into b from 2025-03-04 Tue to 2025-03-18 Tue", "projected on the first of these days"
WAYS = [
    ("", "", "ended projected", f"{ENDED}; {FIRST}"),
    ("a_completed 03-01", "", "ended projected", f"{ENDED.replace('03-04 Tue', '03-01 Sat').replace('03-18 Tue', '03-15 Sat')}; {FIRST}"),
    ("D29 03-10", "", "ended projected", f"{ENDED.replace('from 2025-03-04 Tue', 'from 2025-03-11 Tue')}; {FIRST}"),
    ("D29 booked 03-10", "", "ended projected", f"{ENDED}; projected on 2025-03-11 Tue, after what is booked"),
    ("b/D1 booked 03-07", "", "ended projected", f"{ENDED}; booked for 2025-03-07 Fri"),
    ("", "03-05", "ended entered", f"{ENDED}; entered on 2025-03-05 Wed"),
    ("", "03-18", "ended entered", f"{ENDED}; entered on 2025-03-18 Tue"),
    ("", "03-25", "ended entered", f"{ENDED}; entered on 2025-03-25 Tue, 7 days late: a deviation"),
    ("", "03-03", "ended entered", f"{ENDED}; entered on 2025-03-03 Mon, 1 day early: a deviation"),
    ("declined 03-10", "", "ended declined", "end of a on 2025-03-04 Tue: entry into b declined on 2025-03-10 Mon"),
    ("relapse 01-20, relapse_confirmed 01-22", "", "early projected",
     f"relapse on 2025-01-20 Mon: entry into b from 2025-01-22 Wed to 2025-02-17 Mon; {FIRST}"),
    ("relapse 01-20, relapse_confirmed 02-17", "", "early projected",
     f"relapse on 2025-01-20 Mon: entry into b from 2025-02-17 Mon to 2025-02-17 Mon; {FIRST}"),
    ("relapse 01-20, relapse_confirmed 02-18", "", "early refused",
     "relapse on 2025-01-20 Mon: the conditions are met on 2025-02-18 Tue, after the last day, 2025-02-17 Mon; "
     "no entry, a person must decide"),
    ("relapse 01-20, relapse_rejected 01-22", "", "ended projected", f"{ENDED}; {FIRST}"),
    ("relapse 02-20", "", "early pending",
     "relapse on 2025-02-20 Thu, the decision is open: entry into b pending, at the latest on 2025-03-20 Thu; "
     "doses after it wait for the decision"),
    ("relapse 02-20", "03-05", "early entered",
     "relapse on 2025-02-20 Thu: no day of entry is known; entered on 2025-03-05 Wed, while its conditions are not met: a deviation"),
    ("idmc_stop 02-10", "", "stop projected",
     f"study stop on 2025-02-10 Mon: entry into b from 2025-02-10 Mon to 2025-02-24 Mon; {FIRST}"),
]  # fmt: skip


def happened(text: str) -> dict[str, Any]:
    """`relapse 01-20, idmc_stop 02-10`: events of the subject and of the study, in 2025."""
    events = [(name, f"2025-{date}") for name, date in (item.split() for item in text.split(", ") if item and item[0].islower())]
    of_study = {name: day(date) for name, date in events if name == "idmc_stop"}
    return {"events": tuple(event for event in events if event[0] not in of_study), "of_study": of_study}


@pytest.mark.parametrize(("what", "entered", "way", "message"), WAYS, ids=lambda value: value or "-")
def test_how_a_subject_goes_on(what: str, entered: str, way: str, message: str) -> None:
    records, events = [], what
    if "D" in what:
        label, *booked, date = what.split()
        records, events = [Record(label, day(f"2025-{date}"), "booked" if booked else "done")], ""
    into = (Entered("b", day(f"2025-{entered}")),) if entered else ()
    [found] = made(STUDY, *records, entered=into, **happened(events)).transitions
    assert (f"{found.rule} {found.status}", found.message) == (way, message)


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("relapse 02-20", False),  # the rule that waits is the one that is shown
        ("relapse 02-20, idmc_stop 02-10", True),
        ("relapse 02-20, idmc_stop 03-12", False),
        ("relapse 02-20, relapse_rejected 02-22, idmc_stop 02-10", False),
        ("relapse 02-20, relapse_confirmed 02-22, idmc_stop 02-10", False),
        ("idmc_stop 02-10", False),
    ],
)
def test_a_decision_that_would_bring_another_rule_is_told(what: str, told: bool) -> None:
    words = "the decision on relapse of 2025-02-20 Thu is open: confirmed, it would govern (rule early) instead of rule stop"
    assert (words in notes(made(STUDY, **happened(what)), "pending")) == told


RULE, OPEN = (
    "rule ended: from 2025-03-04 Tue to 2025-03-18 Tue, both included; at most 14 days after end of a",
    "entry into b: not recorded; ",
)
NO_RELAPSE, NO_STOP = (
    "rule early does not govern: no relapse is recorded",
    "rule stop does not govern: the study is not known to have stopped",
)
PLANNED_END = "end of a: 2025-01-06 Mon + 57 days = 2025-03-04 Tue, planned; the actual end is not recorded"
BEFORE_END = "rule ended does not govern: relapse came before the end of a"
STEPS = [
    ("", "", [PLANNED_END, RULE, f"{OPEN}projected on the first allowed day, 2025-03-04 Tue", NO_RELAPSE, NO_STOP]),
    ("a_completed 03-04", "", [
        "end of a: 2025-03-04 Tue, recorded as a_completed", RULE, f"{OPEN}projected on the first allowed day, 2025-03-04 Tue",
        NO_RELAPSE, NO_STOP,
    ]),
    ("", "03-05", [PLANNED_END, RULE, "entry into b: recorded on 2025-03-05 Wed", NO_RELAPSE, NO_STOP]),
    ("", "03-19", [
        PLANNED_END, RULE, "entry into b: recorded on 2025-03-19 Wed, 1 day after the allowed days: a deviation", NO_RELAPSE, NO_STOP,
    ]),
    ("", "03-03", [
        PLANNED_END, RULE, "entry into b: recorded on 2025-03-03 Mon, 1 day before the allowed days: a deviation", NO_RELAPSE, NO_STOP,
    ]),
    ("declined 03-10", "", [PLANNED_END, RULE, "entry into b: declined on 2025-03-10 Mon", NO_RELAPSE, NO_STOP]),
    ("relapse 01-20, relapse_confirmed 01-22", "", [
        "event relapse: 2025-01-20 Mon", "event relapse_confirmed: 2025-01-22 Wed",
        "rule early: from 2025-01-22 Wed to 2025-02-17 Mon, both included; at most 28 days after relapse",
        f"{OPEN}projected on the first allowed day, 2025-01-22 Wed", NO_STOP, BEFORE_END,
    ]),
    ("relapse 01-20, relapse_confirmed 02-18", "", [
        "event relapse: 2025-01-20 Mon", "event relapse_confirmed: 2025-02-18 Tue",
        "rule early: the conditions are met on 2025-02-18 Tue, after the last day, 2025-02-17 Mon: refused, a person must decide; "
        "at most 28 days after relapse", NO_STOP, BEFORE_END,
    ]),
    ("relapse 02-20", "03-05", [
        "event relapse: 2025-02-20 Thu", "event relapse_confirmed: not recorded",
        "rule early: not before its conditions are met; at most 28 days after relapse",
        "entry into b: recorded on 2025-03-05 Wed, which no rule allows: a deviation", NO_STOP, BEFORE_END,
    ]),
    ("relapse 01-20, relapse_rejected 01-22", "03-05", [
        PLANNED_END, RULE, "entry into b: recorded on 2025-03-05 Wed",
        "rule early does not govern: relapse of 2025-01-20 Mon opened no way (rejected on 2025-01-22 Wed)", NO_STOP,
    ]),
    ("relapse 03-10, relapse_confirmed 03-11", "03-05", [
        PLANNED_END, RULE, "entry into b: recorded on 2025-03-05 Wed",
        "rule early does not govern: relapse of 2025-03-10 Mon was not while the subject was in a, before the entry", NO_STOP,
    ]),
    ("idmc_stop 02-10", "", [
        "study stop: 2025-02-10 Mon by `idmc_stop`", "study stop, idmc_stop: 2025-02-10 Mon",
        "rule stop: from 2025-02-10 Mon to 2025-02-24 Mon, both included; at most 14 days after study stop",
        f"{OPEN}projected on the first allowed day, 2025-02-10 Mon", NO_RELAPSE,
        "rule ended does not govern: study stop came before the end of a",
    ]),
    ("idmc_stop 03-04", "03-05", [
        PLANNED_END, RULE, "entry into b: recorded on 2025-03-05 Wed", NO_RELAPSE,
        "rule stop does not govern: the study stopped on 2025-03-04 Tue, when the period was over",
    ]),
    ("idmc_stop 03-01, relapse 02-10, relapse_confirmed 02-11", "02-20", [
        "event relapse: 2025-02-10 Mon", "event relapse_confirmed: 2025-02-11 Tue",
        "rule early: from 2025-02-11 Tue to 2025-03-10 Mon, both included; at most 28 days after relapse",
        "entry into b: recorded on 2025-02-20 Thu",
        "rule stop does not govern: the study stopped on 2025-03-01 Sat, after the entry", BEFORE_END,
    ]),
    ("idmc_stop 02-20, relapse 02-10, relapse_confirmed 02-11", "02-20", [
        "event relapse: 2025-02-10 Mon", "event relapse_confirmed: 2025-02-11 Tue",
        "rule early: from 2025-02-11 Tue to 2025-03-10 Mon, both included; at most 28 days after relapse",
        "entry into b: recorded on 2025-02-20 Thu",
        "rule stop does not govern: the study stopped on 2025-02-20 Thu, and rule early comes first in the file, or allows the entry",
        BEFORE_END,
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("what", "entered", "steps"), STEPS, ids=lambda value: value if isinstance(value, str) else "")
def test_which_rule_governs_and_why_the_others_do_not(what: str, entered: str, steps: list[str]) -> None:
    into = (Entered("b", day(f"2025-{entered}")),) if entered else ()
    [found] = made(STUDY, entered=into, **happened(what)).transitions
    assert list(found.steps) == ["day 1 of a: 2025-01-06 Mon, as given", *steps]
