"""The calendar of what is due is that of its own subject."""

from __future__ import annotations

from pathlib import Path

from tests.kit.command import dosing, errors
from tests.kit.recorded import RCP


def test_the_due_calendar_of_another_subject_is_refused(folder: Path) -> None:
    asked = ("due", *RCP, "--as-of", "2025-01-06", "--output", "d.txt", "--ics", "d.ics")
    assert dosing(*asked, "--subject", "A").returncode == 0
    assert errors(*asked, "--subject", "B") == (
        "error: `d.ics` is the calendar `bat4406f: due, A`, not `bat4406f: due, B`\nhint: name another file\n"
    )
