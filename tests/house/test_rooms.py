"""The laws of the house that import-linter cannot say: what may be done where, and how long a room may be."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from nmosd_dosing.cli import options
from tests.kit.commands import COMMANDS
from tests.kit.paths import ROOT

PACKAGE = ROOT / "src" / "nmosd_dosing"
ROOMS = sorted(PACKAGE.rglob("*.py"))
BELOW = [path for path in ROOMS if "cli" not in path.relative_to(PACKAGE).parts and path.name != "__main__.py"]


def room(path: Path) -> str:
    """`plans/notes`."""
    return str(path.relative_to(PACKAGE).with_suffix(""))


def test_the_laws_look_at_every_folder() -> None:
    folders = {path.parent.relative_to(PACKAGE).parts[0] for path in BELOW if path.parent != PACKAGE}
    assert folders >= {
        "calendar",
        "checks",
        "dose",
        "language",
        "pharmacy",
        "plans",
        "register",
        "report",
        "schedule",
        "simulation",
        "study",
        "subjects",
    }
    assert len(BELOW) > 90


@pytest.mark.parametrize("path", BELOW, ids=room)
def test_only_the_command_line_prints_exits_and_opens_files(path: Path) -> None:
    calls = (n.func for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call))
    names = {f.id for f in calls if isinstance(f, ast.Name)}
    assert names & {"print", "exit", "quit", "open", "eval", "exec"} == set()


@pytest.mark.parametrize("path", BELOW, ids=room)
def test_only_the_command_line_reads_the_clock_or_the_environment_and_only_draws_draw(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"\.today\(|\.now\(|time\.time\(|os\.environ|getenv|^import random", text, re.M)
    assert room(path) == "simulation/draws" or not re.search(r"\brandom\b", _code_only(text))


@pytest.mark.parametrize("path", [path for path in ROOMS if "register" not in path.relative_to(PACKAGE).parts], ids=room)
def test_only_the_register_knows_what_django_loads(path: Path) -> None:
    """Its driver and its hashes of passwords; import-linter asks for Django itself, which does not know modules that nobody imports."""
    assert not re.search(r"^ *(import|from) (argon2|psycopg)", path.read_text("utf-8"), re.M)


@pytest.mark.parametrize("path", BELOW, ids=room)
def test_only_the_command_line_names_options(path: Path) -> None:
    assert re.findall(r"--[a-z]{2,}.*", path.read_text("utf-8")) == []


def test_the_command_line_has_an_option_for_every_argument_that_messages_name() -> None:
    calls = [n for path in BELOW for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call)]
    named = [n.args[0] for n in calls if isinstance(n.func, ast.Name) and n.func.id == "argument"]
    assert len(named) > 20
    for name in {n.value for n in named if isinstance(n, ast.Constant) and isinstance(n.value, str)}:
        assert options.option(name).startswith("--")


@pytest.mark.parametrize("path", [path for path in ROOMS if "cli" in path.relative_to(PACKAGE).parts], ids=room)
def test_messages_of_the_command_line_name_options_that_there_are(path: Path) -> None:
    known = {name for command in COMMANDS.values() for parameter in command.params for name in parameter.opts}
    texts = [n.value for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    assert set(re.findall(r"--[a-z][a-z-]*[a-z]", "\n".join(texts))) <= known | {"--help", "--version"}


def _code_only(text: str) -> str:
    """A file's code without its texts and comments."""
    return ast.unparse(_WithoutTexts().visit(ast.parse(text)))


class _WithoutTexts(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant("") if isinstance(node.value, str) else node


def test_rooms_are_short_enough_to_read_in_one_sitting() -> None:
    assert {room(p): n for p in ROOMS if (n := len(p.read_text("utf-8").splitlines())) > 450} == {}
