"""A schedule, subject by subject: what its arrays hold of each, as plain values.

An array is asked once, for all subjects; what is said of one of them, which takes far more room, is made when it is the subject's turn.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from nmosd_dosing.days import LAST_DATE, Dates, to_date, to_dates
from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.schedule import subject_schedule as of
from nmosd_dosing.schedule.allowed_days import Opens
from nmosd_dosing.schedule.doses.body_weights import has_later
from nmosd_dosing.schedule.doses.lifetime_caps import lifetimes
from nmosd_dosing.schedule.doses.recorded_doses import read_extra
from nmosd_dosing.schedule.gap_rules import Doses, doses_by_segment
from nmosd_dosing.schedule.gaps import dose_dates, entry_gaps, shortest_planned
from nmosd_dosing.schedule.last_doses import last_doses
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.schedule.segments import Segment
from nmosd_dosing.schedule.subject_schedule import SubjectSchedule, SubjectSegment
from nmosd_dosing.schedule.subject_visits import doses_of, each, visits_of
from nmosd_dosing.study.model import Period
from nmosd_dosing.subjects import triggers
from nmosd_dosing.subjects.cohort import last_days
from nmosd_dosing.subjects.disposition import Limit, Move, MoveStatus
from nmosd_dosing.subjects.entry_checks import needed
from nmosd_dosing.subjects.weight_checks import weight_doubts

_MOVE = {int(status): status for status in MoveStatus}


def by_subject(
    schedule: Schedule, policy: Policy | None = None, *, alone: bool = False, opens: Opens | None = None
) -> Iterator[SubjectSchedule]:  # fmt: skip
    """Each subject's schedule, made one after another in the order of the columns; with vials where `policy` says which are taken. `alone`:
    what the rules of a stop count is told as of a study that has no other subject, so that whoever stands beside one does not show.
    `opens`: as `allowed_days` takes it.

    Raises InputError for dates outside the years 1 to 9999.
    """
    disposition, cohort, study, n = schedule.disposition, schedule.cohort, schedule.study, len(schedule)
    in_plan = schedule.all_in_plan()
    dates = dose_dates(schedule, in_plan)
    doses = doses_by_segment(schedule)
    parts = [_segment(schedule, number, doses.get(number)) for number in range(len(schedule.segments))]
    visits = visits_of(schedule, parts, doses_of(schedule, in_plan, dates, policy), dates, opens)
    stops = _stops(schedule, alone)
    products = tuple(dict.fromkeys((row.give.product, row.give.unit) for row in schedule.rows))
    doubts = weight_doubts(cohort)
    caps = lifetimes(study, cohort)
    events = {name: list(_by_column(to_dates(dates), n)) for name, dates in cohort.events.items()}
    unscheduled, twice = _by_whom(schedule, n)
    last_facts = to_dates(last_days(n, [(column, record) for column, record in cohort.records if record.is_fact]))
    besides: dict[int, list[of.DoseBesides]] = {}
    extras = read_extra(study, [row.give for row in schedule.rows], cohort, schedule.visit_records)
    for extra, day in zip(extras, to_dates(np.array([extra.date for extra in extras], dtype="datetime64[D]")), strict=True):
        if day is not None:
            besides.setdefault(extra.column, []).append(of.DoseBesides(extra.visit, extra.product, day, extra.amount, extra.unit))
    starts, arms, grams, mm = to_dates(cohort.start), cohort.arm.tolist(), cohort.grams.tolist(), cohort.mm.tolist()
    male, years = cohort.male.tolist(), cohort.years.tolist()
    planned = to_dates(cohort.planned_start) if cohort.planned_start is not None else [None] * n
    unanswered, contradicted = triggers.unanswered(cohort).tolist(), triggers.contradicted(cohort).tolist()
    first_doses = to_dates(schedule.first_dose)
    last_ones = [_last_dose(schedule, p) for p in (*range(len(disposition.periods)), None)]
    moves_of, gaps = [_move(schedule, move) for move in disposition.moves], list(_gaps(schedule, dates))
    nouns = (parts, visits, list(_periods(schedule)), moves_of, last_ones, gaps)
    return (
        SubjectSchedule(
            study=study, unblinded=schedule.unblinded, until=to_date(schedule.until) if schedule.until is not None else None,
            code=(cohort.codes[c] or None) if cohort.codes else None, site=cohort.sites[c] if cohort.sites else None, start=starts[c],
            planned_start=planned[c], arm=arms[c], weight_kg=None if math.isnan(grams[c]) else grams[c] / 1000,
            height_cm=None if math.isnan(mm[c]) else mm[c] / 10, sex=None if math.isnan(male[c]) else "M" if male[c] else "F",
            age=None if math.isnan(years[c]) else int(years[c]), products=products, periods=of_periods, segments=segments,
            visits=tuple(filter(None, mine)), moves=moves, stop=stops[c],
            events={name: tuple(filter(None, dates[c])) for name, dates in events.items()}, of_study=cohort.of_study,
            unanswered_decision=unanswered[c], contradicted_decision=contradicted[c], unscheduled=tuple(unscheduled[c]),
            doses_besides=tuple(besides.get(c, ())), twice=tuple(twice[c]), last_recorded=last_facts[c], first_dose=first_doses[c],
            last_doses=last, beyond=int(schedule.beyond[c]), gaps=tuple(filter(None, of_gaps)),
            caps=tuple(of.SubjectCap(x.product, x.limit, float(x.earlier[c]) if c in x.earlier else None) for x in caps),
            later_weights={product.name: has_later(cohort, product.weight, c) for product in study.products},
            weighed=has_later(cohort, None, c), doubts=doubts.get(c, ()),
        )
        for c, segments, mine, of_periods, moves, last, of_gaps in zip(range(n), *(_by_column(rows, n) for rows in nouns), strict=True)
    )  # fmt: skip


def _by_column(rows: Sequence[Iterable[Any]], n: int) -> Iterator[tuple[Any, ...]]:
    """Rows of n subjects' values, as one tuple for each subject."""
    return zip(*rows, strict=True) if rows else repeat((), n)


def _last_dose(schedule: Schedule, period: int | None) -> Iterator[of.LastDose]:
    found = last_doses(schedule, period)
    return map(of.LastDose, each(found.date), each(found.later), each(found.unsure))


def _by_whom(schedule: Schedule, n: int) -> tuple[list[list[Any]], ...]:
    """Two lists for each subject: records of unscheduled visits; and second records of a visit, with its row."""
    unscheduled: list[list[Any]] = [[] for _ in range(n)]
    twice: list[list[Any]] = [[] for _ in range(n)]
    if schedule.visit_records is not None:
        for column, record in schedule.visit_records.extra:
            unscheduled[column].append(record)
        for visit, column, record in schedule.visit_records.twice:
            twice[column].append((visit, record))
    return unscheduled, twice


def _stops(schedule: Schedule, alone: bool) -> list[of.StudyStop]:
    stopped, n = schedule.disposition.stopped, len(schedule)
    rules = triggers.of_each_alone(schedule.study.stop, stopped, schedule.cohort) if alone else stopped.rules
    told = _by_column([[(text, date) for date in to_dates(dates)] for text, dates in rules], n if alone else 1)
    stops = [of.StudyStop(to_date(stopped.date), stopped.by, each) for each in told]
    return stops if alone else stops * n


def _periods(schedule: Schedule) -> Iterator[Iterator[of.SubjectPeriod]]:
    disposition = schedule.disposition
    for p, period in enumerate(disposition.periods):
        first, end, closed = map(each, (disposition.anchor[p], disposition.end[p], disposition.closed[p]))
        last = each(disposition.last_day(p, doses=False))
        yield map(of.SubjectPeriod, repeat(period), first, disposition.projected[p], end, closed, last)


def _move(schedule: Schedule, move: Move) -> Iterator[of.SubjectMove]:
    days = [
        each(dates) for dates in (move.date, move.earliest, move.latest, move.entered, move.undecided, move.kept, move.booked, move.begins)
    ]
    rules = [(None if i < 0 else schedule.disposition.transitions[i]) for i in move.rule.tolist()]
    waiting = [(None if i < 0 else schedule.disposition.transitions[i]) for i in move.waiting.tolist()]
    met = []
    for column, rule in enumerate(rules):
        needs = rule.needs if rule is not None else ()
        found = [needed(schedule.disposition, schedule.cohort, move, rule, need, column) for need in needs] if rule is not None else []
        met.append(tuple(to_date(date) if date is not None else None for date in found))
    statuses = map(_MOVE.__getitem__, move.status.tolist())
    return map(of.SubjectMove, repeat(move.out_of), rules, waiting, statuses, *days, each(move.outside()), met)


def _segment(schedule: Schedule, number: int, doses: Doses | None) -> list[SubjectSegment]:
    """doses: those that rules for gaps look at; None where there are none."""
    segment, n = schedule.segments[number], len(schedule)
    period = schedule.disposition.periods[segment.period]
    columns = zip(
        *map(to_dates, (segment.anchor, day_one(schedule, number), schedule.first_doses[number], schedule.last_doses[number])),
        _limits(segment.limits, n), _limits(segment.waits, n), segment.cut.tolist() if segment.cut is not None else [None] * n,
        _began(segment, n), [tuple(_unchanged(doses, period, c)) if doses is not None else () for c in range(n)],
        [doses.last_given(c) if doses is not None else None for c in range(n)],
        to_dates(np.minimum(segment.open_end, LAST_DATE)), strict=True,
    )  # fmt: skip
    return [SubjectSegment(number, segment.period, segment.hangs_on, segment.run, *values) for values in columns]


def day_one(schedule: Schedule, number: int) -> Dates:
    """(n,) the day from which the days of a segment are numbered: of what hangs on something, day 1 of the period, or of the study."""
    segment = schedule.segments[number]
    if not segment.hangs_on:
        return segment.anchor
    own: Dates = schedule.disposition.anchor[segment.period]
    return np.where(np.isnat(own), own, schedule.start) if schedule.disposition.periods[segment.period].keeps_count else own


def _limits(limits: Sequence[Limit], n: int) -> list[tuple[of.SubjectLimit, ...]]:
    found: list[list[of.SubjectLimit]] = [[] for _ in range(n)]
    for limit in limits:
        for mine, last, date in zip(found, to_dates(limit.last), to_dates(limit.date), strict=True):
            if last is not None:
                mine.append(of.SubjectLimit(last, limit.cause, date, limit.doses_only, limit.period))
    return list(map(tuple, found))


def _began(segment: Segment, n: int) -> list[of.Began | None]:
    if (restart := segment.restart) is None:
        return [None] * n
    columns = zip(restart.rule.tolist(), to_dates(restart.before), to_dates(segment.first), strict=True)
    return [of.Began(restart.rules[rule], before, first) if rule >= 0 else None for rule, before, first in columns]


def _unchanged(doses: Doses, period: Period, column: int) -> Iterator[of.Unchanged]:
    """The gaps for which there is a rule, and that change nothing."""
    for gap in doses.gaps(column, period.gap_rules):
        if gap.acts:
            return
        yield of.Unchanged(gap.rule, gap.before, gap.dose.date, gap.open)


def _gaps(schedule: Schedule, dates: Dates) -> Iterator[list[of.SubjectGap | None]]:
    """The gap of each product at each entry; None for whom there is none."""
    for gap in entry_gaps(schedule, dates):
        period = schedule.disposition.periods[schedule.segments[gap.segment].period].id
        shortest = shortest_planned(schedule, gap.product)
        ids = [schedule.id(schedule.rows[row].visit) for row in gap.last.tolist()]
        columns = zip(to_dates(gap.before), ids, to_dates(gap.first), strict=True)
        yield [of.SubjectGap(period, gap.product, gap.shown, *days, shortest) if None not in days else None for days in columns]
