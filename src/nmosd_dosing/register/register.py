"""A register: its two stores, opened or made. Whoever has one asks it; nobody else knows Django."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.management import call_command
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor

from nmosd_dosing.errors import InputError, Problem, clip
from nmosd_dosing.register.addresses import Address, address
from nmosd_dosing.register.store import Store


@dataclass(frozen=True, slots=True)
class Register:
    """People, events, visits, weights, histories, studies and accounts in `facts`; arms in `arms`; each with a trail of its own."""

    address: Address
    facts: Store
    arms: Store

    def close(self) -> None:
        """Ends the connections."""
        for store in (self.facts, self.arms):
            connections[store.alias].close()


def make(text: str) -> Register:
    """A new, empty register. Raises InputError where there is one, or none can be made."""
    register = _connected(address(text))
    at = register.address
    if (at.file is not None and at.file.exists()) or (at.arms_file is not None and at.arms_file.exists()):
        raise InputError(Problem(f"`{clip(at.shown)}` is there already", hint="name another file, or take this one away"))
    try:
        for store, schema in ((register.facts, "register"), (register.arms, "unblinded")):
            if connections[store.alias].vendor == "postgresql":
                with connections[store.alias].cursor() as cursor:
                    cursor.execute(f"CREATE SCHEMA {schema}")
            call_command("migrate", database=store.alias, verbosity=0, interactive=False)
    except DatabaseError as error:
        raise InputError(Problem(f"cannot make the register `{clip(at.shown)}`: {_line(error)}")) from error
    return register


def open(text: str) -> Register:
    """The register that is there. Raises InputError where there is none, or it is of another version."""
    register = _connected(address(text))
    at = register.address
    if at.file is not None and not at.file.is_file():
        raise InputError(
            Problem(f"there is no register `{clip(at.shown)}`", hint=f"`dosing register init --register {clip(text)}` makes one")
        )
    try:
        executor = MigrationExecutor(connections[register.facts.alias])
        applied, wanted = set(executor.loader.applied_migrations), set(executor.loader.disk_migrations)
    except DatabaseError as error:
        raise InputError(Problem(f"cannot open the register `{clip(at.shown)}`: {_line(error)}")) from error
    if not applied:
        raise InputError(Problem(f"`{clip(at.shown)}` is no register", hint="name the file or database that `dosing register init` made"))
    if newer := sorted(name for _, name in applied - wanted):
        raise InputError(
            Problem(f"the register `{clip(at.shown)}` is of a newer version: {', '.join(newer)}", hint="take a newer `dosing`")
        )
    return register


def _connected(at: Address) -> Register:
    """A register's stores under names of their own; nothing is opened yet."""
    aliases = f"facts of {at.shown}", f"arms of {at.shown}"
    databases: Mapping[str, Any] = dict(zip(aliases, (at.facts, at.arms), strict=True))
    for alias in aliases:
        if alias in connections.databases:
            connections[alias].close()
            del connections[alias]
    connections.databases.update({k: v for k, v in connections.configure_settings({"default": {}, **databases}).items() if k in databases})
    return Register(at, Store(aliases[0], at.shown), Store(aliases[1], at.shown))


def _line(error: DatabaseError) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else "the database refuses it"
