"""Tables and a register are one thing to every command; the way out gives what came in; and the past is as it was."""

from __future__ import annotations

import contextlib
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from nmosd_dosing.register import register
from nmosd_dosing.register.database import facts
from nmosd_dosing.register.database.store import Act, Author
from tests.kit.command import run
from tests.kit.postgres import Server
from tests.kit.register_tables import REGIMENS, Trial, exported, made_of, random_tables, replayed, text_of, without_places, write_tables
from tests.kit.registers import Addresses, Place, place_at
from tests.kit.written import NOW

Places = Callable[[], Place]
AS_OF = ("--as-of", "2025-07-07")
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("check", *AS_OF, "--format", "json"),
    ("due", *AS_OF, "--format", "json", "--ahead", "8w"),
    ("due", *AS_OF, "--format", "csv", "--at-site", "01"),
    ("prepare", *AS_OF, "--from", "2025-06-01", "--days", "60", "--format", "json"),
    ("board", *AS_OF),
    ("cohort", "--format", "csv"),
    ("plan", "--subject", "0101", *AS_OF, "--format", "json"),
    ("screen", "--format", "json"),
)
fresh = [HealthCheck.function_scoped_fixture]  # each call of it gives another place
soon = [Phase.explicit, Phase.generate]  # a seed says all: there is nothing smaller to look for
few = settings(max_examples=4, suppress_health_check=fresh, phases=soon)


@pytest.fixture
def places(addresses: Addresses) -> Iterator[Places]:
    """Places for registers that are not there yet, as often as it is called."""
    with contextlib.ExitStack() as stack:
        yield lambda: place_at(stack.enter_context(addresses()))


def asked(command: tuple[str, ...], options: tuple[str, ...], regimen: str = REGIMENS[0]) -> tuple[int, bytes, str]:
    """A command with those of the tables that it takes."""
    without = ("--visits", "--weighings", "--measurements") if command[0] == "screen" else ("--history",)
    pairs = zip(options[::2], options[1::2], strict=True)
    taken = [text for name, path in pairs if name not in without for text in (name, path)]
    return run(*command, "--regimen", regimen, *(taken[1:] if command[0] == "cohort" else taken))


@pytest.mark.parametrize("regimen", REGIMENS)
@few
@given(st.integers(0, 2**32), st.integers(1, 5))
def test_every_command_gives_the_bytes_of_its_tables_and_the_way_out_is_a_way_in(
    places: Places, regimen: str, seed: int, count: int
) -> None:  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        options = write_tables(folder / "in", random_tables(random.Random(seed), count, regimen))
        trial = made_of(places(), folder, options, regimen)
        assert isinstance(trial, Trial), trial
        trial.out("register", "export", str(folder / "out"))
        theirs = exported(folder / "out")
        for command in COMMANDS:
            if command[0] == "screen" and regimen != REGIMENS[0]:
                continue  # it has no criteria
            by_tables = asked(command, theirs, regimen)
            by_register = trial.run(*command)
            assert (by_tables[0], without_places(by_tables[1])) == (by_register[0], without_places(by_register[1])), by_register[2]
            assert by_tables[0] != 2 or "0101" in by_tables[2] or "site `01`" in by_tables[2], by_tables[2]
        again = made_of(places(), folder, theirs, regimen)
        assert isinstance(again, Trial), again
        again.out("register", "export", str(folder / "again"))
        for file in (folder / "out").iterdir():
            assert (folder / "again" / file.name).read_bytes() == file.read_bytes()


@pytest.mark.parametrize("regimen", REGIMENS)
@few
@given(st.integers(0, 2**32), st.integers(1, 5))
def test_what_tables_bring_a_second_time_is_there_already(places: Places, regimen: str, seed: int, count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        options = write_tables(folder / "in", random_tables(random.Random(seed), count, regimen))
        trial = made_of(places(), folder, options, regimen)
        assert isinstance(trial, Trial), trial
        with trial.store() as store:
            head = store.head()
        code, out, said = trial.run("register", "import", "--regimen", regimen, *options)
        assert code == 0, said
        with trial.store() as store:
            assert store.head() == head
        for line in out.decode().splitlines()[1:]:
            assert line.split()[1:3] == ["0", "0"] and line.split()[4] == "0", line


@settings(max_examples=8, suppress_health_check=fresh, phases=soon)
@given(st.integers(0, 2**32))
def test_the_past_is_what_a_replay_of_the_trail_gives(places: Places, seed: int) -> None:
    chance = random.Random(seed)
    regimen = chance.choice(REGIMENS)
    with tempfile.TemporaryDirectory() as name:
        folder, place = Path(name), places()
        trial = made_of(place, folder, write_tables(folder / "in", random_tables(chance, chance.randint(1, 4), regimen)), regimen)
        assert isinstance(trial, Trial), trial
        opened = register.open(place.owner)
        _change(opened, chance)
        opened.close()
        with trial.store() as store:
            last = store.head().seq
            for known in range(last + 1):
                theirs = replayed(store, known)
                for table, rows in theirs.items():
                    held = facts.holding(store, table, known=known)
                    codes = {f.person: f.cells["subject"] for f in facts.holding(store, "subjects", known=known) if f.cells}
                    mine = [{**(f.cells or {}), "subject": codes[f.person]} for f in held if f.person in codes]
                    assert mine == rows, (table, known)
            known = chance.randint(4, last)
            then = replayed(store, known)
        if then["subjects"]:
            theirs_then = write_tables(folder / "then", then)
            by_tables = asked(("due", *AS_OF, "--format", "json"), theirs_then, regimen)
            by_register = trial.run("due", *AS_OF, "--format", "json", "--as-known", str(known))
            assert (by_tables[0], without_places(by_tables[1])) == (by_register[0], without_places(by_register[1])), by_register[2]


def _change(opened: register.Register, chance: random.Random) -> None:
    """Corrections and withdrawals of rows that hold: dates move, codes change, rows go; people go with all that is theirs."""
    author = Author("chief", "manager")
    for _ in range(chance.randint(1, 6)):
        table = chance.choice(("subjects", "events", "visits", "weighings", "measurements"))
        there = facts.holding(opened.facts, table)
        if not there:
            continue
        fact = chance.choice(there)
        cells = dict(fact.cells or {})
        if table == "subjects":
            cells["subject"] += "x"
            acts = [Act("correct", table, cells, "its code", person=fact.person, site=fact.site, replaces=fact.seq)]
        elif chance.random() < 0.5:
            acts = [Act("withdraw", table, None, "was another's", person=fact.person, site=fact.site, replaces=fact.seq)]
        else:
            cells["comment"] = "corrected"
            acts = [Act("correct", table, cells, "a comment", person=fact.person, site=fact.site, replaces=fact.seq)]
        opened.facts.write(acts, author, NOW)


@pytest.mark.integration
@few
@given(st.integers(0, 2**32), st.integers(1, 5))
def test_both_databases_give_the_same_tables(
    postgres_server: Server, tmp_path_factory: pytest.TempPathFactory, seed: int, count: int
) -> None:
    folder = tmp_path_factory.mktemp("both")
    options = write_tables(folder / "in", random_tables(random.Random(seed), count))
    with postgres_server.database() as address:
        for where, owner in (("server", address), ("file", str(folder / "trial.db"))):
            trial = made_of(place_at(owner), folder, options)
            assert isinstance(trial, Trial), trial
            trial.out("register", "export", str(folder / where))
    for table in (folder / "server").iterdir():
        assert table.read_bytes() == (folder / "file" / table.name).read_bytes()


def test_a_table_of_the_kit_is_read_as_it_is_meant() -> None:
    assert text_of([{"subject": "=1+1", "comment": 'a "b", c'}]) == 'subject,comment\r\n\'=1+1,"a ""b"", c"\r\n'
