"""`dosing plan` over several periods, as tests run it."""

from __future__ import annotations

import json
from typing import Any

from tests.kit.command import output

BAT = ("plan", "--regimen", "bat4406f", "--start", "2025-01-06")
RELAPSE = ("--on", "relapse=2025-06-20", "--on", "relapse_confirmed=2025-06-25")


def plan(*arguments: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(output(*arguments, "--format", "json"))
    return made


def move(made: dict[str, Any]) -> tuple[Any, ...]:
    [found] = made["transitions"]
    return tuple(found[name] for name in ("rule", "trigger_date", "earliest", "latest", "entered", "status"))


def dates(made: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {v["id"]: (v["target"], v["status"]) for v in made["visits"]}
