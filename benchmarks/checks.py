"""`check` and `due` for 10,000 subjects and 100,000 visits, against pandas reading the same tables."""

from __future__ import annotations

import datetime as dt
import gc
import io
import json
import random
import time

import pandas as pd  # type: ignore[import-untyped]
from race import heading, race, row

from nmosd_dosing import load
from nmosd_dosing.checks.due import due
from nmosd_dosing.checks.finding import Finding
from nmosd_dosing.checks.findings import check
from nmosd_dosing.report.export.findings import findings_sheet, findings_to_dict
from nmosd_dosing.report.export.plain import csv_text
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.tables import roster

SUBJECTS = 10_000
AS_OF = dt.date(2024, 1, 1)
STUDY = load("mil62")
VISITS = [
    ("rcp", "W1D1", 0), ("rcp", "W3D1", 14), ("rcp", "W25D1", 168), ("rcp", "W27D1", 182), ("olp", "W1D1", 364), ("olp", "W3D1", 378),
    ("olp", "W27D1", 546), ("olp", "W53D1", 728), ("olp", "W79D1", 910), ("olp", "W105D1", 1092),
]  # fmt: skip


def tables() -> tuple[bytes, bytes]:
    """Subjects, and ten visits of each, most of them some days off."""
    chance = random.Random(20250106)
    subjects, visits = ["subject,start"], ["subject,period,visit,date,status,reason"]
    for number in range(SUBJECTS):
        start = dt.date(2020, 1, 1) + dt.timedelta(chance.randrange(700))
        subjects.append(f"{number:05},{start}")
        for period, label, days in VISITS:
            off = 0 if days in (0, 364) else chance.randrange(-5, 6)
            visits.append(f"{number:05},{period},{label},{start + dt.timedelta(days + off)},done,")
    return "\n".join(subjects).encode(), "\n".join(visits).encode()


def findings(subjects: bytes, visits: bytes) -> tuple[Finding, ...]:
    """What `dosing check` does, from the tables to the findings."""
    people = roster.roster(roster.subjects(subjects, "s.csv", ["olp"]), [], [], roster.records(visits, "v.csv"))
    schedule = expand(STUDY, Cohort.of_subjects(people, ("mil62", "placebo")), allow_deviation=True, accept_gap=True, at_least=AS_OF)
    return check(schedule, AS_OF)


def main() -> None:
    gc.set_threshold(200_000, 20, 20)  # as the command line does
    subjects, visits = tables()
    found = findings(subjects, visits)
    assert len(found) == SUBJECTS * 12  # eleven visits, ten of them recorded, and the entry
    assert sum(finding.verdict == "no-window" for finding in found) == SUBJECTS * 11
    seconds = race(
        {
            "pandas": lambda: pd.read_csv(io.BytesIO(visits)),
            "records": lambda: roster.records(visits, "v.csv"),
            "check": lambda: findings(subjects, visits),
            "due": lambda: due(findings(subjects, visits), AS_OF, 14),
            "json": lambda: json.dumps(findings_to_dict(found)),
            "csv": lambda: csv_text(findings_sheet(found)),
        },
        rounds=3,
        clock=time.process_time,
    )
    heading(f"check of {SUBJECTS:,} subjects and {len(VISITS) * SUBJECTS:,} visits; pandas reads them in {seconds['pandas'] * 1000:.0f} ms")
    row("reading and checking the records / pandas.read_csv", seconds["records"] / seconds["pandas"])
    row("check, from the tables to the findings / pandas.read_csv", seconds["check"] / seconds["pandas"], f"{seconds['check']:.1f} s")
    row("due, the same / pandas.read_csv", seconds["due"] / seconds["pandas"])
    row("findings as JSON / pandas.read_csv", seconds["json"] / seconds["pandas"])
    row("findings as CSV / pandas.read_csv", seconds["csv"] / seconds["pandas"])


if __name__ == "__main__":
    main()
