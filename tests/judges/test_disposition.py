"""The way through the periods of a study, against a naive walk (`oracle_disposition`)."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.judges import oracle_disposition as naive
from tests.judges.oracle import Length
from tests.kit import histories, studies
from tests.kit.dispositions import expanded, found

Dated = dt.date | None


def expected(study: naive.Study, person: naive.Person, stop: Dated) -> dict[str, Any]:
    walked = naive.walk(study, person, stop)
    said: dict[str, Any] = {"stop": stop} if walked.moves else {}
    said |= {period.id: day for period, day in zip(study.periods, walked.days_1, strict=True)}
    for period, move in zip(study.periods, walked.moves, strict=False):
        dates = (move.opened, move.earliest, move.latest)
        said[f"out of {period.id}"] = (move.status, move.rule, *dates) if move.rule is not None else (move.status,)
    return said | walked.visits


def differences(study: naive.Study, persons: list[naive.Person], of_study: dict[str, dt.date]) -> list[str]:
    persons = naive.possible(study, persons, of_study)
    if not persons:
        return []
    schedule = expanded(study, persons, of_study)
    stop = naive.stop_of(study, persons, of_study)
    lines = []
    for column, person in enumerate(persons):
        is_, should = found(schedule, column), expected(study, person, stop)
        assert is_.keys() == should.keys()
        unequal = [key for key in is_ if is_[key] != should[key]]
        wrong = [f"  {key}: {is_[key]}, should be {should[key]}" for key in unequal]
        if wrong:
            lines += [f"{person} in a study that stops on {stop}", *wrong]
    return lines


def assert_same(study: naive.Study, persons: list[naive.Person], of_study: dict[str, dt.date]) -> None:
    lines = differences(study, persons, of_study)
    assert not lines, "\n".join(lines)


@studies.examples(150)
@given(st.integers(0, 2**32), st.integers(1, 4))
def test_the_program_and_the_naive_walk_agree(seed: int, n: int) -> None:
    chance = random.Random(seed)
    study = histories.study(chance)
    assert_same(study, *histories.people(chance, study, n))


@studies.examples(60)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_they_agree_on_cohorts(seed: int, n: int) -> None:
    chance = random.Random(seed)
    study = histories.study(chance)
    assert_same(study, *histories.people(chance, study, n))


RELAPSE = naive.Way("relapse", "rcp", "olp", "relapse", Length(28, "days"), ("relapse_confirmed", "stable"))
STOP = naive.Way("stop", "rcp", "olp", "stop", Length(14, "days"))
COMPLETED = naive.Way("completed", "rcp", "olp", "end", Length(14, "days"))
RCP = naive.Period("rcp", (naive.Visit(1, ("X",)), naive.Visit(182, ("X",), True)), Length(52, "weeks"))
OLP = naive.Period("olp", (naive.Visit(1, ("X",)), naive.Visit(1, ("X",), months=6)))
IDMC = naive.StopsOn("idmc_stop")
START = dt.date(2025, 1, 6)


def two(*ways: naive.Way, stops: tuple[naive.StopsOn, ...] = (IDMC,)) -> naive.Study:
    return naive.Study((RCP, OLP), ways, stops)


def one(*events: tuple[str, str], enter: str | None = None) -> naive.Person:
    entered = {"olp": dt.date.fromisoformat(enter)} if enter else {}
    return naive.Person(START, tuple((name, dt.date.fromisoformat(date)) for name, date in events), entered)


def visits_of(study: naive.Study, person: naive.Person, **of_study: str) -> dict[str, Any]:
    return found(expanded(study, [person], {name: dt.date.fromisoformat(day) for name, day in of_study.items()}), 0)


def test_an_entry_that_no_rule_leads_to_stands_where_deviations_are_allowed() -> None:
    said = visits_of(two(RELAPSE), one(enter="2025-07-01"))
    assert said["olp"] == dt.date(2025, 7, 1)
    assert said["olp/D1"] == ("planned", True)
    assert said["rcp/D182"] == ("cancelled", False)


def test_no_dose_after_the_stop_though_days_are_counted_from_a_month_after_it() -> None:
    said = visits_of(two(replace(STOP, plus=Length(1, "months")), COMPLETED), one(), idmc_stop="2025-07-01")
    assert said["out of rcp"][0::3] == ("projected", dt.date(2025, 8, 1))
    assert said["rcp/D182"] == ("planned", False)  # 2025-07-06, between the stop and a month later


def test_a_stop_before_the_end_governs_though_days_are_counted_from_a_month_after_it() -> None:
    said = visits_of(two(replace(STOP, plus=Length(1, "months")), COMPLETED), one(), idmc_stop="2025-12-20")
    assert said["out of rcp"][1] == "stop"


def test_a_visit_without_its_doses_does_not_wait_for_a_decision() -> None:
    said = visits_of(two(RELAPSE, COMPLETED), one(("treatment_stopped", "2025-02-01"), ("relapse", "2025-03-01")))
    assert said["rcp/D182"] == ("planned", False)


def test_a_relapse_on_the_day_of_entry_that_is_confirmed_later_does_not_count_for_the_stop() -> None:
    study = two(STOP, COMPLETED, stops=(naive.StopsOn("confirmed", 1),))
    person = one(("relapse", "2025-07-01"), ("relapse_confirmed", "2025-07-08"), enter="2025-07-01")
    assert visits_of(study, person)["stop"] is None


def test_of_two_relapses_without_a_decision_the_first_one_is_shown() -> None:
    said = visits_of(two(RELAPSE, COMPLETED), one(("relapse", "2025-03-01"), ("relapse", "2025-08-01")))
    assert said["out of rcp"] == ("pending", "relapse", dt.date(2025, 3, 1), None, dt.date(2025, 3, 29))


def test_of_two_relapses_without_a_decision_doses_wait_from_the_first_one_on() -> None:
    said = visits_of(two(RELAPSE, COMPLETED), one(("relapse", "2025-03-01"), ("relapse", "2025-08-01")))
    assert said["rcp/D182"] == ("pending", True)
