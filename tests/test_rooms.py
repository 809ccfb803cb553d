"""Imports point one way: each room may import only from the rooms above it in docs/design.md."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "nmosd_dosing"


def rooms() -> list[str]:
    """The rooms in the order of the table in docs/design.md."""
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    table = text.split("## The rooms", 1)[1].split("\n## ", 1)[0]
    return [name for row in re.findall(r"^\| (.+?) \|", table, re.M) for name in re.findall(r"`([a-z_]+)/?`", row)]


def imports(path: Path) -> set[str]:
    """The rooms that a file imports, at its top or inside a function; not those that only the type checker sees."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hidden = {n for i in ast.walk(tree) if isinstance(i, ast.If) and ast.unparse(i.test) == "TYPE_CHECKING" for n in ast.walk(i)}
    found = set()
    for node in ast.walk(tree):
        if node in hidden:
            continue
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("nmosd_dosing"):
            inner = node.module.split(".")[1:]
            found |= {inner[0]} if inner else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("nmosd_dosing.")}
    return found - {"__version__"}


FILES = sorted(p for p in PACKAGE.rglob("*.py") if p.name not in ("__init__.py", "__main__.py") or p.parent != PACKAGE)


def test_every_room_is_on_the_page() -> None:
    there = {"cli" if path.parent != PACKAGE else path.stem for path in FILES}
    assert there == set(rooms())


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    order = rooms()
    room = "cli" if path.parent != PACKAGE else path.stem
    wrong = {other for other in imports(path) if order.index(other) >= order.index(room) and other != room}
    assert not wrong, f"{room} imports {sorted(wrong)}, which stand below it in docs/design.md"


def test_only_the_command_line_prints_and_exits() -> None:
    for path in FILES:
        if path.parent == PACKAGE:
            names = {
                n.func.id for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
            }
            assert not names & {"print", "exit", "quit", "open", "eval", "exec"}, path.name


def test_nothing_below_the_command_line_reads_the_clock_or_the_environment_and_only_draws_draws() -> None:
    for path in FILES:
        if path.parent == PACKAGE:
            text = path.read_text("utf-8")
            assert not re.search(r"\.today\(|\.now\(|time\.time\(|os\.environ|getenv|^import random", text, re.M), path.name
            assert path.stem == "draws" or not re.search(r"\brandom\b", _code_only(text)), path.name


def _code_only(text: str) -> str:
    """A file's code without its texts and comments."""
    return ast.unparse(_WithoutTexts().visit(ast.parse(text)))


class _WithoutTexts(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant("") if isinstance(node.value, str) else node


def test_files_are_short_enough_to_read_in_one_sitting() -> None:
    assert {p.name: n for p in FILES if (n := len(p.read_text("utf-8").splitlines())) > 450} == {}
