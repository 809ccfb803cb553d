"""The periods of a plan, from when to when each lasts and when it was left before its end; and what the doses of a visit come to."""

from __future__ import annotations

import pytest

from nmosd_dosing import Entered
from tests.kit.cases import columns
from tests.kit.dates import day
from tests.kit.somebody import done, made

STUDY = """products: {X: {}}
periods:
  a: {length: 57 days, visits: [{at: "D1, D29", give: X 1 mg}]}
  b: {length: 57 days, visits: [{at: D1, give: X 1 mg}]}
transitions:
  - {id: early, from: a, to: b, after: relapse, within: 28 days}
  - {id: ended, from: a, to: b, after: end of a, within: 14 days}
"""
PERIODS = """
    happened                 entered  periods
    -                        -        a 01-06 to 03-04 planned, b 03-04 to 04-30 projected
    a_completed 02-20        -        a 01-06 to 02-20 planned, b 02-20 to 04-18 projected
    treatment_stopped 02-05  -        a 01-06 to 03-04 planned
    withdrawn 01-06          -        a 01-06 to 03-04 planned left 01-06
    withdrawn 03-03          -        a 01-06 to 03-04 planned left 03-03
    withdrawn 03-04          -        a 01-06 to 03-04 planned
    withdrawn 03-06          -        a 01-06 to 03-04 planned
    withdrawn 03-06          03-04    a 01-06 to 03-04 planned, b 03-04 to 04-30 entered left 03-06
    relapse 02-01            -        a 01-06 to 03-04 planned left 02-01, b 02-01 to 03-30 projected
    relapse 02-01            02-05    a 01-06 to 03-04 planned left 02-05, b 02-05 to 04-03 entered
"""


@pytest.mark.parametrize("row", columns(PERIODS), ids=lambda row: f"{row['happened']}, {row['entered']}")
def test_a_period_and_when_it_was_left(row: dict[str, str]) -> None:
    name, _, date = row["happened"].partition(" ")
    into = (Entered("b", day(f"2025-{row['entered']}")),) if row["entered"] != "-" else ()
    found = made(STUDY, events=((name, f"2025-{date}"),) if date else (), entered=into).periods
    left = [f" left {period.left:%m-%d}" if period.left is not None else "" for period in found]
    told = [
        f"{period.period} {period.start:%m-%d} to {period.end:%m-%d} {period.status}{end}" for period, end in zip(found, left, strict=True)
    ]
    assert ", ".join(told) == row["periods"]


TIMES = """products: {X: {}}
periods:
  a:
    visits:
      - {at: D1, give: X 500 mg}
      - {at: D2, give: X 500 mg twice daily}
      - {at: D3 to D5, give: X 1 mg daily}
      - {at: D8 to D10, give: X 1 mg twice daily}
"""


def test_how_often_a_dose_is_given_and_what_it_comes_to() -> None:
    """Amount, times, total, total of a day where there are several, planned total."""
    found = made(TIMES)
    assert [(a.amount, a.times, a.total, a.per_day, a.planned) for v in found.visits for a in v.administrations] == [
        (500, 1, 500, None, 500), (500, 2, 1000, 1000, 500), (1, 3, 3, None, 1), (1, 6, 6, 2, 1),
    ]  # fmt: skip
    recorded = made(TIMES, done("D2", "2025-01-07", "300", "mg"), done("D8 to D10", "2025-01-13", "5", "mg"))
    assert [(a.amount, a.times, a.total, a.per_day, a.planned) for v in recorded.visits for a in v.administrations] == [
        (500, 1, 500, None, 500), (300, 1, 300, None, 1000), (1, 3, 3, None, 1), (5, 1, 5, None, 6),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("at", "until", "drawn"),
    [
        ("D1", None, None),
        ("D1", "2025-06-30", "2025-06-30"),
        ("D1, then every 8 weeks", "2025-06-30", "2025-06-30"),
        ("D1, then every 8 weeks", "2029-06-30", "2029-06-30"),
        ("D1, then every 8 weeks", None, "2027-01-06"),  # 24 months
    ],
)
def test_up_to_which_day_a_plan_is_drawn(at: str, until: str | None, drawn: str | None) -> None:
    text = f'products: {{X: {{}}}}\nperiods: {{a: {{visits: [{{at: "{at}", give: X 1 mg}}]}}}}\n'
    assert made(text, until=day(until) if until else None).drawn_until == (day(drawn) if drawn else None)
