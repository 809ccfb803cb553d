"""The stop of a study that is counted over everybody whom a register has, for whoever sees or asks for some of them.

Only those are read who may decide: the first ones, as many as a rule counts, and so many more that nobody else can come before them. Who
comes early is found without reading everybody: a day is looked for in all that was ever written of a person, also in what was corrected or
withdrawn; so it may be earlier than what holds, and never later. Where a content was taken out its day counts as the earliest of all.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.db import connections

from nmosd_dosing.days import days_past, to_date
from nmosd_dosing.plans.request import Request
from nmosd_dosing.register.database import facts
from nmosd_dosing.register.database.facts import Fact
from nmosd_dosing.register.database.store import Store
from nmosd_dosing.register.migrations._days import day_of
from nmosd_dosing.register.reading import readers, tables
from nmosd_dosing.register.reading.tables import Known
from nmosd_dosing.register.register import Register
from nmosd_dosing.schedule.expansion import stopped
from nmosd_dosing.study.events import OF_SCREENING
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

    A rule counts the days of persons, each at the earliest on the first day that is told of the person. So it is decided once
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
    return first_events(register.facts, rule.name, count) if rule.kind == "count" else first_days(register.facts, count)


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


# --- who comes early ----------------------------------------------------------------------------------------------------


class Early(NamedTuple):
    """Some persons, and a day before which nobody else has any, None where none can be told; `everybody`: there is nobody else."""

    persons: frozenset[int]
    until: dt.date | None
    everybody: bool


def first_days(store: Store, count: int) -> Early:
    """At least so many persons, if there are, who come first by `start`, or by the day of a visit that is recorded or booked."""
    rows, question = count, in_order_of_days(store)
    while True:
        found = _rows(store, question, rows)
        persons, everybody = frozenset(person for person, _ in found if person is not None), len(found) < rows
        if everybody or len(persons) >= count:
            return Early(persons, _day(found[-1][1]) if found else None, everybody)
        rows *= 2


def in_order_of_days(store: Store) -> str:
    """The question for so many contents, the earliest ones: each its day, and the person where it is of a subject's row or a visit."""
    day = day_of(connections[store.alias])
    whose = "SELECT person FROM register_entry WHERE seq = entry AND what IN ('subjects', 'visits')"
    return f"SELECT ({whose}), {day} FROM register_content WHERE {day} IS NOT NULL ORDER BY {day} LIMIT %s"  # noqa: S608


def first_events(store: Store, event: str, count: int) -> Early:
    """So many persons, if there are, who come first by a day of an event."""
    tables = "'events', 'subjects'" if event in OF_SCREENING else "'events'"  # days of screening are columns, too
    day = day_of(connections[store.alias], "date", event)
    found = _rows(
        store,
        f"SELECT person, min(coalesce({day}, '')) FROM register_entry JOIN register_content ON entry = seq "  # noqa: S608
        f"WHERE what IN ({tables}) AND (salt IS NULL OR cells LIKE %s) GROUP BY person ORDER BY 2, 1 LIMIT {count + 1:d}",
        f"%{json.dumps(event)}%",
    )
    some = found[:count]
    return Early(frozenset(person for person, _ in some), _day(some[-1][1]) if some else None, len(some) == len(found))


def _rows(store: Store, question: str, value: int | str) -> Sequence[tuple[Any, ...]]:
    with connections[store.alias].cursor() as cursor:
        cursor.execute(question, [value])
        found: Sequence[tuple[Any, ...]] = cursor.fetchall()
    return found


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
