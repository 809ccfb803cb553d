"""Whatever is given to a public name either works or raises a DosingError: no mistake from Python is a traceback of ours."""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nmosd_dosing
from nmosd_dosing import (
    CalendarStyle,
    Cohort,
    DosingError,
    Entered,
    Event,
    Exposure,
    Measurement,
    Real,
    Record,
    Subject,
    Weight,
    Window,
    check,
    compare,
    dose_table,
    due,
    expand,
    fill_in,
    load,
    load_assumptions,
    plan,
    read_ics,
    read_site,
    simulate,
    slots,
    starts,
    to_arrow,
    to_csv,
    to_ics,
    to_json,
    update_ics,
)
from tests.kit.studies import examples

ROOT = next(folder for folder in Path(__file__).resolve().parents if (folder / "pyproject.toml").is_file())
DAY, STAMP = dt.date(2025, 1, 6), dt.datetime(2025, 1, 6, tzinfo=dt.UTC)
BELIMUMAB, BAT4406F = load("belimumab"), load("bat4406f")
SUBJECT = Subject(DAY, code="1", weight_kg=60)
MADE = plan(BELIMUMAB, SUBJECT)
COHORT = Cohort.of_subjects([SUBJECT], ())
SCHEDULE = expand(BELIMUMAB, COHORT)
FOUND = check(SCHEDULE, DAY)
ICS = to_ics(MADE, stamp=STAMP)
OLD = read_ics(ICS)
SITE_BYTES = (ROOT / "examples/site.yaml").read_bytes()
SITE = read_site(SITE_BYTES, "site.yaml")
TRIAL = load_assumptions(ROOT / "examples/bat4406f/assumptions.yaml", BAT4406F)

CALLS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "CalendarStyle": (CalendarStyle, {}),
    "Cohort.of": (Cohort.of, {"start": np.array([DAY], dtype="datetime64[D]")}),
    "Cohort.of_subjects": (Cohort.of_subjects, {"subjects": [SUBJECT], "arms": ()}),
    "Cohort.of_subject": (Cohort.of_subject, {"subject": SUBJECT, "arms": ()}),
    "Entered": (Entered, {"period": "olp", "date": DAY}),
    "Event": (Event, {"name": "relapse", "date": DAY}),
    "Exposure": (Exposure, {"product": "X", "amount": Fraction(1), "unit": "mg"}),
    "Measurement": (Measurement, {"what": "eGFR", "date": DAY, "value": 60}),
    "Real": (Real, {"cohort": COHORT, "as_of": DAY}),
    "Record": (Record, {"visit": "D0", "date": DAY}),
    "Subject": (Subject, {"start": DAY}),
    "Weight": (Weight, {"date": DAY, "kg": 60}),
    "Window": (Window, {"before": 1, "after": 1}),
    "check": (check, {"schedule": SCHEDULE, "as_of": DAY}),
    "compare": (compare, {"regimens": [BELIMUMAB]}),
    "dose_table": (dose_table, {"study": BELIMUMAB, "weights_kg": [60]}),
    "due": (due, {"findings": FOUND, "as_of": DAY, "ahead": 3}),
    "expand": (expand, {"study": BELIMUMAB, "cohort": COHORT}),
    "fill_in": (fill_in, {"study": BAT4406F, "site": SITE}),
    "load": (load, {"regimen": "belimumab"}),
    "load_assumptions": (load_assumptions, {"path": ROOT / "examples/bat4406f/assumptions.yaml", "study": BAT4406F}),
    "plan": (plan, {"study": BELIMUMAB, "subject": SUBJECT}),
    "plan of a trial": (plan, {"study": BAT4406F, "subject": DAY}),
    "read_ics": (read_ics, {"content": ICS}),
    "read_site": (read_site, {"content": SITE_BYTES, "path": "site.yaml"}),
    "simulate": (simulate, {"study": BAT4406F, "assumptions": TRIAL, "trials": 1}),
    "slots": (slots, {"study": BELIMUMAB, "subject": SUBJECT, "visit": "D28", "as_of": DAY}),
    "starts": (starts, {"study": BELIMUMAB, "first": DAY, "last": DAY}),
    "to_arrow": (to_arrow, {"what": SCHEDULE}),
    "to_csv": (to_csv, {"plan": MADE}),
    "to_ics": (to_ics, {"plan": MADE, "stamp": STAMP}),
    "to_json": (to_json, {"plan": MADE}),
    "update_ics": (update_ics, {"old": OLD, "plan": MADE, "stamp": STAMP}),
}
RESULTS = {  # which are made by these, and not by whoever uses them
    "Assumptions", "CalendarFile", "CalendarUpdate", "Comparison", "DoseTable", "Due", "Finding", "Plan", "Schedule", "Slots", "Starts",
    "Study", "DosingError", "InputError", "Problem", "RegimenError",
}  # fmt: skip
MANY = {
    "simulate": ("trials", "seed", "cores")
}  # of which a number that is right would be long work; `progress` and `place` are not values
NOT_TRIED = {"place", "progress", "origin"}
PAIRS = [
    (call, name)
    for call, (function, _) in CALLS.items()
    for name in inspect.signature(function).parameters
    if name not in NOT_TRIED and name not in MANY.get(call, ())
]

SCALARS: list[Any] = [
    np.array([None]), np.array([DAY, None]), None, "", " ", "x", "no", "2025-01-06", "placebo", "rcp", "a\0b",
    "a/\0.yaml", "\udc80", b"", b"x", 0, 1, -1, 3, 10**18, 10**400, 1.5, float("nan"),
    float("inf"), 1e308, True, False, Decimal("NaN"), Decimal("sNaN"), Decimal(1), Fraction(1, 3), 1j, DAY, dt.date.min, dt.date.max,
    dt.datetime(2025, 1, 6), STAMP, dt.datetime.max, dt.datetime.min.replace(tzinfo=dt.timezone(dt.timedelta(hours=14))), dt.time(9),
    dt.time(9, tzinfo=dt.UTC), dt.timedelta(1), dt.timedelta.max, dt.timedelta(-1), object(), int, len, Path("x"),
    Path("/"), np.datetime64("2025-01-06"),
    np.datetime64("2025-01"), np.datetime64("NaT"), np.float64("nan"), np.bool_(True), np.array([1, 2]), np.array(1), np.array([]),
    np.array([[1.0]]), np.array(["2025-01"], dtype="datetime64[M]"), SUBJECT, MADE, BELIMUMAB, BAT4406F, COHORT, SCHEDULE, OLD, SITE, TRIAL,
    Window(1, 1), CalendarStyle(), Event("relapse", DAY), Record("D0", DAY), FOUND, [BELIMUMAB, "x"], (BELIMUMAB, "x"), [(BELIMUMAB, 1)],
    [(BAT4406F, "rcp")], {"study_stop": DAY}, {"idmc_stop": "x"}, {"idmc_stop": None}, {1: DAY}, {"relapse": [[DAY]]}, {"olp": DAY},
    [("study_stop", DAY)],
    [("a", TRIAL)], [("a", 1)], ("--x",), ([[DAY]], [[60]]), ([DAY], [60, 61]),
]  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(SCALARS),
    st.text(max_size=3), st.floats(), st.integers(), st.dates(), st.datetimes(), st.timedeltas(), st.binary(max_size=3),
    st.fractions(), st.decimals(),
    st.lists(st.sampled_from(SCALARS), max_size=2), st.lists(st.sampled_from(SCALARS), max_size=2).map(tuple),
    st.dictionaries(st.sampled_from(["relapse", "olp", "study_stop", "x", ""]), st.sampled_from(SCALARS), max_size=1),
)  # fmt: skip


def works_or_is_refused(call: str, name: str, value: object) -> None:
    function, right = CALLS[call]
    try:
        function(**{**right, name: value})
    except DosingError as error:
        assert str(error)


def test_every_public_name_is_tried() -> None:
    assert {call.split(".")[0].split(" ")[0] for call in CALLS} | RESULTS == set(nmosd_dosing.__all__)


@pytest.mark.parametrize("call", CALLS)
def test_known_mistakes_work_or_are_refused(call: str) -> None:
    for name in (name for of, name in PAIRS if of == call):
        for value in SCALARS:
            try:
                works_or_is_refused(call, name, value)
            except Exception as error:
                raise AssertionError(f"{call}({name}={value!r})") from error


@examples(400)
@given(st.sampled_from(PAIRS), VALUES)
def test_any_value_works_or_is_refused(pair: tuple[str, str], value: object) -> None:
    works_or_is_refused(*pair, value)
