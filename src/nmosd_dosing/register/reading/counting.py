"""The stop of a study that is counted over everybody whom a register has, for whoever sees or asks for some of them.

Only those are read who may decide: the first ones, as many as a rule counts, and so many more that nobody else can come before them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from nmosd_dosing.days import days_past, to_date
from nmosd_dosing.plans.request import Request
from nmosd_dosing.register.database import facts
from nmosd_dosing.register.database.facts import Fact
from nmosd_dosing.register.reading import early, readers, tables
from nmosd_dosing.register.reading.early import Early
from nmosd_dosing.register.reading.tables import Known
from nmosd_dosing.register.register import Register
from nmosd_dosing.schedule.expansion import stopped
from nmosd_dosing.study.model import Study, Trigger
from nmosd_dosing.study.period_order import way
from nmosd_dosing.subjects import history

Counted = tuple[tuple[str, dt.date | None], ...]  # by the text of a rule of the study's stop, its day; None before it has one
_MORE = 16  # persons beside those that a rule counts, with whom it is mostly decided


def rules(study: Study) -> tuple[Trigger, ...]:
    """The rules of a study's stop that count subjects."""
    return tuple(t for t in study.stop.earliest_of if t.kind in ("subject", "count")) if study.stop is not None else ()


def over_everybody(study: Study, register: Register, known: Known | None, as_of: dt.date, more: int = _MORE) -> Counted:
    """The days of the rules that count subjects, as they are counted over everybody. `more`: how many persons are read at first beside
    those that a rule counts. Raises InputError where what the register holds of them contradicts itself.

    A rule counts the days of persons, each at the earliest on the first day that is told of the person (`early`). So it is decided once
    the day that it finds among those who are read is not after the first day of anybody else.
    """
    counting = rules(study)
    while True:
        first = [_first(rule, register, rule.count + more) for rule in counting]
        persons = frozenset(person for those in first for person in those.persons)
        people = facts.holding(register.facts, "subjects", known=known.facts if known is not None else None, persons=persons)
        there = [fact for fact in people if fact.cells is not None]  # whether none is missing was asked where somebody was read
        held = tables.held(register, ("subjects", "events", "visits"), tables.Whose(known, persons=persons), there)
        days = counts(study, held, as_of)
        if all(_is_decided(rule, those, day) for rule, those, (_, day) in zip(counting, first, days, strict=True)):
            return days
        more = 2 * more + max(rule.count for rule in counting)


def _first(rule: Trigger, register: Register, count: int) -> Early:
    return early.first_events(register.facts, rule.name, count) if rule.kind == "count" else early.first_days(register.facts, count)


def _is_decided(rule: Trigger, those: Early, day: dt.date | None) -> bool:
    return those.everybody or (day is not None and those.until is not None and days_past(day, those.until, rule.plus) <= 0)


def counts(study: Study, held: Mapping[str, Sequence[Fact]], as_of: dt.date) -> Counted:
    """The days of the rules that count subjects, counted over those of some tables."""
    found, _ = readers.subjects(study, way(study), held)
    if not found:
        return tuple((rule.text, None) for rule in rules(study))
    request = Request(study, subjects=history.booked_by(found, as_of)).begun().known_by(as_of)[0]
    days = dict(stopped(study, request.cohort).rules)
    return tuple((rule.text, to_date(days[rule.text][0])) for rule in rules(study))
