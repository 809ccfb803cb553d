"""Small changes in the core, each of which some test should notice: `make mutants`.

A *mutant* is the program with one comparison, operator, number or negation changed. The tests are collected once. They run first with
a mark before each statement that a mutant changes, which says the tests that reach it. Then each mutant is a process of its own, forked
after the collecting, in which functions get the code of the changed file, and the tests that reach it run, the nearest first, until one
fails. So a mutant costs what its tests cost, and no file is changed.

What stands outside of functions (tables, defaults, annotations) is not changed: it has run when the tests are collected. Nor is a line
that ends with `# the same either way`, and why: one that chooses the quicker of two ways to the same result, which no test could notice.
`python -m tests.house.mutants 300 1 schedule/gaps.py dose` draws so many, by a seed, of these files and folders.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import gc
import importlib
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import _lru_cache_wrapper, partial
from itertools import accumulate, zip_longest
from pathlib import Path
from types import CodeType, FunctionType
from typing import NoReturn

import pytest
from msgspec import Struct, field

ROOT = Path(__file__).parents[2]  # of `tests.kit` nothing is imported before pytest does
SOURCES = ROOT / "src" / "nmosd_dosing"
CORE = ("days.py", "dose", "study", "subjects", "schedule", "plans", "calendar", "checks")
TESTS = (
    *("test_days.py", "dose", "study", "language", "subjects", "schedule", "plans", "checks", "calendar", "pharmacy", "report", "judges"),
    *("laws", "cli", "pages", "simulation", "house/test_docs.py", "house/test_transcripts.py"),
)
"""Where tests are that may notice something. Which of them are run for a mutant says its reach."""

ALIKE = "# the same either way: "
"""What stands behind a line of which a change changes nothing, before the reason."""

ENOUGH = 0.9
"""The share of mutants that tests should notice."""

SECONDS, MEMORY = 16.0, 8 << 30
"""Of processor time, for the tests of one mutant; and bytes. Of 309 mutants that were killed within 7 seconds, the nearest tests first, 301
were within 3; only those that survive cost as much."""

EXAMPLES = 20
"""Of a random test, at most: as many as it has elsewhere take most of the time, and notice hardly more."""

_SETTINGS = "_hypothesis_internal_use_settings"
AT_ONCE = int(os.environ.get("AT_ONCE") or os.cpu_count() or 1)
"""How many processes."""

OTHER: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot,
    ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult, ast.Mod: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
"""What stands in the place of an operator."""


# --- what can be changed -------------------------------------------------------------------------------------------------


def changed(node: ast.AST) -> ast.AST | None:
    """A node as a mutant has it; None where it is of no kind that is changed."""
    match node:
        case ast.Constant(bool() as value):
            return ast.copy_location(ast.Constant(not value), node)
        case ast.Constant(int() as value):
            return ast.copy_location(ast.Constant(value + 1), node)
        case ast.UnaryOp(ast.Not() | ast.Invert(), operand):
            return operand
    return OTHER[type(node)]() if type(node) in OTHER else None


def places(node: ast.AST, statement: ast.stmt | None = None) -> Iterator[tuple[ast.stmt, ast.AST, str, int | None]]:
    """All that can be changed in the functions of a tree, always in the same order: the statement that it is in, and where it hangs: a
    node, its field, and the number in a list. `statement`: that in which the node is, where this is in a function."""
    if isinstance(node, ast.Assert) or (isinstance(node, ast.keyword) and node.arg == "strict"):
        return  # they say what is so anyway
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "format_spec"):
            continue
        begins = isinstance(node, ast.FunctionDef) and name == "body"
        for at, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST):
                here = child if isinstance(child, ast.stmt) and (begins or statement is not None) else statement
                if here is not None and changed(child) is not None:
                    yield here, node, name, at
                yield from places(child, here)


def change(tree: ast.AST, number: int) -> tuple[int, str]:
    """Changes one place of a tree: the line, and the words before and after."""
    _, node, name, at = list(places(tree))[number]
    old, shown = _seen(node, name, at)
    new = changed(old)
    words = ast.unparse(shown)
    if at is None:
        setattr(node, name, new)
    else:
        getattr(node, name)[at] = new
    return getattr(shown, "lineno", 0), f"{words}  ->  {ast.unparse(new if shown is old and new is not None else shown)}"


def _seen(node: ast.AST, name: str, at: int | None) -> tuple[ast.AST, ast.AST]:
    """What hangs at a node, and what is shown of it: an operator within what it stands in."""
    old = getattr(node, name) if at is None else getattr(node, name)[at]
    assert isinstance(node, ast.expr | ast.stmt) or isinstance(old, ast.expr)
    return old, old if isinstance(old, ast.expr) else node


class Mutant(Struct, frozen=True):
    """A file in which one place is changed, by its number."""

    file: Path
    number: int

    def __str__(self) -> str:
        line, words = change(ast.parse(self.file.read_bytes()), self.number)
        text = self.file.read_text("utf-8").splitlines()[line - 1].strip()
        return f"{self.file.relative_to(ROOT)}:{line}: {words}\n    {text}"


def sample(number: int, seed: int, folders: Sequence[str]) -> list[Mutant]:
    """So many mutants of some folders or files, drawn by a seed."""
    files = sorted(file for name in folders for file in ([SOURCES / name] if name.endswith(".py") else (SOURCES / name).rglob("*.py")))
    every = [Mutant(file, number) for file in files for number in _told(file.read_text("utf-8"))]
    return random.Random(seed).sample(every, min(number, len(every)))


def _told(text: str) -> Iterator[int]:
    """The numbers of the places of a text of which a change may be noticed."""
    lines = text.splitlines()
    for number, (_, node, name, at) in enumerate(places(ast.parse(text))):
        if ALIKE not in lines[getattr(_seen(node, name, at)[1], "lineno", 1) - 1]:
            yield number


# --- putting it in force -------------------------------------------------------------------------------------------------


def marked(file: Path, drawn: Sequence[tuple[int, Mutant]]) -> ast.Module:
    """The file with a mark before each statement that a mutant changes: who comes there adds the mutant's number to `__reached__`."""
    tree = ast.parse(file.read_bytes())
    found = list(places(tree))
    marks: dict[ast.stmt, list[ast.stmt]] = {}
    for number, mutant in drawn:
        marks.setdefault(found[mutant.number][0], []).extend(ast.parse(f"__reached__.add({number})").body)
    for node in list(ast.walk(tree)):
        for name in ("body", "orelse", "finalbody"):
            if isinstance(value := getattr(node, name, None), list):
                setattr(node, name, [each for statement in value for each in (*marks.get(statement, ()), statement)])
    return ast.fix_missing_locations(tree)


def put(file: Path, tree: ast.Module) -> None:
    """Every function of the file, wherever it is known, gets the code that the tree has for it; nothing is remembered from before."""
    pairs, n = dict(_codes(*(compile(each, file, "exec", dont_inherit=True) for each in (file.read_bytes(), tree)))), 0
    for found in gc.get_objects():
        if type(found) is FunctionType and found.__code__.co_filename == str(file) and found.__code__ in pairs:
            n += found.__code__ != pairs[found.__code__]
            found.__code__ = pairs[found.__code__]
        elif type(found) is _lru_cache_wrapper:  # `isinstance` would ask Django's lazy objects what they are
            found.cache_clear()
    assert n, f"nothing of {file} is there to be changed"


def _codes(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    yield old, new
    both = [[const for const in code.co_consts if isinstance(const, CodeType)] for code in (old, new)]
    for one, other in zip(*both, strict=True):
        yield from _codes(one, other)


# --- running the tests ---------------------------------------------------------------------------------------------------


class Run(Struct):
    """pytest's plugin: once the tests are collected, they are run for each mutant."""

    drawn: Sequence[Mutant]
    folder: Path
    failed: bool = False
    killed: list[Mutant] = field(default_factory=list)
    survived: list[tuple[Mutant, int]] = field(default_factory=list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Whether a test has failed."""
        self.failed |= report.failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In the place of pytest's own loop."""
        from hypothesis import Phase, settings  # after pytest, as `tests.kit`

        gc.unfreeze()  # else the functions are not found
        for test in (getattr(item, "obj", None) for item in session.items):
            if (found := getattr(test, _SETTINGS, None)) is not None:  # that an example fails is enough: none is made smaller
                few = min(found.max_examples, EXAMPLES)
                setattr(test, _SETTINGS, settings(found, max_examples=few, phases=(Phase.explicit, Phase.generate)))
        for file in {mutant.file for mutant in self.drawn}:
            importlib.import_module(".".join(file.relative_to(SOURCES.parent).with_suffix("").parts))
        seconds, reached = self._reach(session.items)
        chosen = [
            _nearest(mutant.file, [i for i in reached if n in reached[i]], session.items, seconds) for n, mutant in enumerate(self.drawn)
        ]
        works = (partial(self._notices, mutant, tests) for mutant, tests in zip(self.drawn, chosen, strict=True))
        for done, (number, noticed) in enumerate(self._forked(works, 3 * SECONDS), 1):
            mutant = self.drawn[number]
            if noticed:
                self.killed.append(mutant)
            else:
                self.survived.append((mutant, len(chosen[number])))
                print(f"{mutant}  (survived {len(chosen[number])} tests)", flush=True)
            print(f"{done} of {len(self.drawn)}: {len(self.killed)} killed", end="\r", file=sys.stderr, flush=True)
        return True

    def _reach(self, items: Sequence[pytest.Item]) -> tuple[dict[int, float], dict[int, set[int]]]:
        """By the number of a test, its seconds and the mutants whose statements it reaches; those that fail as it is are left out."""

        def measured(part: range) -> None:
            seen: set[int] = set()
            builtins.__reached__ = seen  # type: ignore[attr-defined]
            for file in {mutant.file for mutant in self.drawn}:
                put(file, marked(file, [(n, mutant) for n, mutant in enumerate(self.drawn) if mutant.file == file]))
            told = {}
            for i in part:
                seen.clear()
                self.failed, before = False, time.process_time()
                items[i].config.hook.pytest_runtest_protocol(item=items[i], nextitem=items[i + 1] if i + 1 in part else None)
                if not self.failed and seen:
                    told[i] = [time.process_time() - before, *seen]
            (self.folder / f"{part.start}.json").write_text(json.dumps(told))

        many = -(-len(items) // (4 * AT_ONCE))
        parts = [range(begin, min(begin + many, len(items))) for begin in range(0, len(items), many)]
        assert not any(failed for _, failed in self._forked(partial(measured, part) for part in parts))
        rows = {int(i): row for part in parts for i, row in json.loads((self.folder / f"{part.start}.json").read_text()).items()}
        return {i: row[0] for i, row in rows.items()}, {i: {*row[1:]} for i, row in rows.items()}

    def _notices(self, mutant: Mutant, items: Sequence[pytest.Item]) -> bool:
        change(tree := ast.parse(mutant.file.read_bytes()), mutant.number)
        put(mutant.file, tree)
        for item, following in zip_longest(items, items[1:]):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                return True
        return False

    def _forked(self, works: Iterable[Callable[[], object]], most: float | None = None) -> Iterator[tuple[int, bool]]:
        """As they end, the numbers of works, and whether each gave something true or took more seconds of a processor: each in a process
        of its own that sees what is here and changes nothing of it, and as many at a time as there are processors."""
        running: dict[int, int] = {}
        for number, work in enumerate(works):
            if len(running) == AT_ONCE:
                yield self._ended(running)
            sys.stdout.flush()
            if (child := os.fork()) == 0:
                self._work(work, most)
            running[child] = number
        while running:
            yield self._ended(running)

    def _work(self, work: Callable[[], object], most: float | None) -> NoReturn:
        code = 2
        try:
            os.setsid()
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            (own := self.folder / str(os.getpid())).mkdir()
            os.environ["PYTEST_DEBUG_TEMPROOT"] = str(own)  # where the tests' folders are
            if most is not None:
                resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time() + most),) * 2)
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            code = int(bool(work()))
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)

    def _ended(self, running: dict[int, int]) -> tuple[int, bool]:
        child, status = os.wait()
        with contextlib.suppress(ProcessLookupError):  # what it has started
            os.killpg(child, signal.SIGKILL)
        shutil.rmtree(self.folder / str(child), ignore_errors=True)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 2:
            raise RuntimeError("the tests could not be run")
        return running.pop(child), status != 0


def _nearest(file: Path, numbers: Sequence[int], items: Sequence[pytest.Item], seconds: dict[int, float]) -> list[pytest.Item]:
    """Of some tests first those of a file's own name, then of its folder, then the others, as far as the time goes: of each function the
    shortest, then of each the second, so that many rows of one table leave time for the others."""

    def far(test: Path) -> int:
        folder = test.parent.relative_to(ROOT / "tests") == file.parent.relative_to(SOURCES)
        return 0 if test.stem == f"test_{file.stem}" else 1 if folder else 2

    rows: Counter[str] = Counter()
    place = {}
    for i in sorted(numbers, key=seconds.__getitem__):
        function = items[i].nodeid.partition("[")[0]
        place[i] = rows[function]
        rows[function] += 1
    order = sorted(numbers, key=lambda i: (far(items[i].path), place[i], seconds[i]))
    spent = accumulate(seconds[i] for i in order)
    return [items[i] for i, until in zip(order, spent, strict=True) if until <= SECONDS or i == order[0]]


def main(number: str = "300", seed: str = "1", *folders: str) -> int:
    """Draws mutants, runs the tests and says who survived; 1 where too many did."""
    os.environ["CI"] = "1"  # random tests draw the same for each mutant
    with tempfile.TemporaryDirectory() as name:
        run = Run(sample(int(number), int(seed), folders or CORE), Path(name))
        tests = [str(ROOT / "tests" / each) for each in TESTS]
        if pytest.main(["-q", "-s", "-m", "not integration", f"--rootdir={ROOT}", *tests], plugins=[run]) > 1:
            return 2
    share, unreached = len(run.killed) / len(run.drawn), sum(not tests for _, tests in run.survived)
    print(f"{len(run.drawn)} mutants by seed {seed}: {len(run.killed)} killed ({share:.0%}), {len(run.survived)} survived;", end=" ")
    print(f"{unreached} of them no test reaches")
    return int(share < ENOUGH)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
