"""The index of contents by the day that stands in them: so that whoever looks for the first days of many persons reads only those."""

from __future__ import annotations

from typing import Any

INDEX = "content_of_day"


def day_of(connection: Any, *cells: str) -> str:
    """What a database calls the day of a content, its cell `date` or `start`, or the first that it has of other `cells`: empty where the
    content was taken out, NULL where there is no such cell. JSON is looked through as a text, since it may be broken by hand: within a
    cell quotation marks are written otherwise."""
    names = cells or ("date", "start")
    if connection.vendor == "postgresql":
        return f"""(CASE WHEN salt IS NULL THEN '' ELSE substring(cells from '"(?:{"|".join(names)})":"(.{{10}})') END COLLATE "C")"""
    found = "\n".join(
        f"""WHEN instr(cells, '"{name}":"') THEN substr(cells, instr(cells, '"{name}":"') + {len(name) + 4}, 10)""" for name in names
    )
    return f"CASE WHEN salt IS NULL THEN '' {found} END"


def set_up(apps: Any, schema_editor: Any) -> None:
    """Makes the index in the database that is migrated."""
    schema_editor.execute(f"CREATE INDEX {INDEX} ON register_content (({day_of(schema_editor.connection)}))")
