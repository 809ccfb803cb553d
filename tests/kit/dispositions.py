"""Random ways through the periods: the oracle's studies and persons as the program's, and what it makes of them."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

from hypothesis import currently_in_test_context, note

from nmosd_dosing import Schedule, Study, expand
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.schedule.visit_states import VisitStatus
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.disposition import MoveStatus
from tests.judges import oracle_disposition as naive
from tests.kit import histories


def read(study: naive.Study) -> Study:
    text = naive.text_of(study)
    if currently_in_test_context():
        note(text)
    return read_study_text(text)[0]


def expanded(study: naive.Study, persons: list[naive.Person], of_study: dict[str, dt.date]) -> Schedule:
    cohort = Cohort.of_subjects([histories.subject(p) for p in persons], (), of_study)
    return expand(read(study), cohort, allow_deviation=True, accept_gap=True)


def found(schedule: Schedule, column: int) -> dict[str, Any]:
    """What the program says of one subject."""
    disposition = schedule.disposition
    said: dict[str, Any] = {"stop": disposition.stopped.date.item()} if disposition.moves else {}
    for period, anchor in zip(disposition.periods, disposition.anchor, strict=True):
        said[period.id] = anchor[column].item()
    for move in disposition.moves:
        rule = disposition.rule(move, column)
        status = MoveStatus(int(move.status[column])).text
        dates = (move.date[column].item(), move.earliest[column].item(), move.latest[column].item())
        said[f"out of {disposition.periods[move.out_of].id}"] = (status, rule.id, *dates) if rule and status != "none" else (status,)
    for i in range(len(schedule.visits)):
        rows = [k for k, row in enumerate(schedule.rows) if row.visit == i]
        given = {bool(schedule.in_plan(k)[column]) for k in rows}
        assert len(given) <= 1
        said[schedule.id(i)] = VisitStatus(int(schedule.state(i)[column])).text, given == {True}
    return said


Days = dict[str, dt.date]


def drawn(chance: random.Random, n: int) -> tuple[naive.Study, list[naive.Person], Days]:
    study = histories.study(chance)
    persons, of_study = histories.people(chance, study, n)
    return study, naive.possible(study, persons, of_study), of_study
