"""What a reader must know about a plan: what is masked, missing, assumed, projected, or not as the protocol has it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Literal

from nmosd_dosing.days import Offset, days_past
from nmosd_dosing.errors import Problems
from nmosd_dosing.plans import workdays as closed_days
from nmosd_dosing.plans.dose_notes import dose_notes
from nmosd_dosing.plans.gap_clock import gaps_ahead
from nmosd_dosing.plans.hanging_notes import before_hanging, courses, moving_spans
from nmosd_dosing.plans.level_notes import level_notes
from nmosd_dosing.plans.note_codes import NoteCode
from nmosd_dosing.plans.plan import Note, PlannedSpan, PlannedVisit, Shown, ids_of, noted
from nmosd_dosing.plans.reasons import cancelled_by, day, may_move, pending_because
from nmosd_dosing.plans.transition_notes import transition_notes
from nmosd_dosing.plans.window_notes import overlaps, same_date, weekends, windows
from nmosd_dosing.plans.workdays import Workdays
from nmosd_dosing.schedule.gap_rules import GAP
from nmosd_dosing.schedule.subject_schedule import SubjectSchedule
from nmosd_dosing.schedule.visit_states import VisitStatus
from nmosd_dosing.sentences import Sentence, joined, many, said, word
from nmosd_dosing.study.events import is_own_day
from nmosd_dosing.study.facts import Facts
from nmosd_dosing.study.model import Period, Study
from nmosd_dosing.study.period_order import arms_of
from nmosd_dosing.study.visit_names import UNSCHEDULED
from nmosd_dosing.study.visit_rules import Window
from nmosd_dosing.study.visits import OPEN_END, lay_out
from nmosd_dosing.subjects.cohort import UNKNOWN_ARM
from nmosd_dosing.subjects.disposition import MoveStatus

BEHIND_CLOSED: frozenset[NoteCode] = frozenset({"same-date", "dose-change", "omitted", "assumed", "note"})
"""The codes of a visit's notes that stand behind those on closed days."""


def notes(
    schedule: SubjectSchedule, every: Shown, spans: Sequence[PlannedSpan], window: Window | None, workdays: Workdays | None,
    as_of: dt.date | None,
) -> Iterator[Note]:  # fmt: skip
    """The notes of one subject's plan; `every` visit that it shows, with what the schedule holds of it, and the `spans` that it shows."""
    shown = [(v, p) for v, p in every if p.stage != "cancelled"]
    if schedule.unblinded:
        yield Note("unblinded", said("doses are shown unblinded: keep this from whoever must not know the arm"))
    yield from transition_notes(schedule)
    yield from _states(schedule, every)
    if as_of is not None:
        yield from _not_recorded(schedule, shown, as_of)
    ahead = gaps_ahead(schedule, as_of)
    yield from noted("gap-clock", ((ahead[visit.row].text, p.id) for visit, p in shown if visit.row in ahead))
    yield from _recorded(schedule, every)
    yield from _booked(schedule, every)
    yield from _unscheduled(schedule)
    yield from _too_close(schedule, shown)
    yield from _before_entry(schedule)
    yield from before_hanging(schedule)
    yield from _after_end(schedule, shown)
    yield from dose_notes(schedule, shown, arms_of([own.period for own in schedule.periods]))
    yield from courses(schedule)
    yield from _open_ends(schedule, shown)
    yield from _cut_short(every)
    yield from moving_spans(schedule)
    yield from noted("projected", ((why, p.id) for visit, p in shown for why in may_move(schedule, visit)))
    yield from overlaps(shown)
    if schedule.beyond and schedule.until is not None:
        yield Note("until", said("{visits} after {day} not shown", visits=many(schedule.beyond, "planned visit"), day=schedule.until))
    yield from windows(schedule, shown, window)
    yield from closed_days.notes([p for _, p in shown], workdays) if workdays is not None else weekends(shown)
    yield from same_date([p for _, p in shown])
    yield from _changes(schedule, shown)
    yield from level_notes(schedule, shown)
    yield from _facts(schedule.study, [own.period for own in schedule.periods if own.anchor is not None], spans, shown)


# --- what was done ------------------------------------------------------------------------------------------------------


def _states(schedule: SubjectSchedule, every: Shown) -> Iterator[Note]:
    yield from noted("cancelled", ((p.cancelled_by, p.id) for _, p in every if p.cancelled_by))
    waiting = ((said("no dose yet: {why}", why=pending_because(schedule, v)), p.id) for v, p in every if p.status == "pending")
    yield from noted("pending", waiting)


def _not_recorded(schedule: SubjectSchedule, shown: Shown, as_of: dt.date) -> Iterator[Note]:
    """What should have happened by a day, and of which nothing is recorded."""
    open_ = [p for visit, p in shown if p.status == "planned" and p.actual is None and not visit.is_only_needed and not is_own_day(p.label)]
    if overdue := [p for p in open_ if p.latest is not None and p.latest < as_of]:
        yield Note("overdue", said("as of {day} nothing is recorded, and the last allowed day has passed", day=as_of), ids_of(overdue))
    past = [p for p in open_ if p.latest is None and p.target is not None and p.target < as_of]
    for or_later, why in ((False, said("no window is stated")), (True, said("any later day is allowed"))):
        if mine := [p for p in past if p.or_later == or_later]:
            words = said("as of {day} nothing is recorded, the target has passed; {why}", day=as_of, why=why)
            yield Note("past-target", words, ids_of(mine))
    for move in schedule.moves:
        rule, latest = move.rule, move.latest
        if rule is None or latest is None or latest >= as_of:
            continue
        into = schedule.study.period(rule.target_period)
        seen = into is None or not into.unseen
        if move.status == MoveStatus.PENDING or (move.status == MoveStatus.PROJECTED and seen):
            words = said(
                "as of {day} no entry into {period} is recorded; the last allowed day was {last}",
                day=as_of, period=rule.target_period, last=latest,
            )  # fmt: skip
            yield Note("overdue", words)


def _recorded(schedule: SubjectSchedule, shown: Shown) -> Iterator[Note]:
    """What records say that is not as planned, or do not say."""
    as_planned, weights = [], []
    for visit, p in shown:
        used = {a.weight_kg for a in p.administrations if a.weight_kg is not None}
        for record, wrong in zip(visit.records, visit.wrong, strict=True):
            if wrong is not None:
                yield Note("wrong-dose", wrong, (p.id,))
            if used and record.weight_kg is not None and record.weight_kg not in used:
                weights.append(p)
        written = any(record.amount is not None for record in visit.records)
        if p.status == "done" and not written and any(a.amount_status == "stated" for a in p.administrations):
            as_planned.append(p.id)
        segment = visit.segment
        if segment.cut is not None and p.actual is not None and visit.number >= segment.cut:
            stopped = any(limit.doses_only and limit.cause.startswith(GAP) for limit in segment.limits)
            words = said(
                "{visit} is recorded after the gap: there are no more doses since then"
                if stopped
                else "{visit} is recorded after the gap: the visits since then have other names, such as those with `(restart)`",
                visit=p.id,
            )
            if not stopped or visit.visit.gives:
                yield Note("gap-rule", words, (p.id,))
        first = not segment.period and not segment.run and not segment.hangs_on and visit.visit.offset == Offset()
        if first and schedule.start in (p.actual, p.booked) and schedule.planned_start is not None:
            words = said(
                "{visit} was on {day}, which is day 1; planned was {planned}"
                if p.booked is None
                else "{visit} is booked for {day}, which is day 1; planned was {planned}",
                visit=p.id, day=day(schedule.start), planned=day(schedule.planned_start),
            )  # fmt: skip
            yield Note("start", words, (p.id,))
        elif first and p.actual is not None and p.actual != schedule.start:
            words = said(
                "{visit} is recorded on {day}; no first dose is given at it, so day 1 is {start}",
                visit=p.id, day=day(p.actual), start=day(schedule.start),
            )  # fmt: skip
            yield Note("start", words, (p.id,))
    if as_planned:
        yield Note("not-recorded", said("how much was given is not recorded: the planned dose is counted"), tuple(as_planned))
    if weights:
        yield Note("weight", said("the weight recorded at these visits is not the one that doses are by"), ids_of(weights))


def _booked(schedule: SubjectSchedule, every: Shown) -> Iterator[Note]:
    """Appointments: what is no fact yet, and what has become none."""
    if booked := [p for _, p in every if p.booked is not None and p.stage != "cancelled"]:
        words = said("an appointment, and not done: no total counts it as given, and what is counted from it may move")
        yield Note("booked", words, ids_of(booked))
    for visit in schedule.visits:
        if visit.booked is not None and visit.status == VisitStatus.CANCELLED:
            on, why = day(visit.booked), cancelled_by(schedule, visit)
            yield Note("booked", said("{visit} is booked for {day}, and is not planned any more: {why}", visit=visit.id, day=on, why=why))
    for visit, p in every:
        lapsed = max((record.date for record in visit.appointments if record.status == "lapsed"), default=None)
        if lapsed is not None and p.actual is None and p.booked is None and not visit.records:
            yield Note("booked", said("{visit} was booked for {day}, and nothing is recorded of it", visit=p.id, day=day(lapsed)), (p.id,))
    ids = {visit.row: visit.id for visit in schedule.visits}
    for row, record in schedule.twice:
        if record.status == "booked":
            words = said("{visit} is booked for {day} as well: that appointment is not in this plan", visit=ids[row], day=day(record.date))
            yield Note("booked", words, (ids[row],))
    for record in schedule.unscheduled:
        if not record.is_fact:
            if record.visit == UNSCHEDULED:
                what = said("a visit that is not planned")
            elif record.is_unscheduled:
                what = said("{visit}, which is not planned,", visit=record.visit)
            else:
                what = said("{visit}, which this plan does not have yet,", visit=record.visit)
            is_booked = record.status == "booked"
            words = said("{visit} is booked for {day}" if is_booked else "{visit} was booked for {day}", visit=what, day=record.date)
            yield Note("booked", words)


def _unscheduled(schedule: SubjectSchedule) -> Iterator[Note]:
    """Records of visits that are not planned."""
    products = {product.name for product in schedule.study.products}
    for record in (record for record in schedule.unscheduled if record.is_fact):
        known = record.product in (None, *products)
        given = record.took_place and (record.product is not None or record.amount is not None)
        given &= not known or any(x.date == record.date and record.product in (None, x.product) for x in schedule.doses_besides)
        words = said("; its dose counts in later totals, where they are known, and as a last dose; no repeat is counted from it")
        words = said("; its product is none of the study, and counts in no total") if not known else words
        if record.visit == UNSCHEDULED:
            what = said("a visit on {day} that is not planned", day=record.date)
        else:
            what = said("{visit} on {day}, which is not planned", visit=record.visit, day=record.date)
        yield Note("unscheduled", what + words if given else what)


def _too_close(schedule: SubjectSchedule, shown: Shown) -> Iterator[Note]:
    """Doses ahead that the minimum gap to the dose before moves beyond their target, or beyond their last day."""
    ahead = [(visit, p) for visit, p in shown if p.stage in ("firm", "tentative")]
    by_row = {visit.row: visit for visit in schedule.visits}
    entries = {(gap.product, gap.first) for gap in schedule.gaps}  # told with the entry
    moved: list[tuple[Sentence, str]] = []
    for visit, p in ahead:
        before = visit.dose_before
        if before is None or visit.target is None or not visit.is_too_soon or (before.product, visit.target) in entries:
            continue
        dose, gap = by_row.get(before.row), schedule.study.product(before.product).gap_text or ""
        if dose is not None and dose.actual is None and dose.is_too_soon:
            words = said(
                "{product}: a dose before is moved on by the minimum gap, {gap}, and these with it", product=before.product, gap=gap
            )
            moved.append((words, p.id))
            continue
        days = many((visit.target - before.since).days, "day")
        words = said(
            "{product} {days} after {dose}",
            product=before.product, days=days, dose=dose.id if dose is not None else said("the dose of {day}", day=before.since),
        )  # fmt: skip
        words = said("{dose}: less than the minimum gap, {gap}; not before {day}", dose=words, gap=gap, day=before.not_before)
        yield Note("short-gap", words, (p.id,))
    yield from noted("short-gap", moved)
    if none := [p for visit, p in ahead if visit.no_day_allowed]:
        yield Note("no-day", said("no day is allowed: the first that is stated comes after the last; a person must decide"), ids_of(none))


def _before_entry(schedule: SubjectSchedule) -> Iterator[Note]:
    """Visits of a period that goes on counting which were to be before the subject came to it."""
    for p, own in enumerate(schedule.periods):
        if not p or own.anchor is None or not own.period.keeps_count or schedule.start is None:
            continue
        kept = {visit.visit.label for visit in schedule.visits if visit.segment.period == p}
        gone = [
            visit.label
            for visit in lay_out(own.period, (own.anchor - schedule.start).days, Problems())
            if visit.offset is not None
            and not visit.hangs_on
            and visit.label not in kept
            and (schedule.arm == UNKNOWN_ARM or len(visit.arms) >= len(own.period.arms) or schedule.arm in visit.arms)
            and days_past(own.anchor, schedule.start, visit.last or visit.offset) > 0
        ]
        if gone:
            which = joined(", ", gone)
            if len(gone) > 10:
                which = said("{first}, {second}, … {last} ({n} visits)", first=gone[0], second=gone[1], last=gone[-1], n=len(gone))
            first = said("{day}, projected" if own.projected else "{day}", day=own.anchor)
            words = said(
                "before the first day of {period}, {first}; its days go on counting from {day}",
                period=own.period.id, first=first, day=schedule.start,
            )  # fmt: skip
            yield Note("before-entry", said("not planned: {which}; {why}", which=which, why=words))


def _after_end(schedule: SubjectSchedule, shown: Shown) -> Iterator[Note]:
    """Visits that late doses, a restart or an early entry into a period that goes on counting have put beyond the end of their period."""
    beyond = [
        p
        for visit, p in shown
        if not visit.segment.hangs_on  # a course after an event goes on
        and p.actual is None
        and p.target is not None
        and (end := schedule.period(visit).end) is not None
        and p.target > end
    ]
    if beyond:
        words = said("after the end of the period: late doses, a restart or an early entry have moved them there")
        yield Note("after-end", words, ids_of(beyond))


# --- doses and days -----------------------------------------------------------------------------------------------------


def _cut_short(shown: Shown) -> Iterator[Note]:
    """Courses of doses that end before their last day; of one whose end is recorded the doses say it."""
    for visit, p in shown:
        ended = any(record.last is not None for record in visit.records)
        planned, last, course = visit.planned_last, p.last, p.administrations and p.stage != "cancelled"
        if planned is not None and last is not None and last < planned and course and not ended:
            yield Note("cut", said("ends on {day}, and was planned to {planned}", day=last, planned=planned), (p.id,))


def _open_ends(schedule: SubjectSchedule, shown: Shown) -> Iterator[Note]:
    for p, own in enumerate(schedule.periods):
        period = own.period
        only_doses = all(entry.gives and not entry.assess for entry in period.open_ended)
        if not period.open_ended or own.anchor is None or not schedule.goes_on(p, only_doses):
            continue
        drawn = ids_of(p for v, p in shown if v.visit.open_ended and p.period == period.id)
        one = len(schedule.periods) == 1
        first = said("the first day") if one else said("the first day of {period}", period=period.id)
        last = max((s.open_end for s in schedule.segments if s.period == p and s.open_end is not None), default=None)
        further = last if last is not None and days_past(last, own.anchor, OPEN_END) > 0 else schedule.until
        limit = said("until {day}", day=further) if further else said("for {n} months from {day}", n=OPEN_END.months, day=first)
        words = said("the source states no end of a repeat; it is drawn {limit}", limit=limit)
        yield Note("open-ended", words if drawn else words + said(", and none of it falls before then"), drawn)


def _changes(schedule: SubjectSchedule, shown: Shown) -> Iterator[Note]:
    """Doses that an event changes: which, and from when on; and whose dose it is, where it has happened."""
    found: dict[tuple[str, str], list[PlannedVisit]] = {}
    by: dict[tuple[str, str], list[PlannedVisit]] = {}
    changed: dict[str, bool] = {}
    arm = schedule.arm
    for visit, planned in shown:
        arms = schedule.period(visit).period.arms
        for dose in visit.doses:
            for i, (event, doses) in enumerate(dose.give.changes):
                whose = [f"{arms[a]}: " if arms else "" for a in range(len(doses))]
                named = [f"{whose[a]}{dose.give.product} {new.rule}" for a, new in enumerate(doses) if new is not None]
                key = event, ", ".join(dict.fromkeys(named))
                found.setdefault(key, []).append(planned)
                if dose.change is not None and dose.change.number == i:
                    by.setdefault(key, []).append(planned)
                mine = doses[0] if len(doses) == 1 else doses[arm] if arm != UNKNOWN_ARM else None
                changed[event] = changed.get(event, False) or mine is not None or arm == UNKNOWN_ARM
    for (event, texts), visits in found.items():
        on, of = joined(" and ", map(day, schedule.events.get(event, ()))), visits
        if not on:
            words = said("from the next of these visits on or after `{event}`: {doses}", event=event, doses=texts)
        elif not changed[event]:
            words = said("{event} on {days} changes nothing for this arm ({doses})", event=word(event), days=on, doses=texts)
        elif of := by.get((event, texts), []):
            words = said(
                "{event} on {days}: {doses}, from the next of these visits on or after it", event=word(event), days=on, doses=texts
            )
        else:
            words = said("{event} on {days}: {doses}, and no dose of this plan is by it", event=word(event), days=on, doses=texts)
        yield Note("dose-change", words, ids_of(of))


def _facts(study: Study, periods: Sequence[Period], spans: Sequence[PlannedSpan], shown: Shown) -> Iterator[Note]:
    """What the file assumes and wants to be known: of the study, of the periods, and of each visit and span that is shown."""
    named: list[tuple[str, Facts | PlannedSpan]] = [("", study.facts), *(("", period.facts) for period in periods)]
    named += [(f"{name}: ", study.product(name).facts) for name in dict.fromkeys(g.product for v, _ in shown for g in v.visit.gives)]
    named += [(f"{span.name}: ", span) for span in spans]
    codes: tuple[Literal["assumed", "note"], ...] = ("assumed", "note")
    for code in codes:
        for about, facts in named:
            for text in facts.assumed if code == "assumed" else facts.note:
                yield Note(code, about + text)
        of_visits = [(visit.visit.said, planned.id) for visit, planned in shown]
        yield from noted(code, ((text, id) for facts, id in of_visits for text in (facts.assumed if code == "assumed" else facts.note)))
