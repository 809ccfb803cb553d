"""The calendars of the people in `tests/plans/kept`, entry by entry, as `tests/calendar/kept` keeps them: each in one of four styles.

When an entry says something else, `make write` writes it anew. Then read the difference: is it what should stand in a calendar?
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator

import pytest

from nmosd_dosing.calendar.entries import CalendarStyle, calendar_name, left_out, to_entries
from nmosd_dosing.errors import InputError
from tests.kit.paths import ROOT
from tests.kit.stories import Story, fields, kept, request_of, stories, write

FOLDER = ROOT / "tests" / "calendar" / "kept"
STYLES = (
    CalendarStyle(windows=True, spans=True),
    CalendarStyle(at=dt.time(9, 30), zone="Asia/Shanghai", duration=dt.timedelta(hours=4), remind=dt.timedelta(days=2), windows=True),
    CalendarStyle(discreet=True, codes=True, windows=True, spans=True, at=dt.time(8), zone="Europe/Berlin"),
    CalendarStyle(language="zh", windows=True, spans=True),
)


def told(story: Story, style: CalendarStyle) -> Iterator[str]:
    """All that a calendar says but its ids, line by line; a line of a description that others have is told once."""
    (plan,) = request_of(story).plans()
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


def text(story: Story) -> str:
    style = STYLES[stories().index(story) % len(STYLES)]
    return "\n".join(told(story, style)) + "\n"


@pytest.mark.parametrize("story", stories(), ids=str)
def test_a_calendar_says_what_was_kept(story: Story) -> None:
    assert text(story).splitlines() == kept(FOLDER, story).rstrip().splitlines()


if __name__ == "__main__" and "--write" in sys.argv:
    write(FOLDER, text, whole=False)
