"""What a regimen takes at each body weight: totals are the sums of their parts, and all is what a plan says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing import DoseTable, InputError, dose_table, load, plan
from nmosd_dosing.language import catalog, shipped
from nmosd_dosing.pharmacy.dose_table import DoseRow, DoseSum
from nmosd_dosing.subjects.subject import Subject
from tests.kit import studies
from tests.kit.command import output
from tests.kit.doses_command import as_json
from tests.kit.random_plans import read


def test_an_open_end_is_drawn_for_24_months_and_says_so() -> None:
    found = as_json("--regimen", "bat4406f-olp", "--weights", "60", "--start", "2025-08-31")
    assert found["weights"][0]["products"][0]["per_year"] == [
        {"year": year, "administrations": n, "total": 500 * n, "amount_status": "stated", "dispensed": None, "waste": None, "vials": None}
        for year, n in ((1, 2), (2, 2), (3, 1))
    ]
    [note] = [n["message"] for n in found["notes"] if n["code"] == "open-ended"]
    assert note == "the source states no end of a repeat; it is drawn for 24 months from the first day"


def test_a_year_of_treatment_ends_on_the_day_before_the_anniversary() -> None:
    years = [(d.label, d.year) for d in dose_table(load("mil62"), [60], start="2024-02-29", period="phase1b").rows[0].doses]
    assert years[:6] == [("W1D1", 1), ("W3D1", 1), ("W25D1", 1), ("W27D1", 1), ("W53D1", 1), ("W79D1", 2)]
    assert [d.year for d in dose_table(load("mil62"), [60], start="2025-03-01", period="phase1b").rows[0].doses][4:6] == [1, 2]


# --- what a dose hangs on -----------------------------------------------------------------------------------------------

STUDY = """language: 1
study: many-rules
title: Fictional
source: not stated
days: from 1
products:
  X:
    vials: {sizes: [50 mg, 20 mg], concentration: 10 mg/mL}
    doses:
      capped: {amount: 10 mg/kg, at most: 1000 mg}
      ranged: {amount: 1 mg/kg, weights: 40 to <100 kg}
  Y: {lifetime at most: 140 mg/m2, vials: [10 mg]}
  Z: {vials: [1 g, 125 mg]}
arms: [x, placebo]
periods:
  main:
    visits:
      - at: D1
        give: X capped
      - at: D29
        give: X ranged
      - at: D1, then every 90 days, 11 more times
        give: Y 12 mg/m2
      - at: D3 to D7
        give: Z 1000 mg twice daily
  hidden:
    blinded: true
    visits:
      - at: D1, D15
        give: {x: X 55 mg, placebo: X placebo}
"""


@pytest.fixture
def many_rules(tmp_path: Path) -> str:
    file = tmp_path / "many-rules.yaml"
    file.write_text(STUDY, encoding="utf-8")
    return str(file)


def of_product(found: dict[str, Any], weight: int, product: str) -> dict[str, Any]:
    [sums] = [p for p in found["weights"][weight]["products"] if p["product"] == product]
    return {name: value for name, value in sums.items() if name not in ("per_period", "per_year", "product", "unit")}


def test_caps_and_ranges_of_weights(many_rules: str) -> None:
    found = as_json("--regimen", many_rules, "--period", "main", "--weights", "60,120")
    assert [(v["amount"], v["amount_status"]) for v in found["weights"][0]["visits"] if v["product"] == "X"] == [
        (600, "stated"),
        (60, "stated"),
    ]
    assert [(v["amount"], v["amount_status"]) for v in found["weights"][1]["visits"] if v["product"] == "X"] == [
        (1000, "capped"), (None, "out of range"),
    ]  # fmt: skip
    assert of_product(found, 0, "X") == {
        "administrations": 2, "total": 660, "amount_status": "stated", "dispensed": 660, "waste": 0,
        "vials": [{"size": "20 mg", "count": 3}, {"size": "50 mg", "count": 12}],
    }  # fmt: skip
    assert of_product(found, 1, "X") == {
        "administrations": 2, "total": None, "amount_status": "out of range", "dispensed": None, "waste": None, "vials": None,
    }  # fmt: skip


def test_a_course_is_counted_with_all_its_days(many_rules: str) -> None:
    found = as_json("--regimen", many_rules, "--period", "main", "--weights", "60")
    assert of_product(found, 0, "Z") == {
        "administrations": 10, "total": 10000, "amount_status": "stated", "dispensed": 10000, "waste": 0,
        "vials": [{"size": "1 g", "count": 10}],
    }  # fmt: skip
    [course] = [v for v in found["weights"][0]["visits"] if v["product"] == "Z"]
    assert (course["study_day"], course["last_day"], course["times"], course["amount"], course["total"]) == (3, 7, 10, 1000, 10000)
    assert " 3 to 7 " in output("doses", "--regimen", many_rules, "--period", "main", "--weights", "60")


def test_doses_by_surface_need_a_height_and_stop_at_the_lifetime_cap(many_rules: str) -> None:
    asked = ("--regimen", many_rules, "--period", "main", "--weights", "60")
    assert of_product(as_json(*asked), 0, "Y")["amount_status"] == "needs height"
    found = as_json(*asked, "--height", "165")
    statuses = [(v["amount_status"], v["amount"]) for v in found["weights"][0]["visits"] if v["product"] == "Y"]
    assert statuses == [("stated", 19.8996)] * 11 + [("refused", None)], "the square root of 60 x 165 / 3600 is 1.6583; 12 x 12 are 144"
    sums = of_product(found, 0, "Y")
    assert (sums["administrations"], sums["total"], sums["dispensed"]) == (11, 218.8956, 220)
    assert sums["vials"] == [{"size": "10 mg", "count": 22}]


def test_an_unknown_dose_may_be_in_any_unit_of_its_product(tmp_path: Path) -> None:
    file = tmp_path / "units.yaml"
    visits = 'visits: [{at: D1, give: X 500 mg}, {at: D8, give: {a: X not stated, b: X 1 mL}}, {at: "D15", give: X 2 mL}]'
    head = "language: 1\nstudy: units\ntitle: Units\nsource: not stated\ndays: from 1\nproducts: {X: {}}\narms: [a, b]\n"
    file.write_text(f"{head}periods:\n  main:\n    {visits}\n", encoding="utf-8")
    found = as_json("--regimen", str(file), "--weights", "60", "--arm", "b")["weights"][0]["products"]
    assert [(p["unit"], p["administrations"], p["total"]) for p in found] == [("mg", 1, 500), ("mL", 2, 3)]
    found = as_json("--regimen", str(file), "--weights", "60", "--arm", "a")["weights"][0]["products"]
    assert [(p["unit"], p["administrations"], p["total"], p["amount_status"]) for p in found] == [
        ("mg", 2, None, "not stated"), ("mL", 2, None, "not stated"),
    ]  # fmt: skip
    assert output("doses", "--regimen", str(file), "--weights", "60,70", "--arm", "a").count("D8 ") == 2, "once in each unit's table"


def test_masked_vials_are_counted_alike_and_what_they_hold_is_not_told(many_rules: str) -> None:
    asked = ("--regimen", many_rules, "--period", "hidden", "--weights", "60")
    found = as_json(*asked)
    assert found == as_json(*asked, "--arm", "placebo")
    assert of_product(found, 0, "X") == {
        "administrations": 2, "total": None, "amount_status": "masked", "dispensed": None, "waste": None,
        "vials": [{"size": "20 mg", "count": 6}],
    }  # fmt: skip
    assert found["weights"][0]["visits"][0]["volume_ml"] == 5.5
    open_ = of_product(as_json(*asked, "--arm", "placebo", "--unblind"), 0, "X")
    assert (open_["total"], open_["dispensed"], open_["waste"], open_["vials"]) == (0, 0, 0, [])


# --- laws ---------------------------------------------------------------------------------------------------------------

kilograms = st.integers(1_000, 500_000).map(lambda grams: grams / 1000)


def same_parts(whole: DoseSum, parts: Sequence[DoseSum]) -> None:
    assert whole.administrations == sum(part.administrations for part in parts)
    known = [part.total for part in parts if part.total is not None]
    counts: Counter[str] = Counter()
    for part in parts:
        counts.update(dict(part.vials or ()))
    assert whole.vials is None or dict(whole.vials) == counts
    if whole.dispensed is not None:
        assert whole.total is not None and whole.waste is not None
        assert Fraction(repr(whole.dispensed)) - Fraction(repr(whole.total)) == Fraction(repr(whole.waste)) >= 0
        assert whole.dispensed == float(sum(Fraction(repr(part.dispensed)) for part in parts))
    if whole.total is not None:
        assert len(known) == len(parts) and whole.total == float(sum(Fraction(repr(total)) for total in known))
    else:
        assert len(known) < len(parts) and whole.status in {part.status for part in parts}


def of(sums: Sequence[DoseSum], whole: DoseSum) -> list[DoseSum]:
    return [s for s in sums if (s.product, s.unit) == (whole.product, whole.unit)]


def doses_of(rows: Sequence[DoseRow], whole: DoseSum) -> list[DoseRow]:
    return [d for d in rows if d.dose.product == whole.product and (d.dose.amount is None or d.dose.unit == whole.unit)]


def drawn(data: st.DataObject, kg: Sequence[float]) -> DoseTable:
    study = read(data.draw(studies.studies()))
    period = data.draw(st.sampled_from(study.periods))
    unblind = data.draw(st.booleans())
    arm = data.draw(st.sampled_from(period.arms)) if period.arms else None
    return dose_table(study, kg, period=period.id, arm=arm, unblind=unblind, start=data.draw(studies.starts))


@studies.examples(80)
@given(st.data(), st.lists(kilograms, min_size=1, max_size=3, unique=True))
def test_totals_are_the_sums_of_their_parts(data: st.DataObject, kg: list[float]) -> None:
    for row in drawn(data, kg).rows:
        for whole in row.totals:
            same_parts(whole, of(row.per_period, whole))
            same_parts(whole, of(row.per_year, whole))
            doses = doses_of(row.doses, whole)
            assert whole.administrations == sum(d.dose.times for d in doses)
            if whole.total is not None:
                assert doses[-1].dose.cumulative == whole.total


@studies.examples(60)
@given(st.data(), st.lists(kilograms, min_size=2, max_size=4, unique=True))
def test_a_weight_alone_gives_the_same_as_in_a_list(data: st.DataObject, kg: list[float]) -> None:
    study = read(data.draw(studies.studies()))
    period = data.draw(st.sampled_from(study.periods)).id
    table = dose_table(study, kg, period=period)
    for weight, row in zip(kg, table.rows, strict=True):
        alone = dose_table(study, [weight], period=period)
        assert (alone.rows[0].totals, alone.rows[0].doses) == (row.totals, row.doses)
        assert set(alone.notes) == {*table.notes, *row.notes}


@studies.examples(60)
@given(st.data(), st.lists(kilograms, min_size=2, max_size=4, unique=True))
def test_who_weighs_more_never_gets_less(data: st.DataObject, kg: list[float]) -> None:
    rows = drawn(data, sorted(kg)).rows
    for lighter, heavier in pairwise(rows):
        for less, more in zip(lighter.totals, heavier.totals, strict=True):
            assert (less.total is None) == (more.total is None)
            assert less.total is None or more.total is None or less.total <= more.total


@pytest.mark.parametrize("regimen", shipped.ids())
def test_a_table_says_what_a_plan_says(regimen: str) -> None:
    study, periods = catalog.find_plan(regimen, None)
    period = periods[0].id if len(periods) == 1 else None
    [row] = dose_table(study, [60], period=period, start="2025-01-06").rows
    made = plan(study, Subject(dose_table(study, [60], period=period, start="2025-01-06").plan.start, weight_kg=60), period=period)
    assert [d.dose for d in row.doses] == [a for v in made.visits for a in v.administrations]
    assert [d.date for d in row.doses] == [v.target for v in made.visits for _ in v.administrations]


def test_what_python_is_given_wrong_is_an_error() -> None:
    study = load("belimumab")
    for wrong, message in (
        ((), "no weights"),
        ((0.0,), "cannot be a body weight"),
        ((float("inf"),), "cannot be a body weight"),
    ):
        with pytest.raises(InputError, match=message):
            dose_table(study, wrong)
    with pytest.raises(InputError, match="1 weights, 2 heights"):
        dose_table(study, [60], [165, 170])
