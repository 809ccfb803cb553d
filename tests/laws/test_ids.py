"""The label of a visit and the uid of an entry are nobody else's, whatever the file, the same on every machine and after every change."""

from __future__ import annotations

import datetime as dt

from hypothesis import assume, given
from hypothesis import strategies as st

from nmosd_dosing import Event, RegimenError, Subject, plan
from nmosd_dosing.calendar.entries import CalendarStyle, to_entries
from nmosd_dosing.calendar.updates import update_ics
from nmosd_dosing.errors import Problems
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.study.visit_names import Names, is_unscheduled
from nmosd_dosing.study.visits import lay_out
from tests.kit import studies
from tests.kit.calendars import STAMP, START, made
from tests.kit.worked import HEAD


def test_uids_are_the_same_on_every_machine_and_know_no_date_arm_or_weight() -> None:
    assert [e.uid for e in to_entries(made(), CalendarStyle())] == [
        "b9dac8c5-5a33-5a32-8c44-01917ccc8a5d",
        "4e262ce6-733a-5792-b07e-e136fe9bb8fc",
        "db9f141a-ca1c-5a9d-9771-8de80503160f",
        "36206b2a-0ecd-5a13-ae6c-55b7f8570fc4",
    ], "a changed UID makes every entry in every calendar program a new one"
    others = made(start=dt.date(2024, 2, 29), arm="placebo", weight_kg=50.0)
    assert [e.uid for e in to_entries(others, CalendarStyle(language="zh", discreet=True))] == [
        e.uid for e in to_entries(made(), CalendarStyle())
    ]


def test_uids_differ_between_subjects_periods_studies_and_kinds() -> None:
    plans = [made(), made(code="0013"), made(code="12"), made(code=None), made("bat4406f"), made("mil62", "olp")]
    uids = [e.uid for p in plans for e in to_entries(p, CalendarStyle(windows=True, spans=True))]
    assert len(uids) == len(set(uids))


def test_one_name_written_in_two_ways_is_one_subject() -> None:
    composed, decomposed = made(code="Zoé-1"), made(code="Zoé-1")
    assert [e.uid for e in to_entries(composed, CalendarStyle())] == [e.uid for e in to_entries(decomposed, CalendarStyle())]


DAYS = ("D1", "D2", "D8", "W2D1", "D29", "W5D1", "D1 to D3", "D-7")
MORE = (
    "D1, then every 7 days",
    "D8, then every 1 month",
    "W1D1, then every 4 weeks, 5 more times",
    "D1 + 1 month",
    "relapse",
    "relapse + 5 days",
    "D900",
)
STEPS = ("7 days", "1 week", "14 days", "4 weeks", "28 days", "1 month", "30 days")
NAMES = (
    "Prep",
    "Prep (1)",
    "Prep (restart)",
    "D8",
    "C2D1",
    "C2D1 (D8)",
    "relapse",
    "relapse (2)",
    "D8 (day not stated)",
    "unscheduled",
    "UNSCHEDULED 4.1",
    "week 2",
)


@st.composite
def rules(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(("cycle", "cycle", "cycle", "day", "undated")))
    arms = draw(st.sampled_from(("", ", arms: a", ", arms: b")))
    if kind == "undated":
        return f"at: not stated, name: {draw(st.sampled_from(NAMES))}, assess: MRI{arms}"
    what = draw(st.sampled_from(("give: X 1 mg daily", "give: Y 1 mg daily", "assess: MRI")))
    if kind == "day":
        return f"at: '{draw(st.sampled_from(DAYS + MORE))}', {what}{arms}"
    step, count = draw(st.sampled_from(STEPS)), draw(st.sampled_from(("", ", 2 cycles", ", 3 cycles", ", 5 cycles")))
    name = draw(st.sampled_from(("", "", ", cycle name: A", ", cycle name: B")))
    return f"at: '{draw(st.sampled_from(DAYS[:4] + DAYS[6:7]))}', cycle: 'every {step}{count}'{name}, {what}{arms}"


@studies.examples(40)
@given(st.lists(rules(), min_size=2, max_size=5), st.integers(0, 800))
def test_no_two_visits_of_a_period_have_one_label_and_none_hangs_on_the_horizon(lines: list[str], horizon: int) -> None:
    text = (
        HEAD + "products: {X: {}, Y: {}}\narms: [a, b]\nperiods:\n  p:\n    visits:\n" + "".join(f"      - {{{line}}}\n" for line in lines)
    )
    try:
        study, _ = read_study_text(text)
    except RegimenError:  # a product twice on a day, a day that lies before its cycle
        assume(False)
        return
    near, far = lay_out(study.periods[0], horizon, Problems()), lay_out(study.periods[0], 1200, Problems())
    assert len({v.label for v in far}) == len(far)
    assert not any(is_unscheduled(v.label) for v in far), "no record of it could be told from one of a visit that is not planned"
    names = Names(far, ["p"] * len(far))
    assert all([*names.meant(v.label)] == [i] and [*names.meant(v.label, "p")] == [i] for i, v in enumerate(far))
    labels = {v.label: v for v in far}
    assert all(labels[v.label] == v for v in near)
    relapses = tuple(Event("relapse", START + dt.timedelta(days)) for days in (30, 60))
    for arm in ("a", "b", None):
        planned = plan(study, Subject(START, arm=arm, code="0012", events=relapses))
        assert len({v.id for v in planned.visits}) == len(planned.visits)
        dated = sum(v.date is not None for v in planned.visits)
        if dated:
            assert update_ics(None, planned, stamp=STAMP).count("added") == dated
