"""Which periods follow each other, what lies ahead of whom, and from whom an arm is kept."""

from __future__ import annotations

import pytest

from nmosd_dosing import InputError
from nmosd_dosing.errors import Problems
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.study.model import Study
from nmosd_dosing.study.period_order import only_doses_ahead, planned_entries, reachable, way
from nmosd_dosing.study.visit import moved_by
from nmosd_dosing.study.visits import lay_out
from tests.kit.worked import HEAD, visits

DOSES, EXAMINED, AFTER = "{at: D1, give: X 1 mg}", "{at: D1, give: X 1 mg, assess: MRI}", "{at: last dose + 4 weeks, assess: MRI}"


def study(moves: str, **periods: str) -> Study:
    """Periods by what stands in them, and the moves between them: `a>b` at the end of a, `a>b+7` a week after it, `a!b` after a relapse."""
    text = "".join(f"  {id}: {{{inside}}}\n" for id, inside in periods.items())
    ways = []
    for number, move in enumerate(moves.split()):
        source, _, target = move.partition(">" if ">" in move else "!")
        target, _, later = target.partition("+")
        after = "relapse" if "!" in move else f"{f'{later} days after ' if later else ''}end of {source}"
        ways.append(f"  - {{id: w{number}, from: {source}, to: {target}, after: {after}, within: 14 days}}\n")
    transitions = f"transitions:\n{''.join(ways)}" if ways else ""
    return read_study_text(f"{HEAD}products: {{X: {{}}}}\nperiods:\n{text}{transitions}")[0]


def of(*entries: str, more: str = "length: 28 days, ") -> str:
    return f"{more}visits: [{', '.join(entries)}]"


def test_periods_are_gone_through_in_the_order_of_the_ways() -> None:
    three = study("a>b b>c", c=of(DOSES), b=of(DOSES), a=of(DOSES))
    assert [period.id for period in way(three)] == ["a", "b", "c"]
    assert [period.id for period in way(three, "b")] == ["b"]
    assert [three.regimen_id(period) for period in three.periods] == ["s-c", "s-b", "s-a"]
    alone = study("", a=of(DOSES))
    assert ([period.id for period in way(alone)], alone.regimen_id(alone.periods[0])) == (["a"], "s")
    with pytest.raises(InputError, match="unknown period `d`"):
        way(three, "d")
    assert reachable("a", [("a", "b"), ("b", "c"), ("d", "e")]) == {"a", "b", "c"}


@pytest.mark.parametrize(("arms", "others", "told"), [("[x, y]", "[x, y]", False), ("[x, y]", "[y, z]", True), ("[x, y]", "", False)])
def test_arms_that_differ_on_the_way(arms: str, others: str, told: bool) -> None:
    two = study("a>b", a=f"arms: {arms}, {of(DOSES)}", b=(f"arms: {others}, " if others else "") + of(DOSES))
    if told:
        with pytest.raises(InputError, match="the arms of `s` differ on the way through `a` or `b`"):
            way(two)
    else:
        assert len(way(two)) == 2


@pytest.mark.parametrize(("moves", "a", "b", "found"), [
    ("a>b", of(DOSES), of(DOSES), {"a", "b"}), ("a>b", of(DOSES), of(EXAMINED), set()), ("a>b", of(EXAMINED), of(DOSES), {"b"}),
    ("", of(DOSES), of(EXAMINED), {"a"}), ("a>b", of(DOSES), of(DOSES, AFTER), {"a", "b"}),
    ("a>b", of(DOSES), of(DOSES, "{at: D8, assess: MRI}"), set()),
])  # fmt: skip
def test_where_nothing_but_doses_lies_ahead(moves: str, a: str, b: str, found: set[str]) -> None:
    """What hangs on the last dose is nothing for whoever gets none."""
    assert only_doses_ahead(study(moves, a=a, b=b)) == found


@pytest.mark.parametrize(("moves", "entries"), [
    ("a>b b>c", {"a": 0, "b": 28, "c": 84}), ("a>b a>c", {"a": 0, "b": 28, "c": 28}), ("a>b+7 b>c", {"a": 0, "b": 35, "c": 91}),
    ("a>c c>b", {"a": 0, "b": None, "c": 28}), ("a!b b>c", {"a": 0, "b": 28, "c": 84}),
])  # fmt: skip
def test_how_far_the_entry_into_a_period_is_from_the_first_day(moves: str, entries: dict[str, int | None]) -> None:
    """a takes 28 days, b 56; how long c takes is not stated."""
    b = of(DOSES, more="length: 56 days, ")
    assert planned_entries(study(moves, a=of(DOSES), b=b, c=of(DOSES, more="length: not stated, "))) == entries


@pytest.mark.parametrize(("arms", "conceals"), [("[x, y]", True), ("[y, z]", True), ("[z, w]", False)])
def test_an_arm_is_kept_from_whoever_reads_of_a_period_with_the_same_one(arms: str, conceals: bool) -> None:
    blinded = "arms: [x, y], blinded: true, length: 28 days, visits: [{at: D1, give: {x: X 1 mg, y: X placebo}}]"
    two = study("a>b", a=blinded, b=f"arms: {arms}, {of(DOSES)}")
    assert [two.conceals(period) for period in two.periods] == [True, conceals]


@pytest.mark.parametrize(("lines", "moved"), [
    (("at: D1, give: X 1 mg", "at: D1 + 14 days, assess: MRI"), {"D1 + 14 days": "D1"}),
    (("at: D1 to D3, assess: EDSS", "at: D1, give: X 1 mg", "at: D1 + 14 days, assess: MRI"), {"D1 + 14 days": "D1"}),
    (("at: D1, give: X 1 mg", "at: D1 to D3, assess: EDSS", "at: D1 + 14 days, assess: MRI"), {"D1 + 14 days": "D1"}),
    (("at: D1 to D3, assess: EDSS", "at: D1 + 14 days, assess: MRI"), {"D1 + 14 days": "D1 to D3"}),
    (("at: 'D1, then every 7 days, 2 more times', counted from: previous dose, give: X 1 mg",), {"D8": "D1", "D15": "D8"}),
    (("at: 'D1, D8', give: X 1 mg",), {}),
])  # fmt: skip
def test_by_which_visit_another_one_is_moved(lines: tuple[str, ...], moved: dict[str, str]) -> None:
    laid = lay_out(read_study_text(HEAD + visits(*lines))[0].periods[0], 0, Problems())
    found = moved_by(laid, ["p"] * len(laid))
    assert {laid[i].label: laid[before].label for i, before in found.items()} == moved
    assert moved_by(laid, list(range(len(laid)))) == {}, "those of another part of a plan move none"
