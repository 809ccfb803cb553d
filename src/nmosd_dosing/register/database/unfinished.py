"""Files that are made in a folder of their own, and moved where they belong once they are whole: whatever kills the program meanwhile,
nobody finds half of one there. What such a program has left behind goes when the next one makes the same file."""

from __future__ import annotations

import contextlib
import glob
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from nmosd_dosing.errors import InputError
from nmosd_dosing.register.database import versions

try:
    import fcntl
except ImportError:  # Windows, where nothing is swept
    fcntl = None  # type: ignore[assignment]

_LOCK = "lock"


@contextlib.contextmanager
def beside(file: Path) -> Iterator[Path]:
    """A folder beside a file that is to be made, which only its owner reads; gone afterwards. Raises InputError where none can be made."""
    _sweep(file)
    folder = file.with_name(f".{file.name}.{secrets.token_hex(4)}.unfinished")
    try:
        folder.mkdir(mode=0o700)
    except (OSError, ValueError) as error:
        raise InputError(versions.cannot_make(file, error)) from None
    try:
        with (folder / _LOCK).open("wb") as lock:
            _locked(lock.fileno())
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def move(file: Path, where: Path) -> None:
    """Moves a file within a disk to where none is. Raises InputError where one is."""
    try:
        os.link(file, where)
    except FileExistsError:
        raise InputError(versions.is_there(where)) from None
    except OSError:  # a disk that knows one name for a file only
        if where.exists():
            raise InputError(versions.is_there(where)) from None
        file.rename(where)


def _locked(lock: int) -> bool:
    """Takes the lock, which ends with the program; whether nobody else has it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (OSError, AttributeError):
        return False
    return True


def _sweep(file: Path) -> None:
    """Removes the folders of programs that are gone."""
    for folder in file.parent.glob(f".{glob.escape(file.name)}.*.unfinished"):
        with contextlib.suppress(OSError), (folder / _LOCK).open("rb") as lock:
            if _locked(lock.fileno()):
                shutil.rmtree(folder, ignore_errors=True)
