"""What was done, in the plan and in `check` and `due`: doses as given, totals, what does not fit, what was known on a day."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from test_cli import dosing, errors, output

from nmosd_dosing import Plan, Subject, due, load, plan
from nmosd_dosing.checks.findings import check
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.subjects.cohort import of_subjects
from nmosd_dosing.subjects.subject import Event, Record

START = dt.date(2025, 1, 6)
BELIMUMAB = ("--regimen", "belimumab", "--start", "2025-01-06", "--weight", "60")
RCP = ("--regimen", "bat4406f-rcp", "--start", "2025-01-06")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(text: str, name: str = "v.csv") -> tuple[str, str]:
    Path(name).write_text(text, encoding="utf-8")
    return "--visits", name


def planned(*arguments: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(output("plan", *arguments, "--format", "json"))
    return made


def totals(made: dict[str, Any]) -> list[Any]:
    return [a["cumulative"] for v in made["visits"] for a in v["administrations"]]


def checked(*arguments: str, as_of: str = "2026-06-01") -> dict[str, str]:
    done = dosing("check", *arguments, "--as-of", as_of, "--format", "json")
    found = json.loads(done.stdout)["findings"]
    assert done.returncode in (0, 1), done.stderr
    return {f["visit"] + ("!" if f["verdict"] == "wrong-dose" else ""): f"{f['verdict']}: {f['message']}" for f in found}


def notes(made: dict[str, Any], code: str) -> list[str]:
    return [note["message"] for note in made["notes"] if note["code"] == code]


# --- doses as given -----------------------------------------------------------------------------------------------------


def test_totals_count_what_was_given(folder: Path) -> None:
    rows = (
        "D0,2025-01-06,done,600,mg\nD14,2025-01-20,missed,,\nD28,2025-02-03,done,0.6125,g\nD56,2025-03-03,withheld,,\nD84,2025-03-31,,,\n"
    )
    made = planned(*BELIMUMAB, *table(f"visit,date,status,amount,unit\n{rows}"))
    assert totals(made)[:6] == [600, 600, 1212.5, 1212.5, 1812.5, 2412.5]
    assert [v["status"] for v in made["visits"]][:6] == ["done", "missed", "done", "withheld", "done", "planned"]
    assert notes(made, "not-recorded") == ["how much was given is not recorded: the planned dose is counted"]
    assert [n["visits"] for n in made["notes"] if n["code"] == "not-recorded"] == [["treatment/D84"]]


def test_a_dose_in_part_of_which_nobody_wrote_how_much_leaves_totals_unknown(folder: Path) -> None:
    made = planned(*BELIMUMAB, *table("visit,date,status\nD14,2025-01-20,partial\n"))
    assert totals(made)[:3] == [600, None, None]
    assert made["visits"][1]["administrations"][0]["amount_status"] == "not recorded"


def test_a_dose_at_an_unscheduled_visit_counts(folder: Path) -> None:
    made = planned(*BELIMUMAB, *table("visit,date,product,amount,unit\nunscheduled,2025-01-25,belimumab,0.1,g\n"))
    assert totals(made)[:4] == [600, 1200, 1900, 2500]
    assert notes(made, "unscheduled") == [
        "a visit on 2025-01-25 Sat that is not planned; its dose counts in later totals, where they are known, and as a last dose; "
        "no repeat is counted from it"
    ]
    late = table("visit,date,product,amount,unit\nrcp/D1,2025-01-06,,,\nunscheduled,2026-03-01,BAT4406F,500,mg\n")
    spans = {s["id"]: s["to"] for s in planned(*RCP, *late)["spans"]}
    assert spans["contraception"] == "2026-09-01"


def test_the_same_dose_in_another_unit_is_the_same(folder: Path) -> None:
    right = checked(*BELIMUMAB, *table("visit,date,amount,unit\nD0,2025-01-06,0.6,g\n"))
    assert "treatment/D0!" not in right
    wrong = checked(*BELIMUMAB, *table("visit,date,amount,unit,weight_kg\nD0,2025-01-06,0.66,g,66\n"))
    assert wrong["treatment/D0!"] == (
        "wrong-dose: belimumab 0.66 g is recorded, planned is 600 mg (the weight recorded, 66 kg, is not the one that is planned with) "
        "(v.csv:2:1)"
    )


def test_a_dose_that_cannot_be_compared_says_so(folder: Path) -> None:
    visits = table("visit,date,amount,unit\nD0,2025-01-06,600,mg\n")
    told = checked("--regimen", "belimumab", "--start", "2025-01-06", *visits)
    assert told["treatment/D0"].endswith("; its dose is not compared, which needs the weight")
    visits = table("visit,date,amount,unit\nW1D1,2025-01-06,500,mg\n")
    told = checked("--regimen", "mil62-phase1b", "--start", "2025-01-06", *visits)
    assert told["phase1b/W1D1"].endswith("; its dose is not compared, which needs the arm")


def test_a_masked_dose_is_compared_by_product_only(folder: Path) -> None:
    for product in ("BAT4406F", "BAT4406F placebo", "placebo", "BAT4406F/placebo"):
        assert "rcp/D1!" not in checked(*RCP, *table(f"visit,date,product,amount,unit\nD1,2025-01-06,{product},123,mg\n"))
    told = checked(*RCP, *table("visit,date,product\nD1,2025-01-06,Rituximab\n"))
    assert told["rcp/D1!"] == "wrong-dose: Rituximab is recorded, planned is BAT4406F/placebo (v.csv:2:1)"


def test_unblinded_a_record_that_contradicts_the_arm_is_told(folder: Path) -> None:
    visits = table("visit,date,product,amount,unit\nD1,2025-01-06,BAT4406F,500,mg\n")
    made = planned(*RCP, "--arm", "placebo", "--unblind", *visits)
    assert notes(made, "wrong-dose") == ["BAT4406F 500 mg is recorded, planned is 0 mg"]
    page = output("plan", *RCP, "--arm", "placebo", "--unblind", *visits)
    assert "BAT4406F 500 mg" in page and "Total mg" in page


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


# --- what does not fit --------------------------------------------------------------------------------------------------


def test_day_1_on_another_day_than_the_start_is_told(folder: Path) -> None:
    made = planned(*RCP, *table("visit,date\nD1,2025-01-08\n"))
    assert notes(made, "start") == [
        "rcp/D1 is recorded on 2025-01-08 Wed, and the plan counts from 2025-01-06 Mon: the first dose is day 1, so mend one of the two"
    ]


def test_two_first_days_of_one_period_are_refused(folder: Path) -> None:
    visits = table("visit,date\nolp/D1,2026-01-14\n")
    asked = ("plan", "--regimen", "bat4406f", "--start", "2025-01-06")
    assert errors(*asked, "--enter", "olp=2026-01-12", *visits) == (
        "error: entry into `olp` is given as 2026-01-12, and its day 1 is recorded on 2026-01-14\n"
        "hint: the first day of a period is its day 1: mend one of the two\n"
    )
    assert planned(*asked[1:], *visits)["transitions"][0]["entered"] == "2026-01-14"


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


def test_doses_closer_than_the_minimum_gap_whatever_their_order() -> None:
    study, _ = read_study_text(
        "language: 1\nstudy: s\ntitle: t\nsource: not stated\ndays: from 1\nproducts: {X: {minimum gap: 14 days}}\n"
        "periods: {main: {visits: [{at: 'D1, D15, D29', give: X 5 mg}]}}\n"
    )
    records = (Record("D15", dt.date(2025, 2, 3)), Record("D29", dt.date(2025, 1, 27)))
    found = check(expand(study, of_subjects([Subject(START, records=records)], ()), allow_deviation=True), dt.date(2025, 3, 1))
    [short] = [f for f in found if f.verdict == "short-gap"]
    assert (short.visit, short.message) == ("main/D15", "X 7 days after the dose before, on 2025-01-27 Mon; the minimum gap is 14 days")


M = (
    "language: 1\nstudy: m\ntitle: M\nsource: me\ndays: from 1\nproducts: {X: {minimum gap: 10 days}, Y: {}}\n"
    "periods:\n  main:\n    length: 24 weeks\n    visits:\n"
    "      - {at: 'D1, D29, D57, D85', give: X 500 mg, assess: MRI}\n      - {at: D99, give: [X 500 mg, Y 5 mg]}\n"
    "      - {at: D113, give: [X 500 mg, Y 5 mg]}\n"
    "spans: {c: {title: C, from: first dose, to: last dose + 6 months}}\n"
)


def of_m(*records: Record, **events: str) -> tuple[Plan, list[tuple[str, str]]]:
    """The plan of a subject of study M, and the findings that are not upcoming."""
    happened = tuple(Event(name, dt.date.fromisoformat(day)) for name, day in events.items())
    study, subject = read_study_text(M)[0], Subject(START, events=happened, records=records)
    schedule = expand(study, of_subjects([subject], ()), allow_deviation=True)
    found = [(f.visit, str(f.verdict)) for f in check(schedule, dt.date(2025, 12, 1)) if f.actual is not None]
    return plan(study, subject, allow_deviation=True), found


def on(visit: str, day: str, **what: Any) -> Record:
    return Record(visit, dt.date.fromisoformat(day), **what)


def test_a_visit_that_stands_without_its_dose_counts_none() -> None:
    done = (on("D1", "2025-01-06"), on("D29", "2025-02-03"), on("D57", "2025-03-03"))
    made, found = of_m(*done, treatment_stopped="2025-02-10")
    assert [len(v.administrations) for v in made.visits] == [1, 1, 0, 0]
    assert str(made.spans[0].end) == "2025-08-03"
    assert found == [("main/D1", "no-window"), ("main/D29", "no-window"), ("main/D57", "no-window")]
    _, found = of_m(*done[:2], on("D57", "2025-03-03", product="X"), treatment_stopped="2025-02-10")
    assert found[-1] == ("main/D57", "not-allowed")


def test_a_product_that_was_not_given_makes_no_gap() -> None:
    both = [on("D99", "2025-04-20", product="X", status="withheld"), on("D99", "2025-04-20", product="Y")]
    _, found = of_m(on("D85", "2025-03-31"), *both, on("D113", "2025-04-28"))
    assert ("main/D113", "short-gap") not in found
    _, found = of_m(on("D85", "2025-03-31"), on("unscheduled", "2025-04-25", product="X"), on("D113", "2025-04-28"))
    assert ("main/D113", "short-gap") in found


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


def test_a_dose_recorded_before_day_1_is_refused(folder: Path) -> None:
    assert errors("plan", *RCP, *table("visit,date\nD182,2024-07-06\n")).splitlines()[0] == (
        "error: `D182` is recorded on 2024-07-06, before day 1, 2025-01-06"
    )
    assert checked(*RCP, *table("visit,date\nD182,2024-07-06\n"))["rcp/D182"].startswith("not-allowed: before day 1, 2025-01-06 Mon")


def test_an_end_given_twice_and_a_death_before_day_1() -> None:
    asked = ("plan", "--regimen", "bat4406f", "--start", "2025-01-06")
    twice = errors(*asked, "--on", "rcp_completed=2025-12-20", "--on", "rcp_completed=2026-01-05")
    assert twice == "error: `rcp_completed` is given twice\nhint: keep one of them\n"
    assert "before day 1" in errors(*asked, "--on", "died=2025-01-01")


def test_a_dose_after_a_gap_that_asks_for_a_decision_is_told() -> None:
    found = after(("D29", "2025-02-03", "done"), ("D57", "2025-05-26", "done"))
    assert [n.message for n in found.notes if n.code == "gap-rule"] == [
        "the dose of 2025-05-26 Mon came more than 12 weeks after that of 2025-02-03 Mon: it was to wait for a decision (hold); "
        "it is recorded, so the plan goes on from it"
    ]
    assert not any("restart" in v.label for v in found.visits)


def test_an_unscheduled_dose_keeps_a_gap_from_being_one() -> None:
    between = ("unscheduled", "2025-04-07", "done")
    study, _ = read_study_text(GAPS)
    records = [Record(v, dt.date.fromisoformat(d), s) for v, d, s in MISSED]  # type: ignore[arg-type]
    extra = Record(between[0], dt.date.fromisoformat(between[1]), product="X")
    assert any("restart" in v.label for v in plan(study, Subject(START, records=tuple(records))).visits)
    assert not any("restart" in v.label for v in plan(study, Subject(START, records=(*records, extra))).visits)


# --- what was known on a day --------------------------------------------------------------------------------------------


def test_what_is_dated_later_is_left_out_and_said(folder: Path) -> None:
    visits = table("visit,date\nD1,2025-01-06\nD182,2025-07-06\n")
    done = dosing("check", *RCP, *visits, "--as-of", "2025-02-01", "--format", "json")
    assert done.stderr == "left out, since it is dated after 2025-02-01: a visit on 2025-07-06 (v.csv:3:1)\n"
    assert [f["verdict"] for f in json.loads(done.stdout)["findings"]] == ["no-window", "upcoming"]


def test_a_plan_as_of_a_day_knows_what_was_known(folder: Path) -> None:
    asked = ("plan", "--regimen", "bat4406f", "--start", "2025-01-06", "--enter", "olp=2026-01-12", "--as-of", "2025-07-10")
    done = dosing(*asked, "--format", "json")
    assert done.stderr == "left out, since it is dated after 2025-07-10: an entry on 2026-01-12\n"
    assert json.loads(done.stdout)["transitions"][0]["status"] == "projected"
    late = planned("--regimen", "bat4406f-olp", "--start", "2022-01-03", "--as-of", "2025-01-10")
    assert [v["label"] for v in late["visits"]][-1] == "D1+36mo"


def test_the_due_calendar_of_another_subject_is_refused(folder: Path) -> None:
    asked = ("due", *RCP, "--as-of", "2025-01-06", "--output", "d.txt", "--ics", "d.ics")
    assert dosing(*asked, "--subject", "A").returncode == 0
    assert errors(*asked, "--subject", "B") == (
        "error: `d.ics` is the calendar `bat4406f: due, A`, not `bat4406f: due, B`\nhint: name another file\n"
    )


def test_whoever_has_left_is_not_due_any_more() -> None:
    records = (Record("D1", START, period="rcp"), Record("D182", dt.date(2025, 7, 6)))
    subject = Subject(START, events=(Event("died", dt.date(2026, 1, 10)),), records=records)
    schedule = expand(load("bat4406f"), of_subjects([subject], ()), allow_deviation=True)
    found = check(schedule, dt.date(2026, 3, 1))
    assert due(found, dt.date(2026, 3, 1), 14) == ()
    assert not any(f.verdict == "overdue" for f in found)


def test_due_and_its_files(folder: Path) -> None:
    asked = ("due", *RCP, "--as-of", "2025-03-01")
    visits = table("visit,date\nD1,2025-01-06\n")
    assert dosing(*asked, *visits, "--ics", "d.ics").stderr == "d.ics: not written, nothing is due\n"
    assert not (folder / "d.ics").exists()
    assert errors(*asked, "--ics", "d.ics", "--output", "./d.ics") == "error: `--output` and `--ics` name one file\nhint: name two\n"
    assert errors(*asked, "--stamp", "2025-01-01T00:00:00Z") == (
        "error: `--stamp` is about a calendar, and none is asked for\nhint: add `--ics FILE`\n"
    )
    later = ("due", *RCP, "--as-of", "2025-07-01", *visits, "--ics", "d.ics", "--output", "d.txt")
    assert dosing(*later).stderr == "d.ics: 1 added\n"
    assert dosing(*later).stderr == "d.ics: 1 unchanged\n"
    done = table("visit,date\nD1,2025-01-06\nD182,2025-07-06\n")
    assert dosing("due", *RCP, "--as-of", "2025-07-07", *done, "--ics", "d.ics", "--output", "d.txt").stderr == "d.ics: 1 cancelled\n"
    assert dosing("due", *RCP, "--as-of", "9999-12-31", "--output", "d.txt").returncode == 0


# --- restarts that took place -------------------------------------------------------------------------------------------

GAPS = (
    "language: 1\nstudy: s\ntitle: t\nsource: not stated\ndays: from 1\nproducts: {X: {}}\nperiods:\n  main:\n"
    '    if gap: [{of: ">8 to 12 weeks", then: restart}, {of: more than 12 weeks, then: hold}]\n'
    "    visits: [{at: 'D1, D15, D29, then every 4 weeks until D141', give: X 100 mg, counted from: previous dose}]\n"
)


def after(*records: tuple[str, str, str]) -> Plan:
    made = tuple(Record(visit, dt.date.fromisoformat(date), status) for visit, date, status in records)  # type: ignore[arg-type]
    return plan(read_study_text(GAPS)[0], Subject(START, records=made))


MISSED = (("D57", "2025-03-03", "missed"), ("D85", "2025-03-31", "missed"))


def test_a_restart_counts_from_the_day_on_which_it_took_place() -> None:
    days = {v.label: v.actual or v.target for v in after(*MISSED, ("D1 (restart)", "2025-05-08", "done")).visits}
    assert days["D1 (restart)"] == dt.date(2025, 5, 8)
    assert days["D15 (restart)"] == dt.date(2025, 5, 22)


def test_a_dose_after_a_gap_that_was_to_wait_was_decided_on_and_restarts_nothing() -> None:
    found = after(*MISSED, ("D113", "2025-05-26", "done"))
    assert not any("restart" in v.label for v in found.visits)
    assert {v.label: v.status for v in found.visits}["D141"] == "planned"


@pytest.mark.parametrize("arguments", [
    ("check", "--regimen", "mil62", "--start", "2025-01-06", "--visit", "olp/W1D1=9998-12-31", "--as-of", "9999-12-31"),
    ("check", "--regimen", "mil62", "--start", "9997-06-29", "--as-of", "9998-06-28"),
    ("check", "--regimen", "mil62", "--start", "2025-01-06", "--on", "rcp_completed=9999-12-31", "--as-of", "9999-12-31"),
])  # fmt: skip
def test_dates_that_no_calendar_has(arguments: tuple[str, ...]) -> None:
    assert "the years 1 to 9999" in errors(*arguments)


def test_show_says_that_a_range_is_its_own_window(folder: Path) -> None:
    text = M.replace("    visits:\n", "    window: ±2d\n    visits:\n      - {at: D-14 to D-1, name: Screening, assess: eligibility}\n")
    (folder / "s.yaml").write_text(text, encoding="utf-8")
    shown = output("show", "./s.yaml").splitlines()
    assert shown[shown.index("  D-14 to D-1") + 3] == "    window  the range itself"
