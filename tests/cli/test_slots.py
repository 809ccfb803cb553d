"""`dosing slots`: yes or no first, the days as a table, JSON and CSV, and an exit code that says whether the day is open."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.kit.command import dosing, errors, output
from tests.kit.paths import ROOT

RCP = ("slots", "--regimen", "bat4406f-rcp", "--start", "2025-01-06", "--as-of", "2025-07-01", "--window", "3d")
COURSE = ("--subjects", "examples/course/subjects.csv", "--events", "examples/course/events.csv", "--visits", "examples/course/visits.csv")
OF_MANY = ("slots", "--regimen", "bat4406f", *COURSE, "--as-of", "2025-07-10")


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def asked(*arguments: str, code: int = 0) -> dict[str, Any]:
    done = dosing(*arguments, "--format", "json")
    assert (done.returncode, done.stderr) == (code, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("day", "code", "first"),
    [
        ("2025-07-09", 0, "yes: the subject may come for rcp/D182 on 2025-07-09 Wed"),
        ("2025-07-10", 1, "no: the subject may not come for rcp/D182 on 2025-07-10 Thu: too late"),
        ("2025-07-02", 1, "no: the subject may not come for rcp/D182 on 2025-07-02 Wed: too early"),
        ("2025-07-05", 1, "no: the subject may not come for rcp/D182 on 2025-07-05 Sat: closed"),
    ],
)
def test_yes_or_no_comes_first(day: str, code: int, first: str) -> None:
    done = dosing(*RCP, "--visit", "D182", "--on", day)
    assert (done.returncode, done.stderr, done.stdout.splitlines()[0]) == (code, "", first)


def test_the_whole_answer() -> None:
    assert (
        dosing(*RCP, "--visit", "D182", "--on", "2025-07-10").stdout
        == """\
no: the subject may not come for rcp/D182 on 2025-07-10 Thu: too late
1 day after the last day, 2025-07-09 Wed

BAT4406F in AQP4-IgG-positive NMOSD, as of 2025-07-01 Tue
rcp/D182: planned for 2025-07-06 Sun, allowed from 2025-07-03 Thu to 2025-07-09 Wed

if it is on that day: no other visit moves, and nothing else changes

Day             Verdict  Why
───────────────────────────────────────────────────────────────
2025-07-03 Thu  open     3 days before the target
2025-07-04 Fri  open     2 days before the target
2025-07-05 Sat  closed   1 day before the target; on a Saturday
2025-07-06 Sun  closed   on the target; on a Sunday
2025-07-07 Mon  open     1 day after the target
2025-07-08 Tue  open     2 days after the target
2025-07-09 Wed  open     3 days after the target

5 of 7 days open
"""
    )


@pytest.mark.parametrize(
    ("as_of", "count"),
    [
        ("2025-07-03", "5 of 7 days open"),
        ("2025-07-04", "5 of 7 days open, 1 of them has passed"),
        ("2025-07-07", "5 of 7 days open, 2 of them have passed"),
    ],
)
def test_open_days_that_have_passed_are_counted(as_of: str, count: str) -> None:
    asked = ("slots", "--regimen", "bat4406f-rcp", "--start", "2025-01-06", "--visit", "D182", "--window", "3d", "--as-of", as_of)
    assert dosing(*asked).stdout.splitlines()[-1] == count


def test_json_has_the_names_that_programs_rely_on() -> None:
    plain = asked(*RCP, "--visit", "D182")
    assert {k: plain[k] for k in ("subject", "visit", "target", "earliest", "latest", "asked")} == {
        "subject": None, "visit": "rcp/D182", "target": "2025-07-06", "earliest": "2025-07-03", "latest": "2025-07-09", "asked": None,
    }  # fmt: skip
    assert plain["days"][2] == {"date": "2025-07-05", "verdict": "closed", "reasons": ["1 day before the target", "on a Saturday"]}
    found = asked("slots", "--regimen", "bat4406f", "--start", "2025-01-06", "--as-of", "2025-12-01", "--visit", "olp/D1",
                  "--on", "2026-01-12")["asked"]  # fmt: skip
    assert (found["date"], found["verdict"], found["reasons"]) == ("2026-01-12", "open", ["7 days after the target"])
    assert found["then"][0] == {"visit": "olp/D1+6mo", "from": "2026-07-05", "to": "2026-07-12"}
    assert found["follows"][0] == "Effective contraception: to 2028-07-12 Wed, was to 2028-07-05 Wed"


def test_csv_has_a_row_for_each_day_and_the_one_that_is_asked_for_among_them() -> None:
    done = dosing(*RCP, "--visit", "D182", "--on", "2025-07-10", "--subject", "=1+1", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["asked"] for row in rows] == ["false"] * 7 + ["true"]
    assert (rows[-1]["date"], rows[-1]["verdict"], rows[-1]["subject"]) == ("2025-07-10", "too-late", "'=1+1")
    assert rows[2]["reasons"] == "1 day before the target; on a Saturday"


@pytest.mark.usefixtures("root")
def test_one_subject_of_a_table() -> None:
    found = asked(*OF_MANY, "--subject", "0106", "--next", "--on", "2025-07-14")
    assert (found["subject"], found["visit"], found["earliest"], found["latest"]) == ("0106", "olp/D1", "2025-07-01", "2025-07-15")
    assert errors(*OF_MANY, "--next") == "error: 6 subjects, and one is asked about\nhint: say which one: `--subject CODE`\n"


def test_an_event_is_told_beside_the_day() -> None:
    told = ("--on", "relapse=2025-06-10", "--on", "2025-07-08")
    done = dosing("slots", "--regimen", "bat4406f", "--start", "2025-01-06", "--as-of", "2025-07-01", "--visit", "olp/D1", *told)
    assert done.returncode == 1
    assert done.stdout.splitlines()[:3] == [
        "no: the subject may not come for olp/D1 on 2025-07-08 Tue: not allowed",
        "no entry into olp is recorded",
        "no day is known: relapse 2025-06-10 Tue: the decision is open; entry until 2025-07-08 Tue",
    ]


@pytest.mark.usefixtures("root")
def test_a_dose_that_waits_for_a_decision_is_told_in_the_first_line() -> None:
    done = dosing(*OF_MANY, "--subject", "0104", "--visit", "rcp/D182", "--on", "2025-07-11")
    assert done.stdout.splitlines()[:3] == [
        "yes, but no dose yet: 0104 may come for rcp/D182 on 2025-07-11 Fri",
        "5 days after the target; no window is stated",
        "no dose yet: the decision on relapse of 2025-06-25 Wed is open",
    ]


def test_a_stop_is_counted_over_everybody_and_nobody_twice(tmp_path: Path) -> None:
    text = """\
language: 1
study: s
title: t
source: not stated
days: from 1
products: {X: {}}
periods:
  a: {length: 24 weeks, window: ±9d, visits: [{at: 'D1, D57', give: X 1 mg}]}
  b: {length: not stated, visits: [{at: D1, give: X 1 mg}]}
study stop: {earliest of: [2 subjects with relapse_confirmed]}
transitions:
  - {id: stop, from: a, to: b, after: study stop, within: 14 days}
  - {id: through, from: a, to: b, after: end of a, within: 14 days}
"""
    (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "people.csv").write_text("subject,start\nA,2025-01-06\nB,2025-01-06\nC,2025-01-06\n", encoding="utf-8")
    events = "subject,event,date\n{}A,relapse,2025-02-01\nA,relapse_confirmed,2025-02-03\n"
    b = "B,relapse,2025-02-02\nB,relapse_confirmed,2025-02-04\n"
    of = ("slots", "--regimen", str(tmp_path / "s.yaml"), "--subjects", str(tmp_path / "people.csv"), "--as-of", "2025-02-10")
    for others, expected in (("", ""), (b, "error: `a/D57` is cancelled: the study stopped on 2025-02-04 Tue")):
        (tmp_path / "events.csv").write_text(events.format(others), encoding="utf-8")
        for whose in ("A", "C"):  # who has relapsed stands in as many columns as there are days, and is counted once
            done = dosing(*of, "--events", str(tmp_path / "events.csv"), "--subject", whose, "--visit", "a/D57")
            assert done.stderr.startswith(expected)
            assert done.returncode == (2 if expected else 0)


def test_a_day_that_has_passed() -> None:
    done = dosing(*RCP[:5], "--as-of", "2025-07-09", "--window", "3d", "--visit", "D182", "--on", "2025-07-08")
    assert done.stdout.splitlines()[0] == "yes: the subject may come for rcp/D182 on 2025-07-08 Tue, which has passed"


def test_the_first_dose_is_day_1_here_too(folder: Path) -> None:
    (folder / "v.csv").write_text("visit,date\nD1,2025-01-08\n", encoding="utf-8")
    done = dosing(*RCP, "--visits", "v.csv", "--visit", "D182")
    assert done.stderr == "start: day 1 is 2025-01-08 Wed, the first dose as recorded; planned was 2025-01-06 Mon\n"
    assert "planned for 2025-07-08 Tue" in done.stdout


def test_nothing_is_unblinded() -> None:
    assert "no such option: --unblind" in errors(*RCP, "--visit", "D182", "--unblind")
    placebo, active = (output(*RCP, "--visit", "D182", "--arm", arm) for arm in ("placebo", "bat4406f"))
    assert placebo == active


@pytest.mark.parametrize("format", ["table", "json", "csv"])
@pytest.mark.parametrize("asked", [("--next",), ("--next", "--on", "2025-07-09"), ("--visit", "olp/D1", "--on", "2026-01-12")])
def test_both_arms_give_the_same_bytes(folder: Path, format: str, asked: tuple[str, ...]) -> None:
    (folder / "s.csv").write_text("subject,start,weight_kg\n0103,2025-01-06,60\n", encoding="utf-8")
    visits = "subject,visit,date,product,amount,unit,batch\n0103,rcp/D1,2025-01-06,{},{},mg,{}\n"
    said = set()
    for arm, given in (("bat4406f", ("BAT4406F", 500, "A-1")), ("placebo", ("placebo", 0, "P-2"))):
        (folder / "a.csv").write_text(f"subject,arm\n0103,{arm}\n", encoding="utf-8")
        (folder / "v.csv").write_text(visits.format(*given), encoding="utf-8")
        tables = ("--subjects", "s.csv", "--visits", "v.csv", "--allocation", "a.csv", "--subject", "0103")
        done = dosing(
            "slots", "--regimen", "bat4406f", *tables, *asked, "--as-of", "2025-07-01", "--window", "3d", "--format", format
        )  # fmt: skip
        said.add((done.returncode, done.stdout, done.stderr))
    assert len(said) == 1
    assert next(iter(said))[0] in (0, 1)
