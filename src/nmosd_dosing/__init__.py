"""Dosing schedules of NMOSD trials: a study file becomes one subject's dated plan.

    from nmosd_dosing import load, plan

    for visit in plan(load("mil62"), "2025-01-06", period="rcp").visits:
        print(visit.target, visit.label)

`load` reads a study (an id or a path), `plan` dates it for one subject, `expand` for many at once as arrays; `check` tells what was
done against it, `due` what comes next; `dose_table` tells what it takes at several body weights, `compare` sets studies side by side;
`simulate` plays a whole trial many times.
Everything that can be wrong with a file or an argument is a `DosingError` (`RegimenError`,
`InputError`) that carries all its problems.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from nmosd_dosing.agenda import Due, due
    from nmosd_dosing.assumptions import Assumptions
    from nmosd_dosing.catalog import load
    from nmosd_dosing.cohort import Cohort
    from nmosd_dosing.comparisons import Comparison, compare
    from nmosd_dosing.dose_tables import DoseTable, dose_table
    from nmosd_dosing.entries import CalendarStyle
    from nmosd_dosing.errors import DosingError, InputError, Problem, RegimenError
    from nmosd_dosing.expansion import expand
    from nmosd_dosing.export import to_csv, to_json
    from nmosd_dosing.findings import check
    from nmosd_dosing.ical import CalendarFile, read_ics
    from nmosd_dosing.model import Study, Window
    from nmosd_dosing.person import Entered, Event, Exposure, Finding, Plan, Record, Subject, Weight
    from nmosd_dosing.plans import plan
    from nmosd_dosing.scenarios import load_assumptions, simulate
    from nmosd_dosing.schedule import Schedule
    from nmosd_dosing.standing import Real
    from nmosd_dosing.updates import CalendarUpdate, to_ics, update_ics

_ROOMS = {
    "Due": "agenda", "due": "agenda", "check": "findings", "Entered": "person", "Event": "person", "Finding": "person", "Record": "person",
    "Exposure": "person", "Weight": "person",
    "load": "catalog", "Cohort": "cohort", "CalendarStyle": "entries", "DosingError": "errors", "InputError": "errors",
    "Problem": "errors", "RegimenError": "errors", "expand": "expansion", "to_csv": "export", "to_json": "export",
    "CalendarFile": "ical", "read_ics": "ical", "Plan": "person", "Study": "model", "Subject": "person", "Window": "model",
    "plan": "plans", "Schedule": "schedule", "CalendarUpdate": "updates", "to_ics": "updates",
    "load_assumptions": "scenarios", "simulate": "scenarios", "Real": "standing", "Assumptions": "assumptions",
    "update_ics": "updates", "Comparison": "comparisons", "compare": "comparisons", "DoseTable": "dose_tables", "dose_table": "dose_tables",
}  # fmt: skip

__all__ = [
    "Assumptions", "CalendarFile", "CalendarStyle", "CalendarUpdate", "Cohort", "Comparison", "DoseTable", "DosingError", "Due",
    "Entered", "Event", "Exposure", "Finding", "InputError", "Plan", "Problem", "Real", "Record", "RegimenError", "Schedule", "Study",
    "Subject", "Weight", "Window", "check", "compare", "dose_table", "due", "expand", "load", "load_assumptions", "plan", "read_ics",
    "simulate", "to_csv", "to_ics", "to_json", "update_ics",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    # Names come from their rooms when they are asked for, so that `dosing --help` need not load numpy.
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    found = getattr(importlib.import_module(f"{__name__}.{_ROOMS[name]}"), name)
    globals()[name] = found
    return found
