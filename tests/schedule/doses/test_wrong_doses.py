"""What is said of a dose that is not the planned one: its product, its amount, its days, and what explains it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.kit.dates import day
from tests.kit.somebody import made, notes, recorded

STUDY = """events: {down: worse, hold: wait, go: go on, skip: not today}
products:
  X:
    doses:
      kg: {amount: 1 mg/kg}
      l: {levels: {full: 100 mg, half: 50 mg}, start level: full, down: down, omit: skip}
      c: {amount: 5 mg, hold: {from: hold, until: go}}
  Y: {}
periods:
  p:
    visits:
      - {at: D1, give: X 10 mg}
      - {at: D8, give: X kg}
      - {at: D15 to D19, give: X 5 mg daily}
      - {at: D22, give: [X 5 mg, Y 6 mg]}
      - {at: D29, give: X l}
      - {at: D36, give: X 5 to 10 mg}
      - {at: D43 to D47, give: X c daily}
      - {at: D50, assess: MRI}
"""


def wrong(records: str, **events: str) -> list[str]:
    """Of somebody of 60 kg. A record of `D15to19 01-20..01-24` has a last day."""
    first, _, last = records.partition("..")
    end, *more = last.split() or [""]
    found = tuple(
        replace(record, visit=record.visit.replace("to", " to D"), last=day(f"2025-{end}") if end else None)
        for record in recorded(" ".join([first, *more]))
    )
    happened = tuple((name, f"2025-{date}") for name, date in events.items())
    return [
        note.replace(" is recorded, planned is ", " for ")
        for note in notes(made(STUDY, *found, weight_kg=60, events=happened), "wrong-dose")
    ]


@pytest.mark.parametrize(
    ("record", "events", "told"),
    [
        ("D1 01-06 10 mg", {}, None),
        ("D1 01-06 11 mg", {}, "X 11 mg for 10 mg"),
        ("D1 01-06 9 mg", {}, "X 9 mg for 10 mg"),
        ("D1 01-06 9 mg partial", {}, None),
        ("D1 01-06 11 mg partial", {}, "X 11 mg for 10 mg"),
        ("D1 01-06 X", {}, None),
        ("D1 01-06 Y", {}, "Y for X"),
        ("D1 01-06 Z", {}, "Z for X"),
        ("D8 01-13 60 mg", {}, None),
        ("D8 01-13 66 mg", {}, "X 66 mg for 60 mg"),
        ("D8 01-13 66 mg 60 kg", {}, "X 66 mg for 60 mg"),
        ("D8 01-13 66 mg 66 kg", {}, "X 66 mg for 60 mg (the weight recorded, 66 kg, is not the one that is planned with)"),
        ("D8 01-13 60 mg 66 kg", {}, None),
        ("D1 01-06 11 mg 66 kg", {}, "X 11 mg for 10 mg"),  # it is by no weight
        ("D22 01-27 X 6 mg", {}, "X 6 mg for 5 mg"),
        ("D22 01-27 Y 6 mg", {}, None),
        ("D22 01-27 6 mg", {}, None),  # nobody knows of which
        ("D22 01-27 Z", {}, "Z for X and Y"),
        ("D36 02-10 4 mg", {}, "X 4 mg for 5 to 10 mg"),
        ("D36 02-10 5 mg", {}, None),
        ("D36 02-10 10 mg", {}, None),
        ("D36 02-10 11 mg", {}, "X 11 mg for 5 to 10 mg"),
        ("D36 02-10 4 mg partial", {}, None),
        ("D50 02-24 X", {}, "X for no product"),
        ("D50 02-24 X 5 mg", {}, "X for no product"),
        ("D50 02-24 5 mg", {}, "5 mg for no product"),
        ("D50 02-24 0.001 mg partial", {}, "0.001 mg for no product"),
        ("D50 02-24 0 mg", {}, None),
        ("D29 02-03 60 mg", {}, "X 60 mg for 100 mg at level full"),
        ("D29 02-03 50 mg", {}, "X 50 mg for 100 mg at level full; as much is level `half`"),
        ("D29 02-03 50 mg", {"down": "02-03"}, None),
        ("D29 02-03 100 mg", {"down": "02-03"}, "X 100 mg for 50 mg at level half; as much is level `full`"),
        ("D29 02-03 50 mg", {"down": "02-04"}, "X 50 mg for 100 mg at level full; as much is level `half`"),
        ("D29 02-03 100 mg", {"skip": "02-03"}, "X 100 mg for 0 mg, it is omitted"),
        ("D29 02-03 0 mg", {"skip": "02-03"}, None),
    ],
)
def test_what_is_wrong_with_an_amount(record: str, events: dict[str, str], told: str | None) -> None:
    assert wrong(record, **events) == ([told] if told is not None else [])


THREE_LEFT: dict[str, Any] = {"hold": "02-17", "go": "02-19"}  # of D43 to D47, from 2025-02-17 on
BUT_ONE: dict[str, Any] = {"hold": "02-19", "go": "02-20"}


@pytest.mark.parametrize(
    ("record", "events", "told"),
    [
        ("D15to19 01-20..01-24", {}, None),
        ("D15to19 01-20..01-23", {}, "given on 4 days, planned are 5"),
        ("D15to19 01-20..01-20", {}, "given on 1 day, planned are 5"),
        ("D15to19 01-20..01-25", {}, "given on 6 days, planned are 5"),
        ("D15to19 01-20..01-23 partial", {}, None),
        ("D15to19 01-20..01-25 partial", {}, "given on 6 days, planned are 5"),
        ("D15to19 01-20..01-24 25 mg", {}, None),
        ("D15to19 01-20..01-24 20 mg", {}, "X 20 mg for 25 mg"),
        ("D15to19 01-20..01-23 20 mg", {}, "X 20 mg for 25 mg; given on 4 days, planned are 5"),
        ("D43to47 02-17..02-20", BUT_ONE, None),  # four are left, the one between may be counted or not
        ("D43to47 02-17..02-21", BUT_ONE, None),
        ("D43to47 02-17..02-19", BUT_ONE, "given on 3 days, planned are 4"),
        ("D43to47 02-17..02-22", BUT_ONE, "given on 6 days, planned are 4"),
        ("D43to47 02-19..02-21", THREE_LEFT, None),
        ("D43to47 02-17..02-21", THREE_LEFT, None),  # with the days that were held before
        ("D43to47 02-19..02-20", THREE_LEFT, "given on 2 days, planned are 3"),
        ("D43to47 02-17..02-20", THREE_LEFT, "given on 4 days, planned are 3"),
        ("D43to47 02-17..02-22", THREE_LEFT, "given on 6 days, planned are 3"),
    ],
)
def test_what_is_wrong_with_the_days_of_a_course(record: str, events: dict[str, str], told: str | None) -> None:
    assert wrong(record, **events) == ([told] if told is not None else [])


ARMS = """products: {X: {}, Y: {}}
periods:
  p:
    blinded: false
    arms: [a, b, c]
    visits: [{at: D1, give: {a: [X 5 mg, Y 6 mg], b: X placebo, c: nothing}, assess: MRI}]
"""


@pytest.mark.parametrize(("arm", "told"), [
    ("a", []),  # 5 mg of X, or of Y: nobody knows
    ("b", []),  # X is given, 0 mg of it
    ("c", ["5 mg is recorded, planned is no product"]),
    (None, []),
])  # fmt: skip
def test_an_amount_without_a_product_is_wrong_where_an_arm_gets_none_of_them(arm: str | None, told: list[str]) -> None:
    assert notes(made(ARMS, *recorded("D1 01-06 5 mg"), arm=arm), "wrong-dose") == told
