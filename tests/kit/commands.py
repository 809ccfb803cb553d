"""All commands of the program, by their words, also those behind a group: `plan`, `register account add`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nmosd_dosing.cli import app


def _walked(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield words, command
    for name, behind in getattr(command, "commands", {}).items():
        yield from _walked(behind, (*words, name))


_ALL = dict(_walked(app))
COMMANDS = {" ".join(words): command for words, command in _ALL.items() if not hasattr(command, "commands")}
PAGES = [words for words, _ in _ALL.items()]  # of the help: the program, its groups, and every command
