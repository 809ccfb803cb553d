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
