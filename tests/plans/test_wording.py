"""Fixed words of doses: a volume is what can be drawn up."""

from __future__ import annotations

import pytest

from nmosd_dosing.plans.wording import volume_text


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
