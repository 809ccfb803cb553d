"""A register against the tables that it holds, against plain SQLite, and as it grows: to 100,000 facts; to a million with `--million`.

A site has 60 subjects, whoever else there is; all is measured in processor time, since disks wait differently.
"""

from __future__ import annotations

import datetime as dt
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace
from race import heading, race, row

from nmosd_dosing.language import catalog
from nmosd_dosing.register import register
from nmosd_dosing.register.database import chain, facts
from nmosd_dosing.register.database.store import Act, Author
from nmosd_dosing.register.reading import counting, tables
from nmosd_dosing.register.reading.verifying import verify
from nmosd_dosing.register.register import Register
from nmosd_dosing.subjects.tables.written import table_bytes

SUBJECTS, SITE = 3_000, 60  # of the command line; of a site
GROWTH = (10_000, 100_000, *((1_000_000,) if "--million" in sys.argv else ()))
AS_OF = "2025-07-07"
ANNA, NOON = Author("anna", "coordinator", "Asia/Shanghai"), dt.datetime(2025, 7, 1, 12, tzinfo=dt.UTC)
VISITS = [("rcp", "W1D1", 0), ("rcp", "W3D1", 14), ("rcp", "W25D1", 168), ("rcp", "W27D1", 182), ("olp", "W1D1", 364),
          ("olp", "W3D1", 378), ("olp", "W27D1", 546), ("olp", "W53D1", 728), ("olp", "W79D1", 910), ("olp", "W105D1", 1092)]  # fmt: skip


def subject(number: int) -> dict[str, str]:
    start = dt.date(2021, 1, 4) + dt.timedelta(number % 700)
    return {"subject": f"{number:06}", "start": f"{start}", "weight_kg": f"{50 + number % 40}", "site": f"{number // SITE:05}"}


def visits(number: int) -> list[dict[str, str]]:
    start = dt.date(2021, 1, 4) + dt.timedelta(number % 700)
    return [
        {"subject": f"{number:06}", "period": period, "visit": label, "date": f"{start + dt.timedelta(days)}", "status": "done"}
        for period, label, days in VISITS
    ]


def events(number: int) -> list[dict[str, str]]:
    """Every twentieth has a relapse, and it is confirmed."""
    start = dt.date(2021, 1, 4) + dt.timedelta(number % 700)
    days = (("relapse", 100), ("relapse_confirmed", 110)) if number % 20 == 0 else ()
    return [{"subject": f"{number:06}", "event": event, "date": f"{start + dt.timedelta(day)}"} for event, day in days]


def acts(subjects: range) -> Iterator[Act]:
    """Each subject with the ten visits, and the events."""
    for number in subjects:
        mine, at = subject(number), f"{number // SITE:05}"
        yield Act("enter", "subjects", mine, newcomer=mine["subject"], site=at)
        yield from (Act("enter", "visits", cells, newcomer=mine["subject"], site=at) for cells in visits(number))
        yield from (Act("enter", "events", cells, newcomer=mine["subject"], site=at) for cells in events(number))


def filled(path: Path, count: int) -> Register:
    made = register.make(str(path))
    subjects = range(count // 11 + 1)
    for begin in subjects[::2_000]:
        made.facts.write(list(acts(subjects[begin : begin + 2_000])), ANNA, NOON)
    return made


def seconds_of(*command: str) -> float:
    """Processor time of a command in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "nmosd_dosing", *command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def fewest(runs: dict[str, Sequence[str]], rounds: int = 3) -> dict[str, float]:
    """The least processor time of each command, in turns."""
    turns = [{name: seconds_of(*command) for name, command in runs.items()} for _ in range(rounds)]
    return {name: min(turn[name] for turn in turns) for name in runs}


def at_the_command_line(folder: Path) -> None:
    people, done = [subject(number) for number in range(SUBJECTS)], [visit for number in range(SUBJECTS) for visit in visits(number)]
    everybody = {"subjects": people, "visits": done}
    one_site = {"subjects": people[:SITE], "visits": done[: SITE * len(VISITS)]}
    for name, people_of in (("all", everybody), ("site", one_site)):
        for table, rows in people_of.items():
            (folder / f"{table}-{name}.csv").write_bytes(table_bytes(table, rows))

    def of(name: str) -> list[str]:
        return [
            "--regimen", "mil62", "--subjects", str(folder / f"subjects-{name}.csv"), "--visits", str(folder / f"visits-{name}.csv")
        ]  # fmt: skip

    held = str(folder / "trial.db")
    checking, taken = seconds_of("check", *of("all"), "--as-of", AS_OF), seconds_of("register", "init", "--register", held, *of("all"))
    same = ["--at-site", "00000", "--as-of", AS_OF]
    seconds = fewest({
        "register": ["due", "--register", held, *same],
        "of its own": ["due", *of("site"), *same],
        "of all": ["due", *of("all"), *same],
        "start": ["register", "head", "--register", held],
    })  # fmt: skip
    heading(f"a register of {SUBJECTS:,} subjects and {len(done):,} visits, and one site of {SITE} subjects")
    row("register init / check of the same tables", taken / checking, f"{taken:.1f} s")
    beyond = (seconds["register"] - seconds["of its own"]) * 1000
    row("due of a site: from the register / from its own tables", seconds["register"] / seconds["of its own"], f"{beyond:.0f} ms more")
    row("due of a site: from the tables of all / from the register", seconds["of all"] / seconds["register"])
    more = (seconds["register"] - seconds["start"]) * 1000
    row("due of a site from the register / register head", seconds["register"] / seconds["start"], f"{more:.0f} ms more")


def growth(folder: Path) -> None:
    found = {}
    for count in GROWTH:
        begin = time.process_time()
        made = filled(folder / f"{count}.db", count)
        taken = time.process_time() - begin
        found[count] = race(contestants(made, folder / f"{count}.plain.db"), 3, time.process_time)
        if count == GROWTH[1]:
            beside_hashing(made, taken / count, found[count])
        made.close()
    few = GROWTH[0]
    heading(f"growth: from {few:,} facts, in processor time")
    for count in GROWTH[1:]:
        for what in ("correction", "site", "stop"):
            ratio = found[count][what] / found[few][what]
            row(f"{SAID[what]}: {count:,} / {few:,} facts", ratio, f"{found[count][what] * 1000:.1f} ms; goal: about 1")


def beside_hashing(made: Register, writing: float, seconds: dict[str, float]) -> None:
    """What a fact costs when it is written and verified. `writing`: the seconds of one; `seconds`: of the contestants."""
    entries = list(made.facts.entries())
    of = race({"verify": lambda: verify(made.facts), "hashing": lambda: hashed(entries)}, 1, time.process_time)
    hashing, verifying = of["hashing"] / len(entries), of["verify"] / len(entries)
    heading(f"a store of {len(entries):,} facts, in processor time")
    row("written / hashing alone", writing / hashing, f"{writing * 1e6:.0f} µs a fact")
    row("verify / hashing alone", verifying / hashing, f"{verifying * 1e6:.0f} µs an entry")
    row("one correction / one insert of plain SQLite", seconds["correction"] / seconds["plain"], f"{seconds['correction'] * 1000:.1f} ms")


SAID = {"correction": "one correction", "site": "the tables of one site", "stop": "the study stop, counted"}


def contestants(made: Register, plain_file: Path) -> dict[str, Callable[[], object]]:
    """A correction of a row that holds, that reads what it replaces; the tables of one site; the stop of the study, by the rules of
    BAT4406F; and an insert in the plain way."""
    plain = sqlite3.connect(plain_file, isolation_level=None)
    plain.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE visits (seq INTEGER PRIMARY KEY, cells TEXT)")
    text = chain.canonical(visits(0)[0])

    def correction() -> None:
        seen = made.facts.head().seq
        mine = facts.holding(made.facts, "visits", persons=[1])[0]
        assert mine.cells is not None
        made.facts.write([Act("correct", "visits", mine.cells, "7 typed for 8", 1, None, mine.site, mine.seq)], ANNA, NOON, seen=seen)

    mil62, bat4406f = (catalog.find_plan(id, None)[0] for id in ("mil62", "bat4406f"))
    stopped = replace(mil62, stop=bat4406f.stop)

    def stop() -> None:
        found = dict(counting.over_everybody(stopped, made, None, dt.date.fromisoformat(AS_OF)))
        assert found["12 months after first dose of subject 162"] is not None

    whose = tables.Whose(sites=frozenset({"00001"}))
    assert len(tables.held(made, ["visits"], whose)["visits"]) == SITE * len(VISITS)
    return {
        "correction": correction,
        "site": lambda: tables.contents(tables.held(made, ["subjects", "visits"], whose)),
        "stop": stop,
        "plain": lambda: plain.execute("INSERT INTO visits (cells) VALUES (?)", [text]),
    }


def hashed(entries: Sequence[dict[str, object]]) -> None:
    for entry in entries:
        assert chain.hashed(entry) == entry["hash"]
        assert chain.digest(entry["cells"], entry["reason"], entry["salt"]) == entry["digest"]  # type: ignore[arg-type]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        at_the_command_line(Path(temporary))
        growth(Path(temporary))
