"""A cluster on this machine, as its users start one: `dask scheduler` and `dask worker`, each a process of its own."""

from __future__ import annotations

import contextlib
import re
import shlex
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.kit.paths import ROOT
from tests.kit.running import running

PAGE = ROOT / "docs" / "cluster.md"
_DASK = str(Path(sys.executable).parent / "dask")
_THERE, _PORT = "10.1.2.3", "8786"  # as the page has it


@contextlib.contextmanager
def dask(*arguments: str, says: str, times: int = 1) -> Iterator[tuple[int, list[str]]]:
    """`dask` with these arguments; its process, and what it has said up to the last of so many lines that have a text."""
    with running([_DASK, *arguments]) as program:
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


def typed(program: str, address: str = "") -> list[str]:
    """The words behind a program's name in the command that the page has for it, with the address of this machine."""
    (text,) = re.findall(rf"^{program} (.+)$", "".join(re.findall(r"^```sh\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)), re.M)
    return shlex.split(text.replace(f"tcp://{_THERE}:{_PORT}", address))


@contextlib.contextmanager
def scheduler() -> Iterator[tuple[int, str]]:
    """The page's scheduler, on any free ports of this machine: its process and address."""
    words = [{_THERE: "127.0.0.1", _PORT: "0"}.get(word, word) for word in typed("dask scheduler")]
    with dask("scheduler", *words, "--dashboard-address", "127.0.0.1:0", says="Scheduler at:") as (process, said):
        yield process, re.findall(r"tcp://\S+", said[-1])[0]


@contextlib.contextmanager
def workers(address: str) -> Iterator[None]:
    """The page's two workers."""
    with dask("worker", *typed("dask worker", address), says="Registered to", times=2):
        yield
