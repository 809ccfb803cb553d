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
