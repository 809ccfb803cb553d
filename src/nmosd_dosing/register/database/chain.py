"""The chain of a store's trail: what is hashed, and how an edit by hand is found.

Each entry holds the hash of the one before. What a person typed goes into it as a digest only, so that a text can be taken out and the
chain still holds. It makes an edit evident, and does not prevent one: whoever rewrites everything after it, or takes the last entries
away, is found by the number and the hash that somebody has kept elsewhere (`dosing register head`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple, get_args

import msgspec

from nmosd_dosing.errors import InputError, Problem, command

ROWS = ("enter", "correct")  # actions by which a row holds, which has cells until somebody takes them out
FIRST = "0" * 64  # what the first entry has in the place of the hash before
FIELDS = (
    "seq", "at", "zone", "account", "role", "action", "what", "person", "site", "replaces", "of", "request", "digest", "previous",
)  # fmt: skip
Action = Literal["enter", "correct", "withdraw", "blank", "open"]
_TEXTS = ("zone", "account", "role", "what", "request", "digest", "previous", "hash")
_NUMBERS = ("person", "replaces", "of")


class Head(NamedTuple):
    """The last entry's number and hash."""

    seq: int
    hash: str


class Wrong(NamedTuple):
    """The first entry that does not fit, and why."""

    seq: int
    message: str


_CELLS = msgspec.json.Decoder(dict[str, str])


class Damaged(InputError):
    """An entry that the register cannot have written: somebody edited the database by hand."""

    def __init__(self, number: str) -> None:
        super().__init__(Problem(
            f"number {number} is not as the register writes it: somebody edited the database by hand",
            hint=f"`{command('register verify')}` names the first that does not fit; take a backup from before, "
            "`dosing register restore FILE`",
        ))  # fmt: skip


class Cells(dict[str, str]):
    """The cells of a row that stands in a database: one that is missing there is missed with the number of the row."""

    def __init__(self, number: str, said: Mapping[str, str]) -> None:
        super().__init__(said)
        self.number = number

    def __missing__(self, name: str) -> str:
        raise Damaged(self.number)


def read_cells(text: str | None, number: str) -> Cells | None:
    """The cells of a content, which is a text of JSON; None of none. Raises Damaged where they are no texts by name."""
    if text is None:
        return None
    try:
        said = _CELLS.decode(text)
    except (ValueError, TypeError, RecursionError):
        raise Damaged(number) from None
    if not isinstance(text, str) or not all(map(is_text, said.values())):
        raise Damaged(number)
    return Cells(number, said)


def read_entry(entry: Mapping[str, Any], number: str) -> None:
    """Raises Damaged where an entry has not what each one has."""
    if not _is_entry(entry):
        raise Damaged(number)


def read_whose(seq: object, person: object, site: object, number: str) -> None:
    """Raises Damaged where an entry does not say whose it is as each one does."""
    if not (isinstance(seq, int) and (person is None or isinstance(person, int)) and (site is None or is_text(site))):
        raise Damaged(number)


def _is_entry(entry: Mapping[str, Any]) -> bool:
    seq, site = entry["seq"], entry["site"]
    return (
        isinstance(seq, int)
        and all(is_text(entry[name]) for name in _TEXTS)
        and (site is None or is_text(site))
        and all(entry[name] is None or isinstance(entry[name], int) for name in _NUMBERS)
        and all(entry[name] is None or entry[name] < seq for name in ("replaces", "of"))
        and entry["action"] in get_args(Action)
        and _is_moment(entry["at"])
    )  # fmt: skip


def _can_be_read(cells: str | None, reason: str | None) -> bool:
    try:
        read_cells(cells, "")
    except Damaged:
        return False
    return reason is None or is_text(reason)


def _is_moment(at: object) -> bool:
    """Whether it is written as the register writes it: `2026-11-30T21:15:00.123Z`."""
    if not isinstance(at, str) or len(at) != len("2026-11-30T21:15:00.123Z") or at[-1] != "Z":
        return False
    try:
        dt.datetime.fromisoformat(at)
    except ValueError:
        return False
    return True


def is_text(text: object) -> bool:
    """Whether it can be written in UTF-8, on every database: bytes of another encoding, typed in a terminal, cannot, nor can a NUL."""
    if not isinstance(text, str) or "\0" in text:
        return False
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return False
    return True


def canonical(value: object) -> str:
    """JSON, written in one way: keys in order, nothing between signs, every sign of a text as it is."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=repr)  # bytes are an edit by hand, too


def _bytes(value: object) -> bytes:
    return canonical(value).encode(errors="surrogateescape")  # bytes that are no UTF-8 are an edit by hand, too


def digest(cells: str | None, reason: str | None, salt: str) -> str:
    """SHA-256 of a content, in hexadecimal."""
    return hashlib.sha256(_bytes([salt, cells, reason])).hexdigest()


def hashed(entry: Mapping[str, Any]) -> str:
    """SHA-256 of an entry with the hash of the one before, in hexadecimal."""
    return hashlib.sha256(_bytes([entry[name] for name in FIELDS])).hexdigest()


def first_wrong(entries: Iterable[Mapping[str, Any]], taken_out: Container[int], head: Head | None = None) -> Wrong | None:
    """The first entry of a trail that does not fit; None where the chain holds.

    `entries`: in the order of their numbers, each with its content (`cells`, `reason`, `salt`, and `is_there`). `taken_out`: of which
    entries the content was taken out, as the trail says. `head`: the number and hash that were kept elsewhere.
    """
    previous, expected, kept = FIRST, 1, head == Head(0, FIRST)
    replaced: dict[int, int] = {}
    for entry in entries:
        seq = entry["seq"]
        if seq != expected:
            return Wrong(expected, "is missing")
        if entry["previous"] != previous:
            return Wrong(seq, "does not follow the one before: that, or this, was changed")
        if hashed(entry) != entry["hash"]:
            return Wrong(seq, "was changed")
        other = entry["replaces"]
        if isinstance(other, int) and (other >= seq or replaced.setdefault(other, seq) != seq):
            return Wrong(seq, f"replaces number {other}, which {'comes later' if other >= seq else 'another one has replaced'}")
        if not _is_entry(entry):
            return Wrong(seq, "is no entry that the register writes")
        if not entry["is_there"]:
            return Wrong(seq, "has lost its content")
        if entry["salt"] is None:
            if entry["cells"] is not None or entry["reason"] is not None or seq not in taken_out:
                return Wrong(seq, "has a content that was taken out, and no entry says by whom")
        elif digest(entry["cells"], entry["reason"], entry["salt"]) != entry["digest"]:
            return Wrong(seq, "has another content than was written")
        elif not _can_be_read(entry["cells"], entry["reason"]) or (entry["cells"] is None and entry["action"] in ROWS):
            return Wrong(seq, "has a content that the register does not write")
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
