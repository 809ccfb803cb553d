"""A register: its two stores, opened or made. Whoever has one asks it; nobody else knows Django."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.db import DatabaseError, connections, transaction
from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.errors import InputError, Problem, argument, clip, command, did_you_mean
from nmosd_dosing.register.database import server, unfinished, versions
from nmosd_dosing.register.database.addresses import Address, address, of_file
from nmosd_dosing.register.database.store import ARMS, Store, said


class Register(Struct, frozen=True):
    """People, events, visits, weights, histories, studies and accounts in `facts`; arms in `arms`; each with a trail of its own."""

    address: Address
    facts: Store
    arms: Store

    def arms_store(self) -> Store:
        """The store of the arms, for who may see them. Raises InputError where it is not with the register, or not for this role of the
        server."""
        if self.address.arms_file is not None and not self.address.arms_file.is_file():
            wrong = f"the arms of this register are not here: there is no `{clip(str(self.address.arms_file))}`"
            raise InputError(Problem(wrong, hint="bring the file, or work where it is"))
        if server.is_server(self.arms) and not server.may_read_arms(self.facts):
            hint = f"take the address of a role for which the owner typed `dosing register grant ROLE {argument('unblinded')}`"
            raise InputError(Problem(f"`{clip(self.address.user)}` of `{clip(self.address.shown)}` may not read arms", hint=hint))
        if self.address.arms_file is not None and versions.form(self.arms).missing:
            versions.bring_up(self.arms, self.address.arms_file)
        return self.arms

    def close(self) -> None:
        """Ends the connections."""
        for store in (self.facts, self.arms):
            connections[store.alias].close()


def make(text: str, fill: Callable[[Register], None] | None = None) -> Register:
    """A new register, which is there once `fill` has written into it, whole, or not at all, also where the program is killed meanwhile.
    Raises InputError where there is one, or none can be made."""
    at = address(text)
    try:
        if at.file is not None and at.arms_file is not None:
            _make_files(at, at.file, at.arms_file, fill)
        else:
            _make_schemas(at, fill)
    except DatabaseError as error:
        hint = "name a file in a folder that can be written" if at.file is not None else "name an empty database, as the role that owns it"
        raise InputError(Problem(f"cannot make the register `{clip(at.shown)}`: {said(error)}", hint=hint)) from error
    return _connected(at)


def _make_files(at: Address, file: Path, arms_file: Path, fill: Callable[[Register], None] | None) -> None:
    """Two files, which are made in a folder beside them, and moved where they belong."""
    for there in (file, arms_file):
        if there.exists() and not (there is arms_file and _is_left_over(at)):
            raise InputError(versions.is_there(there))
    with unfinished.beside(file) as folder:
        begun = replace(of_file(folder / file.name), shown=at.shown)
        assert begun.file is not None and begun.arms_file is not None
        made = _connected(begun)
        try:
            for each in (begun.file, begun.arms_file):
                versions.begin_file(each)
            for store in (made.facts, made.arms):
                versions.create(store)
            if fill is not None:
                fill(made)
        finally:
            made.close()
        arms_file.unlink(missing_ok=True)
        unfinished.move(begun.arms_file, arms_file)
        try:
            unfinished.move(begun.file, file)
        except BaseException:
            arms_file.unlink()
            raise


def _is_left_over(at: Address) -> bool:
    """Whether a file of arms is empty: one that was killed has moved it, and nothing else yet."""
    store = _connected(at).arms
    try:
        return store.head().seq == 0
    except DatabaseError:
        return False
    finally:
        connections[store.alias].close()


def _make_schemas(at: Address, fill: Callable[[Register], None] | None) -> None:
    """Two schemas of a database. The arms' transaction ends first: without facts nothing is a register."""
    made = _connected(at)
    try:
        with transaction.atomic(using=made.facts.alias):
            _make_schema(made.facts, server.FACTS)
            with transaction.atomic(using=made.arms.alias):
                if server.has_tables(made.arms) and made.arms.head().seq == 0:  # one that was killed between the two
                    server.drop(made.arms, server.ARMS)
                _make_schema(made.arms, server.ARMS)
                if fill is not None:
                    fill(made)
    finally:
        made.close()


def _make_schema(store: Store, schema: str) -> None:
    with connections[store.alias].cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {schema}")
    versions.create(store)


def open(text: str) -> Register:
    """The register that is there. Raises InputError where there is none, or it is of a newer version; Older where it is of an older."""
    register = _connected(address(text))
    at = register.address
    if at.file is not None and not at.file.is_file():
        beside = [file.name for file in at.file.parent.glob("*.db") if not file.name.endswith(".unblinded.db")]
        makes = f"`dosing register init {argument('register', clip(text))}` makes one"
        raise InputError(Problem(f"there is no register `{clip(at.shown)}`", hint=did_you_mean(at.file.name, beside) or makes))
    try:
        form = versions.form(register.facts)
    except DatabaseError as error:
        hint = "name the file that `dosing register init` made" if at.file is not None else "see whether the server runs and lets you in"
        if "readonly" in said(error):
            hint = "SQLite writes beside the file also while it is read: ask for the right to write in its folder"
        raise InputError(Problem(f"cannot open the register `{clip(at.shown)}`: {said(error)}", hint=hint)) from error
    if not form.is_store:
        raise InputError(Problem(f"`{clip(at.shown)}` is no register", hint="name the file or database that `dosing register init` made"))
    if form.newer:
        wrong = f"the register `{clip(at.shown)}` is of a newer version: {', '.join(form.newer)}"
        raise InputError(Problem(wrong, hint="take a newer `dosing`"))
    if form.missing:
        raise Older(register, f"the register `{clip(at.shown)}`")
    return register


class Older(InputError):
    """A register is of an older version; its manager, or on a server its owner, brings it to this one by `bring_up`."""

    def __init__(self, register: Register, shown: str) -> None:
        whose = "who made it brings it to this one: `dosing register grant ROLE`" if register.address.file is None else (
            f"a manager brings it to this one by asking it anything, for example `{command('register head', of_another=True)}`"
        )  # fmt: skip
        super().__init__(Problem(f"{shown} is of an older version", hint=whose))
        self.register = register


def bring_up(register: Register) -> Path | None:
    """Brings a register of an older version to this one, and gives its copy as it was, which a server does not need: what fails there is
    undone. The arms of a file are brought by who asks for them. Raises InputError where it cannot be done."""
    copy = versions.bring_up(register.facts, register.address.file)
    if server.is_server(register.arms):
        versions.bring_up(register.arms, None)
    return copy


def on_server(text: str) -> bool:
    """Whether a register that is named so is on a server. Raises InputError where nothing is named."""
    return address(text).file is None


def refuse_owner(register: Register) -> None:
    """Raises InputError where the role of the server, under which the register is opened, might change what is written."""
    if server.is_server(register.facts) and server.may_change(register.facts):
        shown, user = clip(register.address.shown), clip(register.address.user)
        wrong = f"the role `{user}` might change what is written in `{shown}`, and so is not for daily work"
        raise InputError(Problem(wrong, hint="take one that can only add to it; the owner types `dosing register grant ROLE` for it"))


def _connected(at: Address) -> Register:
    """A register's stores under names of their own; nothing is opened yet."""
    aliases = f"facts of {at.shown}", f"arms of {at.shown}"
    databases: Mapping[str, Any] = dict(zip(aliases, (at.facts, at.arms), strict=True))
    for alias in aliases:
        if alias in connections.databases:
            connections[alias].close()
            del connections[alias]
    connections.databases.update({k: v for k, v in connections.configure_settings({"default": {}, **databases}).items() if k in databases})
    return Register(at, Store(aliases[0], at.shown), Store(aliases[1], at.shown, ARMS))
