"""Whether a store is as it was written: its chain, its contents, the passwords, and the tables and guards that keep all from being changed.

Django's own table of migrations is no part of it: whoever edits that list keeps the register from being opened, and changes nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db import connections
from django.db.models import QuerySet
from msgspec import Struct

from nmosd_dosing.register.accounts import with_another_password
from nmosd_dosing.register.database import chain, shape
from nmosd_dosing.register.database.chain import Head
from nmosd_dosing.register.database.store import MOST, Store, TakenOut
from nmosd_dosing.register.migrations import _guards
from nmosd_dosing.register.models import Content, Entry

_TOLD = 1000  # entries between two words on how far it is


class Verdict(Struct, frozen=True):
    """Whether a trail holds: how many entries it has and the last one; else the first number that does not fit, None where it is a guard,
    and why. `earlier`: how many entries have an earlier time than the one before, and the number of the first: a clock was set back, or
    two wrote at once. That is no edit by hand."""

    entries: int
    head: Head
    seq: int | None = None
    why: str | None = None
    earlier: tuple[int, int | None] = (0, None)

    @property
    def holds(self) -> bool:
        """Whether all fits."""
        return self.why is None


def verify(store: Store, kept: Head | None = None, told: Callable[[int], None] | None = None) -> Verdict:
    """What is found of a store's trail. `kept`: a number and hash that were kept elsewhere; `told`: is told how many entries are done."""
    with store.reading():
        head = store.head()
        counted = _Counted(store.entries(), told)
        wrong = chain.first_wrong(counted, TakenOut(store.alias), kept)
        seq, why = wrong if wrong is not None else _beside_the_chain(store)
        return Verdict(counted.done, head, seq, why, (counted.earlier, counted.first_earlier))


def _beside_the_chain(store: Store) -> tuple[int | None, str | None]:
    """What is wrong of a store whose chain holds."""
    if (stray := _without_entry(store)) is not None:
        return stray, "has a content, and no entry"
    if strange := [f"a row of {rows.model._meta.db_table} without a number" for rows in _without_number(store) if rows.exists()]:
        return None, f"the entries fit, and there is {', '.join(strange)}"
    if missing := [*_guards.missing(connections[store.alias]), *shape.differences(store)]:
        return None, f"the entries fit, and what guards them is gone or was changed: {', '.join(missing)}"
    if accounts := with_another_password(store):
        return None, f"the entries fit, and these accounts have another password than they were given: {', '.join(accounts)}"
    return None, None


class _Counted:
    """Entries, counted as they pass."""

    def __init__(self, entries: Iterable[dict[str, Any]], told: Callable[[int], None] | None) -> None:
        self._entries, self._told, self.done = entries, told, 0
        self.earlier, self.first_earlier, self._at = 0, None, ""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for entry in self._entries:
            yield entry
            self.done += 1
            at = str(entry["at"])
            if at < self._at:
                self.earlier += 1
                self.first_earlier = self.first_earlier or entry["seq"]
            self._at = at
            if self._told is not None and self.done % _TOLD == 0:
                self._told(self.done)


def _without_number(store: Store) -> list[QuerySet[Any]]:
    """Rows that have no number: SQLite takes a text there, too."""
    entries, contents = Entry.objects.using(store.alias), Content.objects.using(store.alias)
    return [entries.exclude(seq__lte=MOST), contents.exclude(entry__lte=MOST)]


def _without_entry(store: Store) -> int | None:
    """The first content that belongs to no entry."""
    entries = Entry.objects.using(store.alias).values("seq")
    contents = Content.objects.using(store.alias).filter(entry__lte=MOST).order_by("entry")
    found = contents.exclude(entry__in=entries).values_list("entry", flat=True).first()
    return int(found) if found is not None else None
