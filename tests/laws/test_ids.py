"""The uid of an entry is the same on every machine and after every change, and no other entry's."""

from __future__ import annotations

import datetime as dt

from nmosd_dosing.calendar.entries import CalendarStyle, to_entries
from tests.kit.calendars import made


def test_uids_are_the_same_on_every_machine_and_know_no_date_arm_or_weight() -> None:
    assert [e.uid for e in to_entries(made(), CalendarStyle())] == [
        "b9dac8c5-5a33-5a32-8c44-01917ccc8a5d",
        "4e262ce6-733a-5792-b07e-e136fe9bb8fc",
        "db9f141a-ca1c-5a9d-9771-8de80503160f",
        "36206b2a-0ecd-5a13-ae6c-55b7f8570fc4",
    ], "a changed UID makes every entry in every calendar program a new one"
    others = made(start=dt.date(2024, 2, 29), arm="placebo", weight_kg=50.0)
    assert [e.uid for e in to_entries(others, CalendarStyle(language="zh", discreet=True))] == [
        e.uid for e in to_entries(made(), CalendarStyle())
    ]


def test_uids_differ_between_subjects_periods_studies_and_kinds() -> None:
    plans = [made(), made(code="0013"), made(code="12"), made(code=None), made("bat4406f"), made("mil62", "olp")]
    uids = [e.uid for p in plans for e in to_entries(p, CalendarStyle(windows=True, spans=True))]
    assert len(uids) == len(set(uids))


def test_one_name_written_in_two_ways_is_one_subject() -> None:
    composed, decomposed = made(code="Zoé-1"), made(code="Zoé-1")
    assert [e.uid for e in to_entries(composed, CalendarStyle())] == [e.uid for e in to_entries(decomposed, CalendarStyle())]
