"""Repeats against the oracle of rhythms, on random first days; and that what is refused does hang on the first day."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing import Event, RegimenError, Subject, plan
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.study.model import Study
from tests.judges import oracle_rhythms as oracle
from tests.judges.oracle_rhythms import Rhythm, Unit
from tests.kit.studies import examples

FILE = """\
language: 1
study: random
title: A random rhythm
source: not stated
days: from 0
products:
  X: {{route: IV infusion}}
periods:
  main:
    visits:
      - at: {at}
        assess: MRI
"""
ENDS_OF_MONTHS = [dt.date(2024, 2, 29), dt.date(2023, 8, 31), dt.date(2025, 1, 31), dt.date(2023, 12, 31), dt.date(2025, 2, 28)]
FIRST_DAYS = [  # with most leap days behind them; and with fewest, since 2100 has none: 101 months from 2097-02-01 on are 3071 days
    *ENDS_OF_MONTHS,
    *(dt.date(2023, 1, 1) + dt.timedelta(n) for n in range(2922)),
    *(dt.date(2096, 3, 1) + dt.timedelta(n) for n in range(365)),
]
starts = st.sampled_from(ENDS_OF_MONTHS) | st.dates(dt.date(1990, 1, 1), dt.date(2060, 12, 31))


@st.composite
def rhythms(draw: st.DrawFn) -> Rhythm:
    unit: st.SearchStrategy[Unit] = st.sampled_from(("days", "months"))
    by, step_by = draw(unit), draw(unit)
    base = (draw(st.integers(0, 400)), by) if by == "days" else (draw(st.integers(1, 120)), by)
    step = (draw(st.integers(1, 60)), step_by) if step_by == "days" else (draw(st.integers(1, 12)), step_by)
    event = draw(st.booleans())
    if draw(st.booleans()):
        return Rhythm(base, step, draw(st.integers(1, 12)), event=event)
    until = draw(unit)
    far = draw(st.integers(1, 24))
    last = base[0] + (far * 30 if by == "days" else far) if until == by else (base[0] // 30 if by == "days" else base[0] * 31) + far * 2
    left_out = draw(st.sets(st.integers(1, 3), max_size=2)) if by == step_by else set()
    return Rhythm(base, step, until=(last, until), without=tuple(sorted(left_out)), event=event)


def read(rhythm: Rhythm) -> Study | None:
    """None where it is refused."""
    try:
        return read_study_text(FILE.format(at=f'"{rhythm.text}"'))[0]
    except RegimenError as error:
        (problem,) = error.problems
        known = (
            "depends on the first date",
            "before it begins",
            "no repeat falls between",
            "is no day of the repeat",
            "is excepted",
            "more than",
        )
        assert any(words in problem.message for words in known), problem.message
        if "depends on the first date" in problem.message:
            assert len({len(oracle.days(rhythm, first)) for first in FIRST_DAYS}) > 1, rhythm.text
        return None


def test_whether_a_repeat_is_told_to_hang_on_the_first_date_is_asked_of_all_centuries() -> None:
    """Of no first date before 2090 is month 101 on or before day 3071; where 2100 lies between, it is."""
    rhythm = Rhythm((99, "months"), (1, "months"), until=(3071, "days"))
    assert read(rhythm) is None
    assert [len(oracle.days(rhythm, dt.date(year, 2, 1))) for year in (2024, 2025, 2026, 2027, 2097)] == [2, 2, 2, 2, 3]


@given(rhythms(), starts, st.integers(0, 500))
@examples(200)
def test_a_repeat_is_on_the_days_that_the_oracle_counts(rhythm: Rhythm, start: dt.date, later: int) -> None:
    study = read(rhythm)
    if study is None:
        return
    first = start + dt.timedelta(later) if rhythm.event else start
    subject = Subject(start, events=(Event("relapse", first),) if rhythm.event else ())
    made = plan(study, subject)
    assert [visit.target for visit in made.visits] == oracle.days(rhythm, first)


@given(st.sets(st.integers(1, 12), min_size=1, max_size=5), starts)
@examples(50)
def test_what_is_excepted_is_missing_and_nothing_else_is_called_or_dated_otherwise(left_out: set[int], start: dt.date) -> None:
    def visits(without: str) -> list[Any]:
        study, _ = read_study_text(FILE.format(at=f'"D0 ±0d, then every 4 weeks until D364 ±3d{without}"'))
        return [(v.label, v.target, v.earliest, v.latest) for v in plan(study, Subject(start)).visits]

    whole = visits("")
    some = visits(f", except {', '.join(f'D{28 * n}' for n in sorted(left_out))}")
    assert some == [visit for n, visit in enumerate(whole) if n not in left_out]
