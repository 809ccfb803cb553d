"""The people of kept stories are planned together, in one table, as each is planned alone: whatever happened to the others."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec.structs import replace

from nmosd_dosing.plans.request import Request
from nmosd_dosing.schedule import expansion
from nmosd_dosing.schedule.excluded import without_counting
from tests.kit.stories import request_of, stories
from tests.plans.test_kept import told

FILES = sorted({story.file for story in stories()})


def request_for(file: str, as_of: dt.date | None) -> Request:
    """All people of a study, each under a code of his own, on one day; a stop that is counted over everybody is left out."""
    each = [request_of(story) for story in stories() if story.file == file]
    subjects = tuple(replace(request.subjects[0], code=f"{n:04}") for n, request in enumerate(each))
    return Request(without_counting(each[0].study), subjects=subjects, allow_deviation=True, accept_gap=True, as_of=as_of)


@pytest.mark.parametrize("as_of", [None, dt.date(2025, 4, 1)], ids=str)
@pytest.mark.parametrize("file", FILES)
def test_a_subject_is_planned_among_others_as_alone(file: str, as_of: dt.date | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expansion, "_SLICE", 3)  # a few at a time
    request = request_for(file, as_of)
    plans = list(request.plans(intensity=True))
    assert len(plans) == len(request.subjects) > 5
    for subject, plan in zip(request.subjects, plans, strict=True):
        (alone,) = replace(request, subjects=(subject,)).plans(intensity=True)
        assert list(told(plan)) == list(told(alone)), subject
