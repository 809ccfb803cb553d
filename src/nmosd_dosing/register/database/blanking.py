"""Texts that should never have been written: the whole content of an entry goes, and what remains of it stands in the entry that took it
out. So nothing else is lost, and the chain, which holds digests only, still fits.

The content of such an entry has three cells: `taken_out` (which cell; `the reason` for the reason that was given), `cells` (what remains,
as JSON) and `reason` (that of the entry from which it was taken, unless it is the one that was taken out).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from nmosd_dosing.register.database import chain
from nmosd_dosing.register.database.chain import Damaged
from nmosd_dosing.register.database.store import Act, Store
from nmosd_dosing.register.models import Content, Entry

TAKEN_OUT = "taken_out"  # the cell that says which text was
REASON = "the reason"  # what it says where that is no cell


class Said(NamedTuple):
    """The cells and the reason of an entry; None where there are none, or where they were taken out and nothing remains."""

    cells: dict[str, str] | None
    reason: str | None


def said(cells: str | None, reason: str | None, number: str) -> Said:
    """What stands in a content of an entry. Raises Damaged where it cannot be read."""
    if reason is not None and not chain.is_text(reason):
        raise Damaged(number)
    return Said(chain.read_cells(cells, number), reason)


class _Held(NamedTuple):
    """Where the content of an entry is now: in that entry, or in one that took something out of it, so many deep."""

    seq: int
    said: Said
    depth: int


def content(store: Store, seq: int) -> Said:
    """What a person said at an entry, as far as it was not taken out."""
    held = _held(store, seq)
    found = held.said
    for _ in range(held.depth):
        cells = found.cells or {}
        found = said(cells["cells"], cells.get("reason"), store.number(held.seq)) if "cells" in cells else Said(None, None)
    return found


def acts(store: Store, person: int, seq: int, cell: str | None, reason: str) -> dict[int, Act]:
    """The acts that take a text out of a row, and out of all rows that had it in the same cell before or after; of a subject's code out of
    all rows of the subject; by the rows' numbers. `cell`: None for the reason that was given. Nothing where there is no such text."""
    text = _text(store, seq, cell)
    found: dict[int, Act] = {}
    if text is None:
        return found
    for row in _lineage(store, person, seq) if cell != "subject" else _rows_of(store, person):
        if _text(store, row["seq"], cell) == text and (cell is not None or row["seq"] == seq):
            held = _held(store, row["seq"])
            cells, given = _without(held.said, held.depth, cell)
            remains = {TAKEN_OUT: cell or REASON} | ({"cells": chain.canonical(cells)} if cells is not None else {})
            remains |= {"reason": given} if given is not None else {}
            found[row["seq"]] = Act("blank", row["what"], remains, reason, person, site=row["site"], of=held.seq)
    return found


def row_of(store: Store, seq: int) -> int:
    """The row of which an entry took a text out, perhaps after another one had."""
    entries = Entry.objects.using(store.alias)
    while (of := entries.filter(seq=seq, action="blank", of__lt=seq).values_list("of", flat=True).first()) is not None:
        seq = of
    return seq


def _rows_of(store: Store, person: int) -> Iterator[Mapping[str, Any]]:
    for row in Entry.objects.using(store.alias).filter(person=person).exclude(action="blank").order_by("seq").values():
        chain.read_entry(row, store.number(row["seq"]))
        yield row


def _lineage(store: Store, person: int, seq: int) -> list[Mapping[str, Any]]:
    """The entries that stood in the place of an entry, before and after it."""
    rows = {row["seq"]: row for row in _rows_of(store, person)}
    after = {row["replaces"]: row for row in rows.values() if row["replaces"] is not None}
    first = rows[seq]
    while (before := rows.get(first["replaces"])) is not None:
        first = before
    found = [first]
    while (later := after.get(found[-1]["seq"])) is not None:
        found.append(later)
    return found


def _text(store: Store, seq: int, cell: str | None) -> str | None:
    said = content(store, seq)
    return said.reason if cell is None else (said.cells or {}).get(cell)


def _held(store: Store, seq: int) -> _Held:
    contents, entries = Content.objects.using(store.alias), Entry.objects.using(store.alias)
    for depth in itertools.count():
        cells, reason, salt = contents.filter(entry=seq).values_list("cells", "reason", "salt").first() or (None, None, None)
        if salt is not None:
            return _Held(seq, said(cells, reason, store.number(seq)), depth)
        later = entries.filter(action="blank", of=seq, seq__gt=seq).order_by("-seq").values_list("seq", flat=True).first()
        if later is None:  # its content is gone, and nobody took it out
            raise Damaged(store.number(seq))
        seq = later
    raise AssertionError(seq)


def _without(said: Said, depth: int, cell: str | None) -> Said:
    """What remains of a content without a cell, or without the reason, so many contents deep."""
    if not depth:
        if cell is None:
            return Said(said.cells, None)
        return Said({name: text for name, text in (said.cells or {}).items() if name != cell}, said.reason)
    cells = said.cells or {}
    inner = _without(Said(json.loads(cells["cells"]) if "cells" in cells else None, cells.get("reason")), depth - 1, cell)
    rest = {TAKEN_OUT: cells[TAKEN_OUT]} | ({"cells": chain.canonical(inner.cells)} if inner.cells is not None else {})
    return Said(rest | ({"reason": inner.reason} if inner.reason is not None else {}), said.reason)
