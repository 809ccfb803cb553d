"""What contradicts itself of a subject is refused: an end given twice, a death before day 1."""

from __future__ import annotations

import datetime as dt

from nmosd_dosing.subjects import history
from nmosd_dosing.subjects.subject import Measurement, Subject
from tests.kit.command import errors, output


def test_an_end_given_twice_and_a_death_before_day_1() -> None:
    asked = ("plan", "--regimen", "bat4406f", "--start", "2025-01-06")
    twice = errors(*asked, "--on", "rcp_completed=2025-12-20", "--on", "rcp_completed=2026-01-05")
    assert twice == "error: `rcp_completed` is given twice\nhint: keep one of them\n"
    assert "before day 1" in errors(*asked, "--on", "died=2025-01-01")


def test_who_was_lost_has_begun_and_who_withdrew_before_is_told_how_long_before() -> None:
    asked = ("plan", "--regimen", "bat4406f", "--start", "2025-01-06")
    assert errors(*asked, "--on", "lost=2024-01-06").startswith("error: `lost` on 2024-01-06 is before day 1, 2025-01-06\n")
    assert "withdrawn on 2024-01-06 Sat, 366 days before day 1: nothing after it" in output(*asked, "--on", "withdrawn=2024-01-06")


def test_a_value_that_is_dated_later_was_not_known() -> None:
    values = tuple(Measurement("eGFR", dt.date(2025, 1, day), kidney) for day, kidney in ((19, 60), (20, 59), (21, 58)))
    known = history.known_by([Subject(dt.date(2025, 1, 6), measurements=values)], {}, dt.date(2025, 1, 20))
    assert known.subjects[0].measurements == values[:2]
    assert known.left_out == ("a value on 2025-01-21",)
