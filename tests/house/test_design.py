"""docs/design.md shows the house as it is: every floor and every file that it names is there, and no floor is left out."""

from __future__ import annotations

import re

import pytest

from tests.kit.paths import ROOT

PAGE = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "src" / "nmosd_dosing"
ROWS = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", PAGE.split("## Where do I change", 1)[1], re.M)[1:]


def files(cell: str) -> list[str]:
    """The files of a cell of the table; what is to be typed is none."""
    return [name for name in re.findall(r"[\w./-]+", cell.replace("`", " ")) if re.search(r"/|\.(py|md)$", name)]


def test_the_page_says_where_to_change_at_least_twenty_things() -> None:
    assert len(ROWS) >= 20


@pytest.mark.parametrize(("what", "room", "beside"), ROWS, ids=[row[0] for row in ROWS])
def test_every_file_that_is_named_is_there(what: str, room: str, beside: str) -> None:
    assert files(room), what
    assert [name for name in (*files(room), *files(beside)) if not (ROOT / name).exists()] == []


def test_every_floor_is_in_the_picture() -> None:
    picture = PAGE.split("## One command", 1)[0]
    named = set(re.findall(r"`([a-z]+)/`", picture))
    there = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert there <= named


def test_every_room_of_the_walk_is_there() -> None:
    walk = PAGE.split("## One command", 1)[1].split("\n## ", 1)[0]
    rooms = re.findall(r"`([a-z]+(?:/[a-z_]+)+)", walk)
    assert len(rooms) > 15
    assert [room for room in rooms if not (PACKAGE / f"{room}.py").exists() and not (PACKAGE / room).is_dir()] == []


def test_every_word_has_one_meaning() -> None:
    table = PAGE.split("## Words", 1)[1].split("\n## ", 1)[0]
    words = [word.strip() for row in re.findall(r"^\| (.+?) \| .+ \|$", table, re.M)[2:] for word in row.split(",")]
    assert len(words) >= 25
    assert sorted(words) == sorted(set(words))
