"""Commands by their names, each made when it is called or its own help is asked for: to make them all takes as long as a plan. And how
their help is laid out: by the width of the terminal, in whole words."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from nmosd_dosing.cli.edge import width_of
from nmosd_dosing.cli.groups import Once, in_options
from nmosd_dosing.screen import folded

UNFOLDED = 100_000  # columns for which typer writes the help; it is folded here
_WIDEST = 98
_LEAST = 30  # columns beside the names of options, if what is said of them is to stand there
_OPTION = re.compile(r"(  \S+(?: \S+)*(?:  +|$)| {8,})(.*)")


class Command(Once):
    """A command with such a help."""

    def get_help(self, ctx: Any) -> str:
        return _laid_out(super().get_help(ctx))


class Group(TyperGroup):
    """Commands, with such a help; of each it shows the line that is known before the command is made."""

    commands: Any  # `Commands`

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self.commands.lines.items()))

    def get_help(self, ctx: Any) -> str:
        return _laid_out(super().get_help(ctx))


def _laid_out(text: str) -> str:
    terminal = sys.stdout.isatty()
    width = min(_WIDEST, width_of(sys.stdout)) if terminal else _WIDEST
    lines, listed = [], False
    for line in text.splitlines():
        listed = line in ("Options:", "Commands:", "Arguments:") or (listed and line.startswith("  "))
        option = _OPTION.fullmatch(line) if listed else None
        if option is None:
            example = line.startswith("    ")  # to be copied as it is, where it can be
            lines.append(line if example and not terminal else folded(line, width, hang=2 if example else 0))
        elif width - len(option[1]) >= _LEAST:
            lines.append(option[1] + folded(option[2], width - len(option[1]), hang=0).replace("\n", "\n" + " " * len(option[1])))
        else:
            lines += [folded(option[1].rstrip(), width)] if option[1].strip() else []
            lines += [folded(" " * 6 + option[2], width, hang=0)] if option[2] else []
    return "\n".join(line.rstrip() for line in lines)


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
