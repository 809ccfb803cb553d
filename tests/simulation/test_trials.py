"""One core and two, a longer run and a shorter one, give the same counts; and nobody loses a dose to the next period."""

from __future__ import annotations

import numpy as np
import pytest

from nmosd_dosing.errors import InputError
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.simulation.draws import Draws
from nmosd_dosing.simulation.simulated_subjects import subjects
from nmosd_dosing.simulation.trials import Options, outcome, prepare, run
from nmosd_dosing.study.period_order import way
from nmosd_dosing.subjects.disposition import resolve
from tests.kit.simulated import assume, trial_of


def test_one_core_and_two_give_the_same_counts() -> None:
    trial = trial_of(assume(subjects=30))
    one, two = (run([trial], 3000, 4, Options(by_month_and_site=True), cores)[0] for cores in (1, 2))
    assert one.numbers.keys() == two.numbers.keys()
    for name, tally in one.numbers.items():
        other = two.numbers[name]
        assert (tally.first, tally.missing, tally.counts.tolist()) == (other.first, other.missing, other.counts.tolist())
    for name, grid in one.by_month.items():
        assert (grid.counts == two.by_month[name].counts).all()
    assert all((months == two.states[name]).all() for name, months in one.states.items())


def test_a_run_that_ends_within_a_block_is_the_beginning_of_a_longer_one() -> None:
    trial = trial_of(assume(subjects=20))
    numbers = outcome(trial, Draws(1, 0, 128), Options()).numbers
    cut = outcome(trial, Draws(1, 0, 128, 5), Options()).numbers
    assert all((cut[name] == all_[:5]).all() for name, all_ in numbers.items())


ENDS_ON_A_DOSE = """language: 1
study: s
title: s
source: made up
days: from 0
products: {X: {}}
arms: [bat4406f, placebo]
periods:
  a: {length: 48 weeks, visits: [{at: "D0, then every 12 weeks until week 48", give: X 500 mg}]}
  b: {length: 24 weeks, visits: [{at: "week 12, week 24", assess: EDSS}]}
transitions:
  - {id: c, from: a, to: b, after: end of a, within: WITHIN}
"""


@pytest.mark.parametrize(
    ("within", "scatter"), [("2 weeks", (0, 0)), ("2 weeks", (-3, 3)), ("2 weeks", (5, 5)), ("1 days", (0, 0)), ("0 days", (0, 0))]
)
def test_nobody_enters_the_next_period_before_the_last_dose(within: str, scatter: tuple[int, int]) -> None:
    study = read_study_text(ENDS_ON_A_DOSE.replace("WITHIN", within))[0]
    never = ((0.0, 0.0),)
    assumed = assume(study="s", subjects=20, scatter=scatter, relapse=(never, never), dropout=never, declines=0.0)
    trial = prepare(study, way(study), assumed)
    cohort = subjects(trial.beginning, Draws(1, 0, 64))
    schedule = expand(study, cohort)
    assert (np.sum([schedule.in_plan(k) for k in range(len(schedule.rows))], axis=0) == 5).all()
    begins = schedule.disposition.moves[0].begins
    assert (begins == resolve(study, trial.periods, cohort, trial.before).moves[0].begins).all()  # without doses the same
    assert ((begins >= schedule.target[4] + (within != "0 days")) & (begins <= schedule.disposition.moves[0].latest)).all()


BY_AGE = ENDS_ON_A_DOSE.replace("X 500 mg", "X r").replace(
    "{X: {}}", '{X: {doses: {r: {by: age, bands: {<12: 5 mg, "12 or more": 10 mg}}}}}'
)


BY_VALUE = BY_AGE.replace("by: age", "by: eGFR").replace("products:", "values: {eGFR: mL/min}\nproducts:")


@pytest.mark.parametrize(
    ("text", "message"), [(BY_AGE, "X is dosed by age, and no ages are drawn"), (BY_VALUE, "X is dosed by eGFR, and no eGFR is drawn")]
)
def test_what_is_drawn_of_nobody_is_no_dose(text: str, message: str) -> None:
    study = read_study_text(text.replace("WITHIN", "2 weeks"))[0]
    with pytest.raises(InputError, match=message):
        prepare(study, way(study), assume(study="s", subjects=20))
