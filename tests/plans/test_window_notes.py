"""What a plan says of windows and days: which overlap, which hang on the arm, what falls on one day."""

from __future__ import annotations

import pytest

from tests.kit.somebody import made, recorded, told

ONE, OF_ARMS = "products: {X: {}}\nperiods: {p: {visits: [%s]}}\n", "products: {X: {}}\narms: [a, b]\nperiods: {p: {visits: [%s]}}\n"


@pytest.mark.parametrize(
    ("visits", "arm", "overlapping"),
    [
        ("D10 ±2d, D14 ±2d", None, ["D10 and D14"]),  # on one day
        ("D10 ±2d, D15 ±2d", None, []),
        ("D10 or later, D15 ±2d", None, ["D10 and D15"]),
        ("D10, D15 ±5d", None, []),  # one without a window shares no day
        ("D10 ±5d, D15", None, []),
        ("D10 ±3d for a, D11 ±3d for b", None, []),  # nobody has both
        ("D10 ±3d for a, D11 ±3d for a", None, ["D10 and D11"]),
        ("D10 ±3d for a, D11 ±3d for b, D12 ±3d", None, ["D10 and D12", "D11 and D12"]),
        ("D10 ±3d for a, D11 ±3d", None, ["D10 and D11"]),
        ("D10 ±3d, D11 ±3d for b", None, ["D10 and D11"]),
        ("D10 ±3d, D11 ±3d for b", "a", []),
    ],
)
def test_windows_that_share_a_day_overlap(visits: str, arm: str | None, overlapping: list[str]) -> None:
    at = [(words, f", arms: {of}" if of else "") for words, _, of in (each.partition(" for ") for each in visits.split(", "))]
    entries = ", ".join(f"{{at: {words}{arms}, assess: A}}" for words, arms in [("D1", ""), *at])
    found = told(made(OF_ARMS % entries, arm=arm), "overlap")
    assert [note.removeprefix("overlap: the windows of ").split(" overlap")[0] for note in found] == overlapping


DOSES = """products: {X: {}}
events: {e: seizure}
periods:
  p: {visits: [{at: D1, give: X 1 mg}, {at: D10 ±3d, give: X 1 mg}, {at: "%s", assess: A}]}
"""


@pytest.mark.parametrize(
    ("at", "overlapping"),
    [
        ("D12 ±3d", ["D10 and D12"]),
        ("last dose + 3 days ±3d", []),  # it moves with the dose
        ("last dose + 3 days ±3d, last dose + 4 days ±3d", ["last dose+3d and last dose+4d"]),
        ("last dose + 3 days ±3d, D12 ±3d", ["D10 and D12", "D12 and last dose+3d"]),
        ("e + 3 days ±3d", ["D10 and e+3d"]),
    ],
)
def test_what_hangs_on_a_dose_overlaps_no_dose(at: str, overlapping: list[str]) -> None:
    found = told(made(DOSES % at, events=(("e", "2025-01-13"),)), "overlap")
    assert [note.removeprefix("overlap: the windows of ").split(" overlap")[0] for note in found] == overlapping


@pytest.mark.parametrize(
    ("window", "arm", "notes"),
    [
        (" ±2d", None, []),
        (" ±3d", None, ["the window hangs on the arm (a: ±2d, b: ±3d); these are the days that every arm allows (D10)"]),
        (" +2d", None, ["the window hangs on the arm (a: ±2d, b: +2d); these are the days that every arm allows (D10)"]),
        ("", None, ["the window hangs on the arm (a: ±2d, b: not stated); none is shown (D10)"]),
        (" ±3d", "a", []),
    ],
)
def test_a_window_that_hangs_on_the_arm_is_told(window: str, arm: str | None, notes: list[str]) -> None:
    text = OF_ARMS % f"{{at: D1, assess: A}}, {{at: D10 ±2d, arms: a, assess: A}}, {{at: D10{window}, arms: b, assess: A}}"
    assert told(made(text, arm=arm), "needs-arm") == [f"needs-arm: {note}" for note in notes]


DAYS = ONE % '{at: "D1, D8", give: X 1 mg}, {at: D9, assess: A}, {at: D10 to D12, assess: A}'


@pytest.mark.parametrize(
    ("records", "notes"),
    [
        ("", []),
        ("D8 01-14", ["same-date: several visits on 2025-01-14 Tue (D8, D9)"]),
        ("D8 01-14 booked", ["same-date: several visits on 2025-01-14 Tue (D8, D9)"]),
        ("D8 01-13 booked, D9 01-13 booked", ["same-date: several visits on 2025-01-13 Mon (D8, D9)"]),
        ("D8 01-14, D9 01-15", []),
        ("D8 01-15", []),  # D10 to D12 is more than a day
        ("D8 01-18 booked", ["weekend: on a Saturday; no rule is stated, nothing is moved (D8)"]),
        ("D8 01-19 booked", ["weekend: on a Sunday; no rule is stated, nothing is moved (D8)"]),
        ("D8 01-18", []),  # it has been
        ("D8 01-18 missed", []),
    ],
)
def test_what_falls_on_one_day_or_on_a_weekend_is_told(records: str, notes: list[str]) -> None:
    assert told(made(DAYS, *recorded(records)), "same-date", "weekend") == notes
