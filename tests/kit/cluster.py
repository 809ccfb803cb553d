"""A cluster on this machine, as its users start one: `dask scheduler` and `dask worker`, each a process of its own."""

from __future__ import annotations

import contextlib
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.kit.running import running

DASK = str(Path(sys.executable).parent / "dask")
SCHEDULER = ("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--dashboard-address", "127.0.0.1:0")
ONE_THREAD = ("--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard")


@contextlib.contextmanager
def dask(*arguments: str, says: str, times: int = 1) -> Iterator[tuple[int, list[str]]]:
    """`dask` with these arguments; its process, and what it has said up to the last of so many lines that have a text."""
    with running([DASK, *arguments]) as program:
        assert program.stderr is not None
        late = threading.Timer(60, program.kill)
        late.start()
        said: list[str] = []
        for line in program.stderr:
            said.append(line.decode())
            if sum(says in one for one in said) == times:
                break
        else:
            raise AssertionError("".join(said))
        late.cancel()
        threading.Thread(target=program.stderr.read, daemon=True).start()  # so that it can go on speaking
        yield program.pid, said


@contextlib.contextmanager
def scheduler() -> Iterator[tuple[int, str]]:
    """A scheduler's process and address."""
    with dask(*SCHEDULER, says="Scheduler at:") as (process, said):
        yield process, re.findall(r"tcp://\S+", said[-1])[0]


@contextlib.contextmanager
def workers(address: str, count: int, *more: str) -> Iterator[list[str]]:
    """So many workers of one thread each, and what they have said."""
    with dask("worker", address, *ONE_THREAD, "--nworkers", str(count), *more, says="Registered to", times=count) as (_, said):
        yield said
