"""A cluster, by the address of its scheduler: the same bytes as on one core, whoever is lost meanwhile; and what is refused."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import importlib.util
import itertools
import os
import pickle
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy
import pytest

from nmosd_dosing import cluster, load, load_assumptions, simulate
from nmosd_dosing.cli.run import cohort
from nmosd_dosing.errors import InputError
from nmosd_dosing.simulation import trials
from tests.kit.cluster import scheduler, typed, workers
from tests.kit.command import errors, output
from tests.kit.paths import ROOT
from tests.kit.running import running
from tests.kit.simulate_command import BAT, SCENARIOS, TRIAL

distributed = pytest.importorskip("distributed", reason="needs the extra `cluster`")

JSON = (*BAT, "--trials", "600", "--scenarios", str(SCENARIOS), "--format", "json")
FOR_EVER = (*BAT, "--trials", "1000000000")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A scheduler with two workers, each with a nanny who starts it again."""
    with scheduler() as (_, found), workers(found):
        yield found


@pytest.fixture
def client(address: str) -> Iterator[Any]:
    with distributed.Client(address, set_as_default=False) as found:
        yield found


@pytest.fixture(scope="module")
def on_one_core() -> str:
    return output(*JSON, "--cores", "1")


# --- the same bytes -----------------------------------------------------------------------------------------------------


def test_by_address(address: str, on_one_core: str) -> None:
    assert output(*JSON, "--on", address) == on_one_core


def test_what_the_page_says_to_type(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    words = [{"1000000": "300"}.get(word, word) for word in typed("dosing", address)]
    assert words[-2:] == ["--on", address]
    assert output(*words) == output(*words[:-2])


def test_in_jobs_of_one_set_of_assumptions_in_one_block(address: str, on_one_core: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "_SECONDS", 0)
    assert output(*JSON, "--on", address) == on_one_core


@pytest.fixture
def local() -> Iterator[Any]:
    """A scheduler with two workers in this process, as Python makes them."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, protocol="tcp", host="127.0.0.1", dashboard_address="127.0.0.1:0"
    ) as found:
        yield found


def test_on_a_local_cluster_of_python(local: Any, on_one_core: str) -> None:
    assert output(*JSON, "--on", local.scheduler_address) == on_one_core


def test_a_worker_is_killed_in_the_middle(address: str, client: Any) -> None:
    study = load("bat4406f")
    asked = functools.partial(simulate, study, load_assumptions(TRIAL, study), trials=3000)
    told: list[int] = []

    def kill(done: int) -> None:
        if not told:  # the first job is done, and others are under way
            os.kill(min(client.run(os.getpid).values()), signal.SIGKILL)
        told.append(done)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trials, "_SECONDS", 0)
        assert asked(cluster=address, progress=kill) == asked()
    assert len(told) == 12  # jobs, of a block each
    assert told == sorted(told) and told[-1] == 3000


def test_a_table_of_every_visit(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cohort, "_FEW", 8)
    subjects, events = tmp_path / "subjects.csv", tmp_path / "events.csv"
    days = [dt.date(2025, 1, 6) + dt.timedelta(days=3 * i) for i in range(30)]
    subjects.write_text("subject,start,site\n" + "".join(f"{i:04d},{day},{i % 3}\n" for i, day in enumerate(days)), encoding="utf-8")
    events.write_text("subject,event,date\n" + "".join(f"{i:04d},relapse,2025-06-10\n" for i in range(0, 30, 4)), encoding="utf-8")
    asked = ("cohort", "--regimen", "bat4406f", str(subjects), "--events", str(events))
    for form in ("csv", "json"):
        table = output(*asked, "--format", form)
        assert len(table.splitlines()) > 100
        assert output(*asked, "--format", form, "--on", address) == table
    visits = tmp_path / "visits.csv"
    done = "subject,visit,date,amount,unit\n" + "".join(f"{i:04d},rcp/D1,{days[i]},500,mg\n" for i in range(30))
    visits.write_text(done, encoding="utf-8")
    recorded = (*asked, "--visits", str(visits), "--format", "csv")
    assert output(*recorded, "--on", address) == output(*recorded)
    visits.write_text(f"{done}0012,D182,{days[12]},500,mg\n0012,D182,{days[12]},250,mg\n", encoding="utf-8")
    told = errors(*recorded)
    assert "`D182` is recorded twice" in told and "250" not in told  # what is hidden here is hidden when a worker tells it
    assert errors(*recorded, "--on", address) == told
    early = (*asked, "--on", "idmc_stop=2025-02-03")
    assert "`--allow-deviation` lets it stand" in errors(*early)  # also a worker names options
    assert errors(*early, "--on", address) == errors(*early)
    said = errors(*asked, "--format", "xlsx", "--output", str(tmp_path / "a.xlsx"), "--on", address)
    assert said.startswith("error: xlsx is made on one machine, and `--on` names a cluster\n")


# --- what is lost, and what is left -------------------------------------------------------------------------------------


def test_the_scheduler_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    with scheduler() as (process, found), workers(found), dosing_at_work(found, "--output", str(file)) as program:
        os.kill(process, signal.SIGKILL)
        out, err = program.communicate(timeout=60)
    assert (program.returncode, out) == (2, b"")
    assert err.decode() == f"error: the scheduler at `{found}` was lost\nhint: nothing was written; see whether it runs, and begin anew\n"
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_ends_soon_and_leaves_the_workers(address: str, client: Any, tmp_path: Path) -> None:
    before = client.run(os.getpid)
    with dosing_at_work(address, "--output", str(tmp_path / "a.json")) as program:
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=5)
    assert (program.returncode, out, err) == (130, b"", b"")
    assert list(tmp_path.iterdir()) == []
    assert client.run(os.getpid) == before
    assert client.submit(abs, -1).result(timeout=30) == 1


@contextlib.contextmanager
def dosing_at_work(address: str, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    """A simulation without an end, from when the cluster has got some jobs of it."""
    given, enough = itertools.count(1), threading.Event()

    def hear(event: tuple[float, Any]) -> None:
        if isinstance(event[1], dict) and event[1].get("action") == "update-graph" and next(given) == 4:
            enough.set()

    with distributed.Client(address, set_as_default=False) as client:
        client.subscribe_topic("scheduler", hear)
        with running([sys.executable, "-m", "nmosd_dosing", *FOR_EVER, "--on", address, *more]) as program:
            assert enough.wait(60)
            client.unsubscribe_topic("scheduler")
            client.close()
            yield program


def test_no_worker_is_left(local: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_LOOK", 0.1)
    monkeypatch.setattr(cluster, "_PATIENCE", 0)
    monkeypatch.setattr(trials, "_SECONDS", 0)
    study = load("bat4406f")
    with pytest.raises(InputError, match="has no worker any more"):
        simulate(
            study, load_assumptions(TRIAL, study), 100_000, cluster=local.scheduler_address, progress=lambda _: _without_workers(local)
        )


def _without_workers(local: Any) -> None:
    local.scale(0)
    local.sync(local._correct_state)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="holds a process")
def test_a_scheduler_that_says_nothing_any_more_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_LOOK", 0.1)
    monkeypatch.setattr(trials, "_SECONDS", 0)
    study = load("bat4406f")
    with scheduler() as (process, found), workers(found):

        def hold(_: int) -> None:
            os.kill(process, signal.SIGSTOP)
            for name in ("_PATIENCE", "_ANSWER"):
                monkeypatch.setattr(cluster, name, 1)

        with pytest.raises(InputError, match=r"the scheduler at .* was lost"):
            simulate(study, load_assumptions(TRIAL, study), 100_000, cluster=found, progress=hold)
        os.kill(process, signal.SIGCONT)


def test_workers_are_lost_again_and_again() -> None:
    with (
        pytest.raises(InputError, match="of the cluster at `tcp://a:1` one worker after another was lost in one job"),
        cluster._told("tcp://a:1"),
    ):
        raise distributed.KilledWorker("job", None, 3)


# --- what it costs ------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="counts page faults of glibc's allocator")
def test_a_worker_keeps_its_memory_though_dask_asks_for_the_contrary(address: str, client: Any) -> None:
    """Without it a trial costs a worker some 130 page faults, and two and a half times the processor time."""
    study = load("bat4406f")
    asked = functools.partial(simulate, study, load_assumptions(TRIAL, study), trials=2048)

    def spent(of_workers: bool, **where: Any) -> int:
        def faults() -> int:
            used = (
                client.run(resource.getrusage, resource.RUSAGE_SELF).values() if of_workers else [resource.getrusage(resource.RUSAGE_SELF)]
            )
            return sum(one.ru_minflt for one in used)

        asked(**where)  # so that all is loaded
        before = faults()
        asked(**where)
        return faults() - before

    assert set(client.run(os.getenv, "MALLOC_TRIM_THRESHOLD_").values()) == {"65536"}
    a_worker_begins = 10_000
    assert spent(True, cluster=address) <= 2 * spent(False) + a_worker_begins


# --- who is refused -----------------------------------------------------------------------------------------------------


OTHERS = [
    ("nmosd_dosing", cluster, "__version__", "0.0.9", "0.0.9 ("),
    ("numpy", numpy, "__version__", "2.99.0", "2.99.0"),
    ("Python", cluster, "sys", SimpleNamespace(version_info=(3, 10, 4)), "3.10"),
]


@pytest.mark.parametrize(("what", "room", "name", "value", "here"), OTHERS, ids=[case[0] for case in OTHERS])
def test_workers_with_another_version_are_refused_by_name(
    what: str, room: Any, name: str, value: Any, here: str, address: str, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = sorted(client.run(os.getpid))
    monkeypatch.setattr(cluster, "_versions", cluster._versions.__wrapped__)
    theirs = cluster._versions()[what]
    monkeypatch.setattr(room, name, value)
    found = errors(*JSON, "--on", address)
    assert re.findall(r"error: the worker (\S+) has (.*); here it is (.*)", found) == [
        (worker, f"{what} {theirs}", cluster._versions()[what]) for worker in names
    ]
    assert cluster._versions()[what].startswith(here)
    assert found.count("hint: install the version of this machine where it runs, and start it again") == 2


def test_a_worker_that_comes_later_is_looked_at_too(client: Any) -> None:
    mine = {**cluster._versions(), "numpy": "1.0"}
    with pytest.raises(InputError, match=r"the worker tcp://\S+ has numpy .*; here it is 1\.0"):
        client.submit(cluster._done, mine, abs, pickle.dumps(-1)).result(timeout=30)
    assert client.submit(cluster._done, cluster._versions(), abs, pickle.dumps(-1)).result(timeout=30) == 1


def test_a_worker_without_the_program_is_refused_by_name() -> None:
    said = cluster._another("tcp://10.1.2.4:4711", cluster._versions(), ModuleNotFoundError("No module named 'nmosd_dosing'"))
    assert said.message == "the worker tcp://10.1.2.4:4711 cannot load this program: No module named 'nmosd_dosing'"


def test_a_scheduler_without_workers(local: Any) -> None:
    _without_workers(local)
    found = errors(*JSON, "--on", local.scheduler_address)
    assert f"error: the scheduler at `{local.scheduler_address}` has no worker\n" in found
    assert f"hint: start some, each by `dask worker {local.scheduler_address}`" in found


def test_nobody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found = errors(*JSON, "--on", f"tcp://127.0.0.1:{port}")
    assert f"error: no scheduler answers at `tcp://127.0.0.1:{port}`: Connection refused\n" in found
    assert f"hint: start a scheduler and workers first, `dask scheduler` and `dask worker tcp://127.0.0.1:{port}`;" in found
    assert "error: no scheduler answers at `tcp://a..b:1`: no host can have this name\n" in errors(*JSON, "--on", "tcp://a..b:1")


def test_what_answers_is_no_language_of_dask() -> None:
    """dask would tell it itself, with a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        taken.settimeout(30)
        there = f"tcp://127.0.0.1:{taken.getsockname()[1]}"

        def answer() -> None:
            for _ in range(2):
                with taken.accept()[0] as caller:
                    caller.sendall((8).to_bytes(8, "little") + bytes(8))

        threading.Thread(target=answer, daemon=True).start()
        done = subprocess.run([sys.executable, "-m", "nmosd_dosing", *JSON, "--on", there], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and done.stderr.startswith(f"error: what answers at `{there}` is no scheduler: "), done.stderr


def test_somebody_else_answers(address: str, client: Any) -> None:
    worker = min(client.run(os.getpid))
    assert f"error: what answers at `{worker}` is no scheduler" in errors(*JSON, "--on", worker)
    tls = address.replace("tcp", "tls")
    assert f"error: `{tls}` is encrypted, and no certificates are named\nhint: name their files in DASK_" in errors(*JSON, "--on", tls)


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    found = errors(*JSON, "--on", "tcp://127.0.0.1:8786")
    assert found.startswith("error: a cluster needs the package distributed\nhint: install it with `pip install 'nmosd-dosing[cluster]'`")


@pytest.mark.parametrize("address", ["tcp://[::1]:8786", "tcp://[fe80::1%eth0]:8786", "tls://node-1.lab_2.example:1", "tcp://h:65535"])
def test_addresses(address: str) -> None:
    cluster.check(address)


@pytest.mark.parametrize(
    "address", ["tcp://h:65536", "tcp://h:0", "tcp://h", "tcp://:8786", "http://h:8787", "h:8786", "tcp://h:8786/a", "tcp://h:٨"]
)
def test_no_addresses(address: str) -> None:
    with pytest.raises(InputError, match=f"`cluster {re.escape(address)}` is not the address of a scheduler"):
        cluster.check(address)
