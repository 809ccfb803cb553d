"""Amendments in a register: who is on which version of the study, and which site uses which file from which day."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from nmosd_dosing.language import shipped
from tests.kit.command import dosing, errors
from tests.kit.paths import ROOT

ON = ("--register", "trial.db", "--as-of", "2025-07-07", "--format", "json")


@pytest.fixture
def trial(folder: Path) -> Path:
    """A folder with nothing but a register of the invented trial, and two files that came later."""
    (folder / "tables").mkdir()
    for file in (ROOT / "examples" / "trial").iterdir():
        shutil.copy(file, folder / "tables")
    made = dosing("register", "init", "--register", "trial.db", "--trial", "tables/trial.yaml")
    assert made.returncode == 0, made.stderr
    site = (folder / "tables" / "site.yaml").read_text("utf-8")
    (folder / "site-2.yaml").write_text(site.replace("±7d", "±3d").replace("version: 1", "version: 2"), "utf-8")
    study = (shipped.folder() / "bat4406f.yaml").read_text("utf-8")
    assert "D182" in study
    (folder / "study-2.yaml").write_text(f"{study}# amended\n", "utf-8")
    shutil.rmtree(folder / "tables")
    return folder


def due(*arguments: str) -> dict[str, str]:
    """The last allowed day of what is due, by subject."""
    done = dosing("due", *ON, *arguments)
    assert done.returncode in (0, 1), done.stderr
    return {row["subject"]: row["last"] for row in json.loads(done.stdout)["due"]}


@pytest.mark.usefixtures("trial")
def test_a_site_has_its_facts_from_the_day_on_which_it_uses_them() -> None:
    before = due("--at-site", "02")
    assert before["0204"] == "2025-07-21", "by its window of 7 days, which its file states"
    dosing("register", "adopt", "site-2.yaml", "--from", "2025-07-07", "--at-site", "02", "--register", "trial.db")
    assert due("--at-site", "02")["0204"] == "2025-07-17"
    assert due("--at-site", "01")["0103"] == "2025-07-17", "the other site keeps its own"
    done = dosing("due", *ON)
    assert "the sites of these subjects have facts of their own, and none are filled in" in done.stderr
    dosing("register", "adopt", "site-2.yaml", "--from", "2025-07-08", "--at-site", "01", "--register", "trial.db")
    assert due("--at-site", "01")["0103"] == "2025-07-17", "from the next day on it has others"


@pytest.mark.usefixtures("trial")
def test_who_comes_is_on_the_version_of_that_day_and_who_was_there_stays() -> None:
    assert dosing("register", "adopt", "study-2.yaml", "--from", "2025-07-02", "--register", "trial.db").returncode == 0
    for code, day in (("0301", "2025-07-01"), ("0302", "2025-07-02")):
        done = dosing("register", "record", "subjects", f"subject={code}", "site=03", f"start={day}", "--register", "trial.db")
        assert done.returncode == 0, done.stderr
        assert ("study_version 2" in done.stdout) == (code == "0302")
    assert set(due("--study-version", "2")) == {"0302"}
    assert "0301" in due("--study-version", "1")
    plan = json.loads(dosing("plan", "--register", "trial.db", "--subject", "0302", "--format", "json").stdout)
    assert plan["subject"] == "0302"
    assert errors("due", *ON, "--study-version", "9").startswith(
        "error: `trial.db` has no subject that the account may see on version `9` of the study\n"
    )


# --- subjects on two versions --------------------------------------------------------------------------------------------


@pytest.fixture
def amended(trial: Path) -> Path:
    """The trial with a version of the study that has day 184 where the first one has day 182; one of two newcomers is on it, at a site of
    its own."""
    study = (trial / "study-2.yaml").read_text("utf-8")
    (trial / "study-2.yaml").write_text(study.replace("D182", "D184"), "utf-8")
    assert dosing("register", "adopt", "study-2.yaml", "--from", "2025-07-02", "--register", "trial.db").returncode == 0
    for code, site, day in (("0301", "02", "2025-07-01"), ("0302", "03", "2025-07-08")):
        done = dosing("register", "record", "subjects", f"subject={code}", f"site={site}", f"start={day}", "--register", "trial.db")
        assert done.returncode == 0, done.stderr
    return trial


SAID = "trial.db: 13 subjects on version 1, 1 subject on version 2 of the study, each planned by its own\n"


@pytest.mark.usefixtures("amended")
def test_lists_have_everybody_each_planned_by_the_version_that_he_is_on() -> None:
    by_version = {**due("--study-version", "1"), **due("--study-version", "2")}
    assert due() == by_version
    done = dosing("due", *ON)
    assert SAID in done.stderr
    closes = [(row["last"], row["subject"]) for row in json.loads(done.stdout)["due"] if row["state"] == "closes"]
    assert closes == sorted(closes), "the most urgent first, on whichever version"
    assert "0302" in {code for _, code in closes}
    rows = json.loads(dosing("check", *ON).stdout)["findings"]
    visits = {code: [row["visit"] for row in rows if row["subject"] == code][:2] for code in ("0301", "0302")}
    assert visits == {"0301": ["rcp/D1", "rcp/D182"], "0302": ["rcp/D1", "rcp/D184"]}
    assert set(due("--at-site", "01", "--at-site", "03")) == {code for code in by_version if code.startswith("01") or code == "0302"}
    board = dosing("board", "--register", "trial.db", "--as-of", "2025-07-07")
    assert SAID in board.stderr
    assert "0301" in board.stdout
    assert "0302" in board.stdout


@pytest.mark.usefixtures("amended")
def test_what_is_made_by_one_study_names_every_version() -> None:
    for command in (("prepare",), ("order", "--days", "30"), ("cohort",), ("slots", "--next")):
        assert errors(*command, "--register", "trial.db", "--as-of", "2025-07-07") == (
            "error: these subjects are on 2 versions of the study: 13 subjects on version 1, 1 subject on version 2\n"
            "hint: ask about those of one, `--study-version 1` or `--study-version 2`\n"
        )


@pytest.mark.usefixtures("amended")
def test_who_goes_over_to_a_version_is_corrected_and_sees_what_moves() -> None:
    """0205, number 17 of the register."""
    asks = ("--reason", "consented again", "--register", "trial.db")
    assert errors("register", "correct", "17", "study_version=3", *asks) == (
        "error: there is no version `3` of the study\nhint: the register has `1` or `2`\n"
    )
    done = dosing("register", "correct", "17", "study_version=2", *asks)
    assert "corrected subject 0205: study_version (nothing) -> 2; reason: consented again" in done.stdout
    assert done.stdout.splitlines()[-2:] == [
        "rcp/D182  2025-07-24 Thu  not planned",
        "rcp/D184  not planned     2025-07-26 Sat",
    ]


@pytest.mark.usefixtures("amended")
def test_tables_are_brought_in_for_everybody_each_held_against_his_version(folder: Path) -> None:
    asks = ("register", "import", "--yes", "--reason", "of the sites", "--register", "trial.db")
    (folder / "visits.csv").write_text("subject,visit,date\n0204,D182,2026-01-12\n0302,D184,2026-01-08\n", "utf-8")
    assert dosing(*asks, "--visits", "visits.csv").stdout.endswith("written: entries 46 to 47\n")
    (folder / "visits.csv").write_text("subject,visit,date\n0301,D184,2026-01-12\n0302,D182,2026-01-08\n", "utf-8")
    wrong = errors(*asks, "--visits", "visits.csv")
    assert "`D184`" in wrong
    (folder / "subjects.csv").write_text("subject,start,study_version\n0204,2025-07-14,7\n", "utf-8")
    assert errors(*asks, "--subjects", "subjects.csv") == (
        "error: there is no version `7` of the study\nhint: the register has `1` or `2`\n"
    )
