"""A scenario replaces whole values, may bring what the assumptions leave out, and stands among at most twenty."""

from __future__ import annotations

import re

import pytest

from nmosd_dosing import RegimenError
from nmosd_dosing.simulation.assumptions.file import read_text
from nmosd_dosing.simulation.assumptions.model import Assumptions
from nmosd_dosing.simulation.assumptions.scenario_file import read_scenarios
from tests.kit.assumed import ALLOCATION, BASE, LEAST, RELAPSES, read, studied


def scenarios(text: str, base: str = BASE) -> dict[str, Assumptions]:
    return dict(read_scenarios(f"scenarios:\n{text}", "s.yaml", read_text(base, "a.yaml"), *studied("bat4406f")))


def test_a_scenario_replaces_whole_values_and_leaves_the_rest() -> None:
    base = read(BASE)
    found = scenarios(
        "  accrual halved: {accrual: 4.5 per month}\n"
        "  later: {start: 2024-01-01, accrual: 9 per month, invented: [accrual, dropout]}\n"
        "  nobody  leaves: {dropout: none}\n"
        "  no relapses: {relapse: none}\n"
    )
    assert list(found) == ["accrual halved", "later", "nobody leaves", "no relapses"]
    changed = {name: {name for name in base.__struct_fields__ if getattr(base, name) != getattr(a, name)} for name, a in found.items()}
    always = {"sha256", "written"}
    assert changed["accrual halved"] == always | {"accrual"}
    assert changed["later"] == always | {"start", "accrual", "invented"}
    assert changed["nobody leaves"] == always | {"dropout"}
    assert changed["no relapses"] == always | {"relapse", "confirmed", "adjudication", "stable", "stability", "notes"}
    assert dict(found["accrual halved"].written) == dict(base.written) | {"accrual": "4.5 per month"}


def test_a_scenario_may_bring_what_the_assumptions_leave_out() -> None:
    short = LEAST + ALLOCATION
    found = scenarios(f"  with relapses:\n    relapse: 0.35 per year\n{re.sub('^', '    ', RELAPSES, flags=re.M).rstrip(' ')}", short)
    assert (len(found["with relapses"].relapse), found["with relapses"].confirmed) == (2, 0.9)
    with pytest.raises(RegimenError) as caught:
        scenarios("  with relapses: {relapse: 0.35 per year}\n", short)
    assert [p.place.where for p in caught.value.problems if p.place] == ["s.yaml:2:19"] * 2


def test_twenty_scenarios_are_as_many_as_a_file_holds() -> None:
    assert len(scenarios("".join(f"  s{n}: {{sites: {n + 1}}}\n" for n in range(20)))) == 20
