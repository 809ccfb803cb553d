"""Amendments in a register: who is on which version of the study, and which site uses which file from which day."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from nmosd_dosing.language import catalog
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
    study = (catalog.folder() / "bat4406f.yaml").read_text("utf-8")
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
    message = "error: these subjects are on the versions `1` and `2` of the study\nhint: ask about those of one: `--study-version 2`\n"
    assert errors("due", *ON) == message
    assert set(due("--study-version", "2")) == {"0302"}
    assert "0301" in due("--study-version", "1")
    plan = json.loads(dosing("plan", "--register", "trial.db", "--subject", "0302", "--format", "json").stdout)
    assert plan["subject"] == "0302"
    assert errors("due", *ON, "--study-version", "9").startswith(
        "error: `trial.db` has no subject that the account may see on version `9` of the study\n"
    )
