"""A second reckoning by the hour: when what is examined before and after doses is, by the clock, and what is said of when it was.

It was written from docs/language.md and docs/hours.md, with plain loops over minutes, and shares nothing with the program.
"""

from __future__ import annotations

import datetime as dt

from msgspec import Struct

MINUTE = dt.timedelta(minutes=1)


class Given(Struct, frozen=True):
    """A product at the visit: how long it takes, at which hour (minutes after midnight), so long before or after another one."""

    product: str
    over: int | None = None
    at: int | None = None
    lead: tuple[int, str] | None = None


class Time(Struct, frozen=True):
    """So many minutes after a product begins, or ends; None: at any time before it. window: minutes before and after."""

    of: str
    minutes: int | None
    of_end: bool = False
    window: tuple[int, int] | None = None


class Visit(Struct, frozen=True):
    """The times of what is examined, by its name; and the hour at which each product was given, where that is recorded."""

    date: dt.date
    gives: tuple[Given, ...]
    examined: tuple[tuple[str, Time], ...]
    recorded: tuple[tuple[str, dt.time], ...] = ()


class Row(Struct, frozen=True):
    name: str
    of: str
    minutes: int | None
    of_end: bool
    date: dt.date
    time: dt.datetime | None
    earliest: dt.datetime | None
    latest: dt.datetime | None


def begins(visit: Visit, product: str) -> dt.datetime | None:
    """When a product begins: as recorded, else as the file says, at an hour or from another product of which it is known."""
    midnight = dt.datetime.combine(visit.date, dt.time())
    recorded = dict(visit.recorded)
    gives = {given.product: given for given in visit.gives}

    def known(name: str) -> dt.datetime | None:
        if name in recorded:
            return dt.datetime.combine(visit.date, recorded[name])
        at = planned(name)
        return midnight + at * MINUTE if at is not None else None

    def planned(name: str) -> int | None:
        given = gives[name]
        if given.at is not None:
            return given.at
        if given.lead is None:
            return None
        before = planned(given.lead[1])
        return None if before is None else before + given.lead[0]

    def chain(name: str) -> tuple[str, int]:
        """The product from which all others are counted, and how many minutes later this one begins."""
        given = gives[name]
        if given.lead is None or given.at is not None:
            return name, 0
        root, minutes = chain(given.lead[1])
        return root, minutes + given.lead[0]

    if (found := known(product)) is not None:
        return found
    root, minutes = chain(product)
    for other in gives:  # in the order of the file
        theirs, at = chain(other)
        if other != product and theirs == root and (clock := known(other)) is not None:
            return clock + (minutes - at) * MINUTE
    return None


def rows(visit: Visit) -> list[Row]:
    """What is examined, one row for each time."""
    found = []
    over = {given.product: given.over or 0 for given in visit.gives}
    for name, time in visit.examined:
        after = (time.minutes or 0) + (over[time.of] if time.of_end else 0)
        clock = begins(visit, time.of)
        at = clock + after * MINUTE if clock is not None else None
        days = abs(after) // (24 * 60) * (1 if after >= 0 else -1)
        date = at.date() if at is not None else visit.date + dt.timedelta(days=days)
        earliest = at - time.window[0] * MINUTE if at is not None and time.window is not None else None
        latest = at + time.window[1] * MINUTE if at is not None and time.window is not None else None
        if time.window is None and clock is not None and (time.minutes is None or time.minutes < 0):
            latest = clock
        found.append(Row(name, time.of, time.minutes, time.of_end, date, at if time.minutes is not None else None, earliest, latest))
    return found


def verdict(row: Row, window: tuple[int, int] | None, actual: dt.datetime) -> tuple[str, int]:
    """Of a dose whose hour is recorded: what is said of when something was, and how many minutes after the nominal time that was."""
    base = row.time or row.latest
    assert base is not None
    minutes = 0
    while base + minutes * MINUTE < actual:
        minutes += 1
    while base + minutes * MINUTE > actual:
        minutes -= 1
    if row.earliest is not None and actual < row.earliest:
        return "early", minutes
    if row.latest is not None and actual > row.latest:
        return "late", minutes
    return ("no-window" if window is None and row.minutes is not None else "in-window"), minutes


# --- the same as a file ---------------------------------------------------------------------------------------------------


def text_of(visit: Visit) -> str:
    """The visit as the only one of a study file, on D1."""
    lines = ["language: 1", "study: hours", "title: By the hour", "source: made up", "days: from 1", "products:"]
    lines += [f"  {given.product}: {{route: IV infusion}}" for given in visit.gives]
    lines += ["periods:", "  main:", "    visits:", "      - at: D1", "        give:"]
    lines += [f"          - {_give(given)}" for given in visit.gives]
    lines.append("        assess:")
    for name in dict.fromkeys(name for name, _ in visit.examined):
        lines.append(f"          - {name}: {', '.join(_time(time) for own, time in visit.examined if own == name)}")
    return "\n".join(lines) + "\n"


def _give(given: Given) -> str:
    at = f" daily at {given.at // 60:02}:{given.at % 60:02}" if given.at is not None else ""
    over = f" over {given.over} min" if given.over is not None else ""
    lead = f" {abs(given.lead[0])} min {'before' if given.lead[0] < 0 else 'after'} {given.lead[1]}" if given.lead is not None else ""
    return f"{given.product} 100 mg{at}{over}{lead}"


def _time(time: Time) -> str:
    window = f" -{time.window[0]} min/+{time.window[1]} min" if time.window is not None else ""
    if time.minutes is None:
        return f"before {time.of}{window}"
    if time.of_end and not time.minutes:
        return f"end of {time.of}{window}"
    return f"{abs(time.minutes)} min{window} {'before' if time.minutes < 0 else 'after'} {'end of ' if time.of_end else ''}{time.of}"
