"""The calendar of what is due is that of its own subject."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from msgspec.structs import replace

from nmosd_dosing import read_ics
from nmosd_dosing.calendar.due_entries import due_entries, update_due
from nmosd_dosing.checks.due import Due
from nmosd_dosing.checks.finding import Finding
from nmosd_dosing.days import date_text
from nmosd_dosing.sentences import said
from tests.kit.cases import columns
from tests.kit.command import dosing, errors
from tests.kit.dates import day
from tests.kit.recorded import RCP


def test_the_due_calendar_of_another_subject_is_refused(folder: Path) -> None:
    asked = ("due", *RCP, "--as-of", "2025-01-06", "--output", "d.txt", "--ics", "d.ics")
    assert dosing(*asked, "--subject", "A").returncode == 0
    assert errors(*asked, "--subject", "B") == (
        "error: `d.ics` is the calendar `bat4406f: due, A`, not `bat4406f: due, B`\nhint: name another file\n"
    )


NOW, STAMP = dt.date(2025, 7, 7), dt.datetime(2025, 7, 7, 9, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)

ITEMS = """
    state     day    last   target  earliest  latest  said                               allowed
    due       07-09  07-09  07-08   07-07     07-09   due, last day 2025-07-09 Wed       ; allowed from 2025-07-07 Mon to 2025-07-09 Wed
    due       07-08  -      07-08   -         -       due, target 2025-07-08 Tue
    due       07-08  -      07-08   07-07     -       due, target 2025-07-08 Tue  ; allowed from 2025-07-07 Mon on; no last day is stated
    due       07-08  -      07-08   07-07     later   due, target 2025-07-08 Tue         ; allowed on 2025-07-07 Mon or later
    decision  07-07  -      -       -         -       decision, target 2025-07-07 Mon
    overdue   07-06  07-06  07-04   07-02     07-06   overdue, last day 2025-07-06 Sun   ; allowed from 2025-07-02 Wed to 2025-07-06 Sun
    booked    07-08  07-09  07-08   07-07     07-09   booked for 2025-07-08 Tue at 09:30  ; allowed from 2025-07-07 Mon to 2025-07-09 Wed
"""


@pytest.mark.parametrize("row", columns(ITEMS), ids=lambda row: f"{row['said']}{row.get('allowed', '')}")
@pytest.mark.parametrize("subject", ["A", None])
def test_what_is_due_stands_on_the_day_by_which_or_on_that_of_looking_where_it_has_passed(row: dict[str, str], subject: str | None) -> None:
    by_when, last, target, earliest, latest = (
        day(f"2025-{row[name]}") if row[name] not in ("-", "later") else None for name in ("day", "last", "target", "earliest", "latest")
    )
    assert by_when is not None
    finding = Finding(subject, "D8", "due", None, target, earliest, latest, None, "", or_later=row["latest"] == "later")
    if row["state"] == "booked":
        finding = replace(finding, booked_for=by_when, hour=dt.time(9, 30))
    (entry,) = due_entries([Due(finding, row["state"], by_when, last, None, said(""))], "s", NOW, "s")  # type: ignore[arg-type]
    assert (entry.start, entry.end, entry.busy) == (max(by_when, NOW), max(by_when, NOW) + DAY, False)
    assert entry.summary == f"s D8{' (A)' if subject else ''}: {row['said']}"
    planned = f"planned for {date_text(target)}" if target else "no day is known"
    assert (entry.description, entry.status, entry.category) == (planned + row.get("allowed", ""), "TENTATIVE", "due")


@pytest.mark.parametrize(("whose", "name"), [(None, "s: due"), ("S1", "s: due, S1")])
def test_the_name_of_a_calendar_of_what_is_due_says_whose(whose: str | None, name: str) -> None:
    item = Due(Finding("A", "D8", "due", None, NOW, None, None, None, ""), "due", NOW, None, None, said(""))
    assert read_ics(update_due(None, [item], "s", whose, as_of=NOW, stamp=STAMP).ics).name == name
