"""Whole vials against a search through all combinations: every amount, every policy, any sizes."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing.dose.vials import Policy, common_step, pack, whole_vials
from nmosd_dosing.errors import DosingError
from tests.kit.studies import examples

POLICIES: tuple[Policy, ...] = ("least waste", "fewest vials")
BELIMUMAB = (Fraction(120), Fraction(400))

some_sizes = st.lists(st.integers(1, 40), min_size=1, max_size=4, unique=True)
steps = st.sampled_from([Fraction(1), Fraction(40), Fraction(1, 2), Fraction(25, 3)])


def packed(amounts: list[float], sizes: tuple[Fraction, ...], policy: Policy, scale: int = 1) -> list[tuple[int, ...]]:
    """The vials of each amount, in the order of the sizes."""
    counts = pack(np.array(amounts, dtype=np.float64) * scale, scale, sizes, policy)
    return [tuple(column) for column in counts.T.tolist()]


def searched(amount: Fraction, sizes: tuple[Fraction, ...], policy: Policy) -> tuple[int, ...]:
    """The best of all combinations, one by one."""
    smallest = math.ceil(amount / min(sizes))
    several = itertools.product(*(range(min(smallest, math.ceil(amount / size)) + 1) for size in sizes))
    big_first = sorted(range(len(sizes)), key=lambda i: -sizes[i])

    def rank(counts: tuple[int, ...]) -> tuple[object, ...]:
        total, number = sum(c * size for c, size in zip(counts, sizes, strict=True)), sum(counts)
        first = (total, number) if policy == "least waste" else (number, total)
        return (*first, tuple(-counts[i] for i in big_first))

    return min((counts for counts in several if sum(c * size for c, size in zip(counts, sizes, strict=True)) >= amount), key=rank)


# --- the known table ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mg", "least", "fewest"),
    [(450, (4, 0), (1, 1)), (600, (5, 0), (0, 2)), (750, (3, 1), (0, 2)), (1025, (2, 2), (0, 3))],
)
def test_belimumab(mg: int, least: tuple[int, ...], fewest: tuple[int, ...]) -> None:
    assert packed([mg], BELIMUMAB, "least waste") == [least]
    assert packed([mg], BELIMUMAB, "fewest vials") == [fewest]


def test_belimumab_in_milligrams() -> None:
    amounts = np.array([450.0, 600, 750, 1025])
    content = np.array([120, 400])
    assert (content @ pack(amounts, 1, BELIMUMAB, "least waste")).tolist() == [480, 600, 760, 1040]
    assert (content @ pack(amounts, 1, BELIMUMAB, "fewest vials")).tolist() == [520, 800, 800, 1200]
    assert whole_vials(amounts, 1, BELIMUMAB, "up").tolist() == [480, 600, 760, 1040]
    assert whole_vials(amounts, 1, BELIMUMAB, "down").tolist() == [400, 600, 720, 1000]


# --- against the search -------------------------------------------------------------------------------------------------


@examples(100)
@given(some_sizes, steps, st.integers(0, 36), st.sampled_from((1, 2, 3)), st.sampled_from(POLICIES))
def test_it_is_the_best_of_all_combinations(units: list[int], step: Fraction, many: int, share: int, policy: Policy) -> None:
    sizes = tuple(unit * step for unit in units)
    amount = many * max(1, min(units) // 3) * step / share  # few enough vials for a search, and often between two steps
    found = pack(np.array([float(amount * 36)]), 36, sizes, policy)
    assert tuple(found[:, 0]) == searched(amount, sizes, policy)


@examples(100)
@given(some_sizes, st.lists(st.integers(0, 200), min_size=1, max_size=20), st.sampled_from(POLICIES))
def test_amounts_do_not_know_of_each_other(units: list[int], amounts: list[int], policy: Policy) -> None:
    sizes = tuple(map(Fraction, units))
    together = packed([float(a) for a in amounts], sizes, policy)
    assert together == [packed([float(a)], sizes, policy)[0] for a in amounts]


@examples(100)
@given(some_sizes, st.integers(0, 10**9), st.sampled_from(POLICIES))
def test_far_beyond_the_table_it_is_the_same_with_more_big_vials(units: list[int], amount: int, policy: Policy) -> None:
    """From somewhere on, a big vial more of an amount is a big vial more of the answer; the search goes up to there."""
    sizes, big = tuple(map(Fraction, units)), max(units)
    near = amount % big + 2 * big * big + 2 * big
    far = near + amount // big * big
    (here,), (there,) = packed([near], sizes, policy), packed([far], sizes, policy)
    assert all(b - a == (amount // big if size == big else 0) for a, b, size in zip(here, there, units, strict=True))


@examples(100)
@given(some_sizes, st.integers(0, 1500))
def test_least_waste_beyond_the_table_against_a_table_without_a_bound(units: list[int], amount: int) -> None:
    best = [0]  # the fewest vials that make each number, from 0 to one big vial beyond the amount
    for total in range(1, amount + max(units) + 1):
        best.append(min((best[total - unit] + 1 for unit in units if unit <= total), default=10**9))
    total = next(t for t in range(amount, len(best)) if best[t] < 10**9)
    (counts,) = packed([float(amount)], tuple(map(Fraction, units)), "least waste")
    assert sum(c * unit for c, unit in zip(counts, units, strict=True)) == total
    assert sum(counts) == best[total]
    below = next(t for t in range(amount, -1, -1) if best[t] < 10**9)
    whole = np.array([float(amount)])
    assert whole_vials(whole, 1, tuple(map(Fraction, units)), "up").tolist() == [total]
    assert whole_vials(whole, 1, tuple(map(Fraction, units)), "down").tolist() == [below]


@examples(100)
@given(some_sizes, st.integers(0, 500), st.sampled_from(POLICIES), st.randoms(use_true_random=False))
def test_the_order_of_sizes_does_not_matter(units: list[int], amount: int, policy: Policy, chance: object) -> None:
    other = units.copy()
    chance.shuffle(other)  # type: ignore[attr-defined]
    (one,), (two,) = (packed([float(amount)], tuple(map(Fraction, order)), policy) for order in (units, other))
    assert dict(zip(units, one, strict=True)) == dict(zip(other, two, strict=True))


# --- edges --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", POLICIES)
def test_nothing_takes_no_vials_and_what_is_not_known_neither(policy: Policy) -> None:
    assert packed([0, math.nan, 120], BELIMUMAB, policy) == [(0, 0), (0, 0), (1, 0)]
    assert pack(np.array([]), 1, BELIMUMAB, policy).shape == (2, 0)


def test_not_known_stays_not_known_when_rounded() -> None:
    assert np.isnan(whole_vials(np.array([math.nan]), 1, BELIMUMAB, "up")).all()
    assert whole_vials(np.array([0.0, 119, 120]), 1, BELIMUMAB, "down").tolist() == [0, 0, 120]
    assert whole_vials(np.array([0.0, 1, 120]), 1, BELIMUMAB, "up").tolist() == [0, 120, 120]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_vial_exactly_and_the_least_more(policy: Policy) -> None:
    assert packed([400, 400.001, 401], BELIMUMAB, policy, scale=1000)[0] == (0, 1)
    assert packed([400.001], BELIMUMAB, "least waste", scale=1000) == [(4, 0)]
    assert packed([400.001], BELIMUMAB, "fewest vials", scale=1000) == [(1, 1)]


@pytest.mark.parametrize("policy", POLICIES)
def test_one_size(policy: Policy) -> None:
    assert packed([1, 100, 101, 10**9], (Fraction(100),), policy) == [(1,), (1,), (2,), (10**7,)]


def test_fewest_has_the_smallest_total_of_so_many() -> None:
    assert packed([210], (Fraction(100), Fraction(250), Fraction(220)), "fewest vials") == [(0, 0, 1)]
    assert packed([470], (Fraction(100), Fraction(250), Fraction(220)), "fewest vials") == [(0, 1, 1)]


def test_equal_totals_of_as_many_have_more_of_the_biggest() -> None:
    sizes = (Fraction(10), Fraction(20), Fraction(30))
    assert packed([40], sizes, "least waste") == [(1, 0, 1)]
    assert packed([40], sizes, "fewest vials") == [(1, 0, 1)]


def test_sizes_finer_than_the_scale() -> None:
    sizes = (Fraction(25, 2), Fraction(100, 3))
    assert packed([12, 13, 33, 34], sizes, "least waste") == [(1, 0), (2, 0), (0, 1), (3, 0)]


def test_a_size_that_stands_twice_is_one() -> None:
    assert packed([240], (Fraction(120), Fraction(120)), "least waste") == [(2, 0)]


def test_many_sizes() -> None:
    sizes = tuple(Fraction(size) for size in (1, 2, 5, 10, 20, 50, 100, 200, 500))
    assert packed([788], sizes, "least waste") == [(1, 1, 1, 1, 1, 1, 0, 1, 1)]
    assert packed([788], sizes, "fewest vials") == [(0, 0, 0, 0, 0, 0, 0, 0, 2)]


def test_a_scale_that_does_not_make_the_sizes_whole_is_refused_for_rounding() -> None:
    with pytest.raises(AssertionError):
        whole_vials(np.array([1.0]), 1, (Fraction(1, 2),), "up")


def test_sizes_without_a_common_step() -> None:
    assert common_step((Fraction(120), Fraction(400))) == (Fraction(40), (10, 3))
    assert common_step((Fraction(623), Fraction(4000))) == (Fraction(1), (4000, 623)), "a table of five million steps"
    with pytest.raises(DosingError):
        common_step((Fraction(623), Fraction(4001)))
    with pytest.raises(DosingError) as error:
        pack(np.array([1.0]), 1, (Fraction("1234.5"), Fraction("999.9")), "least waste")
    assert str(error.value) == (
        "error: vials of `1234.5` and `999.9` are multiples of nothing greater than 0.3: too fine to be counted with\n"
        "hint: leave out a size, or write them as multiples of a greater amount: `120` and `400` are of 40"
    )
