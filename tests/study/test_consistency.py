"""What contradicts itself across a study is refused: caps, units, gaps, a product twice on a day."""

from __future__ import annotations

import re

import pytest

from nmosd_dosing import InputError, RegimenError
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.study.period_order import way
from tests.kit.worked import HEAD, product, visits

TWICE = {
    "a taper whose steps share a day": ("at: D1 to D14, give: X 60 mg daily", "at: D14 to D28, give: X 50 mg daily"),
    "a dose within a course": ("at: D1 to D10, give: X 60 mg daily", "at: D5, give: X 500 mg"),
    "a course within a course": ("at: D1 to D10, give: X 60 mg daily", "at: D3 to D4, give: X 5 mg daily"),
    "a course and a day by months, the month being February": (
        "at: D2 to D29, give: X 60 mg daily",
        "at: D1 + 1 month, give: X 500 mg",
    ),
    "a cycle's course and a day": ("at: D1 to D5, cycle: 'every 21 days, 3 cycles', give: X 1 mg daily", "at: D24, give: X 3 mg"),
    "a course after an event and a day of it": (
        "at: relapse to relapse + 4 days, give: X 1 mg daily",
        "at: relapse + 3 days, give: X 3 mg",
    ),
}


@pytest.mark.parametrize("lines", TWICE.values(), ids=TWICE)
def test_a_product_twice_on_a_day_of_a_course_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(RegimenError, match=r"twice|overlap"):
        read_study_text(HEAD + visits(*lines))


@pytest.mark.parametrize(
    "lines",
    [
        ("at: D1 to D5, give: X 1 mg daily",),
        ("at: D1, give: X 1 mg twice daily",),
        ("at: D1 to D10, give: X 1 mg daily", "at: D12, give: X 1 mg"),
        ("at: D2 to D28, give: X 1 mg daily", "at: D1 + 1 month, give: X 1 mg"),
    ],
)
def test_doses_of_a_course_keep_the_minimum_gap(lines: tuple[str, ...]) -> None:
    with pytest.raises(RegimenError, match="minimum gap"):
        read_study_text(HEAD + visits(*lines, products="products: {X: {minimum gap: 7 days}}\n"))


# What is accepted, although a protocol writer would want to hear of it. The message that is wanted, or some words of it.
CONTRADICTIONS = {
    "a lifetime cap in a unit in which nothing is dosed": (
        visits("at: D1, give: X 500 mg", products=product("lifetime at most: 140 mL")),
        "its lifetime's cap is 140 mL",
    ),
    "two products that are each before the other": (
        visits("at: D1, give: [X 500 mg 30 min before Y, Y 1 mg 30 min before X]"),
        "each wait for the other",
    ),
    "the first period counted from the study's first day": (
        visits("at: D1, give: X 500 mg", period="    counted from: first day of the study\n"),
        "its first day is that of the study",
    ),
}


@pytest.mark.parametrize(("body", "match"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_what_contradicts_itself_is_refused(body: str, match: str) -> None:
    with pytest.raises(RegimenError, match=match):
        read_study_text(HEAD + body)


# --- the length of a period that goes on counting -------------------------------------------------------------------------

GOES_ON = """products: {X: {}}
periods:
  induction: {length: 12 weeks, visits: [{at: "W1D1, W5D1, W9D1", give: X 500 mg}]}
  maintenance: {counted from: first day of the study, length: %s, visits: [{at: "%s", give: X 500 mg}]}
  extension: {counted from: first day of the study, length: 12 weeks, visits: [{at: "W25D1, W29D1, W33D1", give: X 500 mg}]}
transitions:
  - {id: a, from: induction, to: maintenance, after: %s, within: 28 days}
  - {id: b, from: maintenance, to: extension, after: end of maintenance, within: not stated}
"""
AT_THE_END = "end of induction"


@pytest.mark.parametrize(
    ("length", "days", "after", "wrong"),
    [
        ("12 weeks", "W13D1, W17D1, W21D1", AT_THE_END, None),
        ("12 weeks", "W13D1, W25D1", AT_THE_END, None),  # the day after the period is its end visit
        ("12 weeks", "W13D1, W25D2", AT_THE_END, "W25D2"),
        ("12 weeks", "W13D1, W27D1", "2 weeks after end of induction", None),
        ("12 weeks", "W13D1, W27D2", "2 weeks after end of induction", "W27D2"),
        ("3 months", "W13D1, W26D2", AT_THE_END, None),  # 12 weeks and 92 days
        ("3 months", "W13D1, W26D3", AT_THE_END, "W26D3"),
        ("not stated", "W13D1, W60D1", AT_THE_END, None),  # of the extension nobody knows when it begins
    ],
)
def test_a_length_counts_from_the_entry_also_where_days_go_on_counting(length: str, days: str, after: str, wrong: str | None) -> None:
    text = HEAD + GOES_ON % (length, days, after)
    if wrong is None:
        read_study_text(text)
        return
    with pytest.raises(RegimenError, match=f"{wrong} lies after the end of the period") as caught:
        read_study_text(text)
    assert len(caught.value.problems) == 1


def _ways(*ways: str) -> str:
    periods = dict.fromkeys(name for each in ways for name in each.split(">"))
    lines = [f"  {name}: {{length: 4 weeks, visits: [{{at: D1, give: X 1 mg}}]}}\n" for name in periods]
    moves = [
        f"  - {{id: w{i}, from: {way.split('>')[0]}, to: {way.split('>')[1]}, after: relapse, within: 7 days}}\n"
        for i, way in enumerate(ways)
    ]
    return HEAD + "products: {X: {}}\nperiods:\n" + "".join(lines) + "transitions:\n" + "".join(moves)


@pytest.mark.parametrize(("ways", "circles"), [
    (("a>b", "b>c"), []),
    (("a>a",), ["a a"]),
    (("a>b", "b>a"), ["b a"]),
    (("a>b", "b>c", "c>a"), ["b a"]),
    (("a>b", "b>a", "a>c", "c>d", "d>c"), ["b a", "d c"]),  # the second hangs on the first, and is one of its own
    (("a>b", "b>c", "c>b", "c>d"), ["c b"]),
])  # fmt: skip
def test_each_circle_of_periods_is_told_once(ways: tuple[str, ...], circles: list[str]) -> None:
    try:
        read_study_text(_ways(*ways))
        found = []
    except RegimenError as refused:
        found = [re.findall(r"`(\w+)`", p.message) for p in refused.problems if "a circle of periods" in p.message]
    assert [" ".join(names) for names in found] == circles


def test_periods_without_a_way_between_them_are_planned_one_by_one() -> None:
    text = HEAD + "products: {X: {}}\nperiods:\n  a: {visits: [{at: D1, give: X 1 mg}]}\n  b: {visits: [{at: D1, give: X 2 mg}]}\n"
    study, _ = read_study_text(text)
    with pytest.raises(InputError, match="`s` has no way from one period to the next"):
        way(study)
    study, _ = read_study_text(_ways("a>b", "c>b"))
    with pytest.raises(InputError, match="`s` has several ways in: `a` or `c`"):
        way(study)
    assert [period.id for period in way(read_study_text(_ways("a>b"))[0])] == ["a", "b"]


OVERLAPS = [
    (["D1 ±0d", "D8 ±3d", "D15 ±3d"], None),
    (["D1 ±0d", "D8 ±3d", "D14 ±3d"], "the windows of D8 and D14 overlap by 1 day"),
    (["D1 ±0d", "D8 ±3d", "D13 ±3d"], "the windows of D8 and D13 overlap by 2 days"),
    (["D1 ±0d", "D8 ±3d", "D10"], "the windows of D8 and D10 overlap by 1 day"),
    (["D1 ±0d", "D8", "D10 ±2d"], "the windows of D8 and D10 overlap by 1 day"),
    (["D1 ±0d", "D8", "D10 ±3d"], "the windows of D8 and D10 overlap by 1 day"),
    (["D1 ±0d", "D8 ±1d", "D10 to D12"], None),
    (["D1 ±0d", "D8 ±2d", "D10 to D12"], "the windows of D8 and D10 to D12 overlap by 1 day"),
    (["D1 ±0d", "D8 to D12", "D15 ±3d"], "the windows of D8 to D12 and D15 overlap by 1 day"),
    (["D1 ±0d", "D9 ±7d", "D16 ±7d"], "the windows of D9 and D16 overlap by 8 days"),
    (["D1", "D2"], None),
]


@pytest.mark.parametrize(("ats", "said"), OVERLAPS)
@pytest.mark.parametrize("arms", ["", "arms: [a, b]\n"])
def test_a_day_on_which_a_visit_could_be_either_is_told_once(ats: list[str], said: str | None, arms: str) -> None:
    _, warnings = read_study_text(HEAD + arms + visits(*(f"at: {at}, assess: MRI" for at in ats)))
    assert [warning.message for warning in warnings if "overlap" in warning.message] == ([said] if said else [])


FITTING = [
    ("20 days", "D1", "1 cycle`, which is how many fit into 20 days"),
    ("28 days", "D1", "2 cycles`, of which the last day is that of the end visit, or `every 28 days, 1 cycle`"),
    ("28 days", "D1, D8", "1 cycle`, which is how many fit into 28 days"),
    ("29 days", "D1", "2 cycles`, which is how many fit into 29 days"),
    ("34 days", "D1, D8", "1 cycle`, which is how many fit into 34 days"),
    ("35 days", "D1, D8", "2 cycles`, of which the last day is that of the end visit, or `every 28 days, 1 cycle`"),
    ("56 days", "D1", "3 cycles`, of which the last day is that of the end visit, or `every 28 days, 2 cycles`"),
    ("7 days", "D1, D8", "1 cycle`, which is how many fit into 7 days"),
]


@pytest.mark.parametrize(("length", "at", "hint"), FITTING)
def test_how_many_cycles_fit_into_a_period_is_said(length: str, at: str, hint: str) -> None:
    text = HEAD + visits(f"at: '{at}', cycle: every 28 days, assess: MRI", period=f"    length: {length}\n")
    with pytest.raises(RegimenError) as error:
        read_study_text(text)
    assert [problem.hint for problem in error.value.problems] == [f"write `every 28 days, {hint}"]
