"""How the time grows: `cohort` with three events of each subject, and restarts of one; each figure is about 1 where it is linear."""

from __future__ import annotations

import datetime as dt
import random
import time

from race import heading, row

from nmosd_dosing import Event, Record, Subject, load, plan
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.request import Request
from nmosd_dosing.report.export import cohort
from nmosd_dosing.schedule.excluded import stop_counted
from nmosd_dosing.subjects.cohort import Cohort

FEW, MANY = 4_000, 32_000
RESTARTS = (20, 160)
STUDY = (
    "language: 1\nstudy: s\ntitle: t\nsource: not stated\ndays: from 1\nproducts: {X: {}}\nperiods:\n  main:\n"
    "    if gap: [{of: more than 8 weeks, then: restart}]\n"
    "    visits: [{at: 'D1, D15, D29, then every 4 weeks until D141', give: X 100 mg, counted from: previous dose}]\n"
)


def people(n: int, *, events: bool) -> list[Subject]:
    """Subjects of half a year; with a relapse that is rejected, and a treatment that is stopped, each on a day of its own."""
    chance, found = random.Random(1), []
    for i in range(n):
        start = dt.date(2025, 1, 6) + dt.timedelta(chance.randrange(180))
        relapse = start + dt.timedelta(chance.randrange(20, 200))
        rejected = relapse + dt.timedelta(chance.randrange(1, 20))
        stopped = start + dt.timedelta(chance.randrange(20, 700))
        told = (Event("relapse", relapse), Event("relapse_rejected", rejected), Event("treatment_stopped", stopped)) if events else ()
        found.append(Subject(start, code=f"S{i:07}", weight_kg=chance.randrange(35_000, 130_000) / 1000, events=told))
    return found


def seconds_of_cohort(subjects: list[Subject]) -> float:
    """Processor time from subjects to the rows of their table."""
    begin = time.process_time()
    request = Request(load("bat4406f"))
    request = Request(request.study, columns=stop_counted(request.study, None, Cohort.of_subjects(subjects, request.arms)))
    for texts in cohort.rows(request, "csv"):
        assert all(texts)
    return time.process_time() - begin


def seconds_of_restarts(n: int) -> float:
    study, _ = read_study_text(STUDY)
    begins = dt.date(1990, 1, 1)
    days = [begins + dt.timedelta(60 * i) for i in range(1, n + 1)]
    labels = ["D15", "D15 (restart)", *(f"D15 (restart {i})" for i in range(2, n))]
    records = (Record("D1", begins), *map(Record, labels, days))
    begin = time.process_time()
    made = plan(study, Subject(begins, records=records))
    taken = time.process_time() - begin
    assert sum("(restart" in visit.label and visit.status == "done" for visit in made.visits) == n
    return taken


def main() -> None:
    heading("growth: time for each, of many against few")
    few, many, none = (seconds_of_cohort(people(n, events=events)) for n, events in ((FEW, True), (MANY, True), (MANY, False)))
    row(f"cohort with three events each: a subject of {MANY:,} / of {FEW:,}", many / MANY / (few / FEW), f"{many / MANY * 1e6:.0f} µs")
    row(f"cohort of {MANY:,}: with three events each / without", many / none, f"{none:.1f} s without")
    few, many = (min(seconds_of_restarts(n) for _ in range(3)) for n in RESTARTS)
    row(f"a restart of {RESTARTS[1]} / of {RESTARTS[0]}", many / RESTARTS[1] / (few / RESTARTS[0]), f"{many:.2f} s")


if __name__ == "__main__":
    main()
