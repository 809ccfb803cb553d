"""`simulate()` tells what is odd of what it is given, and refuses what cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from nmosd_dosing.days import Offset
from nmosd_dosing.errors import InputError
from nmosd_dosing.language import catalog
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.simulation.assumptions.model import BodyWeight
from nmosd_dosing.simulation.scenarios import simulate
from tests.kit.paths import ROOT
from tests.kit.simulated import ALONE, ARMS, BAT4406F, EXAMPLES, MONTH, assume, summary


def test_doses_without_a_day_and_events_that_are_not_drawn_are_told() -> None:
    found = simulate(catalog.load("baffr-cart"), assume(**{**ALONE, "study": "baffr-cart"}), 20)[0].summary
    assert "doses of preparative chemotherapy have no stated day, and are not counted" in found.notes
    phase = simulate(
        catalog.load("mil62"), assume(**{**ALONE, "allocation": (1, 1), "block": 2}), 20, period="phase1b"
    )[0].summary  # fmt: skip
    assert "what hangs on escalated does not happen: it is not drawn" in phase.notes


def test_ways_on_by_an_event_of_the_file_are_told_to_be_nobodys() -> None:
    periods = (ROOT / "examples" / "periods" / "study.yaml").read_text("utf-8")
    changed = periods.replace("after: relapse", "after: remission").replace("\nproducts:", "\nevents: {remission: it is gone}\nproducts:")
    study, _ = read_study_text(changed, "study.yaml")
    assert "nobody goes on by remission: it is not drawn" in summary(study).notes
    assert not any("nobody goes on by" in note for note in summary(catalog.load(ROOT / "examples" / "periods" / "study.yaml")).notes)


def test_that_no_second_relapse_is_drawn_is_told_where_it_would_lead_back() -> None:
    study = catalog.load(ROOT / "examples" / "periods" / "study.yaml")
    told = "nobody has a second relapse: it is not drawn; who may come back 2 times after relapses comes back once"
    assert told in summary(study, relapse=(((0.0, 0.5 / 365.25),),)).notes
    assert told not in summary(study, relapse=()).notes


def test_how_long_an_open_repeat_counts_is_told_and_can_be_changed() -> None:
    study = catalog.load(EXAMPLES / "eculizumab.yaml")
    short, long = summary(study, follow=Offset(months=6)), summary(study, follow=Offset(months=36))
    assert short.doses[0].number.mean < summary(study).doses[0].number.mean < long.doses[0].number.mean


def test_late_visits_that_would_move_others_are_told() -> None:
    found = summary(catalog.load(EXAMPLES / "satralizumab.yaml"), scatter=(60, 60))
    assert any("`visit scatter` moves no later visit" in note for note in found.notes)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"trials": 0}, "0 trials"), ({"trials": 1.5}, "trials is 1.5, not a whole number"), ({"seed": -1}, "the seed -1"),
        ({"seed": None}, "seed is None"), ({"cores": 0}, "0 cores"), ({"policy": "x"}, "unknown policy"),
        ({"scenarios": [("as assumed", assume())]}, "two scenarios have one name"),
    ],
    ids=str,
)  # fmt: skip
def test_arguments_that_cannot_be(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        simulate(BAT4406F, assume(), **{"trials": 10, **wrong})


def test_assumptions_of_another_study() -> None:
    assumed = assume(arms=ARMS)
    with pytest.raises(InputError, match="assumptions of another study: their arms are `bat4406f` or `placebo`"):
        simulate(catalog.load("mil62"), assumed, 10)
    with pytest.raises(InputError, match="0 subjects"):
        simulate(BAT4406F, replace(assumed, subjects=0), 10)


def test_a_weight_that_everybody_has() -> None:
    found = summary(catalog.load("belimumab"), weight=BodyWeight(60, 0, 60, 60), accrual=((0.0, 9 / MONTH),))
    assert [row.number.mean for row in found.vials if row.size == "120 mg"] == [7 * 14 * 5]
