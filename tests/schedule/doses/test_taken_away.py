"""What events take from a course of days: the days that are held or omitted, and no others."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing import Cohort, Entered, Event, Plan, Record, Subject, expand, plan
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.pharmacy.worklist import prepare
from nmosd_dosing.plans.handout import handout
from nmosd_dosing.plans.wording import dose_text
from nmosd_dosing.report.export.plan import to_csv, to_json
from nmosd_dosing.schedule.by_subject import by_subject
from tests.kit import studies
from tests.kit.blinded import outputs
from tests.kit.dates import START, day
from tests.kit.somebody import COUNTS_ON, HEAD, done, dose, made, notes, visit

EVENTS = "events: {down: one down, skip: next left out, hold: wait, go: resumed}\n"
MOVED = "omit: skip, hold: {from: hold, until: go}"
TABLETS = (
    EVENTS
    + "products: {C: {vials: [100 mg], doses: {std: {amount: 100 mg, "
    + MOVED
    + "}}}}\nperiods:\n  main:\n    spans: {after: {title: After, from: first dose, to: last dose + 10 days}}\n"
    "    visits: [{at: D1 to D84, give: C std daily}, {at: D29, assess: MRI}]\n"
)
CYCLES = (
    EVENTS
    + "products: {C: {doses: {std: {levels: {0: 1000 mg, -1: 700 mg}, down: down, "
    + MOVED
    + '}}}}\nperiods: {main: {visits: [{at: D1 to D21, cycle: "every 28 days, 3 cycles", give: C std twice daily, window: ±2d}]}}\n'
)
# the course of tablets is from 2025-01-06 to 2025-03-30, the cycles begin on 2025-01-06, 2025-02-03 and 2025-03-03


def taken(found: Plan, label: str) -> list[tuple[str, str, str]]:
    return [(f"{days.first}", f"{days.last}", days.status) for days in dose(found, label).days_taken]


def test_a_hold_takes_the_days_from_it_on_and_they_wait() -> None:
    found = made(TABLETS, events=(("hold", "2025-02-01"),))
    assert (dose(found, "D1 to D84").times, dose(found, "D1 to D84").cumulative) == (26, 2600)
    assert taken(found, "D1 to D84") == [("2025-02-01", "2025-03-30", "held")]
    assert visit(found, "D1 to D84").status == "planned"
    words = "from 2025-02-01 Sat to 2025-03-30 Sun (58 days) C is held by hold on 2025-02-01 Sat, and waits until it is resumed"
    assert notes(found, "omitted") == [words]
    assert words in visit(found, "D1 to D84").dose_steps
    assert not [message for message in notes(found, "dose-change") if message.endswith("no dose of this plan is by it")]
    assert dose_text(dose(found, "D1 to D84")).endswith("26 times in all, held from 2025-02-01 Sat on")
    assert dose_text(dose(found, "D1 to D84"), language="zh").endswith("自 2025-02-01 周六 起暂停给药，待恢复")
    (span,) = found.spans
    assert (span.start, span.end, span.end_moves) == (START, dt.date(2025, 2, 10), "later")


def test_the_days_up_to_the_one_before_it_is_resumed_are_left_out() -> None:
    found = made(TABLETS, events=(("hold", "2025-02-01"), ("go", "2025-02-07"), ("hold", "2025-02-20"), ("go", "2025-02-21")))
    assert taken(found, "D1 to D84") == [("2025-02-01", "2025-02-06", "omitted"), ("2025-02-20", "2025-02-20", "omitted")]
    assert (dose(found, "D1 to D84").times, dose(found, "D1 to D84").total) == (77, 7700)
    assert dose(found, "D1 to D84").vials == (("100 mg", 77),)
    assert [(s.start, s.end) for s in found.spans] == [(START, dt.date(2025, 4, 9))]
    assert made(TABLETS, events=(("hold", "2025-02-01"), ("go", "2025-02-01"))).visits == made(TABLETS).visits


def test_a_dose_omitted_within_a_course_is_that_of_one_day() -> None:
    found = made(TABLETS, events=(("skip", "2025-02-01"), ("skip", "2025-02-08")))
    assert taken(found, "D1 to D84") == [("2025-02-01", "2025-02-01", "omitted"), ("2025-02-08", "2025-02-08", "omitted")]
    assert dose(found, "D1 to D84").times == 82
    between = made(CYCLES, events=(("skip", "2025-01-29"), ("skip", "2025-01-30")))
    assert taken(between, "C2D1 to C2D21") == [("2025-02-03", "2025-02-03", "omitted")]
    assert [v.administrations[0].times for v in between.visits] == [42, 40, 42]


def test_a_course_that_is_resumed_goes_on_on_its_days_at_the_level_of_that_day() -> None:
    events = (("hold", "2025-02-01"), ("down", "2025-02-07"), ("go", "2025-02-07"))
    found = made(CYCLES, events=events)
    second = dose(found, "C2D1 to C2D21")
    assert (second.times, second.amount, second.level) == (34, 700, "-1")
    assert taken(found, "C2D1 to C2D21") == [("2025-02-03", "2025-02-06", "omitted")]
    assert dose(found, "C1D1 to C1D21").total == 42_000
    assert dose(found, "C2D1 to C2D21").cumulative == 42_000 + 23_800
    late = made(CYCLES, events=(("down", "2025-02-10"),))
    assert "down on 2025-02-10 Mon: this course of C keeps the level of its first day" in notes(late, "dose-change")


def test_a_course_of_which_no_day_is_left_is_held_or_omitted_as_a_whole() -> None:
    waits = made(CYCLES, events=(("hold", "2025-01-20"),))
    assert [(v.status, v.administrations[0].amount_status) for v in waits.visits] == [
        ("planned", "stated"), ("pending", "held"), ("pending", "held"),
    ]  # fmt: skip
    assert dose(waits, "C1D1 to C1D21").times == 28
    left_out = made(CYCLES, events=(("hold", "2025-02-01"), ("go", "2025-02-24")))
    assert dose(left_out, "C2D1 to C2D21").amount_status == "omitted"


def test_what_is_recorded_of_such_a_course_is_held_against_the_days_that_are_left() -> None:
    held = (("hold", "2025-02-01"), ("go", "2025-02-07"))

    def wrong(record: Record, *more: tuple[str, str]) -> list[str]:
        study = read_study_text(HEAD + CYCLES)[0]
        events = tuple(Event(name, day(date)) for name, date in (*held, *more))
        (found,) = by_subject(expand(study, Cohort.of_subject(Subject(START, records=(record,), events=events), ()), allow_deviation=True))
        return [text for v in found.visits for text in v.wrong if text is not None]

    assert wrong(done("C2D1 to C2D21", "2025-02-07", "34000", "mg", last=day("2025-02-23"))) == []
    assert wrong(done("C2D1 to C2D21", "2025-02-07", "34000", "mg")) == []
    assert wrong(done("C2D1 to C2D21", "2025-02-07", last=day("2025-02-20"))) == ["given on 14 days, planned are 17"]
    assert wrong(done("C1D1 to C1D21", "2025-01-06", last=day("2025-01-26")), ("hold", "2025-01-12"), ("go", "2025-01-14")) == []
    assert wrong(done("C1D1 to C1D21", "2025-01-06", "38000", "mg"), ("hold", "2025-01-12"), ("go", "2025-01-14")) == []
    assert wrong(done("C1D1 to C1D21", "2025-01-06", "42000", "mg"), ("hold", "2025-01-12"), ("go", "2025-01-14")) == [
        "C 42000 mg is recorded, planned is 38000 mg at level 0"
    ]


def test_a_pharmacy_prepares_none_on_these_days() -> None:
    study = read_study_text(HEAD + TABLETS)[0]
    found = plan(study, Subject(START, events=(Event("hold", day("2025-02-01")), Event("go", day("2025-02-03")))))
    items = prepare(study, [found], day("2025-01-31"), day("2025-02-03")).items
    assert [(f"{item.date:%m-%d}", item.dose.amount_status, item.times, item.vials) for item in items] == [
        ("01-31", "stated", 1, (("100 mg", 1),)), ("02-01", "omitted", 1, None), ("02-02", "omitted", 1, None),
        ("02-03", "stated", 1, (("100 mg", 1),)),
    ]  # fmt: skip


def test_a_patient_is_not_told_to_take_what_is_held() -> None:
    tablets = TABLETS.replace(", {at: D29, assess: MRI}", "")
    found = made(tablets, events=(("hold", "2025-02-01"),))
    page = handout(found, day("2025-01-20"))
    assert [(a.day, a.last) for a in page.appointments] == [(START, dt.date(2025, 1, 31))]
    assert page.left_out == ("main/D1 to D84, C held from 2025-02-01 Sat on: the page does not say so",)
    later = handout(found, day("2025-02-01"))
    assert (later.appointments, later.left_out) == ((), ("main/D1 to D84: its doses wait until they are resumed",))


def test_programs_read_which_days_they_are() -> None:
    found = made(TABLETS, events=(("hold", "2025-02-01"), ("go", "2025-02-07")))
    (told,) = json.loads(to_json(found))["visits"][0]["administrations"][0]["days_taken"]
    assert told == {
        "from": "2025-02-01",
        "to": "2025-02-06",
        "status": "omitted",
        "reason": "is not given, by hold on 2025-02-01 Sat until go on 2025-02-07 Fri",
    }
    assert to_csv(found).splitlines()[1].endswith(",2025-02-01/2025-02-06 omitted")


HAPPENED = st.lists(st.tuples(st.sampled_from(("down", "skip", "hold", "go")), st.integers(0, 90)), max_size=5, unique=True)
BLINDED = (
    EVENTS + "arms: [a, b]\nproducts: {C: {doses: {std: {levels: {0: 1000 mg, -1: 700 mg}, down: down, " + MOVED + "}}}}\n"
    'periods: {main: {blinded: true, visits: [{at: D1 to D21, cycle: "every 28 days, 3 cycles", '
    "give: {a: C std twice daily, b: C placebo twice daily}}]}}\n"
)


@studies.examples(40)
@given(HAPPENED)
def test_the_days_that_events_take_are_the_same_in_every_arm(events: list[tuple[str, int]]) -> None:
    study = read_study_text(HEAD + BLINDED)[0]
    happened = tuple(Event(name, START + dt.timedelta(n)) for name, n in events)
    one, *others = (plan(study, Subject(START, "S-1", arm, 60.0, events=happened)) for arm in (None, "a", "b"))
    assert all(outputs(other) == outputs(one) for other in others)


@studies.examples(40)
@given(st.lists(HAPPENED, min_size=1, max_size=4))
def test_a_course_is_planned_alike_alone_and_among_others(people: list[list[tuple[str, int]]]) -> None:
    study = read_study_text(HEAD + CYCLES)[0]
    subjects = [Subject(START, events=tuple(Event(name, START + dt.timedelta(n)) for name, n in told)) for told in people]
    together = by_subject(expand(study, Cohort.of_subjects(subjects, ())))
    for subject, found in zip(subjects, together, strict=True):
        (alone,) = by_subject(expand(study, Cohort.of_subjects([subject], ())))
        of_one, of_all = ([(v.status, v.earliest, v.latest, repr(v.doses)) for v in each.visits] for each in (alone, found))
        assert of_one == of_all


@studies.examples(40)
@given(HAPPENED)
def test_the_days_taken_and_the_days_given_are_the_whole_course(events: list[tuple[str, int]]) -> None:
    found = plan(read_study_text(HEAD + CYCLES)[0], Subject(START, events=tuple(Event(n, START + dt.timedelta(d)) for n, d in events)))
    for planned in found.visits:
        (given_,) = planned.administrations
        gone = sum(days.days for days in given_.days_taken)
        assert given_.amount_status in ("omitted", "held") or given_.times == 2 * (21 - gone) > 0
        if given_.amount_status == "stated" and any(days.first == planned.target and "hold" in days.why for days in given_.days_taken):
            assert planned.earliest is not None and planned.latest is not None and planned.earliest <= planned.latest
            assert not [days for days in given_.days_taken if days.first <= planned.earliest <= days.last and "hold" in days.why]


@pytest.mark.parametrize(
    ("skipped", "first", "second"), [("2025-03-02", 27, 28), ("2025-03-03", 28, 27), ("2025-02-06", 27, 28), ("2025-02-03", 27, 28)]
)
def test_the_next_dose_of_who_entered_late_is_in_the_course_that_has_it(skipped: str, first: int, second: int) -> None:
    """Of D29 to D56 an entry on 2025-02-10 leaves 21 days, on 2025-02-03 all 28, to 2025-03-02; D57 is 2025-03-03."""
    study, _ = read_study_text(
        HEAD + COUNTS_ON.replace("{X: {}}", "{X: {doses: {c: {amount: 20 mg, omit: skip}}}}\nevents: {skip: next dose left out}")
        .replace("X 20 mg daily", "X c daily").replace("X 10 mg daily", "X c daily")
    )  # fmt: skip
    entries = [day("2025-02-03"), day("2025-02-10")]
    people = [Subject(START, entered=(Entered("b", entry),), events=(Event("skip", day(skipped)),)) for entry in entries]
    for of, entry in zip(by_subject(expand(study, Cohort.of_subjects(people, ()))), entries, strict=True):
        times = [v.doses[0].administrations for v in of.visits if v.visit.label != "D1"]
        assert times == [first - (entry - entries[0]).days, second]


@pytest.mark.parametrize(
    ("events", "days"),
    [
        ((), "01-06 01-10"),
        ((("skip", "2025-01-05"),), "01-07 01-10"),
        ((("skip", "2025-01-10"),), "01-06 01-09"),
        ((("low", "2025-01-05"), ("back", "2025-01-08")), "01-08 01-10"),
        ((("low", "2025-01-09"),), "01-06 01-08"),
    ],
)
def test_the_first_and_the_last_dose_of_a_course_are_on_days_on_which_it_is_given(events: tuple[tuple[str, str], ...], days: str) -> None:
    text = """events: {low: low counts, back: counts are back, skip: next dose left out}
products: {X: {doses: {c: {amount: 5 mg, omit: skip, hold: {from: low, until: back}}}}}
periods: {p: {visits: [{at: D1 to D5, give: X c daily}]}}
"""
    subject = Subject(START, events=tuple(Event(name, day(date)) for name, date in events))
    (found,) = by_subject(expand(read_study_text(HEAD + text)[0], Cohort.of_subject(subject, ())))
    assert f"{found.first_dose:%m-%d} {found.last_dose:%m-%d}" == days
    assert f"{found.visits[0].doses[0].date:%m-%d}" == days[:5]
