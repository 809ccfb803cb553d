"""The index of contents by the day that stands in them: so that whoever looks for the first days of many persons reads only those."""

from __future__ import annotations

from typing import Any

INDEX = "content_of_day"
_SQLITE = """CASE WHEN salt IS NULL THEN '' WHEN instr(cells, '"date":"') THEN substr(cells, instr(cells, '"date":"') + 8, 10)
WHEN instr(cells, '"start":"') THEN substr(cells, instr(cells, '"start":"') + 9, 10) END"""
_POSTGRESQL = """(CASE WHEN salt IS NULL THEN '' ELSE substring(cells from '"(?:date|start)":"(.{10})') END COLLATE "C")"""


def day_of(connection: Any) -> str:
    """What a database calls the day of a content, its cell `date` or `start`: empty where the content was taken out, NULL where there is no
    such cell. JSON is looked through as a text, since it may be broken by hand: within a cell quotation marks are written otherwise."""
    return _POSTGRESQL if connection.vendor == "postgresql" else _SQLITE


def set_up(apps: Any, schema_editor: Any) -> None:
    """Makes the index in the database that is migrated."""
    schema_editor.execute(f"CREATE INDEX {INDEX} ON register_content (({day_of(schema_editor.connection)}))")
