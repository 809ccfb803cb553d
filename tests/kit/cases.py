"""The tables of `tests/cases/`, read."""

from __future__ import annotations

import re
from typing import Any

import yaml

from tests.kit.paths import ROOT

CASES = ROOT / "tests" / "cases"


def load(name: str) -> Any:
    return yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf-8"))


def columns(table: str) -> list[dict[str, str]]:
    """Rows of a table whose cells stand two spaces apart; a cell may be missing at a row's end."""
    heading, *rows = (re.split(r"\s{2,}", line.strip()) for line in table.strip().splitlines())
    return [dict(zip(heading, row, strict=False)) for row in rows]
