"""Random rules of doses, people at the edges of the rules, and both as the program's."""

from __future__ import annotations

import datetime as dt
import itertools
from fractions import Fraction
from typing import Any, Literal

import pytest
from hypothesis import currently_in_test_context, note
from hypothesis import strategies as st

from nmosd_dosing import Plan, Study, Subject
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.subjects.subject import Event, Exposure, Weight
from tests.judges import oracle_doses as oracle
from tests.judges.oracle import Length
from tests.judges.oracle_doses import Amount, Entry, Give, Person, Product, Range, Rule
from tests.kit import studies

VIALS = (("120", "400"), ("100",), ("50", "200"), ("10", "16"), ("2.5",))
HOURS = {1: ("08:00",), 2: ("08:00", "20:00"), 3: ("06:00", "14:00", "22:00"), 4: ("00:00", "06:00", "12:00", "18:00")}

# --- rules --------------------------------------------------------------------------------------------------------------


amounts = st.sampled_from(
    [
        *(Amount(n) for n in ("500", "2400", "12.5", "1000")),
        *(Amount(n, per="kg") for n in ("10", "8", "0.3", "7.7", "1.25")),
        *(Amount(n, per="m2") for n in ("375", "12", "30", "0.75")),
    ]
)
edges = st.sampled_from((40_000, 50_000, 60_000, 66_600, 80_500, 100_000)) | st.integers(30_000, 150_000)


@st.composite
def bands(draw: st.DrawFn, amounts: st.SearchStrategy[Amount]) -> tuple[tuple[Range, Amount | None], ...]:
    """Bands that adjoin: what is not in the one is in the next."""
    at = sorted(draw(st.sets(edges, min_size=1, max_size=3).filter(lambda kg: all(b - a > 1 for a, b in itertools.pairwise(sorted(kg))))))
    joints: list[tuple[int | None, bool]] = [(edge, draw(st.booleans())) for edge in at]
    open_below, open_above = draw(st.booleans()), draw(st.booleans())
    if open_below or len(at) == 1:
        joints.insert(0, (None, True))
    if open_above or len(joints) < 2:
        joints.append((None, True))
    return tuple(
        (Range(low, low_in, high, not high_in), draw(amounts | st.none() if i and draw(st.booleans()) else amounts))
        for i, ((low, low_in), (high, high_in)) in enumerate(itertools.pairwise(joints))
    )


@st.composite
def ranges(draw: st.DrawFn) -> Range:
    low, high = sorted(draw(st.sets(edges, min_size=2, max_size=2).filter(lambda kg: max(kg) - min(kg) > 1)))
    return draw(
        st.sampled_from(
            [Range(low, i, high, j) for i in (True, False) for j in (True, False)]
            + [Range(None, True, high, i) for i in (True, False)]
            + [Range(low, i, None, True) for i in (True, False)]
        )
    )


@st.composite
def rules(draw: st.DrawFn, vials: tuple[Amount, ...]) -> Rule:
    amount: Amount | None = None
    banded: tuple[tuple[Range, Amount | None], ...] = ()
    if draw(st.booleans()):
        amount = draw(amounts)
    else:
        banded = draw(bands(amounts))
    per = [a.per for a in (amount, *(a for _, a in banded)) if a is not None]
    how: Literal["up", "down", "half even"] | None = draw(st.sampled_from((None, "up", "down", "half even")))
    step = None
    if how is not None:
        step = draw(st.sampled_from((Amount("50"), Amount("10"), Amount("0.5"), Amount("0.1", "g"))))
        if vials and how != "half even" and draw(st.booleans()):
            step = None
    at_most = None
    if draw(st.booleans()) and all(per):  # a flat amount needs no cap
        many = draw(st.integers(1, 30))
        unit = step.mg if step is not None else vials[0].mg if how is not None else Fraction(50)
        most = Fraction(max(1, round(many * 50 / unit))) * unit
        at_most = Amount(f"{float(most):g}") if draw(st.booleans()) else Amount(f"{float(most / 1000):g}", "g")
    surface: Literal["Mosteller", "Du Bois"] | None = draw(st.sampled_from((None, "Mosteller", "Du Bois"))) if "m2" in per else None
    weights = draw(st.none() | ranges()) if amount is not None else None
    return Rule(amount, banded, at_most, how, step, surface, weights)


lifetimes = st.sampled_from((Amount("5000"), Amount("1.5", "g"), Amount("30", per="kg"), Amount("140", per="m2"), Amount("750", per="m2")))


@st.composite
def products(draw: st.DrawFn, name: str) -> Product:
    vials = tuple(Amount(n) for n in draw(st.sampled_from(VIALS))) if draw(st.booleans()) else ()
    made = {name: draw(rules(vials)) for name in ("loading", "rule-2")[: draw(st.integers(1, 2))]}
    weight: Literal["baseline", "latest"] | Fraction | None = draw(
        st.sampled_from((None, "baseline", "latest", Fraction(10), Fraction(5), Fraction(5, 2)))
    )
    return Product(name, made, vials, weight, draw(st.none() | lifetimes))


# --- visits -------------------------------------------------------------------------------------------------------------


@st.composite
def gives(draw: st.DrawFn, product: Product, course: bool) -> Give:
    what = draw(amounts | st.sampled_from((*product.rules, *product.rules, "placebo", "not stated")))
    daily = draw(st.integers(1, 4)) if course else None
    hours = HOURS[daily] if daily is not None and draw(st.booleans()) else ()
    return Give(product.name, what, daily, hours)


def with_last(draw: st.DrawFn, days: list[int], ends: list[int]) -> tuple[tuple[int, int | None], ...]:
    return tuple((day, draw(st.integers(day + 1, end - 1))) for day, end in zip(days, ends, strict=True))


@st.composite
def entries(draw: st.DrawFn, kind: str, product: Product, first_day: int) -> list[Entry]:
    """One entry or several of one product, of which no two doses fall on one day."""
    if kind == "taper":
        marks = sorted(draw(st.sets(st.integers(-30, 200), min_size=2, max_size=5)))
        made = []
        for day, end in zip(marks, [*marks[1:], marks[-1] + 40], strict=True):
            number, before = _number(day, first_day), _number(end - 1, first_day)
            course = end - day >= 2 and draw(st.booleans())
            made.append(Entry(((number, before if course else None),), (draw(gives(product, course)),)))
        return made
    if kind == "cycle":
        step = draw(st.sampled_from((Length(50, "days"), Length(4, "weeks"), Length(21, "days"), Length(6, "months"), Length(1, "months"))))
        count = draw(st.none() | st.integers(1, 6))
        if count == 1:
            count = 2
        marks = sorted(draw(st.sets(st.integers(0, 20), min_size=1, max_size=4)))
        course = draw(st.booleans())
        days: list[tuple[int, int | None]] = []
        for day, end in zip(marks, [*marks[1:], 21], strict=True):
            days.append((day + first_day, end - 1 + first_day if course and end - day >= 2 else None))
        if course:
            days = [d for d in days if d[1] is not None] or [(first_day, first_day + 4)]
        return [Entry(tuple(days), (draw(gives(product, course)),), (step, count))]
    event = draw(st.sampled_from(("relapse", "cd19_return")))
    first = draw(st.sampled_from((0, 0, 1, 5, 14)))
    if draw(st.booleans()):
        return [Entry(((first, first + draw(st.integers(1, 10))),), (draw(gives(product, True)),), None, event)]
    return [Entry(((first, None),), (draw(gives(product, False)),), None, event)]


def _number(offset: int, first_day: int) -> int:
    return offset + first_day if offset >= 0 else offset


@st.composite
def all_studies(draw: st.DrawFn) -> oracle.Study:
    first_day: Literal[0, 1] = draw(st.sampled_from((0, 1)))
    kinds = draw(st.lists(st.sampled_from(("taper", "taper", "cycle", "event")), min_size=1, max_size=3))
    made = [draw(products(name)) for name, _ in zip("XYZ", kinds, strict=False)]
    found = [entry for product, kind in zip(made, kinds, strict=True) for entry in draw(entries(kind, product, first_day))]
    if all(entry.event for entry in found):
        made.append(Product("W"))
        found.insert(0, Entry(((1, None),), (Give("W", Amount("10")),)))
    length = draw(st.none() | st.sampled_from((Length(52, "weeks"), Length(3, "years"))))
    if length is not None and (length.unit == "weeks" or any(e.cycle for e in found)):
        length = Length(4, "years") if all(e.cycle is None or e.cycle[1] for e in found) else None
    return oracle.Study(first_day, tuple(made), tuple(found), length)


# --- people at the edges ------------------------------------------------------------------------------------------------


def edges_of(study: oracle.Study, grams: int) -> set[int]:
    """Weights at which something changes: bands, ranges, caps, and the percentages from a weight."""
    found = {60_000, 102_500}
    for product in study.products:
        if isinstance(product.weight, Fraction):
            found |= {int(grams * (100 + sign * product.weight) / 100) for sign in (1, -1)}
        for rule in product.rules.values():
            found |= {edge for r in (rule.weights, *(b for b, _ in rule.bands)) if r for edge in (r.low, r.high) if edge is not None}
            if rule.at_most is not None:
                found |= {int(1000 * rule.at_most.mg / a.mg) for a in (rule.amount, *(a for _, a in rule.bands)) if a and a.per == "kg"}
    return {g for g in found if 2_000 <= g <= 400_000}


@st.composite
def people(draw: st.DrawFn, study: oracle.Study) -> Person:
    start = draw(studies.starts.filter(lambda day: day.year > 300))

    def a_weight(about: int) -> st.SearchStrategy[int]:
        at_an_edge = st.builds(int.__add__, st.sampled_from(sorted(edges_of(study, about))), st.sampled_from((-1, 0, 1)))
        return at_an_edge | st.integers(20_000, 200_000)

    grams = draw(st.none() | a_weight(70_000) if draw(st.integers(0, 5)) == 0 else a_weight(70_000))
    mm = draw(st.sampled_from((None, 1700, 1580, 1835)) | st.integers(500, 2500))
    doses = [row.target for row in oracle.days_of(study, Person(start), start + dt.timedelta(400))]
    near = st.builds(dt.date.__add__, st.sampled_from(doses or [start]), st.integers(-1, 1).map(dt.timedelta))
    dates = near | st.integers(1, 400).map(lambda n: start + dt.timedelta(n))
    weighed: dict[dt.date, int] = {}
    about = grams or 70_000
    for date in sorted(d for d in draw(st.sets(dates, max_size=4)) if d > start):
        about = weighed[date] = draw(a_weight(about))
    events = []
    for name in ("relapse", "cd19_return"):
        days = draw(st.sets(st.integers(-20, 500), max_size=3))
        events += [(name, start + dt.timedelta(n)) for n in days]
    if draw(st.integers(0, 3)) == 0:
        after = draw(st.sampled_from([max(start, d) for d in doses] or [start])) + dt.timedelta(draw(st.integers(0, 3)))
        events.append((draw(st.sampled_from(("treatment_stopped", "withdrawn", "died"))), after))
    person = Person(start, grams, mm, tuple(weighed.items()), (), tuple(events))
    earlier = []
    for product in study.products:
        if product.lifetime is not None and draw(st.booleans()):
            had = draw(st.sampled_from((Fraction(1), Fraction(40), product.lifetime.mg, product.lifetime.mg / 2)))
            earlier.append((product.name, Amount(f"{float(had):g}", "mg", product.lifetime.per)))
    return Person(start, grams, mm, tuple(weighed.items()), tuple(earlier), person.events)


@st.composite
def cases(draw: st.DrawFn) -> tuple[oracle.Study, Person, dt.date | None]:
    study = draw(all_studies())
    person = draw(people(study))
    until = draw(st.none() | st.integers(0, 900).map(lambda n: person.start + dt.timedelta(n)))
    return study, person, until


# --- field by field -----------------------------------------------------------------------------------------------------


def read(study: oracle.Study) -> Study:
    text = oracle.text_of(study)
    if currently_in_test_context():
        note(text)
    return read_study_text(text)[0]


def subject(person: Person) -> Subject:
    return Subject(
        person.start,
        weight_kg=None if person.grams is None else person.grams / 1000,
        height_cm=None if person.mm is None else person.mm / 10,
        weights=tuple(Weight(date, grams / 1000) for date, grams in person.weighed),
        earlier=tuple(Exposure(p, Fraction(a.number), a.unit, a.per) for p, a in person.earlier),
        events=tuple(Event(name, date) for name, date in person.events),
    )


def rows_of(made: Plan) -> list[tuple[Any, ...]]:
    return sorted(
        (
            (
                v.target, v.label, v.last, a.product, a.amount, a.amount_status, a.times, a.total, a.cumulative, a.cumulative_per_kg,
                a.weight_kg, a.weight_of, a.weight_status,
            )
            for v in made.visits
            for a in v.administrations
        ),
        key=lambda row: (row[0], row[1], row[3]),
    )  # fmt: skip


def found(study: oracle.Study, person: Person, reason: str | None, id: str) -> Any:
    return pytest.param(study, person, id=id, marks=pytest.mark.xfail(strict=True, reason=reason) if reason else ())
