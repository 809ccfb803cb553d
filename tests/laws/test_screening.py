"""What hangs on consent, screening and randomisation: the same days with a day 1 and without one, for whoever, and in every list."""

from __future__ import annotations

import csv
import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing import Event, InputError, Subject, check, due, load, plan
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.plans.request import Request
from nmosd_dosing.report.export.cohort import COHORT_COLUMNS, rows
from nmosd_dosing.report.export.plan import to_csv, to_json
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.history import known_by
from tests.kit import studies
from tests.kit.blinded import calendar
from tests.kit.dates import START, day
from tests.kit.paths import ROOT

DAY = dt.timedelta(1)
BLINDED = """
language: 1
study: s
title: t
source: not stated
days: from 1
products: {X: {}}
arms: [x, placebo]
periods:
  p:
    length: 26 weeks
    blinded: true
    visits:
      - {at: consented, assess: consent}
      - {at: "screened, screened + 3 days to screened + 10 days", assess: MRI}
      - {at: randomised + 1 day ±1d, assess: call}
      - {at: "D1, W13D1", give: {x: X 500 mg, placebo: X placebo}}
    spans:
      run-up: {title: Screening, from: screened, to: randomised}
"""
days = st.dictionaries(
    st.sampled_from(("consented", "screened", "randomised", "screen_failed")), st.integers(-60, 20), min_size=1, max_size=4
)  # fmt: skip


def told(found: dict[str, int]) -> tuple[Event, ...]:
    return tuple(Event(name, START + n * DAY) for name, n in sorted(found.items()))


def on_screening(made: Plan) -> dict[str, tuple[object, ...]]:
    return {v.label: (v.target, v.earliest, v.latest, v.last, v.status, v.cancelled_by) for v in made.visits if "D1" not in v.label}


@studies.examples(60)
@given(days)
def test_a_day_1_makes_no_difference_to_what_hangs_on_screening(found: dict[str, int]) -> None:
    """And each target is so many days after its day, which is the second reckoning."""
    study = read_study_text(BLINDED)[0]
    with_day_1 = plan(study, Subject(START, events=told(found)), cancelled=True)
    without = plan(study, Subject(None, events=told(found)), cancelled=True)
    assert on_screening(with_day_1) == on_screening(without)
    assert without.start is None and all("D1" not in v.label and v.study_day is None for v in without.visits)
    expected = {"consented": ("consented", 0), "screened": ("screened", 0), "screened+3d to screened+10d": ("screened", 3)}
    expected["randomised+1d"] = ("randomised", 1)
    targets = {label: START + (found[event] + n) * DAY for label, (event, n) in expected.items() if event in found}
    assert {v.label: v.target for v in without.visits} == targets
    gone = found.get("screen_failed")
    if gone is not None and gone < found.get("screened", gone):
        gone = None  # of an earlier screening
    cancelled = {label for label, target in targets.items() if gone is not None and target > START + gone * DAY}
    assert {v.label for v in without.visits if v.status == "cancelled"} == cancelled


@studies.examples(40)
@given(days, st.booleans())
def test_nothing_tells_the_arm_of_whoever_has_no_day_1_or_has_one(found: dict[str, int], begun: bool) -> None:
    study, texts = read_study_text(BLINDED)[0], set()
    for arm in (None, "x", "placebo"):
        made = plan(study, Subject(START if begun else None, "7", arm, events=told(found)), cancelled=True)
        texts.add((to_json(made), to_csv(made), calendar(made)))
    assert len(texts) == 1


@studies.examples(40)
@given(st.lists(st.tuples(days, st.booleans()), min_size=1, max_size=4))
def test_rows_of_a_cohort_are_those_of_its_plans(people: list[tuple[dict[str, int], bool]]) -> None:
    study = read_study_text(BLINDED)[0]
    subjects = [Subject(START if begun else None, f"{i}", events=told(found)) for i, (found, begun) in enumerate(people)]
    cohort = Cohort.of_subjects(subjects, study.periods[0].arms)
    request, made = Request(study, columns=cohort), [plan(study, subject) for subject in subjects]
    shown = [(m.subject, v.id, _text(v.target), _text(m.start)) for m in made for v in m.visits]
    lines = [json.loads(line) for texts in rows(request, "json") for text in texts for line in text.splitlines()]
    assert [(line["subject"], line["id"], line["target"], line["start"]) for line in lines] == shown
    cells = [line for texts in rows(request, "csv") for text in texts for line in csv.reader(text.splitlines())]
    columns = [COHORT_COLUMNS.index(name) for name in ("subject", "id", "target", "start")]
    assert list(dict.fromkeys(tuple(line[i] or None for i in columns) for line in cells)) == shown


def _text(date: dt.date | None) -> str | None:
    return date.isoformat() if date is not None else None


def test_of_whom_no_day_is_known_nobody_is_made() -> None:
    with pytest.raises(InputError, match="`start`: `None` is not a date"):
        Subject(None, events=(Event("relapse", START),))
    with pytest.raises(InputError, match="a start date is missing"):
        Cohort.of(["NaT"], events={"relapse": ["2025-01-06"]})
    assert len(Cohort.of(["NaT", "2025-01-06"], events={"screened": ["2024-12-09", "NaT"]})) == 2


def test_a_screening_visit_is_due_before_day_1_and_not_after_a_failure() -> None:
    study = load(ROOT / "examples" / "periods" / "study.yaml")
    screened = (Event("screened", day("2024-12-09")),)
    failed = (*screened, Event("screen_failed", day("2024-12-11")))
    found = {}
    for name, events in (("screened", screened), ("failed", failed)):
        schedule = expand(study, Cohort.of_subject(Subject(None, name, events=events), ()))
        findings = check(schedule, "2024-12-13")
        found[name] = {d.finding.visit for d in due(findings, "2024-12-13", 14)}
        if name == "failed":
            assert {f.visit: f.verdict for f in findings}["treatment/screened+3d to screened+10d"] == "cancelled"
    assert found["screened"] >= {"treatment/screened+3d to screened+10d"} and found["failed"] == set()


def test_who_is_screened_after_a_failure_is_in_screening_again() -> None:
    study = load(ROOT / "examples" / "periods" / "study.yaml")

    def planned(screened: str, failed: str, start: str | None = None) -> tuple[list[str], set[str]]:
        events = (Event("screen_failed", day(failed)), Event("screened", day(screened)))
        subject = Subject(day(start) if start else None, "0103", events=events)
        made = plan(study, subject)
        findings = check(expand(study, Cohort.of_subject(subject, ())), "2025-02-14")
        listed = {d.finding.visit for d in due(findings, "2025-02-14", 14)}
        return [f"{v.id} {v.target}" for v in made.visits if "follow-up" not in v.id], listed

    of_screening = ["treatment/screened 2025-02-10", "treatment/screened+3d to screened+10d 2025-02-13"]
    of_treatment = ["treatment/D1 2025-03-03", "treatment/D15 2025-03-17"]
    assert planned("2025-02-10", "2024-12-16")[0] == of_screening
    assert "treatment/screened+3d to screened+10d" in planned("2025-02-10", "2024-12-16")[1]
    assert planned("2025-02-10", "2024-12-16", "2025-03-03")[0] == of_screening + of_treatment
    assert planned("2025-02-10", "2025-02-09")[0] == of_screening
    assert planned("2025-02-10", "2025-02-10") == (of_screening[:1], set())  # screened and failed on one day
    assert planned("2025-02-10", "2025-02-12", "2025-03-03") == (of_screening[:1], set())  # a day 1 alone does not undo it


def test_what_is_still_to_come_is_planned_as_day_1_may_be() -> None:
    later = Event("screened", day("2025-03-01"))
    known = known_by([Subject(None, events=(later,)), Subject(None, events=(Event("screen_failed", day("2025-03-01")),))], {}, START)
    assert [subject.events for subject in known.subjects] == [(later,), (Event("screen_failed", day("2025-03-01")),)]
    assert known.left_out == ()
    failed = known_by([Subject(None, events=(later, Event("screen_failed", day("2025-03-02"))))], {}, START)
    assert (failed.subjects[0].events, failed.left_out) == ((later,), ("an event on 2025-03-02",))


def test_the_notes_say_that_there_is_no_day_1() -> None:
    made = plan(read_study_text(BLINDED)[0], Subject(None, events=(Event("screened", START), Event("randomised", START - DAY))))
    notes = {(note.code, note.message) for note in made.notes}
    assert ("start", "no day 1 yet: what is counted from it is not planned") in notes
    assert ("order", "randomised on 2025-01-05 Sun is before screened, 2025-01-06 Mon: check the dates") in notes
    [span] = made.spans
    assert (span.start, span.end, span.waits_for) == (START, START - DAY, ())
    other = plan(read_study_text(BLINDED)[0], Subject(None, events=(Event("screened", START),)))
    assert [(s.start, s.end, s.waits_for) for s in other.spans] == [(START, None, (("to", "randomised"),))]
