"""A store: the entries of a trail and their contents, in one database. Only here is anything written, under one lock, all or nothing."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, connections, transaction
from django.db.models import Max
from msgspec import Struct, field

from nmosd_dosing.errors import InputError, Problem, clip
from nmosd_dosing.register.database import chain
from nmosd_dosing.register.database.chain import Action, Damaged, Head, Wrong
from nmosd_dosing.register.models import Content, Entry

Cells = Mapping[str, str]
ARMS = "arms:"  # before the number of an entry of the arms' store
_LOCK = 7_061_017  # PostgreSQL's number of the lock under which a store is written
MOST = 2**63 - 1  # SQLite sorts a number that was made a text by hand behind all numbers
_AT_ONCE = 5_000  # rows that are sent together


class Author(Struct, frozen=True):
    """Who writes: an account with the role that it has now, in a time zone."""

    account: str
    role: str
    zone: str = "UTC"


class Act(Struct, frozen=True):
    """What somebody asks to be written: a row of the table `what` that is new, or that replaces the entry `replaces`; or that nothing
    holds in its place any more (`withdraw`); or that the content of the entry `of` is taken out (`blank`).

    `person`: whose row it is. `newcomer`: the same where the subject's own row stands among these acts: a key of it, that the act of the
    subject's row has, too. Rows of nobody have neither.
    """

    action: Action
    what: str
    cells: Cells | None = None
    reason: str | None = None
    person: int | None = None
    newcomer: str | None = None
    site: str | None = None
    replaces: int | None = None
    of: int | None = None


class Conflict(InputError):
    """Somebody else was first."""


class Store(Struct, frozen=True):
    """One database of a register, by the name under which Django knows it."""

    alias: str
    shown: str = field(default="")
    prefix: str = ""

    def number(self, seq: object) -> str:
        """How the number of an entry is written: `31`, of the arms `arms:31`."""
        return f"{self.prefix}{seq}"

    def head(self) -> Head:
        """The last entry's number and hash; of an empty store 0 and zeros."""
        last = Entry.objects.using(self.alias).filter(seq__lte=MOST).order_by("-seq").values_list("seq", "hash").first()
        return Head(*last) if last is not None else Head(0, chain.FIRST)

    def check_complete(self) -> None:
        """Raises Damaged where a number is missing: whoever reads a part would not miss it."""
        last = self.head().seq
        there = Entry.objects.using(self.alias).filter(seq__lte=last)
        if there.count() != last:
            numbers = there.order_by("seq").values_list("seq", flat=True).iterator()
            raise Damaged(self.number(next(i for i, seq in enumerate(numbers, 1) if seq != i)))

    def write(
        self, acts: Sequence[Act], author: Author, at: dt.datetime, *, seen: int | None = None, check: Callable[[], object] | None = None
    ) -> list[int]:
        """Writes acts as entries, all or none, and gives their numbers. `at` has a time zone.

        `seen`: the number of the last entry when these acts were thought of; where a later one is of the same person, or replaces the same,
        it raises Conflict, which says who was first. `check`: is called under the lock before anything is written. Raises InputError
        where the store cannot be written.
        """
        if not acts:
            return []
        stamp, request = stamped(at), secrets.token_hex(8)
        with self._locked():
            self._nobody_was_first(acts, seen)
            if check is not None:
                check()
            first, newcomers = self.head(), dict[str, int]()
            head = first
            for begin in range(0, len(acts), _AT_ONCE):
                entries, contents = _rows(acts[begin : begin + _AT_ONCE], author, stamp, request, head, newcomers)
                self._insert(Entry, entries)
                self._insert(Content, contents)
                head = Head(entries[-1]["seq"], entries[-1]["hash"])
            blanked = [act.of for act in acts if act.action == "blank" and act.of is not None]
            if blanked:
                Content.objects.using(self.alias).filter(entry__in=blanked).update(cells=None, reason=None, salt=None)
        if blanked:
            self._forget()
        return list(range(first.seq + 1, head.seq + 1))

    def put(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Entries with their contents as they are, out of a backup; within a transaction of the caller's."""
        if entries:
            self._insert(Entry, [{name: entry[name] for name in (*chain.FIELDS, "hash")} for entry in entries])
            self._insert(Content, [{"entry": e["seq"], "cells": e["cells"], "reason": e["reason"], "salt": e["salt"]} for e in entries])

    def _insert(self, model: type[Entry | Content], rows: Sequence[Mapping[str, Any]]) -> None:
        """Many rows at once: a model's object for each would take three times as long."""
        columns = list(rows[0])
        names, places = ", ".join(f'"{name}"' for name in columns), ", ".join(["%s"] * len(columns))
        with connections[self.alias].cursor() as cursor:
            statement = f"INSERT INTO {model._meta.db_table} ({names}) VALUES ({places})"  # noqa: S608  # names are the model's
            cursor.executemany(statement, [tuple(row.values()) for row in rows])

    def _forget(self) -> None:
        """Nothing of what was taken out stays in the files of SQLite, as far as no other program reads them now."""
        connection = connections[self.alias]
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """What is read meanwhile is all of one moment, and others write meanwhile."""
        connection = connections[self.alias]
        if connection.vendor == "postgresql":
            with transaction.atomic(using=self.alias), connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                yield
            return
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")  # and not IMMEDIATE, as whoever writes begins
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One transaction, in which nobody else writes."""
        connection = connections[self.alias]
        try:
            with transaction.atomic(using=self.alias):
                if connection.vendor == "postgresql":
                    with connection.cursor() as cursor:
                        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
                yield
        except DatabaseError as error:
            hint = "see whether the disk is full, and whether another program holds the register"
            raise InputError(Problem(f"nothing was written: {said(error)}", hint=hint)) from error

    def _nobody_was_first(self, acts: Sequence[Act], seen: int | None) -> None:
        """Raises Conflict where something else replaces what an act replaces, or a later entry than was seen is of the same person."""
        mine = Entry.objects.using(self.alias).order_by("seq")
        replaced = [act.replaces for act in acts if act.replaces is not None]
        for begin in range(0, len(replaced), _AT_ONCE):
            _stop_at(mine.filter(replaces__in=replaced[begin : begin + _AT_ONCE]).first())
        if seen is None or not (later := mine.filter(seq__gt=seen)).exists():
            return
        persons = {act.person for act in acts if act.person is not None}
        of_nobody = {act.what for act in acts if act.person is None and act.newcomer is None}
        newcomers = any(act.newcomer is not None for act in acts)
        for entry in later.iterator():
            if (
                (entry.person in persons if entry.person is not None else entry.what in of_nobody)
                or (newcomers and entry.what == "subjects")
            ):  # fmt: skip
                _stop_at(entry)

    def known_at(self, moment: dt.datetime) -> int:
        """The number of the last entry that was written by a moment; 0 where none was. The order is that of numbers: a clock that went
        back makes nothing unknown that stands before."""
        found = Entry.objects.using(self.alias).filter(at__lte=stamped(moment), seq__lte=MOST).aggregate(last=Max("seq"))["last"]
        return found or 0

    def entries(self, known: int | None = None) -> Iterator[dict[str, Any]]:
        """The trail in its order, each entry with its content: `cells` and `reason` as they were written, `is_there`."""
        last = known if known is not None else self.head().seq  # what somebody writes meanwhile is in both, or in none
        entries = Entry.objects.using(self.alias).order_by("seq").filter(seq__lte=last)
        contents = Content.objects.using(self.alias).order_by("entry").filter(entry__lte=last)
        beside = contents.values_list("entry", "cells", "reason", "salt").iterator(_AT_ONCE)
        content = next(beside, None)
        for entry in entries.values(*chain.FIELDS, "hash").iterator(_AT_ONCE):
            while content is not None and content[0] < entry["seq"]:
                content = next(beside, None)
            mine = content if content is not None and content[0] == entry["seq"] else None
            cells, reason, salt = mine[1:] if mine is not None else (None, None, None)
            yield {**entry, "cells": cells, "reason": reason, "salt": salt, "is_there": mine is not None}

    def first_changed(self, tables: Collection[str]) -> int | None:
        """The first entry of some tables that is not as it was written, or has another content; `verify` looks at the whole trail."""
        mine = Entry.objects.using(self.alias).filter(what__in=tables).order_by("seq")
        entries = list(mine.values(*chain.FIELDS, "hash"))  # before contents, of which there may be more then
        contents = Content.objects.using(self.alias).filter(entry__in=mine.order_by().values("seq"))
        said = {entry: content for entry, *content in contents.values_list("entry", "cells", "reason", "salt")}
        for entry in entries:
            cells, reason, salt = said.get(entry["seq"], (None, None, None))
            if chain.hashed(entry) != entry["hash"] or chain.digest(cells, reason, salt or "") != entry["digest"]:
                return int(entry["seq"])
        return None

    def verify(self, head: Head | None = None) -> Wrong | None:
        """The first entry that does not fit; None where the chain holds."""
        return chain.first_wrong(self.entries(), TakenOut(self.alias), head)


class TakenOut(Container[int]):
    """Of which entries the content was taken out, as the trail says; also where that was said since."""

    def __init__(self, alias: str) -> None:
        self._entries = Entry.objects.using(alias).filter(action="blank")
        self._known = frozenset(self._entries.values_list("of", flat=True))

    def __contains__(self, seq: object) -> bool:
        return isinstance(seq, int) and (seq in self._known or self._entries.filter(of=seq).exists())


def _stop_at(first: Entry | None) -> None:
    """Raises Conflict with what was written before, where something was."""
    if first is not None:
        wrong = f"{clip(first.account)} was first: number {first.seq}, {first.at}, {first.action} in `{first.what}`"
        raise Conflict(Problem(wrong, hint="look at it, and do it again if it is still right"))


def stamped(at: dt.datetime) -> str:
    """A moment in UTC, to the millisecond: `2026-11-30T21:15:00.123Z`. As texts they are in the order of time, from year 1 to 9999."""
    return at.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _rows(
    acts: Sequence[Act], author: Author, at: str, request: str, head: Head, newcomers: dict[str, int]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Entries and contents of acts behind a head. `newcomers`: the numbers of subjects that came with these acts, by their keys."""
    contents: list[dict[str, Any]] = []
    entries: list[dict[str, Any]] = []
    for seq, act in enumerate(acts, head.seq + 1):
        if act.newcomer is not None and act.what == "subjects":
            newcomers[act.newcomer] = seq
        for text in (*(act.cells or {}).values(), act.reason or "", act.site or ""):
            if not chain.is_text(text):
                raise InputError(_no_text(text))
        cells = chain.canonical(dict(act.cells)) if act.cells is not None else None
        salt = secrets.token_hex(8)
        contents.append({"entry": seq, "cells": cells, "reason": act.reason, "salt": salt})
        entries.append({
            "at": at, "zone": author.zone, "account": author.account, "role": author.role, "action": act.action, "what": act.what,
            "person": newcomers[act.newcomer] if act.newcomer is not None else act.person, "site": act.site, "replaces": act.replaces,
            "of": act.of, "request": request, "digest": chain.digest(cells, act.reason, salt),
        })  # fmt: skip
    return list(chain.linked(entries, head)), contents


def _no_text(text: str) -> Problem:
    """Why a text cannot be kept. Other characters that cannot be seen are kept, and shown as an escape."""
    if "\0" in text:
        shown = clip(text.replace("\0", "\\0"))
        return Problem(f"`{shown}` holds the character NUL, which no database takes", hint="take it out; it is shown here as `\\0`")
    return Problem(f"`{clip(text)}` is not UTF-8", hint="set the terminal, or what wrote it, to UTF-8, and write it anew")


def said(error: DatabaseError) -> str:
    """What a database says went wrong, in one line."""
    return str(error).strip().splitlines()[0] if str(error).strip() else "the database refuses it"
