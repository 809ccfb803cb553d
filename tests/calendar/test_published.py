"""What a feed gives out: as what becomes of what it gave out before, without what fell away long ago; never empty-handed."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from nmosd_dosing import Plan, Subject, load, plan
from nmosd_dosing.calendar.entries import CalendarEntry, CalendarStyle
from nmosd_dosing.calendar.ical import read_ics
from nmosd_dosing.calendar.published import BACK, KEPT, entries_of_plans, published

NOW = dt.datetime(2025, 7, 7, 1, 30, tzinfo=dt.UTC)
TODAY = NOW.date()
SECOND, DAY = dt.timedelta(seconds=1), dt.timedelta(days=1)


def visit(name: str, day: dt.date, days: int = 1) -> CalendarEntry:
    """A visit on some whole days."""
    id = str(uuid.uuid5(uuid.NAMESPACE_DNS, name))
    return CalendarEntry(id, "visit", day, day + days * DAY, "CONFIRMED", f"Visit {name}", "", "Visit", busy=True)


def given_out(before: bytes | None, entries: Sequence[CalendarEntry], at: dt.datetime, since: dt.date | None = None) -> bytes:
    """What a feed gives out at a moment, after what it gave out before."""
    return published(read_ics(before) if before is not None else None, "salt 1", "Visits", entries, at, "en", since)


def held(content: bytes) -> dict[str, tuple[str, int]]:
    """Status and SEQUENCE of each entry, by the visit's name."""
    events = Calendar.from_ical(content).walk("VEVENT")
    return {str(event["summary"]).rpartition(" ")[2]: (str(event["status"]), int(str(event["sequence"]))) for event in events}


@pytest.mark.parametrize(("after", "there"), [(0 * SECOND, True), (KEPT, True), (KEPT + SECOND, False)])
def test_what_fell_away_is_kept_for_90_days_from_then_on(after: dt.timedelta, there: bool) -> None:
    assert dt.timedelta(days=90) == KEPT
    first = given_out(None, [visit("D1", TODAY), visit("D8", TODAY + 7 * DAY)], NOW - DAY)
    fell = given_out(first, [visit("D1", TODAY)], NOW)
    assert held(fell) == {"D1": ("CONFIRMED", 0), "D8": ("CANCELLED", 1)}
    then = given_out(fell, [visit("D1", TODAY)], NOW + after)
    assert held(then) == {"D1": ("CONFIRMED", 0), **({"D8": ("CANCELLED", 1)} if there else {})}
    assert (then == fell) == there


def test_what_comes_back_in_time_is_counted_on() -> None:
    both = [visit("D1", TODAY), visit("D8", TODAY + 7 * DAY)]
    fell = given_out(given_out(None, both, NOW), both[:1], NOW + DAY)
    assert held(given_out(fell, both, NOW + 2 * DAY))["D8"] == ("CONFIRMED", 2)


@pytest.mark.parametrize(("last", "there"), [(TODAY - BACK, True), (TODAY - BACK - DAY, False)])
@pytest.mark.parametrize("days", [1, 28])
def test_what_was_over_before_is_left_out_and_not_cancelled(last: dt.date, there: bool, days: int) -> None:
    entries = [visit("screening", last - (days - 1) * DAY, days), visit("D1", TODAY)]
    first = given_out(None, entries, NOW, TODAY - BACK)
    assert ("screening" in held(first)) == there
    later = given_out(given_out(None, entries, NOW), entries, NOW + DAY, TODAY - BACK)
    assert held(later) == {**({"screening": ("CONFIRMED", 0)} if there else {}), "D1": ("CONFIRMED", 0)}


def test_a_cancelled_visit_of_long_ago_is_kept_as_others_are() -> None:
    """Whoever has it in his calendar is to see that it fell away."""
    old = visit("D1", TODAY - BACK)
    fell = given_out(given_out(None, [old], NOW, TODAY - BACK), [], NOW + DAY, TODAY - BACK)
    assert held(given_out(fell, [], NOW + 30 * DAY, TODAY - BACK + 30 * DAY)) == {"D1": ("CANCELLED", 1)}


def test_a_feed_may_be_empty_and_fill_and_be_empty_again() -> None:
    nothing = given_out(None, [], NOW)
    assert [part.name for part in Calendar.from_ical(nothing).subcomponents] == ["VTIMEZONE"]
    some = given_out(nothing, [visit("D1", TODAY)], NOW)
    assert some == given_out(None, [visit("D1", TODAY)], NOW)
    fell = given_out(some, [], NOW + DAY)
    assert given_out(fell, [], NOW + DAY + KEPT + SECOND) == nothing


DAYS = st.dictionaries(st.sampled_from("ABCD"), st.integers(-200, 200), max_size=4)


@given(st.lists(st.tuples(DAYS, st.integers(0, 60)), max_size=5))
def test_through_any_history_bytes_change_only_with_what_they_say(steps: list[tuple[dict[str, int], int]]) -> None:
    """UIDs are there once; SEQUENCE rises by one where an entry is another, and else stays; asked again nothing changes."""
    now, content = NOW, given_out(None, [], NOW)
    for wanted, days in steps:
        now += days * DAY
        entries, since = [visit(name, TODAY + day * DAY) for name, day in wanted.items()], now.date() - BACK
        again = given_out(content, entries, now, since)
        before, after = ({record.entry.uid: record for record in read_ics(each).records} for each in (content, again))
        for uid in before.keys() & after.keys():
            same = before[uid].content == after[uid].content
            assert after[uid].sequence - before[uid].sequence == (0 if same else 1)
        assert given_out(again, entries, now, since) == again
        content = again


def drawn(subject: str, until: dt.date) -> Plan:
    return plan(load("bat4406f"), Subject(TODAY, subject), period="olp", until=until)


@pytest.mark.parametrize("there", [(), ("A",), ("A", "B"), ("B",)], ids="".join)
def test_a_feed_holds_each_plan_as_far_as_it_did_before(there: tuple[str, ...]) -> None:
    """Plans until 2026 of A and B; those of whom it held more are drawn until 2027. Of a plan by itself nothing hangs on the others."""
    ends = {True: dt.date(2027, 7, 7), False: dt.date(2026, 1, 7)}
    style = CalendarStyle()
    old = None
    if there:
        before = entries_of_plans(None, [(drawn(who, ends[True]), partial(drawn, who)) for who in there], "salt 1", style)
        old = read_ics(published(None, "salt 1", "Visits", before, NOW, "en"))
    found = entries_of_plans(old, [(drawn(who, ends[False]), partial(drawn, who)) for who in ("A", "B")], "salt 1", style)
    assert len({entry.uid for entry in found}) == len(found)
    last = {who: max(entry.start for entry in found if f"({who})" in entry.summary) for who in ("A", "B")}
    assert last == {who: ends[who in there] for who in ("A", "B")}
