"""What events do to doses with levels, and what a reader is told of it, to the day."""

from __future__ import annotations

import pytest

from nmosd_dosing import Record
from tests.kit.somebody import done, made

STUDY = """events: {down: worse, hold: hold it, go: go on, skip: not today}
products:
  X:
    doses:
      l: {levels: {full: 100 mg, half: 50 mg}, start level: full, down: down, omit: skip, hold: {from: hold, until: go}}
periods: {p: {visits: [{at: "D1, D29, D57", give: X l}, {at: D85 to D89, give: X l daily}]}}
"""
KEEPS = "this course of X keeps the level of its first day (D85 to D89)"
NO_DOSE = "no dose of this plan is by it"
# D29 is 2025-02-03, D57 2025-03-03, and D85 to D89 are 2025-03-31 to 2025-04-04.
HAPPENED = [
    ("", "100 100 100 100", []),
    ("down 01-06", "50 50 50 50", ["dose-change: down on 2025-01-06 Mon: X at level half (D1, D29, D57, D85 to D89)"]),
    ("down 02-03", "100 50 50 50", ["dose-change: down on 2025-02-03 Mon: X at level half (D29, D57, D85 to D89)"]),
    ("down 02-04", "100 100 50 50", ["dose-change: down on 2025-02-04 Tue: X at level half (D57, D85 to D89)"]),
    ("down 02-02, down 03-01", "100 50 - -", [
        "dose-change: down on 2025-02-02 Sun: X at level half (D29)",
        "not-stated: the file states no level below half of X, and so no dose: "
        "down on 2025-02-02 Sun, down on 2025-03-01 Sat (D57, D85 to D89)",
    ]),
    ("down 04-01", "100 100 100 100", [f"dose-change: down on 2025-04-01 Tue: {KEEPS}"]),
    ("down 04-04", "100 100 100 100", [f"dose-change: down on 2025-04-04 Fri: {KEEPS}"]),
    ("down 04-05", "100 100 100 100", [f"dose-change: down on 2025-04-05 Sat: {NO_DOSE} ()"]),
    ("down 05-01", "100 100 100 100", [f"dose-change: down on 2025-05-01 Thu: {NO_DOSE} ()"]),
    ("skip 02-03", "100 - 100 100", ["omitted: X is not given, by skip on 2025-02-03 Mon (D29)"]),
    ("skip 02-04", "100 100 - 100", ["omitted: X is not given, by skip on 2025-02-04 Tue (D57)"]),
    ("skip 05-01", "100 100 100 100", [f"dose-change: skip on 2025-05-01 Thu: {NO_DOSE} ()"]),
    ("hold 02-03", "100 - - -", []),  # that doses wait is another note
    ("hold 02-03, go 02-03", "100 100 100 100", [f"dose-change: hold on 2025-02-03 Mon: {NO_DOSE} ()"]),
    ("hold 02-03, go 02-04", "100 - 100 100", [
        "omitted: X is not given, by hold on 2025-02-03 Mon until go on 2025-02-04 Tue (D29)",
    ]),
    ("hold 02-04, go 02-05", "100 100 100 100", [f"dose-change: hold on 2025-02-04 Tue: {NO_DOSE} ()"]),
    ("hold 03-30, go 04-01", "100 100 100 100", [
        "omitted: from 2025-03-31 Mon to 2025-03-31 Mon (1 day) X is not given, by hold on 2025-03-30 Sun until go on 2025-04-01 Tue "
        "(D85 to D89)",
    ]),
    ("hold 03-30, go 04-01, begun 04-01", "100 100 100 100", []),
    ("hold 04-01, go 04-01", "100 100 100 100", [f"dose-change: hold on 2025-04-01 Tue: {NO_DOSE} ()"]),
    ("go 02-05", "100 100 100 100", [f"dose-change: go on 2025-02-05 Wed: {NO_DOSE} ()"]),
]  # fmt: skip


@pytest.mark.parametrize(("what", "doses", "told"), HAPPENED, ids=lambda value: value if isinstance(value, str) else "")
def test_what_events_do_is_told(what: str, doses: str, told: list[str]) -> None:
    events = [(name, f"2025-{date}") for name, date in (item.split() for item in what.split(", ") if item)]
    records: list[Record] = [done("D85 to D89", date) for name, date in events if name == "begun"]
    found = made(STUDY, *records, events=tuple(event for event in events if event[0] != "begun"))
    amounts = [dose.amount for visit in found.visits for dose in visit.administrations]
    assert " ".join(f"{amount:g}" if amount is not None else "-" for amount in amounts) == doses
    notes = [note for note in found.notes if note.code in ("dose-change", "omitted", "not-stated")]
    levels = [f"X: levels full (100 mg{daily}), half (50 mg{daily}); one down with each `down`; " for daily in ("", " daily")]
    assert [note.message.startswith(words) for note, words in zip(notes, levels, strict=False)] == [True, True]
    assert [f"{n.code}: {n.message} ({', '.join(visit[2:] for visit in n.visits)})" for n in notes[2:]] == told
