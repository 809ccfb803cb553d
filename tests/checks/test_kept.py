"""What is found, due and told of the people in `tests/plans/kept`, as `tests/checks/kept` keeps it; and what follows of a day for a visit.

When something else is said, `make write` writes it anew. Then read the difference: is it what a site should be told?
"""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Iterator

import pytest

from nmosd_dosing.checks.board import board
from nmosd_dosing.checks.closed_days import with_closed_days
from nmosd_dosing.checks.due import due, last_due_day
from nmosd_dosing.checks.findings import check
from nmosd_dosing.checks.slots import slots_of
from nmosd_dosing.errors import InputError
from nmosd_dosing.plans.handout import handout
from nmosd_dosing.plans.workdays import open_days
from tests.kit.paths import ROOT
from tests.kit.stories import Story, fields, kept, request_of, stories, write

FOLDER = ROOT / "tests" / "checks" / "kept"
LATER, AHEAD = dt.date(2025, 2, 20), 28  # the day of looking where a story has none, and how far ahead is looked


def told(story: Story) -> Iterator[str]:
    """What is found by the day of the story, what is to be done, what is on the board and on the page to hand over."""
    request = request_of(story)
    as_of = request.as_of or LATER
    request = request.known_by(as_of)[0].begun()
    days, schedule = request.workdays or open_days(None), request.as_carried_out(last_due_day(as_of, AHEAD))
    findings = [*with_closed_days(check(schedule, as_of), as_of, days)]
    yield from (f"{finding.visit}: {fields(finding, 'visit')}" for finding in findings)
    items = due(findings, as_of, AHEAD)
    yield from (f"due {item.finding.visit}: {fields(item, 'finding')}" for item in items)
    (plan,) = request.plans(schedule)
    if request.unblind:
        return  # neither of them shows it
    for line in board(request.study, [plan], items, as_of, AHEAD, as_of.replace(day=1), days).lines:
        yield f"board {fields(line, 'marks')}"
        yield from (f"    {fields(mark)}" for mark in line.marks)
    page = handout(plan, as_of, days)
    yield from (f"page {fields(each)}" for each in page.appointments)
    yield from (f"not on the page: {each}" for each in page.left_out)


def asked(story: Story, day: str) -> Iterator[str]:
    """What is said of a day for the next visit."""
    request, on = request_of(story), dt.date.fromisoformat(f"2025-{day}")
    as_of = request.as_of or LATER
    try:
        found = slots_of(request.known_by(as_of)[0].begun(), 0, None, as_of, on)
    except InputError as error:
        yield f"asked {day}: {error}"
        return
    yield f"asked {day}: {fields(found, 'days', 'asked', 'notes')}"
    yield from (f"    {fields(slot)}" for slot in found.days)
    if found.asked is not None:
        yield f"    then {fields(found.asked, 'follows')}"
        yield from (f"    {each}" for each in found.asked.follows)
    yield from (f"    {note}" for note in found.notes)


def text(story: Story) -> str:
    days = re.findall(r"asked=(\d\d-\d\d)", story.heading)
    return "\n".join([*told(story), *(line for day in days for line in asked(story, day))]) + "\n"


@pytest.mark.parametrize("story", stories(), ids=str)
def test_a_site_is_told_what_was_kept(story: Story) -> None:
    assert text(story).splitlines() == kept(FOLDER, story).rstrip().splitlines()


if __name__ == "__main__" and "--write" in sys.argv:
    write(FOLDER, text, whole=False)
