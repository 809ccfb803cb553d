"""Levels of doses: steps down and up, doses that are omitted or held, by arm and in columns, and what is recorded of them."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing import Cohort, Event, Plan, Subject, expand, plan
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.subjects.subject import Weight
from tests.kit import studies
from tests.kit.blinded import outputs
from tests.kit.dates import START
from tests.kit.somebody import HEAD, done, dose, made, notes, visit

EVENTS = "events: {down: one down, up: one up, skip: next left out, hold: wait, go: resumed}\n"
MOVED = "down: down, up: up, omit: skip, hold: {from: hold, until: go}"
VISITS = "periods:\n  main:\n    visits:\n      - {at: 'D1, then every 28 days until D169', give: X main, assess: MRI}\n"


def text(rule: str = f"levels: {{0: 300 mg, -1: 200 mg, -2: 100 mg}}, {MOVED}", visits: str = VISITS, **product: str) -> str:
    more = "".join(f"    {key.replace('_', ' ')}: {value}\n" for key, value in product.items())
    return f"{EVENTS}products:\n  X:\n{more}    doses:\n      main: {{{rule}}}\n{visits}"


def told(found: Plan) -> list[str]:
    """Each dose in a word: its amount, or why there is none."""
    doses = [v.administrations[0] for v in found.visits]
    return [str(int(a.amount)) if a.amount is not None else a.amount_status for a in doses]


def levels(found: Plan) -> list[str | None]:
    return [v.administrations[0].level for v in found.visits]


# D29 is on 2025-02-03, D57 on 2025-03-03, D85 on 2025-03-31, D113 on 2025-04-28, D141 on 2025-05-26, D169 on 2025-06-23


def test_two_levels_down_and_back() -> None:
    found = made(text(), events=(("down", "2025-02-03"), ("down", "2025-03-01"), ("up", "2025-04-01"), ("up", "2025-05-26")))
    assert told(found) == ["300", "200", "100", "100", "200", "300", "300"]
    assert levels(found) == ["0", "-1", "-2", "-2", "-1", "0", "0"]
    assert dose(found, "D169").cumulative == 1500


def test_events_of_one_day_cancel_out_in_any_order() -> None:
    assert told(made(text(), events=(("down", "2025-02-03"), ("up", "2025-02-03")))) == ["300"] * 7


def test_beyond_the_last_level_no_dose_is_stated_and_an_up_leads_back() -> None:
    found = made(text(), events=(("down", "2025-02-01"), ("down", "2025-02-02"), ("down", "2025-03-01"), ("up", "2025-05-01")))
    assert told(found) == ["300", "100", *["not stated"] * 3, "100", "100"]
    assert levels(found)[2] == "below -2"
    assert dose(found, "D169").cumulative is None
    (words,) = notes(found, "not-stated")
    assert words.startswith("the file states no level below -2 of X, and so no dose: down on 2025-02-01 Sat")
    above = made(text(), events=(("up", "2025-03-01"),))
    assert (told(above)[2], levels(above)[2]) == ("not stated", "above 0")


def test_a_start_level_and_levels_that_are_not_stated() -> None:
    rule = "levels: {high: 300 mg, usual: 200 mg, low: not stated}, start level: usual, down: down, up: up"
    found = made(text(rule), events=(("up", "2025-02-01"), ("down", "2025-03-01"), ("down", "2025-04-01")))
    assert told(found) == ["200", "300", "200", "200", "not stated", "not stated", "not stated"]
    assert levels(found)[-1] == "low"


def test_several_events_may_go_one_level_down() -> None:
    found = made(
        text("levels: {0: 300 mg, -1: 200 mg, -2: 100 mg}, down: [down, skip]"), events=(("down", "2025-02-01"), ("skip", "2025-02-01"))
    )
    assert told(found)[1] == "100"


def test_caps_rounding_and_bands_hold_for_each_level() -> None:
    banded = "{bands: {<60 kg: 401 mg, 60 kg or more: 601 mg}, at most: 500 mg}"
    rule = f"levels: {{0: {banded}, -1: {{amount: 5 mg/kg, at most: 250 mg}}, -2: 3 mg/kg}}, round: down to 50 mg, at most: 700 mg, {MOVED}"
    heavy = made(text(rule), weight_kg=70, events=(("down", "2025-03-01"), ("down", "2025-05-01")))
    assert told(heavy) == ["500", "500", "250", "250", "250", "200", "200"]
    assert dose(heavy, "D57").amount_status == "capped"
    assert told(made(text(rule), weight_kg=50))[0] == "400"


# --- omitted and held ---------------------------------------------------------------------------------------------------


def test_the_next_dose_is_omitted_and_nothing_moves() -> None:
    found = made(text(minimum_gap="28 days"), events=(("skip", "2025-03-01"), ("skip", "2025-03-02"), ("skip", "2025-05-26")))
    assert told(found) == ["300", "300", "omitted", "300", "300", "omitted", "300"]
    assert [v.status for v in found.visits] == ["planned"] * 7
    assert visit(found, "D57").assessments == ("MRI",)
    assert dose(found, "D169").cumulative == 1500
    assert dose(found, "D57").vials is None
    assert "X is not given, by skip on 2025-03-02 Sun" in notes(found, "omitted")


def test_omit_and_hold_need_no_levels() -> None:
    found = made(text("amount: 10 mg/kg, omit: skip, hold: {from: hold, until: go}"), weight_kg=60, events=(("skip", "2025-03-01"),))
    assert told(found)[1:4] == ["600", "omitted", "600"]
    assert levels(found) == [None] * 7


TWO_RULES = """events: {skip: next left out, hold: wait, go: resumed}
products:
  X:
    doses:
      loading: {amount: 600 mg, omit: skip}
      maintenance: {amount: 300 mg, omit: skip, hold: {from: hold, until: go}}
      rescue: 100 mg
periods:
  main:
    visits:
      - {at: "D1, D15", give: X loading}
      - {at: D22, give: X rescue}
      - {at: "D29, D57", give: X maintenance}
"""


@pytest.mark.parametrize(
    ("skipped", "doses"),
    [
        ("2025-01-06", ["omitted", "600", "100", "300", "300"]),  # the day of the first dose: that one, and no other
        ("2025-01-07", ["600", "omitted", "100", "300", "300"]),
        ("2025-01-20", ["600", "omitted", "100", "300", "300"]),
        ("2025-01-21", ["600", "600", "100", "omitted", "300"]),  # the rescue's rule does not name the event
        ("2025-02-04", ["600", "600", "100", "300", "omitted"]),
        ("2025-03-04", ["600", "600", "100", "300", "300"]),
    ],
)
def test_one_event_omits_one_dose_of_all_rules_that_name_it(skipped: str, doses: list[str]) -> None:
    assert told(made(TWO_RULES, events=(("skip", skipped),))) == doses
    stopped = made(TWO_RULES, events=(("skip", skipped), ("treatment_stopped", "2025-02-03")))
    assert told(stopped) == doses[:4]


def test_doses_wait_until_they_are_resumed() -> None:
    waits = made(text(), events=(("down", "2025-04-01"), ("hold", "2025-03-31")))
    assert told(waits) == ["300"] * 3 + ["held"] * 4
    assert [v.status for v in waits.visits] == ["planned"] * 3 + ["pending"] * 4
    assert notes(waits, "pending") == ["no dose yet: X is held by hold on 2025-03-31 Mon, and waits until it is resumed"]
    goes_on = made(text(), events=(("down", "2025-04-01"), ("hold", "2025-03-31"), ("go", "2025-05-26")))
    assert told(goes_on) == ["300"] * 3 + ["omitted", "omitted", "200", "200"]
    assert {v.status for v in goes_on.visits} == {"planned"}
    assert told(made(text(), events=(("hold", "2025-03-31"), ("go", "2025-03-31")))) == ["300"] * 7
    assert told(made(text(), events=(("go", "2025-03-30"), ("hold", "2025-03-31"))))[3:] == ["held"] * 4


def test_what_resumes_nothing_is_said() -> None:
    words = "go on 2025-03-01 Sat: no dose of this plan is by it"
    assert words in notes(made(text(), events=(("go", "2025-03-01"),)), "dose-change")
    assert words in notes(made(text(), events=(("hold", "2025-04-01"), ("go", "2025-03-01"))), "dose-change")
    assert words not in notes(made(text(), events=(("hold", "2025-02-25"), ("go", "2025-03-01"))), "dose-change")


def test_spans_and_first_doses_know_what_is_taken_away() -> None:
    spans = "    spans: {after: {title: After, from: first dose, to: last dose + 10 days}}\n"
    found = made(text(visits=VISITS + spans), events=(("skip", "2025-01-06"), ("skip", "2025-06-20")))
    assert [(s.start, s.end) for s in found.spans] == [(dt.date(2025, 2, 3), dt.date(2025, 6, 5))]


def test_a_weight_by_which_an_omitted_dose_would_be_plays_no_part() -> None:
    rule = f"levels: {{0: 10 mg/kg, -1: 5 mg/kg}}, {MOVED}"
    weights = {dt.date(2025, 2, 1): 66.5, dt.date(2025, 3, 1): 61.0}
    study = read_study_text(HEAD + text(rule, weight="changed by 10% or more"))[0]

    def amounts(*events: Event) -> list[str]:
        subject = Subject(START, weight_kg=60, weights=tuple(Weight(day, kg) for day, kg in weights.items()), events=events)
        return told(plan(study, subject))

    assert amounts() == ["600", *["665"] * 6]
    assert amounts(Event("skip", dt.date(2025, 2, 1))) == ["600", "omitted", *["600"] * 5]


def test_a_lifetime_s_cap_counts_what_is_given() -> None:
    found = made(text(lifetime_at_most="900 mg"), events=(("skip", "2025-02-01"), ("down", "2025-04-01"), ("down", "2025-04-02")))
    assert told(found) == ["300", "omitted", "300", "300", "refused", "refused", "refused"]


# --- what is recorded ---------------------------------------------------------------------------------------------------


def test_a_record_stands_and_says_which_level_it_is() -> None:
    events = (("down", "2025-02-01"), ("skip", "2025-03-01"), ("skip", "2025-04-20"))
    records = (
        done("D1", "2025-01-06", "300", "mg"), done("D29", "2025-02-03", "300", "mg"), done("D57", "2025-03-03", "100", "mg"),
        done("D85", "2025-03-31", "200", "mg"), done("D113", "2025-04-28"),
    )  # fmt: skip
    found = made(text(), *records, events=events)
    assert told(found) == ["300", "300", "100", "200", "omitted", "200", "200"]
    assert notes(found, "wrong-dose") == [
        "X 300 mg is recorded, planned is 200 mg at level -1; as much is level `0`",
        "X 100 mg is recorded, planned is 0 mg, it is omitted",
    ]
    assert "X was to be left out, by skip on 2025-03-01 Sat, and was given all the same" in notes(found, "omitted")
    assert [(i.given, i.planned) for i in found.intensity] == [(900, 1500)]


def test_an_omitted_dose_that_is_recorded_as_withheld_takes_no_other_with_it() -> None:
    found = made(text(), done("D57", "2025-03-03", status="withheld"), events=(("skip", "2025-03-01"),))
    assert told(found) == ["300", "300", "0", "300", "300", "300", "300"]


# --- arms ---------------------------------------------------------------------------------------------------------------

ARMS = """arms: [a, b, c]
{events}products:
  X:
    doses:
      one: {{levels: {{0: 300 mg, -1: 200 mg}}, {moved}}}
      two: {{levels: {{0: 300 mg, -1: 100 mg}}, down: {other}, omit: skip}}
periods:
  main:{blinded}
    visits:
      - at: D1, then every 28 days until D85
        give: {{a: X one, b: X two, c: {third}}}
"""


def test_each_arm_has_levels_of_its_own_and_the_dose_needs_the_arm_where_they_differ() -> None:
    study = ARMS.format(events=EVENTS, moved=MOVED, other="down", blinded="", third="X 300 mg")
    events = (("down", "2025-02-10"),)
    assert [told(made(study, arm=arm, events=events))[-1] for arm in "abc"] == ["200", "100", "300"]
    assert told(made(study, events=events)) == ["300", "300", "needs arm", "needs arm"]
    assert told(made(study, events=(("skip", "2025-02-10"),))) == ["300", "300", "needs arm", "300"]
    assert told(made(study, arm="c", events=(("skip", "2025-02-10"), ("hold", "2025-02-10")))) == ["300"] * 4


def test_where_the_arm_is_not_known_a_dose_needs_it_if_it_is_omitted_in_one_arm_alone() -> None:
    study = """arms: [a, b]
events: {skip: next left out, hold: wait, go: resumed}
products:
  X:
    doses:
      one: {amount: 300 mg, omit: skip}
      two: {amount: 300 mg, omit: skip, hold: {from: hold, until: go}}
periods:
  main:
    visits:
      - {at: D1, give: {a: X one, b: X 300 mg}}
      - {at: "D29, D57", give: {a: X one, b: X two}}
"""
    events = (("skip", "2025-01-06"),)
    assert told(made(study, arm="a", events=events)) == ["omitted", "300", "300"]
    assert told(made(study, arm="b", events=events)) == ["300", "omitted", "300"]
    assert told(made(study, events=events)) == ["needs arm", "needs arm", "300"]
    assert told(made(study, events=(("skip", "2025-01-07"),))) == ["300", "omitted", "300"]  # in either


BLINDED = ARMS.format(events=EVENTS, moved="down: down, omit: skip", other="down", blinded="\n    blinded: true", third="X placebo")


@studies.examples(40)
@given(st.lists(st.tuples(st.sampled_from(("down", "skip")), st.integers(0, 120)), max_size=4, unique=True))
def test_what_events_do_to_a_masked_dose_is_the_same_in_every_arm(events: list[tuple[str, int]]) -> None:
    study = read_study_text(HEAD + BLINDED)[0]
    happened = tuple(Event(name, START + dt.timedelta(n)) for name, n in events)
    one, *others = (plan(study, Subject(START, "S-1", arm, 60.0, events=happened)) for arm in (None, "a", "b", "c"))
    assert all(outputs(other) == outputs(one) for other in others)
    assert {v.administrations[0].amount_status for v in one.visits} <= {"masked", "omitted", "not stated"}
    assert "300" not in outputs(one)[2]


def test_a_placebo_goes_by_the_levels_beside_it() -> None:
    study = read_study_text(HEAD + BLINDED)[0]
    happened = tuple(Event(name, day) for name, day in (("down", dt.date(2025, 2, 1)), ("skip", dt.date(2025, 3, 1))))
    found = plan(study, Subject(START, arm="c", events=happened), unblind=True)
    assert [(a.level, a.amount_status) for v in found.visits for a in v.administrations] == [
        ("0", "stated"), ("-1", "stated"), ("-1", "omitted"), ("-1", "stated"),
    ]  # fmt: skip


def test_masked_vials_are_those_of_the_level() -> None:
    vials = BLINDED.replace("  X:\n", "  X:\n    vials: [100 mg]\n").replace("-1: 100 mg}", "-1: 200 mg}")
    found = made(vials, events=(("down", "2025-02-10"), ("skip", "2025-03-20")))
    assert [v.administrations[0].vials for v in found.visits] == [(("100 mg", 3),), (("100 mg", 3),), (("100 mg", 2),), None]


# --- columns ------------------------------------------------------------------------------------------------------------


@studies.examples(60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from((None, "a", "b", "c")),
            st.lists(st.tuples(st.sampled_from(("down", "up", "skip", "hold", "go")), st.integers(0, 120)), max_size=5, unique=True),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_a_subject_is_planned_alike_alone_and_among_others(people: list[tuple[str | None, list[tuple[str, int]]]]) -> None:
    study = read_study_text(HEAD + ARMS.format(events=EVENTS, moved=MOVED, other="up", blinded="", third="X one"))[0]
    subjects = [Subject(START, arm=arm, events=tuple(Event(n, START + dt.timedelta(d)) for n, d in told)) for arm, told in people]
    together = by_subject(expand(study, Cohort.of_subjects(subjects, ("a", "b", "c"))))
    for subject, found in zip(subjects, together, strict=True):
        (alone,) = by_subject(expand(study, Cohort.of_subjects([subject], ("a", "b", "c"))))
        for one, other in zip(alone.visits, found.visits, strict=True):
            assert (one.status, repr(one.doses)) == (other.status, repr(other.doses))


def test_an_event_that_is_told_twice_for_one_day_is_one_step() -> None:
    assert told(made(text(), events=(("down", "2025-02-03"), ("down", "2025-02-03"), ("down", "2025-03-01"))))[:3] == ["300", "200", "100"]
