"""How a dose came about: the last number of its reckoning is the dose, and nothing of it shows what is masked."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from nmosd_dosing import Measurement, Record, Subject, Weight, load, plan
from nmosd_dosing.dose.dose import AmountStatusText, Value
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.dose_reasons import no_amount
from nmosd_dosing.plans.plan import PlannedVisit
from nmosd_dosing.schedule.doses.body_weights import UsedValue
from tests.kit.cases import columns
from tests.kit.command import output
from tests.kit.dates import START, day
from tests.kit.paths import ROOT
from tests.kit.somebody import made

RULES, _ = read_study_text((ROOT / "examples/dose-rules.yaml").read_text(encoding="utf-8"))

STEPS = """
    visit  step
    D1     dose of X: 500 mg
    D8     dose of X, 10 mg/kg: 10 mg/kg x 72.5 kg = 725 mg; by the weight at baseline
    D15    dose of X, 10 mg/kg, at most 700 mg: 10 mg/kg x 72.5 kg = 725 mg; at most 700 mg: 700 mg; by the weight at baseline
    D22    dose of X, 10 mg/kg, rounded up to 50 mg: 10 mg/kg x 72.5 kg = 725 mg; rounded up to 50 mg: 750 mg; by the weight at baseline
    D43    dose of X, 10 mg/kg: no dose is stated for this weight
    D64    dose of X, by-band by weight band: for 60 to <100 kg 600 mg; by the weight at baseline
"""


def steps(visit: PlannedVisit) -> str:
    return "\n".join(visit.dose_steps)


def of(label: str, visits: tuple[PlannedVisit, ...]) -> PlannedVisit:
    return next(visit for visit in visits if visit.label == label)


@pytest.mark.parametrize("row", columns(STEPS), ids=lambda row: row["visit"])
def test_a_dose_is_reckoned_step_by_step(row: dict[str, str]) -> None:
    made = plan(RULES, Subject(START, weight_kg=72.5, height_cm=170))
    assert of(row["visit"], made.visits).dose_steps[0] == row["step"]


BANDS = """language: 1
study: s
title: s
source: made up
days: from 1
products:
  X:
    doses:
      fixed: {bands: {up to 40 kg: 100 mg, ">40 to 60 kg": 200 mg, "60.001 to <100 kg": 300 mg, 100 kg or more: 400 mg}}
      only: {amount: 10 mg/kg, weights: 40 to 60 kg}
periods: {main: {visits: [{at: D1, give: X fixed}, {at: D8, give: X only}]}}
"""


def test_a_band_is_named_as_the_file_writes_it(tmp_path: Path) -> None:
    study, _ = read_study_text(BANDS)
    for kg, band in [(40, "up to 40 kg 100 mg"), (60, ">40 to 60 kg 200 mg"), (60.001, "60.001 to <100 kg 300 mg")]:
        made = plan(study, Subject(START, weight_kg=kg))
        assert f": for {band}; " in of("D1", made.visits).dose_steps[0]
    assert "for 40 to 60 kg 10 mg/kg x 60 kg" in of("D8", plan(study, Subject(START, weight_kg=60)).visits).dose_steps[0]
    (tmp_path / "s.yaml").write_text(BANDS, encoding="utf-8")
    shown = [line.split("  ")[-1].strip() for line in output("show", str(tmp_path / "s.yaml")).splitlines() if "· band" in line]
    assert shown == [
        "fixed, up to 40 kg: 100 mg", "fixed, >40 to 60 kg: 200 mg", "fixed, 60.001 to <100 kg: 300 mg", "fixed, 100 kg or more: 400 mg",
        "only, 40 to 60 kg: 10 mg/kg",
    ]  # fmt: skip


@pytest.mark.parametrize("kg", [40, 52.4, 60, 66.6, 72.5, 99.999])
def test_the_last_number_of_a_reckoning_is_the_dose(kg: float) -> None:
    made = plan(RULES, Subject(START, weight_kg=kg, height_cm=163))
    for visit in made.visits:
        for dose in visit.administrations:
            if dose.amount is not None:
                numbers = re.findall(r"([0-9.]+) mg\b(?!/)", visit.dose_steps[0])
                assert float(numbers[-1]) == dose.amount, visit.dose_steps


def test_weights_vials_and_what_was_given() -> None:
    subject = Subject(
        START,
        weight_kg=60,
        weights=(Weight(day("2025-02-01"), 66),),
        records=(Record("D14", day("2025-01-20"), amount=Decimal(450), unit="mg"),),
    )
    visits = plan(load("belimumab"), subject).visits
    assert of("D0", visits).dose_steps == (
        "dose of belimumab, 10 mg/kg: 10 mg/kg x 60 kg = 600 mg; by the weight at baseline",
        "vials of belimumab: 5 x 120 mg, which hold 600 mg, 0 mg left over; 7.5 mL",
    )
    assert of("D14", visits).dose_steps[0].endswith("= 600 mg; by the weight at baseline; recorded: 450 mg")
    assert of("D28", visits).dose_steps[0].endswith("10 mg/kg x 66 kg = 660 mg; by the weight of 2025-02-01 Sat")
    assert of("D0", plan(load("belimumab"), START).visits).dose_steps == ("dose of belimumab, 10 mg/kg: needs weight",)


BLINDED = """language: 1
study: b
title: B
source: me
days: from 1
products: {X: {vials: {sizes: [100 mg], concentration: 10 mg/mL}}}
arms: [drug, placebo]
periods: {main: {blinded: true, visits: [{at: D1, give: {drug: X 8 mg/kg, placebo: X placebo}}]}}
"""


def test_a_masked_dose_says_that_it_is_masked_and_its_kit_by_which_weight() -> None:
    study, _ = read_study_text(BLINDED)
    found = {plan(study, Subject(START, weight_kg=60, arm=arm)).visits[0].dose_steps for arm in ("drug", "placebo", None)}
    assert found == {
        (
            "dose of X/placebo: masked, and with it how it is worked out; `unblind` with `arm` shows it",
            "vials of X/placebo, counted as for the active drug, by 60 kg at baseline: 5 x 100 mg; 48 mL",
        )
    }
    shown = plan(study, Subject(START, weight_kg=60, arm="placebo"), unblind=True).visits[0]
    assert shown.dose_steps == ("dose of X: placebo",)


BY_EGFR = """values: {eGFR: mL/min}
products: {X: {doses: {k: {by: eGFR, bands: {<15: not stated, 15 to <30: 25 mg, 30 to 60: 2 mg/kg}}}}}
periods: {a: {visits: [{at: D1, give: X k}]}}
"""


@pytest.mark.parametrize(
    ("value", "kg", "step"),
    [
        (None, None, "needs eGFR; no eGFR is recorded on or before that day"),
        (14, None, "dose not stated; by eGFR 14 mL/min of 2025-01-06 Mon"),
        (15, None, "for 15 to <30 mL/min 25 mg; by eGFR 15 mL/min of 2025-01-06 Mon"),
        (45, None, "needs weight; by eGFR 45 mL/min of 2025-01-06 Mon"),
        (45, 60, "for 30 to 60 mL/min 2 mg/kg x 60 kg = 120 mg; by eGFR 45 mL/min of 2025-01-06 Mon; by the weight at baseline"),
        (61, 60, "no dose is stated for this eGFR; by eGFR 61 mL/min of 2025-01-06 Mon"),
    ],
)
def test_a_dose_by_a_value_says_by_which(value: float | None, kg: float | None, step: str) -> None:
    values = (Measurement("eGFR", START, value),) if value is not None else ()
    assert made(BY_EGFR, weight_kg=kg, measurements=values).visits[0].dose_steps == (f"dose of X, k by eGFR band: {step}",)


@pytest.mark.parametrize(
    ("sex", "rule", "step"),
    [
        ("M", "ideal", "10 mg/kg x 65.937 kg = 659.37 mg; ideal weight (Devine): 50 kg + 2.3 kg x 6.929 inches over 60 = 65.937 kg"),
        ("F", "ideal", "10 mg/kg x 61.437 kg = 614.37 mg; ideal weight (Devine): 45.5 kg + 2.3 kg x 6.929 inches over 60 = 61.437 kg"),
        ("M", "adjusted", "10 mg/kg x 71.562 kg = 715.62 mg; ideal weight (Devine): 50 kg + 2.3 kg x 6.929 inches over 60 = 65.937 kg; "
                          "adjusted: and 0.4 of the difference to 80 kg at baseline = 71.562 kg"),
        ("F", "adjusted", "10 mg/kg x 68.862 kg = 688.62 mg; ideal weight (Devine): 45.5 kg + 2.3 kg x 6.929 inches over 60 = 61.437 kg; "
                          "adjusted: and 0.4 of the difference to 80 kg at baseline = 68.862 kg"),
    ],
)  # fmt: skip
def test_a_weight_that_is_reckoned_says_how(sex: str, rule: str, step: str) -> None:
    rules = f"products: {{X: {{doses: {{r: {{amount: 10 mg/kg, weight: {rule} (Devine)}}}}}}}}\n"
    text = rules + "periods: {p: {visits: [{at: D1, give: X r}]}}\n"
    found = made(text, weight_kg=80, height_cm=170, sex=sex).visits[0].dose_steps
    assert found == (f"dose of X, 10 mg/kg of the {rule} weight: {step}",)


ROUNDED = """products: {X: {doses: {r: {amount: 10 mg/kg, round: up to 50 mg, at most: %s}}}}
periods: {p: {visits: [{at: %s, give: X r %s}]}}
"""
REACHED, UP = "10 mg/kg x 61 kg = 610 mg", "rounded up to 50 mg: 650 mg"
BY_WEIGHT = "by the weight at baseline"


@pytest.mark.parametrize(
    ("at", "often", "most", "recorded", "step"),
    [
        ("D1", "", "700 mg", None, [REACHED, UP, BY_WEIGHT]),
        ("D1", "", "650 mg", None, [REACHED, UP, BY_WEIGHT]),
        ("D1", "", "600 mg", None, [REACHED, "at most 600 mg: 600 mg", BY_WEIGHT]),
        ("D1", "", "700 mg", "600", [REACHED, UP, BY_WEIGHT, "recorded: 600 mg"]),
        ("D1", "twice daily", "700 mg", None, [REACHED, UP, BY_WEIGHT, "2 times in all"]),
        ("D1", "twice daily", "700 mg", "600", [REACHED, BY_WEIGHT, "recorded: 600 mg"]),  # that is of both times together
        ("D1 to D5", "daily", "700 mg", None, [REACHED, UP, BY_WEIGHT, "5 times in all"]),
        ("D1 to D5", "daily", "700 mg", "3000", [REACHED, BY_WEIGHT, "recorded: 3000 mg"]),  # and that of five days
    ],
)
def test_a_rounded_dose_says_what_one_administration_comes_to(
    at: str, often: str, most: str, recorded: str | None, step: list[str]
) -> None:
    records = (Record(at, START, amount=Decimal(recorded), unit="mg"),) if recorded else ()
    found = made(ROUNDED % (most, at, often), *records, weight_kg=61).visits[0].dose_steps[0]
    assert found.partition(": ")[2] == "; ".join(step)


EGFR = UsedValue(Value("eGFR", "mL/min"), 14, START)


@pytest.mark.parametrize(
    ("status", "value", "text", "pattern"),
    [
        ("needs value", EGFR, "needs eGFR", "needs {value}"),
        ("value out of range", EGFR, "no dose is stated for this eGFR", "no dose is stated for this {value}"),
        ("not stated", EGFR, "dose not stated", "dose not stated"),
        ("needs weight", EGFR, "needs weight", "needs weight"),
        ("needs weight", None, "needs weight", "needs weight"),
    ],
)
def test_why_there_is_no_amount_can_be_said_again(status: AmountStatusText, value: UsedValue | None, text: str, pattern: str) -> None:
    said = no_amount(status, value)
    assert (said, said.pattern) == (text, pattern)
