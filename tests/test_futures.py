"""Simulated subjects: told as a history, they have the same plan; what has happened is fixed, and what has not is drawn as it would have
been from the beginning."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated import ARMS, BAT4406F, MONTH, YEAR, Drawn, assume, trial_of
from studies import examples

from nmosd_dosing.days import Offset
from nmosd_dosing.errors import InputError
from nmosd_dosing.language import catalog
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.simulation.assumptions.model import NEVER, BodyWeight
from nmosd_dosing.simulation.draws import Draws, trials_per_block
from nmosd_dosing.simulation.scenarios import simulate
from nmosd_dosing.simulation.simulated_subjects import _order, accumulated, reached, subjects
from nmosd_dosing.simulation.tallies import Grid, Tally
from nmosd_dosing.simulation.trial_to_date import Real
from nmosd_dosing.simulation.trials import Options, outcome, prepare, run
from nmosd_dosing.study.sequence import way
from nmosd_dosing.subjects.cohort import of_subjects
from nmosd_dosing.subjects.subject import Event, Record, Subject

FAR = dt.date(2040, 1, 1)
SMALL = {
    "subjects": 40,
    "accrual": ((0.0, 4 / MONTH),),
    "relapse": (((0.0, 0.5 / YEAR),), ((0.0, 2.0 / YEAR),)),
    "dropout": ((0.0, 0.3 / YEAR),),
}


def assumptions() -> st.SearchStrategy[dict[str, Any]]:
    """Assumptions of many kinds, often at their edges."""
    rate = st.sampled_from([0.0, 0.1 / YEAR, 1.0 / YEAR, 8.0 / YEAR, 500.0])
    steps = st.one_of(
        rate.map(lambda r: ((0.0, r),)),
        st.tuples(rate, rate, st.sampled_from([1.0, 100.0, 182.625])).map(lambda x: ((0.0, x[0]), (x[2], x[1]))),
    )
    share = st.sampled_from([0.0, 0.5, 0.9, 1.0])
    delay = st.sampled_from([(0, 0), (14, 14), (10, 21), (0, 40)])
    return st.fixed_dictionaries(
        {
            "subjects": st.sampled_from([1, 3, 40, 200]),
            "accrual": st.sampled_from(
                [((0.0, 9 / MONTH),), ((0.0, 1000.0),), ((0.0, 0.5), (40.0, 0.0), (90.0, 2.0)), ((0.0, 0.01 / YEAR),)]
            ),
            "relapse": st.one_of(st.just(()), st.tuples(steps, steps)),
            "confirmed": share, "adjudication": delay, "stable": share, "stability": delay, "dropout": steps,
            "scatter": st.sampled_from([(0, 0), (-3, 3), (0, 7), (-180, 180)]),
            "entry": st.sampled_from(["earliest", "latest", "uniform"]), "declines": share,
            "idmc_stop": st.sampled_from([None, dt.date(2024, 6, 1), dt.date(2020, 1, 1), Fraction(1, 5), Fraction(1, 1)]),
            "follow": st.sampled_from([Offset(months=24), Offset(0), Offset(400)]),
        }
    )  # fmt: skip


@examples(60)
@given(assumptions(), st.integers(0, 2**32))
def test_what_a_drawn_subject_did_told_to_the_plan_gives_the_same_dates(changes: dict[str, Any], seed: int) -> None:
    """The schedule of a simulated trial is that of its subjects, who came then, to whom this happened, and who entered on that day."""
    trial = trial_of(assume(**changes))
    drawn = Drawn.of(trial, Draws(seed, 0, 4))
    for t in range(4):
        people = drawn.history(t, dt.date(9000, 1, 1))
        stop = drawn.stop(t)
        if not people:
            continue
        without = [replace(s, records=()) for s in people]
        cohort = of_subjects(without, ARMS, {"study_stop": stop} if stop is not None else {})
        plan = expand(BAT4406F, cohort, allow_deviation=True, accept_gap=True, at_least=dt.date(2200, 1, 1))
        columns = [int(s.code or 0) - 1 for s in people]
        whole = drawn.schedule
        mine = {whole.id(i): i for i in range(len(whole.visits))}
        for i in range(len(plan.visits)):
            id = plan.id(i)
            if id not in mine:
                continue
            simulated = whole.target[mine[id]].reshape(-1, 4)[columns, t]
            planned = plan.target[i]
            both = ~np.isnat(simulated)
            first, last = changes["scatter"]
            off = (simulated - planned)[both].astype(int)
            anchor = plan.parts[plan.part_of[i]].anchor[both]
            assert ((off >= first) & (off <= last) | (simulated[both] == anchor) | (off == 0)).all(), id
            assert not np.isnat(planned[both]).any(), id
        if changes["scatter"] == (0, 0) and changes["follow"] == Offset(months=24):
            for k, row in enumerate(plan.rows):
                id = plan.id(row.visit)
                if id in mine:
                    same = next(j for j, other in enumerate(whole.rows) if whole.id(other.visit) == id)
                    simulated = drawn.given[same].reshape(-1, 4)[columns, t]
                    assert (plan.given_at(k) == simulated).all(), id


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
        cohort = of_subjects(people, ARMS, {"study_stop": stop} if stop is not None else {})
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
        cohort = of_subjects(people, ARMS)
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
    real = Real(of_subjects(people, ARMS), dt.date(2024, 3, 10), tuple(s.site for s in people))
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
        simulate(BAT4406F, assume(subjects=4), 10, so_far=Real(of_subjects(people, ARMS), dt.date(2024, 1, 1)))


def test_a_trial_without_anybody_so_far_is_told() -> None:
    with pytest.raises(InputError, match="nobody so far"):
        simulate(BAT4406F, assume(), 10, so_far=Real(of_subjects([], ARMS), dt.date(2024, 1, 1)))


def test_a_real_subject_who_comes_later_than_all_that_is_known_is_refused() -> None:
    people = [Subject(dt.date(2024, 8, 10), "a")]
    with pytest.raises(InputError, match="day 1 is after 2024-01-01"):
        simulate(BAT4406F, assume(), 10, so_far=Real(of_subjects(people, ARMS), dt.date(2024, 1, 1)))


def test_while_blinded_the_arms_of_real_subjects_change_nothing() -> None:
    people = [
        Subject(dt.date(2023, 8, 10 + i), str(i), events=(Event("relapse", dt.date(2023, 12, 1)),) if i % 3 else ()) for i in range(9)
    ]
    results = []
    for arms in ((None,), ("bat4406f",), ("placebo", "bat4406f", "placebo")):
        told = [replace(s, arm=arms[i % len(arms)]) for i, s in enumerate(people)]
        real = Real(of_subjects(told, ARMS), dt.date(2024, 1, 1))
        results.append(simulate(BAT4406F, assume(), 200, so_far=real))
    assert results[0] == results[1] == results[2]
    real = Real(of_subjects([replace(s, arm="placebo") for s in people], ARMS), dt.date(2024, 1, 1))
    assert simulate(BAT4406F, assume(), 200, so_far=real, unblind=True)[0].summary.unblinded


@pytest.mark.parametrize("of_block", [(2, 1), (1, 1), (2, 2), (3, 1, 2), (4, 2), (1,), (0, 2), (4, 4)])
def test_orders_of_a_block_are_all_there_are_in_lexicographic_order(of_block: tuple[int, ...]) -> None:
    letters = [arm for arm, count in enumerate(of_block) for _ in range(count)]
    expected = sorted(set(itertools.permutations(letters)))
    assert [tuple(order) for order in _order(of_block, len(expected), np.arange(len(expected))).T.tolist()] == expected


def test_a_large_block_is_permuted_without_a_list_of_its_orders() -> None:
    orders = math.factorial(24) // math.factorial(8) ** 3
    found = _order((8, 8, 8), orders, np.array([0, orders - 1, 12345678901 % orders]))
    assert found[:, 0].tolist() == [0] * 8 + [1] * 8 + [2] * 8
    assert found[:, 1].tolist() == [2] * 8 + [1] * 8 + [0] * 8
    assert Counter(found[:, 2].tolist()) == {0: 8, 1: 8, 2: 8}


@pytest.mark.parametrize("allocation", [(2, 1), (1, 3)])
def test_every_block_has_the_ratio(allocation: tuple[int, ...]) -> None:
    size = sum(allocation) * 2
    cohort = subjects(trial_of(assume(allocation=allocation, block=size)).beginning, Draws(3, 0, 50))
    arms = cohort.arm.reshape(162, 50)
    for begin in range(0, 162 - size, size):
        assert ((arms[begin : begin + size] == 0).sum(axis=0) == allocation[0] * 2).all()


@examples(100)
@given(
    st.lists(st.tuples(st.floats(0.5, 500), st.floats(0, 3)), min_size=0, max_size=4),
    st.floats(0, 3),
    st.floats(0, 1e4),
)
def test_a_rate_reaches_what_it_accumulates(more: list[tuple[float, float]], first: float, days: float) -> None:
    steps, since = [(0.0, first)], 0.0
    for wait, rate in more:
        since += wait
        steps.append((since, rate))
    amount = accumulated(tuple(steps), days)
    when = reached(tuple(steps), np.array([amount * (1 + 1e-9) + 1e-9]))[0]
    assert when >= days * (1 - 1e-6) or accumulated(tuple(steps), when) == pytest.approx(amount, rel=1e-6, abs=1e-6)
    assert math.isinf(reached(NEVER, np.array([1e-12]))[0])


def test_weights_have_their_mean_and_stay_in_their_range() -> None:
    from nmosd_dosing.simulation.simulated_subjects import _weights

    grams = _weights(BodyWeight(60, 11, 40, 110), Draws(1, 0, 128), 500)
    assert grams.min() >= 40_000 and grams.max() <= 110_000 and (grams % 100 == 0).all()
    assert grams.mean() == pytest.approx(60_960, abs=150)  # mean of the cut normal: 60 + 11 * (pdf(a) - pdf(b)) / (cdf(b) - cdf(a))
    assert (_weights(BodyWeight(60, 0, 40, 110), Draws(1, 0, 4), 3) == 60_000).all()


# --- streams ------------------------------------------------------------------------------------------------------------


def test_a_further_cause_moves_no_other() -> None:
    """Draws of one cause are the same whatever else is drawn; and so what does not hang on it is."""
    base = outcome(trial_of(assume(declines=0.0, scatter=(0, 0), sites=None)), Draws(1, 0, 64), Options()).numbers
    more = outcome(trial_of(assume(declines=0.5, scatter=(-2, 2), sites=9)), Draws(1, 0, 64), Options()).numbers
    for name in ("study_stop", "enrolled", "relapses", "exits relapse", "exits completed", "refused", "left"):
        assert (base[name] == more[name]).all(), name
    assert (base["doses olp"] != more["doses olp"]).any()


def test_the_first_subjects_of_a_larger_trial_are_those_of_a_smaller_one() -> None:
    small, large = (Draws(9, 2, 16).uniform("entry", n) for n in (5, 50))
    assert (small == large[:5]).all()


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


@pytest.mark.parametrize(("n", "trials"), [(1, 256), (162, 256), (256, 256), (257, 128), (40_000, 1), (100_000, 1)])
def test_blocks_hold_so_many_trials_that_they_fit_into_a_cache(n: int, trials: int) -> None:
    assert trials_per_block(n) == trials


# --- tallies ------------------------------------------------------------------------------------------------------------

NUMBERS = st.lists(st.integers(-400, 400) | st.just(np.iinfo(np.int64).min), min_size=1, max_size=40)


@examples(150)
@given(NUMBERS, NUMBERS)
def test_a_tally_of_two_parts_is_that_of_the_whole(one: list[int], two: list[int]) -> None:
    both = Tally.of(np.array(one)) + Tally.of(np.array(two))
    there = [n for n in one + two if n != np.iinfo(np.int64).min]
    assert (both.known, both.missing) == (len(there), len(one + two) - len(there))
    if there:
        assert both.mean == pytest.approx(np.mean(there), rel=1e-12, abs=1e-12)
        assert both.sd == pytest.approx(np.std(there, ddof=1) if len(there) > 1 else 0, rel=1e-9, abs=1e-9)
        for share in (0.05, 0.25, 0.5, 0.75, 0.95):
            assert both.quantile(share) == np.quantile(there, share, method="inverted_cdf")
    else:
        assert both.quantile(0.5) is None


@examples(60)
@given(st.integers(1, 5), st.integers(1, 5), st.booleans(), st.integers(0, 2**31))
def test_a_grid_of_two_parts_is_that_of_the_whole(few: int, more: int, running: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = [rng.integers(0, 6, (cells, 7)) for cells in (few, more)]
    parts = [np.cumsum(p, axis=0) if running else p for p in parts]
    cells = max(few, more)
    padded = [
        np.concatenate([p, np.tile(p[-1] if running else np.zeros(7, dtype=int), (cells - len(p), 1))]).astype(int) if len(p) < cells else p
        for p in parts
    ]
    whole = Grid.of(np.concatenate(padded, axis=1), running)
    found = Grid.of(parts[0], running) + Grid.of(parts[1], running)
    assert (found.trials, found.counts.tolist()) == (whole.trials, whole.counts.tolist())


# --- vials --------------------------------------------------------------------------------------------------------------

BELIMUMAB = catalog.load("belimumab")
ALONE = {"study": "belimumab", "allocation": (), "block": 1, "relapse": (), "dropout": NEVER, "subjects": 30, "follow": None}


def test_vials_are_those_of_each_dose() -> None:
    """Everybody weighs 75 kg: 760 mg for 750, from three vials of 120 mg and one of 400 mg, fourteen times."""
    found = simulate(BELIMUMAB, assume(**ALONE, weight=BodyWeight(75, 0, 75, 75)), 50)[0].summary
    assert [(row.product, row.size, row.number.mean, row.number.sd) for row in found.vials] == [
        ("belimumab", "120 mg", 30 * 14 * 3, 0), ("belimumab", "400 mg", 30 * 14 * 1, 0),
    ]  # fmt: skip
    assert sum(row.number.mean for row in found.vials_by_month if row.size == "400 mg") == pytest.approx(30 * 14)
    assert sum(row.number.mean for row in found.vials_by_site if row.size == "400 mg") == pytest.approx(30 * 14)


def test_vials_that_cannot_be_counted_are_not_none_but_not_known() -> None:
    found = simulate(BELIMUMAB, assume(**ALONE, weight=None), 50)[0].summary
    assert found.vials == found.vials_by_month == found.vials_by_site == ()
    assert any("vials of belimumab in treatment cannot be counted: the amount is not known" in note for note in found.notes)


def test_doses_without_a_day_and_events_that_are_not_drawn_are_told() -> None:
    found = simulate(catalog.load("baffr-cart"), assume(**{**ALONE, "study": "baffr-cart"}), 20)[0].summary
    assert "doses of preparative chemotherapy have no stated day, and are not counted" in found.notes
    phase = simulate(
        catalog.load("mil62"), assume(**{**ALONE, "allocation": (1, 1), "block": 2}), 20, period="phase1b"
    )[0].summary  # fmt: skip
    assert "what hangs on escalated does not happen: it is not drawn" in phase.notes
