"""Whether a store is as it was written: its chain, its contents, and the guards that keep both from being changed.

What is looked at are the two tables of the trail, entries and contents, and the triggers on them. The table of accounts, which has
passwords, and Django's own table of migrations are no part of the chain: a role, a site, and whether an account is active stand in the
trail, so nobody gets a right by an edit there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connections

from nmosd_dosing.register import chain
from nmosd_dosing.register.chain import Head
from nmosd_dosing.register.migrations import _guards
from nmosd_dosing.register.models import Content, Entry
from nmosd_dosing.register.store import Store, TakenOut

_TOLD = 1000  # entries between two words on how far it is


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a trail holds: how many entries it has and the last one; else the first number that does not fit, None where it is a guard,
    and why."""

    entries: int
    head: Head
    seq: int | None = None
    why: str | None = None

    @property
    def holds(self) -> bool:
        """Whether all fits."""
        return self.why is None


def verify(store: Store, kept: Head | None = None, told: Callable[[int], None] | None = None) -> Verdict:
    """What is found of a store's trail. `kept`: a number and hash that were kept elsewhere; `told`: is told how many entries are done."""
    head = store.head()
    counted = _Counted(store.entries(), told)
    wrong = chain.first_wrong(counted, TakenOut(store.alias), kept)
    if wrong is not None:
        return Verdict(counted.done, head, wrong.seq, wrong.message)
    stray = _without_entry(store)
    if stray is not None:
        return Verdict(counted.done, head, stray, "has a content, and no entry")
    missing = _guards.missing(connections[store.alias])
    if missing:
        return Verdict(counted.done, head, None, f"the entries fit, and what guards them is gone or was changed: {', '.join(missing)}")
    return Verdict(counted.done, head)


class _Counted:
    """Entries, counted as they pass."""

    def __init__(self, entries: Iterable[dict[str, Any]], told: Callable[[int], None] | None) -> None:
        self._entries, self._told, self.done = entries, told, 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for entry in self._entries:
            yield entry
            self.done += 1
            if self._told is not None and self.done % _TOLD == 0:
                self._told(self.done)


def _without_entry(store: Store) -> int | None:
    """The first content that belongs to no entry."""
    entries = Entry.objects.using(store.alias).values("seq")
    found = Content.objects.using(store.alias).exclude(entry__in=entries).order_by("entry").values_list("entry", flat=True).first()
    return int(found) if found is not None else None
