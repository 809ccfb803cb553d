"""`dosing register account`, and who is asking a register: the user of this computer, or who knows a password."""

from __future__ import annotations

import getpass
import json
import os
import shlex
import sys
from pathlib import Path

import pytest

from nmosd_dosing.cli import registers
from nmosd_dosing.errors import clip
from tests.kit.command import dosing, errors, output
from tests.kit.registers import PASSWORD, Made

ACCOUNT = ("register", "account")


def said(*arguments: str) -> str:
    done = dosing(*arguments)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return done.stderr


def file(folder: Path, content: str | bytes, mode: int = 0o600) -> str:
    path = folder / "p"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(mode)
    return str(path)


def typed(asks: tuple[str, ...]) -> str:
    """The register and the account that were typed, as a hint says them again."""
    return f" --register {shlex.quote(asks[1])} --account {asks[3]}"


def test_accounts_are_made_changed_and_listed(made: Made) -> None:
    chief = made.asks("chief")
    told = said(*ACCOUNT, "add", "lina", "--role", "coordinator", "--sites", "01,02", *chief)
    assert told == (
        "account `lina`: coordinator of sites 01, 02\n"
        f"it lets nobody in before it has a password: `dosing register account password lina{typed(chief)}`\n"
        "no subject is of site `01` or `02` yet\n"
    )
    told = said(*ACCOUNT, "role", "lina", "monitor", "--sites", "all", "--reason", "other team", *chief)
    assert told == "account `lina`: monitor of all sites; it was coordinator of sites 01, 02\n"
    told = said(*ACCOUNT, "disable", "lina", "--reason", "left", *chief)
    assert told == "account `lina`: monitor of all sites, disabled; it was monitor of all sites\n"
    listed = json.loads(output(*ACCOUNT, "list", "--format", "json", *chief))["accounts"]
    assert listed[1] == {
        "account": "lina", "role": "monitor", "sites": None, "state": "disabled", "user": None, "has_password": False,
    }  # fmt: skip
    page = output(*ACCOUNT, "list", *chief).splitlines()
    assert page[3].split() == ["lina", "monitor", "all", "disabled", "nobody"]
    assert [line.split()[0] for line in page[2:]] == ["chief", "lina"]
    assert "`lina` is so already" in errors(*ACCOUNT, "disable", "lina", "--reason", "left", *chief)
    said(*ACCOUNT, "enable", "lina", "--reason", "is back", *chief)
    assert 'a change needs a reason\nhint: say why: `--reason "left the site"`' in errors(*ACCOUNT, "disable", "lina", *chief)


def test_everybody_changes_their_own_password_and_nobody_elses(made: Made) -> None:
    made.account("lina", "coordinator", "01")
    new = file(made.folder, "eight blue tortoises\n")
    assert said(*ACCOUNT, "password", "lina", "--new-password-file", new, *made.asks("lina")) == (
        "account `lina`: has another password from now on\n"
    )
    where = ("--register", made.place.sites, "--account", "lina", "--password-file", new)
    assert "may not give others a password" in errors(*ACCOUNT, "password", "chief", "--new-password-file", new, *where)
    assert "may not see who has an account" in errors(*ACCOUNT, "list", *where)


@pytest.mark.parametrize("role", ["coordinator", "site-pharmacist", "unblinded-pharmacist", "monitor"])
def test_accounts_are_a_managers_work(made: Made, role: str) -> None:
    made.account("lina", role, "01")
    for arguments in (
        ("add", "tom", "--role", "monitor", "--sites", "all"), ("role", "lina", "manager", "--reason", "x"),
        ("disable", "chief", "--reason", "x"), ("enable", "chief", "--reason", "x"), ("password", "chief"), ("list",),
    ):  # fmt: skip
        told = errors(*ACCOUNT, *arguments, *made.asks("lina"))
        assert "the account `lina` may not " in told
        assert f" {role}\nhint: ask a manager, or name an account that is one: `--account NAME`\n" in told
        assert "chief" not in told


# --- who is asking, where the register is a file ------------------------------------------------------------------------


@pytest.fixture
def of_file(made: Made) -> Made:
    if made.on_server:
        pytest.skip("on a server every account has a password")
    return made


def test_the_user_of_this_computer_is_known_and_not_from_the_environment(of_file: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """The only account for this user is taken without being named."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "mallory")
    assert output(*ACCOUNT, "list", "--register", of_file.place.sites).count("chief") == 1
    monkeypatch.setattr(registers, "users_name", lambda: "mallory")
    monkeypatch.setenv("USER", "root")
    assert errors(*ACCOUNT, "list", "--register", of_file.place.sites) == (
        "error: the user `mallory` has no account in this register\n"
        "hint: name yours, `--account NAME`; or a manager types "
        f"`dosing register account add NAME --role ROLE --sites CODES --user mallory --register {of_file.place.sites}`\n"
    )


def test_another_user_of_this_computer_needs_a_password(of_file: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registers, "users_name", lambda: "mallory")
    where = ("--register", of_file.place.sites, "--account", "chief", "--password-file", file(of_file.folder, PASSWORD))
    told = errors(*ACCOUNT, "list", *where)
    assert told.startswith("error: no account `chief` with this password\n")
    assert errors(*ACCOUNT, "list", *where[:3], "nobody", *where[4:]) == told.replace("chief", "nobody")


def test_an_account_with_a_password_is_asked_for_it(of_file: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    chief = ("--register", of_file.place.sites)
    said(*ACCOUNT, "password", "chief", "--new-password-file", file(of_file.folder, PASSWORD), *chief)
    asked: list[str] = []
    answers = iter([PASSWORD, "wrong"])

    def typed(prompt: str) -> str:
        asked.append(prompt)
        return next(answers)

    monkeypatch.setattr(getpass, "getpass", typed)
    assert output(*ACCOUNT, "list", *chief).count("who knows its password") == 1
    assert "no account `chief` with this password" in errors(*ACCOUNT, "list", *chief)
    assert asked == ["Password of chief: "] * 2


def test_a_new_password_is_typed_twice(of_file: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([PASSWORD, "another", PASSWORD, PASSWORD])
    monkeypatch.setattr(getpass, "getpass", lambda prompt: next(answers))
    chief = ("--register", of_file.place.sites)
    assert errors(*ACCOUNT, "password", "chief", *chief) == "error: the two passwords are not the same\nhint: type it again\n"
    assert "has another password" in said(*ACCOUNT, "password", "chief", *chief)


def test_where_nobody_can_be_asked_a_file_is(of_file: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(prompt: str) -> str:
        raise getpass.GetPassWarning

    monkeypatch.setattr(getpass, "getpass", nobody)
    assert errors(*ACCOUNT, "password", "chief", "--register", of_file.place.sites) == (
        "error: the password cannot be asked for: this is no terminal\nhint: write it into a file: `--password-file FILE`\n"
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "no password in the first line of `"),
        ("\n" + PASSWORD, "no password in the first line of `"),
        (b"\xff\xfe\x00", "it is not UTF-8"),
        ("another password", "no account `chief` with this password"),
        (f" {PASSWORD}", "no account `chief` with this password"),
    ],
)
def test_a_password_file_has_it_in_its_first_line(of_file: Made, content: str | bytes, told: str) -> None:
    chief = ("--register", of_file.place.sites)
    said(*ACCOUNT, "password", "chief", "--new-password-file", file(of_file.folder, f"\ufeff{PASSWORD}\r\nof the register\r\n"), *chief)
    output(*ACCOUNT, "list", *chief, "--password-file", file(of_file.folder, PASSWORD))
    assert told in errors(*ACCOUNT, "list", *chief, "--password-file", file(of_file.folder, content))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells no such thing")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_password_that_others_may_read_is_refused(of_file: Made, mode: int) -> None:
    new = file(of_file.folder, PASSWORD, mode)
    told = errors(*ACCOUNT, "password", "chief", "--new-password-file", new, "--register", of_file.place.sites)
    assert told == f"error: `{clip(new)}` is open to others of this computer\nhint: `chmod 600 {new}`, and think of another password\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_nobody_else_of_this_computer_reads_the_files_of_a_register(of_file: Made) -> None:
    files = [path for path in Path(of_file.place.sites).parent.iterdir() if path.name.startswith(Path(of_file.place.sites).stem + ".")]
    assert len(files) >= 2
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


# --- the zone ------------------------------------------------------------------------------------------------------------


def test_the_zone_is_the_computers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", ":Asia/Shanghai")
    assert registers.zone() == "Asia/Shanghai"
    for wrong in ("", "CST-8", "../../etc/passwd", "/etc/passwd"):
        monkeypatch.setenv("TZ", wrong)
        assert registers.zone() == registers.zone() != wrong
    monkeypatch.setattr(os.path, "realpath", lambda path: "/usr/share/zoneinfo/posix/Europe/Berlin")
    assert registers.zone() == "Europe/Berlin"
