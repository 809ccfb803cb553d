"""A course of doses as it was given: to another last day than planned, with an amount a day; and what counts from its last day."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nmosd_dosing import InputError, Plan, Record, Subject, plan
from nmosd_dosing.checks.findings import check
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.subjects.cohort import Cohort
from tests.kit.command import dosing, errors
from tests.kit.dates import START, day
from tests.kit.recorded import checked, notes_of, on, planned, table

STUDY = """
language: 1
study: c
title: C
source: made up for this test
days: from 1
products: {Y: {minimum gap: 1 day, route: oral}, Z: {}}
periods:
  main:
    if gap: [{of: more than 30 days, then: hold, product: Y}]
    visits:
      - {at: D-14 to D-8, name: Screening, assess: eligibility}
      - {at: D1 to D5, give: Y 20 mg daily}
      - {at: D15, window: 3d, give: Y 20 mg}
      - {at: D57, window: 2d, name: Follow-up, assess: ECG}
      - {at: D29 to D31, give: [Y 5 mg daily, Z 1 mg daily]}
spans: {c: {title: C, from: first dose, to: last dose + 10 days}}
"""


def of(*records: Record) -> Plan:
    return plan(read_study_text(STUDY)[0], Subject(START, records=records), allow_deviation=True)


def told(*records: Record, as_of: str = "2025-03-10") -> dict[str, str]:
    schedule = expand(read_study_text(STUDY)[0], Cohort.of_subjects([Subject(START, records=records)], ()), allow_deviation=True)
    return {f"{f.visit} {f.verdict}": f.message for f in check(schedule, day(as_of)) if f.actual is not None}


def totals(made: Plan) -> list[float | None]:
    return [a.cumulative for v in made.visits for a in v.administrations if a.product == "Y"]


COURSE = "D1 to D5"


@pytest.mark.parametrize(
    ("last", "what", "end", "total", "wrong"),
    [
        (None, {}, "2025-01-10", 100, None),  # as planned: 5 days
        ("2025-01-10", {}, "2025-01-10", 100, None),
        ("2025-01-09", {}, "2025-01-09", 80, "given on 4 days, planned are 5"),
        ("2025-01-12", {}, "2025-01-12", 140, "given on 7 days, planned are 5"),
        ("2025-01-06", {}, "2025-01-06", 20, "given on 1 day, planned are 5"),
        ("2025-01-09", {"status": "partial"}, "2025-01-09", None, None),
        ("2025-01-12", {"status": "partial"}, "2025-01-12", None, "given on 7 days, planned are 5"),
        ("2025-01-10", {"amount": Decimal(100), "unit": "mg"}, "2025-01-10", 100, None),
        (None, {"amount": Decimal(80), "unit": "mg"}, "2025-01-10", 80, "Y 80 mg is recorded, planned is 100 mg"),
        ("2025-01-09", {"amount": Decimal(80), "unit": "mg"}, "2025-01-09", 80,
         "Y 80 mg is recorded, planned is 100 mg; given on 4 days, planned are 5"),
        ("2025-01-09", {"amount": Decimal(100), "unit": "mg"}, "2025-01-09", 100, "given on 4 days, planned are 5"),
    ],
)  # fmt: skip
def test_a_course_to_its_last_day(last: str | None, what: dict[str, Any], end: str, total: float | None, wrong: str | None) -> None:
    record = on(COURSE, "2025-01-06", last=day(last) if last else None, **what)
    made = of(record)
    course = next(v for v in made.visits if v.label == COURSE)
    assert (str(course.actual), str(course.last), totals(made)[0]) == ("2025-01-06", end, total)
    assert totals(made)[1] == (total + 20 if total is not None else None)
    assert told(record).get("main/D1 to D5 wrong-dose") == wrong
    assert [note.message for note in made.notes if note.code in ("wrong-dose", "cut")] == ([wrong] if wrong else [])


def test_what_counts_from_a_last_dose_counts_from_the_last_day() -> None:
    rest = (on("D15", "2025-01-20"), on("D29 to D31", "2025-02-03", last=day("2025-02-10")))
    assert str(of(on(COURSE, "2025-01-06"), *rest).spans[0].end) == "2025-02-20"
    long = on(COURSE, "2025-01-06", last=day("2025-01-20"))
    assert told(long, on("D15", "2025-01-20"))["main/D15 short-gap"] == (
        "Y 0 days after the dose before, on 2025-01-20 Mon; the minimum gap is 1 day"
    )
    assert [v.earliest for v in of(long).visits if v.label == "D15"] == [day("2025-01-21")]
    assert [v.earliest for v in of(on(COURSE, "2025-01-06", last=day("2025-01-12"))).visits if v.label == "D15"] == [day("2025-01-17")]


def test_a_visit_without_doses_that_ends_too_late_is_late() -> None:
    screening = "main/D-14 to D-8"
    assert told(on("Screening", "2024-12-25", last=day("2024-12-29")))[f"{screening} in-window"].startswith("2 days after the target")
    assert told(on("Screening", "2024-12-25", last=day("2025-01-02")))[f"{screening} late"].startswith(
        "to 2025-01-02 Thu: 4 days after the last day, 2024-12-29 Sun"
    )


def test_a_visit_of_one_day_without_a_dose_takes_as_long_as_it_takes() -> None:
    told_of = {
        last: told(on("Follow-up", "2025-03-02", last=day(last)), as_of="2025-04-01") for last in ("2025-03-02", "2025-03-05", "2025-03-06")
    }
    assert {last: next(iter(found)) for last, found in told_of.items()} == {
        "2025-03-02": "main/D57 in-window", "2025-03-05": "main/D57 in-window", "2025-03-06": "main/D57 late",
    }  # fmt: skip


def test_what_has_not_ended_is_known_to_its_day() -> None:
    record = on(COURSE, "2025-01-06", last=day("2025-01-12"), amount=Decimal(140), unit="mg")
    assert record.as_known_on(day("2025-01-12")) == record
    assert record.as_known_on(day("2025-01-11")) == on(COURSE, "2025-01-06")
    assert record.as_known_on(day("2025-01-05")).status == "booked"
    booked = of(on(COURSE, "2025-01-07", status="booked", last=day("2025-01-13")))
    assert [(str(v.booked), str(v.last)) for v in booked.visits if v.label == COURSE] == [("2025-01-07", "2025-01-13")]


@pytest.mark.parametrize("command", ["plan", "check", "due", "prepare", "cohort"])
def test_a_last_day_that_is_not_known_yet_is_said(folder: Path, command: str) -> None:
    """A year that is a slip, 2052, would else leave the amount out in silence."""
    (folder / "c.yaml").write_text(STUDY, encoding="utf-8")
    (folder / "s.csv").write_text(f"subject,start\n1,{START}\n", encoding="utf-8")
    (folder / "v.csv").write_text(
        "subject,visit,date,last,product,amount,unit\n"
        "1,D1 to D5,2025-01-06,2052-01-09,Y,80,mg\n1,D29 to D31,2025-02-03,2025-02-05,Y,15,mg\n1,D57,2025-03-11,2025-03-12,,,\n",
        encoding="utf-8",
    )
    who = ["s.csv"] if command == "cohort" else ["--subjects", "s.csv", *(["--subject", "1"] if command == "plan" else [])]
    until = ["--until", "2025-06-01"] if command == "cohort" else []
    done = dosing(command, "--regimen", "c.yaml", *who, "--visits", "v.csv", "--as-of", "2025-03-10", *until)
    assert done.returncode in (0, 1), done.stderr
    assert "left out, since it is dated after 2025-03-10: a last day on 2052-01-09, with any amount (v.csv:2:1)\n" in done.stderr


def test_in_a_table_an_amount_a_day_is_counted_up_to_the_last_day(folder: Path) -> None:
    (folder / "c.yaml").write_text(STUDY, encoding="utf-8")
    asked = ("--regimen", str(folder / "c.yaml"), "--start", str(START))
    rows = (
        "visit,date,last,product,amount,amount_per_day,unit\nD1 to D5,2025-01-06,2025-01-09,Y,,20,mg\n"
        "D15,2025-01-20,2025-01-20,,20,,mg\nD29 to D31,2025-02-03,2025-02-05,Y,15,,mg\nD29 to D31,2025-02-03,,Z,3,,mg\n"
    )
    made = planned(*asked, *table(rows))
    assert [(a["product"], a["amount"], a["cumulative"]) for v in made["visits"] for a in v["administrations"]] == [
        ("Y", 80, 80), ("Y", 20, 100), ("Y", 15, 115), ("Z", 3, 3),
    ]  # fmt: skip
    assert notes_of(made, "wrong-dose") == ["Y 80 mg is recorded, planned is 100 mg; given on 4 days, planned are 5"]
    assert checked(*asked, *table(rows))["main/D1 to D5!"].startswith("wrong-dose: Y 80 mg is recorded")


def test_what_cannot_be_a_last_day_or_an_amount_a_day(folder: Path) -> None:
    (folder / "c.yaml").write_text(STUDY, encoding="utf-8")
    asked = ("plan", "--regimen", str(folder / "c.yaml"), "--start", str(START))

    def wrong(rows: str, *more: str) -> list[str]:
        written = errors(*asked, *table(f"visit,date,last,status,product,amount,amount_per_day,unit\n{rows}"), *more)
        return [line for line in written.splitlines() if line.startswith(("error", " -->", "hint"))]

    assert wrong(
        "D1 to D5,2025-01-06,2025-01-05,,,,,\nD15,2025-01-20,2025-01-22,missed,,,,\nD1 to D5,2025-01-06,,,Y,,20,mg\n"
        "D1 to D5,2025-01-06,2025-01-10,,Y,100,20,mg\nD1 to D5,2025-01-06,2025-01-10,,Y,,20,\n"
    ) == [
        "error: `2025-01-05` is before its first day, 2025-01-06", " --> v.csv:2:21", "hint: exchange the two, or mend one of them",
        "error: `2025-01-22` is the last day of nothing: the visit is `missed`", " --> v.csv:3:16",
        "hint: leave it out, or write `partial`",
        "error: `20` is an amount a day, and on how many is not said", " --> v.csv:4:26",
        "hint: write the last day as `last`, or all that was given as `amount`",
        "error: `20` is an amount a day, and one in all is written too", " --> v.csv:5:39",
        "hint: keep one of them: `amount` is all that was given at the visit",
        "error: `20` has no unit", " --> v.csv:6:36",
        "hint: write `mg`, `g`, `mcg`, `mL`, `cells`, `IU`, `U`, `tablets`, `capsules` or `puffs` in the column `unit`",
    ]  # fmt: skip
    days = "D15,2025-01-20,2025-01-22,,,,,\nunscheduled 1,2025-02-20,2025-02-22,,Y,,,\nunscheduled 2,2025-02-20,2025-02-22,,,,,\n"
    days += "D29 to D31,2025-02-03,2025-02-05,,Y,,,\nD29 to D31,2025-02-03,2025-02-06,,Z,,,\n"
    one_day = "hint: write the day of the dose as `date`, and leave `last` out; of doses on several days write each as a row"
    found = wrong(days)
    assert found == [
        "error: `D15` is a dose of one day, and a later last day is written", " --> v.csv:2:1", one_day,
        "error: `unscheduled 1` is a dose of one day, and a later last day is written", " --> v.csv:3:1", one_day,
        "error: `D29 to D31` has two last days, 2025-02-05 and 2025-02-06", " --> v.csv:6:1",
        "hint: a visit has one: write it in both rows, and as `amount` how much was given of each product",
    ]  # fmt: skip
    assert wrong(days, "--allow-deviation") == found, "whatever is allowed, nobody knows what is meant"
    asked = ("check", *asked[1:])
    assert wrong(days) == found


def test_the_dose_of_one_administration_is_not_taken_for_all_of_a_course(folder: Path) -> None:
    (folder / "c.yaml").write_text(STUDY, encoding="utf-8")
    asked = ("plan", "--regimen", str(folder / "c.yaml"), "--start", str(START))
    rows = "VISIT,EXSTDTC,EXENDTC,EXTRT,{},EXDOSU\nD1 to D5,2025-01-06,2025-01-09,Y,20,mg\nD15,2025-01-20,2025-01-20,Y,20,mg\n"
    assert errors(*asked, *table(rows.format("EXDOSE"))).startswith("error: `EXDOSE` is of one dose, and this row is of several days\n")
    made = planned(*asked[1:], *table(rows.format("EXDOSTOT")))
    assert [a["amount"] for v in made["visits"] for a in v["administrations"]][:2] == [80, 20]
    one = rows.format("EXDOSE").replace("D1 to D5,2025-01-06,2025-01-09,Y,20,mg\n", "")
    assert planned(*asked[1:], *table(one))["visits"][2]["administrations"][0]["amount"] == 20


def test_the_last_day_of_a_masked_course_tells_no_arm(folder: Path) -> None:
    (folder / "m.yaml").write_text(
        "language: 1\nstudy: m\ntitle: M\nsource: me\ndays: from 1\nproducts: {Y: {}}\narms: [a, b]\nperiods:\n  main:\n    blinded: true\n"
        "    visits:\n      - {at: D1 to D5, give: {a: Y 20 mg daily, b: Y placebo daily}}\n"
        "      - {at: D15, give: {a: Y 20 mg, b: Y placebo}}\n",
        encoding="utf-8",
    )
    for command in (("plan",), ("plan", "--format", "json"), ("check", "--as-of", "2025-02-01"), ("plan", "--explain", "all")):
        found = set()
        for arm, a_day in (("a", 20), ("b", 0)):
            rows = f"visit,date,last,product,amount_per_day,unit\nD1 to D5,2025-01-06,2025-01-08,Y,{a_day},mg\n"
            asked = (*command, "--regimen", "m.yaml", "--start", str(START), "--arm", arm, *table(rows))
            found.add((done := dosing(*asked)).stdout + done.stderr)
        assert len(found) == 1, found
        assert "given on 3 days, planned are 5" in found.pop() or "--explain" in command


def test_a_record_has_no_last_day_before_its_first() -> None:
    for status, last in (("done", dt.date(2025, 1, 5)), ("missed", dt.date(2025, 1, 7))):
        with pytest.raises(InputError, match="`last`"):
            Record("D1 to D5", START, status, last=last)  # type: ignore[arg-type]
