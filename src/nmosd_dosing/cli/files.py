"""Files: read, named once, written whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from nmosd_dosing.cli.temporaries import beside
from nmosd_dosing.errors import InputError, Problem, Problems


class Held(str):
    """A file that is in memory: its name, as messages say it, and what it holds. `entries`: the number of the register's entry that each
    row of a table has."""

    content: bytes
    entries: tuple[int, ...] | None

    def __new__(cls, name: str, content: bytes, entries: tuple[int, ...] | None = None) -> Held:
        """A file of that name."""
        made = super().__new__(cls, name)
        made.content, made.entries = content, entries
        return made


_LARGEST = 500_000_000  # bytes that are read of one file; a table of a million subjects has some 60


def read_file(path: str) -> bytes:
    """What a file, a pipe or a device holds. Raises InputError where it cannot be read, or never ends."""
    if isinstance(path, Held):
        return path.content
    try:
        with Path(path).open("rb") as file:
            content = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(Problem(f"cannot read `{path}`: {reason}", hint="check the name")) from None
    if len(content) > _LARGEST:
        raise InputError(Problem(f"cannot read `{path}`: it has more than {_LARGEST // 1_000_000} MB", hint="check the name, or divide it"))
    return content


_STREAMS = ("/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/self/fd/")


def is_file(path: str) -> bool:
    """Whether there is a regular file, of which what it holds matters before it is written over."""
    try:
        return Path(path).is_file() and not path.startswith(_STREAMS)
    except (OSError, ValueError):  # a name that no file can have
        return False


def same_file(one: str, other: str) -> bool:
    """Whether two names are of one file: by a link, `./` or a hard link, also of one that is not there yet."""
    if os.devnull in (one, other) or one.startswith(_STREAMS) or other.startswith(_STREAMS):
        return False
    try:
        return os.path.realpath(one) == os.path.realpath(other) or Path(one).samefile(other)
    except (OSError, ValueError):
        return False


Named = Sequence[tuple[str, str | None]]  # files, each with how messages name it


def check_names(written: Named, read: Named, problems: Problems) -> None:
    """Of what is written every file has a name, and one of its own: nothing is written twice, and nothing that is read written over."""
    for name, path in written:
        if path == "":
            problems.error(f"{name} is empty", None, "name a file, or leave the option out")
    for i, (name, path) in enumerate(written):
        for other, second in (*written[i + 1 :], *read):
            if path and second and same_file(path, second) and (other != "`--regimen`" or is_file(second)):
                problems.error(f"{name} and {other} name one file", None, "name two")


def has_folder(path: str, problems: Problems) -> None:
    """The folder that a file is to be written into is there, and the file is none: told before a long work, not after it."""
    try:
        if Path(path).is_dir():
            problems.error(f"cannot write `{path}`: it is a folder", None, "name a file in a folder that is there and can be written")
            return
        if path.startswith(_STREAMS) or Path(os.path.realpath(path)).parent.is_dir():
            return
    except (OSError, ValueError):  # a name that no file can have
        pass
    problems.error(f"cannot write `{path}`: there is no such folder", None, "name a file in a folder that is there and can be written")


def write_whole(path: str, content: str | bytes | Iterable[str | bytes], *, private: bool = False) -> None:
    """Write a file so that it is there whole or not at all; of a long one pieces are written as they come. A `private` one that is new
    only its owner can read. Raises InputError where it cannot be."""
    pieces = (content,) if isinstance(content, str | bytes) else content
    data = (piece if isinstance(piece, bytes) else piece.encode() for piece in pieces)
    try:
        if path in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"):
            sys.stdout.flush()
            sys.stdout.buffer.writelines(data)  # opened anew it would be written from its beginning
            return
        if Path(path).exists() and not is_file(path) and not Path(path).is_dir():
            with Path(path).open("wb") as device:  # a device or a pipe is not replaced
                device.writelines(data)
            return
        target = Path(os.path.realpath(path))
        if target.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        if target.exists() and not target.stat().st_mode & 0o222:
            raise PermissionError(13, "it is read-only")
        with beside(target) as (temporary, file):
            file.writelines(data)
            file.flush()
            os.fsync(file.fileno())
            temporary.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o600 if private else 0o666 & ~_umask())
            if os.name == "nt":
                file.close()  # there, what is open cannot be moved
            temporary.replace(target)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        hint = "name a file in a folder that is there and can be written"
        raise InputError(Problem(f"cannot write `{path}`: {reason}", hint=hint)) from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
