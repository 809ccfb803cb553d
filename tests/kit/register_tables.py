"""Tables of small invented trials, the register that is made of them, and its trail replayed without the program."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from nmosd_dosing.register import register
from nmosd_dosing.register.database.store import Store
from tests.kit.command import run
from tests.kit.paths import ROOT
from tests.kit.registers import PASSWORD, Place

Rows = Sequence[Mapping[str, str]]
OF_FACTS = ("subjects", "events", "visits", "weighings", "measurements", "history")
CODES = ("0101", "0102", "01-A", "0201", "患者3", 'say "x", y', "=1+1", "'0301")
SITES = ("01", "02", "北京协和", "")
COMMENTS = ("", "", "came late", "发热, 38.5", 'he said "no"', "=SUM(A1)", "-", "a;b", "'quoted")
VISITS = {  # by regimen, of which one doses by a value, visits and their days after day 1
    "bat4406f": (("rcp/D1", 0), ("rcp/D182", 181), ("unscheduled", 363)),
    str(ROOT / "examples" / "values.yaml"): (("D1", 0), ("main/D29", 28), ("unscheduled", 40)),
}
REGIMENS = tuple(VISITS)
PLACE = re.compile(r"\((?:number [0-9]+ of [a-z]+|[^()\s]*[a-z]+\.csv:[0-9]+:[0-9]+)\)")


def random_tables(chance: random.Random, count: int, regimen: str = REGIMENS[0]) -> dict[str, Rows]:
    """Tables of so many people of a regimen; nothing in them contradicts itself, though visits may be late."""
    codes = chance.sample(CODES, count)
    subjects, events, visits, weighings, measurements, history = [], [], [], [], [], []
    for code in codes:
        start = dt.date(2025, 1, 6) + dt.timedelta(chance.randint(-40, 40))
        subjects.append({
            "subject": code, "start": f"{start}", "site": chance.choice(SITES), "weight_kg": chance.choice(("", "61.5", "70")),
            "sex": chance.choice(("", "F", "M")),
        })  # fmt: skip
        for visit, day in VISITS[regimen][: chance.randint(0, 3)]:
            date = start + dt.timedelta(day + (chance.choice((0, 0, -1, 2, 9)) if day else 0))
            status = chance.choice(("done", "done", "partial", "missed")) if day else "done"
            reason = "fever" if status == "missed" else ""
            row = {
                "subject": code,
                "visit": visit,
                "date": f"{date}",
                "status": status,
                "reason": reason,
                "comment": chance.choice(COMMENTS),
            }
            visits.append(row)
        if chance.random() < 0.4:
            happened = start + dt.timedelta(chance.randint(20, 150))
            events.append({"subject": code, "event": "relapse", "date": f"{happened}", "comment": chance.choice(COMMENTS)})
        for later in chance.sample(range(10, 300), chance.randint(0, 2)):
            weighings.append({"subject": code, "date": f"{start + dt.timedelta(later)}", "weight_kg": chance.choice(("62", "64.25"))})
        for later in chance.sample(range(-20, 60), chance.randint(0, 3)) if regimen != REGIMENS[0] else ():
            measurements.append({
                "subject": code, "what": chance.choice(("eGFR", "egfr")), "date": f"{start + dt.timedelta(later)}",
                "value": chance.choice(("14.9", "45", "59.90", "60")), "comment": chance.choice(COMMENTS),
            })  # fmt: skip
        if chance.random() < 0.5:
            history.append({"subject": code, "what": "rituximab", "from": chance.choice(("2023-05", "2022", "2021-02-03")), "to": ""})
    return {
        "subjects": subjects, "events": events, "visits": visits, "weighings": weighings, "measurements": measurements, "history": history,
    }  # fmt: skip


def text_of(rows: Rows) -> str:
    """A table as somebody else would write it: every column in every row; a text that a spreadsheet would run keeps its apostrophe."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([[_guarded(row.get(name, "")) for name in columns] for row in rows])
    return out.getvalue()


def _guarded(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "@", "-") and text != "-" else text


def write_tables(folder: Path, tables: Mapping[str, Rows]) -> tuple[str, ...]:
    """Writes tables into a folder; the options that name them. A table without rows is not written."""
    folder.mkdir(exist_ok=True)
    options: list[str] = []
    for name, rows in tables.items():
        if rows:
            (folder / f"{name}.csv").write_text(text_of(rows), "utf-8", newline="")
            options += [f"--{name}", str(folder / f"{name}.csv")]
    return tuple(options)


def exported(folder: Path) -> tuple[str, ...]:
    """The options that name the tables of a folder into which a register was exported; those of which there is a row."""
    return tuple(
        text
        for name in OF_FACTS
        if len((path := folder / f"{name}.csv").read_bytes().splitlines()) > 1
        for text in (f"--{name}", str(path))
    )


class Trial(Struct, frozen=True):
    """A register that was made on the command line, and how its manager asks it."""

    place: Place
    asks: tuple[str, ...]

    def run(self, *arguments: str) -> tuple[int, bytes, str]:
        """A command with the register."""
        return run(*arguments, *self.asks)

    def out(self, *arguments: str) -> bytes:
        """What a command puts out, which must work."""
        code, out, said = self.run(*arguments)
        assert code in (0, 1), said
        return out

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Its store of facts, for whoever owns it."""
        opened = register.open(self.place.owner)
        yield opened.facts
        opened.close()


def made_of(place: Place, folder: Path, options: Sequence[str], regimen: str = REGIMENS[0]) -> Trial | str:
    """A register of the tables that options name; what is said where it is refused."""
    folder.mkdir(exist_ok=True)
    password = folder / "password"
    password.write_text(PASSWORD, "utf-8")
    password.chmod(0o600)
    server = place.owner != place.sites
    who = ("--account", "chief", "--password-file", str(password)) if server else ()
    code, _, said = run("register", "init", "--regimen", regimen, *options, "--register", place.owner, *who)
    if code:
        assert code == 2, said
        return said
    place.let_in()
    return Trial(place, ("--register", place.sites, *who))


def without_places(text: bytes) -> str:
    """What was put out, whatever it says of where in a table, or at which number, something stands."""
    return PLACE.sub("()", text.decode())


# --- the trail, replayed by hand ---------------------------------------------------------------------------------------


def replayed(store: Store, known: int) -> dict[str, list[dict[str, str]]]:
    """By table, the rows that hold once so many entries are written, one after another; of people, with the code that each has then. It
    knows nothing of how the program asks the database."""
    there: dict[int, tuple[str, int | None, dict[str, str]]] = {}
    for entry in store.entries():
        if entry["seq"] > known:
            break
        if entry["action"] in ("correct", "withdraw"):
            there.pop(entry["replaces"], None)
        if entry["action"] in ("enter", "correct"):
            there[entry["seq"]] = entry["what"], entry["person"], json.loads(entry["cells"] or "{}")
    codes = {person: cells["subject"] for what, person, cells in there.values() if what == "subjects"}
    tables: dict[str, list[dict[str, str]]] = {name: [] for name in OF_FACTS}
    for _, (what, person, cells) in sorted(there.items(), key=lambda item: (item[1][1] or 0, item[0])):
        if what in tables and person in codes:
            tables[what].append({**cells, "subject": codes[person]})
    return tables
