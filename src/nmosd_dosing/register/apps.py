"""The register as Django knows it."""

from __future__ import annotations

import sqlite3
from typing import Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class RegisterConfig(AppConfig):
    """One app: the models of a store."""

    name = "nmosd_dosing.register"
    label = "register"

    def ready(self) -> None:
        """From now on databases are read so that what was spoilt by hand can be named."""
        connection_created.connect(_read_any_bytes)


def _read_any_bytes(connection: Any, **_: object) -> None:
    """SQLite gives a text that is no UTF-8, which somebody has put in by hand, with its bytes as they are, and no error without a place."""
    if connection.vendor == "sqlite":
        database: sqlite3.Connection = connection.connection
        database.text_factory = lambda content: content.decode(errors="surrogateescape")
