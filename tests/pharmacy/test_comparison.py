"""Regimens side by side over one horizon say what the plan of each says."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing import Subject, load, plan
from nmosd_dosing.pharmacy.comparison import compare
from nmosd_dosing.report.export.doses import compared_to_dict
from tests.kit import studies
from tests.kit.command import output
from tests.kit.compare_command import JANUARY, as_json
from tests.kit.random_plans import read


def test_twelve_months_end_the_day_before_their_anniversary() -> None:
    [found] = compare([(load("bat4406f"), "olp")], months=12).regimens
    assert (found.administrations, found.totals[0].total) == (2, 1000)


def test_two_regimens_over_24_months() -> None:
    found = as_json("belimumab", "mil62-rcp", "--weight", "60", "--start", "2025-01-06")
    assert list(found) == ["unblinded", "meta", "start", "until", "months", "weight_kg", "height_cm", "regimens", "notes"]
    assert (found["unblinded"], found["start"], found["until"], found["months"]) == (False, "2025-01-06", "2027-01-05", 24)
    assert found == compared_to_dict(compare([load("belimumab"), (load("mil62"), "rcp")], start=JANUARY, weight_kg=60))
    belimumab, mil62 = found["regimens"]
    assert {k: v for k, v in belimumab.items() if k not in ("study_sha256", "title")} == {
        "regimen": "belimumab", "study": "belimumab", "arm": None, "dosing_visits": 14, "administrations": 14,
        "first_visit": "treatment/D0", "first_day": 1, "first_date": "2025-01-06",
        "last_visit": "treatment/D336", "last_day": 337, "last_date": "2025-12-08", "longest_gap_days": 28,
        "visits_after": 0, "goes_on": False, "notes": [],
        "products": [{"product": "belimumab", "unit": "mg", "administrations": 14, "total": 8400, "amount_status": "stated"}],
    }  # fmt: skip
    assert (mil62["dosing_visits"], mil62["last_day"], mil62["longest_gap_days"]) == (4, 183, 154)
    assert mil62["products"] == [{"product": "MIL62", "unit": None, "administrations": 4, "total": None, "amount_status": "masked"}]


def test_an_open_end_is_drawn_up_to_the_horizon() -> None:
    [olp, _] = as_json("bat4406f-olp", "belimumab", "--months", "60")["regimens"]
    assert (olp["administrations"], olp["products"][0]["total"], olp["goes_on"]) == (10, 5000, True)
    [olp, _] = as_json("bat4406f-olp", "belimumab", "--months", "12")["regimens"]
    assert (olp["administrations"], olp["products"][0]["total"], olp["last_visit"]) == (2, 1000, "olp/D1+6mo")


def test_masked_doses_stay_masked_whatever_the_arm() -> None:
    for format in ("table", "json", "csv"):
        found = output("compare", "mil62", "bat4406f", "--format", format)
        assert found == output("compare", "mil62", "bat4406f", "--format", format, "--arm", "placebo")
        assert "masked" in found


def test_an_arm_is_that_of_the_regimens_that_have_it() -> None:
    phase1b, belimumab = as_json("mil62-phase1b", "belimumab", "--arm", "1000mg", "--weight", "60")["regimens"]
    assert (phase1b["arm"], phase1b["products"][0]["total"], belimumab["arm"]) == ("1000mg", 7000, None)
    [needs, _] = as_json("mil62-phase1b", "belimumab", "--weight", "60")["regimens"]
    assert (needs["products"][0]["total"], needs["products"][0]["amount_status"]) == (None, "needs arm")
    assert [note["code"] for note in needs["notes"]] == ["needs-arm", "dose-change"]


@studies.examples(60)
@given(st.data(), studies.starts, st.integers(1, 40))
def test_a_comparison_says_what_plans_say(data: st.DataObject, start: dt.date, months: int) -> None:
    study = read(data.draw(studies.studies()))
    period = data.draw(st.sampled_from(study.periods)).id
    [compared, again] = compare([(study, period), (study, period)], start=start, months=months, weight_kg=60).regimens
    assert compared == again
    made = plan(study, Subject(start, weight_kg=60), period=period, until=compared.plan.until)
    dosed = [v for v in made.visits if v.administrations]
    assert (compared.visits, compared.administrations) == (len(dosed), sum(len(v.administrations) for v in dosed))
    days = sorted((v.target, v.last or v.target) for v in dosed if v.target is not None)
    gaps = [(after[0] - before[1]).days for before, after in pairwise(days)]
    assert compared.longest_gap == (max(gaps) if gaps else None)
    assert (compared.first is None) == (not days)
    if compared.first is not None and compared.last is not None:
        assert (compared.first.date, compared.last.last_date or compared.last.date) == (days[0][0], max(last for _, last in days))
