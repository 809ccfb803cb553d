"""Dosing schedules of NMOSD trials: a study file becomes one subject's dated plan.

    from nmosd_dosing import load, plan

    for visit in plan(load("mil62"), "2025-01-06", period="rcp").visits:
        print(visit.target, visit.label)

`load` reads a study (an id or a path), `plan` dates it for one subject, `expand` for many at once as arrays; `check` tells what was
done against it, `due` what comes next, `slots` on which days a visit may be; `dose_table` tells what it takes at several body
weights, `compare` sets studies side by side; `simulate` plays a whole trial many times.
Everything that can be wrong with a file or an argument is a `DosingError` (`RegimenError`,
`InputError`) that carries all its problems.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nmosd_dosing.version import __version__ as __version__

if TYPE_CHECKING:
    from nmosd_dosing.calendar.entries import CalendarStyle
    from nmosd_dosing.calendar.ical import CalendarFile, read_ics
    from nmosd_dosing.calendar.updates import CalendarUpdate, to_ics, update_ics
    from nmosd_dosing.checks.due import Due, due
    from nmosd_dosing.checks.finding import Finding
    from nmosd_dosing.checks.findings import check
    from nmosd_dosing.checks.slots import Slots, slots
    from nmosd_dosing.checks.starts import Starts, starts
    from nmosd_dosing.errors import DosingError, InputError, Problem, RegimenError
    from nmosd_dosing.language.catalog import load
    from nmosd_dosing.language.site_file import fill_in, read_site
    from nmosd_dosing.pharmacy.comparison import Comparison, compare
    from nmosd_dosing.pharmacy.dose_table import DoseTable, dose_table
    from nmosd_dosing.plans.plan import Plan
    from nmosd_dosing.plans.planning import plan
    from nmosd_dosing.report.export.parquet import to_arrow
    from nmosd_dosing.report.export.plan import to_csv, to_json
    from nmosd_dosing.schedule.expansion import expand
    from nmosd_dosing.schedule.schedule import Schedule
    from nmosd_dosing.simulation.assumptions.model import Assumptions
    from nmosd_dosing.simulation.scenarios import load_assumptions, simulate
    from nmosd_dosing.simulation.trial_to_date import Real
    from nmosd_dosing.study.model import Study
    from nmosd_dosing.study.visit_rules import Window
    from nmosd_dosing.subjects.cohort import Cohort
    from nmosd_dosing.subjects.subject import Entered, Event, Exposure, Measurement, Record, Subject, Weight


_PUBLIC = {
    "calendar.entries": "CalendarStyle",
    "calendar.ical": "CalendarFile read_ics",
    "calendar.updates": "CalendarUpdate to_ics update_ics",
    "checks.due": "Due due",
    "checks.finding": "Finding",
    "checks.findings": "check",
    "checks.slots": "Slots slots",
    "checks.starts": "Starts starts",
    "errors": "DosingError InputError Problem RegimenError",
    "language.catalog": "load",
    "language.site_file": "fill_in read_site",
    "pharmacy.comparison": "Comparison compare",
    "pharmacy.dose_table": "DoseTable dose_table",
    "plans.plan": "Plan",
    "plans.planning": "plan",
    "report.export.parquet": "to_arrow",
    "report.export.plan": "to_csv to_json",
    "schedule.expansion": "expand",
    "schedule.schedule": "Schedule",
    "simulation.assumptions.model": "Assumptions",
    "simulation.scenarios": "load_assumptions simulate",
    "simulation.trial_to_date": "Real",
    "study.model": "Study",
    "study.visit_rules": "Window",
    "subjects.cohort": "Cohort",
    "subjects.subject": "Entered Event Exposure Measurement Record Subject Weight",
}
_ROOMS = {name: room for room, names in _PUBLIC.items() for name in names.split()}

__all__ = [
    "Assumptions", "CalendarFile", "CalendarStyle", "CalendarUpdate", "Cohort", "Comparison", "DoseTable", "DosingError", "Due",
    "Entered", "Event", "Exposure", "Finding", "InputError", "Measurement", "Plan", "Problem", "Real", "Record", "RegimenError", "Schedule",
    "Slots", "Starts", "Study", "Subject", "Weight", "Window", "check", "compare", "dose_table", "due", "expand", "fill_in", "load",
    "load_assumptions", "plan", "read_ics", "read_site", "simulate", "slots", "starts", "to_arrow", "to_csv", "to_ics", "to_json",
    "update_ics",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    # Names come from their rooms when they are asked for, so that the help of the command line need not load numpy.
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    found = getattr(importlib.import_module(f"{__name__}.{_ROOMS[name]}"), name)
    globals()[name] = found
    return found
