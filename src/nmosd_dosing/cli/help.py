"""How the help of a command is laid out: by the width of the terminal, in whole words."""

from __future__ import annotations

import re
import sys
from typing import Any

from typer.core import TyperGroup

from nmosd_dosing.cli.edge import width_of
from nmosd_dosing.cli.groups import Once
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

    commands: Any  # of `command_list`

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
