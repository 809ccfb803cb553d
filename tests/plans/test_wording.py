"""Fixed words of doses: a volume is what can be drawn up, and how often stands clear of the amounts."""

from __future__ import annotations

import pytest

from nmosd_dosing.plans.wording import dose_text, volume_text
from tests.kit.somebody import dose, made


@pytest.mark.parametrize(
    ("ml", "written"),
    [
        (7.5, "7.5"),
        (5.625, "5.63"),
        (9.375, "9.38"),
        (0.775, "0.78"),
        (10.1625, "10.16"),
        (15.0, "15"),
        (0.0995, "0.1"),
        (0.004567, "0.0046"),
        (0.0, "0"),
    ],
)
def test_a_volume_is_written_as_it_can_be_drawn_up(ml: float, written: str) -> None:
    assert volume_text(ml) == written


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("8 mg/kg", "C 480 mg (8 mg/kg twice daily), 960 mg a day"),
        ("{amount: 8 mg/kg, round: down to 50 mg}", "C 450 mg (8 mg/kg, rounded down to 50 mg, twice daily), 900 mg a day"),
        ("{amount: 8 mg/kg, at most: 400 mg}", "C 400 mg (8 mg/kg, at most 400 mg, twice daily), 800 mg a day"),
    ],
)
def test_how_often_is_not_said_of_a_cap_or_a_step(rule: str, words: str) -> None:
    visits = "periods: {main: {visits: [{at: D1 to D21, give: C std twice daily}]}}\n"
    found = made(f"products: {{C: {{doses: {{std: {rule}}}}}}}\n{visits}", weight_kg=60)
    assert dose_text(dose(found, "D1 to D21")).startswith(words)
