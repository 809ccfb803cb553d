"""One subject's schedule as a Plan: what a person reads."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from nmosd_dosing.days import day_number, study_day, week_code
from nmosd_dosing.dose.dose import KNOWN, AmountStatus
from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.plans.dose_intensity import intensities
from nmosd_dosing.plans.dose_reasons import dose_steps, taken_text
from nmosd_dosing.plans.lost_doses import lost_doses
from nmosd_dosing.plans.move_reasons import move_message, period_steps
from nmosd_dosing.plans.notes import notes
from nmosd_dosing.plans.plan import Administration, Plan, PlannedPeriod, PlannedTransition, PlannedVisit, TakenAway
from nmosd_dosing.plans.reasons import cancelled_by, record_text, source_text, visit_reason, visit_steps
from nmosd_dosing.plans.site_says import room_of
from nmosd_dosing.plans.spans import spans
from nmosd_dosing.plans.time_lines import time_line, time_steps
from nmosd_dosing.plans.workdays import Workdays
from nmosd_dosing.plans.written import batch_of, comments, hour, unscheduled
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.schedule.expansion import as_planned, expand
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.schedule.subject_schedule import DaysTaken, SubjectDose, SubjectPeriod, SubjectSchedule, SubjectVisit
from nmosd_dosing.schedule.visit_states import VisitStatus
from nmosd_dosing.sentences import Sentence, joined
from nmosd_dosing.study.blinding import shown_arm
from nmosd_dosing.study.events import OF_SCREENING
from nmosd_dosing.study.model import Study
from nmosd_dosing.study.period_order import arms_of, way
from nmosd_dosing.study.visit_rules import Window
from nmosd_dosing.subjects import history
from nmosd_dosing.subjects.bounds import check_arguments, the_date
from nmosd_dosing.subjects.cohort import UNKNOWN_ARM, Cohort
from nmosd_dosing.subjects.disposition import MoveStatus
from nmosd_dosing.subjects.subject import Subject


def plan(
    study: Study, subject: Subject | dt.date | str, *, period: str | None = None, until: dt.date | None = None,
    window: Window | None = None, unblind: bool = False, of_study: Mapping[str, dt.date] | None = None, allow_deviation: bool = False,
    accept_gap: bool = False, cancelled: bool = False, workdays: Workdays | None = None, as_of: dt.date | None = None,
    policy: Policy = "least waste",
) -> Plan:  # fmt: skip
    """One subject's dated plan, masked unless `unblind`: of one period, or of the way through all that follow each other.

    `subject` may be just the first day, as a date or YYYY-MM-DD. `of_study`: dates of the study's own events. `cancelled` lists visits that
    fell away, too. `workdays`: notes on days that are closed. `as_of`: notes on what is not recorded by then; visits that are dated later
    are booked, and not done, whatever their records say. The other arguments are those of `expand`, and so are the errors; InputError also
    for an arm that is not there, and for an entry that breaks a stated minimum gap unless `accept_gap`.
    """
    check_arguments(
        {"as_of": as_of},
        {"period": (period, str), "workdays": (workdays, Workdays)},
        needed={"study": (study, Study)},
        flags={"cancelled": cancelled},
    )
    if not isinstance(subject, Subject):
        subject = Subject(the_date("subject", subject))
    if as_of is not None:
        subject = history.booked_by([subject], as_of)[0]
    schedule = expand(
        study, Cohort.of_subject(subject, arms_of(way(study, period)), of_study), period=period, until=until, window=window,
        unblind=unblind, allow_deviation=allow_deviation, accept_gap=accept_gap, at_least=as_of,
    )  # fmt: skip
    (original,) = originals(schedule, as_of)
    return plan_of(next(by_subject(schedule, policy)), window, original=original, cancelled=cancelled, workdays=workdays, as_of=as_of)


def originals(schedule: Schedule, as_of: dt.date | None) -> Iterable[SubjectSchedule | None]:
    """Each subject's schedule had no visit been recorded, for dose intensities by `as_of`, else by the last recorded day; None for
    everybody where nothing is recorded."""
    if not schedule.cohort.records:
        return [None] * len(schedule)
    return by_subject(as_planned(schedule, as_of or max(record.date for _, record in schedule.cohort.records)))


def plan_of(
    schedule: SubjectSchedule, window: Window | None = None, *, original: SubjectSchedule | None = None, cancelled: bool = False,
    workdays: Workdays | None = None, as_of: dt.date | None = None,
) -> Plan:  # fmt: skip
    """The plan of one subject's schedule; with dose intensities where its `original` is given. The other arguments are those of `plan`."""
    study, periods = schedule.study, [own.period for own in schedule.periods]
    begun = [tuple(period_steps(schedule, p)) for p in range(len(periods))]
    listed = [visit for visit in schedule.visits if cancelled or visit.status != VisitStatus.CANCELLED]
    shown = [(visit, _visit(schedule, visit, begun[visit.segment.period])) for visit in listed]
    shown.sort(key=lambda pair: (_date(pair[1]) is None, _date(pair[1]) or dt.date.min, pair[0].segment.number))
    arms, whole, during = arms_of(periods), len(periods) > 1, tuple(spans(schedule))
    arm = arms[schedule.arm] if schedule.arm != UNKNOWN_ARM else None
    open_ends = [s.open_end for s in schedule.segments if periods[s.period].open_ended and s.open_end is not None]
    return Plan(
        unblinded=schedule.unblinded, regimen=study.id if whole else study.regimen_id(periods[0]), study=study.id, title=study.title,
        source=study.source, study_sha256=study.sha256, counts_from=study.counts_from,
        arm=shown_arm(study, periods, arm, schedule.unblinded), subject=schedule.code, at_site=schedule.site,
        screening=tuple((event, date) for event in OF_SCREENING if (date := schedule.first(event)) is not None), start=schedule.start,
        planned_start=schedule.planned_start, unscheduled=tuple(unscheduled(schedule)), lost=tuple(lost_doses(schedule)),
        weight_kg=schedule.weight_kg, until=schedule.until, drawn_until=schedule.until or max(open_ends, default=None),
        periods=tuple(_periods(schedule)), visits=tuple(planned for _, planned in shown), spans=during,
        notes=tuple(notes(schedule, shown, during, window, workdays, as_of)), transitions=tuple(_transitions(schedule, begun)), as_of=as_of,
        way=tuple(period.id for period in periods), site=study.site, height_cm=schedule.height_cm, sex=schedule.sex, age=schedule.age,
        intensity=tuple(intensities(schedule, original, as_of)) if original is not None else (),
    )  # fmt: skip


def _date(visit: PlannedVisit) -> dt.date | None:
    return visit.target or visit.actual or visit.booked


def _visit(schedule: SubjectSchedule, visit: SubjectVisit, begun: Sequence[Sentence]) -> PlannedVisit:
    what, period = visit.visit, schedule.period(visit).period
    target, anchor = visit.target, visit.segment.day_one
    days = (target - anchor).days if target is not None and anchor is not None else None
    arm = schedule.arm if period.arms else UNKNOWN_ARM
    line = time_line(schedule, visit)
    masked, reason = any(give.mask is not None for give in what.gives), visit_reason(schedule, visit)
    return PlannedVisit(
        id=visit.id, period=period.id, label=what.label, name=what.said.name, status=visit.status.text,
        target=target, actual=visit.actual, booked=visit.booked, earliest=visit.earliest, latest=visit.latest, last=visit.last,
        study_day=study_day(target, schedule.start) if target is not None else None,
        period_day=day_number(days, schedule.study.counts_from) if days is not None else None,
        week=week_code(days) if days is not None else None,
        assessments=tuple(
            a.name for a in what.assessments if (arm == UNKNOWN_ARM or arm in a.arms) and not (a.open_ended and visit.beyond_open_end)
        ),
        administrations=tuple(_administration(schedule, dose, batch_of(visit, dose.give)) for dose in visit.doses if dose.in_plan),
        only_arms=tuple(period.arms[a] for a in what.arms) if arm == UNKNOWN_ARM and len(what.arms) < len(period.arms) else (),
        reason=reason,
        steps=(*visit_steps(schedule, visit, begun, reason), *time_steps(line)),
        source=source_text(what.said.sources or (period.facts.source,)),
        window_source=what.window.origin if what.window is not None else None,
        cancelled_by=cancelled_by(schedule, visit) if visit.status == VisitStatus.CANCELLED else None,
        comment=comments((*visit.records, *visit.appointments)),
        record=joined("; ", dict.fromkeys(record_text(record, masked) for record in (*visit.records, *visit.appointments))) or None,
        room=room_of(schedule.study.site, period.id, what.label),
        is_entry=visit.is_entry, or_later=visit.or_later, dose_steps=tuple(dose_steps(schedule, visit)),
        time=hour((*visit.records, *visit.appointments), visit.actual or visit.booked),
        time_line=line,
    )  # fmt: skip


def _administration(schedule: SubjectSchedule, dose: SubjectDose, batch: str | None) -> Administration:
    give, own, doses, times = dose.give, dose.own, dose.doses, dose.administrations
    known = [each for each in ((own,) if own is not None else doses) if each is not None]
    rules, minutes = {each.rule for each in known}, {each.minutes for each in known}
    masked = dose.status == AmountStatus.MASKED
    amount = _number(dose.amount) if dose.status in KNOWN else None
    weight, vials, often = dose.weight, dose.vials, dose.times_a_day
    doubts = [x.message for x in schedule.doubts if weight is not None and weight.status != "ideal" and weight.of in x.of]
    return Administration(
        product=give.product, shown=give.shown, route=schedule.study.product(give.product).route,
        amount=amount, unit=None if masked else give.unit,
        dose_rule=None if masked or len(rules) != 1 else rules.pop(),
        amount_status=dose.status.text,
        minutes=minutes.pop() if len(minutes) == 1 else None,
        cumulative=_number(dose.cumulative), cumulative_per_kg=_number(dose.cumulative_per_kg), times=times,
        total=None if amount is None else _sum(amount, times, dose.scale),
        per_day=_sum(amount, often, dose.scale) if amount is not None and often > 1 and not dose.recorded else None,
        lead=known[0].lead.text if known and known[0].lead is not None else None,
        planned=_number(dose.planned) if dose.recorded else amount,
        recorded=dose.recorded,
        weight_kg=weight.kg if weight is not None else None,
        weight_of=weight.of if weight is not None else None,
        weight_status=weight.status if weight is not None else None,
        check_weight="; ".join(doubts) or None,
        vials=vials.counts if vials is not None else None,
        dispensed=_number(vials.dispensed) if vials is not None and not masked else None,
        waste=_number(vials.waste) if vials is not None and not masked else None,
        volume_ml=_number(vials.volume_ml) if vials is not None else None,
        batch=batch,
        level=dose.level.text if dose.level is not None else None,
        amount_from=dose.ends[0] if dose.ends is not None else None,
        amount_to=dose.ends[1] if dose.ends is not None else None,
        by_value=dose.by_value,
        days_taken=tuple(_taken(days) for days in dose.days_taken),
    )  # fmt: skip


def _taken(days: DaysTaken) -> TakenAway:
    held = days.status == AmountStatus.HELD
    return TakenAway(days.first, days.last, "held" if held else "omitted", taken_text(days.by, held=held) if days.by else "")


def _sum(amount: float, times: int, scale: int) -> float:
    return round(amount * scale) * times / scale


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


# --- periods and moves --------------------------------------------------------------------------------------------------


def _periods(schedule: SubjectSchedule) -> Iterator[PlannedPeriod]:
    """The periods of the plan; one that a subject will not come to is left out."""
    for p, own in enumerate(schedule.periods):
        found = schedule.move_into(p) if p else None
        status = found[0].status if found else MoveStatus.NONE
        if p and status == MoveStatus.NONE and own.anchor is None:
            continue
        yield PlannedPeriod(
            period=own.period.id, title=own.period.title, regimen=schedule.study.regimen_id(own.period), start=own.anchor, end=own.end,
            status=status.text if p else "none" if own.anchor is None else "projected" if own.projected else "planned", left=_left(own),
        )  # fmt: skip


def _left(own: SubjectPeriod) -> dt.date | None:
    """The day on which a subject left a period before its end: for the next one, or for good."""
    last = own.last_day
    early = last is not None and not (own.end is not None and last >= own.end)
    begun = last is not None and own.anchor is not None and last >= own.anchor
    return last if early and begun else None


def _transitions(schedule: SubjectSchedule, begun: Sequence[tuple[str, ...]]) -> Iterator[PlannedTransition]:
    for p in range(1, len(schedule.periods)):
        found = schedule.move_into(p)
        if found is None or found[0].status == MoveStatus.NONE:
            continue
        move, rule = found
        yield PlannedTransition(
            source=rule.source_period, target=rule.target_period, rule=rule.id, trigger=rule.after.text, trigger_date=move.date,
            earliest=move.earliest, latest=move.latest, entered=move.entered, status=move.status.text,
            message=move_message(schedule, move, rule), steps=begun[p], assumed=rule.facts.assumed,
            unseen=schedule.periods[p].period.unseen,
        )  # fmt: skip
