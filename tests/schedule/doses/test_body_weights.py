"""Which weight a dose is by, worked by hand: baseline, latest, or new after a change large enough; and the plan says which."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from nmosd_dosing import InputError, Measurement, Record
from nmosd_dosing.subjects.subject import Weight
from tests.kit.cases import columns
from tests.kit.command import dosing
from tests.kit.dates import START, day
from tests.kit.paths import ROOT
from tests.kit.somebody import done, dose, made, recorded
from tests.kit.worked import person, planned, product, shown, visits

# Doses of 10 mg/kg on D1, D29 and D57: 2025-01-06, 2025-02-03 and 2025-03-03. Baseline 60 kg.
WEIGHTS = """
    weight                   weighed                                   doses
    baseline                 2025-02-03=66                             600 600 600
    latest                   2025-02-03=66                             600 660 660
    latest                   2025-02-04=66                             600 600 660
    latest                   2025-02-02=66                             600 660 660
    latest                   2025-01-20=66 2025-02-03=58               600 580 580
    changed by 10% or more   2025-02-03=65.994                         600 600 600
    changed by 10% or more   2025-02-03=66                             600 660 660
    changed by 10% or more   2025-02-03=66.006                         600 660.06 660.06
    changed by 10% or more   2025-02-03=54.006                         600 600 600
    changed by 10% or more   2025-02-03=54                             600 540 540
    changed by 10% or more   2025-02-03=53.994                         600 539.94 539.94
    changed by 10% or more   2025-02-03=66 2025-03-03=72.599           600 660 660
    changed by 10% or more   2025-02-03=66 2025-03-03=72.6             600 660 726
    changed by 10% or more   2025-02-03=66 2025-03-03=59.4             600 660 594
    changed by 10% or more   2025-02-03=66 2025-03-03=60               600 660 660
    changed by 10% or more   2025-01-20=63 2025-02-03=65.9 2025-03-03=66  600 600 660
    changed by 10% or more   2025-01-20=66 2025-02-03=59.401           600 600 600
    changed by 10% or more   2025-01-20=66 2025-02-03=60               600 600 600
    changed by 10% or more   2025-01-20=54 2025-02-02=66               600 660 660
    changed by 10% or more   2025-01-20=66 2025-02-04=60 2025-03-01=72.6  600 660 726
    changed by 2.5% or more  2025-02-03=61.499                         600 600 600
    changed by 2.5% or more  2025-02-03=61.5                           600 615 615
    -                        -                                         600 600 600
    -                        2025-02-03=66                             600 660 660
    -                        2025-02-03=60.001                         600 600.01 600.01
"""
EVERY_4_WEEKS = "at: 'D1, D29, D57', give: X 10 mg/kg"


def weighed(text: str) -> tuple[Weight, ...]:
    return tuple(Weight(day(date), float(kg)) for date, _, kg in (item.partition("=") for item in text.split())) if text != "-" else ()


@pytest.mark.parametrize("row", columns(WEIGHTS), ids=lambda r: f"{r['weight']} {r['weighed']}")
def test_which_weight(row: dict[str, str]) -> None:
    lines = [] if row["weight"] == "-" else [f"weight: {row['weight']}"]
    made = planned(visits(EVERY_4_WEEKS, products=product(*lines)), person(60, weights=weighed(row["weighed"])))
    assert " ".join(f"{v.administrations[0].amount:g}" for v in made.visits) == row["doses"]


@pytest.mark.parametrize(
    ("weight", "doses"),
    [("", "600 600 600"), ("baseline", "600 600 600"), ("latest", "600 660 660"), ("changed by 10% or more", "600 660 660")],
)
def test_a_weight_recorded_at_a_visit_is_used_where_the_file_says_so(weight: str, doses: str) -> None:
    records = (Record("D29", day("2025-02-03"), weight_kg=66.0),)
    lines = [f"weight: {weight}"] if weight else []
    made = planned(visits(EVERY_4_WEEKS, products=product(*lines)), person(60, records=records))
    assert " ".join(f"{v.administrations[0].amount:g}" for v in made.visits) == doses


def test_the_plan_says_which_weight_was_used() -> None:
    made = planned(visits(EVERY_4_WEEKS, products=product("weight: latest")), person(60, weights=weighed("2025-02-03=66")))
    used = [(a.weight_kg, a.weight_of, a.weight_status) for v in made.visits for a in v.administrations]
    measured = day("2025-02-03")
    assert used == [(60, None, "baseline"), (66, measured, "measured"), (66, measured, "carried forward")]


SUBJECTS = "subject,start,weight_kg\nA,2025-01-06,60\nB,2025-01-06,70\n"
WEIGHINGS = [
    ("A,2025-02-01,66\n", ["660 mg", "700 mg"], None),
    ("A,2025-03-04,66\n", ["600 mg", "700 mg"], None),
    ("A,2025-01-06,66\n", None, "the weight of subject `A` on 2025-01-06 is not after day 1, 2025-01-06"),
    ("A,2025-02-01,66\nA,2025-02-01,67\n", None, "two weights of subject `A` on 2025-02-01"),
    ("A,2025-02-01,\n", None, "no weight"),
    ('A,2025-02-01,"66,5"\n', None, "`66,5` has a decimal comma"),
]


@pytest.mark.parametrize(("rows", "amounts", "error"), WEIGHINGS)
def test_a_table_of_weighings(tmp_path: Path, rows: str, amounts: list[str] | None, error: str | None) -> None:
    (tmp_path / "s.csv").write_text(SUBJECTS, encoding="utf-8")
    (tmp_path / "w.csv").write_text(f"subject,date,weight_kg\n{rows}", encoding="utf-8")
    asked = ("prepare", "--regimen", "belimumab", "--subjects", str(tmp_path / "s.csv"), "--weighings", str(tmp_path / "w.csv"))
    done = dosing(*asked, "--from", "2025-03-03", "--days", "1", "--format", "csv")
    if error is not None:
        assert (done.returncode, done.stdout) == (2, "") and error in done.stderr
    else:
        assert [f"{row['amount']} {row['unit']}" for row in csv.DictReader(done.stdout.splitlines())] == amounts


def test_recorded_weights_that_do_not_count_are_told(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(SUBJECTS, encoding="utf-8")
    (tmp_path / "v.csv").write_text("subject,visit,date,weight_kg\nB,D28,2025-02-03,77\n", encoding="utf-8")
    asked = ("prepare", "--regimen", "belimumab", "--subjects", str(tmp_path / "s.csv"), "--visits", str(tmp_path / "v.csv"))
    done = dosing(*asked, "--from", "2025-03-03", "--days", "1")
    assert done.returncode == 0
    assert done.stderr == (
        "weight: weights recorded with visits are not those that doses are by (B); "
        "`--weighings FILE` with subject, date, weight_kg makes them count\n"
    )


# --- other values that doses are by -------------------------------------------------------------------------------------

BY_EGFR = "values: {eGFR: mL/min/1.73m2}\n" + visits(
    'at: "D1, D29", give: X r',
    products=product("doses:", "  r: {by: eGFR, bands: {<15: not stated, 15 to <30: 25 mg, 30 to <60: 50 mg, 60 to 90: 100 mg}}"),
)
VALUES: list[tuple[list[tuple[str, float]], list[str]]] = [
    ([], ["needs value", "needs value"]),
    ([("2025-01-06", 60)], ["100 mg", "100 mg"]),  # on the day of the dose, at the very edge
    ([("2025-01-06", 59.999999)], ["50 mg", "50 mg"]),
    ([("2025-01-05", 30), ("2025-02-04", 60)], ["50 mg", "50 mg"]),  # the second is of the day after
    ([("2025-01-05", 30), ("2025-02-03", 29.9)], ["50 mg", "25 mg"]),
    ([("2025-02-03", 29.9)], ["needs value", "25 mg"]),
    ([("2024-06-01", 90), ("2025-02-03", 90.000001)], ["100 mg", "value out of range"]),
    ([("2025-01-06", 14.9), ("2025-02-03", 0)], ["not stated", "not stated"]),
    ([("2025-01-06", 15), ("2025-01-06", 15)], ["25 mg", "25 mg"]),  # the same again is one
]


@pytest.mark.parametrize(("told", "amounts"), VALUES)
def test_the_latest_value_on_or_before_a_dose_counts(told: list[tuple[str, float]], amounts: list[str]) -> None:
    made = planned(BY_EGFR, person(measurements=tuple(Measurement("eGFR", day(date), value) for date, value in told)))
    assert [shown(a) for v in made.visits for a in v.administrations] == amounts


def test_two_values_of_one_day_are_refused() -> None:
    with pytest.raises(InputError, match="has two values of `eGFR`"):
        person(measurements=(Measurement("eGFR", START, 15), Measurement("eGFR", START, 16)))


def test_a_value_that_the_study_does_not_declare_is_refused() -> None:
    with pytest.raises(InputError, match="`measurements`: `CD19` is unknown"):
        planned(BY_EGFR, person(measurements=(Measurement("CD19", START, 15),)))


VALUES_FILE = str(ROOT / "examples" / "values.yaml")
MEASUREMENTS = [
    ("value,unit\n", "A,2025-01-06,EGFR,29.9,mL/min/1.73 m2\n", ["25 mg", "needs eGFR"], None),
    ("value\n", "A,2025-01-06,eGFR,29.9\nB,2025-01-06,eGFR,60\nB,2025-01-06,eGFR,60.0\n", ["25 mg", "100 mg"], None),
    ("value,unit\n", "A,2025-01-06,eGFR,29.9,mL/min\n", [], "`eGFR` is in `mL/min` here, and in `mL/min/1.73m2` in the study file"),
    ("value,unit\n", "A,2025-01-06,eGFR,29.9,\n", [], "no unit"),
    ("value\n", "A,2025-01-06,eGFR,29.9\nA,2025-01-06,eGFR,60\n", [], "two values of `eGFR` of subject `A` on 2025-01-06"),
    ("value\n", "A,2025-01-06,ALT,29.9\n", [], "`ALT` is no value that the study declares"),
    ("value\n", "A,2025-01-06,eGFR,<15\n", [], "`<15` is not a value"),
    ("value\n", "A,2025-01-06,eGFR,\n", [], "no value"),
]


@pytest.mark.parametrize(("columns", "rows", "amounts", "error"), MEASUREMENTS)
def test_a_table_of_measurements(tmp_path: Path, columns: str, rows: str, amounts: list[str], error: str | None) -> None:
    (tmp_path / "s.csv").write_text(SUBJECTS, encoding="utf-8")
    (tmp_path / "m.csv").write_text(f"subject,date,what,{columns}{rows}", encoding="utf-8")
    asked = ("prepare", "--regimen", VALUES_FILE, "--subjects", str(tmp_path / "s.csv"), "--measurements", str(tmp_path / "m.csv"))
    done = dosing(*asked, "--from", "2025-01-06", "--days", "1")
    if error is not None:
        assert (done.returncode, done.stdout) == (2, "") and error in done.stderr
    else:
        shown_of = [line for line in done.stdout.splitlines() if " D1 " in line]
        assert [amount in line for amount, line in zip(amounts, shown_of, strict=True)] == [True, True], done.stdout


@pytest.mark.parametrize(
    ("events", "on", "amount"),
    [
        ((), "2025-02-03=66", 660), ((), "2025-02-04=66", 600),
        ((("seizure", "2025-02-01"), ("resumed", "2025-02-04")), "2025-02-04=66", 660),  # its first day that is left
        ((("seizure", "2025-02-01"), ("resumed", "2025-02-04")), "2025-02-05=66", 600),
        ((("seizure", "2025-02-01"), ("resumed", "2025-02-05")), "2025-02-05=66", 660),
    ],
)  # fmt: skip
def test_a_course_is_by_the_weight_of_the_first_day_that_is_left_of_it(events: tuple[tuple[str, str], ...], on: str, amount: float) -> None:
    text = """events: {seizure: seizure, resumed: through with it}
products: {X: {weight: latest, doses: {h: {amount: 10 mg/kg, hold: {from: seizure, until: resumed}}}}}
periods: {p: {visits: [{at: D1, give: X 10 mg/kg}, {at: D29 to D31, give: X h daily}]}}
"""
    found = made(text, events=events, weight_kg=60, weights=weighed(on))
    assert dose(found, "D29 to D31").amount == amount


STEPS = "products: {X: {weight: changed by 10% or more}, Y: {}}\nperiods: {p: {visits: [{at: 'D1, D29', give: [X 10 mg/kg, Y 5 mg]}]}}\n"


@pytest.mark.parametrize(
    ("beside", "amount"),
    [("", 600), ("X 50 mg", 670), ("X", 670), ("Y 50 mg", 600), ("X 0 mg", 600), ("X missed", 600)],
)
def test_a_dose_beside_the_visits_is_held_against_the_weight_of_its_day(beside: str, amount: int) -> None:
    """67 kg are 11.7 % more than 60 kg. A dose given then is by them, and 62 kg are 7.5 % less; but only 3.3 % more than 60 kg."""
    weights = (Weight(day("2025-01-15"), 67), Weight(day("2025-02-01"), 62))
    records = recorded(f"unscheduled 01-20 {beside}" if beside else "")
    found = made(STEPS, done("D1", "2025-01-06"), *records, weight_kg=60, weights=weights)
    assert dose(found, "D29").amount == amount


@pytest.mark.parametrize(("renewed", "amounts"), [("D29", [600, 660, 660]), ("D57", [600, 600, 540]), ("D2", [600, 600, 600])])
def test_a_weight_is_renewed_at_a_visit_of_the_file_and_at_no_other(renewed: str, amounts: list[int]) -> None:
    """D2 is a day of the next period alone."""
    text = f"""products: {{X: {{weight: at {renewed}}}}}
periods:
  p: {{length: 60 days, visits: [{{at: 'D1, D29, D57', give: X 10 mg/kg}}]}}
  q: {{visits: [{{at: 'D1, D2', give: X 1 mg/kg}}]}}
transitions: [{{id: t, from: p, to: q, after: end of p, within: 7 days}}]
"""
    found = made(text, weight_kg=60, weights=(Weight(day("2025-02-03"), 66), Weight(day("2025-03-03"), 54)))
    assert [visit.administrations[0].amount for visit in found.visits[:3]] == amounts
