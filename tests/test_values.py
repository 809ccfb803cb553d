"""What stands beside a value is neither compared nor shown, and what is not to be seen is not shown."""

from __future__ import annotations

import pickle

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.values import beside


@beside("place", unseen=("arm",))
class Dosed(Struct, frozen=True):
    subject: str
    arm: str | None = None
    place: int | None = None


def test_two_are_equal_whatever_stands_beside_them() -> None:
    here, there = Dosed("0012", "500mg", 1), Dosed("0012", "500mg", 2)
    assert here == there and hash(here) == hash(there) and len({here, there}) == 1
    assert here != replace(here, arm="1000mg") and here != replace(here, subject="0013")


@beside("written")
class Length(Struct, frozen=True, order=True):
    days: int
    written: str = ""
    then: int = 0


def test_what_stands_beside_decides_no_order() -> None:
    weeks, days = Length(28, "4 weeks"), Length(28, "28 days")
    assert weeks <= days <= weeks and not weeks < days and not days > weeks
    assert weeks < Length(28, "28 days", 1) and Length(27, "z") < weeks


def test_it_is_shown_without_them_and_without_what_is_not_to_be_seen() -> None:
    assert repr(Dosed("0012", "500mg", 1)) == "Dosed(subject='0012')"


def test_nothing_of_it_is_lost_on_the_way_to_another_process() -> None:
    found = pickle.loads(pickle.dumps(Dosed("0012", "500mg", 1)))
    assert (found, found.place) == (Dosed("0012", "500mg"), 1)
