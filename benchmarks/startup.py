"""How long `dosing` takes until it has answered, against an interpreter that only loads what it must."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from race import heading, race, row

ROUNDS = 15
HEAVY = ("numpy", "icalendar", "pydantic", "rich", "yaml")
PLAN = ("plan", "--regimen", "mil62-rcp", "--start", "2025-01-06")
RUNS = {
    "dosing --help": (("--help",), "typer"),
    "dosing plan --format json": ((*PLAN, "--format", "json"), "typer, yaml, numpy"),
    "dosing plan, a table": (PLAN, "typer, yaml, numpy, rich.table, rich.console"),
}


def dosing() -> list[str]:
    """The installed command beside this interpreter; else the package itself."""
    found = shutil.which("dosing", path=str(Path(sys.executable).parent))
    return [found] if found else [sys.executable, "-m", "nmosd_dosing"]


def process(*command: str) -> Callable[[], object]:
    return lambda: subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)


def wall() -> None:
    contestants = {"pass": process(sys.executable, "-c", "pass")}
    for name, (arguments, needs) in RUNS.items():
        contestants[name] = process(*dosing(), *arguments)
        contestants[needs] = process(sys.executable, "-c", f"import {needs}")
    seconds = race(contestants, ROUNDS)
    heading("startup: wall time of a whole process, piped")
    for name, (_, needs) in RUNS.items():
        row(f"{name} / python -c pass", seconds[name] / seconds["pass"])
        row(f"{name} / import {needs}", seconds[name] / seconds[needs])


def imports(*arguments: str) -> Counter[str]:
    """Microseconds that loading took, by top-level module, what a module loads itself not counted with it."""
    command = (sys.executable, "-X", "importtime", "-m", "nmosd_dosing", *arguments)
    log = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    spent: Counter[str] = Counter()
    for line in log.splitlines():
        own, _, module = line.removeprefix("import time:").split("|")
        if own.strip().isdigit():
            spent[module.strip().split(".")[0]] += int(own)
    return spent


def loaded() -> None:
    heading("startup: what is imported")
    spent = imports("--help")
    print(f"  dosing --help loads of {', '.join(HEAVY)}: {', '.join(m for m in HEAVY if m in spent) or 'none'}")
    for name in ("dosing plan --format json", "dosing plan, a table"):
        spent = imports(*RUNS[name][0])
        print(f"  {name}: share of the time spent on imports, the ten most expensive")
        print("    " + ", ".join(f"{module} {time / spent.total():.0%}" for module, time in spent.most_common(10)))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as bytecode:  # compiled once, as after an ordinary install, and not beside the sources
        os.environ |= {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": bytecode}
        wall()
        loaded()
