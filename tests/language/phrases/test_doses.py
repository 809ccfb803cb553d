"""Numbers of doses: which are taken as they stand."""

from __future__ import annotations

import pytest

from tests.kit.somebody import dose, made


@pytest.mark.parametrize("number", ["0.125", "54.543", "1.25", "1000", "1.5", "0.250", "1234.500", "2.0"])
def test_a_decimal_is_what_it_is(number: str) -> None:
    found = made(f"products: {{X: {{}}}}\nperiods: {{main: {{visits: [{{at: D1, give: X {number} mg}}]}}}}\n")
    assert dose(found, "D1").amount == float(number)
