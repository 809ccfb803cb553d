"""Files of a register: their versions, from which day a site uses which, and on which version subjects are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from nmosd_dosing.errors import InputError
from nmosd_dosing.register import register
from nmosd_dosing.register.database.facts import holding
from nmosd_dosing.register.database.store import Act
from nmosd_dosing.register.reading import studies
from nmosd_dosing.register.register import Register
from tests.register.database.test_store import ANNA, NOON

FIRST, SECOND = b"study: x\n# one\r\n", "study: x\n# 二\n".encode()


@pytest.fixture
def empty(address: str) -> Iterator[Register]:
    """A register in which nothing stands."""
    made = register.make(address)
    yield made
    made.close()


def adopt(register: Register, content: bytes, start: str | None = None, *sites: str) -> str:
    """Takes a study file in, and gives its version."""
    day = dt.date.fromisoformat(start) if start is not None else None
    version, acts = studies.adopted(register.facts, "study", "x", "x.yaml", content, day, sites)
    register.facts.write(acts, ANNA, NOON)
    return version


def used(register: Register, site: str | None, day: str | None) -> str | None:
    """The version that a site uses on a day."""
    found = studies.in_use(register.facts, "study", site, dt.date.fromisoformat(day) if day else None)
    return found.version if found is not None else None


def test_a_file_is_kept_whole_and_not_twice(empty: Register) -> None:
    assert [adopt(empty, FIRST), adopt(empty, SECOND, "2025-07-01"), adopt(empty, FIRST)] == ["1", "2", "1"]
    assert [(file.version, file.content) for file in studies.files(empty.facts)] == [("1", FIRST), ("2", SECOND)]
    assert empty.facts.head().seq == 4


def test_a_site_uses_what_was_said_last_of_it_from_its_day_on(empty: Register) -> None:
    adopt(empty, FIRST)
    adopt(empty, SECOND, "2025-07-01", "01", "02")
    adopt(empty, SECOND, "2025-09-01")
    table = {
        ("01", "2025-06-30"): "1", ("01", "2025-07-01"): "2", ("03", "2025-07-01"): "1", ("03", "2025-08-31"): "1",
        ("03", "2025-09-01"): "2", (None, "2025-08-31"): "1", (None, "2025-09-01"): "2", ("01", None): "1",
    }  # fmt: skip
    assert {key: used(empty, *key) for key in table} == table
    assert studies.in_use(empty.facts, "site", "01", None) is None


def test_subjects_of_one_version_have_its_file_and_those_of_two_have_none(empty: Register) -> None:
    with pytest.raises(InputError, match="the register has no study file"):
        studies.study_of(empty.facts, [])
    adopt(empty, FIRST)
    adopt(empty, SECOND, "2025-07-01")
    rows = [
        Act("enter", "subjects", {"subject": code, "study_version": version}, newcomer=code) for code, version in (("1", "1"), ("2", "2"))
    ]
    empty.facts.write(rows, ANNA, NOON)
    one, two = holding(empty.facts, "subjects")
    assert studies.study_of(empty.facts, [one]).content == FIRST
    assert studies.study_of(empty.facts, [two]).content == SECOND
    assert studies.study_of(empty.facts, []).content == SECOND
    with pytest.raises(InputError, match="these subjects are on 2 versions of the study: 1 subject on version 1, 1 subject on version 2"):
        studies.study_of(empty.facts, [one, two])


def test_a_register_is_of_one_study(empty: Register) -> None:
    adopt(empty, FIRST)
    with pytest.raises(InputError, match=r"`y\.yaml` is of the study `y`, and this register is of `x`"):
        studies.adopted(empty.facts, "study", "y", "y.yaml", b"study: y")
    with pytest.raises(InputError, match=r"`x\.yaml` is not UTF-8"):
        studies.adopted(empty.facts, "study", "x", "x.yaml", b"\xff")
