"""Laws of the way through the periods: who may enter when, what is given until then, what order and company do not change; and of
`check`: a plan that is carried out has no findings, and a day beyond an edge is one."""

from __future__ import annotations

import datetime as dt
import random
import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from nmosd_dosing import InputError, Plan, Schedule, Study, Subject, Window, expand
from nmosd_dosing.checks.finding import Finding
from nmosd_dosing.checks.findings import check
from nmosd_dosing.days import Offset, to_date
from nmosd_dosing.language import catalog
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.planning import plan_of
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.schedule.visit_states import VisitStatus
from nmosd_dosing.study.model import Period
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.subject import Entered, Event, Record
from tests.judges import oracle_disposition as naive
from tests.judges.oracle import Length
from tests.kit import histories, studies
from tests.kit.dispositions import Days, drawn, expanded, found, read

DAY = dt.timedelta(1)
FAR = dt.date(2035, 1, 1)

seeds = st.integers(0, 2**32)


def coded(persons: list[naive.Person]) -> list[Subject]:
    return [histories.subject(person, f"S{i:02}") for i, person in enumerate(persons)]


def made(study: Study, subjects: list[Subject], of_study: Days, deviations: bool = False, window: Window | None = None) -> Schedule:
    cohort = Cohort.of_subjects(subjects, (), of_study)
    return expand(study, cohort, window=window, allow_deviation=deviations, accept_gap=deviations)


def plans(schedule: Schedule, subjects: list[Subject]) -> list[Plan]:
    return [plan_of(subject, cancelled=True) for subject in by_subject(schedule, "least waste")]


# --- doses --------------------------------------------------------------------------------------------------------------


def ending_on_doses(chance: random.Random) -> naive.Study:
    """A random way on which nothing happens, through periods that end on the day of a dose and leave a day for it."""
    study = histories.study(chance)
    ends = [replace(p, length=Length(chance.choice((28, 90, 364)), "days"), goes_on=False) for p in study.periods]
    periods = []
    for period in ends:
        assert period.length is not None
        kept = [v for v in period.visits if not v.months and v.day <= period.length.number]
        periods.append(replace(period, visits=(*kept, naive.Visit(period.length.number + 1, ("X",), chance.random() < 0.5))))
    ids = [period.id for period in periods]
    within = (None, Length(1, "days"), Length(2, "weeks"))
    ways = [naive.Way(f"end-{a}", a, b, "end", chance.choice(within)) for a, b in pairwise(ids)]
    return naive.Study(tuple(periods), tuple(ways))


@studies.examples(60)
@given(seeds, st.integers(1, 20))
def test_while_nothing_happens_everybody_gets_all_doses_of_the_file(seed: int, n: int) -> None:
    chance = random.Random(seed)
    study = ending_on_doses(chance)
    persons = [naive.Person(dt.date(2025, 1, 6) + chance.randint(0, 400) * DAY) for _ in range(n)]
    schedule = expanded(study, persons, {})
    of_file = sum(len(visit.products) for period in study.periods for visit in period.visits)
    assert np.sum([schedule.in_plan(k) for k in range(len(schedule.rows))], axis=0).tolist() == [of_file] * n
    assert not any(plan.lost for plan in plans(schedule, []))


@studies.examples(60)
@given(seeds, st.integers(1, 4))
def test_no_dose_is_taken_by_a_projected_entry_without_a_note(seed: int, n: int) -> None:
    study, persons, of_study = drawn(random.Random(seed), n)
    schedule = expanded(study, persons, of_study)
    for plan in plans(schedule, []):
        taken = {v.id for v in plan.visits if (v.cancelled_by or "").startswith("projected entry") and not v.assessments}
        assert taken <= {dose.visit for dose in plan.lost}
        assert [note.message for note in plan.notes if note.code == "lost-dose"] == [dose.why for dose in plan.lost]


# --- entries ------------------------------------------------------------------------------------------------------------


def deviates(study: naive.Study, person: naive.Person, stop: dt.date | None) -> bool:
    """Whether a recorded entry is one that no rule allows."""
    disposition = naive.walk(study, person, stop)
    left, declined = person.first(*naive.GONE), person.first("declined")
    if stop is not None and person.start > stop and disposition.moves:
        return True
    for p, period in enumerate(study.periods[1:]):
        entry, move = person.entered.get(period.id) or person.seen.get(period.id), disposition.moves[p]
        if entry is None:
            continue
        if move.status != "entered" or move.earliest is None or entry < max(move.earliest, person.start):
            return True
        if (
            (move.latest is not None and entry > move.latest)
            or (left is not None and entry > left)
            or (declined is not None and declined < entry)
        ):
            return True
    return False


@studies.examples(120)
@given(seeds, st.integers(1, 12))
def test_exactly_the_entries_that_no_rule_allows_are_refused(seed: int, n: int) -> None:
    study, persons, of_study = drawn(random.Random(seed), n)
    stop = naive.stop_of(study, persons, of_study)
    wrong = {f"S{i:02}" for i, person in enumerate(persons) if deviates(study, person, stop)}
    program, subjects = read(study), coded(persons)
    try:
        made(program, subjects, of_study)
        refused = set()
    except InputError as error:
        messages = [problem.message for problem in error.problems]
        refused = {code for message in messages for code in re.findall(r"^subject `(S\d\d)`: ", message)}
        assert all(message.startswith("subject `S") for message in messages)
    assert refused == wrong


LONELY = """\
language: 1
study: s
title: t
source: not stated
days: from 1
products: {X: {}}
periods:
  rcp: {length: 52 weeks, visits: [{at: D1, give: X 500 mg}]}
  olp: {visits: [{at: D1, give: X 500 mg}]}
transitions:
  - {id: relapse, from: rcp, to: olp, after: relapse, within: 28 days}
"""


def test_an_entry_for_which_there_is_no_rule_is_refused_in_words() -> None:
    subject = Subject(dt.date(2025, 1, 6), entered=(Entered("olp", dt.date(2025, 7, 1)),))
    with pytest.raises(InputError, match="no rule leads into `olp` on 2025-07-01"):
        made(read_study_text(LONELY)[0], [subject], {})


def test_check_finds_an_entry_for_which_there_is_no_rule() -> None:
    subject = Subject(dt.date(2025, 1, 6), entered=(Entered("olp", dt.date(2025, 7, 1)),))
    findings = check(made(read_study_text(LONELY)[0], [subject], {}, deviations=True), FAR)
    assert "not-allowed" in [finding.verdict for finding in findings if finding.visit == "olp entry"]


BRANCH = LONELY.replace("transitions:", "  rescue: {visits: [{at: D1, give: X 500 mg}]}\ntransitions:").replace("to: olp", "to: rescue") + (
    "  - {id: completed, from: rcp, to: olp, after: end of rcp, within: not stated}\n"
)


def test_an_entry_into_another_period_than_the_one_that_the_governing_rule_leads_to_is_no_entry_into_that_one() -> None:
    happened = (Event("relapse", dt.date(2025, 6, 1)),)
    subject = Subject(dt.date(2025, 1, 6), events=happened, entered=(Entered("olp", dt.date(2025, 6, 10)),))
    findings = check(made(read_study_text(BRANCH)[0], [subject], {}, deviations=True), FAR)
    assert not any(f.visit == "rescue entry" and f.verdict == "in-window" for f in findings)


def test_a_period_does_not_end_before_it_begins() -> None:
    study = catalog.load("bat4406f")
    subject = Subject(dt.date(2025, 1, 6), events=(Event("rcp_completed", dt.date(2025, 1, 5)),))
    with pytest.raises(InputError):
        expand(study, Cohort.of_subjects([subject], study.periods[0].arms))


# --- doses --------------------------------------------------------------------------------------------------------------


@studies.examples(80)
@given(seeds, st.integers(1, 8))
def test_no_product_twice_on_a_day_and_none_of_a_period_from_the_next_one_on(seed: int, n: int) -> None:
    study, persons, of_study = drawn(random.Random(seed), n)
    stop = naive.stop_of(study, persons, of_study)
    persons = [p for p in persons if not deviates(study, p, stop)]
    given_stop = of_study if stop is None else {**of_study, "study_stop": stop}
    subjects = coded(persons)
    if not subjects:
        return
    schedule = made(read(study), subjects, given_stop)
    for column, plan in enumerate(plans(schedule, subjects)):
        planned = [v for v in plan.visits if v.actual is None]  # what was given, was given
        doses = [(v.date, a.product) for v in planned for a in v.administrations if v.date is not None]
        assert len(set(doses)) == len(doses)
        for p, period in enumerate(schedule.disposition.periods[:-1]):
            begins = schedule.disposition.anchor[p + 1][column].item()
            mine = [v for v in planned if v.period == period.id and v.date is not None]
            if begins is not None:
                assert all(v.date <= begins for v in mine if v.date is not None)
                assert all(v.date < begins for v in mine if v.administrations and v.date is not None)


# --- order and company --------------------------------------------------------------------------------------------------


@studies.examples(40)
@given(seeds, st.integers(1, 12))
def test_neither_the_order_of_rows_nor_of_subjects_changes_anything(seed: int, n: int) -> None:
    chance = random.Random(seed)
    study, persons, of_study = drawn(chance, n)
    program, subjects = read(study), coded(persons)
    if not subjects:
        return
    together = plans(made(program, subjects, of_study, deviations=True), subjects)
    mixed = [
        replace(
            s,
            events=tuple(chance.sample(s.events, len(s.events))),
            entered=tuple(chance.sample(s.entered, len(s.entered))),
            records=tuple(chance.sample(s.records, len(s.records))),
        )
        for s in subjects
    ]
    order = chance.sample(range(len(subjects)), len(subjects))
    shuffled = [mixed[i] for i in order]
    turned = dict(reversed(of_study.items()))
    assert plans(made(program, shuffled, turned, deviations=True), shuffled) == [together[i] for i in order]


def without_steps(plan: Plan) -> Plan:
    """Without how a date came about, where a stop is `study_stop` if it is given, and the rule that it came by if it is counted."""
    visits = tuple(replace(v, steps=()) for v in plan.visits)
    notes = tuple(note for note in plan.notes if note.code != "study-stop")
    return replace(plan, visits=visits, transitions=tuple(replace(t, steps=()) for t in plan.transitions), notes=notes)


@studies.examples(40)
@given(seeds, st.integers(1, 12))
def test_a_subject_alone_is_the_same_as_in_the_cohort_where_the_stop_is_given(seed: int, n: int) -> None:
    study, persons, of_study = drawn(random.Random(seed), n)
    program, subjects = read(study), coded(persons)
    if not subjects:
        return
    schedule = made(program, subjects, of_study, deviations=True)
    stop = to_date(schedule.disposition.stopped.date)
    for column, (together, subject) in enumerate(zip(plans(schedule, subjects), subjects, strict=True)):
        alone = made(program, [subject], of_study if stop is None else {**of_study, "study_stop": stop}, deviations=True)
        assert found(alone, 0) == found(schedule, column)
        assert without_steps(plans(alone, [subject])[0]) == without_steps(together)


# --- check --------------------------------------------------------------------------------------------------------------


def carried_out(schedule: Schedule, subjects: list[Subject]) -> list[Subject]:
    """The subjects, with every visit done on its target and every entry made as projected."""
    done = []
    for column, subject in enumerate(subjects):
        records, entered = {r.period: r for r in subject.records}, {e.period: e for e in subject.entered}
        for p, period in enumerate(schedule.disposition.periods):
            if p and schedule.disposition.projected[p, column]:
                entered[period.id] = Entered(period.id, schedule.disposition.anchor[p][column].item())
        every = list(records.values())
        for i, visit in enumerate(schedule.visits):
            target, state = schedule.target[i, column].item(), VisitStatus(int(schedule.state(i)[column]))
            if target is not None and state in (VisitStatus.PLANNED, VisitStatus.PROJECTED):
                every.append(Record(visit.label, target, period=schedule.period(i).id))
        done.append(replace(subject, records=tuple(every), entered=tuple(entered.values())))
    return done


@studies.examples(80)
@given(seeds, st.integers(1, 8), st.sampled_from((None, Window(3, 3), Window(0, 0), Window(2, 5))))
def test_a_plan_that_is_carried_out_has_no_findings(seed: int, n: int, window: Window | None) -> None:
    study, persons, of_study = drawn(random.Random(seed), n)
    stop = naive.stop_of(study, persons, of_study)
    persons = [p for p in persons if not deviates(study, p, stop)]
    given_stop = of_study if stop is None else {**of_study, "study_stop": stop}
    program, subjects = read(study), coded(persons)
    if not subjects:
        return
    schedule = made(program, subjects, given_stop, window=window)
    done = carried_out(schedule, subjects)
    after = made(program, done, given_stop, window=window)  # nothing deviates
    begin = min(person.start for person in persons) - 1000 * DAY
    ids = [(s.code, record.visit if record.period is None else f"{record.period}/{record.visit}") for s in subjects for record in s.records]
    seen = set(ids)  # of a history, which may not keep to its plan
    for finding in check(after, begin):
        if (finding.subject, finding.visit) in seen:
            continue
        assert finding.verdict in ("in-window", "no-window", "cancelled", "upcoming"), finding
        assert finding.verdict != "upcoming" or finding.actual is None
        assert finding.actual is None or "entry" in finding.visit or finding.days == 0
    open_ = {(f.subject, f.visit) for f in check(after, FAR) if f.verdict not in ("in-window", "no-window", "cancelled")}
    for i in range(len(schedule.visits)):
        states = schedule.state(i)
        for column, subject in enumerate(subjects):
            told = (subject.code, schedule.id(i)) in open_ - seen
            assert not told or states[column] == VisitStatus.PENDING


def test_a_visit_that_stands_without_its_doses_may_take_place() -> None:
    text = """\
language: 1
study: s
title: t
source: not stated
days: from 1
products: {X: {}}
periods:
  p:
    visits:
      - {at: "D1, D8", give: X 500 mg, assess: MRI}
"""
    subject = Subject(
        dt.date(2025, 1, 6),
        events=(Event("treatment_stopped", dt.date(2025, 1, 8)),),
        records=(Record("D8", dt.date(2025, 1, 13)),),
    )
    schedule = made(read_study_text(text)[0], [subject], {}, deviations=True)
    assert [f.verdict for f in check(schedule, FAR) if f.visit == "p/D8"] == ["no-window"]


# --- the edges of check -------------------------------------------------------------------------------------------------

SINGLE = [catalog.find_plan(regimen, None) for regimen in ("bat4406f-rcp", "mil62-rcp", "mil62-olp", "belimumab")]
windows = st.builds(Window, st.integers(0, 10), st.integers(0, 10))


def only(findings: tuple[Finding, ...], visit: str) -> Finding:
    (finding,) = (f for f in findings if f.visit == visit)
    return finding


@studies.examples(60)
@given(st.sampled_from(SINGLE), st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1)), windows | st.none(), st.data())
def test_the_edges_of_a_window(
    single: tuple[Study, tuple[Period, ...]], start: dt.date, window: Window | None, data: st.DataObject
) -> None:
    study = single[0]
    period = data.draw(st.sampled_from(single[1]))
    subject = Subject(start, "S00")

    def of(*records: Record) -> Schedule:
        cohort = Cohort.of_subjects([replace(subject, records=records)], period.arms)
        return expand(study, cohort, period=period.id, window=window, allow_deviation=True, accept_gap=True)

    plain = of()
    later = [i for i, visit in enumerate(plain.visits) if visit.offset != Offset()]  # day 1 takes no window, and its record moves it
    i = data.draw(st.sampled_from(later))
    id, label, target = plain.id(i), plain.visits[i].label, plain.target[i, 0].item()
    first, last = (target - window.before * DAY, target + window.most_after * DAY) if window else (target, target)
    recorded = [(first - DAY, "early"), (first, "in-window"), (target, "in-window"), (last, "in-window"), (last + DAY, "late")]
    for day, verdict in recorded:
        finding = only(check(of(Record(label, day)), FAR), id)
        assert (finding.verdict, finding.days) == (verdict if window else "no-window", (day - target).days)
        assert (finding.earliest, finding.latest) == ((first, last) if window else (None, None))
    late = "overdue" if window else "past-target"
    for day, verdict in [(first - DAY, "upcoming"), (first, "due"), (target, "due"), (last, "due"), (last + DAY, late)]:
        finding = only(check(plain, day), id)
        assert (finding.verdict, finding.days) == (verdict, 1 if verdict == late else None)
    for status in ("missed", "withheld"):
        assert only(check(of(Record(label, target, status)), first - DAY), id).verdict == "missed"


@studies.examples(40)
@given(st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1)), st.integers(1, 363), st.integers(0, 27))
def test_the_edges_of_an_entry(start: dt.date, diagnosed: int, after: int) -> None:
    study = catalog.load("bat4406f")
    arms = study.periods[0].arms
    relapse, ready = start + diagnosed * DAY, start + (diagnosed + after) * DAY
    relapsed = (Event("relapse", relapse), Event("relapse_confirmed", ready), Event("stable", relapse))
    end = start + 364 * DAY
    for events, first, last in ((relapsed, ready, relapse + 28 * DAY), ((), end, end + 14 * DAY)):
        subject = Subject(start, "S00", events=events)
        for entry, verdict in [(first - DAY, "early"), (first, "in-window"), (last, "in-window"), (last + DAY, "late")]:
            if entry < relapse or (events and entry == relapse):
                continue
            entered = replace(subject, entered=(Entered("olp", entry),))
            schedule = expand(study, Cohort.of_subjects([entered], arms), allow_deviation=True)
            finding = only(check(schedule, FAR), "olp entry")
            assert (finding.verdict, finding.days) == (verdict, (entry - first).days)
            if verdict == "in-window":
                expand(study, Cohort.of_subjects([entered], arms))
            else:
                with pytest.raises(InputError, match=f"1 day {verdict}"):
                    expand(study, Cohort.of_subjects([entered], arms))
        plain = expand(study, Cohort.of_subjects([subject], arms))
        for day, verdict in [(first - DAY, "upcoming"), (first, "due"), (last, "due"), (last + DAY, "overdue")]:
            assert only(check(plain, day), "olp entry").verdict == verdict


def test_nobody_is_due_in_a_period_that_he_has_not_entered() -> None:
    study = catalog.load("bat4406f")
    schedule = expand(study, Cohort.of_subjects([Subject(dt.date(2020, 1, 1))], study.periods[0].arms))
    later = [f for f in check(schedule, FAR) if f.visit.startswith("olp/")]
    assert later
    assert {(f.verdict, f.waits_for) for f in later} == {("upcoming", "entry")}


def test_the_laws_see_something() -> None:
    """Random histories hold entries that are refused, and others; ways of every kind; visits of every status."""
    statuses, visits, refused = set(), set(), 0
    for seed in range(400):
        study, persons, of_study = drawn(random.Random(seed), 5)
        stop = naive.stop_of(study, persons, of_study)
        for person in persons:
            disposition = naive.walk(study, person, stop)
            statuses |= {(move.status, (move.rule or "").split("-")[0]) for move in disposition.moves}
            visits |= {status for status, _ in disposition.visits.values()}
            refused += deviates(study, person, stop)
    assert {status for status, _ in statuses} == {"none", "projected", "pending", "entered", "declined", "refused"}
    assert {rule for _, rule in statuses} >= {"relapse", "flare", "stop", "end"}
    assert visits == {"absent", "planned", "projected", "pending", "done", "cancelled"}
    assert refused > 100
    assert expanded(study, persons, of_study) is not None
