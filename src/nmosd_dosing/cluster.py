"""Work on a cluster: on workers that the user has started, wherever they are, by the address of their dask scheduler.

dask.distributed is an optional extra; this is the only room that knows it, and loads it only for a cluster. What a scheduler unpickles of
us is Python's own: it needs nothing but dask. Workers need this program, and numpy, in the very versions that are here.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import operator
import pickle
import re
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from nmosd_dosing.errors import InputError, Problem, argument, clip, plural
from nmosd_dosing.version import __version__

Job = TypeVar("Job")
Result = TypeVar("Result")
Versions = Mapping[str, str]  # by what has them

_ADDRESS = re.compile(r"(?:tcp|tls)://(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?\]):(?P<port>[0-9]{1,5})")
_EXAMPLE = "tcp://10.1.2.3:8786"
_A_WORKER = 4  # jobs that are under way for each worker, so that none waits, and no results pile up
_ANSWER = 10  # seconds within which a scheduler has to answer
_LOOK = 5  # seconds after which it is looked whether there are workers still
_PATIENCE = 60  # seconds without any worker, or without a word
_FAREWELL = 2  # seconds


def check(address: str) -> None:
    """Raises InputError where a text is not the address of a scheduler, or dask is not installed here."""
    found = _ADDRESS.fullmatch(address)
    if found is None or not 0 < int(found["port"]) < 2**16:
        wrong = f"`{argument('cluster', clip(address))}` is not the address of a scheduler"
        raise InputError(Problem(wrong, hint=f"write it as `dask scheduler` shows it, for example `{argument('cluster', _EXAMPLE)}`"))
    if importlib.util.find_spec("distributed") is None:
        hint = "install it with `pip install 'nmosd-dosing[cluster]'`, as on all its machines"
        raise InputError(Problem("a cluster needs the package distributed", hint=hint))


@dataclass
class Workers(Generic[Job, Result]):
    """The workers of a cluster, ready for jobs of one kind of work."""

    client: Any
    address: str
    work: Any  # the future of it, which stays on the cluster as long as this does

    def under_way(self) -> int:
        """How many jobs may be under way now. Workers come and go."""
        with _told(self.address):
            return _A_WORKER * max(1, self._count())

    def submit(self, job: Job) -> Callable[[], Result]:
        """Gives a job to a worker; what comes back waits for its result.

        Waiting raises InputError where the cluster is lost, or a worker has other versions.
        """
        with _told(self.address):
            future = self.client.submit(operator.call, self.work, pickle.dumps(job), pure=False)
        return functools.partial(self._result, future)

    def _result(self, future: Any) -> Result:
        from distributed import wait

        since = time.monotonic()
        with _told(self.address):
            while True:
                try:
                    with self.client.as_current():
                        wait([future], timeout=_LOOK)
                    found: Result = future.result()
                    return found
                except TimeoutError:
                    if self._count():
                        since = time.monotonic()
                    elif time.monotonic() - since > _PATIENCE:
                        raise InputError(_no_worker(self.address, "has no worker any more")) from None

    def _count(self) -> int:
        return int(self.client.sync(self.client.scheduler.identity, n_workers=0, callback_timeout=max(_PATIENCE, _ANSWER))["n_workers"])


@contextlib.contextmanager
def workers(work: Callable[[Job], Result], address: str) -> Iterator[Workers[Job, Result]]:
    """The workers of the cluster whose scheduler has an address, for jobs of one kind. At the end they are free again, and stay.

    Raises InputError where nothing answers there, where there is no worker, and where workers have another version of this program, of
    numpy or of Python: each is named.
    """
    with _connected(address) as client:
        mine = _versions()
        with _told(address):
            theirs: dict[str, Versions | Exception] = client.run(_versions, on_error="return")
            if not theirs:
                raise InputError(_no_worker(address, "has no worker"))
            if problems := [_another(worker, mine, its) for worker, its in theirs.items() if its != mine]:
                raise InputError(problems)
            ready = client.submit(pickle.loads, pickle.dumps(functools.partial(_done, mine, work)), pure=False)
        yield Workers(client, address, ready)


@contextlib.contextmanager
def _connected(address: str) -> Iterator[Any]:
    """A client of the scheduler, and no longer than it is needed."""
    import logging
    import warnings

    check(address)
    from distributed import Client

    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # what matters is said by us
    _greet(address)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other versions of dask
        client = Client(address, timeout=_ANSWER, set_as_default=False)
    try:
        yield client
    finally:
        with contextlib.suppress(Exception):  # there is nobody to take leave of where it was lost
            client.close(timeout=_FAREWELL)


def _greet(address: str) -> None:
    """Raises InputError where no scheduler answers, before dask tries again and again, or waits for ever."""
    import asyncio

    import dask.config
    from distributed.core import rpc
    from distributed.security import Security
    from distributed.utils import LoopRunner

    if address.startswith("tls") and dask.config.get("distributed.comm.tls.ca-file", None) is None:
        names = " and ".join(f"DASK_DISTRIBUTED__COMM__TLS__{name}" for name in ("CA_FILE", "CLIENT__CERT", "CLIENT__KEY"))
        raise InputError(Problem(f"`{address}` is encrypted, and no certificates are named", hint=f"name their files in {names}"))
    host, _, port = address.partition("://")[2].rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER).close()
    except (OSError, UnicodeError) as error:
        hint = f"start a scheduler and workers first, `dask scheduler` and `dask worker {address}`; or check the address"
        why = "no host can have this name" if isinstance(error, UnicodeError) else error.strerror or error
        raise InputError(Problem(f"no scheduler answers at `{address}`: {why}", hint=hint)) from None

    async def identity() -> str:
        async with rpc(address, timeout=_ANSWER, connection_args=Security().get_connection_args("client")) as scheduler:
            found = await asyncio.wait_for(scheduler.identity(n_workers=0), _ANSWER)
            return str(found["type"])

    try:
        found = LoopRunner().run_sync(identity)
    except Exception as error:  # whatever speaks there, and whatever it says
        found = (str(error).strip().splitlines() or ["no answer"])[0]
    if found != "Scheduler":
        hint = "is it the address that `dask scheduler` shows, and not its dashboard's? is the encryption the same on both sides?"
        raise InputError(Problem(f"what answers at `{address}` is no scheduler: {clip(found, 80)}", hint=hint))


@contextlib.contextmanager
def _told(address: str) -> Iterator[None]:
    """What happens to a cluster, in the words of this program."""
    from concurrent.futures import CancelledError

    from distributed import KilledWorker
    from distributed.comm.core import CommClosedError

    try:
        yield
    except KilledWorker:
        hint = "look at the workers' own messages: has each enough memory?"
        raise InputError(Problem(f"of the cluster at `{address}` one worker after another was lost in one job", hint=hint)) from None
    except ModuleNotFoundError as error:
        raise InputError(_another(f"of `{address}`", _versions(), error)) from None
    except (CancelledError, CommClosedError, OSError):
        hint = "nothing was written; see whether it runs, and begin anew"
        raise InputError(Problem(f"the scheduler at `{address}` was lost", hint=hint)) from None


def _no_worker(address: str, how: str) -> Problem:
    return Problem(f"the scheduler at `{address}` {how}", hint=f"start some, each by `dask worker {address}`")


def _done(expected: Versions, work: Callable[[Job], Result], job: bytes) -> Result:
    """A job, done in a worker. Those who have come late are looked at here. Raises InputError where versions differ."""
    if (here := _versions()) != expected:
        from distributed import get_worker

        raise InputError(_another(get_worker().address, expected, here))
    return work(pickle.loads(job))  # noqa: S301 # of the client, who could send any code


def _another(worker: str, mine: Versions, its: Versions | Exception) -> Problem:
    """What is said of a worker that is not as this program is."""
    if isinstance(its, Exception):
        wrong = f"the worker {worker} cannot load this program: {clip(str(its))}"
        return Problem(wrong, hint=f"install nmosd-dosing {__version__} where it runs, and start it again")
    differ = [what for what in mine if its.get(what) != mine[what]]
    theirs = ", ".join(f"{what} {its.get(what)}" for what in differ)
    ours = ", ".join(mine[what] for what in differ)
    hint = f"install {plural(len(differ), 'the version')} of this machine where it runs, and start it again"
    return Problem(f"the worker {worker} has {theirs}; here it is {ours}", hint=hint)


@functools.cache
def _versions() -> Versions:
    """What the numbers hang on, as it is in this process; of this program its sources, too, since a version may be worked on."""
    import numpy as np

    python = "{}.{}".format(*sys.version_info)
    return {"nmosd_dosing": f"{__version__} ({_checksum()})", "numpy": np.__version__, "Python": python}


def _checksum() -> str:
    """Eight signs of a hash of all files of this program."""
    package, found = Path(__file__).parent, hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        found.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()[:8]
