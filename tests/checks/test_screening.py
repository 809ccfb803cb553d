"""The earliest screening and day 1 that go together: what holds them back, to the day, and what is said of it."""

from __future__ import annotations

import pytest

from nmosd_dosing.checks.screening import Days, Earliest, clocks_of
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.subjects.had import Past
from tests.checks.test_clocks import use
from tests.kit.cases import columns
from tests.kit.dates import day
from tests.kit.somebody import HEAD

STUDY = """criteria:
  A: {clock: "no R within 4 weeks before D1"}
  B: {clock: "no V within 4 weeks before screening"}
products: {X: {}}
periods: {a: {SPANvisits: [{at: D1, give: X 1 mg}]}}
"""
SPAN = "spans: {screening: {title: Screening, from: D-28, to: D-1}}, "


def earliest(text: str, screening: str, day_1: str, had: str) -> Earliest:
    past = Past(tuple(map(use, had.split(", "))) if had != "-" else (), told=True)
    days = Days(*(day(f"2025-{on}") if on != "-" else None for on in (screening, day_1)))
    return clocks_of(read_study_text(HEAD + text)[0], None, past).earliest(days)


# What was had, the days that are known, and the earliest pair, each with what holds it back: the criterion that bars the day before.
PAIRS = """
    had                           screening  day 1   found              held by
    -                             -          -       -                  -
    -                             01-10      -       01-10 and 01-11    -
    -                             -          01-29   01-01 and 01-29    -
    -                             01-10      01-20   01-10 and 01-20    -
    -                             01-10      01-10   01-10 and 01-11    -
    -                             01-10      02-07   01-10 and 02-07    -
    -                             01-10      02-08   01-11 and 02-08    -
    R 2024-12-31                  -          01-29   01-01 and 01-29    -
    R 2025-01-01                  -          01-29   01-02 and 01-30    A
    R 2025-01-10                  01-10      -       01-11 and 02-08    A
    V 2024-12-31                  -          01-29   01-29 and 01-30    B
    V 2024-12-30                  -          01-29   01-28 and 01-29    screening by B
    V 2025-01-10                  -          01-29   01-01 and 01-29    -
    V 2025-01-09                  01-10      -       02-07 and 02-08    B
    R 2025-01-20, V 2025-01-09    01-10      -       02-07 and 02-18    A, screening by B
    R 2025-01-20                  -          -       01-21 and 02-18    A
    R 2025-01-20..ongoing         -          -       -                  A
    R 2025-01-20..ongoing, V 2025-01-09  01-10  -    -                  A
"""


@pytest.mark.parametrize("row", columns(PAIRS), ids=lambda row: f"{row['had']}: {row['screening']} {row['day 1']}")
def test_screening_and_day_1_are_the_earliest_that_go_together(row: dict[str, str]) -> None:
    found = earliest(STUDY.replace("SPAN", SPAN), row["screening"], row["day 1"], row["had"])
    pair = f"{found.screening:%m-%d} and {found.day_1:%m-%d}" if found.screening is not None and found.day_1 is not None else "-"
    by = [*found.day_1_held_by, *(f"screening by {id}" for id in found.screening_held_by if id not in found.day_1_held_by)]
    assert (pair, ", ".join(by) or "-") == (row["found"], row["held by"])


TIED = "screening is from D-28 to D-1, so"
FIRST, EARLY = f"{TIED} that for this day 1 it is not before 2025-", "a screening on 2025-01-10 would be too early for it"


@pytest.mark.parametrize(
    ("span", "screening", "day_1", "steps"),
    [
        (SPAN, "-", "-", ["no day is known to count from"]),
        (SPAN, "01-10", "-", [f"{TIED} day 1 is not before 2025-01-11"]),
        (SPAN, "01-10", "01-11", []),
        (SPAN, "-", "01-29", [f"{FIRST}01-01"]),
        (SPAN, "01-10", "02-07", [f"{FIRST}01-10"]),  # the day that was asked for
        (SPAN, "01-10", "02-08", [f"{FIRST}01-11", EARLY]),
        ("", "01-10", "-", ["how long screening takes is not stated"]),
        (
            "",
            "01-10",
            "01-09",
            ["screening is not after day 1, so day 1 is not before 2025-01-10", "how long screening takes is not stated"],
        ),
    ],
)
def test_how_screening_and_day_1_are_tied_is_said(span: str, screening: str, day_1: str, steps: list[str]) -> None:
    assert list(earliest(STUDY.replace("SPAN", span), screening, day_1, "-").steps) == steps
