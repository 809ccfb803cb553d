"""Rules for gaps: only doses that are recorded make one, what is said before it is one, and what the dose after it is called."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing import InputError, Record, Subject
from nmosd_dosing.checks.due import due
from nmosd_dosing.checks.findings import check
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.subjects.cohort import Cohort
from tests.kit.cases import columns
from tests.kit.dates import START, day
from tests.kit.gapped import HEAD as GAPPED
from tests.kit.gapped import RULES, VISITS, spaced, targets
from tests.kit.somebody import done, dose, made, notes, visit
from tests.kit.studies import examples

DAYS = (1, 8, 29, 57, 85, 113, 141, 169)
EVERY = "    visits: [{at: 'D1, D8, D29, then every 28 days until D169', give: X 100 mg}]\n"


def ruled(of: str, then: str) -> str:
    return f"    if gap: [{{of: {of}, then: {then}}}]\n{EVERY}"


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, dt.date, str]]:
    """What is recorded of each visit: nothing, that it was missed, or the day on which its dose was given, in the order of the plan."""
    found: list[tuple[str, dt.date, str]] = []
    last = START - dt.timedelta(1)
    for number in DAYS:
        planned = START + dt.timedelta(number - 1)
        status = draw(st.sampled_from(("done", "done", "done", "missed", "")))
        late = planned + dt.timedelta(draw(st.integers(-5, 20)) if number > 1 else 0)
        if status == "done":
            late = last = max(late, last + dt.timedelta(1))
        found.append((f"D{number}", late if status == "done" else planned, status))
    return found


@examples(60)
@given(histories(), st.integers(29, 60), st.sampled_from(("stop", "restart", "hold")))
def test_only_recorded_doses_with_nothing_open_between_them_make_a_gap(
    history: list[tuple[str, dt.date, str]], beyond: int, then: str
) -> None:
    """By hand: from each recorded dose to the next one of which something is recorded, unless that was missed."""
    found = spaced(ruled(f"more than {beyond} days", then), *(h for h in history if h[2]), cancelled=True)
    before: dt.date | None = None
    gap = None
    for i, (_, date, status) in enumerate(history):
        if status == "done":
            if gap is None and before is not None and (date - before).days > beyond:
                gap = i
            before = date
        elif not status:
            before = None
    labels = [f"D{n}" for n in DAYS]
    kept = labels[: gap if then == "restart" else None if gap is None else gap + 1] if then != "hold" and gap is not None else labels
    recorded = {label for label, _, status in history if status}
    expected = [label for label in labels if label in kept or (label in recorded and label != (labels[gap] if gap is not None else ""))]
    assert [v.label for v in found.visits if v.status != "cancelled" and "restart" not in v.label] == expected
    assert any("restart" in v.label for v in found.visits) == (then == "restart" and gap is not None)
    assert not any(v.status == "pending" for v in found.visits)


NOTHING_FIRES = """
    then     records                                              next
    stop     D1=2025-01-06 D8=2025-01-13 D29=2025-02-02           D57 2025-03-03 planned
    restart  D1=2025-01-06 D8=2025-01-13 D29=2025-02-02           D57 2025-03-03 planned
    hold     D1=2025-01-06 D8=2025-01-13 D29=2025-02-02           D57 2025-03-03 planned
    stop     D1=2025-01-06 D29=2025-02-04                         D57 2025-03-03 planned
    stop     D57=2025-03-05                                       D85 2025-03-31 planned
    restart  D57=2025-03-05                                       D85 2025-03-31 planned
"""


@pytest.mark.parametrize("row", columns(NOTHING_FIRES), ids=lambda r: r["then"] + r["records"][-13:])
def test_a_dose_that_nobody_has_recorded_makes_no_gap(row: dict[str, str]) -> None:
    records = [tuple(item.split("=")) for item in row["records"].split()]
    found = spaced(ruled("29 days or more", row["then"]), *((label, day(date)) for label, date in records), cancelled=True)
    label, expected = row["next"].split(" ", 1)
    assert targets(found)[label] == expected
    assert {v.status for v in found.visits} == {"done", "planned"} and not any("restart" in v.label for v in found.visits)


def test_what_is_not_recorded_between_two_doses_is_told_and_makes_no_gap() -> None:
    rules = ruled("more than 8 weeks", "restart")
    records = (("D29", day("2025-02-03")), ("D113", day("2025-04-28")))
    open_ = spaced(rules, *records)
    assert notes(open_, "gap-rule") == [
        "main: D57, D85 before the dose of 2025-04-28 Mon not recorded: if not given, it came more than 8 weeks after that of "
        "2025-02-03 Mon (restart); record what was given and what was missed"
    ]
    assert not notes(open_, "restart")
    missed = (("D57", day("2025-03-03"), "missed"), ("D85", day("2025-03-31"), "missed"))
    assert notes(spaced(rules, *records, *missed), "restart")
    assert not notes(spaced(rules, *records, ("D57", day("2025-03-03")), ("D85", day("2025-03-31"))), "gap-rule")


STOPPED = "main: gap of 29 days or more between doses (stop), from 2025-02-12 Wed on"
WAITED = (
    "the dose of 2025-02-12 Wed came 29 days or more after that of 2025-01-13 Mon: it was to wait for a decision (hold); "
    "it is recorded, so the plan goes on from it"
)
BEHIND = "main/D57 is recorded after the gap: the visits since then have other names, such as those with `(restart)`"
NO_MORE = "main/D57 is recorded after the gap: there are no more doses since then"
ANEW = "main begins anew on 2025-02-12 Wed: 29 days or more from the dose of 2025-01-13 Mon to that of 2025-02-12 Wed"


@pytest.mark.parametrize(
    ("then", "given", "status", "told"),
    [
        ("stop", "2025-02-12", None, [STOPPED]),
        ("stop", "2025-02-12", "done", [STOPPED, NO_MORE]),
        ("stop", "2025-02-12", "missed", [STOPPED]),
        ("stop", "2025-02-12", "booked", [STOPPED]),
        ("stop", "2025-02-10", "done", []),  # 28 days
        ("restart", "2025-02-12", None, [ANEW]),
        ("restart", "2025-02-12", "done", [ANEW, BEHIND]),
        ("restart", "2025-02-12", "missed", [ANEW]),
        ("hold", "2025-02-12", None, [WAITED]),
        ("hold", "2025-02-12", "done", [WAITED]),
        ("hold", "2025-02-10", "done", []),
    ],
)
def test_what_a_gap_did_is_told_and_what_is_recorded_behind_it(then: str, given: str, status: str | None, told: list[str]) -> None:
    after = [("D57", day("2025-03-08"), status)] if status is not None else []
    found = spaced(ruled("29 days or more", then), ("D1", START), ("D8", day("2025-01-13")), ("D29", day(given)), *after)
    assert [*notes(found, "restart"), *notes(found, "gap-rule")] == told


def test_a_visit_without_a_dose_goes_on_after_a_gap_that_stops_doses_and_nothing_is_said_of_it() -> None:
    """Of D57 its dose falls away and its MRI stays; D64 never had one."""
    text = """products: {X: {}}
periods:
  main:
    if gap: [{of: more than 4 weeks, then: stop}]
    visits: [{at: "D1, D15, D29, D57", give: X 5 mg, assess: MRI}, {at: D64, assess: MRI}]
"""
    seen = (done("D1", "2025-01-06"), done("D15", "2025-01-20", status="missed"), done("D29", "2025-02-12"))
    after = (done("D57", "2025-03-03"), done("D64", "2025-03-10"))
    assert notes(made(text, *seen, *after), "gap-rule") == [
        "main: gap of more than 4 weeks between doses (stop), from 2025-02-12 Wed on",
        NO_MORE,
    ]


# --- the clock ----------------------------------------------------------------------------------------------------------


def said(text: str, as_of: str, *records: tuple[Any, ...]) -> list[str]:
    """What is due within 4 weeks: its visit, state and words."""
    study, _ = read_study_text(GAPPED + text)
    subject = Subject(START, records=tuple(Record(*r) for r in records))
    findings = check(expand(study, Cohort.of_subjects([subject], ()), allow_deviation=True), day(as_of))
    return [f"{d.finding.visit} {d.state}: {d.finding.message}" for d in due(findings, day(as_of), 28)]


GIVEN = (("D1", START), ("D15", day("2025-01-20")), ("D29", day("2025-02-03")))
AFTER_8 = "from 2025-04-01 Tue on, a dose comes >8 to 12 weeks after the last recorded one, of 2025-02-03 Mon: the period restarts with it"
AFTER_12 = (
    "from 2025-04-29 Tue on, a dose comes more than 12 weeks after the last recorded one, of 2025-02-03 Mon: hold, it waits for a decision"
)


def test_what_a_rule_would_do_on_that_day_is_due() -> None:
    missed = (("D57", day("2025-03-03"), "missed"), ("D85", day("2025-03-31"), "missed"))
    assert said(RULES + VISITS, "2025-04-21", *GIVEN, *missed) == [f"main/D113 opens: from 2025-04-28 Mon on; {AFTER_8}"]
    assert said(RULES + VISITS, "2025-04-29", *GIVEN, *missed)[0].endswith(AFTER_12)
    assert said(RULES + VISITS, "2025-04-29", *GIVEN, *missed)[0].startswith("main/D113 decision: not recorded 1 day after the target")
    assert said(RULES + VISITS, "2025-02-10", *GIVEN) == ["main/D57 opens: from 2025-03-03 Mon on"]
    first, second, *rest = said(RULES + VISITS, "2025-04-21", *GIVEN)
    assert first.startswith("main/D57") and second.startswith("main/D85") and first.endswith(AFTER_8) and second.endswith(AFTER_8)
    assert [words.split(" ")[0] for words in rest] == ["main/D113"]


def test_the_clock_of_a_plan_runs_to_the_day_of_the_next_dose_or_to_the_day_from_which_one_looks() -> None:
    assert notes(spaced(RULES + VISITS, *GIVEN), "gap-clock") == []
    assert notes(spaced(RULES + VISITS, *GIVEN, as_of=day("2025-04-01")), "gap-clock") == [AFTER_8]
    assert notes(spaced(RULES + VISITS, *GIVEN, as_of=day("2025-03-30")), "gap-clock") == []
    early = spaced(ruled("29 days or more", "stop"), ("D29", day("2025-02-02")))
    assert notes(early, "gap-clock") == [
        "from 2025-03-03 Mon on, a dose comes 29 days or more after the last recorded one, of 2025-02-02 Sun: stop, there are none after it"
    ]
    stopped = [("D1", START, "done"), ("D8", day("2025-01-13"), "done"), ("D29", day("2025-02-12"), "done")]
    assert not notes(spaced(ruled("29 days or more", "stop"), *stopped, as_of=day("2025-06-01")), "gap-clock")


# --- names --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["D1 (restart)", "D15 (restart)", "D1 (restart 2)", "main/D1 (restart)"])
@pytest.mark.parametrize("missed", [(), ("D57",), ("D57", "D85")])
def test_a_restart_is_recorded_under_the_planned_visit_that_the_hint_names(name: str, missed: tuple[str, ...]) -> None:
    not_given = [(label, START + dt.timedelta(int(label[1:]) - 1), "missed") for label in missed]
    with pytest.raises(InputError) as error:
        spaced(RULES + VISITS, *GIVEN, *not_given, (name, day("2025-04-10")))
    named = re.search("record it as `(.*?)`: it gets its name after the gap by itself", str(error.value))
    assert named is not None and named[1] == f"D{57 + 28 * len(missed)}"
    found = spaced(RULES + VISITS, *GIVEN, *not_given, (named[1], day("2025-04-10")))
    assert targets(found)["D1 (restart)"] == "2025-04-10 done"


def test_the_hint_says_where_no_rule_lets_the_period_begin_anew() -> None:
    with pytest.raises(InputError, match="record it as `D57`: 56 days after the dose of 2025-02-03, no rule lets the period begin anew"):
        spaced(RULES + VISITS, *GIVEN, ("D1 (restart)", day("2025-03-31")))
    with pytest.raises(InputError, match="record the dose before it, and this one as `D1`"):
        spaced(RULES + VISITS, ("D57", day("2025-03-03"), "missed"), ("D1 (restart)", day("2025-03-31")))


BOTH = """products: {X: {}, Y: {}}
periods:
  main:
    if gap: [{of: 12 weeks or more, then: restart, product: X}]
    visits:
      - {at: D1, give: [X 360 mg, Y 5 mg]}
      - {at: "D29, then every 4 weeks until D169", give: X 120 mg}
spans: {after: {title: after, from: first dose, to: last dose + 1 day}}
"""
BEFORE = (done("D1", "2025-01-06"), *(done(f"D{n}", str(START + dt.timedelta(n - 1)), status="missed") for n in (29, 57, 85)))


@pytest.mark.parametrize("product", [None, "X"])
def test_of_a_dose_that_restarts_only_what_was_recorded_was_given(product: str | None) -> None:
    found = made(BOTH, *BEFORE, done("D113", "2025-04-28", product=product))
    x, y = visit(found, "D1 (restart)").administrations
    assert (x.product, x.amount, x.cumulative) == ("X", 360, 720)
    assert (y.product, y.amount, y.cumulative, y.planned) == ("Y", 0, 5, 5)


def test_what_is_recorded_besides_under_the_name_after_the_restart_counts() -> None:
    given = (done("D113", "2025-04-28", product="X"), done("D1 (restart)", "2025-04-28", product="Y"))
    x, y = visit(made(BOTH, *BEFORE, *given), "D1 (restart)").administrations
    assert (x.cumulative, y.cumulative) == (720, 10)


def test_a_record_of_more_than_the_restart_gives_says_so() -> None:
    text = BOTH.replace("[X 360 mg, Y 5 mg]", "X 360 mg").replace("give: X 120 mg", "give: [X 120 mg, Y 5 mg]")
    found = made(text, *BEFORE, done("D113", "2025-04-28"))
    assert notes(found, "wrong-dose") == ["Y is recorded, planned is X"]
    assert dose(found, "D1 (restart)").cumulative == 720


def test_a_restart_at_a_visit_of_the_same_products_keeps_its_record() -> None:
    text = BOTH.replace("give: X 120 mg", "give: [X 120 mg, Y 5 mg]")
    x, y = visit(made(text, *BEFORE, done("D113", "2025-04-28")), "D1 (restart)").administrations
    assert (x.cumulative, y.cumulative) == (720, 10)


@pytest.mark.parametrize(
    ("relapse", "between"),
    [("01-06", True), ("01-20", True), ("02-05", True), ("02-06", False), (None, False)],
)
def test_a_planned_dose_after_an_event_leaves_a_gap_open_up_to_the_day_of_the_next_one(relapse: str | None, between: bool) -> None:
    """From 2025-01-06 to 2025-02-10, with a dose 5 days after the event of which nothing is recorded."""
    text = """products: {X: {}}
periods:
  p:
    if gap: [{of: more than 4 weeks, then: restart}]
    visits: [{at: "D1, D29", give: X 10 mg}, {at: relapse + 5 days, give: X 5 mg}]
"""
    events = (("relapse", f"2025-{relapse}"),) if relapse else ()
    found = made(text, done("D1", "2025-01-06"), done("D29", "2025-02-10"), events=events)
    assert any("restart" in v.label for v in found.visits) != between
    assert bool(notes(found, "gap-rule")) == between
