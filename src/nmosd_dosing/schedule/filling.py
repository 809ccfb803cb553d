"""A schedule while it is being filled."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from msgspec import field
from numpy.typing import NDArray

from nmosd_dosing.days import Dates
from nmosd_dosing.schedule.rows import Reweighed, TakenDays
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.schedule.visit_states import Counted


class Filling(Schedule, frozen=True):
    """A schedule whose arrays are still written; only what fills it takes one, and `finish` gives what everybody else reads."""

    counted: dict[int, Counted] = field(default_factory=dict)
    planned: dict[int, NDArray[np.float64]] = field(default_factory=dict)
    exposure: dict[int, tuple[NDArray[np.float64], ...]] = field(default_factory=dict)
    reweighed: dict[str, Reweighed] = field(default_factory=dict)
    taken: dict[int, NDArray[np.uint8]] = field(default_factory=dict)
    taken_days: dict[int, TakenDays] = field(default_factory=dict)
    resumed: dict[int, Dates] = field(default_factory=dict)

    def finish(self) -> Schedule:
        """The schedule, read-only."""
        for array in (
            self.target, self.amount, self.cumulative, *self.status, self.first_doses, self.last_doses, self.beyond,
            *self.planned.values(), *self.taken.values(), *(days.taken for days in self.taken_days.values()), *self.resumed.values(),
            *(array for arrays in self.exposure.values() for array in arrays),
            *(array for c in self.counted.values() for array in (c.since, c.days, c.months, c.then, c.booked)),
            *(array for made in self.reweighed.values() for array in (made.since, made.grams, made.of)),
        ):  # fmt: skip
            if array is not None:
                array.setflags(write=False)
        found = {name: getattr(self, name) for name in Schedule.__struct_fields__}
        mappings = ("counted", "planned", "exposure", "reweighed", "taken", "taken_days", "resumed")
        closed = {name: MappingProxyType(found[name]) for name in mappings}
        return Schedule(**{**found, **closed})
