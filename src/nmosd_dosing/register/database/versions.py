"""In which form a store is: that of this version, of a newer one, or of an older one, which is brought to this one.

A migration only adds to a store, and what may be null: so whoever asks an older store who may bring it to this form can read its
accounts. In SQLite the store is copied first.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from django.core.management import call_command
from django.db import DatabaseError, connections
from django.db.migrations.loader import MigrationLoader

from nmosd_dosing.errors import InputError, Problem, clip
from nmosd_dosing.register.database.store import Store, said


class Form(NamedTuple):
    """The migrations of a store that this version does not know, and those that it does not have yet; and whether it has any."""

    newer: list[str]
    missing: list[str]
    is_store: bool


def form(store: Store) -> Form:
    """In which form a store is. Raises DatabaseError where it cannot be read."""
    loader = MigrationLoader(connections[store.alias])
    has, known = set(loader.applied_migrations), set(loader.disk_migrations)
    return Form(sorted(name for _, name in has - known), sorted(name for _, name in known - has), bool(has))


def create(store: Store) -> None:
    """Brings an empty store to the form of this version. Raises DatabaseError."""
    call_command("migrate", database=store.alias, verbosity=0, interactive=False)


def bring_up(store: Store, file: Path | None) -> Path | None:
    """Brings a store of an older version to the form of this one, and gives the copy of it as it was: `trial.before-0002_published.db`; of
    a server's store none. Raises InputError where it cannot be done; then it is as it was."""
    copy = file.with_name(f"{file.stem}.before-{form(store).missing[0]}{file.suffix}") if file is not None else None
    try:
        if copy is not None:
            begin_file(copy)
            with connections[store.alias].cursor() as cursor:
                cursor.execute("VACUUM INTO %s", [str(copy)])
        create(store)
    except DatabaseError as error:
        hint = "see whether the disk is full, and whether another program holds the register"
        raise InputError(Problem(f"cannot bring `{clip(store.shown)}` to this version: {said(error)}", hint=hint)) from error
    return copy


def begin_file(file: Path) -> None:
    """An empty file that nobody else of this computer may read: its owner may let in a group. What SQLite puts beside it is like it."""
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise InputError(is_there(file)) from None
    except (OSError, ValueError) as error:
        raise InputError(cannot_make(file, error)) from None


def is_there(file: Path) -> Problem:
    """That a file is not written over."""
    return Problem(f"`{clip(str(file))}` is there already", hint="name another file, or take this one away")


def cannot_make(file: Path, error: OSError | ValueError) -> Problem:
    """Why a file cannot be made."""
    reason = getattr(error, "strerror", None) or str(error)
    return Problem(f"cannot make `{clip(str(file))}`: {reason}", hint="name a file in a folder that can be written")
