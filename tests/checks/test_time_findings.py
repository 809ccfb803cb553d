"""What is said of time points: by the minute where both hours are recorded, and what is said where they are not."""

from __future__ import annotations

import datetime as dt

import pytest

from nmosd_dosing import Record, Subject, check, expand
from nmosd_dosing.checks.due import due
from nmosd_dosing.checks.finding import Finding, deviates
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.subjects.cohort import Cohort
from tests.judges.test_hours import STUDY
from tests.kit.somebody import HEAD

DAY, NEXT = dt.date(2025, 1, 6), dt.date(2025, 1, 7)
DOSES = (Record("D1", DAY, product="Y", time=dt.time(8, 30)), Record("D1", DAY, product="X", time=dt.time(9)))
NO_HOUR = (Record("D1", DAY, product="Y"), Record("D1", DAY, product="X"))


def findings(*records: Record, as_of: dt.date = NEXT) -> list[Finding]:
    """Those of time points."""
    study, _ = read_study_text(STUDY)
    schedule = expand(study, Cohort.of_subject(Subject(DAY, records=records), ()), allow_deviation=True)
    found = check(schedule, as_of)
    assert all(item.finding.time_point is None for item in due(found, as_of, 14))
    return [finding for finding in found if finding.time_point is not None]


def of(time_point: str, hour: dt.time | None, status: str = "done", date: dt.date = DAY) -> Record:
    return Record("D1", date, status, assessment="PK sample", time_point=time_point, time=hour)  # type: ignore[arg-type]


def said(*records: Record) -> list[tuple[str, str, int | None, str]]:
    """Of what is recorded."""
    return [(f.time_point or "", f.verdict, f.minutes, f.message) for f in findings(*records) if f.verdict != "past-target"]


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ((*DOSES, of("1.5 h", dt.time(10, 35))), ("PK sample, 1.5 h after X", "in-window", 5, "5 min after the nominal time")),
        ((*DOSES, of("1.5 h", dt.time(10, 36))), ("PK sample, 1.5 h after X", "late", 6, "1 min after the last allowed minute, 10:35")),
        ((*DOSES, of("1.5 h", dt.time(10, 24))), ("PK sample, 1.5 h after X", "early", -6, "1 min before the first allowed minute, 10:25")),
        (
            (*DOSES, of("1.5 h", dt.time(10, 30), date=DAY - dt.timedelta(1))),
            ("PK sample, 1.5 h after X", "early", -1440, "1435 min before the first allowed minute, 2025-01-06 Mon 10:25"),
        ),
        ((*DOSES, of("predose", dt.time(9))), ("PK sample, before X", "in-window", 0, "at the beginning of X")),
        ((*DOSES, of("predose", dt.time(9, 1))), ("PK sample, before X", "late", 1, "1 min after the last allowed minute, 09:00")),
        ((*DOSES, of("30 min", dt.time(9, 30))), ("PK sample, 30 min after X", "no-window", 0, "on the nominal time; no window is stated")),
        ((*DOSES, of("30 min", None)), ("PK sample, 30 min after X", "no-hour", None, "its hour is not recorded")),
        (
            (*NO_HOUR, of("30 min", dt.time(9, 30))),
            ("PK sample, 30 min after X", "no-hour", None, "at 09:30; the hour of X is not recorded"),
        ),
        ((*DOSES, of("30 min", None, "missed")), ("PK sample, 30 min after X", "missed", None, "recorded as missed")),
    ],
)
def test_what_is_said(records: tuple[Record, ...], expected: tuple[str, str, int | None, str]) -> None:
    assert said(*records) == [expected]


def test_deviations_are_what_was_early_late_missed_or_recorded_twice() -> None:
    late, twice = of("1.5 h", dt.time(11)), of("1.5 h", dt.time(10, 30))
    found = findings(*DOSES, late, twice, of("30 min", None), of("predose", None, "missed"))
    assert sorted(f.verdict for f in found if deviates(f)) == ["duplicate", "late", "missed"]


def test_of_what_nothing_is_recorded_one_line_says_so_once_its_day_has_passed() -> None:
    assert findings(*DOSES, as_of=DAY) == [] == findings(as_of=NEXT + dt.timedelta(30))
    [found] = findings(*DOSES)
    assert (found.verdict, found.time_point, found.message) == ("past-target", "5 time points", "nothing is recorded of them")
    each = findings(*DOSES, of("30 min", dt.time(9, 30)))
    assert [f.time_point for f in each if f.verdict == "past-target"] == [
        "ECG, 15 min before X", "PK sample, before X", "PK sample, 1.5 h after X", "PK sample, end of X",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("times", "as_of", "told"),
    [
        ("1 h after X", DAY, []),
        ("1 h after X", NEXT, [("PK, 1 h after X", "not recorded")]),
        ("1 h after X, 2 h after X", DAY, []),
        ("1 h after X, 2 h after X", NEXT, [("2 time points", "nothing is recorded of them")]),
    ],
)
def test_of_several_samples_that_are_not_recorded_one_thing_is_said(times: str, as_of: dt.date, told: list[tuple[str, str]]) -> None:
    entry = f'{{at: D1, give: X 1 mg, assess: {{PK: "{times}"}}}}'
    study, _ = read_study_text(f"{HEAD}products: {{X: {{}}}}\nperiods: {{p: {{visits: [{entry}]}}}}\n")
    found = check(expand(study, Cohort.of_subject(Subject(DAY, records=(Record("D1", DAY),)), ())), as_of)
    assert [(f.time_point, f.message) for f in found if f.time_point is not None] == told
