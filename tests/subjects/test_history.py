"""What contradicts itself of a subject is refused: an end given twice, a death before day 1."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from nmosd_dosing.errors import Problems
from nmosd_dosing.subjects import history
from nmosd_dosing.subjects.subject import Entered, Event, Measurement, Record, Subject, Weight
from tests.kit.command import errors, output


def test_an_end_given_twice_and_a_death_before_day_1() -> None:
    asked = ("plan", "--regimen", "bat4406f", "--start", "2025-01-06")
    twice = errors(*asked, "--on", "rcp_completed=2025-12-20", "--on", "rcp_completed=2026-01-05")
    assert twice == "error: `rcp_completed` is given twice\nhint: keep one of them\n"
    assert "before day 1" in errors(*asked, "--on", "died=2025-01-01")


def test_who_was_lost_has_begun_and_who_withdrew_before_is_told_how_long_before() -> None:
    asked = ("plan", "--regimen", "bat4406f", "--start", "2025-01-06")
    assert errors(*asked, "--on", "lost=2024-01-06").startswith("error: `lost` on 2024-01-06 is before day 1, 2025-01-06\n")
    assert "withdrawn on 2024-01-06 Sat, 366 days before day 1: nothing after it" in output(*asked, "--on", "withdrawn=2024-01-06")


def test_a_value_that_is_dated_later_was_not_known() -> None:
    values = tuple(Measurement("eGFR", dt.date(2025, 1, day), kidney) for day, kidney in ((19, 60), (20, 59), (21, 58)))
    known = history.known_by([Subject(dt.date(2025, 1, 6), measurements=values)], {}, dt.date(2025, 1, 20))
    assert known.subjects[0].measurements == values[:2]
    assert known.left_out == ("a value on 2025-01-21",)


def on(text: str) -> dt.date:
    """`2-3` is the 3 February 2025."""
    month, day = text.split("-")
    return dt.date(2025, int(month), int(day))


def events(text: str) -> dict[str, Any]:
    return {"events": tuple(Event(name, on(date)) for name, _, date in (event.partition("=") for event in text.split()))}


def weighed(text: str, *records: tuple[str, float]) -> dict[str, Any]:
    """Later weights of 60 kg, and those that were recorded at visits."""
    of_visits = tuple(Record("D1", on(date), weight_kg=kg) for date, kg in records)
    return {"weights": tuple(Weight(on(date), 60) for date in text.split()), "records": of_visits}


DAY_1, DATES = "is before day 1, 2025-01-06", "events count from day 1 on; check the dates"
NO_DAY = "is not after day 1, 2025-01-06; the weight at baseline has no day: `weight 60`"
TOLD: list[tuple[dict[str, Any], str]] = [
    (events("died=2-1 died=2-2"), "`died` is given twice; keep one of them"), (events("relapse=2-1 relapse=2-2"), ""),
    (events("relapse=1-5"), f"`relapse` on 2025-01-05 {DAY_1}; {DATES}"), (events("relapse=1-6"), ""), (events("withdrawn=1-5"), ""),
    (events("relapse=2-1 relapse_confirmed=1-31"),
     "`relapse_confirmed` on 2025-01-31 answers no relapse; add the relapse, with its date of diagnosis"),
    (events("relapse=2-1 relapse_confirmed=2-1"), ""), (events("stable=2-1"), ""),
    (events("relapse=2-1 relapse_confirmed=2-3 relapse_rejected=2-3"),
     "the relapse of 2025-02-01 is confirmed and rejected on the same day; keep one of the two decisions"),
    (events("relapse=2-1 relapse_confirmed=2-3 relapse_rejected=2-4"), ""),
    (events("relapse=2-1 relapse=2-3 relapse_rejected=2-2 relapse_confirmed=2-3"), ""),
    ({"entered": (Entered("q", on("1-5")),)}, f"the entry into `q` on 2025-01-05 {DAY_1}; check the dates"),
    ({"entered": (Entered("q", on("1-6")),)}, ""),
    (weighed("1-5"), f"the weight on 2025-01-05 {NO_DAY}"), (weighed("1-6"), f"the weight on 2025-01-06 {NO_DAY}"), (weighed("1-7"), ""),
    (weighed("2-1", ("2-1", 61)), "two weights on 2025-02-01: 60 kg and 61 kg; keep one of them"),
    (weighed("2-1", ("2-1", 60), ("2-2", 61)), ""),
    (weighed("", ("2-1", 60), ("2-1", 61)), "two weights on 2025-02-01: 60 kg and 61 kg; keep one of them"),
    ({"records": (Record("D1", on("2-1"), weight_kg=60), Record("D2", on("2-1"), "booked", weight_kg=61), Record("D3", on("2-1")))}, ""),
    ({**events("died=1-5"), "planned_start": on("1-1")},
     f"`died` on 2025-01-05 {DAY_1}, the first dose as recorded or booked; planned was 2025-01-01; {DATES}"),
    ({**events("died=1-5"), "planned_start": on("1-6")}, f"`died` on 2025-01-05 {DAY_1}; {DATES}"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "told"), TOLD)
def test_what_contradicts_itself_of_a_subject(given: dict[str, Any], told: str) -> None:
    problems = Problems()
    history.check([Subject(on("1-6"), "A", **given)], False, problems)
    expected = [told.replace("the weight on", "the weight of subject `A` on")] if told else []
    assert [f"{problem.message}; {problem.hint}" for problem in problems.found] == expected


def test_of_several_it_is_said_of_whom() -> None:
    problems = Problems()
    history.check([Subject(on("1-6"), code, **events("died=2-1 died=2-1")) for code in ("A", None)], True, problems)
    assert [problem.message for problem in problems.found] == ["subject `A`: `died` is given twice", "subject ``: `died` is given twice"]


LATER = {
    **events("relapse=1-31 consented=2-2 screen_failed=2-2"), "entered": (Entered("q", on("2-1")),), "weights": (Weight(on("2-1"), 60),),
    "records": (Record("D8", on("2-1")), Record("D9", on("2-1"), time_point="1 h")),
}  # fmt: skip
OF_1 = ["an entry on 2025-02-01", "a weight on 2025-02-01", "a time point on 2025-02-01", "study_stop on 2025-02-01"]
FAILED = "an event on 2025-02-02"


@pytest.mark.parametrize(("as_of", "names", "status", "left_out"), [
    ("1-30", ["consented"], "booked", ["an event on 2025-01-31", FAILED, *OF_1]),
    ("1-31", ["relapse", "consented"], "booked", [FAILED, *OF_1]),
    ("2-1", ["relapse", "consented"], "done", [FAILED]), ("2-2", ["relapse", "consented", "screen_failed"], "done", []),
])  # fmt: skip
def test_what_was_known_on_a_day(as_of: str, names: list[str], status: str, left_out: list[str]) -> None:
    """Of the day itself all is known; a day of consent or screening to come is planned."""
    known = history.known_by([Subject(on("1-6"), **LATER)], {"study_stop": on("2-1")}, on(as_of))
    (subject,), there = known.subjects, status == "done"
    assert ([event.name for event in subject.events], {record.status for record in subject.records}) == (names, {status})
    assert (len(subject.entered), len(subject.weights), len(known.of_study)) == (there, there, there)
    assert list(known.left_out) == left_out


def test_of_whom_only_a_failed_screening_is_known_it_may_be_planned() -> None:
    known = history.known_by([Subject(None, **events("screen_failed=2-2"))], {}, on("2-1"))
    assert (len(known.subjects[0].events), known.left_out) == (1, ())


@pytest.mark.parametrize(
    ("date", "last", "told"), [("1-20", "1-21", True), ("1-20", "1-20", False), ("1-19", "1-20", False), ("1-21", "1-22", False)]
)
def test_what_was_begun_by_a_day_and_goes_on_after_it(date: str, last: str, told: bool) -> None:
    record = Record("D1", on(date), last=on(last))
    said = (f"a last day on {on(last)}, with any amount",) if told else ()
    assert history.not_ended_by([Subject(on("1-6"), records=(record,))], on("1-20")) == said
