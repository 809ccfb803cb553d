"""Doses that events change: the latest event on or before a dose decides; of several on one day, the last in the file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nmosd_dosing.days import NO_DATE, Dates
from nmosd_dosing.dose.dose import Dose
from nmosd_dosing.study.visit_rules import Give
from nmosd_dosing.subjects.cohort import Cohort


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
    """The doses of an administration by arm, each as the latest event that changes it has it, for the one subject of `columns`."""
    doses, latest = list(give.doses), [NO_DATE] * len(give.doses)
    for event, changed in give.changes:
        since = cohort.latest(event, dates, columns)[0]
        for arm, new in enumerate(changed):
            if new is not None and not np.isnat(since) and not since < latest[arm]:
                doses[arm], latest[arm] = new, since
    return tuple(doses)
