"""The chain of a store's trail: what is hashed, and how an edit by hand is found.

Each entry holds the hash of the one before. What a person typed goes into it as a digest only, so that a text can be taken out and the
chain still holds. It makes an edit evident, and does not prevent one: whoever rewrites everything after it, or takes the last entries
away, is found by the number and the hash that somebody has kept elsewhere (`dosing register head`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

FIRST = "0" * 64  # what the first entry has in the place of the hash before
FIELDS = (
    "seq", "at", "zone", "account", "role", "action", "what", "person", "site", "replaces", "of", "request", "digest", "previous",
)  # fmt: skip


class Head(NamedTuple):
    """The last entry's number and hash."""

    seq: int
    hash: str


class Wrong(NamedTuple):
    """The first entry that does not fit, and why."""

    seq: int
    message: str


def canonical(value: object) -> str:
    """JSON, written in one way: keys in order, nothing between signs, every sign of a text as it is."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=repr)  # bytes are an edit by hand, too


def digest(cells: str | None, reason: str | None, salt: str) -> str:
    """SHA-256 of a content, in hexadecimal."""
    return hashlib.sha256(canonical([salt, cells, reason]).encode()).hexdigest()


def hashed(entry: Mapping[str, Any]) -> str:
    """SHA-256 of an entry with the hash of the one before, in hexadecimal."""
    return hashlib.sha256(canonical([entry[name] for name in FIELDS]).encode()).hexdigest()


def first_wrong(entries: Iterable[Mapping[str, Any]], taken_out: Container[int], head: Head | None = None) -> Wrong | None:
    """The first entry of a trail that does not fit; None where the chain holds.

    `entries`: in the order of their numbers, each with its content (`cells`, `reason`, `salt`, and `is_there`). `taken_out`: of which
    entries the content was taken out, as the trail says. `head`: the number and hash that were kept elsewhere.
    """
    previous, expected, kept = FIRST, 1, False
    replaced: dict[int, int] = {}
    for entry in entries:
        seq = entry["seq"]
        if seq != expected:
            return Wrong(expected, "is missing")
        if entry["previous"] != previous:
            return Wrong(seq, "does not follow the one before: that, or this, was changed")
        if hashed(entry) != entry["hash"]:
            return Wrong(seq, "was changed")
        if not entry["is_there"]:
            return Wrong(seq, "has lost its content")
        if entry["salt"] is None:
            if entry["cells"] is not None or entry["reason"] is not None or seq not in taken_out:
                return Wrong(seq, "has a content that was taken out, and no entry says by whom")
        elif digest(entry["cells"], entry["reason"], entry["salt"]) != entry["digest"]:
            return Wrong(seq, "has another content than was written")
        if (other := entry["replaces"]) is not None and (other >= seq or replaced.setdefault(other, seq) != seq):
            return Wrong(seq, f"replaces number {other}, which {'comes later' if other >= seq else 'another one has replaced'}")
        previous, expected = entry["hash"], seq + 1
        if head is not None and seq == head.seq:
            if previous != head.hash:
                return Wrong(seq, "is not the one that was kept elsewhere")
            kept = True
    if head is not None and not kept:
        return Wrong(expected, f"is missing: number {head.seq} was kept elsewhere")
    return None


def linked(entries: Iterable[dict[str, Any]], head: Head) -> Iterator[dict[str, Any]]:
    """Entries with their numbers, and their places in the chain behind a head."""
    for entry in entries:
        entry["seq"], entry["previous"] = head.seq + 1, head.hash
        entry["hash"] = hashed(entry)
        head = Head(entry["seq"], entry["hash"])
        yield entry
