"""How subjects of simulated trials go on: on which allowed day somebody enters, and when a visit takes place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nmosd_dosing.days import NO_DATE, Offset
from nmosd_dosing.subjects.ahead import Ahead

DAY = np.timedelta64(1, "D")
JANUARY_6 = np.datetime64("2025-01-06")


def days(*offsets: int | None) -> Any:
    """So many days behind 2025-01-06; no date for None."""
    return np.array([NO_DATE if n is None else JANUARY_6 + n * DAY for n in offsets], dtype="datetime64[D]")


def ahead(share: float = 0.0, misses: int | None = None, known: int | None = None, over: Any = None, late: int = 0) -> Ahead:
    return Ahead(
        1, np.array([share]), np.array([False]), JANUARY_6 + 999 * DAY, None, lambda _: None if misses is None else np.array([misses]),
        NO_DATE if known is None else JANUARY_6 + known * DAY, over, late,
    )  # fmt: skip


@pytest.mark.parametrize(("share", "earliest", "latest", "known", "day"), [
    (0.0, 10, 20, None, 10), (0.999, 10, 20, None, 20), (0.5, 10, 20, None, 15), (0.0, 10, 10, None, 10), (0.999, 10, 10, None, 10),
    (0.999, 10, 11, None, 11), (0.0, 10, 9, None, None), (0.5, 10, None, None, 10), (0.5, None, 20, None, None),
    (0.5, None, None, None, None),
    (0.0, 10, 20, 9, 10), (0.0, 10, 20, 10, 11), (0.0, 10, 20, 19, 20), (0.999, 10, 20, 15, 20), (0.0, 10, 20, 20, None),
    (0.0, 10, None, 15, 16),
])  # fmt: skip
def test_on_which_of_the_allowed_days_somebody_enters(
    share: float, earliest: int | None, latest: int | None, known: int | None, day: int | None
) -> None:
    """Shares of the days from the earliest to the latest, both included; behind all that is known; on the first where no last is stated."""
    found = ahead(share, known=known).entry_day(days(earliest), days(latest))
    assert found.tolist() == days(day).tolist()


AFTER, BEFORE = Offset(10), Offset(-10)


@pytest.mark.parametrize(("offset", "target", "misses", "known", "over", "day"), [
    (AFTER, 10, None, None, None, 10), (AFTER, 10, 3, None, None, 13), (AFTER, 10, -3, None, None, 7), (AFTER, 10, -10, None, None, 0),
    (AFTER, 10, -11, None, None, 0), (BEFORE, -10, 9, None, None, -1), (BEFORE, -10, 11, None, None, 0), (BEFORE, -10, -3, None, None, -13),
    (Offset(), 0, 3, None, None, 0), (None, 10, -12, None, None, 0), (None, 10, 2, None, None, 12),
    (AFTER, 10, 3, 12, None, 13), (AFTER, 10, 3, 13, False, 14), (AFTER, 10, 3, 12, False, 13), (AFTER, 10, 3, 5, True, None),
    (Offset(), 0, 3, 5, False, 6),
])  # fmt: skip
def test_when_a_visit_takes_place(
    offset: Offset | None, target: int, misses: int | None, known: int | None, over: bool | None, day: int | None
) -> None:
    """So many days off its target, and never on the other side of day 1, which is never moved; behind all that is known."""
    asked = None if over is None else lambda _: np.array([over])
    found = ahead(misses=misses, known=known, over=asked).takes_place("p/D11", days(target), days(0), offset)
    assert found.tolist() == days(day).tolist()


def test_what_has_been_of_nobody_is_over_for_nobody() -> None:
    found = ahead(known=20, over=lambda _: None).takes_place("p/D11", days(10), days(0), AFTER)
    assert found.tolist() == days(21).tolist()


@pytest.mark.parametrize(
    ("target", "late", "known", "day"), [(10, 0, None, 10), (10, 3, None, 13), (10, 3, 12, 13), (10, 3, 13, 14), (None, 3, 13, 14)]
)
def test_after_which_day_a_visit_takes_place_no_more(target: int | None, late: int, known: int | None, day: int) -> None:
    assert ahead(late=late, known=known).at_the_latest(days(target)).tolist() == days(day).tolist()
