"""What a reader must know about a plan: what is masked, missing, assumed, projected, or not as the protocol has it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from nmosd_dosing import cohort as cohorts
from nmosd_dosing import workdays as calendars
from nmosd_dosing.amounts import wrong_dose
from nmosd_dosing.course import LEFT, MoveStatus, arms_of, completed_event
from nmosd_dosing.days import Offset, date_text, shift, to_date
from nmosd_dosing.errors import one_of
from nmosd_dosing.gaps import entry_gaps, shortest_planned
from nmosd_dosing.model import Period, Study, Visit, Window
from nmosd_dosing.person import Note, PlannedVisit
from nmosd_dosing.reasons import day, days_text, move_into, move_message
from nmosd_dosing.restarts import GAP
from nmosd_dosing.schedule import OPEN_END, Schedule
from nmosd_dosing.triggers import CONFIRMED, JUDGED, REJECTED, contradicted, unanswered
from nmosd_dosing.workdays import Workdays

Pairs = list[tuple[Visit, PlannedVisit]]


def notes(
    schedule: Schedule,
    shown: Sequence[tuple[int, PlannedVisit]],
    column: int,
    window: Window | None,
    workdays: Workdays | None,
    as_of: dt.date | None,
) -> Iterator[Note]:
    """The notes of one subject's plan; `shown` are its visits with their rows in the schedule."""
    periods = schedule.course.periods
    every = [(schedule.visits[i], planned) for i, planned in shown]
    pairs = [(v, p) for v, p in every if p.status != "cancelled"]
    if schedule.unblinded:
        yield Note("unblinded", "doses are shown unblinded: keep this from whoever must not know the arm")
    yield from _moves(schedule, column)
    yield from _events(schedule, column)
    yield from _states(every)
    if as_of is not None:
        yield from _not_recorded(schedule, pairs, column, as_of)
    yield from _restarts(schedule, column)
    yield from _recorded(schedule, shown, column)
    yield from _extra(schedule, column)
    yield from _entry_gaps(schedule, column)
    yield from _doses(pairs, arms_of(periods))
    yield from _open_ends(schedule, pairs, column)
    yield from _moving_spans(schedule, column)
    yield from _overlaps(pairs)
    beyond, until = int(schedule.beyond[column]), None if schedule.until is None else to_date(schedule.until)
    if beyond and until is not None:
        yield Note("until", f"{beyond} planned visit{'' if beyond == 1 else 's'} after {date_text(until)} not shown")
    yield from _windows(pairs, window)
    if workdays is not None:
        yield from calendars.notes([p for _, p in pairs], workdays)
    else:
        yield from _weekends(pairs)
    yield from _same_date([p for _, p in pairs])
    yield from _changes(schedule, pairs, column)
    yield from _facts(schedule.study, [p for p in periods if _is_in(schedule, p, column)], pairs)


def _ids(chosen: Iterable[PlannedVisit]) -> tuple[str, ...]:
    return tuple(p.id for p in chosen)


def _is_in(schedule: Schedule, period: Period, column: int) -> bool:
    return bool(~np.isnat(schedule.course.anchor[schedule.course.periods.index(period), column]))


# --- the way ------------------------------------------------------------------------------------------------------------


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
                side = "after" if days > 0 else "before"
                words = f"{period.id} ended on {day(actual)} as recorded, {days_text(abs(days))} {side} its planned end, {day(planned)}"
                yield Note("end", words)
    if len(way.periods) > 1:
        end, left = way.end[0, column], way.anchor[1:, column]
        for date in cohort.dates_of(JUDGED)[:, column] if len(cohort.dates_of(JUDGED)) else ():
            if not np.isnat(date) and date >= end and not (left <= date).any():
                yield Note(
                    "event", f"relapse of {day(date)}, after the end of {way.periods[0].id} and before entry: it changes nothing by itself"
                )


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
    used |= {JUDGED, CONFIRMED, REJECTED} if JUDGED in used or CONFIRMED in used else set()
    used |= {"study_stop"} if study.stop is not None else set()
    for name in sorted({*cohort.events, *cohort.of_study}):
        happened = name in cohort.of_study or not np.isnat(cohort.first(name)[column])
        if happened and name not in used:
            yield Note("event", f"{name}: this study has no rule for it, and it changes nothing")


def _states(every: Pairs) -> Iterator[Note]:
    by_reason: dict[str, list[PlannedVisit]] = {}
    for _, p in every:
        if p.cancelled_by:
            by_reason.setdefault(p.cancelled_by, []).append(p)
    for reason, visits in by_reason.items():
        yield Note("cancelled", reason, _ids(visits))
    waiting: dict[str, list[PlannedVisit]] = {}
    for _, p in every:
        if p.status == "pending":
            why = next((step.removeprefix("pending: ") for step in p.steps if step.startswith("pending: ")), "a decision is open")
            waiting.setdefault(why, []).append(p)
    for why, visits in waiting.items():
        yield Note("pending", f"no dose yet: {why}", _ids(visits))


def _not_recorded(schedule: Schedule, pairs: Pairs, column: int, as_of: dt.date) -> Iterator[Note]:
    """What should have happened by a day, and of which nothing is recorded."""
    open_ = [p for _, p in pairs if p.status == "planned" and p.actual is None]
    if overdue := [p for p in open_ if p.latest is not None and p.latest < as_of]:
        yield Note("overdue", f"as of {date_text(as_of)} nothing is recorded, and the last allowed day has passed", _ids(overdue))
    if past := [p for p in open_ if p.latest is None and p.target is not None and p.target < as_of]:
        yield Note("past-target", f"as of {date_text(as_of)} nothing is recorded, the target has passed; no window is stated", _ids(past))
    for move in schedule.course.moves:
        rule, latest = schedule.course.rule(move, column), to_date(move.latest[column])
        waiting = move.status[column] in (MoveStatus.PROJECTED, MoveStatus.PENDING)
        if rule is not None and waiting and latest is not None and latest < as_of:
            words = f"as of {date_text(as_of)} no entry into {rule.target_period} is recorded; the last allowed day was {date_text(latest)}"
            yield Note("overdue", words)


def _recorded(schedule: Schedule, shown: Sequence[tuple[int, PlannedVisit]], column: int) -> Iterator[Note]:
    """What records say that is not as planned, or do not say."""
    if schedule.given is None:
        return
    as_planned, weights = [], []
    for i, p in shown:
        rows = [k for k, row in enumerate(schedule.rows) if row.visit == i]
        for record in schedule.given.records.get((i, column), ()):
            if (wrong := wrong_dose(schedule, rows, record, column)) is not None:
                yield Note("wrong-dose", wrong, (p.id,))
            if record.weight_kg is not None and record.weight_kg * 1000 != schedule.grams[column]:
                weights.append(p)
        written = any(record.amount is not None for record in schedule.given.records.get((i, column), ()))
        if p.status == "done" and not written and any(a.amount_status == "stated" for a in p.administrations):
            as_planned.append(p.id)
        first = not schedule.parts[schedule.part_of[i]].period and schedule.visits[i].offset == Offset()
        if first and p.actual is not None and p.target is not None and p.actual != p.target:
            words = f"{p.id} is recorded on {date_text(p.actual)}, and the plan counts from {date_text(p.target)}"
            yield Note("start", f"{words}: the first dose is day 1, so mend one of the two", (p.id,))
    if as_planned:
        yield Note("not-recorded", "how much was given is not recorded: the planned dose is counted", tuple(as_planned))
    if weights:
        yield Note("weight", "the weight recorded at these visits is not used: the one given, at baseline, counts", _ids(weights))


def _extra(schedule: Schedule, column: int) -> Iterator[Note]:
    """Records of visits that are not planned."""
    for whose, record in schedule.given.extra if schedule.given is not None else ():
        if whose == column:
            dose = record.product is not None or record.amount is not None
            words = "; its dose counts in later totals, where they are known, and as a last dose" if dose else ""
            yield Note("unscheduled", f"a visit on {date_text(record.date)} that is not planned{words}")


def _restarts(schedule: Schedule, column: int) -> Iterator[Note]:
    """What gaps between doses did to the plan."""
    for part in schedule.parts:
        period = schedule.course.periods[part.period].id
        if part.restart is not None and not np.isnat(part.anchor[column]):
            rule, before = part.restart
            apart = f"more than {rule.beyond.in_words} from the dose of {day(before[column])} to that of {day(part.anchor[column])}"
            yield Note("restart", f"{period} begins anew on {day(part.anchor[column])}: {apart}")
        for limit in (*part.limits, *part.waits):
            if limit.cause.startswith(GAP) and "restart" not in limit.cause and not np.isnat(limit.last[column]):
                yield Note("gap-rule", f"{period}: {limit.cause}, from {day(limit.date[column])} on")


def _entry_gaps(schedule: Schedule, column: int) -> Iterator[Note]:
    """The gap to the last dose before a period, and whether it is short."""
    for gap in entry_gaps(schedule):
        before, first = to_date(gap.before[column]), to_date(gap.first[column])
        if before is None or first is None:
            continue
        days, period = (first - before).days, schedule.course.periods[schedule.parts[gap.part].period].id
        id = schedule.id(schedule.rows[int(gap.last[column])].visit)
        words = f"{gap.shown}: {days_text(days)} from {id} ({date_text(before)}) to the first dose of {period} ({date_text(first)})"
        product = schedule.study.product(gap.product)
        shortest, minimum = shortest_planned(schedule, gap.product), product.minimum_gap
        yield Note("gap", words)
        if minimum is not None and days < minimum.range[0]:
            yield Note("short-gap", f"{words}: less than the minimum gap, {product.gap_text}")
        elif shortest is not None and days < shortest:
            yield Note("short-gap", f"{words}: less than the shortest planned interval, {days_text(shortest)}; no minimum gap is stated")


# --- doses and days -----------------------------------------------------------------------------------------------------


def _doses(pairs: Pairs, arms: Sequence[str]) -> Iterator[Note]:
    def having(status: str) -> list[PlannedVisit]:
        return [p for _, p in pairs if any(a.amount_status == status for a in p.administrations)]

    if masked := having("masked"):
        words = "doses are masked, and totals from the first masked one on; `--unblind` with `--arm` shows them"
        yield Note("blinded", words, _ids(masked))
    if needing := having("needs arm"):
        yield Note("needs-arm", f"the dose depends on the arm: add `--arm` with {one_of(arms)}", _ids(needing))
    if weightless := having("needs weight"):
        yield Note("needs-weight", "the dose depends on the body weight: add `--weight` in kg", _ids(weightless))
    weighed = [p for _, p in pairs if any(a.amount and (a.dose_rule or "").endswith("/kg") for a in p.administrations)]
    if weighed:
        yield Note("weight", "one body weight counts for every dose: the one given, at baseline", _ids(weighed))
    if silent := having("not stated"):
        yield Note("not-stated", "the source does not state the dose", _ids(silent))
    if unrecorded := having("not recorded"):
        yield Note("not-recorded", "the dose was given, and how much is not recorded; totals from there on are not known", _ids(unrecorded))
    dayless = [p for _, p in pairs if p.target is None and p.actual is None]
    if dayless:
        yield Note("not-stated", "the source does not state the day", _ids(dayless))
    only = {p.only_arms for _, p in pairs if p.only_arms}
    for some in sorted(only):
        yield Note("needs-arm", f"only for arm {one_of(some)}", _ids(p for _, p in pairs if p.only_arms == some))


def _open_ends(schedule: Schedule, pairs: Pairs, column: int) -> Iterator[Note]:
    until = to_date(schedule.until) if schedule.until is not None else None
    periods = schedule.course.periods
    for period in periods:
        if not period.open_ended or not _is_in(schedule, period, column):
            continue
        drawn = _ids(p for v, p in pairs if v.open_ended and p.period == period.id)
        first = "the first day" if len(periods) == 1 else f"the first day of {period.id}"
        limit = f"until {date_text(until)}" if until else f"for {OPEN_END.months} months from {first}"
        none = "" if drawn else ", and none of it falls before then"
        yield Note("open-ended", f"the source states no end of a repeat; it is drawn {limit}{none}", drawn)


def _moving_spans(schedule: Schedule, column: int) -> Iterator[Note]:
    """Which spans hang on a dose that may be another one."""
    spans = (*(s for p in schedule.course.periods if _is_in(schedule, p, column) for s in p.spans), *schedule.study.spans)
    for of, dates, other in (("first dose", schedule.first_dose, "an earlier"), ("last dose", schedule.last_dose, "a later")):
        moving = [s.title for s in spans if any(m is not None and m.of == of and schedule.may_move(m, column) for m in (s.start, s.end))]
        date = to_date(dates[column])
        if moving and date is not None:
            yield Note("projected", f"{', '.join(moving)}: counted from {date_text(date)}, the {of} of this plan; {other} dose moves it")


def _overlaps(pairs: Pairs) -> Iterator[Note]:
    for (_, before), (_, after) in pairwise(pairs):
        if before.latest is not None and after.earliest is not None and before.latest >= after.earliest:
            yield Note("overlap", f"the windows of {before.label} and {after.label} overlap", (before.id, after.id))


def _windows(pairs: Pairs, window: Window | None) -> Iterator[Note]:
    dated = [(v, p) for v, p in pairs if p.target is not None]
    windowless = [p for v, p in dated if v.window is None]
    if windowless:
        which = "any visit" if len(windowless) == len(dated) else "these visits"
        yield Note("no-window", f"the source states no window for {which}", _ids(windowless))
    if window is not None:
        asked = [p for v, p in dated if v.window is window]
        words = "is not from the source: it was asked for" if asked else "was asked for and is not used: every visit has one"
        yield Note("window", f"the window {window.text} {words}", _ids(asked))
    origins: dict[tuple[str, str], list[PlannedVisit]] = {}
    for visit, p in dated:
        if visit.window is not None and visit.window.origin is not None:
            origins.setdefault((visit.window.text, visit.window.origin), []).append(p)
    for (text, origin), visits in origins.items():
        yield Note("site", f"the window {text} is stated by {origin}, not by the study's source", _ids(visits))


def _weekends(pairs: Pairs) -> Iterator[Note]:
    open_ = [p for _, p in pairs if p.target is not None and p.actual is None and p.status not in ("missed", "withheld")]
    for weekday, name in ((5, "Saturday"), (6, "Sunday")):
        on = [p for p in open_ if p.target is not None and p.target.weekday() == weekday]
        if on:
            yield Note("weekend", f"on a {name}; no rule is stated, nothing is moved", _ids(on))


def _same_date(planned: Sequence[PlannedVisit]) -> Iterator[Note]:
    dates: dict[dt.date, list[str]] = {}
    for visit in planned:
        if visit.target is not None and visit.last is None:
            dates.setdefault(visit.actual or visit.target, []).append(visit.id)
    for date, ids in dates.items():
        if len(ids) > 1:
            yield Note("same-date", f"several visits on {date_text(date)}", tuple(ids))


def _changes(schedule: Schedule, pairs: Pairs, column: int) -> Iterator[Note]:
    """Doses that an event changes: which, and from when on."""
    found: dict[tuple[str, str], list[str]] = {}
    arm = int(schedule.arm[column])
    changed: dict[str, bool] = {}
    for visit, planned in pairs:
        arms = next(p.arms for p in schedule.course.periods if p.id == planned.period)
        for give in visit.gives:
            for event, doses in give.changes:
                words = [f"{arms[i]}: " if arms else "" for i in range(len(doses))]
                named = [f"{words[i]}{give.product} {dose.rule}" for i, dose in enumerate(doses) if dose is not None]
                found.setdefault((event, ", ".join(dict.fromkeys(named))), []).append(planned.id)
                mine = doses[0] if len(doses) == 1 else doses[arm] if arm != cohorts.UNKNOWN_ARM else None
                changed[event] = changed.get(event, False) or mine is not None or arm == cohorts.UNKNOWN_ARM
    for (event, texts), ids in found.items():
        date = schedule.cohort.first(event)[column]
        if np.isnat(date):
            yield Note("dose-change", f"from the next of these visits on or after `{event}`: {texts}", tuple(ids))
        elif not changed[event]:
            yield Note("dose-change", f"{event} on {day(date)} changes nothing for this arm ({texts})", tuple(ids))
        else:
            after = [
                id
                for id in ids
                if next(p.actual or p.target or dt.date.min for _, p in pairs if p.id == id) >= (to_date(date) or dt.date.max)
            ]
            yield Note("dose-change", f"{event} on {day(date)}: {texts}, from the next of these visits on or after it", tuple(after))


def _facts(study: Study, periods: Sequence[Period], pairs: Pairs) -> Iterator[Note]:
    """What the file assumes and wants to be known: of the study, of the periods and their spans, and of each visit."""
    named = [("", study.facts), *(("", period.facts) for period in periods)]
    named += [(f"{name}: ", study.product(name).facts) for name in dict.fromkeys(g.product for v, _ in pairs for g in v.gives)]
    named += [(f"{span.title}: ", span.facts) for span in (*(s for period in periods for s in period.spans), *study.spans)]
    for code in ("assumed", "note"):
        for about, facts in named:
            for text in facts.assumed if code == "assumed" else facts.note:
                yield Note(code, about + text)
        by_text: dict[str, list[str]] = {}
        for visit, planned in pairs:
            for text in visit.assumed if code == "assumed" else visit.note:
                by_text.setdefault(text, []).append(planned.id)
        for text, ids in by_text.items():
            yield Note(code, text, tuple(ids))
