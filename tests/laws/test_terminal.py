"""Whatever a pipe shows stands on a terminal of any width whole: each word, amount and date; and no line is wider than the terminal."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.kit.commands import COMMANDS, PAGES
from tests.kit.paths import ROOT
from tests.kit.terminal import at_a_terminal, lost, on_a_screen

WIDTHS = (40, 60, 80, 100, 120)
CHINESE = """\
language: 1
study: chinese
title: 一项多中心、随机、双盲、安慰剂对照的临床试验：视神经脊髓炎谱系疾病
source: 方案 第三版
days: from 1
products: {利妥昔单抗注射液: {route: 静脉滴注, vials: [100 mg, 500 mg]}}
periods:
  main:
    title: 随机对照期
    length: 52 weeks
    window: ±3d
    visits:
      - at: D1, then every 4 weeks, 3 more times
        give: 利妥昔单抗注射液 375 mg/m2
        assess: [血常规, 视力, 扩展残疾状态量表评分 (EDSS), 中枢神经系统磁共振成像]
"""
PHARMACY = "--regimen belimumab --subjects examples/pharmacy/subjects.csv"
ASKED = f"""
plan --regimen belimumab --start 2025-01-06 --weight 60
plan --regimen belimumab --start 2025-01-06 --weight 60 --weight 2025-06-23=66
plan --regimen bat4406f --start 2025-01-06 --on relapse=2025-06-10 --on relapse_confirmed=2025-06-17 --window 3d
plan --regimen bat4406f --start 2025-01-06 --explain all
plan --regimen mil62 --start 2025-01-06 --arm placebo --unblind --as-of 2025-06-20
plan --regimen CHINESE --start 2025-01-06 --height 170 --weight 60
plan {PHARMACY} --ics-dir no/such/folder
check --regimen bat4406f --start 2025-01-06 --visit D182=2025-07-08 --window 3d --as-of 2025-07-10
check --regimen CHINESE --start 2025-01-06 --visit D29=2025-02-10 --as-of 2025-03-10
due --regimen mil62 --start 2025-01-06 --as-of 2025-06-20
due --regimen CHINESE --start 2025-01-06 --as-of 2025-02-20 --ahead 60d
slots --regimen bat4406f --start 2025-01-06 --visit olp/D1 --as-of 2025-12-01 --on 2026-01-12 --country CN
slots --regimen bat4406f --start 2025-01-06 --visit rcp/D182 --window 3d --as-of 2025-07-01 --on 2025-07-10
slots --regimen CHINESE --start 2025-01-06 --height 170 --weight 60 --next --as-of 2025-02-20
starts --regimen mil62-rcp --from 2026-01-28 --to 2026-02-27 --country CN
board --regimen bat4406f --subjects examples/pharmacy/subjects.csv --as-of 2025-03-03 --window 3d --country CN
board --regimen CHINESE --start 2025-01-06 --as-of 2025-02-20
handout --regimen bat4406f --start 2025-01-06 --as-of 2025-07-20 --lang fr
handout --regimen bat4406f --start 2025-01-06 --as-of 2025-07-20 --window 3d --output /dev/null
prepare {PHARMACY} --from 2025-03-03
prepare --regimen CHINESE --start 2025-03-03 --weight 60 --height 170 --from 2025-03-03 --days 60 --vials fewest
order {PHARMACY} --from 2025-03-01 --until 2025-05-31 --reserve 10% --lead 14d
doses --regimen belimumab --weights 45,60,75,102.5
doses --regimen CHINESE --weights 60 --height 170 --start 2025-01-06
compare belimumab mil62-rcp bat4406f --weight 60 --start 2025-01-06
simulate --regimen bat4406f --assumptions examples/bat4406f/assumptions.yaml --trials 20
simulate --regimen bat4406f --assumptions examples/bat4406f/assumptions.yaml --trials 20 --scenarios examples/bat4406f/scenarios.yaml
regimens
show bat4406f --site examples/site.yaml
show CHINESE
show bat4406f --grid --site examples/site.yaml
show belimumab --grid
show CHINESE --grid
show examples/regimens/efgartigimod.yaml --grid
validate examples/courses.yaml examples/site.yaml
validate examples/mistakes.yaml tests/broken/arm-unknown-far.yaml
plan --regimen nosuch --start 2025-13-06 --weight 600,5
plna
"""
DATA = """
plan --regimen CHINESE --start 2025-01-06 --format csv
plan --regimen belimumab --start 2025-01-06 --format json
cohort --regimen bat4406f examples/pharmacy/subjects.csv
schema --site
"""
HELP: list[tuple[str, ...]] = [(*words, "--help") for words in PAGES]
screen = functools.cache(on_a_screen)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[tuple[str, ...]]]:
    """Command lines of all commands."""
    chinese = tmp_path_factory.mktemp("terminal") / "试验.yaml"
    chinese.write_text(CHINESE, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        yield [*_command_lines(ASKED, chinese), *HELP]


def _command_lines(text: str, chinese: Path) -> list[tuple[str, ...]]:
    return [tuple(shlex.split(line.replace("CHINESE", str(chinese)))) for line in text.strip().splitlines()]


def test_every_command_is_asked(asked: Sequence[tuple[str, ...]]) -> None:
    lines = [" ".join(words) for words in [*asked, *_command_lines(DATA, Path())]]
    assert [words for words in COMMANDS if not any(line == words or line.startswith(f"{words} ") for line in lines)] == []


@pytest.mark.parametrize("width", (40, 80))
def test_data_are_the_same_on_a_terminal_as_in_a_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """Whoever copies JSON from a screen copies JSON; the terminal breaks the lines that are longer than it."""
    chinese = tmp_path / "试验.yaml"
    chinese.write_text(CHINESE, encoding="utf-8")
    monkeypatch.chdir(ROOT)
    commands = _command_lines(DATA, chinese)
    assert at_a_terminal(commands, width) == [screen(words, None) for words in commands]


@pytest.mark.parametrize("width", WIDTHS)
def test_what_a_pipe_shows_stands_on_a_screen_of_any_width(asked: Sequence[tuple[str, ...]], width: int) -> None:
    wrong = {" ".join(words): found for words in asked if (found := lost(screen(words, None), screen(words, width), width))}
    assert wrong == {}


@pytest.mark.parametrize("width", (40, 80))
def test_a_real_terminal_shows_the_same(asked: Sequence[tuple[str, ...]], width: int) -> None:
    assert at_a_terminal(asked, width) == [screen(words, width) for words in asked]
