"""What opens a way: conditions that were met before the event, and those that are about it."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from nmosd_dosing import Entered, Event, Plan, Subject
from nmosd_dosing.days import Offset
from nmosd_dosing.study.facts import Facts
from nmosd_dosing.study.model import Stop, Trigger
from nmosd_dosing.subjects.ahead import Ahead
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.triggers import Stay, contradicted, met, of_each_alone, of_study, study_stop, unanswered
from tests.kit.cases import columns
from tests.kit.dates import START, day
from tests.kit.somebody import made

NEEDS = """products: {X: {}}
events: {labs_good: laboratory values are good, consent: consent to go on}
periods:
  a: {length: 52 weeks, visits: [{at: "D1, D182", give: X 10 mg}]}
  b: {visits: [{at: D1, give: X 20 mg}]}
transitions:
  - {id: way, from: a, to: b, after: AFTER, within: 28 days, needs: [NEED]}
"""


def move(after: str, needs: str, *events: tuple[str, str]) -> tuple[str, str | None]:
    """The status of the move, and its first day."""
    found: Plan = made(NEEDS.replace("AFTER", after).replace("NEED", needs), events=events)
    (one,) = found.transitions
    missing = one.message.split(" not recorded")[0].rsplit(", ", 1)[-1] if "not recorded" in one.message else ""
    return f"{one.status} {missing}".strip(), str(one.earliest) if one.earliest is not None else "-"


WAYS = """
    after     needs                 events                                                     status                        earliest
    relapse   labs_good             relapse=2025-03-10 labs_good=2025-03-01                    projected                     2025-03-10
    relapse   labs_good             relapse=2025-03-10 labs_good=2025-01-06                    projected                     2025-03-10
    relapse   labs_good             relapse=2025-03-10 labs_good=2025-01-05                    pending_labs_good             -
    relapse   labs_good             relapse=2025-03-10 labs_good=2025-03-10                    projected                     2025-03-10
    relapse   labs_good             relapse=2025-03-10 labs_good=2025-03-20                    projected                     2025-03-20
    relapse   labs_good             relapse=2025-03-10 labs_good=2025-03-01 labs_good=2025-03-20  projected                  2025-03-10
    relapse   labs_good             relapse=2025-03-10                                         pending_labs_good             -
    relapse   labs_good,consent     relapse=2025-03-10 labs_good=2025-03-01 consent=2025-03-15    projected                  2025-03-15
    relapse   labs_good,consent     relapse=2025-03-10 labs_good=2025-03-01                    pending_consent               -
    relapse   stable                relapse=2025-03-10 stable=2025-03-01                       pending_stable                -
    relapse   stable                relapse=2025-03-10 stable=2025-03-12                       projected                     2025-03-12
    consent   labs_good             consent=2025-03-10 labs_good=2025-03-01                    projected                     2025-03-10
    consent   escalated             consent=2025-03-10 escalated=2025-02-01                    projected                     2025-03-10
    end_of_a  labs_good             labs_good=2025-03-01                                       projected                     2026-01-05
    end_of_a  labs_good             labs_good=2026-01-08                                       projected                     2026-01-08
"""


@pytest.mark.parametrize("row", columns(WAYS), ids=lambda r: f"{r['after']} {r['needs']} {r['events']}")
def test_a_condition_counts_that_was_met_before_unless_it_is_about_the_event(row: dict[str, str]) -> None:
    events = [tuple(item.split("=")) for item in row["events"].split()]
    needs, after = row["needs"].replace(",", ", "), row["after"].replace("_of_", " of ")
    found = move(after, needs, *events)  # type: ignore[arg-type]
    assert found == (row["status"].replace("_", " ", 1), row["earliest"])


@pytest.mark.parametrize(("since", "answers", "met_on"), [
    ("2025-03-01", "confirmed=2025-03-05", "2025-03-05"),
    ("2025-03-01", "confirmed=2025-03-01", "2025-03-01"),
    ("2025-03-01", "confirmed=2025-02-28", None),  # of an earlier one
    ("2025-03-01", "confirmed=2025-03-10 relapse=2025-03-10", None),  # that of the next
    ("2025-03-01", "confirmed=2025-03-09 relapse=2025-03-10", "2025-03-09"),
    ("2025-03-01", "confirmed=2025-03-09 relapse=2025-03-10 relapse=2025-04-10", "2025-03-09"),
    ("2025-03-10", "confirmed=2025-03-11 relapse=2025-03-01", "2025-03-11"),
    ("2025-03-01", "rejected=2025-03-05 confirmed=2025-03-06", "2025-03-06"),
    ("2025-03-01", "rejected=2025-03-05 confirmed=2025-03-05", None),
    ("2025-03-01", "confirmed=2025-03-04 rejected=2025-03-05", None),
    ("2025-03-01", "rejected=2025-03-02 confirmed=2025-03-03 rejected=2025-03-04 confirmed=2025-03-06", "2025-03-06"),
    ("2025-03-01", "confirmed=2025-03-04 relapse=2025-03-10 rejected=2025-03-12", "2025-03-04"),  # the next one was rejected
    ("2025-03-01", "confirmed=2025-03-04 relapse=2025-03-10 rejected=2025-03-10", "2025-03-04"),
    ("2025-03-01", "", None),
])  # fmt: skip
def test_a_relapse_is_confirmed_by_what_is_recorded_of_it(since: str, answers: str, met_on: str | None) -> None:
    happened = [answer.split("=") for answer in answers.split()] + [["relapse", since]]
    events = tuple(Event(name if name == "relapse" else f"relapse_{name}", day(date)) for name, date in happened)
    cohort = Cohort.of_subjects([Subject(START, events=events)], ())
    found = met(cohort, "relapse", "relapse_confirmed", np.datetime64(since), np.datetime64(START), 0)
    assert (str(found) if found is not None else None) == met_on


EITHER = """products: {X: {}}
periods:
  a: {length: 52 weeks, visits: [{at: "D1, D182", give: X 10 mg}]}
  b: {visits: [{at: D1, give: X 20 mg}]}
transitions:
  - {id: by-relapse, from: a, to: b, after: relapse, within: 28 days}
  - {id: by-escalation, from: a, to: b, after: escalated, within: 60 days}
"""


@pytest.mark.parametrize(("relapse", "escalated", "entered", "rule"), [
    ("2025-03-01", "2025-02-20", "2025-03-01", "by-relapse"),  # on its first day
    ("2025-03-02", "2025-02-20", "2025-03-01", "by-escalation"),
    ("2025-03-01", "2025-02-20", "2025-03-29", "by-relapse"),  # on its last day
    ("2025-03-01", "2025-02-20", "2025-03-30", "by-escalation"),
])  # fmt: skip
def test_an_entry_belongs_to_the_first_rule_that_allows_its_day(relapse: str, escalated: str, entered: str, rule: str) -> None:
    found = made(EITHER, events=(("relapse", relapse), ("escalated", escalated)), entered=(Entered("b", day(entered)),))
    assert [move.rule for move in found.transitions] == [rule]


TWO_WAYS = """products: {X: {}}
periods:
  a: {length: 52 weeks, visits: [{at: "D1, D182", give: X 10 mg}]}
  b: {visits: [{at: D1, give: X 20 mg}]}
  c: {visits: [{at: D1, give: X 20 mg}]}
transitions:
  - {id: first, from: a, to: b, after: relapse, within: 28 days, needs: [relapse_confirmed]}
  - {id: second, from: a, to: c, after: relapse, within: 60 days, needs: [relapse_confirmed, stable]}
"""


@pytest.mark.parametrize(("confirmed", "status"), [(None, "pending"), ("2025-03-01", "projected"), ("2025-03-02", "projected")])
def test_of_two_ways_that_wait_or_are_open_the_first_in_the_file_governs(confirmed: str | None, status: str) -> None:
    """A relapse may be confirmed on its day."""
    events = (("relapse", "2025-03-01"), *((("relapse_confirmed", confirmed),) if confirmed else ()))
    found = made(TWO_WAYS, events=events)
    assert [(move.rule, move.status) for move in found.transitions if move.source == "a"] == [("first", status)]


@pytest.mark.parametrize(("decided", "told"), [("2025-02-28", True), ("2025-03-01", False), ("2025-03-02", False)])
def test_a_decision_before_any_relapse_is_told(decided: str, told: bool) -> None:
    found = made(TWO_WAYS, events=(("relapse", "2025-03-01"), ("relapse_confirmed", decided)))
    assert any("no relapse" in note.message for note in found.notes) == told


HANGING = """products: {X: {}}
periods:
  a: {length: 52 weeks, visits: [{at: D1, give: X 10 mg}, {at: relapse, assess: MRI}]}
  b: {visits: [{at: D1, give: X 20 mg}, {at: relapse, assess: EDSS}]}
transitions:
  - {id: way, from: a, to: b, after: end of a, within: 28 days}
"""


@pytest.mark.parametrize(("relapse", "period"), [
    ("2025-01-05", None), ("2025-01-06", "a"), ("2025-02-28", "a"), ("2025-03-01", None), ("2025-03-02", None),
    ("2025-03-03", "b"), ("2025-03-04", "b"),
])  # fmt: skip
def test_an_event_is_of_the_period_until_its_end_and_of_the_next_from_its_first_day_on(relapse: str, period: str | None) -> None:
    found = made(HANGING, events=(("relapse", relapse), ("a_completed", "2025-03-01")), entered=(Entered("b", day("2025-03-03")),))
    assert [v.id for v in found.visits if v.label == "relapse"] == ([f"{period}/relapse"] if period else [])


DECIDED = """products: {X: {}}
periods: {a: {length: 57 days, visits: [{at: D1, give: X 1 mg}]}, b: {visits: [{at: D1, give: X 1 mg}]}}
transitions:
  - {id: way, from: a, to: b, after: relapse, within: 28 days, needs: [relapse_confirmed]}
  - {id: ended, from: a, to: b, after: end of a, within: 28 days}
"""


@pytest.mark.parametrize(
    ("rejected", "confirmed", "rule"),
    [
        (None, "01-22", "way"),
        ("01-22", None, "ended"),
        ("01-22", "01-21", "ended"),
        ("01-22", "01-22", "ended"),  # on one day a rejection stands
        ("01-22", "01-23", "way"),
        ("01-20", "01-20", "ended"),
        ("01-19", "01-20", "way"),  # it was not of this relapse
    ],
)
def test_the_later_decision_on_a_relapse_counts(rejected: str | None, confirmed: str | None, rule: str) -> None:
    decisions = (("relapse_rejected", rejected), ("relapse_confirmed", confirmed))
    events = (("relapse", "2025-01-20"), *((name, f"2025-{date}") for name, date in decisions if date is not None))
    assert [move.rule for move in made(DECIDED, events=events).transitions] == [rule]


def stay(*people: tuple[str, ...]) -> Stay:
    """Subjects in a period that begins with their day 1 and has no end: of each day 1, and the days of relapses."""
    subjects = [Subject(day(start), events=tuple(Event("relapse", day(date)) for date in relapses)) for start, *relapses in people]
    cohort = Cohort.of_subjects(subjects, ())
    never = np.full(len(cohort), np.datetime64("NaT", "D"))
    return Stay(cohort, cohort.start, never, never)


PEOPLE = (("2025-01-06", "2025-03-01", "2025-02-01"), ("2025-01-08",), ("2025-01-07", "2025-02-10"), ("2025-02-20", "2025-02-20"))


@pytest.mark.parametrize(("kind", "count", "plus", "on"), [
    ("subject", 1, 0, "2025-01-06"), ("subject", 2, 0, "2025-01-07"), ("subject", 3, 7, "2025-01-15"), ("subject", 4, 0, "2025-02-20"),
    ("subject", 5, 0, None), ("count", 1, 0, "2025-02-01"), ("count", 2, 28, "2025-03-10"), ("count", 3, 0, "2025-02-20"),
    ("count", 4, 0, None),
])  # fmt: skip
def test_the_day_of_the_nth_subject_or_of_the_nth_who_had_an_event(kind: str, count: int, plus: int, on: str | None) -> None:
    """Of each the first relapse counts; nobody's second one makes up for another subject's."""
    trigger = Trigger(kind, "relapse" if kind == "count" else "", count, Offset(plus))  # type: ignore[arg-type]
    found = of_study(stay(*PEOPLE), trigger)
    assert [None if np.isnat(date) else str(date) for date in found] == [on]


def test_the_study_stops_on_the_earliest_of_its_rules_and_of_two_on_one_day_by_the_first_in_the_file() -> None:
    third, relapses = Trigger("subject", count=3, plus=Offset(28)), Trigger("count", "relapse", 1, Offset(4))
    late = Trigger("subject", count=4)
    never = (Trigger("subject", count=5),)
    for rules, by in (((third, relapses, late), 0), ((relapses, third), 0), ((late, relapses), 1), ((late,), 0), (never, None)):
        stopped = study_stop(Stop(rules, Facts()), stay(*PEOPLE))
        assert stopped.by == ("" if by is None else rules[by].text)
        assert str(stopped.date) == ("NaT" if by is None else "2025-02-20" if rules == (late,) else "2025-02-05")
        assert set(stopped.counted) == ({"relapse"} if relapses in rules else set())
    assert (str(study_stop(None, stay(*PEOPLE)).date), study_stop(None, stay(*PEOPLE)).by) == ("NaT", "")


def test_what_stops_the_study_for_each_alone() -> None:
    rules = (Trigger("subject", count=1, plus=Offset(7)), Trigger("count", "relapse", 1))
    stop, there = Stop(rules, Facts()), stay(*PEOPLE)
    alone = of_each_alone(stop, study_stop(stop, there), there.cohort)
    assert [(text, dates.astype(str).tolist()) for text, dates in alone] == [
        (rules[0].text, ["2025-01-13", "2025-01-15", "2025-01-14", "2025-02-27"]),
        (rules[1].text, ["2025-02-01", "NaT", "2025-02-10", "2025-02-20"]),
    ]
    assert of_each_alone(None, study_stop(None, there), there.cohort) == ()


@pytest.mark.parametrize(("events", "unanswered_", "contradicted_"), [
    ("relapse=2025-03-01 relapse_confirmed=2025-03-01", False, False), ("relapse=2025-03-01 relapse_confirmed=2025-02-28", True, False),
    ("relapse_rejected=2025-03-01", True, False), ("relapse=2025-03-01", False, False),
    ("relapse=2025-03-01 relapse_confirmed=2025-03-02 relapse_rejected=2025-03-02", False, True),
    ("relapse=2025-03-01 relapse_confirmed=2025-03-02 relapse_rejected=2025-03-03", False, False),
    ("relapse=2025-03-01 relapse=2025-04-01 relapse_confirmed=2025-03-02 relapse_rejected=2025-04-02", False, False),
    ("relapse=2025-03-01 relapse=2025-04-01 relapse_confirmed=2025-04-02 relapse_rejected=2025-04-02", False, True),
])  # fmt: skip
def test_decisions_that_answer_no_relapse_or_contradict_each_other(events: str, unanswered_: bool, contradicted_: bool) -> None:
    told = tuple(Event(name, day(date)) for name, _, date in (event.partition("=") for event in events.split()))
    cohort = Cohort.of_subject(Subject(START, events=told), ())
    assert (unanswered(cohort).tolist(), contradicted(cohort).tolist()) == ([unanswered_], [contradicted_])


@pytest.mark.parametrize(("horizon", "stops"), [
    ("2025-01-31", [None, None]), ("2025-02-01", ["2025-02-01", None]), ("2025-02-20", ["2025-02-01", "2025-02-20"]),
])  # fmt: skip
def test_simulated_trials_stop_each_by_itself_and_not_beyond_the_horizon(horizon: str, stops: list[str | None]) -> None:
    """Of two trials the first has the first and the third subject."""
    there = stay(*PEOPLE)
    ahead = Ahead(2, np.zeros(4), np.zeros(4, dtype=bool), np.datetime64(horizon), None, lambda _: None)
    found = study_stop(Stop((Trigger("count", "relapse", 1),), Facts()), replace(there, cohort=replace(there.cohort, ahead=ahead)))
    assert [None if np.isnat(date) else str(date) for date in found.dates] == stops
