"""What holds: the rows that nothing replaces, now or as they were known; and the tables that they are."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from nmosd_dosing.register.database import blanking, chain
from nmosd_dosing.register.database.store import Store
from nmosd_dosing.register.models import Content, Entry

_NO_ROWS = ("withdraw", "blank", "open")  # what is neither, nor a row, was put in by hand, and is not passed over
_ASKED_AT_ONCE = 20_000  # persons that one question names


class Fact(NamedTuple):
    """A row that holds: its entry's number, whose it is, where, and its cells by our names of columns; None once they were taken out."""

    seq: int
    person: int | None
    site: str | None
    cells: Mapping[str, str] | None


def holding(
    store: Store, what: str, *, known: int | None = None, persons: Collection[int] | None = None,
    sites: Collection[str | None] | None = None,
) -> list[Fact]:  # fmt: skip
    """The rows of a table that hold, by person and in the order in which they were written.

    `known`: as it was when that entry was the last. `persons`, `sites`: only their rows; None among sites is no site.
    """
    rows = _holding(store, what, known)
    if sites is not None:
        somewhere = Q(site__in=[site for site in sites if site is not None])
        rows = rows.filter(somewhere | Q(site=None) if None in sites else somewhere)
        if persons is None:  # put into their order here: SQLite would look through everybody for it
            return sorted(_facts(store, rows.order_by()), key=lambda fact: (fact.person or 0, fact.seq))
    if persons is None:
        return list(_facts(store, rows))
    asked = sorted(persons)
    parts = (asked[begin : begin + _ASKED_AT_ONCE] for begin in range(0, len(asked), _ASKED_AT_ONCE))
    return [fact for part in parts for fact in _facts(store, rows.filter(person__in=part))]


def as_written(store: Store, what: str, known: int | None = None) -> list[Fact]:
    """The rows that hold of a table by which everybody is planned, each compared with its digest. Raises Damaged."""
    if (changed := store.first_changed((what,))) is not None:
        raise chain.Damaged(store.number(changed))
    return holding(store, what, known=known)


def of_code(store: Store, code: str, *, known: int | None = None) -> Fact | None:
    """The row of the subject who has a code, letter by letter; None where nobody has it."""
    written = f'"subject":{json.dumps(code, ensure_ascii=False)}'
    entries = list(Content.objects.using(store.alias).filter(cells__contains=written).values_list("entry", flat=True))
    parts = (entries[begin : begin + _ASKED_AT_ONCE] for begin in range(0, len(entries), _ASKED_AT_ONCE))
    found = (fact for part in parts for fact in _facts(store, _holding(store, "subjects", known).filter(seq__in=part)))
    return next((fact for fact in found if fact.cells is not None and fact.cells["subject"] == code), None)


def _holding(store: Store, what: str, known: int | None) -> QuerySet[Entry]:
    later = Entry.objects.using(store.alias).filter(replaces=OuterRef("seq"), seq__gt=OuterRef("seq"))
    rows = Entry.objects.using(store.alias).filter(what=what).exclude(action__in=_NO_ROWS)
    if known is not None:
        later, rows = later.filter(seq__lte=known), rows.filter(seq__lte=known)
    return rows.filter(~Exists(later)).order_by("person", "seq")


def _facts(store: Store, rows: QuerySet[Entry]) -> Iterator[Fact]:
    cells = Content.objects.using(store.alias).filter(entry=OuterRef("seq")).values("cells")[:1]
    for seq, action, person, site, text in rows.annotate(cells=cells).values_list("seq", "action", "person", "site", "cells"):
        number = store.number(seq)
        chain.read_whose(seq, person, site, number)
        if action not in chain.ROWS:
            raise chain.Damaged(number)
        if text is None and not Entry.objects.using(store.alias).filter(action="blank", of=seq).exists():
            raise chain.Damaged(number)  # a row has cells, until somebody takes them out
        yield Fact(seq, person, site, chain.read_cells(text, number) if text is not None else blanking.content(store, seq).cells)


def fact(store: Store, seq: int, known: int | None = None) -> tuple[Mapping[str, Any], Mapping[str, str] | None] | None:
    """An entry by its number, and its cells; None where there is none."""
    entry = Entry.objects.using(store.alias).filter(seq=seq).values().first()
    if entry is None or (known is not None and seq > known):
        return None
    chain.read_entry(entry, store.number(seq))
    return entry, blanking.content(store, seq).cells


def replaced_by(store: Store, seq: int) -> Mapping[str, Any] | None:
    """The entry that replaces one; None where it holds."""
    return Entry.objects.using(store.alias).filter(replaces=seq, seq__gt=seq).values().first()


def corrections(store: Store, person: int) -> dict[int, int]:
    """How often each row of a person was corrected, by its entry's number. Raises Damaged where one replaces what is none of that person
    before it."""
    found: dict[int, int] = {}
    rows = Entry.objects.using(store.alias).filter(person=person, action__in=chain.ROWS).order_by("seq")
    for seq, replaces in rows.values_list("seq", "replaces"):
        if replaces is not None and replaces not in found:
            raise chain.Damaged(store.number(seq))
        found[seq] = found[replaces] + 1 if replaces is not None else 0
    return found


def site_of(store: Store, person: int) -> str | None:
    """At which site a subject is; of one who was withdrawn, where it was last."""
    return _places(store).filter(person=person).values_list("site", flat=True).last()


def sites(store: Store) -> dict[int, str | None]:
    """At which site each subject is; of those who were withdrawn, where they were last."""
    return {person: site for person, site in _places(store).values_list("person", "site") if person is not None}


def subjects_since(store: Store, seen: int) -> dict[int | None, int]:
    """Which subjects' own rows were written, corrected or withdrawn since an entry, and the number of the last entry of each."""
    later = Entry.objects.using(store.alias).filter(what="subjects", seq__gt=seen).order_by("seq")
    return dict(later.values_list("person", "seq"))


def at_sites(store: Store) -> dict[str | None, int]:
    """How many subjects there are at each site, and, under None, at no site."""
    return dict(_holding(store, "subjects", None).order_by("site").values_list("site").annotate(Count("seq")))


def _places(store: Store) -> QuerySet[Entry]:
    return Entry.objects.using(store.alias).filter(what="subjects", action__in=chain.ROWS).order_by("seq")
