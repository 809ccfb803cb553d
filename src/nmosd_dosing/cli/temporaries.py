"""Temporary files beside those that are written whole: none of them stays behind, however the program ends.

What a program that was killed at once has left is removed by the next one that writes into the folder. Whoever writes holds a lock on
its temporary file, which ends with the process; so the name and the lock tell what nobody needs any more.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows, where a file that is open cannot be removed
    fcntl = None  # type: ignore[assignment]

_OURS = re.compile(r"\..+\.[0-9a-f]{8}\.dosing\.tmp", re.S)
_unfinished: set[Path] = set()
_swept: set[Path] = set()


@contextlib.contextmanager
def removed_at_the_end() -> Iterator[None]:
    """While a program runs: a signal that ends it leaves no temporary file behind."""
    _swept.clear()
    ends = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    default = [n for n in ends if threading.current_thread() is threading.main_thread() and signal.getsignal(n) is signal.SIG_DFL]
    for number in default:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in default:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, _: object) -> None:
    """Removes what is not finished, and ends as the signal asks."""
    for path in _unfinished:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


@contextlib.contextmanager
def beside(target: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """A new file beside `target`, open to be written. Whoever asks moves it where it belongs; else it is gone afterwards."""
    if target.parent not in _swept:
        _swept.add(target.parent)
        _sweep(target.parent)
    begin = target.name.encode(errors="ignore")[:100].decode(errors="ignore")  # so that the name is not too long, in bytes
    while True:
        path = target.with_name(f".{begin}.{os.urandom(4).hex()}.dosing.tmp")
        _unfinished.add(path)
        with contextlib.ExitStack() as opened:
            opened.callback(_unfinished.discard, path)
            file = opened.enter_context(path.open("xb"))
            opened.callback(path.unlink, missing_ok=True)
            if _locked(file) and not path.exists():  # another program has swept it before it was locked
                continue
            yield path, file
            return


def _locked(file: BinaryIO) -> bool:
    """Takes the lock of a file, which nobody else holds; not everywhere there are locks."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _sweep(folder: Path) -> None:
    """Removes what programs that are gone have left in a folder. Nothing else is touched: of other names, links, of another owner."""
    with contextlib.suppress(OSError):
        for found in os.scandir(folder):
            if _OURS.fullmatch(found.name) and found.is_file(follow_symlinks=False):
                with contextlib.suppress(OSError), Path(found.path).open("rb") as file:
                    mine = not hasattr(os, "getuid") or os.fstat(file.fileno()).st_uid == os.getuid()
                    if mine and _locked(file):
                        Path(found.path).unlink()
