"""Which dose is the last, and whether it may be another: golden cases, for a visit and for a span that hang on it alike."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest

from nmosd_dosing import Cohort, Plan, Subject, expand, plan
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.subjects.subject import Entered, Event, Record
from tests.kit.cases import columns
from tests.kit.dates import START

HEAD = "language: 1\nstudy: s\ntitle: t\nsource: not stated\ndays: from 1\n"
SPAN = "    spans: {c: {title: C, from: first dose, to: last dose + 30 days}}\n"
LAST = "      - {at: last dose + 30 days, assess: safety}\n"
FIVE = "periods:\n  main:\n    visits:\n      - {at: 'D1, then every 4 weeks, 4 more times', give: X 100 mg}\n" + LAST
RESTART = FIVE.replace("    visits", "    if gap: [{of: more than 8 weeks, then: restart}]\n    visits")
LEVELS = (
    "events: {left_out: o, held: h, resumed: r}\n"
    "products: {X: {doses: {main: {amount: 100 mg, omit: left_out, hold: {from: held, until: resumed}}}}}\n"
)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def made(text: str, *records: Record, **more: Any) -> Plan:
    study, _ = read_study_text(HEAD + (text if "products:" in text else f"products: {{X: {{}}}}\n{text}") + SPAN)
    return plan(study, Subject(START, records=records, **more), allow_deviation=True)


def last(text: str, *records: Record, **more: Any) -> tuple[str, str]:
    """The last dose of `main`, from which the visit counts, and its status; the span's is the same."""
    found = made(text, *records, **more)
    visit = next(v for v in found.visits if v.label == "last dose+30d")
    span = next(s for s in found.spans if s.id == "c")
    assert (span.end, span.status) == (visit.target, visit.status)
    assert visit.target is not None
    return str(visit.target - dt.timedelta(30)), visit.status


def done(label: str, date: str, status: Any = "done", **more: Any) -> Record:
    return Record(label, day(date), status, **more)


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ((), ("2025-04-28", "planned")),
        ((done("D113", "2025-05-02"),), ("2025-05-02", "planned")),
        ((done("D113", "2025-05-02", "booked"),), ("2025-05-02", "projected")),
        ((done("D113", "2025-05-02", "missed"),), ("2025-03-31", "planned")),
        ((done("D113", "2025-05-02", "withheld"), done("D85", "2025-04-01")), ("2025-04-01", "planned")),
        ((done("D113", "2025-05-02", amount=Decimal(0), unit="mg"),), ("2025-03-31", "planned")),
        ((done("unscheduled", "2025-05-20", product="X", amount=Decimal(50), unit="mg"),), ("2025-05-20", "planned")),
        ((done("unscheduled", "2025-05-20"),), ("2025-04-28", "planned")),
    ],
)  # fmt: skip
def test_what_is_recorded_beats_what_is_planned(records: tuple[Record, ...], expected: tuple[str, str]) -> None:
    assert last(FIVE, *records) == expected


def test_exits_and_stops() -> None:
    assert last(FIVE, events=(Event("treatment_stopped", day("2025-03-03")),)) == ("2025-03-03", "planned")
    assert last(FIVE, events=(Event("treatment_stopped", day("2025-03-02")),)) == ("2025-02-03", "planned")
    after = made(FIVE, events=(Event("withdrawn", day("2025-03-10")),))
    assert [v.label for v in after.visits] == ["D1", "D29", "D57"]
    kept = FIVE.replace("assess: safety", "assess: safety, kept after: withdrawn")
    assert last(kept, events=(Event("withdrawn", day("2025-03-10")),)) == ("2025-03-03", "planned")
    assert [v.label for v in made(kept, events=(Event("lost", day("2025-03-10")),)).visits] == ["D1", "D29", "D57"]
    died = Event("withdrawn", day("2025-03-10")), Event("died", day("2025-03-20"))
    assert [v.label for v in made(kept, events=died).visits] == ["D1", "D29", "D57"]


def test_a_course_after_an_event_counts_with_its_last_day() -> None:
    course = FIVE.replace(LAST, LAST + "      - {at: relapse to relapse + 4 days, give: X 10 mg daily}\n")
    assert last(course, events=(Event("relapse", day("2025-05-05")),)) == ("2025-05-09", "planned")


def test_a_period_begun_anew_has_its_last_dose() -> None:
    again = done("D1", "2025-01-06"), done("D29", "2025-04-10")
    assert last(RESTART, *again) == ("2025-07-31", "planned")


def test_a_refused_dose_is_none() -> None:
    assert last("products: {X: {lifetime at most: 350 mg}}\n" + FIVE) == ("2025-03-03", "planned")


def test_omitted_and_held_doses_are_none() -> None:
    levels = LEVELS + FIVE.replace("X 100 mg", "X main")
    assert last(levels, events=(Event("left_out", day("2025-04-20")),)) == ("2025-03-31", "planned")
    assert last(levels, events=(Event("held", day("2025-04-20")),))[1] == "projected"
    back = Event("held", day("2025-04-20")), Event("resumed", day("2025-04-25"))
    assert last(levels, events=back) == ("2025-04-28", "planned")


def test_a_repeat_without_an_end_leaves_it_projected_until_treatment_stops() -> None:
    open_end = FIVE.replace(", 4 more times", "")
    assert last(open_end)[1] == "projected"
    assert last(open_end, events=(Event("treatment_stopped", day("2025-03-10")),)) == ("2025-03-03", "planned")


TWO = """products: {X: {}}
periods:
  main:
    length: 12 weeks
    visits:
      - {at: 'D1, D29', give: X 100 mg}
      - {at: last dose + 70 days, assess: safety}
      - {at: last dose of the study + 6 months, assess: call}
  open:
    length: 12 weeks
    visits:
      - {at: 'D1, D29', give: X 100 mg}
  follow:
    visits:
      - {at: last dose of the study + 30 days, assess: labs}
      - {at: last dose of the study + 6 months, assess: call}
transitions:
  - {id: on, from: main, to: open, after: end of main, within: 14 days}
  - {id: off, from: open, to: follow, after: end of open, within: 28 days}
"""


def statuses(**more: Any) -> dict[str, str]:
    study, _ = read_study_text(HEAD + TWO)
    found = plan(study, Subject(START, **more), cancelled=True, allow_deviation=True)
    return {v.id: f"{v.target} {v.status}" for v in found.visits if "last" in v.label}


def test_an_entry_ends_what_hangs_on_the_last_dose_of_the_period_before() -> None:
    assert statuses()["main/last dose+70d"] == "2025-04-14 projected"
    assert statuses(entered=(Entered("open", day("2025-04-07")),))["main/last dose+70d"] == "2025-04-14 cancelled"
    assert statuses(entered=(Entered("open", day("2025-04-14")),))["main/last dose+70d"] == "2025-04-14 planned"
    assert statuses(events=(Event("declined", day("2025-03-31")),))["main/last dose+70d"] == "2025-04-14 planned"


def test_the_last_dose_of_the_study_is_followed_into_later_periods() -> None:
    assert statuses()["main/last dose of the study+6mo"] == "2025-10-28 projected"
    entered = statuses(entered=(Entered("open", day("2025-04-07")),))
    assert entered["main/last dose of the study+6mo"] == "2025-11-05 planned"
    declined = statuses(events=(Event("declined", day("2025-03-31")),))
    assert declined["main/last dose of the study+6mo"] == "2025-08-03 planned"


def test_what_would_lie_before_the_first_day_of_its_period_falls_away_and_is_told() -> None:
    entered = Entered("open", day("2025-04-07")), Entered("follow", day("2025-06-30"))
    assert statuses(entered=entered) == {
        "main/last dose+70d": "2025-04-14 cancelled",
        "main/last dose of the study+6mo": "2025-11-05 planned",
        "follow/last dose of the study+6mo": "2025-11-05 planned",
    }
    study, _ = read_study_text(HEAD + TWO)
    notes = plan(study, Subject(START, entered=entered)).notes
    told = "not planned: last dose of the study+30d; before the first day of follow, 2025-06-30 Mon; they are counted from 2025-05-05 Mon"
    assert [n.message for n in notes if n.code == "before-entry"] == [f"{told}, the last dose"]


def test_a_dose_of_some_arms_only_may_not_be_the_last_of_whoever_has_no_known_arm() -> None:
    arms = "arms: [a, b]\nproducts: {X: {}}\n" + FIVE.replace(LAST, "      - {at: D200, give: X 5 mg, arms: a}\n" + LAST)
    assert last(arms) == ("2025-07-24", "projected")
    assert last(arms, arm="a") == ("2025-07-24", "planned")
    assert last(arms, arm="b") == ("2025-04-28", "planned")


@pytest.mark.parametrize(
    ("date", "a", "b"),
    [
        (None, "2025-02-05", "2025-03-13"),
        ("2025-02-02", "2025-03-04", "2025-03-13"),  # the day before the entry
        ("2025-02-03", "2025-02-05", "2025-03-13"),
        ("2025-02-12", "2025-02-05", "2025-03-14"),
    ],
)
def test_a_dose_at_an_unscheduled_visit_is_of_the_period_in_which_it_was_given(date: str | None, a: str, b: str) -> None:
    span = "spans: {c: {title: C, from: first dose, to: last dose + 30 days}}"
    text = (
        f"{HEAD}products: {{X: {{}}}}\nperiods:\n  a: {{length: 28 days, {span}, visits: [{{at: D1, give: X 1 mg}}]}}\n"
        f"  b: {{{span}, visits: [{{at: D1, assess: MRI}}, {{at: D9, give: X 1 mg}}]}}\n"
        "transitions: [{id: t, from: a, to: b, after: end of a, within: 14 days}]\n"
    )
    records = (done("unscheduled", date, product="X"),) if date else ()
    found = plan(read_study_text(text)[0], Subject(START, records=records, entered=(Entered("b", day("2025-02-03")),)))
    assert [str(span.end) for span in found.spans] == [a, b]


DAYS_OF_ARMS = """
    visits                                                              a            b            unknown
    D1 X; D15 X                                                         01-06 01-20  01-06 01-20  01-06 01-20
    D1 {a: X 1 mg, b: nothing}; D15 X; D29 {a: nothing, b: X 1 mg}      01-06 01-20  01-20 02-03  01-06 02-03
    D1 X; D15 {a: X 1 mg, b: nothing}                                   01-06 01-20  01-06 01-06  01-06 01-20
    D1 {a: nothing, b: X 1 mg}; D15 X                                   01-20 01-20  01-06 01-20  01-06 01-20
    D1 X; D15 X as needed                                               01-06 01-06  01-06 01-06  01-06 01-06
    D1 X as needed; D15 X                                               01-20 01-20  01-20 01-20  01-20 01-20
    D1 X; D15 to D17 X                                                  01-06 01-22  01-06 01-22  01-06 01-22
    D1 X; D15, then every 14 days until D43 X                           01-06 02-17  01-06 02-17  01-06 02-17
"""


@pytest.mark.parametrize("row", columns(DAYS_OF_ARMS), ids=lambda row: row["visits"])
def test_the_first_and_the_last_dose_are_those_that_one_s_arm_gets(row: dict[str, str]) -> None:
    lines = []
    for line in row["visits"].split("; "):
        at, what = re.fullmatch(r"(.+?) (X.*|\{.*)", line).groups()  # type: ignore[union-attr]
        daily = " daily" if " to " in at else ""
        lines.append(f"      - {{at: '{at}', give: {what if what[0] == '{' else what.replace('X', f'X 1 mg{daily}', 1)}}}\n")
    text = f"{HEAD}arms: [a, b]\nproducts: {{X: {{}}}}\nperiods:\n  p:\n    visits:\n{''.join(lines)}"
    study, _ = read_study_text(text)
    everybody = Cohort.of_subjects([Subject(START, arm=arm) for arm in ("a", "b", None)], ("a", "b"))
    found = list(by_subject(expand(study, everybody)))
    assert [f"{of.first_dose:%m-%d} {of.last_dose:%m-%d}" for of in found] == [row["a"], row["b"], row["unknown"]]
    ends = {of.last_dose for of in found[:2]}
    assert [of.last_doses[-1].unsure for of in found] == [False, False, len(ends) > 1]  # it is only of some arms
    alone = next(by_subject(expand(study, everybody.chosen([1]))))
    assert f"{alone.first_dose:%m-%d} {alone.last_dose:%m-%d}" == row["b"]


GOES_ON = """products: {X: {}}
periods:
  main:
    visits:
      - {at: "D1, then every 4 weeks", give: X 1 mg}
      - {at: "relapse to relapse + 2 days", give: X 1 mg daily}
      - {at: last dose + 30 days, assess: MRI}
  more: {visits: [{at: "D1, then every 4 weeks", give: X 1 mg}]}
transitions: [{id: t, from: main, to: more, after: end of main, within: 28 days}]
"""


@pytest.mark.parametrize(
    ("happened", "entered", "last", "later"),
    [
        ({}, "", "2027-01-04", True),  # repeats go on beyond what is drawn
        ({"relapse": "2025-03-08"}, "", "2027-01-04", True),
        ({"main_completed": "2025-03-10"}, "2025-03-17", "2025-03-03", False),
        ({"main_completed": "2025-03-10", "relapse": "2025-03-08"}, "2025-03-17", "2025-03-10", False),
        ({"treatment_stopped": "2025-03-10"}, "", "2025-03-03", False),
        ({"withdrawn": "2025-04-10"}, "", "2025-03-31", False),
    ],
)
def test_repeats_without_an_end_are_over_for_who_has_entered_the_next_period(
    happened: dict[str, str], entered: str, last: str, later: bool
) -> None:
    events = tuple(Event(name, day(date)) for name, date in happened.items())
    subject = Subject(START, events=events, entered=(Entered("more", day(entered)),) if entered else ())
    (found,) = by_subject(expand(read_study_text(HEAD + GOES_ON)[0], Cohort.of_subject(subject, ())))
    assert found.last_doses[0] == (day(last), later, False)
