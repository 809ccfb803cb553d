"""When the time points of a visit are by a calendar's clock: so much real time after the dose, also where the clocks change between."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from msgspec import Struct

from nmosd_dosing.calendar.zones import later
from nmosd_dosing.plans.plan import PlannedTimePoint, PlannedVisit
from nmosd_dosing.plans.wording import Wording


class Examined(Struct, frozen=True):
    """What is examined at one time of a visit: its day, its hour where that of the dose is known, the time in words, `names`, and the
    window of each, None where none is stated."""

    date: dt.date
    clock: dt.datetime | None
    text: str
    names: tuple[str, ...]
    windows: tuple[str | None, ...]

    @property
    def line(self) -> str:
        """`PK sample, ECG: 1 h after X (10:00), ±5 min`; with several windows each behind its name, `PK sample ±5 min, ECG: …`."""
        hour = f" ({self.clock:%H:%M})" if self.clock is not None else ""
        one = len(set(self.windows)) == 1
        names = [f"{name} {window}" if window and not one else name for name, window in zip(self.names, self.windows, strict=True)]
        return f"{', '.join(names)}: {self.text}{hour}{f', {self.windows[0]}' if one and self.windows[0] else ''}"


def examined(visit: PlannedVisit, hour: dt.time | None, zone: str | None) -> Iterator[Examined]:
    """What is examined at the times of a visit, in the order of time. hour: that of the visit in a calendar with hours, and its zone."""
    found: dict[tuple[str, dt.date], list[PlannedTimePoint]] = {}
    for row in visit.time_line:
        if row.kind == "assessment" and row.date is not None:
            found.setdefault((row.text, row.date), []).append(row)
    for (text, date), rows in found.items():
        clock = _clock(rows[0], visit, hour, zone)
        yield Examined(
            clock.date() if clock is not None else date, clock, text, tuple(row.name for row in rows), tuple(row.window for row in rows)
        )


def own_hour(visit: PlannedVisit, begins: dt.time, words: Wording) -> Iterator[str]:
    """A dose for which the file states another hour than that of a calendar: the first of the visit."""
    for row in visit.time_line:
        if row.kind == "dose" and row.time is not None and row.date == visit.date and not row.from_actual:
            if f"{row.time:%H:%M}" != f"{begins:%H:%M}":
                yield words.own_hour.format(row.name, f"{row.time:%H:%M}", f"{begins:%H:%M}")
            return


def _clock(row: PlannedTimePoint, visit: PlannedVisit, hour: dt.time | None, zone: str | None) -> dt.datetime | None:
    """The clock time; None where the hour of the dose is not known, or the time is any before it."""
    if row.nominal is None:
        return None
    after = dt.timedelta(minutes=row.after_dose)
    dose = row.time - after if row.time is not None else None
    if dose is None and row.at_visit and hour is not None and visit.date is not None:
        dose = dt.datetime.combine(visit.date, hour)
    if dose is None:
        return None
    return later(dose.date(), dose.time(), zone, after) if zone is not None else dose + after
