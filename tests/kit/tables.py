"""Tables of subjects, events, arms and records given as texts, and what is said where they are refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st

from nmosd_dosing.errors import InputError
from nmosd_dosing.study.events import SUBJECT_EVENTS
from nmosd_dosing.subjects.subject import Event, Record, Subject
from nmosd_dosing.subjects.tables import roster
from nmosd_dosing.subjects.tables.table import Cell

JANUARY = dt.date(2025, 1, 6)


def subjects(text: str, *periods: str) -> tuple[Subject, ...]:
    return roster.subjects(text.encode(), "s.csv", periods)


def events(text: str) -> list[tuple[Cell, Event]]:
    return roster.events(text.encode(), "e.csv", tuple(SUBJECT_EVENTS))


def allocation(text: str) -> list[tuple[Cell, Cell]]:
    return roster.allocation(text.encode(), "a.csv")


def records(text: str) -> list[tuple[Cell | None, Record]]:
    return roster.records(text.encode(), "r.csv", masked=False)


def refused(read: Callable[..., Any], *arguments: Any) -> list[str]:
    """Each problem as `place: message; hint`."""
    with pytest.raises(InputError) as error:
        read(*arguments)
    lines = []
    for problem in error.value.problems:
        where = problem.place.document.where(problem.place) if problem.place else "-"
        where += f", and {problem.alike} more" if problem.alike else ""
        also = "".join(f" ({words} {place.document.where(place)})" for words, place in problem.also)
        lines.append(f"{where}: {problem.message}{also}; {problem.hint}")
    return lines


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\ufeff"), max_size=8)
rows = st.lists(st.tuples(texts, texts, texts), min_size=1, max_size=6)


# Joined.

PEOPLE = "subject,start\n0012,2025-01-06\n0013,2025-02-03\n"
