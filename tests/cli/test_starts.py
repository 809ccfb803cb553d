"""`dosing starts`: a strip of months, what stands against how many days, and the same as rows."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.kit.command import dosing, output
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
