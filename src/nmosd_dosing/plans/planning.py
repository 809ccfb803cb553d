"""One subject's row of a schedule as a Plan: what a person reads."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nmosd_dosing.days import LAST_DATE, day_number, study_day, to_date, week_code
from nmosd_dosing.dose.dose import KNOWN, AmountStatus, Dose
from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.plans.dose_intensity import intensities
from nmosd_dosing.plans.notes import notes
from nmosd_dosing.plans.plan import Administration, Plan, PlannedPeriod, PlannedSpan, PlannedTransition, PlannedVisit
from nmosd_dosing.plans.reasons import (
    cancelled_by,
    move_into,
    move_message,
    period_steps,
    record_text,
    source_text,
    visit_reason,
    visit_steps,
)
from nmosd_dosing.plans.workdays import Workdays
from nmosd_dosing.schedule.dispensing import dispensed
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.schedule.schedule import Schedule, VisitStatus
from nmosd_dosing.schedule.weights import used
from nmosd_dosing.study import sequence
from nmosd_dosing.study.blinding import shown_arm
from nmosd_dosing.study.events import ENDS_FOLLOW_UP
from nmosd_dosing.study.model import Study, Window
from nmosd_dosing.study.sequence import one_period
from nmosd_dosing.subjects import cohort
from nmosd_dosing.subjects.disposition import MoveStatus
from nmosd_dosing.subjects.subject import Subject


def plan(
    study: Study,
    subject: Subject | dt.date | str,
    *,
    period: str | None = None,
    until: dt.date | None = None,
    window: Window | None = None,
    unblind: bool = False,
    of_study: Mapping[str, dt.date] | None = None,
    allow_deviation: bool = False,
    accept_gap: bool = False,
    cancelled: bool = False,
    workdays: Workdays | None = None,
    as_of: dt.date | None = None,
    policy: Policy = "least waste",
) -> Plan:
    """One subject's dated plan, masked unless `unblind`: of one period, or of the way through all that follow each other.

    `subject` may be just the first day, as a date or YYYY-MM-DD. `of_study`: dates of the study's own events. `cancelled` lists visits
    that fell away, too. `workdays`: notes on days that are closed. `as_of`: notes on what is not recorded by then. The other
    arguments are those of `expand`, and so are the errors;
    InputError also for an arm that is not there, and for an entry that breaks a stated minimum gap unless `accept_gap`.
    """
    if not isinstance(subject, Subject):
        subject = Subject(dt.date.fromisoformat(subject) if isinstance(subject, str) else subject)
    arms = one_period(study, period).arms if period is not None else sequence.arms_of(sequence.way(study))
    schedule = expand(
        study,
        cohort.of_subject(subject, arms, of_study),
        period=period,
        until=until,
        window=window,
        unblind=unblind,
        allow_deviation=allow_deviation,
        accept_gap=accept_gap,
        at_least=as_of,
    )
    return to_plan(schedule, 0, subject, window, cancelled=cancelled, workdays=workdays, as_of=as_of, policy=policy)


def to_plan(
    schedule: Schedule,
    column: int,
    subject: Subject,
    window: Window | None = None,
    *,
    cancelled: bool = False,
    workdays: Workdays | None = None,
    as_of: dt.date | None = None,
    policy: Policy = "least waste",
) -> Plan:
    """The plan of the subject in a column of a schedule; `policy` says which vials are taken."""
    study, periods = schedule.study, schedule.course.periods
    shown = [i for i in range(len(schedule.visits)) if _is_shown(schedule, i, column, cancelled)]
    visits = {i: _visit(schedule, i, column, subject, policy) for i in shown}
    order = sorted(shown, key=lambda i: (_date(visits[i]) is None, _date(visits[i]) or subject.start, schedule.segment_of[i]))
    arm = shown_arm(study, periods, subject.arm, schedule.unblinded)
    whole = len(periods) > 1
    open_ends = [p.open_end[column] for p in schedule.segments if periods[p.period].open_ended and not np.isnat(p.open_end[column])]
    drawn = schedule.until if schedule.until is not None else max(open_ends, default=None)
    return Plan(
        unblinded=schedule.unblinded,
        regimen=study.id if whole else study.regimen_id(periods[0]),
        study=study.id,
        title=study.title,
        source=study.source,
        study_sha256=study.sha256,
        counts_from=study.counts_from,
        arm=arm,
        subject=subject.code,
        start=subject.start,
        weight_kg=subject.weight_kg,
        until=None if schedule.until is None else to_date(schedule.until),
        drawn_until=to_date(min(drawn, LAST_DATE)) if drawn is not None else None,
        periods=tuple(_periods(schedule, column)),
        visits=tuple(visits[i] for i in order),
        spans=tuple(_spans(schedule, column)),
        notes=tuple(notes(schedule, [(i, visits[i]) for i in order], column, window, workdays, as_of)),
        transitions=tuple(_transitions(schedule, column)),
        as_of=as_of,
        way=tuple(period.id for period in periods),
        site=study.site,
        height_cm=subject.height_cm,
        intensity=tuple(intensities(schedule, column, as_of)),
    )


def _date(visit: PlannedVisit) -> dt.date | None:
    return visit.target or visit.actual


def _is_shown(schedule: Schedule, i: int, column: int, cancelled: bool) -> bool:
    state = schedule.state(i)[column]
    return bool(state != VisitStatus.ABSENT and (cancelled or state != VisitStatus.CANCELLED))


def _visit(schedule: Schedule, i: int, column: int, subject: Subject, policy: Policy) -> PlannedVisit:
    visit, period = schedule.visits[i], schedule.period(i)
    target = to_date(schedule.target[i, column])
    earliest, latest, last = schedule.earliest(i), schedule.latest(i), schedule.last(i)
    actual = schedule.actual(i)
    anchor = to_date(schedule.day_one(i)[column])
    days = (target - anchor).days if target is not None and anchor is not None else None
    arm = int(schedule.arm[column]) if period.arms else cohort.UNKNOWN_ARM
    state = VisitStatus(int(schedule.state(i)[column]))
    records = schedule.given.records.get((i, column), ()) if schedule.given is not None else ()
    masked = any(give.mask is not None for give in visit.gives)
    return PlannedVisit(
        id=schedule.id(i),
        period=period.id,
        label=visit.label,
        name=visit.name,
        status=state.text,
        target=target,
        actual=to_date(actual[column]) if actual is not None else None,
        earliest=to_date(earliest[column]) if earliest is not None else None,
        latest=to_date(latest[column]) if latest is not None else None,
        last=to_date(last[column]) if last is not None else None,
        study_day=study_day(target, subject.start) if target is not None else None,
        period_day=day_number(days, schedule.study.counts_from) if days is not None else None,
        week=week_code(days) if days is not None else None,
        assessments=tuple(
            a.name
            for a in visit.assessments
            if (arm == cohort.UNKNOWN_ARM or arm in a.arms) and not (a.open_ended and schedule.beyond_open_end(i)[column])
        ),
        administrations=tuple(_administrations(schedule, i, column, policy)),
        only_arms=tuple(period.arms[a] for a in visit.arms) if arm == cohort.UNKNOWN_ARM and len(visit.arms) < len(period.arms) else (),
        reason=visit_reason(schedule, i, column),
        steps=tuple(visit_steps(schedule, i, column)),
        source=source_text(visit.sources or (period.facts.source,)),
        window_source=visit.window.origin if visit.window is not None else None,
        cancelled_by=cancelled_by(schedule, i, column) if state == VisitStatus.CANCELLED else None,
        record="; ".join(dict.fromkeys(record_text(record, masked) for record in records)) or None,
        room=schedule.study.site.room(period.id, visit.label) if schedule.study.site is not None else None,
    )


def _administrations(schedule: Schedule, visit: int, column: int, policy: Policy) -> Iterator[Administration]:
    for k, row in enumerate(schedule.rows):
        if row.visit != visit or not schedule.given_at(k)[column]:
            continue
        status = AmountStatus(int(schedule.status[k][column]))
        known = status in KNOWN
        doses = schedule.doses_for(k, column)
        own = _own_dose(schedule, doses, column)
        rules = {dose.rule for dose in doses if dose is not None}
        rule = own.rule if own is not None else rules.pop() if len(rules) == 1 else None
        masked = status == AmountStatus.MASKED
        amount = _number(schedule.amount[k, column]) if known else None
        times = int(np.broadcast_to(schedule.count(k), len(schedule))[column])
        yield Administration(
            product=row.give.product,
            shown=row.give.shown,
            route=schedule.study.product(row.give.product).route,
            amount=amount,
            unit=None if masked else row.give.unit,
            dose_rule=None if masked else rule,
            amount_status=status.text,
            minutes=_minutes(own, doses),
            cumulative=_number(schedule.cumulative[k, column]),
            cumulative_per_kg=_number(schedule.cumulative_per_kg(k, column)),
            times=times,
            total=None if amount is None else _sum(amount, times, row.scale),
            per_day=_per_day(amount, _often(own, doses), row.scale) if (k, column) not in schedule.written else None,
            lead=next((dose.lead for dose in (own, *doses) if dose is not None), None),
            planned=_number(schedule.planned[k][column]) if (k, column) in schedule.written else amount,
            recorded=(k, column) in schedule.written,
            **_weight(schedule, k, visit, column, own or next((dose for dose in doses if dose is not None), None)),
            **_vials(schedule, k, column, policy, masked),
        )


def _per_day(amount: float | None, times: int, scale: int) -> float | None:
    """What the doses of one day come to, where there are several."""
    return _sum(amount, times, scale) if amount is not None and times > 1 else None


def often_a_day(schedule: Schedule, k: int, column: int) -> int:
    """How often on each day a subject gets a dose, where that is known."""
    doses = schedule.doses_for(k, column)
    return _often(_own_dose(schedule, doses, column), doses)


def _often(own: Dose | None, doses: tuple[Dose | None, ...]) -> int:
    often = {dose.times or 1 for dose in ((own,) if own is not None else doses) if dose is not None}
    return often.pop() if len(often) == 1 else 1


def _sum(amount: float, times: int, scale: int) -> float:
    return round(amount * scale) * times / scale


def _weight(schedule: Schedule, k: int, visit: int, column: int, dose: Dose | None) -> dict[str, Any]:
    """The weight that a dose is by, where it is by one."""
    if dose is None or not dose.by_weight:
        return {}
    date = schedule.dates(visit)[column]
    rule = schedule.study.product(schedule.rows[k].give.product).weight
    by = used(schedule.cohort, rule, schedule.start[column] if np.isnat(date) else date, column)
    if by is None:
        return {}
    return {"weight_kg": by.kg, "weight_of": to_date(by.of) if by.of is not None else None, "weight_status": by.status}


def _vials(schedule: Schedule, k: int, column: int, policy: Policy, masked: bool) -> dict[str, Any]:
    """The vials of a dose, where they can be counted."""
    found = dispensed(schedule, k, policy)
    if found is None or np.isnan(found.total[column]):
        return {}
    counts = zip(found.vials.texts, found.counts[:, column].tolist(), strict=True)
    return {
        "vials": tuple((text, count) for text, count in counts if count),
        "dispensed": None if masked else _number(found.total[column]),
        "waste": None if masked else _number(found.waste[column]),
        "volume_ml": _number(found.volume[column]),
    }


def _own_dose(schedule: Schedule, doses: tuple[Dose | None, ...], column: int) -> Dose | None:
    """The dose of the subject's own arm; None while the arm is not known."""
    arm = int(schedule.arm[column])
    return doses[0] if len(doses) == 1 else doses[arm] if arm != cohort.UNKNOWN_ARM else None


def _minutes(own: Dose | None, doses: tuple[Dose | None, ...]) -> int | None:
    if own is not None:
        return own.minutes
    minutes = {dose.minutes for dose in doses if dose is not None}
    return minutes.pop() if len(minutes) == 1 else None


def _number(value: float | np.float64) -> float | None:
    return None if math.isnan(value) else float(value)


# --- periods, moves and spans -------------------------------------------------------------------------------------------


def _periods(schedule: Schedule, column: int) -> Iterator[PlannedPeriod]:
    """The periods of the plan; one that a subject will not come to is left out."""
    way = schedule.course
    for p, period in enumerate(way.periods):
        found = move_into(way, p, column) if p else None
        status = MoveStatus(int(found[0].status[column])) if found else MoveStatus.NONE
        if p and status == MoveStatus.NONE and np.isnat(way.anchor[p, column]):
            continue
        yield PlannedPeriod(
            period=period.id,
            title=period.title,
            regimen=schedule.study.regimen_id(period),
            start=to_date(way.anchor[p, column]),
            end=to_date(way.end[p, column]),
            status=status.text if p else "planned",
            left=_left(schedule, p, column),
        )


def _left(schedule: Schedule, period: int, column: int) -> dt.date | None:
    """The day on which a subject left a period before its end: for the next one, or for good."""
    way = schedule.course
    last = way.last_day(period, doses=False)
    early = last is not None and not np.isnat(last[column]) and not last[column] >= way.end[period, column]
    begun = last is not None and last[column] >= way.anchor[period, column]
    return to_date(last[column]) if last is not None and early and begun else None


def _open_on(schedule: Schedule, column: int, date: np.datetime64) -> bool:
    """Whether the dose of a day may not be given at all: it is projected, or waits for a decision."""
    here = [i for i in range(len(schedule.visits)) if schedule.visits[i].gives and schedule.dates(i)[column] == date]
    states = {VisitStatus(int(schedule.state(i)[column])) for i in here}
    return bool(states) and states <= {VisitStatus.PROJECTED, VisitStatus.PENDING}


def _transitions(schedule: Schedule, column: int) -> Iterator[PlannedTransition]:
    for p in range(1, len(schedule.course.periods)):
        found = move_into(schedule.course, p, column)
        if found is None or found[0].status[column] == MoveStatus.NONE:
            continue
        move, rule = found
        yield PlannedTransition(
            source=rule.source_period,
            target=rule.target_period,
            rule=rule.id,
            trigger=rule.after.text,
            trigger_date=to_date(move.date[column]),
            earliest=to_date(move.earliest[column]),
            latest=to_date(move.latest[column]),
            entered=to_date(move.entered[column]),
            status=MoveStatus(int(move.status[column])).text,
            message=move_message(schedule, move, rule, column),
            steps=tuple(period_steps(schedule, p, column)),
            assumed=rule.facts.assumed,
        )


def _spans(schedule: Schedule, column: int) -> Iterator[PlannedSpan]:
    parts = [(p, part) for p, part in enumerate(schedule.segments) if not np.isnat(part.anchor[column]) and not part.run]
    of_periods = [(span, p) for p, part in parts for span in schedule.course.periods[part.period].spans]
    for span, p in (*of_periods, *((span, None) for span in schedule.study.spans)):
        start, end = schedule.span(span, p)
        earlier, later = (schedule.may_move(mark, column) for mark in (span.start, span.end))
        begins = to_date(start[column]) if start is not None else None
        hangs = span.end is not None and span.end.of == "last dose"
        unsure = hangs and _open_on(schedule, column, schedule.last_dose[column])
        if start is not None and begins is None and schedule.cohort.had(ENDS_FOLLOW_UP):
            continue
        yield PlannedSpan(
            id=span.id,
            period=schedule.course.periods[schedule.segments[p].period].id if p is not None else None,
            name=span.title,
            start=begins,
            end=to_date(end[column]) if end is not None else None,
            status="projected" if earlier or later or unsure else "planned",
            earlier=earlier and span.start is not None and span.start.of == "first dose",
            later=later and hangs and not unsure,
            assumed=span.facts.assumed,
            note=span.facts.note,
            source=source_text((span.facts.source,)),
        )
