"""Commands by their names, each made when it is called or its own help is asked for: to make them all takes as long as a plan."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import typer
from typer.main import get_command

from nmosd_dosing.cli.groups import in_options
from nmosd_dosing.cli.help import Command


class Commands(Mapping[str, Any]):
    """Commands as typer knows them, by name; `lines`: what each does."""

    def __init__(self) -> None:
        self.lines: dict[str, str] = {}
        self._made: dict[str, Callable[[], Any]] = {}

    def command(self, work: str, *, without: Sequence[str] = ()) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """Makes a function a command: its options are those of its groups, except `without`; its name is the function's, less a `_` at
        the end. `work`: the function in a room of `run` that does it, `plan.run`, and takes the same."""

        def add(function: Callable[..., None]) -> Callable[..., None]:
            name, line = function.__name__.rstrip("_"), " ".join((function.__doc__ or "").split("\n\n")[0].split())

            def made() -> Any:
                alone = typer.Typer(add_completion=False, rich_markup_mode=None)
                alone.command(name, cls=Command, short_help=line)(in_options(function, work, without))
                return get_command(alone)

            self.add(name, line, made)
            return function

        return add

    def add(self, name: str, line: str, made: Callable[[], Any]) -> None:
        """A command, or a group of them, and how it is made."""
        self.lines[name], self._made[name] = line, functools.cache(made)

    def __getitem__(self, name: str) -> Any:
        return self._made[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)
