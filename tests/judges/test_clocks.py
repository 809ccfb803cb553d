"""Criteria: the table of dates that were worked out from the sources, a second computer for it, and a second reckoning of all the rest."""

from __future__ import annotations

import csv
import datetime as dt
import functools
import shutil
import subprocess
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing.checks.clocks import Clock, reckon
from nmosd_dosing.checks.screening import Clocks, Days, Tied, clocks_of
from nmosd_dosing.days import Offset
from nmosd_dosing.language import catalog
from nmosd_dosing.study.criteria import Counted, Criteria, Criterion, Kind, NotWithin, Reach, Times, Unless
from nmosd_dosing.study.model import Period, Study
from nmosd_dosing.subjects.had import Had, Past
from tests.judges import oracle_clocks as oracle
from tests.kit.paths import ROOT
from tests.kit.studies import examples

with (ROOT / "tests" / "cases" / "clocks.csv").open(encoding="utf-8") as file:
    CASES = list(csv.DictReader(file))
DAY = dt.timedelta(1)
SCREENING, DAY_1 = dt.date(2024, 12, 9), dt.date(2025, 1, 6)
ON = {"screening": SCREENING, "first dose": DAY_1, "randomisation": DAY_1}
LONG_AGO = Had("relapse", dt.date(2015, 1, 1), dt.date(2015, 1, 1))


@functools.cache
def plan_of(regimen: str) -> tuple[Study, tuple[Period, ...]]:
    return catalog.find_plan(regimen, None)


def had(case: dict[str, str], day: dt.date) -> tuple[Had, ...]:
    """What the case is about, so that its last day is `day`; of counted ones as many as it says, the others soon after it."""
    if case["what"] == "stable":
        return LONG_AGO, Had("stable", day, day)
    if case["number"]:
        first = [Had(case["what"], day, day)]
        others = [Had(case["what"], day + n * 40 * DAY, day + n * 40 * DAY) for n in range(1, int(case["number"]))]
        return (*first, *others)
    begin = day - DAY * (int(case["days"] or 1) - 1)
    return (Had(case["what"], begin, day, amount_per_day=Decimal(case["daily_mg"]) if case["daily_mg"] else None, unit="mg"),)


def answer(case: dict[str, str], day: dt.date) -> Any:
    study, periods = plan_of(case["regimen"])
    clocks = clocks_of(study, periods[0], Past(had(case, day), told=True), {"trial drug": Fraction(10)})
    clock = next(clock for clock in clocks.clocks if clock.criterion.id == case["id"])
    return clocks.answer(clock, Days(SCREENING, DAY_1))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['regimen']}-{case['id']}-{case['what']}-{case['number']}")
def test_the_first_day_of_a_look_back_counts_and_the_day_before_does_not(case: dict[str, str]) -> None:
    opens = dt.date.fromisoformat(case["opens"])
    on, before = answer(case, opens), answer(case, opens - DAY)
    assert on.anchor == case["anchor"] and on.anchor_date == ON[case["anchor"]]
    if case["what"] == "stable":
        assert (on.verdict, before.verdict, answer(case, opens + DAY).verdict) == ("admissible", "admissible", "not-until")
        assert answer(case, opens + DAY).until == ON[case["anchor"]] + DAY
    elif case["number"]:
        assert (on.verdict, before.verdict, on.last_admissible) == ("admissible", "needs", None)
    else:
        assert on.verdict in ("not-until", "person") and before.verdict == "admissible"
        assert (on.first, on.last_admissible) == (opens, dt.date.fromisoformat(case["last_admissible"]))
        assert opens - DAY == on.last_admissible and on.until is not None and on.until > ON[case["anchor"]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['regimen']}-{case['id']}-{case['what']}-{case['number']}")
def test_another_computer_has_the_same_dates(case: dict[str, str]) -> None:
    number, unit = case["back"].split()
    anchor = ON[case["anchor"]]
    assert oracle.back(anchor, int(number), unit.rstrip("s")).isoformat() == case["opens"]
    if (date := shutil.which("date")) is not None:
        done = subprocess.run([date, "-u", "-d", f"{anchor} -{number} {unit}", "+%F"], capture_output=True, text=True, check=False)
        if done.returncode == 0:  # of GNU
            assert done.stdout.strip() == case["opens"]


def test_every_criterion_with_a_date_is_in_the_table() -> None:
    shown = {(case["regimen"].split("-phase")[0], case["id"]) for case in CASES}
    for study in catalog.shipped():
        for criterion in study.criteria.all:
            beside = {"EC2-biologic", "EC12-screening", "IC5-dose", "EC4-after"} | ({"IC3"} if study.id == "baffr-cart" else set())
            assert criterion.clock is None or criterion.id in beside or (study.id, criterion.id) in shown, (study.id, criterion.id)


# --- what the sources say besides their dates ----------------------------------------------------------------------------


def verdict(regimen: str, id: str, *had: Had, half_lives: dict[str, Fraction] | None = None) -> str:
    study, periods = plan_of(regimen)
    clocks = clocks_of(study, periods[0], Past(had, told=True), half_lives)
    found = clocks.answer(next(clock for clock in clocks.clocks if clock.criterion.id == id), Days(SCREENING, DAY_1))
    return found.verdict if found.until is None else f"{found.verdict} {found.until}"


def use(what: str, first: str, last: str | None = None, daily_mg: Decimal | None = None, **more: Any) -> Had:
    first_day, last_day = dt.date.fromisoformat(first), dt.date.fromisoformat(last or first)
    return Had(what, first_day, last_day, amount_per_day=daily_mg, unit="mg" if daily_mg is not None else "", **more)


def test_steroids_for_the_disease_itself_are_excepted() -> None:
    long = use("prednisone", "2024-08-01", "2024-09-30", daily_mg=Decimal(60))
    assert verdict("bat4406f", "EC8", long) == "not-until 2025-04-01"  # 2025-03-31 less six months is the last of September
    assert (
        verdict("bat4406f", "EC8", use("prednisone", "2024-08-01", "2024-09-30", daily_mg=Decimal(60), purpose="NMOSD relapse"))
        == "admissible"
    )
    assert verdict("bat4406f", "EC8", use("prednisone", "2024-08-01", "2024-09-30", daily_mg=Decimal(20))) == "admissible"
    assert verdict("bat4406f", "EC8", use("prednisone", "2024-08-01", "2024-08-21", daily_mg=Decimal(60))) == "admissible"
    assert verdict("bat4406f", "EC8", use("prednisone", "2024-08-01", "2024-09-30")) == "needs"


def test_what_a_use_was_for_is_the_name_itself() -> None:
    days = ("2024-08-01", "2024-09-30")
    for purpose, expected in (
        ("nmosd", "admissible"), ("Neuromyelitis optica spectrum disorder", "admissible"), ("not for NMOSD", "person"),
        ("asthma", "not-until 2025-04-01"), ("", "not-until 2025-04-01"),
    ):  # fmt: skip
        assert verdict("bat4406f", "EC8", use("prednisone", *days, daily_mg=Decimal(60), purpose=purpose)) == expected


def test_what_is_used_together_is_added_up() -> None:
    one = use("prednisone", "2024-12-01", "2025-01-31", daily_mg=Decimal(15))
    assert verdict("mil62", "IC5", one) == "admissible"
    assert verdict("mil62", "IC5", one, use("prednisolone", "2024-12-20", "2025-01-10", daily_mg=Decimal(6))) == "not-until 2025-01-25"
    assert verdict("mil62", "IC5", one, use("prednisolone", "2024-12-20", "2025-01-10", daily_mg=Decimal(5))) == "admissible"
    again = use("prednisone", "2024-12-01", "2025-01-31", daily_mg=Decimal(15))  # two rows that say the same are two
    assert verdict("mil62", "IC5", one, again) == "not-until 2025-02-15"
    assert verdict("mil62", "IC5", one, use("drug Q", "2024-12-20", "2025-01-10", daily_mg=Decimal(6))) == "person"
    assert verdict("mil62", "IC5", one, use("hydrocortisone", "2024-11-20", "2024-12-20", daily_mg=Decimal(60))) == "admissible"


def test_what_an_amount_of_another_drug_comes_to_is_for_a_person() -> None:
    """16 mg of dexamethasone, which are some 100 mg of prednisone, passed a cap of 20 mg."""
    for drug, daily, expected in (
        ("dexamethasone", 16, "person"), ("dexamethasone", 30, "person"), ("hydrocortisone", 80, "person"),
        ("prednisone", 20, "admissible"), ("prednisone equivalent", 20, "admissible"), ("prednisolone", 21, "not-until 2025-01-25"),
    ):  # fmt: skip
        assert verdict("mil62", "IC5", use(drug, "2024-12-20", "2025-01-10", daily_mg=Decimal(daily))) == expected
    much = use("prednisone", "2024-12-20", "2025-01-10", daily_mg=Decimal(40))
    assert verdict("mil62", "IC5", much, use("dexamethasone", "2024-12-20", "2025-01-12", daily_mg=Decimal(1))) == "not-until 2025-01-25"


def test_a_taper_is_one_use() -> None:
    taper = [
        use("prednisone", "2024-08-01", "2024-08-05", daily_mg=Decimal(500)),
        use("prednisone", "2024-08-06", "2024-08-22", daily_mg=Decimal(30)),
    ]
    assert verdict("bat4406f", "EC8", *taper) == "not-until 2025-02-23"
    assert verdict("bat4406f", "EC8", taper[0], use("prednisone", "2024-08-07", "2024-08-22", daily_mg=Decimal(30))) == "admissible"
    pulse = use("methylprednisolone", "2024-08-01", "2024-08-05", daily_mg=Decimal(500))
    assert verdict("bat4406f", "EC8", pulse, taper[1]) == "person"  # 22 days in a row, if the pulse is more than 20 mg of prednisone
    assert verdict("bat4406f", "EC8", pulse, use("prednisone", "2024-08-07", "2024-08-22", daily_mg=Decimal(30))) == "admissible"


def test_steroids_on_entry_are_capped() -> None:
    assert verdict("bat4406f", "IC5-dose", use("prednisone", "2024-10-01", "2025-03-01", daily_mg=Decimal(30))) == "admissible"
    assert verdict("bat4406f", "IC5-dose", use("prednisone", "2024-10-01", "2025-03-01", daily_mg=Decimal(35))) == "not-until 2025-03-03"


def test_attacks_that_follow_each_other_closely_are_one() -> None:
    assert verdict("belimumab", "IC3", use("attack", "2023-02-01"), use("attack", "2023-03-03")) == "needs"
    assert verdict("belimumab", "IC3", use("attack", "2023-02-01"), use("attack", "2023-03-04")) == "admissible"


def test_three_relapses_of_which_one_in_the_last_year() -> None:
    old = [use("relapse", "2023-01-01"), use("relapse", "2023-05-01")]
    assert verdict("baffr-cart", "IC4", *old, use("relapse", "2023-12-09")) == "admissible"
    assert verdict("baffr-cart", "IC4", *old, use("relapse", "2023-12-08")) == "needs"
    assert verdict("baffr-cart", "IC4", use("relapse", "2022-12-08"), use("relapse", "2023-05-01"), use("relapse", "2024-01-01")) == "needs"


def test_no_live_vaccine_after_the_cells() -> None:
    assert verdict("baffr-cart", "EC4-after", use("live vaccine", "2025-03-03")) == "not-until 2025-03-04"
    assert verdict("baffr-cart", "EC4-after", use("live vaccine", "2025-03-04")) == "admissible"


def test_an_immunosuppressant_for_over_a_year() -> None:
    assert verdict("baffr-cart", "IC3", use("azathioprine", "2023-12-08", "2024-12-31")) == "admissible"
    assert verdict("baffr-cart", "IC3", use("azathioprine", "2023-12-09", "2024-12-31")) == "needs"
    assert verdict("baffr-cart", "IC3", use("azathioprine", "2022-01-01", "2023-01-01")) == "needs"
    assert verdict("baffr-cart", "IC3", use("azathioprine", "2022-01-01", "2023-01-02")) == "admissible"


def test_an_exception_that_a_person_says() -> None:
    given = use("rituximab", "2024-09-01")
    assert verdict("mil62", "EC1", given) == "person 2025-03-02"
    assert verdict("mil62", "EC1", given, use("b_cells_normal", "2024-12-05")) == "admissible"
    assert verdict("mil62", "EC1", given, use("b_cells_normal", "2024-12-20")) == "not-until 2024-12-20"
    assert verdict("mil62", "EC1", given, use("b_cells_normal", "2024-08-20")) == "person 2025-03-02"


def test_a_short_use_is_excepted() -> None:
    assert verdict("mil62", "EC3", use("azathioprine", "2024-12-20", "2024-12-26")) == "admissible"
    assert verdict("mil62", "EC3", use("azathioprine", "2024-12-20", "2024-12-27")) == "not-until 2025-01-28"


def test_half_lives_are_rounded_up_and_more_than_is_strict() -> None:
    hours = {"azathioprine": Fraction(5, 24)}  # 25 hours are two days
    assert verdict("mil62-phase1b", "EC3", use("azathioprine", "2025-01-04"), half_lives=hours) == "not-until 2025-01-07"
    assert verdict("mil62-phase1b", "EC3", use("azathioprine", "2025-01-03"), half_lives=hours) == "admissible"
    assert verdict("mil62-phase1b", "EC3", use("azathioprine", "2024-01-03")) == "needs"


def test_the_longer_of_two() -> None:
    forty = {"Rituximab": Fraction(40)}  # 200 days: longer than six months
    assert verdict("bat4406f", "EC1", use("rituximab", "2024-06-20"), half_lives=forty) == "not-until 2025-01-07"
    assert verdict("bat4406f", "EC1", use("rituximab", "2024-06-19"), half_lives=forty) == "admissible"
    assert verdict("bat4406f", "EC1", use("ocrelizumab", "2024-07-06")) == "not-until 2025-01-07"
    assert verdict("bat4406f", "EC1", use("ocrelizumab", "2024-07-05")) == "needs"


def test_what_no_kind_has_is_for_a_person() -> None:
    assert verdict("bat4406f", "EC1", use("drug Q", "2024-12-01")) == "person"
    assert verdict("bat4406f", "EC4", use("drug Q", "2024-12-01")) == "person"
    assert verdict("bat4406f", "EC4", use("drug Q", "2024-11-01")) == "admissible"
    assert verdict("bat4406f", "EC4", use("azathioprine", "2024-12-01")) == "admissible"


def test_of_a_run_that_may_be_one_the_part_with_the_unknown_half_life_counts_too() -> None:
    clock = NotWithin(("azathioprine",), Reach(Offset(months=1), 5, longer=False), "first dose", longer_than=7)
    past = Past((use("azathioprine", "2024-08-31", "2024-10-14"), use("drug Q", "2024-08-01", "2025-01-29")), told=True)
    made = reckon(Criterion("EC1", "", clock), Criteria(), past, {"azathioprine": Fraction(5, 24)}, ())
    assert [made.on(dt.date(2025, 2, n)) for n in (27, 28)] == ["person", "person"]
    assert made.on(dt.date(2025, 3, 1)) == "admissible"


def test_at_the_end_of_all_days_there_is_no_further_one() -> None:
    study, periods = plan_of("mil62")
    past = Past((use("rituximab", "9999-12-31"),), told=True)
    assert clocks_of(study, periods[0], past).earliest(Days(dt.date.max)).day_1 is None


def test_other_adds_nothing_before_a_kind_or_a_word_of_a_criterion() -> None:
    criteria = Criteria(kinds=(Kind("other biologic", ("tocilizumab",)), Kind("depleter", ("rituximab",))))
    assert criteria.means("biologic", "tocilizumab") and criteria.means("Other biologic", "tocilizumab")
    assert criteria.means("Other  depleter", "rituximab") and not criteria.means("Other depleter", "tocilizumab")


def test_what_is_not_known_admits_nobody() -> None:
    blank = Had("azathioprine", dt.date(2023, 1, 1), None)
    assert verdict("bat4406f", "EC3", blank) == "needs"
    assert verdict("bat4406f", "EC3", Had("azathioprine", None, None)) == "needs"
    assert verdict("bat4406f", "EC3", Had("azathioprine", None, dt.date(2024, 10, 5))) == "admissible"
    assert verdict("bat4406f", "EC3", Had("azathioprine", dt.date(2023, 1, 1), None, ongoing=True)) == "not-until"
    study, periods = plan_of("bat4406f")
    assert (
        clocks_of(study, periods[0], Past()).answer(clocks_of(study, periods[0], Past()).clocks[5], Days(SCREENING, DAY_1)).verdict
        == "needs"
    )


def test_the_case_that_the_project_set_itself() -> None:
    past = Past(
        (
            use("rituximab", "2024-09-01"),
            Had("azathioprine", None, dt.date(2024, 11, 20)),
            use("inactivated COVID-19 vaccine", "2024-12-20"),
            use("relapse", "2024-10-30"),
        ),
        told=True,
    )
    study, periods = plan_of("bat4406f")
    found = clocks_of(study, periods[0], past).earliest(Days())
    assert (found.day_1, found.screening) == (dt.date(2025, 3, 2), dt.date(2025, 2, 2))
    assert found.day_1_held_by == ("EC1", "EC2-antibody")
    study, periods = plan_of("mil62")
    found = clocks_of(study, periods[0], past).earliest(Days())
    assert (found.day_1, found.screening, found.held_by) == (dt.date(2025, 3, 2), dt.date(2025, 3, 2), ("EC1",))


def test_months_do_not_invert() -> None:
    criterion = Criterion("X", "", NotWithin(("X",), Reach(Offset(0, 6)), "first dose"))
    clock = reckon(criterion, Criteria(), Past((use("X", "2024-08-31"),), told=True), {}, ())
    assert clock.free_from(dt.date(2025, 1, 1)) == dt.date(2025, 3, 1)


# --- against the reckoning day by day ------------------------------------------------------------------------------------

UNITS = {"day": Offset(1), "week": Offset(7), "month": Offset(0, 1), "year": Offset(0, 12)}
BACKS = st.one_of(
    st.tuples(st.integers(1, 60), st.just("day")), st.tuples(st.integers(1, 8), st.just("week")),
    st.tuples(st.integers(1, 7), st.just("month")), st.tuples(st.just(1), st.just("year")),
)  # fmt: skip
ENDS = [dt.date(2024, 1, 29), dt.date(2024, 2, 29), dt.date(2024, 8, 31), dt.date(2023, 11, 30), dt.date(2024, 12, 31)]
DATES = st.one_of(st.sampled_from(ENDS), st.dates(dt.date(2023, 10, 1), dt.date(2025, 1, 31)))
USES = st.lists(st.tuples(DATES, st.integers(0, 40)), min_size=1, max_size=4)


def clock_of(rule: oracle.Rule, uses: list[tuple[dt.date, dt.date]]) -> Clock:
    length = next((UNITS[unit].times(n) for n, unit in rule.backs[:1]), None)
    half = rule.backs[1][0] if len(rule.backs) > 1 else 0
    clock = NotWithin(
        ("X",), Reach(length, 1 if half else 0, rule.longest), "first dose", longer_than=rule.more_than_in_a_row,
        unless=Unless(days=rule.short_use) if rule.short_use else None, strict=rule.at_the_edge,
    )  # fmt: skip
    past = Past(tuple(Had("X", first, last) for first, last in uses), told=True)
    return reckon(Criterion("X", "", clock), Criteria(), past, {"x": Fraction(half)}, ())


@st.composite
def rules(draw: st.DrawFn) -> oracle.Rule:
    backs = [draw(BACKS)] + ([(draw(st.integers(1, 200)), "day")] if draw(st.booleans()) else [])
    in_a_row = draw(st.sampled_from([(0, 0), (0, 0), (21, 0), (3, 0), (0, 7)]))
    return oracle.Rule(tuple(backs), draw(st.booleans()), draw(st.booleans()), *in_a_row)


@examples(50)
@given(rules(), USES, DATES)
def test_each_day_is_barred_as_the_second_reckoning_says(rule: oracle.Rule, drawn: list[tuple[dt.date, int]], day: dt.date) -> None:
    uses = [(first, first + n * DAY) for first, n in drawn]
    clock = clock_of(rule, uses)
    for anchor in (day + n * DAY for n in range(0, 420, 31)):
        assert clock.bars(anchor) == oracle.is_barred(rule, uses, anchor), anchor
    free = oracle.first_possible(rule, uses, day)
    assert clock.free_from(day) == free
    for edge in (free - DAY, free, free + DAY):
        assert clock.bars(edge) == oracle.is_barred(rule, uses, edge)


@examples(50)
@given(BACKS, st.booleans(), DATES)
def test_the_last_admissible_day_passes_and_the_next_one_fails(back: tuple[int, str], strict: bool, anchor: dt.date) -> None:
    rule = oracle.Rule((back,), at_the_edge=strict)
    first = oracle.back(anchor, *back) + (0 if strict else 1) * DAY
    assert not clock_of(rule, [(first - DAY, first - DAY)]).bars(anchor)
    assert clock_of(rule, [(first, first)]).bars(anchor)
    assert clock_of(rule, [(anchor, anchor)]).bars(anchor)
    assert not clock_of(rule, [(anchor + DAY, anchor + DAY)]).bars(anchor)


@examples(50)
@given(st.lists(DATES, max_size=5), st.lists(st.tuples(st.integers(1, 3), BACKS), min_size=1, max_size=2), DATES)
def test_events_are_counted_as_the_second_reckoning_does(
    events: list[dt.date], counts: list[tuple[int, tuple[int, str]]], day: dt.date
) -> None:  # fmt: skip
    separate = sorted(set(events))
    any_of = tuple(Times(number, UNITS[unit].times(n)) for number, (n, unit) in counts)
    past = Past(tuple(Had("relapse", date, date) for date in separate), told=True)
    clock = reckon(Criterion("X", "", Counted("relapse", any_of, "screening")), Criteria(), past, {}, ())
    for anchor in (day + n * DAY for n in range(0, 420, 11)):
        assert (clock.on(anchor) == "admissible") == oracle.enough(separate, counts, anchor), anchor


@examples(25)
@given(rules(), rules(), USES, USES, DATES, st.sampled_from([(28, 1), (5, 0), None]))
def test_the_earliest_pair_is_the_first_that_is_tried(
    of_screening: oracle.Rule, of_day_1: oracle.Rule, at_screening: list[tuple[dt.date, int]], on_day_1: list[tuple[dt.date, int]],
    begin: dt.date, tie: tuple[int, int] | None,
) -> None:  # fmt: skip
    uses = [[(first, first + n * DAY) for first, n in drawn] for drawn in (at_screening, on_day_1)]
    one, two = clock_of(of_screening, uses[0]), clock_of(of_day_1, uses[1])
    assert isinstance(one.criterion.clock, NotWithin)
    screened = NotWithin(**{name: getattr(one.criterion.clock, name) for name in NotWithin.__struct_fields__} | {"anchor": "screening"})
    one = Clock(Criterion("S", "", screened), one.blocks)
    tied = Tied(Offset(-tie[0]), Offset(-tie[1]), "tied") if tie is not None else Tied()
    found = Clocks((one, two), Past(told=True), tied, True).earliest(Days(screening=begin))
    may_be_screened = functools.cache(lambda day: not oracle.is_barred(of_screening, uses[0], day))
    day_1 = begin
    while True:
        first, last = (day_1 - tie[0] * DAY, day_1 - tie[1] * DAY) if tie is not None else (begin, day_1)
        days = [first + n * DAY for n in range((last - first).days + 1) if first + n * DAY >= begin]
        screening = next((day for day in days if may_be_screened(day)), None)
        if screening is not None and not oracle.is_barred(of_day_1, uses[1], day_1):
            break
        day_1 += DAY
    assert (found.screening, found.day_1) == (screening, day_1)
