"""What is to be said of one visit, one time point of it, or one entry, on one day."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from msgspec import Struct

from nmosd_dosing.checks.verdicts import DEVIATIONS, Verdict
from nmosd_dosing.sentences import Sentence, joined, said

Waits = Literal["decision", "entry", "exit"]


class Finding(Struct, frozen=True, gc=False):
    """What is to be said of one visit, or of the entry into a period (`visit` is then `olp entry`), on one day.

    `days`: the actual day minus the target; `overdue`: the day of looking minus the last allowed; `past-target`: minus the target.
    `waits_for`: a decision that is open, or the entry into the visit's period; or nothing any more, since the subject has left. `last`:
    the last day of a course or a range of days. `booked_for`: the day of an appointment; then the verdict is what it will be if it is
    kept. `hour`: of the appointment, or of what was done at a time point, if one is written. `reason`, `batch`, `comment`: what was
    written down of the visit; no batch of a masked dose. `site`: where the subject is seen. `closed`: which of its days ahead are closed,
    and why; None where none is, or nobody asked. `time_point`: which one of the visit, where it is about one alone; then `minutes` are
    those of the actual less the nominal time. `or_later`: whether the file says that there is no last day.
    """

    subject: str | None
    visit: str
    verdict: Verdict
    days: int | None
    target: dt.date | None
    earliest: dt.date | None
    latest: dt.date | None
    actual: dt.date | None
    message: str
    waits_for: Waits | None = None
    last: dt.date | None = None
    booked_for: dt.date | None = None
    hour: dt.time | None = None
    batch: str | None = None
    comment: str | None = None
    reason: str | None = None
    site: str | None = None
    closed: str | None = None
    time_point: str | None = None
    minutes: int | None = None
    or_later: bool = False

    @property
    def is_course(self) -> bool:
        """Whether it is of several days without a window: it begins on the first of them, and the others are no days to choose from."""
        return self.last is not None and self.latest is None

    @property
    def booked(self) -> bool:
        """Whether it is about an appointment, and not about what was done."""
        return self.booked_for is not None

    @property
    def appointment(self) -> Sentence | None:
        """What is booked, in words: `booked for 2025-07-08 Tue at 10:00`; None where nothing is."""
        if self.booked_for is None:
            return None
        if self.hour is None:
            return said("booked for {day}", day=self.booked_for)
        return said("booked for {day} at {hour}", day=self.booked_for, hour=f"{self.hour:%H:%M}")

    @property
    def is_entry(self) -> bool:
        """Whether it is about the entry into a period, and not about a visit."""
        return self.visit.endswith(" entry") and "/" not in self.visit


def visit_text(visit: str) -> Sentence:
    """What a finding is about: a visit by its name, or the entry into a period."""
    if visit.endswith(" entry") and "/" not in visit:
        return said("{period} entry", period=visit.removesuffix(" entry"))
    return joined("", [visit])


def deviates(finding: Finding) -> bool:
    """Whether a finding is a deviation from the plan."""
    return finding.verdict in DEVIATIONS
