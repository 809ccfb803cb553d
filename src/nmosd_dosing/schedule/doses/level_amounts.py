"""What a dose comes to at each of its levels, for everybody: for tables by which a pharmacist looks a reduced dose up."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from msgspec import Struct

from nmosd_dosing.dose.calculation import denominators, reckon, to_whole
from nmosd_dosing.dose.dose import AmountStatus
from nmosd_dosing.schedule.schedule import Schedule


class LevelAmount(Struct, frozen=True):
    """One administration of a product at one of its levels, in `unit`. amount, status: of each subject; None where there is none, why."""

    product: str
    unit: str | None
    level: str
    rule: str | None
    amount: tuple[float | None, ...]
    status: tuple[AmountStatus, ...]


def level_amounts(schedule: Schedule) -> Iterator[LevelAmount]:
    """The levels of each dose that is not masked, of subjects of one arm: by the weights at baseline; no value is, which is of a day."""
    told = set()
    for give in dict.fromkeys(row.give for row in schedule.rows if row.give.levels and not row.give.masked):
        arm = int(schedule.arm[0]) if len(give.levels) > 1 else 0
        levels = give.levels[arm] if arm >= 0 or len(set(give.levels)) == 1 else None
        if levels is None or (give.product, levels) in told:
            continue
        told.add((give.product, levels))
        for name, dose in zip(levels.names, levels.doses if levels.names else (), strict=True):
            scale = math.lcm(1, *denominators(dose))
            cohort = schedule.cohort
            whole, why = reckon(to_whole(dose, scale), cohort.grams, cohort.bodies(None))
            status = tuple(AmountStatus(int(each)) for each in np.broadcast_to(np.asarray(why), len(whole)))
            amount = tuple(None if math.isnan(each) else each / scale for each in whole.tolist())
            yield LevelAmount(give.product, give.unit, name, dose.rule, amount, status)
