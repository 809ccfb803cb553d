"""Whole plans of invented people in studies of a few lines, kept as they are, with every step, dose and note.

When a plan says something else, `make write` writes them anew. Then read the difference: is it what a coordinator should read?
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from nmosd_dosing.plans.plan import Plan
from tests.kit.stories import FOLDER, Story, fields, request_of, stories, write

OF_VISIT = ("id", "period", "label", "reason", "steps", "dose_steps", "administrations", "time_line", "record", "cancelled_by")


NO_SHARES = ("entries", "records", "rhythms", "ways")  # nobody asks here how much of what was planned was given: it takes a plan more


def told(plan: Plan) -> Iterator[str]:
    """All that a plan says, line by line."""
    yield fields(plan, "regimen", "study", "title", "source", "study_sha256", "counts_from", "periods", "visits", "spans", "notes",
                 "transitions", "intensity", "unscheduled", "lost", "way")  # fmt: skip
    known: set[str] = set()  # steps that many have are told once
    yield from (f"period {fields(own)}" for own in plan.periods)
    for move in plan.transitions:
        yield f"entry {fields(move, 'message', 'steps')}: {move.message}"
        yield from (f"    {step}" for step in move.steps if step not in known)
        known |= {*move.steps}
    yield from (f"span {fields(span)}" for span in plan.spans)
    for visit in (*plan.visits, *plan.unscheduled):
        yield f"{visit.id}: {fields(visit, *OF_VISIT)}"
        yield from (f"    {step}" for step in visit.steps if step not in known)
        known |= {*visit.steps}
        yield from (f"    {fields(dose)}" for dose in visit.administrations)
        yield from (f"    {step}" for step in visit.dose_steps)
        yield from (f"    {fields(row)}" for row in visit.time_line)
    yield from (f"share {fields(each)}" for each in plan.intensity)
    yield from (f"lost {fields(lost)}" for lost in plan.lost)
    yield from (f"{note.code}: {note.message}" + (f" ({', '.join(note.visits)})" if note.visits else "") for note in plan.notes)


def text(story: Story) -> str:
    (plan,) = request_of(story).plans(intensity=story.file not in NO_SHARES)
    return "\n".join(told(plan)) + "\n"


@pytest.mark.parametrize("story", stories(), ids=str)
def test_a_plan_says_what_was_kept(story: Story) -> None:
    assert text(story).splitlines() == story.text.rstrip().splitlines()


if __name__ == "__main__" and "--write" in sys.argv:
    write(FOLDER, text, whole=True)
