"""Where a test's register may be: on either database, empty, and gone afterwards."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.kit.postgres import Server

ROLES = ("dosing_sites", "dosing_arms")  # of the tests' server; its databases are fresh, its roles stay
Addresses = Callable[[], AbstractContextManager[str]]


@pytest.fixture(params=["sqlite", "postgresql"])
def addresses(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Addresses:
    """Gives, as often as it is called, the address of a register that is not there yet: on SQLite, and in another run on PostgreSQL."""
    if request.param == "postgresql":
        running: Server = request.getfixturevalue("postgres_server")
        return running.database
    folder, numbers = tmp_path_factory.mktemp("registers"), itertools.count(1)

    @contextlib.contextmanager
    def file() -> Iterator[str]:
        yield str(Path(folder, f"{next(numbers)}.db"))

    return file


@pytest.fixture
def address(addresses: Addresses) -> Iterator[str]:
    """The address of a register that is not there yet, on either database."""
    with addresses() as address:
        yield address


@dataclass(frozen=True, slots=True)
class Place:
    """The addresses of one register: for who makes it, for the work of the sites, and for who may read arms. A file has one for all."""

    owner: str
    sites: str
    arms: str

    def let_in(self) -> None:
        """Once the register is made: lets the roles of a server in."""
        from nmosd_dosing.register import register, server

        if self.owner != self.sites:
            made = register.open(self.owner)
            server.let_in(made.facts, ROLES[0], arms=False)
            server.let_in(made.facts, ROLES[1], arms=True)
            made.close()


def place_on_server(owner: str) -> Place:
    """With the roles that a server of the tests has for every register."""
    import psycopg

    with psycopg.connect(owner, autocommit=True) as connection:
        for role in ROLES:
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() is None:
                connection.execute(f"CREATE ROLE {role} LOGIN".encode())
    sites, arms = (owner.replace("//postgres@", f"//{role}@") for role in ROLES)
    return Place(owner, sites, arms)


@pytest.fixture
def new_place(addresses: Addresses) -> Iterator[Place]:
    """A register that is not there yet, on either database, as the command line needs it: on a server nobody works as its owner."""
    with addresses() as owner:
        yield place_on_server(owner) if owner.startswith("postgresql:") else Place(owner, owner, owner)


PASSWORD = "seven green tortoises"


@dataclass(frozen=True, slots=True)
class Made:
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


def begun(place: Place, folder: Path) -> Made:
    """A register with its first account, made now."""
    from nmosd_dosing.cli import registers
    from nmosd_dosing.register import accounts, register

    found = Made(place, folder)
    found.password_file.write_text(PASSWORD, "utf-8")
    found.password_file.chmod(0o600)
    new = register.make(place.owner)
    first = {"password": PASSWORD} if found.on_server else {"user": registers.users_name()}
    accounts.begin(new.facts, "chief", registers.now(), "UTC", **first)
    new.close()
    place.let_in()
    return found


@pytest.fixture
def made(new_place: Place, tmp_path: Path) -> Made:
    """A register with its first account."""
    return begun(new_place, tmp_path)


@pytest.fixture
def several(addresses: Addresses, tmp_path: Path) -> Iterator[Callable[[], Made]]:
    """A further register with its first account, as often as it is called."""
    with contextlib.ExitStack() as stack:

        def another() -> Made:
            owner = stack.enter_context(addresses())
            place = place_on_server(owner) if owner.startswith("postgresql:") else Place(owner, owner, owner)
            return begun(place, tmp_path)

        yield another
