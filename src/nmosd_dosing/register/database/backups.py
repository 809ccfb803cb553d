"""A store as one file, and a store from such a file: every entry with its content, as they are, whatever the database; and what feeds gave
out last, so that their entries are counted on.

A backup of the facts holds no arm; that of the arms is a file of its own. What comes back is verified before anybody can use it.
"""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import Any, NamedTuple

from django.db import DataError, IntegrityError, ProgrammingError, transaction

from nmosd_dosing.errors import InputError, Problem, clip
from nmosd_dosing.register.database import chain
from nmosd_dosing.register.database.chain import Damaged, Head
from nmosd_dosing.register.database.store import Store
from nmosd_dosing.register.models import Account, Published

_FORMAT = "register of nmosd-dosing"
_VERSION = 2  # 1 had no feeds
_CONTENT = ("cells", "reason", "salt")
_AT_ONCE = 5_000
_NOT_TAKEN = (IntegrityError, DataError, ProgrammingError)  # what a database does not take for its columns


class Begun(NamedTuple):
    """What the first line of a backup says: of which store it is, and the last entry's number and hash."""

    store: str
    head: Head


def backup(store: Store, kind: str) -> Iterator[bytes]:
    """The pieces of a file with all that a store holds, packed by gzip; `kind`: `facts` or `arms`. It is that of one moment."""
    with store.reading():
        if (wrong := store.verify()) is not None:  # nobody could restore it
            raise Damaged(store.number(wrong.seq))
        head = store.head()
        packed = zlib.compressobj(6, zlib.DEFLATED, 31)
        yield packed.compress(_line({"format": _FORMAT, "version": _VERSION, "store": kind, "head": list(head)}))
        for entry in store.entries(head.seq):
            yield packed.compress(_line([entry[name] for name in (*chain.FIELDS, "hash", *_CONTENT)]))
        for name, password in Account.objects.using(store.alias).order_by("name").values_list("name", "password"):
            yield packed.compress(_line({"account": name, "password": password}))
        for row in Published.objects.using(store.alias).order_by("feed").values():
            yield packed.compress(_line({**row, "content": base64.b64encode(bytes(row["content"])).decode()}))
        yield packed.compress(_line({"end": head.seq})) + packed.flush()


def begun(content: bytes, path: str) -> Begun:
    """What a backup is of. Raises InputError where the file is none."""
    first = next(_lines(content, path), None)
    if not isinstance(first, dict) or first.get("format") != _FORMAT:
        raise InputError(Problem(f"`{clip(path)}` is no backup of a register", hint="name a file that `dosing register backup` wrote"))
    with _whole(path):
        if first["version"] > _VERSION:
            raise InputError(Problem(f"`{clip(path)}` is a backup of a newer version", hint="take a newer `dosing`"))
        return Begun(str(first["store"]), Head(*first["head"]))


def restore(store: Store, content: bytes, path: str) -> Head:
    """Puts what a backup holds into an empty store, all of it or nothing, and gives the last number and hash. Raises InputError where the
    file is cut, or its chain does not hold."""
    head = begun(content, path).head
    with _whole(path), transaction.atomic(using=store.alias):
        part: list[Mapping[str, Any]] = []
        accounts, published = list[Account](), list[Published]()
        end: int | None = None
        lines = _lines(content, path)
        next(lines)
        for line in lines:
            if isinstance(line, list):
                part.append(dict(zip((*chain.FIELDS, "hash", *_CONTENT), line, strict=True)))
                if len(part) == _AT_ONCE:
                    store.put(part)
                    part = []
            elif "account" in line:
                accounts.append(Account(name=line["account"], password=line["password"]))
            elif "feed" in line:
                published.append(Published(**{**line, "content": base64.b64decode(line["content"])}))
            else:
                end = line["end"]
        store.put(part)
        Account.objects.using(store.alias).bulk_create(accounts)
        Published.objects.using(store.alias).bulk_create(published)
        if end != head.seq or store.head() != head:
            raise InputError(Problem(f"`{clip(path)}` is cut: it ends before number {head.seq}", hint="take another copy"))
        if (wrong := store.verify(head)) is not None:
            raise InputError(Problem(f"`{clip(path)}`: number {wrong.seq} {wrong.message}", hint="take a backup that was not changed"))
    return head


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _lines(content: bytes, path: str) -> Iterator[Any]:
    """The lines of a packed file, each as JSON. Raises InputError where it cannot be unpacked."""
    with _whole(path), gzip.open(BytesIO(content)) as file:
        yield from map(json.loads, file)


@contextmanager
def _whole(path: str) -> Iterator[None]:
    """Raises InputError where what is read is not what a backup holds."""
    try:
        yield
    except (OSError, EOFError, ValueError, LookupError, TypeError, ArithmeticError, RecursionError, zlib.error, *_NOT_TAKEN):
        raise InputError(Problem(f"`{clip(path)}` cannot be read as a backup", hint="it may be cut: take another copy")) from None
