"""The version of this program, and what outputs call it."""

from __future__ import annotations

__version__ = "0.1.0"
PROGRAM = f"nmosd_dosing {__version__}"
