"""Monday 2025-01-06, on which subjects begin; and other days as texts."""

from __future__ import annotations

import datetime as dt

START = dt.date(2025, 1, 6)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
