"""Ranges, tapers, doses as needed and by reckoned weights tell no arm in a blinded part: what is masked is byte for byte the same."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing import Event, Measurement, RegimenError, Subject, plan
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.subjects.subject import Record
from tests.kit.blinded import SECRET, outputs
from tests.kit.dates import START
from tests.kit.studies import examples

FILE = """\
language: 1
study: s
title: t
source: not stated
days: from 1
values: {{eGFR: mL/min}}
products:
  X: {{route: IV infusion, vials: [100 mg], doses: {{i: {{amount: {low} to {high} mg/kg, weight: {by} (Devine), at most: {secret} mg}}}}}}
  Y: {{route: oral}}
  Z: {{route: inhaled}}
  V: {{route: oral, vials: [5 mg], doses: {{e: {{by: eGFR, bands: {{<30: 5 mg, 30 or more: {secret} mg}}}}}}}}
  W: {{route: oral, vials: [5 mg], doses: {{a: {{by: age, bands: {{<6: 5 mg, 6 or more: {secret} mg}}}}}}}}
arms: [active, placebo]
periods:
  rcp:
    blinded: true
    visits:
      - {{at: "D1, D29", give: {{active: X i, placebo: X placebo}}}}
      - {{at: D29, give: {{active: "Z {secret} puffs as needed", placebo: Z placebo as needed}}}}
      - {{at: D36, give: {{active: W a, placebo: W placebo}}}}
      - {{at: "D39, D50", give: {{active: V e, placebo: V placebo}}}}
      - {{at: D43, give: {{active: Z 2 puffs as needed, placebo: Z placebo as needed}}}}
      - at: relapse + 3 days
        give: {{active: "Y {top} mg daily, reduced by 7 mg every {days} days until 14 mg", placebo: Y placebo daily}}
"""

records = st.lists(
    st.tuples(
        st.sampled_from(["D1", "D29", "D43"]), st.integers(0, 50), st.sampled_from(["X", "Z", None]), st.sampled_from([None, 0, 3, 70])
    ),
    max_size=3,
    unique_by=lambda r: r[0],
)


def study_text(low: int, high: int, by: str, steps: int, days: int) -> str:
    return FILE.format(low=low, high=high, by=by, secret=SECRET, top=14 + 7 * steps, days=days)


@examples(40)
@given(
    st.integers(1, 5), st.integers(6, 40), st.sampled_from(["ideal", "adjusted"]), st.integers(1, 4), st.integers(1, 9),
    st.sampled_from([None, 70.0, 110.0]), st.sampled_from([None, 150.0, 177.8]), st.sampled_from(["M", "F", None]), records,
    st.sampled_from([None, 5, 6]),
    st.lists(st.tuples(st.integers(-9, 60), st.sampled_from([29.9, 30])), max_size=2, unique_by=lambda m: m[0]),
)  # fmt: skip
def test_every_arm_is_shown_alike(
    low: int,
    high: int,
    by: str,
    steps: int,
    days: int,
    kg: float | None,
    cm: float | None,
    sex: object,
    given_: list[tuple[object, ...]],
    years: int | None,
    measured: list[tuple[int, float]],
) -> None:
    study, _ = read_study_text(study_text(low, high, by, steps, days))
    told = tuple(
        Record(
            str(visit), START + dt.timedelta(int(str(after))), product=product,  # type: ignore[arg-type]
            amount=None if amount is None else Decimal(str(amount)), unit=None if amount is None else "puffs" if product == "Z" else "mg",
        )
        for visit, after, product, amount in given_
    )  # fmt: skip
    values = tuple(Measurement("eGFR", START + dt.timedelta(after), value) for after, value in measured)
    seen = set()
    for arm in (None, "active", "placebo"):
        who = Subject(
            START, "S-1", arm, kg, (Event("relapse", START + dt.timedelta(9)),), records=told, height_cm=cm, sex=sex, age=years,  # type: ignore[arg-type]
            measurements=values,
        )  # fmt: skip
        made = plan(study, who, allow_deviation=True, as_of=dt.date(2025, 6, 1))
        seen.add(outputs(made))
    assert len(seen) == 1
    assert all(SECRET not in text for text in next(iter(seen)))


@pytest.mark.parametrize(
    "give",
    [
        "{active: X 2 mg as needed, placebo: X placebo}",
        "{active: 'X 2 mg as needed, at most 4 times daily', placebo: X placebo as needed}",
        "{active: X 2 mg as needed, placebo: nothing}",
    ],
)
def test_what_is_given_otherwise_in_one_arm_is_refused(give: str) -> None:
    text = study_text(1, 6, "ideal", 1, 7) + f"      - {{at: D71, give: {give}}}\n"
    with pytest.raises(RegimenError, match="in a blinded part"):
        read_study_text(text)
