"""`dosing cohort` as tests run it: tables given as texts, in a folder of their own."""

from __future__ import annotations

import contextlib
import csv
import subprocess
from pathlib import Path

from tests.kit.command import dosing

GOOD = "subject,start,weight_kg,site\nA1,2025-01-06,60,S1\nA2,2025-01-07,71.5,S2\n"


def cohort(folder: Path, *arguments: str, regimen: str = "bat4406f", **files: str | bytes) -> subprocess.CompletedProcess[str]:
    """The command in a folder with the tables `NAME.csv`."""
    for name, content in files.items():
        (folder / f"{name}.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    with contextlib.chdir(folder):
        return dosing("cohort", "--regimen", regimen, "subjects.csv", *arguments)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def subjects_of(text: str) -> list[str]:
    return list(dict.fromkeys(row["subject"] for row in rows(text)))


SEVEN = "subject,start,weight_kg\n" + "".join(f"A{i},2025-01-0{i},60\n" for i in range(1, 8))


STOPS = """language: 1
study: stops
title: A study that stops with its third subject
source: not stated
days: from 1
products: {X: {route: oral}}
periods:
  main:
    length: 52 weeks
    visits: [{at: [D1, D29], give: X 500 mg}]
  more:
    visits: [{at: D1, give: X 500 mg}]
study stop: {earliest of: [first dose of subject 3]}
transitions:
  - {id: stopped, from: main, to: more, after: study stop, within: 28 days}
  - {id: over, from: main, to: more, after: end of main, within: 28 days}
"""
