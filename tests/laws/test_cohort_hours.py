"""By the hour the rows of a cohort are the rows of each subject's plan, of those who are alike from day 1, too."""

from __future__ import annotations

import csv
import datetime as dt
import io

from msgspec.structs import replace

from nmosd_dosing import Record, Subject, plan
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.request import Request
from nmosd_dosing.report.export.cohort import COHORT_COLUMNS, header, rows
from nmosd_dosing.report.export.plan import to_csv
from nmosd_dosing.subjects.cohort import Cohort

STUDY = """\
language: 1
study: cohort-hours
title: By the hour
source: made up
days: from 1
products: {X: {route: oral}}
periods:
  main:
    visits:
      - at: D1 ±0d, D8 ±1d
        give: X 500 mg daily at 22:00
        assess: [MRI, {PK sample: "before X -30 min/+0, 1 h, 4 h ±10 min, 24 h after X"}]
      - at: D15
        give: X 5 mg/kg
        assess: {PK sample: "before X -30 min/+0, 1 h, 24 h, 48 h ±10 min after X"}
"""


def test_the_rows_are_those_of_plans() -> None:
    study, _ = read_study_text(STUDY)
    told = (
        Record("D1", dt.date(2025, 5, 5), time=dt.time(21, 50)),
        Record("D1", dt.date(2025, 5, 5), time=dt.time(23), assessment="PK sample", time_point="1 h"),
    )
    days = [dt.date(2025, 1, 6), dt.date(2025, 2, 3), dt.date(2025, 2, 4), dt.date(2024, 2, 29), dt.date(2025, 5, 5)]
    people = [Subject(day, f"00{n}", weight_kg=60.0 + n, records=told if n == 4 else ()) for n, day in enumerate(days)]
    request = Request(study, None, tuple(people))
    texts = [text for some in rows(replace(request, columns=Cohort.of_subjects(people, ())), "csv", 2) for text in some]
    found = list(csv.DictReader(io.StringIO(header("csv") + "".join(texts))))
    expected = [row for person in people for row in csv.DictReader(io.StringIO(to_csv(plan(study, person))))]
    assert len(found) == len(expected) == 5 * (2 * 6 + 5)
    both = [name for name in COHORT_COLUMNS if name in expected[0]]
    for mine, theirs in zip(found, expected, strict=True):
        assert {name: mine[name] for name in both} == {name: theirs[name] for name in both}
