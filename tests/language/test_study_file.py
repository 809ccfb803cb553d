"""Every message about a broken study file, word by word: `tests/broken/NAME.yaml`, and what the terminal shows, `NAME.txt`.

When the wording changes, `make write` writes the expected texts anew. Then read the diff: is each
message right, does it point to the right characters, does its hint mend the file?
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from nmosd_dosing.errors import Problems, RegimenError
from nmosd_dosing.language import nodes
from nmosd_dosing.language.study_file import read_study_text
from tests.kit.broken import BROKEN, NAMES, ODD, WARNINGS, check_drawn
from tests.kit.command import run
from tests.kit.paths import ROOT
from tests.kit.studies import examples

HEAD = """\
language: 1
study: example
title: A fictional trial of drug X
source: made up for this test
days: from 1
products:
  X: {}
periods:
  main:
    visits:
"""

# Too big to keep as files; their expected texts stand beside the others.
BIG: dict[str, Callable[[], str]] = {
    "big-50-mb": lambda: HEAD + "# " + 50_000_000 * "x",
    "big-days": lambda: HEAD + "      - at: " + ", ".join(["D1"] * 200_000) + "\n        assess: MRI\n",
    "big-line": lambda: HEAD.replace("fictional", 900_000 * "x") + "      - at: D1\n        give: X 500\n",
    "big-line-of-visits": lambda: HEAD + "      [" + ", ".join(f"{{at: D{n}, assess: MRI}}" for n in range(1, 36_000)) + "]\n",
    "big-many-lines": lambda: HEAD + "".join(f"      - at: D{n}\n        assess: MRI\n" for n in range(1, 23_000)),
    "big-nested-block": lambda: 100_000 * "- " + "x\n",
    "big-nested-flow": lambda: HEAD + "      - at: " + 100_000 * "[" + "D1" + 100_000 * "]" + "\n",
}

MEMORY, SECONDS = 2 * 1024**3, 20  # what one file may cost
ENVIRONMENT = {**os.environ, "PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1", "NO_COLOR": "1"}


class Done(Struct, frozen=True):
    code: int
    out: str
    err: str


def said(name: str) -> Done:
    """What `dosing validate` says of a file in `tests/broken`, in this process: to start the command for each would take minutes."""
    with contextlib.chdir(BROKEN):
        code, out, err = run("validate", f"{name}.yaml")
    return Done(code, out.decode(), err)


def validate(name: str, folder: Path) -> Done:
    """The command itself, in a process of its own with a limit on memory and time."""
    limited = f'ulimit -v {MEMORY // 1024} && ulimit -t {SECONDS} && exec "$@"'
    command = ["sh", "-c", limited, "sh", sys.executable, "-m", "nmosd_dosing", "validate", f"{name}.yaml"]
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, encoding="utf-8", check=False, timeout=60)
    return Done(done.returncode, done.stdout, done.stderr)


def expected(name: str) -> Done:
    text = (BROKEN / f"{name}.txt").read_bytes().decode("utf-8")
    fine = text.rfind(f"{name}.yaml: fine") if name in WARNINGS else len(text)
    return Done(0 if name in WARNINGS else 2, text[fine:], text[:fine])


@pytest.mark.parametrize("name", NAMES)
def test_message(name: str) -> None:
    found = said(name)
    assert "Traceback" not in found.err
    assert found == expected(name)
    assert found.err


# Signs that a terminal could garble; and those that ask for most.
ALONE = (
    *("many-chinese", "not-utf8-gb18030", "windows-overlap-chinese", "escape-sequence"),
    *("billion", "every-400-digits", "long-line-fault-in-middle", "too-many-visits", "too-many-visits-count"),
)


@pytest.mark.parametrize("name", ALONE)
def test_the_command_says_the_same(name: str) -> None:
    assert validate(name, BROKEN) == expected(name)


@pytest.mark.parametrize("name", BIG)
def test_big(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.yaml").write_text(BIG[name](), encoding="utf-8")
    assert validate(name, tmp_path) == expected(name)


@pytest.mark.parametrize("name", NAMES)
def test_carets(name: str) -> None:
    content, problems = (BROKEN / f"{name}.yaml").read_bytes(), Problems()
    if nodes.read_bytes(content, name, problems) is not None:
        check_text(content.decode("utf-8"))
    check_drawn(problems.in_order())


def test_every_expected_text_has_its_file() -> None:
    assert sorted(path.stem for path in BROKEN.glob("*.txt")) == sorted([*NAMES, *BIG])


# --- nothing but its own error, whatever the file holds ----------------------------------------------------------------

SHIPPED = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "regimens").glob("*.yaml"))]
# fmt: off
WORDS = [
    "D1", "D-28", "D0", "W1D1", "W1D8", "week 48", "month 6", "year 1", "1", "28", "0", "9" * 30, " ", ", ", "/", " + ", " - ", "±",
    "3d", "-3d/+7d", " to ", "then every ", "every ", " until ", " more times", " times", " days",
    " months", " years", " m", "d", "w", "X", "Y", "x",
    " 500 mg", " 0.5 mg/kg", "/kg", " 1,000", " 2e6 cells/kg", " placebo", "nothing",
    "not stated", " over ", "60 min", "first dose", "end of ", "last dose", "main", "relapse", "study stop", " after ",
    " subjects with ", "first dose of subject ", "甲", "\t", "{", "}", "[", "]", '"',
]
# fmt: on
SLOTS = """\
language: 1
study: example
title: A fictional trial
source: made up
days: from {from_}
products: {{X: {{minimum gap: {gap}}}, Y: {{}}}}
arms: [x, y]
periods:
  main:
    length: {length}
    blinded: {blinded}
    window: {window}
    visits:
      - at: {at}
        give: {give}
      - at: D1, D1 + 6 months, {at_2}
        give: {{x: {dose}, y: {dose_2}}}
        once: {{escalated: {once}}}
    spans:
      s: {{title: s, from: {start}, to: {end}}}
  next:
    visits: [{{at: D1, name: v}}]
transitions:
  - {{id: a, from: main, to: next, after: {after}, within: {within}}}
study stop:
  earliest of: [idmc_stop, {stop}]
"""
quick = examples(300)


def check_text(text: str) -> None:
    try:
        _, warnings = read_study_text(text)
    except RegimenError as error:
        assert any(problem.severity == "error" for problem in error.problems)
        check_drawn(error.problems)
    else:
        check_drawn(warnings)


@quick
@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    problems = Problems()
    node = nodes.read_bytes(content, "any.yaml", problems)
    assert node is not None or problems.errors
    check_drawn(problems.in_order())


@quick
@given(st.text(max_size=200) | st.lists(st.sampled_from(ODD + WORDS), max_size=40).map("".join))
def test_any_text(text: str) -> None:
    check_text(text)


@quick
@given(
    st.fixed_dictionaries(
        {key: st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map("".join) for key in re.findall(r"\{(\w+)\}", SLOTS)}
    )
)
def test_any_phrases(phrases: dict[str, str]) -> None:
    check_text(SLOTS.format_map(phrases))


@st.composite
def spoiled(draw: st.DrawFn) -> str:
    """A shipped study with a few lines or characters deleted, doubled, swapped or put in."""
    text = draw(st.sampled_from(SHIPPED))
    for _ in range(draw(st.integers(1, 4))):
        pieces: Sequence[str] = text.split("\n") if draw(st.booleans()) else text
        glue = "" if isinstance(pieces, str) else "\n"
        parts = list(pieces)
        if len(parts) < 2:
            break
        here, there = (draw(st.integers(0, len(parts) - 1)) for _ in range(2))
        change = draw(st.sampled_from(["delete", "double", "swap", "insert"]))
        if change == "delete":
            del parts[here]
        elif change == "double":
            parts.insert(there, parts[here])
        elif change == "swap":
            parts[here], parts[there] = parts[there], parts[here]
        else:
            parts.insert(here, draw(st.sampled_from(ODD)))
        text = glue.join(parts)
    return text


@quick
@given(spoiled())
def test_a_spoiled_study(text: str) -> None:
    check_text(text)


# --- writing the expected texts ----------------------------------------------------------------------------------------


def write() -> None:
    found = {name: said(name) for name in NAMES}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in BIG.items():
            (Path(folder) / f"{name}.yaml").write_text(text(), encoding="utf-8")
            found[name] = validate(name, Path(folder))
    for name, done in found.items():
        if done.err and done.code == (0 if name in WARNINGS else 2):
            (BROKEN / f"{name}.txt").write_bytes((done.err + done.out).encode())
        else:  # killed, crashed, or fine where it should not be: that is no text to expect
            fine = " (nothing is wrong with it any more: break it in another way, or delete it)" if done.code == 0 else ""
            print(f"{name}: exit code {done.code}, not written{fine}")
    for path in BROKEN.glob("*.txt"):
        if path.stem not in found:
            path.unlink()


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: python -m tests.language.test_study_file --write")
    write()
