"""Doses that events change: the latest event on or before a dose decides, of several on one day the last in the file; or, where they have
levels, all events until then."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nmosd_dosing.days import NO_DATE, Dates
from nmosd_dosing.dose.dose import Dose
from nmosd_dosing.schedule.levels import level_way, places
from nmosd_dosing.study.visit_rules import Give
from nmosd_dosing.subjects.cohort import Cohort


def way(give: Give, cohort: Cohort, dates: Dates, columns: slice) -> NDArray[np.intp]:
    """(n,) which of the ways of an administration holds, -1 for none: its doses as they are planned. dates: (n,) those of the doses of some
    columns."""
    return level_way(give, cohort, dates, columns) if give.levels else change(give, cohort, dates, columns)[0]


def change(give: Give, cohort: Cohort, dates: Dates, columns: slice) -> tuple[NDArray[np.intp], Dates]:
    """(n,) which of the changes of an administration holds, -1 for none, and the day of its event. An event that changes nothing for a
    subject's arm is none; where the arm is not known, that of any arm is one. dates: (n,) those of the doses of some columns."""
    arm = cohort.arm[columns]
    chosen, latest = np.full(len(arm), -1, dtype=np.intp), np.full(len(arm), NO_DATE)
    for i, (event, doses) in enumerate(give.changes):
        since, by_arm = cohort.latest(event, dates, columns), [dose is not None for dose in doses]
        mine = ~np.isnat(since) & ~(since < latest)
        if len(by_arm) > 1:
            mine &= np.array([*by_arm, any(by_arm)])[arm]  # -1: the last
        chosen[mine], latest[mine] = i, since[mine]
    return chosen, latest


def changed_doses(give: Give, cohort: Cohort, dates: Dates, columns: slice) -> tuple[Dose | None, ...]:
    """The doses of an administration by arm, each as the events have it, for the one subject of `columns`."""
    if give.levels:
        return tuple(_at_level(give, arm, cohort, dates, columns) for arm in range(len(give.doses)))
    doses, latest = list(give.doses), [NO_DATE] * len(give.doses)
    for event, changed in give.changes:
        since = cohort.latest(event, dates, columns)[0]
        for arm, new in enumerate(changed):
            if new is not None and not np.isnat(since) and not since < latest[arm]:
                doses[arm], latest[arm] = new, since
    return tuple(doses)


def times_a_day(give: Give, arms: NDArray[np.int16], doses_for: Callable[[int], tuple[Dose | None, ...]]) -> int | NDArray[np.int64]:
    """How often on each day an administration is given: one number, or (n,) where arms (n,) or events make a difference. doses_for: the
    doses by arm of one column, as events have changed them."""
    often = [dose.times or 1 if dose is not None else 1 for dose in give.doses]
    changed = {dose.times or 1 for _, doses in give.changes for dose in doses if dose is not None}
    if changed <= set(often) and len(set(often)) == 1:
        return often[0]
    if not give.changes:
        return np.array([*often, often[0]])[arms]
    own = [doses_for(column) for column in range(len(arms))]
    mine = np.maximum(arms, 0) if len(often) > 1 else np.zeros(len(arms), dtype=np.int16)
    return np.array([(doses[arm].times or 1) if doses[arm] is not None else 1 for doses, arm in zip(own, mine, strict=True)])


def _at_level(give: Give, arm: int, cohort: Cohort, dates: Dates, columns: slice) -> Dose | None:
    if (levels := give.levels[arm]) is None:
        return give.doses[arm]
    at = int(places(levels, cohort, dates, columns)[0])
    return levels.doses[at] if 0 <= at < len(levels.doses) else give.ways[-1][arm]
