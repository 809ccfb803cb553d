"""Findings, and what is due, as JSON and CSV."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nmosd_dosing.checks.finding import Finding
from nmosd_dosing.checks.verdicts import VERDICTS
from nmosd_dosing.report.export.plain import Sheet, fields, iso_date

if TYPE_CHECKING:
    from nmosd_dosing.checks.due import Due

FINDING_COLUMNS = (
    "subject", "site", "visit", "verdict", "days", "target", "earliest", "latest", "actual", "booked", "message", "reason", "batch",
    "comment", "closed", "hour", "time_point", "minutes",
)  # fmt: skip


# --- findings -----------------------------------------------------------------------------------------------------------


def findings_to_dict(findings: Sequence[Finding]) -> dict[str, Any]:
    """Findings as plain values, with the count of each verdict."""
    counts = Counter(finding.verdict for finding in findings)
    return {
        "findings": [_finding(finding) for finding in findings],
        "summary": {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]},
    }


def findings_sheet(findings: Sequence[Finding]) -> Sheet:
    """A row for each finding."""
    return Sheet("check", FINDING_COLUMNS, map(_finding, findings))


def due_to_dict(items: Sequence[Due]) -> list[dict[str, Any]]:
    """What is due as plain values."""
    return [{"state": d.state, "todo": d.todo, "last": iso_date(d.last), "days_left": d.left, **_finding(d.finding)} for d in items]


def due_sheet(items: Sequence[Due]) -> Sheet:
    """A row for each thing that is due."""
    return Sheet("due", ("state", "todo", "last", "days_left", *FINDING_COLUMNS), due_to_dict(items))


def _finding(f: Finding) -> dict[str, Any]:
    return fields(f, FINDING_COLUMNS)
