"""The way through the periods of a study, against a naive walk (`oracle_course`)."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import histories
import oracle_course as naive
import studies
from hypothesis import currently_in_test_context, given, note
from hypothesis import strategies as st

from nmosd_dosing import Schedule, Study, expand
from nmosd_dosing.cohort import of_subjects
from nmosd_dosing.course import MoveStatus
from nmosd_dosing.days import Offset
from nmosd_dosing.dsl import read_study_text
from nmosd_dosing.schedule import VisitStatus

Dated = dt.date | None


def read(study: naive.Study) -> Study:
    text = naive.text_of(study)
    if currently_in_test_context():
        note(text)
    return read_study_text(text)[0]


def expanded(study: naive.Study, persons: list[naive.Person], of_study: dict[str, dt.date]) -> Schedule:
    cohort = of_subjects([histories.subject(p) for p in persons], (), of_study)
    return expand(read(study), cohort, allow_deviation=True, accept_gap=True)


def found(schedule: Schedule, column: int) -> dict[str, Any]:
    """What the program says of one subject."""
    course = schedule.course
    said: dict[str, Any] = {"stop": course.stopped.date.item()} if course.moves else {}
    for period, anchor in zip(course.periods, course.anchor, strict=True):
        said[period.id] = anchor[column].item()
    for move in course.moves:
        rule = course.rule(move, column)
        status = MoveStatus(int(move.status[column])).text
        opened = None if rule and rule.after.kind == "end" and rule.after.plus != Offset() else move.date[column].item()
        dates = (opened, move.earliest[column].item(), move.latest[column].item())
        said[f"out of {course.periods[move.source].id}"] = (status, rule.id, *dates) if rule and status != "none" else (status,)
    for i in range(len(schedule.visits)):
        rows = [k for k, row in enumerate(schedule.rows) if row.visit == i]
        given = {bool(schedule.given_at(k)[column]) for k in rows}
        assert len(given) <= 1
        said[schedule.id(i)] = VisitStatus(int(schedule.state(i)[column])).text, given == {True}
    return said


def expected(study: naive.Study, person: naive.Person, stop: Dated) -> dict[str, Any]:
    course = naive.walk(study, person, stop)
    said: dict[str, Any] = {"stop": stop} if course.moves else {}
    said |= {period.id: day for period, day in zip(study.periods, course.days_1, strict=True)}
    for period, move in zip(study.periods, course.moves, strict=False):
        way = next((way for way in study.ways if way.id == move.rule), None)
        dates = (None if way and way.after == "end" and way.plus else move.opened, move.earliest, move.latest)
        said[f"out of {period.id}"] = (move.status, move.rule, *dates) if move.rule is not None else (move.status,)
    return said | course.visits


def differences(study: naive.Study, persons: list[naive.Person], of_study: dict[str, dt.date]) -> list[str]:
    schedule = expanded(study, persons, of_study)
    stop = naive.stop_of(study, persons, of_study)
    lines = []
    for column, person in enumerate(persons):
        if any(move.status == "entered" and move.rule is None for move in naive.walk(study, person, stop).moves):
            continue  # no rule out of that period has happened or will: see below
        is_, should = found(schedule, column), expected(study, person, stop)
        assert is_.keys() == should.keys()
        wrong = [f"  {key}: {is_[key]}, should be {should[key]}" for key in is_ if is_[key] != should[key]]
        if wrong:
            lines += [f"{person} in a study that stops on {stop}", *wrong]
    return lines


def assert_same(study: naive.Study, persons: list[naive.Person], of_study: dict[str, dt.date]) -> None:
    lines = differences(study, persons, of_study)
    assert not lines, "\n".join(lines)


@studies.examples(150)
@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_the_program_and_the_naive_walk_agree(chance: random.Random, n: int) -> None:
    study = histories.study(chance)
    assert_same(study, *histories.people(chance, study, n))


@studies.examples(60)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_they_agree_on_cohorts(seed: int, n: int) -> None:
    chance = random.Random(seed)
    study = histories.study(chance)
    assert_same(study, *histories.people(chance, study, n))
