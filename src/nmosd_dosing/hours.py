"""Hours and minutes: how long something takes, or lies before or after another thing, in whole minutes."""

from __future__ import annotations

import datetime as dt

DAY = 24 * 60  # minutes


def minutes_text(minutes: int) -> str:
    """A time as a file writes it: `30 min`, `1 h`, `1.5 h`, `75 min`."""
    if minutes < 60 or minutes % 30:
        return f"{minutes} min"
    return f"{minutes // 60}{'.5' if minutes % 60 else ''} h"


def iso_minutes(minutes: int) -> str:
    """The same by ISO 8601, as SDTM has an elapsed time: `PT1H30M`, `-PT15M`."""
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else ''}PT{f'{hours}H' if hours else ''}{f'{rest}M' if rest or not hours else ''}"


def minutes_between(later: dt.datetime, earlier: dt.datetime) -> int:
    """Whole minutes by the clock from one time to another; negative where the other comes later."""
    return (later - earlier) // dt.timedelta(minutes=1)


def nominal_days(minutes: int) -> int:
    """How many calendar days a nominal time lies from its dose where no hour is known: 24 h is the next day, 23 h is not."""
    return minutes // DAY if minutes >= 0 else -(-minutes // DAY)
