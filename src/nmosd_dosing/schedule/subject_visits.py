"""The visits of a schedule and their doses, as each subject has them: lists with one value for each column."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from itertools import repeat
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nmosd_dosing.days import Dates, Offset, to_dates
from nmosd_dosing.dose.dose import AmountStatus, Dose, Levels
from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.schedule.allowed_days import Gaps, Opens, allowed_days, is_entry
from nmosd_dosing.schedule.doses.body_weights import Used, UsedValue, used_by, value_used, weight_dates
from nmosd_dosing.schedule.doses.dispensing import Dispensed, dispense
from nmosd_dosing.schedule.doses.recorded_doses import not_compared, range_ends, wrong_dose
from nmosd_dosing.schedule.event_changes import change
from nmosd_dosing.schedule.rows import Row
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.schedule.subject_schedule import (
    AtLevel,
    Change,
    Date,
    DoseBefore,
    Exposure,
    SubjectDose,
    SubjectSegment,
    SubjectVisit,
    VialCount,
)
from nmosd_dosing.schedule.visit_states import VisitStatus
from nmosd_dosing.subjects.cohort import UNKNOWN_ARM

_VISIT, _AMOUNT = {int(status): status for status in VisitStatus}, {int(status): status for status in AmountStatus}
_NO_RECORDS: tuple[tuple[()], tuple[()], tuple[()], None, tuple[()]] = (), (), (), None, ()


def visits_of(
    schedule: Schedule, segments: Sequence[tuple[SubjectSegment, ...]], doses: Sequence[list[SubjectDose]], dates: Dates,
    opens: Opens | None = None,
) -> list[list[SubjectVisit | None]]:  # fmt: skip
    """Each visit as each subject has it, None where it is not in the subject's plan. segments: each subject's; doses: of each row; dates:
    (k, n) those of `dose_dates`; opens: as `allowed_days` takes it."""
    m, n = schedule.target.shape
    rows: dict[int, list[int]] = {}
    for k, row in enumerate(schedule.rows):
        rows.setdefault(row.visit, []).append(k)
    allowed = allowed_days(schedule, dates, opens)
    targets, earliest, latest, first, last = map(to_dates, (schedule.target, allowed.earliest, allowed.latest, *allowed.around))
    before, told = _doses_before(schedule, allowed.gaps), schedule.visit_records
    arms = schedule.arm.tolist()
    actuals, booked = (to_dates(told.actual), to_dates(told.booked)) if told is not None else ([[None] * n] * m, [[None] * n] * m)
    found: list[list[SubjectVisit | None]] = []
    for visits, _ in schedule.by_segment():
        states, days, beyond = schedule.state(visits).tolist(), to_dates(schedule.dates(visits)), schedule.beyond_open_end(visits).tolist()
        dosed = np.broadcast_to(schedule.dose_recorded(visits), (visits.stop - visits.start, n)).tolist()
        for number, i in enumerate(range(visits.start, visits.stop)):
            mine = [doses[k] for k in rows.get(i, ())]
            columns = zip(
                map(_VISIT.__getitem__, states[number]), targets[i], actuals[i], booked[i], days[number], earliest[i], latest[i],
                zip(first[i], last[i], strict=True), before[i], _last(schedule, i), _planned_last(schedule, i), _since(schedule, i),
                repeat(is_entry(schedule, i)), beyond[number], dosed[number],
                zip(*mine, strict=True) if mine else repeat(()),
            )  # fmt: skip
            seen = {arm: schedule.as_seen(i, arm) for arm in set(arms)}
            id, segment = schedule.id(i), schedule.segment_of[i]
            found.append(
                [
                    SubjectVisit(i, number, segments[c][segment], seen[arms[c]], id, *values, *_records(schedule, i, c, rows.get(i, [])))
                    if values[0] != VisitStatus.ABSENT
                    else None
                    for c, values in enumerate(columns)
                ]
            )
    return found


def _doses_before(schedule: Schedule, gaps: Gaps | None) -> list[list[DoseBefore | None]]:
    """By visit, each subject's."""
    m, n = schedule.target.shape
    found: list[list[DoseBefore | None]] = [[None] * n] * m
    if gaps is not None:
        names = [product.name for product in schedule.study.products]
        columns = zip(
            gaps.visits, gaps.product.tolist(), to_dates(gaps.since), to_dates(gaps.not_before), gaps.before.tolist(), strict=True
        )
        for i, *values in columns:
            found[i] = [DoseBefore(names[p], *about) if p >= 0 else None for p, *about in zip(*values, strict=True)]
    return found


def _last(schedule: Schedule, visit: int) -> list[Date]:
    last = schedule.last(visit)
    return to_dates(last) if last is not None else [None] * len(schedule)


def _planned_last(schedule: Schedule, visit: int) -> list[Date]:
    if schedule.visits[visit].last is None:
        return [None] * len(schedule)
    actual, target = schedule.actual(visit), schedule.expected(visit)
    begins = target if actual is None else np.where(np.isnat(actual), target, actual)
    last = schedule.planned_last(visit, begins, slice(None))
    return to_dates(last) if last is not None else [None] * len(schedule)


def _since(schedule: Schedule, visit: int) -> list[tuple[Any, Offset, bool] | None]:
    """Of a visit that counts from the actual dose before it, that day, how far it lies back, and whether it is only booked."""
    counted = schedule.counted.get(visit)
    if counted is None or schedule.visits[visit].follows is None:
        return [None] * len(schedule)
    steps = zip(counted.days.tolist(), counted.months.tolist(), counted.then.tolist(), strict=True)
    columns = zip(to_dates(counted.since), steps, counted.booked.tolist(), strict=True)
    return [(day, Offset(days, months, then=then), booked) if day is not None else None for day, (days, months, then), booked in columns]


def _records(schedule: Schedule, visit: int, column: int, rows: list[int]) -> tuple[Any, ...]:
    """What is recorded of a visit, and what of it is not the plan, or could not be compared with it."""
    found = schedule.visit_records
    if found is None:
        return _NO_RECORDS
    records, appointments = found.records.get((visit, column), ()), found.appointments.get((visit, column), ())
    times = found.times.get((visit, column), ())
    if not records:
        return (), appointments, (), None, times
    return (
        records,
        appointments,
        tuple(wrong_dose(schedule, rows, r, column) for r in records),
        not_compared(schedule, rows, records, column),
        times,
    )


def doses_of(schedule: Schedule, in_plan: NDArray[np.bool_], dates: Dates, policy: Policy | None) -> list[list[SubjectDose]]:
    """Each administration as each subject has it. in_plan, dates: (k, n) those of `all_in_plan` and `dose_dates`."""
    n, rows, arms = len(schedule), schedule.rows, schedule.arm.tolist()
    at, days = in_plan.tolist(), to_dates(dates)
    amounts, totals, per_kg = schedule.amount.tolist(), schedule.cumulative.tolist(), schedule.cumulative_per_kg().tolist()
    vials: list[Dispensed | None] = dispense(schedule, policy) if policy is not None else [None] * len(rows)
    made = []
    for k, row in enumerate(rows):
        doses = [schedule.doses_for(k, c) for c in range(n)] if row.give.events else [row.give.doses] * n
        own = [each[0] if len(each) == 1 else each[arm] if arm != UNKNOWN_ARM else None for each, arm in zip(doses, arms, strict=True)]
        recorded = [(k, c) in schedule.written for c in range(n)]
        planned = [p if r else a for p, r, a in zip(schedule.planned.get(k, amounts[k]), recorded, amounts[k], strict=True)]
        weights = [_weight(schedule, row, own[c], doses[c], c) if at[k][c] else None for c in range(n)]
        values = [_value(schedule, row, own[c], doses[c], c) if at[k][c] else None for c in range(n)]
        columns = zip(
            at[k], map(_AMOUNT.__getitem__, schedule.status[k].tolist()), amounts[k], totals[k], per_kg[k],
            np.broadcast_to(schedule.count(k), n).astype(int).tolist(), doses, own, _changes(schedule, k), _levels(schedule, k),
            map(float, planned), recorded, days[k], weights, values, _vials(vials[k], n), _exposure(schedule, k), _ends(schedule, k),
            strict=True,
        )  # fmt: skip
        made.append([SubjectDose(row.give, row.scale, *values) for values in columns])
    return made


def _changes(schedule: Schedule, k: int) -> list[Change | None]:
    give = schedule.rows[k].give
    if not give.changes:
        return [None] * len(schedule)
    chosen, dates = change(give, schedule.cohort, schedule.dose_days(schedule.rows[k].visit), slice(None))
    return [
        Change(give.changes[i][0], date, i) if date is not None else None for i, date in zip(chosen.tolist(), to_dates(dates), strict=True)
    ]


def _levels(schedule: Schedule, k: int) -> list[AtLevel | None]:
    give, n, arms = schedule.rows[k].give, len(schedule), schedule.arm.tolist()
    if not give.levels:
        return [None] * n
    of_all = give.levels[0] if len({own and own.scheme for own in give.levels}) == 1 else None
    own = [of_all if of_all is not None or arm == UNKNOWN_ARM else give.levels[arm] for arm in arms]
    days = to_dates(schedule.dose_days(schedule.rows[k].visit))
    happened = {event: list(zip(*map(to_dates, schedule.cohort.dates_of(event)), strict=True)) for event in give.events}
    taken = schedule.taken[k].tolist() if k in schedule.taken else [0] * n

    def until(events: Sequence[str], column: int, day: Date) -> list[tuple[str, dt.date]]:
        """Events until a dose, in the order of their days."""
        found = [(event, date) for event in events for date in dict.fromkeys(happened[event][column] if happened[event] else ())]
        return sorted(((event, date) for event, date in found if date is not None and day is not None and date <= day), key=itemgetter(1))

    def one(levels: Levels, column: int, day: Date) -> AtLevel:
        at = levels.start + len(until(levels.down, column, day)) - len(until(levels.up, column, day))
        by = tuple(until((*levels.down, *levels.up), column, day))
        beyond = 1 if at >= len(levels.doses) else -1 if at < 0 else 0
        edge = (levels.names or ("",))[-1 if beyond > 0 else 0]
        return AtLevel(levels.names[at] if levels.names and not beyond else None, edge, beyond, by, _took(levels, column, day))

    def _took(levels: Levels, column: int, day: Date) -> tuple[tuple[str, dt.date], ...]:
        """What takes a dose away: what holds it, and goes on only after it; else the latest event that omits the next one."""
        if not taken[column]:
            return ()
        held, resumed = until(levels.held, column, day)[-1:], until(levels.resumed, column, day)[-1:]
        if held and not (resumed and resumed[0][1] >= held[0][1]):
            return (
                *held,
                *[(event, date) for event, date in until(levels.resumed, column, dt.date.max) if day is not None and date > day][:1],
            )
        return tuple(until(levels.omit, column, day)[-1:])

    return [one(levels, c, days[c]) if levels is not None else None for c, levels in enumerate(own)]


def _weight(schedule: Schedule, row: Row, own: Dose | None, doses: tuple[Dose | None, ...], column: int) -> Used | None:
    """The weight that a dose is by, where it is by one; of a masked dose, as that of the active arms."""
    dose = row.give.kit or own or next((dose for dose in doses if dose is not None), None)
    if dose is None or not dose.by_weight:
        return None
    return used_by(schedule, dose.by, row.give.product, weight_dates(schedule, row.visit, slice(column, column + 1))[0], column)


def _value(schedule: Schedule, row: Row, own: Dose | None, doses: tuple[Dose | None, ...], column: int) -> UsedValue | None:
    """The recorded value that a dose is by, where it is by one; of a masked dose none."""
    dose = own if own is not None or len(set(doses)) > 1 else doses[0]
    if dose is None or dose.by_value is None:
        return None
    return value_used(schedule, dose.by_value, row.visit, column)


def _vials(found: Dispensed | None, n: int) -> list[VialCount | None]:
    if found is None:
        return [None] * n
    columns = zip(found.counts.T.tolist(), found.total.tolist(), found.waste.tolist(), found.volume.tolist(), strict=True)
    sizes = found.vials.texts
    return [
        None if math.isnan(numbers[0]) else VialCount(tuple((size, n) for size, n in zip(sizes, counts, strict=True) if n), *numbers)
        for counts, *numbers in columns
    ]


def _ends(schedule: Schedule, k: int) -> list[tuple[float, float] | None]:
    """The ends of a range, of one administration."""
    return [None if math.isnan(low) else (low, high) for low, high in range_ends(schedule, k).T.tolist()]


def _exposure(schedule: Schedule, k: int) -> list[Exposure | None]:
    found = schedule.exposure.get(k)
    return [None] * len(schedule) if found is None else list(map(Exposure, *(array.tolist() for array in found)))
