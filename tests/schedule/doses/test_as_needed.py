"""What is given as needed: planned by nobody, missed by nobody, and counted where it is recorded."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from nmosd_dosing import Plan, Subject, plan
from nmosd_dosing.checks.findings import findings_of
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.subject import Record, RecordStatus
from tests.kit.dates import START, day
from tests.kit.worked import HEAD, visits

STUDY, _ = read_study_text(
    HEAD
    + visits(
        "at: D1, give: X 500 mg",
        'at: D1 to D14, give: "Y 2 puffs as needed, at most 4 times daily"',
        "at: D15, give: [X 500 mg, Y 1 puff as needed]",
        "at: D29, give: Y 1 puff as needed, window: ±1d",
    )
    + "spans:\n  after: {title: After the last dose, from: last dose, to: last dose + 7 days}\n"
)


def record(visit: str, date: str, product: str | None = None, amount: str | None = None, status: RecordStatus = "done") -> Record:
    unit = None if amount is None else "puffs" if product in ("Y", None) else "mg"
    return Record(visit, day(date), status, product=product, amount=Decimal(amount) if amount else None, unit=unit)


def made(*records: Record) -> Plan:
    return plan(STUDY, Subject(START, records=records), as_of=day("2025-03-01"), allow_deviation=True)


def told(of: Plan, label: str, product: str = "Y") -> tuple[float | None, str, float | None]:
    visit = next(v for v in of.visits if v.label == label)
    a = next(a for a in visit.administrations if a.product == product)
    return a.amount, a.amount_status, a.cumulative


def verdicts(*records: Record) -> dict[str, str]:
    schedule = expand(STUDY, Cohort.of_subject(Subject(START, records=records), ()), allow_deviation=True)
    return {finding.visit: finding.verdict for finding in findings_of(next(by_subject(schedule)), day("2025-03-01"))}


def test_nothing_of_it_is_planned() -> None:
    of = made()
    assert told(of, "D1 to D14") == (None, "as needed", 0)
    assert told(of, "D29") == (None, "as needed", 0)
    assert of.spans[0].start == START + dt.timedelta(14)  # the last dose is X on D15


def test_it_is_neither_due_nor_missed() -> None:
    assert verdicts() == {"p/D1": "past-target", "p/D15": "past-target"}
    assert not [note for note in made().notes if note.code in ("overdue", "past-target") and "p/D29" in note.visits]


def test_what_is_recorded_counts() -> None:
    of = made(record("D1 to D14", "2025-01-06", "Y", "20"), record("D29", "2025-02-03", None, "3"))
    assert told(of, "D1 to D14") == (20, "stated", 20)
    assert told(of, "D15") == (None, "as needed", 20)
    assert told(of, "D29") == (3, "stated", 23)
    assert of.spans[0].start == day("2025-02-03")  # it was given, and is the last dose


@pytest.mark.parametrize(
    ("records", "wanted"),
    [
        ([record("D15", "2025-01-20")], (None, "as needed", 0)),  # that the visit was says nothing of it
        ([record("D15", "2025-01-20", "X", "500")], (None, "as needed", 0)),
        ([record("D15", "2025-01-20", "Y")], (None, "not recorded", None)),
        ([record("D15", "2025-01-20", "Y", "0")], (0, "stated", 0)),
        ([record("D15", "2025-01-20", status="missed")], (None, "as needed", 0)),
        ([record("D15", "2025-01-20", "Y", status="missed")], (0, "stated", 0)),
    ],
)
def test_what_a_record_says_of_it(records: list[Record], wanted: tuple[float | None, str, float | None]) -> None:
    assert told(made(*records), "D15") == wanted


def test_more_than_the_most_of_a_day_is_wrong() -> None:
    assert "wrong-dose" not in verdicts(record("D1 to D14", "2025-01-06", "Y", "112")).values()
    (note,) = [note for note in made(record("D1 to D14", "2025-01-06", "Y", "113")).notes if note.code == "wrong-dose"]
    assert note.message == "Y 113 puffs is recorded, planned is at most 112 puffs, as needed"


def test_it_is_in_no_dose_intensity() -> None:
    of = made(record("D1", "2025-01-06", "X", "500"), record("D1 to D14", "2025-01-06", "Y", "20"))
    assert [(i.product, i.given, i.planned) for i in of.intensity] == [("X", 500, 1000)]
