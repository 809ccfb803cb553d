"""What PostgreSQL itself refuses: to the role of the sites, and to who may read arms, whatever program they take."""

from __future__ import annotations

import datetime as dt
import subprocess
from collections.abc import Iterator

import psycopg
import pytest

from nmosd_dosing.errors import InputError
from nmosd_dosing.register import accounts, published, register
from nmosd_dosing.register.accounts import Who
from nmosd_dosing.register.database import server
from nmosd_dosing.register.database.facts import holding
from nmosd_dosing.register.database.store import Act, Author, Store
from tests.kit.postgres import Server, installed
from tests.kit.registers import Place, place_at

pytestmark = pytest.mark.integration

AT = dt.datetime(2026, 11, 30, 21, 15, tzinfo=dt.UTC)
BY = Author("zhang", "coordinator", "Asia/Shanghai")
CHANGES = (
    "UPDATE register.register_entry SET account = 'x'",
    "DELETE FROM register.register_entry",
    "TRUNCATE register.register_entry",
    "TRUNCATE register.register_entry, register.register_content CASCADE",
    "UPDATE register.register_content SET entry = 9",
    "UPDATE register.register_content SET reason = 'x'",
    "UPDATE register.register_content SET cells = '{}' WHERE entry = 1",
    "DELETE FROM register.register_content",
    "TRUNCATE register.register_content",
    "UPDATE register.register_account SET name = 'x'",
    "DELETE FROM register.register_account",
    "ALTER TABLE register.register_entry DISABLE TRIGGER ALL",
    "ALTER TABLE register.register_entry ADD COLUMN x text",
    "DROP TRIGGER entry_stays ON register.register_entry",
    "DROP TABLE register.register_content",
    "DROP SCHEMA register CASCADE",
    "CREATE TABLE register.x (a text)",
    "CREATE OR REPLACE FUNCTION register.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "INSERT INTO register.django_migrations (app, name, applied) VALUES ('register', '9', now())",
    "SET session_replication_role = replica",
    "SET ROLE postgres",
)
REFUSALS = (psycopg.errors.InsufficientPrivilege, psycopg.errors.RaiseException)  # the server's, and the triggers'
OF_ARMS = (
    "SELECT * FROM unblinded.register_entry",
    "SELECT cells FROM unblinded.register_content",
    "INSERT INTO unblinded.register_content VALUES (9, NULL, NULL, NULL)",
)


@pytest.fixture(scope="module")
def place(postgres_server: Server) -> Iterator[Place]:
    """A register on the server, with an arm in it."""
    with postgres_server.database() as owner:
        here = place_at(owner)
        made = register.make(owner)
        made.facts.write([Act("enter", "subjects", {"subject": "0101"}, newcomer="0101")], BY, AT)
        made.arms.write([Act("enter", "allocation", {"subject": "0101", "arm": "placebo"}, person=1)], BY, AT)
        made.close()
        here.let_in()
        yield here


@pytest.mark.parametrize("statement", CHANGES)
def test_nobody_but_the_owner_can_change_or_delete(place: Place, statement: str) -> None:
    for address in (place.sites, place.arms):
        with psycopg.connect(address, autocommit=True) as connection, pytest.raises(REFUSALS):
            connection.execute(statement.encode())
        with psycopg.connect(address, autocommit=True) as connection, pytest.raises(REFUSALS):
            connection.execute(statement.replace("register.", "unblinded.").encode())


@pytest.mark.parametrize("statement", OF_ARMS)
def test_the_role_of_the_sites_reads_no_arm(place: Place, statement: str) -> None:
    with psycopg.connect(place.sites, autocommit=True) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())
    with psycopg.connect(place.sites) as connection, pytest.raises(psycopg.Error):
        connection.execute(b"SET search_path = unblinded; SELECT * FROM register_entry")


def test_what_daily_work_needs_it_can(place: Place) -> None:
    opened = register.open(place.sites)
    register.refuse_owner(opened)
    [seq] = opened.facts.write([Act("enter", "visits", {"subject": "0101", "comment": "a name"}, person=1)], BY, AT)
    opened.facts.write([Act("blank", "visits", of=seq, reason="a name", person=1)], BY, AT)
    assert holding(opened.facts, "visits")[0].cells is None
    assert opened.facts.verify() is None
    who = Who("zhang", "manager")
    accounts.add(opened.facts, who, AT, "UTC", name="zhang", role="manager", sites=None)
    for password in ("seven green tortoises", "eight green tortoises"):
        accounts.set_password(opened.facts, who, AT, "UTC", name="zhang", password=password)
    assert accounts.who(opened.facts, "zhang", "eight green tortoises") == who
    gives_out(opened.facts)
    opened.close()


def gives_out(store: Store) -> None:
    """What a feed gave out is kept, counted, and taken away: it is no fact."""
    given = published.keep(store, 1, None, b"BEGIN:VCALENDAR", "x", AT)
    assert published.last(store, 1) == given
    assert published.keep(store, 1, None, b"another", "y", AT) is None
    assert published.keep(store, 1, given, b"another", "y", AT) == published.last(store, 1)
    published.fetched(store, 1, AT, "curl")
    published.forget(store, 1)
    assert (published.last(store, 1), published.fetches(store)) == (None, {1: published.Fetched(1, AT, "curl", 0)})
    assert store.verify() is None


def test_arms_are_read_by_the_role_that_may(place: Place) -> None:
    opened = register.open(place.arms)
    register.refuse_owner(opened)
    store = opened.arms_store()
    assert holding(store, "allocation")[0].cells == {"arm": "placebo", "subject": "0101"}
    store.write([Act("enter", "allocation", {"subject": "0102", "arm": "x"}, person=2)], BY, AT)
    gives_out(store)
    opened.close()


def test_who_may_not_read_arms_is_told_what_to_take(place: Place) -> None:
    opened = register.open(place.sites)
    with pytest.raises(InputError, match=r"`dosing_sites` of `postgresql://.*` may not read arms\nhint: take the address of a role"):
        opened.arms_store()
    opened.close()


def test_the_owner_does_no_daily_work(place: Place) -> None:
    opened = register.open(place.owner)
    with pytest.raises(InputError, match=r"the role `postgres` might change what is written .*\nhint: .*`dosing register grant ROLE`"):
        register.refuse_owner(opened)
    opened.close()


def test_only_the_owner_lets_in(place: Place) -> None:
    opened = register.open(place.sites)
    with pytest.raises(InputError, match=r"cannot let `dosing_arms` in: permission denied.*\nhint: do it as the role that made"):
        server.let_in(opened.facts, "dosing_arms", arms=True)
    opened.close()


def test_a_role_is_there_and_is_not_the_owner(place: Place) -> None:
    opened = register.open(place.owner)
    with pytest.raises(InputError, match=r"the server has no role `nobody`\nhint: in psql: `CREATE ROLE nobody LOGIN`"):
        server.let_in(opened.facts, "nobody", arms=False)
    with pytest.raises(InputError, match="the role `postgres` may change what is written"):
        server.let_in(opened.facts, "postgres", arms=False)
    opened.close()


def test_the_dump_of_the_facts_holds_no_arm(place: Place) -> None:
    programs = installed()
    assert programs is not None
    for address in (place.owner, place.sites):
        dump = subprocess.run([programs / "pg_dump", "--schema=register", address], capture_output=True, check=True).stdout
        assert b"0101" in dump
        assert b"placebo" not in dump
