"""The core: a study's period and a cohort to a schedule. One person is a cohort of one; there is no second expander.

The work is done in slices of subjects that fit into a processor's cache, straight into the arrays that are returned.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nmosd_dosing.blind import mask
from nmosd_dosing.cohort import UNKNOWN_ARM, Cohort
from nmosd_dosing.days import FIRST_DATE, LAST_DATE, NO_DATE, Dates, Offset, Shifter, shift, shifter
from nmosd_dosing.doses import AmountStatus, Dose
from nmosd_dosing.errors import InputError, Problem, Problems, RegimenError, one_of
from nmosd_dosing.model import Period, Study, Visit, Window
from nmosd_dosing.schedule import OPEN_END, Row, Schedule
from nmosd_dosing.visits import lay_out

_SLICE = 32768
_FAR = np.timedelta64(110_000, "D")  # three hundred years from the ends of the calendar nothing needs a closer look


def expand(
    study: Study,
    cohort: Cohort,
    *,
    period: str | None = None,
    until: dt.date | None = None,
    window: Window | None = None,
    unblind: bool = False,
) -> Schedule:
    """All visits and doses of one period for all subjects, masked unless `unblind`.

    `period` may be left out where the study has one. `until` is the last day to plan, for everybody; without it an open
    repeat is drawn for 24 months from each subject's first day, both ends included. `window` stands in where the file states
    none. Raises InputError for an unknown period, for dates outside the years 1 to 9999, and where unblinding needs an arm
    that is unknown.
    """
    chosen = one_period(study, period)
    if ((cohort.arm < UNKNOWN_ARM) | (cohort.arm >= len(chosen.arms))).any():
        raise InputError(
            Problem("an arm that the period does not have", hint=f"the arms of `{chosen.id}` are {one_of(chosen.arms) or 'none'}")
        )
    unblinded = unblind and chosen.masks
    if unblinded and (cohort.arm == UNKNOWN_ARM).any():
        raise InputError(Problem("to unblind, the arm must be known", hint=f"add `--arm` with {one_of(chosen.arms)}"))
    visits = _visits(chosen, cohort, until, window)
    if not unblinded:
        visits = mask(visits)
    _check_dates(visits, chosen, cohort)
    rows = tuple(Row(i, give) for i, visit in enumerate(visits) for give in visit.gives)
    rules = _rules(rows)
    m, k, n = len(visits), len(rows), len(cohort)
    schedule = Schedule(
        study=study,
        period=chosen,
        start=cohort.start,
        grams=cohort.grams,
        arm=cohort.arm,
        until=None if until is None else np.datetime64(until, "D"),
        unblinded=unblinded,
        visits=visits,
        target=np.empty((m, n), dtype="datetime64[D]"),
        rows=tuple(dataclasses.replace(row, scale=rule.scale) for row, rule in zip(rows, rules, strict=True)),
        amount=np.empty((k, n)),
        cumulative=np.empty((k, n)),
        status=_statuses(rules, cohort),
        first_dose=np.full(n, NO_DATE),
        last_dose=np.full(n, NO_DATE),
        beyond=np.zeros(n, dtype=np.int64),
        open_end=_open_end(chosen, cohort.start, until),
    )
    shifters = {visit.offset: shifter(cohort.start, visit.offset) for visit in visits if visit.offset is not None}
    for begin in range(0, n, _SLICE):
        part = slice(begin, begin + _SLICE)
        _fill_dates(schedule, shifters, cohort, part)
        _fill_doses(schedule, rules, cohort, part)
    return schedule


def one_period(study: Study, period: str | None) -> Period:
    """The period named, or the only one. Raises InputError."""
    found = study.period(period) if period is not None else study.periods[0]
    if found is None or (period is None and len(study.periods) > 1):
        wrong = f"unknown period `{period}`" if period is not None else f"`{study.id}` has several periods"
        raise InputError(Problem(wrong, hint=f"name one: {one_of(p.id for p in study.periods)}"))
    return found


def _visits(period: Period, cohort: Cohort, until: dt.date | None, window: Window | None) -> tuple[Visit, ...]:
    horizon = OPEN_END.range[1]
    if until is not None and len(cohort):
        horizon = int((np.datetime64(until, "D") - cohort.start.min()).astype(np.int64))
    problems = Problems()
    visits = lay_out(period, horizon, problems)
    if problems.errors:
        raise RegimenError(problems.in_order())
    if window is not None:
        visits = tuple(dataclasses.replace(v, window=window) if v.window is None and v.offset is not None else v for v in visits)
    return visits


def _check_dates(visits: tuple[Visit, ...], period: Period, cohort: Cohort) -> None:
    """Every date that the schedule can hold lies in the years 1 to 9999, and so in `datetime.date`."""
    if not len(cohort):
        return
    first, last = cohort.start.min(), cohort.start.max()
    if not FIRST_DATE <= first <= last <= LAST_DATE:
        raise InputError(Problem("a start date outside the years 1 to 9999", hint="give another start date"))
    if first >= FIRST_DATE + _FAR and last <= LAST_DATE - _FAR and all(_near(visit) for visit in visits):
        return
    for visit in visits:
        if visit.offset is None:
            continue
        before, after = (visit.window.before, visit.window.after) if visit.window else (0, 0)
        low = shift(np.array([first]), visit.offset + Offset(-before))[0]
        high = shift(np.array([last]), (visit.last or visit.offset) + Offset(after))[0]
        if low < FIRST_DATE or (high > LAST_DATE and not visit.open_ended):
            wrong = f"{visit.label} of `{period.id}` falls outside the years 1 to 9999"
            raise InputError(Problem(wrong, hint="give another start date"))


def _near(visit: Visit) -> bool:
    return visit.offset is None or (abs(visit.offset.nominal) < 100_000 and (visit.last or visit.offset).nominal < 100_000)


def _open_end(period: Period, start: Dates, until: dt.date | None) -> Dates:
    """The last day up to which open repeats are drawn, for each subject; any date where there are none."""
    if until is not None:
        return np.broadcast_to(np.datetime64(until, "D"), len(start))
    if period.open_ended:
        return shifter(start, OPEN_END)(start, np.empty_like(start))
    return start


def _fill_dates(schedule: Schedule, shifters: dict[Offset, Shifter], cohort: Cohort, part: slice) -> None:
    start = cohort.start[part]
    limit = schedule.open_end[part]
    first, last, beyond = schedule.first_dose[part], schedule.last_dose[part], schedule.beyond[part]
    dosed = _dosed(schedule)
    for i, visit in enumerate(schedule.visits):
        target = schedule.target[i, part]
        if visit.offset is None:
            target[:] = NO_DATE
            continue
        shifters[visit.offset](start, target)
        if visit.open_ended:
            target[(target > limit) | (target > LAST_DATE)] = NO_DATE
        if len(visit.arms) < len(schedule.period.arms):
            target[schedule.for_other_arms(i, part)] = NO_DATE
        if i in dosed:
            given = _dosed_dates(schedule, i, target, part)
            np.fmin(first, given, out=first)
            np.fmax(last, given, out=last)
        if schedule.until is not None:
            late = target > schedule.until
            beyond += late
            target[late] = NO_DATE


def _dosed(schedule: Schedule) -> set[int]:
    """The visits among which are everybody's first and last dose."""
    dosed = sorted({row.visit for row in schedule.rows})
    visits = [schedule.visits[i] for i in dosed]
    in_order = not any(visit.open_ended or visit.offset is None or visit.offset.months for visit in visits)
    varies = any(None in g.doses or g.open_ended or len(v.arms) < len(schedule.period.arms) for v in visits for g in v.gives)
    return set(dosed) if varies or not in_order else {*dosed[:1], *dosed[-1:]}


def _dosed_dates(schedule: Schedule, visit: int, target: Dates, part: slice) -> Dates:
    """The dates of a visit on which something is given, or may be where the arm is unknown."""
    rows = [k for k, row in enumerate(schedule.rows) if row.visit == visit]
    if all(None not in schedule.rows[k].give.doses and not schedule.rows[k].give.open_ended for k in rows):
        return target
    absent = np.logical_and.reduce([_not_given(schedule, k, part) for k in rows])
    dates: Dates = np.where(absent, NO_DATE, target)
    return dates


def _not_given(schedule: Schedule, k: int, part: slice) -> NDArray[np.bool_]:
    """Whether an administration is not part of a subject's plan, wherever its visit may lie."""
    absent: NDArray[np.bool_] = schedule.status[k][part] == AmountStatus.ABSENT
    row = schedule.rows[k]
    return absent | schedule.beyond_open_end(row.visit, part) if row.give.open_ended else absent


# --- doses -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rule:
    """A row's doses as whole numbers: amount = (flat + per_gram x grams) / scale, by arm.

    `group` is the product and unit whose amounts are added up; all its rules have one scale.
    """

    group: tuple[str, str | None]
    scale: int
    flat: tuple[int, ...]
    per_gram: tuple[int, ...]
    status: tuple[AmountStatus, ...]

    @property
    def by_arm(self) -> bool:
        return len({*zip(self.flat, self.per_gram, self.status, strict=True)}) > 1


def _rules(rows: tuple[Row, ...]) -> tuple[_Rule, ...]:
    scales: dict[tuple[str, str | None], int] = {}
    for row in rows:
        group = (row.give.product, row.give.unit)
        for dose in row.give.doses:
            if dose is not None:
                scales[group] = math.lcm(scales.get(group, 1), *(c.denominator for c in dose.coefficients))
    return tuple(_rule(row, scales) for row in rows)


def _rule(row: Row, scales: dict[tuple[str, str | None], int]) -> _Rule:
    group = (row.give.product, row.give.unit)
    scale = scales.get(group, 1)
    flat, per_gram, status = [], [], []
    for dose in row.give.doses:
        a, b = dose.coefficients if dose is not None else (0, 0)
        flat.append(int(a * scale))
        per_gram.append(int(b * scale))
        status.append(_status(dose))
    return _Rule(group, scale, tuple(flat), tuple(per_gram), tuple(status))


def _status(dose: Dose | None) -> AmountStatus:
    return AmountStatus.ABSENT if dose is None else dose.status


def _statuses(rules: tuple[_Rule, ...], cohort: Cohort) -> tuple[NDArray[np.uint8], ...]:
    n = len(cohort)
    weightless = np.isnan(cohort.grams)
    some_weightless = bool(weightless.any())
    made: dict[_Rule, NDArray[np.uint8]] = {}
    for rule in dict.fromkeys(rules):
        if rule.by_arm:
            status = np.array([*rule.status, AmountStatus.NEEDS_ARM], dtype=np.uint8)[cohort.arm]  # -1: the last
            per_gram = np.array([*rule.per_gram, 0])[cohort.arm] != 0
        else:
            status = np.broadcast_to(np.uint8(rule.status[0]), n)
            per_gram = np.broadcast_to(np.bool_(rule.per_gram[0] != 0), n)
        if some_weightless and any(rule.per_gram):
            needs = weightless & per_gram & (status == AmountStatus.STATED)
            status = np.where(needs, np.uint8(AmountStatus.NEEDS_WEIGHT), status)
        made[rule] = status
    return tuple(made[rule] for rule in rules)


def _fill_doses(schedule: Schedule, rules: tuple[_Rule, ...], cohort: Cohort, part: slice) -> None:
    grams, arm = cohort.grams[part], cohort.arm[part]
    totals = {rule.group: np.zeros(len(grams)) for rule in rules}
    amounts: dict[_Rule, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
    for k, rule in enumerate(rules):
        if rule not in amounts:
            whole = _whole(rule, grams, arm)
            amounts[rule] = whole, whole / rule.scale
        whole, amount = amounts[rule]
        schedule.amount[k, part] = amount
        visit = schedule.rows[k].visit
        if _may_be_missing(schedule, k):
            gone = _not_given(schedule, k, part) | _not_planned(schedule, visit, part)
            whole = np.where(gone, 0.0, whole)
            schedule.amount[k, part][gone] = np.nan
        totals[rule.group] += whole
        for group, total in totals.items():
            if group[0] == rule.group[0] and group != rule.group:  # an unknown amount may be in any of the product's units
                total[np.isnan(whole)] = np.nan
        np.divide(totals[rule.group], rule.scale, out=schedule.cumulative[k, part])


def _may_be_missing(schedule: Schedule, k: int) -> bool:
    give, visit = schedule.rows[k].give, schedule.visits[schedule.rows[k].visit]
    some_arms = None in give.doses or len(visit.arms) < len(schedule.period.arms)
    return some_arms or give.open_ended or schedule.until is not None


def _not_planned(schedule: Schedule, visit: int, part: slice) -> NDArray[np.bool_]:
    if schedule.visits[visit].offset is None:
        return schedule.for_other_arms(visit, part)
    absent: NDArray[np.bool_] = np.isnat(schedule.target[visit, part])
    return absent


def _whole(rule: _Rule, grams: NDArray[np.float64], arm: NDArray[np.int16]) -> NDArray[np.float64]:
    """Amounts times the rule's scale: whole numbers, so that sums are exact; NaN where unknown."""
    flat = [float(f) if s in (AmountStatus.STATED, AmountStatus.ABSENT) else math.nan for f, s in zip(rule.flat, rule.status, strict=True)]
    if not rule.by_arm:
        whole = np.full(len(grams), flat[0])
        return whole + rule.per_gram[0] * grams if rule.per_gram[0] else whole
    whole = np.array([*flat, math.nan])[arm]
    if any(rule.per_gram):
        per_gram = np.array([*rule.per_gram, 0], dtype=np.float64)[arm]
        whole += np.where(per_gram != 0, per_gram * grams, 0.0)
    return whole
