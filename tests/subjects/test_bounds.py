"""Values are checked where they are made: whatever is given from Python, a mistake is an InputError that names the argument."""

from __future__ import annotations

import copy
import datetime as dt
import pickle
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing import (
    Cohort,
    DosingError,
    Entered,
    Event,
    Exposure,
    InputError,
    Problem,
    Record,
    RegimenError,
    Subject,
    Weight,
    Window,
    dose_table,
    expand,
    load,
    load_assumptions,
    plan,
    simulate,
)
from nmosd_dosing.errors import Document, Place
from nmosd_dosing.plans.request import Request
from nmosd_dosing.subjects.bounds import (
    Wrong,
    wrong_age,
    wrong_code,
    wrong_given,
    wrong_height,
    wrong_last,
    wrong_value,
    wrong_weight,
)  # fmt: skip

ROOT = next(folder for folder in Path(__file__).resolve().parents if (folder / "pyproject.toml").is_file())
BAT4406F = load("bat4406f")
TRIAL = load_assumptions(ROOT / "examples/bat4406f/assumptions.yaml", BAT4406F)
DAY = dt.date(2025, 1, 6)
LATER = dt.date(2025, 2, 3)
Make = Callable[[], Any]

MISTAKES: list[tuple[str, Make]] = [
    ("weight_kg", lambda: Subject(DAY, weight_kg=-66)),
    ("weight_kg", lambda: Subject(DAY, weight_kg=0)),
    ("weight_kg", lambda: Subject(DAY, weight_kg=501)),
    ("weight_kg", lambda: Subject(DAY, weight_kg=float("nan"))),
    ("weight_kg", lambda: Subject(DAY, weight_kg=float("inf"))),
    ("weight_kg", lambda: Subject(DAY, weight_kg="60")),  # type: ignore[arg-type]
    ("weight_kg", lambda: Subject(DAY, weight_kg=True)),
    ("weight_kg", lambda: Subject(DAY, weight_kg=[60])),  # type: ignore[arg-type]
    ("height_cm", lambda: Subject(DAY, height_cm=1.7)),
    ("height_cm", lambda: Subject(DAY, height_cm="170")),  # type: ignore[arg-type]
    ("start", lambda: Subject("2025-01-06")),  # type: ignore[arg-type]
    ("start", lambda: Subject(dt.datetime(2025, 1, 6))),
    ("start", lambda: Subject(None)),
    ("code", lambda: Subject(DAY, code=12)),  # type: ignore[arg-type]
    ("events", lambda: Subject(DAY, events=[Event("relapse", DAY)])),  # type: ignore[arg-type]
    ("events", lambda: Subject(DAY, events=("relapse",))),  # type: ignore[arg-type]
    ("records", lambda: Subject(DAY, records=("D1",))),  # type: ignore[arg-type]
    ("weights", lambda: Subject(DAY, weights=((LATER, 60.0),))),  # type: ignore[arg-type]
    ("weights", lambda: Subject(DAY, weights=(Weight(LATER, 60), Weight(LATER, 61)))),
    ("entered", lambda: Subject(DAY, entered=(Entered("olp", LATER), Entered("olp", DAY)))),
    ("earlier", lambda: Subject(DAY, earlier=(40,))),  # type: ignore[arg-type]
    ("kg", lambda: Weight(LATER, -1)),
    ("kg", lambda: Weight(LATER, None)),  # type: ignore[arg-type]
    ("date", lambda: Weight("2025-02-03", 60)),  # type: ignore[arg-type]
    ("date", lambda: Event("relapse", "2025-02-03")),  # type: ignore[arg-type]
    ("name", lambda: Event("", DAY)),
    ("name", lambda: Event(None, DAY)),  # type: ignore[arg-type]
    ("period", lambda: Entered("", DAY)),
    ("date", lambda: Entered("olp", dt.datetime(2025, 1, 6, 8))),
    ("visit", lambda: Record(None, DAY)),  # type: ignore[arg-type]
    ("date", lambda: Record("D1", None)),  # type: ignore[arg-type]
    ("status", lambda: Record("D1", DAY, "doen")),  # type: ignore[arg-type]
    ("status", lambda: Record("D1", DAY, None)),  # type: ignore[arg-type]
    ("amount", lambda: Record("D1", DAY, amount=Decimal(-5), unit="mg")),
    ("amount", lambda: Record("D1", DAY, amount=Decimal("NaN"), unit="mg")),
    ("amount", lambda: Record("D1", DAY, amount="500", unit="mg")),  # type: ignore[arg-type]
    ("amount", lambda: Record("D1", DAY, amount=Decimal(5))),
    ("amount", lambda: Record("D1", DAY, "missed", amount=Decimal(5), unit="mg")),
    ("unit", lambda: Record("D1", DAY, unit="mg")),
    ("unit", lambda: Record("D1", DAY, amount=Decimal(5), unit="miligram")),
    ("weight_kg", lambda: Record("D1", DAY, weight_kg=0)),
    ("product", lambda: Record("D1", DAY, product=5)),  # type: ignore[arg-type]
    ("amount", lambda: Exposure("X", Fraction(-1), "mg")),
    ("unit", lambda: Exposure("X", Fraction(1), "mgs")),
    ("per", lambda: Exposure("X", Fraction(1), "mg", "lb")),  # type: ignore[arg-type]
    ("before", lambda: Window(-1, 3)),
    ("after", lambda: Window(1, 1.5)),  # type: ignore[arg-type]
    ("start", lambda: Cohort.of(["2025-01-06", "NaT"])),
    ("start", lambda: Cohort.of(["yesterday"])),
    ("start", lambda: Cohort.of([20250106])),
    ("weight_kg", lambda: Cohort.of(["2025-01-06"] * 2, [60])),
    ("weight_kg", lambda: Cohort.of(["2025-01-06"] * 2, [60, 70, 80])),
    ("weight_kg", lambda: Cohort.of(["2025-01-06"] * 2, [60, -70])),
    ("weight_kg", lambda: Cohort.of(["2025-01-06"] * 2, [60, np.inf])),
    ("weight_kg", lambda: Cohort.of(["2025-01-06"], ["heavy"])),
    ("arm", lambda: Cohort.of(["2025-01-06"], 60, ["placebo"])),
    ("arm", lambda: Cohort.of(["2025-01-06"], 60, [0.5])),
    ("height_cm", lambda: Cohort.of(["2025-01-06"], 60, height_cm=[1.7])),
    ("relapse", lambda: Cohort.of(["2025-01-06"] * 2, events={"relapse": ["2025-02-03"]})),
    ("weighed", lambda: Cohort.of(["2025-01-06"], 60, weighed=([["2025-02-03"], ["2025-02-03"]], [[60], [61]]))),
    ("weighed", lambda: Cohort.of(["2025-01-06"], 60, weighed=([["NaT"]], [[60]]))),
    ("weighed", lambda: Cohort.of(["2025-01-06"], 60, weighed=5)),  # type: ignore[arg-type]
    ("of_study", lambda: Cohort.of(["2025-01-06"], of_study={"study_stop": "2025-02-03"})),  # type: ignore[dict-item]
    ("subject", lambda: plan(load("belimumab"), "06.01.2025")),
    ("subject", lambda: plan(load("belimumab"), "2025-02-30")),
    ("subject", lambda: plan(load("belimumab"), None)),  # type: ignore[arg-type]
    ("study", lambda: plan("belimumab", DAY)),  # type: ignore[arg-type]
    ("period", lambda: plan(load("mil62"), DAY, period=1)),  # type: ignore[arg-type]
    ("mil63", lambda: plan(load("mil62"), DAY, period="mil63")),
    ("until", lambda: plan(load("belimumab"), DAY, until="2025-06-30")),  # type: ignore[arg-type]
    ("as_of", lambda: plan(load("belimumab"), DAY, as_of=dt.datetime(2025, 6, 30))),
    ("window", lambda: plan(load("belimumab"), DAY, window=3)),  # type: ignore[arg-type]
    ("policy", lambda: plan(load("belimumab"), DAY, policy="foo")),  # type: ignore[arg-type]
    ("relaps", lambda: plan(load("mil62"), Subject(DAY, events=(Event("relaps", LATER),)))),
    ("oplp", lambda: plan(load("mil62"), Subject(DAY, entered=(Entered("oplp", LATER),)))),
    ("stdy_stop", lambda: plan(load("mil62"), DAY, of_study={"stdy_stop": LATER})),
    ("study_stop", lambda: plan(load("mil62"), DAY, of_study={"study_stop": "2025-02-03"})),  # type: ignore[dict-item]
    ("weights", lambda: plan(load("belimumab"), Subject(LATER, weight_kg=60, weights=(Weight(DAY, 66),)))),
    ("cohort", lambda: expand(load("belimumab"), [DAY])),  # type: ignore[arg-type]
    ("weights", lambda: expand(load("belimumab"), Cohort.of(["2025-01-06"], 60, weighed=([["2025-01-06"]], [[66]])))),
    ("subjects", lambda: Cohort.of_subjects([DAY], ())),  # type: ignore[list-item]
    ("weight_kg", lambda: dose_table(load("belimumab"), [60, -5])),
    ("weight_kg", lambda: dose_table(load("belimumab"), ["60"])),  # type: ignore[list-item]
    ("start", lambda: dose_table(load("belimumab"), [60], start="soon")),
    ("weight_kg", lambda: dose_table(load("belimumab"), [60.0005])),
    ("weight_kg", lambda: Subject(DAY, weight_kg=60.0005)),
    ("kg", lambda: Weight(LATER, Fraction(181, 3))),  # type: ignore[arg-type]
    ("height_cm", lambda: Subject(DAY, height_cm=165.55)),
    ("height_cm", lambda: Subject(DAY, height_cm=Fraction(17, 10))),  # type: ignore[arg-type]
    ("height_cm", lambda: Subject(DAY, height_cm=Fraction(1, 3))),  # type: ignore[arg-type]
    *[("code", lambda code=code: Subject(DAY, code=code)) for code in ("", " ", "a\0", "a\nb", "\udc80", "a\u202eb", "a" * 201)],
    *[
        ("arm", lambda arm=arm: Cohort.of(["2025-01-06"], arm=arm))
        for arm in (
            65536,
            -65536,
            [65537],
            [32768],
            10**18,
            10**400,
            -2,
            np.inf,
            [np.nan],
            [None],
            True,
            [True],
            [0.9],
            "0",
            ["0"],
            np.array([2**40]),
            np.array([True]),
            LATER,
            [1j],
        )
    ],
    *[
        ("weight_kg", lambda kg=kg: Cohort.of(["2025-01-06"] * 2, kg))
        for kg in (
            True,
            [True, 60],
            np.array([True, False]),
            ["60", "60"],
            "60",
            [60, 60.0005],
            [60.0004999, 60],
            1e308,
            [60j, 60],
            {60: 70},
            object(),
        )
    ],
    ("height_cm", lambda: Cohort.of(["2025-01-06"], 60, height_cm=[165.55])),
    ("weighed", lambda: Cohort.of(["2025-01-06"], 60, weighed=([["2025-02-03"]], [[60.0005]]))),
    ("weighed", lambda: Cohort.of(["2025-01-06"], 60, weighed=([[["2025-02-03"]]], [[[60]]]))),
    *[
        ("start", lambda start=start: Cohort.of(start))
        for start in (
            np.array(["2025-01"], dtype="datetime64[M]"),
            np.array(["2025"], dtype="datetime64[Y]"),
            np.array(["2025-01-06"], dtype="datetime64[W]"),
            np.array(["2025-01-06T23:59"], dtype="datetime64[m]"),
            ["2025-01"],
            ["2025"],
            ["2025-01-06T23:59"],
            ["today"],
            [dt.datetime(2025, 1, 6)],
            [None, "2025-01"],
            [np.datetime64("2025-01"), None],
            [5],
            [b"2025-01-06"],
            None,
            object(),
            "soon",
            5,
        )
    ],
    ("events", lambda: Cohort.of(["2025-01-06"], events="x")),  # type: ignore[arg-type]
    ("entered", lambda: Cohort.of(["2025-01-06"], entered="x")),  # type: ignore[arg-type]
    ("of_study", lambda: Cohort.of(["2025-01-06"], of_study="x")),  # type: ignore[arg-type]
    ("of_study", lambda: plan(load("bat4406f"), DAY, of_study=[("study_stop", LATER)])),  # type: ignore[arg-type]
]

FLAGS: list[tuple[str, Callable[..., Any]]] = [
    *[(name, lambda **flag: plan(load("mil62"), DAY, **flag)) for name in ("unblind", "allow_deviation", "accept_gap", "cancelled")],
    *[
        (name, lambda **flag: expand(load("mil62"), Cohort.of(["2025-01-06"]), **flag))
        for name in ("unblind", "allow_deviation", "accept_gap")
    ],
    *[(name, lambda **flag: Request(load("mil62"), **flag)) for name in ("unblind", "allow_deviation", "accept_gap", "cancelled")],
    ("unblind", lambda **flag: dose_table(load("mil62"), [60], **flag)),
    *[(name, lambda **flag: simulate(BAT4406F, TRIAL, 1, **flag)) for name in ("unblind", "by_month_and_site")],
]  # fmt: skip


@pytest.mark.parametrize("value", ["no", "False", "", 0, 1, None, [], [0], np.False_, np.array([0, 1])], ids=repr)
@pytest.mark.parametrize(("name", "call"), FLAGS, ids=[f"{i} {name}" for i, (name, _) in enumerate(FLAGS)])
def test_a_flag_is_true_or_false_and_nothing_else(name: str, call: Callable[..., Any], value: object) -> None:
    """Any other value has a truth, and seldom the one that was meant: `unblind="no"` would unblind."""
    with pytest.raises(InputError, match=f"`{name}`: .* is neither True nor False"):
        call(**{name: value})


DAYS = np.array(["2025-01-06", "2024-02-29"], dtype="datetime64[D]")


@pytest.mark.parametrize("start", [
    DAYS, DAYS.astype("datetime64[ns]"), DAYS.astype("datetime64[s]"), DAYS.astype(str), DAYS.astype(object), DAYS.astype(str).tolist(),
    DAYS.tolist(), list(DAYS), [dt.date(2025, 1, 6), "2024-02-29"],
], ids=repr)  # fmt: skip
def test_days_may_come_in_every_way_that_names_whole_days(start: Any) -> None:
    assert Cohort.of(start).start.tolist() == DAYS.tolist()
    assert Cohort.of(start).start.dtype == DAYS.dtype


@pytest.mark.parametrize("kg", [
    [60.1, 102.5], [Decimal("60.1"), Fraction(205, 2)], np.array([60.1, 102.5]), np.array([60.1, 102.5], dtype=np.float32),
    np.array([60.1, 102.5], dtype=object), [60.0 + 0.1, 102.3 + 0.2],
], ids=repr)  # fmt: skip
def test_weights_may_come_in_every_way_that_gives_grams(kg: Any) -> None:
    assert Cohort.of(DAYS, kg).grams.tolist() == [60_100, 102_500]
    assert [Subject(DAY, weight_kg=each).weight_kg for each in kg]


@given(st.one_of(st.integers(), st.floats(), st.booleans(), st.integers(-3, 40_000)))
def test_an_arm_stays_the_one_that_was_given(arm: float) -> None:
    try:
        (found,) = Cohort.of(["2025-01-06"], arm=[arm]).arm.tolist()
    except InputError:
        assert isinstance(arm, bool) or not (-1 <= arm <= 32767 and arm == int(arm))
        return
    assert found == arm
    assert not isinstance(arm, bool)


@pytest.mark.parametrize(("name", "make"), MISTAKES, ids=[f"{i} {name}" for i, (name, _) in enumerate(MISTAKES)])
def test_a_mistake_is_an_input_error_that_names_the_argument(name: str, make: Make) -> None:
    with pytest.raises(InputError) as caught:
        make()
    assert all(f"`{name}`" in problem.message for problem in caught.value.problems), str(caught.value)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.binary(max_size=3), st.dates(), st.datetimes(),
    st.lists(st.integers(), max_size=2), st.fractions(), st.decimals(), st.just(np.datetime64("2025-01-06")), st.just(object()),
)  # fmt: skip
NOUNS = (
    (Event, ("name", "date")), (Entered, ("period", "date")), (Weight, ("date", "kg")), (Window, ("before", "after")),
    (Record, ("visit", "date", "status", "period", "product", "amount", "unit", "weight_kg", "batch", "reason", "comment", "last")),
    (Exposure, ("product", "amount", "unit", "per")),
    (Subject, ("start", "code", "arm", "weight_kg", "events", "entered", "records", "height_cm", "site", "weights", "earlier")),
)  # fmt: skip


@given(st.sampled_from(NOUNS), st.data())
def test_a_noun_is_right_or_is_not_made(noun: tuple[type, tuple[str, ...]], data: st.DataObject) -> None:
    kind, names = noun
    right = {
        "name": "relapse", "date": DAY, "period": "olp", "kg": 60.0, "before": 1, "after": 2, "visit": "D1", "status": "done",
        "amount": Decimal(5), "unit": "mg", "product": "X", "start": DAY, "per": "",
    }  # fmt: skip
    given_ = {name: right[name] for name in names if name in right} | {data.draw(st.sampled_from(names)): data.draw(VALUES)}
    try:
        made = kind(**given_)
    except InputError as error:
        assert len(error.problems) >= 1
        return
    weight = getattr(made, "weight_kg", None) or getattr(made, "kg", None)
    assert weight is None or 0 < weight <= 500
    assert pickle.loads(pickle.dumps(made)) == made


@pytest.mark.parametrize("kind", [DosingError, RegimenError, InputError])
@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_an_error_survives_a_copy_with_its_places(kind: type[DosingError], again: Callable[[DosingError], DosingError]) -> None:
    place = Place(Document("v.csv", "visit,date\nD1,2025\n"), 14, 18)
    problems = (Problem("one", place, "mend it", also=(("the first", place),), subject=3), Problem("two"))
    error = kind(problems, found=[*problems, Problem("three")])
    same = again(error)
    assert type(same) is kind
    assert (same.problems, list(same.found), str(same)) == (error.problems, list(error.found), str(error))
    assert same.problems[0].place is not None
    assert same.problems[0].place.where == "v.csv:2:4"


# --- each bound, and one step beyond it ----------------------------------------------------------------------------------

KG, CM = "cannot be a body weight; write kilograms, more than 0 and at most 500", "cannot be a body height; write centimetres"
MEASURED, YEARS = (
    "is not a value; write a number, 0 to 1000000000",
    "is not an age; write completed years on day 1 as a whole number, 0 to 125",
)
TYPED = "type the code again"
BOUNDS: list[tuple[Callable[[Any], Wrong], Any, str]] = [
    *[(wrong_weight, kg, "") for kg in (0.001, 1, 500, Fraction(121, 2), Decimal("60.001"), 60.00000000001)],
    *[(wrong_weight, kg, KG) for kg in (0, -1, 500.001, Decimal("NaN"), Decimal("Infinity"), float("nan"), float("inf"), True, "60", None)],
    (wrong_weight, 60.0005, "is finer than a gram; write `60.000`"), (wrong_weight, 60.0015, "is finer than a gram; write `60.002`"),
    (wrong_weight, Decimal("60.0000001"), "is finer than a gram; write `60.000`"),
    (wrong_weight, Fraction(1, 3), "is finer than a gram; write `0.333`"),
    *[(wrong_height, cm, "") for cm in (30, 272, 165.5, Fraction(331, 2))],
    *[(wrong_height, cm, f"{CM}, 30 to 272") for cm in (29.9, 272.1, 0.299, 2.721, Decimal("NaN"), True)],
    *[(wrong_height, m, f"{CM}: `{cm}`") for m, cm in ((0.3, 30), (2.72, 272), (1.655, 165.5), (Decimal("1.65"), 165))],
    (wrong_height, 165.55, "is finer than a millimetre; write `165.6`"),
    *[(wrong_value, value, "") for value in (0, 0.000001, 10**9)],
    *[(wrong_value, value, MEASURED) for value in (-0.000001, 10**9 + 1, True)],
    (wrong_value, Decimal("45.1234567"), "is finer than a millionth; write `45.123457`"),
    *[(wrong_age, years, "") for years in (0, 125)], *[(wrong_age, years, YEARS) for years in (-1, 126, 40.0, True, None)],
    *[(wrong_code, code, "") for code in ("1", "a" * 200, "\u00e9" * 200)],
    *[(wrong_code, code * 201, "has 201 characters; a code has at most 200") for code in "a\u00e9"],
    *[(wrong_code, code, "is empty; give the subject's code, or leave it out") for code in ("", " ", "\u3000")],
    (wrong_code, "a\tb", f"holds a control character (U+0009); {TYPED}"),
    (wrong_code, "\u00e9\u200b", f"holds a control character (U+200B); {TYPED}"),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "value", "told"), BOUNDS, ids=[f"{ask.__name__} {str(value)[:12]!r}" for ask, value, _ in BOUNDS])
def test_what_a_value_may_be(ask: Callable[[Any], Wrong], value: Any, told: str) -> None:
    assert "; ".join(ask(value) or ()) == told


@pytest.mark.parametrize(("status", "amount", "unit", "column"), [
    ("done", 500, "mg", ""), ("done", 0, "mg", ""), ("done", None, None, ""), ("missed", None, None, ""), ("missed", 0, "mg", ""),
    ("withheld", 1, "mg", "amount"), ("missed", 1, "mg", "amount"), ("partial", 1, "mg", ""), ("booked", 1, "mg", ""),
    ("done", 500, None, "amount"), ("done", 0, None, "amount"), ("done", None, "mg", "unit"),
])  # fmt: skip
def test_what_was_given(status: str, amount: int | None, unit: str | None, column: str) -> None:
    assert (wrong_given(status, amount, unit) or ("",))[0] == column


@pytest.mark.parametrize(("status", "last", "told"), [
    ("done", 5, "is before its first day, 2025-01-06; exchange the two, or mend one of them"), ("done", 6, ""), ("done", 7, ""),
    ("missed", 6, ""), ("missed", 7, "is the last day of nothing: the visit is `missed`; leave it out, or write `partial`"),
    ("withheld", 7, "is the last day of nothing: the visit is `withheld`; leave it out, or write `partial`"), ("partial", 7, ""),
])  # fmt: skip
def test_the_last_day_of_a_visit(status: str, last: int, told: str) -> None:
    assert "; ".join(wrong_last(status, DAY, dt.date(2025, 1, last)) or ()) == told
