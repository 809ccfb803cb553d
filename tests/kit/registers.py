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
def place(addresses: Addresses) -> Iterator[Place]:
    """A register that is not there yet, on either database, as the command line needs it: on a server nobody works as its owner."""
    with addresses() as owner:
        yield place_on_server(owner) if owner.startswith("postgresql:") else Place(owner, owner, owner)
