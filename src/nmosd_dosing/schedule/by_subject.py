"""A schedule, subject by subject: what its arrays hold of each, as plain values.

Each noun is made for all subjects at once, as a list with one of them for each column: an array is asked once, whoever it is about.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nmosd_dosing.days import LAST_DATE, Dates, Offset, to_date, to_dates
from nmosd_dosing.dose.dose import AmountStatus, Dose
from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.schedule.dispensing import Dispensed, dispense
from nmosd_dosing.schedule.gaps import dose_dates, entry_gaps, given_after_hold, shortest_planned
from nmosd_dosing.schedule.lifetime_caps import lifetimes
from nmosd_dosing.schedule.recorded_doses import not_compared, wrong_dose
from nmosd_dosing.schedule.schedule import Row, Schedule, VisitStatus
from nmosd_dosing.schedule.segments import Segment
from nmosd_dosing.schedule.subject_schedule import (
    Began,
    Date,
    Exposure,
    Held,
    LastDay,
    StudyStop,
    SubjectCap,
    SubjectDose,
    SubjectGap,
    SubjectMove,
    SubjectPeriod,
    SubjectSchedule,
    SubjectSegment,
    SubjectVisit,
    VialCount,
)
from nmosd_dosing.schedule.weights import Used, has_later, used, weight_dates
from nmosd_dosing.subjects import triggers
from nmosd_dosing.subjects.cohort import UNKNOWN_ARM
from nmosd_dosing.subjects.disposition import Limit, Move, MoveStatus
from nmosd_dosing.subjects.not_allowed import needed
from nmosd_dosing.subjects.subject import Record

_EVERYBODY = slice(None)
_STATUS, _AMOUNT = {int(s): s for s in VisitStatus}, {int(s): s for s in AmountStatus}
_MOVE = {int(s): s for s in MoveStatus}


def by_subject(schedule: Schedule, policy: Policy | None = None) -> list[SubjectSchedule]:
    """Each subject's schedule, in the order of the columns; with vials where `policy` says which are taken.

    Raises InputError for dates outside the years 1 to 9999.
    """
    course, cohort, study = schedule.course, schedule.cohort, schedule.study
    n = len(schedule)
    segments = _by_column([_segment(schedule, p) for p in range(len(schedule.segments))], n)
    given = schedule.all_given()
    dates = dose_dates(schedule, given)
    visits = _by_column(_visits(schedule, segments, _doses(schedule, given, dates, policy)), n)
    stopped = StudyStop(to_date(course.stopped.date), course.stopped.by, tuple((t, to_date(d[0])) for t, d in course.stopped.rules))
    events = _by_column([[(name, d) for d in zip(*to_dates(dates), strict=True)] for name, dates in cohort.events.items()], n)
    records, unscheduled, twice = _records(schedule)
    caps, gaps = lifetimes(study, cohort), _gaps(schedule, dates)
    products = tuple(dict.fromkeys((row.give.product, row.give.unit) for row in schedule.rows))
    weighed = [has_later(cohort, None, c) for c in range(n)]
    later = {product.name: [has_later(cohort, product.weight, c) for c in range(n)] for product in study.products}
    earlier = {(column, exposure.product) for column, exposure in cohort.earlier}
    return [
        SubjectSchedule(
            study=study,
            unblinded=schedule.unblinded,
            until=to_date(schedule.until) if schedule.until is not None else None,
            code=(cohort.codes[c] or None) if cohort.codes else None,
            start=start,
            arm=arm,
            weight_kg=_in_parts(weight, 1000),
            height_cm=_in_parts(height, 10),
            products=products,
            periods=periods,
            segments=segments[c],
            visits=tuple(visit for visit in visits[c] if visit is not None),
            moves=moves,
            stop=stopped,
            events={name: tuple(date for date in dates if date is not None) for name, dates in events[c]},
            of_study=cohort.of_study,
            unanswered_decision=unanswered,
            contradicted_decision=contradicted,
            unscheduled=tuple(unscheduled.get(c, ())),
            twice=tuple(twice.get(c, ())),
            last_recorded=max((record.date for record in records.get(c, ())), default=None),
            first_dose=first,
            last_dose=last,
            beyond=beyond,
            gaps=tuple(gap for gap in gaps[c] if gap is not None),
            caps=tuple(SubjectCap(cap.product, cap.limit, float(cap.earlier[c]) if (c, cap.product) in earlier else None) for cap in caps),
            later_weights={product: has[c] for product, has in later.items()},
            weighed=weighed[c],
        )
        for c, (start, arm, weight, height, periods, moves, unanswered, contradicted, first, last, beyond) in enumerate(
            zip(
                to_dates(cohort.start),
                cohort.arm.tolist(),
                cohort.grams.tolist(),
                cohort.mm.tolist(),
                _by_column(list(_periods(schedule)), n),
                _by_column([_move(schedule, move) for move in course.moves], n),
                triggers.unanswered(cohort).tolist(),
                triggers.contradicted(cohort).tolist(),
                to_dates(schedule.first_dose),
                to_dates(schedule.last_dose),
                schedule.beyond.tolist(),
                strict=True,
            )
        )
    ]


def _in_parts(whole: float, parts: int) -> float | None:
    """A whole number of grams in kg, of millimetres in cm; None where it is not known."""
    return None if math.isnan(whole) else whole / parts


def _by_column(rows: Sequence[Sequence[Any]], n: int) -> list[tuple[Any, ...]]:
    """Lists of n subjects' values, as one tuple for each subject."""
    return list(zip(*rows, strict=True)) if rows else [()] * n


def _nothing(n: int) -> list[None]:
    return [None] * n


# --- the way through the periods ----------------------------------------------------------------------------------------


def _periods(schedule: Schedule) -> Iterator[list[SubjectPeriod]]:
    course, n = schedule.course, len(schedule)
    for p, period in enumerate(course.periods):
        last = course.last_day(p, doses=False)
        last_days = to_dates(last) if last is not None else _nothing(n)
        columns = zip(to_dates(course.anchor[p]), course.projected[p].tolist(), to_dates(course.end[p]), last_days, strict=True)
        yield [SubjectPeriod(period, *values) for values in columns]


def _move(schedule: Schedule, move: Move) -> list[SubjectMove]:
    transitions, cohort = schedule.course.transitions, schedule.cohort
    days = [to_dates(dates) for dates in (move.date, move.earliest, move.latest, move.entered, move.undecided)]
    rules = zip(move.rule.tolist(), move.waiting.tolist(), move.status.tolist(), move.outside().tolist(), strict=True)
    made = []
    for column, ((rule, waiting, status, outside), dates) in enumerate(zip(rules, zip(*days, strict=True), strict=True)):
        governs = transitions[rule] if rule >= 0 else None
        needs = governs.needs if governs is not None else ()
        met = [needed(cohort, governs, need, move.date[column], column) for need in needs] if governs is not None else []
        days_met = tuple(to_date(date) if date is not None else None for date in met)
        other = transitions[waiting] if waiting >= 0 else None
        made.append(SubjectMove(move.source, governs, other, _MOVE[status], *(*dates, outside, days_met)))
    return made


def _segment(schedule: Schedule, number: int) -> list[SubjectSegment]:
    """A segment as each subject has it."""
    segment, n = schedule.segments[number], len(schedule)
    period = schedule.course.periods[segment.period]
    anchors = to_dates(segment.anchor)
    day_one = anchors
    if segment.event:  # its days are numbered from the first one of the period, or of the study
        own = schedule.course.anchor[segment.period]
        day_one = to_dates(np.where(np.isnat(own), own, schedule.start) if period.keeps_count else own)
    limits, waits = _last_days(segment.limits, n), _last_days(segment.waits, n)
    cut = segment.cut.tolist() if segment.cut is not None else _nothing(n)
    again = _began(segment, n)
    holds = any(rule.then == "hold" for rule in period.gap_rules)
    return [
        SubjectSegment(
            number,
            segment.period,
            segment.event,
            segment.run,
            anchor,
            one,
            first,
            last,
            limits[c],
            waits[c],
            cut[c],
            again[c],
            tuple(_held(schedule, number, c)) if holds else (),
            open_end,
        )
        for c, (anchor, one, first, last, open_end) in enumerate(
            zip(
                anchors,
                day_one,
                to_dates(schedule.first_doses[number]),
                to_dates(schedule.last_doses[number]),
                to_dates(np.minimum(segment.open_end, LAST_DATE)),
                strict=True,
            )
        )
    ]


def _last_days(limits: Sequence[Limit], n: int) -> list[tuple[LastDay, ...]]:
    columns = [list(zip(to_dates(limit.last), to_dates(limit.date), strict=True)) for limit in limits]
    return [
        tuple(
            LastDay(last, limit.cause, date, limit.doses_only, limit.source)
            for limit, (last, date) in zip(limits, mine, strict=True)
            if last is not None
        )
        for mine in _by_column(columns, n)
    ]


def _began(segment: Segment, n: int) -> list[Began | None]:
    restart = segment.restart
    if restart is None:
        return [None] * n
    columns = zip(to_dates(restart.before), to_dates(segment.first), restart.rule.tolist(), strict=True)
    return [Began(restart.rules[rule], before, first) if rule >= 0 else None for before, first, rule in columns]


def _held(schedule: Schedule, number: int, column: int) -> Iterator[Held]:
    for rule, before, date in given_after_hold(schedule, number, column):
        there = to_date(date)
        assert there is not None
        yield Held(rule, to_date(before), there)


def _gaps(schedule: Schedule, dates: Dates) -> list[tuple[SubjectGap | None, ...]]:
    """The gap of each product at each entry; None for whom there is none."""
    found = []
    for gap in entry_gaps(schedule, dates):
        period = schedule.course.periods[schedule.segments[gap.segment].period].id
        shortest = shortest_planned(schedule, gap.product)
        columns = zip(to_dates(gap.before), to_dates(gap.first), gap.last.tolist(), strict=True)
        found.append(
            [
                SubjectGap(period, gap.product, gap.shown, before, schedule.id(schedule.rows[row].visit), first, shortest)
                if before is not None and first is not None
                else None
                for before, first, row in columns
            ]
        )
    return _by_column(found, len(schedule))


# --- visits and doses ---------------------------------------------------------------------------------------------------


def _visits(
    schedule: Schedule, segments: Sequence[tuple[SubjectSegment, ...]], doses: Sequence[list[SubjectDose]]
) -> list[list[SubjectVisit | None]]:
    """Each visit as each subject has it; None where it is not in the subject's plan."""
    m, n = schedule.target.shape
    rows: dict[int, list[int]] = {}
    for k, row in enumerate(schedule.rows):
        rows.setdefault(row.visit, []).append(k)
    found: list[list[SubjectVisit | None]] = []
    earliest, latest = to_dates(schedule.earliest(slice(0, m))), to_dates(schedule.latest(slice(0, m)))
    targets = to_dates(schedule.target)
    actuals = to_dates(schedule.given.actual) if schedule.given is not None else [_nothing(n)] * m
    for visits, _ in schedule.by_segment():
        states, dates = schedule.state(visits).tolist(), to_dates(schedule.dates(visits))
        beyond = schedule.beyond_open_end(visits).tolist()
        dosed = np.broadcast_to(schedule.dose_recorded(visits), (len(states), n)).tolist()
        for number, i in enumerate(range(visits.start, visits.stop)):
            here, id, is_entry = schedule.visits[i], schedule.id(i), _is_entry(schedule, i)
            last, planned_last, since = _last(schedule, i), _planned_last(schedule, i), _since(schedule, i)
            mine = [doses[k] for k in rows.get(i, ())]
            segment = schedule.segment_of[i]
            found.append(
                [
                    SubjectVisit(
                        i, number, here, segments[c][segment], id, _STATUS[state], target, actual, date, first, latest_, last[c],
                        planned_last[c], since[c], is_entry, over, *_recorded(schedule, i, c, rows.get(i, []), dose_recorded),
                        tuple(dose[c] for dose in mine),
                    )
                    if state
                    else None
                    for c, (state, target, actual, date, first, latest_, over, dose_recorded) in enumerate(
                        zip(states[number], targets[i], actuals[i], dates[number], earliest[i], latest[i], beyond[number], dosed[number],
                            strict=True)
                    )
                ]
            )  # fmt: skip
    return found


def _is_entry(schedule: Schedule, visit: int) -> bool:
    """Whether a visit is day 1 of a later period: that of the entry."""
    segment = schedule.segment(visit)
    own = not segment.run and not segment.event and not schedule.period(visit).keeps_count
    return bool(segment.period) and own and schedule.visits[visit].offset == Offset()


def _last(schedule: Schedule, visit: int) -> list[Date]:
    last = schedule.last(visit)
    return to_dates(last) if last is not None else [None] * len(schedule)


def _planned_last(schedule: Schedule, visit: int) -> list[Date]:
    if schedule.visits[visit].last is None:
        return [None] * len(schedule)
    actual, target = schedule.actual(visit), schedule.target[visit]
    begins = target if actual is None else np.where(np.isnat(actual), target, actual)
    last = schedule.planned_last(visit, begins, _EVERYBODY)
    return to_dates(last) if last is not None else [None] * len(schedule)


def _since(schedule: Schedule, visit: int) -> list[tuple[Any, Offset] | None]:
    """Of a visit that counts from the actual dose before it, that day and how far it lies back."""
    counted = schedule.counted.get(visit)
    if counted is None or schedule.visits[visit].follows is None:
        return [None] * len(schedule)
    columns = zip(to_dates(counted[0]), counted[1].tolist(), counted[2].tolist(), strict=True)
    return [(date, Offset(days, months)) if date is not None else None for date, days, months in columns]


def _recorded(
    schedule: Schedule, visit: int, column: int, rows: list[int], dose_recorded: bool
) -> tuple[tuple[Record, ...], bool, tuple[str | None, ...], str | None]:
    """What is recorded of a visit, and what of it is not the plan."""
    records = schedule.given.records.get((visit, column), ()) if schedule.given is not None else ()
    if not records:
        return (), dose_recorded, (), None
    wrong = tuple(wrong_dose(schedule, rows, record, column) for record in records)
    return records, dose_recorded, wrong, not_compared(schedule, rows, records, column)


def _records(schedule: Schedule) -> tuple[dict[int, list[Record]], dict[int, list[Record]], dict[int, list[tuple[int, Record]]]]:
    """By column: all records, those of visits that are not planned, and those of visits that have one already."""
    everything: dict[int, list[Record]] = {}
    unscheduled: dict[int, list[Record]] = {}
    twice: dict[int, list[tuple[int, Record]]] = {}
    for column, record in schedule.cohort.records:
        everything.setdefault(column, []).append(record)
    if schedule.given is not None:
        for column, record in schedule.given.extra:
            unscheduled.setdefault(column, []).append(record)
        for visit, column, record in schedule.given.twice:
            twice.setdefault(column, []).append((visit, record))
    return everything, unscheduled, twice


def _doses(schedule: Schedule, given: NDArray[np.bool_], dates: Dates, policy: Policy | None) -> list[list[SubjectDose]]:
    """Each administration as each subject has it."""
    n, arms = len(schedule), schedule.arm.tolist()
    per_kg = schedule.cumulative_per_kg().tolist()
    amounts, totals = schedule.amount.tolist(), schedule.cumulative.tolist()
    given_at, days = given.tolist(), to_dates(dates)
    vials = dispense(schedule, policy) if policy is not None else [None] * len(schedule.rows)
    made = []
    for k, row in enumerate(schedule.rows):
        count = schedule.count(k)
        counts = [count] * n if isinstance(count, int) else count.astype(np.int64).tolist()
        planned = schedule.planned[k].tolist() if k in schedule.planned else amounts[k]
        vial_counts, exposure = _vials(vials[k], n), _exposure(schedule, k)
        doses: Sequence[tuple[Dose | None, ...]] = (
            [schedule.doses_for(k, c) for c in range(n)] if row.give.changes else [row.give.doses] * n
        )
        of_one = []
        for c, (at, status, amount, total, by_kg, of) in enumerate(
            zip(given_at[k], schedule.status[k].tolist(), amounts[k], totals[k], per_kg[k], doses, strict=True)
        ):
            own = of[0] if len(of) == 1 else of[arms[c]] if arms[c] != UNKNOWN_ARM else None
            recorded = (k, c) in schedule.written
            weight = _weight(schedule, row, own, of, c) if at else None
            of_one.append(
                SubjectDose(
                    row.give,
                    row.scale,
                    at,
                    _AMOUNT[status],
                    amount,
                    total,
                    by_kg,
                    counts[c],
                    of,
                    own,
                    planned[c] if recorded else amount,
                    recorded,
                    days[k][c],
                    weight,
                    vial_counts[c],
                    exposure[c],
                )
            )
        made.append(of_one)
    return made


def _weight(schedule: Schedule, row: Row, own: Dose | None, doses: tuple[Dose | None, ...], column: int) -> Used | None:
    """The weight that a dose is by, where it is by one."""
    dose = own or next((dose for dose in doses if dose is not None), None)
    if dose is None or not dose.by_weight:
        return None
    rule = schedule.study.product(row.give.product).weight
    return used(schedule.cohort, rule, weight_dates(schedule, row.visit, slice(column, column + 1))[0], column)


def _vials(found: Dispensed | None, n: int) -> list[VialCount | None]:
    if found is None:
        return [None] * n
    columns = zip(found.counts.T.tolist(), found.total.tolist(), found.waste.tolist(), found.volume.tolist(), strict=True)
    return [
        VialCount(tuple((text, count) for text, count in zip(found.vials.texts, counts, strict=True) if count), total, waste, volume)
        if not math.isnan(total)
        else None
        for counts, total, waste, volume in columns
    ]


def _exposure(schedule: Schedule, k: int) -> list[Exposure | None]:
    found = schedule.exposure.get(k)
    if found is None:
        return [None] * len(schedule)
    return [Exposure(*values) for values in zip(*(array.tolist() for array in found), strict=True)]
