"""A schedule that `expand` has made is finished: nobody can write into it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

from nmosd_dosing import Event, Record, Schedule, Subject, Weight, expand, load
from nmosd_dosing.subjects.cohort import Cohort
from tests.kit.paths import ROOT

DAY_1 = dt.date(2025, 1, 6)
SOMEBODY = Subject(DAY_1, weight_kg=60.0, height_cm=170.0, weights=(Weight(dt.date(2025, 3, 3), 66.0),))


def arrays(value: Any) -> list[np.ndarray[Any, Any]]:
    """All arrays that a field of a schedule holds."""
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, tuple | list):
        return [found for each in value for found in arrays(each)]
    return [found for each in value.values() for found in arrays(each)] if hasattr(value, "values") else []


def schedules() -> dict[str, Schedule]:
    lifetime = load(str(ROOT / "examples" / "lifetime.yaml"))
    recorded = Subject(
        DAY_1, records=(Record("rcp/D1", DAY_1), Record("rcp/D182", dt.date(2025, 7, 9))), events=(Event("relapse", dt.date(2025, 8, 1)),)
    )
    return {
        "capped": expand(lifetime, Cohort.of_subjects([SOMEBODY], ())),
        "by weight": expand(load("belimumab"), Cohort.of_subjects([SOMEBODY] * 3, ())),
        "recorded": expand(load("bat4406f"), Cohort.of_subjects([recorded], ("bat4406f", "placebo"))),
    }


@pytest.mark.parametrize("name", ["capped", "by weight", "recorded"])
def test_no_array_of_a_finished_schedule_can_be_written(name: str) -> None:
    schedule = schedules()[name]
    own = [name for name in Schedule.__struct_fields__ if name not in ("study", "course", "cohort", "segments", "visits", "rows", "given")]
    found = [array for field in own for array in arrays(getattr(schedule, field))]
    assert len(found) > 8
    for array in found:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = array


@pytest.mark.parametrize("name", ["capped", "by weight", "recorded"])
def test_nothing_can_be_added_to_a_finished_schedule(name: str) -> None:
    schedule = schedules()[name]
    for field in ("counted", "planned", "exposure"):
        with pytest.raises(TypeError):
            getattr(schedule, field)[0] = None
    with pytest.raises(AttributeError):
        schedule.until = None  # type: ignore[misc]
