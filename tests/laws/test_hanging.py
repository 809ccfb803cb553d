"""What hangs on a last dose, on another visit, or stays after an exit: alike for every arm that is hidden, in a cohort as in a plan, and in
whatever is asked of it."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from nmosd_dosing import plan
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.request import Request
from nmosd_dosing.study.period_order import way
from tests.judges.oracle_hanging import DAY, Hanging, Somebody, Written
from tests.kit.command import dosing, output
from tests.kit.hanging import blinded, people, subject_of, trials
from tests.kit.paths import ROOT
from tests.kit.studies import examples
from tests.laws.test_blinding_histories import outputs
from tests.laws.test_cohort_rows import agree


@examples(15)
@given(st.data())
def test_no_hidden_arm_shows(data: st.DataObject) -> None:
    trial = data.draw(trials())
    who = data.draw(people(trial))
    who = replace(who, written={i: w for i, w in who.written.items() if w.status != "nothing"})  # 0 mg of a placebo is a dose
    study, _ = read_study_text(blinded(trial))
    of_arm = [outputs(study, way(study), replace(subject_of(trial, who, arm), arm=arm), {}, None) for arm in ("x", "placebo")]
    assert of_arm[0] == of_arm[1]


@examples(25)
@given(st.data())
def test_a_cohort_has_the_rows_of_each_plan(data: st.DataObject) -> None:
    trial = data.draw(trials())
    some = data.draw(st.lists(people(trial), min_size=1, max_size=4))
    study, _ = read_study_text(trial.text)
    unwritten = [replace(who, written={}, besides=()) for who in some]
    later = [later_by(who, 7 * n) for n, who in enumerate(unwritten)]
    subjects = [subject_of(trial, who, code=f"{n}") for n, who in enumerate([*some, *unwritten, *later])]
    agree(Request(study, None, (), allow_deviation=True, cancelled=True), subjects, {}, size=3)


@examples(60)
@given(st.data())
def test_all_days_move_with_the_first(data: st.DataObject) -> None:
    trial = data.draw(trials())
    who = data.draw(people(trial))
    days = data.draw(st.integers(-40, 40))

    def in_days_alone(hanging: tuple[Hanging, ...]) -> tuple[Hanging, ...]:  # months are of different lengths
        return tuple({h.label: h for h in (replace(h, unit="days") for h in hanging)}.values())

    goes_on = None if trial.goes_on is None else in_days_alone(trial.goes_on)
    in_days = replace(trial, hanging=in_days_alone(trial.hanging), goes_on=goes_on)
    study, _ = read_study_text(in_days.text)
    one, two = (plan(study, subject_of(trial, w), cancelled=True, allow_deviation=True) for w in (who, later_by(who, days)))
    assert [(v.id, v.status) for v in one.visits if v.target] == [(v.id, v.status) for v in two.visits if v.target]
    assert {v.id: v.target + days * DAY for v in one.visits if v.target} == {v.id: v.target for v in two.visits if v.target}


def later_by(who: Somebody, days: int) -> Somebody:
    """The same, with all that is known, so many days later."""
    by = dt.timedelta(days)
    return replace(
        who,
        start=who.start + by,
        written={i: Written(w.status, w.date + by) for i, w in who.written.items()},
        besides=tuple(date + by for date in who.besides),
        events={name: date + by for name, date in who.events.items()},
        entered=who.entered + by if who.entered is not None else None,
    )


FOLLOW_UP = ("--regimen", str(ROOT / "examples" / "follow-up.yaml"), "--start", "2025-01-06")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_late_last_dose_moves_the_calendar_entry_of_what_hangs_on_it(folder: Path) -> None:
    plan_ = ("plan", *FOLLOW_UP, "--subject", "0101", "--ics", "v.ics")
    dosing(*plan_)
    before = entries(folder / "v.ics")
    (folder / "v.csv").write_text("visit,date\nmain/D1,2025-01-06\nmain/D85,2025-04-03\n", encoding="utf-8")
    assert "moved: follow-up-main last dose+30d (0101), 2025-04-30 Wed to 2025-05-03 Sat" in dosing(*plan_, "--visits", "v.csv").stderr
    after = entries(folder / "v.ics")
    name = "follow-up-main last dose+30d (0101)"
    assert before[name]["UID"] == after[name]["UID"]
    assert (before[name]["DTSTART;VALUE=DATE"], after[name]["DTSTART;VALUE=DATE"]) == ("20250430", "20250503")
    assert (before[name]["SEQUENCE"], after[name]["SEQUENCE"], after[name]["STATUS"]) == ("0", "1", "TENTATIVE")


def entries(path: Path) -> dict[str, dict[str, str]]:
    """The entries of a calendar by summary."""
    text = path.read_bytes().decode().replace("\r\n ", "")
    parts = [part.split("END:VEVENT")[0] for part in text.split("BEGIN:VEVENT")[1:]]
    found = [dict(line.split(":", 1) for line in part.split("\r\n") if ":" in line) for part in parts]
    return {entry["SUMMARY"]: entry for entry in found}


def test_slots_says_what_follows_a_late_last_dose() -> None:
    on = ("--visit", "main/D85", "--on", "2025-04-04", "--as-of", "2025-03-10", "--format", "json")
    asked = json.loads(dosing("slots", *FOLLOW_UP, *on).stdout)["asked"]
    assert asked["then"] == [{"visit": "main/last dose+30d", "from": "2025-04-30", "to": "2025-05-04"}]


def test_what_is_kept_after_an_exit_is_due_and_no_deviation() -> None:
    left = (*FOLLOW_UP, "--on", "withdrawn=2025-02-14")
    found = json.loads(output("due", *left, "--as-of", "2025-08-01", "--format", "json"))["due"]
    assert ("main/last dose of the study+6mo", "due") in [(item["visit"], item["state"]) for item in found]
    done = dosing("check", *left, "--visit", "Vital status=2025-08-05", "--as-of", "2025-08-06", "--format", "json")
    verdicts = {f["visit"]: f["verdict"] for f in json.loads(done.stdout)["findings"]}
    assert verdicts["main/last dose of the study+6mo"] == "in-window"
    other = dosing("check", *left, "--visit", "main/last dose+30d=2025-03-05", "--as-of", "2025-08-06", "--format", "json")
    verdicts = {f["visit"]: f["verdict"] for f in json.loads(other.stdout)["findings"]}
    assert verdicts["main/last dose+30d"] == "not-allowed"
