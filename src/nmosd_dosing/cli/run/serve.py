"""`dosing serve`: the pages of a register, until somebody ends it."""

from __future__ import annotations

import contextlib
import datetime as dt
import secrets
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from nmosd_dosing.calendar.zones import check_zone
from nmosd_dosing.cli import arguments, registers, trial
from nmosd_dosing.cli.edge import collected, say
from nmosd_dosing.cli.options import ImportOptions, ServeOptions
from nmosd_dosing.cli.run import register_tables
from nmosd_dosing.errors import InputError, Problem, Problems, clip
from nmosd_dosing.screen import without_controls
from nmosd_dosing.study.period_order import arms_of, way

if TYPE_CHECKING:
    from nmosd_dosing.pages.place import Place
    from nmosd_dosing.register.register import Register

_LAST_PORT = 65_535
DEMO_DAY = dt.date(2025, 7, 7)
DEMO_ACCOUNTS = (  # name, role, sites
    ("li.na", "coordinator", "01"),
    ("wang.fang", "site-pharmacist", "01"),
    ("zhao.min", "unblinded-pharmacist", "all"),
    ("moreau", "monitor", "all"),
)
DEMO_MANAGER = "chen.jie"


def run(asked: ServeOptions) -> None:
    """Serves until it is ended."""
    registers.loaded_for_pages()
    problems = Problems()
    as_of = arguments.maybe(arguments.date, "--as-of", asked.as_of, problems)
    if asked.zone is not None:
        collected(problems, lambda: check_zone(asked.zone or ""))
    address, port = _address(asked.behind_proxy, problems), _port(asked.port, problems)
    arguments.country("--country", asked.country, None, problems)
    if asked.demo and asked.register is not None:
        problems.error("`--demo` makes a register of its own, and `--register` names one", None, "leave one of the two out")
    problems.stop()
    with _register(asked) as (found, words):
        from nmosd_dosing.pages.place import Place

        place = Place(
            found, registers.now, asked.zone or ("Asia/Shanghai" if asked.demo else registers.zone()), address or f"http://127.0.0.1:{port}",
            asked.country or ("CN" if asked.demo else None), as_of or (DEMO_DAY if asked.demo else None), asked.demo,
        )  # fmt: skip
        _listen(place, port, words)


def _listen(place: Place, port: int, words: str) -> None:
    from nmosd_dosing.pages import serving

    try:
        server = serving.listening(place, port)
    except OSError as error:
        wrong = f"cannot listen on port {port} of this computer: {error.strerror or error}"
        raise InputError(Problem(wrong, hint="name another: `--port 8461`")) from None
    say(without_controls(f"{place.address if port else f'http://127.0.0.1:{server.effective_port}'} shows {place.register.address.shown}"))
    if words:
        say(words)
    say("Ctrl+C ends it")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # a service is ended so: the demonstration is taken away
    server.run()


def _enter_arms(found: Register, at: dt.datetime, zone: str) -> None:
    """An invented arm for each subject, entered by the unblinded pharmacist."""
    from nmosd_dosing.register import accounts
    from nmosd_dosing.register.reading import studies, tables
    from nmosd_dosing.register.writing import changes

    who = next(account.who for account in accounts.accounts(found.facts) if account.role == "unblinded-pharmacist")
    study = studies.latest_study(found.facts)
    arms = arms_of(way(study)) if study is not None else ()
    for number, fact in enumerate(tables.subjects(found, tables.EVERYBODY) if arms else ()):
        typed = {"subject": (fact.cells or {})["subject"], "arm": arms[number % len(arms)]}
        changes.record(changes.Book(found, who, DEMO_DAY), "allocation", typed).write(who, at, zone)


def _port(text: str, problems: Problems) -> int:
    """A port; 0 takes one that is free."""
    if text.isascii() and text.isdigit() and int(text[:6]) <= _LAST_PORT:
        return int(text)
    problems.error(f"`--port {clip(text)}` is no port", None, f"write a number from 0 to {_LAST_PORT}; 0 takes one that is free")
    return 0


def _address(text: str | None, problems: Problems) -> str | None:
    """The address of a proxy, without a path."""
    if text is None:
        return None
    with contextlib.suppress(ValueError):
        url = urlsplit(text)
        if url.scheme == "https" and url.hostname and url.path in ("", "/") and not (url.query or url.fragment or url.username):
            return f"https://{url.netloc}"
    problems.error(f"`--behind-proxy {clip(text)}` is no address with TLS", None, "write for example `https://dosing.example.org`")
    return None


@contextlib.contextmanager
def _register(asked: ServeOptions) -> Iterator[tuple[Register, str]]:
    """The register that is served, and what is said of its accounts."""
    if asked.demo:
        with tempfile.TemporaryDirectory(prefix="dosing-demo-") as folder:
            made = demo(Path(folder))
            yield made
            made[0].close()
        return
    text = registers.loaded(asked.register if asked.register is not None else trial.register_here())
    from nmosd_dosing.register import register

    found = register.open(text)
    register.refuse_owner(found)
    yield found, ""


def demo(folder: Path) -> tuple[Register, str]:
    """A register of the invented trial in a folder, with an account for each role; and what they are, in words."""
    from nmosd_dosing.register import accounts, register

    files = trial.example()
    text, password = str(folder / "demo.db"), secrets.token_urlsafe(9)
    register_tables.run_init(ImportOptions(
        register=text, account=DEMO_MANAGER, regimen="bat4406f", subjects=str(files / "subjects.csv"), events=str(files / "events.csv"),
        visits=str(files / "visits.csv"), site=str(files / "site.yaml"), column=["start=Infusion 1"],
    ))  # fmt: skip
    found = register.open(text)
    manager = next(account for account in accounts.accounts(found.facts)).who
    at, zone = registers.now(), "Asia/Shanghai"
    for name, role, sites in DEMO_ACCOUNTS:
        accounts.add(found.facts, manager, at, zone, name=name, role=role, sites=sites)
    _enter_arms(found, at, zone)
    for name in (DEMO_MANAGER, *(name for name, *_ in DEMO_ACCOUNTS)):
        accounts.set_password(found.facts, manager, at, zone, name=name, password=password)
    named = [f"  {name:<10} {role}{f', site {sites}' if sites != 'all' else ''}" for name, role, sites in DEMO_ACCOUNTS]
    return found, "\n".join([f"accounts, all with the password {password}", *named, f"  {DEMO_MANAGER:<10} manager"])
