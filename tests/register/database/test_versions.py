"""A register that an older version wrote is brought to this one, and kept as it was; one of a newer version is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connections
from django.test import override_settings

from nmosd_dosing.errors import InputError
from nmosd_dosing.register import register
from nmosd_dosing.register.database import versions
from nmosd_dosing.register.database.addresses import address
from nmosd_dosing.register.database.facts import holding
from nmosd_dosing.register.register import Older, Register
from tests.kit.command import errors, output, run
from tests.kit.registers import Made
from tests.register.test_settings import python

newer_version = override_settings(MIGRATION_MODULES={"register": "tests.register.third_form"})


def columns(opened: Register, table: str = "register_entry") -> set[str]:
    connection = connections[opened.facts.alias]
    with connection.cursor() as cursor:
        return {column.name for column in connection.introspection.get_table_description(cursor, table)}


def test_the_migrations_make_what_the_models_say() -> None:
    assert (
        "No changes detected"
        in python("-m", "django", "makemigrations", "--check", "--dry-run", "--settings", "nmosd_dosing.register.settings").stdout
    )


def test_a_register_of_a_newer_version_is_refused_by_its_name(made: Made) -> None:
    asks = made.asks("chief")
    with newer_version:
        versions.bring_up(register._connected(address(made.place.owner)).facts, None)
    assert errors("register", "head", *asks).endswith(" is of a newer version: 0003_third\nhint: take a newer `dosing`\n")


def test_a_manager_brings_an_older_register_to_this_version(made: Made) -> None:
    """On a server its owner does, by the command that only he can type."""
    asks, head = made.asks("chief"), output("register", "head", *made.asks("chief"))
    made.account("anna", "coordinator", "all")
    head = output("register", "head", *asks)
    with newer_version:
        with pytest.raises(Older, match="is of an older version"):
            register.open(made.place.sites)
        if made.on_server:
            assert "is of an older version\nhint: who made it brings it to this one" in errors("register", "head", *asks)
            assert run("register", "grant", "dosing_sites", "--register", made.place.owner)[0] == 0
        else:
            assert "the account `anna` may not bring a register to this version" in errors("register", "head", *made.asks("anna"))
            code, out, said = run("register", "head", *asks)
            copy = Path(made.place.owner.removesuffix(".db") + ".before-0003_third.db")
            assert (code, out.decode()) == (0, head)
            assert said == f"{made.place.owner}: brought to this version; as it was: {copy}\n"
            assert copy.stat().st_mode & 0o077 == 0
        assert output("register", "head", *asks) == head
        opened = register.open(made.place.sites)
        assert "device" in columns(opened)
        assert opened.facts.verify() is None
        assert len(holding(opened.facts, "accounts")) == 2
        opened.close()
        made.account("wei", "monitor", "all")
    if not made.on_server:
        before = register.open(str(copy))
        assert "device" not in columns(before) and before.facts.verify() is None and len(holding(before.facts, "accounts")) == 2
        before.close()


def test_what_fails_leaves_a_register_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "trial.db"
    register.make(str(file)).close()
    (tmp_path / "trial.before-0003_third.db").touch()
    with newer_version, pytest.raises(Older) as older:
        register.open(str(file))
    with newer_version, pytest.raises(InputError, match="is there already"):
        register.bring_up(older.value.register)
    assert "device" not in columns(register.open(str(file)))


def test_the_arms_of_a_file_are_brought_by_who_asks_for_them(tmp_path: Path) -> None:
    file = tmp_path / "trial.db"
    register.make(str(file)).close()
    with newer_version:
        with pytest.raises(Older) as older:
            register.open(str(file))
        register.bring_up(older.value.register)
        opened = register.open(str(file))
        assert versions.form(opened.arms).missing == ["0003_third"]
        assert versions.form(opened.arms_store()).missing == []
        opened.close()
    assert (tmp_path / "trial.unblinded.before-0003_third.db").is_file()
