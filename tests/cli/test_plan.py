"""`dosing plan` shows what was asked for: masked or unblinded, with or without a weight, drawn as far as it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.command import BELIMUMAB, MIL62, errors, output, plan_json
from tests.kit.paths import ROOT


@pytest.mark.parametrize("format", ["table", "json", "csv"])
def test_both_arms_and_none_give_the_same_bytes_while_masked(format: str) -> None:
    for regimen, arms in (("mil62-rcp", ("mil62", "placebo")), ("mil62-olp", ("mil62", "placebo")),
                          ("bat4406f-rcp", ("bat4406f", "placebo")), ("bat4406f-olp", ("bat4406f", "placebo"))):  # fmt: skip
        asked = ("plan", "--regimen", regimen, "--start", "2025-01-06", "--weight", "60", "--format", format)
        assert len({output(*asked), *(output(*asked, "--arm", arm) for arm in arms)}) == 1


def test_unblinding_says_so_first() -> None:
    asked = (*MIL62, "--arm", "placebo", "--unblind")
    assert output(*asked).startswith("UNBLINDED: arm placebo\n")
    assert output(*asked, "--format", "json").startswith('{\n  "unblinded": true,')
    assert output(*asked, "--format", "csv").splitlines()[1].startswith("true,mil62-rcp,mil62,placebo,")
    assert [a["amount"] for v in plan_json(*asked)["visits"] for a in v["administrations"]] == [0, 0, 0, 0]


def test_unblinding_needs_the_arm_only_where_something_is_blinded() -> None:
    assert "`--unblind` needs the arm\nhint: add `--arm` with `mil62` or `placebo`" in errors(*MIL62, "--unblind")
    assert output(*BELIMUMAB, "--unblind") == output(*BELIMUMAB)
    olp = ("plan", "--regimen", "bat4406f-olp", "--start", "2025-08-31")
    assert output(*olp, "--unblind", "--arm", "placebo") == output(*olp)


def test_an_open_difference_between_arms_waits_for_the_arm() -> None:
    phase1b = ("plan", "--regimen", "mil62-phase1b", "--start", "2025-01-06")
    waiting = plan_json(*phase1b)
    assert {a["amount_status"] for v in waiting["visits"] for a in v["administrations"]} == {"needs arm"}
    low = plan_json(*phase1b, "--arm", "500mg")
    assert low["arm"] == "500mg" and low["visits"][-1]["administrations"][0]["cumulative"] == 5500
    assert "dose-change" in {note["code"] for note in low["notes"]}


def test_dates_come_without_a_weight_and_the_amount_waits() -> None:
    [dose] = plan_json(*BELIMUMAB)["visits"][0]["administrations"]
    assert (dose["amount"], dose["amount_status"], dose["dose_rule"]) == (None, "needs weight", "10 mg/kg")


def test_an_open_end_is_drawn_for_24_months_or_up_to_a_date_and_says_so() -> None:
    olp = ("plan", "--regimen", "bat4406f-olp", "--start", "2025-08-31")
    plan = plan_json(*olp)
    assert [v["target"] for v in plan["visits"]] == ["2025-08-31", "2026-02-28", "2026-08-31", "2027-02-28", "2027-08-31"]
    assert [v["label"] for v in plan["visits"]] == ["D1", "D1+6mo", "D1+12mo", "D1+18mo", "D1+24mo"]
    assert "open-ended" in {note["code"] for note in plan["notes"]}
    assert len(plan_json(*olp, "--until", "2028-02-29")["visits"]) == 6
    assert len(plan_json(*olp, "--until", "2028-02-28")["visits"]) == 5
    assert len(plan_json(*olp, "--until", "2025-08-31")["visits"]) == 1


def test_until_cuts_a_plan_and_says_how_much(tmp_path: Path) -> None:
    plan = plan_json(*MIL62, "--until", "2025-06-22")
    assert [v["label"] for v in plan["visits"]] == ["W1D1", "W3D1"]
    assert "2 planned visits after 2025-06-22 Sun not shown" in [note["message"] for note in plan["notes"]]


def test_a_sunday_is_reported_and_not_moved() -> None:
    plan = plan_json("plan", "--regimen", "bat4406f-rcp", "--start", "2025-01-06")
    assert plan["visits"][1]["target"] == "2025-07-06"
    assert {"code": "weekend", "message": "on a Sunday; no rule is stated, nothing is moved", "visits": ["rcp/D182"]} in plan["notes"]
    assert "2025-07-06 Sun" in output("plan", "--regimen", "bat4406f-rcp", "--start", "2025-01-06")


def test_an_asked_for_window_stands_in_where_none_is_stated() -> None:
    visit = plan_json(*MIL62, "--window", "-2d/+5d")["visits"][1]
    assert (visit["earliest"], visit["target"], visit["latest"]) == ("2025-01-18", "2025-01-20", "2025-01-25")
    stated = plan_json("plan", "--regimen", str(ROOT / "examples/windows.yaml"), "--start", "2025-01-06", "--window", "9d")
    assert (stated["visits"][3]["earliest"], stated["visits"][3]["latest"]) == ("2025-02-14", "2025-02-20")
