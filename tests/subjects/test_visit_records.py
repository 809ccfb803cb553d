"""Records matched with visits: those of no visit, two of one, before day 1 or after an exit are told or refused."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nmosd_dosing import InputError, Record, Subject
from nmosd_dosing.errors import Problems
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.study.blinding import mask
from nmosd_dosing.study.visit import Visit
from nmosd_dosing.study.visit_names import Names
from nmosd_dosing.study.visits import lay_out
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.visit_records import check_known, match, named_alike, plans_more, renamed
from tests.kit.command import dosing, errors, output
from tests.kit.dates import START
from tests.kit.recorded import RCP, checked, planned, table
from tests.kit.somebody import HEAD as SMALL
from tests.kit.worked import HEAD as STUDY


def test_two_first_days_of_one_period_are_refused(folder: Path) -> None:
    visits = table("visit,date\nolp/D1,2026-01-14\n")
    asked = ("plan", "--regimen", "bat4406f", "--start", "2025-01-06")
    assert errors(*asked, "--enter", "olp=2026-01-12", *visits) == (
        "error: entry into `olp` is given as 2026-01-12, and its day 1 is recorded on 2026-01-14\n"
        "hint: the first day of a period is its day 1: mend one of the two\n"
    )
    assert planned(*asked[1:], *visits)["transitions"][0]["entered"] == "2026-01-14"


def test_a_visit_that_was_missed_twice_and_will_be(folder: Path) -> None:
    """A row of a day to come is an appointment until then, and takes in what did not take place."""
    visits = table("visit,date,status\nD182,2025-07-01,missed\nD182,2025-07-02,missed\nD182,2025-07-10,done\n")
    text = errors("plan", "--regimen", "bat4406f", "--start", "2025-01-06", *visits, "--as-of", "2025-07-07")
    assert [line for line in text.splitlines() if line.startswith(("error", " -->", " :::"))] == [
        "error: `D182` is recorded twice", " --> v.csv:3:1", " ::: v.csv:2:1",
    ]  # fmt: skip


def test_records_of_unknown_visits_and_two_of_one(folder: Path) -> None:
    visits = table(
        "visit,period,date\nD183,,2025-07-08\nD182,,2025-07-08\nD182,,2025-07-09\nD1,rpc,2025-01-06\nD182,olp,2025-07-08\nD1,,2025-01-06\n"
    )
    text = errors("plan", "--regimen", "bat4406f", "--start", "2025-01-06", *visits)
    assert [line for line in text.splitlines() if line.startswith(("error", " -->", "hint"))] == [
        "error: unknown visit `D183`", " --> v.csv:2:1", "hint: did you mean `D182`?",
        "error: `D182` is recorded twice", " --> v.csv:4:1", "hint: keep one of them",
        "error: unknown period `rpc` of visit `D1`", " --> v.csv:5:1", "hint: periods of this plan are `rcp` or `olp`",
        "error: `olp/D182` is not a visit", " --> v.csv:6:1", "hint: `rcp/D182` is",
        "error: `D1` is a visit of several periods", " --> v.csv:7:1", "hint: write `rcp/D1` or `olp/D1`",
    ]  # fmt: skip


def test_a_dose_after_an_exit_or_before_an_entry_is_not_allowed(folder: Path) -> None:
    asked = ("--regimen", "bat4406f", "--start", "2025-01-06")
    told = checked(*asked, *table("visit,date\nD182,2025-07-06\n"), "--on", "withdrawn=2025-05-01")
    assert told["rcp/D182"] == "not-allowed: after withdrawn on 2025-05-01 Thu (v.csv:2:1)"
    told = checked(*asked, *table("visit,date\nolp/D1+6mo,2025-07-06\n"))
    assert told["olp/D1+6mo"] == "not-allowed: no entry into olp is recorded (v.csv:2:1)"


def test_a_dose_recorded_before_day_1_is_refused(folder: Path) -> None:
    assert errors("plan", *RCP, *table("visit,date\nD182,2024-07-06\n")).splitlines()[0] == (
        "error: `D182` is recorded on 2024-07-06, before day 1, 2025-01-06"
    )
    assert checked(*RCP, *table("visit,date\nD182,2024-07-06\n"))["rcp/D182"].startswith("not-allowed: before day 1, 2025-01-06 Mon")


def test_a_dose_that_the_file_has_before_day_1_may_be_given_there(folder: Path) -> None:
    """Chemotherapy before an infusion of cells, say, and what hangs on a day of screening; in a later period before its entry."""
    first = "[{at: randomised, give: Y 5 mg}, {at: D-2 ±1d, give: Y 100 mg}, {at: D0, give: X 1 mg}, {at: D7, give: X 1 mg}]"
    later = "[{at: D-2 ±1d, give: Y 100 mg}, {at: D0, give: X 1 mg}]"
    periods = f"periods:\n  p: {{length: 4 weeks, visits: {first}}}\n  q: {{visits: {later}}}\n"
    moves = "transitions: [{id: done, from: p, to: q, after: end of p, within: 14 days}]\n"
    head = "language: 1\nstudy: n\ntitle: N\nsource: me\ndays: from 0\nproducts: {X: {}, Y: {}}\n"
    Path("s.yaml").write_text(head + periods + moves, encoding="utf-8")
    asked = ("--regimen", "s.yaml", "--start", "2025-01-06", "--on", "randomised=2025-01-02")
    rows = "visit,date\nrandomised,2025-01-02\np/D-2,2025-01-03\np/D0,2025-01-06\nq/D-2,2025-02-01\nq/D0,2025-02-03\n"
    made = planned(*asked, *table(rows))
    assert [visit["status"] for visit in made["visits"]] == ["done", "done", "done", "planned", "done", "done"]
    told = checked(*asked, *table(rows))
    window = "allowed from 2025-01-03 Fri to 2025-01-05 Sun"
    assert told["p/randomised"].startswith("no-window: on the target")
    assert told["p/D-2"] == f"in-window: 1 day before the target, {window}"
    assert told["q/D-2"].startswith("in-window: on the target")
    assert checked(*asked, *table("visit,date\np/D-2,2025-01-02\n"))["p/D-2"].startswith("early: ")
    slots = output("slots", *asked, "--visit", "p/D-2", "--as-of", "2025-01-01")
    assert "2025-01-03 Fri  open     1 day before the target" in slots
    assert "before day 1" in errors("plan", *asked, *table("visit,date\np/D7,2025-01-05\n"))


def test_a_plan_as_of_a_day_knows_what_was_known(folder: Path) -> None:
    asked = ("plan", "--regimen", "bat4406f", "--start", "2025-01-06", "--enter", "olp=2026-01-12", "--as-of", "2025-07-10")
    done = dosing(*asked, "--format", "json")
    assert done.stderr == "left out, since it is dated after 2025-07-10: an entry on 2026-01-12\n"
    assert json.loads(done.stdout)["transitions"][0]["status"] == "projected"
    late = planned("--regimen", "bat4406f-olp", "--start", "2022-01-03", "--as-of", "2025-01-10")
    assert [v["label"] for v in late["visits"]][-1] == "D1+36mo"


HEAD = "language: 1\nstudy: n\ntitle: N\nsource: me\ndays: from 1\nproducts: {X: {}, Y: {}}\nperiods:\n  main:\n    visits:\n"
NAMED = {
    "D85": "main/W13D1", "W13D1": "main/W13D1", "main/D85": "main/W13D1", "D1+6mo": "main/D1+6mo", "W1D1+6mo": "main/D1+6mo",
    "C1D1": "main/C1D1", "D99": "main/C4D3", "W15D1": "main/C4D3", "C4D3": "main/C4D3", "C2D3 (D35)": "main/C2D3 (D35)",
    "D35": "main/C2D3 (D35)", "D-28 to D-5": "main/D-28 to D-5", "Prep (1)": "main/Prep (1)",
}  # fmt: skip


def study_of_names(folder: Path) -> tuple[str, ...]:
    lines = (
        "at: D-28 to D-5, assess: eligibility", "at: W13D1, give: X 1 mg", "at: 'D1 + 6 months', assess: EDSS", "at: D85, assess: MRI",
        "at: D1, cycle: 'every 14 days, 2 cycles', give: Y 1 mg", "at: D3, cycle: 'every 32 days, 4 cycles', give: Y 1 mg",
        "at: D3, cycle: 'every 50 days, 2 cycles', assess: ECG", "at: D99, give: X 1 mg",
        "at: not stated, name: Prep, assess: MRI", "at: not stated, name: Prep, assess: EDSS",
    )  # fmt: skip
    (folder / "n.yaml").write_text(HEAD + "".join(f"      - {{{line}}}\n" for line in lines), encoding="utf-8")
    return "--regimen", str(folder / "n.yaml"), "--start", "2025-01-06"


def test_whatever_names_one_day_is_understood_wherever_a_visit_is_named(folder: Path) -> None:
    asked = study_of_names(folder)
    for name, id in NAMED.items():
        made = planned(*asked, *table(f"visit,date\n{name},2025-04-14\n"))
        assert [v["id"] for v in made["visits"] if v["actual"]] == [id], name
        assert f"\n{id}: " in "\n" + dosing("plan", *asked, "--explain", name).stdout, name
    assert "main/W13D1" in {f.removesuffix("!") for f in checked(*asked, "--visit", "D85=2025-03-31")}


def test_a_name_of_several_visits_lists_them(folder: Path) -> None:
    asked = study_of_names(folder)
    for name, hint in (("C2D3", "write `main/C2D3 (D35)` or `main/C2D3 (D53)`"), ("Prep", "write `main/Prep (1)` or `main/Prep (2)`")):
        lines = errors("plan", *asked, *table(f"visit,date\n{name},2025-04-14\n")).splitlines()
        assert (lines[0], lines[1], lines[-1]) == (f"error: `{name}` is a name of several visits", " --> v.csv:2:1", f"hint: {hint}")


SPELT = "language: 1\nstudy: n\ntitle: N\nsource: me\ndays: from {}\nproducts: {{X: {{}}}}\nperiods:\n  main:\n    visits:\n"


def test_a_visit_is_named_in_any_case_and_spacing_in_tables_and_on_the_command_line(folder: Path) -> None:
    lines = "      - {at: 'D0, D14, D28', window: 2d, give: X 1 mg}\n      - {at: D56, name: Follow-up, assess: MRI}\n"
    (folder / "n.yaml").write_text(SPELT.format(0) + lines, encoding="utf-8")
    asked = ("--regimen", str(folder / "n.yaml"), "--start", "2025-01-06")
    told = checked(*asked, *table("visit,date\nDay 0,2025-01-06\nWEEK  2,2025-01-20\nd 28,2025-02-04\nFOLLOW-UP,2025-03-03\n"))
    assert {visit: message.split(":")[0] for visit, message in told.items()} == {
        "main/D0": "in-window", "main/D14": "in-window", "main/D28": "in-window", "main/D56": "no-window",
    }  # fmt: skip
    assert checked(*asked, "--visit", "week 2=2025-01-25")["main/D14"].startswith("late: ")
    assert "\nmain/D14: 2025-01-20 Mon" in dosing("plan", *asked, "--explain", "WEEK 2").stdout
    assert "\nmain/D56: 2025-03-03 Mon" in dosing("plan", *asked, "--explain", "main/follow-up").stdout
    twice = errors("plan", *asked, *table("visit,date\nD14,2025-01-20\nweek 2,2025-01-21\n"))
    assert twice.startswith("error: `week 2` is recorded twice\n")


def test_what_may_be_two_days_is_refused_and_what_a_site_may_have_meant_is_said(folder: Path) -> None:
    lines = "      - {at: 'W1D1, W2D1, W3D1', give: X 1 mg}\n      - {at: 'D1 + 6 months', name: Half a year, assess: MRI}\n"
    (folder / "n.yaml").write_text(SPELT.format(1) + lines, encoding="utf-8")
    asked = ("--regimen", str(folder / "n.yaml"), "--start", "2025-01-06")
    told = errors(
        "plan",
        *asked,
        *table("visit,date\nWEEK 2,2025-01-20\nMonth 7,2025-07-06\nWeek 9,2025-03-01\nhalf year,2025-07-06\nW7D1,2025-07-06\n"),
    )
    assert [line for line in told.splitlines() if line.startswith(("error", "hint"))] == [
        "error: `WEEK 2` is ambiguous where days count from 1: 2 weeks elapsed, or week number 2",
        "hint: write `main/W2D1` or `main/W3D1`, or say in the study file which it is: `also called: WEEK 2`",
        "error: `Month 7` is ambiguous where days count from 1: 7 months elapsed, or month number 7",
        "hint: write `main/D1+6mo` if that is meant, or say in the study file which it is: `also called: Month 7`",
        "error: unknown visit `Week 9`",
        "hint: visits are `W1D1`, `W2D1`, `W3D1`, `D1+6mo`; one that is not planned is `unscheduled`; "
        "what else sites call a visit stands in the study file, as `also called`",
        "error: unknown visit `half year`", "hint: did you mean `Half a year`?",
        "error: unknown visit `W7D1`", "hint: did you mean `W3D1`, `W2D1` or `W1D1`?",
    ]  # fmt: skip


def test_of_days_that_belong_to_some_arms_only_a_name_means_the_subject_s_own(folder: Path) -> None:
    lines = "".join(
        f"      - {{at: D1, arms: {arm}, cycle: 'every {n} weeks, 6 cycles', give: X 1 mg}}\n" for arm, n in (("a", 3), ("b", 4))
    )
    (folder / "n.yaml").write_text(HEAD.replace("periods:", "arms: [a, b]\nperiods:") + lines, encoding="utf-8")
    asked = ("--regimen", str(folder / "n.yaml"), "--start", "2025-01-06")
    for arm, id in (("a", "main/C2D1 (D22)"), ("b", "main/C2D1 (D29)")):
        made = planned(*asked, "--arm", arm, *table("visit,date\nC2D1,2025-01-30\n"))
        assert [v["id"] for v in made["visits"] if v["actual"]] == [id]
    assert "is a name of several visits" in errors("plan", *asked, *table("visit,date\nC2D1,2025-01-30\n"))


RESTARTED = """products: {X: {}, Y: {}, Z: {}}
arms: [a, b]
periods:
  p:
    visits:
      - {at: D1, give: {a: [X 1 mg, Y 1 mg], b: Y 1 mg}}
      - {at: D8, give: Y 1 mg}
      - {at: D15, give: [X 2 mg, Y 2 mg]}
      - {at: D22, assess: MRI}
"""


@pytest.mark.parametrize(
    ("old", "new", "arm", "record", "products"),
    [
        ("D1", "D8", 0, {}, ["X", "Y"]),  # of each that was planned
        ("D1", "D8", 1, {}, [None]),  # the arm's own is what the other visit gives
        ("D1", "D8", -1, {}, ["X", "Y"]),
        ("D1", "D15", 0, {}, [None]),
        ("D1", "D15", 1, {}, ["Y"]),
        ("D8", "D15", 0, {}, ["Y"]),
        ("D8", "D15", 0, {"product": "X"}, ["X"]),
        ("D15", "D8", 0, {"amount": Decimal(3), "unit": "mg"}, [None]),  # one amount of several stays one
        ("D8", "D15", 0, {"amount": Decimal(1), "unit": "mg"}, ["Y"]),
        ("D22", "D8", 0, {}, [None]),
    ],
)
def test_a_record_under_another_name_is_of_what_was_planned(
    old: str, new: str, arm: int, record: dict[str, Any], products: list[str | None]
) -> None:
    schedule = expand(read_study_text(SMALL + RESTARTED)[0], Cohort.of_subject(Subject(START), ("a", "b")))
    visits = {visit.label: visit for visit in schedule.visits}
    found = renamed(Record(old, START, **record), new, "p", visits[old], visits[new], arm)
    assert [(made.visit, made.product) for made in found] == [(new, product) for product in products]


OF_ARMS = """arms: [one, two]
products: {X: {}, Y: {}}
periods:
  p:
    visits:
      - {at: D1, give: X 1 mg}
      - {at: D2, give: [X 1 mg, Y 1 mg]}
      - {at: D3, give: {one: X 1 mg, two: nothing}}
      - {at: D4, give: {one: X 1 mg, two: X placebo}}
"""


def visits_of(text: str) -> dict[str, Visit]:
    return {visit.label: visit for visit in expand(read_study_text(SMALL + text)[0], Cohort.of_subjects([Subject(START)], ())).visits}


@pytest.mark.parametrize(
    ("visit", "arm", "more"),
    [("D1", -1, True), ("D1", 1, True), ("D3", 0, True), ("D3", 1, True), ("D4", 0, True), ("D4", 1, False), ("D4", -1, False)],
)
def test_an_amount_of_0_is_a_dose_only_where_no_more_is_planned(visit: str, arm: int, more: bool) -> None:
    [give] = visits_of(OF_ARMS)[visit].gives
    assert plans_more(give, arm) == more


@pytest.mark.parametrize(
    ("old", "new", "product", "amount", "arm", "products"),
    [
        ("D1", "D1", None, None, -1, [None]),  # the same products
        ("D2", "D1", None, None, -1, ["X", "Y"]),
        ("D2", "D1", "Y", None, -1, ["Y"]),
        ("D2", "D1", None, Decimal(2), -1, [None]),  # one amount of two products stays one
        ("D1", "D2", None, None, -1, ["X"]),
        ("D1", "D2", None, Decimal(2), -1, ["X"]),
        ("D3", "D2", None, None, 0, ["X"]),
        ("D3", "D2", None, None, 1, [None]),  # whose arm gets nothing then
        ("D3", "D2", None, None, -1, ["X"]),
    ],
)
def test_a_record_under_another_name_is_of_the_products_that_were_planned(
    old: str, new: str, product: str | None, amount: Decimal | None, arm: int, products: list[str | None]
) -> None:
    visits, unit = visits_of(OF_ARMS), "mg" if amount is not None else None
    found = renamed(Record(old, START, product=product, amount=amount, unit=unit), new, "p", visits[old], visits[new], arm)
    assert [record.product for record in found] == products


ALIKE = (
    STUDY
    + """arms: [a, b]
products: {X: {}, Y: {}, Long name: {}}
periods:
  p: {blinded: true, visits: [{at: D1, give: {a: [X 1 mg, Y 1 mg], b: [X placebo, Y placebo]}}, {at: D8, give: Long name 1 mg}]}
"""
)


@pytest.mark.parametrize(("written", "visit", "meant"), [
    ("X", "D1", "X"), ("x", "D1", "X"), (" LONG  name ", "D8", "Long name"), ("Ｘ", "D1", "X"), (None, "D1", None), ("Z", "D1", "Z"),
    ("X placebo", "D1", "X"), ("x/placebo", "D1", "X"), ("placebo", "D1", "placebo"), ("Placebo", "D1", "placebo"),
    ("安慰剂", "D1", "placebo"),
    ("placebo for X", "D1", "X"), ("Y active", "D1", "Y"), ("XY", "D1", "XY"), ("X1", "D1", "X1"), ("X and Y", "D1", "placebo"),
    ("placebo", "unscheduled", None), ("X and Y", "unscheduled", None), ("X placebo", "unscheduled", "X"),
    ("Long name placebo", "D1", "placebo"),
])  # fmt: skip
def test_whose_name_a_product_has_in_a_record(written: str | None, visit: str, meant: str | None) -> None:
    """That of the study's file, whatever its case; of masked ones whatever an arm may call it; of several nobody knows which."""
    study = read_study_text(ALIKE)[0]
    gives = [give for one in mask(study, lay_out(study.periods[0], 0, Problems())) for give in one.gives]
    cohort = Cohort.of_subject(Subject(START, records=(Record(visit, START, product=written),)), ())
    [(_, found)] = named_alike(cohort, gives, [product.name for product in study.products]).records
    assert found.product == meant


@pytest.mark.parametrize("n", [1, 100, 101])
def test_of_many_wrong_records_a_hundred_are_told(n: int) -> None:
    study = read_study_text(ALIKE)[0]
    visits = lay_out(study.periods[0], 0, Problems())
    records = tuple(Record(f"D9{i}", START) for i in range(n))
    found = match(Names(visits, ["p"] * len(visits)), Cohort.of_subject(Subject(START, records=records), ()), {})
    with pytest.raises(InputError) as error:
        check_known(found)
    first = [f"{n} problems in the visits; the first 100 follow"] if n > 100 else []
    assert [p.message for p in error.value.problems] == [*first, *(f"unknown visit `D9{i}`" for i in range(min(n, 100)))]
