"""Where a test's register may be: on either database, empty, and gone afterwards."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.kit.postgres import Server

Addresses = Callable[[], AbstractContextManager[str]]


@pytest.fixture(params=["sqlite", "postgresql"])
def addresses(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Addresses:
    """Gives, as often as it is called, the address of a register that is not there yet: on SQLite, and in another run on PostgreSQL."""
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres_server")
        return server.database
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
