"""What `dosing serve` refuses, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.command import dosing


@pytest.mark.parametrize(("typed", "said"), [
    (("--demo", "--register", "x.db"),
     "error: `--demo` makes a register of its own, and `--register` names one\nhint: leave one of the two out\n"),
    (("--demo", "--port", "65536"), "error: `--port 65536` is no port\nhint: write a number from 0 to 65535; 0 takes one that is free\n"),
    (("--demo", "--port", "http"), "error: `--port http` is no port\nhint: write a number from 0 to 65535; 0 takes one that is free\n"),
    (("--demo", "--behind-proxy", "http://dosing.example.org"),
     "error: `--behind-proxy http://dosing.example.org` is no address with TLS\nhint: write for example `https://dosing.example.org`\n"),
    (("--demo", "--behind-proxy", "https://dosing.example.org/x"),
     "error: `--behind-proxy https://dosing.example.org/x` is no address with TLS\nhint: write for example `https://dosing.example.org`\n"),
    ((), "error: `--register` is missing\nhint: name the register, for example `--register trial.db`\n"),
])  # fmt: skip
def test_what_cannot_be_served_is_refused(folder: Path, typed: tuple[str, ...], said: str) -> None:
    done = dosing("serve", *typed)
    assert (done.returncode, done.stderr) == (2, said)


def test_a_register_that_is_not_there_is_told(folder: Path) -> None:
    done = dosing("serve", "--register", "trial.db")
    assert done.returncode == 2
    assert done.stderr.startswith("error: there is no register `trial.db`\nhint: `dosing register init")


def test_a_register_of_a_name_like_it_is_proposed_and_none_is_made(folder: Path) -> None:
    (folder / "trial.db").write_bytes(b"")
    done = dosing("register", "head", "--register", "trail.db")
    assert (done.returncode, done.stderr) == (2, "error: there is no register `trail.db`\nhint: did you mean `trial.db`?\n")
