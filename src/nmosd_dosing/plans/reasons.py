"""How a date came about, in words that a monitor can file. Nothing is worked out anew: the subject's schedule holds it all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from nmosd_dosing.days import Offset, is_clipped
from nmosd_dosing.dose.dose import AmountStatus
from nmosd_dosing.plans.dose_reasons import not_given_text, own_dose
from nmosd_dosing.schedule.gap_rules import GAP
from nmosd_dosing.schedule.subject_schedule import Date, DoseBefore, SubjectLimit, SubjectSchedule, SubjectVisit
from nmosd_dosing.schedule.visit_states import VisitStatus
from nmosd_dosing.sentences import Sentence, joined, many, said, word
from nmosd_dosing.study.events import OF_SCREENING
from nmosd_dosing.study.facts import Facts, Source
from nmosd_dosing.study.visit import Visit
from nmosd_dosing.study.visit_rules import LAST_DOSE, LAST_DOSE_OF_STUDY
from nmosd_dosing.subjects.subject import Record


@lru_cache(maxsize=4096)  # subjects of a cohort have days in common
def day(date: Date) -> Sentence:
    """A date as people read it."""
    return said("{day}", day=date) if date is not None else said("not known")


def source_text(own: Iterable[Source | None]) -> str | None:
    """Where a fact stands, if it says so itself."""
    return joined("; ", [source.text for source in own if source is not None]) or None


def allowed_from(first: dt.date, *, or_later: bool) -> Sentence:
    """From when on a visit is allowed of which the source states no last day; `or_later`: it says that there is none."""
    return said("allowed on {day} or later" if or_later else "allowed from {day} on, no last day is stated", day=first)


# --- a visit ------------------------------------------------------------------------------------------------------------


def visit_reason(schedule: SubjectSchedule, visit: SubjectVisit) -> Sentence:
    """In a line: what the day was counted from, and how."""
    offset, segment = visit.visit.offset, visit.segment
    period = schedule.period(visit).period.id
    if offset is None:
        return said("the source states no day")
    if segment.anchor is None:
        return said("{period} has not begun", period=period)
    if visit.since is not None:
        since, back, booked = visit.since
        by = visit.visit.follows.by if visit.visit.follows is not None else "dose"
        if by == "dose":
            base = said("the dose of {day}, as booked" if booked else "the dose of {day}, as recorded", day=day(since))
        else:
            base = said("the visit of {day}, as booked" if booked else "the visit of {day}, as recorded", day=day(since))
        return base + _counted(back, since)
    if segment.hangs_on:
        on = said("the last dose of {period}", period=period) if segment.hangs_on == LAST_DOSE else word(segment.hangs_on)
        return said("{what} ({day})", what=on, day=day(segment.anchor)) + _counted(offset, segment.anchor)
    again = said("{period}, restart {n}", period=period, n=segment.run) if segment.run else period
    words = said("day {n} of {period} ({day})", n=schedule.study.counts_from, period=again, day=day(segment.anchor))
    return words + _counted(offset, segment.anchor)


def _counted(offset: Offset, anchor: dt.date) -> Sentence:
    days, months, words = offset.days, offset.months, said("")
    if days:
        words += _signed(days, many(abs(days), "day"))
    if months:
        words += _signed(months, many(abs(months), "month"))
        if is_clipped(anchor, offset):
            words += said(", clipped to the end of the month")
    if offset.then:
        words += _signed(offset.then, many(abs(offset.then), "day"))
    return words


def _signed(sign: int, length: Sentence) -> Sentence:
    return said(" + {length}" if sign > 0 else " - {length}", length=length)


def may_move(schedule: SubjectSchedule, visit: SubjectVisit) -> Iterator[Sentence]:
    """Why the day of a visit that hangs on a last dose is projected."""
    segment, whose = visit.segment, schedule.period(visit).period.id
    if segment.hangs_on not in (LAST_DOSE, LAST_DOSE_OF_STUDY) or visit.status != VisitStatus.PROJECTED:
        return
    of_study = segment.hangs_on == LAST_DOSE_OF_STUDY
    last = schedule.last_doses[-1 if of_study else segment.period]
    dose_of = said("the study") if of_study else whose
    counted_from = said("counted from {day}, the last dose of {whose}", day=day(segment.anchor), whose=dose_of)
    if last.later:
        yield said("{counted_from}; a later dose moves it", counted_from=counted_from)
    elif last.unsure:
        yield said("{counted_from}, which is not settled either", counted_from=counted_from)
    for move in schedule.moves:
        ends = not of_study and move.out_of == segment.period and move.entered is None
        if ends and move.rule is not None and move.begins is not None and visit.target is not None and visit.target > move.begins:
            yield said("falls away with the entry into {period}, projected on {day}", period=move.rule.target_period, day=day(move.begins))


def visit_steps(schedule: SubjectSchedule, visit: SubjectVisit, begun: Sequence[Sentence], reason: Sentence) -> Iterator[Sentence]:
    """Step by step: how the period began (`begun`, from `period_steps`), how the day was counted (`reason`, from `visit_reason`), what
    allows other days, what was recorded, what stands against it."""
    what, period = visit.visit, schedule.period(visit).period
    if visit.segment.hangs_on in OF_SCREENING:  # day 1 plays no part in it
        yield said("event {event}: {day}, as given", event=word(visit.segment.hangs_on), day=day(visit.segment.anchor))
    else:
        yield from begun
    if visit.segment.restart is not None:
        rule, before, first = visit.segment.restart
        where = f" ({source})" if (source := source_text((rule.facts.source,))) else ""
        again = said("restart at {visit}", visit=rule.at.label) if rule.at is not None else said("restart")
        apart = said("the doses of {first} and {second} are {length} apart", first=day(before), second=day(first), length=rule.of)
        yield said("{restart}: {apart}", restart=again, apart=apart) + where
        yield from (said("assumed: {text}", text=text) for text in rule.facts.assumed)
    counted = said("{visit}: {reason}", visit=visit.id, reason=reason)
    yield counted if visit.target is None else said("{counted} = {day}", counted=counted, day=day(visit.target))
    yield from _days_steps(schedule, visit)
    masked = any(give.mask is not None for give in what.gives)
    yield from dict.fromkeys(record_text(record, masked) for record in (*visit.records, *visit.appointments))
    for dose in visit.doses:
        own = own_dose(dose)
        if dose.change is not None and own is not None and dose.status != AmountStatus.MASKED:
            yield said(
                "dose: {event} on {day}, so {product} {rule}",
                event=word(dose.change.event), day=day(dose.change.date), product=dose.give.product, rule=own.rule or "",
            )  # fmt: skip
    yield from (said("projected: {why}", why=why) for why in may_move(schedule, visit))
    if visit.status == VisitStatus.CANCELLED:
        yield said("cancelled: {why}", why=cancelled_by(schedule, visit))
    elif visit.status == VisitStatus.PENDING:
        yield said("pending: {why}", why=pending_because(schedule, visit))
    yield from facts_steps(what, period.facts)


def _days_steps(schedule: SubjectSchedule, visit: SubjectVisit) -> Iterator[Sentence]:
    """What allows other days than the one planned, what takes some of them away, and which are left."""
    window, around, allowed = visit.visit.window, visit.around, (visit.earliest, visit.latest)
    if visit.is_entry:
        days_of = said("window: the days of the entry")
        yield said("{window}, {days}", window=days_of, days=_span(around)) if around[0] is not None else days_of
    elif window is not None:
        later = visit.or_later and around[0] is not None
        days = said("{day} or later", day=day(around[0])) if later else _span(around)
        stated = joined(", ", (said("window {window}", window=word(window.text)), *([window.origin] if window.origin else [])))
        yield said("{window}: {days}", window=stated, days=days) if around[0] is not None else stated
    elif visit.visit.offset is not None:
        yield said("window: the source states none")
    if visit.dose_before is not None:
        yield gap_text(schedule, visit.dose_before)
    if visit.no_day_allowed:
        yield no_day_allowed(visit)
    elif allowed != around and visit.latest is not None:
        beyond = around[1] is not None and visit.latest > around[1]  # of a course whose first days are held
        days = _span(allowed)
        left = said("held until then") if beyond else said("left of it")
        yield said("{what}: {days}", what=left, days=days) if allowed[0] is not None else left


def gap_text(schedule: SubjectSchedule, before: DoseBefore) -> Sentence:
    """Before which day the minimum gap to the dose before does not allow a visit."""
    gap = schedule.study.product(before.product).gap_text
    of = next((visit for visit in schedule.visits if visit.row == before.row), None)
    since = day(before.since)
    if of is None:
        dose = said("the dose of {day}", day=since)
    else:
        dose = said("{visit}, {day}" if of.actual is not None else "{visit}, at the earliest on {day}", visit=of.id, day=since)
    return said(
        "minimum gap of {product}, {gap}, after {dose}: not before {day}", product=before.product, gap=gap or "", dose=dose,
        day=day(before.not_before),
    )  # fmt: skip


def _span(days: tuple[Date, Date]) -> Sentence:
    """`2025-06-20 Fri to 2025-07-08 Tue, both included`."""
    first, last = days
    if last is None:
        return said("from {first} on; no last day is stated", first=day(first))
    return said("{first} to {last}, both included", first=day(first), last=day(last))


def no_day_allowed(visit: SubjectVisit) -> Sentence:
    """That what states the first allowed day of a visit and what states the last leave none between them."""
    by = visit.dose_before is not None and visit.dose_before.not_before == visit.earliest
    return said(
        "no day is allowed: not before {first}, by the minimum gap, and not after {last}; a person must decide"
        if by
        else "no day is allowed: not before {first} and not after {last}; a person must decide",
        first=day(visit.earliest), last=day(visit.latest),
    )  # fmt: skip


def facts_steps(visit: Visit, period: Facts) -> Iterator[Sentence]:
    """What the file assumes and notes of a visit, and where it stands."""
    yield from (said("assumed: {text}", text=text) for text in visit.said.assumed)
    yield from (said("note: {text}", text=text) for text in visit.said.note)
    if source := source_text(visit.said.sources or (period.source,)):
        yield said("source: {source}", source=source)


def record_text(record: Record, masked: bool) -> Sentence:
    """What was recorded, in a line; a batch could tell the arm."""
    about = [
        said("batch {batch}", batch=record.batch) if record.batch and not masked else None,
        said("reason: {reason}", reason=record.reason) if record.reason else None,
    ]
    place = said(" ({place})", place=record.place.where) if record.place and not masked else ""
    days = said("{day}", day=record.date)
    if record.through > record.date and record.last is not None:
        days = said("{first} to {last}", first=record.date, last=record.last)
    if record.is_fact:
        what = said("recorded: {status} on {days}", status=word(record.status), days=days)
    else:
        what = said("booked for {days}" if record.status == "booked" else "was booked for {days}", days=days)
    return joined(", ", (what, *(part for part in (*about, record.comment) if part))) + place


def cancelled_by(schedule: SubjectSchedule, visit: SubjectVisit) -> Sentence:
    """What ended the period's visits, or its doses, before this one."""
    only_doses = bool(visit.visit.gives) and not visit.visit.assessments
    expected = visit.booked or visit.target
    limits = [x for x in visit.segment.limits if only_doses or x.cause not in visit.visit.kept_after]
    ending = [x for x in limits if (only_doses or not x.doses_only) and expected is not None and expected > x.last]
    ending = ending or [x for x in limits if x.cause.startswith(GAP)]
    return limit_text(schedule, min(ending, key=lambda x: (x.cause == "entry", x.last)))


def limit_text(schedule: SubjectSchedule, limit: SubjectLimit) -> Sentence:
    """What ends visits or doses, and when it happened."""
    date, source = day(limit.date), schedule.periods[limit.period].period.id
    if limit.cause == "entry":
        move = next(m for m in schedule.moves if m.out_of == limit.period)
        into = move.rule.target_period if move.rule else said("the next period")
        projected = move.entered is None
        return said("projected entry into {period} on {day}" if projected else "entry into {period} on {day}", period=into, day=date)
    rule = next((t for t in schedule.study.transitions if t.id == limit.cause and t.source_period == source), None)
    if rule is not None:
        what = said("the study stopped") if rule.after.kind in ("stop", "count", "subject") else rule.after.text
        return said("{what} on {day}, and rule {rule} leads out of {period}", what=what, day=date, rule=rule.id, period=rule.source_period)
    return said("{cause} on {day}", cause=_cause(limit.cause), day=date)


def pending_because(schedule: SubjectSchedule, visit: SubjectVisit) -> Sentence:
    """What a visit's dose waits for."""
    expected = visit.booked or visit.target
    waiting = next((limit for limit in visit.segment.waits if expected is not None and expected > limit.last), None)
    if waiting is None:
        held = [(dose.give.shown, dose.level) for dose in visit.doses if dose.status == AmountStatus.HELD]
        return joined("; ", (not_given_text(shown, level.taken, held=True) for shown, level in held if level is not None))
    if waiting.cause != "undecided":
        return _cause(waiting.cause)
    move = next(m for m in schedule.moves if m.out_of == visit.segment.period)
    return said(
        "the decision on {event} of {day} is open",
        event=word(move.waiting.after.name) if move.waiting else said("it"), day=day(waiting.date),
    )  # fmt: skip


def not_given(visit: SubjectVisit) -> list[Sentence]:
    """Which of its doses a visit takes place without, since an event takes them away."""
    gone = (AmountStatus.OMITTED, AmountStatus.HELD)
    taken = [(dose, dose.level) for dose in visit.doses if dose.in_plan and dose.status in gone and dose.level is not None]
    return [not_given_text(dose.give.shown, level.taken, held=dose.status == AmountStatus.HELD) for dose, level in taken]


def _cause(cause: str) -> Sentence:
    """What ends visits or doses: a gap as a rule has it, or an event."""
    return cause if isinstance(cause, Sentence) else word(cause)
