"""A lifetime's cap is held in the order of days, counts what was given before and beside, and is told where it was passed."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing import Cohort, Subject, Weight, expand
from nmosd_dosing.dose.dose import LifetimeCap
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.schedule.doses.lifetime_caps import in_words
from nmosd_dosing.subjects.subject import Exposure
from tests.kit.cases import columns
from tests.kit.dates import START, day
from tests.kit.somebody import done, dose, made, notes, recorded
from tests.kit.studies import examples
from tests.kit.worked import HEAD, person, planned, product, shown, visits

# Every 3 weeks; 60 kg and 170 cm are 1.6833 m2.
CAPS = """
    cap         dose        earlier     times  given
    140 mg/m2   12 mg/m2    -           13     11
    140 mg/m2   12 mg/m2    40 mg/m2    13     8
    140 mg/m2   12 mg/m2    8 mg/m2     13     11
    140 mg/m2   12 mg/m2    8.001 mg/m2  13    10
    144 mg/m2   12 mg/m2    -           13     12
    143.9 mg/m2  12 mg/m2   -           13     11
    30 mg/kg    10 mg/kg    -           4      3
    30 mg/kg    10 mg/kg    0.1 mg/kg   4      2
    30 mg/kg    600 mg      -           4      3
    1800 mg     10 mg/kg    -           4      3
    1.8 g       600 mg      -           4      3
    1799 mg     600 mg      -           4      2
    1800 mg     600 mg      1 mg        4      2
    1000 mg     1001 mg     -           1      0
"""


@pytest.mark.parametrize("row", columns(CAPS), ids=lambda r: " ".join(r.values()))
def test_lifetime_caps(row: dict[str, str]) -> None:
    earlier: tuple[Exposure, ...] = ()
    if row["earlier"] != "-":
        number, _, unit = row["earlier"].partition(" ")
        mg, _, per = unit.partition("/")
        earlier = (Exposure("X", Fraction(number), mg, per),)  # type: ignore[arg-type]
    body = visits(
        f"at: D1, cycle: 'every 21 days, {max(2, int(row['times']))} cycles', give: X {row['dose']}",
        products=product(f"lifetime at most: {row['cap']}"),
    )
    made = planned(body, person(60, 170, earlier=earlier))
    statuses = [a.amount_status for v in made.visits for a in v.administrations]
    given = int(row["given"])
    assert statuses == ["stated"] * given + ["refused"] * (len(statuses) - given)
    last = made.visits[-1].administrations[0]
    assert (last.amount, last.total) == (None, None)
    assert last.cumulative == pytest.approx(sum(a.total or 0 for v in made.visits for a in v.administrations))
    assert [note.visits for note in made.notes if note.code == "refused"] == [(v.id,) for v in made.visits[given:]]


def test_a_smaller_dose_may_still_fit_under_a_lifetime_cap() -> None:
    body = visits(
        "at: D1, give: X 600 mg", "at: D2, give: X 500 mg", "at: D3, give: X 400 mg", products=product("lifetime at most: 1000 mg")
    )
    assert [shown(v.administrations[0]) for v in planned(body, person()).visits] == ["600 mg", "refused", "400 mg"]


CAPPED = """products: {Y: {lifetime at most: 1000 mg}}
periods:
  main:
    visits:
      - {at: "D1, then every 4 weeks, 3 more times", give: Y 200 mg}
      - {at: relapse to relapse + 1 day, give: Y 150 mg daily}
"""


def test_a_lifetimes_cap_is_held_in_the_order_of_days() -> None:
    """200 on D1, 300 after the relapse, 200 on D29 and on D57: 900; D85 would make 1100."""
    found = made(CAPPED, events=(("relapse", "2025-01-10"),))
    status = {v.label: dose(found, v.label).amount_status for v in found.visits}
    assert status == {"D1": "stated", "relapse to relapse+1d": "stated", "D29": "stated", "D57": "stated", "D85": "refused"}
    assert notes(found, "refused") == ["Y on main/D85 is refused: with it the total would be 1100 mg, and the cap is 1000 mg"]
    assert found.visits[-1].administrations[0].cumulative == 900


def test_what_was_given_counts_under_a_lifetimes_cap() -> None:
    """100 before, 200 on D1 and 300 after the relapse, recorded: D29 and D57 make 1000, and D85 is refused."""
    given = (done("D1", "2025-01-06"), done("relapse to relapse+1d", "2025-01-10"))
    found = made(CAPPED, *given, events=(("relapse", "2025-01-10"),), earlier=(Exposure("Y", Fraction(100), "mg"),))
    assert [v.label for v in found.visits if dose(found, v.label).amount_status == "refused"] == ["D85"]


def test_a_cap_that_was_passed_is_told() -> None:
    given = tuple(done(label, date, "600", "mg") for label, date in (("D1", "2025-01-06"), ("D29", "2025-02-03")))
    found = made(CAPPED, *given)
    assert "the cap of 1000 mg of Y is passed by what was given: 1200 mg" in notes(found, "lifetime")


def test_a_cap_counts_a_dose_that_was_given_beside_an_examination() -> None:
    """300 on D1 and, with an MRI, on D8: 600 of 500; D15 is refused."""
    text = """products: {X: {lifetime at most: 500 mg}}
periods: {main: {visits: [{at: D1, give: X 300 mg}, {at: D8, give: X 300 mg, assess: MRI}, {at: D15, give: X 200 mg}]}}
"""
    found = made(text, done("D1", "2025-01-06"), done("D8", "2025-01-13"))
    assert [dose(found, v.label).amount_status for v in found.visits] == ["stated", "stated", "refused"]
    assert "the cap of 500 mg of X is passed by what was given: 600 mg" in notes(found, "lifetime")


SOME_DAY = """products: {X: {lifetime at most: CAP}}
periods: {main: {visits: [{at: D1, give: X 300 mg}, {at: not stated, name: some day, give: X 300 mg}, {at: D29, give: X 300 mg}]}}
"""


@pytest.mark.parametrize(("beside", "cap", "refused"), [
    ("2025-01-20", "1200 mg", []),
    ("2025-01-20", "1199 mg", ["X on main/some day is refused: with it the total would be 1200 mg, and the cap is 1199 mg"]),
    ("2025-03-01", "1199 mg", ["X on main/some day is refused: with it the total would be 1200 mg, and the cap is 1199 mg"]),
])  # fmt: skip
def test_a_dose_without_a_stated_day_is_the_last_that_a_cap_counts(beside: str, cap: str, refused: list[str]) -> None:
    """300 on D1, 300 beside the plan, 300 on D29: then there is room for 300 more, or not."""
    found = made(SOME_DAY.replace("CAP", cap), done("D1", "2025-01-06"), done("unscheduled", beside, "300", "mg", product="X"))
    assert notes(found, "refused") == refused


def test_a_visit_that_was_missed_passes_no_cap() -> None:
    """That 1200 mg were given of 1000 is told of D29, and not of D57, on which nothing was."""
    text = "products: {X: {lifetime at most: 1000 mg}}\nperiods: {main: {visits: [{at: 'D1, D29, D57', give: X 600 mg}]}}\n"
    found = made(text, done("D1", "2025-01-06"), done("D29", "2025-02-03"), done("D57", "2025-03-03", status="missed"))
    assert [(note.message, note.visits) for note in found.notes if note.code == "lifetime"][1:] == [
        ("the cap of 1000 mg of X is passed by what was given: 1200 mg", ("main/D29",))
    ]


@examples(100)
@given(
    shares=st.lists(st.integers(1, 5000), min_size=1, max_size=7),
    grams=st.lists(st.integers(3_000, 150_000), min_size=7, max_size=7),
    per=st.sampled_from(("", "/kg")),
    off=st.sampled_from((-1, 0, 1)),
    had=st.sampled_from(("0", "0.000001", "12.5")),
)
def test_a_dose_that_just_reaches_a_cap_is_given_and_one_unit_more_is_not(
    shares: list[int], grams: list[int], per: str, off: int, had: str
) -> None:
    """Doses of thousandths of a mg per kg of the day's weight add up to the cap, to a millionth of a mg more, or less."""
    by = grams if per else [1_000_000] * 7
    doses = [Fraction(share * kg, 1_000_000) for share, kg in zip(shares, by, strict=False)]
    doses[-1] += Fraction(off, 1_000_000)
    cap = Fraction(sum(shares), 1000) * (1 if per else 1000) + Fraction(had)
    body = visits(
        *(f"at: D{n + 1}, give: X {float(dose):.6f} mg" for n, dose in enumerate(doses)),
        products=product("weight: latest", f"lifetime at most: {float(cap):.6f} mg{per}"),
    )
    weights = tuple(Weight(day(f"2025-01-{6 + n:02}"), kg / 1000) for n, kg in enumerate(grams) if n)
    before = (Exposure("X", Fraction(had), "mg", per[1:]),) if had != "0" else ()  # type: ignore[arg-type]
    found = [
        a.amount_status for v in planned(body, person(grams[0] / 1000, weights=weights, earlier=before)).visits for a in v.administrations
    ]
    assert found == ["stated"] * (len(doses) - 1) + ["refused" if off > 0 else "stated"]


def test_a_cap_that_is_just_reached_by_thirds() -> None:
    """Six times 100 mg at 60 kg are 10 mg/kg: no dose is refused."""
    body = visits("at: D1, cycle: 'every 7 days, 6 cycles', give: X 100 mg", products=product("lifetime at most: 10 mg/kg"))
    assert {a.amount_status for v in planned(body, person(60)).visits for a in v.administrations} == {"stated"}


def test_what_is_just_above_a_cap_is_told_so() -> None:
    cap = LifetimeCap(Fraction(1), "mg", "kg", "1 mg/kg")
    told = {total: in_words(total, cap) for total in (0.9999999999, 1.0, 1.0000000001, 1.0000004, 1.0000006, 2.5)}
    assert [*told.values()] == ["1 mg/kg", "1 mg/kg", "just above 1 mg/kg", "just above 1 mg/kg", "1.000001 mg/kg", "2.5 mg/kg"]


@pytest.mark.parametrize(
    ("cap", "given", "beside", "kept"),
    [
        ("1800 mg", "600 mg", "600 mg", 2), ("1800 mg", "600 mg", "1 mg", 2), ("1801 mg", "600 mg", "1 mg", 3),
        ("1.8 g", "600 mg", "0.6 g", 2),
        ("30 mg/kg", "10 mg/kg", "600 mg", 2), ("30.1 mg/kg", "10 mg/kg", "6 mg", 3), ("30.1 mg/kg", "10 mg/kg", "6.1 mg", 2),
        ("140 mg/m2", "12 mg/m2", "13.4 mg", 11), ("140 mg/m2", "12 mg/m2", "13.5 mg", 10), ("140 mg/m2", "12 mg/m2", "101 mg", 6),
    ],
)  # fmt: skip
def test_a_dose_beside_the_visits_counts_for_one_s_own_body(cap: str, given: str, beside: str, kept: int) -> None:
    """60 kg and 170 cm are 1.6833 m2: 13.4 mg are 7.96 mg/m2, and 13.5 mg 8.02."""
    entry = f"{{at: D1, cycle: 'every 21 days, 13 cycles', give: X {given}}}"
    body = f"products: {{X: {{lifetime at most: {cap}}}}}\nperiods: {{p: {{visits: [{entry}]}}}}\n"
    amount, unit = beside.split()
    found = made(body, done("unscheduled", "2025-01-10", amount, unit, product="X"), weight_kg=60, height_cm=170)
    statuses = [a.amount_status for v in found.visits if v.label != "unscheduled" for a in v.administrations]
    assert statuses == ["stated"] * kept + ["refused"] * (13 - kept)


@pytest.mark.parametrize(("beside", "kept"), [("", 10), ("100 mg", 9), ("99.999 mg", 9), ("100.001 mg", 8), ("1000 mg", 0)])
def test_what_one_had_beside_the_visits_counts_for_nobody_else(beside: str, kept: int) -> None:
    """Up to 1000 mg, 100 mg at a time from D8 on: ten doses for whoever had none beside them, to the milligram."""
    text = visits("at: 'D8, then every 7 days, 11 more times', give: X 100 mg", products="products: {X: {lifetime at most: 1000 mg}}\n")
    records = recorded(f"unscheduled 01-10 X {beside}" if beside else "")
    people = [Subject(START), Subject(START, records=records), Subject(START)]
    found = by_subject(expand(read_study_text(HEAD + text)[0], Cohort.of_subjects(people, ())))
    given = [sum(dose.status.text == "stated" for visit in of.visits for dose in visit.doses) for of in found]
    assert given == [10, kept, 10]
