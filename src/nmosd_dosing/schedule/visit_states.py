"""What becomes of a visit, and what its day is counted from where that is not day 1."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal, cast

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from nmosd_dosing.days import Dates

VisitStatusText = Literal["absent", "planned", "projected", "pending", "booked", "done", "partial", "missed", "withheld", "cancelled"]


class VisitStatus(IntEnum):
    """What became of a visit, or is to become of it."""

    ABSENT = 0  # not in that subject's plan
    PLANNED = 1
    PROJECTED = 2
    PENDING = 3
    DONE = 4
    PARTIAL = 5
    MISSED = 6
    WITHHELD = 7
    CANCELLED = 8
    BOOKED = 9

    @property
    def text(self) -> VisitStatusText:
        return cast(VisitStatusText, self.name.lower())


class Counted(Struct, frozen=True):
    """How a visit is counted from the dose before it: (n,) the day of that dose, NaT where it is neither recorded nor booked, so many days,
    then months, and `then` days since; and whether it is only booked."""

    since: Dates
    days: NDArray[np.int64]
    months: NDArray[np.int64]
    then: NDArray[np.int64]
    booked: NDArray[np.bool_]
