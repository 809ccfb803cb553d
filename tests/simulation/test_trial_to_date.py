"""Where a trial stands: what has happened is fixed and the same in every trial, what has not is drawn as it would have been."""

from __future__ import annotations

import datetime as dt
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from nmosd_dosing.days import Offset
from nmosd_dosing.errors import InputError
from nmosd_dosing.simulation.draws import Draws
from nmosd_dosing.simulation.scenarios import simulate
from nmosd_dosing.simulation.trial_to_date import Real
from nmosd_dosing.simulation.trials import Options, outcome, prepare, run
from nmosd_dosing.study.period_order import way
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.subject import Entered, Event, Record, Subject
from tests.kit.simulated import ARMS, BAT4406F, MONTH, YEAR, Drawn, assume, assumptions, trial_of
from tests.kit.studies import examples

FAR = dt.date(2040, 1, 1)
SMALL = {
    "subjects": 40,
    "accrual": ((0.0, 4 / MONTH),),
    "relapse": (((0.0, 0.5 / YEAR),), ((0.0, 2.0 / YEAR),)),
    "dropout": ((0.0, 0.3 / YEAR),),
}


@examples(40)
@given(assumptions(), st.integers(0, 2**32))
def test_where_all_has_happened_nothing_is_drawn(changes: dict[str, Any], seed: int) -> None:
    """A trial that is over, told as history, comes out of every simulation as it was."""
    changes["follow"] = Offset(months=24)
    changes["accrual"] = ((0.0, 9 / MONTH),) if changes["accrual"][0][1] < 0.001 else changes["accrual"]
    assumed = assume(**changes, sites=None)
    trial = trial_of(assumed)
    drawn = Drawn.of(trial, Draws(seed, 0, 2))
    was = outcome(trial, Draws(seed, 0, 2), Options())
    for t in range(2):
        people = drawn.history(t, FAR)
        if not people:
            continue
        stop = drawn.stop(t)
        mended = replace(assumed, subjects=len(people))
        cohort = Cohort.of_subjects(people, ARMS, {"study_stop": stop} if stop is not None else {})
        again = prepare(BAT4406F, way(BAT4406F), mended, Real(cohort, FAR))
        found = outcome(again, Draws(seed + 1, 0, 3), Options()).numbers
        for name, numbers in was.numbers.items():
            if name == "by":
                continue  # a stop that is told is no rule's
            assert (found.get(name, np.zeros(3)) == numbers[t]).all(), (name, numbers[t], found.get(name))


@pytest.mark.parametrize("unblind", [True, False], ids=["by the real arms", "pooled"])
def test_the_future_is_drawn_as_it_would_have_been_from_the_beginning(unblind: bool) -> None:
    """Over trials told up to a day and drawn on from there, means are those of trials drawn from the beginning: what has not happened yet
    is drawn given that it has not. (The law of total expectation; also for arms that are drawn given what has happened.)"""
    assumed = assume(**SMALL, sites=None)
    study = BAT4406F
    trial = trial_of(assumed)
    whole = run([trial], 4000, 5, Options(), 1)[0].numbers
    drawn = Drawn.of(trial, Draws(77, 0, 120))
    as_of = dt.date(2024, 3, 15)
    names = ("relapses", "entries relapse", "entries completed", "refused", "declined", "left", "doses rcp", "doses olp", "last_dose")
    sums: dict[str, list[float]] = {name: [] for name in names}
    for t in range(120):
        people = drawn.history(t, as_of, with_arms=unblind)
        if not people:
            continue
        cohort = Cohort.of_subjects(people, ARMS)
        found = outcome(prepare(study, way(study), assumed, Real(cohort, as_of)), Draws(1000 + t, 0, 8), Options()).numbers
        for name in names:
            sums[name].append(float(found[name].mean()))
    for name in names:
        mean, error = np.mean(sums[name]), np.std(sums[name], ddof=1) / math.sqrt(len(sums[name]))
        off = (mean - whole[name].mean) / math.hypot(error, whole[name].error)
        assert abs(off) < 4.5, (name, mean, whole[name].mean, off)


def test_what_is_past_is_the_same_in_every_trial_and_what_is_not_recorded_counts_as_planned() -> None:
    people = [
        Subject(dt.date(2023, 8, 10), "a", site="X", records=(Record("D182", dt.date(2024, 2, 9)),)),
        Subject(dt.date(2023, 9, 1), "b", site="Y", records=(Record("D182", dt.date(2024, 2, 29), status="missed"),)),
        Subject(dt.date(2023, 9, 1), "c", site="Y"),
        Subject(dt.date(2023, 12, 1), "d", site="Y", events=(Event("withdrawn", dt.date(2024, 1, 1)),)),
    ]
    real = Real(Cohort.of_subjects(people, ARMS), dt.date(2024, 3, 10), tuple(s.site for s in people))
    found = simulate(BAT4406F, assume(subjects=4), 300, so_far=real)[0].summary
    past = {(row.month, row.period): row.number for row in found.by_month if row.month is not None and row.month <= "2024-02"}
    assert {key: (n.mean, n.sd) for key, n in past.items()} == {
        ("2023-08", "rcp"): (1, 0), ("2023-09", "rcp"): (2, 0), ("2023-12", "rcp"): (1, 0), ("2024-02", "rcp"): (2, 0),
    }  # fmt: skip
    assert [(row.site, row.number.mean) for row in found.by_site if row.period == "rcp"][:2] == [("X", 2), ("Y", 4)]
    assert found.counts["left"].mean >= 1
    assert not any(row.month is not None and row.month > "2024-02" and row.period == "rcp" for row in found.by_month)


def test_more_real_subjects_than_are_assumed_are_refused() -> None:
    people = [Subject(dt.date(2023, 8, 10), str(i)) for i in range(5)]
    with pytest.raises(InputError, match="5 subjects so far, and 4 are assumed in all"):
        simulate(BAT4406F, assume(subjects=4), 10, so_far=Real(Cohort.of_subjects(people, ARMS), dt.date(2024, 1, 1)))


def test_a_trial_without_anybody_so_far_is_told() -> None:
    with pytest.raises(InputError, match="nobody so far"):
        simulate(BAT4406F, assume(), 10, so_far=Real(Cohort.of_subjects([], ARMS), dt.date(2024, 1, 1)))


def test_a_real_subject_who_comes_later_than_all_that_is_known_is_refused() -> None:
    people = [Subject(dt.date(2024, 8, 10), "a")]
    with pytest.raises(InputError, match="day 1 is after 2024-01-01"):
        simulate(BAT4406F, assume(), 10, so_far=Real(Cohort.of_subjects(people, ARMS), dt.date(2024, 1, 1)))


def test_while_blinded_the_arms_of_real_subjects_change_nothing() -> None:
    people = [
        Subject(dt.date(2023, 8, 10 + i), str(i), events=(Event("relapse", dt.date(2023, 12, 1)),) if i % 3 else ()) for i in range(9)
    ]
    results = []
    for arms in ((None,), ("bat4406f",), ("placebo", "bat4406f", "placebo")):
        told = [replace(s, arm=arms[i % len(arms)]) for i, s in enumerate(people)]
        real = Real(Cohort.of_subjects(told, ARMS), dt.date(2024, 1, 1))
        results.append(simulate(BAT4406F, assume(), 200, so_far=real))
    assert results[0] == results[1] == results[2]
    real = Real(Cohort.of_subjects([replace(s, arm="placebo") for s in people], ARMS), dt.date(2024, 1, 1))
    assert simulate(BAT4406F, assume(), 200, so_far=real, unblind=True)[0].summary.unblinded


def people(**changes: Any) -> list[Subject]:
    return [replace(Subject(dt.date(2023, 9, 1), f"{i:02}"), **changes) for i in range(6)]


@pytest.mark.parametrize("period", [None, "rcp", "olp"])
def test_no_period_by_itself_tells_an_arm(period: str | None) -> None:
    hazards = (((0.0, 0.0),), ((0.0, 3.0 / YEAR),))
    found = []
    for arm in ARMS:
        real = Real(Cohort.of_subjects(people(arm=arm), ARMS), dt.date(2023, 10, 1))
        found.append(simulate(BAT4406F, assume(subjects=6, relapse=hazards), 100, period=period, so_far=real)[0].summary)
    assert found[0] == found[1]
    assert not found[0].unblinded


RELAPSED = (Event("relapse", dt.date(2023, 10, 1)), Event("relapse_confirmed", dt.date(2023, 10, 9)))


@pytest.mark.parametrize(
    ("stop", "message"),
    [
        (dt.date(2023, 11, 1), "it is assumed that the committee stops the study on 2023-11-01, and up to 2024-01-01 it is known"),
        (Fraction(1, 10), "it is assumed that the committee stops the study at 4 relapses, and up to 2024-01-01 there are 6"),
    ],
    ids=["a date", "a share"],
)
def test_an_assumed_stop_does_not_change_the_past(stop: dt.date | Fraction, message: str) -> None:
    real = Real(Cohort.of_subjects(people(events=RELAPSED), ARMS), dt.date(2024, 1, 1))
    with pytest.raises(InputError, match=message):
        simulate(BAT4406F, assume(idmc_stop=stop), 10, so_far=real)
    told = Real(Cohort.of_subjects(people(events=RELAPSED), ARMS, {"idmc_stop": dt.date(2023, 12, 1)}), dt.date(2024, 1, 1))
    found = simulate(BAT4406F, assume(idmc_stop=stop), 10, so_far=told)[0].summary.stop
    assert found is not None and found.quantile(0.5) == dt.date(2023, 12, 1)


def test_what_is_known_ends_before_the_horizon() -> None:
    real = Real(Cohort.of_subjects(people(), ARMS), dt.date(2043, 8, 1))
    with pytest.raises(InputError, match="all is known up to 2043-08-01, and the horizon is 2043-08-01"):
        simulate(BAT4406F, assume(), 10, so_far=real)


def test_a_visit_recorded_before_day_1_is_refused() -> None:
    real = Real(Cohort.of_subjects(people(records=(Record("D182", dt.date(2022, 7, 5)),)), ARMS), dt.date(2024, 1, 1))
    with pytest.raises(InputError, match="before day 1"):
        simulate(BAT4406F, assume(), 10, so_far=real)


def test_what_of_the_real_subjects_is_odd_is_told() -> None:
    odd = people(entered=(Entered("olp", dt.date(2023, 10, 1)),), records=(Record("unscheduled", dt.date(2023, 9, 20)),))
    found = simulate(BAT4406F, assume(), 10, so_far=Real(Cohort.of_subjects(odd, ARMS), dt.date(2024, 1, 1)))[0].summary
    assert any("recorded entries that no rule allows stand as they are recorded (6)" in note for note in found.notes)
    assert any("not counted: 6 records of unscheduled visits" in note for note in found.notes)


def test_no_drawn_site_has_the_name_of_a_real_one() -> None:
    told = [replace(subject, site=site) for subject, site in zip(people(), ("site 3", "Hospital B") * 3, strict=True)]
    real = Real(Cohort.of_subjects(told, ARMS), dt.date(2024, 1, 1), tuple(s.site for s in told))
    found = simulate(BAT4406F, assume(sites=5), 20, so_far=real)[0].summary
    assert [row.site for row in found.by_site if row.period == "rcp"] == ["Hospital B", "site 3", "site 4", "site 5", "site 6"]
