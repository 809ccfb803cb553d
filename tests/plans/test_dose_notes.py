"""What a reader is told of doses: for each thing that a dose may need, whom it is told and of which visits; and which weights count."""

from __future__ import annotations

from typing import Any

import pytest

from nmosd_dosing import Measurement
from nmosd_dosing.subjects.subject import Weight
from tests.kit.dates import day
from tests.kit.somebody import made, notes

RULES = """values: {eGFR: mL/min}
products:
  X:
    doses:
      capped: {amount: 10 mg/kg, at most: 600 mg}
      light: {amount: 10 mg/kg, weights: up to 80 kg}
      ideal: {amount: 10 mg/kg, weight: ideal (Devine)}
      kidneys: {by: eGFR, bands: {<30: 25 mg, 30 to 60: 50 mg}}
      aged: {by: age, bands: {<50: 25 mg, 50 to 60: 50 mg}}
periods:
  a:
    visits:
      - {at: D1, give: X 100 mg}
      - {at: D2, give: X 10 mg/kg}
      - {at: D3, give: X 100 mg/m2}
      - {at: D4, give: X not stated}
      - {at: D5, give: X capped}
      - {at: D6, give: X light}
      - {at: D7, give: X kidneys}
      - {at: D8, give: X aged}
      - {at: D9, give: X 10 mg as needed}
      - {at: D10, give: X ideal}
      - {at: D11, give: X 100 to 200 mg}
"""
ALWAYS = {"as-needed given when it is needed": "D9", "range the amount is a range": "D11", "not-stated the source does not state": "D4"}
WEIGHT, HEIGHT, SEX, AGE, VALUE = (
    "needs-weight the dose depends on the body weight", "needs-height the dose depends on the body height",
    "needs-sex the dose is by a weight that depends on the sex", "needs-age the dose depends on the age",
    "needs-value the dose depends on eGFR, and none is recorded",
)  # fmt: skip
BASELINE, BY_WEIGHT = "weight one body weight counts for every dose", "D2 D3 D5 D6"
BEYOND, CAPPED = "out-of-range the rule of the dose does not hold for ", "capped the dose is the highest"
PEOPLE: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({}, {WEIGHT: BY_WEIGHT, HEIGHT: "D10", AGE: "D8", VALUE: "D7"}),
    ({"weight_kg": 59.9}, {HEIGHT: "D3 D10", AGE: "D8", VALUE: "D7", BASELINE: BY_WEIGHT}),
    ({"height_cm": 170}, {WEIGHT: BY_WEIGHT, SEX: "D10", AGE: "D8", VALUE: "D7"}),
    ({"weight_kg": 60.1, "height_cm": 152, "sex": "F", "age": 60},
     {"out-of-range no ideal weight is defined below 60 inches": "D10", CAPPED: "D5", VALUE: "D7", BASELINE: BY_WEIGHT}),
    ({"weight_kg": 80.1, "height_cm": 170, "sex": "M", "age": 61, "measurements": (Measurement("eGFR", day("2025-01-12"), 29.0),)},
     {f"{BEYOND}this weight": "D6", f"{BEYOND}this age": "D8", CAPPED: "D5", BASELINE: BY_WEIGHT,
      "value X: by eGFR 29 mL/min of 2025-01-12 Sun": "D7", "weight X: by the ideal weight (Devine), 65.937 kg": "D10"}),
    ({"weight_kg": 60, "height_cm": 170, "sex": "M", "age": 50, "measurements": (Measurement("eGFR", day("2025-01-10"), 61.0),)},
     {f"{BEYOND}eGFR 61 mL/min": "D7", BASELINE: BY_WEIGHT, "weight X: by the ideal weight (Devine), 65.937 kg": "D10"}),
]  # fmt: skip


@pytest.mark.parametrize(("who", "told"), PEOPLE, ids=lambda value: ", ".join(value))
def test_what_a_dose_needs_is_told_of_its_visits(who: dict[str, Any], told: dict[str, str]) -> None:
    found = [(f"{n.code} {n.message}", " ".join(v[2:] for v in n.visits)) for n in made(RULES, **who).notes]
    wanted = ALWAYS | told
    kept = {next((words for words in wanted if note.startswith(words)), note): visits for note, visits in found}
    assert {note: at for note, at in kept.items() if not note.startswith(("no-window", "weekend"))} == wanted


FEB, MARCH = Weight(day("2025-02-03"), 66), Weight(day("2025-03-01"), 67)
OF_FEB, OF_MARCH = "carried forward: 66 kg of 2025-02-03 Mon", "carried forward: 67 kg of 2025-03-01 Sat"
LATEST = "the latest weight on or before each dose counts"


@pytest.mark.parametrize(
    ("rule", "weighed", "told"),
    [
        ("", (), ["one body weight counts for every dose: the one given, at baseline"]),
        ("weight: baseline", (FEB,), ["later weights are given, and the study doses by the one at baseline"]),
        ("", (FEB,), ["the study does not state which weight counts; later ones are given, so the latest on or before each dose does",
                      OF_FEB]),
        ("weight: latest", (FEB,), [LATEST, OF_FEB]),
        ("weight: latest", (FEB, MARCH), [LATEST, OF_MARCH]),
        ("weight: changed by 10% or more", (FEB, MARCH), ["a new weight counts once it has changed by 10% or more", OF_FEB]),
        ("weight: 'at D1, D57'", (FEB,), ["the weight is renewed at D1, D57 only: the latest on or before the last of these visits "
                                          "that has come counts", OF_FEB]),
    ],
)  # fmt: skip
def test_which_weight_counts_and_which_is_carried_forward(rule: str, weighed: tuple[Weight, ...], told: list[str]) -> None:
    text = f'products: {{X: {{{rule}}}}}\nperiods: {{a: {{visits: [{{at: "D1, D29, D57", give: X 10 mg/kg}}]}}}}\n'
    assert notes(made(text, weight_kg=60, weights=weighed), "weight") == told


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ("2025-02-03", "2025-02-03 Mon to 2025-02-05 Wed"),
        ("2025-02-04", "2025-02-04 Tue to 2025-02-05 Wed"),
        ("2025-02-05", "2025-02-05 Wed"),  # the last day of the first course
        ("2025-02-06", None),
        ("2025-02-01", "2025-02-03 Mon"),  # the last day of the second one
        ("2025-01-31", None),
    ],
)
def test_doses_of_two_visits_on_one_day_are_told(second: str, told: str | None) -> None:
    text = """products: {X: {}}
periods:
  a: {visits: [{at: D1, give: X 1 mg}, {at: D29 to D31, give: X 1 mg daily}, {at: relapse to relapse + 2 days, give: X 1 mg daily}]}
"""
    found = notes(made(text, events=(("relapse", second),)), "twice")
    assert found == ([f"X is given by two visits on {told}"] if told else [])
