"""What the register's commands say beside what they do."""

from __future__ import annotations

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
