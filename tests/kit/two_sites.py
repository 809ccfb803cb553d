"""Registers of a blinded trial with two sites, of which only one thing is otherwise; and all that can be asked of them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence

from nmosd_dosing.language import catalog
from nmosd_dosing.register import register
from nmosd_dosing.register.database.store import Act, Author
from nmosd_dosing.register.reading import studies
from tests.kit.command import run
from tests.kit.registers import Made

NOW = dt.datetime(2025, 7, 8, 2, 12, tzinfo=dt.UTC)
ZONE = "Asia/Shanghai"
AS_OF = ("--as-of", "2025-07-07")
BLINDED = ("coordinator", "site-pharmacist", "monitor")
ROLES = {"coordinator": "co", "site-pharmacist": "sp", "unblinded-pharmacist": "up", "monitor": "mo", "manager": "chief"}
"""The account of each role."""

READING: Mapping[str, tuple[str, ...]] = {
    "plan": ("plan", "--subject", "0101", *AS_OF),
    "calendars": ("plan", "--ics-dir", "out", "--stamp", "2025-07-07T08:00:00Z"),
    "plan of one": ("plan", "--subject", "0101", "--format", "json"),
    "check": ("check", *AS_OF),
    "check, as known": ("check", *AS_OF, "--as-known", "2025-07-08T02:12Z"),
    "due": ("due", *AS_OF, "--ahead", "30w"),
    "slots": ("slots", "--subject", "0101", "--visit", "rcp/D182", *AS_OF),
    "prepare": ("prepare", *AS_OF, "--from", "2025-01-01", "--days", "400"),
    "order": ("order", *AS_OF, "--from", "2025-01-01", "--days", "400"),
    "board": ("board", *AS_OF),
    "cohort": ("cohort",),
    "handout": ("handout", "--subject", "0101", *AS_OF),
    "screen": ("screen", "--subject", "0101", "--regimen", "bat4406f"),
    "history": ("register", "history"),
    "history as JSON": ("register", "history", "--format", "json"),
    "files": ("register", "files"),
    "export": ("register", "export", "out", "--over"),
}
"""What reads, by a name."""

WRITING: Mapping[str, tuple[str, ...]] = {
    "record a visit": ("register", "record", "visits", "subject=0101", "visit=rcp/D182", "date=2025-07-07"),
    "record an event": ("register", "record", "events", "subject=0101", "event=relapse", "date=2025-07-04"),
    "record a weight": ("register", "record", "weighings", "subject=0101", "date=2025-07-04", "weight_kg=61"),
    "record what was had": ("register", "record", "history", "subject=0101", "what=rituximab", "from=2024-01-01"),
    "record a subject": ("register", "record", "subjects", "subject=0107", "site=01", "start=2025-03-03"),
}
"""What writes, by a name."""


def filled(made: Made, other: Sequence[str] = ("0201", "2025-02-03", "seen at two"), arm: str | None = "placebo") -> Made:
    """A register with a subject at each site, and an account of each role, which is of site 01. `other`: the code, day 1 and comment of the
    subject of site 02; `arm`: that of both."""
    for role, name in ROLES.items():
        if role != "manager":
            made.account(name, role, "01")
    opened = register.open(made.place.owner)
    file = catalog.file_of("bat4406f")
    _, study = studies.adopted(opened.facts, "study", "bat4406f", file.name, file.read_bytes())
    code, start, comment = other
    acts = [
        *study,
        Act("enter", "subjects", {"subject": "0101", "site": "01", "start": "2025-01-06"}, newcomer="0101", site="01"),
        Act("enter", "subjects", {"subject": code, "site": "02", "start": start}, newcomer=code, site="02"),
        Act("enter", "visits", {"subject": "0101", "visit": "rcp/D1", "date": "2025-01-06"}, newcomer="0101", site="01"),
        Act("enter", "visits", {"subject": code, "visit": "rcp/D1", "date": start, "comment": comment}, newcomer=code, site="02"),
        Act("enter", "events", {"subject": code, "event": "relapse", "date": "2025-07-01", "comment": comment}, newcomer=code, site="02"),
        Act("enter", "weighings", {"subject": code, "date": "2025-06-01", "weight_kg": "60"}, newcomer=code, site="02"),
    ]
    numbers = opened.facts.write(acts, Author("chief", "manager", ZONE), NOW)
    if arm is not None:
        persons = [number for number, act in zip(numbers, acts, strict=True) if act.what == "subjects"]
        rows = [{"subject": each, "arm": arm} for each in ("0101", code)]
        allocated = [Act("enter", "allocation", row, person=n) for n, row in zip(persons, rows, strict=True)]
        opened.arms.write(allocated, Author("up", "unblinded-pharmacist", ZONE), NOW)
    opened.close()
    return made


def asked(made: Made, command: Sequence[str], name: str) -> tuple[int, str, str]:
    """A command of an account: its exit code, what it puts out and what it says; the register's name, and what is random, is left out."""
    code, out, said = run(*command, *made.asks(name))
    shown = made.place.sites if not made.on_server else f"postgresql://{made.place.sites.rpartition('@')[2]}"
    text, said = (told.replace(made.place.sites, "REGISTER").replace(shown, "REGISTER") for told in (out.decode(), said))
    return code, re.sub('"request": "[0-9a-f]+"', '"request": "R"', text), said
