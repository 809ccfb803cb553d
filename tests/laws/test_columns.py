"""Every column of a CSV has a cell in some row, and every cell a column: names stand in `COLUMNS` and in the functions that fill them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs

from nmosd_dosing import Subject, check, compare, dose_table, due, expand, load, load_assumptions, plan, simulate
from nmosd_dosing.pharmacy.worklist import order, prepare
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.report.export import doses, findings, pharmacy, simulation
from nmosd_dosing.report.export import plan as plans
from nmosd_dosing.report.export.plain import Sheet
from nmosd_dosing.subjects.cohort import Cohort
from tests.kit.dates import day_1

EXAMPLES = Path(__file__).parents[2] / "examples"
Found = dict[tuple[str, ...], set[str]]


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Iterator[Found]:
    """By columns: the names of the cells that the rows have."""
    cells: Found = {}

    def csv_text(sheet: Sheet) -> str:
        cells.setdefault(tuple(sheet.columns), set()).update(name for row in sheet.rows for name in row)
        return ""

    for module in (doses, findings, pharmacy, plans, simulation):
        monkeypatch.setattr(module, "csv_text", csv_text)
    yield cells
    assert cells
    for columns, names in cells.items():
        assert names == set(columns)


def planned() -> Plan:
    return plan(load("belimumab"), Subject(dt.date(2025, 1, 6), weight_kg=70.0))


def test_plans(found: Found) -> None:
    plans.to_csv(planned())
    by_the_hour = plan(load(EXAMPLES / "hours" / "hours.yaml"), Subject(dt.date(2025, 1, 6)))  # its time points have columns of their own
    plans.to_csv(by_the_hour)


def test_doses(found: Found) -> None:
    doses.doses_to_csv(dose_table(load("belimumab"), [60.0]))
    doses.compared_to_csv(compare([load("belimumab"), load("mil62")], weight_kg=60.0))


def test_findings(found: Found) -> None:
    as_of = dt.date(2025, 3, 1)
    made = check(expand(load("belimumab"), Cohort.of_subject(Subject(dt.date(2025, 1, 6)), ())), as_of)
    findings.findings_to_csv(made)
    findings.due_to_csv(due(made, as_of, 30))


def test_pharmacy(found: Found) -> None:
    made = planned()
    first = made.visits[0]
    uncounted = tuple(structs.replace(dose, vials=None) for dose in first.administrations)
    without = structs.replace(made, visits=(structs.replace(first, administrations=uncounted),))
    until = day_1(made) + dt.timedelta(90)
    allowed = structs.replace(first, target=until + dt.timedelta(1), earliest=until, latest=until + dt.timedelta(2))
    coming = structs.replace(made, visits=(allowed,))
    worklist = prepare(load("belimumab"), [made, without, coming], day_1(made), until)
    assert {item.vials is None for item in worklist.items} == {True, False} and worklist.may_come
    pharmacy.worklist_to_csv(worklist)
    pharmacy.order_to_csv(worklist, order(worklist))


def test_simulated_trials(found: Found) -> None:
    study = load("bat4406f")
    assumed = structs.replace(load_assumptions(EXAMPLES / "bat4406f" / "assumptions.yaml", study), sites=2)
    simulation.simulation_to_csv(simulate(study, assumed, 5, by_month_and_site=True))
