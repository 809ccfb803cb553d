"""`dosing plan --ics` as tests run it: for one subject or a table, with what it says and what the file then holds."""

from __future__ import annotations

import subprocess
from pathlib import Path

from nmosd_dosing.calendar import ical
from nmosd_dosing.calendar.ical import KeptEntry
from tests.kit.command import dosing

JANUARY, FEBRUARY, MARCH = ("2025-01-01T00:00:00Z", "2025-02-01T00:00:00Z", "2025-03-01T00:00:00Z")


def write(*arguments: str, stamp: str = JANUARY, ics: str = "v.ics", regimen: str = "mil62-rcp", subject: str = "0012") -> str:
    """`dosing plan --ics`; what it says about the calendar, but for its lines about single entries."""
    said = say(*arguments, stamp=stamp, ics=ics, regimen=regimen, subject=subject)
    return "".join(line for line in said.splitlines(keepends=True) if not line.startswith("  "))


def say(*arguments: str, stamp: str = JANUARY, ics: str = "v.ics", regimen: str = "mil62-rcp", subject: str = "0012") -> str:
    """All that it says."""
    start = () if "--start" in arguments else ("--start", "2025-01-06")
    done = dosing("plan", "--regimen", regimen, "--subject", subject, "--ics", ics, "--stamp", stamp, *start, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stderr


def records(path: str = "v.ics") -> dict[str, KeptEntry]:
    """By the visit's label, of a calendar whose summaries are `… LABEL (0012)`."""
    found = ical.read_ics(Path(path).read_bytes(), path).records
    return {r.entry.summary.replace(" (0012)", "").rpartition(" ")[2]: r for r in found}


def study(name: str, *without: str, extra: str = "") -> str:
    """A small study with visits on D1, D29, D57, D85; without some of them."""
    days = ", ".join(day for day in ("D1", "D29", "D57", "D85") if day not in without)
    Path(name).write_text(
        "language: 1\nstudy: small\ntitle: A small study\nsource: not stated\ndays: from 1\nproducts: {X: {route: not stated}}\n"
        f"periods:\n  main:\n    visits:\n      - {{at: '{days}', give: X 5 mg}}\n{extra}"
    )
    return name


def several(table: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    Path("s.csv").write_text(table, encoding="utf-8")
    return dosing("plan", "--regimen", "belimumab", "--subjects", "s.csv", "--ics-dir", "out", "--stamp", JANUARY, *arguments)
