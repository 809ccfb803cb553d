"""A register in which people have written by hand, for tests: who they are, and what they type."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import cache

from nmosd_dosing.errors import InputError
from nmosd_dosing.language import catalog
from nmosd_dosing.register.accounts import Role, Who
from nmosd_dosing.register.reading import trail
from nmosd_dosing.register.register import Register
from nmosd_dosing.register.writing import changes
from nmosd_dosing.register.writing.changes import Book, Change
from nmosd_dosing.study.model import Study
from tests.kit.paths import ROOT

NOW = dt.datetime(2025, 7, 8, 2, 12, tzinfo=dt.UTC)
ZONE = "Asia/Shanghai"
FANG = Who("wang.fang", "coordinator", frozenset({"01"}))
LI = Who("li.na", "coordinator", frozenset({"02"}))
UNBLINDED = Who("zhao", "unblinded-pharmacist")
MANAGER = Who("he", "manager")
MONITOR = Who("monitor", "monitor")
Cells = Mapping[str, str]


@cache
def _shipped(regimen: str) -> Study:
    return catalog.find_plan(regimen, None)[0]


def book(register: Register, who: Who = FANG, regimen: str = "bat4406f") -> Book:
    """What somebody writes in, by a shipped study."""
    return Book(register, who, NOW.date(), (_shipped(regimen), None))


class Desk:
    """Somebody who writes in a register, and is told what was written, or why nothing was."""

    def __init__(self, register: Register, who: Who = FANG, at: dt.datetime = NOW, zone: str = ZONE, regimen: str = "bat4406f") -> None:
        self.book, self.at, self.zone = book(register, who, regimen), at, zone

    def record(self, table: str, reason: str | None = None, **cells: str) -> str:
        return self._done(lambda: changes.record(self.book, table, cells, reason))

    def correct(self, number: int | str, reason: str | None = "a typing error", **cells: str) -> str:
        return self._done(lambda: changes.correct(self.book, f"{number}", cells, reason))

    def withdraw(self, number: int | str, reason: str | None = "was another's", *, whole: bool = False) -> str:
        return self._done(lambda: changes.withdraw(self.book, f"{number}", reason, whole=whole))

    def blank(self, number: int | str, cell: str | None, reason: str | None = "a name") -> str:
        return self._done(lambda: changes.blank(self.book, f"{number}", cell, reason))

    def _done(self, asked: Callable[[], Change]) -> str:
        try:
            made = asked()
            numbers = made.write(self.book.who, self.at, self.zone)
        except InputError as error:
            return str(error)
        return "\n".join(line.sentence for line in trail.of_numbers(self.book.register, self.book.who, made.store, numbers))


def by_value(register: Register) -> Desk:
    """A subject of a study that doses by eGFR, number 1."""
    desk = Desk(register, regimen=str(ROOT / "examples" / "values.yaml"))
    said = desk.record("subjects", subject="0101", site="01", start="2025-01-06")
    assert not said.startswith("error"), said
    return desk


def with_people(register: Register) -> Desk:
    """Two subjects of two sites; of the first two visits and a weight: numbers 1 to 5."""
    fang = Desk(register)
    for said in (
        fang.record("subjects", subject="0101", site="01", start="2025-01-06", weight_kg="60"),
        Desk(register, LI).record("subjects", subject="0201", site="02", start="2025-02-03"),
        fang.record("visits", subject="0101", visit="rcp/D1", date="2025-01-06"),
        fang.record("visits", subject="0101", visit="rcp/D182", date="2025-07-07", comment="Zhang Wei, by telephone"),
        fang.record("weighings", subject="0101", date="2025-07-07", weight_kg="62"),
    ):
        assert not said.startswith("error"), said
    return fang


def role(name: Role, *sites: str) -> Who:
    """An account of a role at sites, or at all."""
    return Who(name, name, frozenset(sites) or None)
