"""A program that is killed while it makes a register leaves none behind, and nothing that stands in the way of the next one."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path
from typing import Any

import pytest

from nmosd_dosing.errors import InputError, Problem
from nmosd_dosing.register import accounts, register
from nmosd_dosing.register.database import backups, unfinished, versions
from nmosd_dosing.register.database.store import Store
from nmosd_dosing.register.register import Register
from tests.kit.command import errors, run
from tests.kit.registers import PASSWORD, Addresses
from tests.kit.written import NOW, ZONE

POINTS: tuple[tuple[Any, str, int], ...] = (  # where, and at which call of it
    (versions, "create", 1),
    (versions, "create", 2),
    (accounts, "begin", 1),
    (Store, "write", 1),
    (Store, "write", 2),
)
OF_FILES = ((unfinished, "move", 1), (unfinished, "move", 2))
OF_RESTORE = ((backups, "restore", 1), (backups, "restore", 2))


def killed(where: Any, name: str, call: int, *typed: str) -> bool:
    """Whether a command ends as a program that is killed at once, in a process of its own, when it comes so often to a point."""
    child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    real, calls = getattr(where, name), iter(range(1, 100))

    def kill(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)

    setattr(where, name, kill)
    try:
        run(*typed)
    finally:
        os._exit(0)


def password(folder: Path) -> tuple[str, ...]:
    """What gives the first account of a server a password."""
    file = folder / "password"
    file.write_text(PASSWORD, "utf-8")
    file.chmod(0o600)
    return "--account", "chief", "--password-file", str(file)


def test_a_killed_init_leaves_no_register_and_the_next_one_makes_it(addresses: Addresses, tmp_path: Path) -> None:
    with addresses() as address:
        on_server = address.startswith("postgresql:")
        beside = set() if on_server else {file.name for file in Path(address).parent.iterdir()}
        typed = ("register", "init", "--register", address, "--regimen", "mil62", *password(tmp_path))
        for point in POINTS if on_server else (*POINTS, *OF_FILES):
            assert killed(*point, *typed), point
            assert "error: " in errors("register", "head", "--register", address), point
            assert on_server or not Path(address).exists()
        code, out, said = run(*typed)
        assert (code, said) == (0, "")
        assert out.decode().endswith("made; nobody yet. Its manager is chief.\n")
        stem = Path(address).stem
        assert on_server or {f.name for f in Path(address).parent.iterdir()} - beside == {f"{stem}.db", f"{stem}.unblinded.db"}


def test_a_killed_restore_leaves_no_register_and_the_next_one_makes_it(addresses: Addresses, tmp_path: Path) -> None:
    with addresses() as address, addresses() as other:
        made = register.make(address)
        accounts.begin(made.facts, "chief", NOW, ZONE, password=PASSWORD)
        for kind, store in (("facts", made.facts), ("arms", made.arms)):
            (tmp_path / kind).write_bytes(b"".join(backups.backup(store, kind)))
        made.close()
        typed = ("register", "restore", str(tmp_path / "facts"), "--arms", str(tmp_path / "arms"), "--register", other)
        for point in OF_RESTORE if address.startswith("postgresql:") else (*OF_RESTORE, *OF_FILES):
            assert killed(*point, *typed), point
        assert run(*typed)[0] == 0


def test_who_fills_a_register_and_fails_leaves_none(address: str) -> None:
    def fill(_: Register) -> None:
        raise InputError(Problem("no"))

    with pytest.raises(InputError, match="no"):
        register.make(address, fill)
    register.make(address).close()


def test_arms_without_facts_are_not_written_over(tmp_path: Path) -> None:
    made = register.make(str(tmp_path / "trial.db"))
    made.close()
    arms = tmp_path / "trial.unblinded.db"
    (tmp_path / "trial.db").unlink()
    content = arms.read_bytes()
    arms.write_bytes(b"somebody's")
    with pytest.raises(InputError, match="is there already"):
        register.make(str(tmp_path / "trial.db"))
    assert arms.read_bytes() == b"somebody's"
    arms.write_bytes(content)
    register.make(str(tmp_path / "trial.db")).close()


def test_two_who_make_the_same_at_once_do_not_write_over_each_other(address: str) -> None:
    def fill(_: Register) -> None:
        register.make(address).close()

    if address.startswith("postgresql:"):
        return  # the server lets the second wait for the first
    with pytest.raises(InputError, match="is there already"):
        register.make(address, fill)
    assert register.open(address).facts.head().seq == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_who_may_not_write_in_the_folder_is_told_what_to_ask_for() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "trial.db")
        register.make(str(file)).close()
        Path(folder).chmod(0o755)
        file.chmod(0o644)
        read, write = os.pipe()
        if not os.fork():
            os.setgroups([])
            os.setuid(65534)  # nobody
            try:
                register.open(str(file))
            except InputError as error:
                os.write(write, str(error).encode())
            finally:
                os._exit(0)
        os.close(write)
        os.wait()
        with os.fdopen(read) as said:
            assert said.read().endswith(
                "hint: SQLite writes beside the file also while it is read: ask for the right to write in its folder"
            )
