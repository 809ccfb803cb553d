"""Whole outputs of small invented trials, kept as they are: what no other test asks for is not to change by chance.

A file in `tests/transcripts/` names the folder in which its commands run, and has below each what it puts out, as a page of the
documentation has. `make write` writes them anew; then the difference is read, line by line.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from tests.house.test_docs import run
from tests.kit.paths import ROOT

KEPT = sorted((ROOT / "tests" / "transcripts").glob("*.txt"))


def transcript(file: Path) -> str:
    """The file with the true output below each command; `cat` shows a file that a command before it wrote, in a copy of the folder."""
    folder, *lines = file.read_text("utf-8").splitlines()
    with tempfile.TemporaryDirectory() as name:
        copy = shutil.copytree(ROOT / folder, Path(name) / "copy")

        def shown(command: str) -> str:
            written = command.removeprefix("cat ")
            return run(command, copy) if written == command else (copy / written).read_bytes().decode().replace("\r\n", "\n")

        commands = [line for line in lines if line.startswith("$ ")]
        return f"{folder}\n" + "".join(f"\n{command}\n{shown(command[2:]).rstrip()}\n" for command in commands)


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.stem)
def test_what_commands_put_out_is_what_was_kept(file: Path) -> None:
    assert transcript(file).splitlines() == file.read_text("utf-8").splitlines()


if __name__ == "__main__" and "--write" in sys.argv:
    for each in KEPT:
        each.write_text(transcript(each), encoding="utf-8")
