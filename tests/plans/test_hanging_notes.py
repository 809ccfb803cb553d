"""What a plan says of visits that hang on events, or on a last dose: which are not planned, and which may still move."""

from __future__ import annotations

import pytest

from nmosd_dosing import Entered
from tests.kit.dates import day
from tests.kit.somebody import made, told

STUDY = """products: {X: {}}
events: {e: seizure}
periods:
  a: {length: 28 days, visits: [{at: "D1, D15", give: X 1 mg}, {at: last dose + 10 days ±3d, assess: A}, {at: e + 3 days, assess: B}]}
  b: {visits: [{at: D1, give: X 1 mg}, {at: last dose of the study + 5 days, assess: C}, {at: e + 4 days, assess: B}]}
transitions: [{id: t, from: a, to: b, after: end of a, within: 14 days}]
"""
NOT_RECORDED = [f"event: not planned: e+{n}d; they hang on e, which is not recorded" for n in (3, 4)]
UNSETTLED = "projected: counted from 2025-02-03 Mon, the last dose of the study, which is not settled either (last dose of the study+5d)"


@pytest.mark.parametrize(
    ("events", "entered", "notes"),
    [
        ({}, None, [*NOT_RECORDED, UNSETTLED]),
        ({}, "2025-02-03", NOT_RECORDED),
        ({"e": "2025-01-10"}, None, ["event: not planned: e+4d; e did not happen in b", UNSETTLED]),
        ({"e": "2025-02-02"}, "2025-02-03", ["event: not planned: e+4d; e did not happen in b"]),
        ({"e": "2025-02-03"}, "2025-02-03", ["event: not planned: e+3d; e did not happen in a"]),
        ({"e": "2025-03-10"}, "2025-02-03", ["event: not planned: e+3d; e did not happen in a"]),
        ({"withdrawn": "2025-01-06"}, None, [NOT_RECORDED[0]]),
        ({"withdrawn": "2025-01-05"}, None, [NOT_RECORDED[0], "event: not planned: last dose+10d; no dose is given in a"]),
    ],
)
def test_what_hangs_on_something_is_not_planned_without_it(events: dict[str, str], entered: str | None, notes: list[str]) -> None:
    found = made(STUDY, events=tuple(events.items()), entered=(Entered("b", day(entered)),) if entered else ())
    assert [note for note in told(found, "event", "projected") if "entry into b from" not in note] == notes


LATE = """products: {X: {}}
periods:
  a: {length: 57 days, visits: [{at: D1, give: X 1 mg}]}
  b: {visits: [{at: D1, assess: A}, {at: "last dose of the study + %d days, last dose of the study + 90 days", assess: safety}]}
transitions: [{id: t, from: a, to: b, after: end of a, within: 14 days}]
"""
BEFORE = "not planned: last dose of the study+{}d; before the first day of b, {}; they are counted from 2025-01-06 Mon, the last dose"


@pytest.mark.parametrize(
    ("days", "entered", "gone"),
    [  # the first period ends on 2025-03-04, 57 days after the only dose
        (56, None, BEFORE.format(56, "2025-03-04 Tue, projected")),
        (57, None, None),
        (57, "2025-03-04", None),
        (57, "2025-03-05", BEFORE.format(57, "2025-03-05 Wed")),
        (58, "2025-03-05", None),
    ],
)
def test_what_hangs_on_the_last_dose_and_would_lie_before_its_period_is_named(days: int, entered: str | None, gone: str | None) -> None:
    found = made(LATE % days, entered=(Entered("b", day(entered)),) if entered else ())
    assert told(found, "before-entry") == ([f"before-entry: {gone}"] if gone else [])
