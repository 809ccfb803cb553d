"""Screening on a page says what `dosing screen` says, of what is typed and of a subject of the register."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.kit.command import dosing
from tests.kit.served import client

_FORM = {"had-TOTAL_FORMS": "8", "had-INITIAL_FORMS": "0"}


def asked(place: Any, *had: tuple[str, str, str], subject: str = "", **days: str) -> Any:
    """What the page answers to a history."""
    rows = {f"had-{i}-{name}": text for i, row in enumerate(had) for name, text in zip(("what", "begin", "end"), row, strict=True)}
    return client(place, "li.na").post(f"/screening?subject={subject}" if subject else "/screening", {**_FORM, **rows, **days})


@pytest.mark.parametrize(("had", "options", "days"), [
    ([("rituximab", "2024-09-01", "")], ("--had", "rituximab=2024-09-01"), {"screening": "2025-01-20"}),
    ([("live vaccine", "2025-01-02", "")], ("--had", "live vaccine=2025-01-02"), {"screening": "2025-01-20", "day_1": "2025-02-10"}),
    ([("nothing", "", "")], ("--had", "nothing"), {"screening": "2025-01-20"}),
])  # fmt: skip
def test_the_days_are_those_of_the_command(
    place: Any, had: list[tuple[str, str, str]], options: tuple[str, ...], days: dict[str, str]
) -> None:
    names = {"screening": "--screening", "day_1": "--start"}
    typed = [part for name, day in days.items() for part in (names[name], day)]
    done = dosing("screen", "--regimen", "bat4406f", *options, *typed, "--format", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    words = asked(place, *had, **days).content.decode()
    for answer in found["criteria"]:
        assert f'<th scope="row">{answer["id"]}</th>' in words
    assert f"Earliest day 1: {found['earliest']['day_1']}" in words
    assert f"Earliest screening for it: {found['earliest']['screening']}" in words


def test_what_is_no_day_is_refused_with_the_words_of_the_table(place: Any) -> None:
    answer = asked(place, ("rituximab", "2024-02-30", ""), screening="2025-01-20")
    assert (answer.status_code, "2024-02-30" in answer.content.decode()) == (400, True)


def test_of_a_subject_what_is_known_stands_in_the_form(place: Any) -> None:
    words = client(place, "li.na").get("/screening?subject=0103").content.decode()
    assert 'name="day_1" value="2025-01-10"' in words
    assert client(place, "li.na").get("/screening?subject=0201").status_code == 404


def test_nothing_that_is_typed_is_kept(place: Any) -> None:
    before = place.register.facts.head()
    assert asked(place, ("rituximab", "2024-09-01", ""), screening="2025-01-20").status_code == 200
    assert place.register.facts.head() == before
