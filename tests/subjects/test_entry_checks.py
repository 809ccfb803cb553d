"""An entry that no rule allows is refused with the days that are allowed, and one at the edge of its window is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.command import dosing, errors
from tests.kit.disposition_command import BAT, RELAPSE, dates, move, plan
from tests.kit.paths import ROOT

MIL62 = ("plan", "--regimen", "mil62", "--start", "2025-01-06")


@pytest.mark.parametrize("day", ["2026-01-05", "2026-01-19"])
def test_both_ends_of_the_entry_window_are_allowed(day: str) -> None:
    made = plan(*BAT, "--enter", f"olp={day}")
    assert move(made)[-2:] == (day, "entered")
    assert dates(made)["olp/D1"] == (day, "planned")


def test_day_15_is_refused_with_the_allowed_days() -> None:
    assert errors(*BAT, "--enter", "olp=2026-01-20") == (
        "error: entry into `olp` on 2026-01-20 Tue is 1 day late\n"
        "hint: rule `completed` allows from 2026-01-05 Mon to 2026-01-19 Mon; `--allow-deviation` lets it stand, marked\n"
    )
    assert errors(*BAT, "--enter", "olp=2026-01-04").startswith("error: entry into `olp` on 2026-01-04 Sun is 1 day early\n")
    made = plan(*BAT, "--enter", "olp=2026-01-20", "--allow-deviation")
    assert dates(made)["olp/D1"] == ("2026-01-20", "planned")
    [note] = [n for n in made["notes"] if n["code"] == "deviation"]
    assert note["message"].endswith("entered on 2026-01-20 Tue, 1 day late: a deviation")


def test_the_actual_end_visit_moves_the_window() -> None:
    assert move(plan(*BAT, "--on", "rcp_completed=2026-01-08"))[2:4] == ("2026-01-08", "2026-01-22")
    assert plan(*BAT, "--on", "rcp_completed=2026-01-08", "--enter", "olp=2026-01-22")["transitions"][0]["status"] == "entered"


def test_not_stable_in_time_is_refused_and_a_person_decides() -> None:
    made = plan(*BAT, *RELAPSE, "--on", "stable=2025-07-19")
    assert move(made) == ("relapse", "2025-06-20", "2025-07-19", "2025-07-18", None, "refused")
    assert dates(made) == {"rcp/D1": ("2025-01-06", "planned")}
    assert made["transitions"][0]["message"].endswith("no entry, a person must decide")
    assert move(plan(*BAT, *RELAPSE, "--on", "stable=2025-07-18"))[-1] == "projected"


def test_mil62_states_no_entry_rule() -> None:
    made = plan(*MIL62)
    assert move(made) == ("completed", "2026-01-05", "2026-01-05", None, None, "projected")
    assert made["transitions"][0]["assumed"]
    assert dates(made)["olp/W131D1"] == ("2028-07-03", "projected")
    assert move(plan(*MIL62, "--enter", "olp=2026-06-01"))[-1] == "entered"


def test_a_stated_minimum_gap_must_be_accepted(tmp_path: Path) -> None:
    text = (ROOT / "regimens" / "bat4406f.yaml").read_text(encoding="utf-8")
    study = tmp_path / "s.yaml"
    study.write_text(text.replace("    route: IV infusion", "    route: IV infusion\n    minimum gap: 180 days"), encoding="utf-8")
    asked = ("plan", "--regimen", str(study), "--start", "2025-01-06", *RELAPSE, "--on", "stable=2025-07-01")
    assert errors(*asked, "--enter", "olp=2025-07-04") == (
        "error: BAT4406F on 2025-07-04 Fri, 179 days after the dose planned for 2025-01-06 Mon\n"
        "hint: the minimum gap is 180 days; `--accept-gap` lets the entry into `olp` stand, marked\n"
    )
    assert dosing(*asked, "--enter", "olp=2025-07-05").returncode == 0
    made = plan(*asked, "--enter", "olp=2025-07-04", "--accept-gap")
    assert any(n["code"] == "short-gap" and "less than the minimum gap, 180 days" in n["message"] for n in made["notes"])


@pytest.mark.parametrize("command", ["plan", "check", "due"])
def test_an_entry_given_before_day_1_is_a_slip_in_every_command(command: str) -> None:
    """As in January, when the old year is written: what is due of the first period would fall away without a word."""
    said = errors(command, *BAT[1:], "--enter", "olp=2025-01-05", *(["--as-of", "2025-07-01"] if command != "plan" else []))
    assert said == "error: the entry into `olp` on 2025-01-05 is before day 1, 2025-01-06\nhint: check the dates\n"


def test_a_first_day_recorded_before_day_1_is_no_entry(folder: Path) -> None:
    (folder / "v.csv").write_text("visit,date\nrcp/D1,2025-01-06\nolp/D1,2025-01-05\n")
    table = (*BAT[1:], "--visits", "v.csv")
    assert errors("plan", *table) == "error: entry into `olp` on 2025-01-05 Sun is before day 1, 2025-01-06 Mon\nhint: check the dates\n"
    found = dosing("check", *table, "--as-of", "2025-07-01", "--format", "csv").stdout
    assert ",olp/D1,not-allowed," in found and "before day 1, 2025-01-06 Mon" in found
    for command, page in {"due": "d.txt", "prepare": "p.txt", "board": "b.txt", "handout": "h.html"}.items():
        said = "recorded: olp/D1 is recorded on 2025-01-05 Sun, before day 1, 2025-01-06 Mon, and counts as done: check the dates\n"
        assert said in dosing(command, *table, "--as-of", "2026-01-20", "--output", page).stderr
    assert said in dosing("slots", *table, "--as-of", "2025-07-01", "--next").stderr
    assert found.count("not-allowed") == 1, "nothing that is planned of the first period falls away"
    assert "rcp/D182" in dosing("due", *table, "--as-of", "2025-07-01", "--format", "csv").stdout
