"""Up to which day a repeat without an end is drawn."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from nmosd_dosing import Subject
from nmosd_dosing.language import catalog
from nmosd_dosing.plans.request import Request
from nmosd_dosing.subjects.subject import Record
from tests.kit.recorded import planned, table

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
