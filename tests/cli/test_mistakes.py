"""Whatever is mistyped is told as an error with a way out: command lines that people got wrong, one a line in `mistakes.txt`."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.kit.command import errors
from tests.kit.commands import COMMANDS
from tests.kit.paths import ROOT

MISTAKES = (Path(__file__).parent / "mistakes.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_told_and_nothing_is_written(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    before = sorted(path.name for path in ROOT.iterdir())
    told = errors(*shlex.split(line)[1:])
    assert re.match(r"(error|warning): [^\n]+", told)
    assert not re.search(r"``\w| (register|regimen|unblinded|account) nosuch", told)
    assert sorted(path.name for path in ROOT.iterdir()) == before


def test_every_command_is_got_wrong_more_than_once() -> None:
    seldom = [words for words in COMMANDS if sum(line == f"dosing {words}" or line.startswith(f"dosing {words} ") for line in MISTAKES) < 2]
    assert seldom == []
