"""Simulated trials against what can be worked out on paper: every mean within five of its Monte-Carlo standard errors. Seeds are fixed."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray

from nmosd_dosing.days import Offset
from nmosd_dosing.simulation import simulated_subjects
from nmosd_dosing.simulation.assumptions.model import Assumptions, BodyWeight, Entry
from nmosd_dosing.simulation.draws import Draws, trials_per_block
from nmosd_dosing.simulation.tallies import NONE
from nmosd_dosing.subjects.cohort import Cohort
from tests.judges.twin import BAT4406F, MIL62, Block, SameChance, Stop
from tests.kit.blocks import FAST, SEED, blocks
from tests.kit.trials import EXAMPLE, MONTH, PLAIN, SMALL, YEAR, Case, per_month, per_year

MANY = 6000
NO_STOP = Stop(relapses=100_000, subject=100_000, months=12, within=14)
FIRST_DAY = (PLAIN.start - dt.date(1970, 1, 1)).days
AT_ONCE = per_year(1e6)  # on the day of coming
ENDLESS = replace(SMALL, stop=NO_STOP)
Numbers = NDArray[np.float64]


def numbers(name: str, case: Case, doses: bool = False) -> Numbers:
    found = np.concatenate([outcome.numbers[name] for outcome in blocks(case, SEED, doses)])[: case.trials]
    assert NONE not in found
    return found.astype(float)


def assert_mean(sample: Numbers, mean: float, sd: float | None = None) -> None:
    """sd: where it is known; else that of the sample."""
    error = (sample.std() if sd is None else sd) / math.sqrt(len(sample))
    assert abs(sample.mean() - mean) <= 5 * error, f"{sample.mean():.4f}, not {mean:.4f}, with an error of {error:.4f}"


def assert_binomial(happened: float, of: float, share: float) -> None:
    error = math.sqrt(of * share * (1 - share))
    assert abs(happened - of * share) <= 5 * error, f"{happened} of {of}, not {of * share:.1f}, with an error of {error:.1f}"


def assert_each_as_often(counts: Sequence[int] | NDArray[np.int64]) -> None:
    """Pearson's chi-square, over its mean by five of its standard deviations at most."""
    expected = sum(counts) / len(counts)
    assert expected > 20
    square = sum((count - expected) ** 2 / expected for count in counts)
    assert square <= len(counts) - 1 + 5 * math.sqrt(2 * (len(counts) - 1)), list(counts)


# --- accrual --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "accrual, days, expected",
    [
        (per_month(9), 120, 121 * 9 / MONTH),
        (per_month(1), 730, 731 / MONTH),
        (((0.0, 0.1), (50.0, 0.0), (60.0, 0.5)), 99, 50 * 0.1 + 40 * 0.5),
    ],
)
def test_how_many_are_enrolled_by_a_date_is_poisson(accrual: tuple[tuple[float, float], ...], days: int, expected: float) -> None:
    """The day itself counts. The variance is the mean; that of the sample variance of n Poisson numbers is (m + 2m²) / n."""
    enrolled = numbers("enrolled", Case(ENDLESS, replace(PLAIN, subjects=150, accrual=accrual, horizon=Offset(days)), MANY))
    assert_mean(enrolled, expected, math.sqrt(expected))
    assert abs(enrolled.var(ddof=1) - expected) <= 5 * math.sqrt((expected + 2 * expected**2) / MANY)


def test_the_last_of_many_comes_after_as_many_gaps() -> None:
    """Day 1 of subject 40 is a sum of 40 exponentials, cut to whole days: half a day early on average. Its last dose is the only one that
    is counted on, since nobody is followed later than the first day of the second period."""
    case = Case(ENDLESS, replace(PLAIN, subjects=40, accrual=((0.0, 0.5),), follow=Offset()), MANY)
    assert_mean(numbers("last_dose", case, doses=True) - FIRST_DAY - 364, 40 / 0.5 - 0.5)


# --- relapses -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nth, of, hazard", [(35, 100, 0.004), (1, 10, 0.002), (20, 20, 0.03)])
def test_the_study_stops_at_an_order_statistic_of_exponentials(nth: int, of: int, hazard: float) -> None:
    """All begin on one day; the k-th of n is expected after 1/(h n) + … + 1/(h (n-k+1)) days, its variance is the sum of the squares. In
    whole days begun that is half a day less, and a twelfth of a day² more or less."""
    assumed = replace(PLAIN, subjects=of, accrual=FAST, relapse=(((0.0, hazard),),) * 2)
    stop = numbers("study_stop", Case(replace(SMALL, length=1500, stop=Stop(nth, 100_000, 12, 14)), assumed, MANY))
    gaps = np.array([1 / (hazard * (of - k)) for k in range(nth)])
    assert_mean(stop - FIRST_DAY, gaps.sum() - 0.5, math.sqrt((gaps**2).sum()))


@pytest.mark.parametrize("rate", [0.1, 0.35, 3.0])
def test_a_known_hazard_makes_a_known_share_of_relapses(rate: float) -> None:
    assumed = replace(PLAIN, subjects=100, relapse=(per_year(rate),) * 2)
    assert_binomial(numbers("relapses", Case(MIL62, assumed, 500)).sum(), 50_000, 1 - math.exp(-rate * 364 / YEAR))


def test_of_two_hazards_the_first_counts() -> None:
    """On the same day the relapse does. With p and q the shares without dropout and without relapse for a day, it is seen on one of
    364 days with the probability (1-q) (1 + pq + … + (pq)^363)."""
    relapse, dropout = 1.2, 2.0
    p, q = math.exp(-dropout / YEAR), math.exp(-relapse / YEAR)
    case = Case(MIL62, replace(PLAIN, subjects=100, relapse=(per_year(relapse),) * 2, dropout=per_year(dropout)), 500)
    assert_binomial(numbers("relapses", case).sum(), 50_000, (1 - q) * (1 - (p * q) ** 364) / (1 - p * q))
    assert_binomial(numbers("left", case).sum(), 50_000, 1 - p**364)


def test_a_hazard_in_pieces_adds_up() -> None:
    steps = ((0.0, 0.01), (30.0, 0.0), (100.0, 0.002), (300.0, 0.05))
    share = 1 - math.exp(-(30 * 0.01 + 200 * 0.002 + 64 * 0.05))
    case = Case(MIL62, replace(PLAIN, subjects=100, relapse=(steps,) * 2), 500)
    assert_binomial(numbers("relapses", case).sum(), 50_000, share)


def test_each_arm_has_its_own_hazard() -> None:
    """Blocks of three, two of them treated: of 99 subjects 66."""
    case = Case(MIL62, replace(PLAIN, subjects=99, allocation=(2, 1), block=3, relapse=(per_year(0.1), per_year(0.8))), 500)
    relapses = numbers("relapses", case)
    shares = [1 - math.exp(-rate * 364 / YEAR) for rate in (0.1, 0.8)]
    assert_mean(relapses, 66 * shares[0] + 33 * shares[1], math.sqrt(sum(n * s * (1 - s) for n, s in zip((66, 33), shares, strict=True))))


def test_the_share_that_is_confirmed_and_when() -> None:
    """One subject, who relapses on the first day: the study stops with the decision."""
    assumed = replace(PLAIN, subjects=1, accrual=FAST, relapse=(AT_ONCE,) * 2, adjudication=(3, 17), confirmed=0.7)
    case = Case(replace(SMALL, stop=Stop(1, 100_000, 12, 14)), assumed, MANY)
    stop = np.concatenate([outcome.numbers["study_stop"] for outcome in blocks(case, SEED, False)])[:MANY]
    assert_binomial((stop != NONE).sum(), MANY, 0.7)
    days = np.bincount(stop[stop != NONE] - FIRST_DAY)
    assert len(days) == 18 and not days[:3].any()
    assert_each_as_often(days[3:])


# --- entry ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.05, 0.5, 1.0, 0.0])
def test_the_share_that_declines(share: float) -> None:
    assert_binomial(numbers("declined", Case(BAT4406F, replace(PLAIN, subjects=100, declines=share), 500)).sum(), 50_000, share)


def test_the_share_that_is_never_stable_is_refused() -> None:
    case = Case(ENDLESS, replace(PLAIN, subjects=100, accrual=FAST, relapse=(AT_ONCE,) * 2, stable=0.8, stability=(0, 28)), 500)
    assert_binomial(numbers("refused", case).sum(), 50_000, 0.2)


def test_stable_too_late_is_refused_as_often_as_there_are_days() -> None:
    """Stable on one of the days 0 to 39, of which 0 to 28 are in time."""
    case = Case(ENDLESS, replace(PLAIN, subjects=100, accrual=FAST, relapse=(AT_ONCE,) * 2, stability=(0, 39)), 500)
    assert_binomial(numbers("refused", case).sum(), 50_000, 11 / 40)


@pytest.mark.parametrize("entry, mean, sd", [("uniform", 7.0, math.sqrt((15**2 - 1) / 12)), ("earliest", 0.0, 0.0), ("latest", 14.0, 0.0)])
def test_the_day_of_the_entry(entry: Entry, mean: float, sd: float) -> None:
    """From the end of the first period to 14 days after it."""
    assumed = replace(PLAIN, subjects=1, accrual=FAST, follow=Offset(), entry=entry)
    last = numbers("last_dose", Case(BAT4406F, assumed, MANY), doses=True)
    days = last - FIRST_DAY - 364
    assert_mean(days, mean, sd)
    if entry == "uniform":
        assert_each_as_often(np.bincount(days.astype(int), minlength=15))


# --- visits, sites, weights -----------------------------------------------------------------------------------------------


def test_visits_are_scattered_evenly() -> None:
    """Nobody enters: the last dose is that of D182."""
    assumed = replace(PLAIN, subjects=1, accrual=FAST, declines=1.0, scatter=(-5, 9))
    last = numbers("last_dose", Case(BAT4406F, assumed, MANY), doses=True)
    days = (last - FIRST_DAY - 181 + 5).astype(int)
    assert len(np.bincount(days)) == 15
    assert_each_as_often(np.bincount(days))


def test_subjects_are_spread_evenly_over_the_sites() -> None:
    case = Case(MIL62, replace(PLAIN, subjects=100, sites=45, declines=1.0), 500)
    assert_each_as_often(sum(outcome.by_site["doses rcp"].sum(axis=1) for outcome in blocks(case, SEED)) // 4)


def cohort(assumed: Assumptions, block: int = 0) -> Cohort:
    beginning = simulated_subjects.Beginning(assumed, weighed=True)
    return simulated_subjects.subjects(beginning, Draws(SEED, block, trials_per_block(assumed.subjects)))


@pytest.mark.parametrize(
    "weight",
    [
        BodyWeight(60, 11, 40, 110),
        BodyWeight(50, 30, 45, 60),
        BodyWeight(70, 5, 30, 200),
        BodyWeight(40, 3, 40, 44.9),
        BodyWeight(61.3, 0, 40, 110),
    ],
    ids=str,
)
def test_body_weights_are_of_a_cut_normal_distribution(weight: BodyWeight) -> None:
    """Mean and variance of the cut normal from its textbook formulas. On a grid of 0.1 kg, rounded up: 0.05 kg more on average."""
    kilograms = cohort(replace(EXAMPLE, weight=weight)).grams / 1000
    assert np.allclose(kilograms * 10, np.round(kilograms * 10))
    assert kilograms.min() >= weight.low and kilograms.max() <= weight.high
    if weight.sd == 0:
        assert set(kilograms) == {weight.mean}
        return
    a, b = ((edge - weight.mean) / weight.sd for edge in (weight.low, weight.high))
    density = [math.exp(-(x**2) / 2) / math.sqrt(2 * math.pi) for x in (a, b)]
    inside = (math.erf(b / math.sqrt(2)) - math.erf(a / math.sqrt(2))) / 2
    drift = (density[0] - density[1]) / inside
    spread = 1 + (a * density[0] - b * density[1]) / inside - drift**2
    assert_mean(kilograms, weight.mean + weight.sd * drift + 0.05, weight.sd * math.sqrt(spread))


@pytest.mark.parametrize("weight", [BodyWeight(60, 11, 40, 110), BodyWeight(50, 30, 45, 60), BodyWeight(61.3, 0, 40, 110)], ids=str)
def test_body_weights_are_those_of_the_twin(weight: BodyWeight) -> None:
    assumed = replace(EXAMPLE, weight=weight)
    size = trials_per_block(assumed.subjects)
    drawn = cohort(assumed, 1).grams.reshape(assumed.subjects, size)
    block = Block(SEED, 1, assumed)
    for trial in range(0, size, 7):
        chance = SameChance(block, trial)
        assert [round(chance.kilograms(i, weight) * 1000) for i in range(assumed.subjects)] == drawn[:, trial].tolist()


@pytest.mark.parametrize(
    "ratio, block",
    [((1, 1), 2), ((1, 1), 4), ((2, 1), 6), ((3, 2), 5), ((1, 1), 16), ((1, 0), 1), ((1, 2, 1), 8), ((1, 1), 24), ((1, 1, 1), 24)],
)
def test_arms_are_balanced_in_every_block_and_all_orders_as_often(ratio: tuple[int, ...], block: int) -> None:
    assumed = replace(EXAMPLE, subjects=10 * block + 1, allocation=ratio, block=block, relapse=(per_year(0.1),) * len(ratio))
    size = trials_per_block(assumed.subjects)
    arms = cohort(assumed).arm.reshape(assumed.subjects, size)
    for begin in range(0, 10 * block, block):
        for arm, part in enumerate(ratio):
            assert ((arms[begin : begin + block] == arm).sum(axis=0) == part * block // sum(ratio)).all()
    orders, counts = np.unique(arms[: 10 * block].reshape(10, block, size).swapaxes(1, 2).reshape(-1, block), axis=0, return_counts=True)
    of = math.factorial(block) // math.prod(math.factorial(part * block // sum(ratio)) for part in ratio)
    if len(arms.T) * 10 > 30 * of:
        assert len(orders) == of
        assert_each_as_often(counts)
    drawn = Block(SEED, 0, assumed)
    for trial in range(0, size, 11):
        chance = SameChance(drawn, trial)
        assert [chance.arm(i) for i in range(assumed.subjects)] == arms[:, trial].tolist()
