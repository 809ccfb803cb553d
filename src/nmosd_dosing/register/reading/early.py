"""Who comes early: the persons of whom the first days are told, found without reading everybody.

A day is looked for in all that was ever written of a person, also in what was corrected or withdrawn: so it may be earlier than what
holds, and never later. Where a content was taken out its day counts as the earliest of all.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connections

from nmosd_dosing.register.database.store import Store
from nmosd_dosing.register.migrations._days import day_of
from nmosd_dosing.study.events import OF_SCREENING


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
