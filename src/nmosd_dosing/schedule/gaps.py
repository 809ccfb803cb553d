"""From one dose of a product to the next: across an entry into a later period, and against what is stated or planned."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nmosd_dosing.days import NO_DATE, Dates, Offset, date_text, shift, to_date
from nmosd_dosing.dose.dose import AmountStatus
from nmosd_dosing.errors import InputError, Problem, argument
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.schedule.segments import Restart, Segment, open_end
from nmosd_dosing.study.model import GapRule
from nmosd_dosing.study.visits import offset_of
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.disposition import Limit
from nmosd_dosing.subjects.visit_records import Recorded


@dataclass(frozen=True, slots=True)
class EntryGap:
    """From a product's last dose before a period to its first dose in it; (n,), NaT where there is none. `last`: (n,) its row."""

    segment: int
    product: str
    shown: str
    before: Dates
    last: Dates
    first: Dates


def dose_dates(schedule: Schedule, in_plan: NDArray[np.bool_]) -> Dates:
    """(k, n) the day of each administration, as recorded or planned; NaT where it is not given. given: (k, n) `schedule.all_given()`."""
    dates = np.full(in_plan.shape, NO_DATE)
    for visits, rows in schedule.by_segment():
        at = [row.visit - visits.start for row in schedule.rows[rows]]
        dates[rows] = schedule.dates(visits)[at]
    refused = np.array(schedule.status).reshape(in_plan.shape) == AmountStatus.REFUSED
    for visit, column, product in schedule.visit_records.not_given if schedule.visit_records is not None else ():
        refused[[k for k, row in enumerate(schedule.rows) if (row.visit, row.give.product) == (visit, product)], column] = True
    dates[~in_plan | refused] = NO_DATE
    return dates


def entry_gaps(schedule: Schedule, dates: Dates) -> Iterator[EntryGap]:
    """The gap of each product at the entry into each later period. dates: (k, n) those of `dose_dates`."""
    later = [p for p, segment in enumerate(schedule.segments) if segment.period and not segment.run and not segment.event]
    for p in later:
        for product in dict.fromkeys(row.give.product for row in schedule.rows):
            rows = [k for k, row in enumerate(schedule.rows) if row.give.product == product]
            earlier = [k for k in rows if schedule.segment_of[schedule.rows[k].visit] < p]
            here = [k for k in rows if schedule.segment_of[schedule.rows[k].visit] == p]
            if earlier and here:
                before = np.array([schedule.through(schedule.rows[k].visit, dates[k]) for k in earlier])
                last = np.fmax.reduce(before)
                which = np.array(earlier)[np.argmax(before == last, axis=0)]
                yield EntryGap(p, product, schedule.rows[here[0]].give.shown, last, which, np.fmin.reduce(dates[here]))


def shortest_planned(schedule: Schedule, product: str) -> int | None:
    """The fewest days that any period plans between two doses of a product; None where none plans two."""
    found = []
    for segment in range(len(schedule.segments)):
        visits = {row.visit for row in schedule.rows if row.give.product == product and schedule.segment_of[row.visit] == segment}
        here = [schedule.visits[i] for i in sorted(visits) if schedule.visits[i].offset is not None]
        for before, after in pairwise(here):
            a, b = before.last or offset_of(before), offset_of(after)
            alike = a.days == b.days or a.months == b.months
            found.append((b + a.times(-1)).range[0] if alike else b.range[0] - a.range[1])
    return min((days for days in found if days > 0), default=None)


def check_entries(schedule: Schedule) -> None:
    """Raises InputError for recorded entries that break a minimum gap which the study or the site states."""
    if len(schedule.disposition.periods) == 1 or all(product.minimum_gap is None for product in schedule.study.products):
        return
    problems = []
    for gap in entry_gaps(schedule, dose_dates(schedule, schedule.all_in_plan())):
        product = schedule.study.product(gap.product)
        minimum = product.minimum_gap
        if minimum is None:
            continue
        period = schedule.segments[gap.segment].period
        recorded = ~np.isnat(schedule.disposition.anchor[period]) & ~schedule.disposition.projected[period]
        for column in np.flatnonzero(recorded & (gap.first >= gap.before) & (gap.first < shift(gap.before, minimum))):
            days = int((gap.first - gap.before)[column].astype(np.int64))
            who = schedule.cohort.name(int(column))
            before, first = to_date(gap.before[column]), to_date(gap.first[column])
            assert before is not None
            assert first is not None
            target = schedule.disposition.periods[period].id
            last = schedule.rows[int(gap.last[column])].visit
            recorded_too = bool(np.any(schedule.recorded(last, slice(column, column + 1))))
            planned = "dose of" if recorded_too else "dose planned for"
            wrong = f"{gap.shown} on {date_text(first)}, {days} days after the {planned} {date_text(before)}"
            hint = f"the minimum gap is {product.gap_text}; `{argument('accept_gap')}` lets the entry into `{target}` stand, marked"
            problems.append(Problem(f"{who}{wrong}", hint=hint, subject=int(column)))
    if problems:
        raise InputError(problems)


GAP = "gap"  # the cause of limits that come from here


@dataclasses.dataclass(frozen=True, slots=True)
class _Gap:
    """(n,) each: the dose that comes too late, NaT where none does, the number of its visit, the dose before it, which rule holds,
    whether it is recorded."""

    date: Dates
    visit: NDArray[np.int64]
    before: Dates
    rule: NDArray[np.int8]
    recorded: NDArray[np.bool_]


def after_gaps(schedule: Schedule, until: dt.date | None, at_least: dt.date | None) -> tuple[tuple[Segment, ...], Cohort] | None:
    """The parts of the schedule with what its first gaps do to them, and the cohort, in which the dose that restarts a period has the name
    of the visit that it begins with; None where there are no gaps that it has not seen.

    Only what is recorded can make a gap: the plan itself has none (`sense` checks that).
    """
    if schedule.visit_records is None:
        return None
    segments: list[Segment] = []
    cohort, changed = schedule.cohort, False
    for p, segment in enumerate(schedule.segments):
        rules = schedule.disposition.periods[segment.period].gap_rules
        seen = any(limit.cause.startswith(GAP) for limit in (*segment.limits, *segment.waits))
        gap = _first_gap(schedule, p, rules) if rules and not seen and not segment.event else None
        if gap is None or np.isnat(gap.date).all():
            segments.append(segment)
            continue
        changed = True
        cohort, renamed = _renamed(schedule, cohort, segment, rules, gap)
        segments += _apply(schedule, segment, rules, gap, gap.recorded & ~renamed, until, at_least)
    return (tuple(segments), cohort) if changed else None


def _renamed(
    schedule: Schedule, cohort: Cohort, segment: Segment, rules: tuple[GapRule, ...], gap: _Gap
) -> tuple[Cohort, NDArray[np.bool_]]:  # fmt: skip
    """The cohort with the records of the doses that restart a period under the names that they have then; and (n,) whose these are."""
    renamed, names = np.zeros(len(schedule), dtype=bool), dict[int, str]()
    p = schedule.segments.index(segment)
    for column in np.flatnonzero(gap.recorded & (gap.rule >= 0)).tolist():
        rule = rules[int(gap.rule[column])]
        begins = rule.at.offset if rule.at is not None else Offset()
        first = [v.label for i, v in enumerate(schedule.visits) if schedule.segment_of[i] == p and v.offset == begins and v.gives]
        given = (
            schedule.visit_records.records.get((schedule.segment_of.index(p) + int(gap.visit[column]), column), ())
            if schedule.visit_records
            else ()
        )
        if rule.then == "restart" and first:
            renamed[column] = True
            base = first[0].rsplit(" (restart", 1)[0] if segment.run else first[0]
            names |= dict.fromkeys(map(id, given), restarted(base, segment.run + 1))
    period = schedule.disposition.periods[segment.period].id
    records = tuple(
        (column, dataclasses.replace(record, visit=names[id(record)], period=period) if id(record) in names else record)
        for column, record in cohort.records
    )
    return dataclasses.replace(cohort, records=records), renamed


def _first_gap(schedule: Schedule, p: int, rules: tuple[GapRule, ...]) -> _Gap:
    n = len(schedule)
    segment = schedule.segments[p]
    before = segment.first if segment.run else np.full(n, NO_DATE)
    date, since, rule, recorded = np.full(n, NO_DATE), np.full(n, NO_DATE), np.full(n, -1, np.int8), np.zeros(n, dtype=bool)
    extra = [*_unscheduled(schedule, rules[0].product), *_after_events(schedule, segment, rules[0].product)]
    number, first = np.zeros(n, dtype=np.int64), schedule.segment_of.index(p)
    product = rules[0].product
    for i, visit in enumerate(schedule.visits):
        mine = not product or any(give.product == product for give in visit.gives)
        if schedule.segment_of[i] != p or not visit.gives or not mine or visit.offset is None or schedule.visit_records is None:
            continue
        status = schedule.visit_records.status[i]
        done = ((status == Recorded.DONE) | (status == Recorded.PARTIAL)) & schedule.visit_records.had(i, product)
        planned = np.where(schedule.dose_cancelled(i) | (status != Recorded.NOTHING), NO_DATE, schedule.target[i])
        this = np.where(done, schedule.visit_records.actual[i], planned)
        for dates in extra:  # a dose at an unscheduled visit is a dose before, too
            before = np.where((dates <= this) & ~(dates <= before), dates, before)
        seen = ~np.isnat(date)
        for r in reversed(range(len(rules))):  # the longest gap that is exceeded counts
            over = (this > shift(before, rules[r].beyond)) & ~seen
            seen |= over
            over &= ~(done & (rules[r].then == "hold"))  # who gave it has decided
            date, since = np.where(over, this, date), np.where(over, before, since)
            rule[over], recorded[over], number[over] = r, done[over], i - first
        before = np.where(np.isnat(this), before, schedule.through(i, this))
    return _Gap(date, number, since, rule, recorded)


def _as_recorded(schedule: Schedule, segment: Segment, planned: Dates, rules: tuple[GapRule, ...], chosen: NDArray[np.int8]) -> Dates:
    """The day on which a restart took place, where the visit that it begins with is recorded; else the day on which it is planned."""
    p = schedule.segments.index(segment)
    period = schedule.disposition.periods[segment.period]
    date = planned.copy()
    for r, rule in enumerate(rules):
        begins = rule.at.offset if rule.at is not None else Offset()
        for label in [v.label for i, v in enumerate(schedule.visits) if schedule.segment_of[i] == p and v.offset == begins]:
            again = restarted(label.rsplit(" (restart", 1)[0] if segment.run else label, segment.run + 1)
            for column, record in schedule.cohort.records:
                mine = record.visit in (again, f"{period.id}/{again}") and record.period in (None, period.id) and chosen[column] == r
                if mine and record.took_place and not np.isnat(planned[column]):
                    date[column] = np.datetime64(record.date, "D")
    return date


def restarted(label: str, run: int) -> str:
    """What a visit is called in a period that has begun anew: `D15 (restart)`, `D15 (restart 2)`."""
    return f"{label} (restart)" if run == 1 else f"{label} (restart {run})"


def again(label: str, run: int) -> str:
    """What a visit is called when the event that it hangs on has happened before: `relapse+5d (2)`."""
    return f"{label} ({run + 1})" if run else label


def _unscheduled(schedule: Schedule, product: str) -> list[Dates]:
    """(n,) each: the days of doses at unscheduled visits, the first ones first; of one product, where it is named."""
    found: list[Dates] = []
    products = {product.name for product in schedule.study.products}
    for column, record in sorted(schedule.visit_records.extra, key=lambda e: e[1].date) if schedule.visit_records is not None else ():
        dose = record.product in products or (record.product is None and record.amount is not None)
        dose = dose and (not product or record.product == product)
        if dose and record.took_place:
            free = next((dates for dates in found if np.isnat(dates[column])), None)
            if free is None:
                found.append(free := np.full(len(schedule), NO_DATE))
            free[column] = np.datetime64(record.date, "D")
    return found


def _after_events(schedule: Schedule, segment: Segment, product: str) -> Iterator[Dates]:
    """(n,) each: the last days of doses that hang on events in the same period."""
    for i, visit in enumerate(schedule.visits):
        other = schedule.segments[schedule.segment_of[i]]
        if other.event and other.period == segment.period and any(not product or give.product == product for give in visit.gives):
            yield schedule.through(i, np.where(schedule.dose_cancelled(i), NO_DATE, schedule.dates(i)))


def given_after_hold(schedule: Schedule, p: int, column: int) -> list[tuple[GapRule, np.datetime64, np.datetime64]]:
    """The doses of a part that a subject was given after a gap that asks for a decision: the rule, the dose before, the dose."""
    segment, found = schedule.segments[p], []
    holds = [rule for rule in schedule.disposition.periods[segment.period].gap_rules if rule.then == "hold"]
    if not holds or schedule.visit_records is None:
        return []
    before = segment.first[column] if segment.run else NO_DATE
    for i, visit in enumerate(schedule.visits):
        mine = visit.gives and (not holds[0].product or any(give.product == holds[0].product for give in visit.gives))
        mine = mine and schedule.segment_of[i] == p and bool(schedule.visit_records.had(i, holds[0].product)[column])
        if mine and not np.isnat(actual := schedule.visit_records.actual[i, column]):
            rules = schedule.disposition.periods[segment.period].gap_rules
            over = [rule for rule in rules if actual > shift(np.array([before]), rule.beyond)[0]]
            found += [(over[-1], before, actual)] if over and over[-1].then == "hold" else []
            before = schedule.through(i, schedule.visit_records.actual[i])[column]
    return found


def _apply(
    schedule: Schedule, segment: Segment, rules: tuple[GapRule, ...], gap: _Gap, stands: NDArray[np.bool_], until: dt.date | None,
    at_least: dt.date | None,
) -> list[Segment]:  # fmt: skip
    """`stands`: (n,) whether the dose after the gap keeps its name."""
    nobody = np.full(len(schedule), NO_DATE)
    day_before = shift(gap.date, Offset(-1))
    limits, waits = list(segment.limits), list(segment.waits)
    ends = np.isin(gap.rule, [r for r, rule in enumerate(rules) if rule.then != "hold"])
    only_doses = np.isin(gap.rule, [r for r, rule in enumerate(rules) if rule.then == "stop"])
    again = np.isin(gap.rule, [r for r, rule in enumerate(rules) if rule.then == "restart"])
    cut = np.where(ends, gap.visit + stands, np.iinfo(np.int64).max)
    dates = _as_recorded(schedule, segment, np.where(again, gap.date, nobody), rules, gap.rule) if again.any() else nobody
    for r, rule in enumerate(rules):
        mine = gap.rule == r
        if not mine.any():
            continue
        date, last = np.where(mine, gap.date, nobody), np.where(mine, day_before, nobody)
        cause = f"{GAP} of {rule.of} between doses ({rule.what})"
        if rule.then == "hold":
            waits.append(Limit(segment.period, True, last, cause, date))
        elif rule.then == "stop":
            limits.append(Limit(segment.period, True, last, cause, date))
        else:
            over = np.where(mine & stands, gap.date, last)
            limits.append(Limit(segment.period, False, over, cause, np.where(mine, dates, nobody)))
    ended = dataclasses.replace(segment, limits=tuple(limits), waits=tuple(waits), cut=cut, cut_doses=only_doses)
    if not again.any():
        return [ended]
    skipped = np.array([rule.at.offset.days if rule.at is not None else 0 for rule in rules], dtype=np.int64)
    days = np.where(again, skipped[gap.rule], 0)
    anchor = dates - days.astype("timedelta64[D]")
    restart = Restart(rules, np.where(again, gap.rule, np.int8(-1)).astype(np.int8), np.where(again, gap.before, nobody), days)
    period = schedule.disposition.periods[segment.period]
    anew = Segment(
        segment.period, segment.run + 1, anchor, open_end(period, anchor, until, at_least), segment.limits, segment.waits,
        restart=restart,
    )  # fmt: skip
    return [ended, anew]
