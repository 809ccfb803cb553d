"""Every column of a CSV has a cell in some row, and every cell a column: names stand in `COLUMNS` and in the functions that fill them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec import structs

from nmosd_dosing import Subject, check, compare, dose_table, due, expand, load, load_assumptions, plan, simulate
from nmosd_dosing.pharmacy.worklist import order, prepare
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.report.export.doses import compared_sheet, doses_sheet
from nmosd_dosing.report.export.findings import due_sheet, findings_sheet
from nmosd_dosing.report.export.pharmacy import order_sheet, worklist_sheet
from nmosd_dosing.report.export.plain import Sheet
from nmosd_dosing.report.export.plan import plan_sheet
from nmosd_dosing.report.export.simulation import simulation_sheet
from nmosd_dosing.subjects.cohort import Cohort
from tests.kit.dates import day_1

EXAMPLES = Path(__file__).parents[2] / "examples"
Look = Callable[[Sheet], None]


@pytest.fixture
def look() -> Iterator[Look]:
    """Notes of a sheet the names of the cells that its rows have; at the end each column has been among them."""
    cells: dict[tuple[str, ...], set[str]] = {}

    def at(sheet: Sheet) -> None:
        cells.setdefault(tuple(sheet.columns), set()).update(name for row in sheet.rows for name in row)

    yield at
    assert cells
    for columns, names in cells.items():
        assert names == set(columns)


def planned() -> Plan:
    return plan(load("belimumab"), Subject(dt.date(2025, 1, 6), weight_kg=70.0))


def test_plans(look: Look) -> None:
    look(plan_sheet(planned()))
    by_the_hour = plan(load(EXAMPLES / "hours" / "hours.yaml"), Subject(dt.date(2025, 1, 6)))  # its time points have columns of their own
    look(plan_sheet(by_the_hour))


def test_doses(look: Look) -> None:
    look(doses_sheet(dose_table(load("belimumab"), [60.0])))
    look(compared_sheet(compare([load("belimumab"), load("mil62")], weight_kg=60.0)))


def test_findings(look: Look) -> None:
    as_of = dt.date(2025, 3, 1)
    made = check(expand(load("belimumab"), Cohort.of_subject(Subject(dt.date(2025, 1, 6)), ())), as_of)
    look(findings_sheet(made))
    look(due_sheet(due(made, as_of, 30)))


def test_pharmacy(look: Look) -> None:
    made = planned()
    first = made.visits[0]
    uncounted = tuple(structs.replace(dose, vials=None) for dose in first.administrations)
    without = structs.replace(made, visits=(structs.replace(first, administrations=uncounted),))
    until = day_1(made) + dt.timedelta(90)
    allowed = structs.replace(first, target=until + dt.timedelta(1), earliest=until, latest=until + dt.timedelta(2))
    coming = structs.replace(made, visits=(allowed,))
    worklist = prepare(load("belimumab"), [made, without, coming], day_1(made), until)
    assert {item.vials is None for item in worklist.items} == {True, False} and worklist.may_come
    look(worklist_sheet(worklist))
    look(order_sheet(worklist, order(worklist)))


def test_simulated_trials(look: Look) -> None:
    study = load("bat4406f")
    assumed = structs.replace(load_assumptions(EXAMPLES / "bat4406f" / "assumptions.yaml", study), sites=2)
    look(simulation_sheet(simulate(study, assumed, 5, by_month_and_site=True)))
