"""All benchmarks, each in a process of its own: `python -m benchmarks`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

if __name__ == "__main__":
    for name in (
        "core.py",
        "doses.py",
        "vials.py",
        "checks.py",
        "cohort.py",
        "growth.py",
        "register.py",
        "pages.py",
        "calendars.py",
        "simulation.py",
        "startup.py",
    ):
        subprocess.run([sys.executable, Path(__file__).with_name(name)], check=True)
