"""From one dose of a product to the next: what counts from the actual dose, what a gap does, whose gap it is, the least that is allowed."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec.structs import replace

from nmosd_dosing import Entered, Record, RegimenError, Subject, plan
from nmosd_dosing.checks.findings import check
from nmosd_dosing.errors import InputError
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.schedule.gaps import shortest_planned
from nmosd_dosing.subjects.cohort import Cohort
from tests.kit.dates import START, day
from tests.kit.gapped import FOLLOWS, RULES, VISITS, spaced, targets
from tests.kit.recorded import MISSED, RESTARTS, after, of_m, on
from tests.kit.somebody import done, made, notes
from tests.kit.worked import ENTRY, HEAD, person, planned, visits


def test_a_gap_after_a_course_begins_with_its_last_day() -> None:
    """D28 and D57 are 29 days apart."""
    rules = "    if gap: [{of: more than 40 days, then: restart}]\n"
    read_study_text(HEAD + visits("at: D1 to D28, give: X 10 mg daily", "at: D57, give: X 10 mg", period=rules))


def test_the_gap_before_an_entry_begins_with_the_last_day_of_a_course() -> None:
    made = planned(
        ENTRY.replace("X: {minimum gap: 7 days}, ", "X: {}, "),
        person(None, None, ("relapse", "2025-01-20"), entered=(Entered("q", day("2025-01-22")),)),
    )
    (gap,) = (n.message for n in made.notes if n.code == "gap")
    assert "15 days" not in gap


def test_without_a_record_both_ways_of_counting_agree() -> None:
    assert targets(spaced(VISITS)) == targets(spaced(FOLLOWS))


def test_a_late_dose_moves_what_counts_from_it_and_nothing_else() -> None:
    late = ("D57", day("2025-03-10"))
    assert targets(spaced(VISITS, late))["D85"] == "2025-03-31 planned"
    followed = spaced(FOLLOWS, late)
    assert targets(followed) == {
        "D1": "2025-01-06 planned", "D15": "2025-01-20 planned", "D29": "2025-02-03 planned", "D57": "2025-03-10 done",
        "D85": "2025-04-07 planned", "D113": "2025-05-05 planned", "D141": "2025-06-02 planned",
    }  # fmt: skip
    assert followed.visits[-1].reason == "the dose of 2025-03-10 Mon, as recorded + 84 days"


def test_a_missed_dose_moves_nothing() -> None:
    found = targets(spaced(FOLLOWS, ("D29", day("2025-02-04")), ("D57", day("2025-03-04"), "missed")))
    assert (found["D57"], found["D85"]) == ("2025-03-04 missed", "2025-04-01 planned")


def test_months_are_counted_from_the_dose_and_clipped() -> None:
    text = "    visits:\n      - {at: 'D1, then every 6 months, 3 more times', give: X 100 mg, counted from: previous dose}\n"
    assert targets(spaced(text, ("D1+6mo", day("2025-08-31"))))["D1+12mo"] == "2026-02-28 planned"
    assert targets(spaced(text, ("D1+6mo", day("2025-08-31"))))["D1+18mo"] == "2026-08-31 planned"


def test_a_longer_gap_waits_for_a_decision() -> None:
    """Of the dose that was to wait nothing is recorded: it stays planned, and it is said what the rule does with it."""
    records = [(f"D{n}", START + dt.timedelta(n - 1), "missed") for n in (57, 85, 113)]
    found = spaced(RULES + VISITS, ("D29", day("2025-02-03")), *records)
    assert targets(found)["D141"] == "2025-05-26 planned"
    assert notes(found, "gap-clock") == [
        "from 2025-04-29 Tue on, a dose comes more than 12 weeks after the last recorded one, of 2025-02-03 Mon: "
        "hold, it waits for a decision"
    ]


def test_a_gap_that_stops() -> None:
    rules = "    if gap: [{of: more than 8 weeks, then: stop}]\n"
    found = spaced(rules + VISITS, ("D29", day("2025-02-03")), ("D57", day("2025-04-01")), cancelled=True)
    assert [v.label for v in found.visits if v.status == "cancelled"] == ["D85", "D113", "D141"]


def test_after_a_gap_that_stops_a_visit_may_stand_without_its_dose() -> None:
    visits = "    visits:\n      - {at: 'D1, D29, D57, D85', give: X 100 mg, assess: MRI}\n"
    text = "    if gap: [{of: more than 8 weeks, then: stop}]\n" + visits
    records = (("D1", START), ("D29", day("2025-03-10"), "missed"), ("D57", day("2025-03-10")), ("D85", day("2025-04-01")))
    found = spaced(text, *records)
    assert [len(v.administrations) for v in found.visits] == [1, 1, 1, 0]  # D57 is the dose that came too late; there are no more
    assert [v.status for v in found.visits] == ["done", "missed", "done", "done"]


GAPS = """products: {X: {}, Y: {}}
periods:
  main:
    if gap: [{of: 12 weeks or more, then: restart, product: X}]
    visits:
      - {at: "D1, D15, D29, then every 4 weeks until D169", give: [Y 1 g 30 min before X, X 120 mg]}
"""


def test_a_premedication_hides_no_gap() -> None:
    """X on 20 January and then on 28 April, 98 days later; Y was given in between."""
    missed = [
        record
        for label, date in (("D29", "2025-02-03"), ("D57", "2025-03-03"), ("D85", "2025-03-31"))
        for record in (Record(label, day(date), product="Y"), Record(label, day(date), status="missed", product="X"))
    ]
    found = made(GAPS, done("D15", "2025-01-20"), *missed, done("D113", "2025-04-28"))
    assert notes(found, "restart") == [
        "main begins anew on 2025-04-28 Mon: 12 weeks or more from the dose of 2025-01-20 Mon to that of 2025-04-28 Mon"
    ]


def test_whose_gap_it_is_must_be_said_where_a_period_gives_several_products() -> None:
    with pytest.raises(RegimenError, match="between the doses of which product"):
        made(GAPS.replace(", product: X", ""))
    with pytest.raises(RegimenError, match="Z is not given in this period"):
        made(GAPS.replace("product: X", "product: Z"))


def test_a_dose_after_an_event_shortens_a_gap() -> None:
    text = """products: {X: {}}
periods:
  main:
    if gap: [{of: 12 weeks or more, then: restart}]
    visits:
      - {at: "D1, D15, then every 4 weeks until D169", give: X 120 mg}
      - {at: relapse to relapse + 1 day, give: X 5 mg daily}
"""
    missed = [Record(f"D{n}", START + dt.timedelta(n - 1), status="missed") for n in (43, 71)]
    given = (done("D15", "2025-01-20"), *missed, done("D99", "2025-04-14"))
    assert len(notes(made(text, *given), "restart")) == 1
    assert notes(made(text, *given, events=(("relapse", "2025-03-01"),)), "restart") == []


def test_a_gap_that_waits_is_counted_from_the_last_day_of_a_course() -> None:
    text = """products: {X: {}}
periods:
  main:
    if gap: [{of: 4 weeks or more, then: hold}]
    visits: [{at: D1 to D20, give: X 10 mg daily}, {at: D36, give: X 120 mg}]
"""
    assert not notes(made(text, done("D1 to D20", "2025-01-06"), done("D36", "2025-02-10")), "gap-rule")


def test_doses_closer_than_the_minimum_gap_whatever_their_order() -> None:
    study, _ = read_study_text(
        "language: 1\nstudy: s\ntitle: t\nsource: not stated\ndays: from 1\nproducts: {X: {minimum gap: 14 days}}\n"
        "periods: {main: {visits: [{at: 'D1, D15, D29', give: X 5 mg}]}}\n"
    )
    records = (Record("D15", dt.date(2025, 2, 3)), Record("D29", dt.date(2025, 1, 27)))
    found = check(expand(study, Cohort.of_subjects([Subject(START, records=records)], ()), allow_deviation=True), dt.date(2025, 3, 1))
    [short] = [f for f in found if f.verdict == "short-gap"]
    assert (short.visit, short.message) == ("main/D15", "X 7 days after the dose before, on 2025-01-27 Mon; the minimum gap is 14 days")


@pytest.mark.parametrize(("given", "fewest"), [
    (["at: 'D1, D15, D22'"], 7),
    (["at: 'D1, D2'"], 1),
    (["at: D1"], None),
    (["at: D1 to D10, give: X 10 mg daily", "at: D15"], 5),  # from the last day of a course
    (["at: 'D1, D1 + 1 month'"], 28),  # in February
    (["at: 'D1 + 1 month, D1 + 3 months'"], 59),
    (["at: 'D1 + 1 month, D8 + 1 month'"], 7),
    (["at: 'D1 + 1 month, D45'"], 13),  # 44 days, less a month of 31
    (["at: 'D29, D8 + 1 month'"], 7),  # a month of 28 days and a week, less 28 days
    (["arms: a, at: D1 to D15, give: X 10 mg daily", "arms: b, at: 'D15, D40'"], 25),
    (["arms: a, at: 'D1, D15'", "arms: b, at: 'D1, D29'"], 14),  # on one day of two arms nobody waits
])  # fmt: skip
def test_the_fewest_days_that_are_planned_between_two_doses(given: list[str], fewest: int | None) -> None:
    text = (
        HEAD + "arms: [a, b]\n" + visits(*(rule if "give" in rule else f"{rule}, give: X 10 mg" for rule in given), "at: D3, give: Y 5 mg")
    )
    schedule = expand(read_study_text(text)[0], Cohort.of_subjects([Subject(START)], ("a", "b")))
    assert shortest_planned(schedule, "X") == fewest


TWO = (
    HEAD
    + """products: {X: {minimum gap: 14 days}}
periods:
  p:
    length: 52 weeks
    visits: [{at: 'D1, D29', give: X 10 mg}]
  q:
    visits: [{at: D1, give: X 10 mg}, {at: relapse + 3 days, give: X 5 mg}]
transitions:
  - {id: a, from: p, to: q, after: relapse, within: 60 days}
"""
)


@pytest.mark.parametrize(("entry", "days"), [
    ("2025-02-02", None), ("2025-02-03", "0 days"), ("2025-02-04", "1 day"), ("2025-02-05", "2 days"), ("2025-02-16", "13 days"),
    ("2025-02-17", None),
])  # fmt: skip
def test_an_entry_keeps_the_minimum_gap_to_the_day(entry: str, days: str | None) -> None:
    """Of the dose of 3 February, of which alone something is recorded."""
    records = (Record("p/D29", day("2025-02-03")),)
    subject = person(None, None, ("relapse", "2025-02-01"), entered=(Entered("q", day(entry)),), records=records)
    study = read_study_text(TWO)[0]
    if days is None:
        assert plan(study, subject)
        return
    with pytest.raises(InputError, match=f", {days} after the dose of 2025-02-03 Mon"):
        plan(study, subject)
    assert plan(study, subject, accept_gap=True)


def test_an_entry_keeps_the_gap_to_a_planned_dose_and_to_one_that_all_arms_got() -> None:
    by_arm = TWO.replace("  q:\n", "  q:\n    arms: [a, b]\n").replace("{at: D1, give: X 10 mg", "{at: D1, give: {a: nothing, b: X 10 mg}")
    for text, arm in ((TWO, None), (by_arm, "b")):
        subject = person(None, None, ("relapse", "2025-02-04"), entered=(Entered("q", day("2025-02-05")),), arm=arm)
        with pytest.raises(InputError, match="2 days after the dose planned for 2025-02-03 Mon"):
            plan(read_study_text(text)[0], subject)
    assert plan(read_study_text(by_arm)[0], replace(subject, arm="a"))


def test_a_dose_as_needed_keeps_no_gap() -> None:
    text = TWO.replace("{at: D1, give: X 10 mg}", "{at: D1, give: X 10 mg as needed}")
    subject = person(None, None, ("relapse", "2025-02-04"), entered=(Entered("q", day("2025-02-05")),))
    assert plan(read_study_text(text)[0], subject)


def test_what_is_recorded_of_the_last_dose_is_ones_own() -> None:
    """Of the first subject nothing is recorded, of the second the dose of 3 February."""
    one = person(None, None, ("relapse", "2025-02-04"), entered=(Entered("q", day("2025-02-05")),), code="1")
    other = replace(one, code="2", records=(Record("p/D29", day("2025-02-03")),))
    with pytest.raises(InputError) as refused:
        expand(read_study_text(TWO)[0], Cohort.of_subjects([one, other], ()))
    said = [problem.message for problem in refused.value.problems]
    assert ["planned for" in message for message in said] == [True, False]


BY_ARMS = (
    HEAD
    + """products: {X: {}}
arms: [a, b]
periods:
  p:
    length: 52 weeks
    visits: [{at: D1, give: {a: nothing, b: X 10 mg}}, {at: D29, give: {a: X 10 mg, b: nothing}}]
  q:
    visits: [{at: D1, give: GIVEN}]
transitions:
  - {id: c, from: p, to: q, after: relapse, within: 60 days}
"""
)


@pytest.mark.parametrize(("given", "gaps"), [
    ("{a: nothing, b: X 10 mg}", ["X: 31 days from p/D1"]),
    ("{a: X 10 mg, b: nothing}", ["X: 3 days from p/D29"]),
    ("X 10 mg", ["X: 3 days from p/D29"]),
    ("nothing", []),
])  # fmt: skip
def test_whose_arm_is_not_known_has_the_gaps_that_an_arm_has(given: str, gaps: list[str]) -> None:
    subject = person(None, None, ("relapse", "2025-02-04"), entered=(Entered("q", day("2025-02-06")),))
    made = plan(read_study_text(BY_ARMS.replace("GIVEN", given).replace("give: nothing", "assess: MRI"))[0], subject)
    assert [message.split(" (")[0] for message in notes(made, "gap")] == gaps


def test_an_entry_that_is_only_expected_is_not_refused_nor_a_dose_after_an_event() -> None:
    """Soon after the last dose: only an entry that is recorded is refused."""
    records = (Record("p/D1", START), Record("p/D29", day("2025-02-03")))
    expected = person(None, None, ("relapse", "2025-02-03"), records=records)
    assert plan(read_study_text(TWO)[0], expected).visits[2].target == day("2025-02-04")
    after = person(
        None, None, ("relapse", "2025-02-01"), ("relapse", "2025-02-19"), entered=(Entered("q", day("2025-02-17")),), records=records
    )
    assert [(v.label, str(v.target)) for v in plan(read_study_text(TWO)[0], after).visits[3:]] == [("relapse+3d", "2025-02-22")]


def test_a_product_that_was_not_given_makes_no_gap() -> None:
    both = [on("D99", "2025-04-20", product="X", status="withheld"), on("D99", "2025-04-20", product="Y")]
    _, found = of_m(on("D85", "2025-03-31"), *both, on("D113", "2025-04-28"))
    assert ("main/D113", "short-gap") not in found
    _, found = of_m(on("D85", "2025-03-31"), on("unscheduled", "2025-04-25", product="X"), on("D113", "2025-04-28"))
    assert ("main/D113", "short-gap") in found


def test_a_dose_after_a_gap_that_asks_for_a_decision_is_told() -> None:
    found = after(("D29", "2025-02-03", "done"), ("D57", "2025-05-26", "done"))
    assert [n.message for n in found.notes if n.code == "gap-rule"] == [
        "the dose of 2025-05-26 Mon came more than 12 weeks after that of 2025-02-03 Mon: it was to wait for a decision (hold); "
        "it is recorded, so the plan goes on from it"
    ]
    assert not any("restart" in v.label for v in found.visits)


def test_an_unscheduled_dose_keeps_a_gap_from_being_one() -> None:
    study, _ = read_study_text(RESTARTS)
    records = [on("D29", "2025-02-03"), *(on(v, d, status=s) for v, d, s in MISSED), on("D113", "2025-04-28")]
    extra = on("unscheduled", "2025-04-07", product="X")
    assert any("restart" in v.label for v in plan(study, Subject(START, records=tuple(records))).visits)
    assert not any("restart" in v.label for v in plan(study, Subject(START, records=(*records, extra))).visits)
