"""`dosing starts`: a strip of months, what stands against how many days, and the same as rows."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.kit.command import dosing, errors, output
from tests.kit.paths import ROOT
from tests.kit.terminal import on_a_screen

RCP = ("starts", "--regimen", "mil62-rcp", "--country", "CN")
FEBRUARY = (*RCP, "--from", "2026-02-02", "--to", "2026-03-01")


def test_the_page() -> None:
    assert (
        output(*RCP, "--from", "2026-01-28", "--to", "2026-03-15", "--window", "1d")
        == """\
MIL62 in AQP4-IgG-positive NMOSD: day 1 from 2026-01-28 Wed to 2026-03-15 Sun

                  1         2         3
         1234567890123456789012345678901  Feasible
2026-01                             +++.         3
2026-02  .wwwww..++++++.hhhhh..h+++++           11
2026-03  .+++++..+++++..                        10

+  feasible
.  weekend
h  holiday, or closed at the site
w  a visit without an open day in its window

24 of 47 days may be day 1
the first of them: 2026-01-28 Wed

Against  Visit     Days  First  Alone
─────────────────────────────────────
closed   rcp/W1D1    18     18     16
window   rcp/W3D1     7      5      5

First: of days against which nothing before it stands; they add up. Alone: of days that are lost by nothing else.
"""
    )


def test_the_rows_hold_all_that_stands_against_a_day() -> None:
    found = json.loads(output(*FEBRUARY, "--format", "json"))
    assert list(found) == ["days", "notes"]
    assert found["days"][0] == {
        "start": "2026-02-02",
        "feasible": False,
        "against": [
            {
                "what": "window",
                "visit": "rcp/W3D1",
                "why": "2026-02-16 Mon: public holiday: Chinese New Year's Eve; no window is stated",
            }
        ],
        "projected": False,
    }
    rows = list(csv.DictReader(io.StringIO(output(*FEBRUARY, "--format", "csv"))))
    told = [(day["start"], against["what"], against["visit"], against["why"]) for day in found["days"] for against in day["against"]]
    assert [(r["start"], r["what"], r["visit"], r["why"]) for r in rows if r["what"]] == told
    assert [r["start"] for r in rows if not r["what"]] == [day["start"] for day in found["days"] if day["feasible"]]


def test_a_site_closes_and_opens_days_and_states_windows(tmp_path: Path) -> None:
    asked = ("starts", "--regimen", "bat4406f-rcp", "--from", "2025-01-06", "--to", "2025-01-12", "--format", "json")
    site = json.loads(output(*asked, "--site", str(ROOT / "examples/site.yaml")))
    assert [day["feasible"] for day in site["days"]] == [True] * 5 + [False] * 2
    assert site["notes"] == []
    without = json.loads(output(*asked))
    assert [day["feasible"] for day in without["days"]] == [False, True, True, True, True, False, False]


def test_a_trial_file_says_regimen_and_country(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "examples" / "trial")
    done = dosing("starts", "--from", "2025-10-01", "--to", "2025-10-09")
    assert (done.returncode, "trial.yaml: " in done.stderr, "h" in done.stdout.splitlines()[4]) == (0, True, True)


@pytest.mark.parametrize("regimen", ["mil62-rcp", "mil62", "bat4406f"])
@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_both_arms_give_the_same_bytes(regimen: str, form: str) -> None:
    asked = ("starts", "--regimen", regimen, "--from", "2026-01-01", "--to", "2026-02-10", "--country", "CN", "--format", form)
    arms = ("placebo", regimen.removesuffix("-rcp"))
    assert len({output(*asked), *(output(*asked, "--arm", arm) for arm in arms)}) == 1


@pytest.mark.parametrize("width", [40, 80])
def test_it_fits_a_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    lines = on_a_screen([*RCP, "--from", "2026-01-01", "--to", "2026-12-31"], width).splitlines()
    assert max(map(len, lines)) <= max(width, 51)


HAD = ("--had", "rituximab=2024-09-01", "--had", "azathioprine=2023-01-01..2024-11-20", "--on", "relapse=2024-10-30")


@pytest.mark.parametrize("screening", [None, "2025-02-10"])
@pytest.mark.parametrize("regimen", ["bat4406f-rcp", "mil62-rcp", "belimumab"])
def test_what_screen_holds_back_stands_against_a_day(regimen: str, screening: str | None) -> None:
    """Criteria that count from day 1 are what `screen` says of each day alone; those of screening, where its day is known."""
    known = ("--screening", screening) if screening is not None else ()
    found = json.loads(
        output("starts", "--regimen", regimen, "--from", "2025-02-17", "--to", "2025-03-05", *HAD, *known, "--format", "json")
    )
    for day in found["days"][::3]:
        asked = json.loads(output("screen", "--regimen", regimen, "--start", day["start"], *HAD, *known, "--format", "json"))
        anchors = ("first dose", "randomisation", *(("screening",) if screening is not None else ()))
        held = {c["id"] for c in asked["criteria"] if c["until"] is not None and c["anchor"] in anchors}
        said = {against["visit"] for against in day["against"] if against["what"] == "clock"} - {"screening"}
        assert held == said & {c["id"] for c in asked["criteria"] if c["anchor"] in anchors}


def test_the_first_day_1_is_the_first_open_one_that_screen_allows() -> None:
    around = ("--from", "2025-02-01", "--to", "2025-03-31", "--window", "3d")
    found = json.loads(output("starts", "--regimen", "bat4406f-rcp", *around, *HAD, "--format", "json"))
    asked = json.loads(output("screen", "--regimen", "bat4406f-rcp", *HAD, "--format", "json"))
    assert asked["earliest"]["day_1"] == "2025-03-02"  # a Sunday
    assert next(day["start"] for day in found["days"] if day["feasible"]) == "2025-03-03"


def test_a_day_of_screening_is_one_of_those_that_the_study_allows() -> None:
    asked = ("--from", "2025-02-16", "--to", "2025-02-18", "--screening", "2025-01-20", "--format", "json")
    found = json.loads(output("starts", "--regimen", "bat4406f-rcp", "--window", "3d", *asked))
    assert [[against["why"] for against in day["against"] if against["visit"] == "screening"] for day in found["days"]] == [
        [],
        [],
        ["screening on 2025-01-20 Mon is not one for this day 1: 2025-01-21 Tue to 2025-02-17 Mon"],
    ]


def test_of_a_history_of_several_one_is_meant(tmp_path: Path) -> None:
    table = tmp_path / "history.csv"
    table.write_text("subject,what,from,to\nA,rituximab,2024-09-01,2024-09-01\nB,rituximab,2024-03-01,2024-03-01\n", encoding="utf-8")
    asked = ("starts", "--regimen", "bat4406f-rcp", "--from", "2025-02-24", "--to", "2025-02-28", "--history", str(table))
    days = [json.loads(output(*asked, "--subject", code, "--format", "json"))["days"] for code in ("A", "B")]
    assert [{against["visit"] for day in of for against in day["against"] if against["what"] == "clock"} for of in days] == [
        {"EC1", "EC2-antibody"},
        set(),
    ]
    assert "say which one" in errors(*asked)
    assert "is not in" in errors(*asked, "--subject", "C")


def test_a_history_without_rows_has_told_nothing(tmp_path: Path) -> None:
    table = tmp_path / "history.csv"
    table.write_text("subject,what,from,to\n", encoding="utf-8")
    found = output("starts", "--regimen", "bat4406f-rcp", "--from", "2025-02-24", "--to", "2025-02-28", "--history", str(table))
    assert "not settled, and stand against no day: IC3, IC4, IC5-dose, IC5-withdrawal, EC1" in found


def test_a_trial_file_names_everybodys_history_and_one_is_asked_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("trial.yaml").write_text("trial: T\nregimen: bat4406f-rcp\nhistory: history.csv\n", encoding="utf-8")
    Path("history.csv").write_text(
        "subject,what,from,to\nA,rituximab,2024-09-01,2024-09-01\nB,MRI,2024-03-01,2024-03-01\n", encoding="utf-8"
    )
    asked = ("starts", "--from", "2025-02-24", "--to", "2025-02-28", "--format", "csv")
    everybody, one = dosing(*asked), dosing(*asked, "--subject", "A")
    assert "history: 2 subjects, and none is named" in everybody.stderr
    assert ("EC1" in everybody.stdout, "EC1" in one.stdout) == (False, True)
