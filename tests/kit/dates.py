"""Monday 2025-01-06, on which subjects begin; and other days as texts."""

from __future__ import annotations

import datetime as dt

from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.schedule.subject_schedule import SubjectSchedule
from nmosd_dosing.subjects.subject import Subject

START = dt.date(2025, 1, 6)


def day_1(of: Subject | SubjectSchedule | Plan) -> dt.date:
    """Day 1 of somebody who has one."""
    assert of.start is not None
    return of.start


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
