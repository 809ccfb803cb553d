"""How the first day of a period came about: the move into it, by which rule, between which days, in words that a monitor can file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import assert_never

from nmosd_dosing.days import Offset, shift_date
from nmosd_dosing.plans.reasons import day, source_text
from nmosd_dosing.schedule.subject_schedule import Date, SubjectMove, SubjectSchedule, SubjectVisit
from nmosd_dosing.schedule.visit_states import VisitStatus
from nmosd_dosing.sentences import Sentence, joined, length_text, many, said, word
from nmosd_dosing.study.events import DECLINED, REJECTED, RELAPSE, completed
from nmosd_dosing.study.model import Transition
from nmosd_dosing.subjects.disposition import MoveStatus


def period_steps(schedule: SubjectSchedule, period: int) -> Iterator[Sentence]:
    """How a period's first day came about."""
    found = schedule.move_into(period) if period else None
    if found is None:
        own = schedule.periods[period]
        planned = schedule.planned_start if not period else None
        how = said("booked") if own.projected else said("as recorded") if planned is not None else said("as given")
        how = said("the first dose, {how}; planned was {day}", how=how, day=day(planned)) if planned is not None else how
        yield said("day {n} of {period}: {day}, {how}", n=schedule.study.counts_from, period=own.period.id, day=day(own.anchor), how=how)
        return
    move, rule = found
    yield from period_steps(schedule, move.out_of)
    yield from _opening(schedule, move, rule)
    yield from _entry(schedule, move, rule)
    yield from _other_rules(schedule, move, rule)


def _opening(schedule: SubjectSchedule, move: SubjectMove, rule: Transition) -> Iterator[Sentence]:
    """What opens the way, and when."""
    own, after = schedule.periods[move.out_of], rule.after
    period = own.period
    if after.kind == "end":
        if schedule.first(completed(period.id)) is not None:
            yield said("end of {period}: {day}, recorded as {event}", period=period.id, day=day(own.end), event=completed(period.id))
        elif period.length is not None:
            first, length, last = day(own.anchor), length_text(period.length.in_words), day(own.end)
            counted = said("{first} + {length} = {last}", first=first, length=length, last=last)
            yield said("end of {period}: {counted}, planned; the actual end is not recorded", period=period.id, counted=counted)
        else:
            yield said("end of {period}: its length is not stated, and no end is recorded", period=period.id)
    elif after.kind == "event":
        yield said("event {event}: {day}", event=word(after.name), day=_day_or(move.date, said("not recorded")))
    else:
        stop = schedule.stop
        happened = said("{what}: {day}", what=after.base, day=day(move.date))
        by = after.kind == "stop" and stop.by
        yield said("{happened} by `{rule}`", happened=happened, rule=stop.by or "") if by else happened
        yield from (
            said("study stop, {rule}: {day}", rule=text, day=_day_or(when, said("not happened, or not known here")))
            for text, when in stop.rules
        )
    if after.plus != Offset() and move.date is not None:
        yield said("{what}: {day}", what=after.text, day=day(shift_date(move.date, after.plus)))
    for need, met in zip(rule.needs, move.met, strict=True):
        yield said("event {event}: {day}", event=word(need), day=_day_or(met, said("not recorded")))
    if move.kept is not None:
        yield said("{period}: what is recorded of it allows the entry from {day} on", period=period.id, day=day(move.kept))


def _day_or(date: Date, otherwise: Sentence) -> Sentence:
    return day(date) if date is not None else otherwise


def _entry(schedule: SubjectSchedule, move: SubjectMove, rule: Transition) -> Iterator[Sentence]:
    """What the rule allows, and what was done."""
    earliest, latest = move.earliest, move.latest
    where = f" ({source})" if (source := source_text((rule.facts.source,))) else ""
    if earliest is None:
        first = said("not before its conditions are met")
    elif move.is_late:
        first = said("{why}: refused, a person must decide", why=_too_late(move, rule))
    else:
        first = said("from {first}", first=day(earliest))
        if latest is not None:
            first = said("from {first} to {last}, both included", first=day(earliest), last=day(latest))
    yield said("rule {rule}: {days}; {when}", rule=f"{rule.id}{where}", days=first, when=rule.when)
    yield from (said("assumed: {text}", text=text) for text in rule.facts.assumed)
    into = said("entry into {period}", period=rule.target_period)
    match move.status:
        case MoveStatus.ENTERED:
            yield said("{entry}: recorded on {day}", entry=into, day=day(move.entered)) + _deviation(move)
        case MoveStatus.DECLINED:
            yield said("{entry}: declined on {day}", entry=into, day=day(schedule.first(DECLINED)))
        case MoveStatus.PROJECTED:
            first_day = said("projected on the first allowed day, {day}", day=day(earliest))
            expected = first_day if move.begins == earliest else _expected(schedule, move)
            yield said("{entry}: not recorded; {expected}", entry=into, expected=expected)
        case MoveStatus.PENDING | MoveStatus.REFUSED | MoveStatus.NONE:
            pass
        case never:
            assert_never(never)


def _deviation(move: SubjectMove) -> Sentence:
    """Whether a recorded entry is not as its rule has it."""
    if move.earliest is None or move.is_late:
        return said(", which no rule allows: a deviation")
    if not move.outside:
        return said("")
    late, days = move.outside > 0, many(abs(move.outside), "day")
    return said(", {days} after the allowed days: a deviation" if late else ", {days} before the allowed days: a deviation", days=days)


def _other_rules(schedule: SubjectSchedule, move: SubjectMove, rule: Transition) -> Iterator[Sentence]:
    """Why the other rules out of this period do not govern."""
    stop, end = schedule.stop.date, schedule.periods[move.out_of].end
    for other in schedule.study.transitions:
        if other is rule or other.source_period != rule.source_period:
            continue
        if other.after.kind == "end":
            why = said("{event} came before the end of {period}", event=rule.after.text, period=other.source_period)
            why = said("the entry is recorded, and not under it") if move.date is None else why
        elif other.after.kind == "event":
            why = _not_opened(schedule, move, other)
        elif stop is None:
            why = said("the study is not known to have stopped")
        elif end is not None and stop >= end:
            why = said("the study stopped on {day}, when the period was over", day=day(stop))
        elif move.entered is not None and move.entered < stop:
            why = said("the study stopped on {day}, after the entry", day=day(stop))
        else:
            first = said("rule {rule} comes first in the file, or allows the entry", rule=rule.id)
            why = said("the study stopped on {day}, and {why}", day=day(stop), why=first)
        yield said("rule {rule} does not govern: {why}", rule=other.id, why=why)


def _not_opened(schedule: SubjectSchedule, move: SubjectMove, other: Transition) -> Sentence:
    """Why an event leads nowhere: there is none, it is rejected or not decided, or it was not while the subject was there."""
    name = other.after.name
    happened = schedule.events.get(name, ())
    if not happened:
        return said("no {event} is recorded", event=word(name))
    if move.undecided is not None and move.waiting is other:
        return said("the decision on {event} of {day} is open", event=word(name), day=day(move.undecided))
    no = [said("rejected on {day}", day=day(date)) for date in schedule.events.get(REJECTED, ())] if name == RELAPSE else []
    days = joined(", ", map(day, happened))
    if no:
        return said("{event} of {days} opened no way ({why})", event=word(name), days=days, why=joined(", ", no))
    return said(
        "{event} of {days} was not while the subject was in {period}, before the entry",
        event=word(name), days=days, period=other.source_period,
    )  # fmt: skip


def move_message(schedule: SubjectSchedule, move: SubjectMove, rule: Transition) -> Sentence:
    """The move in a sentence or two: by what, between which days, what it means for the doses."""
    earliest, latest, target = move.earliest, move.latest, rule.target_period
    known = said("{event}: not known", event=rule.after.base)
    if move.date is not None:
        known = said("{event} on {day}", event=rule.after.base, day=day(move.date))
    too_late = said("{event}: {why}", event=known, why=_too_late(move, rule))
    match move.status:
        case MoveStatus.PENDING:
            if latest is not None:
                pending = said("entry into {period} pending, at the latest on {day}", period=target, day=day(latest))
            elif rule.within is None:
                pending = said("entry into {period} pending, no last day is stated", period=target)
            else:
                pending = said("entry into {period} pending", period=target)
            if move.is_undecided:
                return said("{event}, the decision is open: {pending}; doses after it wait for the decision", event=known, pending=pending)
            if move.open_needs:
                needs = joined(" and ", map(word, move.open_needs))
                known = said("{event}, {needs} not recorded", event=known, needs=needs)
            return said("{event}: {pending}", event=known, pending=pending)
        case MoveStatus.REFUSED:
            return said("{why}; no entry, a person must decide", why=too_late)
        case MoveStatus.DECLINED:
            return said("{event}: entry into {period} declined on {day}", event=known, period=target, day=day(schedule.first(DECLINED)))
        case MoveStatus.ENTERED if move.is_late:
            return said("{why}; entered on {day}: a deviation", why=too_late, day=day(move.entered))
        case MoveStatus.ENTERED:
            off = said("{off}: a deviation", off=_off(move)) if move.outside else said("")
            off = said(", while its conditions are not met: a deviation") if earliest is None else off
            return said("{event}: {allowed}; entered on {day}", event=known, allowed=_allowed(move, rule), day=day(move.entered)) + off
        case MoveStatus.PROJECTED:
            return said("{event}: {allowed}; {expected}", event=known, allowed=_allowed(move, rule), expected=_expected(schedule, move))
        case MoveStatus.NONE:
            return said("{event}: {allowed}", event=known, allowed=_allowed(move, rule))


def _too_late(move: SubjectMove, rule: Transition) -> Sentence:
    """Why the entry cannot be while it is allowed."""
    first, last = day(move.earliest), day(move.latest)
    if move.kept is None:
        return said("the conditions are met on {first}, after the last day, {last}", first=first, last=last)
    return said(
        "what is recorded of {period} allows it from {first}, after the last day, {last}",
        period=rule.source_period, first=first, last=last,
    )  # fmt: skip


def _expected(schedule: SubjectSchedule, move: SubjectMove) -> Sentence:
    """When an entry is expected that is not recorded."""
    if move.booked is not None:
        return said("booked for {day}", day=day(move.booked))
    if move.begins is None or move.begins == move.earliest:
        return said("projected on the first of these days")
    planned = [visit for visit in schedule.visits if visit.segment.period == move.out_of and visit.visit.gives and visit.booked is None]
    held_by = [v.id for v in planned if v.target is not None and v.status != VisitStatus.CANCELLED and _through(v) == move.begins]
    after = said("the dose of {visit}", visit=held_by[-1]) if held_by else said("what is booked")
    return said("projected on {day}, after {what}", day=day(move.begins), what=after)


def _through(visit: SubjectVisit) -> Date:
    """The day after a visit, or after the last day of one that takes several."""
    last = visit.last or visit.target
    return last + dt.timedelta(1) if last is not None else None


def _allowed(move: SubjectMove, rule: Transition) -> Sentence:
    """Between which days the entry is allowed."""
    if move.earliest is None:
        return said("no day of entry is known")
    first = day(move.earliest)
    if move.latest is not None:
        return said("entry into {period} from {first} to {last}", period=rule.target_period, first=first, last=day(move.latest))
    words = said("entry into {period} from {first} on", period=rule.target_period, first=first)
    return said("{entry}; the source states no last day", entry=words) if rule.within is None else words


def entry_text(schedule: SubjectSchedule, move: SubjectMove, rule: Transition) -> Sentence:
    """The same in short, for a list of what was done and what is to do."""
    earliest, latest = move.earliest, move.latest
    if move.status == MoveStatus.PENDING and move.is_undecided:
        known = said("{event} {day}: the decision is open", event=rule.after.base, day=day(move.date))
        return said("{decision}; entry until {day}", decision=known, day=day(latest)) if latest is not None else known
    if move.status not in (MoveStatus.PROJECTED, MoveStatus.ENTERED) or earliest is None or move.is_late:
        return move_message(schedule, move, rule)
    days = said("from {first} on", first=day(earliest))
    if latest is not None:
        days = said("from {first} to {last}", first=day(earliest), last=day(latest))
    allowed = said("{event} {day}: {days}", event=rule.after.base, day=day(move.date), days=days)
    if move.status == MoveStatus.PROJECTED:
        waiting = move.waiting
        if waiting is None:
            return allowed
        open_ = said("the decision on {event} of {day} is open", event=word(waiting.after.name), day=day(move.undecided))
        return joined("; ", (allowed, open_))
    return said("{allowed}; entered", allowed=allowed) + (_off(move) if move.outside else "")


def _off(move: SubjectMove) -> Sentence:
    """How many days an entry is early or late."""
    return said(", {days} late" if move.outside > 0 else ", {days} early", days=many(abs(move.outside), "day"))
