"""`dosing compare` as tests run it."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from tests.kit.command import output

JANUARY = dt.date(2025, 1, 6)


def as_json(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(output("compare", *arguments, "--format", "json"))
    return found
