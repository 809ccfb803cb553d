"""Records matched with visits: those of no visit, two of one, before day 1 or after an exit are told or refused."""

from __future__ import annotations

import json
from pathlib import Path

from tests.kit.command import dosing, errors
from tests.kit.recorded import RCP, checked, planned, table


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


def test_a_dose_recorded_before_day_1_is_refused(folder: Path) -> None:
    assert errors("plan", *RCP, *table("visit,date\nD182,2024-07-06\n")).splitlines()[0] == (
        "error: `D182` is recorded on 2024-07-06, before day 1, 2025-01-06"
    )
    assert checked(*RCP, *table("visit,date\nD182,2024-07-06\n"))["rcp/D182"].startswith("not-allowed: before day 1, 2025-01-06 Mon")


def test_a_plan_as_of_a_day_knows_what_was_known(folder: Path) -> None:
    asked = ("plan", "--regimen", "bat4406f", "--start", "2025-01-06", "--enter", "olp=2026-01-12", "--as-of", "2025-07-10")
    done = dosing(*asked, "--format", "json")
    assert done.stderr == "left out, since it is dated after 2025-07-10: an entry on 2026-01-12\n"
    assert json.loads(done.stdout)["transitions"][0]["status"] == "projected"
    late = planned("--regimen", "bat4406f-olp", "--start", "2022-01-03", "--as-of", "2025-01-10")
    assert [v["label"] for v in late["visits"]][-1] == "D1+36mo"
