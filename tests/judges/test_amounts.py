"""The amounts of plans against a second reckoning of them."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing import Event, Measurement, Record, Subject, Weight
from nmosd_dosing.dose.dose import Sex
from nmosd_dosing.plans.plan import Administration
from tests.judges import oracle_amounts as oracle
from tests.kit.dates import START
from tests.kit.studies import examples
from tests.kit.worked import planned, product, visits

grams = st.one_of(st.none(), st.integers(3_000, 200_000))
heights = st.one_of(st.none(), st.integers(1_300, 2_100), st.sampled_from([1523, 1524, 1778]))
sexes: st.SearchStrategy[Sex | None] = st.sampled_from(["M", "F", None])
numbers = st.integers(1, 400).map(lambda n: Fraction(n, 20))
formulas = st.sampled_from(["Mosteller", "Du Bois", "Haycock", "Boyd"])
steps = st.sampled_from(["", "0.1", "0.01", "0.001"])
ways = st.sampled_from(["up", "down", "half even"])


def number(value: Fraction) -> str:
    return f"{float(value):.10g}"


def person(kg: int | None, mm: int | None, sex: Sex | None, *weights: Weight) -> Subject:
    tall = None if mm is None else mm / 10
    return Subject(START, weight_kg=None if kg is None else kg / 1000, height_cm=tall, sex=sex, weights=weights)


def told(a: Administration) -> tuple[float | None, float | None, float | None, str]:
    return a.amount, a.amount_from, a.amount_to, a.amount_status


@examples(150)
@given(
    numbers, st.one_of(st.none(), numbers), st.sampled_from(["", "kg", "m2"]), st.sampled_from(["", "ideal", "adjusted"]), grams, heights,
    sexes, st.one_of(st.none(), st.integers(1, 40)), ways, st.one_of(st.none(), st.sampled_from([5, 50])), formulas, steps,
)  # fmt: skip
def test_one_dose(
    low: Fraction, more: Fraction | None, per: str, by: str, kg: int | None, mm: int | None, sex: Sex | None, most: int | None, way: str,
    step: int | None, formula: str, to: str,
) -> None:  # fmt: skip
    high = low + more if more is not None else None
    cap = None if most is None else Fraction(most * (step or 25))  # a multiple of the step, else the file is refused
    rule = f"amount: {number(low)}{f' to {number(high)}' if high else ''} mg{f'/{per}' if per else ''}"
    rule += f", at most: {cap} mg" if cap else ""
    rule += f", round: {way} to {step} mg" if step else ""
    by = by if per == "kg" else ""
    rule += f", weight: {by} (Devine)" if by else ""
    rule += f", surface: {formula}{f' to {to} m2' if to else ''}" if per == "m2" else ""
    made = planned(visits("at: D1, give: X r", products=product("doses:", f"  r: {{{rule}}}")), person(kg, mm, sex))
    wanted = oracle.dose(low, high, per, by, (kg, mm, sex), cap, way, Fraction(step) if step else None, formula, to)
    found = told(made.visits[0].administrations[0])
    assert found == tuple(float(each) if isinstance(each, Fraction) else each for each in wanted), rule


AGES = st.one_of(st.none(), st.integers(0, 30))


@examples(100)
@given(
    st.lists(st.integers(0, 25), min_size=1, max_size=5, unique=True).map(sorted), st.booleans(), st.data(), AGES, grams,
    st.one_of(st.none(), st.integers(1, 60)),
)  # fmt: skip
def test_bands_by_age(edges: list[int], open_end: bool, data: st.DataObject, years: int | None, kg: int | None, most: int | None) -> None:
    ends = [*edges[1:], None] if open_end else edges[1:]
    bands, lines = [], []
    for low, high in zip(edges, ends, strict=open_end):
        mg, per = data.draw(st.one_of(st.none(), numbers)), data.draw(st.sampled_from(["", "kg"]))
        unit = data.draw(st.sampled_from(["", " years"]))
        wholes = data.draw(st.booleans())  # 11 belongs to `6 to 11`, as to `6 to <12`
        upper = "" if high is None else f" to {high - 1}" if wholes else f" to <{high}"
        key = f"{low}{unit} or more" if high is None else f"{low}{upper}{unit}"
        lines.append(f"{key}: " + ("not stated" if mg is None else f"{number(mg)} mg{'/kg' if per else ''}"))
        bands.append((low, high, mg, per))
    if all(mg is None for _, _, mg, _ in bands):
        return
    rule = f"{{by: age, bands: {{{', '.join(lines)}}}{f', at most: {most} mg' if most else ''}}}"
    who = Subject(START, weight_kg=None if kg is None else kg / 1000, age=years)
    found = planned(visits("at: D1, give: X r", products=product("doses:", f"  r: {rule}")), who).visits[0].administrations[0]
    wanted, status = oracle.by_age(bands, years, kg, None if most is None else Fraction(most))
    assert (found.amount, found.amount_status) == (None if wanted is None else float(wanted), status), rule


MEASURED = st.lists(
    st.tuples(st.integers(-20, 70), st.one_of(st.integers(0, 100), st.integers(0, 1000).map(lambda n: n / 10))),
    max_size=5,
    unique_by=lambda m: m[0],
)


@examples(150)
@given(
    st.lists(st.integers(0, 900).map(lambda n: Fraction(n, 10)), min_size=2, max_size=5, unique=True).map(sorted), st.booleans(),
    st.data(), MEASURED, grams, st.one_of(st.none(), st.integers(1, 60)), st.one_of(st.none(), st.integers(20, 40)),
)  # fmt: skip
def test_bands_by_a_value(
    edges: list[Fraction],
    open_end: bool,
    data: st.DataObject,
    told: list[tuple[int, float]],
    kg: int | None,
    most: int | None,
    actual: int | None,
) -> None:
    ends = [*edges[1:], None] if open_end else edges[1:]
    bands, lines = [], []
    for low, high in zip(edges, ends, strict=open_end):
        mg, per = data.draw(st.one_of(st.none(), numbers)), data.draw(st.sampled_from(["", "kg"]))
        with_high = high is not None and high == ends[-1] and data.draw(st.booleans())
        key = f"{number(low)} or more" if high is None else f"{number(low)} to {'' if with_high else '<'}{number(high)}"
        lines.append(f"{key}: " + ("not stated" if mg is None else f"{number(mg)} mg{'/kg' if per else ''}"))
        bands.append((low, high, with_high, mg, per))
    if all(mg is None for *_, mg, _ in bands):
        return
    rule = f"{{by: eGFR, bands: {{{', '.join(lines)}}}{f', at most: {most} mg' if most else ''}}}"
    body = "values: {eGFR: mL/min}\n" + visits('at: "D1, D29, D57", give: X r', products=product("doses:", f"  r: {rule}"))
    days = [START, START + dt.timedelta(28 if actual is None else actual), START + dt.timedelta(56)]
    measured = tuple(Measurement("eGFR", START + dt.timedelta(after), value) for after, value in told)
    records = (Record("D29", days[1]),) if actual is not None else ()
    made = planned(
        body, Subject(START, weight_kg=None if kg is None else kg / 1000, measurements=measured, records=records), allow_deviation=True
    )
    exact = [(m.date, Fraction(str(m.value))) for m in measured]
    for visit, day in zip(made.visits, days, strict=True):
        found = visit.administrations[0]
        wanted, status, value = oracle.by_value(bands, exact, day, kg, None if most is None else Fraction(most))
        assert (found.amount, found.amount_status) == (None if wanted is None else float(wanted), status), (rule, day)
        assert found.by_value is not None and found.by_value.value == (None if value is None else float(value))


@examples(60)
@given(st.integers(1, 20), st.integers(1, 8), st.integers(1, 5), st.integers(1, 10), st.booleans(), st.integers(0, 30))
def test_tapers(last: int, times: int, by: int, days: int, of_event: bool, after: int) -> None:
    first = last + times * by
    text = f"X {first} mg daily, reduced by {by} mg every {days} days until {last} mg"
    relapse = START + dt.timedelta(40)
    at, begins = (f"relapse + {after} days", relapse + dt.timedelta(after)) if of_event else ("D1", START)
    body = visits(f'at: {at}, give: "{text}"')
    who = Subject(START, events=(Event("relapse", relapse),) if of_event else ())
    rows = [(v.target, v.last or v.target, v.administrations[0]) for v in planned(body, who).visits]
    wanted = list(oracle.taper(Fraction(first), Fraction(by), Fraction(last), days, begins))
    assert [(begin, end, a.amount) for begin, end, a in rows] == [(begin, end, float(mg)) for begin, end, mg in wanted]
    assert rows[-1][2].cumulative == float(sum(mg * days for *_, mg in wanted))


@examples(60)
@given(
    st.integers(30_000, 120_000),
    st.lists(st.tuples(st.integers(1, 150), st.integers(30_000, 120_000)), max_size=4, unique_by=lambda pair: pair[0]),
    st.sets(st.sampled_from([0, 28, 56, 84, 112]), min_size=1),
)
def test_weights_that_are_renewed_at_visits(baseline: int, later: list[tuple[int, int]], renewals: set[int]) -> None:
    days = ", ".join(f"D{n + 1}" for n in sorted(renewals))
    body = visits("at: [D1, D29, D57, D85, D113], give: X 10 mg/kg", products=product(f'weight: "at {days}"'))
    weighed = [(START + dt.timedelta(day), kg) for day, kg in later]
    made = planned(body, person(baseline, None, None, *(Weight(date, kg / 1000) for date, kg in weighed)))
    on = [START + dt.timedelta(n) for n in sorted(renewals)]
    for visit in made.visits:
        assert visit.target is not None
        assert visit.administrations[0].amount == oracle.renewed(baseline, weighed, on, visit.target) / 100
