"""The files of the shipped studies, and their ids, which are read off the lines: a shell that completes an id does not wait until each
file is read and checked. These files are of this package, and a test says that nobody finds other ids in them."""

from __future__ import annotations

import re
from pathlib import Path


def folder() -> Path:
    """Where the shipped studies lie: in the installed package, or at the top of a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "regimens"
    return installed if installed.is_dir() else package.parent.parent / "regimens"


def files() -> tuple[Path, ...]:
    return tuple(sorted(folder().glob("*.yaml")))


def ids() -> tuple[str, ...]:
    """Every id that names a shipped study or one of its periods."""
    found: list[str] = []
    for path in files():
        study, key, periods = "", "", []
        for line in path.read_text(encoding="utf-8").splitlines():
            if top := re.match(r"(\w+):\s*(\S*)", line):
                key, study = top[1], top[2] if top[1] == "study" else study
            elif key == "periods" and (period := re.match(r"  ([\w-]+):", line)):
                periods.append(period[1])
        found += [study, *(f"{study}-{period}" for period in periods if len(periods) > 1)]
    return tuple(found)
