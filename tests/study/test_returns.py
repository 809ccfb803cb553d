"""Coming back to a period: what the periods of each return are called, and what a name alone means."""

from __future__ import annotations

import pytest

from nmosd_dosing import Event, InputError, RegimenError, Subject, check, load, plan
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.study.period_order import way
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.subject import Entered, Record
from tests.kit.command import output
from tests.kit.dates import START, day
from tests.kit.paths import ROOT

STUDY = ROOT / "examples" / "periods" / "study.yaml"


def test_each_return_stands_behind_the_file_s_own_periods() -> None:
    study = load(STUDY)
    assert [period.id for period in study.own_periods] == ["treatment", "follow-up"]
    assert [period.id for period in way(study)] == ["treatment", "follow-up", "treatment-2", "follow-up-2", "treatment-3", "follow-up-3"]
    ways = [(t.id, t.source_period, t.target_period) for t in study.transitions]
    assert ways == [
        ("done", "treatment", "follow-up"), ("again", "follow-up", "treatment-2"),
        ("done-2", "treatment-2", "follow-up-2"), ("again-2", "follow-up-2", "treatment-3"),
        ("done-3", "treatment-3", "follow-up-3"),
    ]  # fmt: skip
    assert [period.title for period in study.periods][-1] == "Follow-up (3)"
    assert study.subject_events[-1] == "follow_up_3_completed"


def test_what_was_before_day_1_does_not_come_again() -> None:
    periods = {period.id: period for period in load(STUDY).periods}
    assert len(periods["treatment"].visit_rules) == 5
    assert len(periods["treatment-2"].visit_rules) == 2


def test_a_name_alone_is_of_the_first_time() -> None:
    subject = Subject(START, events=(Event("relapse", day("2025-04-01")),), records=(Record("D15", day("2025-01-20")),))
    made = plan(load(STUDY), subject)
    assert [visit.id for visit in made.visits if visit.actual] == ["treatment/D15"]
    back = Subject(START, events=subject.events, records=(Record("treatment-2/D1", day("2025-04-03")),))
    again = plan(load(STUDY), back)
    assert [(p.period, p.status) for p in again.periods][2] == ("treatment-2", "entered")
    assert {v.id: v.target for v in again.visits}["treatment-2/D15"] == day("2025-04-17")


def test_after_the_last_return_an_event_changes_nothing_and_the_plan_says_so() -> None:
    relapses = tuple(Event("relapse", day(date)) for date in ("2025-03-01", "2025-05-01", "2025-07-01"))
    made = plan(load(STUDY), Subject(START, events=relapses))
    assert [p.period for p in made.periods][-1] == "follow-up-3"
    words = "relapse of 2025-07-01 Tue: the subject has come back 2 times, which is the most; it changes nothing"
    assert [note.message for note in made.notes if note.code == "event" and "most" in note.message] == [words]


def test_a_return_that_nothing_leads_to_is_refused() -> None:
    with pytest.raises(InputError, match="no rule leads into `treatment-3`"):
        plan(load(STUDY), Subject(START, entered=(Entered("treatment-3", day("2025-06-01")),)))


ENDS = """
language: 1
study: s
title: t
source: not stated
days: from 1
products: {X: {}}
periods:
  on: {length: 4 weeks, visits: [{at: D1, give: X 1 mg}]}
  off: {length: 4 weeks, visits: [{at: on_completed + 7 days, assess: EDSS}, {at: D1, assess: MRI}]}
  out: {visits: [{at: D1, assess: EDSS}]}
transitions:
  - {id: rest, from: on, to: off, after: end of on, within: 7 days}
  - {id: again, from: off, to: on, after: end of off, within: 7 days, at most: 1 time}
  - {id: gone, from: off, to: out, after: relapse, within: 7 days}
"""


def test_the_end_of_a_period_is_that_of_its_return() -> None:
    study = read_study_text(ENDS)[0]
    second = study.period("off-2")
    assert second is not None and [rule.at for rule in second.visit_rules if "on_2_completed" in repr(rule.at)]
    by_id = {t.id: t for t in study.transitions}
    assert by_id["rest-2"].after.name == "on-2" and by_id["gone-2"].target_period == "out" and "again-2" not in by_id
    happened = {"on_completed": "2025-02-03", "on_2_completed": "2025-04-01", "relapse": "2025-04-10"}
    made = plan(study, Subject(START, events=tuple(Event(name, day(date)) for name, date in happened.items())))
    assert [p.period for p in made.periods] == ["on", "off", "on-2", "off-2", "out"]
    assert {v.id: v.target for v in made.visits}["off-2/on_2_completed+7d"] == day("2025-04-08")


IDS = [
    ("on-2", 1, "`on-2` is what the period is called when a subject comes back to it"), ("off-2", 1, "`off-2` is what"), ("on-3", 1, None),
    ("on-3", 2, "`on-3` is what"), ("on-4", 2, None), ("on-1", 2, None), ("out-2", 2, None),
]  # fmt: skip


@pytest.mark.parametrize(("id", "times", "told"), IDS)
def test_a_period_is_not_called_as_a_return(id: str, times: int, told: str | None) -> None:
    text = ENDS.replace("  out: {", f"  {id}: {{visits: [{{at: D1, assess: EDSS}}]}}\n  out: {{").replace("1 time}", f"{times} times}}")
    if told is None:
        assert f"on-{times + 1}" in [period.id for period in read_study_text(text)[0].periods]
    else:
        with pytest.raises(RegimenError, match=told):
            read_study_text(text)


def test_every_list_knows_a_return() -> None:
    subject = Subject(START, "1", events=(Event("relapse", day("2025-04-01")),), entered=(Entered("follow-up", day("2025-02-03")),))
    schedule = expand(load(STUDY), Cohort.of_subject(subject, ()), allow_deviation=True, accept_gap=True)
    assert [f.verdict for f in check(schedule, "2025-04-05") if f.visit == "treatment-2 entry"] == ["due"]
    shown = output("show", str(STUDY))
    assert "again: follow-up to treatment\n" in shown and "Treatment (2)" not in shown
    assert "at most 2 times; what follows is called `treatment-2`" in " ".join(shown.split())
    listed = output("plan", "--regimen", str(STUDY), "--start", "2025-01-06", "--on", "relapse=2025-04-01", "--format", "csv")
    assert "treatment-2/D15" in listed
