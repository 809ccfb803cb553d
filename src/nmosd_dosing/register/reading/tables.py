"""The tables that a register holds, as their readers read them: of everybody, of some sites, of one subject; now, or as they were known.

A row of a subject is given out with the code that the subject has; the numbers of entries decide the order of rows, so that every database
gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from nmosd_dosing.errors import InputError, Problem
from nmosd_dosing.register.database import facts
from nmosd_dosing.register.database.facts import Fact
from nmosd_dosing.register.database.store import Act
from nmosd_dosing.register.reading import studies
from nmosd_dosing.register.register import Register
from nmosd_dosing.subjects.tables.written import Row, table_bytes

ARMS = "allocation"
PERIOD = "period"  # a row that says of which period of the study a register is


class Known(NamedTuple):
    """What was known at a moment: the last entry of the facts by then. That of the arms is asked of who may see them."""

    at: dt.datetime
    facts: int


def known(register: Register, at: dt.datetime) -> Known:
    """What was known at a moment, which has a time zone."""
    return Known(at, register.facts.known_at(at))


def known_by(register: Register, seq: int) -> Known:
    """What was known when an entry of the facts was the last. Raises InputError where there is none."""
    found = facts.fact(register.facts, seq)
    if found is None:
        last = register.facts.head().seq
        raise InputError(Problem(f"the register has no entry {seq}", hint=f"the last one is {last}" if last else "it is empty"))
    return Known(dt.datetime.fromisoformat(found[0]["at"]), seq)


class Whose(NamedTuple):
    """Whose rows are read: as they were known, of the subjects who are now of the sites that somebody may see (None: of all), of those only
    the ones at some sites (None: at no site), or one subject, or those on a version of the study; or some persons, by their numbers."""

    known: Known | None = None
    seen: frozenset[str] | None = None
    sites: frozenset[str | None] = frozenset()
    subject: str | None = None
    version: str | None = None
    persons: frozenset[int] | None = None


EVERYBODY = Whose()


def held(
    register: Register, tables: Collection[str], whose: Whose = EVERYBODY, people: Sequence[Fact] | None = None
) -> dict[str, list[Fact]]:  # fmt: skip
    """The rows of some tables, each in the order of its subjects, and of their entries; with the codes that the subjects have. `people`:
    the subjects, where they are read already."""
    people = subjects(register, whose) if people is None else people
    codes = {fact.person: fact.cells["subject"] for fact in people if fact.cells is not None}
    persons = None if whose == Whose(whose.known) else [person for person in codes if person is not None]
    found: dict[str, list[Fact]] = {}
    for table in tables:
        if table == "subjects":
            found[table] = list(people)
            continue
        if table == ARMS:
            store = register.arms_store()
            store.check_complete()
            last = store.known_at(whose.known.at) if whose.known is not None else None
        else:
            store, last = register.facts, _facts(whose)
        there = [fact for fact in facts.holding(store, table, known=last, persons=persons) if fact.cells and fact.person in codes]
        found[table] = [fact._replace(cells={**(fact.cells or {}), "subject": codes[fact.person]}) for fact in there]
    return found


def rows(facts: Sequence[Fact]) -> list[Row]:
    """The rows of a table."""
    return [dict(fact.cells) for fact in facts if fact.cells is not None]


def contents(held: Mapping[str, Sequence[Fact]]) -> dict[str, bytes]:
    """Tables as bytes, in CSV; nothing of a table without rows."""
    return {table: table_bytes(table, rows(mine)) for table, mine in held.items() if mine}


def subjects(register: Register, whose: Whose) -> list[Fact]:
    """The rows of subjects. Where nobody is at one of the sites, or no subject has the code, all are there that may be seen: so whoever
    reads them can say who there is."""
    register.facts.check_complete()
    there = [fact for fact in _subjects(register, whose) if fact.cells is not None]
    if whose.version is None:
        return there
    return [fact for fact in there if studies.version_of(fact.cells or {}) == whose.version]


def _subjects(register: Register, whose: Whose) -> list[Fact]:
    store, last, seen = register.facts, _facts(whose), whose.seen
    if whose.persons is not None:
        return facts.holding(store, "subjects", known=last, persons=whose.persons)
    now = facts.sites(store) if seen is not None and last is not None else None  # whose past somebody sees is told by where they are now

    def seen_of(found: Sequence[Fact]) -> list[Fact]:
        return [f for f in found if seen is None or (f.site if now is None else now.get(f.person or 0)) in seen]

    if whose.subject is not None:
        one = facts.of_code(store, whose.subject, known=last)
        if one is not None and seen_of([one]):
            return [one]
    elif whose.sites and (seen is None or whose.sites <= seen):
        some = seen_of(facts.holding(store, "subjects", known=last, sites=whose.sites))
        if {fact.site for fact in some} == whose.sites:
            return some
    return seen_of(facts.holding(store, "subjects", known=last, sites=seen if now is None else None))


def period(register: Register, known: int | None = None) -> str | None:
    """The one period of the study that the register is about; None where it is about the way through several."""
    found = facts.as_written(register.facts, PERIOD, known)
    return found[-1].cells["period"] if found and found[-1].cells is not None else None


def of_period(name: str) -> list[Act]:
    """What is to be written so that a register is about one period of its study."""
    return [Act("enter", PERIOD, {"period": name})]


def _facts(whose: Whose) -> int | None:
    return whose.known.facts if whose.known is not None else None
