"""Django finds nothing to complain of in its settings; and who does not ask for the register does not load it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.paths import ROOT

OF_THE_REGISTER = {"argon2", "asgiref", "django", "psycopg", "sqlite3"}
LOADED = """
import atexit, sys
atexit.register(lambda: print("loaded:", *{name.split(".")[0] for name in sys.modules}, file=sys.stderr))
from nmosd_dosing.cli import main
main()
"""


def python(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, encoding="utf-8", check=True)


def test_django_checks_the_settings() -> None:
    assert python("-m", "django", "check", "--settings", "nmosd_dosing.register.settings").stdout == (
        "System check identified no issues (0 silenced).\n"
    )


def test_a_password_costs_whoever_tries_it_what_django_asks_for() -> None:
    hashed = "import nmosd_dosing.register; from django.contrib.auth.hashers import make_password; print(make_password('a password'))"
    assert python("-c", hashed).stdout.startswith("argon2$argon2id$v=19$m=102400,t=2,p=8$")


@pytest.mark.parametrize("command", ["plan --regimen mil62-rcp --start 2025-01-06", "due --as-of 2025-07-07", "cohort --format csv"])
def test_the_plain_command_line_loads_nothing_of_the_register(command: str) -> None:
    said = python("-c", LOADED, *command.split(), folder=ROOT / "examples" / "trial").stderr
    loaded = set(said.rsplit("loaded: ", 1)[1].split())
    assert "nmosd_dosing" in loaded and not loaded & OF_THE_REGISTER


WITHOUT_DJANGO = """
import sys

sys.modules["django"] = None  # as if it were not there
from nmosd_dosing.cli import main

sys.argv = ["dosing", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize(
    "command", ["due", "prepare", "check", "register import", "register verify", "register record visits subject=0012"]
)
def test_without_django_every_command_with_a_register_says_what_to_install(command: str) -> None:
    words = [sys.executable, "-c", WITHOUT_DJANGO, *command.split(), "--register", "trial.db"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (
        2, "", "error: a register needs the package django\nhint: install it with `pip install 'nmosd-dosing[register]'`\n",
    )  # fmt: skip
