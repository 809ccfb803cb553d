"""Where a register is: a file of SQLite with a second one beside it for the arms, or a database of PostgreSQL with a schema for each."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from msgspec import Struct

from nmosd_dosing.errors import InputError, Problem, clip
from nmosd_dosing.values import beside

_SCHEMES = ("postgresql", "postgres")
_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "ncpfs", "afs", "9p", "ceph", "glusterfs", "fuse.sshfs", "davfs"}
)
_WAITS = 20  # seconds for another program that is writing


@beside(unseen=("facts", "arms"))
class Address(Struct, frozen=True):
    """A register's two databases as Django's settings, and how messages name it: no password is in that. `user`: the role of a server."""

    shown: str
    facts: dict[str, Any]
    arms: dict[str, Any]
    file: Path | None = None
    arms_file: Path | None = None
    user: str = ""


def address(text: str) -> Address:
    """What `FILE` or `postgresql://USER:PASSWORD@HOST:PORT/NAME` names. Raises InputError where it names nothing, or a file on another
    computer's disk: SQLite cannot lock these."""
    scheme, colon, _ = text.partition("://")
    if colon:
        return _of_url(text, scheme)
    if not text:
        raise InputError(Problem("the register is not named", hint="name a file, for example `trial.db`, or `postgresql://HOST/NAME`"))
    return of_file(Path(text))


def of_file(path: Path) -> Address:
    """A register in a file of SQLite: `trial.db`, with the arms in `trial.unblinded.db`."""
    if is_on_network(path):
        hint = "put it on a disk of this computer, or use PostgreSQL where several computers share one"
        raise InputError(Problem(f"`{clip(str(path))}` is on a network drive, where SQLite cannot keep two programs apart", hint=hint))
    arms = path.with_name(f"{path.stem}.unblinded{path.suffix}")
    return Address(str(path), _sqlite(path), _sqlite(arms), path, arms)


def _sqlite(path: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": f"{path.absolute().as_uri()}?mode=rw",  # never made by opening it: one that was taken away is not an empty one
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": _WAITS,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON; PRAGMA secure_delete=ON; "
            "PRAGMA cache_size=-65536",  # 64 MB, as they are needed: with 2 MB the pages of a large register are read again and again
        },
    }


def _of_url(text: str, scheme: str) -> Address:
    try:
        url = urlsplit(text)
        port, host = url.port, url.hostname
    except ValueError:
        raise InputError(Problem("the register's address cannot be read", hint="write `postgresql://USER@HOST:PORT/NAME`")) from None
    name = unquote(url.path.removeprefix("/"))
    if scheme not in _SCHEMES or not name or "/" in name:
        shown = f"`{clip(scheme)}://…`" if scheme not in _SCHEMES else "the register's address names no database"
        message = f"{shown} is no register" if scheme not in _SCHEMES else shown
        raise InputError(Problem(message, hint="write a file, or `postgresql://USER@HOST:PORT/NAME`"))
    more = dict(parse_qsl(url.query))
    shown = f"postgresql://{host or more.get('host', '')}{f':{port}' if port else ''}/{name}"

    def schema(of: str) -> dict[str, Any]:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": name,
            "USER": unquote(url.username or more.get("user", "")),
            "PASSWORD": unquote(url.password or ""),
            "HOST": more.get("host", host or ""),
            "PORT": str(port or ""),
            "OPTIONS": {
                "options": f"-c search_path={of}",
                "connect_timeout": _WAITS,
                **{key: value for key, value in more.items() if key.startswith("ssl")},
            },
        }

    facts = schema("register")
    return Address(shown, facts, schema("unblinded"), user=facts["USER"])


def is_on_network(path: Path) -> bool:
    """Whether a file is, or would be, on a disk of another computer, as far as the system tells."""
    if sys.platform == "win32":
        drive = os.path.splitdrive(path.resolve())[0]
        remote = 4  # DRIVE_REMOTE
        return drive.startswith("\\\\") or bool(ctypes.windll.kernel32.GetDriveTypeW(f"{drive}\\") == remote)
    try:
        mounts = Path("/proc/self/mounts").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return False
    real, best, kind = os.path.realpath(path), -1, ""
    for line in mounts:
        _, where, of, *_ = [*line.split(" "), "", "", ""]
        where = where.replace("\\040", " ").rstrip("/")
        if len(where) >= best and (real == where or real.startswith(f"{where}/")):
            best, kind = len(where), of
    return kind in _NETWORK
