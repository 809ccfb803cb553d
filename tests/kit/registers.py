"""Where a test's register may be: on either database, empty, and gone afterwards."""

from __future__ import annotations

import contextlib
import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from msgspec import Struct, field

from tests.kit.postgres import ROLES, Server

# Passwords are hashed as quickly as argon2 can: at its strength here each would cost a tenth of a second and 100 MB.
Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.parallelism = 1, 8, 1

Addresses = Callable[[], AbstractContextManager[str]]


class Files(Struct, frozen=True):
    """Registers of SQLite in a folder, as a server has them in databases."""

    folder: Path
    moulds: dict[Any, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def create(self, like: str | None = None) -> str:
        """The address of a register that is not there yet; or of a copy of that of another address."""
        file = self.folder / f"{next(self._numbers)}.db"
        if like is not None:
            for suffix in (".db", ".unblinded.db"):
                shutil.copy(Path(like).with_suffix(suffix), file.with_suffix(suffix))
        return str(file)

    @contextlib.contextmanager
    def database(self, like: str | None = None) -> Iterator[str]:
        """The same: pytest takes its folder away."""
        yield self.create(like)


@pytest.fixture(scope="session")
def sqlite_files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Where the tests' registers of SQLite are."""
    return Files(tmp_path_factory.mktemp("registers"))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)])
def databases(request: pytest.FixtureRequest) -> Files | Server:
    """Where a test's registers are: on SQLite, and in another run on PostgreSQL."""
    found: Files | Server = request.getfixturevalue("sqlite_files" if request.param == "sqlite" else "postgres_server")
    return found


@pytest.fixture
def addresses(databases: Files | Server) -> Addresses:
    """Gives, as often as it is called, the address of a register that is not there yet."""
    return databases.database


def mould(databases: Files | Server, fill: Callable[[str], object]) -> str:
    """The address of a register that was filled so, once for all tests that copy it; `fill` closes what it opens."""
    if fill not in databases.moulds:
        fill(address := databases.create())
        databases.moulds[fill] = address
    return databases.moulds[fill]


@pytest.fixture
def address(addresses: Addresses) -> Iterator[str]:
    """The address of a register that is not there yet, on either database."""
    with addresses() as address:
        yield address


class Place(Struct, frozen=True):
    """The addresses of one register: for who makes it, for the work of the sites, and for who may read arms. A file has one for all."""

    owner: str
    sites: str
    arms: str

    def let_in(self) -> None:
        """Once the register is made: lets the roles of a server in."""
        from nmosd_dosing.register import register
        from nmosd_dosing.register.database import server

        if self.owner != self.sites:
            made = register.open(self.owner)
            server.let_in(made.facts, ROLES[0], arms=False)
            server.let_in(made.facts, ROLES[1], arms=True)
            made.close()


def place_at(owner: str) -> Place:
    """Of a register at an address. On a server nobody works as its owner: the tests' has two roles for every register."""
    if not owner.startswith("postgresql:"):
        return Place(owner, owner, owner)
    sites, arms = (owner.replace("//postgres@", f"//{role}@") for role in ROLES)
    return Place(owner, sites, arms)


@pytest.fixture
def new_place(address: str) -> Place:
    """A register that is not there yet, on either database, as the command line needs it."""
    return place_at(address)


PASSWORD = "seven green tortoises"


class Made(Struct, frozen=True):
    """A register that is there, with its manager `chief`, and the folder in which its password files are."""

    place: Place
    folder: Path

    def account(self, name: str, role: str, sites: str | None = None) -> None:
        """One more account, which is asked as `asks` says."""
        from nmosd_dosing.cli import registers
        from nmosd_dosing.register import accounts, register
        from nmosd_dosing.register.accounts import Who

        opened, by, now = register.open(self.place.sites), Who("chief", "manager"), registers.now()
        user = None if self.on_server else registers.users_name()
        accounts.add(opened.facts, by, now, "UTC", name=name, role=role, sites=sites, user=user)
        if self.on_server:
            accounts.set_password(opened.facts, by, now, "UTC", name=name, password=PASSWORD)
        opened.close()

    def asks(self, name: str, arms: bool = False) -> tuple[str, ...]:
        """What an account types to ask this register; `arms`: at the address where they can be read."""
        typed = ("--register", self.place.arms if arms else self.place.sites, "--account", name)
        return (*typed, "--password-file", str(self.password_file)) if self.on_server else typed

    @property
    def on_server(self) -> bool:
        """Whether it is on a server, where every account has a password."""
        return self.place.owner != self.place.sites

    @property
    def password_file(self) -> Path:
        """The password of every account on a server."""
        return self.folder / "password"


def _begin(owner: str) -> None:
    from nmosd_dosing.cli import registers
    from nmosd_dosing.register import accounts, register

    new = register.make(owner)
    first = {"password": PASSWORD} if new.address.file is None else {"user": registers.users_name()}
    accounts.begin(new.facts, "chief", registers.now(), "UTC", **first)
    new.close()
    place_at(owner).let_in()


def _made(owner: str, folder: Path) -> Made:
    found = Made(place_at(owner), folder)
    found.password_file.write_text(PASSWORD, "utf-8")
    found.password_file.chmod(0o600)
    return found


@pytest.fixture
def made(databases: Files | Server, tmp_path: Path) -> Iterator[Made]:
    """A register with its first account."""
    with databases.database(mould(databases, _begin)) as owner:
        yield _made(owner, tmp_path)


@pytest.fixture
def several(databases: Files | Server, tmp_path: Path) -> Iterator[Callable[[], Made]]:
    """A further register with its first account, as often as it is called."""
    with contextlib.ExitStack() as stack:
        yield lambda: _made(stack.enter_context(databases.database(mould(databases, _begin))), tmp_path)
