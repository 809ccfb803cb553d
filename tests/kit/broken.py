"""Broken files and what holds of every message about one; YAML as editors read it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from rich.cells import cell_len

from nmosd_dosing.errors import Problem
from nmosd_dosing.screen import printable
from tests.kit.paths import ROOT

BROKEN = ROOT / "tests" / "broken"
NAMES = sorted(path.stem for path in BROKEN.glob("*.yaml"))

# Files that are only doubtful: exit code 0, and standard output (the last line of their texts) says that they are fine.
WARNINGS = {
    "open-tells-allocation",
    "open-tells-by-assessment",
    "open-tells-by-hours",
    "open-tells-by-words",
    "or-later-overlaps",
    "site-unknown-study",
    "site-window-unused",
    "windows-overlap",
    "windows-overlap-across-an-arm",
    "windows-overlap-chinese",
    "windows-overlap-contained",
    "windows-overlap-many",
    "windows-overlap-range",
    "windows-overlap-range-contains",
    "windows-overlap-two-entries",
}
# fmt: off
ODD = [
    "\t", " ", "\n", "\r", ":", ",", "-", "#", "'", '"', "{", "}", "[", "]", "&a ", "*a", "!!x ", "|", ">", "%", "0", "1", "9",
    "µ", "±", "−", "甲", "：", "，", "１", "\u00a0", "\u200b",
    "\u2028", "\u202e", "\u3000", "\ufeff", "\x00", "\x1b", "e\u0301", "👩\u200d🔬", "\ud800",
]
# fmt: on


def check_drawn(problems: Iterable[Problem]) -> None:
    """Each problem draws itself, and its carets stand under characters of the line."""
    for problem in problems:
        rows = problem.draw().split("\n")
        assert rows[0].startswith(f"{problem.severity}: ")
        places = [place for place in (problem.place, *(place for _, place in problem.also)) if place is not None]
        carets = [row for row in rows if re.match(r" +\| +\^|  *\| \^", row)]
        assert len(carets) >= len(places)
        for place in places:
            assert 0 <= place.start < place.end
            assert place.column <= max(1, len(place.document.seen(place)[0])), problem
        for place, row in zip(places, carets, strict=False):
            margin = len(str(max(place.line for place in places))) + 3
            assert row.rindex("^") < margin + cell_len(printable(place.document.seen(place)[0])) + 2, problem


class Core(yaml.CSafeLoader):
    """YAML as an editor loads it for a schema: texts, whole numbers, true and false, null; a date stays a text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - as PyYAML declares it


Core.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), list("tTfF"))
Core.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(?:~|null|Null|NULL|)\Z"), ["~", "n", "N", ""])
Core.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?[0-9]+\Z"), list("-+0123456789"))
Core.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value) if len(node.value) < 1000 else node.value)


def as_json(value: Any) -> Any:
    """Keys are texts in JSON."""
    if isinstance(value, dict):
        return {str(key).lower() if isinstance(key, bool) else str(key): as_json(item) for key, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, list) else value


def load(path: Path) -> Any:
    return as_json(yaml.load(path.read_bytes().decode("utf-8-sig"), Loader=Core))
