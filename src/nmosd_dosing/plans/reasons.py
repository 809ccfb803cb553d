"""How a date came about, in words that a monitor can file. Nothing is computed anew: the schedule and the course hold it all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from nmosd_dosing.days import Offset, date_text, shift, to_date
from nmosd_dosing.errors import counted
from nmosd_dosing.schedule.gaps import GAP
from nmosd_dosing.schedule.schedule import Schedule, VisitStatus
from nmosd_dosing.study.events import JUDGED, REJECTED, completed_event
from nmosd_dosing.study.model import Facts, Source, Transition, Visit
from nmosd_dosing.subjects.disposition import Course, Limit, Move, MoveStatus
from nmosd_dosing.subjects.not_allowed import needed
from nmosd_dosing.subjects.subject import Record


def day(date: np.datetime64) -> str:
    """A date as people read it."""
    found = to_date(date)
    return date_text(found) if found is not None else "not known"


def source_text(own: Iterable[Source | None]) -> str | None:
    """Where a fact stands, if it says so itself."""
    return "; ".join(source.text for source in own if source is not None) or None


# --- a visit ------------------------------------------------------------------------------------------------------------


def visit_reason(schedule: Schedule, visit: int, column: int) -> str:
    """In a line: what the day was counted from, and how."""
    what = schedule.visits[visit]
    if what.offset is None:
        return "the source states no day"
    anchor = schedule.anchor(visit)[column]
    if np.isnat(anchor):
        return f"{schedule.period(visit).id} has not begun"
    if visit in schedule.counted and what.follows is not None and not np.isnat(schedule.counted[visit][0][column]):
        since, days, months = (values[column] for values in schedule.counted[visit])
        return f"the dose of {day(since)}, as recorded{_counted(Offset(int(days), int(months)), since)}"
    part = schedule.parts[schedule.part_of[visit]]
    if part.event:
        return f"{part.event} ({day(anchor)})" + _counted(what.offset, anchor)
    again = f", restart {part.run}" if part.run else ""
    words = f"day {schedule.study.counts_from} of {schedule.period(visit).id}{again} ({day(anchor)})"
    return words + _counted(what.offset, anchor)


def _counted(offset: Offset, anchor: np.datetime64) -> str:
    days, months, words = offset.days, offset.months, ""
    if days:
        words += f" {'+' if days > 0 else '-'} {counted(abs(days), 'day')}"
    if months:
        words += f" {'+' if months > 0 else '-'} {counted(abs(months), 'month')}"
        if _clipped(anchor, offset):
            words += ", clipped to the end of the month"
    return words


def _clipped(anchor: np.datetime64, offset: Offset) -> bool:
    base = shift(np.array([anchor], dtype="datetime64[D]"), Offset(offset.days))
    days = [dates - dates.astype("datetime64[M]").astype("datetime64[D]") for dates in (base, shift(base, Offset(months=offset.months)))]
    return bool(days[0] != days[1])


def visit_steps(schedule: Schedule, visit: int, column: int) -> Iterator[str]:
    """Step by step: how the period began, how the day was counted, what allows other days, what was recorded, what stands against it."""
    what, period = schedule.visits[visit], schedule.period(visit)
    yield from period_steps(schedule, schedule.parts[schedule.part_of[visit]].period, column)
    part = schedule.parts[schedule.part_of[visit]]
    if part.restart is not None:
        rule = part.restart.of(column)
        where = f" ({source})" if (source := source_text((rule.facts.source,))) else ""
        apart = f"{day(part.restart.before[column])} and {day(part.first[column])} are {rule.of} apart"
        at = f" at {rule.at.label}" if rule.at is not None else ""
        yield f"restart{at}: the doses of {apart}{where}"
        yield from (f"assumed: {text}" for text in rule.facts.assumed)
    target = schedule.target[visit, column]
    if np.isnat(target):
        yield f"{schedule.id(visit)}: {visit_reason(schedule, visit, column)}"
    else:
        yield f"{schedule.id(visit)}: {visit_reason(schedule, visit, column)} = {day(target)}"
    earliest, latest = schedule.earliest(visit), schedule.latest(visit)
    if schedule.is_entry(visit):
        yield "window: the days of the entry"
    elif what.window is not None and earliest is not None and latest is not None:
        origin = f", {what.window.origin}" if what.window.origin else ""
        yield f"window {what.window.text}{origin}: {day(earliest[column])} to {day(latest[column])}, both included"
    elif what.offset is not None:
        yield "window: the source states none"
    if schedule.given is not None:
        texts: dict[str, None] = {}
        for record in schedule.given.records.get((visit, column), ()):
            texts.setdefault(record_text(record, masked=any(g.mask is not None for g in what.gives)))
        yield from texts
    for give in what.gives:
        for event, changed in give.changes:
            when, date = schedule.cohort.first(event)[column], schedule.dates(visit)[column]
            arm = int(schedule.arm[column])
            new = changed[0] if len(changed) == 1 else changed[arm] if arm >= 0 else None
            if when <= date and new is not None:
                yield f"dose: {event} on {day(when)}, so {give.product} {new.rule}"
    state = VisitStatus(int(schedule.state(visit)[column]))
    if state == VisitStatus.CANCELLED:
        yield f"cancelled: {cancelled_by(schedule, visit, column)}"
    elif state == VisitStatus.PENDING:
        yield f"pending: {pending_because(schedule, visit, column)}"
    yield from facts_steps(what, period.facts)


def facts_steps(visit: Visit, period: Facts) -> Iterator[str]:
    """What the file assumes and notes of a visit, and where it stands."""
    yield from (f"assumed: {text}" for text in visit.assumed)
    yield from (f"note: {text}" for text in visit.note)
    if source := source_text(visit.sources or (period.source,)):
        yield f"source: {source}"


def record_text(record: Record, masked: bool) -> str:
    """What was recorded, in a line; a batch could tell the arm."""
    about = [f"batch {record.batch}" if record.batch and not masked else None, f"reason: {record.reason}" if record.reason else None]
    more = "".join(f", {part}" for part in (*about, record.comment) if part)
    place = f" ({record.place.where})" if record.place and not masked else ""
    return f"recorded: {record.status} on {date_text(record.date)}{more}{place}"


def cancelled_by(schedule: Schedule, visit: int, column: int) -> str:
    """What ended the period's visits, or its doses, before this one."""
    what, part = schedule.visits[visit], schedule.parts[schedule.part_of[visit]]
    only_doses = bool(what.gives) and not what.assessments
    target = schedule.target[visit, column]
    ending = [limit for limit in part.limits if (only_doses or not limit.doses_only) and target > limit.last[column]]
    ending = ending or [limit for limit in part.limits if limit.cause.startswith(GAP) and not np.isnat(limit.last[column])]
    first = min(ending, key=lambda limit: (limit.cause == "entry", limit.last[column]))
    return limit_text(schedule.course, first, column)


def limit_text(course: Course, limit: Limit, column: int) -> str:
    """What ends visits or doses, and when it happened."""
    date = day(limit.date[column])
    if limit.cause == "entry":
        move = next(m for m in course.moves if m.source == limit.source)
        rule = course.rule(move, column)
        projected = "projected " if np.isnat(move.entered[column]) else ""
        return f"{projected}entry into {rule.target_period if rule else 'the next period'} on {date}"
    rule = next((t for t in course.transitions if t.id == limit.cause and t.source_period == course.periods[limit.source].id), None)
    if rule is not None:
        what = "the study stopped" if rule.after.kind in ("stop", "count", "subject") else rule.after.text
        return f"{what} on {date}, and rule {rule.id} leads out of {rule.source_period}"
    return f"{limit.cause} on {date}"


def pending_because(schedule: Schedule, visit: int, column: int) -> str:
    """What a visit's dose waits for."""
    part, target = schedule.parts[schedule.part_of[visit]], schedule.target[visit, column]
    waiting = next(limit for limit in part.waits if target > limit.last[column])
    if waiting.cause != "undecided":
        return waiting.cause
    move = next(m for m in schedule.course.moves if m.source == part.period)
    rule = schedule.course.waiting_rule(move, column)
    return f"the decision on {rule.after.name if rule else 'it'} of {day(waiting.date[column])} is open"


# --- a period and the move into it --------------------------------------------------------------------------------------


def move_into(course: Course, period: int, column: int) -> tuple[Move, Transition] | None:
    """The move that leads a subject into a period, and its rule."""
    for move in course.moves:
        rule = course.rule(move, column)
        if rule is not None and rule.target_period == course.periods[period].id:
            return move, rule
    return None


def period_steps(schedule: Schedule, period: int, column: int) -> Iterator[str]:
    """How a period's first day came about."""
    course = schedule.course
    found = move_into(course, period, column) if period else None
    if found is None:
        yield f"day {schedule.study.counts_from} of {course.periods[period].id}: {day(course.anchor[period, column])}, as given"
        return
    move, rule = found
    yield from period_steps(schedule, move.source, column)
    yield from _opening(schedule, move, rule, column)
    yield from _entry(move, rule, column, schedule.cohort.first("declined")[column])
    yield from _other_rules(schedule, move, rule, column)


def _opening(schedule: Schedule, move: Move, rule: Transition, column: int) -> Iterator[str]:
    """What opens the way, and when."""
    course, cohort = schedule.course, schedule.cohort
    period, date = course.periods[move.source], move.date[column]
    if rule.after.kind == "end":
        end = course.end[move.source, column]
        if completed_event(period) in cohort.events and not np.isnat(cohort.first(completed_event(period))[column]):
            yield f"end of {period.id}: {day(end)}, recorded as {completed_event(period)}"
        elif period.length is not None:
            anchor = course.anchor[move.source, column]
            yield f"end of {period.id}: {day(anchor)} + {period.length.in_words} = {day(end)}, planned; the actual end is not recorded"
        else:
            yield f"end of {period.id}: its length is not stated, and no end is recorded"
    elif rule.after.kind == "event":
        yield f"event {rule.after.name}: {day(date) if not np.isnat(date) else 'not recorded'}"
    else:
        stopped = course.stopped
        by = f" by `{stopped.by}`" if rule.after.kind == "stop" and stopped.by else ""
        yield f"{rule.after.base}: {day(date)}{by}"
        yield from (
            f"study stop, {text}: {day(when[0]) if not np.isnat(when[0]) else 'not happened, or not known here'}"
            for text, when in stopped.rules
        )
    if rule.after.plus != Offset() and not np.isnat(date):
        yield f"{rule.after.text}: {day(shift(np.array([date]), rule.after.plus)[0])}"
    for need in rule.needs:
        met = needed(schedule.cohort, rule, need, date, column)
        yield f"event {need}: {day(met) if met is not None else 'not recorded'}"


def _entry(move: Move, rule: Transition, column: int, declined: np.datetime64) -> Iterator[str]:
    """What the rule allows, and what was done."""
    earliest, latest, entered = move.earliest[column], move.latest[column], move.entered[column]
    within = f"at most {rule.within.in_words} after {rule.after.text}" if rule.within else "no last day is stated"
    where = f" ({source})" if (source := source_text((rule.facts.source,))) else ""
    if np.isnat(earliest):
        first = "not before its conditions are met"
    elif earliest > latest:
        first = f"the conditions are met on {day(earliest)}, after the last day, {day(latest)}: refused, a person must decide"
    else:
        first = f"from {day(earliest)}" + (f" to {day(latest)}, both included" if not np.isnat(latest) else "")
    yield f"rule {rule.id}{where}: {first}; {within}"
    yield from (f"assumed: {text}" for text in rule.facts.assumed)
    status = MoveStatus(int(move.status[column]))
    if status == MoveStatus.ENTERED:
        outside = move.outside_by(column)
        off = f"{counted(abs(outside), 'day')} {'after' if outside > 0 else 'before'} the allowed days"
        fits = f", {off}: a deviation" if outside else ""
        fits = ", which no rule allows: a deviation" if np.isnat(earliest) or earliest > latest else fits
        yield f"entry into {rule.target_period}: recorded on {day(entered)}{fits}"
    elif status == MoveStatus.DECLINED:
        yield f"entry into {rule.target_period}: declined on {day(declined)}"
    elif status == MoveStatus.PROJECTED:
        yield f"entry into {rule.target_period}: not recorded; projected on the first allowed day, {day(earliest)}"


def _other_rules(schedule: Schedule, move: Move, rule: Transition, column: int) -> Iterator[str]:
    """Why the other rules out of this period do not govern."""
    course = schedule.course
    for other in course.transitions:
        if other is rule or other.source_period != rule.source_period:
            continue
        if other.after.kind == "end":
            why = f"{rule.after.text} came before the end of {other.source_period}"
            why = "the entry is recorded, and not under it" if np.isnat(move.date[column]) else why
        elif other.after.kind == "event":
            why = _not_opened(schedule, move, other, column)
        elif np.isnat(course.stopped.date):
            why = "the study is not known to have stopped"
        else:
            stop, end = course.stopped.date, course.end[move.source, column]
            over = "when the period was over" if stop >= end else "after the entry" if move.entered[column] < stop else None
            why = f"the study stopped on {day(stop)}, {over or f'and rule {rule.id} comes first in the file, or allows the entry'}"
        yield f"rule {other.id} does not govern: {why}"


def _not_opened(schedule: Schedule, move: Move, other: Transition, column: int) -> str:
    """Why an event leads nowhere: there is none, it is rejected or not decided, or it was not while the subject was there."""
    cohort, name = schedule.cohort, other.after.name

    def dates(event: str) -> list[np.datetime64]:
        found = cohort.dates_of(event)
        return [date for date in (found[:, column] if len(found) else ()) if not np.isnat(date)]

    happened = dates(name)
    if not happened:
        return f"no {name} is recorded"
    if not np.isnat(move.undecided[column]) and schedule.course.waiting_rule(move, column) is other:
        return f"the decision on {name} of {day(move.undecided[column])} is open"
    no = [f"rejected on {day(date)}" for date in dates(REJECTED)] if name == JUDGED else []
    if no:
        return f"{name} of {', '.join(map(day, happened))} opened no way ({', '.join(no)})"
    return f"{name} of {', '.join(map(day, happened))} was not while the subject was in {other.source_period}, before the entry"


def move_message(schedule: Schedule, move: Move, rule: Transition, column: int) -> str:
    """The move in a sentence or two: by what, between which days, what it means for the doses."""
    earliest, latest, date = move.earliest[column], move.latest[column], move.date[column]
    status = MoveStatus(int(move.status[column]))
    target, what = rule.target_period, rule.after.base
    known = f"{what} on {day(date)}" if not np.isnat(date) else f"{what}: not known"
    last = f", at the latest on {day(latest)}" if not np.isnat(latest) else ", no last day is stated" if rule.within is None else ""
    if status == MoveStatus.PENDING:
        if move.is_undecided(column):
            return f"{known}, the decision is open: entry into {target} pending{last}; doses after it wait for the decision"
        missing = [need for need in rule.needs if needed(schedule.cohort, rule, need, date, column) is None]
        needs = f", {' and '.join(missing)} not recorded" if missing else ""
        return f"{known}{needs}: entry into {target} pending{last}"
    if status == MoveStatus.REFUSED:
        return f"{known}: the conditions are met on {day(earliest)}, after the last day, {day(latest)}; no entry, a person must decide"
    if status == MoveStatus.DECLINED:
        return f"{known}: entry into {target} declined on {day(schedule.cohort.first('declined')[column])}"
    if status == MoveStatus.ENTERED and earliest > latest:
        late = f"the conditions are met on {day(earliest)}, after the last day, {day(latest)}"
        return f"{known}: {late}; entered on {day(move.entered[column])}: a deviation"
    until = f" to {day(latest)}" if not np.isnat(latest) else " on; the source states no last day" if rule.within is None else " on"
    allowed = (
        f"{known}: entry into {target} from {day(earliest)}{until}" if not np.isnat(earliest) else f"{known}: no day of entry is known"
    )
    if status == MoveStatus.ENTERED:
        outside = move.outside_by(column)
        off = f", {counted(abs(outside), 'day')} {'late' if outside > 0 else 'early'}: a deviation" if outside else ""
        off = ", while its conditions are not met: a deviation" if np.isnat(earliest) else off
        return f"{allowed}; entered on {day(move.entered[column])}{off}"
    return f"{allowed}; projected on the first of these days"


def entry_text(schedule: Schedule, move: Move, rule: Transition, column: int) -> str:
    """The same in short, for a list of what was done and what is to do."""
    status = MoveStatus(int(move.status[column]))
    earliest, latest = move.earliest[column], move.latest[column]
    if status == MoveStatus.PENDING and move.is_undecided(column):
        last = f"; entry until {day(latest)}" if not np.isnat(latest) else ""
        return f"{rule.after.base} {day(move.date[column])}: the decision is open{last}"
    if status not in (MoveStatus.PROJECTED, MoveStatus.ENTERED) or np.isnat(earliest) or earliest > latest:
        return move_message(schedule, move, rule, column)
    until = f"to {day(latest)}" if not np.isnat(latest) else "on"
    allowed = f"{rule.after.base} {day(move.date[column])}: from {day(earliest)} {until}"
    if status == MoveStatus.PROJECTED:
        waiting = schedule.course.waiting_rule(move, column)
        open_ = f"; the decision on {waiting.after.name} of {day(move.undecided[column])} is open" if waiting is not None else ""
        return f"{allowed}{open_}"
    outside = move.outside_by(column)
    return f"{allowed}; entered" + (f", {counted(abs(outside), 'day')} {_side(outside)}" if outside else "")


def _side(days: int) -> str:
    return "late" if days > 0 else "early"
