"""Up to which day a repeat without an end is drawn."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from nmosd_dosing import Subject
from nmosd_dosing.days import Offset, shift
from nmosd_dosing.language import catalog
from nmosd_dosing.plans.request import Request
from nmosd_dosing.schedule.segments import Segment
from nmosd_dosing.study.visits import OPEN_END
from nmosd_dosing.subjects.subject import Record
from tests.kit.recorded import planned, table
from tests.kit.somebody import made

OLP = ("--regimen", "bat4406f-olp")


def test_a_plan_is_drawn_up_to_the_last_record_of_each_subject(folder: Path) -> None:
    """What should have been given before it, and is not recorded, is seen; and dose intensity counts it."""
    far = planned(*OLP, "--start", "2021-01-06", *table("visit,date\nD1,2021-01-06\nD1+48mo,2025-01-06\n"))
    assert [v["label"] for v in far["visits"]] == ["D1", *(f"D1+{months}mo" for months in range(6, 49, 6))]
    assert {v["status"] for v in far["visits"][1:-1]} == {"planned"}
    assert [(i["given"], i["planned"]) for i in far["intensity"]] == [(1000, 4500)]
    assert "it is drawn until 2025-01-06 Mon" in " ".join(n["message"] for n in far["notes"] if n["code"] == "open-ended")
    near = planned(*OLP, "--start", "2021-01-06", *table("visit,date\nD1,2021-01-06\n"))
    assert near["visits"][-1]["label"] == "D1+24mo"
    until = planned(*OLP, "--start", "2021-01-06", "--until", "2023-07-06", *table("visit,date\nD1,2021-01-06\nD1+48mo,2025-01-06\n"))
    assert [v["label"] for v in until["visits"]][-2:] == ["D1+30mo", "D1+48mo"]


def test_whoever_else_is_in_the_table_draws_no_plan_further() -> None:
    study = catalog.find_plan("bat4406f-olp", None)[0]
    far = Subject(dt.date(2021, 1, 6), "A", records=(Record("D1+48mo", dt.date(2025, 1, 6)),))
    near = Subject(dt.date(2021, 1, 6), "B")
    made = list(Request(study, "olp", (far, near)).plans())
    assert [m.visits[-1].label for m in made] == ["D1+48mo", "D1+24mo"]


@pytest.mark.parametrize(
    ("offset", "within"),
    [
        (Offset(0), True),
        (Offset(0, 24), True),
        (Offset(1, 24), False),
        (Offset(-1, 24), True),
        (Offset(0, 24, then=1), False),
        (Offset(0, 25), False),
        (Offset(730), True),
        (Offset(731), False),  # 24 months may be 730 days
    ],
)
def test_a_visit_lies_within_the_open_end_of_everybody_where_both_are_counted_from_day_1(offset: Offset, within: bool) -> None:
    days = np.arange("2023-01-01", "2027-03-02", dtype="datetime64[D]")  # with a leap day, and the ends of all months
    segment = Segment(0, 0, days, shift(days, OPEN_END), drawn=OPEN_END)
    assert segment.within(offset) == within
    if within:
        assert (shift(days, offset) <= segment.open_end).all()
    some = np.append(days, np.datetime64("NaT"))
    assert not Segment(0, 0, some, shift(some, OPEN_END), drawn=OPEN_END).within(offset), "somebody does not come to it"
    assert not Segment(0, 1, days, days, drawn=OPEN_END).within(offset) and not Segment(0, 0, days, days).within(offset)


@pytest.mark.parametrize(("arm", "doses"), [("a", 3), ("b", 0), (None, 3)])
def test_a_repeat_gives_an_arm_only_what_it_gets(arm: str | None, doses: int) -> None:
    text = """products: {X: {}}
arms: [a, b]
periods: {p: {visits: [{at: D1, assess: MRI}, {at: "D1, then every 12 months", arms: [a, b], give: {a: X 1 mg, b: nothing}, assess: EDSS}]}}
"""
    found = made(text, arm=arm)
    assert [len(visit.administrations) for visit in found.visits] == [1] * 3 if doses else [0] * 3
    assert sum(dose.amount_status == "stated" for visit in found.visits for dose in visit.administrations) == (doses if arm else 0)
