"""By the hour: plans and findings against a second reckoning, for random visits; and what was worked out by hand."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmosd_dosing import Record, Subject, check, expand, plan
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.report.export.plan import to_dict, visit_rows
from nmosd_dosing.subjects.cohort import Cohort
from tests.judges import oracle_hours as oracle
from tests.judges.oracle_hours import Given, Time, Visit

PRODUCTS = ("X", "Y", "Z")
minutes = st.integers(1, 31 * 24 * 60)
hours = st.integers(0, 24 * 60 - 1)


@st.composite
def times(draw: st.DrawFn, of: Given) -> Time:
    kind = draw(st.sampled_from(["any", "before", "after", "end", "after end"]))
    if kind == "any":
        return Time(of.product, None, window=draw(st.none() | st.tuples(st.integers(0, 90), st.just(0))))
    of_end = kind in ("end", "after end") and of.over is not None
    if of_end and kind == "end":
        return Time(of.product, 0, True, draw(st.none() | st.tuples(st.integers(0, 90), st.integers(0, 90))))
    n = draw(minutes)
    near, far = st.integers(0, n), st.integers(0, 3000)
    if kind == "before":
        return Time(of.product, -n, window=draw(st.none() | st.tuples(far, near)))
    return Time(of.product, n, of_end, draw(st.none() | st.tuples(near, far)))


@st.composite
def visits(draw: st.DrawFn) -> Visit:
    gives: list[Given] = []
    for product in PRODUCTS[: draw(st.integers(1, 3))]:
        before = [given.product for given in gives]
        lead = draw(st.none() | st.tuples(st.integers(-300, 300).filter(bool), st.sampled_from(before))) if before else None
        at = draw(st.none() | hours) if lead is None else None
        gives.append(Given(product, draw(st.none() | st.integers(1, 600)), at, lead))
    examined: dict[tuple[str, str, int | None, bool], tuple[str, Time]] = {}
    for name in draw(st.lists(st.sampled_from(["PK sample", "ECG"]), min_size=1, max_size=6)):
        time = draw(times(draw(st.sampled_from(gives))))
        examined[name, time.of, time.minutes, time.of_end] = name, time
    recorded = [(g.product, dt.time(*divmod(draw(hours), 60))) for g in gives if draw(st.booleans())]
    return Visit(draw(st.dates(dt.date(1990, 1, 1), dt.date(2040, 1, 1))), tuple(gives), tuple(examined.values()), tuple(recorded))


def records(visit: Visit) -> tuple[Record, ...]:
    told = dict(visit.recorded)
    if not told:
        return ()
    return tuple(Record("D1", visit.date, product=g.product, time=told.get(g.product)) for g in visit.gives)


def made_of(visit: Visit, *more: Record) -> Plan:
    study, _ = read_study_text(oracle.text_of(visit))
    return plan(study, Subject(visit.date, records=(*records(visit), *more)))


def shown(made: Plan) -> list[tuple[Any, ...]]:
    [visit] = made.visits
    points = [row for row in visit.time_line if row.kind == "assessment"]
    return sorted(
        [(r.name, r.of, r.nominal, r.of_end, r.date, r.time, r.earliest, r.latest) for r in points],
        key=lambda row: (row[0], row[1], row[3], row[2] is not None, row[2] or 0),
    )


@given(visits())
def test_the_program_and_the_oracle_agree(visit: Visit) -> None:
    found = shown(made_of(visit))
    naive = sorted(oracle.rows(visit), key=lambda r: (r.name, r.of, r.of_end, r.minutes is not None, r.minutes or 0))
    assert found == [(r.name, r.of, r.minutes, r.of_end, r.date, r.time, r.earliest, r.latest) for r in naive]


@given(visits())
def test_the_time_line_is_in_the_order_of_time_and_holds_everything_once(visit: Visit) -> None:
    [made] = made_of(visit).visits
    line = made.time_line
    assert sorted(row.name for row in line if row.kind == "dose") == sorted(given.product for given in visit.gives)
    assert sum(row.kind == "assessment" for row in line) == len(visit.examined)
    if not visit.recorded:  # what was recorded may be in another order than planned
        clocks = [row.time for row in line if row.time is not None]
        roots = {given.product for given in visit.gives if given.lead is None and given.at is None}
        if not roots:  # else nobody knows what comes before what
            assert clocks == sorted(clocks)
    for row in line:
        if row.earliest is not None and row.latest is not None and row.time is not None:
            assert row.earliest <= row.time <= row.latest


@given(visits(), st.data())
@settings(deadline=None)
def test_verdicts_are_those_of_the_oracle(visit: Visit, data: st.DataObject) -> None:
    study, _ = read_study_text(oracle.text_of(visit))
    told = {product for product, _ in visit.recorded}
    said = {(name, t.product, t.minutes, t.of_end): t.text() for name, t in study.periods[0].visit_rules[0].times}
    written, expected = [], {}
    for (name, time), row in zip(visit.examined, oracle.rows(visit), strict=True):
        base = row.time or row.latest
        if time.of in told and base is not None:
            actual, point = base + data.draw(st.integers(-200, 200)) * oracle.MINUTE, said[name, time.of, time.minutes, time.of_end]
            written.append(Record("D1", actual.date(), time=actual.time(), assessment=name, time_point=point))
            expected[f"{name}, {point}"] = oracle.verdict(row, time.window, actual)
    subject = Subject(visit.date, records=(*records(visit), *written))
    schedule = expand(study, Cohort.of_subject(subject, ()), allow_deviation=True)
    found = check(schedule, dt.date(2050, 1, 1))
    assert {f.time_point: (f.verdict, f.minutes) for f in found if f.time_point is not None and f.hour is not None} == expected


# --- worked out by hand ---------------------------------------------------------------------------------------------------

STUDY = """\
language: 1
study: by-hand
title: By hand
source: made up
days: from 1
products: {X: {route: IV infusion}, Y: {route: oral}}
periods:
  main:
    visits:
      - at: D1
        give: [Y 100 mg 30 min before X, X 500 mg over 90 min]
        assess:
          - MRI
          - PK sample: before X -60 min/+0, 30 min, 1.5 h ±5 min after X, end of X, 24 h ±1 h, 36 h after end of X
          - ECG: 15 min before X
"""


def test_a_day_by_hand() -> None:
    study, _ = read_study_text(STUDY)
    told = Record("D1", dt.date(2025, 1, 6), product="X", time=dt.time(22, 40))
    [visit] = plan(study, Subject(dt.date(2025, 1, 6), records=(told,))).visits
    line = [(row.name, row.text, f"{row.time:%d %H:%M}" if row.time else None, row.date and row.date.day) for row in visit.time_line]
    assert line == [
        ("Y", "30 min before X", "06 22:10", 6),
        ("ECG", "15 min before X", "06 22:25", 6),
        ("PK sample", "before X", None, 6),
        ("X", "", "06 22:40", 6),
        ("PK sample", "30 min after X", "06 23:10", 6),
        ("PK sample", "1.5 h after X", "07 00:10", 7),
        ("PK sample", "end of X", "07 00:10", 7),
        ("PK sample", "24 h after end of X", "08 00:10", 8),
        ("PK sample", "36 h after end of X", "08 12:10", 8),
    ]  # fmt: skip
    assert visit.assessments == ("MRI", "PK sample", "ECG")


def test_without_an_hour_there_is_no_clock_and_whole_days_are_nominal() -> None:
    study, _ = read_study_text(STUDY)
    made = plan(study, "2025-01-06")
    [visit] = made.visits
    assert all(row.time is None and row.earliest is None and row.latest is None for row in visit.time_line)
    assert [row.date.day for row in visit.time_line if row.date is not None] == [6, 6, 6, 6, 6, 6, 6, 7, 7]
    points = [row for row in to_dict(made)["visits"][0]["time_line"] if row["kind"] == "assessment"]
    assert [row["nominal"] for row in points] == ["-PT15M", None, "PT30M", "PT1H30M", "PT0M", "PT24H", "PT36H"]
    rows = [row for row in visit_rows(made) if row.get("assessment") == "PK sample"]
    assert [row["time_point"] for row in rows] == [row["time_point"] for row in points if row["name"] == "PK sample"]


@pytest.mark.parametrize(
    "written", ["30 min", "0.5 h", "PT30M", "PT0.5H", "+30 min", "30 min after X", "30 MIN  post-dose", "30 min after dosing"]
)
def test_a_nominal_time_may_be_written_in_several_ways(written: str) -> None:
    study, _ = read_study_text(STUDY)
    record = Record("D1", dt.date(2025, 1, 6), time=dt.time(9, 30), assessment="pk  Sample", time_point=written)
    [visit] = plan(study, Subject(dt.date(2025, 1, 6), records=(record,))).visits
    assert [row.text for row in visit.time_line if row.actual is not None and row.kind == "assessment"] == ["30 min after X"]
    assert visit.status == "planned"  # a sample alone does not say that the visit was


def test_the_hours_of_doses_that_a_row_of_the_whole_visit_names_are_not_known() -> None:
    study, _ = read_study_text(STUDY)
    day = dt.date(2025, 1, 6)
    for record in (Record("D1", day, time=dt.time(9)), Record("D1", day, "booked", time=dt.time(9))):
        [visit] = plan(study, Subject(day, records=(record,)), as_of=day - dt.timedelta(1) if record.status == "booked" else None).visits
        assert visit.time == dt.time(9) and all(row.time is None for row in visit.time_line)


def test_the_hour_of_a_visit_with_one_product_is_that_of_its_dose() -> None:
    study, _ = read_study_text(STUDY.replace("[Y 100 mg 30 min before X, X 500 mg over 90 min]", "X 500 mg over 90 min"))
    day = dt.date(2025, 1, 6)
    for record, actual in ((Record("D1", day, time=dt.time(9)), True), (Record("D1", day, "booked", time=dt.time(9)), False)):
        made = plan(study, Subject(day, records=(record,)), as_of=day if actual else day - dt.timedelta(1))
        rows = [row for row in made.visits[0].time_line if row.text == "30 min after X"]
        assert [(row.time, row.from_actual) for row in rows] == [(dt.datetime(2025, 1, 6, 9, 30), actual)]
        [visit] = to_dict(made)["visits"]
        assert (visit["actual_time"], visit["booked_time"]) == (("09:00", None) if actual else (None, "09:00"))


def test_counting_is_monotone_and_additive() -> None:
    day = dt.date(2025, 1, 6)
    for a, b in itertools.pairwise([1, 30, 59, 60, 61, 90, 1439, 1440, 1441, 2880]):
        visit = Visit(day, (Given("X", at=600),), (("PK sample", Time("X", a)), ("PK sample", Time("X", b))))
        [one, two] = [row.time for row in made_of(visit).visits[0].time_line if row.kind == "assessment"]
        assert one is not None and two is not None and two - one == (b - a) * oracle.MINUTE
