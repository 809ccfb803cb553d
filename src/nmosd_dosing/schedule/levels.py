"""At which level of its dose each subject is on a day: the one that everybody begins at, and a step for each event since."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from nmosd_dosing.days import Dates
from nmosd_dosing.dose.dose import Levels
from nmosd_dosing.study.visit import Visit
from nmosd_dosing.study.visit_rules import Give
from nmosd_dosing.subjects.cohort import Cohort

UNCLEAR = -2  # it hangs on an arm that is not known


def without_levels(visits: Sequence[Visit]) -> tuple[Visit, ...]:
    """The visits with every dose as it is at the level at which everybody begins, whatever happens."""

    def fixed(give: Give) -> Give:
        doses = tuple(dose and replace(dose, levels=None) for dose in give.doses)
        return replace(give, doses=doses, kit=give.kit and replace(give.kit, levels=None))

    return tuple(replace(visit, gives=tuple(fixed(g) if g.levels else g for g in visit.gives)) for visit in visits)


def places(levels: Levels, cohort: Cohort, dates: Dates, columns: slice) -> NDArray[np.int64]:
    """(n,) the place of the level on some dates, as the events until then have it; below 0 or beyond the last where there is none."""
    return levels.start + _happened(levels.down, cohort, dates, columns) - _happened(levels.up, cohort, dates, columns)


def _happened(events: Sequence[str], cohort: Cohort, dates: Dates, columns: slice) -> NDArray[np.int64]:
    """(n,) how often any of some events has happened on or before some dates: each once on a day, however often it is told."""
    count = np.zeros(len(dates), dtype=np.int64)
    for event in events:
        happened = cohort.dates_of(event)[:, columns]
        again = happened[1:] == happened[:-1]
        count += (happened <= dates).sum(axis=0) - (again & (happened[1:] <= dates)).sum(axis=0)
    return count


def level_way(give: Give, cohort: Cohort, dates: Dates, columns: slice) -> NDArray[np.intp]:
    """(n,) which of the ways of an administration with levels holds, -1 for the dose as it is planned, UNCLEAR where the arm is not known
    and levels go otherwise in another one. dates: (n,) those of the doses of some columns."""
    own = give.levels
    if not cohort.had(give.events):
        return np.full(len(dates), -1, dtype=np.intp)
    beyond, found = len(give.ways) - 1, {}
    for levels in {each for each in own if each is not None}:
        at = places(levels, cohort, dates, columns)
        found[levels] = np.where((at >= 0) & (at < len(levels.doses)), at, beyond)
    by_arm: NDArray[np.intp] = np.array([found[each] if each is not None else np.full(len(dates), -1) for each in own], dtype=np.intp)
    if len(found) == 1 and None not in own:
        first: NDArray[np.intp] = by_arm[0]
        return first
    several = np.array([found[each] for each in found], dtype=np.intp)
    unclear = np.where((several == several[0]).all(axis=0), several[0], UNCLEAR)
    way: NDArray[np.intp] = np.array([*by_arm, unclear])[cohort.arm[columns], np.arange(len(dates))]  # -1, not known: the last
    return way
