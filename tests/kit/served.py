"""The pages of the invented trial for tests: a register with an account for each role, and clients that are signed in."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import pytest

from tests.kit.registers import Addresses

DAY = dt.date(2025, 7, 7)  # from which the pages are seen
AT = dt.datetime(2025, 7, 7, 1, 30, tzinfo=dt.UTC)
ACCOUNTS = {
    "li.na": ("coordinator", "01"),
    "wu.lei": ("coordinator", "02"),
    "wang.fang": ("site-pharmacist", "01"),
    "zhao.min": ("unblinded-pharmacist", "all"),
    "moreau": ("monitor", "all"),
    "chen.jie": ("manager", None),
}
PASSWORD = "seven green tortoises"
HOST = "127.0.0.1"


def made(address: str) -> Any:
    """A register of the invented trial, with arms and an account for each role, none of which has a password."""
    from nmosd_dosing.cli import trial
    from nmosd_dosing.cli.options import ImportOptions
    from nmosd_dosing.cli.run import register_tables
    from nmosd_dosing.register import accounts, register
    from nmosd_dosing.register.database.store import Act
    from nmosd_dosing.register.reading.tables import EVERYBODY, subjects

    files = trial.example()
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as password:  # only its owner reads it
        password.write(PASSWORD)
        password.flush()
        register_tables.run_init(ImportOptions(
            register=address, account="chen.jie", regimen="bat4406f", subjects=str(files / "subjects.csv"),
            events=str(files / "events.csv"), visits=str(files / "visits.csv"), site=str(files / "site.yaml"), column=["start=Infusion 1"],
            password_file=password.name if address.startswith("postgresql:") else None,
        ))  # fmt: skip
    found = register.open(address)
    (manager,) = (account.who for account in accounts.accounts(found.facts))
    for name, (role, sites) in ACCOUNTS.items():
        if name != "chen.jie":
            accounts.add(found.facts, manager, AT, "Asia/Shanghai", name=name, role=role, sites=sites)
    pharmacist = next(a.who for a in accounts.accounts(found.facts) if a.name == "zhao.min")
    arms = ("bat4406f", "placebo")
    acts = [
        Act("enter", "allocation", {"subject": (fact.cells or {})["subject"], "arm": arms[i % 2]}, None, fact.person, site=fact.site)
        for i, fact in enumerate(subjects(found, EVERYBODY))
    ]
    found.arms.write(acts, pharmacist.author("Asia/Shanghai"), AT)
    return found


@pytest.fixture(scope="session")
def register_of_the_trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of such a register, made once; tests write in copies."""
    file = tmp_path_factory.mktemp("served") / "trial.db"
    made(str(file)).close()
    return file


@pytest.fixture
def place(register_of_the_trial: Path, tmp_path: Path) -> Iterator[Any]:
    """The pages of the invented trial on a file that a test may write in, seen from 2025-07-07."""
    from nmosd_dosing.register import register

    for file in register_of_the_trial.parent.glob("trial*"):
        shutil.copy(file, tmp_path / file.name)
    found = register.open(str(tmp_path / register_of_the_trial.name))
    yield place_of(found)
    found.close()


@pytest.fixture
def places(addresses: Addresses) -> Iterator[Any]:
    """The same on both databases, in two runs: for what may hang on the database."""
    with addresses() as address:
        found = made(address)
        yield place_of(found)
        found.close()


def place_of(found: Any) -> Any:
    """Where the pages of a register are served."""
    from nmosd_dosing.pages import settings
    from nmosd_dosing.pages.place import Place

    settings.put_in_force()
    return Place(found, lambda: AT, "Asia/Shanghai", f"http://{HOST}:8460", "CN", DAY)


def client(place: Any, name: str | None = None) -> Any:
    """A browser without a screen, for an account that is signed in; for nobody where none is named."""
    from django.contrib.sessions.backends.cache import SessionStore
    from django.test import Client

    from nmosd_dosing.pages.access import PLACE
    from nmosd_dosing.register import accounts

    made = Client(headers={"host": HOST}, raise_request_exception=True, **{PLACE: place})
    if name is not None:
        session = SessionStore()
        session["account"], session["begun"] = name, AT.timestamp()
        session["standing"] = accounts.standing(place.register.facts, name)
        session.save()
        made.cookies["dosing"] = str(session.session_key)
    return made


@contextlib.contextmanager
def listening(place: Any, said: TextIO) -> Iterator[int]:
    """The pages of a place on a port of this computer; what the program logs goes into a stream."""
    from nmosd_dosing.pages import log, serving

    server = serving.listening(place, 0)
    log.begin(said)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server.effective_port
    finally:
        server.pull_trigger()
        server.trigger.pull_trigger(server.close)  # in its own thread
        thread.join()
        server.task_dispatcher.shutdown()
        log.begin()
