"""What a reader must know of a subject's way: moves, events that end or change something, restarts, gaps at an entry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from nmosd_dosing.days import days_past, shift_date
from nmosd_dosing.plans.lost_doses import lost_doses
from nmosd_dosing.plans.move_reasons import move_message
from nmosd_dosing.plans.note_codes import NoteCode
from nmosd_dosing.plans.plan import Note
from nmosd_dosing.plans.reasons import day
from nmosd_dosing.schedule.gap_rules import GAP
from nmosd_dosing.schedule.subject_schedule import SubjectMove, SubjectSchedule
from nmosd_dosing.schedule.visit_states import VisitStatus
from nmosd_dosing.sentences import Sentence, joined, many, said, word
from nmosd_dosing.study import events
from nmosd_dosing.study.model import Transition
from nmosd_dosing.study.period_order import only_doses_ahead
from nmosd_dosing.study.visit_rules import Point
from nmosd_dosing.subjects.disposition import MoveStatus
from nmosd_dosing.subjects.screening import out_of_order


def transition_notes(schedule: SubjectSchedule) -> Iterator[Note]:
    """The notes on one subject's way through the periods."""
    yield from _day_1(schedule)
    yield from _moves(schedule)
    yield from _events(schedule)
    yield from _restarts(schedule)
    yield from _unchanged(schedule)
    yield from _entry_gaps(schedule)
    yield from (Note("lost-dose", lost.why) for lost in lost_doses(schedule))


def _day_1(schedule: SubjectSchedule) -> Iterator[Note]:
    """That there is no day 1, and days of screening that cannot be."""
    if schedule.start is None:
        why = said("no day 1 yet") if schedule.first(events.SCREEN_FAILED) is None else said("there is no day 1")
        yield Note("start", said("{why}: what is counted from it is not planned", why=why))
    if schedule.screened_again:
        failed, screened = (day(schedule.events[event][0]) for event in (events.SCREEN_FAILED, events.SCREENED))
        words = said(
            "screen_failed on {failed} is of an earlier screening than that on {screened}, and ends nothing",
            failed=failed, screened=screened,
        )  # fmt: skip
        yield Note("event", words)
    yield from (Note("order", said("{wrong}: check the dates", wrong=wrong)) for wrong in out_of_order(schedule.first, schedule.start))


def _moves(schedule: SubjectSchedule) -> Iterator[Note]:
    """The move into each later period: what it hangs on, and what is not as the rule has it."""
    for p in range(1, len(schedule.periods)):
        found = schedule.move_into(p)
        if found is None:
            continue
        move, rule = found
        if move.status == MoveStatus.NONE:
            yield from _not_entered(schedule, move, rule)
            continue
        yield Note(_code(move), move_message(schedule, move, rule))
        for text in rule.facts.assumed:
            yield Note("assumed", said("entry into {period}, rule {rule}: {text}", period=rule.target_period, rule=rule.id, text=text))
    here = [own.period.id for own in schedule.periods]
    for move in schedule.moves:
        leads = move.rule
        if leads is not None and leads.after.kind != "end" and move.status != MoveStatus.NONE and leads.target_period not in here:
            hint = said("plan `{study}` for the way into {period}", study=schedule.study.id, period=leads.target_period)
            code: NoteCode = "entered" if move.status == MoveStatus.ENTERED else _code(move)
            yield Note(code, joined("; ", (move_message(schedule, move, leads), hint)))
    if schedule.stop.date is not None:
        yield Note("study-stop", said("the study stopped on {day}, by `{rule}`", day=day(schedule.stop.date), rule=str(schedule.stop.by)))


def _not_entered(schedule: SubjectSchedule, move: SubjectMove, rule: Transition) -> Iterator[Note]:
    """That no entry is recorded of somebody who left when it was already allowed: there may have been one."""
    ends = events.ENDS_TREATMENT if rule.target_period in only_doses_ahead(schedule.study) else events.ENDS_PARTICIPATION
    left = min(((date, event) for event in ends if (date := schedule.first(event)) is not None), default=None)
    if left is not None and move.earliest is not None and move.earliest <= left[0]:
        none = said(
            "none is recorded, and {event} was on {day}: nothing of {period} is planned",
            event=word(left[1]), day=day(left[0]), period=rule.target_period,
        )  # fmt: skip
        yield Note("exit", joined("; ", (move_message(schedule, move, rule), none, said("if it was entered, record the entry"))))


def _code(move: SubjectMove) -> NoteCode:
    if move.status == MoveStatus.ENTERED:
        return "deviation" if move.outside or move.earliest is None or move.is_late else "entry"
    code = move.status.text
    assert code != "none", "a subject who has left before has no note of the move"
    return code


def _events(schedule: SubjectSchedule) -> Iterator[Note]:
    """What ended the plan, and events that change nothing."""
    for event in events.ENDS_TREATMENT:
        if (date := schedule.first(event)) is not None:
            participates, start = event not in events.ENDS_PARTICIPATION, schedule.start
            words = said("{event} on {day}", event=word(event), day=day(date))
            if start is not None and date < start:
                words += said(", {days} before day 1", days=many((start - date).days, "day"))
            words = said("{event}: no dose after it is planned" if participates else "{event}: nothing after it is planned", event=words)
            stays = said("what is planned without doses stays, and follow-up that hangs on doses stays")
            stays = stays if participates else said("times that hang on doses stay")
            if kept := _kept(schedule, event, date):
                visits = ", ".join(kept)
                stays += said(", and so does {visits}" if len(kept) == 1 else ", and so do {visits}", visits=visits)
            yield Note("exit", words if event in events.ENDS_FOLLOW_UP else joined("; ", (words, stays)))
    if schedule.unanswered_decision:
        yield Note("event", said("a decision of the committee is recorded with no relapse on or before it: it answers nothing"))
    yield from _decisions(schedule)
    yield from _unused(schedule)
    for own in schedule.periods:
        actual, period = schedule.first(events.completed(own.period.id)), own.period
        if actual is not None and period.length is not None and own.anchor is not None:
            planned = shift_date(own.anchor, period.length)
            if actual != planned:
                words = said(
                    "{period} ended on {day} as recorded, {days} after its planned end, {planned}"
                    if actual > planned
                    else "{period} ended on {day} as recorded, {days} before its planned end, {planned}",
                    period=period.id, day=day(actual), days=many(abs((actual - planned).days), "day"), planned=day(planned),
                )  # fmt: skip
                yield Note("end", words)
    yield from _missed(schedule)


def _kept(schedule: SubjectSchedule, event: str, date: dt.date) -> list[str]:
    """The visits that are planned after an exit all the same: those that the study keeps, and those that hang on it."""
    ahead = [v for v in schedule.visits if v.status != VisitStatus.CANCELLED and v.date is not None and v.date > date]
    on_it = event in events.ENDS_PARTICIPATION
    return [v.visit.label for v in ahead if event in v.visit.kept_after or (on_it and v.segment.hangs_on == event)]


def _missed(schedule: SubjectSchedule) -> Iterator[Note]:
    """Events that would have opened a way and came when the subject was through with its period; and a recovery that answers no relapse."""
    ways: dict[str, set[str]] = {}
    for way in schedule.study.transitions:
        if way.after.kind == "event":
            ways.setdefault(way.after.name, set()).add(way.source_period)
    for name, sources in ways.items():
        for date in schedule.events.get(name, ()):
            if any(segment.hangs_on == name and segment.anchor == date for segment in schedule.segments):
                continue  # a course hangs on it
            begun = [
                p for p, own in enumerate(schedule.periods) if own.period.id in sources and own.anchor is not None and own.anchor <= date
            ]
            over = [_over(schedule, p, date) for p in begun]
            if (most := _most(schedule, name)) is not None and most[1] < date:
                words = said(
                    "{event} of {day}: the subject has come back {times}, which is the most; it changes nothing",
                    event=word(name), day=day(date), times=many(most[0], "time"),
                )  # fmt: skip
                yield Note("event", words)
            elif over and all(over):
                words = said("{event} of {day}, {when}: it changes nothing by itself", event=word(name), day=day(date), when=over[-1])
                yield Note("event", words)
    relapses, stable = schedule.events.get(events.RELAPSE, ()), schedule.first(events.STABLE)
    if relapses and stable is not None and stable < relapses[0]:
        yield Note("event", said("stable on {day} comes before any relapse: it answers none", day=day(stable)))


def _most(schedule: SubjectSchedule, event: str) -> tuple[int, dt.date] | None:
    """Of a subject who has come back after an event as often as anybody may: how often, and the first day of the last return."""
    for way in schedule.study.transitions:
        if way.at_most is not None and way.returns == way.at_most - 1 and way.after.name == event:
            last = next((own.anchor for own in schedule.periods if own.period.id == way.target_period), None)
            return (way.at_most, last) if last is not None else None
    return None


def _over(schedule: SubjectSchedule, period: int, date: dt.date) -> Sentence:
    """Why events of a day count in a period no more; empty where they do."""
    own = schedule.periods[period]
    if any(move.out_of == period and move.entered is not None and move.entered < date for move in schedule.moves):
        return said("after the entry into a later period")
    if own.closed is None or own.closed > date:
        return said("")
    return said("after the end of {period} and before entry", period=own.period.id)


def _decisions(schedule: SubjectSchedule) -> Iterator[Note]:
    """Relapses that were judged twice, or that are still to be judged while another rule governs."""
    relapses, study = schedule.events.get(events.RELAPSE, ()), schedule.study
    waited_for = {need for way in study.transitions for need in way.needs}
    waited_for |= {trigger.name for trigger in study.stop.earliest_of} if study.stop is not None else set()
    decided = [(date, name) for name in events.DECISIONS for date in schedule.events.get(name, ())]
    for since, before in zip(relapses, [*relapses[1:], None], strict=False):
        on, mine = day(since), [(date, name) for date, name in decided if since <= date and (before is None or date < before)]
        if len({name for _, name in mine}) > 1:
            told = joined(" and ", (said("{event} on {day}", event=_decision(name), day=date) for date, name in sorted(mine)))
            counts = _decision(events.REJECTED if schedule.contradicted_decision else max(mine)[1])
            words = said("relapse of {day}: {told}; it is taken as {decision}, the last decision", day=on, told=told, decision=counts)
            yield Note("event", words)
        if not mine and len(relapses) > 1 and len(schedule.periods) > 1 and events.CONFIRMED in waited_for:
            words = said("relapse of {day}: no decision is recorded; each decision answers the latest relapse on or before it", day=on)
            yield Note("event", words)
    for move in schedule.moves:
        rule, waiting = move.rule, move.waiting
        if waiting is not None and rule is not None and rule is not waiting and move.undecided is not None:
            words = said("the decision on {event} of {day} is open", event=word(waiting.after.name), day=day(move.undecided))
            words = said(
                "{decision}: confirmed, it would govern (rule {rule}) instead of rule {other}",
                decision=words, rule=waiting.id, other=rule.id,
            )  # fmt: skip
            yield Note("pending", words)


def _decision(name: str) -> Sentence:
    return said("confirmed") if name == events.CONFIRMED else said("rejected")


def _unused(schedule: SubjectSchedule) -> Iterator[Note]:
    """Events for which the study has no rule."""
    study = schedule.study
    used = {*events.BEFORE_DAY_1, events.DECLINED, *events.ENDS_TREATMENT, *(events.completed(own.period.id) for own in schedule.periods)}
    used |= {name for t in study.transitions for name in (t.after.name, *t.needs)}
    used |= {t.name for t in study.stop.earliest_of} if study.stop is not None else set()
    used |= {event for p in study.periods for entry in p.visit_rules for give in entry.gives for event in give.events}
    used |= {item.code.hangs_on for p in study.periods for entry in p.visit_rules for item in entry.at if isinstance(item, Point)}
    used |= {events.RELAPSE, *events.DECISIONS} if events.RELAPSE in used or events.CONFIRMED in used else set()
    used |= {events.STUDY_STOP} if study.stop is not None else set()
    happened = {name for name, dates in schedule.events.items() if dates} | set(schedule.of_study)
    for name in sorted(happened - used):
        yield Note("event", said("{event}: this study has no rule for it, and it changes nothing", event=word(name)))


def _restarts(schedule: SubjectSchedule) -> Iterator[Note]:
    """What gaps between doses did to the plan."""
    for segment in schedule.segments:
        period = schedule.periods[segment.period].period.id
        if segment.restart is not None and segment.anchor is not None:
            rule, before, first = segment.restart
            begins = said("goes on from {visit}", visit=rule.at.label) if rule.at is not None else said("begins anew")
            words = said(
                "{period} {begins} on {day}: {length} from the dose of {before} to that of {day}",
                period=period, begins=begins, day=day(first), length=rule.of, before=day(before),
            )  # fmt: skip
            yield Note("restart", words)
        for limit in (*segment.limits, *segment.waits):
            if limit.cause.startswith(GAP) and "restart" not in limit.cause:
                yield Note("gap-rule", said("{period}: {cause}, from {day} on", period=period, cause=limit.cause, day=day(limit.date)))


def _unchanged(schedule: SubjectSchedule) -> Iterator[Note]:
    """Gaps for which there is a rule, and that change nothing."""
    for segment in schedule.segments:
        for rule, before, date, open_ in segment.unchanged:
            if open_:
                period, between = schedule.periods[segment.period].period.id, ", ".join(f"{label}" for label in open_)
                words = said(
                    "{period}: {visits} before the dose of {day} not recorded: if not given, it came {length} after that of {before} "
                    "({what}); record what was given and what was missed",
                    period=period, visits=between, day=day(date), length=rule.of, before=day(before), what=rule.what,
                )  # fmt: skip
            else:
                words = said("the dose of {day} came {length} after that of {before}", day=day(date), length=rule.of, before=day(before))
                words = said("{gap}: it was to wait for a decision (hold); it is recorded, so the plan goes on from it", gap=words)
            yield Note("gap-rule", words)


def _entry_gaps(schedule: SubjectSchedule) -> Iterator[Note]:
    """The gap to the last dose before a period, and whether it is short."""
    for gap in schedule.gaps:
        days, product = (gap.first - gap.before).days, schedule.study.product(gap.product)
        course = next((v for v in schedule.visits if v.id == gap.before_id and v.last is not None), None)
        last = said("the last day of {visit} ({day})" if course is not None else "{visit} ({day})", visit=gap.before_id, day=gap.before)
        words = said(
            "{product}: {days} from {last} to the first dose of {period} ({day})",
            product=gap.shown, days=many(days, "day"), last=last, period=gap.period, day=gap.first,
        )  # fmt: skip
        shortest, minimum = gap.shortest_planned, product.minimum_gap
        yield Note("gap", words)
        if minimum is not None and days_past(gap.first, gap.before, minimum) < 0:
            first = next((v for v in schedule.visits if v.date == gap.first and v.is_too_soon and not schedule.period(v).entered), None)
            words = said("{dose}: less than the minimum gap, {gap}", dose=words, gap=product.gap_text or "")
            if first is not None and first.dose_before is not None:
                words += said("; not before {day}", day=first.dose_before.not_before)
            yield Note("short-gap", words)
        elif shortest is not None and days < shortest:
            stated = said("no minimum gap is stated")
            stated = said("the minimum gap is {gap}", gap=product.gap_text or "") if minimum is not None else stated
            least = many(shortest, "day")
            words = said("{dose}: less than the shortest planned interval, {days}; {stated}", dose=words, days=least, stated=stated)
            yield Note("short-gap", words)
