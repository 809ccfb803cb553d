"""The visits of a schedule and their doses, as each subject has them: one value for each column, of the nouns made when it is asked for."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nmosd_dosing.days import Dates, Offset, no_dates, to_dates
from nmosd_dosing.dose.dose import AmountStatus, Dose, Levels
from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.schedule import subject_schedule as of
from nmosd_dosing.schedule.allowed_days import Gaps, Opens, allowed_days, is_entry
from nmosd_dosing.schedule.doses.amounts import cumulative_per_kg
from nmosd_dosing.schedule.doses.body_weights import Used, UsedValue, used_by, value_used, weight_dates
from nmosd_dosing.schedule.doses.dispensing import Dispensed, dispense
from nmosd_dosing.schedule.doses.recorded_doses import not_compared, range_ends, wrong_dose
from nmosd_dosing.schedule.event_changes import change
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.schedule.visit_states import VisitStatus
from nmosd_dosing.subjects.cohort import UNKNOWN_ARM

_VISIT, _AMOUNT = {int(status): status for status in VisitStatus}, {int(status): status for status in AmountStatus}
_NO_RECORDS: tuple[tuple[()], tuple[()], tuple[()], None, tuple[()]] = (), (), (), None, ()
_NOTHING_WRONG: tuple[str | None, ...] = (None,)  # of one record


def visits_of(
    schedule: Schedule, segments: Sequence[list[of.SubjectSegment]], doses: Sequence[Iterator[of.SubjectDose]], dates: Dates,
    opens: Opens | None = None,
) -> list[Iterator[of.SubjectVisit | None]]:  # fmt: skip
    """Each visit as each subject has it, None where it is not in the subject's plan. segments, doses: each of them; dates: (k, n) those of
    `dose_dates`; opens: as `allowed_days` takes it."""
    rows: dict[int, list[int]] = {}
    for k, row in enumerate(schedule.rows):
        rows.setdefault(row.visit, []).append(k)
    allowed = allowed_days(schedule, dates, opens)
    before, told, arms = _doses_before(schedule, allowed.gaps), schedule.visit_records, schedule.arm.tolist()
    actual, booked = (told.actual, told.booked) if told is not None else no_dates((2, *schedule.target.shape))
    found: list[Iterator[of.SubjectVisit | None]] = []
    for visits, _ in schedule.by_segment():
        states, days, beyond = schedule.state(visits), schedule.dates(visits), schedule.beyond_open_end(visits)
        dosed = np.broadcast_to(schedule.dose_recorded(visits), beyond.shape)
        for number, i in enumerate(range(visits.start, visits.stop)):
            mine = [doses[k] for k in rows.get(i, ())]
            seen = {arm: schedule.as_seen(i, arm) for arm in set(arms)}
            columns = zip(
                repeat(i), repeat(number), segments[schedule.segment_of[i]], map(seen.__getitem__, arms), repeat(schedule.id(i)),
                map(_VISIT.__getitem__, each(states[number])),
                *map(each, (schedule.target[i], actual[i], booked[i], days[number], allowed.earliest[i], allowed.latest[i])),
                zip(*(each(around[i]) for around in allowed.around), strict=True), before[i], each(schedule.last(i)),
                each(_planned_last(schedule, i)), _since(schedule, i), repeat(is_entry(schedule, i)), each(beyond[number]),
                each(dosed[number]), zip(*mine, strict=True) if mine else repeat(()),
            )  # fmt: skip
            found.append(map(_visit, columns, _records(schedule, i, rows.get(i, []))))
    return found


def _visit(values: tuple[Any, ...], told: tuple[Any, ...]) -> of.SubjectVisit | None:
    visit = of.SubjectVisit(*values, *told)
    return visit if visit.status != VisitStatus.ABSENT else None


def _doses_before(schedule: Schedule, gaps: Gaps | None) -> list[Iterable[of.DoseBefore | None]]:
    """By visit, each subject's."""
    found: list[Iterable[of.DoseBefore | None]] = [repeat(None)] * len(schedule.visits)
    if gaps is not None:
        names = [product.name for product in schedule.study.products]
        columns = zip(
            gaps.visits, gaps.product.tolist(), to_dates(gaps.since), to_dates(gaps.not_before), gaps.before.tolist(), strict=True
        )
        for i, *values in columns:
            found[i] = [of.DoseBefore(names[p], *about) if p >= 0 else None for p, *about in zip(*values, strict=True)]
    return found


def _planned_last(schedule: Schedule, visit: int) -> Dates | None:
    actual, target = schedule.actual(visit), schedule.expected(visit)
    begins = target if actual is None else np.where(np.isnat(actual), target, actual)
    return schedule.planned_last(visit, begins, slice(None))


def _since(schedule: Schedule, visit: int) -> Iterable[tuple[Any, Offset, bool] | None]:
    """Of a visit that counts from the actual dose before it, that day, how far it lies back, and whether it is only booked."""
    counted = schedule.counted.get(visit)
    if counted is None or schedule.visits[visit].follows is None:
        return repeat(None)
    steps = zip(counted.days.tolist(), counted.months.tolist(), counted.then.tolist(), strict=True)
    columns = zip(to_dates(counted.since), steps, counted.booked.tolist(), strict=True)
    return [(day, Offset(days, months, then=then), booked) if day is not None else None for day, (days, months, then), booked in columns]


def _records(schedule: Schedule, visit: int, rows: list[int]) -> Iterable[tuple[Any, ...]]:
    """By column, what is recorded of a visit, and what of it is not the plan, or could not be compared with it."""
    found = schedule.visit_records
    if found is None:
        yield from repeat(_NO_RECORDS, len(schedule))
        return
    told, booked, times = found.records, found.appointments, found.times
    for at in zip(repeat(visit), range(len(schedule))):
        records = told.get(at, ())
        wrong, compared = _NOTHING_WRONG, None
        if [(r.product, r.amount, r.last) for r in records] != [(None, None, None)]:  # one that says only when, as most do, is as planned
            wrong = tuple(wrong_dose(schedule, rows, record, at[1]) for record in records)
            compared = not_compared(schedule, rows, records, at[1])
        yield records, booked.get(at, ()), wrong, compared, times.get(at, ())


def doses_of(schedule: Schedule, in_plan: NDArray[np.bool_], dates: Dates, policy: Policy | None) -> list[Iterator[of.SubjectDose]]:
    """Each administration as each subject has it. in_plan, dates: (k, n) those of `all_in_plan` and `dose_dates`."""
    n, rows, arms = len(schedule), schedule.rows, schedule.arm.tolist()
    per_kg, written = cumulative_per_kg(schedule), defaultdict[int, list[int]](list)
    for k, column in schedule.written:
        written[k].append(column)
    vials: list[Dispensed | None] = dispense(schedule, policy) if policy is not None else [None] * len(rows)
    made: list[Iterator[of.SubjectDose]] = []
    for k, row in enumerate(rows):
        doses = [schedule.doses_for(k, c) for c in range(n)] if row.give.events else [row.give.doses] * n
        own = [each[0] if len(each) == 1 else each[arm] if arm != UNKNOWN_ARM else None for each, arm in zip(doses, arms, strict=True)]
        (recorded := np.zeros(n, dtype=bool))[written[k]] = True
        planned = np.where(recorded, schedule.planned[k], schedule.amount[k]) if k in schedule.planned else schedule.amount[k]
        may_be = {dose for dose in (row.give.kit, *row.give.doses, *(dose for way in row.give.ways for dose in way)) if dose is not None}
        weights: Iterable[Used | None] = repeat(None)
        values: Iterable[UsedValue | None] = repeat(None)
        if any(dose.by_weight for dose in may_be):
            weights = [_weight(schedule, k, own[c], doses[c], c) if in_plan[k, c] else None for c in range(n)]
        if any(dose.by_value is not None for dose in may_be):
            values = [_value(schedule, k, own[c], doses[c], c) if in_plan[k, c] else None for c in range(n)]
        of_each = map(
            of.SubjectDose, repeat(row.give), repeat(row.scale), each(in_plan[k]), map(_AMOUNT.__getitem__, each(schedule.status[k])),
            each(schedule.amount[k]), each(schedule.cumulative[k]), each(per_kg[k]),
            each(np.broadcast_to(schedule.count(k), n).astype(int)), doses, own, _changes(schedule, k), _levels(schedule, k),
            each(planned), each(recorded), each(dates[k]), weights, values, _vials(vials[k], n), _exposure(schedule, k),
            _ends(schedule, k), _days_taken(schedule, k),
        )  # fmt: skip
        made.append(of_each)
    return made


def each(values: NDArray[Any] | None) -> Iterator[Any]:
    """The values of a row, one after another, dates as such; of very many, some at a time. None for everybody where there is no row."""
    if values is None:
        return repeat(None)
    parts = (values[begin : begin + 1024] for begin in range(0, len(values), 1024))
    return chain.from_iterable(to_dates(part) if part.dtype.kind == "M" else part.tolist() for part in parts)


def _changes(schedule: Schedule, k: int) -> Iterable[of.Change | None]:
    give = schedule.rows[k].give
    if not give.changes:
        return repeat(None)
    chosen, dates = change(give, schedule.cohort, schedule.dose_days(k), slice(None))
    columns = zip(chosen.tolist(), to_dates(dates), strict=True)
    return [of.Change(give.changes[i][0], date, i) if date is not None else None for i, date in columns]


def _levels(schedule: Schedule, k: int) -> Iterable[of.AtLevel | None]:
    give, n, arms = schedule.rows[k].give, len(schedule), schedule.arm.tolist()
    if not give.levels:
        return repeat(None)
    of_all = give.levels[0] if len({own and own.scheme for own in give.levels}) == 1 else None
    own = [of_all if of_all is not None or arm == UNKNOWN_ARM else give.levels[arm] for arm in arms]
    days = to_dates(schedule.dose_days(k))
    taken = schedule.taken[k].tolist() if k in schedule.taken else [0] * n

    def one(levels: Levels, column: int, day: of.Date) -> of.AtLevel:
        down, up = (_until(schedule, events, column, day) for events in (levels.down, levels.up))
        by = tuple(_until(schedule, (*levels.down, *levels.up), column, day))
        at = levels.start + len(down) - len(up)
        beyond = 1 if at >= len(levels.doses) else -1 if at < 0 else 0
        edge = (levels.names or ("",))[-1 if beyond > 0 else 0]
        took = _took(schedule, levels, column, day) if taken[column] else ()
        return of.AtLevel(levels.names[at] if levels.names and not beyond else None, edge, beyond, by, took)

    return [one(levels, c, days[c]) if levels is not None else None for c, levels in enumerate(own)]


def _until(schedule: Schedule, events: Sequence[str], column: int, day: of.Date) -> list[tuple[str, dt.date]]:
    """Events until a dose, in the order of their days."""
    happened = [(event, date) for event in events for date in dict.fromkeys(to_dates(schedule.cohort.dates_of(event)[:, column]))]
    return sorted(((event, date) for event, date in happened if date is not None and day is not None and date <= day), key=itemgetter(1))


def _took(schedule: Schedule, levels: Levels, column: int, day: of.Date) -> tuple[tuple[str, dt.date], ...]:
    """What takes a dose away: what holds it, and goes on only after it; else the latest event that omits the next one."""
    held, resumed = (_until(schedule, events, column, day)[-1:] for events in (levels.held, levels.resumed))
    if held and not (resumed and resumed[0][1] >= held[0][1]):
        later = _until(schedule, levels.resumed, column, dt.date.max)
        return *held, *[(event, date) for event, date in later if day is not None and date > day][:1]
    return tuple(_until(schedule, levels.omit, column, day)[-1:])


def _days_taken(schedule: Schedule, k: int) -> Iterable[tuple[of.DaysTaken, ...]]:
    """The days that events take from a course, one after another of one cause together."""
    n, give = len(schedule), schedule.rows[k].give
    if k not in schedule.taken_days:
        return repeat(())
    first, of_all = to_dates(schedule.visit_days(schedule.rows[k].visit)), give.levels[0] if len(set(give.levels)) == 1 else None
    days = np.broadcast_to(schedule.days(schedule.rows[k].visit), n).tolist()
    return [
        tuple(_runs(schedule, first[c], states[: int(days[c])], of_all or (give.levels[arm] if arm != UNKNOWN_ARM else None), c))
        for c, (states, arm) in enumerate(zip(schedule.taken_days[k].taken.T.tolist(), schedule.arm.tolist(), strict=True))
    ]


def _runs(schedule: Schedule, first: of.Date, states: list[int], levels: Levels | None, column: int) -> Iterator[of.DaysTaken]:
    days = [(first + dt.timedelta(n), AmountStatus(state)) for n, state in enumerate(states) if first is not None and state]
    causes = [(status, _took(schedule, levels, column, day) if levels is not None else ()) for day, status in days]
    for begin, (day, status) in enumerate(days):
        goes_on = begin and causes[begin] == causes[begin - 1] and days[begin - 1][0] == day - dt.timedelta(1)
        if not goes_on:
            end = begin
            while end + 1 < len(days) and causes[end + 1] == causes[begin] and days[end + 1][0] == days[end][0] + dt.timedelta(1):
                end += 1
            yield of.DaysTaken(day, days[end][0], status, causes[begin][1])


def _weight(schedule: Schedule, k: int, own: Dose | None, doses: tuple[Dose | None, ...], column: int) -> Used | None:
    """The weight that a dose is by, where it is by one; of a masked dose, as that of the active arms."""
    give = schedule.rows[k].give
    dose = give.kit or own or next((dose for dose in doses if dose is not None), None)
    if dose is None or not dose.by_weight:
        return None
    return used_by(schedule, dose.by, give.product, weight_dates(schedule, k, slice(column, column + 1))[0], column)


def _value(schedule: Schedule, k: int, own: Dose | None, doses: tuple[Dose | None, ...], column: int) -> UsedValue | None:
    """The recorded value that a dose is by, where it is by one; of a masked dose none."""
    dose = own if own is not None or len(set(doses)) > 1 else doses[0]
    if dose is None or dose.by_value is None:
        return None
    return value_used(schedule, dose.by_value, k, column)


def _vials(found: Dispensed | None, n: int) -> Iterable[of.VialCount | None]:
    if found is None:
        return repeat(None)
    columns = zip(found.counts.T.tolist(), found.total.tolist(), found.waste.tolist(), found.volume.tolist(), strict=True)
    sizes = found.vials.texts
    return [
        None if math.isnan(numbers[0]) else of.VialCount(tuple((size, n) for size, n in zip(sizes, counts, strict=True) if n), *numbers)
        for counts, *numbers in columns
    ]


def _ends(schedule: Schedule, k: int) -> Iterator[tuple[float, float] | None]:
    """The ends of a range, of one administration."""
    ends = range_ends(schedule, k)
    return repeat(None) if np.isnan(ends).all() else (None if math.isnan(low) else (low, high) for low, high in each(ends.T))


def _exposure(schedule: Schedule, k: int) -> Iterable[of.Exposure | None]:
    found = schedule.exposure.get(k)
    return repeat(None) if found is None else map(of.Exposure, *(array.tolist() for array in found))
