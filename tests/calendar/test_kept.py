"""The calendars of the people in some files of `tests/plans/kept`, entry by entry, as `tests/calendar/kept` keeps them: each in one of four
styles. And the calendar of each, written again as if his plan had become that of the next of them.

When an entry says something else, `make write` writes it anew. Then read the difference: is it what should stand in a calendar?
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from functools import cache, partial

import pytest
from msgspec.structs import replace

from nmosd_dosing import Plan, read_ics, update_ics
from nmosd_dosing.calendar.entries import CalendarStyle, calendar_name, left_out, to_entries
from nmosd_dosing.errors import InputError
from tests.kit.calendars import LATER, STAMP
from tests.kit.paths import ROOT
from tests.kit.stories import Story, fields, kept, request_of, stories, write

FOLDER = ROOT / "tests" / "calendar" / "kept"
STYLES = (
    CalendarStyle(windows=True, spans=True),
    CalendarStyle(at=dt.time(9, 30), zone="Asia/Shanghai", duration=dt.timedelta(hours=4), remind=dt.timedelta(days=2), windows=True),
    CalendarStyle(discreet=True, codes=True, windows=True, spans=True, at=dt.time(8), zone="Europe/Berlin"),
    CalendarStyle(language="zh", windows=True, spans=True),
)


@cache
def plan_of(story: Story, until: dt.date | None = None) -> Plan:
    request = request_of(story)
    (plan,) = (request if until is None else replace(request, until=until)).plans()
    return plan


def told(story: Story, style: CalendarStyle) -> Iterator[str]:
    """All that a calendar says but its ids, line by line; a line of a description that others have is told once."""
    plan = plan_of(story)
    try:
        entries = to_entries(plan, style)
    except InputError as error:
        yield f"refused: {error}"
        return
    yield calendar_name(plan, style)
    known: set[str] = set()
    for entry in entries:
        yield fields(entry, "uid", "description")
        lines = entry.description.splitlines()
        yield from (f"    {line}" for line in lines if line not in known)
        known |= {*lines}
    yield from (f"left out: {each}" for each in left_out(plan, style))


def again(story: Story, following: Story) -> Iterator[str]:
    """What becomes of a calendar, with visits alone, once it is that of the next story; where something speaks against it, that as well."""
    old = read_ics(update_ics(None, plan_of(story), stamp=STAMP).ics)
    for force in (False, True):
        try:
            made = update_ics(old, plan_of(following), stamp=LATER, draw=partial(plan_of, following), force_undo=force)
        except InputError as error:
            yield from str(error).splitlines()
            continue
        changed = [each for each in made.revisions if each.change != "unchanged"]
        yield from (f"{each.change}: {each.entry.summary}, {each.entry.start} to {each.entry.end}, {each.entry.status}" for each in changed)
        again = sum(record.sequence for record in read_ics(made.ics).records)
        yield f"unchanged: {made.count('unchanged')}; written before: {again}"
        return


def text(story: Story) -> str:
    mine = [each for each in stories() if each.file == story.file]
    number = mine.index(story)
    following = mine[number + 1 : number + 2]
    then = [line for each in following for line in ("then the next:", *(f"    {line}" for line in again(story, each)))]
    return "\n".join([*told(story, STYLES[number % len(STYLES)]), *then]) + "\n"


@pytest.mark.parametrize("story", [story for story in stories() if (FOLDER / f"{story.file}.txt").exists()], ids=str)
def test_a_calendar_says_what_was_kept(story: Story) -> None:
    assert text(story).splitlines() == kept(FOLDER, story).rstrip().splitlines()


if __name__ == "__main__" and "--write" in sys.argv:
    write(FOLDER, text, whole=False)
