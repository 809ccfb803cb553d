"""What a role of a PostgreSQL server may do with a register: its owner makes it and lets others in, who can only add to its trail."""

from __future__ import annotations

from django.db import DatabaseError, connections, transaction

from nmosd_dosing.errors import InputError, Problem, clip
from nmosd_dosing.register.database.store import Store, said

FACTS, ARMS = "register", "unblinded"  # schemas
_LET_IN = (
    "GRANT USAGE ON SCHEMA {schema} TO {role}",
    "GRANT SELECT, INSERT ON {schema}.register_entry, {schema}.register_content, {schema}.register_account TO {role}",
    "GRANT UPDATE (cells, reason, salt) ON {schema}.register_content TO {role}",  # a trigger lets them be taken out, and nothing else
    "GRANT UPDATE (password) ON {schema}.register_account TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON {schema}.register_published TO {role}",  # no facts: what feeds gave out last
    "GRANT SELECT ON {schema}.django_migrations, {schema}.django_migrations_id_seq TO {role}",
)


def is_server(store: Store) -> bool:
    """Whether a store is on a server."""
    return connections[store.alias].vendor == "postgresql"


def has_tables(store: Store) -> bool:
    """Whether the tables of a store are there."""
    return _is_so(store, "SELECT to_regclass('register_entry') IS NOT NULL")


def drop(store: Store, schema: str) -> None:
    """Takes a schema away, with all that is in it."""
    with connections[store.alias].cursor() as cursor:
        cursor.execute(f"DROP SCHEMA {schema} CASCADE")


def may_change(store: Store) -> bool:
    """Whether the role, under which a store is opened, might change or delete what is written; so might its owner."""
    return _is_so(store, "SELECT has_table_privilege('register_entry', 'UPDATE, DELETE, TRUNCATE')")


def may_read_arms(store: Store) -> bool:
    """Whether the role, under which a store is opened, may read the schema of the arms."""
    return _is_so(store, "SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = %s", ARMS)


def let_in(store: Store, role: str, arms: bool) -> None:
    """Lets a role of the server read a register and add to it; `arms`: also the arms. The owner calls it. Raises InputError where there is
    no such role, or it might do more."""
    if not _is_so(store, "SELECT true FROM pg_roles WHERE rolname = %s", role):
        hint = f"in psql: `CREATE ROLE {clip(role)} LOGIN`, and `\\password {clip(role)}`"
        raise InputError(Problem(f"the server has no role `{clip(role)}`", hint=hint))
    if _is_so(store, "SELECT has_table_privilege(%s, 'register_entry', 'UPDATE, DELETE, TRUNCATE')", role):
        wrong = f"the role `{clip(role)}` may change what is written: it owns the register, or the server"
        raise InputError(Problem(wrong, hint="take a role that does not"))
    connection = connections[store.alias]
    quoted = connection.ops.quote_name(role)
    try:
        with transaction.atomic(using=store.alias), connection.cursor() as cursor:
            for schema in (FACTS, ARMS) if arms else (FACTS,):
                for statement in _LET_IN:
                    cursor.execute(statement.format(schema=schema, role=quoted))
    except DatabaseError as error:
        wrong = f"cannot let `{clip(role)}` in: {said(error)}"
        raise InputError(Problem(wrong, hint="do it as the role that made the register")) from error


def _is_so(store: Store, question: str, *values: str) -> bool:
    try:
        with connections[store.alias].cursor() as cursor:
            cursor.execute(question, values)
            row = cursor.fetchone()
    except DatabaseError as error:
        raise InputError(Problem(f"cannot open the register `{clip(store.shown)}`: {said(error)}")) from error
    return bool(row and row[0])
