"""What stands on a pharmacy's list and its order: counted from the same doses, dropped nowhere in silence, and telling no arm."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
import re
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing import Record, Subject
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.pharmacy.worklist import Worklist, in_all, order, prepare, uncounted
from nmosd_dosing.plans.planning import plan
from tests.kit.cases import columns
from tests.kit.command import dosing, output
from tests.kit.dates import day
from tests.kit.paths import ROOT
from tests.kit.pharmacy_command import BLINDED, ORDER, PREPARE, STUDY, TRIAL, as_json, folder
from tests.kit.studies import examples

__all__ = ["folder"]  # the fixture

TWO_DOSES = BLINDED.replace("[drug, placebo]", "[high, low]").replace(
    "{drug: X 8 mg/kg, placebo: X placebo}", "{high: X 8 mg/kg, low: X 4 mg/kg}"
)


LIST = """\
A trial for the pharmacy: to prepare from 2025-01-20 Mon to 2025-01-26 Sun
X: vials of 120 mg, 400 mg, chosen for the least waste
Y: vials of 500 mg, chosen for the least waste

Date            Subject  Visit                   Product        Amount  Weight  Vials                      Volume
─────────────────────────────────────────────────────────────────────────────────────────────────────────────────
2025-01-20 Mon  01       D15                     X              600 mg   60 kg  5 x 120 mg                 7.5 mL
                01       D15 to D17, day 1 of 3  Y          2 x 250 mg          2 x 500 mg
                02       D15                     X              750 mg   75 kg  3 x 120 mg + 1 x 400 mg   9.38 mL
                02       D15 to D17, day 1 of 3  Y          2 x 250 mg          2 x 500 mg
                03       D1                      X            10 mg/kg          needs weight
                                                 X        in all but 1          8 x 120 mg + 1 x 400 mg  16.88 mL
                                                 Y              in all          4 x 500 mg
2025-01-21 Tue  01       D15 to D17, day 2 of 3  Y          2 x 250 mg          2 x 500 mg
                02       D15 to D17, day 2 of 3  Y          2 x 250 mg          2 x 500 mg
                                                 Y              in all          4 x 500 mg
2025-01-22 Wed  01       D15 to D17, day 3 of 3  Y          2 x 250 mg          2 x 500 mg
                02       D15 to D17, day 3 of 3  Y          2 x 250 mg          2 x 500 mg
                                                 Y              in all          4 x 500 mg
2025-01-25 Sat  01       D20 to D21, day 1 of 2  Z               60 mg          no vials stated
                02       D20 to D21, day 1 of 2  Z               60 mg          no vials stated
2025-01-26 Sun  01       D20 to D21, day 2 of 2  Z               60 mg          no vials stated
                02       D20 to D21, day 2 of 2  Z               60 mg          no vials stated

in all: X 8 x 120 mg + 1 x 400 mg
in all: Y 12 x 500 mg
not counted: X, 1 visit: needs weight (03 D1)
not counted: Z, 2 visits: no vials stated (01 D20 to D21; 02 D20 to D21)
left out, 3 visits: no day stated (01 Rescue; 02 Rescue; 03 Rescue)
"""

BOUGHT = """\
A trial for the pharmacy: to order for 2025-01-20 Mon to 2025-02-28 Fri
X: vials of 120 mg, 400 mg, chosen for the least waste
Y: vials of 500 mg, chosen for the least waste
reserve 10%, lead time 14 days

Month    Product    Vial  Needed  Reserve  Order  First need      Order by
────────────────────────────────────────────────────────────────────────────────
2025-01  X        120 mg       8        1      9  2025-01-20 Mon  2025-01-06 Mon
2025-01  X        400 mg       1        1      2  2025-01-20 Mon  2025-01-06 Mon
2025-01  Y        500 mg      12        2     14  2025-01-20 Mon  2025-01-06 Mon
2025-02  X        120 mg       8        1      9  2025-02-17 Mon  2025-02-03 Mon
2025-02  X        400 mg       1        0      1  2025-02-17 Mon  2025-02-03 Mon
2025-02  Y        500 mg       6        0      6  2025-02-03 Mon  2025-01-20 Mon

in all: X 18 x 120 mg + 3 x 400 mg
in all: Y 20 x 500 mg
to be ordered before 2025-01-20 Mon, on which this begins: X for 2025-01, Y for 2025-01
not counted: X, 2 visits: needs weight (03 D1, D15)
not counted: Z, 3 visits: no vials stated (01 D20 to D21; 02 D20 to D21; 03 D20 to D21)
left out, 3 visits: no day stated (01 Rescue; 02 Rescue; 03 Rescue)
"""


# --- the list -----------------------------------------------------------------------------------------------------------


def test_the_list_of_a_week(folder: Path) -> None:
    assert output(*PREPARE, "--days", "7") == LIST


def test_the_order_of_two_months(folder: Path) -> None:
    assert output(*ORDER, "--until", "2025-02-28", "--reserve", "10%", "--lead", "2w") == BOUGHT


def test_fewest_vials(folder: Path) -> None:
    [first, *_] = as_json(*PREPARE, "--vials", "fewest")["doses"]
    assert first["vials"] == [{"size": "400 mg", "count": 2}]
    assert "X: vials of 120 mg, 400 mg, chosen for the fewest vials\n" in output(*PREPARE, "--vials", "fewest")


def test_a_site_states_the_vials(folder: Path) -> None:
    (folder / "study.yaml").write_text(STUDY.replace("Y: {route: IV infusion, vials: [500 mg]}", "Y: {route: IV infusion}"))
    site = "language: 1\nsite: beijing-01\nstudy: pharmacy-trial\nsource: Protocol P\nversion: 2\nvials: {Y: [250 mg]}\n"
    (folder / "site.yaml").write_text(site)
    page = output(*PREPARE, "--site", "site.yaml")
    assert "Y: vials of 250 mg, stated by site beijing-01, Protocol P, version 2, chosen for the least waste\n" in page


def test_fourteen_days_without_more_being_said(folder: Path) -> None:
    made = as_json(*PREPARE)
    assert (made["from"], made["until"]) == ("2025-01-20", "2025-02-02")


def test_nothing(folder: Path) -> None:
    assert output(*PREPARE[:-1], "2026-01-20").splitlines()[:3] == [
        "A trial for the pharmacy: to prepare from 2026-01-20 Tue to 2026-02-02 Mon", "", "nothing",
    ]  # fmt: skip
    assert output(*ORDER[:-1], "2026-01-20", "--days", "1").splitlines()[2] == "nothing"
    assert output(*ORDER[:-1], "2025-01-25", "--days", "1").splitlines()[2] == "nothing that can be counted"


def test_one_subject_needs_no_column_for_it(folder: Path) -> None:
    page = output("prepare", "--regimen", "study.yaml", "--start", "2025-01-06", "--weight", "60", "--from", "2025-01-06")
    assert page.splitlines()[3].split() == ["Date", "Visit", "Product", "Amount", "Weight", "Vials", "Volume"]
    assert page.endswith("left out, 1 visit: no day stated (Rescue)\n")


def test_a_later_weight_stands_with_its_day(folder: Path) -> None:
    one = ("--regimen", "study.yaml", "--start", "2025-01-06", "--weight", "60", "--weight", "2025-01-18=66")
    [x, *_] = as_json("prepare", *one, "--from", "2025-01-20")["doses"]
    assert (x["amount"], x["weight_kg"], x["weight_of"]) == (660, 66, "2025-01-18")
    assert " 660 mg  66 kg of 2025-01-18 Sat " in output("prepare", *one, "--from", "2025-01-20")


def test_recorded_visits_are_not_prepared_and_missing_records_are_told(folder: Path) -> None:
    rows = ("01,D15,2025-01-21,done", "01,D15 to D17,2025-01-20,done", "02,D15,2025-01-20,withheld", "03,D1,2025-01-20,missed")
    (folder / "visits.csv").write_text("\n".join(("subject,visit,date,status", *rows)))
    made = as_json(*PREPARE, "--days", "7", "--visits", "visits.csv")
    assert {(d["subject"], d["visit"]) for d in made["doses"]} == {
        ("02", "main/D15 to D17"), ("01", "main/D20 to D21"), ("02", "main/D20 to D21")
    }  # fmt: skip
    assert [(d["subject"], d["visit"]) for d in made["not_recorded"]] == [("01", "main/D1"), ("02", "main/D1")]
    page = output(*PREPARE, "--visits", "visits.csv")
    assert page.endswith("left out, 2 visits: planned before 2025-01-20 Mon, and not recorded (01 D1; 02 D1)\n")


def test_doses_after_an_exit_are_not_prepared(folder: Path) -> None:
    (folder / "events.csv").write_text("subject,event,date\n01,treatment_stopped,2025-01-21\n")
    made = as_json(*PREPARE, "--events", "events.csv")
    assert [(d["visit"], d["date"], d["of_days"]) for d in made["doses"] if d["subject"] == "01"] == [
        ("main/D15", "2025-01-20", 1), ("main/D15 to D17", "2025-01-20", 2), ("main/D15 to D17", "2025-01-21", 2),
    ]  # fmt: skip


def test_periods_without_a_first_day_and_projected_visits_are_told() -> None:
    tables = (f"--{name}={ROOT}/examples/course/{name}.csv" for name in ("subjects", "events", "visits"))
    people = ("--regimen", "bat4406f", *tables)
    page = output("prepare", *people, "--from", "2025-07-02", "--days", "10")
    assert "2025-07-03 Thu  0105     olp/D1    projected  BAT4406F          500 mg  no vials stated\n" in page
    assert "                0104     rcp/D182  pending    BAT4406F/placebo  masked  no vials stated\n" in page
    assert page.endswith("left out, all visits of olp: no first day yet (0104)\n")


def test_what_is_projected_is_not_firm(folder: Path) -> None:
    text = STUDY.split("periods:")[0] + (
        "periods:\n  one: {length: 4 weeks, visits: [{at: D1, give: X 500 mg}]}\n  two: {visits: [{at: D1, give: X 500 mg}]}\n"
        "transitions: [{id: completed, from: one, to: two, after: end of one, within: 14 days}]\n"
    )
    (folder / "study.yaml").write_text(text)
    page = output(*ORDER[:-1], "2025-01-01", "--until", "2025-02-28")
    assert page.splitlines()[3:8] == [
        "Month    Product    Vial  Needed  Not firm  Order  First need",
        "─────────────────────────────────────────────────────────────────",
        "2025-01  X        120 mg       3                3  2025-01-06 Mon",
        "2025-01  X        400 mg       3                3  2025-01-06 Mon",
        "2025-02  X        120 mg       3         3      3  2025-02-03 Mon",
    ]
    assert "not firm: for doses that are projected or pending, or may be another arm's\n" in page


@pytest.mark.parametrize(
    ("dose", "words"),
    [
        ("X not stated", "dose not stated"),
        ("X 10 mg/kg", "needs weight"),
        ("X 300 mg/m2", "needs weight"),
        ("X 5 mL", "dosed in mL, vials in mg"),
        ("Z 5 mg", "no vials stated"),
    ],
)
def test_what_cannot_be_counted_says_why(dose: str, words: str) -> None:
    study, _ = read_study_text(STUDY.split("periods:")[0] + f"periods: {{main: {{visits: [{{at: D1, give: {dose}}}]}}}}\n")
    day = dt.date(2025, 1, 6)
    worklist = prepare(study, [plan(study, Subject(day))], day, day)
    assert [(found.why, found.items) for found in uncounted(worklist.items)] == [(words, worklist.items)]
    assert order(worklist) == ()


BEGIN = dt.date(2025, 1, 1)
PEOPLE_OF_IT = ((0, 45.0), (5, 60.0), (12, 75.0), (20, None))  # days after the beginning, kg
PLANS = [plan(TRIAL, Subject(BEGIN + dt.timedelta(days), f"{days}", None, kg)) for days, kg in PEOPLE_OF_IT]
some_days = st.integers(0, 100).map(lambda days: BEGIN + dt.timedelta(days))


def counted(worklist: Worklist) -> Counter[tuple[str, str]]:
    return Counter({(product, size): n for product, vials in in_all(worklist.items).items() for size, n in vials})


@examples(50)
@given(some_days, some_days, some_days)
def test_a_list_is_the_lists_of_its_parts(a: dt.date, b: dt.date, c: dt.date) -> None:
    first, middle, last = sorted((a, b, c))
    whole, early = prepare(TRIAL, PLANS, first, last), prepare(TRIAL, PLANS, first, middle)
    late = prepare(TRIAL, PLANS, middle + dt.timedelta(1), last)
    assert whole.items == early.items + late.items
    assert counted(whole) == counted(early) + counted(late)


@examples(50)
@given(some_days, some_days, st.fractions(0, 1, max_denominator=100), st.integers(0, 60))
def test_an_order_is_what_the_list_needs_and_its_reserve(a: dt.date, b: dt.date, reserve: Fraction, lead: int) -> None:
    worklist = prepare(TRIAL, PLANS, min(a, b), max(a, b))
    needed: Counter[tuple[str, str]] = Counter()
    spare: Counter[tuple[str, str]] = Counter()
    for line in order(worklist, reserve, lead):
        needed[line.product, line.vial] += line.needed
        spare[line.product, line.vial] += line.reserve
        assert line.needed * reserve - 1 < line.reserve < line.needed * reserve + 1
        assert spare[line.product, line.vial] == math.ceil(needed[line.product, line.vial] * reserve), "rounded up once, month after month"
        assert line.order_by == line.first_need - dt.timedelta(lead)
        assert line.first_need.replace(day=1) == line.month
        mine = [i.date for i in worklist.items if i.dose.shown == line.product and line.vial in dict(i.vials or ()) and i.date]
        assert line.first_need == min(day for day in mine if day.replace(day=1) == line.month)
    assert needed == counted(worklist)


def test_every_dose_of_a_plan_is_somewhere() -> None:
    """On the list of its day, or without a day."""
    worklist = prepare(TRIAL, PLANS, BEGIN, BEGIN + dt.timedelta(200))
    for made in PLANS:
        for visit in made.visits:
            for dose in visit.administrations:
                items = [
                    i
                    for i in (*worklist.items, *worklist.dayless)
                    if (i.subject, i.visit.id, i.dose.shown) == (made.subject, visit.id, dose.shown)
                ]
                assert sum(i.times for i in items) == dose.times
                assert all(i.vials is None for i in items) or sum(n for i in items for _, n in i.vials or ()) == sum(
                    n for _, n in dose.vials or ()
                )


# --- who may come on another day ----------------------------------------------------------------------------------------

WINDOWED = STUDY.split("periods:")[0] + (
    "periods:\n  main:\n    visits:\n      - {at: D1, window: ±0d, give: X 10 mg/kg}\n"
    "      - {at: D85, window: -3d/+3d, give: X 10 mg/kg}\n      - {at: D99 to D103, window: ±2d, give: Y 250 mg daily}\n"
)

ASKED = """
    from        to          prepare                 may come
    2025-03-25  2025-03-27  -                       -
    2025-03-26  2025-03-28  -                       D85 2025-03-28 to 2025-03-28
    2025-03-28  2025-03-30  -                       D85 2025-03-28 to 2025-03-30
    2025-03-30  2025-04-01  D85 2025-03-31          -
    2025-03-31  2025-03-31  D85 2025-03-31          -
    2025-04-01  2025-04-03  -                       D85 2025-04-01 to 2025-04-03
    2025-04-03  2025-04-09  -                       D85 2025-04-03 to 2025-04-03
    2025-04-04  2025-04-09  -                       -
    2025-04-11  2025-04-13  -                       D99 to D103 2025-04-12 to 2025-04-13
"""


@pytest.mark.parametrize("row", columns(ASKED), ids=lambda row: f"{row['from']} to {row['to']}")
def test_whoever_may_come_on_the_days_asked_for_is_told_apart(row: dict[str, str]) -> None:
    """D85 is 2025-03-31, D99 2025-04-14."""
    study, _ = read_study_text(WINDOWED)
    found = prepare(study, [plan(study, Subject(dt.date(2025, 1, 6), weight_kg=60))], day(row["from"]), day(row["to"]))
    assert [f"{i.visit.label} {i.date}" for i in found.items] == ([] if row["prepare"] == "-" else [row["prepare"]])
    may = [f"{m.item.visit.label} {m.first} to {m.last}" for m in found.may_come]
    assert may == ([] if row["may come"] == "-" else [row["may come"]])
    assert counted(found) == ({("X", "120 mg"): 5} if row["prepare"] != "-" else {}), "what may come is not added"


def test_who_may_come_stands_in_every_form(folder: Path) -> None:
    (folder / "study.yaml").write_text(WINDOWED, encoding="utf-8")
    asked = ("prepare", "--regimen", "study.yaml", "--start", "2025-01-06", "--weight", "60", "--from", "2025-03-28", "--days", "3")
    assert output(*asked) == (
        "A trial for the pharmacy: to prepare from 2025-03-28 Fri to 2025-03-30 Sun\n"
        "X: vials of 120 mg, 400 mg, chosen for the least waste\n\nnothing\n\n"
        "may also come, planned for another day; not counted above\n\n"
        "From            To              Planned         Visit  Product  Amount  Weight  Vials       Volume\n"
        "──────────────────────────────────────────────────────────────────────────────────────────────────\n"
        "2025-03-28 Fri  2025-03-30 Sun  2025-03-31 Mon  D85    X        600 mg   60 kg  5 x 120 mg  7.5 mL\n"
    )
    made = as_json(*asked)
    assert (made["doses"], made["in_all"]) == ([], [])
    [dose] = made["may_come"]
    about = {name: dose[name] for name in ("visit", "date", "planned", "from", "to", "amount")}
    assert about == {
        "visit": "main/D85", "date": None, "planned": "2025-03-31", "from": "2025-03-28", "to": "2025-03-30", "amount": 600
    }  # fmt: skip
    [row] = csv.DictReader(io.StringIO(output(*asked, "--format", "csv")))
    assert (row["date"], row["part"], row["from"], row["to"]) == ("", "may also come", "2025-03-28", "2025-03-30")


def test_an_order_names_who_may_come_and_is_not_counted(folder: Path) -> None:
    """Else whoever is late, and allowed still, would stand in no month and in no remark, and lack a vial."""
    (folder / "study.yaml").write_text(WINDOWED, encoding="utf-8")
    asked = ("order", "--regimen", "study.yaml", "--start", "2025-01-06", "--weight", "60", "--from", "2025-04-01", "--days", "3")
    line = "not counted, 1 visit: may also come, planned for another day (D85)\n"
    assert output(*asked) == (
        "A trial for the pharmacy: to order for 2025-04-01 Tue to 2025-04-03 Thu\n"
        f"X: vials of 120 mg, 400 mg, chosen for the least waste\n\nnothing\n{line}"
    )
    assert dosing(*asked, "--format", "csv").stderr == line
    made = as_json(*asked)
    assert (made["order"], [(dose["visit"], dose["to"]) for dose in made["may_come"]]) == ([], [("main/D85", "2025-04-03")])


def test_a_dose_is_prepared_for_the_first_day_that_its_minimum_gap_allows(folder: Path) -> None:
    text = WINDOWED.replace("    route: IV infusion\n", "    route: IV infusion\n    minimum gap: 84 days\n")
    study, _ = read_study_text(text)
    extra = (Record("unscheduled", day("2025-01-08"), product="X"),)
    made = [plan(study, Subject(dt.date(2025, 1, 6), weight_kg=60, records=extra))]
    assert prepare(study, made, day("2025-03-31"), day("2025-04-01")).items == ()
    assert [i.date for i in prepare(study, made, day("2025-04-01"), day("2025-04-03")).items] == [day("2025-04-02")]
    study, _ = read_study_text(text.replace("84 days", "83 days").replace("-3d/+3d", "±0d"))
    made = [plan(study, Subject(dt.date(2025, 1, 6), weight_kg=60, records=(Record("unscheduled", day("2025-01-10"), product="X"),)))]
    found = prepare(study, made, day("2025-03-31"), day("2025-04-03"))
    assert (found.items, found.may_come, [i.visit.label for i in found.undecided]) == ((), (), ["D85"]), (
        "no day is allowed, and none made up"
    )


@examples(50)
@given(some_days, some_days)
def test_whoever_may_come_is_planned_for_another_day_and_allowed_on_these(a: dt.date, b: dt.date) -> None:
    study, _ = read_study_text(WINDOWED)
    made = [plan(study, Subject(BEGIN + dt.timedelta(days), f"{days}", None, kg)) for days, kg in PEOPLE_OF_IT]
    first, last = min(a, b), max(a, b)
    found = prepare(study, made, first, last)
    asked = {first + dt.timedelta(days) for days in range((last - first).days + 1)}
    expected = set()
    for one in made:
        for visit in one.visits:
            assert visit.target is not None
            own = {visit.target + dt.timedelta(days) for days in range(((visit.last or visit.target) - visit.target).days + 1)}
            if visit.earliest and visit.latest and not own & asked:
                allowed = {visit.earliest + dt.timedelta(days) for days in range((visit.latest - visit.earliest).days + 1)}
                expected |= {(one.subject, visit.id)} if allowed & asked else set()
    assert {(m.item.subject, m.item.visit.id) for m in found.may_come} == expected
    assert all(m.first in asked and m.last in asked for m in found.may_come)


# --- blinding -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("study", [BLINDED, TWO_DOSES])
def test_no_arm_can_be_told(folder: Path, study: str) -> None:
    arms = re.findall(r"arms: \[(\w+), (\w+)\]", study)[0]
    (folder / "study.yaml").write_text(study)
    for command in (PREPARE, (*ORDER, "--days", "60", "--reserve", "10%", "--lead", "7d")):
        for form in ("table", "json", "csv"):
            found = set()
            for number, arm in enumerate((*arms, None)):
                (folder / "arms.csv").write_text("subject,arm\n" + "".join(f"{code},{arm}\n" for code in ("01", "02", "03")))
                done = dosing(*command, "--format", form, *(("--allocation", "arms.csv") if arm else ()))
                assert done.returncode == 0, number
                found.add((done.stdout, done.stderr))
            assert len(found) == 1


def test_masked_kits_are_counted_like_the_active_ones(folder: Path) -> None:
    (folder / "study.yaml").write_text(BLINDED)
    masked = as_json(*PREPARE)
    assert masked["unblinded"] is False
    assert [d["weight_kg"] for d in masked["doses"]][:2] == [60, 75], "so that the vials can be checked"
    assert [(d["product"], d["amount"], d["vials"]) for d in masked["doses"]][:2] == [
        ("X/placebo", None, [{"size": "500 mg", "count": 1}]),
        ("X/placebo", None, [{"size": "100 mg", "count": 1}, {"size": "500 mg", "count": 1}]),
    ]
    assert [found["reason"] for found in masked["not_counted"]] == ["masked: the arms' doses differ, or it needs the weight"]


def test_arms_with_different_doses_are_not_counted(folder: Path) -> None:
    (folder / "study.yaml").write_text(TWO_DOSES)
    reasons = {found["reason"]: found["visits"] for found in as_json(*PREPARE)["not_counted"]}
    assert reasons == {
        "masked: the arms' doses differ, or the amount is not known": 2, "masked: the arms' doses differ, or it needs the weight": 1
    }  # fmt: skip


def test_unblinding_says_that_it_unblinds(folder: Path) -> None:
    (folder / "study.yaml").write_text(BLINDED)
    (folder / "arms.csv").write_text("subject,arm\n01,drug\n02,placebo\n03,drug\n")
    open_ = ("--unblind", "--allocation", "arms.csv")
    made = as_json(*PREPARE, *open_)
    assert made["unblinded"] is True
    assert [(d["product"], d["amount"], d["vials"]) for d in made["doses"]][:2] == [
        ("X", 480, [{"size": "500 mg", "count": 1}]),
        ("X", 0, []),
    ]
    page = output(*PREPARE, *open_)
    assert page.startswith("UNBLINDED: doses are shown as each arm gets them\n")
    assert "                02       D15    X             placebo          not stated\n" in page


# --- weights of visits --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "told"), [("", True), ("weight: baseline", False), ("weight: latest", False), ("weight: changed by 10% or more", False)]
)
def test_weights_of_visits_are_told_only_where_they_could_count(folder: Path, rule: str, told: bool) -> None:
    (folder / "study.yaml").write_text(STUDY.replace("  X:\n", f"  X:\n    {rule}\n" if rule else "  X:\n"), encoding="utf-8")
    (folder / "visits.csv").write_text("subject,visit,date,product,weight_kg\n01,main/D1,2025-01-06,X,63\n")
    done = dosing(*PREPARE, "--visits", "visits.csv")
    assert (done.returncode, "`--weighings FILE`" in done.stderr) == (0, told), done.stderr
