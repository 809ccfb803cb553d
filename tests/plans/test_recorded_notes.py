"""What a plan says of what was written down: of doses, weights, appointments, and of visits that nobody planned."""

from __future__ import annotations

import pytest

from tests.kit.dates import day
from tests.kit.somebody import made, recorded, told

STUDY = """products: {X: {minimum gap: 20 days, doses: {kg: {amount: 1 mg/kg}}}, Y: {}}
periods:
  p: {visits: [{at: D1 ±3d, give: X 10 mg}, {at: D29 ±3d, give: X kg}, {at: D57, give: Y 5 mg}, {at: D85, assess: MRI}]}
"""
COUNTED = "not-recorded: how much was given is not recorded: the planned dose is counted"
OTHER = "weight: the weight recorded at these visits is not the one that doses are by (D29)"
BASELINE = "weight: one body weight counts for every dose: the one given, at baseline (D29)"
UNKNOWN = "not-recorded: the dose was given, and how much is not recorded; totals from there on are not known"


@pytest.mark.parametrize(
    ("records", "notes"),
    [
        ("", []),
        ("D1 01-06", [f"{COUNTED} (D1)"]),
        ("D1 01-06 10 mg", []),
        ("D1 01-06 9 mg", ["wrong-dose: X 9 mg is recorded, planned is 10 mg (D1)"]),
        ("D1 01-06, D29 02-03", [f"{COUNTED} (D1, D29)"]),
        ("D29 02-03 60 mg", []),
        ("D29 02-03 60 kg", [f"{COUNTED} (D29)"]),
        ("D29 02-03 61 kg", [f"{COUNTED} (D29)", OTHER]),
        ("D29 02-03 60 mg 61 kg", [OTHER]),
        ("D29 02-03 missed", []),
        ("D57 03-03 X", ["wrong-dose: X is recorded, planned is Y (D57)", f"{UNKNOWN} (D57)"]),
        ("D85 03-31", []),  # no dose, so nothing of one is missing
        ("D85 03-31 61 kg", []),
    ],
)
def test_what_is_said_of_a_recorded_dose(records: str, notes: list[str]) -> None:
    found = told(made(STUDY, *recorded(records), weight_kg=60), "wrong-dose", "weight", "not-recorded")
    assert [note for note in found if note != BASELINE] == notes


BOOKED = "booked: an appointment, and not done: no total counts it as given, and what is counted from it may move (D29)"
AS_WELL = "booked: p/D29 is booked for 2025-02-05 Wed as well: that appointment is not in this plan (D29)"


@pytest.mark.parametrize(
    ("records", "notes"),
    [
        ("D29 02-03 booked", [BOOKED]),
        ("D29 02-04 lapsed", ["booked: p/D29 was booked for 2025-02-04 Tue, and nothing is recorded of it (D29)"]),
        ("D29 02-04 lapsed, D29 02-06 lapsed", ["booked: p/D29 was booked for 2025-02-06 Thu, and nothing is recorded of it (D29)"]),
        ("D29 02-04 lapsed, D29 02-05 booked", [BOOKED]),
        ("D29 02-04 lapsed, D29 02-05", []),
        ("D29 02-04 lapsed, D29 02-05 missed", []),
        ("D29 02-03 booked, D29 02-05 booked", [BOOKED, AS_WELL]),
        ("D29 02-03, D29 02-05 booked", [AS_WELL]),
        ("unscheduled 02-03 booked", ["booked: a visit that is not planned is booked for 2025-02-03 Mon"]),
        ("unscheduled 02-03 lapsed", ["booked: a visit that is not planned was booked for 2025-02-03 Mon"]),
    ],
)
def test_what_is_said_of_an_appointment(records: str, notes: list[str]) -> None:
    assert told(made(STUDY, *recorded(records)), "booked") == notes


NOT_PLANNED = "unscheduled: a visit on 2025-02-25 Tue that is not planned"
COUNTS = "; its dose counts in later totals, where they are known, and as a last dose; no repeat is counted from it"
NONE = "; its product is none of the study, and counts in no total"


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ("", ""), ("X", COUNTS), ("5 mg", COUNTS), ("X 5 mg", COUNTS), ("X 0 mg", ""), ("X missed", ""), ("Z", NONE), ("Z 5 mg", NONE),
        ("Z missed", ""),
    ],
)  # fmt: skip
def test_a_visit_that_is_not_planned_says_whether_its_dose_counts(record: str, words: str) -> None:
    assert told(made(STUDY, *recorded(f"unscheduled 02-25 {record}")), "unscheduled") == [NOT_PLANNED + words]


def test_a_record_of_another_visit_gives_no_dose_to_one_of_an_unknown_product() -> None:
    found = told(made(STUDY, *recorded("unscheduled 02-25 X 5 mg, unscheduled 02-26 Z 5 mg")), "unscheduled")
    assert [note.split("; ")[1].split(",")[0] for note in found] == [
        "its dose counts in later totals", "its product is none of the study",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("planned", "records", "notes"),
    [
        (None, "D1 01-06", []),
        (None, "D1 01-07", ["start: p/D1 was on 2025-01-07 Tue, which is day 1; planned was 2025-01-06 Mon (D1)"]),
        ("2025-01-04", "D1 01-06", ["start: p/D1 was on 2025-01-06 Mon, which is day 1; planned was 2025-01-04 Sat (D1)"]),
        ("2025-01-04", "D1 01-06 booked", ["start: p/D1 is booked for 2025-01-06 Mon, which is day 1; planned was 2025-01-04 Sat (D1)"]),
        ("2025-01-04", "D29 02-03", []),
    ],
)
def test_a_first_dose_on_another_day_than_planned_is_told(planned: str | None, records: str, notes: list[str]) -> None:
    assert told(made(STUDY, *recorded(records), planned_start=day(planned) if planned else None), "start") == notes


GAP, SOON = "less than the minimum gap, 20 days; not before", "short-gap: X {} after {}: "
NO_DAY = "no-day: no day is allowed: the first that is stated comes after the last; a person must decide (D29)"


@pytest.mark.parametrize(
    ("records", "notes"),
    [  # D29 is 2025-02-03 ±3d
        ("unscheduled 01-14 X", []),
        ("unscheduled 01-15 X", [SOON.format("19 days", "the dose of 2025-01-15 Wed") + f"{GAP} 2025-02-04 Tue (D29)"]),
        ("unscheduled 01-17 X", [SOON.format("17 days", "the dose of 2025-01-17 Fri") + f"{GAP} 2025-02-06 Thu (D29)"]),
        ("unscheduled 01-18 X", [SOON.format("16 days", "the dose of 2025-01-18 Sat") + f"{GAP} 2025-02-07 Fri (D29)", NO_DAY]),
        ("unscheduled 01-18 Y", []),
        ("unscheduled 01-18 X, D29 02-03 60 mg", []),  # it has been: a finding, and nothing that is ahead
        ("unscheduled 01-18 X, D29 02-03 missed", []),
    ],
)
def test_a_dose_ahead_that_is_too_close_is_told(records: str, notes: list[str]) -> None:
    assert told(made(STUDY, *recorded(records)), "short-gap", "no-day") == notes
