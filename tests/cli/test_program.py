"""What the program loads, and which of its commands it makes."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import os
import subprocess
import sys
import typing
from types import ModuleType

import pytest

from nmosd_dosing.cli import app, commands, register_commands


def loaded(*words: str, **environment: str) -> tuple[set[str], str]:
    """The modules that are there when the program is done; and what it has printed."""
    program = (
        "import atexit, json, sys\n"
        "atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))\n"
        "from nmosd_dosing.cli import main\n"
        f"sys.argv[1:] = {words!r}\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env={**os.environ, **environment})
    return set(json.loads(done.stderr)), done.stdout


COMPLETING = {"_DOSING_COMPLETE": "complete_bash", "COMP_WORDS": "dosing plan --regimen mil62-", "COMP_CWORD": "3"}


@pytest.mark.parametrize(
    ("words", "environment", "printed"),
    [
        (("--help",), {}, "Usage: dosing"),
        (("plan", "--help"), {}, "Usage: dosing plan"),
        ((), COMPLETING, "mil62-phase1b\nmil62-rcp\nmil62-olp\n"),
    ],
    ids=["help", "help of a command", "completion of an id"],
)
def test_neither_help_nor_the_completion_of_an_id_loads_what_plans(
    words: tuple[str, ...], environment: dict[str, str], printed: str
) -> None:
    modules, text = loaded(*words, **environment)
    assert text.startswith(printed)
    assert not modules & {
        "numpy",
        "yaml",
        "rich",
        "icalendar",
        "pydantic",
        "nmosd_dosing.study.model",
        "nmosd_dosing.cli.register_commands",
    }


def test_a_plan_loads_neither_what_shows_pages_nor_tables_nor_registers() -> None:
    modules, _ = loaded("plan", "--regimen", "mil62-rcp", "--start", "2025-01-06", "--format", "json")
    assert not modules & {"rich", "icalendar", "pydantic", "holidays", "django", "nmosd_dosing.cli.register_commands"}
    assert "nmosd_dosing.subjects.tables.reading" not in modules


def test_the_list_of_commands_says_of_each_what_its_own_help_begins_with() -> None:
    for there in (app.commands, app.commands["register"].commands, app.commands["register"].commands["account"].commands):
        for name, line in there.lines.items():
            assert there[name].name == name and there[name].get_short_help_str(1000) == line


@pytest.mark.parametrize("module", [commands, register_commands], ids=lambda module: module.__name__)
def test_what_does_a_command_takes_what_is_declared(module: ModuleType) -> None:
    declared = [node for node in ast.parse(inspect.getsource(module)).body if isinstance(node, ast.FunctionDef)]
    assert declared
    for node in declared:
        (decorator,) = node.decorator_list
        assert isinstance(decorator, ast.Call)
        room, _, name = str(ast.literal_eval(decorator.args[0])).partition(".")
        does = getattr(importlib.import_module(f"nmosd_dosing.cli.run.{room}"), name)
        rooms = {**vars(typing), **vars(importlib.import_module("nmosd_dosing.cli.options"))}
        given, taken = (list(typing.get_type_hints(each, localns=rooms).values())[:-1] for each in (getattr(module, node.name), does))
        assert len(given) == len(taken)
        for mine, theirs in zip(given, taken, strict=True):
            assert issubclass(mine, theirs) if inspect.isclass(theirs) and inspect.isclass(mine) else _plain(mine) == _plain(theirs)


def _plain(hint: object) -> str:
    """A type, whichever kind of list it says."""
    return str(hint).replace("collections.abc.Sequence", "list")
