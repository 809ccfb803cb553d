"""A period's rules laid out as visits: what they are called, and what their entries say to which arm."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from nmosd_dosing import Event, RegimenError, Study, Subject, plan
from nmosd_dosing.errors import Problems
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.study import consistency
from nmosd_dosing.study import visits as visits_of_a_study
from nmosd_dosing.study.visit import Visit
from nmosd_dosing.study.visit_rules import Series, VisitRule, Window
from nmosd_dosing.study.visits import lay_out
from tests.kit.dates import START, day
from tests.kit.worked import HEAD, visits

ARMS = "arms: [a, b]\n"


def study(*lines: str, period: str = "", arms: str = "", head: str = HEAD) -> Study:
    return read_study_text(head + arms + visits(*lines, period=period))[0]


def laid(*lines: str, horizon: int = 400, **more: str) -> list[Visit]:
    return list(lay_out(study(*lines, **more).periods[0], horizon, Problems()))


# --- labels -------------------------------------------------------------------------------------------------------------

WEEKLY, TRIWEEKLY = "at: D1, cycle: 'every 7 days, 3 cycles'", "at: D1, cycle: 'every 21 days, 3 cycles'"
LABELS = {
    "one cycle": ((f"{WEEKLY}, give: X 1 mg",), "C1D1, C2D1, C3D1"),
    "two entries of one cycle": (
        ("at: 'D1, D8', cycle: 'every 21 days, 2 cycles', give: X 1 mg", "at: D8, cycle: 'every 3 weeks, 2 cycles', assess: MRI"),
        "C1D1, C1D8, C2D1, C2D8",
    ),
    "two cycles": (
        (f"{WEEKLY}, give: X 1 mg", f"{TRIWEEKLY}, give: Y 1 mg"),
        "C1D1, C2D1 (D8), C3D1 (D15), C2D1 (D22), C3D1 (D43)",
    ),
    "two cycles with a day in common": (
        ("at: D1, cycle: 'every 7 days, 4 cycles', give: X 1 mg", f"{TRIWEEKLY}, give: Y 1 mg"),
        "C1D1, C2D1 (D8), C3D1 (D15), D22, C3D1 (D43)",
    ),
    "two cycles with names": (
        (f"{WEEKLY}, cycle name: A, give: X 1 mg", f"{TRIWEEKLY}, cycle name: B, give: Y 1 mg"),
        "D1, A-C2D1, A-C3D1, B-C2D1, B-C3D1",
    ),
    "cycles that have no day of theirs in common": (
        ("at: D1, cycle: 'every 7 days, 2 cycles', give: X 1 mg", "at: D3, cycle: 'every 21 days, 2 cycles', give: Y 1 mg"),
        "C1D1, C1D3, C2D1, C2D3",
    ),
    "cycles by weeks and by months": (
        ("at: 'D1, D8', cycle: 'every 28 days, 2 cycles', give: X 1 mg", "at: 'D1, D8', cycle: 'every 1 month, 2 cycles', assess: MRI"),
        "C1D1, C1D8, C2D1 (D29), C2D1 (D1+1mo), C2D8 (D36), C2D8 (D1+1mo+7d)",
    ),
    "courses in cycles": (
        ("at: D1 to D3, cycle: 'every 7 days, 2 cycles', give: X 1 mg daily",
         "at: D1 to D3, cycle: 'every 14 days, 2 cycles', give: Y 1 mg daily"),
        "C1D1 to C1D3, C2D1 to C2D3 (D8 to D10), C2D1 to C2D3 (D15 to D17)",
    ),
    "week codes": (
        ("at: W1D1, cycle: 'every 7 days, 2 cycles', give: X 1 mg", "at: W1D1, cycle: 'every 14 days, 2 cycles', give: Y 1 mg"),
        "C1D1, C2D1 (W2D1), C2D1 (W3D1)",
    ),
    "a day counted in months and one counted in days": (
        ("at: 'D1, then every 1 month, 1 more times', give: X 1 mg", "at: D32, assess: MRI"),
        "D1, D1+1mo, D32",
    ),
    "days that are not stated, of one name": (
        ("at: not stated, name: Prep, give: X 1 mg", "at: not stated, name: Prep, assess: MRI",
         "at: not stated, name: Prep (1), assess: MRI"),
        "Prep (2), Prep (3), Prep (1)",
    ),
    "days that are not stated, of one name twice": (
        ("at: not stated, name: Prep, give: X 1 mg", "at: not stated, name: Prep, assess: MRI", "at: not stated, name: X, assess: MRI"),
        "Prep (1), Prep (2), X",
    ),
    "days that are not stated, with names that others have or may come to have": (
        ("at: D15, give: X 1 mg", "at: relapse, assess: MRI", "at: not stated, name: D15, assess: MRI",
         "at: not stated, name: relapse (2), assess: MRI", "at: not stated, name: D15 (restart), assess: MRI",
         "at: not stated, name: unscheduled, assess: MRI"),
        "D15, D15 (day not stated), relapse (2) (day not stated), D15 (restart) (day not stated), unscheduled (day not stated), relapse",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "labels"), LABELS.values(), ids=LABELS)
def test_every_visit_has_a_label_of_its_own(lines: tuple[str, ...], labels: str) -> None:
    assert ", ".join(visit.label for visit in laid(*lines)) == labels


def test_arms_with_cycles_of_their_own_have_labels_of_their_own() -> None:
    lines = ("at: D1, arms: a, cycle: every 3 weeks, give: X 1 mg", "at: D1, arms: b, cycle: every 4 weeks, give: X 1 mg")
    made = study(*lines, arms=ARMS)
    mine = {arm: [v.label for v in plan(made, Subject(START, arm=arm), until=day("2025-04-06")).visits] for arm in ("a", "b")}
    assert mine["a"] == ["C1D1", "C2D1 (D22)", "C3D1 (D43)", "C4D1 (D64)", "D85"]
    assert mine["b"] == ["C1D1", "C2D1 (D29)", "C3D1 (D57)", "D85"]


@pytest.mark.parametrize(
    "lines",
    [
        ("at: D1, cycle: every 7 days, give: X 1 mg", "at: D1, cycle: every 21 days, give: Y 1 mg"),
        ("at: 'D1, then every 7 days', give: X 1 mg", "at: 'W1D1, W60D1', assess: MRI"),
        ("at: 'W1D1, then every 7 days', give: X 1 mg", "at: 'D1, D15, D701', name: Control, window: ±2d, assess: MRI"),
        ("at: 'D1, D40', cycle: every 50 days, give: X 1 mg", "at: D1, cycle: every 7 days, give: Y 1 mg"),
    ],
)
def test_no_label_and_no_window_hangs_on_how_far_one_looks(lines: tuple[str, ...]) -> None:
    far = {(v.offset, v.last): (v.label, v.labels, v.said, v.gives) for v in laid(*lines, horizon=2000)}
    for horizon in (0, 20, 50, 365, 400, 401, 730, 1000):
        near = laid(*lines, horizon=horizon)
        assert all((v.label, v.labels, v.said, v.gives) == far[v.offset, v.last] for v in near)
        within = {key for key in far if key[0] is not None and key[0].range[0] <= horizon}
        assert within <= {(v.offset, v.last) for v in near}


def test_an_event_that_comes_again_and_a_restart_keep_labels_apart() -> None:
    made = study(
        "at: 'D1, D15, D29, then every 28 days, 3 more times', give: X 1 mg",
        "at: relapse to relapse + 4 days, give: Y 1 mg daily",
        "at: not stated, name: relapse to relapse+4d (2), assess: MRI",
        period="    if gap: [{of: 8 weeks or more, then: restart, product: X}]\n",
    )
    someone = Subject(START, events=(Event("relapse", day("2025-02-01")), Event("relapse", day("2025-03-01"))))
    labels = [visit.label for visit in plan(made, someone).visits]
    assert len(set(labels)) == len(labels)
    assert {"relapse to relapse+4d", "relapse to relapse+4d (2)", "relapse to relapse+4d (2) (day not stated)"} <= set(labels)


def test_what_comes_from_repeats_without_an_end() -> None:
    """Of a visit, its doses, what is examined and when: only where all of it does."""
    made = laid(
        "at: 'D1, then every 28 days', give: X 1 mg, assess: [MRI]", "at: D29, assess: EDSS", "at: 'D57, then every 28 days', assess: MRI",
        "at: 'D1, then every 56 days', give: Y 1 mg, assess: {PK: 1 h after Y}", horizon=90,
    )  # fmt: skip
    found = {v.label: (v.open_ended, [g.open_ended for g in v.gives], [(a.name, a.open_ended) for a in v.assessments]) for v in made}
    assert found == {
        "D1": (False, [False, False], [("MRI", False), ("PK", False)]), "D29": (False, [True], [("MRI", True), ("EDSS", False)]),
        "D57": (False, [True, True], [("MRI", False), ("PK", True)]), "D85": (True, [True], [("MRI", True)]),
    }  # fmt: skip
    assert [point.open_ended for visit in made for point in visit.time_points] == [False, True]


def test_a_sites_window_is_for_single_days_of_which_the_file_states_none() -> None:
    made = study(
        "at: 'D1, D15', give: X 1 mg", "at: D8 ±2d, assess: MRI", "at: D22 to D25, assess: MRI", "at: D29 to D31, give: Y 1 mg daily",
        "at: not stated, name: Prep, assess: MRI",
    )  # fmt: skip
    period = replace(made.periods[0], site_windows=(("", Window(1, 1)), ("D15", Window(3, 3))))
    windows = {v.label: v.window and v.window.text for v in lay_out(period, 0, Problems())}
    assert windows == {"D1": "±1d", "D8": "±2d", "D15": "±3d", "D22 to D25": "±0d", "D29 to D31": None, "Prep": None}


@pytest.mark.parametrize("more", [9, 10])
def test_a_period_has_at_most_so_many_visits(more: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert visits_of_a_study.MAX_VISITS == 10_000
    monkeypatch.setattr(visits_of_a_study, "MAX_VISITS", 10)
    problems = Problems()
    lay_out(replace(study("at: D1, assess: MRI").periods[0], visit_rules=daily(more)), 0, problems)
    told = ["more than 10 visits in one period; end the repeat earlier, or repeat less often"] if more == 10 else []
    assert [f"{problem.message}; {problem.hint}" for problem in problems.found] == told


def daily(more: int) -> tuple[VisitRule, ...]:
    """A visit on day 1, and on so many days behind it."""
    (rule,) = study("at: 'D1, then every 1 day, 1 more times', assess: MRI").periods[0].visit_rules
    return (replace(rule, at=tuple(replace(item, count=more) if isinstance(item, Series) else item for item in rule.at)),)


# --- windows, names, notes by arm ---------------------------------------------------------------------------------------


def windows(made: list[Visit], label: str) -> list[str]:
    return [window.text if window else "–" for window in next(v for v in made if v.label == label).windows]


WINDOWS: dict[str, tuple[tuple[str, ...], str]] = {
    "what is limited to an arm is nearer than the period": (
        ("at: 'D1, D29', give: X 1 mg", "at: D29, window: ±7d, arms: b, give: Y 1 mg"), "±2d ±7d ±2d",
    ),
    "each arm its own": (("at: D29 ±5d, arms: a, give: X 1 mg", "at: D29 -1d/+7d, arms: b, give: X 1 mg"), "±5d -1d/+7d -1d/+5d"),
    "one window for all": (("at: D29 ±5d, arms: a, give: X 1 mg", "at: D29 ±5d, arms: b, give: X 1 mg"), "±5d"),
    "none is stated for an arm": (("at: D29 ±5d, arms: a, give: X 1 mg", "at: D29, window: not stated, arms: b, give: X 1 mg"), "±5d – –"),
    "a day of one arm only": (("at: D29 ±5d, arms: b, give: X 1 mg",), "±5d"),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "expected"), WINDOWS.values(), ids=WINDOWS)
def test_the_window_of_each_arm_and_of_an_arm_that_is_not_known(lines: tuple[str, ...], expected: str) -> None:
    made = laid(*lines, period="    window: ±2d\n", arms=ARMS)
    visit = next(v for v in made if v.label == "D29")
    known = windows(made, "D29")
    unknown = [visit.window.text if visit.window else "–"] if len(known) > 1 else []
    assert " ".join(known + unknown) == expected


DIFFERENT = {
    "two windows": ("", ("at: D15 ±3d, give: X 1 mg", "at: W3D1 ±7d, assess: MRI")),
    "a window and the period's": ("    window: ±5d\n", ("at: D85, give: X 1 mg", "at: W13D1 ±7d, assess: MRI")),
    "a smaller one than the period's": ("    window: ±5d\n", ("at: D85 ±0d, give: X 1 mg", "at: W13D1, assess: MRI")),
    "not stated, and the period's": ("    window: ±5d\n", ("at: D85, give: X 1 mg", "at: W13D1, window: not stated, assess: MRI")),
    "a day of a repeat": ("    window: ±5d\n", ("at: 'D1, then every 28 days, 3 more times', give: X 1 mg", "at: W13D1 ±7d, assess: MRI")),
    "of one arm": ("    window: ±5d\n", ("at: D85, arms: b, give: X 1 mg", "at: W13D1 ±7d, arms: [b], assess: MRI")),
    "of an arm that has no window of its own": ("    window: ±5d\n", ("at: D85, arms: b, give: X 1 mg", "at: W13D1 ±7d, assess: MRI")),
    "after an event": ("    window: ±5d\n", ("at: relapse, give: X 1 mg", "at: relapse ±7d, assess: MRI")),
}


@pytest.mark.parametrize(("period", "lines"), DIFFERENT.values(), ids=DIFFERENT)
def test_different_windows_on_one_day_are_refused(period: str, lines: tuple[str, ...]) -> None:
    with pytest.raises(RegimenError, match="different windows on"):
        study(*lines, period=period, arms=ARMS)


@pytest.mark.parametrize(
    ("period", "lines"),
    [
        ("    window: ±5d\n", ("at: D85, give: X 1 mg", "at: W13D1 ±5d, assess: MRI")),
        ("", ("at: D85, give: X 1 mg", "at: W13D1 ±7d, assess: MRI")),
        ("    window: ±5d\n", ("at: D1 to D14, give: X 1 mg daily", "at: D1 to W2D7, window: ±7d, assess: MRI")),
    ],
)
def test_a_window_that_nothing_contradicts_is_that_of_the_day(period: str, lines: tuple[str, ...]) -> None:
    assert all(visit.window is not None for visit in laid(*lines, period=period))


TOLD = ("at: 'D1, D29', give: X 1 mg", "at: D29, window: ±7d, arms: b, give: Y 1 mg, name: Second, note: fasting, assumed: a day")


@pytest.mark.parametrize(
    ("arm", "name", "earliest", "texts"),
    [
        ("a", None, "2025-02-01", []),
        ("b", "Second", "2025-01-27", [("assumed", "a day"), ("note", "fasting")]),
        (None, "b: Second", "2025-02-01", [("assumed", "b: a day"), ("note", "b: fasting")]),
    ],
)
def test_what_an_entry_says_that_is_limited_to_arms_holds_for_those(
    arm: str | None, name: str | None, earliest: str, texts: list[tuple[str, str]]
) -> None:
    made = plan(study(*TOLD, period="    window: ±2d\n", arms=ARMS), Subject(START, arm=arm))
    visit = made.visits[1]
    assert (visit.name, str(visit.earliest)) == (name, earliest)
    assert [(note.code, note.message) for note in made.notes if note.code in ("assumed", "note")] == texts
    by_arm = [note.message for note in made.notes if note.message.startswith("the window hangs on the arm")]
    assert by_arm == ([] if arm else ["the window hangs on the arm (a: ±2d, b: ±7d); these are the days that every arm allows"])


BLINDED = {
    "windows": ("at: D29 ±3d, arms: a, give: {a: X 1 mg}", "at: D29 ±5d, arms: b, give: {b: X placebo}"),
    "names": ("at: D29, give: {a: X 1 mg, b: X placebo}", "at: D29, arms: b, name: Second"),
    "notes": ("at: D29, give: {a: X 1 mg, b: X placebo}", "at: D29, arms: b, name: S, note: only b", "at: D29, arms: a, name: S"),
}


@pytest.mark.parametrize(("what", "lines"), BLINDED.items(), ids=BLINDED)
def test_arms_that_are_told_different_things_in_a_blinded_part_are_refused(what: str, lines: tuple[str, ...]) -> None:
    with pytest.raises(RegimenError, match=f"arms with different {what} in a blinded part"):
        study(*lines, period="    blinded: true\n", arms=ARMS)


CONCEALED = """products: {X: {}, Y: {}}
arms: [a, b]
periods:
  blind:
    blinded: true
    length: 4 weeks
    visits: [{at: D1, give: {a: X 1 mg, b: X placebo}}]
  open:
    window: ±2d
    visits:
      - {at: 'D1, D29', give: X 1 mg}
      - {at: D29, window: ±7d, arms: b, give: X 1 mg, name: Second, note: fasting}
transitions: [{id: on, from: blind, to: open, after: end of blind, within: 14 days}]
"""


def test_a_window_tells_no_arm_that_another_part_keeps_from_readers() -> None:
    made = read_study_text(HEAD + CONCEALED.replace("give: X 1 mg, name", "assess: MRI, name"))[0]
    shown = [plan(made, Subject(START, arm=arm)) for arm in ("a", "b", None)]
    days_of = [[(v.earliest, v.latest, v.name) for v in p.visits] for p in shown]
    assert days_of[0] == days_of[1] == days_of[2]
    assert shown[0].notes == shown[1].notes
    told = plan(made, Subject(START, arm="b"), unblind=True)
    assert [str(p.visits[-1].latest) for p in (shown[0], told)] == ["2025-03-05", "2025-03-10"]


FOLLOWING = [  # the lines of a period; and each visit that follows another one, so many days after its dose or after it
    (("at: 'D1, then every 7 days, 2 more times', counted from: previous dose, give: X 1 mg",),
     "D8: 7 after the dose of D1, D15: 7 after the dose of D8"),
    (("at: 'D1, then every 7 days, 2 more times', counted from: previous visit, assess: MRI",), "D8: 7 after D1, D15: 7 after D8"),
    (("at: 'D1, then every 7 days until D22, except D8', counted from: previous dose, give: X 1 mg",),
     "D15: 14 after the dose of D1, D22: 7 after the dose of D15"),
    (("at: 'D1, D8', cycle: 'every 21 days, 2 cycles', counted from: previous dose, give: X 1 mg",),
     "C1D8: 7 after the dose of C1D1, C2D1: 21 after the dose of C1D1, C2D8: 7 after the dose of C2D1"),
    (("at: 'D3, D10', cycle: 'every 21 days, 2 cycles', counted from: previous dose, give: X 1 mg",),
     "C1D10: 7 after the dose of C1D3, C2D3: 21 after the dose of C1D3, C2D10: 7 after the dose of C2D3"),
    (("at: D1, give: X 1 mg", "at: D1 + 14 days, assess: MRI"), "D1 + 14 days: 14 after D1"),
    (("at: 'D1, D8', give: X 1 mg",), ""),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "said"), FOLLOWING)
def test_which_visit_follows_another_one_and_by_how_many_days(lines: tuple[str, ...], said: str) -> None:
    made = laid(*lines)
    labels = {v.offset: v.label for v in made}
    follows = [(v.label, f) for v in made if (f := v.follows) is not None]
    words = [f"{label}: {f.step.days} after {'the dose of ' if f.by == 'dose' else ''}{labels[f.day]}" for label, f in follows]
    assert ", ".join(words) == said


def test_a_study_has_at_most_so_many_visits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consistency, "MAX_VISITS", 2)
    assert len(study("at: 'D1, D8, D15, D22', assess: MRI").periods) == 1
    with pytest.raises(RegimenError, match="more than 4 visits in one study"):
        study("at: 'D1, D8, D15, D22, D29', assess: MRI")
