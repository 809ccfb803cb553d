"""How a date came about, in words that a monitor can file. Nothing is worked out anew: the subject's schedule holds it all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from nmosd_dosing.days import Offset, date_text, is_clipped, shift_date
from nmosd_dosing.dose.dose import AmountStatus
from nmosd_dosing.errors import counted
from nmosd_dosing.plans.dose_reasons import own_dose, taken_text
from nmosd_dosing.schedule.gap_rules import GAP
from nmosd_dosing.schedule.subject_schedule import Date, DoseBefore, SubjectLimit, SubjectMove, SubjectSchedule, SubjectVisit
from nmosd_dosing.schedule.visit_states import VisitStatus
from nmosd_dosing.study.events import DECLINED, OF_SCREENING, REJECTED, RELAPSE, completed
from nmosd_dosing.study.facts import Facts, Source
from nmosd_dosing.study.model import Transition
from nmosd_dosing.study.visit import Visit
from nmosd_dosing.study.visit_rules import LAST_DOSE, LAST_DOSE_OF_STUDY
from nmosd_dosing.subjects.disposition import MoveStatus
from nmosd_dosing.subjects.subject import Record


def day(date: Date) -> str:
    """A date as people read it."""
    return date_text(date) if date is not None else "not known"


def source_text(own: Iterable[Source | None]) -> str | None:
    """Where a fact stands, if it says so itself."""
    return "; ".join(source.text for source in own if source is not None) or None


# --- a visit ------------------------------------------------------------------------------------------------------------


def visit_reason(schedule: SubjectSchedule, visit: SubjectVisit) -> str:
    """In a line: what the day was counted from, and how."""
    offset, segment = visit.visit.offset, visit.segment
    period = schedule.period(visit).period.id
    if offset is None:
        return "the source states no day"
    if segment.anchor is None:
        return f"{period} has not begun"
    if visit.since is not None:
        since, back, booked = visit.since
        by = visit.visit.follows.by if visit.visit.follows is not None else "dose"
        return f"the {by} of {day(since)}, as {'booked' if booked else 'recorded'}{_counted(back, since)}"
    if segment.hangs_on:
        on = f"the last dose of {period}" if segment.hangs_on == LAST_DOSE else segment.hangs_on
        return f"{on} ({day(segment.anchor)})" + _counted(offset, segment.anchor)
    again = f", restart {segment.run}" if segment.run else ""
    words = f"day {schedule.study.counts_from} of {period}{again} ({day(segment.anchor)})"
    return words + _counted(offset, segment.anchor)


def _counted(offset: Offset, anchor: dt.date) -> str:
    days, months, words = offset.days, offset.months, ""
    if days:
        words += f" {'+' if days > 0 else '-'} {Offset(abs(days)).in_words if abs(days) < 7 else f'{abs(days)} days'}"
    if months:
        words += f" {'+' if months > 0 else '-'} {counted(abs(months), 'month')}"
        if is_clipped(anchor, offset):
            words += ", clipped to the end of the month"
    if offset.then:
        words += f" {'+' if offset.then > 0 else '-'} {counted(abs(offset.then), 'day')}"
    return words


def may_move(schedule: SubjectSchedule, visit: SubjectVisit) -> Iterator[str]:
    """Why the day of a visit that hangs on a last dose is projected."""
    segment, whose = visit.segment, schedule.period(visit).period.id
    if segment.hangs_on not in (LAST_DOSE, LAST_DOSE_OF_STUDY) or visit.status != VisitStatus.PROJECTED:
        return
    of_study = segment.hangs_on == LAST_DOSE_OF_STUDY
    last = schedule.last_doses[-1 if of_study else segment.period]
    counted_from = f"counted from {day(segment.anchor)}, the last dose of {'the study' if of_study else whose}"
    if last.later:
        yield f"{counted_from}; a later dose moves it"
    elif last.unsure:
        yield f"{counted_from}, which is not settled either"
    for move in schedule.moves:
        ends = not of_study and move.out_of == segment.period and move.entered is None and move.rule is not None
        if ends and move.rule is not None and move.begins is not None and visit.target is not None and visit.target > move.begins:
            yield f"falls away with the entry into {move.rule.target_period}, projected on {day(move.begins)}"


def visit_steps(schedule: SubjectSchedule, visit: SubjectVisit, begun: Sequence[str], reason: str) -> Iterator[str]:
    """Step by step: how the period began (`begun`, from `period_steps`), how the day was counted (`reason`, from `visit_reason`), what
    allows other days, what was recorded, what stands against it."""
    what, period = visit.visit, schedule.period(visit).period
    if visit.segment.hangs_on in OF_SCREENING:  # day 1 plays no part in it
        yield f"event {visit.segment.hangs_on}: {day(visit.segment.anchor)}, as given"
    else:
        yield from begun
    if visit.segment.restart is not None:
        rule, before, first = visit.segment.restart
        where = f" ({source})" if (source := source_text((rule.facts.source,))) else ""
        at = f" at {rule.at.label}" if rule.at is not None else ""
        yield f"restart{at}: the doses of {day(before)} and {day(first)} are {rule.of} apart{where}"
        yield from (f"assumed: {text}" for text in rule.facts.assumed)
    counted = f"{visit.id}: {reason}"
    yield counted if visit.target is None else f"{counted} = {day(visit.target)}"
    yield from _days_steps(schedule, visit)
    masked = any(give.mask is not None for give in what.gives)
    yield from dict.fromkeys(record_text(record, masked) for record in (*visit.records, *visit.appointments))
    for dose in visit.doses:
        own = own_dose(dose)
        if dose.change is not None and own is not None and dose.status != AmountStatus.MASKED:
            yield f"dose: {dose.change.event} on {day(dose.change.date)}, so {dose.give.product} {own.rule}"
    yield from (f"projected: {why}" for why in may_move(schedule, visit))
    if visit.status == VisitStatus.CANCELLED:
        yield f"cancelled: {cancelled_by(schedule, visit)}"
    elif visit.status == VisitStatus.PENDING:
        yield f"pending: {pending_because(schedule, visit)}"
    yield from facts_steps(what, period.facts)


def _days_steps(schedule: SubjectSchedule, visit: SubjectVisit) -> Iterator[str]:
    """What allows other days than the one planned, what takes some of them away, and which are left."""
    window, around, allowed = visit.visit.window, visit.around, (visit.earliest, visit.latest)
    if visit.is_entry:
        yield f"window: the days of the entry{_span(', ', around)}"
    elif window is not None:
        days = f": {day(around[0])} or later" if visit.or_later and around[0] is not None else _span(": ", around)
        yield f"window {window.text}{f', {window.origin}' if window.origin else ''}{days}"
    elif visit.visit.offset is not None:
        yield "window: the source states none"
    if visit.dose_before is not None:
        yield gap_text(schedule, visit.dose_before)
    if visit.no_day_allowed:
        yield no_day_allowed(visit)
    elif allowed != around and visit.latest is not None:
        beyond = around[1] is not None and visit.latest > around[1]  # of a course whose first days are held
        yield f"{'held until then' if beyond else 'left of it'}{_span(': ', allowed)}"


def gap_text(schedule: SubjectSchedule, before: DoseBefore) -> str:
    """Before which day the minimum gap to the dose before does not allow a visit."""
    gap = schedule.study.product(before.product).gap_text
    of = next((visit for visit in schedule.visits if visit.row == before.row), None)
    dose = "the dose of " if of is None else f"{of.id}, {'' if of.actual is not None else 'at the earliest on '}"
    return f"minimum gap of {before.product}, {gap}, after {dose}{day(before.since)}: not before {day(before.not_before)}"


def _span(before: str, days: tuple[Date, Date]) -> str:
    """`2025-06-20 Fri to 2025-07-08 Tue, both included`; nothing where no day is known."""
    first, last = days
    if first is None:
        return ""
    return (
        f"{before}{day(first)} to {day(last)}, both included"
        if last is not None
        else f"{before}from {day(first)} on; no last day is stated"
    )


def no_day_allowed(visit: SubjectVisit) -> str:
    """That what states the first allowed day of a visit and what states the last leave none between them."""
    by = ", by the minimum gap," if visit.dose_before is not None and visit.dose_before.not_before == visit.earliest else ""
    return f"no day is allowed: not before {day(visit.earliest)}{by} and not after {day(visit.latest)}; a person must decide"


def facts_steps(visit: Visit, period: Facts) -> Iterator[str]:
    """What the file assumes and notes of a visit, and where it stands."""
    yield from (f"assumed: {text}" for text in visit.said.assumed)
    yield from (f"note: {text}" for text in visit.said.note)
    if source := source_text(visit.said.sources or (period.source,)):
        yield f"source: {source}"


def record_text(record: Record, masked: bool) -> str:
    """What was recorded, in a line; a batch could tell the arm."""
    about = [f"batch {record.batch}" if record.batch and not masked else None, f"reason: {record.reason}" if record.reason else None]
    more = "".join(f", {part}" for part in (*about, record.comment) if part)
    place = f" ({record.place.where})" if record.place and not masked else ""
    what = f"recorded: {record.status} on" if record.is_fact else "booked for" if record.status == "booked" else "was booked for"
    until = f" to {date_text(record.last)}" if record.through > record.date and record.last is not None else ""
    return f"{what} {date_text(record.date)}{until}{more}{place}"


def cancelled_by(schedule: SubjectSchedule, visit: SubjectVisit) -> str:
    """What ended the period's visits, or its doses, before this one."""
    only_doses = bool(visit.visit.gives) and not visit.visit.assessments
    expected = visit.booked or visit.target
    limits = [x for x in visit.segment.limits if only_doses or x.cause not in visit.visit.kept_after]
    ending = [x for x in limits if (only_doses or not x.doses_only) and expected is not None and expected > x.last]
    ending = ending or [x for x in limits if x.cause.startswith(GAP)]
    return limit_text(schedule, min(ending, key=lambda x: (x.cause == "entry", x.last)))


def limit_text(schedule: SubjectSchedule, limit: SubjectLimit) -> str:
    """What ends visits or doses, and when it happened."""
    date, source = day(limit.date), schedule.periods[limit.period].period.id
    if limit.cause == "entry":
        move = next(m for m in schedule.moves if m.out_of == limit.period)
        projected = "projected " if move.entered is None else ""
        return f"{projected}entry into {move.rule.target_period if move.rule else 'the next period'} on {date}"
    rule = next((t for t in schedule.study.transitions if t.id == limit.cause and t.source_period == source), None)
    if rule is not None:
        what = "the study stopped" if rule.after.kind in ("stop", "count", "subject") else rule.after.text
        return f"{what} on {date}, and rule {rule.id} leads out of {rule.source_period}"
    return f"{limit.cause} on {date}"


def pending_because(schedule: SubjectSchedule, visit: SubjectVisit) -> str:
    """What a visit's dose waits for."""
    expected = visit.booked or visit.target
    waiting = next((limit for limit in visit.segment.waits if expected is not None and expected > limit.last), None)
    if waiting is None:
        held = [(dose.give.shown, dose.level) for dose in visit.doses if dose.status == AmountStatus.HELD]
        return "; ".join(f"{shown} {taken_text(level.taken, held=True)}" for shown, level in held if level is not None)
    if waiting.cause != "undecided":
        return waiting.cause
    move = next(m for m in schedule.moves if m.out_of == visit.segment.period)
    return f"the decision on {move.waiting.after.name if move.waiting else 'it'} of {day(waiting.date)} is open"


def not_given(visit: SubjectVisit) -> list[str]:
    """Which of its doses a visit takes place without, since an event takes them away."""
    gone = (AmountStatus.OMITTED, AmountStatus.HELD)
    taken = [(dose, dose.level) for dose in visit.doses if dose.in_plan and dose.status in gone and dose.level is not None]
    return [f"{dose.give.shown} {taken_text(level.taken, held=dose.status == AmountStatus.HELD)}" for dose, level in taken]


# --- a period and the move into it --------------------------------------------------------------------------------------


def period_steps(schedule: SubjectSchedule, period: int) -> Iterator[str]:
    """How a period's first day came about."""
    found = schedule.move_into(period) if period else None
    if found is None:
        own = schedule.periods[period]
        planned = schedule.planned_start if not period else None
        how = "booked" if own.projected else "as recorded" if planned is not None else "as given"
        how = f"the first dose, {how}; planned was {day(planned)}" if planned is not None else how
        yield f"day {schedule.study.counts_from} of {own.period.id}: {day(own.anchor)}, {how}"
        return
    move, rule = found
    yield from period_steps(schedule, move.out_of)
    yield from _opening(schedule, move, rule)
    yield from _entry(schedule, move, rule)
    yield from _other_rules(schedule, move, rule)


def _opening(schedule: SubjectSchedule, move: SubjectMove, rule: Transition) -> Iterator[str]:
    """What opens the way, and when."""
    own, after = schedule.periods[move.out_of], rule.after
    period = own.period
    if after.kind == "end":
        if schedule.first(completed(period.id)) is not None:
            yield f"end of {period.id}: {day(own.end)}, recorded as {completed(period.id)}"
        elif period.length is not None:
            counted = f"{day(own.anchor)} + {period.length.in_words} = {day(own.end)}"
            yield f"end of {period.id}: {counted}, planned; the actual end is not recorded"
        else:
            yield f"end of {period.id}: its length is not stated, and no end is recorded"
    elif after.kind == "event":
        yield f"event {after.name}: {_day_or(move.date, 'not recorded')}"
    else:
        stop = schedule.stop
        by = f" by `{stop.by}`" if after.kind == "stop" and stop.by else ""
        yield f"{after.base}: {day(move.date)}{by}"
        yield from (f"study stop, {text}: {_day_or(when, 'not happened, or not known here')}" for text, when in stop.rules)
    if after.plus != Offset() and move.date is not None:
        yield f"{after.text}: {day(shift_date(move.date, after.plus))}"
    for need, met in zip(rule.needs, move.met, strict=True):
        yield f"event {need}: {_day_or(met, 'not recorded')}"
    if move.kept is not None:
        yield f"{period.id}: what is recorded of it allows the entry from {day(move.kept)} on"


def _day_or(date: Date, otherwise: str) -> str:
    return date_text(date) if date is not None else otherwise


def _entry(schedule: SubjectSchedule, move: SubjectMove, rule: Transition) -> Iterator[str]:
    """What the rule allows, and what was done."""
    earliest, latest = move.earliest, move.latest
    where = f" ({source})" if (source := source_text((rule.facts.source,))) else ""
    if earliest is None:
        first = "not before its conditions are met"
    elif move.is_late:
        first = f"{_too_late(move, rule)}: refused, a person must decide"
    else:
        first = f"from {day(earliest)}" + (f" to {day(latest)}, both included" if latest is not None else "")
    yield f"rule {rule.id}{where}: {first}; {rule.when}"
    yield from (f"assumed: {text}" for text in rule.facts.assumed)
    into = f"entry into {rule.target_period}"
    match move.status:
        case MoveStatus.ENTERED:
            yield f"{into}: recorded on {day(move.entered)}{_deviation(move)}"
        case MoveStatus.DECLINED:
            yield f"{into}: declined on {day(schedule.first(DECLINED))}"
        case MoveStatus.PROJECTED:
            first_day = f"projected on the first allowed day, {day(earliest)}" if move.begins == earliest else _expected(schedule, move)
            yield f"{into}: not recorded; {first_day}"
        case MoveStatus.PENDING | MoveStatus.REFUSED | MoveStatus.NONE:
            pass
        case never:
            assert_never(never)


def _deviation(move: SubjectMove) -> str:
    """Whether a recorded entry is not as its rule has it."""
    if move.earliest is None or move.is_late:
        return ", which no rule allows: a deviation"
    side = "after" if move.outside > 0 else "before"
    return f", {counted(abs(move.outside), 'day')} {side} the allowed days: a deviation" if move.outside else ""


def _other_rules(schedule: SubjectSchedule, move: SubjectMove, rule: Transition) -> Iterator[str]:
    """Why the other rules out of this period do not govern."""
    stop, end = schedule.stop.date, schedule.periods[move.out_of].end
    for other in schedule.study.transitions:
        if other is rule or other.source_period != rule.source_period:
            continue
        if other.after.kind == "end":
            why = f"{rule.after.text} came before the end of {other.source_period}"
            why = "the entry is recorded, and not under it" if move.date is None else why
        elif other.after.kind == "event":
            why = _not_opened(schedule, move, other)
        elif stop is None:
            why = "the study is not known to have stopped"
        else:
            entered_before = move.entered is not None and move.entered < stop
            over = "when the period was over" if end is not None and stop >= end else "after the entry" if entered_before else None
            why = f"the study stopped on {day(stop)}, {over or f'and rule {rule.id} comes first in the file, or allows the entry'}"
        yield f"rule {other.id} does not govern: {why}"


def _not_opened(schedule: SubjectSchedule, move: SubjectMove, other: Transition) -> str:
    """Why an event leads nowhere: there is none, it is rejected or not decided, or it was not while the subject was there."""
    name = other.after.name
    happened = schedule.events.get(name, ())
    if not happened:
        return f"no {name} is recorded"
    if move.undecided is not None and move.waiting is other:
        return f"the decision on {name} of {day(move.undecided)} is open"
    no = [f"rejected on {day(date)}" for date in schedule.events.get(REJECTED, ())] if name == RELAPSE else []
    if no:
        return f"{name} of {', '.join(map(day, happened))} opened no way ({', '.join(no)})"
    return f"{name} of {', '.join(map(day, happened))} was not while the subject was in {other.source_period}, before the entry"


def move_message(schedule: SubjectSchedule, move: SubjectMove, rule: Transition) -> str:
    """The move in a sentence or two: by what, between which days, what it means for the doses."""
    earliest, latest, target = move.earliest, move.latest, rule.target_period
    known = f"{rule.after.base} on {day(move.date)}" if move.date is not None else f"{rule.after.base}: not known"
    too_late = f"{known}: {_too_late(move, rule)}"
    match move.status:
        case MoveStatus.PENDING:
            last = f", at the latest on {day(latest)}" if latest is not None else ", no last day is stated" if rule.within is None else ""
            if move.is_undecided:
                return f"{known}, the decision is open: entry into {target} pending{last}; doses after it wait for the decision"
            needs = f", {' and '.join(move.open_needs)} not recorded" if move.open_needs else ""
            return f"{known}{needs}: entry into {target} pending{last}"
        case MoveStatus.REFUSED:
            return f"{too_late}; no entry, a person must decide"
        case MoveStatus.DECLINED:
            return f"{known}: entry into {target} declined on {day(schedule.first(DECLINED))}"
        case MoveStatus.ENTERED if move.is_late:
            return f"{too_late}; entered on {day(move.entered)}: a deviation"
        case MoveStatus.ENTERED:
            off = f", {counted(abs(move.outside), 'day')} {_side(move.outside)}: a deviation" if move.outside else ""
            off = ", while its conditions are not met: a deviation" if earliest is None else off
            return f"{known}: {_allowed(move, rule)}; entered on {day(move.entered)}{off}"
        case MoveStatus.PROJECTED:
            return f"{known}: {_allowed(move, rule)}; {_expected(schedule, move)}"
        case MoveStatus.NONE:
            return f"{known}: {_allowed(move, rule)}"


def _too_late(move: SubjectMove, rule: Transition) -> str:
    """Why the entry cannot be while it is allowed."""
    met = "the conditions are met on" if move.kept is None else f"what is recorded of {rule.source_period} allows it from"
    return f"{met} {day(move.earliest)}, after the last day, {day(move.latest)}"


def _expected(schedule: SubjectSchedule, move: SubjectMove) -> str:
    """When an entry is expected that is not recorded."""
    if move.booked is not None:
        return f"booked for {day(move.booked)}"
    if move.begins is None or move.begins == move.earliest:
        return "projected on the first of these days"
    planned = [visit for visit in schedule.visits if visit.segment.period == move.out_of and visit.visit.gives and visit.booked is None]
    held_by = [v.id for v in planned if v.target is not None and v.status != VisitStatus.CANCELLED and _through(v) == move.begins]
    return f"projected on {day(move.begins)}, after {f'the dose of {held_by[-1]}' if held_by else 'what is booked'}"


def _through(visit: SubjectVisit) -> Date:
    """The day after a visit, or after the last day of one that takes several."""
    last = visit.last or visit.target
    return last + dt.timedelta(1) if last is not None else None


def _allowed(move: SubjectMove, rule: Transition) -> str:
    """Between which days the entry is allowed."""
    if move.earliest is None:
        return "no day of entry is known"
    until = f" to {day(move.latest)}" if move.latest is not None else " on"
    silent = "; the source states no last day" if move.latest is None and rule.within is None else ""
    return f"entry into {rule.target_period} from {day(move.earliest)}{until}{silent}"


def entry_text(schedule: SubjectSchedule, move: SubjectMove, rule: Transition) -> str:
    """The same in short, for a list of what was done and what is to do."""
    earliest, latest = move.earliest, move.latest
    if move.status == MoveStatus.PENDING and move.is_undecided:
        last = f"; entry until {day(latest)}" if latest is not None else ""
        return f"{rule.after.base} {day(move.date)}: the decision is open{last}"
    if move.status not in (MoveStatus.PROJECTED, MoveStatus.ENTERED) or earliest is None or move.is_late:
        return move_message(schedule, move, rule)
    until = f"to {day(latest)}" if latest is not None else "on"
    allowed = f"{rule.after.base} {day(move.date)}: from {day(earliest)} {until}"
    if move.status == MoveStatus.PROJECTED:
        waiting = move.waiting
        open_ = f"; the decision on {waiting.after.name} of {day(move.undecided)} is open" if waiting is not None else ""
        return f"{allowed}{open_}"
    off = f", {counted(abs(move.outside), 'day')} {_side(move.outside)}" if move.outside else ""
    return f"{allowed}; entered{off}"


def _side(days: int) -> str:
    return "late" if days > 0 else "early"
