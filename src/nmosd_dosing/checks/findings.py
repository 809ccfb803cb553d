"""What sites did against the plan, over all subjects at once: a finding for each visit, each entry, each record that fits no visit.

The tool says that a visit was late, not why; one of which nothing is written is not recorded, which is not to say that the patient
missed it. What would tell a masked arm is not found.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nmosd_dosing.days import NO_DATE, Dates, Offset, date_text, shift
from nmosd_dosing.errors import counted
from nmosd_dosing.plans.reasons import cancelled_by, entry_text, limit_text, pending_because
from nmosd_dosing.schedule.gaps import dose_dates
from nmosd_dosing.schedule.recorded_doses import not_compared, wrong_dose
from nmosd_dosing.schedule.schedule import Schedule, VisitStatus
from nmosd_dosing.study.events import LEFT
from nmosd_dosing.study.model import Transition
from nmosd_dosing.subjects.disposition import Limit, Move, MoveStatus
from nmosd_dosing.subjects.subject import UNSCHEDULED, Record

Dated = dt.date | None


def check(schedule: Schedule, as_of: dt.date) -> tuple[Finding, ...]:
    """All findings as of a day, subject by subject in the order of the cohort, each subject's by date.

    Make the schedule with `allow_deviation` and `accept_gap`, so that what is wrong is found here. Records of unknown visits are not
    among the findings: `given.check` raises them.
    """
    found: list[tuple[int, Dated, int, Finding]] = []
    for visit in range(len(schedule.visits)):
        found += [(column, finding.actual or finding.target, visit, finding) for column, finding in _visit(schedule, visit, as_of)]
    last = len(schedule.visits)
    for column, finding in (*_entries(schedule, as_of), *_twice(schedule), *_extra(schedule), *_doses(schedule), *_gaps(schedule)):
        found.append((column, finding.actual or finding.target or finding.latest, last, finding))
    found.sort(key=lambda f: (f[0], f[1] is None, f[1] or as_of, f[2]))
    return tuple(finding for *_, finding in found)


def deviates(finding: Finding) -> bool:
    """Whether a finding is a deviation from the plan."""
    return finding.verdict in DEVIATIONS


def _code(schedule: Schedule, column: int) -> str | None:
    return (schedule.cohort.codes[column] or None) if schedule.cohort.codes else None


def _days(dates: Dates | None, n: int) -> list[Dated]:
    return dates.tolist() if dates is not None else [None] * n


# --- visits -------------------------------------------------------------------------------------------------------------


def _visit(schedule: Schedule, visit: int, as_of: dt.date) -> Iterator[tuple[int, Finding]]:
    """The findings of one visit over all subjects."""
    n, id = len(schedule), schedule.id(visit)
    states = schedule.state(visit)
    part = schedule.parts[schedule.part_of[visit]]
    entered = ~schedule.course.projected[part.period] & ~np.isnat(part.anchor)
    targets, actuals = _days(schedule.target[visit], n), _days(schedule.actual(visit), n)
    window = schedule.visits[visit].window
    firsts, lasts = _days(schedule.earliest(visit), n), _days(schedule.latest(visit), n)
    ends = _days(schedule.last(visit), n)
    not_allowed = _not_allowed(schedule, visit, entered)
    codes = schedule.cohort.codes
    given = schedule.given.records if schedule.given is not None else {}
    done = VisitStatus.DONE
    rows = [k for k, row in enumerate(schedule.rows) if row.visit == visit]
    not_before = _days(_not_before(schedule, visit), n)
    left = _days(np.fmin.reduce([schedule.cohort.first(event) for event in LEFT]), n)
    first_day = not part.period and not part.run and not part.event and schedule.visits[visit].offset == Offset()
    for column in np.flatnonzero(states != VisitStatus.ABSENT).tolist():
        state, target, actual = states[column], targets[column], actuals[column]
        earliest, latest = (firsts[column], lasts[column]) if window is not None else (None, None)
        waits_for: Literal["decision", "entry", "exit"] | None = None
        days: int | None = None
        verdict: Verdict
        if actual is not None:
            records = given[visit, column]
            days = (actual - target).days if target is not None else None
            if not_allowed is not None and not_allowed[column]:
                verdict, words = "not-allowed", _why_not(schedule, visit, column, bool(entered[column]))
            else:
                verdict, words = _done(actual, target, earliest, latest, days)
            if (missing := not_compared(schedule, rows, records, column)) is not None:
                words = f"{words}; {missing}"
            if any(actual > since for limit in part.waits if (since := limit.last[column].item()) is not None):
                words = f"{words}; given while a decision was open"
            if days and first_day and target is not None:
                words = f"{words}; the plan counts from {date_text(target)} as the first dose"
            words = f"{'' if state == done else 'in part, '}{words}{_about(records, verdict)}"
        elif state in (VisitStatus.MISSED, VisitStatus.WITHHELD):
            records = given[visit, column]
            verdict, words = "missed", f"recorded as {VisitStatus(int(state)).text}{_about(records, 'missed')}"
        elif state == VisitStatus.CANCELLED:
            verdict, words = "cancelled", cancelled_by(schedule, visit, column)
        elif target is None:
            verdict, words = "upcoming", "the source states no day"
        else:
            verdict, words, days = _not_recorded(as_of, target, earliest, latest, ends[column])
            gone = left[column]
            if (
                entered[column]
                and gone is not None
                and gone <= as_of
                and verdict in ("due", "overdue", "past-target")
                and not (latest and latest < gone)
            ):
                days = (as_of - target).days
                verdict, words, waits_for = "past-target", f"not recorded, and the subject left on {date_text(gone)}", "exit"
            elif not entered[column]:
                verdict, words, days = "upcoming", "projected: the entry is not recorded", None
                waits_for = "entry"
            elif state == VisitStatus.PENDING:
                verdict, waits_for, days = ("upcoming" if verdict == "upcoming" else "due"), "decision", None
                words = f"no dose yet: {pending_because(schedule, visit, column)}"
            elif (soonest := not_before[column]) is not None and soonest > target:
                words = f"{words}; not before {date_text(soonest)}, by the minimum gap"
        yield column, Finding(
            (codes[column] or None) if codes else None, id, verdict, days, target, earliest, latest, actual, words, waits_for,
            ends[column],
        )  # fmt: skip


def _not_before(schedule: Schedule, visit: int) -> Dates | None:
    """(n,) the first day on which the stated minimum gap to the last recorded dose before a visit is kept; None where none is stated."""
    found: Dates | None = None
    for row in schedule.rows:
        minimum = schedule.study.product(row.give.product).minimum_gap
        if row.visit != visit or minimum is None or schedule.given is None:
            continue
        for other in schedule.rows:
            if other.visit < visit and other.give.product == row.give.product:
                soonest = shift(schedule.given.actual[other.visit], minimum)
                found = soonest if found is None else np.fmax(found, soonest)
    return found


def _done(actual: dt.date, target: Dated, earliest: Dated, latest: Dated, days: int | None) -> tuple[Verdict, str]:
    if earliest is None or latest is None:
        return "no-window", f"{_from_target(days)}; no window is stated"
    if actual < earliest:
        return "early", f"{counted((earliest - actual).days, 'day')} before the first day, {date_text(earliest)}"
    if actual > latest:
        return "late", f"{counted((actual - latest).days, 'day')} after the last day, {date_text(latest)}"
    return "in-window", f"{_from_target(days)}, allowed from {date_text(earliest)} to {date_text(latest)}"


def _not_recorded(as_of: dt.date, target: dt.date, earliest: Dated, latest: Dated, end: Dated) -> tuple[Verdict, str, int | None]:
    """Of a visit of which nothing is written: never that the patient missed it."""
    first, last = earliest or target, latest or end or target
    if as_of < first:
        return "upcoming", f"from {date_text(first)} on", None
    if as_of <= last:
        return "due", f"until {date_text(last)}{'' if latest else ', the day planned'}", None
    if latest is not None:
        days = (as_of - latest).days
        return "overdue", f"not recorded {counted(days, 'day')} after the last day, {date_text(latest)}", days
    days = (as_of - target).days
    return "past-target", f"not recorded {counted(days, 'day')} after the target; no window is stated", days


def _not_allowed(schedule: Schedule, visit: int, entered: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """(n,) whether a visit took place after what ended it, or before its period began."""
    actual = schedule.actual(visit)
    if actual is None:
        return None
    wrong = np.zeros(len(schedule), dtype=bool)
    for _, last in _ended(schedule, visit):
        wrong |= actual > last
    part = schedule.parts[schedule.part_of[visit]]
    if schedule.visits[visit].gives and schedule.visits[visit].offset != Offset():  # day 1 may be planned for a later day than its own
        wrong |= actual < schedule.start
    if part.period:
        wrong |= ~np.isnat(actual) & (~entered | (actual < part.anchor))
    return wrong


def _ended(schedule: Schedule, visit: int) -> Iterator[tuple[Limit, Dates]]:
    """What ends a visit, with the last days (n,) that hold for what was done: a projected entry ends nothing."""
    part, what = schedule.parts[schedule.part_of[visit]], schedule.visits[visit]
    for limit in part.limits:
        if what.gives or not limit.doses_only:
            counts = np.ones(len(schedule), dtype=bool) if limit.cause != "entry" else _entered(schedule, part.period)
            if limit.doses_only and what.assessments:
                counts = counts & schedule.dose_recorded(visit)
            yield limit, np.where(counts, limit.last, NO_DATE)


def _entered(schedule: Schedule, period: int) -> NDArray[np.bool_]:
    move = next(move for move in schedule.course.moves if move.source == period)
    entered: NDArray[np.bool_] = ~np.isnat(move.entered)
    return entered


def _why_not(schedule: Schedule, visit: int, column: int, entered: bool) -> str:
    part, actual = schedule.parts[schedule.part_of[visit]], schedule.actual(visit)
    assert actual is not None
    period = schedule.period(visit).id
    if part.period and not entered:
        return f"no entry into {period} is recorded"
    if part.period and actual[column] < part.anchor[column]:
        return f"before the entry into {period} on {date_text(part.anchor[column].item())}"
    if actual[column] < schedule.start[column] and schedule.visits[visit].offset != Offset():
        return f"before day 1, {date_text(schedule.start[column].item())}"
    ended = [limit for limit, last in _ended(schedule, visit) if actual[column] > last[column]]
    return f"after {limit_text(schedule.course, min(ended, key=lambda limit: limit.last[column]), column)}"


def _about(records: Sequence[Record], verdict: Verdict) -> str:
    """The reason that was written down; and, where it matters, the place."""
    if verdict not in DEVIATIONS and not any(record.reason for record in records):
        return ""
    reasons = dict.fromkeys(record.reason for record in records if record.reason)
    place = next((record.place for record in records if record.place), None) if verdict in DEVIATIONS else None
    return "".join(f"; reason: {reason}" for reason in reasons) + (f" ({place.where})" if place else "")


def _from_target(days: int | None) -> str:
    if days is None:
        return "the source states no day"
    return "on the target" if days == 0 else f"{counted(abs(days), 'day')} {'after' if days > 0 else 'before'} the target"


# --- entries ------------------------------------------------------------------------------------------------------------


def _entries(schedule: Schedule, as_of: dt.date) -> Iterator[tuple[int, Finding]]:
    """A finding for each move into a later period."""
    for move in schedule.course.moves:
        for column in np.flatnonzero(move.status != MoveStatus.NONE).tolist():
            rule = schedule.course.rule(move, column)
            if rule is not None and any(period.id == rule.target_period for period in schedule.course.periods):
                yield column, _entry(schedule, move, rule, column, as_of)


def _entry(schedule: Schedule, move: Move, rule: Transition, column: int, as_of: dt.date) -> Finding:
    earliest, latest, entered = (dates[column].item() for dates in (move.earliest, move.latest, move.entered))
    status = MoveStatus(int(move.status[column]))
    waits_for: Literal["decision", "entry"] | None = "decision" if status in (MoveStatus.PENDING, MoveStatus.REFUSED) else None
    days = (entered - earliest).days if entered is not None and earliest is not None else None
    verdict: Verdict
    if status == MoveStatus.DECLINED:
        verdict = "cancelled"
    elif schedule.course.projected[move.source, column] and status != MoveStatus.ENTERED:
        verdict, waits_for = "upcoming", "entry"
    elif status == MoveStatus.REFUSED:
        verdict = "due" if as_of > latest else "upcoming"
    elif status == MoveStatus.ENTERED:
        outside = move.outside_by(column)
        verdict = "early" if outside < 0 else "late" if outside > 0 else "in-window" if latest is not None else "no-window"
        if earliest is None or (latest is not None and earliest > latest):
            verdict = "not-allowed"
    elif status == MoveStatus.PENDING:
        began = move.date[column].item()
        verdict = "due" if began is not None and began <= as_of else "upcoming"
        if latest is not None and as_of > latest:
            verdict, days = "overdue", (as_of - latest).days
    elif as_of < earliest:
        verdict = "upcoming"
    elif latest is not None and as_of > latest:
        verdict, days = "overdue", (as_of - latest).days
    elif latest is None and as_of > earliest:
        verdict, days = "past-target", (as_of - earliest).days
    else:
        verdict = "due"
    message = entry_text(schedule, move, rule, column)
    gone = [(date, event) for event in ("treatment_stopped", *LEFT) if (date := schedule.cohort.first(event)[column].item()) is not None]
    if gone and entered is None and min(gone)[0] <= as_of and not (latest is not None and latest < min(gone)[0]):
        verdict, days, waits_for = "cancelled", None, None
        message = f"{min(gone)[1]} on {date_text(min(gone)[0])}, and no entry is recorded"
    if status == MoveStatus.PENDING and verdict == "overdue":
        message = f"{message}; that day has passed: a person must decide"
    return Finding(
        _code(schedule, column), f"{rule.target_period} entry", verdict, days, earliest, earliest, latest, entered, message, waits_for
    )  # fmt: skip


# --- records ------------------------------------------------------------------------------------------------------------


def _where(record: Record) -> str:
    return f" ({record.place.where})" if record.place else ""


def _twice(schedule: Schedule) -> Iterator[tuple[int, Finding]]:
    for visit, column, record in schedule.given.twice if schedule.given is not None else ():
        first = schedule.given.records[visit, column][0] if schedule.given is not None else record
        words = f"recorded again{_where(record)}, first on {date_text(first.date)}{_where(first)}"
        target = schedule.target[visit, column].item()
        days = (record.date - target).days if target else None
        yield column, Finding(
            _code(schedule, column), schedule.id(visit), "duplicate", days, target, None, None, record.date, words
        )  # fmt: skip


def _extra(schedule: Schedule) -> Iterator[tuple[int, Finding]]:
    products = {product.name for product in schedule.study.products}
    exits = {event: schedule.cohort.first(event) for event in ("treatment_stopped", *LEFT) if event in schedule.cohort.events}
    for column, record in schedule.given.extra if schedule.given is not None else ():
        reason = f"; reason: {record.reason}" if record.reason else ""
        verdict: Verdict = "unscheduled"
        words = "a visit that is not planned"
        dose = record.product is not None or record.amount is not None
        for event, dates in exits.items():
            if np.datetime64(record.date, "D") > dates[column] and (dose or event != "treatment_stopped"):
                verdict, words = "not-allowed", f"a visit that is not planned, after {event} on {date_text(dates[column].item())}"
        finding = Finding(
            _code(schedule, column), record.visit, verdict, None, None, None, None, record.date, f"{words}{reason}{_where(record)}"
        )
        yield column, finding
        if record.product is not None and record.product not in products:
            words = f"{record.product} is recorded, which is no product of the study: it counts in no total{_where(record)}"
            yield column, replace(finding, verdict="wrong-dose", message=words)


def _doses(schedule: Schedule) -> Iterator[tuple[int, Finding]]:
    """Recorded doses that are not the planned ones; how much of a masked product is not looked at."""
    if schedule.given is None:
        return
    rows: dict[int, list[int]] = {}
    for k, row in enumerate(schedule.rows):
        rows.setdefault(row.visit, []).append(k)
    for (visit, column), records in schedule.given.records.items():
        for record in records:
            wrong = wrong_dose(schedule, rows.get(visit, []), record, column)
            if wrong is not None:
                target = schedule.target[visit, column].item()
                yield column, Finding(
                    _code(schedule, column), schedule.id(visit), "wrong-dose", (record.date - target).days if target else None, target,
                    None, None, record.date, f"{wrong}{_where(record)}",
                )  # fmt: skip


def _gaps(schedule: Schedule) -> Iterator[tuple[int, Finding]]:
    """Recorded doses closer to the one before than the stated minimum."""
    if schedule.given is None:
        return
    for product in schedule.study.products:
        rows = [k for k, row in enumerate(schedule.rows) if row.give.product == product.name]
        if product.minimum_gap is None or not rows:
            continue
        actual = np.array([schedule.given.actual[schedule.rows[k].visit] for k in rows])
        dates = np.where(np.isnat(actual), actual, np.array([dose_dates(schedule, k) for k in rows]))
        extra = [(c, r) for c, r in schedule.given.extra if r.product == product.name and r.status in ("done", "partial")]
        more = np.full((len(extra), len(schedule)), NO_DATE)
        for i, (column, record) in enumerate(extra):
            more[i, column] = np.datetime64(record.date, "D")
        dates = np.concatenate([dates, more])
        order = np.argsort(dates, axis=0, kind="stable")  # NaT comes last
        dates = np.take_along_axis(dates, order, axis=0)
        close = dates[1:] < shift(dates[:-1].ravel(), product.minimum_gap).reshape(dates[:-1].shape)
        for i, column in np.argwhere(close).tolist():
            before, date = dates[i, column].item(), dates[i + 1, column].item()
            which = int(order[i + 1, column])
            visit = schedule.rows[rows[which]].visit if which < len(rows) else None
            target = schedule.target[visit, column].item() if visit is not None else None
            id = schedule.id(visit) if visit is not None else UNSCHEDULED
            words = f"{product.name} {counted((date - before).days, 'day')} after the dose before, on {date_text(before)}"
            words += f"; the minimum gap is {product.gap_text}"
            yield column, Finding(
                _code(schedule, column), id, "short-gap", (date - target).days if target else None, target,
                None, None, date, words,
            )  # fmt: skip


Verdict = Literal[
    "in-window", "early", "late", "missed", "overdue", "due", "upcoming", "past-target", "no-window", "unscheduled", "duplicate",
    "wrong-dose", "not-allowed", "short-gap", "cancelled",
]  # fmt: skip
DEVIATIONS: tuple[Verdict, ...] = ("early", "late", "missed", "overdue", "duplicate", "wrong-dose", "not-allowed", "short-gap")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is to be said of one visit, or of the entry into a period (`visit` is then `olp entry`), on one day.

    `days`: the actual day minus the target; `overdue`: the day of looking minus the last allowed; `past-target`: minus the target.
    `waits_for`: a decision that is open, or the entry into the visit's period; or nothing any more, since the subject has left. `last`: the
    last day of a course or a range of days.
    """

    subject: str | None
    visit: str
    verdict: Verdict
    days: int | None
    target: dt.date | None
    earliest: dt.date | None
    latest: dt.date | None
    actual: dt.date | None
    message: str
    waits_for: Literal["decision", "entry", "exit"] | None = None
    last: dt.date | None = None
