"""A site's own facts: each fills in what the study leaves open, marked with its origin; none overrides what is stated."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from nmosd_dosing import InputError, RegimenError, Subject, Window, plan
from nmosd_dosing.errors import Problems
from nmosd_dosing.language import catalog
from nmosd_dosing.language.site_file import fill_in, read_site
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.subjects.subject import Entered
from tests.kit.command import dosing, errors
from tests.kit.site_facts import EXAMPLE, START, STUDY, WHO, drawn, filled, of


def windows(made: Plan) -> dict[str, tuple[str, str] | None]:
    return {v.id: (str(v.earliest), str(v.latest)) if v.earliest and v.latest else None for v in made.visits}


def refused(facts: str, study: str | None = None) -> str:
    with pytest.raises(RegimenError) as caught:
        filled(facts, study)
    return str(caught.value)


# --- windows -----------------------------------------------------------------------------------------------------------


def test_a_window_of_a_period_is_that_of_every_visit_that_states_none() -> None:
    made = drawn("windows: {rcp: -1d/+3d}\n")
    assert windows(made) == {
        "rcp/D-28 to D-1": ("2024-12-09", "2025-01-05"),
        "rcp/D1": ("2025-01-06", "2025-01-06"),
        "rcp/D15": ("2025-01-18", "2025-01-22"),
        "rcp/D29": ("2025-02-02", "2025-02-06"),
        "rcp/D43": ("2025-02-16", "2025-02-20"),
    }
    assert {v.id: v.window_source for v in made.visits if v.window_source} == {"rcp/D29": WHO, "rcp/D43": WHO}
    [note] = [n for n in made.notes if n.code == "site"]
    assert note.message == f"the window -1d/+3d is stated by {WHO}, not by the study's source"
    assert note.visits == ("rcp/D29", "rcp/D43")


def test_the_window_of_a_visit_comes_before_that_of_its_period() -> None:
    made = drawn("windows: {rcp: ±3d, rcp/D43: +1d}\n")
    assert windows(made)["rcp/D29"] == ("2025-01-31", "2025-02-06")
    assert windows(made)["rcp/D43"] == ("2025-02-17", "2025-02-18")


def test_an_open_repeat_has_its_windows_however_late() -> None:
    found = filled("windows: {olp/D1+240mo: ±9d}\nrooms: {olp/D1+240mo: Ward 5}\n", "bat4406f")
    made = plan(found, Subject(START, "0012"), period="olp", until=dt.date(2045, 12, 31))
    assert windows(made)["olp/D1+240mo"] == ("2044-12-28", "2045-01-15")
    assert [v.id for v in made.visits if v.room] == ["olp/D1+240mo"]
    assert "olp/D1+6mo" in refused("windows: {olp/D1+7mo: 3d}\n", "bat4406f")


def test_a_visit_that_is_not_stated_in_a_period_with_a_window_can_be_filled() -> None:
    made = drawn("windows: {olp: ±5d}\n", period="olp")
    assert windows(made) == {"olp/D1": ("2025-01-01", "2025-01-11"), "olp/D8": ("2025-01-08", "2025-01-18")}
    assert [v.window_source for v in made.visits] == [None, WHO]


def test_equal_facts_are_fine_and_stay_the_study_s() -> None:
    doubts = Problems()
    found = filled("windows: {rcp/D15: ±2d, rcp/D1: ±0d}\nminimum gap: {X: 10 days}\n", doubts=doubts)
    assert (found.products[0].gap_origin, doubts.found) == (None, [])
    assert not any(v.window_source for v in plan(found, START, period="rcp").visits)


def test_a_window_asked_for_stands_in_only_where_neither_states_one() -> None:
    asked = read_site(of("example", "windows: {rcp/D29: ±3d}\n"), "site.yaml")
    made = plan(fill_in(read_study_text(STUDY)[0], asked), START, period="rcp", window=Window(1, 1))
    assert windows(made)["rcp/D29"] == ("2025-01-31", "2025-02-06")
    assert windows(made)["rcp/D43"] == ("2025-02-16", "2025-02-18")


def test_a_window_reaches_no_further_than_the_calendar() -> None:
    found = filled("windows: {rcp/D29: ±3660d}\n")
    assert plan(found, dt.date(11, 1, 1), period="rcp").visits[0].earliest == dt.date(10, 12, 4)
    with pytest.raises(InputError, match="D29 of `rcp` falls outside the years 1 to 9999"):
        plan(found, dt.date(5, 1, 1), period="rcp")
    with pytest.raises(RegimenError, match="wider than ten years"):
        filled("windows: {rcp/D29: ±3661d}\n")


# --- minimum gaps ------------------------------------------------------------------------------------------------------


def test_a_minimum_gap_is_kept_at_the_entry_into_a_period_and_says_who_states_it() -> None:
    found = filled("minimum gap: {BAT4406F: 180 days}\n", "bat4406f")
    early = Subject(START, "0012", entered=(Entered("olp", dt.date(2025, 12, 30)),))
    with pytest.raises(InputError) as caught:
        plan(found, early, allow_deviation=True)
    assert str(caught.value) == (
        "error: subject `0012`: BAT4406F on 2025-12-30 Tue, 177 days after the dose planned for 2025-07-06 Sun\n"
        f"hint: the minimum gap is 180 days ({WHO}); `accept_gap` lets the entry into `olp` stand, marked"
    )
    [note] = [n for n in plan(found, early, allow_deviation=True, accept_gap=True).notes if n.code == "short-gap"]
    assert note.message.endswith(f"less than the minimum gap, 180 days ({WHO})")


# --- what contradicts --------------------------------------------------------------------------------------------------


def test_what_differs_from_the_study_is_refused_with_both_places() -> None:
    facts = "windows: {rcp/D15: ±3d, olp: 7d, olp/D1: ±4d, rcp/D-28 to D-1: ±1d}\nminimum gap: {X: 2 weeks}\n"
    assert (
        refused(facts)
        == """\
error: the study file states the window ±2d for `rcp/D15`, this file ±3d
  --> site.yaml:6:20
   |
 6 | windows: {rcp/D15: ±3d, olp: 7d, olp/D1: ±4d, rcp/D-28 to D-1: ±1d}
   |                    ^^^
  ::: study.yaml:18:25
   |
18 |       - at: D1 ±0d, D15 ±2d
   |                         ^^^ stated here
hint: a site fills in what the study leaves open: take it out, or mend the one that is wrong

error: the study file states the window ±5d for `olp`, this file ±7d
  --> site.yaml:6:30
   |
 6 | windows: {rcp/D15: ±3d, olp: 7d, olp/D1: ±4d, rcp/D-28 to D-1: ±1d}
   |                              ^^
  ::: study.yaml:23:13
   |
23 |     window: ±5d
   |             ^^^ stated here
hint: a site fills in what the study leaves open: take it out, or mend the one that is wrong

error: the study file states the window ±5d for `olp/D1`, this file ±4d
  --> site.yaml:6:42
   |
 6 | windows: {rcp/D15: ±3d, olp: 7d, olp/D1: ±4d, rcp/D-28 to D-1: ±1d}
   |                                          ^^^
  ::: study.yaml:23:13
   |
23 |     window: ±5d
   |             ^^^ stated here
hint: a site fills in what the study leaves open: take it out, or mend the one that is wrong

error: D-28 to D-1 is a range of days, which is its own window
 --> site.yaml:6:47
  |
6 | windows: {rcp/D15: ±3d, olp: 7d, olp/D1: ±4d, rcp/D-28 to D-1: ±1d}
  |                                               ^^^^^^^^^^^^^^^
hint: take it out

error: the study file states a minimum gap of 10 days for X, this file 2 weeks
 --> site.yaml:7:18
  |
7 | minimum gap: {X: 2 weeks}
  |                  ^^^^^^^
 ::: study.yaml:7:20
  |
7 |   X: {minimum gap: 10 days}
  |                    ^^^^^^^ stated here
hint: a site fills in what the study leaves open: take it out, or mend the one that is wrong"""
    )


def test_a_file_for_another_study_is_refused() -> None:
    with pytest.raises(RegimenError) as caught:
        fill_in(catalog.load("mil62"), read_site(EXAMPLE.read_bytes(), "site.yaml"))
    assert (
        str(caught.value)
        == """\
error: this site file is for the study `bat4406f`, not for `mil62`
 --> site.yaml:5:8
  |
5 | study: bat4406f
  |        ^^^^^^^^
hint: give the site's file for `mil62`"""
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the study; messages name files as they were typed."""
    (tmp_path / "study.yaml").write_text(STUDY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


ERRORS = """\
warning: the windows of D15 and D29 overlap by 5 days
  --> study.yaml:20:14
   |
20 |       - {at: D29, window: not stated, assess: MRI}
   |              ^^^
  ::: study.yaml:18:21
   |
18 |       - at: D1 ±0d, D15 ±2d
   |                     ^^^^^^^ the earlier visit
  ::: site.yaml:6:20
   |
 6 | windows: {rcp/D29: ±20d}
   |                    ^^^^ the window of D29
hint: a visit on such a day could be either; make a window smaller

warning: the windows of D29 and D43 overlap by 1 day
  --> study.yaml:21:19
   |
21 |       - {at: [D1, D43], assess: EDSS}
   |                   ^^^
  ::: study.yaml:20:14
   |
20 |       - {at: D29, window: not stated, assess: MRI}
   |              ^^^ the earlier visit
  ::: site.yaml:6:20
   |
 6 | windows: {rcp/D29: ±20d}
   |                    ^^^^ the window of D29
hint: a visit on such a day could be either; make a window smaller

error: Y on D1 and D8: closer than its minimum gap of 20 days
  --> study.yaml:26:14
   |
26 |       - {at: D8, window: not stated, give: Y 100 mg}
   |              ^^
  ::: site.yaml:7:18
   |
 7 | minimum gap: {Y: 20 days}
   |                  ^^^^^^^ the minimum gap
hint: mend the days, or the minimum gap
"""
WARNINGS = """\
warning: the windows of D29 and D43 overlap by 1 day
  --> study.yaml:21:19
   |
21 |       - {at: [D1, D43], assess: EDSS}
   |                   ^^^
  ::: study.yaml:20:14
   |
20 |       - {at: D29, window: not stated, assess: MRI}
   |              ^^^ the earlier visit
  ::: site.yaml:6:20
   |
 6 | windows: {rcp/D29: ±7d, rcp/D43: ±7d}
   |                    ^^^ the window of D29
  ::: site.yaml:6:34
   |
 6 | windows: {rcp/D29: ±7d, rcp/D43: ±7d}
   |                                  ^^^ the window of D43
hint: a visit on such a day could be either; make a window smaller

warning: Y on D1 and D8: windows allow less than its minimum gap, 6 days
  --> study.yaml:26:14
   |
26 |       - {at: D8, window: not stated, give: Y 100 mg}
   |              ^^
  ::: site.yaml:7:18
   |
 7 | minimum gap: {Y: 6 days}
   |                  ^^^^^^ the minimum gap
hint: make a window smaller, or keep the gap by hand

"""


def test_what_the_study_becomes_is_checked_as_a_whole(folder: Path) -> None:
    (folder / "site.yaml").write_bytes(of("example", "windows: {rcp/D29: ±20d}\nminimum gap: {Y: 20 days}\n"))
    done = dosing("validate", "site.yaml", "study.yaml")
    assert (done.returncode, done.stdout, done.stderr) == (2, "study.yaml: fine (example, 2 periods, 6 visit entries)\n", ERRORS)
    done = dosing("plan", "--regimen", "study.yaml", "--period", "rcp", "--start", "2025-01-06", "--site", "site.yaml")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", ERRORS)


def test_what_becomes_doubtful_is_told_beside_the_plan(folder: Path) -> None:
    (folder / "site.yaml").write_bytes(of("example", "windows: {rcp/D29: ±7d, rcp/D43: ±7d}\nminimum gap: {Y: 6 days}\n"))
    done = dosing("validate", "study.yaml", "site.yaml")
    assert (done.returncode, done.stderr) == (0, WARNINGS)
    assert done.stdout.endswith("site.yaml: fine, 2 warnings (site beijing-01, checked against example)\n")
    for command in (("plan", "--period", "rcp", "--start", "2025-01-06", "--regimen"), ("show",)):
        done = dosing(*command, "study.yaml", "--site", "site.yaml")
        assert (done.returncode, done.stderr) == (0, WARNINGS)
        assert WHO in done.stdout


def test_a_doubt_of_the_study_alone_is_not_told_again(folder: Path) -> None:
    (folder / "study.yaml").write_text(STUDY.replace("D15 ±2d", "D15 ±20d"), encoding="utf-8")
    (folder / "site.yaml").write_bytes(of("example", "rooms: {all: Ward 5}\n"))
    assert "overlap" in dosing("validate", "study.yaml").stderr
    assert dosing("show", "study.yaml", "--site", "site.yaml").stderr == ""


def test_a_study_file_is_no_site_file(folder: Path) -> None:
    assert (
        errors("show", "study.yaml", "--site", "study.yaml")
        == """\
error: this is a study file, not a site file
  --> study.yaml:10:1
   |
10 | periods:
   | ^^^^^^^
hint: give it as `--regimen`; a site file has `site:`
"""
    )
    assert "cannot read `nowhere.yaml`" in errors(
        "plan", "--regimen", "study.yaml", "--period", "rcp", "--start", "2025-01-06", "--site", "nowhere.yaml"
    )


def test_a_file_that_no_person_wrote_is_refused_before_it_costs_anything() -> None:
    with pytest.raises(RegimenError, match="at most 1,000,000"):
        read_site(of("example", "#" * 1_000_000), "site.yaml")
    with pytest.raises(RegimenError, match="is not UTF-8"):
        read_site(b"site: \xff", "site.yaml")


def test_problems_are_told_together_with_those_of_the_other_options(folder: Path) -> None:
    (folder / "site.yaml").write_bytes(of("example", "windows: {rpc: 3d}\n"))
    found = errors("plan", "--regimen", "study.yaml", "--period", "rcp", "--start", "tomorrow", "--site", "site.yaml")
    assert "unknown period `rpc`" in found
    assert "`--start tomorrow` is not a date" in found
