"""What the register's commands say beside what they do."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from nmosd_dosing.cli.registers import users_name
from tests.kit.command import dosing, errors
from tests.kit.paths import ROOT


@pytest.fixture
def trial(folder: Path) -> Path:
    """The invented trial, with a register of it on a file."""
    for file in (ROOT / "examples" / "trial").iterdir():
        shutil.copy(file, folder)
    assert dosing("register", "init", "--register", "trial.db").returncode == 0
    return folder


@pytest.mark.usefixtures("trial")
def test_a_file_for_a_site_of_which_nobody_is_asks_for_a_second_look() -> None:
    done = dosing("register", "adopt", "site.yaml", "--at-site", "1", "--at-site", "02", "--register", "trial.db")
    assert done.stderr.endswith("no subject is of site `1` yet\n")
    assert "no subject" not in dosing("register", "adopt", "site.yaml", "--at-site", "01", "--register", "trial.db").stderr


@pytest.mark.usefixtures("trial")
def test_a_second_account_of_a_user_of_the_computer_is_said() -> None:
    user = users_name()
    done = dosing("register", "account", "add", "second", "--role", "monitor", "--sites", "01", "--user", user, "--register", "trial.db")
    assert f"the user `{user}` may be several accounts from now on, and names one: `--account NAME`\n" in done.stderr


def test_a_register_without_a_study_says_how_it_gets_one(folder: Path) -> None:
    done = dosing("register", "init", "--register", "empty.db")
    assert done.stderr == "it has no study yet: `dosing register adopt FILE --register empty.db` takes one in\n"


@pytest.mark.usefixtures("trial")
def test_whose_arm_is_not_known_is_told_how_a_register_gets_it() -> None:
    user = users_name()
    asks = ("--register", "trial.db", "--account", "kits")
    added = ("register", "account", "add", "kits", "--role", "unblinded-pharmacist", "--sites", "all", "--user", user)
    assert dosing(*added, "--register", "trial.db").returncode == 0
    assert dosing("register", "record", "allocation", "subject=0101", "arm=placebo", *asks).returncode == 0
    hint = (
        "hint: who of the register has none gets one by `dosing register record allocation subject=CODE arm=… --register trial.db "
        "--account kits`, `bat4406f` or `placebo`"
    )
    assert hint in errors("prepare", "--unblind", "--from", "2025-07-07", *asks)
    assert dosing("plan", "--unblind", "--subject", "0101", *asks).returncode == 0


@pytest.mark.usefixtures("trial")
def test_a_hint_is_typed_as_it_stands_there() -> None:
    """With the register and the account that were named, quoted where a shell needs it."""
    user = users_name()
    asks = ("--register", "trial.db", "--account", user)
    assert errors("register", "correct", "999", "date=2025-07-08", "--reason", "why", *asks) == (
        "error: there is no number 999\n"
        f"hint: `dosing register history --register trial.db --account {user}` shows the numbers that there are\n"
    )
    shutil.copy("trial.db", "a trial.db")
    assert errors("register", "record", "visits", "subject=0199", "visit=D1", "date=2025-07-08", "--register", "a trial.db").endswith(
        "hint: mend the code, or enter the subject first: `dosing register record subjects subject=0199 start=… --register 'a trial.db'`\n"
    )
    assert errors("register", "account", "disable", user, "--reason", "left", "--register", "trial.db").endswith(
        "hint: make another first: `dosing register account add NAME --role manager --register trial.db`\n"
    )


@pytest.mark.usefixtures("trial")
def test_who_takes_out_what_is_not_there_is_told_which_cells_there_are() -> None:
    """25 is the first visit of 0101."""
    asks = ("--reason", "a name", "--register", "trial.db")
    there = "hint: its cells are `subject`, `visit`, `date` and `status`\n"
    assert errors("register", "blank", "25", "batch", *asks) == f"error: number 25 has no `batch`\n{there}"
    assert errors("register", "blank", "25", "its-reason", *asks) == f"error: number 25 has no reason\n{there}"
    assert errors("register", "blank", "25", "dat", *asks) == "error: number 25 has no `dat`\nhint: did you mean `date`?\n"


@pytest.mark.usefixtures("trial")
def test_the_history_of_a_visit_is_found_by_any_name_that_it_has() -> None:
    """The row says `D182` and no period, or the other way round; nobody writes an account or a visit right each time."""
    asks = ("register", "history", "--register", "trial.db")
    assert dosing("register", "record", "visits", "subject=0101", "visit=D182", "date=2025-06-23", *asks[2:]).returncode == 0
    whole = dosing(*asks, "--subject", "0101", "--visit", "D182").stdout
    assert "entered visit D182 of 0101: date 2025-06-23, status done (number 42)\n" in whole
    for name in ("rcp/D182", "d 182", "RCP/day_182"):
        assert dosing(*asks, "--subject", "0101", "--visit", name).stdout == whole
    assert dosing(*asks, "--subject", "0101", "--visit", "olp/D1").stdout == ""
    nothing = "nothing of that stands in the trail"
    assert dosing(*asks, "--visit", "D183").stderr == f"{nothing}; `--visit D183`: did you mean `D182`?\n"
    user = users_name()
    assert dosing(*asks, "--by", f"{user}x").stderr == f"{nothing}; `--by {user}x`: did you mean `{user}`?\n"
    assert dosing(*asks, "--subject", "0101", "--as-known", "25").stdout.splitlines()[-1].endswith("(number 25)")
    assert dosing(*asks, "--subject", "0101", "--as-known", "5").stdout == ""


@pytest.mark.usefixtures("trial")
def test_a_checksum_is_short_for_people_and_whole_for_programs() -> None:
    asks = ("register", "history", "--entry", "2", "--register", "trial.db")
    [found] = re.findall("checksum ([0-9a-f]+…)", dosing(*asks).stdout)
    [line] = json.loads(dosing(*asks, "--format", "json").stdout)["trail"]
    assert found == f"{line['new']['checksum'][:12]}…"
    assert len(line["new"]["checksum"]) == 64


def test_arms_that_a_trial_file_names_are_said_to_be_passed_over(folder: Path) -> None:
    (folder / "subjects.csv").write_text("subject,start\n0101,2025-01-06\n", "utf-8")
    (folder / "arms.csv").write_text("subject,arm\n0101,placebo\n", "utf-8")
    (folder / "trial.yaml").write_text("trial: Small\nregimen: bat4406f\nsubjects: subjects.csv\nallocation: arms.csv\n", "utf-8")
    done = dosing("register", "init", "--register", "trial.db")
    assert done.stderr.splitlines()[-1] == (
        "`arms.csv` is not taken in: arms are an unblinded pharmacist's to bring, "
        "`dosing register import --allocation arms.csv --register trial.db`"
    )
    assert dosing("register", "verify", "--register", "trial.db").stdout.startswith("facts: ")


def test_a_trail_of_one_entry_is_one_entry(folder: Path) -> None:
    assert dosing("register", "init", "--register", "trial.db").returncode == 0
    assert dosing("register", "verify", "--register", "trial.db").stdout.startswith("facts: 1 entry, and it fits\n")
