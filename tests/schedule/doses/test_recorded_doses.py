"""Doses as given: what counts, what leaves a total unknown, what moves what comes after."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nmosd_dosing import Entered, Record, Subject, load, plan, to_json
from nmosd_dosing.checks.findings import check
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.subjects.cohort import Cohort
from tests.kit.cases import columns
from tests.kit.dates import START, day
from tests.kit.recorded import BELIMUMAB, RCP, checked, notes_of, of_m, on, planned, table
from tests.kit.somebody import COUNTS_ON, COURSE, HEAD, done, dose, made, notes, recorded, visit


def test_a_recorded_amount_is_all_of_a_course() -> None:
    """0.3 g were given of ten times 100 mg."""
    found = made(COURSE, done("D1 to D10", "2025-01-06", "0.3", "g", status="partial"))
    given = dose(found, "D1 to D10")
    assert (given.amount, given.times, given.total, given.planned) == (300, 1, 300, 1000)
    assert [(i.given, i.planned, i.share) for i in found.intensity] == [(300, 1000, 0.3)]
    assert not notes(found, "wrong-dose")
    whole = made(COURSE, done("D1 to D10", "2025-01-06", "1000", "mg"))
    assert not notes(whole, "wrong-dose")
    assert notes(made(COURSE, done("D1 to D10", "2025-01-06", "100", "mg")), "wrong-dose") == ["X 100 mg is recorded, planned is 1000 mg"]


@pytest.mark.parametrize(("entry", "recorded", "last", "times"), [
    ("2025-02-03", "2025-03-10", "2025-04-06", 28),
    ("2025-02-03", "2025-02-04", "2025-03-03", 28),
    ("2025-02-05", "2025-02-06", "2025-03-03", 26),
])  # fmt: skip
def test_a_recorded_course_moves_as_a_whole_where_the_count_goes_on(entry: str, recorded: str, last: str, times: int) -> None:
    found = made(COUNTS_ON, done("D1", "2025-01-06"), done("D29 to D56", recorded), entered=(Entered("b", day(entry)),))
    course = visit(found, "D29 to D56")
    assert (course.actual, course.last, course.administrations[0].times) == (day(recorded), day(last), times)


@pytest.mark.parametrize(("start", "times"), [("2025-01-28", 1), ("2025-01-30", 3), ("2025-03-29", 3), ("2025-01-01", 4)])
@pytest.mark.parametrize("recorded", [False, True])
def test_a_course_counted_in_months_is_as_long_whatever_is_recorded(start: str, times: int, recorded: bool) -> None:
    text = (
        "products: {X: {}}\nperiods: {main: {visits: [{at: D1, give: X 1 mg}, {at: D1 + 1 month to D4 + 1 month, give: X 9 mg daily}]}}\n"
    )
    subject = Subject(day(start), records=(done("D1", start),) if recorded else ())
    found = plan(read_study_text(HEAD + text)[0], subject)
    assert found.visits[1].administrations[0].times == times


def test_a_dose_given_early_counts_as_planned() -> None:
    """D0 given, D14 missed, D28 a day early: two of three."""
    records = (
        done("D0", "2025-01-06", "600", "mg"), done("D14", "2025-01-20", status="missed"), done("D28", "2025-02-02", "600", "mg"),
    )  # fmt: skip
    found = plan(load("belimumab"), Subject(START, weight_kg=60, records=records))
    assert [(i.given, i.planned) for i in found.intensity] == [(1200, 1800)]


def totals(made: dict[str, Any]) -> list[Any]:
    return [a["cumulative"] for v in made["visits"] for a in v["administrations"]]


def test_totals_count_what_was_given(folder: Path) -> None:
    rows = (
        "D0,2025-01-06,done,600,mg\nD14,2025-01-20,missed,,\nD28,2025-02-03,done,0.6125,g\nD56,2025-03-03,withheld,,\nD84,2025-03-31,,,\n"
    )
    made = planned(*BELIMUMAB, *table(f"visit,date,status,amount,unit\n{rows}"))
    assert totals(made)[:6] == [600, 600, 1212.5, 1212.5, 1812.5, 2412.5]
    assert [v["status"] for v in made["visits"]][:6] == ["done", "missed", "done", "withheld", "done", "planned"]
    assert notes_of(made, "not-recorded") == ["how much was given is not recorded: the planned dose is counted"]
    assert [n["visits"] for n in made["notes"] if n["code"] == "not-recorded"] == [["treatment/D84"]]


def test_a_dose_in_part_of_which_nobody_wrote_how_much_leaves_totals_unknown(folder: Path) -> None:
    made = planned(*BELIMUMAB, *table("visit,date,status\nD14,2025-01-20,partial\n"))
    assert totals(made)[:3] == [600, None, None]
    assert made["visits"][1]["administrations"][0]["amount_status"] == "not recorded"


def test_a_dose_at_an_unscheduled_visit_counts(folder: Path) -> None:
    made = planned(*BELIMUMAB, *table("visit,date,product,amount,unit\nunscheduled,2025-01-25,belimumab,0.1,g\n"))
    assert totals(made)[:4] == [600, 1200, 1900, 2500]
    assert notes_of(made, "unscheduled") == [
        "a visit on 2025-01-25 Sat that is not planned; its dose counts in later totals, where they are known, and as a last dose; "
        "no repeat is counted from it"
    ]
    late = table("visit,date,product,amount,unit\nrcp/D1,2025-01-06,,,\nunscheduled,2026-03-01,BAT4406F,500,mg\n")
    spans = {s["id"]: s["to"] for s in planned(*RCP, *late)["spans"]}
    assert spans["contraception"] == "2026-09-01"


def test_two_products_of_one_visit_are_given_on_one_day(folder: Path) -> None:
    study = folder / "s.yaml"
    study.write_text(
        "language: 1\nstudy: s\ntitle: t\nsource: not stated\ndays: from 1\nproducts: {X: {}, Y: {}}\n"
        "periods: {main: {visits: [{at: 'D1, D8', give: [X 5 mg, Y 6 mg]}]}}\n",
        encoding="utf-8",
    )
    asked = ("--regimen", str(study), "--start", "2025-01-06")
    both = table("visit,date,product\nD1,2025-01-06,X\nD1,2025-01-06,Y\n")
    assert checked(*asked, *both)["main/D1"].startswith("no-window")
    apart = table("visit,date,product\nD1,2025-01-06,X\nD1,2025-03-06,Y\n")
    assert any(text.startswith("duplicate") for text in checked(*asked, *apart).values())
    none = table("visit,date,product,status\nD1,2025-01-06,X,missed\nD1,2025-01-06,Y,withheld\n")
    assert checked(*asked, *none)["main/D1"].startswith("missed")


def test_a_visit_that_stands_without_its_dose_counts_none() -> None:
    done = (on("D1", "2025-01-06"), on("D29", "2025-02-03"), on("D57", "2025-03-03"))
    made, found = of_m(*done, treatment_stopped="2025-02-10")
    assert [len(v.administrations) for v in made.visits] == [1, 1, 0, 0]
    assert str(made.spans[0].end) == "2025-08-03"
    assert found == [("main/D1", "no-window"), ("main/D29", "no-window"), ("main/D57", "no-window")]
    _, found = of_m(*done[:2], on("D57", "2025-03-03", product="X"), treatment_stopped="2025-02-10")
    assert found[-1] == ("main/D57", "not-allowed")


@pytest.mark.parametrize("written", ["BELIMUMAB", "Belimumab", " belimumab ", "ｂｅｌｉｍｕｍａｂ"])
@pytest.mark.parametrize("name", ["D0", "unscheduled"])
def test_a_product_is_the_one_of_the_file_in_any_case_and_width(folder: Path, written: str, name: str) -> None:
    """SDTM has capitals: a dose of `BELIMUMAB` would count in no total, and for no gap."""
    (folder / "v.csv").write_text(
        f"VISIT,EXSTDTC,EXTRT,EXDOSE,EXDOSU\n{name},2025-01-06,{written},600,mg\nD14,2025-01-20,BELIMUMAB,300,mg\n", encoding="utf-8"
    )
    made = planned(*BELIMUMAB, "--visits", "v.csv")
    assert [v["administrations"][0]["cumulative"] for v in made["visits"] if v["label"] == "D14"] == [900 if name == "D0" else 1500]
    assert notes_of(made, "wrong-dose") == ["belimumab 300 mg is recorded, planned is 600 mg"]


def test_an_unscheduled_dose_after_an_exit_or_of_another_product() -> None:
    _, found = of_m(on("unscheduled", "2025-02-20", product="X"), died="2025-01-10")
    assert found == [("unscheduled", "not-allowed")]
    made, found = of_m(on("unscheduled", "2025-08-20", product="paracetamol"))
    assert found == [("unscheduled", "unscheduled"), ("unscheduled", "wrong-dose")]
    assert str(made.spans[0].end) == "2025-10-28"  # six months after D113


def test_a_missed_visit_shows_the_total_so_far() -> None:
    extra = on("unscheduled", "2025-01-20", product="X", amount=Decimal(100), unit="mg")
    made, _ = of_m(extra, on("D29", "2025-02-03", status="missed"))
    assert [v.administrations[0].cumulative for v in made.visits[:3]] == [500, 600, 1100]


PARTLY = """
    recorded    unit  says
    449.999     mg    -
    600         mg    -
    600.000001  mg    X 600.000001 mg is recorded, planned is 600 mg
    6000        mg    X 6000 mg is recorded, planned is 600 mg
    0.6         g     -
    6           g     X 6 g is recorded, planned is 600 mg
    5           mL    X 5 mL is recorded, planned is 600 mg
    0           mg    -
"""


@pytest.mark.parametrize("row", columns(PARTLY), ids=lambda r: f"{r['recorded']} {r['unit']}")
@pytest.mark.parametrize("named", ["X", None])
def test_a_dose_in_part_is_not_more_than_the_whole(row: dict[str, str], named: str | None) -> None:
    text = "products: {X: {}}\nperiods: {main: {visits: [{at: 'D1, D29', give: X 10 mg/kg}]}}\n"
    record = Record("D29", day("2025-02-03"), "partial", product=named, amount=Decimal(row["recorded"]), unit=row["unit"])
    found = plan(read_study_text(HEAD + text)[0], Subject(START, weight_kg=60, records=(record,)))
    assert notes(found, "wrong-dose") == ([] if row["says"] == "-" else [row["says"]])


# --- an amount of 0 -----------------------------------------------------------------------------------------------------

SPACED = """products: {X: {minimum gap: 14 days}}
periods:
  main:
    if gap: [{of: more than 8 weeks, then: restart}]
    visits: [{at: "D1, D15, D29, then every 28 days until D113", give: X 100 mg, counted from: previous dose}]
spans: {a: {title: after, from: first dose, to: last dose + 30 days}}
"""
ON_TIME = (done("D1", "2025-01-06"), done("D15", "2025-01-20"))


def told(*records: Record) -> tuple[Any, ...]:
    """All that hangs on which doses were given: the days of the plan, spans, what is due and what is too close."""
    study, subject = read_study_text(HEAD + SPACED)[0], Subject(START, records=records)
    findings = check(expand(study, Cohort.of_subjects([subject], ()), allow_deviation=True), day("2025-02-28"))
    found = made(SPACED, *records)
    return (
        [(v.label, v.target) for v in found.visits],
        [(span.start, span.end) for span in found.spans],
        [f.message for f in findings if f.actual is None and f.visit != "main/D29"],
        [(f.visit, f.verdict) for f in findings if f.verdict == "short-gap"],
        [(n.code, n.message) for n in found.notes if n.code in ("short-gap", "restart", "gap-rule", "gap-clock")],
    )


@pytest.mark.parametrize(
    "more", [(), (done("D57", "2025-03-05"),), (done("D57", "2025-03-20"),), (done("D57", "2025-04-10"), done("D85", "2025-04-20"))]
)
@pytest.mark.parametrize("when", ["2025-02-03", "2025-02-27"])
def test_an_amount_of_0_is_no_dose_like_one_that_was_withheld(when: str, more: tuple[Record, ...]) -> None:
    nothing = told(*ON_TIME, done("D29", when, "0", "mg", product="X"), *more)
    assert nothing == told(*ON_TIME, done("D29", when, status="withheld"), *more)
    assert nothing == told(*ON_TIME, done("D29", when, "0", "mg"), *more)


def test_after_0_mg_the_next_dose_may_come_on_its_day() -> None:
    """D29 is given late: D57, on 2025-03-03, would be too close to it."""
    text = SPACED.replace(", counted from: previous dose", "")
    found = made(text, *ON_TIME, done("D29", "2025-02-27", "0", "mg", product="X"))
    assert visit(found, "D57").target == day("2025-03-03") and not notes(found, "short-gap")
    assert [(span.start, span.end) for span in found.spans] == [(day("2025-01-06"), day("2025-05-28"))]


def test_0_mg_at_a_visit_that_is_not_planned_is_no_dose() -> None:
    nothing = told(*ON_TIME, done("unscheduled", "2025-02-01", "0", "mg", product="X"), done("D29", "2025-02-03"))
    assert nothing == told(*ON_TIME, done("unscheduled", "2025-02-01"), done("D29", "2025-02-03"))
    given = told(*ON_TIME, done("unscheduled", "2025-02-01", "5", "mg", product="X"), done("D29", "2025-02-03"))
    assert ("main/D29", "short-gap") in given[3]


ARMS = """products: {X: {minimum gap: 14 days}}
periods:
  main:
    blinded: true
    arms: [a, b]
    if gap: [{of: more than 8 weeks, then: restart}]
    visits: [{at: "D1, D15, D29, then every 28 days until D113", give: {a: X 100 mg, b: X placebo}}]
spans: {a: {title: after, from: first dose, to: last dose + 30 days}}
"""


def test_0_of_a_placebo_is_a_dose() -> None:
    open_ = ARMS.replace("blinded: true", "blinded: false")
    records = (*ON_TIME, done("D29", "2025-02-27", "0", "mg", product="X"))
    close = "X 4 days after main/D29: less than the minimum gap, 14 days; not before 2025-03-13 Thu"
    assert notes(made(open_, *records, arm="b"), "short-gap") == [close]
    assert notes(made(open_, *records, arm="a"), "short-gap") == []
    assert notes(made(open_, *records), "short-gap") == [close]  # nobody says which arm: it may be the placebo


@pytest.mark.parametrize("after", [[], [("unscheduled", "2025-03-01")], [("D57", "2025-04-30")]])
def test_0_of_a_masked_dose_tells_no_arm(after: list[tuple[str, str]]) -> None:
    said = set()
    for arm in ("a", "b"):
        for amount in (None, "0", "100"):
            given = [done(label, date, amount, amount and "mg", product="X") for label, date in (("D29", "2025-02-27"), *after)]
            said.add(to_json(made(ARMS, *ON_TIME, *given, arm=arm)))
    assert len(said) == 1


def test_the_first_dose_is_none_of_0_and_of_a_masked_one_no_amount_is_read() -> None:
    nothing = done("D1", "2025-01-08", "0", "mg", product="X")
    assert made(SPACED, nothing).start == START
    assert made(SPACED, done("D1", "2025-01-08", "100", "mg", product="X")).start == day("2025-01-08")
    assert {made(ARMS, nothing, arm=arm).start for arm in ("a", "b")} == {day("2025-01-08")}


GAP = """products: {X: {}}
periods:
  main:
    if gap: [{of: more than 8 weeks, then: restart}]
    visits:
      - {at: "D1, then every 4 weeks, 9 more times", give: X 100 mg}
"""
TWICE = (done("D1", "2025-01-06", "100", "mg"), done("D29", "2025-02-03", "100", "mg"))
LATE, THEN = "2025-04-28", "2025-05-26"  # D113, 12 weeks after D29, and D141
GAPS = {
    "nothing is said": (done("D113", LATE, "100", "mg"),),
    "missed": (done("D57", "2025-03-03", status="missed"), done("D85", "2025-03-31", status="missed"), done("D113", LATE, "100", "mg")),
    "withheld": (done("D57", "2025-03-03", status="withheld"), done("D85", "2025-03-31", status="withheld"), done("D113", LATE)),
    "late": (done("D57", LATE, "100", "mg"),),
    "not scheduled": (done("unscheduled", LATE, "0.1", "g", product="X"),),
}


@pytest.mark.parametrize("how", GAPS)
@pytest.mark.parametrize("rule", [True, False])
def test_a_gap_has_one_intensity_however_it_is_recorded(how: str, rule: bool) -> None:
    """Given on D1, D29 and D113; planned on D1, D29, D57, D85 and D113."""
    text = GAP if rule else GAP.replace("    if gap: [{of: more than 8 weeks, then: restart}]\n", "")
    found = plan(read_study_text(HEAD + text)[0], Subject(START, records=(*TWICE, *GAPS[how])))
    assert [(i.given, i.planned, i.until, i.share) for i in found.intensity] == [(300, 500, day(LATE), 0.6)]


@pytest.mark.parametrize(("as_of", "figures"), [
    ("2025-01-06", (100, 100, 1)), ("2025-03-02", (200, 200, 1)), ("2025-03-03", (200, 300, 2 / 3)),
    ("2025-04-27", (200, 400, 0.5)), ("2025-04-28", (300, 500, 0.6)), ("2026-12-31", (300, 1000, 0.3)),
])  # fmt: skip
@pytest.mark.parametrize("how", ["missed", "late", "not scheduled"])
def test_given_by_a_day_is_held_against_what_was_planned_by_it(how: str, as_of: str, figures: tuple[float, float, float | None]) -> None:
    records = tuple(r for r in (*TWICE, *GAPS[how]) if r.took_place)
    found = plan(read_study_text(HEAD + GAP)[0], Subject(START, records=records), as_of=day(as_of))
    assert [(i.given, i.planned, i.share) for i in found.intensity] == [figures]


def test_a_dose_besides_counts_and_one_that_is_not_known_leaves_no_figure() -> None:
    study = read_study_text(HEAD + GAP)[0]
    more = (*TWICE, done("unscheduled", "2025-01-20", "50", "mg", product="X"))
    assert [(i.given, i.planned) for i in plan(study, Subject(START, records=more)).intensity] == [(250, 200)]
    unknown = (*TWICE, done("unscheduled", "2025-01-20", product="X"))
    assert plan(study, Subject(START, records=unknown)).intensity == ()


def test_what_is_drawn_has_no_say_in_an_intensity() -> None:
    study = read_study_text(HEAD + GAP)[0]
    subject = Subject(START, records=(*TWICE, *GAPS["late"]))
    assert plan(study, subject, until=day("2025-02-10")).intensity == plan(study, subject).intensity


OF_ARMS = """arms: [a, b]
products: {X: {}}
periods: {p: {visits: [{at: D1, give: {a: X 500 mg, b: X 250 mg}}, {at: D8, give: {a: X 500 mg, b: nothing}}, {at: D15, give: X 500 mg}]}}
"""


@pytest.mark.parametrize(("arm", "wrong", "needs_arm"), [("a", [], ""), ("b", ["250 mg", "0 mg"], ""), (None, [], "D1 D8")])
def test_a_recorded_amount_is_compared_with_that_of_the_arm(arm: str | None, wrong: list[str], needs_arm: str) -> None:
    records = tuple(done(label, date, "500", "mg") for label, date in (("D1", "2025-01-06"), ("D8", "2025-01-13"), ("D15", "2025-01-20")))
    schedule = expand(read_study_text(HEAD + OF_ARMS)[0], Cohort.of_subject(Subject(START, arm=arm, records=records), ("a", "b")))
    found = check(schedule, "2025-02-01")
    assert [f.message for f in found if f.verdict == "wrong-dose"] == [f"X 500 mg is recorded, planned is {mg}" for mg in wrong]
    assert " ".join(f.visit[2:] for f in found if f.message.endswith("its dose is not compared, which needs the arm")) == needs_arm


@pytest.mark.parametrize(
    ("amount", "said"),
    [("1000", None), ("500", "; as much is level `half`"), ("250", "; as much is level `least`"), ("100", ""), ("999", "")],
)
def test_a_recorded_amount_of_a_course_says_of_which_level_it_would_be(amount: str, said: str | None) -> None:
    text = """events: {toxic: toxic}
products: {X: {doses: {l: {levels: {full: 100 mg, half: 50 mg, least: 25 mg}, start level: full, down: toxic}}}}
periods: {p: {visits: [{at: D1 to D10, give: X l daily}]}}
"""
    told = [f"X {amount} mg is recorded, planned is 1000 mg at level full{said}"] if said is not None else []
    assert notes(made(text, done("D1 to D10", "2025-01-06", amount, "mg")), "wrong-dose") == told


@pytest.mark.parametrize(
    ("beside", "x", "y"),
    [
        ("", 30, 10),
        ("X 5 mg", 35, 10),
        ("Y 5 mg", 30, 15),
        ("X", None, 10),  # it was given, and nobody wrote how much
        ("5 mg", None, None),  # nobody wrote of which
        ("X missed", 30, 10),
        ("X 0 mg", 30, 10),
    ],
)
def test_a_dose_beside_the_visits_counts_for_its_product_as_far_as_it_is_known(beside: str, x: float | None, y: float | None) -> None:
    text = "products: {X: {}, Y: {}}\nperiods: {p: {visits: [{at: 'D1, D8, D15', give: X 10 mg}, {at: 'D2, D16', give: Y 5 mg}]}}\n"
    found = made(text, *recorded(f"unscheduled 01-10 {beside}" if beside else ""))
    assert (dose(found, "D15").cumulative, dose(found, "D16").cumulative, dose(found, "D1").cumulative) == (x, y, 10)


@pytest.mark.parametrize(("arm", "named", "given"), [
    ("b", "Y", [("Y", 50, 50)]),
    ("b", None, [("Y", 50, 50)]),
    ("b", "X", [("X", 50, 50), ("Y", None, None)]),
    ("a", "Y", [("X", None, None), ("Y", 50, 50)]),
    ("a", None, [("X", 50, 50)]),
    (None, "Y", [("X", None, None), ("Y", 50, 50)]),
])  # fmt: skip
def test_what_another_arm_gets_is_no_dose_of_which_nobody_wrote_how_much(arm: str | None, named: str | None, given: list[Any]) -> None:
    """X in arm a, Y in arm b: a record that names what the arm gets says nothing of what it does not get."""
    text = "products: {X: {}, Y: {}}\narms: [a, b]\nperiods: {p: {visits: [{at: 'D1, D29', give: {a: X 50 mg, b: Y 50 mg}}]}}\n"
    found = made(text, done("D1", "2025-01-06", "50" if named else None, "mg" if named else None, product=named), arm=arm)
    assert [(dose.product, dose.amount, dose.cumulative) for dose in visit(found, "D1").administrations] == given
    unknown = "the dose was given, and how much is not recorded; totals from there on are not known"
    assert (unknown in notes(found, "not-recorded")) == any(amount is None for _, amount, _ in given)
