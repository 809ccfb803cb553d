"""Random walks of one calendar through updates, against a plain account of what it must hold.

Each step moves the start, amends the study (visits dropped, added, repeated without an end), draws it shorter or longer, or asks for
other options; and then the same once more, which must change nothing.
"""

from __future__ import annotations

import datetime as dt

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from nmosd_dosing import CalendarFile, CalendarUpdate, Plan, Subject, plan, read_ics, update_ics
from nmosd_dosing.calendar.entries import CalendarStyle, uid
from nmosd_dosing.calendar.ical import KeptEntry
from nmosd_dosing.language.study_file import read_study_text
from tests.judges.lint_ics import lint
from tests.kit import studies

HEAD = "language: 1\nstudy: s\ntitle: T\nsource: not stated\ndays: from 1\nproducts: {X: {}}\nperiods:\n  p:\n    visits:\n"
STYLES = (
    CalendarStyle(),
    CalendarStyle(remind=dt.timedelta(days=2), language="zh"),
    CalendarStyle(at=dt.time(9), zone="America/New_York"),
    CalendarStyle(at=dt.time(9), zone="UTC"),
)
FIRST, FAR = dt.date(2025, 1, 6), dt.date(2060, 1, 1)


class Step(Struct, frozen=True):
    """What is asked for: visits on fixed days, a repeat from D1 every so many days without an end, and the rest."""

    days: frozenset[int]
    every: int | None
    start: dt.date
    until: dt.date | None
    style: CalendarStyle

    def draw(self, until: dt.date | None) -> Plan:
        lines = [f"      - {{at: D{day}, give: X 5 mg}}\n" for day in sorted(self.days)]
        if self.every:
            lines.append(f"      - {{at: 'D1, then every {self.every} days', assess: MRI}}\n")
        return plan(read_study_text(HEAD + "".join(lines))[0], Subject(self.start, "0012"), until=until)

    def fixed(self, until: dt.date) -> dict[str, dt.date]:
        return self._up_to(until, *self.days)

    def repeated(self, until: dt.date) -> dict[str, dt.date]:
        return self._up_to(until, *range(1, (until - self.start).days + 2, self.every)) if self.every else {}

    def _up_to(self, until: dt.date, *numbers: int) -> dict[str, dt.date]:
        days = {f"D{n}": self.start + dt.timedelta(n - 1) for n in numbers}
        return {label: day for label, day in days.items() if day <= until}

    def wanted(self, held: set[str]) -> dict[str, dt.date]:
        """What a calendar that holds these visits must hold now: as much as was asked for, and not less far than before."""
        drawn: dt.date = self.until or self.start + relativedelta(months=24)
        asked = self.fixed(self.until or FAR) | self.repeated(drawn)
        planned = self.fixed(FAR) | self.repeated(FAR)
        still = {planned[label] for label in held & planned.keys()}
        if (self.until is None and not self.every) or not held & planned.keys() - asked.keys():
            return asked
        last = max(drawn, *still, *asked.values())
        return self.fixed(last) | self.repeated(last)


steps = st.builds(
    lambda days, every, start, ahead, style: Step(days | {1}, every, start, None if ahead is None else start + dt.timedelta(ahead), style),
    st.frozensets(st.sampled_from([1, 2, 8, 15, 29, 57, 85, 182, 400, 1000])),
    st.sampled_from([None, None, 28, 56, 100]),
    st.integers(0, 900).map(lambda n: FIRST + dt.timedelta(n)),
    st.none() | st.integers(0, 1200),
    st.sampled_from(STYLES),
)
ONE = Step(frozenset({1}), None, FIRST, None, STYLES[0]).draw(None)
LABELS = {uid(ONE, "visit", f"p/D{n}"): f"D{n}" for n in range(1, 13_000)}


def update(old: CalendarFile | None, step: Step, stamp: dt.datetime) -> CalendarUpdate:
    return update_ics(old, step.draw(step.until), stamp=stamp, style=step.style, draw=step.draw)


def by_label(file: CalendarFile) -> dict[str, KeptEntry]:
    return {LABELS[record.entry.uid]: record for record in file.records}


WALKS = {
    "a fixed visit after the last of the open repeats that the calendar holds": [
        Step(frozenset({1}), 28, FIRST, FIRST + dt.timedelta(800), STYLES[0]),
        Step(frozenset({1, 1000}), 28, FIRST, None, STYLES[0]),
    ],
    "visits fell away after the end of the new repeats, and one on a fixed day did not": [
        Step(frozenset({1, 1000}), 100, dt.date(2026, 2, 4), None, STYLES[0]),
        Step(frozenset({1, 1000}), 28, FIRST, None, STYLES[0]),
    ],
}


@pytest.mark.parametrize("walk", WALKS.values(), ids=WALKS)
def test_walks_that_once_went_wrong(walk: list[Step]) -> None:
    assert_holds_the_plan(walk)


@studies.examples(60)
@given(st.lists(steps, min_size=2, max_size=6))
def test_a_calendar_holds_the_plan_after_every_update(walk: list[Step]) -> None:
    assert_holds_the_plan(walk)


def assert_holds_the_plan(walk: list[Step]) -> None:
    kept: CalendarFile | None = None
    before: dict[str, KeptEntry] = {}
    held: set[str] = set()
    for number, step in enumerate(walk, 1):
        stamp = dt.datetime(2025, 1, number, tzinfo=dt.UTC)
        made = update(kept, step, stamp)
        file = read_ics(made.ics)
        now = by_label(file)
        assert lint(made.ics) == []

        wanted = step.wanted(held)
        live = {label: str(record.entry.start)[:10] for label, record in now.items() if record.entry.status != "CANCELLED"}
        assert live == {label: str(day) for label, day in wanted.items()}
        assert now.keys() - live.keys() == before.keys() - wanted.keys(), "what fell away is cancelled, and nothing is lost"

        changed = {label for label, record in now.items() if label not in before or record.content != before[label].content}
        for label, record in now.items():
            old = before.get(label)
            if old is None:
                assert (record.sequence, record.created, record.modified) == (0, stamp, stamp)
            elif label in changed:
                assert (record.sequence, record.created, record.modified) == (old.sequence + 1, old.created, stamp)
        assert changed == (by_label(read_ics(made.changes)).keys() if made.changes else set())

        again = update(file, step, dt.datetime(2030, 1, 1, tzinfo=dt.UTC))
        assert (again.ics, again.changes) == (made.ics, None)
        kept, before, held = file, now, set(wanted)
