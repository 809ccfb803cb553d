"""What is expected on a day that is closed, or may be done last on one: said beside a finding, and nothing is moved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from nmosd_dosing.checks.finding import Finding
from nmosd_dosing.plans.workdays import Workdays, closed_and_near, closed_text
from nmosd_dosing.sentences import Sentence, joined, said


def with_closed_days(findings: Iterable[Finding], as_of: dt.date, days: Workdays) -> Iterator[Finding]:
    """The findings, each with what is closed of its days from `as_of` on."""
    for finding in findings:
        words = _closed(finding, as_of, days)
        yield replace(finding, closed=words) if words is not None else finding


def _closed(finding: Finding, as_of: dt.date, days: Workdays) -> Sentence | None:
    """Of a visit ahead: the day for which it is booked or planned, and, unless it is booked, the last one that is allowed; None where they
    are open."""
    if finding.actual is not None or finding.last is not None or finding.verdict in ("missed", "cancelled"):
        return None
    expected, last, parts = finding.booked_for or finding.target, finding.latest, []
    earliest = max(finding.earliest, as_of) if finding.earliest is not None else None
    if expected is not None and expected >= as_of and (words := closed_and_near(expected, earliest, last, days)) is not None:
        parts.append(said("{day}: {words}", day=expected, words=words))
    why = days.closed_because(last) if last is not None and last >= as_of and last != expected and not finding.booked else None
    if last is not None and why is not None:
        before, _ = days.nearest_open(last, earliest or as_of, last)
        parts.append(said("last day {day}: {closed}", day=last, closed=closed_text(why)))
        parts.append(said("the last open day before is {day}", day=before) if before is not None else said("no open day is left"))
    return joined("; ", parts) or None
