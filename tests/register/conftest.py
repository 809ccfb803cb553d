"""Registers of both databases for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nmosd_dosing.register import register
from nmosd_dosing.register.register import Register
from tests.kit.written import Desk, with_people


@pytest.fixture
def nothing(address: str) -> Iterator[Register]:
    """A register in which nothing stands."""
    made = register.make(address)
    yield made
    made.close()


@pytest.fixture
def fang(nothing: Register) -> Desk:
    """The coordinator of site 01, where people have been written down."""
    return with_people(nothing)
