"""A drawing of simulated trials has the same bytes each time, and without matplotlib it is told before anything is simulated."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.command import dosing, output
from tests.kit.simulate_command import BAT, SMALL, belimumab

__all__ = ["belimumab"]  # the fixture


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_a_drawing_has_the_same_bytes_each_time(ending: str, tmp_path: Path) -> None:
    one, two = tmp_path / f"one.{ending}", tmp_path / f"two.{ending}"
    assert output(*SMALL, "--plot", str(one)) == output(*SMALL)
    dosing(*SMALL, "--plot", str(two), "--output", os.devnull, TZ="Asia/Shanghai", PYTHONHASHSEED="3")
    assert one.read_bytes() == two.read_bytes()
    if ending == "svg":
        text = one.read_text(encoding="utf-8")
        for words in ("200 simulated trials, seed 1", "35 stop the study", "Infusions by month", "rcp", "left", "50% of trials by "):
            assert words in text
        assert len(text) < 300_000


def test_a_drawing_without_stop_relapses_or_several_periods(belimumab: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "a.svg"
    output(*belimumab, "--plot", str(file))
    assert "no trial stops" in file.read_text(encoding="utf-8")


def test_without_matplotlib_it_is_told_before_anything_is_simulated(tmp_path: Path) -> None:
    without = "import sys; sys.modules['matplotlib'] = None; from nmosd_dosing.cli import main; main()"
    asked = [*BAT, "--trials", "1000000000", "--plot", str(tmp_path / "a.svg")]
    done = subprocess.run([sys.executable, "-c", without, *asked], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr == "error: drawing needs matplotlib, which is not installed\nhint: `pip install 'nmosd_dosing[plot]'`\n"
