"""Whatever is mistyped is told as an error with a way out: command lines that people got wrong, one a line in `mistakes.txt`."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.kit.command import dosing, errors
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


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("head", "error: no such command `head`\nhint: it is `dosing register head`\n"),
        ("disable li.na", "error: no such command `disable`\nhint: it is `dosing register account disable`\n"),
        ("register disable li.na", "error: no such command `disable`\nhint: it is `dosing register account disable`\n"),
        ("chek", "error: no such command `chek`\nhint: did you mean `check`?\n"),
        ("nosuch", "error: no such command `nosuch`\nhint: `dosing --help` and `dosing COMMAND --help` show what there is\n"),
        ("register nosuch", "error: no such command `nosuch`\nhint: `dosing register --help` shows what there is\n"),
    ],
)
def test_a_command_that_stands_behind_others_is_told_where(typed: str, said: str) -> None:
    assert errors(*typed.split()) == said


PLAN = ("plan", "--regimen", "bat4406f", "--start", "2025-01-06")
SCREEN = ("screen", "--regimen", "bat4406f", "--screening", "2025-01-06")


@pytest.mark.parametrize(
    ("command", "typed", "hint", "mended"),
    [
        (PLAN, ["--on", "relapse", "2025-06-10"], "write `--on relapse=2025-06-10`", ["--on", "relapse=2025-06-10"]),
        (PLAN, ["--on", "relapse 2025-06-10"], "write `--on relapse=2025-06-10`", ["--on", "relapse=2025-06-10"]),
        (PLAN, ["--on", "relapse D22"], "write a date behind it, `--on relapse=YYYY-MM-DD`", ["--on", "relapse=2025-01-27"]),
        (PLAN, ["--on", "death=2025-06-10"], "did you mean `died`?", ["--on", "died=2025-06-10"]),
        (PLAN, ["--on", "lost_to_follow_up=2025-06-10"], "did you mean `lost`?", ["--on", "lost=2025-06-10"]),
        (PLAN, ["--on", "discontinued=2025-06-10"], "did you mean `treatment_stopped`?", ["--on", "treatment_stopped=2025-06-10"]),
        (PLAN[:3], ["--on", "screening=2024-12-05"], "did you mean `screened`?", ["--on", "screened=2024-12-05"]),
        (SCREEN, ["--had", "rituximab 2024-09-01"], 'write `--had "rituximab=2024-09-01"`', ["--had", "rituximab=2024-09-01"]),
        (SCREEN, ["--had", "rituximab", "2024-09-01"], "write `--had rituximab=2024-09-01`", ["--had", "rituximab=2024-09-01"]),
        (SCREEN, ["--had", "rituximab 2024-09-01 to 2024-09-15"], 'write `--had "rituximab=2024-09-01..2024-09-15"`',
         ["--had", "rituximab=2024-09-01..2024-09-15"]),
        (SCREEN, ["--had", "rituximab=2024-09 until 2024-10"], 'write `--had "rituximab=2024-09..2024-10"`',
         ["--had", "rituximab=2024-09..2024-10"]),
        (SCREEN, ["--had", "rituximab=ongoing since 2024-02"], 'write `--had "rituximab=2024-02.."`', ["--had", "rituximab=2024-02.."]),
        (SCREEN, ["--had", "rituximab=ongoing"],
         "write since when, with two dots behind it: `--had WHAT=2023-01-01..`, `2023-01..`, `2023..`",
         ["--had", "rituximab=2023-01.."]),
    ],
)  # fmt: skip
def test_a_hint_is_typed_literally(command: tuple[str, ...], typed: list[str], hint: str, mended: list[str]) -> None:
    told = errors(*command, *typed)
    assert told.count("error: ") == 1
    assert told.endswith(f"\nhint: {hint}\n")
    done = dosing(*command, *mended)
    assert done.returncode == 0, done.stderr
