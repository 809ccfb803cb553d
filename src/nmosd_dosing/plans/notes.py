"""What a reader must know about a plan: what is masked, missing, assumed, projected, or not as the protocol has it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from nmosd_dosing.days import Offset, date_text, shift, to_date
from nmosd_dosing.errors import Problems, counted
from nmosd_dosing.plans import workdays as calendars
from nmosd_dosing.plans.dose_notes import dose_notes
from nmosd_dosing.plans.plan import Note, PlannedVisit
from nmosd_dosing.plans.reasons import day
from nmosd_dosing.plans.transition_notes import course_notes
from nmosd_dosing.plans.workdays import Workdays
from nmosd_dosing.schedule.recorded_doses import wrong_dose
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.study.model import Period, Study, Visit, Window
from nmosd_dosing.study.sequence import arms_of
from nmosd_dosing.study.visits import OPEN_END, lay_out
from nmosd_dosing.subjects import cohort
from nmosd_dosing.subjects.disposition import MoveStatus

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
    yield from course_notes(schedule, column)
    yield from _states(every)
    if as_of is not None:
        yield from _not_recorded(schedule, pairs, column, as_of)
    yield from _recorded(schedule, shown, column)
    yield from _extra(schedule, column)
    yield from _too_close(schedule, [pair for pair in shown if pair[1].status != "cancelled"])
    yield from _after_end(schedule, [pair for pair in shown if pair[1].status != "cancelled"], column)
    yield from dose_notes(schedule, pairs, column, arms_of(periods))
    yield from _courses(schedule, column)
    yield from _open_ends(schedule, pairs, column)
    yield from _cut_short(schedule, shown, column)
    yield from _moving_spans(schedule, column)
    yield from _overlaps(pairs)
    beyond, until = int(schedule.beyond[column]), None if schedule.until is None else to_date(schedule.until)
    if beyond and until is not None:
        yield Note("until", f"{counted(beyond, 'planned visit')} after {date_text(until)} not shown")
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


# --- what was done ------------------------------------------------------------------------------------------------------


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
            used = {a.weight_kg for a in p.administrations if a.weight_kg is not None}
            if used and record.weight_kg is not None and record.weight_kg not in used:
                weights.append(p)
        written = any(record.amount is not None for record in schedule.given.records.get((i, column), ()))
        if p.status == "done" and not written and any(a.amount_status == "stated" for a in p.administrations):
            as_planned.append(p.id)
        part = schedule.parts[schedule.part_of[i]]
        if part.cut is not None and p.actual is not None and i - schedule.part_of.index(schedule.part_of[i]) >= part.cut[column]:
            words = f"{p.id} is recorded after the gap: the visits since then have other names, such as those with `(restart)`"
            yield Note("gap-rule", words, (p.id,))
        first = not part.period and not part.event and schedule.visits[i].offset == Offset()
        if first and p.actual is not None and p.target is not None and p.actual != p.target:
            words = f"{p.id} is recorded on {date_text(p.actual)}, and the plan counts from {date_text(p.target)}"
            yield Note("start", f"{words}: the first dose is day 1, so mend one of the two", (p.id,))
    if as_planned:
        yield Note("not-recorded", "how much was given is not recorded: the planned dose is counted", tuple(as_planned))
    if weights:
        yield Note("weight", "the weight recorded at these visits is not the one that doses are by", _ids(weights))


def _extra(schedule: Schedule, column: int) -> Iterator[Note]:
    """Records of visits that are not planned."""
    for whose, record in schedule.given.extra if schedule.given is not None else ():
        if whose == column:
            products = {product.name for product in schedule.study.products}
            given = record.status in ("done", "partial") and (record.product is not None or record.amount is not None)
            words = "; its dose counts in later totals, where they are known, and as a last dose; no repeat is counted from it"
            words = "; its product is none of the study, and counts in no total" if record.product not in (None, *products) else words
            words = words if given else ""
            yield Note("unscheduled", f"a visit on {date_text(record.date)} that is not planned{words}")


def _too_close(schedule: Schedule, shown: Sequence[tuple[int, PlannedVisit]]) -> Iterator[Note]:
    """Doses of this plan that are closer than the stated minimum, since one of them was late or is projected."""
    for product in schedule.study.products:
        if product.minimum_gap is None:
            continue
        doses = [(p.date, p) for _, p in shown if p.date is not None and any(a.product == product.name for a in p.administrations)]
        doses.sort(key=lambda dose: dose[0])
        for (before, one), (date, two) in pairwise(doses):
            allowed = to_date(shift(np.array([before], dtype="datetime64[D]"), product.minimum_gap)[0])
            if allowed is not None and date < allowed and two.actual is None and one.period == two.period:
                gap = counted((date - before).days, "day")
                words = f"{product.name} {gap} after {one.id}: less than the minimum gap, {product.gap_text}"
                yield Note("short-gap", f"{words}; not before {date_text(allowed)}", (two.id,))


def _after_end(schedule: Schedule, shown: Sequence[tuple[int, PlannedVisit]], column: int) -> Iterator[Note]:
    """Visits that late doses or a restart have moved beyond the end of their period."""
    beyond = [
        p
        for i, p in shown
        if not schedule.visits[i].event  # a course after an event goes on
        and p.actual is None
        and p.target is not None
        and (end := to_date(schedule.course.end[schedule.parts[schedule.part_of[i]].period, column])) is not None
        and p.target > end
    ]
    if beyond:
        yield Note("after-end", "after the end of the period: late doses or a restart have moved them there", _ids(beyond))


# --- doses and days -----------------------------------------------------------------------------------------------------


def _cut_short(schedule: Schedule, shown: Sequence[tuple[int, PlannedVisit]], column: int) -> Iterator[Note]:
    """Courses of doses that end before their last day."""
    for i, p in shown:
        begins = np.array([p.actual or p.target], dtype="datetime64[D]")
        planned = schedule.planned_last(i, begins, slice(column, column + 1)) if p.last is not None and p.administrations else None
        last = to_date(planned[0]) if planned is not None else None
        if last is not None and p.last is not None and p.last < last and p.status != "cancelled":
            yield Note("cut", f"ends on {date_text(p.last)}, and was planned to {date_text(last)}", (p.id,))


def _courses(schedule: Schedule, column: int) -> Iterator[Note]:
    """What hangs on events that have not happened, or not while the subject was in the period."""
    for p, period in enumerate(schedule.course.periods):
        if not _is_in(schedule, period, column):
            continue
        visits = lay_out(period, 0, Problems())
        for event in dict.fromkeys(visit.event for visit in visits if visit.event):
            parts = [part for part in schedule.parts if part.period == p and part.event == event]
            if all(np.isnat(part.anchor[column]) for part in parts):
                happened = not np.isnat(schedule.cohort.first(event)[column])
                which = ", ".join(visit.label for visit in visits if visit.event == event)
                why = f"{event} did not happen in {period.id}" if happened else f"they hang on {event}, which is not recorded"
                yield Note("event", f"not planned: {which}; {why}")


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
        others = before.only_arms and after.only_arms and not set(before.only_arms) & set(after.only_arms)
        if not others and before.latest is not None and after.earliest is not None and before.latest >= after.earliest:
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
                mine = doses[0] if len(doses) == 1 else doses[arm] if arm != cohort.UNKNOWN_ARM else None
                changed[event] = changed.get(event, False) or mine is not None or arm == cohort.UNKNOWN_ARM
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
