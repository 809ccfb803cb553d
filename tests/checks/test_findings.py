"""A recorded dose against the planned one: compared in any unit, by product only where it is masked, and only up to the day asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.kit.command import dosing, output
from tests.kit.recorded import BELIMUMAB, RCP, checked, notes_of, planned, table


def test_the_same_dose_in_another_unit_is_the_same(folder: Path) -> None:
    right = checked(*BELIMUMAB, *table("visit,date,amount,unit\nD0,2025-01-06,0.6,g\n"))
    assert "treatment/D0!" not in right
    wrong = checked(*BELIMUMAB, *table("visit,date,amount,unit,weight_kg\nD0,2025-01-06,0.66,g,66\n"))
    assert wrong["treatment/D0!"] == (
        "wrong-dose: belimumab 0.66 g is recorded, planned is 600 mg (the weight recorded, 66 kg, is not the one that is planned with) "
        "(v.csv:2:1)"
    )


def test_a_visit_that_was_missed_twice_and_is_booked_is_recorded_again(folder: Path) -> None:
    visits = table("visit,date,status\nD182,2025-06-01,missed\nD182,2025-06-02,missed\nD182,2025-07-12,booked\n")
    done = dosing("check", "--regimen", "bat4406f", "--start", "2025-01-16", *visits, "--as-of", "2025-06-16", "--format", "json")
    told = [finding["message"] for finding in json.loads(done.stdout)["findings"] if finding["verdict"] == "duplicate"]
    assert told == ["recorded again (v.csv:3:1), first on 2025-06-01 Sun (v.csv:2:1)"]


def test_a_dose_that_cannot_be_compared_says_so(folder: Path) -> None:
    visits = table("visit,date,amount,unit\nD0,2025-01-06,600,mg\n")
    told = checked("--regimen", "belimumab", "--start", "2025-01-06", *visits)
    assert told["treatment/D0"].endswith("; its dose is not compared, which needs the weight")
    visits = table("visit,date,amount,unit\nW1D1,2025-01-06,500,mg\n")
    told = checked("--regimen", "mil62-phase1b", "--start", "2025-01-06", *visits)
    assert told["phase1b/W1D1"].endswith("; its dose is not compared, which needs the arm")


def test_a_masked_dose_is_compared_by_product_only(folder: Path) -> None:
    for product in ("BAT4406F", "BAT4406F placebo", "placebo", "BAT4406F/placebo"):
        assert "rcp/D1!" not in checked(*RCP, *table(f"visit,date,product,amount,unit\nD1,2025-01-06,{product},123,mg\n"))
    told = checked(*RCP, *table("visit,date,product\nD1,2025-01-06,Rituximab\n"))
    assert told["rcp/D1!"] == "wrong-dose: another product is recorded, planned is BAT4406F/placebo (v.csv:2:1)"


@pytest.mark.parametrize(
    "name", ["bat4406f", "BAT4406F active", "ｐｌａｃｅｂｏ", "Placebo for BAT4406F", "BAT4406F-placebo", "matching placebo", "安慰剂"]
)
def test_whatever_a_site_calls_a_masked_product_tells_no_arm(folder: Path, name: str) -> None:
    """Were one of them a product that is not planned, check, plan and explain would show it, and the arm with it."""

    def shown(product: str) -> list[str]:
        rows = f"visit,date,product\nD1,2025-01-06,{product}\nunscheduled,2025-03-03,{product}\n"
        visits = (*table(rows), "--as-of", "2025-04-01")
        return [output("check", *RCP, *visits, "--all"), output("plan", *RCP, *visits), output("plan", *RCP, *visits, "--explain", "D1")]

    assert shown(name) == shown("BAT4406F")


def test_what_a_masked_visit_had_of_none_of_the_products_is_not_named(folder: Path) -> None:
    def shown(kit: str) -> str:
        rows = f"visit,date,product\nD1,2025-01-06,{kit}\nunscheduled,2025-03-03,{kit}\n"
        done = dosing("check", *RCP, *table(rows), "--as-of", "2025-04-01", "--all")
        assert done.returncode == 1
        return done.stdout + dosing("plan", *RCP, *table(rows), "--as-of", "2025-04-01").stdout

    assert shown("Kit A") == shown("Kit B")
    assert "Kit" not in shown("Kit A")


def test_unblinded_a_record_that_contradicts_the_arm_is_told(folder: Path) -> None:
    visits = table("visit,date,product,amount,unit\nD1,2025-01-06,BAT4406F,500,mg\n")
    made = planned(*RCP, "--arm", "placebo", "--unblind", *visits)
    assert notes_of(made, "wrong-dose") == ["BAT4406F 500 mg is recorded, planned is 0 mg"]
    page = output("plan", *RCP, "--arm", "placebo", "--unblind", *visits)
    assert "BAT4406F 500 mg" in page and "Total mg" in page


def test_an_event_that_is_dated_later_is_left_out_and_said(folder: Path) -> None:
    Path("e.csv").write_text("subject,event,date\nA,relapse,2025-07-06\n", encoding="utf-8")
    done = dosing("check", *RCP, "--subject", "A", "--events", "e.csv", "--as-of", "2025-02-01", "--format", "json")
    assert done.stderr == "left out, since it is dated after 2025-02-01: an event on 2025-07-06 (e.csv:2:3)\n"
    assert [f["verdict"] for f in json.loads(done.stdout)["findings"]] == ["past-target", "upcoming"]
