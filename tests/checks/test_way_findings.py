"""What is found of visits around an entry and an exit, of records that nobody planned, and of what is written twice."""

from __future__ import annotations

import pytest

from nmosd_dosing import Entered, Event, Subject, check, expand
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.subjects.cohort import Cohort
from tests.kit.dates import START, day
from tests.kit.somebody import HEAD, recorded

STUDY = """products: {X: {minimum gap: 14 days}, Y: {}}
events: {e: seizure}
periods:
  a:
    length: 57 days
    visits:
      - {at: D-2, give: Y 1 mg}
      - {at: D1, give: X 1 mg}
      - {at: D29 ±3d, give: X 1 mg, assess: MRI}
      - {at: D43, kept after: withdrawn, assess: call}
      - {at: last dose + 20 days ±2d, assess: safety}
      - {at: e + 5 days, assess: EEG}
  b: {visits: [{at: D1, give: X 1 mg}, {at: D15 ±3d, assess: MRI}]}
transitions: [{id: t, from: a, to: b, after: relapse, within: 28 days}]
"""
ALLOWED = "allowed from 2025-01-31 Fri to 2025-02-06 Thu"
PLANNED, NO_WINDOW = "a visit that is not planned", "no window is stated"
# What was recorded and happened, the day of entry into b, one visit, what is found of it on 2025-03-20. D29 is 2025-02-03, D43 2025-02-17.
FOUND = [
    ("unscheduled 02-01", None, "unscheduled", [f"unscheduled: {PLANNED}"]),
    ("unscheduled 02-01 booked", None, "unscheduled", [f"unscheduled: booked for 2025-02-01 Sat: {PLANNED}"]),
    ("unscheduled 02-01 lapsed", None, "unscheduled", []),
    ("unscheduled 02-01 X", None, "unscheduled", [f"unscheduled: {PLANNED}"]),
    ("unscheduled 02-01 Z", None, "unscheduled", [
        f"unscheduled: {PLANNED}", "wrong-dose: Z is recorded, which is no product of the study: it counts in no total",
    ]),
    ("unscheduled 02-01 Z booked", None, "unscheduled", [f"unscheduled: booked for 2025-02-01 Sat: {PLANNED}"]),
    ("unscheduled 02-01, withdrawn 01-31", None, "unscheduled", [f"not-allowed: {PLANNED}, after withdrawn on 2025-01-31 Fri"]),
    ("unscheduled 02-01, withdrawn 02-01", None, "unscheduled", [f"unscheduled: {PLANNED}"]),
    ("unscheduled 02-01, treatment_stopped 01-31", None, "unscheduled", [f"unscheduled: {PLANNED}"]),  # without a dose
    ("unscheduled 02-01 X, treatment_stopped 01-31", None, "unscheduled", [
        f"not-allowed: {PLANNED}, after treatment_stopped on 2025-01-31 Fri",
    ]),
    ("unscheduled 02-01 5 mg, treatment_stopped 01-31", None, "unscheduled", [
        f"not-allowed: {PLANNED}, after treatment_stopped on 2025-01-31 Fri",
    ]),
    ("unscheduled 02-01 X, treatment_stopped 02-01", None, "unscheduled", [f"unscheduled: {PLANNED}"]),
    ("D29 02-03, D29 02-05", None, "a/D29", [
        f"in-window 0: on the target, {ALLOWED}", "duplicate 2: recorded again, first on 2025-02-03 Mon",
    ]),
    ("D29 02-03, D29 02-05 booked", None, "a/D29", [
        f"in-window 0: on the target, {ALLOWED}", "duplicate 2: booked for 2025-02-05 Wed as well, and done on 2025-02-03 Mon",
    ]),
    ("relapse 02-10, D15 03-01", None, "b/D15", ["not-allowed 5: no entry into b is recorded"]),
    ("relapse 02-10, D15 03-06", "02-20", "b/D15", [
        "in-window 0: on the target, allowed from 2025-03-03 Mon to 2025-03-09 Sun",
    ]),
    ("relapse 02-10, D15 02-20", "02-20", "b/D15", ["early -14: 11 days before the first day, 2025-03-03 Mon"]),
    ("relapse 02-10, D15 02-19", "02-20", "b/D15", ["not-allowed -15: before the entry into b on 2025-02-20 Thu"]),
    ("relapse 02-10, D43 02-17", "02-17", "a/D43", [f"no-window 0: on the target; {NO_WINDOW}"]),
    ("relapse 02-10, D43 02-18", "02-17", "a/D43", ["not-allowed 1: after entry into b on 2025-02-17 Mon"]),
    ("relapse 02-10, D43 02-18", None, "a/D43", [f"no-window 1: 1 day after the target; {NO_WINDOW}"]),  # a projection ends nothing
    ("relapse 02-10", None, "a/D43", ["cancelled: projected entry into b on 2025-02-10 Mon"]),
    ("relapse 02-10", "02-17", "a/D43", [f"past-target 31: not recorded 31 days after the target; {NO_WINDOW}"]),
    ("relapse 02-10", "02-16", "a/D43", ["cancelled: entry into b on 2025-02-16 Sun"]),
    ("relapse 02-10", None, "b/D1", ["upcoming: projected: the entry is not recorded"]),
    ("relapse 02-10", "02-20", "b/D1", ["past-target 28: not recorded 28 days after the target; the entry is recorded"]),
    ("relapse 02-10", "02-09", "b entry", [
        "not-allowed: relapse: not known: no day of entry is known; entered on 2025-02-09 Sun, "
        "while its conditions are not met: a deviation",
    ]),
    ("relapse 02-10", "02-10", "b entry", ["in-window 0: relapse 2025-02-10 Mon: from 2025-02-10 Mon to 2025-03-10 Mon; entered"]),
    ("relapse 02-10", "03-10", "b entry", ["in-window 28: relapse 2025-02-10 Mon: from 2025-02-10 Mon to 2025-03-10 Mon; entered"]),
    ("relapse 02-10", "03-11", "b entry", ["late 29: relapse 2025-02-10 Mon: from 2025-02-10 Mon to 2025-03-10 Mon; entered, 1 day late"]),
    ("relapse 02-10, died 02-10", None, "b entry", []),
    ("withdrawn 02-10, D43 02-17", None, "a/D43", [f"no-window 0: on the target; {NO_WINDOW}"]),
    ("withdrawn 02-10, D43 02-17", None, "a/D29", ["overdue 42: not recorded 42 days after the last day, 2025-02-06 Thu"]),
    ("withdrawn 02-06", None, "a/D29", ["past-target 3: not recorded, and the subject left on 2025-02-06 Thu"]),
    ("withdrawn 02-07", None, "a/D29", ["overdue 42: not recorded 42 days after the last day, 2025-02-06 Thu"]),
    ("withdrawn 02-01, D29 02-03", None, "a/D29", ["not-allowed 0: after withdrawn on 2025-02-01 Sat"]),
    ("treatment_stopped 02-01, D29 02-03", None, "a/D29", [f"in-window 0: on the target, {ALLOWED}"]),  # its MRI may be
    ("treatment_stopped 02-01, D29 02-03 1 mg", None, "a/D29", ["not-allowed 0: after treatment_stopped on 2025-02-01 Sat"]),
    ("treatment_stopped 02-03, D29 02-03 1 mg", None, "a/D29", [
        "in-window 0: on the target, allowed from 2025-01-31 Fri to 2025-02-03 Mon",
    ]),
    ("D-2 01-05", None, "a/D-2", [f"no-window 1: 1 day after the target; {NO_WINDOW}"]),
    ("e 02-01", None, "a/e+5d", [f"past-target 42: not recorded 42 days after the target; {NO_WINDOW}"]),
    ("withdrawn 02-05, e 02-01", None, "a/e+5d", ["cancelled: withdrawn on 2025-02-05 Wed"]),
    ("withdrawn 02-06, e 02-01", None, "a/e+5d", ["past-target 0: not recorded, and the subject left on 2025-02-06 Thu"]),
]  # fmt: skip


@pytest.mark.parametrize(("what", "entered", "visit", "told"), FOUND, ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_found_of_a_visit_on_the_way(what: str, entered: str | None, visit: str, told: list[str]) -> None:
    items = what.split(", ")
    records = recorded(", ".join(item for item in items if item[0].isupper() or item.startswith("unscheduled")))
    happened = (item.split() for item in items if item[0].islower() and not item.startswith("unscheduled"))
    subject = Subject(
        START, records=records, events=tuple(Event(name, day(f"2025-{date}")) for name, date in happened),
        entered=(Entered("b", day(f"2025-{entered}")),) if entered else (),
    )  # fmt: skip
    schedule = expand(read_study_text(HEAD + STUDY)[0], Cohort.of_subject(subject, ()), allow_deviation=True, accept_gap=True)
    found = [finding for finding in check(schedule, "2025-03-20") if finding.visit == visit and finding.verdict != "short-gap"]
    assert [f"{f.verdict}{'' if f.days is None else f' {f.days}'}: {f.message}" for f in found] == told
