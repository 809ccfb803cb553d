"""Registers of both databases for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nmosd_dosing.register import register
from nmosd_dosing.register.register import Register
from tests.kit.postgres import Server
from tests.kit.registers import Files, mould
from tests.kit.written import Desk, with_people


def _make(address: str) -> None:
    register.make(address).close()


def _make_with_people(address: str) -> None:
    made = register.make(address)
    with_people(made)
    made.close()


@pytest.fixture
def nothing(databases: Files | Server) -> Iterator[Register]:
    """A register in which nothing stands."""
    with databases.database(mould(databases, _make)) as address:
        opened = register.open(address)
        yield opened
        opened.close()


@pytest.fixture
def fang(databases: Files | Server) -> Iterator[Desk]:
    """The coordinator of site 01, where people have been written down."""
    with databases.database(mould(databases, _make_with_people)) as address:
        opened = register.open(address)
        yield Desk(opened)
        opened.close()
