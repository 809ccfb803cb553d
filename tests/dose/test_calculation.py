"""Amounts by every rule worked by hand, as a table that a pharmacist can check."""

from __future__ import annotations

from fractions import Fraction
from typing import cast

import pytest

from nmosd_dosing.dose.calculation import surface_m2, weight_by_kg
from nmosd_dosing.dose.dose import ByWeight, Formula, Sex, Surface, amount_text, number_text
from nmosd_dosing.language.study_file import read_study_text
from tests.kit.cases import columns
from tests.kit.worked import HEAD, one, product, shown, visits

AMOUNTS = """
    rule                                                               kg       cm     dose
    500 mg                                                             -        -      500 mg
    10 mg/kg                                                           102.5    -      1025 mg
    10 mg/kg                                                           64.005   -      640.05 mg
    10 mg/kg                                                           -        -      needs weight
    375 mg/m2                                                          60       170    631.2375 mg
    1 mg/m2                                                            60       170    1.6833 mg
    {amount: 1 mg/m2, surface: Mosteller}                              60       170    1.6833 mg
    {amount: 1 mg/m2, surface: Du Bois}                                60       170    1.6949 mg
    {amount: 1 mg/m2, surface: Mosteller}                              70       175    1.8447 mg
    {amount: 1 mg/m2, surface: Du Bois}                                70       175    1.8481 mg
    {amount: 1 mg/m2, surface: Mosteller to 0.01 m2}                   70       175    1.84 mg
    {amount: 1 mg/m2, surface: Mosteller to 0.1 m2}                    70       175    1.8 mg
    {amount: 1 mg/m2, surface: Du Bois to 0.01 m2}                     70       175    1.85 mg
    1 tablet                                                           -        -      1 tablets
    2 puffs                                                            -        -      2 puffs
    1 puff                                                             -        -      1 puffs
    5 to 10 mg/kg                                                      -        -      needs weight
    5 to 10 mg/kg                                                      70       -      range
    {amount: 5 to 10 mg/kg, at most: 350 mg}                           70       -      350 mg
    {amount: 5 to 10 mg/kg, at most: 350 mg}                           69.999   -      range
    {amount: 5 to 10 mg/kg, at most: 350 mg}                           80       -      350 mg capped
    {amount: 5 to 6 mg/kg, round: up to 500 mg}                        80       -      500 mg
    {amount: 5 to 6 mg/kg, round: down to 500 mg}                      90       -      out of range
    {bands: {<60 kg: 1 to 2 tablets, 60 kg or more: 2 tablets}}        59.9     -      range
    {bands: {<60 kg: 1 to 2 tablets, 60 kg or more: 2 tablets}}        60       -      2 tablets
    1 mg/m2                                                            36       100    1 mg
    375 mg/m2                                                          60       -      needs height
    375 mg/m2                                                          -        170    needs weight
    2e6 cells/kg                                                       70       -      140000000 cells
    2E6 cells/kg                                                       70       -      140000000 cells
    2.0e+06 cells/kg                                                   70       -      140000000 cells
    5E9 cells                                                          -        -      5000000000 cells
    1.23E4 mg                                                          -        -      12300 mg
    100 IU/kg                                                          64.5     -      6450 IU
    0.5 U/kg                                                           64.5     -      32.25 U
    2 tablets                                                          -        -      2 tablets
    0.5 tablets                                                        -        -      0.5 tablets
    3 capsules                                                         -        -      3 capsules
    {amount: 10 mg/kg, at most: 1200 mg}                               119.9    -      1199 mg
    {amount: 10 mg/kg, at most: 1200 mg}                               120      -      1200 mg
    {amount: 10 mg/kg, at most: 1200 mg}                               120.001  -      1200 mg capped
    {amount: 10 mg/kg, at most: 1200 mg}                               120.1    -      1200 mg capped
    {amount: 10 mg/kg, at most: 1.2 g}                                 120.1    -      1200 mg capped
    {amount: 10 mg/kg, round: up to 50 mg}                             70       -      700 mg
    {amount: 10 mg/kg, round: up to 50 mg}                             70.001   -      750 mg
    {amount: 10 mg/kg, round: up to 50 mg}                             75       -      750 mg
    {amount: 10 mg/kg, round: down to 50 mg}                           74.999   -      700 mg
    {amount: 10 mg/kg, round: down to 50 mg}                           75       -      750 mg
    {amount: 10 mg/kg, round: half even to 50 mg}                      72.499   -      700 mg
    {amount: 10 mg/kg, round: half even to 50 mg}                      72.5     -      700 mg
    {amount: 10 mg/kg, round: half even to 50 mg}                      72.501   -      750 mg
    {amount: 10 mg/kg, round: half even to 50 mg}                      77.499   -      750 mg
    {amount: 10 mg/kg, round: half even to 50 mg}                      77.5     -      800 mg
    {amount: 1 mg/kg, round: half even to 0.1 mg}                      60.25    -      60.2 mg
    {amount: 1 mg/kg, round: half even to 0.1 mg}                      60.35    -      60.4 mg
    {amount: 10 mg/kg, round: up to 50 mg, at most: 1200 mg}           118      -      1200 mg
    {amount: 10 mg/kg, round: up to 50 mg, at most: 1200 mg}           121      -      1200 mg capped
    {amount: 10 mg/kg, round: up to 50 mg, at most: 1200 mg}           120      -      1200 mg
    {amount: 10 mg/kg, round: down to 50 mg, at most: 1200 mg}         124.999  -      1200 mg
    {amount: 10 mg/kg, round: down to 50 mg, at most: 1200 mg}         125      -      1200 mg capped
    {amount: 10 mg/kg, round: half even to 50 mg, at most: 1200 mg}    122.5    -      1200 mg
    {amount: 10 mg/kg, round: half even to 50 mg, at most: 1200 mg}    122.501  -      1200 mg capped
    {amount: 10 mg/kg, weights: 40 to <150 kg}                         39.999   -      out of range
    {amount: 10 mg/kg, weights: 40 to <150 kg}                         40       -      400 mg
    {amount: 10 mg/kg, weights: 40 to <150 kg}                         149.999  -      1499.99 mg
    {amount: 10 mg/kg, weights: 40 to <150 kg}                         150      -      out of range
    {amount: 10 mg/kg, weights: up to 60 kg}                           60       -      600 mg
    {amount: 10 mg/kg, weights: up to 60 kg}                           60.001   -      out of range
    {amount: 10 mg/kg, weights: <60 kg}                                60       -      out of range
    {amount: 10 mg/kg, weights: more than 60 kg}                       60       -      out of range
    {amount: 10 mg/kg, weights: more than 60 kg}                       60.001   -      600.01 mg
    {amount: 10 mg/kg, weights: 60 kg or more}                         60       -      600 mg
    {amount: 10 mg/kg, weights: "40 to 60 kg"}                         60       -      600 mg
    {amount: 10 mg/kg, weights: ">40 to 60 kg"}                        40       -      out of range
    {amount: 500 mg, weights: 40 to <150 kg}                           -        -      needs weight
    {amount: 500 mg, weights: 40 to <150 kg}                           150      -      out of range
    {bands: {40 to <60 kg: 2400 mg, 60 to <100 kg: 2700 mg}}           39.999   -      out of range
    {bands: {40 to <60 kg: 2400 mg, 60 to <100 kg: 2700 mg}}           40       -      2400 mg
    {bands: {40 to <60 kg: 2400 mg, 60 to <100 kg: 2700 mg}}           59.999   -      2400 mg
    {bands: {40 to <60 kg: 2400 mg, 60 to <100 kg: 2700 mg}}           60       -      2700 mg
    {bands: {40 to <60 kg: 2400 mg, 60 to <100 kg: 2700 mg}}           99.999   -      2700 mg
    {bands: {40 to <60 kg: 2400 mg, 60 to <100 kg: 2700 mg}}           100      -      out of range
    {bands: {40 to <60 kg: 2400 mg, 60 to <100 kg: 2700 mg}}           -        -      needs weight
    {bands: {<60 kg: 10 mg/kg, 60 kg or more: 600 mg}}                 59.999   -      599.99 mg
    {bands: {<60 kg: 10 mg/kg, 60 kg or more: 600 mg}}                 60       -      600 mg
    {bands: {up to 60 kg: 300 mg, more than 60 kg: not stated}}        60       -      300 mg
    {bands: {up to 60 kg: 300 mg, more than 60 kg: not stated}}        60.001   -      not stated
    {bands: {<60 kg: 375 mg/m2, 60 kg or more: 600 mg}}                59       -      needs height
    {bands: {<60 kg: 10 mg/kg, 60 kg or more: 12 mg/kg}, at most: 700 mg, round: up to 50 mg}  59  -  600 mg
    {bands: {<60 kg: 10 mg/kg, 60 kg or more: 12 mg/kg}, at most: 700 mg, round: up to 50 mg}  59.5  -  600 mg
    {bands: {<60 kg: 10 mg/kg, 60 kg or more: 12 mg/kg}, at most: 700 mg, round: up to 50 mg}  60  -  700 mg capped
"""


@pytest.mark.parametrize("row", columns(AMOUNTS), ids=lambda r: f"{r['rule']} {r['kg']} kg")
def test_amounts(row: dict[str, str]) -> None:
    kg, cm = (None if row[key] == "-" else float(row[key]) for key in ("kg", "cm"))
    words = row["dose"].split(" ")
    wanted = f"{float(words[0]):.10g} {' '.join(words[1:])}" if words[0][0].isdigit() else row["dose"]
    assert shown(one(row["rule"], kg, cm)) == wanted


# Formula, kg, cm, m2 as published: the first two rows of each are worked in the tests of admiral's `compute_bsa`, the third in those of
# clinPK's `calc_bsa`.
SURFACES = """
    formula    kg  cm   m2
    Mosteller  75  170  1.882
    Mosteller  90  185  2.151
    Mosteller  80  180  2.000
    Du Bois    75  170  1.864
    Du Bois    90  185  2.141
    Du Bois    80  180  1.996
    Haycock    75  170  1.895
    Haycock    90  185  2.161
    Haycock    80  180  2.007
    Boyd       75  170  1.905
    Boyd       90  185  2.158
    Boyd       80  180  2.007
"""


@pytest.mark.parametrize("row", columns(SURFACES), ids=lambda r: f"{r['formula']} {r['kg']} kg")
def test_published_surfaces(row: dict[str, str]) -> None:
    by = Surface(cast(Formula, row["formula"]))
    assert f"{float(surface_m2(float(row['kg']), float(row['cm']), by)):.3f}" == row["m2"]
    rounded = surface_m2(float(row["kg"]), float(row["cm"]), by._replace(step=100))
    assert abs(rounded - Fraction(row["m2"])) <= Fraction("0.0055")  # of 1.8949 it is 1.89, though 1.895 is published


def test_half_a_step_goes_up_and_it_is_rounded_once() -> None:
    """The root of 64980 x 1805 is 10830: 64.98 kg and 180.5 cm have 1.805 m2 exactly."""
    hundredths = Surface("Mosteller", 100)
    assert surface_m2(64.98, 180.5, Surface("Mosteller")) == Fraction("1.805")
    assert surface_m2(64.98, 180.5, hundredths) == Fraction("1.81")
    assert surface_m2(64.979, 180.5, Surface("Mosteller")) == Fraction("1.805")  # 1.80499 m2
    assert surface_m2(64.979, 180.5, hundredths) == Fraction("1.8")


def test_an_adjusted_weight_is_reckoned_of_the_exact_ideal_one_and_rounded_once() -> None:
    """A woman of 152.5 cm and 80 kg: 0.6 x 45590.551 g + 0.4 x 80000 g = 59354.331 g; of the ideal weight in whole grams it would be
    59355 g."""
    ideal = 45_500 + 2_300 * (Fraction("152.5") / Fraction("2.54") - 60)
    assert round(ideal + Fraction(2, 5) * (80_000 - ideal)) == 59_354
    assert weight_by_kg("adjusted", 80, 152.5, "F") == 59.354
    assert weight_by_kg("ideal", 80, 152.5, "F") == 45.591


def test_reckoned_weights_are_those_of_fractions() -> None:
    mm = range(1524, 2721)
    for sex, least in (("F", 45_500), ("M", 50_000)):
        for grams in (3_000, 44_999, 80_001, 299_998):
            for height in mm:
                ideal = least + 2_300 * (Fraction(height) / Fraction("25.4") - 60)
                for by, exact in (("ideal", ideal), ("adjusted", ideal + Fraction(2, 5) * (grams - ideal))):
                    assert weight_by_kg(cast(ByWeight, by), grams / 1000, height / 10, cast(Sex, sex)) == round(exact) / 1000


@pytest.mark.parametrize(("number", "text"), [
    (1025.0, "1025"), (12.8125, "12.8125"), (0.1, "0.1"), (1e22, "10000000000000000000000"), (1e-7, "0.0000001"), (2.5e-7, "0.00000025"),
    (Fraction(3), "3"), (Fraction(1, 3), "0.3333333333333333"), (Fraction(1, 10_000_000), "0.0000001"), (0.0, "0"), (-1.5, "-1.5"),
])  # fmt: skip
def test_a_number_is_written_as_a_person_writes_it(number: float | Fraction, text: str) -> None:
    assert number_text(number) == text


@pytest.mark.parametrize(("amount", "unit", "text"), [
    (1, "tablets", "1 tablet"), (2, "tablets", "2 tablets"), (0.5, "tablets", "0.5 tablets"), (1, "mg", "1 mg"), (600, "mg", "600 mg"),
])  # fmt: skip
def test_one_of_a_unit_is_called_by_its_singular(amount: float, unit: str, text: str) -> None:
    assert amount_text(amount, unit) == text


@pytest.mark.parametrize(("rule", "hangs"), [
    ("500 mg", False), ("10 mg/kg", True), ("1 mg/m2", True), ("{bands: {<60 kg: 100 mg, 60 kg or more: 200 mg}}", True),
    ("{by: age, bands: {<12 years: 100 mg, 12 years or more: 200 mg}}", False),
    ("{by: age, bands: {<12 years: 1 mg/kg, 12 years or more: 200 mg}}", True),
])  # fmt: skip
def test_which_amounts_hang_on_the_weight(rule: str, hangs: bool) -> None:
    study, _ = read_study_text(HEAD + visits("at: D1, give: X r", products=product("doses:", f"  r: {rule}")))
    [dose] = study.periods[0].visit_rules[0].gives[0].doses
    assert dose is not None and dose.by_weight == hangs


def test_how_a_body_surface_is_reckoned_in_words() -> None:
    assert [Surface("Du Bois", step).text for step in (1, 100, 10_000)] == ["Du Bois", "Du Bois to 0.01 m2", "Du Bois to 1 m2"]
