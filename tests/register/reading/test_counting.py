"""Who comes early is found by the first day that was ever told of a person; what was taken out may have been any day."""

from __future__ import annotations

import datetime as dt

from django.db import connections

from nmosd_dosing.register.database import blanking
from nmosd_dosing.register.database.store import Act, Author, Store
from nmosd_dosing.register.migrations._days import INDEX
from nmosd_dosing.register.reading import counting
from nmosd_dosing.register.register import Register
from tests.kit.written import NOW

WEI = Author("wei", "coordinator")


def person(store: Store, code: str, **cells: str) -> int:
    """A new subject; the number."""
    return store.write([Act("enter", "subjects", {"subject": code, **cells}, newcomer=code)], WEI, NOW)[0]


def row(store: Store, table: str, number: int, **cells: str) -> int:
    """A row of a subject; its number."""
    return store.write([Act("enter", table, {"subject": "whose", **cells}, person=number)], WEI, NOW)[0]


def take_out(store: Store, number: int, seq: int) -> None:
    """The comment of a row."""
    store.write([*blanking.acts(store, number, seq, "comment", "a name").values()], WEI, NOW)


def of(*persons: int, until: str | None, everybody: bool = False) -> counting.Early:
    return counting.Early(frozenset(persons), dt.date.fromisoformat(until) if until else None, everybody)


def test_first_days_are_those_of_a_planned_start_or_of_a_visit(nothing: Register) -> None:
    store = nothing.facts
    assert counting.first_days(store, 1) == of(until=None, everybody=True)
    a, b, c = (person(store, code, start=f"2025-0{month}-01") for code, month in (("a", 1), ("b", 2), ("c", 3)))
    waits = person(store, "d", screened="2024-12-01", comment='"date":"2024-01-01"')
    assert counting.first_days(store, 1) == of(a, until="2025-01-01")
    assert counting.first_days(store, 2) == of(a, b, until="2025-02-01")
    assert counting.first_days(store, 3) == of(a, b, c, until="2025-03-01")
    assert counting.first_days(store, 4) == of(a, b, c, until="2025-03-01", everybody=True)
    row(store, "events", c, event="relapse", date="2024-06-01")
    seen = row(store, "visits", c, visit="D1", date="2024-12-31")
    assert counting.first_days(store, 1)[0] == {c}
    store.write([Act("withdraw", "visits", None, "another's", c, replaces=seen)], WEI, NOW)
    assert counting.first_days(store, 1)[0] == {c}, "it was told once"
    row(store, "visits", waits, visit="D1", date="2024-12-30", comment="Zhang")
    assert counting.first_days(store, 2) == of(waits, c, a, until="2025-01-01"), "at least so many"


def test_a_row_of_which_a_text_was_taken_out_comes_first_whatever_its_day(nothing: Register) -> None:
    store = nothing.facts
    a, b = person(store, "a", start="2025-01-01"), person(store, "b", start="2025-02-01", comment="Zhang")
    take_out(store, b, b)
    assert counting.first_days(store, 1) == of(b, until=None)
    confirmed = [row(store, "events", whose, event="relapse_confirmed", date="2025-05-01", comment="Zhang") for whose in (a, b)]
    assert counting.first_events(store, "relapse_confirmed", 1) == of(a, until="2025-05-01")
    take_out(store, b, confirmed[1])
    assert counting.first_events(store, "relapse_confirmed", 1) == of(b, until=None)
    assert counting.first_events(store, "relapse_confirmed", 2) == of(a, b, until="2025-05-01", everybody=True)


def test_first_events_are_those_of_the_table_and_of_screening_also_of_the_column(nothing: Register) -> None:
    store = nothing.facts
    a, b = person(store, "a", start="2025-01-01", randomised="2024-12-30"), person(store, "b", start="2025-02-01")
    row(store, "events", b, event="randomised", date="2024-12-29")
    row(store, "events", a, event="relapse", date="2025-04-01", comment="relapse_confirmed")
    assert counting.first_events(store, "randomised", 1) == of(b, until="2024-12-29")
    assert counting.first_events(store, "randomised", 2) == of(a, b, until="2024-12-30", everybody=True)
    assert counting.first_events(store, "relapse", 5) == of(a, until="2025-04-01", everybody=True)
    assert counting.first_events(store, "escalated", 5) == of(until=None, everybody=True)


def test_first_days_are_found_by_their_index(nothing: Register) -> None:
    connection = connections[nothing.facts.alias]
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET enable_seqscan = off")  # of so few rows it would look through all
        cursor.execute(f"{explain} {counting.in_order_of_days(nothing.facts)}", [5])
        assert INDEX in str(cursor.fetchall())
