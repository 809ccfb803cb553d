"""What is said of the entry into a next period, from the day on which it opens to the day after it has closed."""

from __future__ import annotations

import pytest

from nmosd_dosing.checks.findings import check
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.subject import Entered
from tests.kit.dates import day
from tests.kit.worked import HEAD, person

TEXT = (
    HEAD
    + """products: {X: {}}
periods:
  p: {length: 52 weeks, visits: [{at: D1, give: X 10 mg}]}
  q: {visits: [{at: D1, give: X 10 mg}]}
transitions:
  - {id: a, from: p, to: q, after: relapse, WITHIN}
"""
)


@pytest.mark.parametrize(("within", "as_of", "entered", "verdict", "days"), [
    ("within: 28 days", "2025-03-02", None, "due", None),
    ("within: 28 days", "2025-03-29", None, "due", None),  # the last day
    ("within: 28 days", "2025-03-30", None, "overdue", 1),
    ("within: not stated", "2025-03-01", None, "due", None),
    ("within: not stated", "2025-03-02", None, "past-target", 1),
    ("within: 28 days", "2025-03-30", "2025-03-01", "in-window", 0),
    ("within: 28 days", "2025-03-30", "2025-03-29", "in-window", 28),
    ("within: 28 days", "2025-03-30", "2025-03-30", "late", 29),
    ("within: not stated", "2025-03-30", "2025-03-29", "no-window", 28),
])  # fmt: skip
def test_an_entry_on_each_day(within: str, as_of: str, entered: str | None, verdict: str, days: int | None) -> None:
    study, _ = read_study_text(TEXT.replace("WITHIN", within))
    of = (Entered("q", day(entered)),) if entered else ()
    schedule = expand(study, Cohort.of_subjects([person(None, None, ("relapse", "2025-03-01"), entered=of)], ()), allow_deviation=True)
    [found] = [finding for finding in check(schedule, day(as_of)) if finding.visit == "q entry"]
    assert (found.verdict, found.days) == (verdict, days)
