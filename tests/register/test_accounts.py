"""Accounts on either database: they are facts of the trail, and only their passwords' hashes stand elsewhere."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator

import pytest
from django.contrib.auth.hashers import make_password

from nmosd_dosing.errors import InputError
from nmosd_dosing.register import accounts, models, register
from nmosd_dosing.register.accounts import ROLES, Who
from nmosd_dosing.register.database.store import Conflict, Store
from tests.kit.by_hand import unguarded
from tests.kit.postgres import Server
from tests.kit.registers import Files, mould

AT = dt.datetime(2026, 11, 30, 21, 15, tzinfo=dt.UTC)
CHIEF = Who("chief", "manager")
PASSWORD = "seven green tortoises"


def begin(address: str) -> None:
    made = register.make(address)
    assert accounts.begin(made.facts, "chief", AT, "UTC", user="chief", password=PASSWORD) == CHIEF
    made.close()


@pytest.fixture
def store(databases: Files | Server) -> Iterator[Store]:
    """A register's facts, with its first account."""
    with databases.database(mould(databases, begin)) as address:
        opened = register.open(address)
        yield opened.facts
        opened.close()


def add(store: Store, name: str, role: str = "coordinator", sites: str | None = "01", user: str | None = None) -> accounts.Account:
    return accounts.add(store, CHIEF, AT, "UTC", name=name, role=role, sites=sites, user=user)


def give(store: Store, name: str, password: str, by: Who = CHIEF) -> None:
    accounts.set_password(store, by, AT, "UTC", name=name, password=password)


def refused(store: Store, name: str, password: str) -> str:
    with pytest.raises(InputError) as told:
        accounts.who(store, name, password)
    return str(told.value)


def test_an_account_stands_in_the_trail_with_its_role_and_sites(store: Store) -> None:
    add(store, "li.na", sites=" 02,01 ", user="lina")
    found = {account.name: account for account in accounts.accounts(store)}
    assert found["li.na"].who == Who("li.na", "coordinator", frozenset({"01", "02"}))
    assert [json.loads(entry["cells"]) for entry in store.entries() if entry["what"] == "accounts"][1] == {
        "account": "li.na", "role": "coordinator", "sites": "01, 02", "state": "active", "user": "lina",
    }  # fmt: skip
    assert store.verify() is None


def test_an_edit_by_hand_of_what_the_trail_says_of_accounts_lets_nobody_in(address: str) -> None:
    """Whatever is written there, somebody's role or what nobody can read, it is said which number it is."""
    made = register.make(address)
    accounts.begin(made.facts, "chief", AT, "UTC", user="chief", password=PASSWORD)
    add(made.facts, "lina")
    for cells in ('{"account":"lina","role":"manager","sites":"","state":"active","user":"lina"}', "not JSON", "{}"):
        with unguarded(made, made.facts) as hand:
            hand.ask("UPDATE register_content SET cells = ? WHERE entry = 3", cells)
        with pytest.raises(InputError, match="number 3 of the trail, which says who may do what, is not as it was written"):
            accounts.of_user(made.facts, "lina")
    made.close()


def test_an_edit_by_hand_of_the_accounts_lets_nobody_in(store: Store) -> None:
    """Another hash is not the one that the trail says was given, and a line alone is no account."""
    add(store, "lina")
    give(store, "lina", PASSWORD)
    models.Account.objects.using(store.alias).filter(name="lina").update(password=make_password("my own, twelve"))
    models.Account.objects.using(store.alias).create(name="mallory", password=make_password("my own, twelve"))
    told = refused(store, "lina", "my own, twelve")
    assert refused(store, "lina", PASSWORD) == told
    assert refused(store, "mallory", "my own, twelve") == told.replace("lina", "mallory")


def test_passwords_are_compared_and_never_kept(store: Store) -> None:
    add(store, "lina")
    refused(store, "lina", "")
    give(store, "lina", PASSWORD)
    assert accounts.who(store, "lina", PASSWORD) == Who("lina", "coordinator", frozenset({"01"}))
    give(store, "lina", "eight grün tortoises", Who("lina", "coordinator", frozenset({"01"})))
    assert accounts.who(store, "lina", "eight gru\u0308n tortoises").name == "lina"
    assert accounts.who(store, "chief", PASSWORD) == CHIEF
    kept = models.Account.objects.using(store.alias).get(name="lina").password
    trail = json.dumps(list(store.entries()), ensure_ascii=False)
    assert kept.startswith("argon2$") and kept not in trail
    assert PASSWORD not in trail and "tortoises" not in trail
    assert [entry["action"] for entry in store.entries() if entry["what"] == "passwords"] == ["enter", "enter", "correct"]


def test_of_an_account_that_there_is_not_it_says_the_same(store: Store) -> None:
    add(store, "lina")
    add(store, "empty")
    give(store, "lina", PASSWORD)
    told = refused(store, "lina", "another password")
    for name in ("nobody", "empty", "LINA"):
        assert refused(store, name, "another password").replace(name, "lina") == told
    assert told == (
        "error: no account `lina` with this password\n"
        "hint: type both again; a manager gives an account another: `dosing register account password lina`"
    )


def test_a_disabled_account_lets_nobody_in_and_says_so_to_its_owner_alone(store: Store) -> None:
    add(store, "lina", user="lina")
    give(store, "lina", PASSWORD)
    before, now = accounts.change(store, CHIEF, AT, "UTC", name="lina", reason="left", change=accounts.disabled)
    assert (before.active, now.active) == (True, False)
    assert "is disabled" in refused(store, "lina", PASSWORD)
    assert "is disabled" not in refused(store, "lina", "another password")
    assert accounts.of_user(store, "lina") is None
    accounts.change(store, CHIEF, AT, "UTC", name="lina", reason="is back", change=accounts.enabled)
    assert accounts.who(store, "lina", PASSWORD).name == "lina"


def test_who_needs_no_password(store: Store) -> None:
    mine = add(store, "lina", user="li")
    assert accounts.of_user(store, "li") == mine
    assert accounts.of_user(store, "somebody") is None
    assert accounts.needs_no_password(store, mine, "li") == (store.shown.endswith(".db"))
    assert not accounts.needs_no_password(store, mine, "somebody")
    give(store, "lina", PASSWORD)
    found = accounts.of_user(store, "li")
    assert found is not None and not accounts.needs_no_password(store, found, "li")
    named = accounts.of_user(store, "somebody", "lina")
    assert named is not None and not accounts.needs_no_password(store, named, "somebody")


def test_somebody_is_a_manager_always(store: Store) -> None:
    for change in (accounts.disabled, accounts.with_role("monitor", "all")):
        with pytest.raises(InputError, match="is the last manager"):
            accounts.change(store, CHIEF, AT, "UTC", name="chief", reason="tired", change=change)
    add(store, "next", "manager", None)
    accounts.change(store, CHIEF, AT, "UTC", name="next", reason="no", change=accounts.disabled)
    with pytest.raises(InputError, match="is the last manager"):
        accounts.change(store, CHIEF, AT, "UTC", name="chief", reason="tired", change=accounts.disabled)
    accounts.change(store, CHIEF, AT, "UTC", name="next", reason="yes", change=accounts.enabled)
    accounts.change(store, CHIEF, AT, "UTC", name="chief", reason="tired", change=accounts.disabled)


def test_two_managers_who_disable_each_other_at_once_leave_one(store: Store) -> None:
    add(store, "next", "manager", None)

    def meanwhile(account: accounts.Account) -> accounts.Account:
        accounts.change(store, Who("next", "manager"), AT, "UTC", name="chief", reason="first", change=accounts.disabled)
        return accounts.disabled(account)

    with pytest.raises(Conflict, match="next was first"):
        accounts.change(store, CHIEF, AT, "UTC", name="next", reason="second", change=meanwhile)
    assert [account.name for account in accounts.accounts(store) if account.active] == ["next"]


@pytest.mark.parametrize("role", [role for role in ROLES if role != "manager"])
def test_only_a_manager_makes_and_changes_accounts(store: Store, role: accounts.Role) -> None:
    who = Who("lina", role)
    add(store, "lina", role, "all")
    head = store.head()
    told = rf"the account `lina` may not .*: it is an? {role}\nhint: ask a manager"
    with pytest.raises(InputError, match=told):
        accounts.add(store, who, AT, "UTC", name="tom", role="manager")
    with pytest.raises(InputError, match=told):
        accounts.change(store, who, AT, "UTC", name="lina", reason="x", change=accounts.with_role("manager", None))
    with pytest.raises(InputError, match=told):
        accounts.set_password(store, who, AT, "UTC", name="chief", password="my own, twelve")
    assert store.head() == head


@pytest.mark.parametrize(
    "name",
    ["", " ", ".", "..", "li na", "-lina", "@lina", "li\nna", "li,na", "li`na", "x" * 65, "li\u200bna", "li\u202ena", "CHIEF", "chief"],
)
def test_a_name_is_short_plain_and_like_no_other(name: str) -> None:
    there = [accounts.Account(1, "chief", "manager", None, True, None, False)]
    with pytest.raises(InputError, match=r"is no name for an account|is there already"):
        accounts.checked_name(name, there)


def test_names_may_be_of_any_script() -> None:
    assert accounts.checked_name("张丽娜", ()) == "张丽娜"
    assert accounts.checked_name("mu\u0308ller@site.example", ()) == "müller@site.example"


@pytest.mark.parametrize(
    ("password", "wrong"),
    [
        ("short", "is shorter than 12 characters"),
        ("x" * 1025, "is longer than 1,024 characters"),
        ("aaaaaaaaaaaaaaaa", "is one of those that are tried first"),
        ("123412341234567", "is one of those that are tried first"),
        ("temppassword", "is one of those that are tried first"),
        ("li.na.zhang1", "is little more than the account's name"),
    ],
)
def test_a_password_is_not_found_by_trying(password: str, wrong: str) -> None:
    with pytest.raises(InputError, match=f"the new password {wrong}\nhint: take several words"):
        accounts.checked_password(password, "li.na.zhang")


def test_a_user_of_a_computer_who_may_be_two_accounts_names_one(store: Store) -> None:
    mine = add(store, "lina", user="li")
    other = add(store, "lina-kits", "unblinded-pharmacist", "all", user="li")
    with pytest.raises(InputError, match="the user `li` may be several accounts: `lina` or `lina-kits`\nhint: name one"):
        accounts.of_user(store, "li")
    assert [accounts.of_user(store, "li", account.name) for account in (mine, other)] == [mine, other]


@pytest.mark.parametrize("spoilt", ["argon2$x", "x", "", "argon2$argon2id$v=19$m=8,t=1,p=1$YWJj$"])
def test_what_is_no_hash_in_the_table_of_accounts_lets_nobody_in(store: Store, spoilt: str) -> None:
    models.Account.objects.using(store.alias).update(password=spoilt)
    with pytest.raises(InputError, match="no account `chief` with this password"):
        accounts.who(store, "chief", PASSWORD)
