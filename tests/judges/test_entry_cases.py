"""The readings of the rules of entry, as a table that a clinician can read and add to (tests/cases/period_entries.yaml)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest

from nmosd_dosing import InputError, Plan, Subject, plan
from nmosd_dosing.language import catalog
from nmosd_dosing.subjects.subject import Entered, Event
from tests.kit.cases import columns, load

OF_STUDY = ("idmc_stop", "study_stop")
KNOWN = {"start", "happened", "rule", "from", "to", "olp", "entry"}


def rows() -> Iterator[Any]:
    for case in load("period_entries")["cases"]:
        for row in columns(case["table"]):
            yield pytest.param(case["regimen"], row, id=f"{case['regimen']} {row['start']} {row['happened']}")


def planned(regimen: str, row: dict[str, str], allow_deviation: bool) -> Plan:
    happened = [] if row["happened"] == "nothing" else [part.split() for part in row["happened"].split(", ")]
    dated = [(name, dt.date.fromisoformat(day)) for name, day in happened]
    subject = Subject(
        dt.date.fromisoformat(row["start"]),
        events=tuple(Event(name, day) for name, day in dated if name not in (*OF_STUDY, "entered")),
        entered=tuple(Entered("olp", day) for name, day in dated if name == "entered"),
    )
    of_study = {name: day for name, day in dated if name in OF_STUDY}
    return plan(catalog.load(regimen), subject, of_study=of_study, allow_deviation=allow_deviation, cancelled=True)


@pytest.mark.parametrize(("regimen", "row"), list(rows()))
def test_entries(regimen: str, row: dict[str, str]) -> None:
    deviates = re.fullmatch(r"\d+ days? (early|late)", row["entry"]) is not None
    if deviates:
        with pytest.raises(InputError, match=f"is {row['entry']}"):
            planned(regimen, row, allow_deviation=False)
    made = planned(regimen, row, allow_deviation=deviates)
    (label,) = row.keys() - KNOWN
    (visit,) = (v for v in made.visits if v.id == f"rcp/{label}")
    move = made.transitions[0] if made.transitions else None
    begins = next((period.start for period in made.periods if period.period == "olp"), None)
    dates = {"from": move.earliest if move else None, "to": move.latest if move else None, "olp": begins}
    assert {name: str(day or "-") for name, day in dates.items()} == {name: row[name] for name in dates}
    assert (move.rule if move else "-", visit.status) == (row["rule"], row[label])
    assert (move.status if move else "none") == ("entered" if deviates else row["entry"])
    first_dose = next((v.date for v in made.visits if v.period == "olp" and v.administrations), None)
    assert first_dose == begins
