"""The schedule of activities, as a protocol prints it: columns, rows, marks and footnotes; and that its marks are the visits of plans."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given

from nmosd_dosing import InputError, Plan, Study, Subject, load, plan
from nmosd_dosing.language import catalog
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.study.activities import Activities, activities, heading_rows
from nmosd_dosing.study.model import Period
from tests.judges import oracle
from tests.kit import studies
from tests.kit.blinded import SECRET, hiding, read, shown_alike
from tests.kit.paths import ROOT

HEAD = """\
language: 1
study: s
title: t
source: not stated
days: from 1
products: {X: {route: oral, note: shaken before use}, Y: {}}
"""


def one(text: str, head: str = HEAD) -> Activities:
    study, _ = read_study_text(head + text)
    (grid,) = activities(study, study.periods)
    return grid


def drawn(grid: Activities) -> list[str]:
    """Each row as `name: marks`."""
    said = [f"{name}: {' | '.join(cells)}" for name, cells in heading_rows(grid)]
    return [*said, *(f"{row.title}: {''.join('X' if at else '.' for at in row.at)}" for row in grid.rows)]


def test_visits_are_columns_and_what_is_done_are_rows() -> None:
    grid = one("""\
periods:
  p:
    window: ±3d
    visits:
      - {at: D-28 to D-1, name: Screening, assess: [EDSS, MRI]}
      - {at: D1, give: X 5 mg over 60 min, window: not stated, assess: EDSS}
      - {at: [D15, D29], give: X 5 mg over 60 min}
      - {at: D29, assess: MRI, note: within a week, assumed: fasting}
      - {at: not stated, name: Rescue, give: Y 1 mg}
""")
    assert drawn(grid) == [
        "Visit: D-28 to D-1 | D1 | D15 | D29 | Rescue",
        "Name: Screening |  |  |  | ",
        "Day: -28 to -1 | 1 | 15 | 29 | not stated",
        "Week:  | W1D1 | W3D1 | W5D1 | ",
        "Window: the range itself | not stated | ±3d | ±3d | not stated",
        "Notes:  |  |  | a, b | ",
        "X 5 mg over 60 min (c): .XXX.",
        "Y 1 mg: ....X",
        "EDSS: XX...",
        "MRI: X..X.",
    ]
    assert grid.footnotes == (("a", "within a week"), ("b", "assumed: fasting"), ("c", "shaken before use"))


def test_repeats_without_an_end_have_one_column_each_behind_the_day_from_which_they_count() -> None:
    grid = one("""\
periods:
  p:
    visits:
      - {at: "D1, then every 28 days", give: X 5 mg}
      - {at: "D1, then every 28 days", assess: weight}
      - {at: "D1, D57, then every 12 weeks", assess: MRI}
      - {at: D60, assess: EDSS}
      - {at: "D15, then every 6 months", give: Y 5 mg}
""")
    assert drawn(grid) == [
        "Visit: D1 | then every 28 days | D15 | then every 6 months | D57 | then every 12 weeks | D60",
        "Day: 1 | after 1 | 15 | after 15 | 57 | after 57 | 60",
        "Week: W1D1 |  | W3D1 |  | W9D1 |  | W9D4",
        "Window: not stated | not stated | not stated | not stated | not stated | not stated | not stated",
        "X 5 mg (a): XX..X..",
        "Y 5 mg: ..XX...",
        "weight: XX..X..",
        "MRI: X...XX.",
        "EDSS: ......X",
    ]


def test_cycles_without_an_end() -> None:
    grid = one("periods: {p: {visits: [{at: [D1, D8], cycle: every 21 days, give: X 5 mg}]}}\n")
    assert drawn(grid)[:2] == [
        "Visit: C1D1 | C1D8 | D1 of each later cycle, every 21 days | D8 of each later cycle, every 21 days",
        "Day: 1 | 8 |  | ",
    ]
    assert drawn(grid)[-1] == "X 5 mg (a): XXXX"


def test_arms_that_differ_openly_have_rows_of_their_own_and_events_are_footnotes() -> None:
    grid = one("""\
arms: [a, b]
periods:
  p:
    visits:
      - {at: D1, give: {a: Y 5 mg, b: Y 10 mg}, once: {escalated: {a: Y 10 mg}}}
      - {at: D8, give: Y 5 mg}
      - {at: D8, arms: [b], assess: MRI}
""")
    assert drawn(grid)[-4:] == ["Y 5 mg, only arm a (a): X.", "Y 10 mg, only arm b: X.", "Y 5 mg: .X", "MRI, only arm b: .X"]
    assert grid.footnotes == (("a", "once escalated: Y 10 mg"),)


def test_a_footnote_has_one_letter_in_all_periods() -> None:
    study, _ = read_study_text(
        HEAD + "periods:\n"
        "  p: {length: 4 weeks, note: first, visits: [{at: D1, give: X 5 mg}]}\n"
        "  q: {note: second, visits: [{at: D1, give: X 5 mg}]}\n"
    )
    p, q = activities(study, study.periods)
    assert (p.title, q.title) == ("p (a)", "q (c)")
    assert (p.footnotes, q.footnotes) == ((("a", "first"), ("b", "shaken before use")), (("c", "second"), ("b", "shaken before use")))


# ruff: noqa: E501
LEVELS = "Z: {doses: {down: {levels: {0: 10 mg, -1: 5 mg, -2: not stated}, down: relapse}, "
LEVELS += "up: {levels: {b: 2 mg, a: 1 mg}, start level: a, up: relapse, omit: escalated, hold: {from: lost, until: stable}}}}"
GRIDS = {
    "days by months and after events": (
        "",
        """\
      - {at: 'relapse, then every 4 weeks', assess: MRI}
      - {at: D1 + 1 month, assess: EDSS}
      - {at: 'D1 + 1 month, then every 2 months', assess: EDSS}
      - {at: D1 + 2 weeks, assess: A}
      - {at: relapse + 3 days to relapse + 5 days, assess: B}
      - {at: D1 to D3, give: Y 1 mg daily}
      - {at: D-3 to D-1, window: ±1d, assess: C}
""",
        """\
Visit: D-3 to D-1 | D1 to D3 | D1 + 14 days | D1+1mo | then every 2 months | relapse | then every 4 weeks | relapse+3d to relapse+5d
Day: -3 to -1 | 1 to 3 |  |  |  |  |  |
Week:  | W1D1 |  |  |  |  |  |
Window: ±1d | not stated | not stated | not stated | not stated | not stated | not stated | the range itself
Notes:  |  | a |  |  |  |  |
Y 1 mg daily: .X......
C: X.......
A: ..X.....
EDSS: ...XX...
MRI: .....XX.
B: .......X
a) counted from the actual day of that visit, where one is recorded
""",
    ),
    "two arms": (
        "arms: [a, b]\n",
        """\
      - {at: 'D1, then every 28 days', arms: a, give: Y 1 mg}
      - {at: 'D8, then every 28 days', arms: b, counted from: previous dose, give: Y 1 mg}
      - {at: D15, arms: a, note: n, give: Y 1 mg over 60 min}
      - {at: D15 ±1d, arms: b, give: Y placebo}
      - {at: D60, assess: {PK: 1 h after Y}, arms: a, give: Y 1 mg}
      - {at: D60, arms: b, give: Y 1 mg, assess: PK}
""",
        """\
Visit: D1 | then every 28 days, from D1 | D8 | then every 28 days, from D8 | D15 | D60
Day: 1 | after 1 | 8 | after 8 | 15 | 60
Week: W1D1 |  | W2D1 |  | W3D1 | W9D4
Window: not stated | not stated | not stated | not stated | a: not stated; b: ±1d | not stated
Notes: a | a | b | c, b | d |
Y 1 mg, only arm a: XX....
Y 1 mg, only arm b: ..XX..
Y 1 mg over 60 min, only arm a: ....X.
Y placebo (0 of the active drug), only arm b: ....X.
Y 1 mg: .....X
PK (e): .....X
a) only arm a
b) only arm b
c) counted from the actual dose before it, where one is recorded
d) a: n
e) 1 h after Y
""",
    ),
    "times": (
        "",
        """\
      - {at: 'D1, D8', give: Y 1 mg, assess: {PK: 'before Y, 1 h after Y'}}
      - {at: D15, give: Y 1 mg, assess: {PK: 2 h after Y}}
      - {at: 'D22, D29', give: Y 1 mg, assess: {PD: 2 h after Y}}
""",
        """\
Visit: D1 | D8 | D15 | D22 | D29
Day: 1 | 8 | 15 | 22 | 29
Week: W1D1 | W2D1 | W3D1 | W4D1 | W5D1
Window: not stated | not stated | not stated | not stated | not stated
Y 1 mg: XXXXX
PK (a, b): XXX..
PD (c): ...XX
a) D1, D8: before Y, 1 h after Y
b) D15: 2 h after Y
c) 2 h after Y
""",
    ),
    "cycles and repeats without an end": (
        "",
        """\
      - {at: 'D1, D8', cycle: every 21 days, cycle name: A, give: Y 1 mg}
      - {at: D1 to D3, cycle: every 12 months, cycle name: B, give: X 2 mg daily}
      - {at: 'D100, then every 12 months', assess: MRI}
      - {at: 'D200, then every 12 months', counted from: previous visit, assess: EDSS}
""",
        """\
Visit: A-C1D1 | B-C1D1 to B-C1D3 | A-C1D8 | D1 of each later cycle A, every 21 days | D8 of each later cycle A, every 21 days | D100 | then every 12 months, from D100 | D200 | then every 12 months, from D200 | D1 to D3 of each later cycle B, every 12 months
Day: 1 | 1 to 3 | 8 |  |  | 100 | after 100 | 200 | after 200 |
Week: W1D1 | W1D1 | W2D1 |  |  | W15D2 |  | W29D4 |  |
Window: not stated | not stated | not stated | not stated | not stated | not stated | not stated | not stated | not stated | not stated
Notes:  |  |  |  |  |  |  |  | a |
Y 1 mg: X.XXX.....
X 2 mg daily (b): .X.......X
MRI: .....XX...
EDSS: .......XX.
a) counted from the actual visit before it, where one is recorded
b) shaken before use
""",
    ),
    "levels": (
        "",
        """\
      - {at: D1, give: Z down}
      - {at: D8, give: Z up}
      - {at: D15, give: Z not stated over 30 min}
""",
        """\
Visit: D1 | D8 | D15
Day: 1 | 8 | 15
Week: W1D1 | W2D1 | W3D1
Window: not stated | not stated | not stated
Z 10 mg, level 0 (a): X..
Z 1 mg, level a (b): .X.
Z dose not stated over 30 min: ..X
a) Z: levels 0 (10 mg), -1 (5 mg), -2 (not stated); one down with each `relapse`
b) Z: levels b (2 mg), a (1 mg); everybody begins at a; one up with each `relapse`; the next dose is omitted after `escalated`; none from `lost` until `stable`
""",
    ),
}


@pytest.mark.parametrize(("arms", "lines", "expected"), GRIDS.values(), ids=GRIDS)
def test_a_grid_in_words(arms: str, lines: str, expected: str) -> None:
    grid = one(f"{arms}periods:\n  p:\n    visits:\n{lines}", HEAD.replace("Y: {}", f"Y: {{}}, {LEVELS}"))
    words = [*drawn(grid), *(f"{letter}) {text}" for letter, text in grid.footnotes)]
    assert [line.rstrip() for line in words] == expected.splitlines()


def test_the_letters_of_footnotes_go_on_behind_z() -> None:
    grid = one("periods: {p: {visits: [{at: D1, give: Y 5 mg, note: [" + ", ".join(f"n{i}" for i in range(80)) + "]}]}}\n")
    letters = [letter for letter, _ in grid.footnotes]
    assert (letters[0], letters[25], letters[26], letters[51], letters[52], letters[79]) == ("a", "z", "aa", "az", "ba", "cb")


def test_a_blinded_dose_is_masked() -> None:
    rcp, olp = activities(load("bat4406f"), load("bat4406f").periods)
    assert [row.name for row in rcp.rows] == ["BAT4406F/placebo (masked)"]
    assert [row.name for row in olp.rows] == ["BAT4406F 500 mg"]


# --- the marks are the visits of plans ----------------------------------------------------------------------------------


FAR = dt.date(2041, 1, 6)  # behind all days that do not hang on how far repeats are drawn


def assert_planned(study: Study, period: Period, made: Plan) -> None:
    (grid,) = activities(study, [period])
    done = {column: {row.what for row in grid.rows if row.at[number]} for number, column in enumerate(grid.columns)}
    own = {column.label: done[column] for column in grid.columns if not column.repeat}
    repeated = {column.label: done[column] for column in grid.columns if column.repeat}
    planned = {v.label: {*(a.shown for a in v.administrations), *v.assessments} for v in made.visits}
    for label, what in planned.items():
        assert own[label] == what if label in own else what <= {name for some in repeated.values() for name in some}
    assert own.keys() <= planned.keys()
    later = [what for label, what in planned.items() if label not in own]
    assert not later or all(what for what in later)


SHIPPED = [
    pytest.param(study, period, id=study.regimen_id(period))
    for study in [*catalog.shipped(), *(load(path) for path in sorted((ROOT / "examples" / "regimens").glob("*.yaml")))]
    for period in study.periods
    if not any(item.code.hangs_on for rule in period.visit_rules for item in rule.at if hasattr(item, "code"))
]


@pytest.mark.parametrize(("study", "period"), SHIPPED)
def test_the_marks_of_a_shipped_study_are_its_plans_visits(study: Study, period: Period) -> None:
    assert_planned(study, period, plan(study, Subject(dt.date(2025, 1, 6), weight_kg=70, height_cm=170), period=period.id, until=FAR))


@studies.examples(80)
@given(studies.studies("visits"))
def test_the_marks_of_a_random_study_are_its_plans_visits(drawn: oracle.Study) -> None:
    study = read(drawn)
    for period in study.periods:
        try:
            made = plan(study, Subject(dt.date(2025, 1, 6), weight_kg=70), period=period.id, until=FAR)
        except InputError:
            continue
        assert_planned(study, period, made)


@studies.examples(40)
@given(studies.studies("period"))
def test_no_masked_dose_of_a_random_study_is_shown(drawn: oracle.Study) -> None:
    study = hiding(drawn)
    if not shown_alike(study):
        assert SECRET not in str([(grid.columns, grid.rows, grid.footnotes) for grid in activities(study, study.periods)])
