"""Nominal times in words, and in which order a visit's doses and time points stand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from nmosd_dosing.dose.dose import Band, Dose, Lead
from nmosd_dosing.study.nominal_times import NominalTime, TimeWindow, times_text
from nmosd_dosing.study.time_points import Line, TimePoint, begins, in_order, the_dose
from nmosd_dosing.study.visit_rules import Give

FIVE, EARLIER, LATER = TimeWindow(5, 5), TimeWindow(30, 0), TimeWindow(0, 90)
WORDS = [
    (NominalTime("X", None), "before X"), (NominalTime("X", -15), "15 min before X"), (NominalTime("X", 0), "0 min after X"),
    (NominalTime("X", 60), "1 h after X"), (NominalTime("X", 0, of_end=True), "end of X"),
    (NominalTime("X", 15, of_end=True), "15 min after end of X"), (NominalTime("X", -15, window=FIVE), "15 min ±5 min before X"),
    (NominalTime("X", 60, window=EARLIER), "1 h -30 min/+0 after X"), (NominalTime("X", None, window=LATER), "before X -0/+1.5 h"),
    (NominalTime("X", 0, True, FIVE), "end of X ±5 min"),
]  # fmt: skip


@pytest.mark.parametrize(("time", "text"), WORDS, ids=[text for _, text in WORDS])
def test_a_nominal_time_in_words(time: NominalTime, text: str) -> None:
    assert time.written == text
    assert times_text([time], {"X": "X/placebo"}) == text.replace("X", "X/placebo")


@pytest.mark.parametrize(("times", "text"), [
    ([("X", None), ("X", 30), ("X", 60)], "before X, 30 min, 1 h after X"),
    ([("X", -30), ("X", -15), ("X", 15), ("X", 30)], "30 min, 15 min before X, 15 min, 30 min after X"),
    ([("X", 30), ("Y", 60)], "30 min after X, 1 h after Y"), ([("X", 30), ("X", 30, True)], "30 min after X, 30 min after end of X"),
    ([("X", 0), ("X", 30)], "0 min after X, 30 min after X"), ([("X", -30), ("X", 0)], "30 min before X, 0 min after X"),
    ([("X", 30), ("X", None)], "30 min after X, before X"), ([("X", 30, True), ("X", 60, True)], "30 min, 1 h after end of X"),
])  # fmt: skip
def test_times_that_go_on_say_their_product_once(times: list[Any], text: str) -> None:
    assert times_text([NominalTime(*time) for time in times]) == text


def dose(**more: Any) -> Dose:
    return Dose("stated", "mg", (Band(Fraction(5)),), **more)


def led(minutes: int, product: str) -> Dose:
    return dose(lead=Lead(minutes, product, ""))


def give(product: str, *doses: Dose | None, changed: tuple[Dose | None, ...] = ()) -> Give:
    return Give(product, doses, False, changes=(("relapse", changed),) if changed else ())


AN_HOUR, LONGER = dose(minutes=60), dose(minutes=90)


@pytest.mark.parametrize(("given", "arm", "minutes"), [
    (give("X", AN_HOUR), -1, 60), (give("X", AN_HOUR), 1, 60), (give("X", AN_HOUR, AN_HOUR), -1, 60),
    (give("X", AN_HOUR, LONGER), -1, None),
    (give("X", AN_HOUR, LONGER), 0, 60), (give("X", AN_HOUR, LONGER), 1, 90), (give("X", AN_HOUR, None), -1, 60),
    (give("X", AN_HOUR, None), 1, None), (give("X", AN_HOUR, changed=(LONGER,)), -1, None),
    (give("X", AN_HOUR, changed=(AN_HOUR,)), -1, 60),
    (give("X", AN_HOUR, LONGER, changed=(None, LONGER)), 1, 90), (give("X", AN_HOUR, LONGER, changed=(LONGER, None)), 0, None),
])  # fmt: skip
def test_how_long_all_doses_of_a_product_take(given: Give, arm: int, minutes: int | None) -> None:
    found = the_dose(given, arm)
    assert (found and found.minutes) == minutes


HALF_PAST = dose(hours=("08:30",))
BEGINS = [
    ([give("X", dose())], {"X": ("X", 0)}), ([give("X", AN_HOUR, LONGER)], {"X": ("X", 0)}),
    ([give("X", dose()), give("Y", led(-30, "X"))], {"X": ("X", 0), "Y": ("X", -30)}), ([give("Y", led(-30, "X"))], {"Y": ("X", -30)}),
    ([give("Z", led(10, "Y")), give("Y", led(-30, "X")), give("X", dose())], {"Z": ("X", -20), "Y": ("X", -30), "X": ("X", 0)}),
    ([give("X", led(30, "Y")), give("Y", led(30, "X"))], {"X": ("Y", 30), "Y": ("X", 30)}),
    ([give("X", HALF_PAST)], {"X": ("", 510)}), ([give("X", dose(hours=("08:00", "20:00")))], {"X": ("X", 0)}),
    ([give("X", HALF_PAST), give("Y", led(-45, "X"))], {"X": ("", 510), "Y": ("", 465)}),
    ([give("X", dose(hours=("08:30",), lead=Lead(5, "Y", "")))], {"X": ("", 510)}),
]  # fmt: skip


@pytest.mark.parametrize(("gives", "found"), BEGINS)
def test_when_each_product_of_a_visit_begins(gives: list[Give], found: dict[str, tuple[str, int]]) -> None:
    assert begins(gives) == found


def test_the_order_of_doses_and_times() -> None:
    """Y half an hour before X, which takes an hour; of Z nobody knows how far it is from them."""
    gives = [give("Y", led(-30, "X")), give("X", AN_HOUR), give("Z", dose())]
    written = ["before Y", "before X", "0 min after X", "30 min after X", "end of X", "1 h after end of X", "before Z", "5 min after Z"]
    times: dict[str, Any] = {
        "before Y": ("Y", None), "before X": ("X", None), "0 min after X": ("X", 0), "30 min after X": ("X", 30),
        "end of X": ("X", 0, True),
        "1 h after end of X": ("X", 60, True), "before Z": ("Z", None), "5 min after Z": ("Z", 5),
    }  # fmt: skip
    points = [TimePoint("PK", NominalTime(*times[text]), (0,), False) for text in reversed(written)]
    assert sorted(point.time.written for point in in_order(points, gives)[1:3]) == ["0 min after X", "before X"], "at one time"
    assert [p.time.written for p in in_order(points[::-1], gives)] == written
    line = Line(gives)
    assert [line.of_dose(product) for product in "YXZW"] == [(0, -30, 1), (0, 0, 1), (1, 0, 1), (2, 0, 1)]
    assert [line.place(NominalTime(*of)) for of in (("X", -15), ("X", 0), ("X", 30), ("X", 0, True), ("W", 5))] == [
        (0, -15, 0), (0, 0, 0), (0, 30, 2), (0, 60, 2), (2, 5, 2),
    ]  # fmt: skip
    assert Line([give("X", AN_HOUR, LONGER)], 1).after_beginning(NominalTime("X", 5, of_end=True)) == 95
    assert Line([give("X", AN_HOUR, LONGER)]).after_beginning(NominalTime("X", 5, of_end=True)) == 5
