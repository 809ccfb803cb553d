"""Doses that events change: which event decides, in whatever order the file has them, and whose dose the note names."""

from __future__ import annotations

import datetime as dt

import pytest

from nmosd_dosing import Plan
from tests.kit.dates import START
from tests.kit.somebody import dose, made, notes, visit

EVENTS = {"level_1": "X 200 mg", "level_2": "X 300 mg", "back": "X 100 mg"}
HEAD = "products: {X: {}}\nevents: {level_1: one, level_2: two, back: none}\nperiods:\n  main:\n    visits:\n"


def study(*order: str, arms: dict[str, str] | None = None) -> str:
    once = ", ".join(f"{name}: {(arms or {}).get(name, EVENTS[name])}" for name in order)
    return f"{HEAD}      - {{at: 'D1, then every 28 days until D169', give: X 100 mg, once: {{{once}}}}}\n"


def by_month(found: Plan) -> list[float | None]:
    return [v.administrations[0].amount for v in found.visits]


# D57 is on 2025-03-03, D85 on 2025-03-31, D141 on 2025-05-26, D169 on 2025-06-23
TWO = (("level_1", "2025-03-10"), ("level_2", "2025-06-10"))
ORDERS = [("level_1", "level_2"), ("level_2", "level_1")]


@pytest.mark.parametrize("order", [*ORDERS, ("level_2", "back", "level_1")])
@pytest.mark.parametrize("told", [TWO, TWO[::-1]])
def test_the_latest_event_on_or_before_a_dose_decides(order: tuple[str, ...], told: tuple[tuple[str, str], ...]) -> None:
    found = made(study(*order), events=told)
    assert by_month(found) == [100, 100, 100, 200, 200, 200, 300]
    named = {n.message.split(" ")[0]: [id.removeprefix("main/") for id in n.visits] for n in found.notes if n.code == "dose-change"}
    assert (named["level_1"], named["level_2"]) == (["D85", "D113", "D141"], ["D169"])
    steps = [step for v in found.visits for step in v.steps if step.startswith("dose:")]
    assert steps == ["dose: level_1 on 2025-03-10 Mon, so X 200 mg"] * 3 + ["dose: level_2 on 2025-06-10 Tue, so X 300 mg"]


@pytest.mark.parametrize("order", ORDERS)
def test_of_two_events_on_one_day_the_later_in_the_file_decides(order: tuple[str, str]) -> None:
    found = made(study(*order), events=(("level_1", "2025-03-31"), ("level_2", "2025-03-31")))
    assert by_month(found)[3:] == [200 if order[1] == "level_1" else 300] * 4
    assert f"{order[0]} on 2025-03-31 Mon: {EVENTS[order[0]]}, and no dose of this plan is by it" in notes(found, "dose-change")


def test_an_event_that_comes_again_decides_again() -> None:
    found = made(study("level_1", "back"), events=(("level_1", "2025-01-20"), ("back", "2025-03-10"), ("level_1", "2025-05-01")))
    assert by_month(found) == [100, 200, 200, 100, 100, 200, 200]


@pytest.mark.parametrize("order", ORDERS)
def test_an_event_that_changes_nothing_for_an_arm_ends_no_other_change(order: tuple[str, str]) -> None:
    text = study(*order, arms={"level_1": "{a: X 200 mg}", "level_2": "{b: X 300 mg}"})
    text = text.replace("give: X 100 mg", "give: {a: X 100 mg, b: X 100 mg}").replace("  main:\n", "  main:\n    arms: [a, b]\n")
    a, b = (made(text, events=TWO, arm=arm) for arm in ("a", "b"))
    assert by_month(a) == [100, 100, 100, 200, 200, 200, 200]
    assert by_month(b) == [100, 100, 100, 100, 100, 100, 300]
    assert dose(a, "D169").cumulative == 1100
    assert visit(a, "D169").target == START + dt.timedelta(168)


A, B = "{a: X 100 mg twice daily, b: X 50 mg}", "{a: X 50 mg, b: X 50 mg twice daily}"


@pytest.mark.parametrize(("given", "changed", "arm", "totals"), [
    ("X 100 mg twice daily", "X 300 mg", None, [200, 400, 600, 900, 1200, 1500, 1800]),
    ("X 300 mg", "X 100 mg twice daily", None, [300, 600, 900, 1100, 1300, 1500, 1700]),
    ("X 100 mg twice daily", "X 50 mg twice daily", None, [200, 400, 600, 700, 800, 900, 1000]),
    (A, "{a: X 300 mg}", "a", [200, 400, 600, 900, 1200, 1500, 1800]),
    (A, "{a: X 300 mg}", "b", [50, 100, 150, 200, 250, 300, 350]),
    (B, "{b: X 10 mg 3 times daily}", "b", [100, 200, 300, 330, 360, 390, 420]),
    (B, "{b: X 10 mg 3 times daily}", "a", [50, 100, 150, 200, 250, 300, 350]),
])  # fmt: skip
def test_an_event_changes_how_often_a_dose_is_given(given: str, changed: str, arm: str | None, totals: list[float]) -> None:
    text = study("level_1").replace(EVENTS["level_1"], changed).replace("give: X 100 mg", f"give: {given}")
    text = text.replace("  main:\n", "  main:\n    arms: [a, b]\n") if arm else text
    assert [v.administrations[0].cumulative for v in made(text, events=TWO[:1], arm=arm).visits] == totals
