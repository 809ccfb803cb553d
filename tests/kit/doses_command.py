"""`dosing doses` as tests run it."""

from __future__ import annotations

import json
from typing import Any

from tests.kit.command import output

BELIMUMAB = ("doses", "--regimen", "belimumab")
WEIGHTS = ("--weights", "45,60,75,102.5")


def as_json(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(output("doses", *arguments, "--format", "json"))
    return found
