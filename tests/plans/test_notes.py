"""What a reader is told of a plan, and what not: of repeats without an end."""

from __future__ import annotations

from typing import Any

import pytest

from nmosd_dosing import Entered, Subject, Window, load, plan
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.subjects.subject import Event
from tests.kit.dates import START, day
from tests.kit.somebody import HEAD, made, notes

OPEN = """products: {X: {}}
periods:
  a: {visits: [{at: "D1, then every 8 weeks", give: X 500 mg%s}]}
  b: {visits: [{at: "D1, then every 8 weeks", assess: MRI}]}
transitions:
  - {id: out, from: a, to: b, after: relapse, within: not stated}
"""
RELAPSE = ("relapse", "2025-04-01")


@pytest.mark.parametrize(
    ("also", "event", "entered", "periods"),
    [
        ("", None, None, ["a"]),
        ("", RELAPSE, None, ["b"]),  # projected on that day
        ("", RELAPSE, "2025-05-01", ["b"]),
        ("", ("treatment_stopped", "2025-04-01"), None, []),
        (", assess: MRI", ("treatment_stopped", "2025-04-01"), None, ["a"]),
        (", assess: MRI", ("withdrawn", "2025-04-01"), None, []),
        ("", ("died", "2027-02-01"), None, ["a"]),  # later than it is drawn
        ("", ("a_completed", "2025-04-01"), None, []),
    ],
)
def test_an_open_end_is_told_of_a_period_that_was_not_left(
    also: str, event: tuple[str, str] | None, entered: str | None, periods: list[str]
) -> None:
    into = (Entered("b", day(entered)),) if entered else ()
    found = made(OPEN % also, events=(event,) if event else (), entered=into)
    assert [note.rsplit(" ", 1)[1] for note in notes(found, "open-ended")] == periods


@pytest.mark.parametrize(
    ("asked", "drawn"),
    [
        ({}, "for 24 months from the first day of a"),
        ({"period": "a"}, "for 24 months from the first day"),
        ({"until": "2025-01-06"}, "until 2025-01-06 Mon, and none of it falls before then"),
        ({"until": "2025-03-03"}, "until 2025-03-03 Mon"),
        ({"until": "2027-06-01"}, "until 2027-06-01 Tue"),
        ({"as_of": "2027-01-06"}, "for 24 months from the first day of a"),  # so far it is drawn anyway
        ({"as_of": "2027-01-07"}, "until 2027-01-07 Thu"),
        ({"as_of": "2027-06-01", "until": "2027-03-01"}, "until 2027-03-01 Mon"),
    ],
)
def test_an_open_end_says_how_far_it_is_drawn(asked: dict[str, str], drawn: str) -> None:
    dates: dict[str, Any] = {name: value if name == "period" else day(value) for name, value in asked.items()}
    assert notes(made(OPEN % "", **dates), "open-ended") == [f"the source states no end of a repeat; it is drawn {drawn}"]


COUNTS_ON = """products: {X: {}}
arms: [one, two]
periods:
  a: {length: 29 days, visits: [{at: D1, give: X 1 mg}]}
  b:
    counted from: first day of the study
    visits: [{at: "%s", give: X 1 mg}, {at: D30, arms: two, assess: MRI}, {at: D28 to D31, give: X 1 mg daily}]
transitions: [{id: t, from: a, to: b, after: end of a, within: 60 days}]
"""
WHY = "before the first day of b, {}; its days go on counting from 2025-01-06 Mon"


@pytest.mark.parametrize(
    ("at", "entered", "arm", "gone"),
    [  # D30 is 2025-02-04, the day on which the first period ends
        ("D35", None, "one", None),
        ("D27", None, "one", "D27; " + WHY.format("2025-02-04 Tue, projected")),
        ("D35", "02-05", "one", None),
        ("D35", "02-05", "two", "D30; " + WHY.format("2025-02-05 Wed")),
        ("D35", "02-05", None, "D30; " + WHY.format("2025-02-05 Wed")),
        ("D35", "02-06", "one", "D28 to D31; " + WHY.format("2025-02-06 Thu")),
        ("D35", "02-09", "one", "D28 to D31; " + WHY.format("2025-02-09 Sun")),
        ("D35", "02-10", "one", "D28 to D31, D35; " + WHY.format("2025-02-10 Mon")),
        ("D32, then every 2 days until D48", "02-28", "one",
         "D28 to D31, D32, D34, D36, D38, D40, D42, D44, D46, D48; " + WHY.format("2025-02-28 Fri")),
        ("D32, then every 2 days until D50", "02-28", "one", "D28 to D31, D32, … D50 (11 visits); " + WHY.format("2025-02-28 Fri")),
    ],
)  # fmt: skip
def test_what_would_lie_before_an_entry_is_named(at: str, entered: str | None, arm: str | None, gone: str | None) -> None:
    into = (Entered("b", day(f"2025-{entered}")),) if entered else ()
    assert notes(made(COUNTS_ON % at, entered=into, arm=arm), "before-entry") == ([f"not planned: {gone}"] if gone else [])


STATED = "products: {X: {}}\nperiods: {p: {visits: [{at: D1, give: X 1 mg}, {at: D29, window: ±3d, give: X 1 mg}]}}\n"
SILENT = STATED.replace("window: ±3d, ", "")
UNUSED = "the window ±3d was asked for and is not used: "
ANY, THESE = (f"the source states no window for {which}" for which in ("any visit", "these visits"))


@pytest.mark.parametrize(
    ("text", "stopped", "until", "silent", "asked"),
    [
        (SILENT, None, None, [THESE], ["the window ±3d is not from the source: it was asked for"]),
        (SILENT, "2025-01-08", None, [ANY], [f"{UNUSED}the first day of a period takes none"]),
        (STATED, None, None, [THESE], [f"{UNUSED}the first day of a period takes none, and every other visit has one"]),
        (STATED, "2025-01-08", None, [THESE], [f"{UNUSED}the first day of a period takes none"]),
        (STATED, None, "2025-01-10", [THESE], [f"{UNUSED}the first day of a period takes none"]),
        (STATED.replace("D1, give", "D1, window: ±3d, give"), None, None, [], [f"{UNUSED}every visit has one"]),
    ],
)
def test_what_is_said_of_windows_is_true_of_every_visit(
    text: str, stopped: str | None, until: str | None, silent: list[str], asked: list[str]
) -> None:
    events = (Event("treatment_stopped", day(stopped)),) if stopped else ()
    study = read_study_text(HEAD + text)[0]
    found = plan(study, Subject(START, events=events), window=Window(3, 3), until=day(until) if until else None)
    assert (notes(found, "no-window"), notes(found, "window")) == (silent, asked)


def test_a_window_that_was_asked_for_and_a_stop_before_the_second_visit() -> None:
    subject = Subject(START, events=(Event("treatment_stopped", day("2025-01-08")),))
    found = plan(load("bat4406f"), subject, window=Window(3, 3))
    assert (notes(found, "no-window"), notes(found, "window")) == ([ANY], [f"{UNUSED}the first day of a period takes none"])


BACK = """products: {X: {}}
arms: [one, two]
periods:
  a: {length: 29 days, visits: [{at: D1 to D28, give: {one: X 10 mg daily, two: nothing}}, {at: D29, assess: MRI}]}
  b: {length: 29 days, visits: [{at: D1, give: {one: %s, two: X 20 mg}}, {at: D15 ±2d, assess: MRI}]}
transitions:
  - {id: c, from: a, to: b, after: end of a, within: 28 days}
"""


def test_an_entry_overlaps_nothing_that_moves_with_it() -> None:
    assert notes(made(BACK % "nothing", arm="two"), "overlap") == []


def test_a_gap_is_told_where_some_arm_gets_the_product_on_both_sides() -> None:
    assert notes(made(BACK % "nothing"), "gap") == []
    words = "X: 2 days from the last day of a/D1 to D28 (2025-02-02) to the first dose of b (2025-02-04)"
    assert [note.replace(" Sun", "").replace(" Tue", "") for note in notes(made(BACK % "X 10 mg"), "gap")] == [words]


def test_a_range_of_days_ends_with_what_ends_the_plan() -> None:
    text = "products: {X: {}}\nperiods: {a: {visits: [{at: D1, give: X 10 mg}, {at: D8 to D15, assess: MRI}]}}\n"
    found = made(text, events=(("withdrawn", "2025-01-15"),)).visits[-1]
    assert found.latest == found.last == day("2025-01-15")
    whole = made(text).visits[-1]
    assert whole.latest == whole.last == day("2025-01-20")


THROUGH = """products: {X: {}}
periods:
  a:
    length: 29 days
    visits: [{at: "D1, D15", give: X 1 mg}, {at: D28, kept after: withdrawn, assess: vital status}, {at: withdrawn + 5 days, assess: call}]
  b: {visits: [{at: D1, give: X 1 mg}]}
transitions: [{id: t, from: a, to: b, after: end of a, within: 14 days}]
"""
IN_VAIN = "end of a on 2025-02-04 Tue: entry into b from 2025-02-04 Tue to 2025-02-18 Tue; none is recorded"


@pytest.mark.parametrize(
    ("event", "date", "told"),
    [
        ("withdrawn", "2025-02-03", False),  # the day before the entry is allowed
        ("withdrawn", "2025-02-04", True),
        ("withdrawn", "2025-06-01", True),
        ("died", "2025-06-01", True),
        ("treatment_stopped", "2025-02-03", False),
        ("treatment_stopped", "2025-06-01", False),  # the entry is projected before it
    ],
)
def test_who_left_when_the_entry_was_allowed_loses_the_next_period_with_a_word(event: str, date: str, told: bool) -> None:
    found = made(THROUGH, events=((event, date),))
    assert any(note.startswith(f"{IN_VAIN}, and {event} was on {date}") for note in notes(found, "exit")) == told
    entered = made(THROUGH, events=((event, date),), entered=(Entered("b", day("2025-02-04")),))
    assert not any(IN_VAIN in note for note in notes(entered, "exit"))


@pytest.mark.parametrize(
    ("date", "kept"), [("2025-01-16", "do D28, withdrawn+5d"), ("2025-01-29", "do D28, withdrawn+5d"), ("2025-02-02", "does withdrawn+5d")]
)
def test_the_note_of_an_exit_names_all_that_stays(date: str, kept: str) -> None:
    assert notes(made(THROUGH, events=(("withdrawn", date),)), "exit")[-1].endswith(f"times that hang on doses stay, and so {kept}")


USES = """events: {tested: tested, recovered: recovered, moved: moved, swollen: swollen, odd: odd}
products: {X: {doses: {less: {amount: 2 mg, omit: moved}}}}
periods:
  a: {length: 29 days, visits: [{at: D1, give: X 1 mg}, {at: D15, give: X less}, {at: swollen + 3 days, assess: MRI}]}
  b: {visits: [{at: D1, give: X 1 mg}]}
transitions: [{id: t, from: a, to: b, after: tested, needs: [recovered], within: 14 days}]
"""
USED = ["tested", "recovered", "moved", "swollen", "declined", "treatment_stopped", "withdrawn", "lost", "died", "a_completed", "screened"]
UNUSED_EVENTS = ["odd", "relapse", "relapse_confirmed", "stable", "escalated", "idmc_stop", "study_stop"]


@pytest.mark.parametrize(
    ("text", "event", "said"),
    [
        *((USES, event, False) for event in USED),
        *((USES, event, True) for event in UNUSED_EVENTS),
        *((f"{USES}study stop: {{earliest of: [idmc_stop]}}\n", event, False) for event in ("idmc_stop", "study_stop")),
        *((USES.replace("needs: [recovered]", "needs: [relapse_confirmed]"), e, False) for e in ("relapse", "relapse_rejected")),
    ],
)
def test_an_event_for_which_the_study_has_no_rule_changes_nothing_and_the_plan_says_so(text: str, event: str, said: bool) -> None:
    date = "2025-01-02" if event == "screened" else "2025-01-10"
    found = made(text, of_study={event: day(date)}) if event.endswith("_stop") else made(text, events=((event, date),))
    assert (f"{event}: this study has no rule for it, and it changes nothing" in notes(found, "event")) == said


WAITED_FOR = """products: {X: {}}
periods:
  a: {length: 113 days, visits: [{at: "D1, D57", give: X 1 mg}, {at: D29 ±3d, give: X 1 mg}, {at: D85 or later, assess: MRI}]}
  b: {visits: [{at: D1, give: X 1 mg}]}
transitions: [{id: t, from: a, to: b, after: end of a, within: 14 days}]
"""
PASSED, TARGET = "nothing is recorded, and the last allowed day has passed: D29", "nothing is recorded, the target has passed; "
NO_WINDOW, ANY_LATER = f"{TARGET}no window is stated: ", f"{TARGET}any later day is allowed: D85"


@pytest.mark.parametrize(
    ("as_of", "told"),
    [
        ("01-06", []),
        ("02-06", [f"{NO_WINDOW}D1"]),
        ("02-07", [PASSED, f"{NO_WINDOW}D1"]),
        ("03-03", [PASSED, f"{NO_WINDOW}D1"]),
        ("03-04", [PASSED, f"{NO_WINDOW}D1 D57"]),
        ("03-31", [PASSED, f"{NO_WINDOW}D1 D57"]),
        ("04-01", [PASSED, f"{NO_WINDOW}D1 D57", ANY_LATER]),
        ("05-13", [PASSED, f"{NO_WINDOW}D1 D57", ANY_LATER]),
        ("05-14", [PASSED, f"{NO_WINDOW}D1 D57", ANY_LATER, "no entry into b is recorded; the last allowed day was 2025-05-13 Tue: "]),
    ],
)
def test_what_is_waited_for_is_told_from_the_day_after(as_of: str, told: list[str]) -> None:
    found = [note for note in made(WAITED_FOR, as_of=day(f"2025-{as_of}")).notes if note.code in ("overdue", "past-target")]
    shown = [f"{note.message}: {' '.join(visit[2:] for visit in note.visits)}" for note in found]
    assert [text.split(" ", 4)[4] for text in shown] == told


def test_weekends_are_told_each_with_its_visits() -> None:
    text = "products: {X: {}}\nperiods: {a: {visits: [{at: 'D1, D2, D3, D4, D5, D6, D7, D8', give: X 1 mg}]}}\n"  # D1 is a Monday
    found = [(note.message, note.visits) for note in made(text).notes if note.code == "weekend"]
    assert found == [
        ("on a Saturday; no rule is stated, nothing is moved", ("a/D6",)), ("on a Sunday; no rule is stated, nothing is moved", ("a/D7",)),
    ]  # fmt: skip
