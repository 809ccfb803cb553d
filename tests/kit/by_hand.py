"""What somebody does to a register's database by hand, with the guards taken out meanwhile, as its owner can; afterwards they are there."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from nmosd_dosing.register.database import chain
from nmosd_dosing.register.database.store import Store
from nmosd_dosing.register.register import Register

Row = tuple[Any, ...]
ENTRY = (*chain.FIELDS, "hash")
CONTENT = ("entry", "cells", "reason", "salt")


class Hand:
    """A connection of its own to one of a register's databases, beside the program."""

    def __init__(self, connection: Any, mark: str) -> None:
        self._connection, self._mark = connection, mark

    def ask(self, statement: str, *values: object) -> list[Row]:
        """The rows of a question."""
        cursor = self._connection.cursor()
        cursor.execute(statement.replace("?", self._mark), values)
        return cursor.fetchall() if cursor.description else []

    def put(self, table: str, columns: Sequence[str], row: Sequence[object]) -> None:
        """Writes a row as it is."""
        names = ", ".join(f'"{name}"' for name in columns)
        self.ask(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})", *row)

    def rehash(self, first: int) -> None:
        """Reckons digests and hashes anew from an entry on, as somebody does who knows how."""
        for (seq,) in self.ask("SELECT seq FROM register_entry WHERE seq >= ? ORDER BY seq", first):
            cells, reason, salt = self.ask("SELECT cells, reason, salt FROM register_content WHERE entry = ?", seq)[0]
            names = ", ".join(f'"{name}"' for name in chain.FIELDS)
            entry = dict(zip(chain.FIELDS, self.ask(f"SELECT {names} FROM register_entry WHERE seq = ?", seq)[0], strict=True))
            before = self.ask("SELECT hash FROM register_entry WHERE seq = ?", seq - 1)
            entry["previous"] = before[0][0] if before else chain.FIRST
            entry["digest"] = chain.digest(cells, reason, salt) if salt is not None else entry["digest"]
            values = entry["digest"], entry["previous"], chain.hashed(entry), seq
            self.ask("UPDATE register_entry SET digest = ?, previous = ?, hash = ? WHERE seq = ?", *values)


@contextmanager
def unguarded(register: Register, store: Store) -> Iterator[Hand]:
    """A database without its triggers; they come back."""
    with by_hand(register, store) as hand:
        triggers = _without_triggers(register, hand)
        yield hand
        for statement in triggers:
            hand.ask(statement)


@contextmanager
def by_hand(register: Register, store: Store) -> Iterator[Hand]:
    """A database as it is."""
    of_arms = store is register.arms
    if register.address.file is not None:
        file = register.address.arms_file if of_arms else register.address.file
        with closing(sqlite3.connect(str(file))) as connection, connection:
            yield Hand(connection, "?")
        return
    import psycopg

    settings = register.address.facts
    at = {"host": settings["HOST"], "port": settings["PORT"], "dbname": settings["NAME"], "user": settings["USER"]}
    schema = "unblinded" if of_arms else "register"
    with psycopg.connect(**at, options=f"-c search_path={schema}") as server:
        yield Hand(server, "%s")


def _without_triggers(register: Register, hand: Hand) -> list[str]:
    if register.address.file is not None:
        made = hand.ask("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        for name, _ in made:
            hand.ask(f"DROP TRIGGER {name}")
        return [sql for _, sql in made]
    for table in ("register_entry", "register_content"):
        hand.ask(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    return [f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in ("register_entry", "register_content")]


def other(value: object) -> object:
    """Another value of the same kind."""
    if isinstance(value, int):
        return value + 1000
    if isinstance(value, str) and value.startswith("{"):
        return json.dumps({**json.loads(value), "date": "2025-07-09"}, sort_keys=True, separators=(",", ":"))
    return f"{value}x" if isinstance(value, str) else 1000
