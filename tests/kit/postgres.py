"""A PostgreSQL server of the tests' own, with fresh databases, beside whatever server the machine may run.

It is started when a test first asks for it (with xdist, once in each worker), listens on this machine alone, believes everybody,
and keeps nothing: however the tests end, it is stopped, and its folder is gone.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct, field

# Texts sort as on most servers, by a language's rules and not by bytes: so an order that only SQLite gives does not pass.
CLUSTER = (
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=icu",
    "--icu-locale=en-US",
    "--no-sync",
)
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = '{folder}'
port = {port}
fsync = off
full_page_writes = off
synchronous_commit = off
"""
# It waits for its input to end, which it does with the tests, also when they are killed.
KEEPER = 'cat >/dev/null; "$1/pg_ctl" --silent --pgdata="$2/data" --mode=immediate stop; rm -rf "$2"'

ROLES = ("dosing_sites", "dosing_arms")  # whom owners of databases may let in; they may do nothing of themselves


class Server(Struct, frozen=True):
    """A running server. `moulds`: databases that stay while it runs, to be copied."""

    port: int
    folder: Path
    moulds: dict[Any, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def url(self, database: str, role: str = "postgres") -> str:
        """The address of a database, for a role; `postgres` may do everything."""
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}"

    def create(self, like: str | None = None) -> str:
        """The address of a new database: empty, or a copy of that of another address, to which nobody is connected."""
        name = f"fresh_{next(self._numbers)}"
        self.do(f"CREATE DATABASE {name}" + (f" TEMPLATE {like.rpartition('/')[2]}" if like else ""))
        return self.url(name)

    @contextlib.contextmanager
    def database(self, like: str | None = None) -> Iterator[str]:
        """The same, which is gone afterwards, whoever is still connected."""
        address = self.create(like)
        try:
            yield address
        finally:
            self.do(f"DROP DATABASE IF EXISTS {address.rpartition('/')[2]} WITH (FORCE)")

    def do(self, statement: str) -> None:
        """What concerns the whole server."""
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """The tests' own server. Where PostgreSQL is not installed the test is skipped; where `.ci/run` installs it, that is a failure."""
    programs = installed()
    if programs is None:
        refuse = pytest.fail if "CI" in os.environ and os.geteuid() == 0 else pytest.skip
        refuse("no PostgreSQL: on Debian, apt install postgresql; elsewhere put initdb, 15 or newer, on the PATH")
    with server(programs) as running:
        yield running


@pytest.fixture
def postgres_url(postgres_server: Server) -> Iterator[str]:
    """The address of an empty database of this test alone: `postgresql://postgres@127.0.0.1:40123/fresh_1`."""
    with postgres_server.database() as url:
        yield url


def installed() -> Path | None:
    """The folder of the newest initdb and its programs, which Debian keeps off the PATH."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((path.parent for path in versions), key=lambda path: int(path.parent.name), default=None)


@contextlib.contextmanager
def server(programs: Path) -> Iterator[Server]:
    """A server in a folder of its own; root starts it as `postgres`, since it refuses to run as root."""
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as folder:
        account: dict[str, Any] = {"cwd": folder}
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
            account |= {"user": "postgres", "group": "postgres", "extra_groups": []}
        data = Path(folder, "data")
        _run(programs / "initdb", f"--pgdata={data}", *CLUSTER, **account)
        port = _free_port()
        with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(SETTINGS.format(folder=folder, port=port))
        keeper = subprocess.Popen(
            ["/bin/sh", "-c", KEEPER, "keeper", programs, folder], stdin=subprocess.PIPE, start_new_session=True, **account
        )
        with keeper:  # leaving it ends its input, and waits for it
            _run(programs / "pg_ctl", f"--pgdata={data}", f"--log={data / 'log'}", "start", log=data / "log", **account)
            running = Server(port, Path(folder))
            for role in ROLES:
                running.do(f"CREATE ROLE {role} LOGIN")
            yield running


def _run(*command: str | Path, log: Path | None = None, **account: Any) -> None:
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, **account)
    assert done.returncode == 0, done.stdout + done.stderr + (log.read_text("utf-8") if log and log.exists() else "")


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port
