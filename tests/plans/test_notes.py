"""What a reader is told of a plan, and what not: of repeats without an end."""

from __future__ import annotations

import pytest

from nmosd_dosing import Entered
from tests.kit.dates import day
from tests.kit.somebody import made, notes

OPEN = """products: {X: {}}
periods:
  a: {visits: [{at: "D1, then every 8 weeks", give: X 500 mg%s}]}
  b: {visits: [{at: "D1, then every 8 weeks", assess: MRI}]}
transitions:
  - {id: out, from: a, to: b, after: relapse, within: not stated}
"""
RELAPSE = ("relapse", "2025-04-01")


@pytest.mark.parametrize(
    ("also", "event", "entered", "periods"),
    [
        ("", None, None, ["a"]),
        ("", RELAPSE, None, ["b"]),  # projected on that day
        ("", RELAPSE, "2025-05-01", ["b"]),
        ("", ("treatment_stopped", "2025-04-01"), None, []),
        (", assess: MRI", ("treatment_stopped", "2025-04-01"), None, ["a"]),
        (", assess: MRI", ("withdrawn", "2025-04-01"), None, []),
        ("", ("died", "2027-02-01"), None, ["a"]),  # later than it is drawn
        ("", ("a_completed", "2025-04-01"), None, []),
    ],
)
def test_an_open_end_is_told_of_a_period_that_was_not_left(
    also: str, event: tuple[str, str] | None, entered: str | None, periods: list[str]
) -> None:
    into = (Entered("b", day(entered)),) if entered else ()
    found = made(OPEN % also, events=(event,) if event else (), entered=into)
    assert [note.rsplit(" ", 1)[1] for note in notes(found, "open-ended")] == periods
