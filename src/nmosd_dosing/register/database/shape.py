"""Whether the tables of a store are those that its migrations make: what was put beside them, or taken away, lets two replace the same, or
hides what is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from nmosd_dosing.register.database.store import Store

_INDEXES = {  # of a table, those of all its rows: whether no two may have the same, and the columns
    "sqlite": """
        SELECT i."unique", group_concat(c.name, ', ') FROM pragma_index_list(%s) i, pragma_index_xinfo(i.name) c
        WHERE NOT i.partial AND c.key GROUP BY i.name, i."unique"
    """,
    "postgresql": """
        SELECT i.indisunique, string_agg(coalesce(a.attname, '?'), ', ' ORDER BY k.place)
        FROM pg_index i CROSS JOIN unnest(i.indkey) WITH ORDINALITY k(number, place)
        LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
        WHERE i.indrelid = %s::regclass AND i.indisvalid AND i.indpred IS NULL GROUP BY i.indexrelid, i.indisunique
    """,
}
_HIDDEN = "SELECT relname FROM pg_class WHERE relrowsecurity AND relnamespace = current_schema()::regnamespace ORDER BY relname"


def differences(store: Store) -> list[str]:
    """What is not as the migrations make it: `view register_entry`, `unique index on replaces of register_entry`."""
    connection = connections[store.alias]
    models: list[Any] = [*MigrationLoader(connection).project_state().apps.get_models(), MigrationRecorder(connection).Migration]
    with connection.cursor() as cursor:
        return list(_differences(connection, cursor, {model._meta.db_table: model for model in models}))


def _differences(connection: Any, cursor: Any, made: dict[str, Any]) -> Iterator[str]:
    there = {found.name: found.type for found in connection.introspection.get_table_list(cursor) if not found.name.startswith("sqlite_")}
    for table in sorted(there.keys() | made.keys()):
        if table not in made or there.get(table) != "t":
            yield f"{'view' if there.get(table) == 'v' else 'table'} {table}"
        else:
            yield from _of_table(connection, cursor, table, made[table]._meta)
    if connection.vendor == "postgresql":
        cursor.execute(_HIDDEN)
        yield from (f"row security of {table}" for (table,) in cursor.fetchall())


def _of_table(connection: Any, cursor: Any, table: str, meta: Any) -> Iterator[str]:
    fields = meta.local_fields
    columns = {(found.name, bool(found.null_ok)) for found in connection.introspection.get_table_description(cursor, table)}
    expected = {(field.column, field.null) for field in fields}
    for column in sorted({name for name, _ in columns ^ expected}):
        yield f"column {column} of {table}"
    cursor.execute(_INDEXES[connection.vendor], [table])
    indexes = {(bool(unique), names) for unique, names in cursor.fetchall()}
    keys = {(True, field.column) for field in fields if field.unique}
    others = {(False, ", ".join(meta.get_field(name).column for name in index.fields)) for index in meta.indexes}
    if connection.vendor == "sqlite":  # a whole number that is the key is the row's place, and needs no index
        keys -= {(True, field.column) for field in fields if field.primary_key and "AutoField" in field.get_internal_type()}
    for unique, names in sorted((keys | others) - indexes) + sorted(index for index in indexes - keys if index[0]):
        yield f"{'unique ' if unique else ''}index on {names} of {table}"
