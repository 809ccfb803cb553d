"""The law of blinding: what is masked is the same, byte for byte, whatever the arm; and unblinding says that it unblinds."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from nmosd_dosing import Cohort, Event, Plan, RegimenError, Study, Subject, expand, plan
from nmosd_dosing.language import catalog
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.study.model import Period
from tests.judges import oracle
from tests.kit import studies
from tests.kit.blinded import SECRET, hiding, outputs, read, shown_alike

START = dt.date(2025, 1, 6)

blinded = studies.studies("period") | studies.studies("visits")
SHIPPED = [
    pytest.param(study, period, id=study.regimen_id(period)) for study in catalog.shipped() for period in study.periods if period.masks
]


def masked(study: Study, period: Period, arm: str | None, start: dt.date = START, until: dt.date | None = None) -> Plan:
    return plan(study, Subject(start, "S-001", arm, 70.5), period=period.id, until=until)


def assert_alike(study: Study, period: Period, start: dt.date = START, until: dt.date | None = None) -> None:
    unknown = outputs(masked(study, period, None, start, until))
    for arm in period.arms:
        for mine, nobody_s in zip(outputs(masked(study, period, arm, start, until)), unknown, strict=True):
            assert mine == nobody_s, arm


def assert_hidden(made: Plan) -> None:
    hidden = set()
    for a in (a for visit in made.visits for a in visit.administrations):
        if a.amount_status == "masked":
            hidden.add(a.product)
            assert (a.amount, a.unit, a.dose_rule) == (None, None, None)
        if a.product in hidden:
            assert (a.cumulative, a.cumulative_per_kg) == (None, None)
    as_json, as_csv, as_table, as_calendar = outputs(made)
    assert json.loads(as_json)["unblinded"] is False
    assert json.loads(as_json)["arm"] is None
    assert {(row["unblinded"], row["arm"]) for row in csv.DictReader(io.StringIO(as_csv))} <= {("false", "")}
    assert "UNBLINDED" not in as_table
    assert "UNBLINDED" not in as_calendar
    assert "arm " not in "".join(line for line in as_table.splitlines() if line.startswith("regimen "))


# --- masked -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("study", "period"), SHIPPED)
def test_every_arm_of_a_shipped_study_looks_the_same(study: Study, period: Period) -> None:
    for start in studies.ODD_DAYS:
        assert_alike(study, period, start)
    assert_alike(study, period, START, dt.date(2025, 2, 1))
    for arm in (None, *period.arms):
        made = masked(study, period, arm)
        assert any(a.amount_status == "masked" for v in made.visits for a in v.administrations)
        assert_hidden(made)


def test_a_shipped_study_of_one_blinded_period_shows_no_amount() -> None:
    for regimen, amount in (("mil62-rcp", "1000"), ("bat4406f-rcp", "500")):
        study, (period,) = catalog.find_plan(regimen, None)
        made = replace(masked(study, period, "placebo"), study_sha256="")  # which may hold any digits
        assert not any(re.search(rf"\b{amount}\b", re.sub(r"\r\n(UID|X-DOSING-\w+):.*", "", text)) for text in outputs(made))


@studies.examples(50)
@given(blinded, studies.starts, st.none() | st.integers(0, 900))
def test_every_arm_of_a_random_study_looks_the_same_and_shows_no_masked_dose(drawn: oracle.Study, start: dt.date, days: int | None) -> None:
    study = hiding(drawn)
    until = None if days is None or start.year > 9000 else start + dt.timedelta(days)
    for period in study.periods:
        if period.masks:
            assert_alike(study, period, start, until)
            made = masked(study, period, period.arms[-1], start, until)
            assert_hidden(made)
            assert shown_alike(study) or all(SECRET not in text for text in outputs(made))


@studies.examples(30)
@given(blinded, studies.weights)
def test_arrays_tell_no_arm(drawn: oracle.Study, grams: int | None) -> None:
    study = hiding(drawn)
    for period in study.periods:
        if period.masks:
            arms = [-1, *range(len(period.arms))]
            weight = None if grams is None else grams / 1000
            made = expand(study, Cohort.of([START.isoformat()] * len(arms), weight, arms), period=period.id)
            numbers = (made.target, made.amount, made.cumulative, *made.status, made.first_dose, made.last_dose, made.beyond)
            for array in numbers:
                assert (array.astype(str) == array.astype(str)[..., :1]).all()
            told = any(dose is not None and dose.rule and SECRET in dose.rule for row in made.rows for dose in row.give.doses)
            assert shown_alike(study) or not told


HEAD = """\
language: 1
study: s
title: t
source: not stated
days: from 1
products: {X: {}, Y: {}}
arms: [a, b]
periods:
  p:
    visits:
"""
MASKED = "{at: D1, give: {a: X 500 mg, b: X placebo}, blinded: true}"
LEAKS = {
    "an examination in one arm only": (MASKED, "{at: D8, arms: [a], assess: MRI}"),
    "an examination in one arm only, on the day of a dose": (MASKED, "{at: D1, arms: [a], assess: MRI}"),
    "a visit of one arm only": (MASKED, "{at: D8, arms: [a], name: Extra}"),
    "a visit of one arm only, on a day that is not stated": (MASKED, "{at: not stated, arms: [a], name: Extra}"),
    "an open dose in one arm only": (MASKED, "{at: D8, give: {a: Y 5 mg, b: nothing}}"),
    "a dose after an event in one arm only": (MASKED, "{at: D8, give: X 5 mg, once: {escalated: {a: X 6 mg}}}"),
    "an infusion time": ("{at: D1, give: {a: X 500 mg over 60 min, b: X placebo}, blinded: true}",),
    "a product": ("{at: D1, give: {a: X 500 mg, b: Y placebo}, blinded: true}",),
    "a day": ("{at: D1, arms: [a], give: X 500 mg, blinded: true}", "{at: D2, arms: [b], give: X placebo, blinded: true}"),
    "half of a visit that is not blinded": (
        "{at: D1, arms: [a], give: X 500 mg, blinded: true}",
        "{at: D1, arms: [b], give: X placebo}",
    ),
}


@pytest.mark.parametrize("visits", LEAKS.values(), ids=LEAKS)
def test_what_would_tell_the_arm_is_refused_or_the_same(visits: tuple[str, ...]) -> None:
    try:
        study, _ = read_study_text(HEAD + "".join(f"      - {visit}\n" for visit in visits))
    except RegimenError:
        return
    assert_alike(study, study.periods[0])


def test_the_dose_after_an_event_is_masked_like_the_dose_before_it() -> None:
    once = f"once: {{escalated: {{a: X {SECRET} mg}}}}"
    study, _ = read_study_text(f"{HEAD}      - {{at: D1, give: {{a: X 500 mg, b: X placebo}}, blinded: true, {once}}}\n")
    assert_alike(study, study.periods[0])
    for arm in ("a", "b", None):
        assert not any(SECRET in text for text in outputs(masked(study, study.periods[0], arm)))
    unblinded = plan(study, Subject(START, arm="a"), unblind=True)
    assert any(SECRET in text for text in outputs(unblinded))


def test_an_event_that_changes_a_dose_of_all_arms_tells_no_arm() -> None:
    """Not even that one is known."""
    once = "{at: D8, give: Y 5 mg, once: {escalated: Y 9 mg}}"
    study, _ = read_study_text(f"{HEAD}      - {MASKED}\n      - {once}\n".replace("  p:\n", "  p:\n    blinded: true\n"))
    escalated = (Event("escalated", START + dt.timedelta(3)),)
    unknown, *known = (outputs(plan(study, Subject(START, arm=arm, events=escalated))) for arm in (None, "a", "b"))
    assert "so Y 9 mg" in unknown[0]
    assert known == [unknown, unknown]


# --- unblinded ----------------------------------------------------------------------------------------------------------


def assert_says_so(made: Plan) -> None:
    as_json, as_csv, as_table, as_calendar = outputs(made)
    assert as_json.startswith('{\n  "unblinded": true,')
    heading, *rows = csv.reader(io.StringIO(as_csv))
    assert heading[0] == "unblinded"
    assert {row[0] for row in rows} <= {"true"}
    assert as_table.splitlines()[0].startswith("UNBLINDED")
    assert not as_calendar or "\r\nNAME:UNBLINDED: arm " in as_calendar
    assert made.notes[0].code == "unblinded"
    assert not any(a.amount_status == "masked" for visit in made.visits for a in visit.administrations)


@pytest.mark.parametrize(("study", "period"), SHIPPED)
def test_unblinding_a_shipped_study_shows_doses_and_says_so(study: Study, period: Period) -> None:
    shown = set()
    for arm in period.arms:
        made = plan(study, Subject(START, arm=arm, weight_kg=70.5), period=period.id, unblind=True)
        assert_says_so(made)
        assert made.arm == arm
        doses = [a for visit in made.visits for a in visit.administrations]
        assert all(a.amount is not None and a.cumulative is not None for a in doses)
        shown.add(tuple(a.amount for a in doses))
    assert len(shown) == len(period.arms)


@studies.examples(60)
@given(blinded)
def test_unblinding_a_random_study_shows_doses_and_says_so(drawn: oracle.Study) -> None:
    study = read(drawn)
    for period in study.periods:
        for arm in period.arms if period.masks else ():
            made = plan(study, Subject(START, arm=arm, weight_kg=70.5), period=period.id, unblind=True)
            assert_says_so(made)
            assert all((a.amount is None) == (a.amount_status == "not stated") for visit in made.visits for a in visit.administrations)
