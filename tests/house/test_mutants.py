"""What `make mutants` changes, and that what is changed is what runs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.mutants import change, places, sample
from tests.kit.paths import ROOT


@pytest.mark.parametrize(("line", "changes"), [
    ("return a < b", ["a < b  ->  a <= b"]),
    ("return a <= b < c", ["a <= b < c  ->  a < b < c", "a <= b < c  ->  a <= b <= c"]),
    ("return a is not None", ["a is not None  ->  a is None"]),
    ("return a in b and c", ["a in b and c  ->  a in b or c", "a in b  ->  a not in b"]),
    ("return not a", ["not a  ->  a"]),
    ("return a & ~b", ["a & ~b  ->  a | ~b", "~b  ->  b"]),
    ("return a + 1", ["a + 1  ->  a - 1", "1  ->  2"]),
    ("return a // b * c", ["a // b * c  ->  a // b // c", "a // b  ->  a * b"]),
    ("return sorted(a, reverse=True)", ["True  ->  False"]),
    ("return zip(a, b, strict=True)", []),
    ("b: tuple[int, Literal[1]] = a", []),
    ("assert a > 0", []),
    ("return f'{a:>10} {b + c}'", ["b + c  ->  b - c"]),
    ("return 'a' if a else 0.5", []),
])  # fmt: skip
def test_what_is_changed(line: str, changes: list[str]) -> None:
    text = f"@given(1 + 1)\ndef f(a=1, b=2):\n    '''About 1.'''\n    {line}\nA = 1 + 1\n"
    found = [change(ast.parse(text), number) for number, _ in enumerate(places(ast.parse(text)))]
    assert sorted(found) == sorted((4, words) for words in changes)


def test_a_sample_is_drawn_by_its_seed() -> None:
    assert sample(20, 1, ["dose", "days.py"]) == sample(20, 1, ["dose", "days.py"]) != sample(20, 2, ["dose", "days.py"])
    assert len({(m.file, m.number) for m in sample(20, 1, ["dose"])}) == 20


def test_a_line_that_gives_the_same_either_way_is_not_drawn(tmp_path: Path) -> None:
    (file := tmp_path / "a.py").write_text(
        "def f(a):\n    if a > 1:  # the same either way: quicker\n        return a + 2\n    return a - 3\n"
    )
    assert [
        str(change(ast.parse(file.read_text()), m.number)[0]) for m in sorted(sample(9, 1, [str(file)]), key=lambda m: m.number)
    ] == list("3344")


def test_a_mutant_is_in_force_wherever_the_function_is_known() -> None:
    program = """
import datetime
from nmosd_dosing.days import month_name as known
from tests.house.mutants import SOURCES, change, places, put
import ast
file = SOURCES / "days.py"
tree = ast.parse(file.read_bytes())
[number, *_] = [n for n, (statement, *_) in enumerate(places(tree)) if "_MONTHS[" in ast.unparse(statement)]
print(change(tree, number)[1], known(datetime.date(2025, 2, 1)))
put(file, tree)
print(known(datetime.date(2025, 2, 1)))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "date.month - 1  ->  date.month + 1 February\nApril\n", done.stderr
