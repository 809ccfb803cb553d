"""What a reader must know of a subject's way: moves, events that end or change something, restarts, gaps at an entry."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nmosd_dosing.days import date_text, shift, to_date
from nmosd_dosing.errors import counted
from nmosd_dosing.plans.plan import Note
from nmosd_dosing.plans.reasons import day, move_into, move_message
from nmosd_dosing.schedule.gaps import GAP, entry_gaps, given_after_hold, shortest_planned
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.study.events import CONFIRMED, JUDGED, LEFT, REJECTED, completed_event
from nmosd_dosing.study.model import Point
from nmosd_dosing.subjects.disposition import MoveStatus
from nmosd_dosing.subjects.triggers import contradicted, unanswered


def course_notes(schedule: Schedule, column: int) -> Iterator[Note]:
    """The notes on one subject's way through the periods."""
    yield from _moves(schedule, column)
    yield from _events(schedule, column)
    yield from _restarts(schedule, column)
    yield from _held(schedule, column)
    yield from _entry_gaps(schedule, column)


def _moves(schedule: Schedule, column: int) -> Iterator[Note]:
    """The move into each later period: what it hangs on, and what is not as the rule has it."""
    way = schedule.course
    for p in range(1, len(way.periods)):
        found = move_into(way, p, column)
        if found is None:
            continue
        move, rule = found
        status = MoveStatus(int(move.status[column]))
        if status == MoveStatus.NONE:
            continue
        code = {MoveStatus.PROJECTED: "projected", MoveStatus.ENTERED: "entry"}.get(status, status.text)
        earliest, latest = move.earliest[column], move.latest[column]
        if status == MoveStatus.ENTERED and (move.outside_by(column) or np.isnat(earliest) or earliest > latest):
            code = "deviation"
        yield Note(code, move_message(schedule, move, rule, column))
        yield from (Note("assumed", f"entry into {rule.target_period}, rule {rule.id}: {text}") for text in rule.facts.assumed)
    for move in way.moves:
        leads, status = way.rule(move, column), MoveStatus(int(move.status[column]))
        if leads is None or leads.after.kind == "end" or status == MoveStatus.NONE:
            continue
        if leads.target_period not in [period.id for period in way.periods]:
            hint = f"plan `{schedule.study.id}` for the way into {leads.target_period}"
            yield Note(status.text, f"{move_message(schedule, move, leads, column)}; {hint}")
    if not np.isnat(way.stopped.date):
        yield Note("study-stop", f"the study stopped on {day(way.stopped.date)}, by `{way.stopped.by}`")


def _events(schedule: Schedule, column: int) -> Iterator[Note]:
    """What ended the plan, and events that change nothing."""
    cohort, way = schedule.cohort, schedule.course
    for event in ("treatment_stopped", *LEFT):
        date = cohort.first(event)[column]
        if not np.isnat(date):
            what = "no dose" if event == "treatment_stopped" else "nothing"
            follow_up = "" if event == "died" else "; follow-up that hangs on doses stays"
            yield Note("exit", f"{event} on {day(date)}: {what} after it is planned{follow_up}")
    if unanswered(cohort)[column]:
        yield Note("event", "a decision of the committee is recorded with no relapse on or before it: it answers nothing")
    yield from _decisions(schedule, column)
    yield from _unused(schedule, column)
    for p, period in enumerate(way.periods):
        actual = cohort.first(completed_event(period))[column]
        if not np.isnat(actual) and period.length is not None and not np.isnat(way.anchor[p, column]):
            planned = shift(way.anchor[p : p + 1, column], period.length)[0]
            if actual != planned:
                days = int((actual - planned).astype(np.int64))
                off = f"{counted(abs(days), 'day')} {'after' if days > 0 else 'before'}"
                words = f"{period.id} ended on {day(actual)} as recorded, {off} its planned end, {day(planned)}"
                yield Note("end", words)
    if len(way.periods) > 1:
        end = way.end[0, column]
        entered = [a for a, p in zip(way.anchor[1:, column], way.projected[1:, column], strict=True) if not p and not np.isnat(a)]
        relapses = [date for date in (cohort.dates_of(JUDGED)[:, column] if len(cohort.dates_of(JUDGED)) else ()) if not np.isnat(date)]
        for date in relapses:
            if any(part.event == JUDGED and part.anchor[column] == date for part in schedule.parts):
                continue  # a course hangs on it
            if any(entry < date for entry in entered):
                yield Note("event", f"relapse of {day(date)}, after the entry into a later period: it changes nothing by itself")
            elif date >= end:
                when = f"after the end of {way.periods[0].id} and before entry"
                yield Note("event", f"relapse of {day(date)}, {when}: it changes nothing by itself")
        first = cohort.first("stable")[column]
        if relapses and first < relapses[0]:
            yield Note("event", f"stable on {day(first)} comes before any relapse: it answers none")


def _decisions(schedule: Schedule, column: int) -> Iterator[Note]:
    """Relapses that were judged twice, or that are still to be judged while another rule governs."""
    cohort, way = schedule.cohort, schedule.course

    def dates(name: str) -> list[np.datetime64]:
        found = cohort.dates_of(name)
        return [date for date in (found[:, column] if len(found) else ()) if not np.isnat(date)]

    relapses = dates(JUDGED)
    for since, before in zip(relapses, [*relapses[1:], None], strict=False):
        mine = [
            (date, name) for name in (CONFIRMED, REJECTED) for date in dates(name) if date >= since and (before is None or date < before)
        ]
        if len({name for _, name in mine}) > 1:
            told = " and ".join(f"{name.removeprefix('relapse_')} on {day(date)}" for date, name in sorted(mine))
            counts = "rejected" if contradicted(cohort)[column] else max(mine)[1].removeprefix("relapse_")
            yield Note("event", f"relapse of {day(since)}: {told}; it is taken as {counts}, the last decision")
        if not mine and len(relapses) > 1 and len(way.periods) > 1:
            answers = "each decision answers the latest relapse on or before it"
            yield Note("event", f"relapse of {day(since)}: no decision is recorded; {answers}")
    for move in way.moves:
        rule, waiting = way.rule(move, column), way.waiting_rule(move, column)
        if waiting is not None and rule is not None and rule is not waiting and not np.isnat(move.undecided[column]):
            words = f"the decision on {waiting.after.name} of {day(move.undecided[column])} is open"
            yield Note("pending", f"{words}: confirmed, it would govern (rule {waiting.id}) instead of rule {rule.id}")


def _unused(schedule: Schedule, column: int) -> Iterator[Note]:
    """Events for which the study has no rule."""
    study, cohort = schedule.study, schedule.cohort
    used = {"declined", "treatment_stopped", *LEFT, *(completed_event(p) for p in schedule.course.periods)}
    used |= {name for t in study.transitions for name in (t.after.name, *t.needs)}
    used |= {t.name for t in study.stop.earliest_of} if study.stop is not None else set()
    used |= {event for p in study.periods for entry in p.entries for give in entry.gives for event, _ in give.changes}
    used |= {item.code.event for p in study.periods for entry in p.entries for item in entry.at if isinstance(item, Point)}
    used |= {JUDGED, CONFIRMED, REJECTED} if JUDGED in used or CONFIRMED in used else set()
    used |= {"study_stop"} if study.stop is not None else set()
    for name in sorted({*cohort.events, *cohort.of_study}):
        happened = name in cohort.of_study or not np.isnat(cohort.first(name)[column])
        if happened and name not in used:
            yield Note("event", f"{name}: this study has no rule for it, and it changes nothing")


def _restarts(schedule: Schedule, column: int) -> Iterator[Note]:
    """What gaps between doses did to the plan."""
    for part in schedule.parts:
        period = schedule.course.periods[part.period].id
        if part.restart is not None and not np.isnat(part.anchor[column]):
            rule, first = part.restart.of(column), part.first[column]
            apart = f"{rule.of} from the dose of {day(part.restart.before[column])} to that of {day(first)}"
            begins = f"goes on from {rule.at.label}" if rule.at is not None else "begins anew"
            yield Note("restart", f"{period} {begins} on {day(first)}: {apart}")
        for limit in (*part.limits, *part.waits):
            if limit.cause.startswith(GAP) and "restart" not in limit.cause and not np.isnat(limit.last[column]):
                yield Note("gap-rule", f"{period}: {limit.cause}, from {day(limit.date[column])} on")


def _held(schedule: Schedule, column: int) -> Iterator[Note]:
    """Doses that were given after a gap that asks for a decision."""
    for p in range(len(schedule.parts)):
        for rule, before, date in given_after_hold(schedule, p, column):
            words = f"the dose of {day(date)} came {rule.of} after that of {day(before)}"
            yield Note("gap-rule", f"{words}: it was to wait for a decision (hold); it is recorded, so the plan goes on from it")


def _entry_gaps(schedule: Schedule, column: int) -> Iterator[Note]:
    """The gap to the last dose before a period, and whether it is short."""
    for gap in entry_gaps(schedule):
        before, first = to_date(gap.before[column]), to_date(gap.first[column])
        if before is None or first is None:
            continue
        days, period = (first - before).days, schedule.course.periods[schedule.parts[gap.part].period].id
        id = schedule.id(schedule.rows[int(gap.last[column])].visit)
        words = f"{gap.shown}: {counted(days, 'day')} from {id} ({date_text(before)}) to the first dose of {period} ({date_text(first)})"
        product = schedule.study.product(gap.product)
        shortest, minimum = shortest_planned(schedule, gap.product), product.minimum_gap
        yield Note("gap", words)
        if minimum is not None and days < minimum.range[0]:
            yield Note("short-gap", f"{words}: less than the minimum gap, {product.gap_text}")
        elif shortest is not None and days < shortest:
            stated = f"the minimum gap is {product.gap_text}" if minimum is not None else "no minimum gap is stated"
            yield Note("short-gap", f"{words}: less than the shortest planned interval, {counted(shortest, 'day')}; {stated}")
